package images

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"rails-on-hetzner/rehearsal/work"
)

// Rails is what an app's Dockerfile begins with: Ruby, Rails and Puma, as Debian
// has them, and the client of PostgreSQL.
func Rails(cacheDir string) (directory string, make work.Step) {
	return recipe{
		name: "rails",
		install: `apt-get install -y -qq --no-install-recommends ruby ruby-rails ruby-pg puma
`,
		config: v1.Config{
			WorkingDir:   "/rails",
			Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "RAILS_ENV=production", "LANG=C.UTF-8"},
			Cmd:          []string{"bin/docker-entrypoint", "puma", "-b", "tcp://0.0.0.0:80", "config.ru"},
			ExposedPorts: map[string]struct{}{"80/tcp": {}},
		},
	}.image(cacheDir)
}

// App puts an app on top of Rails and writes it to a directory, as `kamal build`
// does with the app's Dockerfile; Kamal runs no image without its label.
func App(rails, app, service, directory string) error {
	base, err := read(rails)
	if err != nil {
		return err
	}
	entries, err := filesOf(app)
	if err != nil {
		return err
	}
	layer, err := layerOf(entries)
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	labelled := config.Config
	labelled.Labels = map[string]string{"service": service}
	if image, err = mutate.Config(image, labelled); err != nil {
		return err
	}
	// What lies below is large, and there already.
	partial := directory + ".partial"
	if err := exec.Command("cp", "-al", rails, partial).Run(); err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	if err := os.Remove(filepath.Join(partial, "index.json")); err != nil { // a link to that of Rails
		return err
	}
	return writeInto(partial, directory, image)
}

// filesOf is what a .dockerignore of Rails leaves: no secrets, no history.
func filesOf(app string) (entries []entry, err error) {
	err = filepath.WalkDir(app, func(path string, found fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(strings.TrimPrefix(path, app), "/")
		switch {
		case name == ".git" || name == ".kamal":
			return fs.SkipDir
		case name == "config/master.key":
			return nil
		case !found.IsDir() && !found.Type().IsRegular():
			return nil
		}
		about, err := found.Info()
		if err != nil {
			return err
		}
		made := entry{path: filepath.Join("rails", name), mode: about.Mode()}
		if !found.IsDir() {
			if made.text, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		entries = append(entries, made)
		return nil
	})
	return entries, err
}
