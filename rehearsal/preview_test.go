package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A mistake is something that a newcomer gets wrong, and what the preview says
// of it. make does it and returns what takes it back.
type mistake struct {
	what string
	make func() (undo func())
	told string
}

// Each of these would make a first deploy fail. The preview tells of it, and
// what mends it, before anything is made.
func TestPreviewTellsOfEveryMistake(t *testing.T) {
	t.Parallel()
	r := start(t, "test-preview", "start")
	w := world{t, r}
	mistakes := slices.Concat(w.settings(), w.tokens(), w.app(), w.zone(), w.forGood())
	if len(mistakes) < 25 {
		t.Errorf("only %d mistakes are tried", len(mistakes))
	}
	if text := r.pulumi(t, 0, "preview"); strings.Contains(text, "warning:") {
		t.Errorf("something is told of a sound beginning:\n%s", text)
	}
	for _, m := range mistakes {
		t.Run(m.what, func(t *testing.T) {
			undo := m.make()
			defer undo()
			text := r.pulumi(t, -1, "preview")
			if !strings.Contains(text, m.told) {
				t.Errorf("it is not told %q:\n%s", m.told, text)
			}
			t.Logf("| %s | %s |", m.what, line(text, m.told))
		})
	}
	t.Run("SeveralAtOnce", func(t *testing.T) {
		several := []mistake{w.settings()[0], w.tokens()[1], w.app()[1], w.zone()[0]}
		for _, m := range several {
			defer m.make()()
		}
		text := r.pulumi(t, -1, "preview")
		for _, m := range several {
			if !strings.Contains(text, m.told) {
				t.Errorf("this is not told with the others: %s:\n%s", m.what, text)
			}
		}
	})
	calls, err := os.ReadFile(filepath.Join(r.status(t).Logs, "cloud-calls.jsonl"))
	if err != nil || strings.Contains(string(calls), `"POST","path":"/v1/`) {
		t.Errorf("something was made at Hetzner (%v)", err)
	}
}

// world is where mistakes are made: one rehearsal.
type world struct {
	t *testing.T
	r *running
}

func (w world) settings() []mistake {
	missing := filepath.Join(w.t.TempDir(), "none.pub")
	nothing := filepath.Join(w.t.TempDir(), "nothing.pub")
	w.write(nothing, "no key\n")
	return []mistake{
		{"a backup hour of 25", w.config("backupHour", "25"), `backupHour: got "25", accepted is a whole number from 0 to 23; mend it with: pulumi config set backupHour 3`},
		{"no GitHub user", w.config("githubUser", ""), "githubUser: not set, needed is a GitHub user or organisation in lower case, e.g. octocat; set it with: pulumi config set githubUser octocat"},
		{"a GitHub user in capitals", w.config("githubUser", "Octocat"), `githubUser: got "Octocat", accepted is a GitHub user or organisation in lower case`},
		{"a URL instead of a domain", w.config("domain", "https://"+domain), `domain: got "https://` + domain + `", accepted is a domain name in lower case without https:// and path`},
		{"a domain that is none", w.config("domain", "running_calendar"), `domain: got "running_calendar", accepted is a domain name`},
		{"a zone that does not hold the domain", w.config("zone", "example.com"), `zone: got "example.com", accepted is the Cloudflare zone that holds ` + domain},
		{"a service with capitals", w.config("service", "RunningCalendar"), `service: got "RunningCalendar", accepted is lower-case letters, digits, - and _`},
		{"a public key that is not there", w.config("publicKeys", missing), "publicKeys: cannot read " + missing + "; accepted are public keys or paths of .pub files; make a key with: ssh-keygen -t ed25519"},
		{"the private key instead", w.config("publicKeys", "../ssh/id_ed25519"), "publicKeys: ../ssh/id_ed25519 is a private key, which must never leave your machine; accepted is the public one: pulumi config set publicKeys ../ssh/id_ed25519.pub"},
		{"a file without a key", w.config("publicKeys", nothing), "publicKeys: line 1 of " + nothing + " holds no public key"},
		{"networks that are none", w.config("sshNetworks", "home"), `sshNetworks: got "home", accepted are addresses and networks such as 203.0.113.7`},
		{"a directory without Kamal's files", w.config("appPath", w.t.TempDir()), "with Kamal's files; mend it with: pulumi config set appPath DIRECTORY, or make the files with `kamal init` in the app"},
		{"a password in clear", w.config("postgresPassword", strings.Repeat("x", 20)), "postgresPassword: it is stored in clear in the stack's settings file; store a new one encrypted: pulumi config set --secret postgresPassword"},
		{"an unknown location", w.config("location", "mars"), `location: got "mars", accepted are ash, fsn1, hel1, hil, nbg1, sin`},
		{"an unknown server type", w.config("serverType", "cx99"), `serverType: "cx99" is not a server type the provider has; location "hil" sells `},
		{"a type that the location does not sell", w.config("serverType", "cx23"), `serverType: "cx23" is not sold in location "hil"`},
		{"an image that is not there", w.config("image", "ubuntu-99.04"), `image: "ubuntu-99.04" is not an image that Hetzner has; it has ubuntu-22.04, ubuntu-24.04`},
	}
}

