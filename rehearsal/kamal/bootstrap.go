package kamal

import (
	"strings"
	"sync"
)

// bootstrap installs Docker where it is missing, if it may
// (lib/kamal/cli/server.rb).
func bootstrap(r *run) error { return r.locked(r.bootstrap) }

func (r *run) bootstrap() error {
	var mu sync.Mutex
	var missing []string
	err := r.on(r.hosts, func(h *remote) error {
		installed, err := h.try(dockerInstalled)
		if err != nil || installed {
			return err
		}
		allowed, err := h.tryVerbatim(superuser)
		if err != nil {
			return err
		}
		if !allowed {
			mu.Lock()
			defer mu.Unlock()
			missing = append(missing, h.host)
			return nil
		}
		return h.installDocker()
	})
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return failed("RuntimeError", "Docker is not installed on %s and can't be automatically installed without having root access and either `wget` or `curl`. Install Docker manually: https://docs.docker.com/engine/install/", strings.Join(missing, ", "))
	}
	return r.hook("docker-setup", false, nil)
}

// installDocker runs Docker's script, and puts a user who is not root into its
// group, which a new connection shows.
func (h *remote) installDocker() error {
	h.out.log(info, "", "Missing Docker on %s. Installing…", h.host)
	if err := h.execute(installDocker()); err != nil {
		return err
	}
	for _, question := range []string{isRoot, inDockerGroup} {
		if yes, err := h.tryVerbatim(question); err != nil || yes {
			return err
		}
	}
	if err := h.executeVerbatim(joinDockerGroup); err != nil {
		return err
	}
	if err := h.executeVerbatim(refreshSession); err != nil {
		if classOf(err) != "IOError" {
			return err
		}
		h.out.log(info, "", "Session refreshed due to group change.")
	}
	return nil
}
