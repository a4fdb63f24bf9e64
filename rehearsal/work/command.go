package work

import (
	"bufio"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Run runs cmd, made with exec.CommandContext, and tells each line that it
// prints. When the context ends, so does all that cmd started. The error of a
// failed command carries its last lines.
func Run(cmd *exec.Cmd, tell func(line string)) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	var last []string
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		tell(lines.Text())
		if !strings.Contains(lines.Text(), " ") {
			continue // a bare name, as `go build -v` prints, explains nothing
		}
		if last = append(last, lines.Text()); len(last) > 15 {
			last = slices.Delete(last, 0, 1)
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w; its last lines:\n%s", strings.Join(cmd.Args, " "), err, strings.Join(last, "\n"))
	}
	return nil
}
