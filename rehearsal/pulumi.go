package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"rails-on-hetzner/rehearsal/host"
)

// packages are the providers the program uses.
var packages = []string{"cloudflare", "command", "hcloud", "tls"}

// environment is what a developer's shell would hold, with the clouds' addresses
// pointed at the local ones.
func (s *status) environment(at place) []string {
	return append(os.Environ(),
		"PATH="+strings.Join([]string{s.PulumiPath, os.Getenv("PATH"), at.join("bin")}, string(os.PathListSeparator)), // bin: for want of a real one
		"PULUMI_HOME="+at.pulumiHome(),
		"PULUMI_BACKEND_URL=file://"+s.State,
		"PULUMI_CONFIG_PASSPHRASE_FILE="+at.passphrase(),
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_DEBUG_PROVIDERS="+s.Daemon.DebugProviders(),
		"HCLOUD_ENDPOINT="+s.Daemon.Hetzner,
		"HETZNER_ENDPOINT="+s.Daemon.Boxes,
		"HCLOUD_TOKEN="+hetznerToken,
		"CLOUDFLARE_API_HOSTNAME="+s.Daemon.Cloudflare,
		"CLOUDFLARE_API_TOKEN="+cloudflareToken,
		"CLOUDFLARE_RPS=100",
		"SSL_CERT_FILE="+s.Daemon.Authorities, "CURL_CA_BUNDLE="+s.Daemon.Authorities, // which curl asks first
		"GOFLAGS=-trimpath -buildvcs=false -ldflags=-w", "CGO_ENABLED=0", // as toolchain.Program compiled it
		"RAILS_ON_HETZNER_SSH_KEY="+s.KeyFile,
		"NO_COLOR=1",
	)
}

// command prepares a program run inside the rehearsal's network. When ctx ends
// it gets an interrupt, as from Ctrl-C, and half a minute to finish.
func (s *status) command(ctx context.Context, at place, name string, args ...string) *exec.Cmd {
	cmd := host.OpenNetwork(s.Namespace).Command(ctx, name, args...)
	cmd.Env = s.environment(at)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// A group of its own: Ctrl-C at the terminal must reach it once, through ctx.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Foreground: false}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

func (s *status) pulumi(ctx context.Context, at place, args ...string) *exec.Cmd {
	cmd := s.command(ctx, at, filepath.Join(s.PulumiPath, "pulumi"), args...)
	cmd.Dir = s.Program
	return cmd
}

func runPulumi(ctx context.Context, o options, args []string) error {
	at, s, args, err := o.runningFor(args)
	if err != nil {
		return err
	}
	return become(s.pulumi(ctx, at, args...))
}

func runInside(ctx context.Context, o options, args []string) error {
	at, s, args, err := o.runningFor(args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return fmt.Errorf("exec: a command is missing, e.g.: scripts/rehearse exec git diff")
	}
	names := at.join("resolv.conf")
	if err := os.WriteFile(names, []byte("nameserver "+host.InternetIPv4+"\n"), 0o644); err != nil {
		return err
	}
	// A developer in the rehearsal's world knows its hosts by their names.
	const mounted = `mount --bind "$0" /etc/resolv.conf && exec "$@"`
	cmd := s.command(ctx, at, "unshare", append([]string{"--mount", "sh", "-c", mounted, names}, args...)...)
	cmd.Dir = s.App
	return become(cmd)
}

func runSSH(ctx context.Context, o options, args []string) error {
	at, s, args, err := o.runningFor(args)
	if err != nil {
		return err
	}
	ssh, err := s.ssh(ctx, at, args...)
	if err != nil {
		return err
	}
	return become(ssh)
}

// become runs a command in the place of this process: what asks a person stays
// in the terminal's foreground, Ctrl-C reaches it as it would without us, and its
// exit code is ours.
func become(cmd *exec.Cmd) error {
	if cmd.Err != nil {
		return cmd.Err
	}
	if cmd.Dir != "" {
		if err := os.Chdir(cmd.Dir); err != nil {
			return err
		}
	}
	return fmt.Errorf("running %s: %w", cmd.Path, syscall.Exec(cmd.Path, cmd.Args, cmd.Environ()))
}

// ssh reaches the server as the developer would, trusting only the host key
// that the stack's own output gives. A command is root's.
func (s *status) ssh(ctx context.Context, at place, args ...string) (*exec.Cmd, error) {
	login, err := s.login(ctx, at)
	if err != nil {
		return nil, err
	}
	if len(args) > 0 && !strings.HasPrefix(login.SSH, "root@") {
		args = []string{"sudo bash -c " + quoted(strings.Join(args, " "))}
	}
	return s.command(ctx, at, "ssh", append([]string{
		"-i", s.KeyFile, "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR",
		"-o", "ServerAliveInterval=10", // a session whose server died must end
		"-o", "UserKnownHostsFile=" + at.join("ssh", "known_hosts"), "-o", "StrictHostKeyChecking=yes", login.SSH,
	}, args...)...), nil
}

// quoted makes one shell word of any text.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// login is what the stack's outputs tell of the way in.
type login struct {
	SSH     string // USER@ADDRESS
	HostKey string `json:"sshHostKey"` // ADDRESS KIND KEY
}

// login asks for it once for each state of the stack, since to ask takes longer
// than to log in, and keeps the host's key for ssh.
func (s *status) login(ctx context.Context, at place) (told login, err error) {
	path := at.join("ssh", "login.json")
	text, err := os.ReadFile(path)
	known := err == nil && newest(path) > newest(filepath.Join(s.State, ".pulumi", "stacks", "*", "*.json"), filepath.Join(at.pulumiHome(), "workspaces", "*"))
	if !known {
		outputs, err := s.pulumiText(ctx, at, "stack", "output", "--json")
		if err != nil {
			return told, err
		}
		text = []byte(outputs)
	}
	if err := json.Unmarshal(text, &told); err != nil {
		return told, fmt.Errorf("the stack's outputs: %w", err)
	}
	told.SSH = strings.TrimPrefix(told.SSH, "ssh ")
	if told.SSH == "" || told.HostKey == "" {
		return told, errors.New("the stack does not tell how to log in; has `up` run?")
	}
	if known {
		return told, nil
	}
	return told, errors.Join(os.WriteFile(at.join("ssh", "known_hosts"), []byte(told.HostKey+"\n"), 0o600), os.WriteFile(path, text, 0o600))
}

// newest is when the last of the files was written, in Unix nanoseconds.
func newest(patterns ...string) (last int64) {
	for _, pattern := range patterns {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if info, err := os.Stat(file); err == nil {
				last = max(last, info.ModTime().UnixNano())
			}
		}
	}
	return last
}

// pulumiText runs a pulumi command and returns what it prints.
func (s *status) pulumiText(ctx context.Context, at place, args ...string) (string, error) {
	cmd := s.pulumi(ctx, at, args...)
	cmd.Stdout = nil
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("pulumi %s (has `up` run?): %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(text)), nil
}

// runningFor picks --name out of arguments that are otherwise passed on
// untouched, and reads the status of the rehearsal that is meant.
func (o options) runningFor(args []string) (place, *status, []string, error) {
	if len(args) >= 2 && args[0] == "--name" {
		o.Name, args = args[1], args[2:]
	} else if len(args) >= 1 && strings.HasPrefix(args[0], "--name=") {
		o.Name, args = strings.TrimPrefix(args[0], "--name="), args[1:]
	}
	at, s, err := o.running()
	return at, s, args, err
}
