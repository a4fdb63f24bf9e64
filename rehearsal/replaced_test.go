package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Who may get in, and what happens to that and to all the rest when another
// server takes the place of the one that was set up.
func TestServerOfATeamIsReplaced(t *testing.T) {
	t.Parallel()
	r := start(t, "test-h-replaced", "start")
	keys := r.teamKeys(t)
	r.pulumi(t, 0, "config", "set", "publicKeys", "../ssh/id_ed25519.pub,../ssh/team.pub")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	neighbour := newOutsider(t, r, "neighbour", "198.18.0.201/24")
	login := func(t *testing.T, who, want string) {
		t.Helper()
		text := neighbour.ssh("-i", keys[who], "-o", "IdentitiesOnly=yes", "root@198.18.0.10", "echo in")
		if !strings.Contains(text, want) {
			t.Errorf("%s: wanted %q, got %q", who, want, text)
		}
	}
	const out = "Permission denied (publickey)"

	t.Run("LetsEveryKeyOfAFileInWithItsOptions", func(t *testing.T) {
		login(t, "developer", "in\n")
		login(t, "leaver", "in\n")
		login(t, "restricted", "only this\n")
	})
	t.Run("WhoIsTakenOutIsOutAndWhoWasAddedByHandStays", func(t *testing.T) {
		// Written by hand, without an end of line.
		r.run(t, 0, "ssh", "printf %s '"+strings.TrimSpace(read(t, keys["by hand"]+".pub"))+"' >>/root/.ssh/authorized_keys")
		r.writeTeam(t, keys, "restricted")
		r.pulumi(t, 0, "up", "--yes", "--skip-preview")
		login(t, "leaver", out)
		login(t, "developer", "in\n")
		login(t, "restricted", "only this\n")
		login(t, "by hand", "in\n")
		// With the deploy key, after all of that.
		if text := r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--replace", "**hardening-apply"); !strings.Contains(text, "nothing to change") {
			t.Errorf("the second run changed something:\n%s", text)
		}
		if text := r.run(t, 0, "ssh", "cat /root/.ssh/authorized_keys"); strings.Count(text, "# BEGIN") != 1 || strings.Count("\n"+text, "\n# BEGIN") != 1 || strings.Count(text, "developer@laptop") != 1 {
			t.Errorf("authorized_keys:\n%s", text)
		}
	})

	setUp := func(t *testing.T, said string) {
		t.Helper()
		if !strings.Contains(said, "the server is ready") {
			t.Errorf("it said:\n%s", said)
		}
		text := r.run(t, -1, "ssh", `ufw status | head -1; test -e /etc/ssh/sshd_config.d/00-rails-on-hetzner.conf && echo sshd; systemctl is-active fail2ban; test -e /etc/cron.d/rails-on-hetzner-backup && app-backup list && echo app-backup; systemctl is-active rails-on-hetzner-undo.timer`)
		for _, part := range []string{"Status: active\n", "sshd\n", "active\n", "app-backup\n", "inactive\n"} {
			if !strings.Contains(text, part) {
				t.Errorf("%q is missing on the new server:\n%s", strings.TrimSpace(part), text)
			}
		}
		before := r.number(t, accepted)
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
		if after := r.number(t, accepted); after != before+1 {
			t.Errorf("%d connections were opened when nothing had changed", after-before-1)
		}
		login(t, "leaver", out)
		login(t, "restricted", "only this\n")
	}
	t.Run("IsSetUpWhenItWasRebuilt", func(t *testing.T) {
		r.atHetzner(t, `act change_protection '{"delete":false,"rebuild":false}'; act rebuild '{"image":"ubuntu-24.04"}'; act change_protection '{"delete":true,"rebuild":true}'`)
		r.await(t, "! test -e /var/lib/rails-on-hetzner && [[ $(cloud-init status) != *running* ]]") // it is the new one that answers
		login(t, "leaver", "in\n")                                                                   // the first boot's keys came back
		setUp(t, r.typeIn(t, documented(t, "operations.md", "rebuilt")))
	})
	t.Run("IsSetUpWhenItWasDeleted", func(t *testing.T) {
		r.atHetzner(t, `act change_protection '{"delete":false,"rebuild":false}'; api "servers/$id" -X DELETE; sleep 5`)
		setUp(t, r.typeIn(t, documented(t, "operations.md", "lost server")))
	})
}

// teamKeys makes a key for everyone and team.pub for two of them, of whom one
// may do a single thing. It returns the private keys' paths.
func (r *running) teamKeys(t *testing.T) map[string]string {
	t.Helper()
	dir := filepath.Dir(r.status(t).KeyFile)
	keys := map[string]string{"developer": r.status(t).KeyFile}
	for _, who := range []string{"leaver", "restricted", "by hand"} {
		keys[who] = filepath.Join(dir, strings.ReplaceAll(who, " ", "-"))
		if output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", keys[who]).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	r.writeTeam(t, keys, "leaver", "restricted")
	return keys
}

func (r *running) writeTeam(t *testing.T, keys map[string]string, who ...string) {
	t.Helper()
	text := "# the team\n"
	for _, name := range who {
		if name == "restricted" {
			text += `command="echo only this",no-pty,from="198.18.0.0/24,2001:db8:18::/64" `
		}
		text += read(t, keys[name]+".pub")
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(r.status(t).KeyFile), "team.pub"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// atHetzner does what one does in Hetzner's console, with the server's number in $id.
func (r *running) atHetzner(t *testing.T, commands string) {
	t.Helper()
	text := r.run(t, 0, "exec", "bash", "-euo", "pipefail", "-c", `
		api() { curl -sS -H "Authorization: Bearer $HCLOUD_TOKEN" -H 'Content-Type: application/json' "$HCLOUD_ENDPOINT/$1" "${@:2}"; echo; }
		id=$(api servers | grep -o '"servers": *\[{"id": *[0-9]*' | tr -dc 0-9)
		act() {
			api "servers/$id/actions/$1" -d "$2"
			for _ in {1..60}; do
				[[ $(api "servers/$id") == *'"locked":true'* ]] || return 0
				sleep 1
			done
			return 1
		}
		`+commands)
	if strings.Contains(text, `"error":{`) {
		t.Fatalf("%s:\n%s", commands, text)
	}
}
