package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What goes wrong on the server while the program works on it is told, and the
// next run ends it.
func TestTroubleOnTheServer(t *testing.T) {
	t.Parallel()
	r := start(t, "test-trouble", "up")
	want := r.everything(t)
	// A script that has something to install takes long enough to be disturbed.
	purge := "DEBIAN_FRONTEND=noninteractive apt-get -qq purge --yes fail2ban >/dev/null 2>&1; rm -f /var/cache/apt/archives/*.deb; "
	// A whole session with another clock: sshd itself keeps its own, as its sandbox admits no other.
	clock := func(offset string) string {
		return "apt-get -qq update; apt-get -qq install --yes libfaketime >/dev/null 2>&1; " + purge + "rm -rf /var/lib/apt/lists/*; " +
			"echo SetEnv LD_PRELOAD=$(dpkg -L libfaketime | grep MT.so) NO_FAKE_STAT=1 FAKETIME=" + offset + " >/etc/ssh/sshd_config.d/90-clock.conf; systemctl reload ssh"
	}
	rightClock := "rm /etc/ssh/sshd_config.d/90-clock.conf; systemctl reload ssh; apt-get -qq purge --yes libfaketime >/dev/null 2>&1"
	hour := 3
	again := func() string {
		t.Helper()
		hour++
		r.pulumi(t, 0, "config", "set", "rebootTime", fmt.Sprintf("%02d:00", hour))
		return r.pulumi(t, -1, "up", "--yes", "--skip-preview")
	}
	type trouble struct{ what, begin, end, told string }
	cases := []trouble{
		{"no disk space", purge + "mount -t tmpfs -o size=64k tmpfs /var/cache/apt/archives && mkdir -p /var/cache/apt/archives/partial", "umount /var/cache/apt/archives", "apt-get install --yes --no-install-recommends fail2ban failed; the lines above say why"},
		{"the package mirror is down", purge + "mv /etc/apt/sources.list.d /root/; mv /etc/apt/sources.list /root/ 2>/dev/null; echo 'deb http://127.0.0.9/debian bookworm main' >/etc/apt/sources.list; rm -rf /var/lib/apt/lists/*", "rm /etc/apt/sources.list; mv /root/sources.list.d /etc/apt/; mv /root/sources.list /etc/apt/ 2>/dev/null; true", "failed; the lines above say why"},
		{"dpkg was interrupted", purge + "touch /var/lib/dpkg/updates/0001", "rm -f /var/lib/dpkg/updates/0001", ""},
		{"the clock is years behind", clock("-3650d"), rightClock, "is not valid yet"},
		{"a file of UFW's was deleted", "rm -f /etc/ufw/after.rules", "true", ""},
	}
	if *everyOutage {
		cases = append(cases, trouble{"the clock is a day ahead", clock("+1d"), rightClock, ""}, trouble{"the clock is a day behind", clock("-1d"), rightClock, ""})
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			r.run(t, 0, "ssh", c.begin)
			text := again()
			r.run(t, 0, "ssh", c.end)
			if c.told != "" && !strings.Contains(text, c.told) {
				t.Errorf("it is not told %q:\n%s", c.told, text)
			}
			if failed := strings.Contains(text, "errored"); failed == strings.Contains(text, "next, in this order") {
				t.Errorf("failed: %t, and its end says otherwise:\n%s", failed, text)
			}
			t.Logf("| %s | %s |", c.what, reason(text))
			r.pulumi(t, 0, "up", "--yes", "--skip-preview")
		})
	}
	t.Run("the server reboots under a script", func(t *testing.T) {
		hook := "/etc/apt/apt.conf.d/00reboot" // for the moment at which apt starts dpkg
		r.run(t, 0, "ssh", purge+`touch /run/before-the-reboot; echo 'DPkg::Pre-Invoke { "rm `+hook+`; systemctl reboot; sleep 60"; };' >`+hook)
		text := again()
		t.Logf("| the server reboots under a script | %s |", reason(text))
		if !strings.Contains(text, "remote command exited without exit status") {
			t.Errorf("it is not told:\n%s", text)
		}
		r.await(t, "! test -e /run/before-the-reboot")
		r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	})
	r.pulumi(t, 0, "config", "rm", "rebootTime")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	r.same(t, want)
}

