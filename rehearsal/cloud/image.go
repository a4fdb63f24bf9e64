package cloud

import (
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

var images = systemImages("ubuntu-22.04", "ubuntu-24.04", "debian-12", "debian-13")

var imageKind = kind[schema.Image]{
	one: "image", many: "images",
	all: func() []schema.Image { return images },
	id:  func(i schema.Image) int64 { return i.ID },
	filters: map[string]func(schema.Image) string{
		"name":         func(i schema.Image) string { return *i.Name },
		"architecture": func(i schema.Image) string { return i.Architecture },
		"type":         func(i schema.Image) string { return i.Type },
		"status":       func(i schema.Image) string { return i.Status },
	},
}

// systemImages has each image twice under the same name, once for every architecture.
func systemImages(names ...string) []schema.Image {
	var all []schema.Image
	created := time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC)
	for i, name := range names {
		flavor, version := name[:6], name[7:]
		for j, architecture := range []string{"x86", "arm"} {
			all = append(all, schema.Image{
				ID: int64(161547000 + 10*i + j), Status: "available", Type: "system", Name: &name, Description: name,
				DiskSize: 5, Created: &created, OSFlavor: flavor, OSVersion: &version, Architecture: architecture,
				RapidDeploy: true, Labels: map[string]string{},
			})
		}
	}
	return all
}

// findImage finds the image for an architecture, by ID or name.
func findImage(wanted schema.IDOrName, architecture string) (schema.Image, error) {
	known := false
	for _, image := range images {
		if image.ID != wanted.ID && *image.Name != wanted.Name {
			continue
		}
		known = true
		if image.Architecture == architecture {
			return image, nil
		}
	}
	if known {
		return schema.Image{}, unfit("image and server type have different architectures")
	}
	return schema.Image{}, unfit("image '" + idOrName(wanted) + "' not found")
}
