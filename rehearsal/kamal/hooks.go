package kamal

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// preConnect runs the hook pre-connect before the first connection.
func (r *run) preConnect() error {
	if r.connected {
		return nil
	}
	if err := r.hook("pre-connect", true, nil); err != nil {
		return err
	}
	r.connected = true
	return nil
}

// hook runs one of .kamal/hooks, if it is there: a program in the app's
// directory, with KAMAL_* in its environment, and with the secrets where Kamal
// gives them (run_hook in lib/kamal/cli/base.rb, lib/kamal/commands/hook.rb).
// more are further KAMAL_ variables, by the rest of their names.
func (r *run) hook(name string, withSecrets bool, more map[string]string) error {
	file := filepath.Join(r.config.hooksPath(), name)
	program := file
	if !filepath.IsAbs(program) {
		program = filepath.Join(r.dir, file)
	}
	if _, err := os.Stat(program); err != nil || r.given.is("skip_hooks") {
		return nil
	}
	env, err := r.hookEnvironment(withSecrets, more)
	if err != nil {
		return err
	}
	defer r.hookLevel(name)()
	place := "on localhost"
	if user := r.config.env.get("USER"); user != "" {
		place = "as " + user + "@localhost"
	}
	id, ended := r.out.started(info, "/usr/bin/env "+file, place)
	cmd := exec.CommandContext(r.ctx, program)
	cmd.WaitDelay = 10 * time.Second
	cmd.Dir, cmd.Env = r.dir, env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	r.out.printed(id, stdout.String(), stderr.String())
	var exit *exec.ExitError
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case errors.As(err, &exit):
		failure := commandFailed(file, waitStatus(exit), stdout.String(), stderr.String())
		return failed("Kamal::Cli::HookError", "Hook `%s` failed:\n%s", name, messageOf(failure))
	case err != nil: // as /usr/bin/env says it
		failure := commandFailed(file, 126<<8, "", "/usr/bin/env: '"+file+"': "+rootCause(err))
		return failed("Kamal::Cli::HookError", "Hook `%s` failed:\n%s", name, messageOf(failure))
	}
	ended(0)
	return nil
}

// hookLevel prints more or less while a hook runs, as hooks_output says, unless
// -v or -q does (hooks_output_for in lib/kamal/configuration.rb).
func (r *run) hookLevel(name string) (restore func()) {
	before := r.out.level
	wanted := r.config.root.get("hooks_output")
	if wanted.isMap() {
		wanted = wanted.get(name)
	}
	if text := strings.TrimPrefix(wanted.text(), ":"); before == info && text == "verbose" {
		r.out.level = debug
	} else if before == info && text == "quiet" {
		r.out.level = errorLevel
	}
	return func() { r.out.level = before }
}

// waitStatus is what SSHKit reports of a local command: not its exit status but
// what wait(2) gives, 256 for an exit status of 1.
func waitStatus(exit *exec.ExitError) int { return int(exit.Sys().(syscall.WaitStatus)) }

func rootCause(err error) string {
	if errors.Is(err, os.ErrPermission) {
		return "Permission denied"
	}
	return err.Error()
}

// hookEnvironment is the process's own with the tags of lib/kamal/tags.rb.
func (r *run) hookEnvironment(withSecrets bool, more map[string]string) (environment, error) {
	env := append(environment{}, r.config.env...)
	variables := map[string]string{
		"RECORDED_AT": timestamp(time.Now()), "PERFORMER": r.config.git.performer(), "DESTINATION": r.config.destination,
		"VERSION": r.config.version(), "SERVICE_VERSION": r.config.service() + "@" + r.config.abbreviatedVersion(), "SERVICE": r.config.service(),
		"HOSTS": strings.Join(r.hosts, ","), "ROLES": strings.Join(r.specificRoles, ","), "LOCK": boolText(r.lockHeld),
		"COMMAND": r.command.group(), // KAMAL_SUBCOMMAND is never set, since thor's first invocation is of the group
	}
	for name, text := range more {
		variables[name] = text
	}
	for name, text := range variables {
		if text != "" {
			env = append(env, "KAMAL_"+name+"="+text)
		}
	}
	if withSecrets {
		all, err := r.config.secrets.all()
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			env = append(env, p.key+"="+p.value.node.Value)
		}
	}
	return env, nil
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
