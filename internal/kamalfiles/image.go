package kamalfiles

import "strings"

// image is the image's name without the registry's, which Kamal puts in front
// (https://kamal-deploy.org/docs/configuration/overview/).
func (w Deploy) image() string {
	if w.Registry.isLocal() {
		return w.Service
	}
	return w.Registry.User + "/" + w.Service
}

// name sets the image's name on ghcr.io, where the owner is part of it. Elsewhere
// the one in the file stays: other registries have other rules for it.
func (w Deploy) name(d *document) error {
	found, err := d.find("image")
	if err != nil {
		return err
	}
	if w.Registry.Server == GitHubRegistry || found == nil || isNull(found.value) {
		return d.require(word(w.image()), "image")
	}
	if name := resolved(found.value).Value; strings.HasPrefix(name, w.Registry.Server+"/") {
		return d.setScalar(found.value, word(strings.TrimPrefix(name, w.Registry.Server+"/")))
	}
	return nil
}
