package main

import (
	"strings"
	"testing"
)

// Another server at the same address, with the same keys, has nothing of what
// was done on the old one: it is done again, whatever way it came there.
func TestReplacedServerIsSetUpAnew(t *testing.T) {
	t.Parallel()
	r := start(t, "test-h-replaced", "up")
	setUp := func(t *testing.T) {
		t.Helper()
		text := r.run(t, -1, "ssh", `ufw status | head -1; test -e /etc/ssh/sshd_config.d/00-rails-on-hetzner.conf && echo sshd; systemctl is-active fail2ban; test -e /etc/cron.d/rails-on-hetzner-backup && pg-backup list && echo pg-backup; systemctl is-active rails-on-hetzner-undo.timer`)
		for _, part := range []string{"Status: active\n", "sshd\n", "active\n", "pg-backup\n", "inactive\n"} {
			if !strings.Contains(text, part) {
				t.Errorf("%q is missing on the new server:\n%s", strings.TrimSpace(part), text)
			}
		}
		before := r.number(t, accepted)
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
		if after := r.number(t, accepted); after != before+1 {
			t.Errorf("%d connections were opened when nothing had changed", after-before-1)
		}
	}
	t.Run("Rebuilt", func(t *testing.T) {
		r.atHetzner(t, `act change_protection '{"delete":false,"rebuild":false}'; act rebuild '{"image":"ubuntu-24.04"}'; act change_protection '{"delete":true,"rebuild":true}'`)
		r.await(t, "! command -v ufw") // it is the new one that answers
		text := r.typeIn(t, documented(t, "operations.md", "rebuilt"))
		if !strings.Contains(text, "the server is ready") {
			t.Errorf("it said:\n%s", text)
		}
		setUp(t)
	})
	t.Run("DeletedAtHetzner", func(t *testing.T) {
		r.atHetzner(t, `act change_protection '{"delete":false,"rebuild":false}'; api "servers/$id" -X DELETE; sleep 5`)
		text := r.typeIn(t, documented(t, "operations.md", "lost server"))
		if !strings.Contains(text, "the server is ready") {
			t.Errorf("it said:\n%s", text)
		}
		setUp(t)
	})
}

// atHetzner does something in Hetzner's console, so to say, with the server's
// number in $id.
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
