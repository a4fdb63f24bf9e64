package kamalfiles

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

const databasePort = "127.0.0.1:5432:5432"

// databaseHost is the accessory's container, and its name for the app.
func (w Deploy) databaseHost() string { return cmp.Or(w.container, w.Service+"-db") }

// db is the path of the database's accessory, and of what is below it.
func (w Deploy) db(below ...string) []string {
	return append([]string{"accessories", cmp.Or(w.accessoryName, "db")}, below...)
}

// database is the accessory that runs PostgreSQL, whole if it is not there yet
// (https://kamal-deploy.org/docs/configuration/accessories/).
func (w Deploy) database(d *document) error {
	if !w.hasAccessory() {
		return nil
	}
	found, err := d.find(w.db()...)
	if err != nil {
		return err
	}
	if found == nil || isNull(found.value) {
		if err := d.requireMapping("accessories"); err != nil {
			return err
		}
		if found != nil {
			if err := d.remove(found); err != nil {
				return err
			}
		}
		return d.insert(w.accessory().below(w.db()[1]), w.db()...)
	}
	for _, part := range []func(*document) error{w.databaseSoftware, w.databaseServer, w.databasePublished, w.databaseEnv, w.databaseVolume, w.databaseMemory} {
		if err := part(d); err != nil {
			return err
		}
	}
	return nil
}

func (w Deploy) accessory() block {
	lines := block{
		"image: " + w.databaseImage(),
		"host: " + word(w.ServerIP).written(),
		"# Reachable on the server itself only: Docker publishes ports past most firewalls.",
		`port: "` + databasePort + `"`,
	}
	lines = append(lines, w.memorySettings()...)
	lines = append(lines, items(databaseSecrets).below("secret").below("env")...)
	return append(lines, items([]string{w.volume(w.databaseImage())}).below("volumes")...)
}

// databasePublished has the port answer on the server itself only, whichever it is.
func (w Deploy) databasePublished(d *document) error {
	if port := d.at(w.db("port")...); port != nil && strings.HasPrefix(port.Value, "127.0.0.1:") {
		return nil
	}
	return d.require(word(databasePort), w.db("port")...)
}

func (w Deploy) databaseServer(d *document) error {
	primary, err := primaryRole(d)
	if err != nil {
		return err
	}
	for _, other := range []string{"role", "roles", "tag", "tags"} {
		found, err := d.find(w.db(other)...)
		if err != nil {
			return err
		}
		if found == nil {
			continue
		}
		if roles := addresses(resolved(found.value)); strings.HasPrefix(other, "role") && len(roles) == 1 && roles[0].Value == primary {
			return nil // where the primary role is, and so on this server
		}
		d.note(found.key, "the accessory %s was placed by `%s:`, and is on this stack's server by its address now", w.db()[1], other)
		return d.replace(found, block{"host: " + word(w.ServerIP).written()})
	}
	for _, key := range []string{"host", "hosts"} {
		for _, p := range hostsIn("", d.at(w.db(key)...)) {
			if host := p.host.Value; host != w.ServerIP && d.tag(p.host) == "" && !isPrivate(host) {
				d.note(p.host, "the accessory %s was on %s, another host than the app's; it is on this stack's server now, where it begins empty; if its data is to stay where it is: pulumi config set database external", w.db()[1], host)
			}
		}
	}
	if hosts, err := d.find(w.db("hosts")...); err != nil {
		return err
	} else if hosts != nil {
		return w.onlyHost(d, w.db("hosts")...)
	}
	return d.require(word(w.ServerIP), w.db("host")...)
}

// isPrivate tells addresses that nobody reaches from elsewhere; templates are
// full of them.
func isPrivate(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && (address.IsPrivate() || address.IsLoopback())
}

var databaseSecrets = []string{"POSTGRES_PASSWORD", "POSTGRES_DB"}

func (w Deploy) databaseEnv(d *document) error {
	env, err := d.find(w.db("env")...)
	if err != nil {
		return err
	}
	if env != nil && isFlatEnv(resolved(env.value)) {
		return refuse(env.key, "the accessory's `env:` has neither `clear:` nor `secret:`; move its variables below `clear:`")
	}
	if err := d.takeOutClear("POSTGRES_PASSWORD", w.db("env")...); err != nil {
		return err
	}
	// A name in clear does as well, and would win.
	wanted := slices.Clone(databaseSecrets)
	if d.at(w.db("env", "clear", "POSTGRES_DB")...) != nil {
		wanted = wanted[:1]
	}
	return d.requireItems(wanted, sameVariable, w.db("env", "secret")...)
}

// databaseUser is the superuser that the image makes: "" when a secret says it.
func (w Deploy) databaseUser(d *document) string {
	env := d.at(w.db("env")...)
	if env == nil {
		return "postgres"
	}
	if secretOf(env, "POSTGRES_USER") != nil {
		return ""
	}
	user := valueOf(clearOf(env), "POSTGRES_USER")
	switch {
	case user == nil:
		return "postgres"
	case d.tag(user) != "":
		return ""
	}
	return user.Value
}

// databaseNotes tells what opens the database to others.
func (w Deploy) databaseNotes(d *document) {
	if !w.hasAccessory() {
		return
	}
	published := d.at(w.db("options", "publish")...)
	if published == nil {
		return
	}
	for _, port := range addresses(published) {
		if !strings.HasPrefix(port.Value, "127.0.0.1:") {
			d.note(port, "`%s` opens the database to everyone (%s), as far as no firewall is in the way; delete it, the app reaches the database without", strings.Join(w.db("options", "publish"), "."), port.Value)
		}
	}
}

// ambiguous is what is said of two databases of which either may be the app's.
func ambiguous(names []string) string {
	return fmt.Sprintf("the accessories %s all run PostgreSQL; which is the app's is told by the name db, or by DB_HOST", strings.Join(names, ", "))
}

func isPostgres(accessory *yaml.Node) bool {
	image := valueOf(accessory, "image")
	return image != nil && postgresImage.MatchString(image.Value)
}
