package kamalfiles

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSetHost_ChangesOnlyTheHost(t *testing.T) {
	for name, text := range map[string]string{
		"a list by role":        "# top\nservers:\n  web:\n    - OLD # keep\n\n  # job:\n",
		"a plain list":          "service: x\nservers:\n  - OLD\n",
		"hosts below the role":  "servers:\n  web:\n    hosts:\n      - \"OLD\"\n    cmd: bin/rails s\n",
		"a flow list":           "servers: {web: ['OLD']}\n",
		"carriage returns":      "servers:\r\n  web:\r\n    - OLD\r\nimage: x\r\n",
		"letters of many bytes": "# ñandú\nservers: { \"web\": [ OLD ] } # café\n",
	} {
		t.Run(name, func(t *testing.T) {
			before := strings.ReplaceAll(text, "OLD", "192.168.0.1")
			want := strings.ReplaceAll(text, "OLD", "203.0.113.7")
			got, err := setHost([]byte(before), "203.0.113.7")
			if err != nil || string(got) != want {
				t.Errorf("got %q, %v\nwant %q", got, err, want)
			}
			again, err := setHost(got, "203.0.113.7")
			if err != nil || string(again) != want {
				t.Errorf("a second time it gives %q, %v", again, err)
			}
		})
	}
}

func TestSetHost_RefusesWhatItDoesNotUnderstand(t *testing.T) {
	const byHand = "; set the address by hand:\nservers:\n  web:\n    - 203.0.113.7"
	for text, message := range map[string]string{
		"service: x\n":                                   "there is no `servers:`" + byHand,
		"servers:\n  job:\n    - a\n":                    "there is no `web:` below `servers:`" + byHand,
		"servers:\n  web:\n    - a\n    - b\n":           "line 3: the role web does not have exactly one plain host" + byHand,
		"servers:\n  web:\n    - a: tag\n":               "line 3: the role web does not have exactly one plain host" + byHand,
		"servers:\n  web:\n    - &host a\n":              `line 3: "a" is not written plainly` + byHand,
		"servers:\n  web:\n    - \"a\\x2eb\"\n":          `line 3: "a.b" is not written plainly` + byHand,
		"servers:\n<% if x %>\n  web:\n\t- a\n<% end %>": "it cannot be read as YAML, perhaps because of ERB",
		"": "it holds no settings" + byHand,
	} {
		got, err := setHost([]byte(text), "203.0.113.7")
		if err == nil || !strings.HasPrefix(err.Error(), message) {
			t.Errorf("%q:\n got %q, %v\nwant %s", text, got, err, message)
		}
	}
}

func TestAddSecrets_AddsOnlyWhatIsMissing(t *testing.T) {
	wanted := map[string]string{"B": "$B", "A": "$(cat a)"}
	for before, after := range map[string]string{
		"":                             "A=$(cat a)\nB=$B\n",
		"# A=old\nexport B=$(op read)": "# A=old\nexport B=$(op read)\nA=$(cat a)\n",
		"A=1\r\n":                      "A=1\r\nB=$B\r\n",
		"A=1\nB = 2\n":                 "A=1\nB = 2\n",
	} {
		if got := addSecrets([]byte(before), wanted); string(got) != after {
			t.Errorf("%q gives %q, want %q", before, got, after)
		}
	}
}

func TestApply_WritesWholeFilesOnceAndKeepsTheirModes(t *testing.T) {
	dir := app(t)
	settings := Settings{ServerIP: "203.0.113.7", Secrets: map[string]string{"A": "$A"}}
	for run, want := range []string{"config/deploy.yml .kamal/secrets", ""} {
		plan, err := NewPlan(dir, settings)
		if err != nil {
			t.Fatal(err)
		}
		written, err := plan.Apply()
		if err != nil || strings.Join(written, " ") != want {
			t.Errorf("run %d wrote %q, %v; want %q", run, written, err, want)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "config", "deploy.yml"))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}

func TestApply_FollowsASymlinkAndKeepsIt(t *testing.T) {
	dir := app(t)
	link, target := filepath.Join(dir, "config", "deploy.yml"), filepath.Join(dir, "real.yml")
	if err := os.Rename(link, target); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../real.yml", link); err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan(dir, Settings{ServerIP: "203.0.113.7"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Apply(); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(target); !strings.Contains(string(text), "203.0.113.7") {
		t.Errorf("the target was not written: %q", text)
	}
	if info, _ := os.Lstat(link); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is a link no more")
	}
}

func TestApply_LeavesAFileThatWasEditedMeanwhile(t *testing.T) {
	dir := app(t)
	plan, err := NewPlan(dir, Settings{ServerIP: "203.0.113.7"})
	if err != nil {
		t.Fatal(err)
	}
	edited := []byte("servers: [edited]\n")
	if err := os.WriteFile(filepath.Join(dir, "config", "deploy.yml"), edited, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Apply(); err == nil || !strings.Contains(err.Error(), "config/deploy.yml was edited while the deployment ran") {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "config", "deploy.yml")); string(text) != string(edited) {
		t.Errorf("the edit is lost: %q", text)
	}
}

func TestDiff_ShowsTheChangeAndNothingWhenThereIsNone(t *testing.T) {
	plan, err := NewPlan(app(t), Settings{ServerIP: "203.0.113.7"})
	if err != nil || !strings.Contains(plan.Diff(), "-    - 192.168.0.1\n+    - 203.0.113.7\n") {
		t.Errorf("got %q, %v", plan.Diff(), err)
	}
	plan, err = NewPlan(app(t), Settings{ServerIP: "192.168.0.1"})
	if err != nil || plan.Diff() != "" {
		t.Errorf("got %q, %v", plan.Diff(), err)
	}
}

// app makes the directory of an app with the least that is edited.
func app(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "config"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config", "deploy.yml"), []byte("servers:\n  web:\n    - 192.168.0.1\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	return dir
}
