package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rails-on-hetzner/rehearsal/daemon"
)

// A deployed app's database goes from PostgreSQL 15 to 17 (the rehearsal's
// postgres:16) and back, and stays as it was when that fails.
func TestUpgradePostgreSQL(t *testing.T) {
	t.Parallel()
	r := start(t, "test-upgrade", "up", "--furnished", "--suite", "trixie", "--config", "postgresImage=postgres:15", "--config", "pointInTime=true")
	r.run(t, 0, "deploy")
	visitor := newVisitor(t, r)
	visitor.keepsRowsAndUploads(t)
	at := r.status(t)
	deployFile := filepath.Join(at.App, "config", "deploy.yml")
	before := read(t, deployFile)
	r.run(t, 0, "ssh", `docker exec running_calendar-db psql -U postgres -c "alter system set work_mem = '7MB'" -c "alter system set vacuum_defer_cleanup_age = 0" -c "select pg_reload_conf()"`)
	upgrade := func(t *testing.T, code int, arguments string) string {
		t.Helper()
		return r.run(t, code, "exec", "bash", "-c", "cd "+at.Program+" && HOME="+filepath.Join(at.Directory, "home")+" KAMAL_REGISTRY_PASSWORD="+daemon.RegistryPassword+" scripts/upgrade-postgres "+arguments+" 2>&1")
	}
	runs := func(t *testing.T, version string) {
		t.Helper()
		if text := r.output(t, "ssh", "docker exec running_calendar-db psql -XAtU postgres -c 'show server_version'"); !strings.HasPrefix(text, version) {
			t.Errorf("PostgreSQL is %s instead of %s", text, version)
		}
		if text, err := visitor.get("/"); err != nil || !strings.HasPrefix(text, "1 runs") {
			t.Errorf("the page: %v: %s", err, text)
		}
	}

	for what, c := range map[string]struct{ arguments, told string }{
		"the same version":        {"15 --yes", "PostgreSQL 15 runs, and postgres:15 is 15; accepted is a newer one; nothing was changed"},
		"no PostgreSQL":           {"basecamp/kamal-proxy:v0.9.2 --yes", "is no image of PostgreSQL; nothing was changed"},
		"an image that is not":    {"postgres:99 --yes", "the image postgres:99 cannot be pulled, see above; nothing was changed"},
		"nobody who agrees":       {"16", "nobody is there to say yes"},
		"no upgrade to take back": {"--back --yes", "no upgrade was made on this server"},
	} {
		if text := upgrade(t, -1, c.arguments); !strings.Contains(text, c.told) {
			t.Errorf("%s: it is not told %q:\n%s", what, c.told, text)
		}
	}
	t.Run("IsPutBackWhenItFails", func(t *testing.T) {
		r.run(t, 0, "ssh", `(until docker volume inspect running_calendar_postgres_before_upgrade; do sleep 0.2; done; for n in $(seq 200); do pkill -x pg_restore; sleep 0.05; done) >/dev/null 2>&1 </dev/null &`)
		if text := upgrade(t, -1, "16 --yes"); !strings.Contains(text, "going back") || !strings.Contains(text, "all is as it was") {
			t.Errorf("it said:\n%s", text)
		}
		runs(t, "15")
		if read(t, deployFile) != before || strings.TrimSpace(r.output(t, "pulumi", "config", "get", "postgresImage")) != "postgres:15" {
			t.Error("the settings or deploy.yml are not as they were")
		}
	})
	t.Run("KeepsEveryRow", func(t *testing.T) {
		moment := strings.TrimSpace(r.output(t, "ssh", "pg-wal base >/dev/null && sleep 2 && date '+%F %T %Z'"))
		text := upgrade(t, 0, "16 --yes")
		if !regexp.MustCompile(`the app runs again; it stood still for \d+ s\n.*: \d+ tables, \d+ rows, as before\n`).MatchString(text) ||
			!strings.Contains(text, "warning: this PostgreSQL does not take what was set before: alter system set vacuum_defer_cleanup_age") {
			t.Errorf("it said:\n%s", text)
		}
		t.Log(text)
		runs(t, "17")
		if text := r.output(t, "ssh", "docker exec running_calendar-db psql -XAtU postgres -c 'show work_mem' -c \"select datname from pg_database where datname ~ 'before_restore'\""); text != "7MB\n" {
			t.Errorf("settings and databases: %s", text)
		}
		r.run(t, 0, "ssh", "pg-backup daily && pg-backup verify")
		if text := r.run(t, -1, "ssh", "app-restore --at '"+moment+"' --yes"); !strings.Contains(text, "is of PostgreSQL 15, which the image that runs now cannot read; nothing was changed") {
			t.Errorf("to a moment before the upgrade:\n%s", text)
		}
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
	})
	t.Run("GoesBackToWhatWasLeft", func(t *testing.T) {
		t.Log(upgrade(t, 0, "--back --yes"))
		runs(t, "15")
		if read(t, deployFile) != before {
			t.Error("deploy.yml is not as it was")
		}
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
	})
	t.Run("CanBeDoneAgain", func(t *testing.T) {
		if text := upgrade(t, 0, "16 --yes"); !strings.Contains(text, "the volume running_calendar_postgres_upgraded of an upgrade that was taken back is removed now") {
			t.Errorf("it said:\n%s", text)
		}
		runs(t, "17")
		r.run(t, 0, "deploy")
		runs(t, "17")
	})
}
