package kamal

import (
	"path/filepath"
	"slices"
	"strings"
)

// accessory is a service beside the app, such as its database
// (lib/kamal/configuration/accessory.rb).
type accessory struct {
	config *config
	name   string
	root   value
}

func contains(all []string, text string) bool { return slices.Contains(all, text) }

func (a *accessory) serviceName() string {
	return a.root.get("service").or(a.config.service() + "-" + a.name)
}

// registry is the accessory's own; ok is false when it has none.
func (a *accessory) registry() (own registry, ok bool) {
	root := a.root.get("registry")
	return registry{root, a.config.secrets}, !root.isBlank()
}

func (a *accessory) image() string {
	own, _ := a.registry()
	return slashed(own.server(), a.root.get("image").text())
}

// hosts are given by name, by role or by tag.
func (a *accessory) hosts() []string {
	switch {
	case a.root.has("host"):
		return []string{a.root.get("host").text()}
	case a.root.has("hosts"):
		return a.root.get("hosts").texts()
	case a.root.has("role"), a.root.has("roles"):
		var hosts []string
		for _, name := range append(a.root.get("roles").texts(), a.root.get("role").text()) {
			if r := a.config.role(name); r != nil {
				hosts = append(hosts, r.hosts()...)
			}
		}
		return hosts
	}
	var hosts []string
	for _, tag := range append(a.root.get("tags").texts(), a.root.get("tag").text()) {
		for _, r := range a.config.roles {
			for _, host := range r.hosts() {
				if tag != "" && contains(r.tags(host), tag) {
					hosts = append(hosts, host)
				}
			}
		}
	}
	return hosts
}

func (a *accessory) runsProxy() bool { return !a.root.get("proxy").isBlank() }

func (a *accessory) proxy() *proxy {
	return &proxy{config: a.config, root: a.root.get("proxy")}
}

func (a *accessory) networkArgs() string { return "--network " + a.root.get("network").or("kamal") }

// publishArgs: a port alone is the same one on both sides.
func (a *accessory) publishArgs() string {
	port := a.root.get("port")
	if port.isNull() {
		return ""
	}
	text := port.text()
	if !strings.Contains(text, ":") {
		text += ":" + text
	}
	return "--publish " + text
}

func (a *accessory) env() env             { return envOf(a.root.get("env")) }
func (a *accessory) envDirectory() string { return a.config.envDirectory() + "/accessories" }
func (a *accessory) secretsPath() string  { return a.envDirectory() + "/" + a.name + ".env" }

func (a *accessory) envArgs() string {
	return words(arguments("--env", a.env().clear), repeated("--env-file", a.secretsPath()))
}

func (a *accessory) labelArgs() string {
	labels := []pair{{"service", textValue(a.serviceName())}}
	for _, p := range a.root.get("labels").pairs() {
		labels = withPair(labels, p)
	}
	return arguments("--label", labels)
}

func (a *accessory) optionArgs() string    { return options(withoutRestart(a.root.get("options")), " ") }
func (a *accessory) restartPolicy() string { return restartPolicy(a.root.get("options")) }
func (a *accessory) cmd() string           { return a.root.get("cmd").text() }

// mounted is a file that is uploaded, or a directory that is made, and mounted.
type mounted struct {
	local     string // the file here, or the directory as a command there has it
	host      string // where it is on the server
	container string
	options   string
	mode      string // "" to leave it
	owner     string
}

// files are uploaded below a directory that has the accessory's name.
func (a *accessory) files() []mounted {
	return a.paths("files", "755", func(local, remote string) (string, string) {
		if !filepath.IsAbs(local) {
			local = filepath.Join(a.config.dir, local)
		}
		return local, a.serviceName() + remote
	})
}

func (a *accessory) directories() []mounted {
	return a.paths("directories", "", func(local, _ string) (string, string) {
		if filepath.IsAbs(local) {
			return local, local
		}
		return "$PWD/" + a.serviceName() + "/" + local, a.serviceName() + "/" + local
	})
}

// paths reads entries as local:remote:options or as mappings. Two of the same
// local path are one, the second.
func (a *accessory) paths(key, mode string, expand func(local, remote string) (string, string)) []mounted {
	var all []mounted
	for _, entry := range a.root.get(key).list() {
		m := mounted{mode: mode}
		local := ""
		if entry.isMap() {
			local, m.container, m.options, m.owner = entry.get("local").text(), entry.get("remote").text(), entry.get("options").text(), entry.get("owner").text()
			if own := entry.get("mode"); !own.isNull() {
				m.mode = own.text()
			}
		} else {
			parts := append(strings.SplitN(entry.text(), ":", 3), "", "")
			local, m.container, m.options = parts[0], parts[1], parts[2]
		}
		m.local, m.host = expand(local, m.container)
		if at := slices.IndexFunc(all, func(other mounted) bool { return other.local == m.local }); at >= 0 {
			all[at] = m
		} else {
			all = append(all, m)
		}
	}
	return all
}

func (a *accessory) volumeArgs() string {
	parts := []string{repeated("--volume", a.root.get("volumes").texts()...)}
	for _, m := range append(a.files(), a.directories()...) {
		parts = append(parts, volume(m.host, m.container, m.options))
	}
	return words(parts...)
}
