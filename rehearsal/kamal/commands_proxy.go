package kamal

import "strings"

// proxyCommands builds the commands about kamal-proxy's own container
// (lib/kamal/commands/proxy.rb, configuration/proxy/boot.rb and run.rb).
type proxyCommands struct {
	*config
	host string
}

// run starts the container, as proxy/run describes it, or else as files on the
// server do, which `kamal proxy boot_config` once wrote.
func (c proxyCommands) run() string {
	base := words("run --name", proxyContainer, "--network kamal --detach --restart unless-stopped --volume kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy")
	apps := volume(proxyApps, proxyAppsContainer, "")
	run := c.proxyRun(c.host)
	if run.node != nil {
		return docker(base, apps, proxyOptions(run), proxyImage(run), proxyRunCommand(run))
	}
	read := func(file, otherwise string) string {
		return "$(cat " + proxyDirectory + "/" + file + ` 2> /dev/null || echo "` + otherwise + `")`
	}
	boot := words("echo",
		read("options", "--publish 80:80 --publish 443:443 --log-opt max-size=10m"),
		read("image", "basecamp/kamal-proxy")+":"+read("image_version", minimumProxy),
		read("run_command", ""))
	return pipe(boot, "xargs "+docker(base, apps))
}

func proxyOptions(run value) string {
	var parts []string
	if !run.get("publish").isFalse() {
		ips := run.get("bind_ips").texts()
		if ips == nil {
			ips = []string{""}
		}
		for _, ip := range ips {
			if strings.Contains(ip, ":") && !strings.HasPrefix(ip, "[") {
				ip = "[" + ip + "]"
			}
			for _, port := range [][2]string{{run.get("http_port").or("80"), "80"}, {run.get("https_port").or("443"), "443"}} {
				published := []string{port[0], port[1]}
				if ip != "" {
					published = append([]string{ip}, published...)
				}
				parts = append(parts, "--publish", strings.Join(published, ":"))
			}
		}
	}
	if size := run.get("log_max_size").or("10m"); size != "" {
		parts = append(parts, "--log-opt", "max-size="+size)
	}
	if port := run.get("metrics_port"); !port.isBlank() {
		parts = append(parts, "--expose="+port.text())
	}
	return words(append(parts, options(run.get("options").pairs(), " "))...)
}

func proxyImage(run value) string {
	return slashed(run.get("registry").text(), run.get("repository").or("basecamp/kamal-proxy")) + ":" + run.get("version").or(minimumProxy)
}

func proxyRunCommand(run value) string {
	var flags []pair
	if run.get("debug").isTrue() {
		flags = append(flags, pair{"debug", trueValue})
	}
	if port := run.get("metrics_port"); !port.isNull() {
		flags = append(flags, pair{"metrics-port", port})
	}
	return words("kamal-proxy run", options(flags, " "))
}

func (c proxyCommands) startOrRun() string {
	return docker("container start", proxyContainer) + " || " + c.run()
}
func (c proxyCommands) stop() string { return docker("container stop", proxyContainer) }
func (c proxyCommands) info() string { return docker("ps --filter 'name=^" + proxyContainer + "$'") }
func (c proxyCommands) version() string {
	return pipe(docker("inspect", proxyContainer, "--format '{{.Config.Image}}'"), "awk -F: '{print $NF}'")
}
func (c proxyCommands) logs(o logOptions) string {
	return pipe(docker("logs", proxyContainer, prefixed("--since", o.since), prefixed("--tail", o.lines), o.timestamps(), "2>&1"), o.filter("'"))
}
func (c proxyCommands) followLogs(o logOptions) string {
	return pipe(docker("logs", proxyContainer, o.timestamps(), "--tail 10 --follow 2>&1"), o.filter(`"`))
}
func (c proxyCommands) removeContainer() string {
	return docker("container prune --force --filter label=org.opencontainers.image.title=kamal-proxy")
}
func (c proxyCommands) removeImage() string {
	return docker("image prune --all --force --filter label=org.opencontainers.image.title=kamal-proxy")
}
