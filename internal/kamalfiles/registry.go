package kamalfiles

import (
	"go.yaml.in/yaml/v4"
)

var registryPassword = []string{"KAMAL_REGISTRY_PASSWORD"}

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
