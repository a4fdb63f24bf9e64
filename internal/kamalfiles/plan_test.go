package kamalfiles

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var wantedFiles = Settings{Deploy: wanted, Secrets: []Secret{
	{Name: "KAMAL_REGISTRY_PASSWORD", Reference: "$KAMAL_REGISTRY_PASSWORD"},
	{Name: "POSTGRES_PASSWORD", Reference: "$(pulumi stack output postgresPassword --show-secrets)", Why: "The database"},
}}

func TestSecrets_OnlyMissingEntriesAreAdded(t *testing.T) {
	const password = "\n# The database\nPOSTGRES_PASSWORD=$(pulumi stack output postgresPassword --show-secrets)\n"
	for name, c := range map[string]struct{ before, common, after string }{
		"none yet":             {"", "", "KAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD\n" + password},
		"a commented one":      {"# From ENV\n# KAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD\n", "", "# From ENV\nKAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD\n" + password},
		"another way":          {"KAMAL_REGISTRY_PASSWORD=$(op read op://x/y)\nexport POSTGRES_PASSWORD=$DB\n", "", "KAMAL_REGISTRY_PASSWORD=$(op read op://x/y)\nexport POSTGRES_PASSWORD=$DB\n"},
		"in the common file":   {"A=1\n", "POSTGRES_PASSWORD=$X\nKAMAL_REGISTRY_PASSWORD=$Y\n", "A=1\n"},
		"another commented":    {"# KAMAL_REGISTRY_PASSWORD=$(rails credentials:fetch x)\nPOSTGRES_PASSWORD=$X", "", "# KAMAL_REGISTRY_PASSWORD=$(rails credentials:fetch x)\nPOSTGRES_PASSWORD=$X\nKAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD\n"},
		"with carriage return": {"POSTGRES_PASSWORD=$X\r\n", "", "POSTGRES_PASSWORD=$X\r\nKAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD\r\n"},
	} {
		got := string(addSecrets([]byte(c.before), []byte(c.common), wantedFiles.Secrets))
		if got != c.after {
			t.Errorf("%s: got\n%q, wanted\n%q", name, got, c.after)
		}
		if again := string(addSecrets([]byte(got), []byte(c.common), wantedFiles.Secrets)); again != got {
			t.Errorf("%s: a second time it becomes\n%s", name, again)
		}
	}
}

// References that another stack wrote are this one's now; the developer's are not touched.
func TestSecrets_OurOwnReferencesFollowTheStack(t *testing.T) {
	wanted := []Secret{{Name: "DB", Reference: "$(output password --stack new)", Outdated: regexp.MustCompile(`^\$\(output password --stack (old|a|b)\)$`).MatchString}}
	for before, after := range map[string]string{
		"A=1\r\nDB=$(output password --stack old)\r\nB=2":                    "A=1\r\nDB=$(output password --stack new)\r\nB=2",
		"export DB = $(output password --stack old) \n":                      "export DB = $(output password --stack new) \n",
		"DB=$(output password --stack old) # mine\n":                         "DB=$(output password --stack old) # mine\n",
		"DB=$(output other --stack old)\n":                                   "DB=$(output other --stack old)\n",
		"DB=$(echo $(output password --stack old))\n":                        "DB=$(echo $(output password --stack old))\n",
		"# DB=$(output password --stack old)\nDB=$X\n":                       "# DB=$(output password --stack old)\nDB=$X\n",
		"DB=$(output password --stack a)\nDB=$(output password --stack b)\n": "DB=$(output password --stack new)\nDB=$(output password --stack new)\n",
	} {
		if got := string(addSecrets([]byte(before), nil, wanted)); got != after {
			t.Errorf("%q becomes\n%q, wanted\n%q", before, got, after)
		}
	}
	// Some keep what all destinations share in another file.
	app := newApp(t)
	put(t, app, ".kamal/secrets-common", "DB=$(output password --stack old)\n")
	plan, err := NewPlan(app, Settings{Deploy: wantedFiles.Deploy, Secrets: wanted})
	check(t, err)
	_, err = plan.Apply()
	check(t, err)
	if text := read(t, app, ".kamal/secrets-common"); text != "DB=$(output password --stack new)\n" {
		t.Errorf("secrets-common: %q", text)
	}
	if text := read(t, app, ".kamal/secrets"); strings.Contains(text, "DB=") {
		t.Errorf("secrets: %q", text)
	}
}

