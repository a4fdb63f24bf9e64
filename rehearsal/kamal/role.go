package kamal

import (
	"cmp"
	"slices"
	"strings"
)

// role is a kind of server, such as web or job, with what is special about it
// (lib/kamal/configuration/role.rb).
type role struct {
	config *config
	name   string
	root   value // a list of hosts, or a mapping
}

// rolesOf are the roles in the order of their names; a list of servers is the
// role web.
func (c *config) rolesOf(servers value) []*role {
	if servers.isList() {
		return []*role{{c, "web", servers}}
	}
	var roles []*role
	for _, p := range servers.pairs() {
		roles = append(roles, &role{c, p.key, p.value})
	}
	slices.SortFunc(roles, func(a, b *role) int { return cmp.Compare(a.name, b.name) })
	return roles
}

// hostEntries are the hosts, which may be mappings of a host to its tags.
func (r *role) hostEntries() []value {
	if r.root.isList() {
		return r.root.list()
	}
	return r.root.get("hosts").list()
}

func (r *role) hosts() []string {
	var hosts []string
	for _, entry := range r.hostEntries() {
		if pairs := entry.pairs(); len(pairs) > 0 {
			hosts = append(hosts, pairs[0].key)
		} else {
			hosts = append(hosts, entry.text())
		}
	}
	return unique(hosts)
}

func (r *role) on(host string) bool { return slices.Contains(r.hosts(), host) }

// tags are those of a host, which may give it variables of its own.
func (r *role) tags(host string) []string {
	var tags []string
	for _, entry := range r.hostEntries() {
		if pairs := entry.pairs(); len(pairs) > 0 && pairs[0].key == host {
			if tags = pairs[0].value.texts(); tags == nil {
				tags = []string{pairs[0].value.text()}
			}
		}
	}
	return tags
}

// runsProxy: the primary role unless it says false, others only when they say so.
func (r *role) runsProxy() bool {
	own := r.root.get("proxy")
	if r.name == r.config.primaryRoleName() {
		return !own.isFalse()
	}
	return !own.isNull() && !own.isFalse()
}

// proxy is how kamal-proxy is told of the role, nil when it is not.
func (r *role) proxy() *proxy {
	if !r.runsProxy() {
		return nil
	}
	return &proxy{config: r.config, root: r.config.root.get("proxy").merged(r.root.get("proxy")), role: r.name}
}

func (r *role) containerPrefix() string {
	return dashed(r.config.service(), r.name, r.config.destination)
}

func (r *role) containerName(version string) string { return dashed(r.containerPrefix(), version) }

// env are the variables of the role's containers on a host.
func (r *role) env(host string) env {
	all := envOf(r.config.root.get("env")).merged(envOf(r.root.get("env")))
	for _, tag := range r.tags(host) {
		if found := r.config.root.get("env", "tags", tag); found.node != nil {
			all = all.merged(envOf(found))
		}
	}
	return all
}

func (r *role) envDirectory() string { return r.config.envDirectory() + "/roles" }
func (r *role) secretsPath() string  { return r.envDirectory() + "/" + r.name + ".env" }

func (r *role) envArgs(host string) string {
	return words(arguments("--env", r.env(host).clear), repeated("--env-file", r.secretsPath()))
}

func (r *role) loggingArgs() string {
	return loggingArgs(r.config.root.get("logging").merged(r.root.get("logging")))
}

// labelArgs are the labels by which Kamal finds its containers, and the app's.
func (r *role) labelArgs() string {
	labels := []pair{{"service", textValue(r.config.service())}, {"role", textValue(r.name)}, {"destination", textValue(r.config.destination)}}
	for _, own := range []value{r.config.root.get("labels"), r.root.get("labels")} {
		for _, p := range own.pairs() {
			labels = withPair(labels, p)
		}
	}
	return arguments("--label", labels)
}

func (r *role) optionArgs() string    { return options(withoutRestart(r.root.get("options")), " ") }
func (r *role) restartPolicy() string { return restartPolicy(r.root.get("options")) }
func (r *role) cmd() string           { return r.root.get("cmd").text() }

// stopArgs: kamal-proxy has drained a container before it is stopped, so only
// others are given time.
func (r *role) stopArgs() string {
	timeout := r.root.get("stop_timeout")
	if timeout.isNull() {
		timeout = r.config.root.get("stop_timeout")
	}
	switch {
	case !timeout.isNull():
		return "-t " + timeout.text()
	case r.runsProxy():
		return ""
	}
	return words("-t", textOf(r.config.drainTimeout()))
}

// assetPath is where the image has its assets and how they are mounted, "" for
// a role that serves none.
func (r *role) assetPath() (path, options string) {
	raw := r.root.get("asset_path").text()
	if raw == "" {
		raw = r.config.root.get("asset_path").text()
	}
	if !r.runsProxy() {
		return "", ""
	}
	path, options, _ = strings.Cut(raw, ":")
	return path, options
}

func (r *role) hasAssets() bool { path, _ := r.assetPath(); return path != "" }

func (r *role) assetsExtracted(version string) string {
	return r.config.assetsDirectory() + "/extracted/" + dashed(r.name, version)
}

func (r *role) assetsVolume(version string) string {
	return r.config.assetsDirectory() + "/volumes/" + dashed(r.name, version)
}

func (r *role) assetVolumeArgs(version string) string {
	path, options := r.assetPath()
	if path == "" {
		return ""
	}
	return volume(r.assetsVolume(version), path, options)
}

// volume mounts a directory; one that is not absolute is below the home that
// Kamal's commands run in (lib/kamal/configuration/volume.rb).
func volume(host, container, options string) string {
	if !strings.HasPrefix(host, "/") {
		host = "$PWD/" + host
	}
	text := host + ":" + container
	if options != "" {
		text += ":" + options
	}
	return "--volume " + text
}

func withoutRestart(options value) []pair {
	return slices.DeleteFunc(slices.Clone(options.pairs()), func(p pair) bool { return p.key == "restart" })
}

func restartPolicy(options value) string {
	if policy := options.get("restart"); !policy.isNull() {
		return policy.text()
	}
	return "unless-stopped"
}
