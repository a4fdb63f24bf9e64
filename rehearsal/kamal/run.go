package kamal

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// run is what one invocation knows (lib/kamal/commander.rb and cli/base.rb).
// The context lives as long as it does, and stops whatever is under way.
type run struct {
	ctx     context.Context
	dir     string
	io      IO
	out     *output
	pool    *pool
	ssh     *netSSH
	config  *config
	command *command // of the table
	given   flags
	args    []string

	hosts, appHosts, proxyHosts []string // those that are meant, the primary role's first
	roles                       []*role  // the primary one first
	primaryHost                 string
	primaryRole                 *role
	specificRoles               []string // names, when --roles chose

	lockHeld  bool
	connected bool // the hook pre-connect has run
}

func newRun(ctx context.Context, dir string, io IO) *run {
	r := &run{ctx: ctx, dir: dir, io: io, out: &output{to: io.Stdout, level: info}}
	r.pool = &pool{free: map[string][]*ssh.Client{}, connect: func(ctx context.Context, host string) (*ssh.Client, error) {
		return r.ssh.connect(ctx, host)
	}}
	return r
}

// say tells what happens next; -q and --raw take that away.
func (r *run) say(format string, values ...any) {
	if !r.given.is("quiet") && !r.given.is("raw") {
		r.out.line(format, values...)
	}
}

// on works on hosts at the same time, after the hook pre-connect. It waits for
// all of them; the error is what went wrong, on which host.
func (r *run) on(hosts []string, do func(h *remote) error) error {
	if err := r.preConnect(); err != nil {
		return err
	}
	return together(hosts, "hosts", func(host string) error {
		err := do(&remote{r, host})
		return placed(err, "Exception while executing on host "+host)
	})
}

// onRoles works role by role. In parallel each role has connections of its own;
// else the roles of a host are done one after the other (lib/kamal/sshkit_with_ext.rb).
func (r *run) onRoles(hosts []string, parallel bool, do func(h *remote, role *role) error) error {
	if !parallel {
		return r.on(hosts, func(h *remote) error {
			for _, role := range r.rolesOn(h.host) {
				if err := do(h, role); err != nil {
					return err
				}
			}
			return nil
		})
	}
	byName := map[string]*role{}
	var names []string
	for _, role := range r.roles {
		if len(intersection(role.hosts(), hosts)) > 0 {
			names, byName[role.name] = append(names, role.name), role
		}
	}
	if len(names) > 0 {
		if err := r.preConnect(); err != nil {
			return err
		}
	}
	return together(names, "roles", func(name string) error {
		role := byName[name]
		err := r.on(intersection(role.hosts(), hosts), func(h *remote) error { return do(h, role) })
		return placed(err, "Exception while executing on "+name)
	})
}

// together does all at once and waits for all. Of several errors the first gives
// the class, and all their messages are told.
func together(names []string, what string, do func(name string) error) error {
	errs := make([]error, len(names))
	var running sync.WaitGroup
	for i, name := range names {
		running.Go(func() { errs[i] = do(name) })
	}
	running.Wait()
	var failures []error
	for _, err := range errs {
		if err != nil {
			failures = append(failures, err)
		}
	}
	switch len(failures) {
	case 0:
		return nil
	case 1:
		return failures[0]
	}
	messages := []string{fmt.Sprintf("Exceptions on %d %s:", len(failures), what)}
	for _, err := range failures {
		messages = append(messages, messageOf(err))
	}
	return failed(classOf(failures[0]), "%s", strings.Join(messages, "\n"))
}

// placed puts a place in front of an error's message.
func placed(err error, place string) error {
	if err == nil {
		return nil
	}
	return failed(classOf(err), "%s: %s", place, messageOf(err))
}

func classOf(err error) string {
	if f, ok := err.(failure); ok {
		return f.class
	}
	return "RuntimeError"
}

func messageOf(err error) string {
	if f, ok := err.(failure); ok {
		return f.message
	}
	return err.Error()
}

// rolesOn are the chosen roles of a host.
func (r *run) rolesOn(host string) []*role {
	var roles []*role
	for _, role := range r.roles {
		if role.on(host) {
			roles = append(roles, role)
		}
	}
	return roles
}

func (r *run) app(role *role, host string) appCommands { return appCommands{r.config, role, host} }

// withVersion does something as if another version had been asked for; "" is no
// other.
func (r *run) withVersion(version string, do func() error) error {
	if version == "" {
		return do()
	}
	before := r.config.version()
	defer func() { r.config.declared = before }()
	r.config.declared = version
	return do()
}

// timed says at the end how long it took, also when it failed.
func (r *run) timed(do func() error) (time.Duration, error) {
	start := time.Now()
	err := do()
	took := time.Since(start)
	r.out.line("  Finished all in %.1f seconds", took.Seconds())
	return took, err
}

// puts prints what a host said.
func (r *run) puts(host, text, kind string) {
	if !r.given.is("quiet") {
		r.out.line("%s Host: %s\n%s\n", kind, host, text)
		return
	}
	r.out.line("%s\n", text)
}

func intersection(all, others []string) []string {
	var both []string
	for _, text := range all {
		if contains(others, text) {
			both = append(both, text)
		}
	}
	return unique(both)
}