func TestProduction_SSLIsSwitchedOnWhereItStands(t *testing.T) {
	for name, c := range map[string]struct{ before, after, refusal string }{
		"commented":        {"  # Why.\n  # config.assume_ssl = true\n\n  # config.force_ssl = true\n", "  # Why.\n  config.assume_ssl = true\n\n  config.force_ssl = true\n", ""},
		"without a space":  {"  #config.assume_ssl = true\n  config.force_ssl = false # later\n", "  config.assume_ssl = true\n  config.force_ssl = true # later\n", ""},
		"live":             {"  config.assume_ssl = true # yes\n  config.force_ssl  =  true\n", "  config.assume_ssl = true # yes\n  config.force_ssl  =  true\n", ""},
		"before Rails 7.1": {"Rails.application.configure do\n  # config.force_ssl = true\nend\n", "Rails.application.configure do\n  config.assume_ssl = true\n  # config.force_ssl = true\nend\n", ""},
		"neither":          {"Rails.application.configure do\r\n  x\r\nend\r\n", "Rails.application.configure do\r\n  config.force_ssl = true\r\n  config.assume_ssl = true\r\n  x\r\nend\r\n", ""},
		"decided at run":   {"  config.assume_ssl = true\n  config.force_ssl = ENV[\"SSL\"] == \"1\"\n", "", `line 2: config.force_ssl depends on "ENV[\"SSL\"] == \"1\""; it is left as it is`},
		"twice":            {"  config.assume_ssl = true\n  config.assume_ssl = true\n", "", "line 2: config.assume_ssl is set a second time"},
		"something else":   {"puts 1\n", "", "there is no `Rails.application.configure do`"},
	} {
		got, err := requireSSL([]byte(c.before))
		if c.refusal != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.refusal) {
				t.Errorf("%s: got %q, %v", name, got, err)
			}
			continue
		}
		if name == "before Rails 7.1" { // the commented one is then uncommented too
			c.after = strings.Replace(c.after, "# config.force", "config.force", 1)
		}
		if err != nil || string(got) != c.after {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if again, err := requireSSL(got); err != nil || string(again) != string(got) {
			t.Errorf("%s: a second time it becomes %q, %v", name, again, err)
		}
	}
}

// What mends an empty secret depends on where it comes from.
func TestHook_SaysHowToMendAnEmptySecret(t *testing.T) {
	text, err := guardSecrets(nil, []string{"TOKEN"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, onPath, want string }{
		{"TOKEN=$GITHUB_TOKEN", "pulumi", "export GITHUB_TOKEN=..."},
		{`TOKEN="${TOKEN}"`, "pulumi", "export TOKEN=..."},
		{"TOKEN=$(pulumi stack output)", "pulumi", "run that by hand to see why"},
		{"TOKEN=$(pulumi stack output)", "nothing", "pulumi, which .kamal/secrets asks, is not on your PATH"},
		{"TOKEN=$GITHUB_TOKEN\nPASSWORD=$(pulumi stack output)", "nothing", "pulumi, which .kamal/secrets asks, is not on your PATH"},
		{"TOKEN=$(cat token)", "nothing", "run that by hand to see why"},
		{"TOKEN=", "nothing", "Give it a value in .kamal/secrets"},
	} {
		app := t.TempDir()
		write := func(path, text string, mode os.FileMode) {
			path = filepath.Join(app, path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), mode)); err != nil {
				t.Fatal(err)
			}
		}
		write(".kamal/secrets", "OTHER=$X\n"+c.line+"\n", 0o600)
		write("hook", string(text), 0o755)
		write(filepath.Join("bin", c.onPath), "#!/bin/sh\n", 0o755)
		hook := exec.Command("./hook")
		hook.Dir = app
		hook.Env = []string{"PATH=" + filepath.Join(app, "bin") + ":/usr/bin:/bin"}
		said, err := hook.CombinedOutput()
		if err == nil || !strings.Contains(string(said), "The secret TOKEN is empty, so nothing is deployed.") || !strings.Contains(string(said), c.want) {
			t.Errorf("%s, with %s on the PATH: %v, it said:\n%s", c.line, c.onPath, err, said)
		}
	}
}

