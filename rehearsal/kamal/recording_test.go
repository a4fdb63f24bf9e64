package kamal

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// recording is what the real Kamal did with one app (testdata/recorded).
type recording struct {
	Source    string
	Scenarios []scenario
}

type scenario struct {
	Name   string
	Args   []string
	Exit   int
	Output []string // without the lines that tell of commands
	Events []event
}

// event is one thing that happened: a command with its answer, an upload, a
// hook, or a command on the developer's machine.
type event struct {
	Host    string            `json:"host,omitempty"`
	Command string            `json:"command,omitempty"`
	PTY     bool              `json:"pty,omitempty"`
	Uploads []uploaded        `json:"uploads,omitempty"`
	Hook    string            `json:"hook,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	Local   string            `json:"local,omitempty"`
	Push    string            `json:"push,omitempty"`

	Stdout string `json:"stdout,omitempty"`
	Stderr string `json:"stderr,omitempty"`
	Exit   int    `json:"exit,omitempty"`
}

type uploaded struct {
	Path    string `json:"path,omitempty"`
	Mode    string `json:"mode,omitempty"`
	Content string `json:"content,omitempty"`
}

func recorded(t *testing.T, app string) recording {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "recorded", app+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// named is one scenario of an app.
func named(t *testing.T, app, name string) scenario {
	t.Helper()
	for _, s := range recorded(t, app).Scenarios {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("nothing is recorded of %s", name)
	return scenario{}
}

var buildOf = regexp.MustCompile(`^docker buildx build .*? -t (\S+) `)

// withoutLocalDocker has one push where Kamal built an image, and nothing else
// of what it does with the developer's own Docker.
func withoutLocalDocker(events []event) []event {
	var kept []event
	for _, e := range events {
		if image := buildOf.FindStringSubmatch(e.Local); image != nil {
			kept = append(kept, event{Push: image[1]})
		} else if e.Local == "" {
			kept = append(kept, e)
		}
	}
	return kept
}

// told is an event as one line, without its answer.
func (e event) told() string {
	e.Stdout, e.Stderr, e.Exit = "", "", 0
	text, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
}

// story is what happened, one line each; what is polled for stands once.
func story(events []event) []string {
	var lines []string
	for _, e := range withoutLocalDocker(events) {
		lines = append(lines, e.told())
	}
	return slices.Compact(lines)
}

var (
	lockDetails = regexp.MustCompile(`echo "([A-Za-z0-9+/=\n]{40,})"`)
	varying     = []struct {
		pattern *regexp.Regexp
		shown   string
	}{
		{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "TIME"},
		{regexp.MustCompile(`(--hostname \S+-)[0-9a-f]{12}\b`), "${1}RANDOM"},
		{regexp.MustCompile(`(-exec-\S+-)[0-9a-f]{6} `), "${1}RANDOM "},
		{regexp.MustCompile(`(_replaced_)[0-9a-f]{16}\b`), "${1}RANDOM"},
		{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "COMMIT"},
		{regexp.MustCompile(`(calendar@)[0-9a-f]{7}$`), "${1}COMMIT"},
	}
)

// settled replaces what is different each time, as in the recordings.
func settled(text string) string {
	text = lockDetails.ReplaceAllStringFunc(text, func(echo string) string {
		encoded := lockDetails.FindStringSubmatch(echo)[1]
		details, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || base64Lines(string(details)) != encoded {
			return echo
		}
		return `echo "BASE64(` + string(details) + `)"`
	})
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.shown)
	}
	return text
}

var (
	ofCommand = regexp.MustCompile(`^ *(INFO|DEBUG) \[[0-9a-f]{8}\] |Following logs on|Cloning repo|Resetting local clone|^\s*$`)
	someTime  = regexp.MustCompile(`in [0-9.]+ seconds`)
	ownPath   = regexp.MustCompile(`Uploading /\S+/running_calendar/`)
	aKey      = regexp.MustCompile(`SHA256:\S+`)
	aPage     = regexp.MustCompile(`Uploading \S+/(4..|5..)\.html`)
)

// settledOutput are the lines of an output that the recordings have.
func settledOutput(text string) []string {
	var lines []string
	for _, line := range strings.Split(settled(strings.ReplaceAll(text, "\r", "")), "\n") {
		if !ofCommand.MatchString(line) {
			line = someTime.ReplaceAllString(strings.TrimRight(line, " "), "in N seconds")
			line = aKey.ReplaceAllString(ownPath.ReplaceAllString(line, "Uploading APP/"), "FINGERPRINT")
			lines = append(lines, aPage.ReplaceAllString(line, "Uploading error pages/$1.html"))
		}
	}
	return slices.Compact(lines)
}
