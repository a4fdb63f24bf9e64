package kamal

import (
	"strconv"
	"strings"
)

// The commands about kamal-proxy (lib/kamal/cli/proxy.rb).

func (r *run) proxyOn(host string) proxyCommands { return proxyCommands{r.config, host} }

// bootProxy makes the network and starts kamal-proxy; one that is too old is
// left alone and stops the run.
func (r *run) bootProxy() error {
	if err := r.on(r.hosts, func(h *remote) error { return h.ensureNetwork() }); err != nil {
		return err
	}
	return r.on(r.proxyHosts, func(h *remote) error {
		if err := h.login(r.config.registry()); err != nil {
			return err
		}
		version, err := h.capture(r.proxyOn(h.host).version())
		if err != nil {
			return err
		}
		if version != "" && older(version, minimumProxy) {
			return failed("RuntimeError", "kamal-proxy version %s is too old, run `kamal proxy reboot` in order to update to at least %s", version, minimumProxy)
		}
		return h.steps(makeDirectory(proxyApps), r.proxyOn(h.host).startOrRun())
	})
}

func (h *remote) ensureNetwork() error {
	err := h.execute(createNetwork)
	if err != nil && strings.Contains(messageOf(err), "already exists") {
		return nil
	}
	return err
}

// older compares versions such as v0.9.2 by their numbers.
func older(version, other string) bool {
	parts := func(text string) []string { return strings.Split(strings.TrimPrefix(text, "v"), ".") }
	a, b := parts(version), parts(other)
	for i := range max(len(a), len(b)) {
		var x, y int
		if i < len(a) {
			x, _ = strconv.Atoi(a[i])
		}
		if i < len(b) {
			y, _ = strconv.Atoi(b[i])
		}
		if x != y {
			return x < y
		}
	}
	return false
}

func bootProxy(r *run) error { return r.locked(r.bootProxy) }

// rebootProxy replaces the container, with the hooks pre- and post-proxy-reboot
// around it.
func rebootProxy(r *run) error {
	return r.confirming("This will cause a brief outage on each host. Are you sure?", func() error {
		return r.locked(func() error {
			groups := [][]string{r.proxyHosts}
			if r.given.is("rolling") {
				groups = nil
				for _, host := range r.proxyHosts {
					groups = append(groups, []string{host})
				}
			}
			for _, hosts := range groups {
				if err := r.rebootProxyOn(hosts); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (r *run) rebootProxyOn(hosts []string) error {
	named := map[string]string{"HOSTS": strings.Join(hosts, ",")}
	if err := r.hook("pre-proxy-reboot", false, named); err != nil {
		return err
	}
	if err := r.on(hosts, func(h *remote) error {
		proxy := r.proxyOn(h.host)
		if err := h.audit("", "Rebooted proxy"); err != nil {
			return err
		}
		if err := h.login(r.config.registry()); err != nil {
			return err
		}
		if _, err := h.try(proxy.stop()); err != nil {
			return err
		}
		return h.steps(proxy.removeContainer(), makeDirectory(proxyApps), proxy.run())
	}); err != nil {
		return err
	}
	return r.hook("post-proxy-reboot", false, named)
}

func proxyDetails(r *run) error {
	return r.on(r.proxyHosts, func(h *remote) error {
		text, err := h.capture(r.proxyOn(h.host).info())
		if err == nil {
			r.puts(h.host, text, "Proxy")
		}
		return err
	})
}

func proxyLogs(r *run) error {
	o := r.logOptions("100")
	if o.follow {
		r.out.log(info, "", "Following logs on %s...", r.primaryHost)
		return r.takeOver(r.primaryHost, r.proxyOn(r.primaryHost).followLogs(o))
	}
	return r.on(r.proxyHosts, func(h *remote) error {
		text, err := h.captureQuietly(r.proxyOn(h.host).logs(o))
		if err == nil {
			h.out.line("Proxy Host: %s\n%s\n", h.host, text)
		}
		return err
	})
}
