package kamal

import (
	"strings"
)

// appExec runs a command in the app's containers: in one of its own or, with
// --reuse, in the one that runs; -i by ssh, on the primary host (exec in
// lib/kamal/cli/app.rb).
func appExec(r *run) error {
	reuse, interactive, detach, raw := r.given.is("reuse"), r.given.is("interactive"), r.given.is("detach"), r.given.is("raw")
	switch {
	case detach && (interactive || reuse):
		return failed("ArgumentError", "Detach is not compatible with interactive or reuse")
	case raw && (interactive || detach):
		return failed("ArgumentError", "Raw is not compatible with interactive or detach")
	case len(r.args) == 0:
		return failed("ArgumentError", "No command provided. You must specify a command to execute.")
	}
	if raw {
		r.out.level = errorLevel
	}
	if err := r.preConnect(); err != nil {
		return err
	}
	command, variables := joinedCommand(r.args), r.execVariables()
	version := r.given["version"]
	switch {
	case reuse && version == "":
		r.say("Get current version of running container...")
		running, err := r.runningVersion()
		if err != nil {
			return err
		}
		version = running
	case !reuse && version == "":
		r.say("Get most recent version available as an image...")
		version = r.config.latestTag()
	}
	kind := "new"
	if reuse {
		kind = "existing"
	}
	return r.withVersion(version, func() error {
		version = r.config.version()
		if interactive {
			r.say("Launching interactive command with version %s via SSH from %s container on %s...", version, kind, r.primaryHost)
			return r.execOverSSH(command, variables, reuse)
		}
		r.say("Launching command with version %s from %s container...", version, kind)
		return r.execEverywhere(command, variables, version, reuse, detach, raw)
	})
}

func (r *run) execOverSSH(command, variables string, reuse bool) error {
	app := r.app(r.primaryRole, r.primaryHost)
	if reuse {
		return r.takeOver(r.primaryHost, app.execExisting(command, r.interactiveArgs(), variables))
	}
	if err := r.on([]string{r.primaryHost}, func(h *remote) error { return h.login(r.config.registry()) }); err != nil {
		return err
	}
	return r.takeOver(r.primaryHost, app.execNew(command, r.interactiveArgs(), variables, false))
}

func (r *run) execEverywhere(command, variables, version string, reuse, detach, raw bool) error {
	if !reuse {
		if err := r.on(r.appHosts, func(h *remote) error { return h.login(r.config.registry()) }); err != nil {
			return err
		}
	}
	return r.onRoles(r.appHosts, true, func(h *remote, role *role) error {
		about, line := "", r.app(role, h.host).execNew(command, "", variables, detach)
		if reuse {
			about, line = role.name, r.app(role, h.host).execExisting(command, "", variables)
		}
		if err := h.audit(about, "Executed cmd '%s' on app version %s", command, version); err != nil {
			return err
		}
		return r.show(h, line, raw)
	})
}

// show prints what a command says, whole or as it is.
func (r *run) show(h *remote, line string, raw bool) error {
	text, err := h.captureRaw(line)
	if err != nil {
		return err
	}
	if raw {
		_, err := r.io.Stdout.Write([]byte(text))
		return err
	}
	r.puts(h.host, strings.TrimSpace(text), "App")
	return nil
}

// runningVersion is what runs on the primary host, "" for nothing.
func (r *run) runningVersion() (version string, err error) {
	err = r.on([]string{r.primaryHost}, func(h *remote) error {
		role, err := r.firstRoleOn(h.host)
		if err != nil {
			return err
		}
		version, err = h.capture(r.app(role, h.host).currentVersion())
		return err
	})
	return version, err
}

// joinedCommand is the command's words as they were typed, not quoted anew.
func joinedCommand(words []string) string {
	trimmed := make([]string, len(words))
	for i, word := range words {
		trimmed[i] = strings.TrimSpace(word)
	}
	return strings.Join(trimmed, " ")
}

// execVariables are those of -e.
func (r *run) execVariables() string {
	given, ok := r.given["env"]
	if !ok {
		return ""
	}
	var pairs []pair
	for _, entry := range strings.Split(given, "\x00") {
		name, text, _ := strings.Cut(entry, ":")
		pairs = withPair(pairs, pair{name, textValue(text)})
	}
	return arguments("--env", pairs)
}
