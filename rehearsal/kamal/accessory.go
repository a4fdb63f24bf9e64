package kamal

import (
	"slices"
	"strings"
	"sync"
)

// The commands about accessories (lib/kamal/cli/accessory.rb).

// eachAccessory does something with the named one, or with all.
func (r *run) eachAccessory(name string, do func(*accessory) error) error {
	if name == "all" {
		for _, a := range r.config.accessories {
			if err := do(a); err != nil {
				return err
			}
		}
		return nil
	}
	if a := r.config.accessory(name); a != nil {
		return do(a)
	}
	return r.noAccessory(name)
}

// noAccessory only says so, on stderr: Kamal's exit status is 0.
func (r *run) noAccessory(name string) error {
	var names []string
	for _, a := range r.config.accessories {
		names = append(names, a.name)
	}
	told := "No accessory by the name of '" + name + "'"
	if len(names) > 0 {
		told += " (options: " + strings.Join(names, ", ") + ")"
	}
	_, err := r.io.Stderr.Write([]byte(told + "\n"))
	return err
}

// onAccessory makes a command of what is done to the one that its argument
// names, while the lock is held.
func onAccessory(do func(r *run, a *accessory) error) func(r *run) error {
	return func(r *run) error {
		if len(r.args) != 1 {
			return failed("ArgumentError", "\"kamal %s\" wants a NAME", r.command.name)
		}
		return r.locked(func() error {
			return r.eachAccessory(r.args[0], func(a *accessory) error { return do(r, a) })
		})
	}
}

// accessoryHosts are the accessory's hosts that are meant.
func (r *run) accessoryHosts(a *accessory) []string { return intersection(a.hosts(), r.hosts) }

// bootAccessory starts it where it has no container yet.
func (r *run) bootAccessory(a *accessory) error {
	if err := r.prepareAccessory(a); err != nil {
		return err
	}
	return r.startAccessory(a)
}

// prepareAccessory logs in to the registry and makes the network.
func (r *run) prepareAccessory(a *accessory) error {
	registry, own := a.registry()
	if !own {
		registry = r.config.registry()
	}
	return r.on(r.accessoryHosts(a), func(h *remote) error {
		if err := h.login(registry); err != nil {
			return err
		}
		return h.ensureNetwork()
	})
}

func (r *run) startAccessory(a *accessory) error {
	hosts := r.accessoryHosts(a)
	var mu sync.Mutex
	var there []string
	if err := r.on(hosts, func(h *remote) error {
		id, err := h.capture(a.anyID())
		if id != "" {
			mu.Lock()
			defer mu.Unlock()
			there = append(there, h.host)
		}
		return err
	}); err != nil {
		return err
	}
	if len(there) > 0 {
		slices.Sort(there)
		r.say("Skipping booting `%s` on %s, a container already exists", a.name, strings.Join(there, ", "))
	}
	if err := r.on(r.accessoryHosts(a), func(h *remote) error { return h.makeDirectories(a) }); err != nil {
		return err
	}
	if err := r.on(r.accessoryHosts(a), func(h *remote) error { return h.uploadFiles(a) }); err != nil {
		return err
	}
	hosts = slices.DeleteFunc(hosts, func(host string) bool { return contains(there, host) })
	return r.on(hosts, func(h *remote) error {
		if err := h.audit("", "Booted %s accessory", a.name); err != nil {
			return err
		}
		secrets, err := a.env().file(r.config.secrets)
		if err != nil {
			return err
		}
		if err := h.execute(makeDirectory(a.envDirectory())); err != nil {
			return err
		}
		if err := h.upload(secrets, a.secretsPath(), "0600"); err != nil {
			return err
		}
		if err := h.execute(a.run(h.host)); err != nil {
			return err
		}
		return h.accessoryToProxy(a)
	})
}

func (h *remote) accessoryToProxy(a *accessory) error {
	if !a.runsProxy() {
		return nil
	}
	target, err := h.capture(a.runningID())
	if err != nil {
		return err
	}
	return h.execute(a.toProxy(target))
}

func (h *remote) makeDirectories(a *accessory) error {
	for _, d := range a.directories() {
		if err := h.execute(makeDirectory(d.local)); err != nil {
			return err
		}
		if err := h.own(d, d.local); err != nil {
			return err
		}
	}
	return nil
}

// own sets mode and owner, where they are given.
func (h *remote) own(m mounted, path string) error {
	if m.mode != "" {
		if err := h.execute(words("chmod", m.mode, path)); err != nil {
			return err
		}
	}
	if m.owner != "" {
		return h.execute(words("chown", m.owner, path))
	}
	return nil
}

func (h *remote) uploadFiles(a *accessory) error {
	for _, f := range a.files() {
		file, err := localUpload(f.local)
		if err != nil {
			return failed("RuntimeError", "Missing file: %s", f.local)
		}
		if err := h.execute(makeDirectory(f.host[:strings.LastIndex(f.host, "/")])); err != nil {
			return err
		}
		if err := h.sendUpload(file, f.host, f.local); err != nil {
			return err
		}
		if err := h.own(f, f.host); err != nil {
			return err
		}
	}
	return nil
}

// rebootAccessory replaces the container; its data is in volumes and stays.
func (r *run) rebootAccessory(a *accessory) error {
	if err := r.prepareAccessory(a); err != nil {
		return err
	}
	if err := r.audited(a, "Pull %s accessory image", a.pullImage()); err != nil {
		return err
	}
	if err := r.stopAccessory(a); err != nil {
		return err
	}
	if err := r.audited(a, "Remove %s accessory container", a.removeContainer()); err != nil {
		return err
	}
	return r.startAccessory(a)
}

// audited runs a command on the accessory's hosts, and notes it before.
func (r *run) audited(a *accessory, what, command string) error {
	return r.on(r.accessoryHosts(a), func(h *remote) error {
		if err := h.audit("", what, a.name); err != nil {
			return err
		}
		return h.execute(command)
	})
}

func (r *run) stopAccessory(a *accessory) error {
	return r.on(r.accessoryHosts(a), func(h *remote) error {
		if err := h.audit("", "Stopped %s accessory", a.name); err != nil {
			return err
		}
		if _, err := h.try(a.stop()); err != nil || !a.runsProxy() {
			return err
		}
		if _, err := h.capture(a.runningID()); err != nil {
			return err
		}
		return h.execute(a.fromProxy())
	})
}

func (r *run) startStoppedAccessory(a *accessory) error {
	return r.on(r.accessoryHosts(a), func(h *remote) error {
		if err := h.audit("", "Started %s accessory", a.name); err != nil {
			return err
		}
		if err := h.execute(a.start()); err != nil {
			return err
		}
		return h.accessoryToProxy(a)
	})
}

// removeAccessory removes container, image and the directory with its files and
// directories; volumes stay.
func (r *run) removeAccessory(a *accessory) error {
	if err := r.stopAccessory(a); err != nil {
		return err
	}
	if err := r.audited(a, "Remove %s accessory container", a.removeContainer()); err != nil {
		return err
	}
	if err := r.audited(a, "Removed %s accessory image", a.removeImage()); err != nil {
		return err
	}
	return r.on(r.accessoryHosts(a), func(h *remote) error { return h.execute(a.removeDirectory()) })
}
