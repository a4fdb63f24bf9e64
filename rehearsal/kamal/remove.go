package kamal

import (
	"strconv"
	"strings"
)

func prune(r *run) error { return r.locked(r.prune) }

// prune removes old containers and what images no container needs
// (lib/kamal/cli/prune.rb).
func (r *run) prune() error {
	if err := r.on(r.hosts, func(h *remote) error {
		if err := h.audit("", "Pruned containers"); err != nil {
			return err
		}
		return h.execute(r.config.pruneContainers(r.config.retainContainers()))
	}); err != nil {
		return err
	}
	return r.on(r.hosts, func(h *remote) error {
		if err := h.audit("", "Pruned images"); err != nil {
			return err
		}
		return h.steps(r.config.pruneDangling(), r.config.pruneTagged())
	})
}

// remove takes all of the app off the servers (lib/kamal/cli/main.rb): its
// containers, kamal-proxy where no other app is, the accessories, and the
// registry's login. Volumes stay.
func remove(r *run) error {
	return r.confirming("This will remove all containers and images. Are you sure?", func() error {
		return r.locked(func() error {
			for _, step := range []func() error{
				r.removeApp, r.removeProxy,
				func() error { return r.eachAccessory("all", r.removeAccessory) },
				r.logout,
			} {
				if err := step(); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (r *run) removeApp() error {
	if err := r.stopApp(); err != nil {
		return err
	}
	if err := r.onRoles(r.appHosts, true, func(h *remote, role *role) error {
		if err := h.audit(role.name, "Removed all app containers"); err != nil {
			return err
		}
		return h.execute(r.app(role, h.host).removeContainers())
	}); err != nil {
		return err
	}
	whole := r.hostsOfAllRoles()
	if err := r.on(whole, func(h *remote) error {
		if err := h.audit("", "Removed all app images"); err != nil {
			return err
		}
		return h.execute(r.app(nil, h.host).removeImages())
	}); err != nil {
		return err
	}
	return r.on(whole, func(h *remote) error {
		if _, err := h.try(removeDirectory(r.config.appDirectory())); err != nil {
			return err
		}
		if err := h.audit("", "Removed %s", r.config.appDirectory()); err != nil {
			return err
		}
		_, err := h.try(removeDirectory(r.config.proxyAppDirectory()))
		return err
	})
}

// hostsOfAllRoles are those on which no role is left out by --roles.
func (r *run) hostsOfAllRoles() []string {
	var hosts []string
	for _, host := range r.appHosts {
		all := 0
		for _, role := range r.config.roles {
			if role.on(host) {
				all++
			}
		}
		if len(r.rolesOn(host)) == all {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// removeProxy leaves kamal-proxy where it serves other apps.
func (r *run) removeProxy() error {
	err := r.on(r.proxyHosts, func(h *remote) error {
		text, err := h.capture(pipe("ls "+runDirectory+"/apps", "wc -l"))
		if err != nil {
			return err
		}
		if count, _ := strconv.Atoi(text); count > 0 {
			return failed("RuntimeError", "The are other applications installed on %s", h.host)
		}
		return nil
	})
	if err != nil && strings.Contains(messageOf(err), "The are other applications installed on") {
		r.say("Not removing the proxy, as other apps are installed, ignore this check with kamal proxy remove --force")
		return nil
	}
	if err != nil {
		return err
	}
	return r.removeProxyContainer()
}

func (r *run) removeProxyContainer() error {
	for _, step := range []struct {
		told    string
		command func(proxyCommands) string
		mayFail bool
	}{
		{"Stopped proxy", proxyCommands.stop, true},
		{"Removed proxy container", proxyCommands.removeContainer, false},
		{"Removed proxy image", proxyCommands.removeImage, false},
		{"", func(proxyCommands) string { return removeDirectory(proxyDirectory) }, true},
	} {
		if err := r.on(r.proxyHosts, func(h *remote) error {
			if step.told != "" {
				if err := h.audit("", "%s", step.told); err != nil {
					return err
				}
			}
			if step.mayFail {
				_, err := h.try(step.command(r.proxyOn(h.host)))
				return err
			}
			return h.execute(step.command(r.proxyOn(h.host)))
		}); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) logout() error {
	registry := r.config.registry()
	if registry.local() {
		return nil
	}
	return r.on(r.hosts, func(h *remote) error { return h.execute(registry.logout()) })
}

// details shows all containers.
func details(r *run) error {
	if err := proxyDetails(r); err != nil {
		return err
	}
	if err := appDetails(r); err != nil {
		return err
	}
	return r.eachAccessory("all", r.accessoryDetails)
}

// audit shows the servers' audit logs.
func audit(r *run) error {
	return r.on(r.hosts, func(h *remote) error {
		text, err := h.capture("tail -n 50 " + r.config.auditLog())
		if err == nil {
			r.puts(h.host, text, "App")
		}
		return err
	})
}

func version(r *run) error {
	r.out.line("%s", Version)
	return nil
}
