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

// prepareScript turns a root file system into an image: it runs inside, once.
const prepareScript = `set -eu
systemctl enable systemd-networkd.service ssh.service rehearsal-cgroups.service
for unit in cloud-init-local cloud-init cloud-init-main cloud-init-network cloud-config cloud-final; do
    if [ -e "/usr/lib/systemd/system/$unit.service" ] || [ -e "/lib/systemd/system/$unit.service" ]; then
        systemctl enable "$unit.service"
    fi
done
systemctl mask systemd-networkd-wait-online.service e2scrub_reap.service e2scrub_all.timer
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id
: >/etc/machine-id
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

func makeRootFS(ctx context.Context, final, suite, mirror string, tell func(string)) error {
	return Once(final, func(building string) (string, error) {
		if err := os.Chmod(building, 0o755); err != nil { // it becomes "/", which everyone must be able to enter
			return "", err
		}
		return building, buildRootFS(ctx, building, suite, mirror, tell)
	})
}

// buildRootFS has mmdebstrap(1) install all packages in one run of apt, without
// waiting for the disk after each file: what a crash leaves half made is never used.
func buildRootFS(ctx context.Context, dir, suite, mirror string, tell func(string)) error {
	source := mirror + " " + suite + " main"
	if isUbuntu(mirror) {
		source += " universe"
	}
	install := exec.CommandContext(ctx, "mmdebstrap", "--verbose", "--mode=root", "--variant=minbase", "--dpkgopt=force-unsafe-io",
		"--include="+strings.Join(imagePackages, ","), suite, dir, "deb ["+trust(mirror)+"] "+source)
	if err := work.Run(install, tell); err != nil {
		return err
	}
	names, err := os.ReadFile("/etc/resolv.conf") // until it boots it asks whom this machine asks
	if err != nil {
		return err
	}
	files := map[string]string{
		"etc/systemd/system/rehearsal-cgroups.service": cgroupsUnit,
		"etc/apt/sources.list":                         "deb " + source + "\n",
		"etc/cloud/cloud.cfg.d/99-rehearsal.cfg":       "datasource_list: [NoCloud, None]\nnetwork: {config: disabled}\npreserve_hostname: false\n",
		"etc/resolv.conf":                              string(names),
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return work.Run(exec.CommandContext(ctx, "chroot", dir, "/bin/sh", "-c", prepareScript), tell)
}

func isUbuntu(mirror string) bool { return strings.Contains(mirror, "ubuntu") }

// trust says by which keys a mirror is known. Not every Debian has Ubuntu's, and
// what is rehearsed on is thrown away.
func trust(mirror string) string {
	keys := "/usr/share/keyrings/debian-archive-keyring.gpg"
	if isUbuntu(mirror) {
		keys = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
		if _, err := os.Stat(keys); err != nil {
			return "trusted=yes"
		}
	}
	return "signed-by=" + keys
}
