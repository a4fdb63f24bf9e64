package images

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"rails-on-hetzner/rehearsal/host"
	"rails-on-hetzner/rehearsal/work"
)

// recipe makes an image of Debian's packages.
type recipe struct {
	name    string
	files   map[string]string // put into the root first; all can be run
	install string            // run inside it, with apt's lists there
	config  v1.Config
	suite   string // whose server it is made of; empty: Base
}

// Base is the suite whose server all images are made of: it is rehearsed anyway.
const Base = "trixie"

// image says where the image of a recipe lies, below cacheDir, and how to make
// it there once the root of a server of its suite is made.
func (r recipe) image(cacheDir string) (directory string, make work.Step) {
	base, _ := host.RootFS(cacheDir, cmp.Or(r.suite, Base), "")
	text, _ := json.Marshal(r.config) // which is data and nothing else
	sum := sha256.Sum256(fmt.Appendf(text, "%s%s%v", r.install, base, r.files))
	directory = filepath.Join(cacheDir, "images", fmt.Sprintf("%s-%x", r.name, sum[:6]))
	return directory, work.Step{
		Name: r.name + " image", Lines: 300, Alone: 40 * time.Second,
		Do: func(ctx context.Context, tell func(string)) error { return r.make(ctx, directory, base, tell) },
	}
}

const afterInstall = `
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /usr/share/doc /usr/share/man /usr/share/locale /usr/share/i18n /usr/lib/python3*
`

func (r recipe) make(ctx context.Context, directory, base string, tell func(string)) error {
	return host.Once(directory, func(building string) (string, error) {
		made := filepath.Join(building, "image")
		return made, host.Over(ctx, base, building, r.files, r.install+afterInstall, tell, func(root string) error { return r.pack(root, made) })
	})
}

func (r recipe) pack(root, directory string) error {
	image, err := from(r.config)
	if err != nil {
		return err
	}
	layer, finish, err := rootLayer(root)
	if err != nil {
		return err
	}
	if image, err = mutate.AppendLayers(image, layer); err != nil {
		return err
	}
	return errors.Join(write(directory, image), finish())
}
