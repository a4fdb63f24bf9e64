package kamalfiles

import (
	"errors"

	"go.yaml.in/yaml/v4"
)

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