// The hook is run as Kamal runs it: with the secrets in its environment.
func TestHook_StopsADeployWithAnEmptySecret(t *testing.T) {
	text, err := guardSecrets([]byte("#!/usr/bin/env bash\necho 'my own'\n"), []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	hook := filepath.Join(t.TempDir(), "pre-connect")
	if err := os.WriteFile(hook, text, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  []string
		want string
		ok   bool
	}{
		{[]string{"A=1", "B=x y\nz"}, "my own\n", true},
		{[]string{"A=1", "B="}, "The secret B is empty, so nothing is deployed.", false},
		{[]string{"B=1"}, "The secret A is empty, so nothing is deployed.", false},
	} {
		cmd := exec.Command(hook)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, c.env...)
		output, err := cmd.CombinedOutput()
		if (err == nil) != c.ok || !strings.HasPrefix(string(output), c.want) {
			t.Errorf("%q: %v: %s", c.env, err, output)
		}
	}
	if again, err := guardSecrets(text, []string{"A", "B"}); err != nil || string(again) != string(text) {
		t.Errorf("a second time it becomes (%v):\n%s", err, again)
	}
	if more, err := guardSecrets(text, []string{"A", "C"}); err != nil || strings.Count(string(more), hookBegins) != 1 || !strings.Contains(string(more), "A C") {
		t.Errorf("with other secrets it becomes (%v):\n%s", err, more)
	}
	if _, err := guardSecrets([]byte("#!/usr/bin/env ruby\n"), []string{"A"}); err == nil {
		t.Error("shell was put into a Ruby hook")
	}
}

// An editor may have saved a file without its last line end, and a disk may
// have been full: wherever a text ends, it is edited or refused, and a second
// time nothing changes.
func TestEditors_TakeATextThatEndsAnywhere(t *testing.T) {
	guarded, err := guardSecrets([]byte("#!/bin/sh\necho 'my own'\n"), []string{"A", "B"})
	check(t, err)
	secrets := addSecrets([]byte("# KAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD\r\nA=1\n"), nil, wantedFiles.Secrets)
	production := []byte("Rails.application.configure do\r\n  # config.assume_ssl = true\n  config.force_ssl = false # why\nend\n")
	for name, c := range map[string]struct {
		text []byte
		edit func([]byte) ([]byte, error)
	}{
		"hook":       {guarded, func(text []byte) ([]byte, error) { return guardSecrets(text, []string{"A", "C"}) }},
		"secrets":    {secrets, func(text []byte) ([]byte, error) { return addSecrets(text, nil, wantedFiles.Secrets), nil }},
		"production": {production, requireSSL},
		"deploy.yml": {deployFiles(t)["rails-8.1-postgresql"], wanted.Apply},
	} {
		t.Run(name, func(t *testing.T) {
			for end := range len(c.text) + 1 {
				once, err := c.edit(c.text[:end:end])
				if err != nil {
					continue
				}
				if twice, err := c.edit(once); err != nil || string(twice) != string(once) {
					t.Fatalf("%q becomes\n%q, and that (%v)\n%q", c.text[:end], once, err, twice)
				}
			}
		})
	}
}

