package main

import (
	"strings"
	"testing"
)

// What keeps a server running once the app does: it tells what goes wrong,
// updates Docker under the app, and takes all of it back.
func TestUpkeep(t *testing.T) {
	t.Parallel()
	r := start(t, "test-upkeep", "up", "--suite", "trixie", "--config", "certificate=cloudflare-origin")
	r.run(t, 0, "deploy")
	run := func(t *testing.T, names ...string) {
		t.Helper()
		r.runFiles(t, "upkeep", append([]string{"lib.sh"}, names...)...)
	}
	run(t, "receivers.sh")
	const hook, password = "http://127.0.0.1:8585/hook/secret", `pass"word\$`
	r.pulumi(t, 0, "config", "set-all", "--plaintext", "alertEmail=you@example.com", "--plaintext", "alertFrom=server@example.com", "--plaintext", "alertSmtp=relay.test:8587", "--plaintext", "alertSmtpUser=server")
	r.pulumi(t, 0, "config", "set", "--secret", "alertSmtpPassword", password)
	t.Run("RefusesAReceiverThatDoesNotAnswer", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set", "--secret", "alertUrl", strings.Replace(hook, "8585", "8586", 1))
		for range 2 { // not only when the setting is new
			if text := r.pulumi(t, -1, "up", "--yes", "--skip-preview"); !strings.Contains(text, "the test message could not be sent, the lines above say why; see the settings alertUrl") {
				t.Errorf("it said:\n%s", text)
			}
		}
		r.run(t, 0, "ssh", "rm -f /root/told/*") // a mail may have been sent
	})
	r.pulumi(t, 0, "config", "set", "--secret", "alertUrl", hook)
	said := r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	t.Run("TellsEachThingOnceAndWhenItIsOver", func(t *testing.T) { run(t, "alerts.sh") })
	t.Run("KeepsItsSecrets", func(t *testing.T) {
		for where, text := range map[string]string{"export": r.pulumi(t, 0, "stack", "export"), "preview": r.pulumi(t, 0, "preview", "--diff"), "up": said} {
			if strings.Contains(text, hook) || strings.Contains(text, password) {
				t.Errorf("a secret is in clear in %s", where)
			}
		}
	})
	t.Run("ShowsWhatIsLookedAt", func(t *testing.T) {
		text := r.typed(t, 0, "scripts/check")
		for _, part := range []string{"\nsite         ok     https://running-calendar.test/up answers 200\n", "\ncontainers   ok     3 run\n", " containers survive its restarts\n", "\nlogins       ok     from "} {
			if !strings.Contains("\n"+text, part) {
				t.Errorf("%q is not in\n%s", part, text)
			}
		}
	})
	t.Run("UpdatesDockerUnderTheApp", func(t *testing.T) {
		visitor := newVisitor(t, r)
		if requests := visitor.losesNone(t, func() { run(t, "dockerrepository.sh", "dockerupdate.sh") }); requests < 20 {
			t.Errorf("only %d requests were made", requests)
		}
	})
	t.Run("TellsOfAnUpdateThatFailed", func(t *testing.T) { run(t, "dockerrepository.sh", "dockerbroken.sh") })
	t.Run("RemovesOnlyImagesThatNothingNeeds", func(t *testing.T) { run(t, "tidy.sh") })
	t.Run("DoesWhatTheDocumentationSays", func(t *testing.T) { r.runDocumented(t, "operations.md", "upkeep") })
	t.Run("TakesAllOfItBack", func(t *testing.T) {
		r.pulumi(t, 0, "config", "rm-all", "alertUrl", "alertEmail")
		r.pulumi(t, 0, "config", "set-all", "--plaintext", "tidy=false", "--plaintext", "dockerUpdates=false")
		if text := r.pulumi(t, 0, "up", "--yes", "--skip-preview"); !strings.Contains(text, "no alerts") {
			t.Errorf("it said:\n%s", text)
		}
		text := r.run(t, 0, "ssh", "cat /etc/docker/daemon.json; systemctl list-unit-files --no-legend 'rails-on-hetzner-*'; ls /usr/local/bin /etc/rails-on-hetzner /etc/systemd/journald.conf.d /etc/systemd/system/docker.service.d /var/lib/rails-on-hetzner; grep -c ALERT_URL=..h /etc/rails-on-hetzner/watch.conf || true")
		for _, gone := range []string{"live-restore", "docker-live-restore", "log-opts", "watch.timer", "tidy", "docker-update", "server-watch", "rails-on-hetzner.conf"} {
			if strings.Contains(text, gone) {
				t.Errorf("there is still %s:\n%s", gone, text)
			}
		}
		r.typed(t, 0, "scripts/check")
	})
}
