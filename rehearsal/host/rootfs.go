package host

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"rails-on-hetzner/rehearsal/work"
)

// What a cloud image of these distributions has, as far as the deployment can
// notice. UFW and fail2ban are left out on purpose: installing them is its job.
var imagePackages = []string{
	"systemd", "systemd-sysv", "libpam-systemd", "dbus", "openssh-server", "cloud-init", "sudo",
	"ca-certificates", "curl", "iproute2", "iptables", "nftables", "iputils-ping", "kmod", "procps",
	"cron", "python3", "netcat-openbsd", "rsyslog", "locales",
}

// prepareScript turns a bare file system into an image: it runs inside, once.
// Packages are apt's work: debootstrap cannot follow virtual dependencies.
const prepareScript = `set -eu
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d # start nothing in here
chmod +x /usr/sbin/policy-rc.d
apt-get update
apt-get install -y --no-install-recommends $PACKAGES
rm /usr/sbin/policy-rc.d
systemctl enable systemd-networkd.service ssh.service rehearsal-cgroups.service
for unit in cloud-init-local cloud-init cloud-init-main cloud-init-network cloud-config cloud-final; do
    if [ -e "/usr/lib/systemd/system/$unit.service" ] || [ -e "/lib/systemd/system/$unit.service" ]; then
        systemctl enable "$unit.service"
    fi
done
systemctl mask systemd-networkd-wait-online.service e2scrub_reap.service e2scrub_all.timer
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id
: >/etc/machine-id
apt-get clean
rm -f /var/log/apt/* /var/log/dpkg.log
`

// cgroupsUnit gives Docker write access to the controllers where the machine
// itself still runs cgroup v1; with cgroup v2 there is nothing to do.
const cgroupsUnit = `[Unit]
Description=Writable cgroup controllers for Docker inside the rehearsal
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for c in /sys/fs/cgroup /sys/fs/cgroup/*; do mountpoint -q "$c" && mount -o remount,rw,bind "$c"; done; true'
[Install]
WantedBy=sysinit.target
`

const networkUnit = `[Match]
Name=host0
[Network]
Address=%s/24
Address=%s
Gateway=198.18.0.1
Gateway=2001:db8:18::1
IPv6AcceptRA=no
`

// defaultMirror is where a distribution keeps itself.
func defaultMirror(suite string) string {
	switch suite {
	case "bookworm", "trixie", "forky", "sid":
		return "http://deb.debian.org/debian"
	default:
		return "http://archive.ubuntu.com/ubuntu"
	}
}

// RootFS says where the root file system of a suite lies, below cacheDir and
// keyed by everything that it is made from, and how to make it there.
func RootFS(cacheDir, suite, mirror string) (dir string, make work.Step) {
	if mirror == "" {
		mirror = defaultMirror(suite)
	}
	recipe := sha256.Sum256([]byte(strings.Join(append(imagePackages, mirror, prepareScript, cgroupsUnit), "\n")))
	dir = filepath.Join(cacheDir, "rootfs", fmt.Sprintf("%s-%x", suite, recipe[:6]))
	return dir, work.Step{
		Name: suite + " server image", Lines: 1700, Alone: 100 * time.Second,
		Do: func(ctx context.Context, tell func(string)) error {
			if err := makeRootFS(ctx, dir, suite, mirror, tell); err != nil {
				return fmt.Errorf("making a root file system of %s from %s (another mirror: --mirror URL): %w", suite, mirror, err)
			}
			return nil
		},
	}
}

// makeRootFS makes it with debootstrap unless it is there; a half-made one is
// never left under its final name.
func makeRootFS(ctx context.Context, final, suite, mirror string, tell func(string)) error {
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return err
	}
	building, err := os.MkdirTemp(filepath.Dir(final), ".building-"+suite+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(building)
	if err := os.Chmod(building, 0o755); err != nil { // it becomes "/", which everyone must be able to enter
		return err
	}
	if err := buildRootFS(ctx, building, suite, mirror, tell); err != nil {
		return err
	}
	if err := os.Rename(building, final); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}

func buildRootFS(ctx context.Context, dir, suite, mirror string, tell func(string)) error {
	args := []string{"--variant=minbase", "--include=ca-certificates"}
	if strings.Contains(mirror, "ubuntu") {
		args = append(args, "--components=main,universe")
	}
	if err := work.Run(unsynced(ctx, "debootstrap", append(args, suite, dir, mirror)...), tell); err != nil {
		return err
	}
	files := map[string]string{
		"etc/systemd/system/rehearsal-cgroups.service": cgroupsUnit,
		"etc/apt/sources.list":                         sourcesList(suite, mirror),
		"etc/cloud/cloud.cfg.d/99-rehearsal.cfg":       "datasource_list: [NoCloud, None]\nnetwork: {config: disabled}\npreserve_hostname: false\n",
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	script := "PACKAGES='" + strings.Join(imagePackages, " ") + "'\n" + prepareScript
	return work.Run(unsynced(ctx, "chroot", dir, "/bin/sh", "-c", script), tell)
}

func sourcesList(suite, mirror string) string {
	components := "main"
	if strings.Contains(mirror, "ubuntu") {
		components = "main universe"
	}
	return fmt.Sprintf("deb %s %s %s\n", mirror, suite, components)
}

// unsynced lets dpkg write without waiting for the disk after each file: what a
// crash leaves half made is never used.
func unsynced(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DPKG_FORCE=unsafe-io")
	return cmd
}
