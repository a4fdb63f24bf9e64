package main

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rails-on-hetzner/rehearsal/host"
)

func TestHardeningOnBookworm(t *testing.T) { t.Parallel(); hardening(t, "bookworm") }
func TestHardeningOnTrixie(t *testing.T)   { t.Parallel(); hardening(t, "trixie") }

// hardening looks at one server from inside and from outside, before and after
// Docker came, and after all that might lose the rules.
func hardening(t *testing.T, suite string) {
	keys := developerKeys(t)
	r := start(t, "test-hard-"+suite, "up", "--suite", suite, "--config", withKeys(keys))
	neighbour := newOutsider(t, r, "neighbour", "198.18.0.201/24", "2001:db8:18::201/64")
	attacker := newOutsider(t, r, "attacker", "198.18.0.202/24", "2001:db8:18::202/64")

	t.Run("TakesFewConnectionsAndOneRunOfApt", func(t *testing.T) {
		if runs := r.number(t, "grep -c ^Start-Date /var/log/apt/history.log"); runs != 1 {
			t.Errorf("apt changed packages %d times", runs)
		}
		// One of them is this very look.
		if connections := r.number(t, accepted) - 1; connections > 6 {
			t.Errorf("pulumi up opened %d SSH connections", connections)
		}
	})
	t.Run("OpensNoConnectionWhenNothingChanged", func(t *testing.T) {
		before := r.number(t, accepted)
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
		if after := r.number(t, accepted); after != before+1 {
			t.Errorf("%d connections were opened", after-before-1)
		}
	})
	t.Run("SaysNothingToChangeTheSecondTime", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set", "rebootTime", "03:30")
		if text := r.pulumi(t, 0, "up", "--yes", "--skip-preview"); !strings.Contains(text, "changed: /etc/apt/apt.conf.d/52rails-on-hetzner") || strings.Count(text, "changed: ") > 4 {
			t.Errorf("more or less than the one setting was changed:\n%s", text)
		}
	})
	t.Run("SshdDoesAsPromised", func(t *testing.T) {
		effective := r.run(t, 0, "ssh", "sshd -T")
		for _, line := range []string{
			"permitrootlogin without-password", "pubkeyauthentication yes", "passwordauthentication no", "kbdinteractiveauthentication no", "permitemptypasswords no",
			"maxauthtries 3", "logingracetime 30", "maxstartups 40:30:100", "x11forwarding no", "allowagentforwarding no", "allowtcpforwarding local", "maxsessions 4", "compression no", "tcpkeepalive no", "permituserenvironment no", "loglevel VERBOSE", "clientaliveinterval 60", "clientalivecountmax 2", "hostkey /etc/ssh/ssh_host_ed25519_key", "hostkeyalgorithms ssh-ed25519",
			"macs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com",
		} {
			if !strings.Contains("\n"+effective, "\n"+line+"\n") {
				t.Errorf("sshd -T lacks %q", line)
			}
		}
		for _, weak := range []string{"nistp", "diffie-hellman-group1", "sha1", "-cbc", "umac-64"} {
			for line := range strings.Lines(effective) {
				if strings.HasPrefix(line, "kexalgorithms ") || strings.HasPrefix(line, "ciphers ") || strings.HasPrefix(line, "macs ") {
					if strings.Contains(line, weak) {
						t.Errorf("%s is still offered: %s", weak, line)
					}
				}
			}
		}
	})
	t.Run("NoSmallGroupIsExchanged", func(t *testing.T) {
		if small := r.number(t, "awk '!/^#/ && $5 < 3071' /etc/ssh/moduli | wc -l"); small > 0 || r.number(t, "wc -l </etc/ssh/moduli") == 0 {
			t.Errorf("%d groups of less than 3072 bits, or none at all", small)
		}
	})
	t.Run("SecurityUpdatesAndKernelSettingsAreOn", func(t *testing.T) {
		text := r.run(t, 0, "ssh", "apt-config dump; cat /etc/sysctl.d/60-rails-on-hetzner.conf /etc/modprobe.d/rails-on-hetzner.conf /etc/security/limits.d/rails-on-hetzner.conf /etc/login.defs /etc/issue /etc/issue.net; systemctl is-enabled unattended-upgrades fail2ban ufw; stat -c '%a %n' /etc/crontab /etc/cron.d /etc/cron.daily /etc/ssh/sshd_config")
		for _, part := range []string{
			`APT::Periodic::Update-Package-Lists "1"`, `APT::Periodic::Unattended-Upgrade "1"`, `Unattended-Upgrade::Automatic-Reboot "true"`, `Automatic-Reboot-Time "03:30"`, `DPkg::Options:: "--force-confold"`,
			"kernel.dmesg_restrict = 1", "kernel.kptr_restrict = 2", "kernel.sysrq = 0", "kernel.unprivileged_bpf_disabled = 1", "kernel.yama.ptrace_scope = 1", "net.core.bpf_jit_harden = 2", "fs.protected_fifos = 2", "fs.protected_regular = 2", "fs.suid_dumpable = 0",
			"net.ipv4.conf.all.accept_redirects = 0", "net.ipv4.conf.all.send_redirects = 0", "net.ipv4.conf.all.accept_source_route = 0", "net.ipv4.conf.all.log_martians = 1", "net.ipv6.conf.all.accept_redirects = 0",
			"install dccp /bin/false", "install sctp /bin/false", "install usb-storage /bin/false", "* hard core 0", "SHA_CRYPT_MIN_ROUNDS 65536", "PASS_MIN_DAYS 1", "Unauthorized access is prohibited by law.", "enabled\nenabled\nenabled", "600 /etc/crontab", "700 /etc/cron.d", "700 /etc/cron.daily", "600 /etc/ssh/sshd_config",
		} {
			if !strings.Contains(text, part) {
				t.Errorf("this is missing: %s", part)
			}
		}
	})

	t.Run("BansWhoTriesKeys", func(t *testing.T) {
		text := r.run(t, 0, "ssh", "for what in bantime findtime maxretry ignoreip; do echo $what $(fail2ban-client get sshd $what | tr -d '\\n'); done; cat /etc/fail2ban/jail.d/rails-on-hetzner.local")
		for _, part := range []string{"bantime 600", "findtime 600", "maxretry 5", "127.0.0.0/8", "198.18.0.1", "ignoreself = true", "bantime.increment = true", "bantime.maxtime = 1w", "mode = aggressive", "backend = systemd"} {
			if !strings.Contains(text, part) {
				t.Errorf("this is missing: %s\n%s", part, text)
			}
		}
	})

	t.Run("LetsOnly22And80And443InFromAnotherAddress", func(t *testing.T) {
		r.run(t, 0, "ssh", `for port in 80 443 5432 8080 9999; do systemd-run --quiet --unit=listen-$port nc -lk :: $port; done; sleep 1`)
		neighbour.finds(t, map[int]bool{80: true, 443: true, 5432: false, 8080: false, 9999: false}, "198.18.0.10", r.ipv6(t))
		r.run(t, 0, "fault", "firewall-open") // Hetzner's: from here on the server stands for itself
		neighbour.finds(t, map[int]bool{22: true, 80: true, 443: true, 5432: false, 8080: false, 9999: false}, "198.18.0.10", r.ipv6(t))
		r.run(t, 0, "ssh", "systemctl stop 'listen-*'")
	})
	t.Run("KeepsContainersAndUsersFromTheMetadataAddress", func(t *testing.T) {
		if text := r.run(t, 0, "ssh", "curl -sS -m 5 http://169.254.169.254/hetzner/v1/metadata"); !strings.Contains(text, "instance-id") {
			t.Errorf("root does not reach the metadata service, so this proves nothing: %s", text)
		}
		if text := r.run(t, -1, "ssh", "su -s /bin/sh nobody -c 'curl -sS -m 5 http://169.254.169.254/hetzner/v1/userdata' 2>&1; iptables -S DOCKER-USER"); strings.Contains(text, "PRIVATE KEY") || !strings.Contains(text, "-d 169.254.169.254/32 -j DROP") {
			t.Errorf("the user data can be read, or containers are not kept from it:\n%s", text)
		}
	})
	t.Run("DoesWhatTheDocumentationSays", func(t *testing.T) {
		onceIsEnough(t, suite)
		r.runDocumented(t, "operations.md", "hardening")
	})

	r.run(t, 0, "database")
	r.run(t, 0, "ssh", `docker run -d --name web --restart unless-stopped --network kamal -p 80:80 -p 443:443 -p 9999:9999 -p 127.0.0.1:7777:7777 --entrypoint bash postgres:16 -c 'for port in 80 443 9999 7777; do nc -lk $port & done; wait'`)
	neighbour.listen(t, 8888)
	containers := func(t *testing.T) {
		t.Helper()
		neighbour.finds(t, map[int]bool{22: true, 80: true, 443: true, 9999: false, 7777: false, 5432: false, 2375: false}, "198.18.0.10", r.ipv6(t))
		for what, command := range map[string]string{
			"a container reaches another": "nc -z -w 3 running_calendar-db 5432",
			"a container reaches outside": "nc -z -w 3 198.18.0.201 8888",
			"a local port is served":      "true",
		} {
			if text := r.run(t, -1, "ssh", "docker exec web "+command+" && nc -z -w 3 127.0.0.1 7777 && echo yes"); !strings.Contains(text, "yes") {
				t.Errorf("not so: %s: %s", what, text)
			}
		}
		if text := r.run(t, -1, "ssh", "docker exec web nc -z -w 3 169.254.169.254 80 && echo reached"); strings.Contains(text, "reached") {
			t.Error("a container reaches the metadata address")
		}
	}
	t.Run("HoldsForContainers", containers)
	t.Run("HoldsForContainersAfterUfwReload", func(t *testing.T) {
		onceIsEnough(t, suite)
		r.run(t, 0, "ssh", "ufw reload")
		containers(t)
	})
	t.Run("HoldsForContainersAfterDockerRestart", func(t *testing.T) {
		onceIsEnough(t, suite)
		r.run(t, 0, "ssh", "systemctl restart docker && sleep 2")
		containers(t)
	})
	t.Run("HoldsForContainersAfterReboot", func(t *testing.T) {
		r.run(t, -1, "ssh", "reboot")
		time.Sleep(3 * time.Second)
		r.await(t, "docker exec web true && systemctl is-active fail2ban ufw cron")
		containers(t)
	})
	t.Run("LetsKamalIn", func(t *testing.T) { letsKamalIn(t, r, neighbour, append(keys, r.status(t).KeyFile)) })
	t.Run("LetsKeysInAndNothingElse", func(t *testing.T) {
		status := r.status(t)
		wrongKey := filepath.Join(t.TempDir(), "wrong")
		if output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wrongKey).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		if text := neighbour.ssh("-i", status.KeyFile, "-o", "IdentitiesOnly=yes", "root@198.18.0.10", "echo in"); text != "in\n" {
			t.Errorf("the right key does not get in: %s", text)
		}
		if text := neighbour.ssh("-o", "PreferredAuthentications=password,keyboard-interactive", "root@198.18.0.10", "echo in"); !strings.Contains(text, "Permission denied (publickey)") {
			t.Errorf("with a password: %s", text)
		}
		if text := neighbour.ssh("-i", wrongKey, "-o", "IdentitiesOnly=yes", "root@198.18.0.10", "echo in"); !strings.Contains(text, "Permission denied (publickey)") {
			t.Errorf("with a wrong key: %s", text)
		}
		// Newer versions of sshd slow down whoever fails, so five failures take a while.
		for tries := 0; attacker.reaches("198.18.0.10", 22) && tries < 60; tries++ {
			attacker.ssh("-i", wrongKey, "-o", "IdentitiesOnly=yes", "root@198.18.0.10", "true")
			time.Sleep(time.Second)
		}
		if attacker.reaches("198.18.0.10", 22) {
			t.Errorf("the attacker is not banned: %s", r.run(t, 0, "ssh", "fail2ban-client status sshd; fail2ban-client get sshd ignoreip; journalctl -u ssh -n 20 --no-pager"))
		}
		if text := neighbour.ssh("-i", status.KeyFile, "-o", "IdentitiesOnly=yes", "root@198.18.0.10", "fail2ban-client set sshd unbanip 198.18.0.202 && echo in"); !strings.Contains(text, "in\n") {
			t.Errorf("another address does not get in any more: %s", text)
		}
		if !attacker.reaches("198.18.0.10", 22) {
			t.Error("it is still banned after unbanip")
		}
	})
}

