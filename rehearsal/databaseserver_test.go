package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The app's database moves to a server of its own with all that is in it, its jobs
// to another, and what guards them goes along.
func TestDatabaseOnAServerOfItsOwn(t *testing.T) {
	t.Parallel()
	r := start(t, "test-apart", "up", "--suite", "bookworm", "--config", "certificate=cloudflare-origin", "--config", "jobServers=1", "--config", "timeZone=America/Tijuana")
	r.run(t, 0, "deploy")
	visitor := newVisitor(t, r)
	visitor.keepsRowsAndUploads(t)
	deploy := read(t, filepath.Join(r.status(t).App, "config", "deploy.yml"))
	if servers := r.servers(t); !strings.Contains(deploy, "  job:\n    hosts:\n      - "+servers["job-1"]+"\n") || strings.Contains(deploy, "\n    SOLID_QUEUE_IN_PUMA") {
		t.Errorf("with a server for jobs deploy.yml is:\n%s", deploy)
	}
	if text := r.typed(t, 0, "scripts/ssh job-1 docker ps --format {{.Names}}"); !strings.HasPrefix(text, "running_calendar-job-") {
		t.Errorf("on job-1 runs %q", text)
	}
	move := func(code int, env string) string {
		t.Helper()
		command, _, _ := strings.Cut(documented(t, "growing.md", "database"), "\n")
		text := r.withKamal(t, code, "export "+env+" && "+command+" --yes")
		t.Log(text)
		return text
	}
	keeps := func(when string) {
		t.Helper()
		if text, err := visitor.get("/"); err != nil || !strings.HasPrefix(text, "1 runs") {
			t.Errorf("%s: %v: %s", when, err, text)
		}
	}
	// Kamal is stopped by its hook, before the app is.
	move(1, "KAMAL_REGISTRY_PASSWORD= ")
	keeps("after a move that failed")
	if text := move(0, "NOTHING="); !strings.Contains(text, "move-database: running_calendar was away for ") {
		t.Errorf("it does not tell for how long:\n%s", text)
	}
	keeps("after the move")
	const jobs = `for _ in {1..60}; do text=$(docker logs --tail 1 "$(docker ps -q --filter label=role=job)" 2>&1); [[ $text != *"1 runs"* ]] || break; sleep 1; done; echo "$text"`
	if text := r.typed(t, 0, "scripts/ssh job-1 bash -c "+quoted(jobs)); !strings.Contains(text, "jobs: 1 runs") {
		t.Errorf("the jobs say %q", text)
	}
	if text := r.typed(t, 0, "scripts/ssh web-1 docker ps --format {{.Names}}"); strings.Contains(text, "running_calendar-db") {
		t.Errorf("the old database runs still:\n%s", text)
	}
	r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")

	t.Run("IsReachedInThePrivateNetworkAlone", func(t *testing.T) {
		stranger := newOutsider(t, r, "stranger", "198.18.0.202/24")
		stranger.finds(t, map[int]bool{22: true, 80: false, 443: false, 5432: false}, r.servers(t)["database"])
		const ask = `timeout 5 bash -c "exec 3<>/dev/tcp/10.0.1.3/5432" && echo open || echo shut`
		for _, name := range []string{"web-1", "job-1"} {
			if text := r.typed(t, 0, "scripts/ssh "+name+" bash -c "+quoted(ask)+" 2>/dev/null"); strings.TrimSpace(text) != "open" {
				t.Errorf("from %s it is %s", name, text)
			}
		}
		const docker = `timeout 5 bash -c "exec 3<>/dev/tcp/10.0.1.11/22" && echo open || echo shut; timeout 5 bash -c "exec 3<>/dev/tcp/10.0.1.11/443" && echo open || echo shut`
		if text := r.typed(t, 0, "scripts/ssh database bash -c "+quoted(docker)+" 2>/dev/null"); text != "open\nshut\n" {
			t.Errorf("from the database, SSH and the web of web-1 are %q", text)
		}
	})
	t.Run("IsBackedUpWhereItIs", func(t *testing.T) {
		text := r.typed(t, 0, "scripts/backup && scripts/backup list && scripts/backup verify")
		t.Log(text)
		if !strings.Contains(text, "running_calendar_production") || !strings.Contains(text, "running_calendar_storage") {
			t.Errorf("backed up is:\n%s", text)
		}
		photo, err := visitor.get("/runs/1")
		if err != nil {
			t.Fatal(photo)
		}
		r.run(t, 0, "kamal", "app", "exec", "--reuse", "--roles=web", `bin/rails runner 'Run.find(1).photo.purge; Run.delete_all'`)
		if text, err := visitor.get("/runs/1"); err == nil {
			t.Fatalf("it is still there: %.100s", text)
		}
		r.typed(t, 0, "scripts/restore latest --yes")
		if text, err := visitor.get("/runs/1"); err != nil || text != photo {
			t.Errorf("%v: %.100s", err, text)
		}
	})
	t.Run("IsLookedAfter", func(t *testing.T) {
		text := r.typed(t, 0, "scripts/check")
		for _, part := range []string{"== web-1\n", "== database\n", "== job-1\n", "5432 from the private network", "visitors do not come to this server"} {
			if !strings.Contains(text, part) {
				t.Errorf("scripts/check lacks %q:\n%s", part, text)
			}
		}
	})
	t.Run("HasTheServerForItself", func(t *testing.T) {
		const ask = "docker exec running_calendar-db psql -U postgres -tAc 'show shared_buffers'"
		if text := r.typed(t, 0, "scripts/ssh database bash -c "+quoted(ask)); text != "1GB\n" {
			t.Errorf("of a server with 4 GB it has %q", text)
		}
		for name := range r.servers(t) {
			if text := r.typed(t, 0, "scripts/ssh "+name+" date +%Z"); !strings.HasPrefix(text, "P") {
				t.Errorf("%s has the time zone %q", name, text)
			}
		}
	})
	t.Run("IsNotDeletedByASlip", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set", "databaseServer", "false")
		text := r.pulumi(t, -1, "preview")
		r.pulumi(t, 0, "config", "set", "databaseServer", "true")
		if !strings.Contains(text, "databaseServer: false, but the app's database is on the server running-calendar-database, which would be deleted") {
			t.Errorf("the preview:\n%s", text)
		}
	})
	t.Run("ComesBackAfterAReboot", func(t *testing.T) {
		r.typed(t, -1, "scripts/ssh database reboot")
		time.Sleep(5 * time.Second)
		visitor.await(t, 90*time.Second)
	})
}
