package kamal

import "strings"

func accessoryRemove(r *run) error {
	if len(r.args) != 1 {
		return failed("ArgumentError", "\"kamal accessory remove\" wants a NAME")
	}
	return r.confirming("This will remove all containers, images and data directories for "+r.args[0]+". Are you sure?", func() error {
		return r.locked(func() error { return r.eachAccessory(r.args[0], r.removeAccessory) })
	})
}

func accessoryDetails(r *run) error {
	if len(r.args) != 1 {
		return failed("ArgumentError", "\"kamal accessory details\" wants a NAME")
	}
	return r.eachAccessory(r.args[0], r.accessoryDetails)
}

func (r *run) accessoryDetails(a *accessory) error {
	return r.on(r.accessoryHosts(a), func(h *remote) error {
		text, err := h.capture(a.info())
		if err == nil {
			r.puts(h.host, text, "Accessory "+a.name)
		}
		return err
	})
}

func accessoryLogs(r *run) error {
	if len(r.args) != 1 {
		return failed("ArgumentError", "\"kamal accessory logs\" wants a NAME")
	}
	a := r.config.accessory(r.args[0])
	if a == nil {
		return r.noAccessory(r.args[0])
	}
	o := r.logOptions("100")
	if o.follow {
		r.out.log(info, "", "Following logs on %s...", strings.Join(r.accessoryHosts(a), ", "))
		return r.takeOverAccessory(a, a.followLogs(o))
	}
	return r.on(r.accessoryHosts(a), func(h *remote) error {
		text, err := h.capture(a.logs(o))
		if err == nil {
			h.out.line("%s", text)
		}
		return err
	})
}

// accessoryExec is appExec's like for an accessory.
func accessoryExec(r *run) error {
	reuse, interactive, raw := r.given.is("reuse"), r.given.is("interactive"), r.given.is("raw")
	if raw && interactive {
		return failed("ArgumentError", "Raw is not compatible with interactive")
	}
	if len(r.args) == 0 {
		return failed("ArgumentError", "\"kamal accessory exec\" wants a NAME")
	}
	if raw {
		r.out.level = errorLevel
	}
	if err := r.preConnect(); err != nil {
		return err
	}
	a, command := r.config.accessory(r.args[0]), joinedCommand(r.args[1:])
	if a == nil {
		return r.noAccessory(r.args[0])
	}
	switch {
	case interactive && reuse:
		r.say("Launching interactive command via SSH from existing container...")
		return r.takeOverAccessory(a, a.execExisting(command, r.interactiveArgs()))
	case interactive:
		r.say("Launching interactive command via SSH from new container...")
		if err := r.on(firstOf(a.hosts()), func(h *remote) error { return h.login(r.config.registry()) }); err != nil {
			return err
		}
		return r.takeOverAccessory(a, a.execNew(command, r.interactiveArgs()))
	}
	kind, line := "new", a.execNew(command, "")
	if reuse {
		kind, line = "existing", a.execExisting(command, "")
	}
	r.say("Launching command from %s container...", kind)
	return r.on(r.accessoryHosts(a), func(h *remote) error {
		if !reuse {
			if err := h.login(r.config.registry()); err != nil {
				return err
			}
		}
		if err := h.audit("", "Executed cmd '%s' on %s accessory", command, a.name); err != nil {
			return err
		}
		return r.show(h, line, raw)
	})
}

// takeOverAccessory is takeOver on the accessory's first host.
func (r *run) takeOverAccessory(a *accessory, line string) error {
	hosts := a.hosts()
	if len(hosts) == 0 {
		return failed("ArgumentError", "The accessory %s has no host", a.name)
	}
	return r.takeOver(hosts[0], line)
}
