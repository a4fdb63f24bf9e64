package kamalfiles

import "strings"

// service compares the name that the containers carry. A name that ERB makes is
// taken to be the stack's.
func (w Deploy) service(d *document) error {
	found, err := d.find("service")
	if err != nil {
		return err
	}
	if found == nil {
		return refusal{0, "there is no `service:`; is this a file of `kamal init`?"}
	}
	name := resolved(found.value)
	if tag := d.tag(name); tag != "" {
		d.note(found.key, "%s decides the service, which is taken to be %s, as in the stack's settings; if it is another, the containers have another name than is written here: pulumi config set service NAME", tag, w.Service)
		return nil
	}
	if name.Value != w.Service {
		return refuse(found.key, "the service is %s here and %q in the stack's settings; make them equal%s", d.said(name), w.Service, mendService(d.said(name), name.Value))
	}
	return nil
}

// mendService is the command that takes the file's name, if it is one.
func mendService(said, name string) string {
	if said != `"`+name+`"` {
		return ""
	}
	return " (pulumi config set service " + name + ")"
}

// kamal1 refuses files that Kamal 2 rejects whatever is edited
// (https://kamal-deploy.org/docs/upgrading/overview/).
func (w Deploy) kamal1(d *document) error {
	paths := [][]string{{"traefik"}, {"healthcheck"}}
	if all := d.at("servers"); all != nil {
		for role := range pairs(all) {
			paths = append(paths, []string{"servers", role, "traefik"})
		}
	}
	for _, path := range paths {
		found, err := d.find(path...)
		if err != nil {
			return err
		}
		if found != nil {
			return refuse(found.key, "`%s:` makes it a Kamal 1 file: run `kamal upgrade`, and see https://kamal-deploy.org/docs/upgrading/overview/ for what changes in it", strings.Join(path, "."))
		}
	}
	for _, path := range [][]string{{"builder", "multiarch"}, {"builder", "local", "arch"}, {"builder", "remote", "arch"}} {
		if found, err := d.find(path...); err == nil && found != nil {
			d.note(found.key, "`%s:` is Kamal 1's, and Kamal 2 rejects it; delete it and write `arch: amd64` below `builder:`", strings.Join(path, "."))
		}
	}
	return nil
}