// onceIsEnough skips, on one of the two suites, what does not depend on their versions.
func onceIsEnough(t *testing.T, suite string) {
	t.Helper()
	if suite != "trixie" {
		t.Skip("it is seen on trixie")
	}
}

// A change that locks its owner out is undone by the server itself, also when it
// is reset meanwhile: here UFW takes a rule and does nothing. The undo is made slow:
// the confirmation gets in while it is still at work.
func TestHardeningUndoesALockOut(t *testing.T) {
	t.Parallel()
	r := start(t, "test-lockout", "up")
	r.run(t, 0, "ssh", `mkdir -p /etc/systemd/system/ssh.service.d && printf '[Service]\nExecReload=sleep 30\n' >/etc/systemd/system/ssh.service.d/slow.conf && systemctl daemon-reload`)
	r.run(t, 0, "ssh", `printf '#!/bin/sh\ncase $* in "allow from 198.18.0.0/24 "*) exit 0 ;; esac\nexec /usr/sbin/ufw "$@"\n' >/usr/local/sbin/ufw && chmod +x /usr/local/sbin/ufw`)
	r.pulumi(t, 0, "config", "set", "sshNetworks", "198.18.0.0/24,2001:db8:18::/64")
	text := r.pulumiMeanwhile(t, "to be confirmed", func() {
		time.Sleep(2 * time.Second) // until the script's own connection has ended
		r.atHetzner(t, "act reset '{}'")
	}, "up", "--yes", "--skip-preview")
	if !strings.Contains(text, "kept new connections out, so the server put itself back as it was; change the setting and run pulumi up again") {
		t.Errorf("it is not told:\n%s", text)
	}
	if text := r.run(t, 0, "ssh", "ufw show added"); !strings.Contains(text, "ufw allow 22/tcp") || strings.Contains(text, "2001:db8:18::/64") {
		t.Errorf("the firewall is not as before:\n%s", text)
	}
	r.run(t, 0, "ssh", "rm /usr/local/sbin/ufw")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--replace", "**hardening-apply")
	if text := r.run(t, 0, "ssh", "ufw show added"); !strings.Contains(text, "ufw allow from 198.18.0.0/24 to any port 22 proto tcp") || strings.Contains(text, "ufw allow 22/tcp") {
		t.Errorf("SSH is open to others than the networks named:\n%s", text)
	}
	if text := r.run(t, -1, "ssh", "systemctl is-enabled rails-on-hetzner-undo.timer 2>/dev/null; systemctl is-active rails-on-hetzner-undo.timer; ls /etc/systemd/system"); strings.Contains(text, "rails-on-hetzner-undo") || !strings.Contains(text, "inactive") {
		t.Errorf("the confirmed change still has its undo armed:\n%s", text)
	}
	// UFW spells a single address in another way than it was given.
	r.pulumi(t, 0, "config", "set", "sshNetworks", "198.18.0.1,198.18.0.201/32,2001:DB8:18:0::201/128")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	r.pulumi(t, 0, "config", "set", "rebootTime", "03:30")
	if text := r.pulumi(t, 0, "up", "--yes", "--skip-preview"); strings.Contains(text, "changed: ufw") || strings.Contains(text, "deleted: ufw") {
		t.Errorf("rules were changed that are as they should be:\n%s", text)
	}
	named := newOutsider(t, r, "named", "198.18.0.201/24", "2001:db8:18::201/64")
	other := newOutsider(t, r, "other", "198.18.0.202/24", "2001:db8:18::202/64")
	named.finds(t, map[int]bool{22: true}, "198.18.0.10", r.ipv6(t))
	other.finds(t, map[int]bool{22: false}, "198.18.0.10", r.ipv6(t))
	t.Run("AndHetznersFirewallLetsInTheSame", func(t *testing.T) {
		r.run(t, 0, "ssh", "ufw allow 22/tcp")
		named.finds(t, map[int]bool{22: true}, "198.18.0.10", r.ipv6(t))
		other.finds(t, map[int]bool{22: false}, "198.18.0.10", r.ipv6(t))
		r.run(t, 0, "ssh", "ufw delete allow 22/tcp")
	})
	t.Run("WarnsAndIsMendedWhereThatShutsItsOwnerOut", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set", "sshNetworks", "203.0.113.99")
		if text := r.pulumi(t, 0, "preview"); !strings.Contains(text, "sshNetworks: to the world this machine is 198.18.0.1, which is in none of them, and SSH from here will be shut out") {
			t.Errorf("it said:\n%s", text)
		}
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--target", "**server-firewall")
		if text := r.run(t, -1, "exec", "bash", "-c", "timeout 5 bash -c '</dev/tcp/198.18.0.10/22' || echo out"); !strings.Contains(text, "out") {
			t.Fatal("it is not shut out, so this proves nothing")
		}
		r.pulumi(t, 0, "config", "set", "sshNetworks", "198.18.0.0/24")
		if text := r.pulumi(t, 0, "up", "--yes", "--skip-preview"); strings.Contains(text, "sshNetworks") || !strings.Contains(text, "changed: ufw allow from 198.18.0.0/24") {
			t.Errorf("it said:\n%s", text)
		}
	})
}

