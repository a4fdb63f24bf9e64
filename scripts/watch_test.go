package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// watcher is server-watch in a directory of its own. Its checks fail when there
// is a file of their name, and say what is in it; messages go to a file, unless
// the receiver is away.
type watcher struct{ dir string }

func newWatcher(t *testing.T) watcher {
	t.Helper()
	w := watcher{t.TempDir()}
	watch := text("watch/server-watch")
	before, after, found := strings.Cut(watch, "\nusage() {")
	if !found {
		t.Fatal("server-watch has no usage")
	}
	// Between what it sources and what it does.
	w.write(t, "server-watch", before+`
STATE=$PWD WATCH=$PWD/watch OUTBOX=$PWD/watch/outbox WATCH_SETTINGS=$PWD/conf SECONDS_TO_SECOND_LOOK=0
CHECKS=(disk site clock)
for name in "${CHECKS[@]}"; do
    eval "check_$name() { [[ ! -e $name ]] || fail \"\$(<$name)\"; ! ls passes-$name 2>/dev/null || { rm passes-$name; fail passing; }; say fine; }"
done
note_oom() { :; }
tell_logins() { :; }
post() { [[ ! -e away ]] && { echo "to <$1>"; cat; } >>sent; }

usage() {`+after)
	w.write(t, "conf", "HOST=example.com ALERT_URL=x ALERT_FORMAT=text\n")
	return w
}

func (w watcher) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (w watcher) remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
		t.Fatal(err)
	}
}

// look is one run; it returns what was sent.
func (w watcher) look(t *testing.T) string {
	t.Helper()
	library, err := filepath.Abs("server")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "server-watch")
	cmd.Dir, cmd.Env = w.dir, append(os.Environ(), "RAILS_ON_HETZNER_LIBRARY="+library)
	if output, err := cmd.CombinedOutput(); err != nil && !strings.Contains(string(output), "it is tried again with the next look") {
		t.Fatalf("%v: %s", err, output)
	}
	sent, _ := os.ReadFile(filepath.Join(w.dir, "sent"))
	_ = os.Remove(filepath.Join(w.dir, "sent"))
	return string(sent)
}

func TestWatch_TellsOnceWhenItBeginsAndOnceWhenItIsOver(t *testing.T) {
	w := newWatcher(t)
	if sent := w.look(t); sent != "" {
		t.Errorf("all is well, and it said %s", sent)
	}
	w.write(t, "disk", "91% is used")
	if sent := w.look(t); !strings.HasPrefix(sent, "to <>\n") || !strings.Contains(sent, "WRONG disk: 91% is used\n") {
		t.Errorf("it said %q", sent)
	}
	w.write(t, "disk", "92% is used")
	if sent := w.look(t); sent != "" {
		t.Errorf("it said again %q", sent)
	}
	w.write(t, "site", "down")
	if sent := w.look(t); !strings.Contains(sent, "WRONG site: down") || strings.Contains(sent, "disk") {
		t.Errorf("of another it said %q", sent)
	}
	w.remove(t, "disk")
	w.remove(t, "site")
	if sent := w.look(t); sent != "" {
		t.Errorf("at the first sign that it is over it said %q", sent)
	}
	w.write(t, "site", "down") // up and down
	if sent := w.look(t); strings.Contains(sent, "site") || !strings.Contains(sent, "over  disk, which began ") {
		t.Errorf("then it said %q", sent)
	}
	w.remove(t, "site")
	w.look(t)
	if sent := w.look(t); !strings.Contains(sent, "over  site, which began ") || !strings.Contains(sent, ": fine\n") {
		t.Errorf("in the end it said %q", sent)
	}
	if sent := w.look(t); sent != "" {
		t.Errorf("and then %q", sent)
	}
}

func TestWatch_LeavesOutWhatPassesAndWhatNobodyWantsToKnow(t *testing.T) {
	w := newWatcher(t)
	w.write(t, "passes-site", "")
	w.write(t, "conf", "ALERT_URL=x ALERT_FORMAT=text ALERT_EXCEPT='clock logins'\n")
	w.write(t, "clock", "wrong")
	if sent := w.look(t); sent != "" {
		t.Errorf("it said %q", sent)
	}
}

func TestWatch_KeepsWhatCouldNotBeSent(t *testing.T) {
	w := newWatcher(t)
	w.write(t, "away", "")
	w.write(t, "disk", "91% is used")
	w.look(t)
	w.remove(t, "disk")
	w.look(t)
	w.look(t)
	w.remove(t, "away")
	sent := w.look(t)
	if strings.Index(sent, "WRONG disk: 91% is used") > strings.Index(sent, "over  disk") || strings.Count(sent, "to <>") != 2 {
		t.Errorf("it said %q", sent)
	}
}

func TestWatch_TellsHealthchecksAtEachLook(t *testing.T) {
	w := newWatcher(t)
	w.write(t, "conf", "ALERT_URL=x ALERT_FORMAT=healthchecks\n")
	for _, want := range []string{"to <>\nall is well\n", "to </fail>\ndisk: 91%\n", "to </fail>\ndisk: 91%\n"} {
		if sent := w.look(t); sent != want {
			t.Errorf("it said %q, not %q", sent, want)
		}
		w.write(t, "disk", "91%")
	}
	w.remove(t, "disk")
	if sent := w.look(t); sent != "to <>\nall is well\n" {
		t.Errorf("in the end it said %q", sent)
	}
}

func TestWatch_SaysItAsTheReceiverTakesIt(t *testing.T) {
	for format, want := range map[string]string{
		"slack":   `{"text": "example.com: wrong: disk\nWRONG disk: \"91%\" \u00e4\n\nAll of it: scripts/check"}` + "\n",
		"discord": `{"content": "example.com: wrong: disk\nWRONG disk: \"91%\" \u00e4\n\nAll of it: scripts/check"}` + "\n",
	} {
		w := newWatcher(t)
		w.write(t, "conf", "HOST=example.com ALERT_URL=x ALERT_FORMAT="+format+"\n")
		w.write(t, "disk", `"91%" ä`)
		if sent := w.look(t); sent != "to <>\n"+want {
			t.Errorf("%s is told %q, not %q", format, sent, want)
		}
	}
}
