package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What people bring from another server, and what they take home.
func TestDumpsFromElsewhere(t *testing.T) {
	t.Parallel()
	r := start(t, "test-elsewhere", "up", "--furnished", "--suite", "trixie")
	r.run(t, 0, "database")
	t.Run("GetInWholeOrNotAtAll", func(t *testing.T) { r.runScript(t, "import.sh") })
	t.Run("ComeFromTheDevelopersMachineAndTheBackupGoesThere", func(t *testing.T) { r.runHere(t, "athome.sh") })
}

// runHere runs a file of testdata/backup where the developer is, in the program's
// directory.
func (r *running) runHere(t *testing.T, name string) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("testdata", "backup", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r.runInput(t, 0, string(script), "exec", "bash", "-c", "cd "+r.status(t).Program+` && script=$(cat) && exec bash -euo pipefail -c "$script" </dev/null`))
}
