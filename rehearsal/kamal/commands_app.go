package kamal

import "fmt"

// appCommands builds the commands about a role's containers on a host
// (lib/kamal/commands/app.rb and commands/app/*.rb).
type appCommands struct {
	*config
	role *role
	host string
}

const healthStatus = "'{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}'"

// run starts the container of the configuration's version.
func (c appCommands) run(hostname string) string {
	version := c.version()
	destination := ""
	if c.destination != "" {
		destination = fmt.Sprintf(`--env KAMAL_DESTINATION="%s"`, c.destination)
	}
	return docker("run --detach --restart", c.role.restartPolicy(),
		"--name", c.role.containerName(version),
		"--network kamal --hostname", hostname,
		fmt.Sprintf(`--env KAMAL_CONTAINER_NAME="%s"`, c.role.containerName(version)),
		fmt.Sprintf(`--env KAMAL_VERSION="%s"`, version),
		fmt.Sprintf(`--env KAMAL_HOST="%s"`, c.host),
		destination,
		c.role.envArgs(c.host), c.role.loggingArgs(), c.volumeArgs(), c.role.assetVolumeArgs(version),
		c.role.labelArgs(), c.role.optionArgs(), c.absoluteImage(), c.role.cmd())
}

func (c appCommands) start() string { return docker("start", c.role.containerName(c.version())) }

// stop stops the container of a version, or the one that runs.
func (c appCommands) stop(version string) string {
	id := c.currentID()
	if version != "" {
		id = c.idForVersion(version)
	}
	return pipe(id, words("xargs", docker("stop", c.role.stopArgs())))
}

func (c appCommands) status(version string) string {
	return pipe(c.idForVersion(version), "xargs "+docker("inspect --format", healthStatus))
}

func (c appCommands) healthLog(version string) string {
	return pipe(c.idForVersion(version), "xargs "+docker("inspect --format '{{json .State.Health}}'"))
}

func (c appCommands) idForVersion(version string) string {
	return idOf(c.role.containerName(version), false)
}

// idOf is the id of the container of that very name.
func idOf(container string, running bool) string {
	all := "--all"
	if running {
		all = ""
	}
	return docker("container ls", all, "--filter 'name=^"+container+"$' --quiet")
}

// filters are those of the app's containers, of the role's when there is one.
// The filter of an empty destination is there as well.
func (c appCommands) filters(statuses ...string) string {
	labels := []string{"label=service=" + c.service(), "label=destination=" + c.destination}
	if c.role != nil {
		labels = append(labels, "label=role="+c.role.name)
	}
	for _, status := range statuses {
		labels = append(labels, "status="+status)
	}
	return repeated("--filter", labels...)
}

// current is the container that runs: of the latest image, or else the latest.
func (c appCommands) current(format string) string {
	latest := docker("ps --latest", format, c.filters("running", "restarting"))
	image := docker("image ls --filter reference="+c.latestImage(), "--format '{{.ID}}'")
	return pipe(inShell(chain(latest+" --filter ancestor=$("+image+")", latest)), "head -1")
}

func (c appCommands) currentID() string { return c.current("--quiet") }

func (c appCommands) currentVersion() string {
	return pipe(c.current("--format '{{.Names}}'"), c.versionsFromNames())
}

func (c appCommands) listVersions() string {
	return pipe(docker("ps", c.filters(), `--format "{{.Names}}"`), c.versionsFromNames())
}

func (c appCommands) versionsFromNames() string {
	return "while read line; do echo ${line#" + c.role.containerPrefix() + "-}; done"
}

func (c appCommands) info() string           { return docker("ps", c.filters()) }
func (c appCommands) listContainers() string { return docker("container ls --all", c.filters()) }
func (c appCommands) removeContainers() string {
	return docker("container prune --force", c.filters())
}
func (c appCommands) removeImages() string {
	return docker("image prune --all --force --filter label=service=" + c.service())
}
func (c appCommands) tagLatest() string { return docker("tag", c.absoluteImage(), c.latestImage()) }

func (c appCommands) rename(version, newVersion string) string {
	return docker("rename", c.role.containerName(version), c.role.containerName(newVersion))
}

