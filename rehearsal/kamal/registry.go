package kamal

import "regexp"

// registry is where images come from, the app's or an accessory's
// (lib/kamal/configuration/registry.rb).
type registry struct {
	root    value
	secrets *secrets
}

var localServer = regexp.MustCompile(`^localhost[:$]`)

func (r registry) server() string { return r.root.get("server").text() }

// local tells a registry that Kamal starts on the developer's own machine.
func (r registry) local() bool { return localServer.MatchString(r.server()) }

// lookup is a setting that stands in clear, or as a list with a secret's name.
func (r registry) lookup(key string) (string, error) {
	v := r.root.get(key)
	if names := v.texts(); len(names) > 0 {
		return r.secrets.get(names[0])
	}
	return v.text(), nil
}
