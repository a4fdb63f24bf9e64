// Package host makes the server that a rehearsal deploys to: a real Debian or
// Ubuntu booted with systemd in a container, on a network of its own.
package host

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// packages.txt has a program that the rehearsal calls, or the path of a file that
// it needs, and the Debian package that it is in, one pair a line; the wrapper
// reads it too.
//
//go:embed packages.txt
var packages string

// missingPackages names the Debian packages to install before a rehearsal.
func missingPackages() []string {
	var missing []string
	for line := range strings.Lines(packages) {
		if tool := strings.Fields(line); !found(tool[0]) && !slices.Contains(missing, tool[1]) {
			missing = append(missing, tool[1])
		}
	}
	return missing
}

func found(tool string) bool {
	if filepath.IsAbs(tool) { // a file that need not be a program
		_, err := os.Stat(tool)
		return err == nil
	}
	_, err := exec.LookPath(tool)
	return err == nil
}

// Check says in one sentence what stands in the way of a rehearsal, if anything.
func Check() error {
	switch {
	case runtime.GOOS != "linux":
		return errors.New("a rehearsal needs Linux; on another system run it in a Linux virtual machine or a privileged container")
	case os.Geteuid() != 0:
		return errors.New("a rehearsal boots a server in a container and needs root; run it with: sudo -E scripts/rehearse")
	}
	if missing := missingPackages(); len(missing) > 0 {
		return fmt.Errorf("a rehearsal needs these packages, install them with: apt-get install %s", strings.Join(missing, " "))
	}
	return nil
}
