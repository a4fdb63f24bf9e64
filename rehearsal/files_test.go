package main

import (
	"strings"
	"testing"
)

// The app's files: uploads and SQLite databases, on the server, off-site and at
// the developer's.
func TestFiles(t *testing.T) {
	t.Parallel()
	r, _ := startWithBucket(t, "test-files", bucketName, "--suite", "bookworm")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	r.run(t, 0, "database")
	t.Run("ComeBackAsTheyWere", func(t *testing.T) { r.runScript(t, "files.sh") })
	t.Run("GoHomeAndComeBack", func(t *testing.T) {
		r.runScript(t, "appvolume.sh")
		r.runHere(t, "fileshome.sh")
		r.runDocumented(t, "operations.md", "files")
	})
	t.Run("AreFetchedFromTheBucketAsDocumented", func(t *testing.T) {
		set := strings.TrimSpace(r.output(t, "ssh", "app-backup newest && rm -rf /opt/backups/*/*"))
		r.runDocumented(t, "operations.md", "from the bucket")
		text := r.typed(t, 0, "tar -c -C backups . | scripts/backup receive && scripts/backup verify")
		if !strings.Contains(text, "verified the files of "+set) || !strings.Contains(text, "verified "+set) {
			t.Errorf("it said:\n%s", text)
		}
	})
	t.Run("AreRebuiltInADrillFromTheBucketAlone", func(t *testing.T) {
		r.run(t, 0, "ssh", "rm -rf /opt/backups/*/*")
		drill := func(code int) string {
			return r.typed(t, code, documented(t, "operations.md", "drill"))
		}
		text := drill(0)
		for _, want := range []string{"running_calendar_production: 1 tables, 1 rows, ", ", the newest row of 2", " 0 hours ago\n", "files: 1, ", "all of it can be restored"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in:\n%s", want, text)
			}
		}
		if left := r.output(t, "ssh", "ls -A /opt/backups/*/; docker ps -a --format '{{.Names}}'"); strings.Contains(left, "Z-") || strings.Contains(left, "partial") || strings.Contains(left, "apart") {
			t.Errorf("it left:\n%s", left)
		}
		r.run(t, 0, "ssh", "rclone --config /etc/rails-on-hetzner/rclone.conf delete offsite:"+bucketName+"/files --include '*.tar.zst.age'")
		if text := drill(-1); strings.Contains(text, "can be restored") || !strings.Contains(text, "could not be fetched") {
			t.Errorf("without an archive in the bucket it said:\n%s", text)
		}
	})
	t.Run("AreAllThatIsBackedUpWithoutPostgreSQL", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set", "database", "none")
		r.pulumi(t, 0, "up", "--yes", "--skip-preview")
		// Of the bucket, the drill left nothing that can be read.
		text := r.typed(t, 1, "scripts/backup && scripts/backup verify")
		_, mend, told := strings.Cut(text, "to have all sent again: ")
		mend, rest, _ := strings.Cut(mend, " and ")
		if !told || !strings.HasPrefix(rest, "scripts/backup\n") {
			t.Fatalf("without an archive in the bucket it said:\n%s", text)
		}
		text = r.typed(t, 0, mend+" && scripts/backup && scripts/backup verify")
		if strings.Contains(text, "backed up 1 databases") || !strings.Contains(text, "backed up 1 volumes") {
			t.Errorf("it said:\n%s", text)
		}
		// What has the volume here serves no page.
		if text := r.typed(t, 1, "scripts/check"); !strings.HasSuffix(text, "\nfailed: not as it should be: site, certificate\n") {
			t.Errorf("it said:\n%s", text)
		}
	})
}
