// Package toolchain gets the Pulumi CLI, its Go language host and the provider
// plugins: those that are installed where that is possible, built from Go
// modules where it is not.
package toolchain

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"rails-on-hetzner/rehearsal/work"
)

// The versions that are built. The language host is the last one that the SDK
// carries; it runs programs under the newer CLI.
const (
	CLIVersion          = "v3.251.0"
	languageHostVersion = "v3.66.0"
	bucketVersion       = "v1.8.0"
	ProxyVersion        = "v0.9.2"
)

// Toolchain is what runs the program.
type Toolchain struct {
	Path   string // directory with pulumi and pulumi-language-go
	Daemon string // the rehearsal's rehearsald
}

// Find returns the machine's own Pulumi, or else the one that is built below
// cacheDir, once: minutes. steps build what is not there yet, and always the
// rehearsal's daemon, in time for its first use; the first of them compiles what
// the program needs too, and closes sdkIsThere. repository is the checkout, for its
// modules; nothing is written into it.
func Find(ctx context.Context, repository, cacheDir string, sdkIsThere chan struct{}) (t *Toolchain, steps work.Lane, err error) {
	rehearsal := filepath.Join(repository, "rehearsal")
	t = &Toolchain{Path: installed(ctx), Daemon: filepath.Join(cacheDir, "rehearsald")}
	daemon := build{module: rehearsal, command: daemonCommand, target: t.Daemon, again: true}
	shared := build{module: rehearsal, command: "github.com/pulumi/pulumi/sdk/v3/go/pulumi", again: true}.step("Pulumi's SDK", 620, 100*time.Second)
	shared.Opens = sdkIsThere
	if t.Path != "" {
		return t, work.Lane{shared, daemon.step("the local clouds", 300, 60*time.Second)}, nil
	}
	t.Path = filepath.Join(cacheDir, "toolchain", CLIVersion+"-"+languageHostVersion)
	if err := os.MkdirAll(t.Path, 0o755); err != nil {
		return nil, nil, err
	}
	host := build{module: filepath.Join(rehearsal, "toolchain", "languagehost"), command: "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go", target: filepath.Join(t.Path, "language-host")}
	cli := build{module: rehearsal, ldflags: "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + CLIVersion, command: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", target: filepath.Join(t.Path, "pulumi")}
	return t, work.Lane{
		shared,
		cli.step("pulumi", 900, 150*time.Second),
		daemon.step("the local clouds", 100, 30*time.Second),
		host.step("its Go host", 350, 40*time.Second),
	}, replace(filepath.Join(t.Path, "pulumi-language-go"), languageHostWithOptions)
}

const daemonCommand = "rails-on-hetzner/rehearsal/daemon/rehearsald"

// languageHostWithOptions starts the language host in the project's directory,
// as the engine does. Today's engine asks a host to run a program with the
// options of Pulumi.yaml; a host of this age took them as flags, from an older
// engine. With them it does as today's: it keeps the program that it compiled.
//
// Tests run the engine hundreds of times, and each time Go would look at some 700
// packages to see that nothing is to be compiled. With REHEARSE_KEEP_BINARY it is
// not asked while no source is newer than the program.
const languageHostWithOptions = `#!/bin/sh
target=$(sed -n 's/^ *buildTarget: *\([^ ]*\).*/\1/p' Pulumi.yaml)
if [ -n "$REHEARSE_KEEP_BINARY" ] && [ -x "$target" ] &&
    [ -z "$(find ./*.go go.* components internal scripts \( -type d -o -name '*.go' -o -name 'go.*' -o -path 'scripts/*' \) -newer "$target" -print -quit)" ]; then
    exec "${0%/*}/language-host" "-binary=$target" "$@"
fi
exec "${0%/*}/language-host" ${target:+"-buildTarget=$target"} "$@"
`

// replace writes a program whole, as somebody else may be running it.
func replace(path, text string) error {
	partial := fmt.Sprintf("%s.%d.partial", path, os.Getpid())
	if err := os.WriteFile(partial, []byte(text), 0o755); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

// Program compiles the Pulumi program that lies in dir as the engine will (with
// `-trimpath -buildvcs=false -ldflags=-w` in GOFLAGS), which then finds it done. One of its
// packages takes one core a minute and more, so it is not left for the end.
func Program(dir, target string) work.Step {
	return build{module: dir, command: ".", target: target, again: true}.step("the program", 30, 120*time.Second)
}

// Bucket says where a real S3 server lies, below cacheDir, and how to build it: a minute.
func Bucket(repository, cacheDir string) (server string, make work.Lane) {
	return apart(repository, cacheDir, "bucket", "github.com/versity/versitygw/cmd/versitygw", bucketVersion)
}

// Proxy says where the kamal-proxy lies that Kamal puts in front of the app, and
// how to build it: half a minute.
func Proxy(repository, cacheDir string) (proxy string, make work.Lane) {
	return apart(repository, cacheDir, "proxy", "github.com/basecamp/kamal-proxy/cmd/kamal-proxy", ProxyVersion)
}

// apart builds a command from a module of its own, rehearsal/toolchain/MODULE.
func apart(repository, cacheDir, module, command, version string) (target string, make work.Lane) {
	name := path.Base(command)
	target = filepath.Join(cacheDir, "toolchain", name+"-"+version)
	b := build{module: filepath.Join(repository, "rehearsal", "toolchain", module), command: command, target: target}
	return target, work.Lane{b.step(name, 450, 60*time.Second)}
}

// installed returns the directory of a Pulumi on PATH that is new enough and
// has its language host beside it, or "".
func installed(ctx context.Context) string {
	cli, err := exec.LookPath("pulumi")
	if err != nil {
		return ""
	}
	version, err := exec.CommandContext(ctx, cli, "version").Output()
	if err != nil || semver.Compare(strings.TrimSpace(string(version)), CLIVersion) < 0 {
		return ""
	}
	dir := filepath.Dir(cli)
	if _, err := os.Stat(filepath.Join(dir, "pulumi-language-go")); err != nil {
		return ""
	}
	return dir
}
