package kamal

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// What testdata/dotenv.json, scalars.json and refused.json say was asked of
// Kamal 2.12.0 itself, with dotenv 3.2.0 and Ruby 3.3.8.

func measured(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	check(t, err)
	check(t, json.Unmarshal(text, into))
}

func TestSecrets_AreReadAsKamalReadsThem(t *testing.T) {
	var cases []struct {
		File, Error string
		Entries     [][2]string
	}
	measured(t, "dotenv.json", &cases)
	for _, c := range cases {
		dir := t.TempDir()
		write(t, filepath.Join(dir, ".kamal", "secrets"), c.File, 0o600)
		s := &secrets{dir: dir, path: ".kamal/secrets", env: environment{"HOME=/home/you", "PATH=" + os.Getenv("PATH")}, stderr: &screen{}}
		all, err := s.all()
		if c.Error != "" {
			if err == nil || err.Error() != c.Error {
				t.Errorf("%q: got %v, wanted %s", c.File, err, c.Error)
			}
			continue
		}
		check(t, err)
		var got [][2]string
		for _, p := range all {
			got = append(got, [2]string{p.key, p.value.text()})
		}
		if !slices.Equal(got, c.Entries) {
			t.Errorf("%q:\ngot    %q\nwanted %q", c.File, got, c.Entries)
		}
	}
}

// Entries of the common file are there, but not as $VARIABLES of the other.
func TestSecrets_TheDestinationsFileTakesThePlaceOfThePlainOne(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".kamal", "secrets-common"), "A=common\nB=common\n", 0o600)
	write(t, filepath.Join(dir, ".kamal", "secrets"), "A=plain\nC=plain\n", 0o600)
	write(t, filepath.Join(dir, ".kamal", "secrets.staging"), "A=staging\nD=$B.\n", 0o600)
	s := &secrets{dir: dir, path: ".kamal/secrets", destination: "staging"}
	for name, wanted := range map[string]string{"A": "staging", "B": "common", "D": "."} {
		if got, err := s.get(name); got != wanted || err != nil {
			t.Errorf("%s is %q, %v; wanted %q", name, got, err, wanted)
		}
	}
	if _, err := s.get("C"); err == nil || err.Error() != "ERROR (Kamal::ConfigurationError): Secret 'C' not found in .kamal/secrets-common, .kamal/secrets.staging" {
		t.Errorf("got %v", err)
	}
}

func TestScalars_AreReadAsRubyReadsThem(t *testing.T) {
	var cases []struct{ YAML, Ruby string }
	measured(t, "scalars.json", &cases)
	for _, c := range cases {
		var document yaml.Node
		check(t, yaml.Unmarshal([]byte("k: "+c.YAML), &document))
		if got := (value{document.Content[0]}).get("k").text(); got != c.Ruby {
			t.Errorf("%s is %q, wanted %q", c.YAML, got, c.Ruby)
		}
	}
}

func TestDeployFile_IsRefusedInKamalsWords(t *testing.T) {
	var cases []struct{ Name, File, Error string }
	measured(t, "refused.json", &cases)
	for _, c := range cases {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "config", "deploy.yml"), c.File, 0o644)
		_, err := loadConfig(dir, "config/deploy.yml", "", "1", IO{Env: []string{}})
		if got := told(err); got != c.Error {
			t.Errorf("%s: got %q, wanted %q", c.Name, got, c.Error)
		}
	}
}

func told(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A destination's file goes over the other, mappings key by key.
func TestDeployFile_ADestinationsGoesOverIt(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "config", "deploy.yml"), "service: app\nimage: you/app\nservers: [192.0.2.1]\nregistry: {username: you, password: [P]}\nbuilder: {arch: amd64}\nenv: {clear: {A: 1, B: 2}}\n", 0o644)
	write(t, filepath.Join(dir, "config", "deploy.staging.yml"), "servers: [192.0.2.9]\nenv: {clear: {B: 3}}\n", 0o644)
	c, err := loadConfig(dir, "config/deploy.yml", "staging", "v1", IO{Env: []string{}})
	check(t, err)
	web := c.role("web")
	if hosts := strings.Join(web.hosts(), " "); hosts != "192.0.2.9" {
		t.Errorf("deploys to %s", hosts)
	}
	if got, wanted := web.envArgs("192.0.2.9"), `--env A="1" --env B="3" --env-file .kamal/apps/app-staging/env/roles/web.env`; got != wanted {
		t.Errorf("got %s, wanted %s", got, wanted)
	}
	if got := c.latestImage() + " " + web.containerName("v1"); got != "you/app:latest-staging app-web-staging-v1" {
		t.Errorf("got %s", got)
	}
}

func TestTemplates_KnowTheEnvironmentAndRefuseOtherRuby(t *testing.T) {
	env := environment{"HOST=example.com"}
	got, err := rendered("a: <%= ENV[\"HOST\"] %>\n# <%= ENV.fetch('HOST') -%>\n<%# no -%>\nb: <%% x %>\n", env)
	if wanted := "a: example.com\n# example.comb: <% x %>\n"; got != wanted || err != nil {
		t.Errorf("got %q, %v; wanted %q", got, err, wanted)
	}
	if _, err := rendered("a: <%= `hostname` %>\n", env); err == nil || !strings.Contains(err.Error(), "<%= `hostname` %>") {
		t.Errorf("got %v", err)
	}
}
