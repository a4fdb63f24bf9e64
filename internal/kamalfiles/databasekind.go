package kamalfiles

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Where the app's data lies: Deploy.DatabaseKind.
const (
	DatabaseAccessory = "accessory" // in a PostgreSQL beside the app, which is backed up
	DatabaseExternal  = "external"  // in one elsewhere: no accessory, no DB_HOST, no backup of it
	DatabaseNone      = "none"      // in none of this program's, as with SQLite and MySQL
)

func (w Deploy) hasAccessory() bool { return w.DatabaseKind == DatabaseAccessory }

// settled is w with what only the file can tell: where the data lies, unless the
// settings say so, and which accessory holds it under which name.
func (w Deploy) settled(d *document) (Deploy, error) {
	if w.DatabaseKind == "" {
		w.DatabaseKind = w.kindIn(d)
	}
	w.AppSecrets = w.secretsOfApp()
	if !w.hasAccessory() {
		return w, nil
	}
	name, err := w.databaseName(d)
	if err != nil {
		return w, err
	}
	w.accessoryName, w.container, w.databaseWas = name, w.containerOf(d, name), databaseStands(d, name)
	return w, nil
}

// secretsOfApp are the secrets that the app needs of those that are wanted: the
// database's password is the accessory's.
func (w Deploy) secretsOfApp() []string {
	return slices.DeleteFunc(slices.Clone(w.AppSecrets), func(item string) bool {
		return !w.hasAccessory() && strings.HasSuffix(item, databasePassword)
	})
}

// containerOf is how Kamal calls an accessory's container (configuration/accessory.rb).
func (w Deploy) containerOf(d *document, accessory string) string {
	if own := d.at("accessories", accessory, "service"); own != nil && own.Value != "" && d.tag(own) == "" {
		return own.Value
	}
	return w.Service + "-" + accessory
}

// usualNames are those under which an accessory is the app's own.
var usualNames = []string{"db", "postgres", "postgresql", "pg", "database"}

// databaseName finds the accessory that is the app's database: the one that
// DB_HOST names, or that has a usual name, or the only one.
func (w Deploy) databaseName(d *document) (string, error) {
	names := postgresOf(d)
	if host := d.at("env", "clear", "DB_HOST"); host != nil {
		for _, name := range names {
			if host.Value == w.containerOf(d, name) {
				return name, nil
			}
		}
	}
	for _, name := range usualNames {
		if slices.Contains(names, name) {
			return name, nil
		}
	}
	switch len(names) {
	case 0:
		return "db", nil
	case 1:
		d.noteKey([]string{"accessories", names[0]}, "the accessory %s runs PostgreSQL and is taken for the app's database, which the backups are made of", names[0])
		return names[0], nil
	}
	return "", refusal{0, ambiguous(names)}
}

// postgresOf names the accessories that run PostgreSQL for the app. The one of
// another accessory, such as keycloak-postgres beside keycloak, is not the app's.
func postgresOf(d *document) []string {
	all := d.at("accessories")
	if all == nil {
		return nil
	}
	var names, others []string
	for name, accessory := range pairs(all) {
		if isPostgres(accessory) {
			names = append(names, name)
		} else {
			others = append(others, name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(others, func(other string) bool {
			return strings.HasPrefix(name, other+"-") || strings.HasPrefix(name, other+"_")
		})
	})
}

// kindIn tells from deploy.yml alone where the data lies.
func (w Deploy) kindIn(d *document) string {
	if len(postgresOf(d)) > 0 {
		return DatabaseAccessory
	}
	if host, node := w.databaseElsewhere(d); host != "" {
		d.note(node, "the database is on %s, so nothing of it is written here: no accessory, no DB_HOST, and it is not backed up; to say so for good: pulumi config set database external; to have one on this stack's server instead: pulumi config set database accessory", host)
		return DatabaseExternal
	}
	if all := d.at("accessories"); all != nil {
		for name, accessory := range pairs(all) {
			if image := valueOf(accessory, "image"); image != nil && mysqlImage.MatchString(image.Value) {
				d.noteKey([]string{"accessories", name}, "the accessory %s runs "+mysqlIsYours, name)
				return DatabaseNone
			}
		}
	}
	return DatabaseAccessory
}

// databaseElsewhere is the host that the app finds its database on, if that is
// neither a container nor a server of the app's own.
func (w Deploy) databaseElsewhere(d *document) (string, *yaml.Node) {
	own := map[string]bool{w.DatabaseAddress: true}
	for _, host := range slices.Concat(w.own(), w.Former) {
		own[host] = true
	}
	for _, p := range placed(d) {
		own[p.host.Value] = true
	}
	for _, env := range envs(d) {
		if host := valueOf(clearOf(env), "DB_HOST"); host != nil && isElsewhere(host.Value) && !own[host.Value] && d.tag(host) == "" {
			return host.Value, host
		}
		if text := valueOf(clearOf(env), "DATABASE_URL"); text != nil {
			if address, err := url.Parse(text.Value); err == nil && isElsewhere(address.Hostname()) && !own[address.Hostname()] {
				return address.Hostname(), text
			}
		}
	}
	return "", nil
}

var fullName = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

// isElsewhere tells a host on the internet from a container's name, and from the
// private addresses of examples.
func isElsewhere(host string) bool {
	return fullName.MatchString(host) && !isPrivate(host) && host != "host.docker.internal" && !strings.Contains(host, "example.")
}
