package host

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// run calls a program and makes one line of what it said when it fails.
func run(ctx context.Context, name string, args ...string) error {
	_, err := output(ctx, name, args...)
	return err
}

// runAll runs programs one after the other, until one fails.
func runAll(ctx context.Context, steps ...[]string) error {
	for _, step := range steps {
		if err := run(ctx, step[0], step[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// runInput runs a program that reads a text.
func runInput(ctx context.Context, input string, words ...string) error {
	_, err := outputOf(ctx, strings.NewReader(input), words)
	return err
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	return outputOf(ctx, nil, append([]string{name}, args...))
}

func outputOf(ctx context.Context, input io.Reader, words []string) (string, error) {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin = input
	text, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(text)))
	}
	return string(text), nil
}
