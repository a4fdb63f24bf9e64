package kamalfiles

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// servers makes the server the only host of the primary role, in each of the
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
		return d.insert(items([]string{w.ServerIP}).below("web").below("servers"), "servers")
	}
	if list := resolved(all.value); list.Kind == yaml.SequenceNode || list.Kind == yaml.ScalarNode && !isNull(list) {
		return w.onlyHost(d, "servers")
	}
	web, err := d.find("servers", role)
	if err != nil {
		return err
	}
	if web == nil && !isNull(all.value) {
		return refuse(all.key, "there is no role `%s` below `servers:`", role)
	}
	if web == nil || resolved(web.value).Kind != yaml.MappingNode {
		return w.onlyHost(d, "servers", role)
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

var hostName = regexp.MustCompile(`^[^\s,\[\]{}]+$`)

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
			host := hostOf(list.Content[0])
			if !hostName.MatchString(resolved(host).Value) {
				return refuse(host, "this is not a host")
			}
			before := d.said(resolved(host))
			if err := d.setScalar(host, word(w.ServerIP)); err != nil {
				return err
			}
			return w.moveAlong(d, before)
		}
	}
	return d.requireList([]string{w.ServerIP}, path...)
}

// hostOf is an item of a list of hosts without the tags behind it.
func hostOf(item *yaml.Node) *yaml.Node {
	if item.Kind == yaml.MappingNode && len(item.Content) == 2 {
		return item.Content[0]
	}
	return item
}

// moveAlong gives the other roles and the accessories that stood on the same
// host as the primary role the new one.
func (w Deploy) moveAlong(d *document, before string) error {
	for {
		there := slices.IndexFunc(placed(d), func(p place) bool { return d.said(p.host) == before && p.host.Value != w.ServerIP })
		if there < 0 {
			return nil
		}
		if err := d.setScalar(placed(d)[there].host, word(w.ServerIP)); err != nil {
			return err
		}
	}
}

// A place is a host that a role or an accessory is put on.
type place struct {
	name string // as a message calls it, e.g. "the role job"
	host *yaml.Node
}

// placed lists the hosts that are named in the file itself, in its order.
func placed(d *document) []place {
	var places []place
	if all, err := d.find("servers"); err == nil && all != nil {
		for role, section := range pairs(resolved(all.value)) {
			hosts := section
			if section.Kind == yaml.MappingNode {
				hosts = valueOf(section, "hosts")
			}
			places = append(places, hostsIn("the role "+role, hosts)...)
		}
	}
	if all, err := d.find("accessories"); err == nil && all != nil {
		for name, section := range pairs(resolved(all.value)) {
			for _, key := range []string{"host", "hosts"} {
				places = append(places, hostsIn("the accessory "+name, valueOf(section, key))...)
			}
		}
	}
	return places
}

func hostsIn(name string, node *yaml.Node) []place {
	switch {
	case node == nil || isNull(node):
		return nil
	case node.Kind == yaml.ScalarNode:
		return []place{{name, node}}
	}
	var places []place
	for _, item := range node.Content {
		if host := resolved(hostOf(resolved(item))); node.Kind == yaml.SequenceNode && host.Kind == yaml.ScalarNode {
			places = append(places, place{name, host})
		}
	}
	return places
}

// otherHosts notes what stays on hosts that are not the stack's.
func (w Deploy) otherHosts(d *document) {
	for _, p := range placed(d) {
		switch tag := d.tag(p.host); {
		case p.host.Value == w.ServerIP:
		case tag != "":
			d.note(p.host, "%s decides where %s is; it must come out as %s, this stack's server", tag, p.name, w.ServerIP)
		default:
			d.note(p.host, "%s is on %s, which is not this stack's server; if it is to be there too, write %s", p.name, strings.Trim(d.said(p.host), `"`), w.ServerIP)
		}
	}
}

// builtElsewhere notes a machine that builds the image and is not the stack's.
func (w Deploy) builtElsewhere(d *document) {
	found, err := d.find("builder", "remote")
	if err != nil || found == nil || resolved(found.value).Value == "false" || strings.Contains(resolved(found.value).Value, w.ServerIP) {
		return
	}
	d.note(found.key, "the image is built on %s, which is not this stack's server; if that is the old one, write ssh://%s@%s", strings.Trim(d.said(resolved(found.value)), `"`), w.user(), w.ServerIP)
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
