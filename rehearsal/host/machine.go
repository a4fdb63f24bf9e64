package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rails-on-hetzner/rehearsal/cloud"
)

// machine is one booted server: its files, and the container it runs in.
type machine struct {
	options Options
	server  cloud.Server
	dir     string
	nspawn  *exec.Cmd // nil while powered off
	ended   chan struct{}

	firewall     []cloud.FirewallRule // the cloud's; nil: none
	firewallOpen bool                 // a fault: it lets everything in

	rebooted func(*exec.Cmd) // called when the machine, run by that command, wants to boot again
}

func (m *machine) root() string { return filepath.Join(m.dir, "root") }

func (m *machine) cgroupName() string { return m.options.Network.Name + "-" + filepath.Base(m.dir) }

// writeFiles lays the server's own files over the shared image: an overlay, so
// that a new server costs no copy. Docker's stores cannot lie on an overlay and
// get plain directories.
func (m *machine) writeFiles(ctx context.Context) error {
	for _, dir := range []string{"upper", "work", "root", "docker", "containerd"} {
		if err := os.MkdirAll(filepath.Join(m.dir, dir), 0o755); err != nil {
			return err
		}
	}
	if err := overlay(ctx, m.options.RootFS, m.dir); err != nil {
		return err
	}
	trusted, err := os.ReadFile(filepath.Join(m.root(), "etc/ssl/certs/ca-certificates.crt"))
	if err != nil {
		return err
	}
	// The published metadata service would say the same; the seed saves the wait for the network.
	seed := "var/lib/cloud/seed/nocloud/"
	files := map[string]string{
		seed + "user-data":                  m.server.UserData,
		seed + "meta-data":                  m.metaData(),
		"etc/resolv.conf":                   "nameserver " + InternetIPv4 + "\n",
		"etc/ssl/certs/ca-certificates.crt": string(trusted) + string(m.options.Authority),
		// For when the package is updated.
		"usr/local/share/ca-certificates/rehearsal.crt": string(m.options.Authority),
		"etc/hostname":                         m.server.Name + "\n",
		"etc/hosts":                            "127.0.0.1 localhost\n127.0.1.1 " + m.server.Name + "\n::1 localhost\n", // as Hetzner's images have it
		"etc/systemd/network/10-host0.network": fmt.Sprintf(networkUnit, m.server.IPv4, m.server.IPv6),
	}
	for path, text := range files {
		path = filepath.Join(m.root(), path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err // a link in the image would lead out of it
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(path, filepath.Join(m.root(), seed)) {
			mode = 0o600
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) metaData() string {
	var text strings.Builder
	fmt.Fprintf(&text, "instance-id: \"%d\"\nlocal-hostname: %s\n", m.server.ID, m.server.Name)
	if len(m.server.AuthorizedKeys) > 0 {
		text.WriteString("public-keys:\n")
		for _, key := range m.server.AuthorizedKeys {
			fmt.Fprintf(&text, "  - %s\n", strconv.Quote(strings.TrimSpace(key)))
		}
	}
	return text.String()
}

// powerOn boots the machine; it returns when the boot has begun.
func (m *machine) powerOn(ctx context.Context) error {
	if m.nspawn != nil {
		return nil
	}
	console, err := os.OpenFile(filepath.Join(m.options.LogDir, m.server.Name+"-console.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer console.Close()
	groups, err := cgroupsNamed(m.cgroupName())
	if err == nil {
		err = groups.make()
	}
	if err != nil {
		return err
	}
	// With its number: two projects may have servers of one name, and the interface is named after the machine.
	cmd := groups.entering(m.options.Network.Command(context.WithoutCancel(ctx), "systemd-nspawn", "--quiet", "--boot", "--directory="+m.root(),
		"--register=no", "--keep-unit", "--network-bridge=lan", "--resolv-conf=off", "--link-journal=no",
		"--machine="+m.server.Name+"-"+filepath.Base(m.dir), "--hostname="+m.server.Name, "--console=read-only",
		"--capability=all", "--system-call-filter=bpf keyctl add_key request_key",
		"--bind="+m.dir+"/docker:/var/lib/docker", "--bind="+m.dir+"/containerd:/var/lib/containerd"))
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("booting %s: %w", m.server.Name, err)
	}
	ended := make(chan struct{})
	m.nspawn, m.ended = cmd, ended
	go func() {
		_ = cmd.Wait()
		close(ended)
		if cmd.ProcessState.ExitCode() == exitToRestart && m.rebooted != nil {
			m.rebooted(cmd)
		}
	}()
	return m.connect(ctx)
}

// connect gives a booting machine what surrounds its network.
func (m *machine) connect(ctx context.Context) error {
	for _, place := range m.server.Private {
		if err := m.join(ctx, place); err != nil {
			return err
		}
	}
	if m.firewall == nil {
		return nil
	}
	return m.enforce(ctx)
}

// exitToRestart is how systemd-nspawn --keep-unit ends when its machine reboots.
const exitToRestart = 133

// halt asks systemd to power off, and returns what tells that it is.
func (m *machine) halt() (ended <-chan struct{}) {
	if leader, err := m.leader(); err == nil {
		_ = syscall.Kill(leader, syscall.Signal(0x20+2+4)) // SIGRTMIN+4: power off, systemd(1)
		return m.ended
	}
	off := make(chan struct{})
	close(off)
	return off
}

// unplug ends the machine at once, if it has not ended yet: its first process, with
// which all others go, and else what runs it.
func (m *machine) unplug() {
	if m.nspawn == nil {
		return
	}
	if leader, err := m.leader(); err == nil {
		_ = syscall.Kill(leader, syscall.SIGKILL)
	}
	awaitEnd(m.ended, 5*time.Second)
	select {
	case <-m.ended:
	default:
		_ = syscall.Kill(-m.nspawn.Process.Pid, syscall.SIGKILL)
		<-m.ended
	}
	m.nspawn = nil
}

// leader is the process id of the machine's systemd, seen from outside.
func (m *machine) leader() (int, error) {
	if m.nspawn == nil {
		return 0, errors.New("it is powered off")
	}
	pid := m.nspawn.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(children), []byte(" "))
	return strconv.Atoi(string(first))
}

func (m *machine) command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	leader, err := m.leader()
	if err != nil {
		return nil, fmt.Errorf("running %s in %s: %w", name, m.server.Name, err)
	}
	inside := []string{
		"--target", strconv.Itoa(leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--",
		"env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", name,
	}
	return exec.CommandContext(ctx, "nsenter", append(inside, args...)...), nil
}

// remove ends the machine and deletes its files and control groups. It also
// serves for what a killed rehearsal left behind.
func (m *machine) remove(ctx context.Context) error {
	awaitEnd(m.halt(), 3*time.Second)
	m.unplug()
	groups, err := cgroupsLeft(m.cgroupName())
	if err := errors.Join(err, groups.remove()); err != nil {
		return err // the files stay: by them RemoveLeftovers knows what to try again
	}
	return m.removeFiles(ctx)
}

func (m *machine) removeFiles(ctx context.Context) error {
	for range 20 {
		if !mounted(m.root()) {
			return os.RemoveAll(m.dir)
		}
		if err := run(ctx, "umount", "--recursive", m.root()); err != nil {
			time.Sleep(250 * time.Millisecond)
		}
	}
	return fmt.Errorf("%s is still mounted and in use", m.root())
}

func mounted(path string) bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	return err == nil && bytes.Contains(mounts, []byte(" "+path+" "))
}

func awaitEnd(ended <-chan struct{}, patience time.Duration) {
	select {
	case <-ended:
	case <-time.After(patience):
	}
}