// The assets of two versions are served side by side, so that pages of the old
// one find theirs.
func (c appCommands) extractAssets() string {
	extracted, container := c.role.assetsExtracted(c.version()), c.role.containerPrefix()+"-assets"
	path, _ := c.role.assetPath()
	return all(
		makeDirectory(extracted),
		docker("container rm", container, "2> /dev/null || true"),
		docker("container create --name", container, c.absoluteImage()),
		docker("container cp -L", container+":"+path+"/.", extracted),
		docker("container rm", container))
}

func (c appCommands) syncAssets(oldVersion string) string {
	extracted, volume := c.role.assetsExtracted(c.version()), c.role.assetsVolume(c.version())
	commands := []string{makeDirectory(volume), words("cp -rnT", extracted, volume)}
	if oldVersion != "" {
		commands = append(commands,
			words("cp -rnT", extracted, c.role.assetsVolume(oldVersion), "|| true"),
			words("cp -rnT", c.role.assetsExtracted(oldVersion), volume, "|| true"))
	}
	return chain(commands...)
}

func (c appCommands) cleanUpAssets() string {
	older := func(kind string) string {
		return words("find", c.assetsDirectory()+"/"+kind, "-maxdepth 1 -name", "'"+c.role.name+"-*'",
			"! -name", dashed(c.role.name, c.version()), `-exec rm -rf "{}" +`)
	}
	return chain(older("extracted"), older("volumes"))
}

func (c appCommands) errorPagesDirectory() string { return c.proxyAppDirectory() + "/error_pages" }

func (c appCommands) cleanUpErrorPages() string {
	return words("find", c.errorPagesDirectory(), "-mindepth 1 -maxdepth 1 ! -name", c.version(), "-exec rm -rf {} +")
}

// toProxy tells kamal-proxy of the container; the role's name there has no version.
func (c appCommands) toProxy(target string) string {
	return docker("exec", proxyContainer, "kamal-proxy deploy", c.role.containerPrefix(), c.role.proxy().deployArgs(target))
}

func (c appCommands) fromProxy() string {
	return docker("exec", proxyContainer, "kamal-proxy remove", c.role.containerPrefix())
}

// execExisting runs a command in the container that runs.
func (c appCommands) execExisting(command, interactive, variables string) string {
	return docker("exec", interactive, variables, c.role.containerName(c.version()), command)
}

// execNew runs a command in a container of its own; detached, it stays.
func (c appCommands) execNew(command, interactive, variables string, detach bool) string {
	stays := "--rm"
	if detach {
		stays = "--detach"
	}
	name := dashed(c.role.containerPrefix(), "exec", c.version(), randomHex(3))
	return docker("run", interactive, stays, "--name", name, "--network kamal",
		c.role.envArgs(c.host), variables, c.role.loggingArgs(), c.volumeArgs(), c.role.optionArgs(), c.absoluteImage(), command)
}

// logOptions are what `app logs` and its likes can be asked for.
type logOptions struct {
	container, since, lines, grep, grepOptions string
	follow, withoutTimestamps                  bool
}

func (o logOptions) timestamps() string {
	if o.withoutTimestamps {
		return ""
	}
	return "--timestamps"
}

// prefixed is an option with its value, "" without one.
func prefixed(option, value string) string {
	if value == "" {
		return ""
	}
	return option + " " + value
}

func (o logOptions) filter(quote string) string {
	if o.grep == "" {
		return ""
	}
	return words("grep "+quote+o.grep+quote, o.grepOptions)
}

func (c appCommands) logs(o logOptions) string {
	return pipe(c.containerFor(o), words("xargs docker logs", o.timestamps(), prefixed("--since", o.since), prefixed("--tail", o.lines), "2>&1"), o.filter("'"))
}

func (c appCommands) followLogs(o logOptions) string {
	return pipe(c.containerFor(o), words("xargs docker logs", o.timestamps(), prefixed("--tail", o.lines), "--follow 2>&1"), o.filter(`"`))
}

func (c appCommands) containerFor(o logOptions) string {
	if o.container != "" {
		return inShell("echo " + o.container)
	}
	return c.currentID()
}
