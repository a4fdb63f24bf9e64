package kamalfiles

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// proxy names the app's hosts and has TLS spoken for them. Kamal merges each
// role's own section over the root's and then rejects `host` and `hosts`
// together (configuration/role.rb, validator/proxy.rb), so what a role says
// decides where and how it is written here
// (https://kamal-deploy.org/docs/configuration/proxy/).
func (w Deploy) proxy(d *document) error {
	role, err := primaryRole(d)
	if err != nil {
		return err
	}
	if err := w.ssl(d, proxySection(d, role, "ssl")); err != nil {
		return err
	}
	if w.KeepHeaders {
		if err := d.require(yes, append(proxySection(d, role, "forward_headers"), "forward_headers")...); err != nil {
			return err
		}
	}
	section := proxySection(d, role, "host", "hosts")
	form, err := w.hostsForm(d, section)
	if err != nil {
		return err
	}
	return w.hosts(d, form, section)
}

// proxySection is where some keys of the proxy are read from for the primary
// role: its own section if that has one of them, and else the root's.
func proxySection(d *document, role string, keys ...string) []string {
	own := []string{"servers", role, "proxy"}
	for _, key := range keys {
		if d.at(append(slices.Clone(own), key)...) != nil {
			return own
		}
	}
	return []string{"proxy"}
}

// hostsForm is the key that holds the hosts: what the sections that Kamal merges
// with this one have, then what stands there already, then what fits.
func (w Deploy) hostsForm(d *document, section []string) (string, error) {
	var forms []string
	for _, other := range proxySections(d) {
		if slices.Equal(other, section) || other[0] == section[0] {
			continue // itself, or the section of another role
		}
		for _, key := range []string{"host", "hosts"} {
			if d.at(append(slices.Clone(other), key)...) != nil && !slices.Contains(forms, key) {
				forms = append(forms, key)
			}
		}
	}
	one, err := d.find(append(slices.Clone(section), "host")...)
	if err != nil {
		return "", err
	}
	several, err := d.find(append(slices.Clone(section), "hosts")...)
	if err != nil {
		return "", err
	}
	switch {
	case several != nil && one != nil:
		return "", refuse(one.key, "`host:` and `hosts:` stand together, which Kamal rejects")
	case len(forms) > 1:
		return "", refusal{0, "one role's proxy has `host:` and another's `hosts:`, and Kamal rejects both beside the root's; write `hosts:` in each"}
	case len(forms) == 1:
		return forms[0], nil
	case several != nil || len(w.Hosts) > 1:
		return "hosts", nil
	}
	return "host", nil
}

// proxySections are the root's and those of the roles that have one.
func proxySections(d *document) [][]string {
	sections := [][]string{{"proxy"}}
	if all := d.at("servers"); all != nil {
		for role, section := range pairs(all) {
			if own := valueOf(section, "proxy"); own != nil && own.Kind == yaml.MappingNode {
				sections = append(sections, []string{"servers", role, "proxy"})
			}
		}
	}
	return sections
}

// hosts writes the hosts under `host:`, which Kamal splits at commas, or `hosts:`.
func (w Deploy) hosts(d *document, form string, section []string) error {
	other := map[string]string{"host": "hosts", "hosts": "host"}[form]
	found, err := d.find(append(slices.Clone(section), other)...)
	if err != nil {
		return err
	}
	path := append(slices.Clone(section), form)
	one := word(strings.Join(w.Hosts, ","))
	switch {
	case found == nil && form == "host":
		return d.require(one, path...)
	case found == nil && d.at(path...) != nil:
		return d.requireList(w.Hosts, path...)
	case found == nil:
		return d.insert(items(w.Hosts).below("hosts"), path...)
	case form == "host":
		return d.replace(found, block{"host: " + one.written()})
	case isFlow(d.at(section...)):
		return refuse(found.key, "several hosts do not fit into braces")
	}
	return d.replace(found, items(w.Hosts).below("hosts"))
}

// ssl is true, or names the secrets that hold a certificate.
func (w Deploy) ssl(d *document, section []string) error {
	path := append(slices.Clone(section), "ssl")
	found, err := d.find(path...)
	if err != nil {
		return err
	}
	custom := found != nil && resolved(found.value).Kind == yaml.MappingNode
	if w.OriginCert == nil {
		if custom {
			d.note(found.key, "`%s` names a certificate of your own, which stays; Cloudflare must find it valid for %s; to have one obtained instead, write `ssl: true`", strings.Join(path, "."), strings.Join(w.Hosts, " and "))
			return nil
		}
		return d.require(yes, path...)
	}
	names := block{"certificate_pem: " + w.OriginCert.CertificatePEM, "private_key_pem: " + w.OriginCert.PrivateKeyPEM}
	switch {
	case found == nil:
		return d.insert(names.below("ssl"), path...)
	case !custom:
		return d.replace(found, names.below("ssl"))
	}
	return errors.Join(
		d.require(word(w.OriginCert.CertificatePEM), append(path, "certificate_pem")...),
		d.require(word(w.OriginCert.PrivateKeyPEM), append(path, "private_key_pem")...),
	)
}

// proxyNotes tells of roles that take the site away from the proxy, or claim it
// a second time.
func (w Deploy) proxyNotes(d *document) {
	primary, _ := primaryRole(d)
	all, err := d.find("servers")
	if err != nil || all == nil {
		return
	}
	for role, section := range pairs(resolved(all.value)) {
		own := valueOf(section, "proxy")
		switch {
		case own == nil:
		case role == primary && own.Value == "false":
			d.note(own, "`servers.%s.proxy` is false, so the proxy does not lead to the app and nothing answers on ports 80 and 443; delete the line", role)
		case role != primary && (own.Value == "true" || own.Kind == yaml.MappingNode && valueOf(own, "host") == nil && valueOf(own, "hosts") == nil):
			d.note(own, "the proxy leads to the role %s too, which has no host of its own, and Kamal rejects two roles with one host; give it `proxy: {host: ...}` or delete the line", role)
		}
	}
}
