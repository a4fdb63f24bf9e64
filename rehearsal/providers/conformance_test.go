package providers

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The answers in testdata are the published providers' own. To record them anew,
// name a plugin's executable:
//
//	go test ./providers -run Cloudflare -record .../pulumi-resource-cloudflare
var record = flag.String("record", "", "executable of a published plugin to record the answers of")

// scenario is the life of one resource, or a part of it, as the engine leads it.
type scenario struct {
	name  string
	token string
	steps []step
}

type step struct {
	does   string         // preview, create, update, refresh, import, delete or invoke
	inputs map[string]any // what the program asks for; of an import, after it
	first  func(stage)    // optional: what somebody else does before
	id     string         // what an import is given; default the resource's own
	within float64        // seconds that the resource is given to be made; default the provider's own
}

// stage is what a provider acts on. Its names are those in the scenario: the
// stage puts its own in their place.
type stage interface {
	actual(text string) string // with the stage's own names and addresses
	usual(text string) string  // the opposite
	calls() []call             // those since the last time
}

// call is one request as it arrives.
type call struct {
	Request string `json:"request"` // for an API method and path
	Status  string `json:"status,omitempty"`
	Body    any    `json:"body,omitempty"`
}

// answer is what one step led to.
type answer struct {
	Does     string   `json:"does"`
	Calls    []call   `json:"calls,omitempty"`
	Failures []string `json:"failures,omitempty"` // of the check
	Diff     *diff    `json:"diff,omitempty"`     // to what the program asks for
	ID       string   `json:"id,omitempty"`
	Inputs   any      `json:"inputs,omitempty"`
	State    any      `json:"state,omitempty"`
	Error    string   `json:"error,omitempty"`
	Partial  []string `json:"partial,omitempty"` // why what was made is not whole
	Logs     []string `json:"logs,omitempty"`
}

type diff struct {
	Changes     string            `json:"changes"`
	Details     map[string]string `json:"details,omitempty"`
	Replaces    []string          `json:"replaces,omitempty"`
	DeleteFirst bool              `json:"deleteBeforeReplace,omitempty"`
}

// recording is a file of testdata.
type recording struct {
	Provider string              `json:"provider"`
	How      string              `json:"how"`
	Answers  map[string][]answer `json:"answers"` // by scenario
}

// conforms plays the scenarios to the provider and compares with the recording.
func conforms(t *testing.T, name, upstream string, config map[string]any, scenarios []scenario, stageFor func(t *testing.T, s scenario) stage) {
	file := filepath.Join("testdata", name+"-"+providers[name].version+".json")
	e := attach(t, name)
	recorded := recording{
		Provider: name + " " + providers[name].version + " (" + upstream + ")",
		How:      "recorded call by call against the rehearsal's own stages; times, keys and identifiers are told by their kind",
		Answers:  map[string][]answer{},
	}
	if *record == "" {
		text, err := os.ReadFile(file)
		must(t, err)
		must(t, json.Unmarshal(text, &recorded))
	}
	e.configure(t, config)
	played := map[string]bool{}
	for _, s := range scenarios {
		played[s.name] = true
		t.Run(s.name, func(t *testing.T) {
			answers := e.play(t, s, stageFor(t, s))
			if *record != "" {
				recorded.Answers[s.name] = answers
				return
			}
			compare(t, answers, recorded.Answers[s.name])
		})
	}
	for s := range recorded.Answers {
		if !played[s] && !partly() {
			t.Errorf("the recording has %q, and nobody plays it", s)
		}
	}
	if *record != "" {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, append(indented(recorded), '\n'), 0o644))
	}
}

// partly tells whether only some scenarios were asked for.
func partly() bool { return strings.Contains(flag.Lookup("test.run").Value.String(), "/") }

func compare(t *testing.T, got, want []answer) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d steps, recorded are %d", len(got), len(want))
		return
	}
	for i := range got {
		g, w := string(indented(got[i])), string(indented(want[i]))
		if g != w {
			t.Errorf("step %d, %s: - is the published provider, + the stand-in\n%s", i+1, got[i].Does, lineDiff(w, g))
		}
	}
}

// lineDiff shows what only one of the texts has, in order.
func lineDiff(a, b string) string {
	before, after := strings.Split(a, "\n"), strings.Split(b, "\n")
	common := make([][]int, len(before)+1)
	for i := range common {
		common[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if before[i] == after[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var shown []string
	for i, j := 0, 0; i < len(before) || j < len(after); {
		switch {
		case i < len(before) && j < len(after) && before[i] == after[j]:
			i, j = i+1, j+1
		case j == len(after) || i < len(before) && common[i+1][j] >= common[i][j+1]:
			shown, i = append(shown, "- "+before[i]), i+1
		default:
			shown, j = append(shown, "+ "+after[j]), j+1
		}
	}
	return strings.Join(shown, "\n")
}

func indented(v any) []byte {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return []byte(strings.TrimSuffix(text.String(), "\n"))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// changed are inputs with others in the place of some; nil takes one away.
func changed(inputs map[string]any, with map[string]any) map[string]any {
	all := maps.Clone(inputs)
	for key, value := range with {
		all[key] = value
		if value == nil {
			delete(all, key)
		}
	}
	return all
}