// pulumiMeanwhile calls the Pulumi CLI and, when it prints a line with the text
// for the first time, do. It returns what it printed.
func (r *running) pulumiMeanwhile(t *testing.T, when string, do func(), args ...string) string {
	t.Helper()
	cmd := exec.Command(script(), append([]string{"pulumi", "--name", r.name}, args...)...)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, done, said := bufio.NewScanner(output), false, ""
	for lines.Scan() {
		said += lines.Text() + "\n"
		if !done && strings.Contains(lines.Text(), when) {
			done = true
			do()
		}
	}
	_ = cmd.Wait()
	if !done {
		t.Fatalf("%q was never printed:\n%s", when, said)
	}
	return said
}

// accepted counts the SSH logins since the server was made.
const accepted = "journalctl -q -u ssh -o cat | grep -c '^Accepted publickey'"

func (r *running) number(t *testing.T, command string) int {
	t.Helper()
	var n int
	if text := r.run(t, 0, "ssh", command); scan(text, &n) != nil {
		t.Fatalf("%s: %q is no number", command, text)
	}
	return n
}

func scan(text string, n *int) error { _, err := fmt.Sscan(text, n); return err }

// await repeats a command on the server until it succeeds, after a reboot.
func (r *running) await(t *testing.T, command string) {
	t.Helper()
	for range 30 {
		if text := r.run(t, -1, "ssh", "("+command+") && echo ready"); strings.Contains(text, "ready") {
			return
		}
		time.Sleep(2 * time.Second)
	}
	t.Fatalf("never succeeded: %s", command)
}

