package kamal

import "fmt"

// The commands about an accessory's container (lib/kamal/commands/accessory.rb).

func (a *accessory) filter() string { return "--filter label=service=" + a.serviceName() }

func (a *accessory) run(host string) string {
	return docker("run --name", a.serviceName(), "--detach --restart", a.restartPolicy(),
		a.networkArgs(), loggingArgs(a.config.root.get("logging")), a.publishArgs(),
		fmt.Sprintf(`--env KAMAL_HOST="%s"`, host),
		a.envArgs(), a.volumeArgs(), a.labelArgs(), a.optionArgs(), a.image(), a.cmd())
}

func (a *accessory) start() string           { return docker("container start", a.serviceName()) }
func (a *accessory) stop() string            { return docker("container stop", a.serviceName()) }
func (a *accessory) info() string            { return docker("ps", a.filter()) }
func (a *accessory) anyID() string           { return docker("ps -a -q", a.filter()) }
func (a *accessory) runningID() string       { return idOf(a.serviceName(), true) }
func (a *accessory) pullImage() string       { return docker("image pull", a.image()) }
func (a *accessory) removeContainer() string { return docker("container prune --force", a.filter()) }
func (a *accessory) removeImage() string     { return docker("image rm --force", a.image()) }
func (a *accessory) removeDirectory() string { return "rm -rf " + a.serviceName() }

func (a *accessory) toProxy(target string) string {
	return docker("exec", proxyContainer, "kamal-proxy deploy", a.serviceName(), a.proxy().deployArgs(target))
}

func (a *accessory) fromProxy() string {
	return docker("exec", proxyContainer, "kamal-proxy remove", a.serviceName())
}

func (a *accessory) execExisting(command, interactive string) string {
	return docker("exec", interactive, a.serviceName(), command)
}

func (a *accessory) execNew(command, interactive string) string {
	return docker("run", interactive, "--rm", a.networkArgs(), a.envArgs(), a.volumeArgs(), a.optionArgs(), a.image(), command)
}

// logs has two spaces before its options, as Kamal writes them.
func (a *accessory) logs(o logOptions) string {
	space := func(option, value string) string {
		if value == "" {
			return ""
		}
		return " " + option + " " + value
	}
	return pipe(docker("logs", a.serviceName(), space("--since", o.since), space("--tail", o.lines), o.timestamps(), "2>&1"), o.filter("'"))
}

func (a *accessory) followLogs(o logOptions) string {
	return pipe(docker("logs", a.serviceName(), o.timestamps(), "--tail 10 --follow 2>&1"), o.filter(`"`))
}
