package kamalfiles

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// DatabaseOf tells where the data of the app in a directory lies, and the
// accessory's container, which has that name before the app is deployed too. What
// cannot be read is left to NewPlan to tell of.
func DatabaseOf(appDir string, w Deploy) (kind, container string) {
	p := &Plan{dir: appDir}
	settled := p.settled(w)
	return settled.DatabaseKind, settled.databaseContainer()
}

// settled is w with what the app's files tell of its database.
func (p *Plan) settled(w Deploy) Deploy {
	d, err := parse(p.read(deployFile))
	if err != nil {
		return w
	}
	if w.DatabaseKind == "" {
		w.DatabaseKind = w.kindIn(d)
		if software := p.otherSoftware(); software != "" && w.hasAccessory() && len(postgresOf(d)) == 0 {
			w.DatabaseKind = DatabaseNone
		}
	}
	p.noteOn(deployFile, d.notes)
	if settled, err := w.settled(d); err == nil {
		return settled
	}
	return w
}

func (p *Plan) noteOn(path string, notes []string) {
	for _, note := range notes {
		if note = path + ": " + note; !slices.Contains(p.Notes, note) {
			p.Notes = append(p.Notes, note)
		}
	}
}

var lockedGem = map[string]*regexp.Regexp{
	"PostgreSQL": regexp.MustCompile(`(?m)^    pg \(`),
	"SQLite":     regexp.MustCompile(`(?m)^    (sqlite3|litestack) \(`),
	"MySQL":      regexp.MustCompile(`(?m)^    (mysql2|trilogy) \(`),
}

var adapterLine = regexp.MustCompile(`(?m)^\s*adapter:\s*["']?(sqlite3|litedb|mysql2|trilogy|postgresql|postgis)\b`)

// otherSoftware is "SQLite" or "MySQL" where that is what the app uses: by the
// adapter of production, and where that is not plain, by the gems. "" means
// PostgreSQL, or not known.
func (p *Plan) otherSoftware() string {
	names := map[string]string{"sqlite3": "SQLite", "litedb": "SQLite", "mysql2": "MySQL", "trilogy": "MySQL"}
	section := productionSection(string(p.read("config/database.yml")))
	if adapters := adapterLine.FindAllStringSubmatch(section, -1); adapters != nil && !strings.Contains(section, "DATABASE_URL") {
		return names[adapters[len(adapters)-1][1]]
	}
	gems := p.read("Gemfile.lock")
	if len(gems) == 0 || lockedGem["PostgreSQL"].Match(gems) {
		return ""
	}
	for _, software := range []string{"SQLite", "MySQL"} {
		if lockedGem[software].Match(gems) {
			return software
		}
	}
	return ""
}

const (
	mysqlIsYours = "MySQL, which stays yours: it is not backed up, and no PostgreSQL is written; to say so for good: pulumi config set database none"
	toPostgres   = "to move to PostgreSQL: gem \"pg\" in the Gemfile, adapter: postgresql in config/database.yml, then: pulumi config set database accessory"
)

// softwareNotes says what becomes of an app that uses another database than
// PostgreSQL, and what both ways are.
func (p *Plan) softwareNotes(w Deploy) []string {
	switch software := p.otherSoftware(); {
	case software == "" || w.DatabaseKind == DatabaseExternal:
		return nil
	case w.hasAccessory():
		return []string{fmt.Sprintf("config/database.yml: this app uses %s, so that the PostgreSQL beside it is empty, and its backups are too; to do without: pulumi config set database none; %s", software, toPostgres)}
	case software == "MySQL":
		return []string{"config/database.yml: this app uses " + mysqlIsYours + "; " + toPostgres}
	}
	return []string{"config/database.yml: this app uses SQLite: no PostgreSQL is written, and its databases are backed up with the volumes they are in, unless backupFiles is false; to say so for good: pulumi config set database none; " + toPostgres}
}

// databaseSettings checks that production reads what Kamal will provide.
func (p *Plan) databaseSettings(w Deploy) []string {
	text := p.read("config/database.yml")
	if text == nil || !w.hasAccessory() || p.otherSoftware() != "" {
		return nil
	}
	section := productionSection(string(text))
	if strings.Contains(section, "DATABASE_URL") {
		return []string{fmt.Sprintf("config/database.yml: production is set by a URL; it must name the host %s and the password POSTGRES_PASSWORD", w.databaseHost())}
	}
	var lacks []string
	if !strings.Contains(section, "DB_HOST") && !p.namesHost(section, w.databaseHost()) {
		lacks = append(lacks, `host: <%= ENV["DB_HOST"] %>`)
	}
	if !strings.Contains(section, databasePassword) && variableOf(section, "password") == "" {
		lacks = append(lacks, `password: <%= ENV["POSTGRES_PASSWORD"] %>`)
	}
	if user := p.databaseUser(w); user != "" && !namesUser(section, user) {
		lacks = append(lacks, "username: "+user)
	}
	if !strings.Contains(string(text), "postgresql") && !strings.Contains(string(text), "postgis") {
		lacks = append([]string{"adapter: postgresql"}, lacks...)
	}
	if len(lacks) == 0 {
		return nil
	}
	return []string{"config/database.yml: production would not reach the database; below `production:` (with several databases: `primary:`) it must say:\n    " + strings.Join(lacks, "\n    ")}
}

// databaseUser is the user that the accessory makes, "" where a secret says it.
func (p *Plan) databaseUser(w Deploy) string {
	d, err := parse(p.read(deployFile))
	if err != nil {
		return "postgres"
	}
	return w.databaseUser(d)
}

var userLine = regexp.MustCompile(`(?m)^\s*username:\s*["']?(\S.*?)["']?\s*(#.*)?$`)

// namesUser tells whether production logs in as a user; what the environment
// decides is taken for right.
func namesUser(section, user string) bool {
	found := userLine.FindAllStringSubmatch(section, -1)
	if found == nil {
		return false
	}
	name := found[len(found)-1][1]
	return name == user || strings.Contains(name, "ENV")
}

// variableOf is the environment's variable that a key of database.yml reads, ""
// for none.
func variableOf(section, key string) string {
	found := regexp.MustCompile(`(?m)^\s*` + key + `:\s*["']?<%=\s*ENV(?:\.fetch\(|\[)\s*["'](\w+)["']`).FindStringSubmatch(section)
	if found == nil {
		return ""
	}
	return found[1]
}

// namesHost tells whether production finds the database by another way than
// DB_HOST: a variable that deploy.yml sets to it, or its very name.
func (p *Plan) namesHost(section, host string) bool {
	if variable := variableOf(section, "host"); variable != "" {
		d, err := parse(p.read(deployFile))
		if err != nil {
			return false
		}
		set := d.at("env", "clear", variable)
		return set != nil && set.Value == host
	}
	return regexp.MustCompile(`(?m)^\s*host:\s*["']?` + regexp.QuoteMeta(host) + `["']?\s*$`).MatchString(section)
}

// productionSection is the text from `production:` to the next section, with
// the shared default in front, which it usually merges.
func productionSection(text string) string {
	var kept strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "#") {
			continue
		}
		if trimmed != "" && line[0] != ' ' && line[0] != '\t' && line[0] != '<' {
			inside = strings.HasPrefix(line, "production:") || strings.HasPrefix(line, "default:")
		}
		if inside {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
