package kamalfiles

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	saidOfSQLite = `config/database.yml: this app uses SQLite: no PostgreSQL is written, and its databases are backed up with the volumes they are in, unless backupFiles is false; to say so for good: pulumi config set database none; to move to PostgreSQL: gem "pg" in the Gemfile, adapter: postgresql in config/database.yml, then: pulumi config set database accessory`
	saidOfMySQL  = `config/database.yml: this app uses MySQL, which stays yours: it is not backed up, and no PostgreSQL is written; to say so for good: pulumi config set database none; to move to PostgreSQL: gem "pg" in the Gemfile, adapter: postgresql in config/database.yml, then: pulumi config set database accessory`
	saidOfBoth   = `config/database.yml: this app uses SQLite, so that the PostgreSQL beside it is empty, and its backups are too; to do without: pulumi config set database none; to move to PostgreSQL: gem "pg" in the Gemfile, adapter: postgresql in config/database.yml, then: pulumi config set database accessory`
)

func TestAppDatabase_IsWhatDatabaseYmlAndTheGemsTell(t *testing.T) {
	sqlite := "default: &default\n  adapter: sqlite3\nproduction:\n  primary:\n    <<: *default\n    database: storage/production.sqlite3\n"
	for name, c := range map[string]struct{ database, gems, set, kind, note string }{
		"SQLite":                        {sqlite, "    sqlite3 (2.7.0)\n", "", DatabaseNone, saidOfSQLite},
		"SQLite, as set":                {sqlite, "    sqlite3 (2.7.0)\n", DatabaseNone, DatabaseNone, saidOfSQLite},
		"SQLite, and PostgreSQL is set": {sqlite, "    sqlite3 (2.7.0)\n", DatabaseAccessory, DatabaseAccessory, saidOfBoth},
		"SQLite in development only":    {"development:\n  adapter: sqlite3\nproduction:\n  adapter: postgresql\n  host: <%= ENV[\"DB_HOST\"] %>\n  username: postgres\n  password: <%= ENV[\"POSTGRES_PASSWORD\"] %>\n", "    pg (1.6.0)\n    sqlite3 (2.7.0)\n", "", DatabaseAccessory, ""},
		"by the gems alone":             {"production:\n  adapter: <%= ENV[\"ADAPTER\"] %>\n", "    sqlite3 (2.7.0)\n", "", DatabaseNone, saidOfSQLite},
		"MySQL":                         {"production:\n  adapter: trilogy\n", "    trilogy (2.9.0)\n", "", DatabaseNone, saidOfMySQL},
		"elsewhere":                     {sqlite, "", DatabaseExternal, DatabaseExternal, ""},
	} {
		app := newApp(t)
		put(t, app, "config/database.yml", c.database)
		put(t, app, "Gemfile.lock", "GEM\n  specs:\n"+c.gems)
		w := wantedFiles
		w.DatabaseKind = c.set
		if kind, _ := DatabaseOf(app, w.Deploy); kind != c.kind {
			t.Errorf("%s: it is %s", name, kind)
		}
		plan, err := NewPlan(app, w)
		check(t, err)
		if notes := strings.Join(plan.Notes, "\n"); notes != c.note {
			t.Errorf("%s:\n got %s\nwant %s", name, notes, c.note)
		}
		if written := strings.Contains(plan.Diff(), "accessories:") && strings.Contains(plan.Diff(), "+POSTGRES_PASSWORD="); written != (c.kind == DatabaseAccessory) {
			t.Errorf("%s: the diff is\n%s", name, plan.Diff())
		}
	}
}

// The backups follow what DatabaseOf tells, before and after the files are edited.
func TestAppDatabase_ContainerFollowsTheAccessory(t *testing.T) {
	for accessories, want := range map[string]string{
		"": "running_calendar-db",
		"accessories:\n  pg:\n    image: postgres:16\n    host: 192.0.2.1\n":                             "running_calendar-pg",
		"accessories:\n  db:\n    image: postgres:16\n    host: 192.0.2.1\n    service: shop-database\n": "shop-database",
	} {
		app := newApp(t)
		put(t, app, "config/deploy.yml", "service: running_calendar\nservers: [192.0.2.1]\n"+accessories)
		for range 2 {
			if kind, container := DatabaseOf(app, wanted); kind != DatabaseAccessory || container != want {
				t.Errorf("%q: got %s %s", accessories, kind, container)
			}
			plan, err := NewPlan(app, wantedFiles)
			check(t, err)
			_, err = plan.Apply()
			check(t, err)
		}
		if text := read(t, app, "config/deploy.yml"); !strings.Contains(text, "DB_HOST: "+want+"\n") {
			t.Errorf("the app looks for another:\n%s", text)
		}
	}
}