func (r *running) ipv6(t *testing.T) string {
	t.Helper()
	fields := strings.Fields(r.run(t, 0, "ssh", "ip -6 -o addr show dev host0 scope global"))
	for i, field := range fields {
		if field == "inet6" {
			return strings.Split(fields[i+1], "/")[0]
		}
	}
	t.Fatal("the server has no IPv6 address")
	return ""
}

// outsider is another host of the rehearsal's small internet.
type outsider struct{ network *host.Network }

func newOutsider(t *testing.T, r *running, name string, addresses ...string) outsider {
	t.Helper()
	var prefixes []netip.Prefix
	for _, address := range addresses {
		prefixes = append(prefixes, netip.MustParsePrefix(address))
	}
	network, err := host.OpenNetwork(r.status(t).Namespace).Outsider(context.Background(), name, prefixes...)
	if err != nil {
		t.Fatal(err)
	}
	return outsider{network}
}

func (o outsider) reaches(address string, port int) bool {
	return o.network.Command(context.Background(), "timeout", "3", "bash", "-c", fmt.Sprintf("exec 3<>/dev/tcp/%s/%d", address, port)).Run() == nil
}

// finds checks which ports are open, at all addresses, all at once: a packet that
// is dropped takes its time.
func (o outsider) finds(t *testing.T, ports map[int]bool, addresses ...string) {
	t.Helper()
	var dials sync.WaitGroup
	for _, address := range addresses {
		for port, open := range ports {
			dials.Go(func() {
				if got := o.reaches(address, port); got != open {
					t.Errorf("%s port %d: open from outside is %v, wanted %v", address, port, got, open)
				}
			})
		}
	}
	dials.Wait()
}

// ask sends one line of HTTP and returns the whole answer.
func (o outsider) ask(address string, port int, line string) string {
	text, _ := o.network.Command(context.Background(), "timeout", "5", "bash", "-c", fmt.Sprintf(`exec 3<>/dev/tcp/%s/%d; printf '%s\r\n\r\n' >&3; cat <&3`, address, port, line)).CombinedOutput()
	return string(text)
}

func (o outsider) listen(t *testing.T, port int) {
	t.Helper()
	listener := o.network.Command(context.Background(), "perl", "-MIO::Socket::INET", "-e", fmt.Sprintf("my $s = IO::Socket::INET->new(LocalPort => %d, Listen => 5, ReuseAddr => 1) or die; while (1) { $s->accept }", port))
	if err := listener.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Process.Kill(); _ = listener.Wait() })
}

func (o outsider) ssh(args ...string) string {
	args = append([]string{"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"}, args...)
	// Who is banned in the middle of a login would wait a quarter of an hour for TCP to give up.
	text, _ := o.network.Command(context.Background(), "timeout", append([]string{"60", "ssh"}, args...)...).CombinedOutput()
	return string(text)
}
