package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"rails-on-hetzner/rehearsal/daemon"
	"rails-on-hetzner/rehearsal/host"
	"rails-on-hetzner/rehearsal/images"
	"rails-on-hetzner/rehearsal/jsonfile"
	"rails-on-hetzner/rehearsal/toolchain"
	"rails-on-hetzner/rehearsal/work"
)

// begin prepares everything and starts the world of one rehearsal: the network,
// the clouds, the project and its stack. Whatever fails, nothing of it remains.
func begin(ctx context.Context, o options) (at place, s *status, err error) {
	if err := errors.Join(o.check(), host.Check()); err != nil {
		return "", nil, err
	}
	if at, err = o.place(); err != nil {
		return "", nil, err
	}
	repository, err := repository()
	if err != nil {
		return at, nil, err
	}
	if err := at.claim(o); err != nil {
		return "", nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, end(at, o))
		}
	}()
	if err := prepareProject(ctx, at, repository, o); err != nil {
		return at, nil, fmt.Errorf("laying out the project: %w", err)
	}
	tools, rootFS, err := prepare(ctx, repository, at.program(), o)
	if err != nil {
		return at, nil, err
	}
	cache, err := cacheDir()
	if err != nil {
		return at, nil, err
	}
	// Where it cannot be copied, the engine compiles it. No link: it is to be newer
	// than the sources beside it (languageHostWithOptions), and no other rehearsal's.
	_ = errors.Join(os.MkdirAll(filepath.Dir(at.binary()), 0o755), exec.Command("cp", "--reflink=auto", programIn(cache), at.binary()).Run())
	published, missing, err := toolchain.Plugins(ctx, tools, cache, at.pulumiHome())
	if err != nil {
		return at, nil, err
	}
	progress("starting the network, the local clouds and the providers")
	if _, err := host.NewNetwork(ctx, o.namespace()); err != nil {
		return at, nil, err
	}
	if err := at.daemon().SetOptions(daemon.Options{
		RootFS: rootFS, Network: o.namespace(), Domain: o.zone(), StandIns: missing,
		HetznerToken: hetznerToken, CloudflareToken: cloudflareToken,
	}); err != nil {
		return at, nil, err
	}
	s = &status{
		Name: o.Name, Suite: o.Suite, Namespace: o.namespace(), Repository: repository, Directory: string(at), Program: at.program(),
		App: at.app(), OwnApp: o.App != "", State: at.state(), Logs: at.logs(), Stack: stackName, KeyFile: at.sshKey(), PulumiPath: tools.Path,
		Providers: served(published, missing),
	}
	if s.Daemon, err = startDaemon(ctx, at, tools.Daemon, o); err != nil {
		return at, nil, err
	}
	if err := s.initStack(ctx, at, o); err != nil {
		return at, nil, err
	}
	return at, s, jsonfile.Write(at.statusFile(), s)
}

// programIn is where the program lies that was compiled last.
func programIn(cache string) string { return filepath.Join(cache, "program") }

// prepare makes what is kept between rehearsals, the toolchain and the server's
// image, and compiles the program that lies in a directory.
func prepare(ctx context.Context, repository, program string, o options) (tools *toolchain.Toolchain, rootFS string, err error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, "", err
	}
	shared := make(chan struct{})
	tools, compiling, err := toolchain.Find(ctx, repository, cache, shared)
	if err != nil {
		return nil, "", err
	}
	rootFS, image := host.RootFS(cache, o.Suite, o.Mirror)
	server := work.Lane{image}
	itsProgram := toolchain.Program(program, programIn(cache))
	itsProgram.Behind = shared
	if o.Furnished {
		layer, making := host.Furnished(cache, o.Suite, o.Mirror)
		rootFS, server = layer+":"+rootFS, append(server, making)
	}
	lanes := []work.Lane{server, compiling, {itsProgram}}
	if o.deploys {
		_, making := makeImages(cache, repository)
		if o.Suite == images.Base && o.Mirror == "" { // not twice at once
			lanes, making[0] = lanes[1:], append(server, making[0][1:]...)
		}
		lanes = append(making, lanes...)
	}
	return tools, rootFS, sideBySide(ctx, lanes...)
}

func prepareCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use: "prepare", Short: "Make only what is kept between rehearsals: toolchain and server image", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			repository, err := repository()
			if err := errors.Join(err, o.check(), host.Check()); err != nil {
				return err
			}
			_, _, err = prepare(cmd.Context(), repository, repository, *o)
			return err
		},
	}
	addStartFlags(cmd, o)
	return cmd
}

// repository is the checkout, which the wrapper knows.
func repository() (string, error) {
	if dir := os.Getenv("REHEARSE_REPOSITORY"); dir != "" {
		return dir, nil
	}
	return "", errors.New("run it as scripts/rehearse, which says where the repository is")
}

// claim takes the name, and clears away what a killed rehearsal left under it.
func (p place) claim(o options) error {
	if running, err := p.daemon().Status(); err == nil && alive(running.PID) {
		return fmt.Errorf("a rehearsal named %q is up already; use it, end it with `scripts/rehearse down --name %s`, or choose another --name", o.Name, o.Name)
	}
	if _, err := os.Stat(string(p)); err == nil {
		progress("clearing away what an earlier rehearsal left")
		if err := end(p, o); err != nil {
			return err
		}
	}
	return os.MkdirAll(string(p), 0o700)
}

func alive(pid int) bool { return pid > 0 && syscall.Kill(pid, 0) == nil }

func startDaemon(ctx context.Context, at place, program string, o options) (daemon.Status, error) {
	log, err := os.OpenFile(filepath.Join(at.logs(), "daemon.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return daemon.Status{}, err
	}
	defer log.Close()
	cmd := host.OpenNetwork(o.namespace()).Command(context.WithoutCancel(ctx), program, string(at))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives `rehearse up`
	if err := cmd.Start(); err != nil {
		return daemon.Status{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		if started, err := at.daemon().Status(); err == nil {
			return started, nil
		}
		select {
		case err := <-ended:
			text, _ := os.ReadFile(log.Name())
			return daemon.Status{}, fmt.Errorf("starting the local clouds: %w: %s", err, text)
		case <-ctx.Done():
			_ = cmd.Process.Kill()
			return daemon.Status{}, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// end removes everything of a rehearsal. It takes no context: it runs after
// Ctrl-C too, and what it cannot finish would stay behind.
func end(at place, o options) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if running, err := at.daemon().Status(); err == nil && alive(running.PID) {
		if err := at.daemon().Tell(ctx, "/stop"); err != nil {
			_ = syscall.Kill(running.PID, syscall.SIGTERM)
		}
		for wait := 0; alive(running.PID) && wait < 300; wait++ {
			time.Sleep(100 * time.Millisecond)
		}
	}
	network := host.OpenNetwork(o.namespace())
	return errors.Join(
		network.Close(), // kills what is left in it
		host.RemoveLeftovers(ctx, host.Options{Network: network, RunDir: at.daemon().Machines()}),
		os.RemoveAll(string(at)),
	)
}

func down(_ context.Context, o options) error {
	if err := errors.Join(o.check(), host.Check()); err != nil {
		return err
	}
	at, err := o.place()
	if err != nil {
		return err
	}
	if _, err := os.Stat(string(at)); err != nil {
		progress("there is no rehearsal named " + o.Name)
		return nil
	}
	if err := end(at, o); err != nil {
		return err
	}
	progress("ended; nothing remains")
	return nil
}

func served(published map[string]string, missing []string) map[string]string {
	by := map[string]string{}
	for name, version := range published {
		by[name] = "published " + version
	}
	for _, name := range missing {
		by[name] = "stand-in"
		if name == "hcloud" {
			by[name] = "bridged from the vendor's code" // as the published one is
		}
	}
	return by
}

func (o options) namespace() string { return "rehearse-" + o.Name }
