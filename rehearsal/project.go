package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tokens of the right form; the local cloud accepts only these.
var (
	hetznerToken    = strings.Repeat("rehearsal0hetzner", 4)[:64]
	cloudflareToken = strings.Repeat("rehearsal-cloudflare", 2)[:40]
)

// What the default stack is configured with.
var defaultSettings = [][2]string{
	{"service", "running_calendar"},
	{"domain", "running-calendar.test"},
	{"githubUser", "octocat"},
	{"appPath", "../app"},
	{"publicKeys", "../ssh/id_ed25519.pub"},
	{"offsiteHostKeys", "../box-host-keys.pub"}, // read where a Storage Box is wanted
}

// prepareProject lays out what a developer would have: the program, the Rails
// app under git, an SSH key, a passphrase and an empty local state. The
// originals are never touched.
func prepareProject(ctx context.Context, at place, repository string, o options) error {
	for _, dir := range []string{at.program(), at.app(), at.state(), at.pulumiHome(), at.join("ssh"), at.logs()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	sources, err := filepath.Glob(filepath.Join(repository, "*.go"))
	if err != nil {
		return err
	}
	for _, part := range []string{"go.mod", "go.sum", "Pulumi.yaml", "Pulumi.README.md", "components", "docs", "internal", "scripts"} {
		sources = append(sources, filepath.Join(repository, part))
	}
	for _, source := range sources {
		if err := run(ctx, "", "cp", "-a", source, at.program()); err != nil {
			return err
		}
	}
	if err := prepareApp(ctx, at, repository, o.App); err != nil {
		return err
	}
	if err := run(ctx, "", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "developer@laptop", "-f", at.sshKey()); err != nil {
		return err
	}
	if err := prepareKamal(at); err != nil {
		return err
	}
	return os.WriteFile(at.passphrase(), []byte(randomText()), 0o600)
}

// prepareKamal lays out a home with the developer's key, where Kamal looks for
// it, and what is run as `kamal` where the machine has none.
func prepareKamal(at place) error {
	tool, err := os.Executable()
	if err != nil {
		return err
	}
	ssh := at.join("home", ".ssh")
	return errors.Join(
		os.MkdirAll(ssh, 0o700), os.MkdirAll(at.join("bin"), 0o700),
		os.Symlink(at.sshKey(), filepath.Join(ssh, "id_ed25519")),
		os.WriteFile(at.join("bin", "kamal"), fmt.Appendf(nil, "#!/bin/sh\nexec '%s' %s \"$@\"\n", tool, standInKamal), 0o755),
	)
}

// prepareApp copies the app and commits it, so that `git diff` shows exactly
// what the deployment changed.
func prepareApp(ctx context.Context, at place, repository, app string) error {
	sample := app == ""
	if sample {
		app = filepath.Join(repository, "rehearsal", "testdata", "app")
	}
	if err := run(ctx, "", "cp", "-a", app+"/.", at.app()); err != nil {
		return err
	}
	if sample { // Rails makes it, and nobody commits it
		if err := os.WriteFile(filepath.Join(at.app(), "config", "master.key"), []byte(randomText()), 0o600); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(at.app(), ".git")); err == nil {
		return nil
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "-A"},
		{"-c", "user.name=Developer", "-c", "user.email=developer@example.com", "commit", "-q", "-m", "The app as it was"},
	} {
		if err := run(ctx, at.app(), "git", args...); err != nil {
			return err
		}
	}
	return nil
}

// initStack makes the stack and stores its settings.
func (s *status) initStack(ctx context.Context, at place, o options) error {
	initialise := s.pulumi(ctx, at, "stack", "init", stackName)
	initialise.Stdout = nil
	if err := initialise.Run(); err != nil {
		return fmt.Errorf("making the stack: %w", err)
	}
	settings := append([][2]string{}, defaultSettings...)
	for _, given := range o.Config {
		key, value, _ := strings.Cut(given, "=")
		settings = append(settings, [2]string{key, value})
	}
	args := []string{"config", "set-all"}
	for _, setting := range settings {
		args = append(args, "--plaintext", setting[0]+"="+setting[1])
	}
	if err := s.pulumi(ctx, at, args...).Run(); err != nil {
		return fmt.Errorf("storing the settings: %w", err)
	}
	return nil
}

func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, output)
	}
	return nil
}

func randomText() string {
	secret := make([]byte, 16)
	rand.Read(secret)
	return hex.EncodeToString(secret)
}
