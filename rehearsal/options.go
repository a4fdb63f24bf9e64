package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"rails-on-hetzner/rehearsal/daemon"
)

// options is what one rehearsal was asked for.
type options struct {
	Name   string `json:"name"`
	Suite  string `json:"suite"`
	Mirror string `json:"mirror,omitempty"`
	App    string `json:"app,omitempty"`

	// Furnished servers have the packages of a deployment before it begins.
	Furnished bool `json:"furnished,omitempty"`

	Config []string `json:"config,omitempty"`

	deploys bool // the images for it are made with all the rest
}

// check refuses what cannot work before anything is started.
func (o options) check() error {
	// Network namespaces, tables and directories carry the name.
	if !regexp.MustCompile(`^[a-z][a-z0-9-]{0,20}$`).MatchString(o.Name) {
		return fmt.Errorf("--name: got %q, accepted are up to 21 lower-case letters, digits and hyphens", o.Name)
	}
	for _, setting := range o.Config {
		if key, _, ok := strings.Cut(setting, "="); !ok || key == "" {
			return fmt.Errorf("--config: got %q, accepted is KEY=VALUE, e.g. --config location=fsn1", setting)
		}
	}
	if o.App != "" {
		if _, err := os.Stat(filepath.Join(o.App, "config", "deploy.yml")); err != nil {
			return fmt.Errorf("--app: got %q, accepted is the directory of a Rails app with config/deploy.yml: %w", o.App, err)
		}
	}
	return nil
}

// place is where one rehearsal keeps its files: one directory, removed at the end.
type place string

func (o options) place() (place, error) {
	cache, err := cacheDir()
	return place(filepath.Join(cache, "runs", o.Name)), err
}

// cacheDir is where what takes long to make is kept between rehearsals, always
// outside the repository.
func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a directory for the cache (set HOME or XDG_CACHE_HOME): %w", err)
	}
	return filepath.Join(base, "rails-on-hetzner"), nil
}

func (p place) join(parts ...string) string {
	return filepath.Join(append([]string{string(p)}, parts...)...)
}

func (p place) program() string    { return p.join("program") }
func (p place) binary() string     { return p.join("program", "bin", "rails-on-hetzner") } // buildTarget in Pulumi.yaml
func (p place) app() string        { return p.join("app") }
func (p place) state() string      { return p.join("state") }
func (p place) pulumiHome() string { return p.join("pulumi-home") }
func (p place) passphrase() string { return p.join("passphrase") }
func (p place) sshKey() string     { return p.join("ssh", "id_ed25519") }
func (p place) logs() string       { return p.daemon().Logs() }
func (p place) daemon() daemon.Dir { return daemon.Dir(p) }

// zone is the domain that the stack will be configured with; the local
// Cloudflare account holds it.
func (o options) zone() string {
	zone := ""
	for _, setting := range append(defaultSettings, splitSettings(o.Config)...) {
		if setting[0] == "zone" || (setting[0] == "domain" && zone == "") || setting[0] == "domain" {
			zone = setting[1]
		}
	}
	return zone
}

func splitSettings(given []string) [][2]string {
	var settings [][2]string
	for _, setting := range given {
		key, value, _ := strings.Cut(setting, "=")
		settings = append(settings, [2]string{key, value})
	}
	return settings
}
