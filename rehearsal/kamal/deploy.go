package kamal

import (
	"math"
	"strconv"
	"strings"
)

// setup prepares a server from nothing and deploys (lib/kamal/cli/main.rb).
func setup(r *run) error {
	_, err := r.timed(func() error {
		return r.locked(func() error {
			r.say("Ensure Docker is installed...")
			if err := r.bootstrap(); err != nil {
				return err
			}
			return r.deploy(true)
		})
	})
	return err
}

func deploy(r *run) error { return r.deploy(false) }

func (r *run) deploy(accessories bool) error {
	took, err := r.timed(func() error {
		if r.given.is("skip_push") {
			r.say("Pull app image...")
		} else {
			r.say("Build and push app image...")
			if err := r.buildAndPush(); err != nil {
				return err
			}
		}
		if err := r.pullImage(); err != nil {
			return err
		}
		return r.locked(func() error { return r.deployLocked(accessories) })
	})
	if err != nil {
		return err
	}
	return r.hook("post-deploy", true, map[string]string{"RUNTIME": seconds(took.Seconds())})
}

func (r *run) deployLocked(accessories bool) error {
	if err := r.hook("pre-deploy", true, nil); err != nil {
		return err
	}
	r.say("Ensure kamal-proxy is running...")
	if err := r.bootProxy(); err != nil {
		return err
	}
	if accessories {
		if err := r.eachAccessory("all", r.bootAccessory); err != nil {
			return err
		}
	}
	r.say("Detect stale containers...")
	if err := r.stopStaleContainers(); err != nil {
		return err
	}
	if err := r.bootApp(r.config.version()); err != nil {
		return err
	}
	r.say("Prune old containers and images...")
	return r.prune()
}

// rollback starts an earlier version's container anew, if the servers still have it.
func rollback(r *run) error {
	if len(r.args) != 1 {
		return failed("ArgumentError", "\"kamal rollback\" wants a VERSION")
	}
	version, rolledBack := r.args[0], false
	took, err := r.timed(func() error {
		return r.locked(func() error {
			r.config.declared = version
			if there, err := r.hasContainer(version); err != nil || !there {
				return err
			}
			if err := r.hook("pre-deploy", true, nil); err != nil {
				return err
			}
			rolledBack = true
			return r.bootApp(version)
		})
	})
	if err != nil || !rolledBack {
		return err
	}
	return r.hook("post-deploy", true, map[string]string{"RUNTIME": seconds(took.Seconds())})
}

func (r *run) hasContainer(version string) (bool, error) {
	err := r.on(r.appHosts, func(h *remote) error {
		for _, role := range r.rolesOn(h.host) {
			id, err := h.capture(r.app(role, h.host).idForVersion(version))
			if err == nil && id == "" {
				err = failed("RuntimeError", "Container not found")
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && strings.Contains(messageOf(err), "Container not found") {
		r.say("Error looking for container version %s: %s", version, messageOf(err))
		r.say("The app version '%s' is not available as a container (use 'kamal app containers' for available versions)", version)
		return false, nil
	}
	return err == nil, err
}

// seconds are whole ones, as the hook post-deploy gets them.
func seconds(exact float64) string { return strconv.Itoa(int(math.Round(exact))) }
