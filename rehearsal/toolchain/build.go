package toolchain

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"rails-on-hetzner/rehearsal/work"
)

// build compiles a command of a module.
type build struct {
	module          string // its directory
	command, target string // what is compiled, and where to
	ldflags         string
	again           bool // also when it is there: its sources change
}

func (b build) step(name string, packages int, alone time.Duration) work.Step {
	return work.Step{Name: name, Lines: packages, Alone: alone, Do: func(ctx context.Context, tell func(string)) error {
		if _, err := os.Stat(b.target); err == nil && !b.again {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(b.target), 0o755); err != nil {
			return err
		}
		return b.run(ctx, tell)
	}}
}

// run lets go tell each package that it compiles (-v). The command is renamed
// into place whole, so an interrupted build leaves nothing that looks finished.
func (b build) run(ctx context.Context, tell func(string)) error {
	partial := fmt.Sprintf("%s.%d.partial", b.target, os.Getpid())
	defer os.Remove(partial)
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-buildvcs=false", "-ldflags="+strings.TrimSpace("-w "+b.ldflags), "-o", partial, b.command)
	cmd.Dir = b.module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as where there is no C compiler
	if err := work.Run(cmd, tell); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	return os.Rename(partial, b.target)
}
