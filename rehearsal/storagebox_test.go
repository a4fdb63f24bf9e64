package main

import (
	"strings"
	"testing"

	"filippo.io/age"
)

// The off-site copy in a Storage Box that the stack makes.
func TestStorageBox(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, "test-box", "start", "--furnished", "--suite", "bookworm",
		"--config", "offsite=hetzner", "--config", "offsiteRecipient="+identity.Recipient().String(), "--config", "pointInTime=true")
	r.keepKey(t, identity)
	said := r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	if !strings.Contains(said, "3.20 for the Storage Box (bx11)") {
		t.Errorf("its price is not told:\n%s", said)
	}
	r.run(t, 0, "database")
	r.runScript(t, "appvolume.sh")
	t.Run("HoldsWhatIsWholeAndEncrypted", func(t *testing.T) { r.runScript(t, "box.sh") })
	r.atBoxes(t, `api "$box/snapshots" -X POST -d '{}'`)
	before := strings.TrimSpace(r.output(t, "ssh", "app-backup newest"))
	t.Run("IsRobbedAndFilledAgain", func(t *testing.T) { r.runScript(t, "boxrobbed.sh") })
	t.Run("GivesBackWhatWasThereBefore", func(t *testing.T) {
		text := r.typed(t, 0, "scripts/offsite-fetch --list")
		_, snapshot, found := strings.Cut(text, "snapshot ")
		if !found || !strings.Contains(text, before) || !strings.Contains(text, "the base of the log ") {
			t.Fatalf("the list is:\n%s", text)
		}
		snapshot, _, _ = strings.Cut(snapshot, "\n")
		// All that is not a snapshot; the log may come while it goes.
		r.atBoxes(t, "rm -rf ../boxes/*/home/backups/* 2>/dev/null || rm -rf ../boxes/*/home/backups/*")
		text = r.typed(t, 0, "scripts/drill backup.key --snapshot "+snapshot)
		if !strings.Contains(text, "all of it can be restored") || !strings.Contains(text, before) {
			t.Errorf("the drill said:\n%s", text)
		}
		r.typed(t, 0, "scripts/offsite-fetch backup.key fetched --log --snapshot "+snapshot+" && tar -c -C fetched . | scripts/backup receive && scripts/ssh pg-wal verify")
	})
	t.Run("IsUsedAsDocumented", func(t *testing.T) {
		r.run(t, 0, "ssh", "app-backup daily || app-backup daily") // the first finds that all is gone
		r.runDocumented(t, "operations.md", "storage box")
	})
	t.Run("ChangesNothingTheSecondTimeAndKeepsItsSecrets", func(t *testing.T) {
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
		password := strings.TrimSpace(r.pulumi(t, 0, "stack", "output", "storageBoxPassword", "--show-secrets"))
		if len(password) < 36 {
			t.Errorf("the password is %d characters long", len(password))
		}
		for where, text := range map[string]string{"export": r.pulumi(t, 0, "stack", "export"), "preview": r.pulumi(t, 0, "preview", "--diff"), "up": said} {
			if strings.Contains(text, password) || strings.Contains(text, "-Aa1") {
				t.Errorf("a password of the box is in clear in %s", where)
			}
		}
	})
	t.Run("GoesOnlyWhenItIsNotProtected", func(t *testing.T) {
		r.pulumi(t, 0, "config", "rm", "offsite")
		if text := r.pulumi(t, 1, "up", "--yes", "--skip-preview"); !strings.Contains(text, "protected") || !strings.Contains(r.atBoxes(t, `api "$box/subaccounts"`), `"username"`) {
			t.Errorf("it said:\n%s", text)
		}
		r.pulumi(t, 0, "config", "set", "offsite", "hetzner")
		r.pulumi(t, 0, "config", "set", "protect", "false")
		r.pulumi(t, 0, "up", "--yes", "--skip-preview")
		r.pulumi(t, 0, "config", "rm", "offsite")
		r.pulumi(t, 0, "up", "--yes", "--skip-preview")
		if text := r.atBoxes(t, `api ""`); !strings.Contains(text, `"storage_boxes":[]`) {
			t.Errorf("there is still one:\n%s", text)
		}
		if text := r.run(t, 0, "ssh", "ls /etc/rails-on-hetzner; app-backup daily"); strings.Contains(text, "known_hosts") || strings.Contains(text, "copied to") {
			t.Errorf("the server said:\n%s", text)
		}
	})
}

// atBoxes runs a script that can ask the API of Storage Boxes; the only box is $box.
func (r *running) atBoxes(t *testing.T, script string) string {
	t.Helper()
	return r.typed(t, 0, `
		api() { curl -sS -H "Authorization: Bearer $HCLOUD_TOKEN" -H 'Content-Type: application/json' "$HETZNER_ENDPOINT/storage_boxes$1" "${@:2}"; echo; }
		box=/$(api "" | grep -o '"id":[0-9]*' | head -n 1 | tr -dc 0-9)
		`+script)
}
