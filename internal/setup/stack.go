package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"rails-on-hetzner/internal/settings"
)

const project = "rails-on-hetzner"

// stack is a Pulumi stack and its settings, as settings.Source reads them.
type stack struct {
	name   string
	values map[string]value
}

type value struct {
	Value  string `json:"value"`
	Secret bool   `json:"secret"`
}

// openStack selects the stack, makes it when there is none, and reads it. It
// needs Pulumi, and a place that was chosen for the state.
func openStack(ctx context.Context, name string) (*stack, error) {
	if _, err := exec.LookPath("pulumi"); err != nil {
		return nil, errors.New("there is no pulumi on the PATH; install it: https://www.pulumi.com/docs/install/")
	}
	if err := exec.CommandContext(ctx, "pulumi", "whoami", "--non-interactive").Run(); err != nil {
		return nil, errors.New("no place was chosen yet where Pulumi keeps its state; for a file on this machine: pulumi login --local (docs/guide.md says what else there is), then run this again")
	}
	if err := selectStack(ctx, name); err != nil {
		return nil, err
	}
	s := &stack{name: name}
	read := exec.CommandContext(ctx, "pulumi", "config", "--json", "--show-secrets", "--stack", name)
	read.Stderr = os.Stderr
	text, err := read.Output()
	if err != nil {
		return nil, fmt.Errorf("reading the settings of the stack %s: %w", name, err)
	}
	return s, json.Unmarshal(text, &s.values)
}

// selectStack lets Pulumi ask for a passphrase only if it needs to: it would
// swallow what somebody has typed ahead.
func selectStack(ctx context.Context, name string) error {
	args := []string{"stack", "select", "--create", name}
	if exec.CommandContext(ctx, "pulumi", append(args, "--non-interactive")...).Run() == nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, "pulumi", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stderr, os.Stderr
	if cmd.Run() != nil {
		return fmt.Errorf("selecting the stack %s: pulumi failed, its message is above (without a terminal it needs PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE)", name)
	}
	return nil
}

// store writes one setting. The value travels by standard input: command lines
// can be read by everyone on the machine.
func (s *stack) store(ctx context.Context, key, text string, secret bool) error {
	if s.values[full(key)] == (value{text, secret}) {
		return nil
	}
	args := []string{"config", "set", "--stack", s.name, "--non-interactive", key}
	if secret {
		args = append(args, "--secret")
	}
	if strings.Contains(key, ".") {
		args = append(args, "--path")
	}
	cmd := exec.CommandContext(ctx, "pulumi", args...)
	cmd.Stdin = strings.NewReader(text)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("storing %s: %w: %s", key, err, strings.TrimSpace(string(output)))
	}
	s.values[full(key)] = value{text, secret}
	return nil
}

// tag names the app in Pulumi Cloud's list of stacks, which can be searched by tags
// (https://www.pulumi.com/docs/iac/concepts/stacks/#stack-tags).
func (s *stack) tag(ctx context.Context) error {
	return s.store(ctx, "pulumi:tags.app", s.get("service"), false)
}

func (s *stack) get(key string) string { return s.values[full(key)].Value }

// with is the stack as it would be with another answer.
func (s *stack) with(key, text string, secret bool) *stack {
	other := &stack{name: s.name, values: map[string]value{}}
	for key, value := range s.values {
		other.values[key] = value
	}
	other.values[full(key)] = value{text, secret}
	return other
}

// load reads the settings as the program will.
func (s *stack) load() (*settings.Settings, error) {
	home, _ := os.UserHomeDir()
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return settings.Load(s, settings.Environment{Getenv: os.Getenv, ReadFile: os.ReadFile, HomeDir: home, ProjectDir: dir})
}

func full(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return project + ":" + key
}

func (s *stack) Project() string { return project }
func (s *stack) Stack() string   { return s.name }
func (s *stack) GetConfig(key string) (string, bool) {
	found, ok := s.values[key]
	return found.Value, ok
}
func (s *stack) IsConfigSecret(key string) bool { return s.values[key].Secret }