func TestAppDatabase_UserHostAndPasswordMayHaveOtherNames(t *testing.T) {
	deploy := "service: running_calendar\nservers: [192.0.2.1]\nenv:\n  clear:\n    POSTGRES_HOST: running_calendar-db\naccessories:\n  db:\n    image: postgres:16\n    host: 192.0.2.1\n    env:\n      clear:\n        POSTGRES_USER: shop\n"
	const lacks = "config/database.yml: production would not reach the database; below `production:` (with several databases: `primary:`) it must say:\n    "
	for database, want := range map[string][]string{
		"username: shop\n  host: <%= ENV[\"POSTGRES_HOST\"] %>\n  password: <%= ENV.fetch(\"SHOP_PASSWORD\") %>\n":  nil,
		"username: postgres\n  host: running_calendar-db\n  password: <%= ENV[\"POSTGRES_PASSWORD\"] %>\n":          {lacks + "username: shop"},
		"username: \"shop\" # ours\n  host: <%= ENV[\"OTHER\"] %>\n  password: <%= ENV[\"POSTGRES_PASSWORD\"] %>\n": {lacks + `host: <%= ENV["DB_HOST"] %>`},
	} {
		app := newApp(t)
		put(t, app, "config/deploy.yml", deploy)
		put(t, app, "config/database.yml", "production:\n  adapter: postgresql\n  "+database)
		plan, err := NewPlan(app, wantedFiles)
		check(t, err)
		if !slices.Equal(plan.Notes, want) {
			t.Errorf("%s: got %q", database, plan.Notes)
		}
		if strings.Contains(database, "SHOP_PASSWORD") && !strings.Contains(plan.Diff(), "+    - \"SHOP_PASSWORD:POSTGRES_PASSWORD\"\n") {
			t.Errorf("the password has not the name that is read:\n%s", plan.Diff())
		}
	}
}

func TestPlan_LocalRegistryNeedsNoPassword(t *testing.T) {
	app := newApp(t)
	put(t, app, "Gemfile.lock", "GEM\n  specs:\n    kamal (2.7.0)\n")
	w := wantedFiles
	w.Registry = Registry{Server: LocalRegistry}
	plan, err := NewPlan(app, w)
	check(t, err)
	if strings.Contains(plan.Diff(), "+KAMAL_REGISTRY_PASSWORD") || strings.Contains(plan.Diff(), "for name in KAMAL_REGISTRY_PASSWORD") {
		t.Errorf("it wants the registry's password:\n%s", plan.Diff())
	}
	if last := plan.Notes[len(plan.Notes)-1]; last != "Gemfile.lock: Kamal 2.7.0 is too old for the local registry, which needs 2.8.0; run: bundle update kamal" {
		t.Errorf("got %q", plan.Notes)
	}
}

func TestPlan_DiffHasNoLinesThatAreNotThere(t *testing.T) {
	app := newApp(t)
	put(t, app, ".kamal/secrets", "A=$A\nB=$B") // without a last line end
	plan, err := NewPlan(app, wantedFiles)
	check(t, err)
	for _, line := range strings.SplitAfter(plan.Diff(), "\n") {
		if line == "+\n" && strings.Contains(plan.Diff(), "\n+\n---") {
			t.Errorf("there is an empty line at the end of a file:\n%s", plan.Diff())
		}
	}
	if !strings.Contains(plan.Diff(), "-B=$B\n\\ No newline at end of file\n+B=$B\n") {
		t.Errorf("the lost line end is not told of:\n%s", plan.Diff())
	}
}

func TestPlan_LeavesProductionThatDecidesByItself(t *testing.T) {
	app := newApp(t)
	put(t, app, filepath.Join("config", "environments", "production.rb"), "Rails.application.configure do\n  config.assume_ssl = ENV[\"SSL\"]\nend\n")
	plan, err := NewPlan(app, wantedFiles)
	check(t, err)
	want := "config/environments/production.rb: line 2: config.assume_ssl depends on \"ENV[\\\"SSL\\\"]\"; it is left as it is, see to it by hand that it says:\n  config.assume_ssl = true\n  config.force_ssl = true"
	if len(plan.Notes) != 1 || plan.Notes[0] != want || strings.Contains(plan.Diff(), "production.rb") {
		t.Errorf("got %q\n%s", plan.Notes, plan.Diff())
	}
}
