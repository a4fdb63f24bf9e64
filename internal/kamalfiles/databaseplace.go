package kamalfiles

import "strings"

// databasePlace puts the accessory on its server, by `host:` or a list of one.
func (w Deploy) databasePlace(d *document) error {
	primary, err := primaryRole(d)
	if err != nil {
		return err
	}
	w.movedNote(d)
	for _, other := range []string{"role", "roles", "tag", "tags"} {
		found, err := d.find(w.db(other)...)
		if err != nil {
			return err
		}
		if found == nil {
			continue
		}
		if roles := addresses(resolved(found.value)); strings.HasPrefix(other, "role") && len(roles) == 1 && roles[0].Value == primary && w.besideTheWeb() {
			return nil // where the primary role is, and so on this server
		}
		d.note(found.key, "the accessory %s was placed by `%s:`, and is on this stack's server by its address now", w.db()[1], other)
		return d.replace(found, block{"host: " + word(w.databaseOn()).written()})
	}
	for _, key := range []string{"host", "hosts"} {
		for _, p := range hostsIn("", d.at(w.db(key)...)) {
			if host := p.host.Value; !w.knows(host) && d.tag(p.host) == "" && !isPrivate(host) {
				d.note(p.host, "the accessory %s was on %s, another host than the app's; it is on this stack's server now, where it begins empty; if its data is to stay where it is: pulumi config set database external", w.db()[1], host)
			}
		}
	}
	if hosts, err := d.find(w.db("hosts")...); err != nil {
		return err
	} else if hosts != nil {
		return w.setHosts(d, []string{w.databaseOn()}, w.onOneServer, w.db("hosts")...)
	}
	return d.require(word(w.databaseOn()), w.db("host")...)
}

// besideTheWeb tells whether all of the primary role is where the database is.
func (w Deploy) besideTheWeb() bool { return len(w.WebHosts) == 1 && w.databaseOn() == w.firstWeb() }

func (w Deploy) onOneServer(int) string {
	if w.several() {
		return "the database is on one"
	}
	return "this stack has one server"
}

// movedNote tells of a database that goes from one of the stack's servers to another.
func (w Deploy) movedNote(d *document) {
	if was, now := w.databaseWas, w.databaseOn(); was != now && w.knows(was) {
		d.noteKey(w.db(), `the accessory %s was on %s and is on %s now, both this stack's; its data does not move by itself: docs/growing.md tells how`, w.db()[1], was, now)
	}
}

// databaseStands is the host that an accessory is on in the file: by its address, or
// by the primary role.
func databaseStands(d *document, accessory string) string {
	path := []string{"accessories", accessory}
	for _, key := range []string{"host", "hosts"} {
		for _, p := range hostsIn("", d.at(below(path, key)...)) {
			return p.host.Value
		}
	}
	primary, err := primaryRole(d)
	if err != nil {
		return ""
	}
	for _, key := range []string{"role", "roles"} {
		if roles := d.at(below(path, key)...); roles != nil && len(addresses(roles)) == 1 && addresses(roles)[0].Value == primary {
			return firstOf(primaryHosts(d, primary))
		}
	}
	return ""
}

func firstOf(hosts []string) string {
	if len(hosts) == 0 {
		return ""
	}
	return hosts[0]
}

// primaryHosts are the hosts of the primary role, in each of its shapes.
func primaryHosts(d *document, role string) []string {
	all := d.at("servers")
	if all == nil {
		return nil
	}
	if own := valueOf(all, role); own != nil {
		return hostsOfRole(own)
	}
	return hostsOfRole(all)
}
