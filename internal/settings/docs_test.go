package settings

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/settings.md and Pulumi.prod.yaml tell of every setting that is read, and
// of no other.
func TestEverySettingIsDocumented(t *testing.T) {
	read := &recorder{values: map[string]string{"rails-on-hetzner:offsiteBucket": "bucket", "rails-on-hetzner:registry": "docker.io"}}
	_, _ = Load(read, Environment{Getenv: func(string) string { return "" }, ReadFile: os.ReadFile})
	read.values = map[string]string{"rails-on-hetzner:offsite": "hetzner"}
	_, _ = Load(read, Environment{Getenv: func(string) string { return "" }, ReadFile: os.ReadFile})
	table, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../Pulumi.prod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllSubmatch(table, -1) {
		documented = append(documented, string(row[1]))
	}
	for _, key := range read.keys {
		name := strings.TrimPrefix(key, "rails-on-hetzner:")
		if !slices.Contains(documented, name) {
			t.Errorf("docs/settings.md lacks %s", name)
		}
		if !strings.Contains(string(example), name) && !strings.HasPrefix(name, "hcloud:endpoint") && !strings.HasSuffix(name, "apiHostname") {
			t.Errorf("Pulumi.prod.yaml lacks %s", name)
		}
	}
	for _, name := range documented {
		if !slices.Contains(read.keys, name) && !slices.Contains(read.keys, "rails-on-hetzner:"+name) {
			t.Errorf("docs/settings.md tells of %s, which nothing reads", name)
		}
	}
}

// recorder notes which keys are asked for.
type recorder struct {
	values map[string]string
	keys   []string
}

func (r *recorder) Project() string                { return "rails-on-hetzner" }
func (r *recorder) Stack() string                  { return "prod" }
func (r *recorder) IsConfigSecret(key string) bool { return true }
func (r *recorder) GetConfig(key string) (string, bool) {
	if !slices.Contains(r.keys, key) {
		r.keys = append(r.keys, key)
	}
	value, ok := r.values[key]
	return value, ok
}
