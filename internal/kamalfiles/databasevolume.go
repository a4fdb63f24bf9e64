package kamalfiles

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// filesOf is where an image wants its volume. From PostgreSQL 18 on the official
// one refuses a mount at .../data (https://github.com/docker-library/postgres/issues/1370);
// before, a mount above it would leave the data in a volume without a name.
func filesOf(image string) string {
	switch {
	case strings.Contains(image, "bitnami"):
		return "/bitnami/postgresql"
	case strings.Contains(image, "timescaledb-ha"):
		return "/home/postgres/pgdata"
	case majorOf(image) >= 18:
		return "/var/lib/postgresql"
	}
	return "/var/lib/postgresql/data"
}

var databasePlaces = []string{"/var/lib/postgresql", "/var/lib/postgresql/data", "/bitnami/postgresql", "/home/postgres/pgdata", "/home/postgres/pgdata/data"}

// volume is the one that a new accessory gets.
func (w Deploy) volume(image string) string { return w.Service + "_postgres:" + filesOf(image) }

// databaseVolume sees to it that the data lies in a named volume, where the image
// looks for it and nowhere else: a directory would be deleted with the accessory
// (`kamal accessory remove`). A named volume keeps its name, and its data.
func (w Deploy) databaseVolume(d *document) error {
	image := w.databaseImage()
	if own := d.at(w.db("image")...); own != nil {
		image = own.Value
	}
	for _, key := range []string{"directories", "volumes"} {
		found, err := d.find(w.db(key)...)
		if err != nil {
			return err
		}
		if found == nil || resolved(found.value).Kind != yaml.SequenceNode {
			continue
		}
		list := resolved(found.value).Content
		if mounts := slices.DeleteFunc(slices.Clone(list), func(mount *yaml.Node) bool { return !holdsDatabase(mountOf(mount)) }); len(mounts) > 1 {
			return refuse(mounts[1], "the data is mounted a second time (first on line %d)", d.origin[mounts[0].Line])
		}
		for _, mount := range list {
			if holdsDatabase(mountOf(mount)) {
				return w.databaseMount(d, found, mount, image)
			}
		}
	}
	return d.requireItems([]string{w.volume(image)}, same, w.db("volumes")...)
}

// databaseMount mends the one mount that holds the data.
func (w Deploy) databaseMount(d *document, list *entry, mount *yaml.Node, image string) error {
	if pgdata := d.at(w.db("env", "clear", "PGDATA")...); pgdata != nil && strings.HasPrefix(pgdata.Value+"/", insideOf(mountOf(mount))+"/") && list.key.Value == "volumes" {
		return nil // the developer says where, and it is in there
	}
	source, rest, _ := strings.Cut(mountOf(mount), ":")
	if _, options, ok := strings.Cut(rest, ":"); ok {
		options = ":" + options
		rest = options
	} else {
		rest = ""
	}
	named := list.key.Value == "volumes" && source != "" && !strings.ContainsAny(source[:1], "/.~$")
	if named {
		want := source + ":" + filesOf(image) + rest
		if insideOf(mountOf(mount)) == filesOf(image) {
			return nil
		}
		d.note(mount, "%s wants its volume at %s, and would else keep the data in one without a name or not start", image, filesOf(image))
		return d.setScalar(mount, word(want))
	}
	want := w.volume(image)
	if list.key.Value == "directories" && len(resolved(list.value).Content) > 1 {
		return refuse(mount, "the data lies in a directory, which `kamal accessory remove` deletes; move it to `volumes:`")
	}
	name, _, _ := strings.Cut(want, ":")
	d.note(mount, "the data lay in the directory %s, and lies in the volume %s now, which begins empty and survives the accessory", source, name)
	if list.key.Value == "volumes" {
		return d.setScalar(mount, word(want))
	}
	if d.at(w.db("volumes")...) != nil {
		return errors.Join(d.remove(list), d.requireItems([]string{want}, same, w.db("volumes")...))
	}
	return d.replace(list, items([]string{want}).below("volumes"))
}

// mountOf is a mount as source:inside, which Kamal also reads as a mapping.
func mountOf(node *yaml.Node) string {
	node = resolved(node)
	if node.Kind != yaml.MappingNode {
		return node.Value
	}
	local, remote := valueOf(node, "local"), valueOf(node, "remote")
	if local == nil || remote == nil {
		return ""
	}
	return local.Value + ":" + remote.Value
}

func insideOf(mount string) string {
	_, inside, _ := strings.Cut(mount, ":")
	inside, _, _ = strings.Cut(inside, ":")
	return strings.TrimRight(inside, "/")
}

// holdsDatabase tells whether a mount lands on PostgreSQL's data or above or below it.
func holdsDatabase(mount string) bool { return slices.Contains(databasePlaces, insideOf(mount)) }