// What goes wrong on the developer's machine leaves nothing half done.
func TestTroubleOnTheLaptop(t *testing.T) {
	t.Parallel()
	r := start(t, "test-laptop", "start", "--furnished")
	status := r.status(t)

	t.Run("two runs at once", func(t *testing.T) {
		first := exec.Command(script(), "pulumi", "--name", r.name, "up", "--yes", "--skip-preview")
		output, err := first.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		lines, asked, said := bufio.NewScanner(output), false, ""
		for lines.Scan() {
			said += lines.Text() + "\n"
			if strings.Contains(lines.Text(), "hardening-apply creating") && !asked {
				asked = true
				if text := r.pulumi(t, -1, "up", "--yes", "--skip-preview"); !strings.Contains(text, "the stack is currently locked by 1 lock(s)") {
					t.Errorf("a second run is not refused:\n%s", text)
				}
			}
		}
		if err := first.Wait(); err != nil || !asked {
			t.Fatalf("the first one was disturbed: %v\n%s", err, said)
		}
	})
	want := r.everything(t)
	deploy := filepath.Join(status.App, "config", "deploy.yml")
	after := read(t, deploy)
	untouched := func() { r.run(t, 0, "exec", "bash", "-c", "git checkout -q . && git clean -fdq") }
	for _, c := range []struct{ what, mount, fill string }{
		{"the app cannot be written", "mount --bind . . && mount -o remount,bind,ro .", "true"},
		{"there is no disk space", "cp -a . ../copy && mount -t tmpfs -o size=200k tmpfs .", `cp -a ../copy/. . && rm -rf ../copy && dd if=/dev/zero of=fill bs=1k count=300 2>/dev/null || true`},
	} {
		t.Run(c.what, func(t *testing.T) {
			untouched()
			before := read(t, deploy)
			for _, command := range []string{c.mount, c.fill} { // the second one sees what the first one mounted
				if output, err := inDir(status.App, command); err != nil {
					t.Fatalf("%v: %s", err, output)
				}
			}
			text := r.pulumi(t, -1, "up", "--yes", "--skip-preview")
			if got := read(t, deploy); got != before && got != after {
				t.Errorf("deploy.yml is neither as it was nor as it should be:\n%s", got)
			}
			left, _ := filepath.Glob(filepath.Join(status.App, "config", ".*"))
			if output, err := inDir(filepath.Dir(status.App), "umount -l "+status.App); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			if !strings.Contains(text, "errored") || !strings.Contains(text, "writing ") || len(left) > 0 {
				t.Errorf("it is not told, or something was left (%v):\n%s", left, text)
			}
			t.Logf("| %s | %s |", c.what, reason(text))
			r.pulumi(t, 0, "up", "--yes", "--skip-preview")
			r.same(t, want)
		})
	}
	t.Run("the state's lock was left behind", func(t *testing.T) {
		locks := filepath.Join(status.State, ".pulumi", "locks", "organization", "rails-on-hetzner", "rehearsal")
		if err := os.MkdirAll(locks, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(locks, "11111111-1111-4111-8111-111111111111.json"), []byte(`{"pid":1,"username":"you","hostname":"laptop","timestamp":"2026-01-01T00:00:00Z"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if text := r.pulumi(t, -1, "up", "--yes", "--skip-preview"); !strings.Contains(text, "currently locked") || !strings.Contains(text, "pulumi cancel") {
			t.Errorf("the lock is not told of:\n%s", text)
		}
		r.pulumi(t, 0, "cancel", "--yes")
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
	})
}

func inDir(dir, command string) (string, error) {
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = dir
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// What somebody changed by hand shows, and is put back.
func TestDrift(t *testing.T) {
	t.Parallel()
	r := start(t, "test-drift", "up", "--furnished")
	want := r.everything(t)
	t.Run("AtTheClouds", func(t *testing.T) {
		r.askZone(t, "PATCH", "settings/ssl", `{"value":"flexible"}`)
		_, rest, _ := strings.Cut(r.askZone(t, "GET", "dns_records?type=A", ""), `"id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		r.askZone(t, "PATCH", "dns_records/"+id, `{"content":"192.0.2.66"}`)
		r.run(t, 0, "exec", "bash", "-c", `
			api() { curl -sS -H "Authorization: Bearer $HCLOUD_TOKEN" -H 'Content-Type: application/json' "$HCLOUD_ENDPOINT/$1" "${@:2}"; }
			id=$(api firewalls | grep -o '"id":[0-9]*' | head -1 | tr -dc 0-9)
			api "firewalls/$id/actions/set_rules" -d '{"rules":[{"direction":"in","protocol":"tcp","port":"22","source_ips":["0.0.0.0/0","::/0"]}]}'; sleep 2`)
		text := r.pulumi(t, 0, "preview", "--refresh", "--diff")
		for _, part := range []string{"flexible", "192.0.2.66", "server-firewall"} {
			if !strings.Contains(text, part) {
				t.Errorf("the preview does not show %s:\n%s", part, text)
			}
		}
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--refresh")
		r.same(t, want)
		if text := r.askZone(t, "GET", "settings/ssl", ""); !strings.Contains(text, `"strict"`) {
			t.Errorf("the SSL mode: %s", text)
		}
	})
	t.Run("OnTheServer", func(t *testing.T) {
		check := func(code int) string {
			t.Helper()
			return r.run(t, code, "exec", "bash", "-c", `cd ../program && scripts/check`)
		}
		if text := check(0); !strings.Contains(text, "files        ok ") {
			t.Errorf("a sound server: %s", text)
		}
		type change struct{ what, told string }
		tells := func(changes ...change) {
			t.Helper()
			for _, c := range changes {
				r.run(t, 0, "ssh", "("+c.what+") >/dev/null 2>&1")
			}
			text := check(1)
			for _, c := range changes {
				if !strings.Contains(text, c.told) {
					t.Errorf("%s: it is not told %q: %s", c.what, c.told, text)
				}
			}
		}
		tells(
			change{"echo '# mine' >>/usr/local/bin/pg-backup", "/usr/local/bin/pg-backup"},
			change{"true", "WRONG  changed by hand: "},
			change{"true", "; to put back what the stack says: pulumi up --replace '**hardening-apply' --replace '**backup-install' --replace '**upkeep-install'"},
			change{"sed -i 's/maxretry = 5/maxretry = 500/' /etc/fail2ban/jail.d/rails*", "/etc/fail2ban/jail.d/rails-on-hetzner.local"},
			change{"rm -f /etc/apt/apt.conf.d/20auto-upgrades /etc/apt/apt.conf.d/52*", "WRONG  unattended upgrades are not on"},
			change{"systemctl stop fail2ban", "WRONG  fail2ban's jail sshd is not active"},
			change{"echo 'MaxAuthTries 9' >/etc/ssh/sshd_config.d/00-a.conf", "WRONG  sshd's effective settings do not have: MaxAuthTries 3"},
			change{"iptables -F DOCKER-USER || iptables -N DOCKER-USER", "WRONG  ports that containers publish are not filtered"},
		)
		tells(change{"ufw disable", "WRONG  UFW is not active"})
		r.run(t, 0, "ssh", "rm /etc/ssh/sshd_config.d/00-a.conf")
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--replace", "**hardening-apply", "--replace", "**backup-install", "--replace", "**upkeep-install")
		check(0)
		r.run(t, 0, "ssh", "app-backup daily; touch -d '2 days ago' /var/lib/rails-on-hetzner/backup/backup.json")
		if text := check(1); !strings.Contains(text, "WRONG  the last backup is 48 hours ago") {
			t.Errorf("old backups are not told: %s", text)
		}
		r.run(t, 0, "ssh", "rm /var/lib/rails-on-hetzner/backup/*.json")
		r.same(t, want)
	})
	t.Run("InTheApp", func(t *testing.T) {
		r.run(t, 0, "exec", "bash", "-c", "sed -i 's/198.18.0.10/192.0.2.66/' config/deploy.yml && rm .kamal/hooks/pre-connect")
		if text := r.pulumi(t, 0, "preview"); !strings.Contains(text, "-    - 192.0.2.66") {
			t.Errorf("the preview does not show it:\n%s", text)
		}
		r.pulumi(t, 0, "up", "--yes", "--skip-preview")
		r.same(t, want)
	})
	t.Run("DestroyIsRefusedUntilTheProtectionIsLifted", func(t *testing.T) {
		if text := r.pulumi(t, -1, "destroy", "--yes"); !strings.Contains(text, "protect") {
			t.Errorf("destroy says:\n%s", text)
		}
		r.same(t, want) // nothing of it was deleted
		r.run(t, 0, "ssh", "true")
	})
}
