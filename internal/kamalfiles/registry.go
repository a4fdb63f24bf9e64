package kamalfiles

import (
	"regexp"

	"go.yaml.in/yaml/v4"
)

// Registry is where the image is kept.
type Registry struct {
	Server string // GitHubRegistry, LocalRegistry or another host's name
	User   string // of the server, lower-case; "" for LocalRegistry
}

const (
	GitHubRegistry = "ghcr.io"
	// LocalRegistry is a container beside Kamal, which the server reaches through
	// the SSH connection; no account is needed (Kamal 2.8).
	LocalRegistry = "localhost:5555"
)

var registryPassword = []string{"KAMAL_REGISTRY_PASSWORD"}

func (r Registry) isLocal() bool { return r.Server == LocalRegistry }

var registryHost = regexp.MustCompile(`^[^/]+`)

// registry says where the image goes and who writes it there; the local one asks
// nobody (https://kamal-deploy.org/docs/configuration/docker-registry/).
func (w Deploy) registry(d *document) error {
	if found := d.at("registry", "server"); found == nil || w.Registry.Server == GitHubRegistry || registryHost.FindString(found.Value) != w.Registry.Server {
		if err := d.require(word(w.Registry.Server), "registry", "server"); err != nil {
			return err
		}
	}
	if w.Registry.isLocal() {
		return nil
	}
	if name, err := d.find("registry", "username"); err != nil {
		return err
	} else if name != nil && resolved(name.value).Kind == yaml.SequenceNode {
		// A secret's name: Kamal reads it like the password.
		if err := d.replace(name, block{"username: " + word(w.Registry.User).written()}); err != nil {
			return err
		}
	}
	if err := d.require(word(w.Registry.User), "registry", "username"); err != nil {
		return err
	}
	return d.requireList(registryPassword, "registry", "password")
}

// registryNotes tells what may go wrong with the local registry.
func (w Deploy) registryNotes(d *document) {
	if found := d.at("registry", "server"); found != nil && w.Registry.isLocal() {
		d.note(found, "the image goes to the server through an SSH connection from this machine, which was reported to hang on large layers (https://github.com/basecamp/kamal/issues/1886); if it does: pulumi config set registry ghcr.io")
	}
}

// byHand are the registry's lines for those who write them themselves.
func (r Registry) byHand() block {
	if r.isLocal() {
		return block{"server: " + word(r.Server).written()}
	}
	return append(block{"server: " + r.Server, "username: " + r.User}, items(registryPassword).below("password")...)
}
