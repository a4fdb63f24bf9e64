package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The app moves to a new server with all that is in it, and back; what went wrong in
// between is gone on with.
func TestReplacingTheServer(t *testing.T) {
	t.Parallel()
	r := start(t, "test-replace", "up", "--suite", "trixie", "--config", "certificate=cloudflare-origin", "--config", "sshUser=kamal")
	r.run(t, 0, "deploy")
	visitor := newVisitor(t, r)
	visitor.keepsRowsAndUploads(t)
	photo, err := visitor.get("/runs/1")
	if err != nil {
		t.Fatal(photo)
	}
	keeps := func(where string) {
		t.Helper()
		if text, err := visitor.get("/"); err != nil || !strings.HasPrefix(text, "1 runs") {
			t.Errorf("%s: %v: %s", where, err, text)
		}
		if text, err := visitor.get("/runs/1"); err != nil || text != photo {
			t.Errorf("%s: %v: %.100s", where, err, text)
		}
	}
	ip := func(stack string) string {
		return strings.TrimSpace(r.pulumi(t, 0, "stack", "output", "ip", "--stack", stack))
	}
	replace := func(code int, env, args string) string {
		t.Helper()
		text := r.withKamal(t, code, "export "+env+" && scripts/replace "+args)
		t.Log(text)
		return text
	}

	if text := replace(1, "NOTHING=", "--location nbg1"); !strings.Contains(text, "nobody is there to say yes") {
		t.Errorf("it said:\n%s", text)
	}
	// Kamal is refused by the registry: the data is there, the app is not, and the names stay.
	replace(1, "KAMAL_REGISTRY_PASSWORD=wrong", "--location nbg1 --yes")
	text := replace(0, "NOTHING=", strings.TrimSpace(strings.TrimPrefix(documented(t, "guide.md", "replace"), "scripts/replace"))+" --yes")
	if !strings.Contains(text, "replace: running_calendar was away for ") {
		t.Errorf("it does not tell for how long:\n%s", text)
	}
	if r.answers(t, []string{"A " + domain + " " + ip("rehearsal-2"), "A www." + domain + " " + ip("rehearsal-2")}); ip("rehearsal-2") == ip("rehearsal") {
		t.Error("there is no second server")
	}
	keeps("on the new server")
	replace(0, "NOTHING=", "--to rehearsal-2 --yes") // and once more: nothing is moved again
	keeps("after another run")

	replace(0, "NOTHING=", "--back rehearsal --yes")
	r.answers(t, []string{"A " + domain + " " + ip("rehearsal"), "A www." + domain + " " + ip("rehearsal")})
	keeps("back on the old server")
	if deploy, err := os.ReadFile(filepath.Join(r.status(t).App, "config", "deploy.yml")); err != nil || !strings.Contains(string(deploy), "- "+ip("rehearsal")+"\n") {
		t.Errorf("the app's file does not name the old server (%v):\n%s", err, deploy)
	}
	for _, stack := range []string{"rehearsal-2", "rehearsal"} {
		r.pulumi(t, 0, "config", "set", "protect", "false", "--stack", stack)
	}
}
