package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// setup answers by flags, by what is set, or by what is typed; it checks each
// answer at once, and stores secrets as secrets.
func TestSetup(t *testing.T) {
	t.Parallel()
	r := start(t, "test-setup", "start")
	file := filepath.Join(r.status(t).Program, "Pulumi.prod.yaml")
	setup := func(code int, more string) string {
		t.Helper()
		return r.run(t, code, "exec", "bash", "-c", `cd ../program && export GOCACHE="$(go env GOCACHE)" GOMODCACHE="$(go env GOMODCACHE)" && HOME="$PWD/../home" && mkdir -p "$HOME/.ssh" && `+more)
	}
	stored := func() string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}

	if text := setup(1, "HCLOUD_TOKEN="+strings.Repeat("a", 64)+" scripts/setup </dev/null"); !strings.Contains(text, "hcloud:token: Hetzner does not know the token") {
		t.Errorf("a token that was deleted is not told:\n%s", text)
	}
	text := setup(1, "scripts/setup </dev/null")
	for _, part := range []string{"domain: not set", "give it with --domain", "githubUser: not set", "publicKeys: not set"} {
		if !strings.Contains(text, part) {
			t.Errorf("this is not told with the rest: %s\n%s", part, text)
		}
	}
	for what, c := range map[string][2]string{
		"a malformed answer":      {"scripts/setup --domain https://" + domain, `domain: got "https://` + domain + `"`},
		"a location that is none": {"scripts/setup --location mars", `location: got "mars", accepted are ash`},
		"a flag that is none":     {"scripts/setup --colour red", "flag provided but not defined: -colour"},
	} {
		if text := setup(1, c[0]+" </dev/null"); !strings.Contains(text, c[1]) {
			t.Errorf("%s is not told: %s", what, text)
		}
	}
	text = setup(0, "cp ../ssh/id_ed25519.pub ~/.ssh/ && scripts/setup --domain "+domain+" --github-user octocat </dev/null")
	if !strings.Contains(text, "cpx21 in hil, a month: 9.49 EUR before tax") || !strings.Contains(text, "the zone "+domain+" is active") {
		t.Errorf("what was checked is not told:\n%s", text)
	}
	first := stored()
	for _, token := range []string{hetznerToken, cloudflareToken} {
		if strings.Contains(first+text, token) {
			t.Error("a token is stored or shown in clear")
		}
	}
	for _, part := range []string{"appPath: ../app", "service: running_calendar", "githubUser: octocat", "pulumi:tags:\n    app: running_calendar\n", "hcloud:token:\n    secure: ", "cloudflare:apiToken:\n    secure: "} {
		if !strings.Contains(first, part) {
			t.Errorf("not stored: %s\n%s", part, first)
		}
	}
	if setup(0, "scripts/setup </dev/null"); stored() != first {
		t.Errorf("a second run changed the settings:\n%s", stored())
	}
	// At a terminal: a wrong domain, asked again, and then a location in Europe.
	typed := strings.Join([]string{"", "", "my domain", "", "", "", "", "nbg1", "", "", ""}, "\n")
	text = setup(0, "printf '"+strings.ReplaceAll(typed, "\n", `\n`)+"' | timeout 60 script -qec scripts/setup /dev/null")
	if !strings.Contains(text, `domain: got "my domain"`) || !strings.Contains(text, "cx23 in nbg1, a month: 3.99 EUR") || strings.Contains(text, hetznerToken) {
		t.Errorf("the conversation:\n%s", text)
	}
	if !strings.Contains(stored(), "location: nbg1") {
		t.Errorf("the answer is not stored:\n%s", stored())
	}
	if text := setup(0, "pulumi preview --stack prod"); !strings.Contains(text, "to create") {
		t.Errorf("what setup stored does not do:\n%s", text)
	}
	// The other way to begin, with the repository as a template.
	text = setup(0, `mkdir ../mine && cd ../mine && pulumi new ../program --yes --name mine --stack first \
		-c appPath=../app -c service=running_calendar -c domain=`+domain+` -c githubUser=octocat && cat Pulumi.first.yaml && pulumi preview --stack first`)
	for _, part := range []string{"mine:location: hil", "mine:serverType: auto", "mine:publicKeys: ~/.ssh/id_ed25519.pub", "to create"} {
		if !strings.Contains(text, part) {
			t.Errorf("of pulumi new this is missing: %s\n%s", part, text)
		}
	}
}
