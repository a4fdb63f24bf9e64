package kamalfiles

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// databaseContainer is the accessory's container.
func (w Deploy) databaseContainer() string { return cmp.Or(w.container, w.Service+"-db") }

// databaseHost is the database's name for the app: Docker knows a container's on
// its own server only.
func (w Deploy) databaseHost() string { return cmp.Or(w.DatabaseAddress, w.databaseContainer()) }

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
	for _, part := range []func(*document) error{w.databaseSoftware, w.databasePlace, w.databasePublished, w.databaseEnv, w.databaseVolume, w.databaseMemory} {
		if err := part(d); err != nil {
			return err
		}
	}
	return nil
}

func (w Deploy) accessory() block {
	lines := block{
		"image: " + w.databaseImage(),
		"host: " + word(w.databaseOn()).written(),
		"# Reachable on the server itself only: Docker publishes ports past most firewalls.",
		`port: "` + databasePort + `"`,
	}
	lines = append(lines, w.memorySettings()...)
	lines = append(lines, items(databaseSecrets).below("secret").below("env")...)
	return append(lines, items([]string{w.volume(w.databaseImage())}).below("volumes")...)
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
		if !strings.HasPrefix(port.Value, loopback) {
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
