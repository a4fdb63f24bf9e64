package kamalfiles

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// servers makes the web servers the only hosts of the primary role, in each of the
// shapes that Kamal reads: a list, lists by role, and roles with `hosts:`. What
// stood on the same host as the primary role moves with it
// (https://kamal-deploy.org/docs/configuration/servers/).
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
		return d.insert(items(w.WebHosts).below("web").below("servers"), "servers")
	}
	if list := resolved(all.value); list.Kind == yaml.SequenceNode || list.Kind == yaml.ScalarNode && !isNull(list) {
		return w.setHosts(d, w.WebHosts, w.otherNumber, "servers")
	}
	web, err := d.find("servers", role)
	if err != nil {
		return err
	}
	if web == nil && !isNull(all.value) {
		return refuse(all.key, "there is no role `%s` below `servers:`", role)
	}
	if web == nil || resolved(web.value).Kind != yaml.MappingNode {
		return w.setHosts(d, w.WebHosts, w.otherNumber, "servers", role)
	}
	return w.setHosts(d, w.WebHosts, w.otherNumber, "servers", role, "hosts")
}

// otherNumber says how many web servers there are, and how to have as many as are listed.
func (w Deploy) otherNumber(listed int) string {
	has := "one server"
	if len(w.WebHosts) > 1 {
		has = fmt.Sprintf("%d web servers", len(w.WebHosts))
	}
	return fmt.Sprintf("this stack has %s; for as many: pulumi config set webServers %d", has, listed)
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

var hostName = regexp.MustCompile(`^[^\s,\[\]{}]+$`)

// hostOf is an item of a list of hosts without the tags behind it.
func hostOf(item *yaml.Node) *yaml.Node {
	if item.Kind == yaml.MappingNode && len(item.Content) == 2 {
		return item.Content[0]
	}
	return item
}

// moveAlong gives the other roles and the accessories that stood on a host the one
// that takes its place.
func (w Deploy) moveAlong(d *document, before, now string) error {
	for {
		there := slices.IndexFunc(placed(d), func(p place) bool { return d.said(p.host) == before && p.host.Value != now })
		if there < 0 {
			return nil
		}
		if err := d.setScalar(placed(d)[there].host, word(now)); err != nil {
			return err
		}
	}
}

// A place is a host that a role or an accessory is put on.
type place struct {
	name string // as a message calls it, e.g. "the role job"
	host *yaml.Node
	path []string // of the host, or of the list that it is an item of
	item int      // which one; -1: it stands alone
}

// placed lists the hosts that are named in the file itself, in its order.
func placed(d *document) []place {
	var places []place
	if all, err := d.find("servers"); err == nil && all != nil {
		for role, section := range pairs(resolved(all.value)) {
			hosts, path := section, []string{"servers", role}
			if section.Kind == yaml.MappingNode {
				hosts, path = valueOf(section, "hosts"), append(path, "hosts")
			}
			places = append(places, hostsIn("the role "+role, hosts, path...)...)
		}
	}
	if all, err := d.find("accessories"); err == nil && all != nil {
		for name, section := range pairs(resolved(all.value)) {
			for _, key := range []string{"host", "hosts"} {
				places = append(places, hostsIn("the accessory "+name, valueOf(section, key), "accessories", name, key)...)
			}
		}
	}
	return places
}

func hostsIn(name string, node *yaml.Node, path ...string) []place {
	switch {
	case node == nil || isNull(node):
		return nil
	case node.Kind == yaml.ScalarNode:
		return []place{{name, node, path, -1}}
	}
	var places []place
	for i, item := range node.Content {
		if host := resolved(hostOf(resolved(item))); node.Kind == yaml.SequenceNode && host.Kind == yaml.ScalarNode {
			places = append(places, place{name, host, path, i})
		}
	}
	return places
}

// otherHosts notes what stays on hosts that are not the stack's.
func (w Deploy) otherHosts(d *document) {
	for _, p := range placed(d) {
		switch tag := d.tag(p.host); {
		case w.isOwn(p.host.Value):
		case tag != "" && w.several():
			d.note(p.host, "%s decides where %s is; it must come out as one of this stack's servers, such as %s", tag, p.name, w.firstWeb())
		case tag != "":
			d.note(p.host, "%s decides where %s is; it must come out as %s, this stack's server", tag, p.name, w.firstWeb())
		default:
			d.note(p.host, "%s is on %s, which is %s; if it is to be there too, write %s", p.name, strings.Trim(d.said(p.host), `"`), w.notOurs(), w.firstWeb())
		}
	}
}

// builtElsewhere notes a machine that builds the image and is not the stack's.
func (w Deploy) builtElsewhere(d *document) {
	found, err := d.find("builder", "remote")
	if err != nil || found == nil || resolved(found.value).Value == "false" || slices.ContainsFunc(w.own(), func(host string) bool { return strings.Contains(resolved(found.value).Value, host) }) {
		return
	}
	d.note(found.key, "the image is built on %s, which is %s; if that is the old one, write ssh://%s@%s", strings.Trim(d.said(resolved(found.value)), `"`), w.notOurs(), w.user(), w.firstWeb())
}

// addresses are the scalars in a value: one, or those of a list.
func addresses(node *yaml.Node) []*yaml.Node {
	if node.Kind == yaml.ScalarNode {
		return []*yaml.Node{node}
	}
	var found []*yaml.Node
	for _, child := range node.Content {
		found = append(found, addresses(child)...)
	}
	return found
}
