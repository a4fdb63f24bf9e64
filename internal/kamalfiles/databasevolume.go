package kamalfiles

import (
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// databaseVolume sees to it that the data lies in the named volume and nowhere
// else: a directory would be deleted with the accessory (`kamal accessory remove`).
func (w Deploy) databaseVolume(d *document) error {
	for _, key := range []string{"directories", "volumes"} {
		found, err := d.find("accessories", "db", key)
		if err != nil {
			return err
		}
		if found == nil || resolved(found.value).Kind != yaml.SequenceNode {
			continue
		}
		list := resolved(found.value).Content
		if mounts := slices.DeleteFunc(slices.Clone(list), func(mount *yaml.Node) bool { return !holdsDatabase(resolved(mount).Value) }); len(mounts) > 1 {
			return refuse(mounts[1], "the data is mounted a second time (first on line %d)", d.origin[mounts[0].Line])
		}
		for _, mount := range list {
			if !holdsDatabase(resolved(mount).Value) || resolved(mount).Value == w.volume() {
				continue
			}
			switch {
			case key == "volumes":
				return d.setScalar(mount, word(w.volume()))
			case len(list) > 1:
				return refuse(mount, "the data lies in a directory, which `kamal accessory remove` deletes; move it to `volumes:`")
			default:
				if volumes, err := d.find("accessories", "db", "volumes"); err != nil {
					return err
				} else if volumes != nil {
					return errors.Join(d.remove(found), d.requireItems([]string{w.volume()}, same, "accessories", "db", "volumes"))
				}
				return d.replace(found, items([]string{w.volume()}).below("volumes"))
			}
		}
	}
	return d.requireItems([]string{w.volume()}, same, "accessories", "db", "volumes")
}

// holdsDatabase tells whether a mount lands on PostgreSQL's data or above or below it.
func holdsDatabase(mount string) bool {
	_, inside, _ := strings.Cut(mount, ":")
	inside, _, _ = strings.Cut(inside, ":")
	inside = strings.TrimRight(inside, "/")
	return inside != "" && (inside == databaseFiles || inside == "/var/lib/postgresql")
}
