package kamalfiles

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Deploy is what config/deploy.yml is to say. Each value has one key in the
// file; every other byte of it belongs to the developer.
type Deploy struct {
	Service     string     // as in the file; containers and the database's host are named after it
	GitHubUser  string     // owner of the image on ghcr.io, lower-case
	ServerIP    string     // the only host of the role web and of the accessory db
	Hosts       []string   // names the app answers on, the first is the main one
	AppSecrets  []string   // env.secret entries that the app needs, NAME or NAME:SECRET
	Database    string     // image of the accessory db, e.g. "postgres:16"
	OriginCert  *CertNames // custom certificate; nil: kamal-proxy obtains one
	KeepHeaders bool       // proxy.forward_headers: visitors' addresses come from a proxy in front
}

// CertNames are the secrets that hold a custom certificate (Kamal 2.7).
type CertNames struct{ CertificatePEM, PrivateKeyPEM string }

const (
	databasePort  = "127.0.0.1:5432:5432"
	databaseFiles = "/var/lib/postgresql/data"
)

func (w Deploy) image() string        { return w.GitHubUser + "/" + w.Service }
func (w Deploy) databaseHost() string { return w.Service + "-db" }
func (w Deploy) volume() string       { return w.Service + "_postgres:" + databaseFiles }

var (
	registryPassword = []string{"KAMAL_REGISTRY_PASSWORD"}
	databaseSecrets  = []string{"POSTGRES_PASSWORD", "POSTGRES_DB"}
)

