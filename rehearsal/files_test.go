package main

import (
	"os"
	"path/filepath"
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
		if err := os.WriteFile(filepath.Join(r.status(t).Program, "backup.key"), []byte(identity.String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		set := strings.TrimSpace(r.output(t, "ssh", "app-backup newest && rm -rf /opt/backups/*/*"))
		r.runDocumented(t, "operations.md", "from the bucket")
		text := r.run(t, 0, "exec", "bash", "-c", "cd "+r.status(t).Program+" && tar -c -C backups . | scripts/backup receive && scripts/backup verify")
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
