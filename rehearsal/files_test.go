package main

import (
	"strings"
	"testing"

	"filippo.io/age"
)

// The app's files: uploads and SQLite databases, on the server, off-site and at
// the developer's.
func TestFiles(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, "test-files", "start", "--suite", "bookworm",
		"--config", "offsiteBucket="+bucketName, "--config", "offsiteEndpoint=http://"+bucketAddress,
		"--config", "offsiteRecipient="+identity.Recipient().String())
	r.pulumi(t, 0, "config", "set", "--secret", "offsiteAccessKey", bucketAccessKey)
	r.pulumi(t, 0, "config", "set", "--secret", "offsiteSecretKey", bucketSecretKey)
	r.run(t, 0, "bucket")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	r.run(t, 0, "database")
	t.Run("ComeBackAsTheyWere", func(t *testing.T) { r.runScript(t, "files.sh") })
	t.Run("GoHomeAndComeBack", func(t *testing.T) {
		r.runScript(t, "appvolume.sh")
		r.runHere(t, "fileshome.sh")
		r.runDocumented(t, "operations.md", "files")
	})
	t.Run("AreFetchedFromTheBucketAsDocumented", func(t *testing.T) {
		r.runInput(t, 0, identity.String(), "ssh", "mkdir -p home && cat >home/backup.key")
		set := strings.TrimSpace(r.output(t, "ssh", "app-backup newest"))
		commands := strings.NewReplacer("set=SET", "set="+set, "BUCKET", bucketName).Replace(documented(t, "operations.md", "from the bucket"))
		text := r.runInput(t, 0, commands, "ssh", "cd home && RCLONE_CONFIG=/etc/rails-on-hetzner/rclone.conf bash -euo pipefail -s && rm -rf /opt/backups/*/* && tar -c -C backups . | app-backup receive && app-backup verify")
		if !strings.Contains(text, "verified the files of "+set) || !strings.Contains(text, "verified "+set) {
			t.Errorf("it said:\n%s", text)
		}
	})
	t.Run("AreAllThatIsBackedUpWithoutPostgreSQL", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set", "database", "none")
		r.pulumi(t, 0, "up", "--yes", "--skip-preview")
		text := r.run(t, 0, "exec", "bash", "-c", "cd "+r.status(t).Program+" && scripts/backup && scripts/backup verify && scripts/check")
		if strings.Contains(text, "backed up 1 databases") || !strings.Contains(text, "backed up 1 volumes") {
			t.Errorf("it said:\n%s", text)
		}
	})
}
