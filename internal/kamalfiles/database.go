package kamalfiles

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

const (
	databasePort  = "127.0.0.1:5432:5432"
	databaseFiles = "/var/lib/postgresql/data"
)

var databaseSecrets = []string{"POSTGRES_PASSWORD", "POSTGRES_DB"}

func (w Deploy) databaseHost() string { return w.Service + "-db" }

func (w Deploy) volume() string { return w.Service + "_postgres:" + databaseFiles }

// database is the accessory db, whole if it is not there yet.
func (w Deploy) database(d *document) error {
	if err := w.noOtherDatabase(d); err != nil {
		return err
	}
	found, err := d.find("accessories", "db")
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
		return d.insert(w.accessory().below("db"), "accessories", "db")
	}
	for _, part := range []func(*document) error{w.databaseSoftware, w.databaseServer, w.databasePublished, w.databaseEnv, w.databaseVolume} {
		if err := part(d); err != nil {
			return err
		}
	}
	return nil
}

func (w Deploy) accessory() block {
	lines := block{
		"image: " + w.Database,
		"host: " + word(w.ServerIP).written(),
		"# Reachable on the server itself only: Docker publishes ports past most firewalls.",
		`port: "` + databasePort + `"`,
	}
	lines = append(lines, items(databaseSecrets).below("secret").below("env")...)
	return append(lines, items([]string{w.volume()}).below("volumes")...)
}

func (w Deploy) databasePublished(d *document) error {
	return d.require(word(databasePort), "accessories", "db", "port")
}

// noOtherDatabase refuses a second PostgreSQL beside one of another name.
func (w Deploy) noOtherDatabase(d *document) error {
	all, err := d.find("accessories")
	if err != nil || all == nil {
		return err
	}
	mapping := resolved(all.value)
	if mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		name := mapping.Content[i].Value
		if name == "db" || name == "<<" {
			continue
		}
		if image, err := d.find("accessories", name, "image"); err == nil && image != nil && postgresImage.MatchString(resolved(image.value).Value) {
			return refuse(mapping.Content[i], "the accessory %q is a PostgreSQL already; name it db, the name that the backups know", name)
		}
	}
	return nil
}

func (w Deploy) databaseServer(d *document) error {
	for _, other := range []string{"role", "roles", "tag", "tags"} {
		found, err := d.find("accessories", "db", other)
		if err != nil {
			return err
		}
		if found == nil {
			continue
		}
		if roles := addresses(resolved(found.value)); strings.HasPrefix(other, "role") && len(roles) == 1 && roles[0].Value == "web" {
			return nil // where the web role is, and so on this server
		}
		return refuse(found.key, "the accessory db is placed by `%s:`; write `host:` instead", other)
	}
	if hosts, err := d.find("accessories", "db", "hosts"); err != nil {
		return err
	} else if hosts != nil {
		return w.onlyHost(d, "accessories", "db", "hosts")
	}
	return d.require(word(w.ServerIP), "accessories", "db", "host")
}

func (w Deploy) databaseEnv(d *document) error {
	env, err := d.find("accessories", "db", "env")
	if err != nil {
		return err
	}
	if env != nil && isFlatEnv(resolved(env.value)) {
		return refuse(env.key, "the accessory's `env:` has neither `clear:` nor `secret:`; move its variables below `clear:`")
	}
	if err := noKeys(d, "it would be in the file in clear; delete the line, the secret is listed below `secret:`", []string{"accessories", "db", "env", "clear"}, "POSTGRES_PASSWORD"); err != nil {
		return err
	}
	return d.requireItems(databaseSecrets, sameVariable, "accessories", "db", "env", "secret")
}
