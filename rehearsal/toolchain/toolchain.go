// Package toolchain gets the Pulumi CLI, its Go language host and the provider
// plugins: those that are installed where that is possible, built from Go
// modules where it is not.
package toolchain

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/semver"
)

// The versions that are built. The language host is the last one that the SDK
// carries; it runs programs under the newer CLI.
const (
	CLIVersion          = "v3.250.0"
	languageHostVersion = "v3.66.0"
	bucketVersion       = "v1.8.0"
)

// Toolchain is what runs the program.
type Toolchain struct {
	Path      string // directory with pulumi and pulumi-language-go
	Installed bool   // whether they are the machine's own
}

// Ensure returns a toolchain, building it on first use: minutes for the CLI.
// repository is the checkout, for its modules; nothing is written into it.
func Ensure(ctx context.Context, repository, cacheDir string, progress func(string)) (*Toolchain, error) {
	if found := installed(ctx); found != "" {
		return &Toolchain{Path: found, Installed: true}, nil
	}
	path := filepath.Join(cacheDir, "toolchain", CLIVersion+"-"+languageHostVersion)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	rehearsal := filepath.Join(repository, "rehearsal")
	host := filepath.Join(rehearsal, "toolchain", "languagehost")
	if err := build(ctx, rehearsal, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", filepath.Join(path, "pulumi"), "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version="+CLIVersion, progress); err != nil {
		return nil, err
	}
	if err := build(ctx, host, "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go", filepath.Join(path, "language-host"), "", progress); err != nil {
		return nil, err
	}
	return &Toolchain{Path: path}, replace(filepath.Join(path, "pulumi-language-go"), languageHostWithOptions)
}

// languageHostWithOptions starts the language host in the project's directory,
// as the engine does. Today's engine asks a host to run a program with the
// options of Pulumi.yaml; a host of this age took them as flags, from an older
// engine. With them it does as today's: it keeps the program that it compiled.
const languageHostWithOptions = `#!/bin/sh
target=$(sed -n 's/^ *buildTarget: *\([^ ]*\).*/\1/p' Pulumi.yaml)
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

// EnsureBucket returns a real S3 server, building it on first use: a minute.
func EnsureBucket(ctx context.Context, repository, cacheDir string, progress func(string)) (string, error) {
	target := filepath.Join(cacheDir, "toolchain", "versitygw-"+bucketVersion)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", err
	}
	module := filepath.Join(repository, "rehearsal", "toolchain", "bucket")
	return target, build(ctx, module, "github.com/versity/versitygw/cmd/versitygw", target, "", progress)
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

// build compiles a command into target unless it is there. It is renamed into
// place whole, so an interrupted build leaves nothing that looks finished.
func build(ctx context.Context, module, command, target, ldflags string, progress func(string)) error {
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	name := filepath.Base(target)
	started := time.Now()
	progress(fmt.Sprintf("compiling %s, once: it takes some minutes", name))
	stop := every(15*time.Second, func() {
		progress(fmt.Sprintf("still compiling %s, %s", name, time.Since(started).Round(time.Second)))
	})
	defer stop()
	partial := fmt.Sprintf("%s.%d.partial", target, os.Getpid())
	defer os.Remove(partial)
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", ldflags, "-o", partial, command)
	cmd.Dir = module
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling %s: %w: %s", name, err, output)
	}
	return os.Rename(partial, target)
}

func every(interval time.Duration, do func()) (stop func()) {
	ticker, done := time.NewTicker(interval), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				do()
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
	}
}
