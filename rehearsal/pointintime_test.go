package main

import (
	"strings"
	"testing"
	"time"
)

// Restores to any moment: the log of a real PostgreSQL, received and sent to a
// real bucket, under load and through what may befall it.
func TestPointInTime(t *testing.T) {
	t.Parallel()
	r, _ := startWithBucket(t, "test-moment", bucketName+"/app", "--suite", "trixie", "--config", "pointInTime=true", "--config", "backupFiles=false")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")

	t.Run("WaitsForADatabase", func(t *testing.T) { r.typed(t, 0, "scripts/check") })
	r.run(t, 0, "database")
	t.Run("BringsBackWhatWasThereThen", func(t *testing.T) { r.runScript(t, "pointintime.sh") })
	t.Run("SurvivesWhatMayBefallIt", func(t *testing.T) { r.runScript(t, "walfaults.sh") })
	t.Run("IsCheckedAndProved", func(t *testing.T) {
		if text := r.typed(t, 0, "scripts/backup && scripts/backup verify && scripts/check"); !strings.Contains(text, "verified the log") || !strings.Contains(text, "any moment from") {
			t.Errorf("it said:\n%s", text)
		}
		r.run(t, 0, "ssh", "systemctl stop rails-on-hetzner-wal && touch -d '2 hours ago' /var/lib/rails-on-hetzner/backup/wal.json")
		if text := r.typed(t, -1, "scripts/check"); !strings.Contains(text, "the last sign that PostgreSQL's log is received is 2 hours ago") {
			t.Errorf("it said:\n%s", text)
		}
		r.run(t, 0, "ssh", "systemctl start rails-on-hetzner-wal")
	})
	t.Run("DoesWhatTheDocumentationSays", func(t *testing.T) { r.runDocumented(t, "operations.md", "any moment") })
	t.Run("LosesLessThanAMinuteWithTheServer", func(t *testing.T) {
		r.runScript(t, "walloss.sh")
		r.runDocumented(t, "operations.md", "log from the bucket")
		r.run(t, 0, "database") // kamal accessory boot db
		r.runDocumented(t, "operations.md", "log to the server")
		lost := strings.TrimSpace(r.output(t, "ssh", "cat /root/lost"))
		moment, err := time.ParseDuration(lost + "us")
		if err != nil {
			t.Fatal(err)
		}
		t.Log(r.typed(t, 0, "scripts/restore --at '"+time.UnixMicro(moment.Microseconds()).UTC().Format("2006-01-02 15:04:05.000000 UTC")+"' --yes"))
		r.runScript(t, "walback.sh")
	})
	t.Run("KeepsItsSecrets", func(t *testing.T) { r.runScript(t, "walsecrets.sh") })
	t.Run("LeavesPostgreSQLAsItWas", func(t *testing.T) {
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
		r.pulumi(t, 0, "config", "set", "pointInTime", "false")
		r.pulumi(t, 0, "up", "--yes", "--skip-preview")
		r.runScript(t, "waloff.sh")
		r.typed(t, 0, "scripts/check")
	})
}