// Apply returns the file with the wanted values in it. The error is a reason
// to leave it alone, with its line and what to write by hand.
func (w Deploy) Apply(text []byte) ([]byte, error) {
	changed, err := w.edit(text)
	if err == nil {
		// Whatever was misread would be misread again: a second time must change nothing.
		if again, twice := w.edit(changed); twice != nil || !bytes.Equal(again, changed) {
			err = refusal{0, "it is laid out in a way that this program does not understand"}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w; it is left as it is; put this in by hand, and if it still is refused: pulumi config set editApp false\n%s", err, w.ByHand())
	}
	return changed, nil
}

func (w Deploy) edit(text []byte) ([]byte, error) {
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	for _, part := range []func(*document) error{w.service, w.servers, w.name, w.proxy, w.registry, w.env, w.database} {
		if err := part(d); err != nil {
			return nil, d.inFile(err)
		}
	}
	if err := w.verify(text, d.text); err != nil {
		return nil, err
	}
	return d.text, nil
}

func (w Deploy) service(d *document) error {
	found, err := d.find("service")
	if err != nil {
		return err
	}
	if found == nil {
		return refusal{0, "there is no `service:`; is this a file of `kamal init`?"}
	}
	if name := resolved(found.value).Value; name != w.Service {
		return refuse(found.key, "the service is %q here and %q in the stack's settings; make them equal (pulumi config set service %s)", name, w.Service, name)
	}
	return nil
}

func (w Deploy) name(d *document) error { return d.require(word(w.image()), "image") }

// servers makes the server the only host of the primary role, in each of the
// shapes that Kamal reads: a list, lists by role, and roles with `hosts:`.
func (w Deploy) servers(d *document) error {
	role, err := primaryRole(d)
	if err != nil {
		return err
	}
	all, err := d.find("servers")
	if err != nil {
		return err
	}
	if all == nil {
		return d.insert(items([]string{w.ServerIP}).below("web").below("servers"), "servers")
	}
	if resolved(all.value).Kind == yaml.SequenceNode {
		return w.onlyHost(d, "servers")
	}
	web, err := d.find("servers", role)
	if err != nil {
		return err
	}
	if web == nil && !isNull(all.value) {
		return refuse(all.key, "there is no role `%s` below `servers:`", role)
	}
	if web == nil || isNull(web.value) || resolved(web.value).Kind == yaml.SequenceNode {
		return w.onlyHost(d, "servers", role)
	}
	if resolved(web.value).Kind != yaml.MappingNode {
		return refuse(web.key, "the role `%s` is neither a list of hosts nor a section with `hosts:`", role)
	}
	return w.onlyHost(d, "servers", role, "hosts")
}

// primaryRole is the role that the proxy is in front of, "web" unless the file
// says otherwise.
func primaryRole(d *document) (string, error) {
	primary, err := d.find("primary_role")
	if err != nil || primary == nil {
		return "web", err
	}
	return resolved(primary.value).Value, nil
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9._:%-]+$`)

// onlyHost sets a list's one host; with a tag behind it, the tag stays.
func (w Deploy) onlyHost(d *document, path ...string) error {
	found, err := d.find(path...)
	if err != nil {
		return err
	}
	if found != nil {
		list := resolved(found.value)
		if list.Kind == yaml.SequenceNode && len(list.Content) > 1 {
			return refuse(found.key, "%d hosts are listed, and this stack has one server", len(list.Content))
		}
		if list.Kind == yaml.SequenceNode && len(list.Content) == 1 {
			host := list.Content[0]
			if host.Kind == yaml.MappingNode && len(host.Content) == 2 {
				host = host.Content[0]
			}
			if hostName.MatchString(resolved(host).Value) {
				return d.setScalar(host, word(w.ServerIP))
			}
			return refuse(host, "this is not a host")
		}
	}
	return d.requireList([]string{w.ServerIP}, path...)
}

func (w Deploy) proxy(d *document) error {
	role, err := primaryRole(d)
	if err != nil {
		return err
	}
	if err := noKeys(d, "the role's own proxy settings win over these", []string{"servers", role, "proxy"}, "ssl", "host", "hosts"); err != nil {
		return err
	}
	if err := w.ssl(d); err != nil {
		return err
	}
	if w.KeepHeaders {
		if err := d.require(yes, "proxy", "forward_headers"); err != nil {
			return err
		}
	}
	several, err := d.find("proxy", "hosts")
	if err != nil {
		return err
	}
	one, err := d.find("proxy", "host")
	if err != nil {
		return err
	}
	switch {
	case several != nil && one != nil:
		return refuse(one.key, "`host:` and `hosts:` stand together, which Kamal rejects")
	case several != nil:
		return d.requireList(w.Hosts, "proxy", "hosts")
	case len(w.Hosts) == 1:
		return d.require(word(w.Hosts[0]), "proxy", "host")
	case one != nil && isFlow(d.parentOf("proxy")):
		return refuse(one.key, "several hosts do not fit into braces")
	case one != nil:
		return d.replace(one, items(w.Hosts).below("hosts"))
	}
	return d.insert(items(w.Hosts).below("hosts"), "proxy", "hosts")
}

// ssl is true, or names the secrets that hold a certificate.
func (w Deploy) ssl(d *document) error {
	found, err := d.find("proxy", "ssl")
	if err != nil {
		return err
	}
	custom := found != nil && resolved(found.value).Kind == yaml.MappingNode
	if w.OriginCert == nil {
		if custom {
			return refuse(found.key, "`proxy.ssl` names a certificate of your own; remove it (and write `ssl: true`), or set certificate: cloudflare-origin")
		}
		return d.require(yes, "proxy", "ssl")
	}
	names := block{"certificate_pem: " + w.OriginCert.CertificatePEM, "private_key_pem: " + w.OriginCert.PrivateKeyPEM}
	switch {
	case found == nil:
		return d.insert(names.below("ssl"), "proxy", "ssl")
	case !custom:
		return d.replace(found, names.below("ssl"))
	}
	return errors.Join(
		d.require(word(w.OriginCert.CertificatePEM), "proxy", "ssl", "certificate_pem"),
		d.require(word(w.OriginCert.PrivateKeyPEM), "proxy", "ssl", "private_key_pem"),
	)
}

func (w Deploy) registry(d *document) error {
	if err := d.require(word("ghcr.io"), "registry", "server"); err != nil {
		return err
	}
	if name, err := d.find("registry", "username"); err != nil {
		return err
	} else if name != nil && resolved(name.value).Kind == yaml.SequenceNode {
		// A secret's name: Kamal reads it like the password.
		if err := d.replace(name, block{"username: " + word(w.GitHubUser).written()}); err != nil {
			return err
		}
	}
	if err := d.require(word(w.GitHubUser), "registry", "username"); err != nil {
		return err
	}
	return d.requireList(registryPassword, "registry", "password")
}

func (w Deploy) env(d *document) error {
	found, err := d.find("env")
	if err != nil {
		return err
	}
	if found != nil && isFlatEnv(resolved(found.value)) {
		return refuse(found.key, "`env:` has neither `clear:` nor `secret:`, so Kamal takes all of it as clear; move its variables below `clear:`")
	}
	if err := d.require(word(w.databaseHost()), "env", "clear", "DB_HOST"); err != nil {
		return err
	}
	return d.requireItems(w.AppSecrets, sameVariable, "env", "secret")
}

// isFlatEnv follows Kamal's own rule (configuration/env.rb).
func isFlatEnv(env *yaml.Node) bool {
	if env.Kind != yaml.MappingNode || len(env.Content) == 0 {
		return false
	}
	for i := 0; i < len(env.Content); i += 2 {
		if slices.Contains([]string{"clear", "secret", "tags"}, env.Content[i].Value) {
			return false
		}
	}
	return true
}

// sameVariable compares the variable that the app will see: NAME or NAME:SECRET.
func sameVariable(item, wanted string) bool {
	name, _, _ := strings.Cut(item, ":")
	want, _, _ := strings.Cut(wanted, ":")
	return name == want
}

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

var (
	postgresImage = regexp.MustCompile(`(^|/)(postgres|postgresql|postgis|pgvector|timescaledb)(-ha)?(:|@|$)`)
	plainPostgres = regexp.MustCompile(`^(docker\.io/)?(library/)?postgres:([0-9]+)\b`)
)

// databaseSoftware sets the image of the accessory. One that is newer, or more
// than plain PostgreSQL, holds data that the wanted image could not read.
func (w Deploy) databaseSoftware(d *document) error {
	found, err := d.find("accessories", "db", "image")
	if err != nil {
		return err
	}
	if found != nil && !isNull(found.value) {
		image := resolved(found.value).Value
		switch {
		case image == w.Database:
			return nil
		case !postgresImage.MatchString(image):
			return refuse(found.key, "the accessory db runs %q, which is not PostgreSQL", image)
		case majorOf(image) == 0 || majorOf(image) > majorOf(w.Database):
			return refuse(found.key, "the accessory db runs %q, whose data %s may not read; to keep it: pulumi config set postgresImage %s", image, w.Database, image)
		}
	}
	return d.require(word(w.Database), "accessories", "db", "image")
}

// majorOf is the version of a plain PostgreSQL image; 0 when it is not told.
func majorOf(image string) int {
	parts := plainPostgres.FindStringSubmatch(image)
	if parts == nil {
		return 0
	}
	major, _ := strconv.Atoi(parts[3])
	return major
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

// databaseVolume sees to it that the data lies in the named volume and nowhere
// else: a directory would be deleted with the accessory (`kamal accessory remove`).
func (w Deploy) databaseVolume(d *document) error {
	for _, key := range []string{"directories", "volumes"} {
		found, err := d.find("accessories", "db", key)
		if err != nil {
			return err
		}
		if found == nil || resolved(found.value).Kind != yaml.SequenceNode {
			continue
		}
		list := resolved(found.value).Content
		if mounts := slices.DeleteFunc(slices.Clone(list), func(mount *yaml.Node) bool { return !holdsDatabase(resolved(mount).Value) }); len(mounts) > 1 {
			return refuse(mounts[1], "the data is mounted a second time (first on line %d)", d.origin[mounts[0].Line])
		}
		for _, mount := range list {
			if !holdsDatabase(resolved(mount).Value) || resolved(mount).Value == w.volume() {
				continue
			}
			switch {
			case key == "volumes":
				return d.setScalar(mount, word(w.volume()))
			case len(list) > 1:
				return refuse(mount, "the data lies in a directory, which `kamal accessory remove` deletes; move it to `volumes:`")
			default:
				if volumes, err := d.find("accessories", "db", "volumes"); err != nil {
					return err
				} else if volumes != nil {
					return errors.Join(d.remove(found), d.requireItems([]string{w.volume()}, same, "accessories", "db", "volumes"))
				}
				return d.replace(found, items([]string{w.volume()}).below("volumes"))
			}
		}
	}
	return d.requireItems([]string{w.volume()}, same, "accessories", "db", "volumes")
}

// holdsDatabase tells whether a mount lands on PostgreSQL's data or above or below it.
func holdsDatabase(mount string) bool {
	_, inside, _ := strings.Cut(mount, ":")
	inside, _, _ = strings.Cut(inside, ":")
	inside = strings.TrimRight(inside, "/")
	return inside != "" && (inside == databaseFiles || inside == "/var/lib/postgresql")
}

// noKeys refuses a section that holds one of some keys.
func noKeys(d *document, reason string, section []string, keys ...string) error {
	for _, key := range keys {
		found, err := d.find(append(slices.Clone(section), key)...)
		if err != nil {
			return err
		}
		if found != nil {
			return refuse(found.key, "`%s.%s`: %s", strings.Join(section, "."), key, reason)
		}
	}
	return nil
}

// parentOf is the mapping of a section that exists.
func (d *document) parentOf(section string) *yaml.Node {
	found, err := d.find(section)
	if err != nil || found == nil {
		return d.root
	}
	return resolved(found.value)
}

// ByHand is what the file must say, for those who put it in themselves.
func (w Deploy) ByHand() string {
	ssl := block{"ssl: true"}
	if w.OriginCert != nil {
		ssl = block{"certificate_pem: " + w.OriginCert.CertificatePEM, "private_key_pem: " + w.OriginCert.PrivateKeyPEM}.below("ssl")
	}
	if w.KeepHeaders {
		ssl = append(ssl, "forward_headers: true")
	}
	host := block{"host: " + w.Hosts[0]}
	if len(w.Hosts) > 1 {
		host = items(w.Hosts).below("hosts")
	}
	env := append(block{"DB_HOST: " + w.databaseHost()}.below("clear"), items(w.AppSecrets).below("secret")...)
	registry := append(block{"server: ghcr.io", "username: " + w.GitHubUser}, items(registryPassword).below("password")...)
	if len(w.AppSecrets) == 0 {
		env = append(block{"DB_HOST: " + w.databaseHost()}.below("clear"), items([]string{"RAILS_MASTER_KEY", "POSTGRES_PASSWORD"}).below("secret")...)
	}
	all := slices.Concat(
		block{"image: " + w.image()},
		items([]string{w.ServerIP}).below("web").below("servers"),
		append(ssl, host...).below("proxy"),
		registry.below("registry"),
		env.below("env"),
		w.accessory().below("db").below("accessories"),
	)
	return all.at(0, 2, "\n")
}

// isAddress tells an address from a name.
func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
