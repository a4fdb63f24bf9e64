package images

import (
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// Proxy is the image basecamp/kamal-proxy with the real program, and writes it
// to a directory. authorities are whom it trusts, in PEM. The rest is as in
// kamal-proxy's Dockerfile; Kamal prunes by the label.
func Proxy(program, authorities, directory string) error {
	binary, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	trusted, err := os.ReadFile(authorities)
	if err != nil {
		return err
	}
	const user = 1001
	layer, err := layerOf([]entry{
		{path: "etc/passwd", mode: 0o644, text: []byte("root:x:0:0:root:/root:/bin/sh\nkamal-proxy:x:1001:1001::/home/kamal-proxy:/bin/sh\n")},
		{path: "etc/group", mode: 0o644, text: []byte("root:x:0:\nkamal-proxy:x:1001:\n")},
		{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, text: trusted},
		{path: "usr/local/bin/kamal-proxy", mode: 0o755, text: binary},
		{path: "home/kamal-proxy", mode: os.ModeDir | 0o755, owner: user},
		{path: "home/kamal-proxy/.config", mode: os.ModeDir | 0o755, owner: user},
		{path: "home/kamal-proxy/.config/kamal-proxy", mode: os.ModeDir | 0o755, owner: user},
		{path: "tmp", mode: os.ModeDir | 0o777},
	})
	if err != nil {
		return err
	}
	image, err := from(v1.Config{
		User: "kamal-proxy:kamal-proxy", Cmd: []string{"kamal-proxy", "run"},
		Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		ExposedPorts: map[string]struct{}{"80/tcp": {}, "443/tcp": {}},
		Labels:       map[string]string{"org.opencontainers.image.title": "kamal-proxy"},
	})
	if err != nil {
		return err
	}
	if image, err = mutate.AppendLayers(image, layer); err != nil {
		return err
	}
	return write(directory, image)
}
