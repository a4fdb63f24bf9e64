package kamal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/term"
)

// terminal is the input, if somebody sits there.
func (r *run) terminal() (*os.File, bool) {
	file, ok := r.io.Stdin.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// interactiveArgs are Docker's (docker_interactive_args in
// lib/kamal/commands/base.rb).
func (r *run) interactiveArgs() string {
	if _, ok := r.terminal(); ok {
		return "-it"
	}
	return "-i"
}

// takeOver runs a command over ssh with this process's input and output, as the
// `ssh -t` that Kamal becomes (run_over_ssh): the host's key must be known, and a
// terminal is only asked for where there is one. Its exit status is an ExitError.
func (r *run) takeOver(host, line string) error {
	terminal, ok := r.terminal()
	if !ok {
		fmt.Fprintln(r.io.Stderr, "Pseudo-terminal will not be allocated because stdin is not a terminal.")
	}
	client, err := r.ssh.connectStrictly(r.ctx, host)
	if err != nil {
		fmt.Fprintln(r.io.Stderr, messageOf(err))
		return ExitError{255}
	}
	defer client.Close()
	stop := context.AfterFunc(r.ctx, func() { client.Close() })
	defer stop()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	session.Stdout, session.Stderr = r.io.Stdout, r.io.Stderr
	if ok {
		restore, err := askForTerminal(session, terminal, r.config.env.get("TERM"))
		if err != nil {
			return err
		}
		defer restore()
	}
	// Not Session.Stdin, which Wait would wait for: a person types no end.
	in, err := session.StdinPipe()
	if err != nil {
		return err
	}
	if err := session.Start(line); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(in, r.io.Stdin)
		in.Close()
	}()
	err = session.Wait()
	if ok {
		fmt.Fprintf(r.io.Stderr, "Connection to %s closed.\r\n", host)
	}
	var exit *ssh.ExitError
	if errors.As(err, &exit) {
		return ExitError{exit.ExitStatus()}
	}
	return err
}

// askForTerminal asks the server for one like ours, and hands it every key as it
// is typed.
func askForTerminal(session *ssh.Session, terminal *os.File, kind string) (restore func(), err error) {
	fd := int(terminal.Fd())
	width, height, err := term.GetSize(fd)
	if err != nil {
		return nil, err
	}
	if err := session.RequestPty(kind, height, width, ssh.TerminalModes{}); err != nil {
		return nil, err
	}
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(fd, before) }, nil
}

// confirming asks before something that cannot be undone, unless -y was given.
func (r *run) confirming(question string, do func() error) error {
	if !r.given.is("confirmed") {
		fmt.Fprintf(r.io.Stdout, "%s [y, N] (N) ", question)
		answer, _ := bufio.NewReader(r.io.Stdin).ReadString('\n')
		if strings.TrimSpace(answer) != "y" {
			r.say("Aborted")
			return nil
		}
	}
	return do()
}