func (w world) tokens() []mistake {
	const page = "https://dash.cloudflare.com/profile/api-tokens"
	return []mistake{
		{"a Hetzner token cut off", w.config("--secret", "hcloud:token", "abc"), "hcloud:token: the value (3 characters, not shown) is not accepted, accepted is a Hetzner Cloud API token of 64 letters and digits; set it with: pulumi config set --secret hcloud:token"},
		{"a Hetzner token that was deleted", w.config("--secret", "hcloud:token", strings.Repeat("a", 64)), "hcloud:token: Hetzner does not know the token; make one at https://console.hetzner.com"},
		{"a Hetzner token in clear", w.config("hcloud:token", strings.Repeat("a", 64)), "hcloud:token: it is stored in clear in the stack's settings file"},
		{"a Hetzner token that may only read", w.fault("token-read-only", "token-without-nothing"), "hcloud:token: the token may only read; make one with Read & Write at https://console.hetzner.com"},
		{"Cloudflare's global key instead of a token", w.config("--secret", "cloudflare:apiToken", strings.Repeat("a", 37)), "cloudflare:apiToken: the value (37 characters, not shown) is not accepted, accepted is a Cloudflare API token of at least 40 characters (not the global API key)"},
		{"a Cloudflare token that was deleted", w.config("--secret", "cloudflare:apiToken", strings.Repeat("b", 40)), "cloudflare:apiToken: Cloudflare does not know the token; make one at " + page},
		{"a Cloudflare token without Zone:Read", w.fault("token-without-Zone:Read", "token-without-nothing"), `zone: the token sees no zone "` + domain + `"`},
		{"a Cloudflare token without DNS:Edit", w.fault("token-without-DNS:Edit", "token-without-nothing"), "cloudflare:apiToken: the token lacks the permission DNS:Edit for the zone " + domain + "; add it at " + page},
		{"a Cloudflare token without Zone Settings:Edit", w.fault("token-without-Zone-Settings:Edit", "token-without-nothing"), "cloudflare:apiToken: the token lacks the permission Zone Settings:Edit for the zone " + domain + "; add it at " + page},
	}
}

func (w world) app() []mistake {
	return []mistake{
		{"a deploy.yml that is no YAML", w.appFile("config/deploy.yml", "service: [running_calendar\n"), "config/deploy.yml: it cannot be read as YAML: "},
		{"another service in deploy.yml", w.appFile("config/deploy.yml", "service: shop\nimage: shop\nservers:\n  web:\n    - 192.168.0.1\n"), `config/deploy.yml: line 1: the service is "shop" here and "running_calendar" in the stack's settings; make them equal (pulumi config set service shop)`},
		{"no master key", w.appFile("config/master.key", ""), "config/master.key: it is missing or empty, and RAILS_MASTER_KEY comes from it; copy it from where the app was made, or make one: bin/rails credentials:edit"},
		{"a master key under git", func() func() {
			w.r.run(w.t, 0, "exec", "git", "add", "-f", "config/master.key")
			return func() { w.r.run(w.t, 0, "exec", "git", "reset", "-q", "config/master.key") }
		}, "config/master.key: git tracks it, so everyone with the repository can decrypt the app's credentials; run: git rm --cached config/master.key"},
		{"no Dockerfile", w.appFile("Dockerfile", ""), "Dockerfile: there is none, and Kamal builds the image from it"},
		{"a secret in .kamal/secrets", w.appFile(".kamal/secrets", "KAMAL_REGISTRY_PASSWORD=ghp_abcdefghijklmnop\n"), ".kamal/secrets: line 1: KAMAL_REGISTRY_PASSWORD stands there in clear, and this file is committed"},
		{"a database that the app would not find", w.appFile("config/database.yml", "production:\n  adapter: postgresql\n  database: x\n"), "config/database.yml: production would not reach the database; below `production:` (with several databases: `primary:`) it must say:"},
		{"a log without a database", func() func() {
			log, none := w.config("pointInTime", "true")(), w.config("database", "none")()
			return func() { log(); none() }
		}, "pointInTime: true, but the app has no PostgreSQL beside it whose log could be kept; take the setting out: pulumi config rm pointInTime"},
		{"changes that are not committed", func() func() {
			w.r.run(w.t, 0, "exec", "bash", "-c", "echo '# a thought' >>config/deploy.yml")
			return func() { w.r.run(w.t, 0, "exec", "git", "checkout", "-q", "config/deploy.yml") }
		}, "config/deploy.yml: it has changes that are not committed, and pulumi up will change it further; commit them first"},
	}
}

