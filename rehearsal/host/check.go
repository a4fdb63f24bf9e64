// Package host makes the server that a rehearsal deploys to: a real Debian or
// Ubuntu booted with systemd in a container, on a network of its own.
package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// tools are the programs the rehearsal calls, and the Debian packages they are in.
var tools = [][2]string{
	{"debootstrap", "debootstrap"},
	{"systemd-nspawn", "systemd-container"},
	{"nft", "nftables"},
	{"ip", "iproute2"},
	{"nsenter", "util-linux"},
	{"ssh", "openssh-client"},
	{"ssh-keygen", "openssh-client"},
	{"git", "git"},
	{"curl", "curl"},
}

// MissingPackages names the Debian packages to install before a rehearsal.
func MissingPackages() []string {
	var missing []string
	for _, tool := range tools {
		if _, err := exec.LookPath(tool[0]); err != nil {
			missing = append(missing, tool[1])
		}
	}
	return missing
}

// Check says in one sentence what stands in the way of a rehearsal, if anything.
func Check() error {
	switch {
	case runtime.GOOS != "linux":
		return errors.New("a rehearsal needs Linux; on another system run it in a Linux virtual machine or a privileged container")
	case os.Geteuid() != 0:
		return errors.New("a rehearsal boots a server in a container and needs root; run it with: sudo -E scripts/rehearse")
	}
	if missing := MissingPackages(); len(missing) > 0 {
		return fmt.Errorf("a rehearsal needs these packages, install them with: apt-get install %s", strings.Join(missing, " "))
	}
	return nil
}