// A hook is a program: what is put into it must be in a language it speaks.
func TestHook_WithoutALastLineEndStillRuns(t *testing.T) {
	for _, c := range []struct{ before, says string }{
		{"#!/bin/sh", ""},
		{"#!/bin/sh\necho 'my own'", "my own\n"},
		{"#!/bin/bash -e\necho 'my own'", "my own\n"},
	} {
		text, err := guardSecrets([]byte(c.before), []string{"A"})
		check(t, err)
		hook := filepath.Join(t.TempDir(), "pre-connect")
		check(t, os.WriteFile(hook, text, 0o755))
		for value, ok := range map[string]bool{"1": true, "": false} {
			cmd := exec.Command(hook)
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "A=" + value}
			if output, err := cmd.CombinedOutput(); (err == nil) != ok || ok && string(output) != c.says {
				t.Errorf("%q with A=%s: %v: %s", c.before, value, err, output)
			}
		}
	}
	for _, other := range []string{"#!/usr/bin/env fish", "#!/usr/bin/env pwsh\n", "#!/bin/csh\n", "#!/usr/bin/env ruby", "echo no interpreter"} {
		if text, err := guardSecrets([]byte(other), []string{"A"}); err == nil {
			t.Errorf("%q was taken for a shell script and became %q", other, text)
		}
	}
}

func TestPlan_ShowsTheDiffAndThenWritesItOnce(t *testing.T) {
	app := newApp(t)
	plan, err := NewPlan(app, wantedFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"+++ b/config/deploy.yml", "+    - 203.0.113.7", "+++ b/.kamal/secrets", "+++ b/.kamal/hooks/pre-connect", "+  config.force_ssl = true"} {
		if !strings.Contains(plan.Diff(), line+"\n") {
			t.Errorf("the diff lacks %q:\n%s", line, plan.Diff())
		}
	}
	if text := read(t, app, "config/deploy.yml"); strings.Contains(text, "203.0.113.7") {
		t.Error("a plan has written")
	}
	written, err := plan.Apply()
	if err != nil || strings.Join(written, " ") != "config/deploy.yml .kamal/secrets .kamal/hooks/pre-connect config/environments/production.rb" {
		t.Fatalf("written: %v, %v", written, err)
	}
	again, err := NewPlan(app, wantedFiles)
	if err != nil || again.Diff() != "" {
		t.Errorf("a second plan: %v\n%s", err, again.Diff())
	}
	if written, err := again.Apply(); err != nil || len(written) != 0 {
		t.Errorf("a second time, written: %v, %v", written, err)
	}
}

func TestPlan_KeepsModesOwnersAndLinks(t *testing.T) {
	app := newApp(t)
	real := filepath.Join(app, "config", "deploy.real.yml.txt")
	link := filepath.Join(app, "config", "deploy.yml")
	check(t, os.Rename(link, real))
	check(t, os.Chmod(real, 0o664))
	check(t, os.Symlink("deploy.real.yml.txt", link))
	if os.Geteuid() == 0 {
		check(t, os.Chown(real, 1234, 1234))
	}
	plan, err := NewPlan(app, wantedFiles)
	check(t, err)
	_, err = plan.Apply()
	check(t, err)
	if target, err := os.Readlink(link); err != nil || target != "deploy.real.yml.txt" {
		t.Errorf("the link has become %q, %v", target, err)
	}
	info, err := os.Stat(real)
	check(t, err)
	if info.Mode().Perm() != 0o664 || os.Geteuid() == 0 && info.Sys().(*syscall.Stat_t).Uid != 1234 {
		t.Errorf("mode or owner changed: %v", info)
	}
	if mode := stat(t, app, ".kamal/hooks/pre-connect").Mode().Perm(); mode&0o100 == 0 {
		t.Errorf("the hook cannot be run: %v", mode)
	}
}

func TestPlan_LeavesAFileThatWasEditedMeanwhile(t *testing.T) {
	app := newApp(t)
	plan, err := NewPlan(app, wantedFiles)
	check(t, err)
	put(t, app, ".kamal/secrets", "MINE=$MINE\n")
	written, err := plan.Apply()
	if err == nil || !strings.Contains(err.Error(), ".kamal/secrets was edited while the deployment ran") || len(written) != 0 {
		t.Errorf("written: %v, %v", written, err)
	}
}

