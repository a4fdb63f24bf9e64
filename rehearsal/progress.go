package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"

	"rails-on-hetzner/rehearsal/work"
)

// progress is for people, so it goes to standard error.
func progress(text string) {
	fmt.Fprintln(os.Stderr, "rehearse: "+text)
}

// sideBySide does what takes minutes. At a terminal it shows how far it is in
// one line, which is rewritten; elsewhere in a line now and then.
func sideBySide(ctx context.Context, lanes ...work.Lane) error {
	width, _, err := term.GetSize(int(os.Stderr.Fd()))
	if err != nil || width < 20 {
		return work.SideBySide(ctx, progress, lanes...)
	}
	const clear = "\r\033[K"
	defer fmt.Fprint(os.Stderr, clear)
	return work.SideBySide(ctx, func(line string) {
		line = "rehearse: " + line
		fmt.Fprint(os.Stderr, clear+line[:min(len(line), width-1)])
	}, lanes...)
}
