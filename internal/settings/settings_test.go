package settings

import (
	"errors"
	"io/fs"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+h9hZ2NOGvq8GeOHRJ5dgZhUonc2oHkN8DARrt6Px9 you@laptop"

func TestLoad_FillsInTheDefaults(t *testing.T) {
	got, err := load(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Settings{
		ProjectDir: "/work/infra", Project: "rails-on-hetzner", Stack: "prod",
		Service: "running_calendar", Domain: "example.com", Zone: "example.com", WWW: true, DNSTakeover: TakeoverNever, Registry: GitHubRegistry, RegistryUser: "octocat", AppPath: "/work/app", EditApp: true,
		ServerName: "running-calendar", Location: "hil", Image: "ubuntu-24.04", Protect: true, PublicKeys: []string{publicKey}, SSHUser: Root, WebServers: 1, BackupHour: 3, BackupKeep: 7, BackupFiles: true, Swap: true, DatabaseMemory: true, Tidy: true, DockerUpdates: true, Certificate: LetsEncrypt, HetznerToken: strings.Repeat("h", 64), CloudflareToken: strings.Repeat("c", 40),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLoad_TakesTheZoneFromASubdomain(t *testing.T) {
	got, err := load(map[string]string{"domain": "runs.example.co.uk"})
	if err != nil || got.Zone != "example.co.uk" || got.WWW {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLoad_LetsDeployKeysRunCommandsOnly(t *testing.T) {
	got, err := load(map[string]string{"deployKeys": `["` + publicKey + `", "from=\"203.0.113.7\" ` + publicKey + `"]`})
	if want := []string{"restrict " + publicKey, `restrict,from="203.0.113.7" ` + publicKey}; err != nil || !reflect.DeepEqual(got.DeployKeys, want) {
		t.Errorf("got %q, %v", got.DeployKeys, err)
	}
}

func TestLoad_NamesTheServerAsItIsTold(t *testing.T) {
	got, err := load(map[string]string{"serverName": "running-calendar-2"})
	if err != nil || got.ServerName != "running-calendar-2" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := load(map[string]string{"serverName": "running_calendar"}); err == nil || err.Error() != `serverName: got "running_calendar", accepted is a host's name, of lower-case letters, digits and -, e.g. running-calendar; mend it with: pulumi config set serverName running-calendar` {
		t.Errorf("%v", err)
	}
}

func TestLoad_TakesAUserWhomUseraddTakes(t *testing.T) {
	for given, accepted := range map[string]bool{"kamal": true, "deploy_1": true, "root": true, "Kamal": false, "1st": false, "a b": false, "a;b": false} {
		_, err := load(map[string]string{"sshUser": given})
		if want := `sshUser: got "` + given + `", accepted is a user's name, of lower-case letters, digits, - and _, e.g. kamal; or root; mend it with: pulumi config set sshUser kamal`; accepted != (err == nil) || err != nil && err.Error() != want {
			t.Errorf("%s: %v", given, err)
		}
	}
}

func TestLoad_ReadsListsBothWays(t *testing.T) {
	for _, given := range []string{`["203.0.113.7","2001:db8::/32"]`, "203.0.113.7, 2001:db8::/32"} {
		got, err := load(map[string]string{"sshNetworks": given})
		if err != nil || len(got.SSHNetworks) != 2 || got.SSHNetworks[0].String() != "203.0.113.7/32" {
			t.Errorf("%s: got %+v, %v", given, got, err)
		}
	}
}

func TestLoad_ReadsEveryKeyOfAFileAndKeepsItsOptions(t *testing.T) {
	const restricted = `command="scripts/report, daily",no-pty,from="203.0.113.7,2001:db8::/32" ` + publicKey
	const from = `from="203.0.113.7,2001:db8::/32" ` + publicKey
	for _, c := range []struct {
		given string
		want  []string
	}{
		{"~/.ssh/team.pub", []string{publicKey, restricted, "restrict " + publicKey}},
		{"~/.ssh/id_ed25519.pub, ~/.ssh/team.pub", []string{publicKey, publicKey, restricted, "restrict " + publicKey}},
		{from + ", " + publicKey, []string{from, publicKey}},
		{`[` + strconv.Quote(restricted) + `, ` + strconv.Quote(publicKey) + `]`, []string{restricted, publicKey}},
		{publicKey + "\n" + from, []string{publicKey, from}},
	} {
		if got, err := load(map[string]string{"publicKeys": c.given}); err != nil || !reflect.DeepEqual(got.PublicKeys, c.want) {
			t.Errorf("%s:\n got %q, %v\nwant %q", c.given, got.PublicKeys, err, c.want)
		}
	}
}

func TestLoad_SpellsANetworkInOneWay(t *testing.T) {
	for given, want := range map[string]string{
		"203.0.113.7": "203.0.113.7/32", "203.0.113.7/32": "203.0.113.7/32", "203.0.113.7/24": "203.0.113.0/24", "::ffff:203.0.113.7": "203.0.113.7/32",
		"2001:DB8:0:0::1": "2001:db8::1/128", "2001:db8::1/64": "2001:db8::/64",
	} {
		if got, err := load(map[string]string{"sshNetworks": given}); err != nil || got.SSHNetworks[0].String() != want {
			t.Errorf("%s: got %v, %v; want %s", given, got.SSHNetworks, err, want)
		}
	}
}

func TestLoad_SaysWhatWasGivenWhatIsAcceptedAndHowToMendIt(t *testing.T) {
	for _, c := range []struct{ key, value, message string }{
		{"service", "", "service: not set, needed is lower-case letters, digits, - and _, e.g. running_calendar; set it with: pulumi config set service running_calendar"},
		{"service", "Running Calendar", `service: got "Running Calendar", accepted is lower-case letters, digits, - and _, e.g. running_calendar; mend it with: pulumi config set service running_calendar`},
		{"domain", "https://example.com/", `domain: got "https://example.com/", accepted is a domain name in lower case without https:// and path, e.g. example.com; mend it with: pulumi config set domain example.com`},
		{"zone", "other.com", `zone: got "other.com", accepted is the Cloudflare zone that holds example.com; mend it with: pulumi config set zone example.com`},
		{"www", "yes", `www: got "yes", accepted is true or false; mend it with: pulumi config set www true`},
		{"githubUser", "Octo Cat", `githubUser: got "Octo Cat", accepted is a GitHub user or organisation in lower case, e.g. octocat; mend it with: pulumi config set githubUser octocat`},
		{"registry", "Docker Hub", `registry: got "Docker Hub", accepted is ghcr.io, local (Kamal's own, without an account), or another registry's host name, e.g. docker.io; mend it with: pulumi config set registry ghcr.io`},
		{"registry", "docker.io", "registryUser: not set, needed is the user of the registry, as in its login; set it with: pulumi config set registryUser octocat"},
		{"registryUser", "octocat", `registryUser: got "octocat", but the registry is ghcr.io, which does not need it; delete it with: pulumi config rm registryUser`},
		{"database", "mysql", `database: got "mysql", accepted is accessory, external or none; mend it with: pulumi config set database accessory`},
		{"appPath", "../nowhere", `appPath: got "../nowhere", but there is no config/deploy.yml in /work/nowhere, accepted is the directory of a Rails app with Kamal's files; mend it with: pulumi config set appPath DIRECTORY, or make the files with ` + "`kamal init`" + ` in the app`},
		{"location", "Hillsboro, OR", `location: got "Hillsboro, OR", accepted is a name as Hetzner spells it, lower-case letters and digits; mend it with: pulumi config set location hil`},
		{"image", "windows-11", `image: got "windows-11", accepted is an Ubuntu or Debian image name, e.g. ubuntu-24.04; mend it with: pulumi config set image ubuntu-24.04`},
		{"publicKeys", "~/.ssh/missing.pub", "publicKeys: cannot read ~/.ssh/missing.pub; accepted are public keys or paths of .pub files; make a key with: ssh-keygen -t ed25519, or name yours with: pulumi config set publicKeys ~/.ssh/NAME.pub"},
		{"publicKeys", "~/.ssh/id_ed25519", "publicKeys: ~/.ssh/id_ed25519 is a private key, which must never leave your machine; accepted is the public one: pulumi config set publicKeys ~/.ssh/id_ed25519.pub"},
		{"publicKeys", "ssh-ed25519 nonsense", `publicKeys: line 1 of the key text given holds no public key; accepted is a line such as "ssh-ed25519 AAAA... you@laptop"; mend it with: pulumi config set publicKeys ~/.ssh/id_ed25519.pub`},
		{"publicKeys", "team-with-a-slip.pub", `publicKeys: line 3 of team-with-a-slip.pub holds no public key; accepted is a line such as "ssh-ed25519 AAAA... you@laptop"; mend it with: pulumi config set publicKeys ~/.ssh/id_ed25519.pub`},
		{"publicKeys", "nobody.pub", `publicKeys: nobody.pub holds no public key; accepted is a line such as "ssh-ed25519 AAAA... you@laptop"; mend it with: pulumi config set publicKeys ~/.ssh/id_ed25519.pub`},
		{"sshNetworks", "0.0.0.0/0", `sshNetworks: got "0.0.0.0/0", accepted are addresses and networks such as 203.0.113.7 or 2001:db8::/32 (for everyone: pulumi config rm sshNetworks); mend it with: pulumi config set sshNetworks 203.0.113.7`},
		{"sshNetworks", "fe80::1%eth0", `sshNetworks: got "fe80::1%eth0", accepted are addresses and networks such as 203.0.113.7 or 2001:db8::/32 (for everyone: pulumi config rm sshNetworks); mend it with: pulumi config set sshNetworks 203.0.113.7`},
		{"sshNetworks", "home", `sshNetworks: got "home", accepted are addresses and networks such as 203.0.113.7 or 2001:db8::/32 (for everyone: pulumi config rm sshNetworks); mend it with: pulumi config set sshNetworks 203.0.113.7`},
		{"postgresImage", "postgres", `postgresImage: got "postgres", accepted is an image with its tag, e.g. postgres:16; mend it with: pulumi config set postgresImage postgres:16`},
		{"timeZone", "Tijuana time", `timeZone: got "Tijuana time", accepted is a time zone's name, e.g. America/Tijuana; mend it with: pulumi config set timeZone America/Tijuana`},
		{"offsiteBucket", "My Bucket", `offsiteBucket: got "My Bucket", accepted is a bucket, perhaps with a prefix, e.g. my-backups/running_calendar; mend it with: pulumi config set offsiteBucket my-backups/running_calendar
offsiteAccessKey: not set, needed is a key of the bucket's provider; set it with: pulumi config set --secret offsiteAccessKey
offsiteSecretKey: not set, needed is a key of the bucket's provider; set it with: pulumi config set --secret offsiteSecretKey
offsiteRecipient: not set, needed is an age public key (make one with: age-keygen -o backup.key), not the private one; set it with: pulumi config set offsiteRecipient age1...`},
		{"offsite", "hetzner", `offsiteRecipient: not set, needed is an age public key (make one with: age-keygen -o backup.key), not the private one; set it with: pulumi config set offsiteRecipient age1...`},
		{"offsite", "bucket", `offsite: got "bucket", accepted is hetzner, for a Storage Box that the stack makes (for a bucket of your own set offsiteBucket instead); mend it with: pulumi config set offsite hetzner`},
		{"certificate", "selfsigned", `certificate: got "selfsigned", accepted is letsencrypt or cloudflare-origin; mend it with: pulumi config set certificate letsencrypt`},
		{"webServers", "0", `webServers: got "0", accepted is a whole number from 1 to 25; mend it with: pulumi config set webServers 1`},
		{"webServers", "3", `certificate: got "letsencrypt" with webServers: 3, and Kamal has certificates obtained for one server only (https://kamal-deploy.org/docs/configuration/proxy/#ssl); accepted is cloudflare-origin then; mend it with: pulumi config set certificate cloudflare-origin`},
		{"dnsTakeover", "yes", `dnsTakeover: got "yes", accepted is false, later or true; mend it with: pulumi config set dnsTakeover false`},
		{"rebootTime", "4am", `rebootTime: got "4am", accepted is a time of day as HH:MM, e.g. 04:30; mend it with: pulumi config set rebootTime 04:30`},
		{"backupHour", "24", `backupHour: got "24", accepted is a whole number from 0 to 23; mend it with: pulumi config set backupHour 3`},
		{"backupKeep", "all", `backupKeep: got "all", accepted is a whole number from 1 to 365; mend it with: pulumi config set backupKeep 7`},
		{"postgresPassword", "secret:pa$$word", "postgresPassword: the value (not shown) is not accepted, accepted is 16 to 128 letters and digits, nothing else; set it with: pulumi config set --secret postgresPassword"},
		{"postgresPassword", "abcdefghijklmnopqrst", "postgresPassword: it is stored in clear in the stack's settings file; store a new one encrypted: pulumi config set --secret postgresPassword"},
		{"hcloud:token", "secret:short", "hcloud:token: the value (5 characters, not shown) is not accepted, accepted is a Hetzner Cloud API token of 64 letters and digits; set it with: pulumi config set --secret hcloud:token"},
		{"cloudflare:apiToken", strings.Repeat("c", 40), "cloudflare:apiToken: it is stored in clear in the stack's settings file; make a new token and store it encrypted: pulumi config set --secret cloudflare:apiToken"},
	} {
		t.Run(c.key+"="+c.value, func(t *testing.T) {
			if _, err := load(map[string]string{c.key: c.value}); err == nil || err.Error() != c.message {
				t.Errorf("\n got %v\nwant %s", err, c.message)
			}
		})
	}
}

func TestLoad_AsksForAUserWhereTheRegistryHasOne(t *testing.T) {
	for _, c := range []struct{ registry, gitHubUser, registryUser, user string }{
		{"", "octocat", "", "octocat"},
		{"ghcr.io", "octocat", "", "octocat"},
		{"local", "", "", ""},
		{"docker.io", "", "me", "me"},
		{"registry.example.com:8443", "octocat", "AWS", "AWS"},
	} {
		got, err := load(map[string]string{"registry": c.registry, "githubUser": c.gitHubUser, "registryUser": c.registryUser})
		if err != nil || got.RegistryUser != c.user {
			t.Errorf("%+v: got %+v, %v", c, got, err)
		}
	}
}

func TestLoad_WantsBothTokensFromSomewhere(t *testing.T) {
	_, err := Load(&stack{values: given(nil)}, environment(func(string) string { return "" }))
	for _, part := range []string{"hcloud:token: not set, and neither is HCLOUD_TOKEN in the environment", "cloudflare:apiToken: not set, and neither is CLOUDFLARE_API_TOKEN in the environment"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("there is no message %q in: %v", part, err)
		}
	}
}

func TestLoad_TellsAllMistakesTogether(t *testing.T) {
	_, err := load(map[string]string{"domain": "", "githubUser": "", "backupHour": "x", "www": "x", "location": "x y"})
	if err == nil || strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("wanted five lines, got: %v", err)
	}
}

func load(changes map[string]string) (*Settings, error) {
	tokens := map[string]string{"HCLOUD_TOKEN": strings.Repeat("h", 64), "CLOUDFLARE_API_TOKEN": strings.Repeat("c", 40)}
	return Load(&stack{values: given(changes)}, environment(func(name string) string { return tokens[name] }))
}

func given(changes map[string]string) map[string]string {
	values := map[string]string{"service": "running_calendar", "domain": "example.com", "githubUser": "octocat", "appPath": "../app"}
	maps.Copy(values, changes)
	return values
}

func environment(getenv func(string) string) Environment {
	files := map[string]string{
		"/work/app/config/deploy.yml":      "service: running_calendar\n",
		"/home/you/.ssh/id_ed25519.pub":    publicKey + "\n",
		"/home/you/.ssh/team.pub":          "# the team\n\n" + publicKey + "\r\n" + `command="scripts/report, daily",no-pty,from="203.0.113.7,2001:db8::/32" ` + publicKey + "\nrestrict " + publicKey,
		"/work/infra/nobody.pub":           "# nobody yet\n",
		"/work/infra/team-with-a-slip.pub": "# the team\n" + publicKey + "\nssh-ed25519 AAAA\n",
		"/home/you/.ssh/id_ed25519":        "-----BEGIN OPENSSH PRIVATE " + "KEY-----\n",
	}
	return Environment{Getenv: getenv, HomeDir: "/home/you", ProjectDir: "/work/infra", ReadFile: func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, errors.Join(fs.ErrNotExist)
	}}
}

// stack is a configuration in memory; values that begin with "secret:" count as encrypted.
type stack struct{ values map[string]string }

func (s *stack) Project() string { return "rails-on-hetzner" }
func (s *stack) Stack() string   { return "prod" }

func (s *stack) GetConfig(key string) (string, bool) {
	value, ok := s.values[strings.TrimPrefix(key, "rails-on-hetzner:")]
	return strings.TrimPrefix(value, "secret:"), ok
}

func (s *stack) IsConfigSecret(key string) bool {
	return strings.HasPrefix(s.values[strings.TrimPrefix(key, "rails-on-hetzner:")], "secret:")
}