func TestPlan_SaysWhatWouldSpoilADeploy(t *testing.T) {
	for name, c := range map[string]struct{ path, text, note string }{
		"no master key":        {"config/master.key", "", "config/master.key: it is missing or empty"},
		"a literal secret":     {".kamal/secrets", "# x\nGITHUB_TOKEN=ghp_abcdef\nRAILS_ENV=production\nOK=$OK\n", ".kamal/secrets: line 2: GITHUB_TOKEN stands there in clear"},
		"Rails' database.yml":  {"config/database.yml", "default: &default\n  adapter: postgresql\nproduction:\n  <<: *default\n  username: running_calendar\n  password: <%= ENV[\"RUNNING_CALENDAR_DATABASE_PASSWORD\"] %>\n", "config/database.yml: production would not reach the database; below `production:` (with several databases: `primary:`) it must say:\n    host: <%= ENV[\"DB_HOST\"] %>\n    username: postgres"},
		"SQLite":               {"config/database.yml", "production:\n  adapter: sqlite3\n  database: storage/x.sqlite3\n", "config/database.yml: this app uses SQLite: no PostgreSQL is written, and its databases are backed up with the volumes they are in, unless backupFiles is false; to say so for good: pulumi config set database none; to move to PostgreSQL: gem \"pg\" in the Gemfile, adapter: postgresql in config/database.yml, then: pulumi config set database accessory"},
		"a URL":                {"config/database.yml", "production:\n  url: <%= ENV[\"DATABASE_URL\"] %>\n", "it must name the host running_calendar-db"},
		"no Dockerfile":        {"Dockerfile", "", "Dockerfile: there is none"},
		"an old Kamal":         {"Gemfile.lock", "GEM\n  specs:\n    kamal (2.1.1)\n", "Gemfile.lock: Kamal 2.1.1 is too old for proxy.hosts, which needs 2.1.2"},
		"a destination":        {"config/deploy.staging.yml", "servers:\n  web: [1.2.3.4]\nproxy:\n  host: x.example\n", "config/deploy.staging.yml: with `kamal -d staging` it overrides servers, proxy.host of config/deploy.yml, and .kamal/secrets.staging is read"},
		"a role elsewhere":     {"config/deploy.yml", "service: running_calendar\nservers:\n  web: [1.2.3.4]\n  job:\n    hosts: [1.2.3.5]\n", "config/deploy.yml: line 5: the role job is on 1.2.3.5, which is not this stack's server"},
		"another user":         {"config/deploy.yml", "service: running_calendar\nssh:\n  user: deploy\n", "config/deploy.yml: line 3: Kamal is to log in as deploy, and the server's only user is root"},
		"no production.rb":     {"config/environments/production.rb", "", "config/environments/production.rb: there is none"},
		"an unreadable one":    {"config/deploy.other.yml", "a: [\n", "config/deploy.other.yml: it cannot be read"},
		"a key in secrets-com": {".kamal/secrets-common", "RAILS_MASTER_KEY=0123456789abcdef\n", ".kamal/secrets-common: line 1: RAILS_MASTER_KEY stands there in clear"},
	} {
		app := newApp(t)
		put(t, app, c.path, c.text)
		if c.text == "" {
			check(t, os.Remove(filepath.Join(app, c.path)))
		}
		plan, err := NewPlan(app, wantedFiles)
		check(t, err)
		if len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], c.note) {
			t.Errorf("%s: got %q", name, plan.Notes)
		}
		if strings.Contains(strings.Join(plan.Notes, ""), "ghp_abcdef") {
			t.Errorf("%s: the secret itself is told", name)
		}
	}
	if plan, err := NewPlan(newApp(t), wantedFiles); err != nil || len(plan.Notes) != 0 {
		t.Errorf("a sound app is blamed: %q, %v", plan.Notes, err)
	}
}

func TestPlan_SaysThatGitTracksTheMasterKey(t *testing.T) {
	app := newApp(t)
	commitAll(t, app)
	plan, err := NewPlan(app, wantedFiles)
	check(t, err)
	if len(plan.Notes) != 1 || !strings.HasPrefix(plan.Notes[0], "config/master.key: git tracks it") {
		t.Errorf("got %q", plan.Notes)
	}
}

