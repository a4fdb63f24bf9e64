package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// terminal is where somebody may sit.
type terminal struct {
	in          *os.File
	out         io.Writer
	interactive bool
	lines       *bufio.Reader
}

func (t *terminal) say(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }

// ask returns what was typed, or what was offered when that was nothing. What
// is secret is neither echoed nor shown as the offer.
func (t *terminal) ask(q question, offered string) (string, error) {
	t.say("\n%s", q.why)
	shown := offered
	if q.secret && offered != "" {
		shown = "as it is"
	}
	if shown != "" {
		shown = " [" + shown + "]"
	}
	fmt.Fprintf(t.out, "%s%s: ", q.key, shown)
	typed, err := t.read(q.secret)
	if err != nil {
		return "", errors.New("ended; what was answered is stored, go on with: scripts/setup")
	}
	if typed == "" {
		return offered, nil
	}
	return typed, nil
}

func (t *terminal) read(secret bool) (string, error) {
	if secret {
		typed, err := term.ReadPassword(int(t.in.Fd()))
		t.say("")
		return string(typed), err
	}
	if t.lines == nil {
		t.lines = bufio.NewReader(t.in)
	}
	line, err := t.lines.ReadString('\n')
	if err != nil {
		return "", err
	}
	return line[:len(line)-1], nil
}
