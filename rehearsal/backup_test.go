package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
)

// Backups are tested on a real server with Docker and a PostgreSQL in a
// container named and started as Kamal would.
func TestBackups(t *testing.T) {
	t.Parallel()
	r, identity := startWithBucket(t, "test-backups", bucketName+"/app", "--suite", "trixie", "--config", "timeZone=America/Tijuana", "--config", "backupHour=4")
	said := r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	if !strings.Contains(said, "backup: every day at 04:00 P") {
		t.Errorf("the schedule is not told:\n%s", said)
	}
	server := func(t *testing.T, code int, command string) string { t.Helper(); return r.run(t, code, "ssh", command) }
	onServer := func(t *testing.T, script string) { t.Helper(); r.runScript(t, script) }

	t.Run("SucceedsBeforeThereIsAnything", func(t *testing.T) {
		if text := server(t, 0, "app-backup daily; app-backup status"); !strings.Contains(text, "there is no container running_calendar-db yet") || !strings.Contains(text, "the app has no volume yet") || !strings.Contains(text, `"result":"waiting"`) {
			t.Errorf("it said:\n%s", text)
		}
	})
	r.run(t, 0, "database")
	server(t, 0, "pg-backup --help; pg-restore --help")
	t.Run("BringsEveryRowBack", func(t *testing.T) { onServer(t, "roundtrip.sh") })
	t.Run("CopiesOffSiteWhatOnlyTheKeyOpens", func(t *testing.T) {
		text := server(t, 0, "set=$(pg-backup newest); f=$set.running_calendar_production.dump; sha256sum < /opt/backups/postgres/$f; rclone --config /etc/rails-on-hetzner/rclone.conf cat offsite:backups/app/$f.age | base64 -w0")
		sum, encoded, _ := strings.Cut(text, "\n")
		checkOffsite(t, identity, strings.Fields(sum)[0], strings.TrimSpace(encoded))
	})
	t.Run("KeepsTheLastSevenDaysAndEveryManualOne", func(t *testing.T) { onServer(t, "rotation.sh") })
	t.Run("SurvivesBeingKilledAtAnyMoment", func(t *testing.T) { onServer(t, "killed.sh") })
	t.Run("FailsEarlyOnAFullDiskAndDeletesNothing", func(t *testing.T) { onServer(t, "fulldisk.sh") })
	t.Run("FillsNoDiskByVerifyingOrRestoring", func(t *testing.T) { onServer(t, "room.sh") })
	t.Run("RestoresAllDatabasesOrNoneAndKeepsWhatWasThere", func(t *testing.T) { onServer(t, "together.sh") })
	t.Run("SendsLaterWhatCouldNotBeSentOffSite", func(t *testing.T) { onServer(t, "offsite.sh") })
	t.Run("TakesForTheLatestWhatWasMadeLast", func(t *testing.T) { onServer(t, "times.sh") })
	t.Run("TakesBackFilesThatWereOnALaptop", func(t *testing.T) { onServer(t, "putback.sh") })
	t.Run("FailsVisiblyWhenTheContainerStops", func(t *testing.T) { onServer(t, "stopped.sh") })
	t.Run("WaitsForAnotherRun", func(t *testing.T) { onServer(t, "twice.sh") })
	t.Run("TellsTheMonitoringService", func(t *testing.T) { onServer(t, "ping.sh") })
	t.Run("IsFiredByCron", func(t *testing.T) { onServer(t, "cron.sh") })
	t.Run("IsFetchedAndRestoredFromTheDevelopersMachine", func(t *testing.T) {
		scripts := filepath.Join(r.status(t).Program, "scripts")
		inside := func(command string) string { return r.typed(t, 0, command) }
		if _, err := os.Stat(filepath.Join(scripts, "backup")); err != nil {
			t.Fatal(err)
		}
		if text := inside("scripts/backup && scripts/backup list && scripts/backup verify"); !strings.Contains(text, "verified") {
			t.Errorf("scripts/backup said:\n%s", text)
		}
		if text := inside("scripts/backups-fetch fetched && ls fetched"); !strings.Contains(text, ".roles.sql") {
			t.Errorf("scripts/backups-fetch said:\n%s", text)
		}
		if text := inside("scripts/restore latest --yes"); !strings.Contains(text, `restored "running_calendar_production"`) {
			t.Errorf("scripts/restore said:\n%s", text)
		}
	})
	t.Run("PrintsToPipesAndVariablesWithoutATerminalsCarriageReturns", func(t *testing.T) {
		// script(1) gives what it runs a real terminal.
		text := r.typed(t, 0, `SHELL=/bin/bash script -qec 'newest=$(scripts/backup newest); printf %q "$newest" >named; scripts/ssh printf "a\\nb\\n" >printed; scripts/ssh tty >terminal 2>&1; scripts/ssh tty' /dev/null </dev/null; cat named; od -An -c printed; cat terminal`)
		if !strings.Contains(text, "/dev/pts/") || !strings.Contains(text, "not a tty") || strings.Contains(text, `$'`) || !regexp.MustCompile(`a +\\n +b +\\n`).MatchString(text) {
			t.Errorf("it printed:\n%s", text)
		}
	})
	t.Run("DoesWhatTheDocumentationSays", func(t *testing.T) { r.runDocumented(t, "operations.md", "backups") })
	t.Run("RestoresOntoANewServerAfterTotalLoss", func(t *testing.T) { onServer(t, "totalloss.sh") })
	t.Run("ChangesNothingTheSecondTimeAndOneResourceForOneSetting", func(t *testing.T) {
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
		r.pulumi(t, 0, "config", "set", "backupHour", "5")
		text := r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--json")
		if updates := strings.Count(text, `"op":"update"`); !strings.Contains(server(t, 0, "cat /etc/cron.d/rails-on-hetzner-backup"), "\n0 5 * * * root") {
			t.Errorf("the hour did not change (%d updates)", updates)
		}
	})
	t.Run("KeepsItsSecrets", func(t *testing.T) {
		if text := server(t, 0, "stat -c '%a %n' /etc/rails-on-hetzner/* /opt/backups/postgres /opt/backups/postgres/*"); strings.Contains(text, "44 ") || strings.Contains(text, "55 /opt") {
			t.Errorf("others can read these:\n%s", text)
		}
		for where, text := range map[string]string{"export": r.pulumi(t, 0, "stack", "export"), "preview": r.pulumi(t, 0, "preview", "--diff"), "up": said} {
			if strings.Contains(text, bucketSecretKey) {
				t.Errorf("the bucket's key is in clear in %s", where)
			}
		}
	})
}

