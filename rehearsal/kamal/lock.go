package kamal

import (
	"strings"
	"time"
)

// locked does something while the deploy lock on the primary host is held, and
// releases it also when that failed, but not when the run was interrupted: then
// Kamal leaves it (with_lock in lib/kamal/cli/base.rb).
func (r *run) locked(do func() error) error {
	if r.lockHeld {
		return do()
	}
	if err := r.ensureRunDirectory(); err != nil {
		return err
	}
	if err := r.unlessLocked(func() error {
		r.say("Acquiring the deploy lock...")
		return r.acquire("Automatic deploy lock")
	}); err != nil {
		return err
	}
	r.lockHeld = true
	failure := do()
	if failure != nil && r.ctx.Err() != nil {
		return failure
	}
	r.say("Releasing the deploy lock...")
	err := r.release()
	if failure != nil {
		if err != nil {
			r.say("Error releasing the deploy lock: %s", messageOf(err))
		}
		return failure
	}
	r.lockHeld = false
	return err
}

func (r *run) ensureRunDirectory() error {
	return r.on(r.hosts, func(h *remote) error { return h.execute(makeDirectory(runDirectory)) })
}

// unlessLocked tells who holds the lock when acquiring it failed for that.
func (r *run) unlessLocked(acquire func() error) error {
	err := acquire()
	if err == nil || !strings.Contains(messageOf(err), "cannot create directory") {
		return err
	}
	r.say("Deploy lock already in place!")
	status, err := r.lockStatus()
	if err != nil {
		return err
	}
	r.out.line("%s", status)
	return failed("Kamal::Cli::LockError", "Deploy lock found. Run 'kamal lock help' for more information")
}

func (r *run) acquire(message string) error {
	return r.on([]string{r.primaryHost}, func(h *remote) error { return h.quietly(r.config.acquireLock(message, time.Now())) })
}

func (r *run) release() error {
	return r.on([]string{r.primaryHost}, func(h *remote) error { return h.quietly(r.config.releaseLock()) })
}

func (r *run) lockStatus() (status string, err error) {
	err = r.on([]string{r.primaryHost}, func(h *remote) error {
		status, err = h.captureQuietly(r.config.lockStatus())
		return err
	})
	return status, err
}

// The commands lock status, acquire and release (lib/kamal/cli/lock.rb).

func lockStatus(r *run) error {
	status, err := r.lockStatus()
	if err != nil {
		return r.unlessMissing(err)
	}
	r.out.line("%s", status)
	return nil
}

func lockAcquire(r *run) error {
	message, given := r.given["message"]
	if !given {
		return failed("Thor::RequiredArgumentMissingError", "No value provided for required options '--message'")
	}
	if err := r.ensureRunDirectory(); err != nil {
		return err
	}
	return r.unlessLocked(func() error {
		if err := r.acquire(message); err != nil {
			return err
		}
		r.say("Acquired the deploy lock")
		return nil
	})
}

func lockRelease(r *run) error {
	if err := r.release(); err != nil {
		return r.unlessMissing(err)
	}
	r.say("Released the deploy lock")
	return nil
}

func (r *run) unlessMissing(err error) error {
	if strings.Contains(messageOf(err), "No such file or directory") {
		r.say("There is no deploy lock")
		return nil
	}
	return err
}