func TestPlan_SaysWhatIsNotCommittedOfTheFilesItChanges(t *testing.T) {
	app := newApp(t)
	put(t, app, ".gitignore", "/config/master.key\n")
	commitAll(t, app)
	put(t, app, "config/deploy.yml", read(t, app, "config/deploy.yml")+"# a thought\n")
	put(t, app, "Gemfile", "# another\n")
	plan, err := NewPlan(app, wantedFiles)
	check(t, err)
	if len(plan.Notes) != 1 || !strings.HasPrefix(plan.Notes[0], "config/deploy.yml: it has changes that are not committed") {
		t.Errorf("got %q", plan.Notes)
	}
	_, err = plan.Apply()
	check(t, err)
	if plan, err = NewPlan(app, wantedFiles); err != nil || len(plan.Notes) != 0 {
		t.Errorf("its own changes are told of: %q, %v", plan.Notes, err)
	}
}

func commitAll(t *testing.T, app string) {
	t.Helper()
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=you", "-c", "user.email=you@laptop", "commit", "-q", "-m", "all"}} {
		check(t, exec.Command("git", append([]string{"-C", app}, args...)...).Run())
	}
}

func TestPlan_GivesTheAppItsPasswordUnderTheNameItReads(t *testing.T) {
	app := newApp(t)
	put(t, app, "config/database.yml", "production:\n  adapter: postgresql\n  host: <%= ENV[\"DB_HOST\"] %>\n  username: postgres\n  password: <%= ENV[\"RUNNING_CALENDAR_DATABASE_PASSWORD\"] %>\n")
	plan, err := NewPlan(app, wantedFiles)
	check(t, err)
	if !strings.Contains(plan.Diff(), "+    - \"RUNNING_CALENDAR_DATABASE_PASSWORD:POSTGRES_PASSWORD\"\n") {
		t.Errorf("the alias is missing:\n%s", plan.Diff())
	}
}

func TestPlan_WithoutKamalFilesSaysHowToMakeThem(t *testing.T) {
	if _, err := NewPlan(t.TempDir(), wantedFiles); err == nil || !strings.Contains(err.Error(), "make the Kamal files with: kamal init") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkPlan(b *testing.B) {
	app := newApp(b)
	put(b, app, "config/deploy.yml", read(b, app, "config/deploy.yml")+strings.Repeat("# a comment\nx-more: {a: [1, 2]}\n", 1)+strings.Repeat("# filler\n", 440))
	for b.Loop() {
		if _, err := NewPlan(app, wantedFiles); err != nil {
			b.Fatal(err)
		}
	}
}

// newApp is a small Rails app with which nothing is wrong.
func newApp(t testing.TB) string {
	t.Helper()
	app := t.TempDir()
	for path, text := range map[string]string{
		"config/deploy.yml":                 string(deployFiles(t)["rails-8.1-postgresql"]),
		"config/database.yml":               "production:\n  adapter: postgresql\n  host: <%= ENV[\"DB_HOST\"] %>\n  username: postgres\n  password: <%= ENV[\"POSTGRES_PASSWORD\"] %>\n",
		"config/environments/production.rb": "Rails.application.configure do\n  # config.assume_ssl = true\n  # config.force_ssl = true\nend\n",
		"config/master.key":                 "0123456789abcdef0123456789abcdef",
		".kamal/secrets":                    "RAILS_MASTER_KEY=$(cat config/master.key)\n",
		"Dockerfile":                        "FROM ruby\n",
	} {
		put(t, app, path, text)
	}
	return app
}

func put(t testing.TB, app, path, text string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Join(app, filepath.Dir(path)), 0o755))
	check(t, os.WriteFile(filepath.Join(app, path), []byte(text), 0o644))
}

func read(t testing.TB, app, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(app, path))
	check(t, err)
	return string(text)
}

func stat(t testing.TB, app, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(filepath.Join(app, path))
	check(t, err)
	return info
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
