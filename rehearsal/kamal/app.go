package kamal

import "strings"

// The commands about the app's containers (lib/kamal/cli/app.rb).

func (r *run) parallelRoles() bool { return r.config.root.get("boot", "parallel_roles").isTrue() }

// bootApp's command takes the version asked for, else the latest image.
func appBoot(r *run) error {
	return r.locked(func() error {
		version := r.given["version"]
		if version == "" {
			r.say("Get most recent version available as an image...")
			version = r.config.latestTag()
		}
		return r.bootApp(version)
	})
}

func appStop(r *run) error { return r.locked(r.stopApp) }

// stopApp takes the containers from kamal-proxy and stops them.
func (r *run) stopApp() error {
	return r.onRoles(r.appHosts, r.parallelRoles(), func(h *remote, role *role) error {
		app := r.app(role, h.host)
		if err := h.audit(role.name, "Stopped app"); err != nil {
			return err
		}
		if role.runsProxy() {
			target, err := h.runningTarget(app)
			if err != nil {
				return err
			}
			if target != "" {
				if _, err := h.try(app.fromProxy()); err != nil {
					return err
				}
			}
		}
		_, err := h.try(app.stop(""))
		return err
	})
}

func appStart(r *run) error {
	return r.locked(func() error {
		return r.onRoles(r.appHosts, r.parallelRoles(), func(h *remote, role *role) error {
			app := r.app(role, h.host)
			if err := h.audit("", "Started app version %s", r.config.version()); err != nil {
				return err
			}
			if _, err := h.try(app.start()); err != nil || !role.runsProxy() {
				return err
			}
			target, err := h.runningTarget(app)
			if err != nil {
				return err
			}
			if target == "" {
				return failed("Kamal::Cli::BootError", "Failed to get endpoint for %s on %s, did the container boot?", role.name, h.host)
			}
			return h.execute(app.toProxy(target))
		})
	})
}

// runningTarget is the id of the container that runs, "" for none.
func (h *remote) runningTarget(app appCommands) (string, error) {
	version, err := h.tryCapture(app.currentVersion())
	if err != nil {
		return "", err
	}
	return h.capture(app.idForVersion(version))
}

// stopStaleContainers stops what runs beside the current version.
func (r *run) stopStaleContainers() error {
	return r.onRoles(r.appHosts, true, func(h *remote, role *role) error {
		app := r.app(role, h.host)
		listed, err := h.tryCapture(app.listVersions())
		if err != nil {
			return err
		}
		current, err := h.tryCapture(app.currentVersion())
		if err != nil {
			return err
		}
		for _, version := range strings.Split(listed, "\n") {
			if version == "" || version == current {
				continue
			}
			r.puts(h.host, "Stopping stale container for role "+role.name+" with version "+version, "App")
			if _, err := h.try(app.stop(version)); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachRole prints what a command says, of each role on each host.
func (r *run) eachRole(command func(appCommands) string) error {
	return r.onRoles(r.appHosts, true, func(h *remote, role *role) error {
		text, err := h.capture(command(r.app(role, h.host)))
		if err == nil {
			r.puts(h.host, text, "App")
		}
		return err
	})
}

func appDetails(r *run) error { return r.eachRole(appCommands.info) }

// eachHost prints what a command says, of each host.
func (r *run) eachHost(command func(appCommands) string) error {
	return r.on(r.appHosts, func(h *remote) error {
		text, err := h.capture(command(r.app(nil, h.host)))
		if err == nil {
			r.puts(h.host, text, "App")
		}
		return err
	})
}

func appContainers(r *run) error { return r.eachHost(appCommands.listContainers) }

func appVersion(r *run) error {
	return r.on(r.appHosts, func(h *remote) error {
		role, err := r.firstRoleOn(h.host)
		if err != nil {
			return err
		}
		text, err := h.capture(r.app(role, h.host).currentVersion())
		if err == nil {
			r.puts(h.host, text, "App")
		}
		return err
	})
}

// logOptions reads the flags of the commands that show logs. Without a beginning
// and a pattern to look for, the number of lines is lines.
func (r *run) logOptions(lines string) logOptions {
	o := logOptions{
		container: r.given["container_id"], since: r.given["since"], lines: r.given["lines"],
		grep: r.given["grep"], grepOptions: r.given["grep_options"],
		follow: r.given["follow"] != "", withoutTimestamps: r.given.is("skip_timestamps"),
	}
	if o.lines == "" && o.since == "" && o.grep == "" {
		o.lines = lines
	}
	return o
}

// appLogs shows them, or with -f follows those of the primary host by ssh, for
// which no hook runs.
func appLogs(r *run) error {
	if r.given["follow"] != "" {
		o := r.logOptions("10")
		r.out.log(info, "", "Following logs on %s...", r.primaryHost)
		role := r.primaryRole
		if len(r.specificRoles) > 0 {
			var err error
			if role, err = r.firstRoleOn(r.primaryHost); err != nil {
				return err
			}
		}
		return r.takeOver(r.primaryHost, r.app(role, r.primaryHost).followLogs(o))
	}
	o := r.logOptions("100")
	return r.onRoles(r.appHosts, true, func(h *remote, role *role) error {
		text, err := h.capture(r.app(role, h.host).logs(o))
		if classOf(err) == "SSHKit::Command::Failed" {
			text, err = "Nothing found", nil
		}
		if err == nil {
			r.puts(h.host, text, "App")
		}
		return err
	})
}
