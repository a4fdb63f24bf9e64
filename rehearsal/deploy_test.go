package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The app is deployed by Kamal and answers through Cloudflare, and all that a
// developer does next works: with a certificate of Let's Encrypt, and as a user who
// is not root.
func TestDeployWithLetsEncrypt(t *testing.T) {
	t.Parallel()
	r := start(t, "test-deploy", "up", "--suite", "trixie", "--config", "sshUser=kamal")
	t.Run("StopsBeforeAnythingIsTouchedWithoutItsSecrets", func(t *testing.T) { r.stopsWithoutSecrets(t) })
	said := r.run(t, 0, "deploy")
	first := page.FindStringSubmatch(said)
	if first == nil || strings.Count(said, " through the edge: 0 runs, version ") != 2 {
		t.Fatalf("both names are not seen:\n%s", said)
	}
	visitor := newVisitor(t, r)
	t.Run("TellsPostgreSQLOfTheServersMemory", func(t *testing.T) {
		text := r.run(t, 0, "ssh", "docker exec running_calendar-db psql -U postgres -tAc 'show shared_buffers'; docker exec running_calendar-db df -m --output=size /dev/shm")
		if fields := strings.Fields(text); len(fields) != 3 || fields[0] != "512MB" || fields[2] != "256" {
			t.Errorf("of a server with 4 GB it has %q", text)
		}
	})
	t.Run("KeepsRowsAndUploads", func(t *testing.T) { visitor.keepsRowsAndUploads(t) })
	t.Run("LosesNoRequestAtTheNextDeploy", func(t *testing.T) {
		if requests := visitor.losesNone(t, func() { r.run(t, 0, "deploy") }); requests < 10 {
			t.Errorf("only %d requests were made", requests)
		}
	})
	t.Run("GoesBackToTheVersionBefore", func(t *testing.T) {
		r.run(t, 0, "kamal", "rollback", first[1])
		if text, err := visitor.get("/"); err != nil || !strings.Contains(text, "version "+first[1]) {
			t.Errorf("%v: %s", err, text)
		}
	})
	t.Run("ShowsLogsAndGivesAConsole", func(t *testing.T) {
		if text := r.run(t, 0, "kamal", "app", "logs", "--lines", "200"); !strings.Contains(text, `Started GET "/"`) {
			t.Errorf("the logs:\n%s", text)
		}
		if text := r.runInput(t, 0, "puts \"there are #{Run.count}\"\n", "kamal", "console"); !strings.Contains(text, "there are 1") {
			t.Errorf("the console:\n%s", text)
		}
	})
	t.Run("BringsRowsAndUploadsBackFromABackup", func(t *testing.T) {
		photo, err := visitor.get("/runs/1")
		if err != nil {
			t.Fatal(photo)
		}
		r.run(t, 0, "ssh", "app-backup")
		r.run(t, 0, "kamal", "app", "exec", "--reuse", `bin/rails runner 'Run.find(1).photo.purge; Run.delete_all'`)
		if text, err := visitor.get("/runs/1"); err == nil {
			t.Fatalf("it is still there: %.100s", text)
		}
		r.run(t, 0, "ssh", "app-restore latest --yes && app-backup verify")
		if text, err := visitor.get("/runs/1"); err != nil || text != photo {
			t.Errorf("%v: %.100s", err, text)
		}
		if text, err := visitor.get("/"); err != nil || !strings.HasPrefix(text, "1 runs") {
			t.Errorf("%v: %s", err, text)
		}
	})
	t.Run("AnswersAgainAfterAReboot", func(t *testing.T) {
		r.run(t, -1, "ssh", "reboot")
		time.Sleep(3 * time.Second)
		visitor.await(t, 90*time.Second)
		if text := r.run(t, 0, "ssh", "docker logs running_calendar-db 2>&1 | grep 'database system was' | tail -n 1; docker info --format {{.LiveRestoreEnabled}}"); !strings.Contains(text, "database system was shut down at") || !strings.HasSuffix(text, "true\n") {
			t.Errorf("the database was not stopped in order, or containers would not survive Docker's next restart:\n%s", text)
		}
	})
	t.Run("IsNothingForPulumiToChange", func(t *testing.T) {
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
	})
}

// The same with Cloudflare's certificate, and nobody but Cloudflare let in.
func TestDeployWithCloudflaresCertificate(t *testing.T) {
	t.Parallel()
	r := start(t, "test-deploy-cf", "up", "--suite", "bookworm", "--config", "certificate=cloudflare-origin")
	r.run(t, 0, "deploy")
	visitor := newVisitor(t, r)
	for what, claims := range map[string][]string{"as he is": nil, "as somebody else": {"-H", "X-Forwarded-For: 192.0.2.66, 203.0.113.9"}} {
		if text, err := visitor.get("/", claims...); err != nil || !strings.Contains(text, "for 198.18.0.220 by https") {
			t.Errorf("a visitor who comes %s: %v: %s", what, err, text)
		}
	}
	visitor.keepsRowsAndUploads(t)
	visitor.finds(t, map[int]bool{80: false, 443: false}, "198.18.0.10") // past Cloudflare
	r.run(t, 0, "deploy")
	if text, err := visitor.get("/"); err != nil || !strings.HasPrefix(text, "1 runs") {
		t.Errorf("after the next deploy: %v: %s", err, text)
	}
	r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
	t.Run("FromCI", func(t *testing.T) { r.deploysFromCI(t, visitor) })
	t.Run("AsAUserOfItsOwn", func(t *testing.T) { r.goesOverToAUserOfItsOwn(t, visitor) })
}

// page is what `rehearse deploy` tells of the page that it looked at.
var page = regexp.MustCompile(`through the edge: \d+ runs, version ([0-9a-f]{40}),`)

// stopsWithoutSecrets breaks one after another of what .kamal/secrets needs.
func (r *running) stopsWithoutSecrets(t *testing.T) {
	t.Helper()
	at := r.status(t)
	masterKey := filepath.Join(at.App, "config", "master.key")
	key := read(t, masterKey)
	for what, c := range map[string]struct {
		env, told string
		before    func() error
	}{
		"no registry token":   {"KAMAL_REGISTRY_PASSWORD=", "KAMAL_REGISTRY_PASSWORD", nil},
		"a wrong passphrase":  {"PULUMI_CONFIG_PASSPHRASE_FILE=/dev/null", "POSTGRES_PASSWORD", nil},
		"no stack":            {"PULUMI_BACKEND_URL=file:///var/empty", "POSTGRES_PASSWORD", nil},
		"an empty master key": {"NOTHING=", "RAILS_MASTER_KEY", func() error { return os.WriteFile(masterKey, nil, 0o600) }},
	} {
		if c.before != nil {
			if err := c.before(); err != nil {
				t.Fatal(err)
			}
		}
		text, err := r.command("exec", "env", "HOME="+filepath.Join(at.Directory, "home"), "KAMAL_REGISTRY_PASSWORD=set", c.env, "kamal", "setup", "--skip-push", "--version=none").CombinedOutput()
		if err == nil || !strings.Contains(string(text), c.told) || strings.Contains(string(text), " on 198.18.0.10") {
			t.Errorf("%s: %v:\n%s", what, err, text)
		}
		if err := os.WriteFile(masterKey, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
