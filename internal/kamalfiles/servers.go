package kamalfiles

import (
	"net/netip"
	"regexp"

	"go.yaml.in/yaml/v4"
)

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

// isAddress tells an address from a name.
func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
