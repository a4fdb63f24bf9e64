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
	command, target string // what is compiled, and where to; only into Go's cache where there is no target
	ldflags         string
	again           bool // also when it is there: its sources change
}

func (b build) step(name string, packages int, alone time.Duration) work.Step {
	return work.Step{Name: name, Lines: packages, Alone: alone, Do: func(ctx context.Context, tell func(string)) error {
		if _, err := os.Stat(b.target); err == nil && !b.again {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(b.target), 0o755); err != nil { // "." where there is no target
			return err
		}
		return b.run(ctx, tell)
	}}
}

// run lets go tell each package that it compiles (-v). The command is renamed
// into place whole, so an interrupted build leaves nothing that looks finished.
func (b build) run(ctx context.Context, tell func(string)) error {
	// -trimpath: of two checkouts, what is alike is compiled once.
	args := []string{"build", "-v", "-trimpath", "-buildvcs=false", "-ldflags=" + strings.TrimSpace("-w "+b.ldflags)}
	if b.target == "" {
		return b.compile(ctx, tell, append(args, b.command))
	}
	partial := fmt.Sprintf("%s.%d.partial", b.target, os.Getpid())
	defer os.Remove(partial)
	_ = os.Link(b.target, partial) // go leaves a file as it is that it would make again
	if err := b.compile(ctx, tell, append(args, "-o", partial, b.command)); err != nil {
		return err
	}
	return os.Rename(partial, b.target)
}

func (b build) compile(ctx context.Context, tell func(string), args []string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as where there is no C compiler
	if err := work.Run(cmd, tell); err != nil {
		return fmt.Errorf("compiling: %w", err)
	}
	return nil
}
