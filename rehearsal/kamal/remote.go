package kamal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// remote is a host that is worked on: SSHKit's backend
// (lib/sshkit/backends/netssh.rb, lib/sshkit/command.rb).
type remote struct {
	*run
	host string
}

// execute runs a command that must succeed.
func (h *remote) execute(command string) error {
	_, _, err := h.perform(info, mapped(command), mapped(command), true)
	return err
}

// executeShown is execute for a command that has a secret in it.
func (h *remote) executeShown(command, shown string) error {
	_, _, err := h.perform(info, mapped(command), mapped(shown), true)
	return err
}

// quietly is execute for what is only printed with -v.
func (h *remote) quietly(command string) error {
	_, _, err := h.perform(debug, mapped(command), mapped(command), true)
	return err
}

// try runs a command that may fail, and tells whether it succeeded. The error
// is the connection's.
func (h *remote) try(command string) (bool, error) {
	_, status, err := h.perform(info, mapped(command), mapped(command), false)
	return status == 0, err
}

// tryVerbatim is try for a line of shell that is sent as it is.
func (h *remote) tryVerbatim(line string) (bool, error) {
	_, status, err := h.perform(info, line, line, false)
	return status == 0, err
}

func (h *remote) executeVerbatim(line string) error {
	_, _, err := h.perform(info, line, line, true)
	return err
}

// capture is what a command prints, without space around; it must succeed.
func (h *remote) capture(command string) (string, error) {
	text, _, err := h.perform(info, mapped(command), mapped(command), true)
	return strings.TrimSpace(text), err
}

// tryCapture is what a command prints, whether it succeeds or not.
func (h *remote) tryCapture(command string) (string, error) {
	text, _, err := h.perform(info, mapped(command), mapped(command), false)
	return strings.TrimSpace(text), err
}

// captureRaw is what a command prints, to the last byte.
func (h *remote) captureRaw(command string) (string, error) {
	text, _, err := h.perform(info, mapped(command), mapped(command), true)
	return text, err
}

// captureQuietly is capture for what is only printed with -v.
func (h *remote) captureQuietly(command string) (string, error) {
	text, _, err := h.perform(debug, mapped(command), mapped(command), true)
	return strings.TrimSpace(text), err
}

// mapped starts a command by /usr/bin/env, but for docker and what only a shell
// has (lib/sshkit/command_map.rb and lib/kamal/commander.rb).
func mapped(command string) string {
	switch first, _, _ := strings.Cut(command, " "); first {
	case "docker", "if", "test", "time", "exec":
		return command
	}
	return "/usr/bin/env " + command
}

// perform runs a command line on the host. Its input stays open and empty, as
// with SSHKit: a command that reads waits.
func (h *remote) perform(at level, line, shown string, mustSucceed bool) (stdout string, status int, err error) {
	id, ended := h.out.started(at, shown, "on "+h.host)
	var out, errs bytes.Buffer
	err = h.pool.with(h.ctx, h.host, func(client *ssh.Client) error {
		session, err := client.NewSession()
		if err != nil {
			return failed("IOError", "%v", err)
		}
		defer session.Close()
		if _, err := session.StdinPipe(); err != nil {
			return err
		}
		session.Stdout, session.Stderr = &out, &errs
		err = session.Run(line)
		var exit *ssh.ExitError
		var missing *ssh.ExitMissingError
		switch {
		case errors.As(err, &exit):
			status = exit.ExitStatus()
			return nil
		case errors.As(err, &missing):
			return failed("IOError", "closed stream: the connection ended before %s did", firstWord(line))
		}
		return err
	})
	if err != nil {
		return "", -1, err
	}
	h.out.printed(id, out.String(), errs.String())
	if mustSucceed && status > 0 {
		return "", status, commandFailed(line, status, out.String(), errs.String())
	}
	ended(status)
	return out.String(), status, nil
}

// commandFailed is SSHKit's error, which names the command by its first word and
// tells what it wrote.
func commandFailed(line string, status int, stdout, stderr string) error {
	name := firstWord(strings.TrimPrefix(line, "/usr/bin/env "))
	said := func(text string) string {
		if text = strings.TrimSpace(text); text == "" {
			return "Nothing written"
		}
		return text
	}
	return failed("SSHKit::Command::Failed", "%s exit status: %d\n%s stdout: %s\n%s stderr: %s\n", name, status, name, said(stdout), name, said(stderr))
}

func firstWord(line string) string {
	first, _, _ := strings.Cut(line, " ")
	return first
}

// upload sends content as a file.
func (h *remote) upload(content, path, mode string) error {
	return h.sendUpload(fileUpload([]byte(content), path, mode), path, path)
}

func (h *remote) sendUpload(u upload, path, shown string) error {
	err := h.pool.with(h.ctx, h.host, func(client *ssh.Client) error { return u.send(client, path) })
	if err != nil {
		return err
	}
	names := []string{shown}
	if u.isDir {
		names = nil
		for _, file := range u.files {
			names = append(names, slashed(shown, u.name, file.name))
		}
	}
	for _, name := range names {
		h.out.log(debug, "", "Uploading %s 0.0%%", name)
		h.out.log(info, "", "Uploading %s 100.0%%", name)
	}
	return nil
}

// audit notes in the server's log what is done; about is a role, or "".
func (h *remote) audit(about, format string, values ...any) error {
	return h.quietly(h.config.record(fmt.Sprintf(format, values...), about, time.Now()))
}

// login logs in to the app's registry.
func (h *remote) login(to registry) error {
	if to.local() {
		return nil
	}
	command, shown, err := to.login()
	if err != nil {
		return err
	}
	return h.executeShown(command, shown)
}

// steps runs commands that must succeed, one after the other.
func (h *remote) steps(commands ...string) error {
	for _, command := range commands {
		if err := h.execute(command); err != nil {
			return err
		}
	}
	return nil
}