// startWithBucket starts a rehearsal whose backups are copied to a bucket, which
// is there; the key that opens them is the developer's, backup.key.
func startWithBucket(t *testing.T, name, bucket string, args ...string) (*running, *age.X25519Identity) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, name, append([]string{
		"start", "--furnished", "--config", "offsiteBucket=" + bucket, "--config", "offsiteEndpoint=http://" + bucketAddress,
		"--config", "offsiteRecipient=" + identity.Recipient().String(),
	}, args...)...)
	r.pulumi(t, 0, "config", "set", "--secret", "offsiteAccessKey", bucketAccessKey)
	r.pulumi(t, 0, "config", "set", "--secret", "offsiteSecretKey", bucketSecretKey)
	r.run(t, 0, "bucket")
	r.keepKey(t, identity)
	return r, identity
}

// keepKey puts the key that opens the copies where the documentation has it.
func (r *running) keepKey(t *testing.T, identity *age.X25519Identity) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.status(t).Program, "backup.key"), []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// runDocumented runs the blocks of a document that are marked for a topic.
func (r *running) runDocumented(t *testing.T, document, topic string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", document))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("<!-- tested: "+topic+" -->\n```sh\n((?s:.*?))```").FindAllSubmatch(text, -1)
	if len(blocks) == 0 {
		t.Fatalf("docs/%s has nothing marked for %s", document, topic)
	}
	for _, block := range blocks {
		text := r.runInput(t, 0, string(block[1]), "exec", "bash", "-c", "cd "+r.status(t).Program+` && block=$(cat) && exec bash -euo pipefail -xc "$block" </dev/null`) // ssh would read the commands that follow
		t.Log(text)
	}
}

// runScript runs a file of testdata/backup on the server.
func (r *running) runScript(t *testing.T, name string) {
	t.Helper()
	r.runFiles(t, "backup", "lib.sh", "ledger.sh", name)
}

// runFiles runs files of a directory of testdata as one script on the server. The
// last of them says PASSED.
func (r *running) runFiles(t *testing.T, directory string, names ...string) {
	t.Helper()
	var script strings.Builder
	for _, name := range names {
		script.WriteString(read(t, filepath.Join("testdata", directory, name)) + "\n")
	}
	text := r.runInput(t, 0, script.String(), "ssh", "cat >/root/test.sh; bash /root/test.sh </dev/null 2>&1 || echo FAILED")
	if strings.Contains(text, "FAILED") || !strings.Contains(text, "PASSED") {
		t.Errorf("%s:\n%s", strings.Join(names, ", "), text)
	} else {
		t.Log(strings.TrimSpace(text))
	}
}

func checkOffsite(t *testing.T, identity age.Identity, sum, encoded string) {
	t.Helper()
	encrypted, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(encrypted, []byte("PGDMP")) {
		t.Error("the copy is not encrypted")
	}
	reader, err := age.Decrypt(bytes.NewReader(encrypted), identity)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, reader); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", hash.Sum(nil)); got != sum {
		t.Errorf("the copy is %s, the backup %s", got, sum)
	}
}
