package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// These tests call single functions of the server's scripts, with what they
// would find on a server put beside them.

func TestWithoutBlock_EndsALastLineThatIsNotEnded(t *testing.T) {
	const (
		begin = "# BEGIN rails-on-hetzner (written by the deployment, do not edit)\n"
		end   = "# END rails-on-hetzner\n"
	)
	for _, c := range []struct{ what, before, after string }{
		{"an empty file", "", begin + "ours\n" + end},
		{"whole lines", "theirs\n", "theirs\n" + begin + "ours\n" + end},
		{"no final newline", "theirs", "theirs\n" + begin + "ours\n" + end},
		{"a block of an earlier run", "theirs\n" + begin + "old\n" + end + "more", "theirs\nmore\n" + begin + "ours\n" + end},
		{"a marker behind a line, of an earlier run", "theirs" + begin + "old\n" + end, "theirs\n" + begin + "ours\n" + end},
	} {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		write := "{ without_block '" + file + "'; in_block <<<ours; } >'" + file + ".new'; mv '" + file + ".new' '" + file + "'"
		for range 2 {
			call(t, "", write)
		}
		if got, _ := os.ReadFile(file); string(got) != c.after {
			t.Errorf("%s: got\n%s\nwant\n%s", c.what, got, c.after)
		}
	}
}

// call runs commands with the functions of harden.sh, in a directory whose
// programs come first.
func call(t *testing.T, dir, commands string) {
	t.Helper()
	functions, ok := strings.CutSuffix(Harden(), "\nmain </dev/null\n")
	if !ok {
		t.Fatal("harden.sh does not end with a call of main")
	}
	cmd := exec.Command("bash", "-s")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(functions + "\n" + commands + "\n")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, output)
	}
}