func (w world) zone() []mistake {
	return []mistake{
		{"a record that is there already", w.record(`{"type":"A","name":"` + domain + `","content":"192.0.2.1","proxied":true}`), "dnsTakeover: there is a record already, " + domain + " A 192.0.2.1 (proxied); to replace it: pulumi config set dnsTakeover true; to adopt it as it is, its ID is "},
		{"an alias for www", w.record(`{"type":"CNAME","name":"www","content":"example.net","proxied":false}`), "dnsTakeover: there is a record already, www." + domain + " CNAME example.net (not proxied)"},
		{"IPv6 that leads elsewhere", w.record(`{"type":"AAAA","name":"` + domain + `","content":"2001:db8::7","proxied":false}`), "certificate: " + domain + " AAAA 2001:db8::7 is not proxied and not this server"},
		{"certificates by others only (CAA)", w.record(`{"type":"CAA","name":"` + domain + `","data":{"flags":0,"tag":"issue","value":"digicert.com"}}`), "certificate: the zone's CAA records allow only digicert.com"},
		{"Always Use HTTPS", func() func() {
			w.r.askZone(w.t, "PATCH", "settings/always_use_https", `{"value":"on"}`)
			return func() { w.r.askZone(w.t, "PATCH", "settings/always_use_https", `{"value":"off"}`) }
		}, "certificate: Always Use HTTPS is on in the zone"},
		{"a zone that is not active yet", w.fault("zone-pending", "zone-active"), "is pending at Cloudflare, not active; at your registrar set the name servers "},
		{"a domain that is not at Cloudflare", w.config("domain", "unknown.example"), `zone: the token sees no zone "unknown.example"; add the domain to Cloudflare first, or give the token the permission Zone:Read for it`},
	}
}

// forGood are those that cannot be taken back; they come last.
func (w world) forGood() []mistake {
	return []mistake{
		{"an empty list of Cloudflare's networks", func() func() {
			undo := w.config("originLock", "true")()
			w.r.run(w.t, 0, "fault", "networks-none")
			return undo
		}, "originLock: Cloudflare's list of its networks is empty, which would close the app to everyone"},
		{"a rule that redirects", w.fault("zone-redirect", "zone-active"), "certificate: the redirect rule with the expression not ssl"},
		{"a page rule that redirects", w.fault("zone-page-rule", "zone-active"), "certificate: the page rule for http://" + domain + "/* (always_use_https) would redirect"},
	}
}

// config sets a setting, or with "" removes it, and puts back what there was.
func (w world) config(args ...string) func() func() {
	return func() func() {
		key, value := args[len(args)-2], args[len(args)-1]
		before := strings.TrimSpace(w.r.pulumi(w.t, -1, "config", "get", key))
		had := !strings.HasPrefix(before, "error")
		if value == "" {
			w.r.pulumi(w.t, 0, "config", "rm", key)
		} else {
			w.r.pulumi(w.t, 0, append([]string{"config", "set"}, args...)...)
		}
		return func() {
			if had {
				w.r.pulumi(w.t, 0, "config", "set", key, before)
			} else {
				w.r.pulumi(w.t, 0, "config", "rm", key)
			}
		}
	}
}

func (w world) fault(name, back string) func() func() {
	return func() func() {
		w.r.run(w.t, 0, "fault", name)
		return func() { w.r.run(w.t, 0, "fault", back) }
	}
}

// appFile gives a file of the app another content, or with "" takes it away.
func (w world) appFile(path, content string) func() func() {
	return func() func() {
		path := filepath.Join(w.r.status(w.t).App, path)
		before, err := os.ReadFile(path)
		if content == "" {
			err = os.Remove(path)
		} else {
			w.write(path, content)
		}
		return func() {
			if err != nil {
				os.Remove(path)
			} else {
				w.write(path, string(before))
			}
		}
	}
}

func (w world) write(path, content string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) record(body string) func() func() {
	return func() func() {
		_, rest, _ := strings.Cut(w.r.askZone(w.t, "POST", "dns_records", body), `"id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		if id == "" {
			w.t.Fatal("the record could not be made: " + body)
		}
		return func() { w.r.askZone(w.t, "DELETE", "dns_records/"+id, "") }
	}
}

// line returns the line of a text that holds a part, for the table of messages.
func line(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return strings.TrimSpace(line)
		}
	}
	return fmt.Sprintf("(not told: %s)", part)
}
