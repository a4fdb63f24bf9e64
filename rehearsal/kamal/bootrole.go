package kamal

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// boot starts one role's container on one host (lib/kamal/cli/app/boot.rb).
type boot struct {
	*remote
	app     appCommands
	version string
	barrier *barrier
}

func (b *boot) run() error {
	old, err := b.oldVersion()
	if err != nil {
		return err
	}
	primary := b.app.role.name == b.primaryRole.name
	if !primary {
		if err := b.waitAtBarrier(); err != nil {
			return err
		}
	}
	if err := b.startNew(); err != nil {
		b.out.log(errorLevel, "", "Failed to boot %s on %s", b.app.role.name, b.host)
		if primary {
			b.closeBarrier()
		}
		if _, stopErr := b.try(b.app.stop(b.version)); stopErr != nil {
			return stopErr
		}
		return err
	}
	if primary && b.barrier.set(true) {
		b.out.log(info, "", "First %s container is healthy on %s, booting any other roles", b.primaryRole.name, b.host)
	}
	if old == "" {
		return nil
	}
	return b.stopOld(old)
}

// oldVersion is what runs now. A container of the new version's name makes room.
func (b *boot) oldVersion() (string, error) {
	clash, err := b.tryCapture(b.app.idForVersion(b.version))
	if err != nil {
		return "", err
	}
	if clash != "" {
		renamed := b.version + "_replaced_" + randomHex(8)
		b.out.log(info, "", "Renaming container %s to %s as already deployed on %s", b.version, renamed, b.host)
		if err := b.audit(b.app.role.name, "Renaming container %s to %s", b.version, renamed); err != nil {
			return "", err
		}
		if err := b.execute(b.app.rename(b.version, renamed)); err != nil {
			return "", err
		}
	}
	return b.tryCapture(b.app.currentVersion())
}

func (b *boot) startNew() error {
	role := b.app.role
	if err := b.audit(role.name, "Booted app version %s", b.version); err != nil {
		return err
	}
	secrets, err := role.env(b.host).file(b.config.secrets)
	if err != nil {
		return err
	}
	if err := b.execute(makeDirectory(role.envDirectory())); err != nil {
		return err
	}
	if err := b.upload(secrets, role.secretsPath(), "0600"); err != nil {
		return err
	}
	hostname := strings.TrimSuffix(b.host[:min(len(b.host), 51)], ".") + "-" + randomHex(6)
	if err := b.execute(b.app.run(hostname)); err != nil {
		return err
	}
	if !role.runsProxy() {
		return b.waitUntilHealthy()
	}
	target, err := b.capture(b.app.idForVersion(b.version))
	if err != nil {
		return err
	}
	if target == "" {
		return failed("Kamal::Cli::BootError", "Failed to get endpoint for %s on %s, did the container boot?", role.name, b.host)
	}
	return b.execute(b.app.toProxy(target))
}

func (b *boot) stopOld(old string) error {
	if _, err := b.try(b.app.stop(old)); err != nil {
		return err
	}
	if b.app.role.hasAssets() {
		if err := b.execute(b.app.cleanUpAssets()); err != nil {
			return err
		}
	}
	if b.config.errorPagesPath() != "" {
		return b.execute(b.app.cleanUpErrorPages())
	}
	return nil
}

// waitUntilHealthy asks Docker about a container that kamal-proxy does not look
// after (lib/kamal/cli/healthcheck/poller.rb).
func (b *boot) waitUntilHealthy() error {
	deadline := time.Now().Add(time.Duration(b.config.deployTimeout()) * time.Second)
	for attempt := 1; ; attempt++ {
		status, err := b.capture(b.app.status(b.version))
		if delay := b.config.readinessDelay(); err == nil && status == "running" && delay > 0 {
			b.out.log(info, "", "Container is running, waiting for readiness delay of %d seconds", delay)
			if err := b.sleep(time.Duration(delay) * time.Second); err != nil {
				return err
			}
			status, err = b.capture(b.app.status(b.version))
		}
		if err != nil {
			return err
		}
		if status == "running" || status == "healthy" {
			b.out.log(info, "", "Container is healthy!")
			return nil
		}
		left := time.Until(deadline)
		if left <= 0 {
			return failed("Kamal::Cli::Healthcheck::Error", "container not ready after %d seconds (%s)", b.config.deployTimeout(), status)
		}
		if err := b.sleep(min(time.Duration(attempt)*time.Second, left)); err != nil {
			return err
		}
	}
}

func (b *boot) waitAtBarrier() error {
	primary := b.primaryRole.name
	b.out.log(info, "", "Waiting for the first healthy %s container before booting %s on %s...", primary, b.app.role.name, b.host)
	opened, err := b.barrier.wait(b.ctx.Done())
	if err != nil {
		return err
	}
	if !opened {
		b.out.log(info, "", "First %s container is unhealthy, not booting %s on %s", primary, b.app.role.name, b.host)
		return failed("Kamal::Cli::Healthcheck::Error", "Halted at barrier")
	}
	b.out.log(info, "", "First %s container is healthy, booting %s on %s...", primary, b.app.role.name, b.host)
	return nil
}

// closeBarrier lets the other roles know, and prints what the container said.
func (b *boot) closeBarrier() {
	if !b.barrier.set(false) {
		return
	}
	b.out.log(info, "", "First %s container is unhealthy on %s, not booting any other roles", b.primaryRole.name, b.host)
	logs := pipe(b.app.idForVersion(b.version), "xargs docker logs --timestamps 2>&1")
	for _, command := range []string{logs, b.app.healthLog(b.version)} {
		text, err := b.capture(command)
		if err != nil {
			b.out.log(errorLevel, "", "Could not fetch logs for %s", b.version)
			return
		}
		b.out.log(errorLevel, "", "%s", text)
	}
}

// barrier holds the other roles back until the primary one is healthy somewhere
// (lib/kamal/cli/healthcheck/barrier.rb).
type barrier struct {
	once   sync.Once
	done   chan struct{}
	opened bool
}

func newBarrier() *barrier { return &barrier{done: make(chan struct{})} }

// set opens or closes it; the first one decides, and is told so.
func (b *barrier) set(open bool) (first bool) {
	b.once.Do(func() {
		b.opened, first = open, true
		close(b.done)
	})
	return first
}

func (b *barrier) wait(interrupted <-chan struct{}) (opened bool, err error) {
	select {
	case <-b.done:
		return b.opened, nil
	case <-interrupted:
		return false, fmt.Errorf("interrupted")
	}
}

func (r *run) sleep(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}
