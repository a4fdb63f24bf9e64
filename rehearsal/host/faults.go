package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// faults are what is to go wrong with machines. Names and units:
//
//	ssh-refused N   connections to port 22 are refused for N seconds, from now
//	ssh-cut N       the next script sent over SSH is cut off, N seconds after it began
//	firewall-open N the cloud's firewall lets everything in, until it is set to 0
//	apt-lock N      another process holds apt's lock for the first N seconds of the next server
type faults struct {
	aptLockSeconds int
	firewallOpen   bool
}

// SetFault switches a fault on.
func (ms *Machines) SetFault(name string, n int) error {
	ms.mutex.Lock()
	defer ms.mutex.Unlock()
	switch name {
	case "apt-lock":
		ms.faults.aptLockSeconds = n
		return nil
	case "ssh-refused":
		return ms.options.Network.rejectSSH(time.Duration(n) * time.Second)
	case "firewall-open":
		return ms.openFirewall(n != 0)
	case "ssh-cut":
		go ms.cutSSH(time.Duration(n) * time.Second)
		return nil
	default:
		return fmt.Errorf("there is no fault named %q; there are ssh-refused, ssh-cut, apt-lock, firewall-open, and those of the local cloud", name)
	}
}

// openFirewall takes the cloud's firewall away from in front of the servers' own.
func (ms *Machines) openFirewall(open bool) error {
	ms.faults.firewallOpen = open
	for _, m := range ms.byID {
		m.firewallOpen = open
		if err := m.enforce(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

// rejectSSH answers everything sent to port 22 with a reset for a while, which
// refuses new connections and cuts open ones.
func (n *Network) rejectSSH(duration time.Duration) error {
	ctx := context.Background()
	const table = "table ip rejectssh { chain out { type filter hook output priority 0; ip daddr 198.18.0.0/24 tcp dport 22 reject with tcp reset; }; }"
	if err := n.Command(ctx, "nft", table).Run(); err != nil {
		return fmt.Errorf("refusing SSH: %w", err)
	}
	time.AfterFunc(duration, func() { _ = n.Command(ctx, "nft", "delete", "table", "ip", "rejectssh").Run() })
	return nil
}

// cutSSH waits until a script runs in a server and then cuts its connection: it
// refuses packets until the connection has noticed.
func (ms *Machines) cutSSH(after time.Duration) {
	n, ctx := ms.options.Network, context.Background()
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if !ms.scriptRuns() {
			continue
		}
		time.Sleep(after)
		_ = n.rejectSSH(time.Minute)
		for range 300 {
			open, err := n.Command(ctx, "ss", "-Htn", "state", "established", "dport", "=", ":22").Output()
			if err != nil || len(open) == 0 {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		_ = n.Command(ctx, "nft", "delete", "table", "ip", "rejectssh").Run()
		return
	}
}

func (ms *Machines) scriptRuns() bool {
	ms.mutex.Lock()
	defer ms.mutex.Unlock()
	for _, m := range ms.byID {
		// The program sends its scripts to `bash -s` (components/connection.go).
		if cmd, err := m.command(context.Background(), "pgrep", "-x", "-f", ".*bash -s"); err == nil && cmd.Run() == nil {
			return true
		}
	}
	return false
}

const aptLockUnit = `[Unit]
Description=Another process that holds apt's lock
DefaultDependencies=no
Before=sysinit.target
[Service]
ExecStart=/usr/bin/python3 -c 'import fcntl,time; f=open("/var/lib/dpkg/lock-frontend","w"); fcntl.lockf(f,fcntl.LOCK_EX); time.sleep(%d)'
`

// apply puts a pending fault into a machine that has not booted yet.
func (f *faults) apply(_ context.Context, m *machine) error {
	m.firewallOpen = f.firewallOpen
	if f.aptLockSeconds == 0 {
		return nil
	}
	unit := filepath.Join(m.root(), "etc/systemd/system/hold-apt-lock.service")
	if err := os.WriteFile(unit, fmt.Appendf(nil, aptLockUnit, f.aptLockSeconds), 0o644); err != nil {
		return err
	}
	f.aptLockSeconds = 0
	wants := filepath.Join(m.root(), "etc/systemd/system/sysinit.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		return err
	}
	return os.Symlink(unit[len(m.root()):], filepath.Join(wants, "hold-apt-lock.service"))
}
