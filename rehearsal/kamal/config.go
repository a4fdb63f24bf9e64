package kamal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// config is config/deploy.yml, a destination's file merged into it: the rules
// are those of lib/kamal/configuration.rb.
type config struct {
	root        value
	dir         string // the app's
	destination string // "" for none
	env         environment
	secrets     *secrets
	git         *git

	declared    string // the version that was asked for, "" for the commit's
	roles       []*role
	accessories []*accessory
}

const runDirectory = ".kamal"

// loadConfig reads the configuration and refuses what Kamal refuses. file is
// relative to the app, version "" when none was asked for.
func loadConfig(dir, file, destination, version string, io IO) (*config, error) {
	env := environment(io.Env)
	root, err := readConfig(dir, file, destination, env)
	if err != nil {
		return nil, err
	}
	c := &config{root: root, dir: dir, destination: destination, env: env, git: newGit(dir, env), declared: version}
	if err := checkShape(root); err != nil {
		return nil, err
	}
	c.secrets = &secrets{dir: dir, path: root.get("secrets_path").or(".kamal/secrets"), destination: destination, env: env, stderr: io.Stderr}
	c.roles = c.rolesOf(root.get("servers"))
	for _, p := range root.get("accessories").pairs() {
		c.accessories = append(c.accessories, &accessory{config: c, name: p.key, root: p.value})
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, c.checkKnown()
}

func readConfig(dir, file, destination string, env environment) (value, error) {
	files := []string{file}
	if destination != "" {
		extension := filepath.Ext(file)
		files = append(files, strings.TrimSuffix(file, extension)+"."+destination+".yml")
	}
	root := value{}
	for _, name := range files {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, name)
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return value{}, failed("RuntimeError", "Configuration file not found in %s", path)
		}
		if err != nil {
			return value{}, err
		}
		source, err := rendered(string(text), env)
		if err != nil {
			return value{}, fmt.Errorf("%s: %w", name, err)
		}
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(source), &document); err != nil {
			return value{}, fmt.Errorf("%s: %w", name, err)
		}
		if len(document.Content) == 0 {
			return value{}, fmt.Errorf("%s: it is empty", name)
		}
		root = root.merged(value{document.Content[0]})
	}
	return root, nil
}

func (c *config) service() string { return c.root.get("service").text() }

// image is the image's name without its registry; a local registry needs none.
func (c *config) image() string {
	if c.root.get("image").isBlank() && c.registry().local() {
		return c.service()
	}
	return c.root.get("image").text()
}

func (c *config) registry() registry { return registry{c.root.get("registry"), c.secrets} }

// repository is registry/image.
func (c *config) repository() string { return slashed(c.registry().server(), c.image()) }

func (c *config) absoluteImage() string { return c.repository() + ":" + c.version() }
func (c *config) latestImage() string   { return c.repository() + ":" + c.latestTag() }
func (c *config) latestTag() string     { return dashed("latest", c.destination) }

func (c *config) serviceAndDestination() string { return dashed(c.service(), c.destination) }
func (c *config) appDirectory() string {
	return runDirectory + "/apps/" + c.serviceAndDestination()
}
func (c *config) envDirectory() string    { return c.appDirectory() + "/env" }
func (c *config) assetsDirectory() string { return c.appDirectory() + "/assets" }
func (c *config) hooksPath() string       { return c.root.get("hooks_path").or(".kamal/hooks") }
func (c *config) errorPagesPath() string  { return c.root.get("error_pages_path").text() }

func (c *config) deployTimeout() int    { return c.root.get("deploy_timeout").number(30) }
func (c *config) drainTimeout() int     { return c.root.get("drain_timeout").number(30) }
func (c *config) readinessDelay() int   { return c.root.get("readiness_delay").number(7) }
func (c *config) retainContainers() int { return c.root.get("retain_containers").number(5) }

func (c *config) primaryRoleName() string { return c.root.get("primary_role").or("web") }

func (c *config) role(name string) *role {
	for _, r := range c.roles {
		if r.name == name {
			return r
		}
	}
	return nil
}

func (c *config) accessory(name string) *accessory {
	for _, a := range c.accessories {
		if a.name == name {
			return a
		}
	}
	return nil
}

// appHosts are the servers of the roles, each once.
func (c *config) appHosts() []string {
	var hosts []string
	for _, r := range c.roles {
		hosts = append(hosts, r.hosts()...)
	}
	return unique(hosts)
}

// allHosts are those of the accessories too.
func (c *config) allHosts() []string {
	hosts := c.appHosts()
	for _, a := range c.accessories {
		hosts = append(hosts, a.hosts()...)
	}
	return unique(hosts)
}

// proxyHosts are where kamal-proxy runs.
func (c *config) proxyHosts() []string {
	var hosts []string
	for _, r := range c.roles {
		if r.runsProxy() {
			hosts = append(hosts, r.hosts()...)
		}
	}
	for _, a := range c.accessories {
		if a.runsProxy() {
			hosts = append(hosts, a.hosts()...)
		}
	}
	return unique(hosts)
}

// version is the one asked for, else VERSION's, else the commit's (git.go).
func (c *config) version() string {
	if c.declared == "" {
		c.declared = c.env.get("VERSION")
	}
	if c.declared == "" {
		c.declared = c.git.version(c.root.get("builder").has("context"))
	}
	return c.declared
}

// abbreviatedVersion is a commit's first seven characters.
func (c *config) abbreviatedVersion() string {
	if v := c.version(); len(v) > 7 && !strings.Contains(v, "_") {
		return v[:7]
	}
	return c.version()
}

// volumeArgs are the volumes of the app's containers.
func (c *config) volumeArgs() string { return repeated("--volume", c.root.get("volumes").texts()...) }

func dashed(parts ...string) string  { return strings.Join(slices.DeleteFunc(parts, isEmpty), "-") }
func slashed(parts ...string) string { return strings.Join(slices.DeleteFunc(parts, isEmpty), "/") }
func isEmpty(text string) bool       { return text == "" }

// unique keeps the first of each.
func unique(all []string) []string {
	var once []string
	for _, text := range all {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}
