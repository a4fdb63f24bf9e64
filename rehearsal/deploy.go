package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"rails-on-hetzner/rehearsal/daemon"
	"rails-on-hetzner/rehearsal/host"
	"rails-on-hetzner/rehearsal/images"
	"rails-on-hetzner/rehearsal/kamal"
	"rails-on-hetzner/rehearsal/toolchain"
	"rails-on-hetzner/rehearsal/work"
)

// deploy does what the user does after `pulumi up`: it commits, builds the app's
// image, runs `kamal setup`, or `kamal deploy` the next time, and looks at the
// page as a visitor does, through Cloudflare.
func deploy(ctx context.Context, o options) error {
	at, s, err := o.running()
	if err != nil {
		return err
	}
	if s.OwnApp {
		return errors.New("deploy: only the sample app can be deployed here, since the gems of your own are RubyGems' alone; rehearse it without --app")
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	made, making := makeImages(cache, s.Repository)
	if err := sideBySide(ctx, making...); err != nil {
		return err
	}
	if err := errors.Join(s.offerImages(ctx, at, made), s.offerOlder(ctx, at, cache)); err != nil {
		return err
	}
	version, err := s.buildApp(ctx, at, made.rails)
	if err != nil {
		return err
	}
	if err := s.knowServer(ctx, at); err != nil {
		return err
	}
	command := "setup"
	if s.isDeployed(at) {
		command = "deploy"
	}
	if which := whichKamal(); which == "stand-in" {
		progress("kamal: none is installed here; what follows is sent as it was recorded from Kamal " + kamal.Version)
	} else {
		progress("kamal: " + which)
	}
	cmd := s.kamal(ctx, at, command, "--skip-push", "--version="+version)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kamal %s: %w", command, err)
	}
	if err := os.WriteFile(at.join("deployed"), nil, 0o600); err != nil {
		return err
	}
	return s.lookAtPage(ctx, at)
}

// madeImages are the directories of the images that are kept between rehearsals,
// and the program that is to become one.
type madeImages struct{ postgres, rails, proxy string }

// makeImages says where they lie, and how to make them there.
func makeImages(cache, repository string) (made madeImages, making []work.Lane) {
	_, base := host.RootFS(cache, images.Base, "")
	postgres, makePostgres := images.Postgres(cache)
	rails, makeRails := images.Rails(cache)
	proxy, makeProxy := toolchain.Proxy(repository, cache)
	return madeImages{postgres, rails, proxy}, []work.Lane{{base, makePostgres, makeRails}, makeProxy}
}

// offerImages puts into the rehearsal's docker.io what Kamal pulls from there.
func (s *status) offerImages(ctx context.Context, at place, made madeImages) error {
	proxy := at.join("images", "kamal-proxy")
	if _, err := os.Stat(proxy); err != nil {
		if err := errors.Join(os.MkdirAll(filepath.Dir(proxy), 0o700), images.Proxy(made.proxy, s.Daemon.Authorities, proxy)); err != nil {
			return fmt.Errorf("making the image of kamal-proxy: %w", err)
		}
	}
	return errors.Join(
		at.offer(ctx, "docker.io/library/postgres:16", made.postgres),
		at.offer(ctx, "docker.io/basecamp/kamal-proxy:"+toolchain.ProxyVersion, proxy),
	)
}

// offerOlder does the same for an app whose database is of an older version, as
// one that is to be upgraded.
func (s *status) offerOlder(ctx context.Context, at place, cache string) error {
	text, err := os.ReadFile(filepath.Join(s.App, "config", "deploy.yml"))
	if err != nil || !strings.Contains(string(text), "image: postgres:15\n") {
		return err
	}
	older, makeOlder := images.OlderPostgres(cache)
	_, makeBase := host.RootFS(cache, images.Older, "")
	if err := sideBySide(ctx, work.Lane{makeBase, makeOlder}); err != nil {
		return err
	}
	return at.offer(ctx, "docker.io/library/postgres:15", older)
}

// buildApp commits what `pulumi up` wrote, as the guide says, and builds and
// pushes the image of that commit.
func (s *status) buildApp(ctx context.Context, at place, rails string) (version string, err error) {
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "user.name=Developer", "-c", "user.email=developer@example.com"}, args...)...)
		cmd.Dir = s.App
		text, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("git %s: %w: %s", args[0], err, text)
		}
		return strings.TrimSpace(string(text)), nil
	}
	if _, err := git("add", "-A"); err != nil {
		return "", err
	}
	if _, err := git("commit", "-q", "--allow-empty", "-m", "Deploy"); err != nil {
		return "", err
	}
	if version, err = git("rev-parse", "HEAD"); err != nil {
		return "", err
	}
	service, err := s.pulumiText(ctx, at, "config", "get", "service")
	if err != nil {
		return "", err
	}
	user, err := s.pulumiText(ctx, at, "config", "get", "githubUser")
	if err != nil {
		return "", err
	}
	image := at.join("images", version)
	if err := images.App(rails, s.App, service, image); err != nil {
		return "", fmt.Errorf("building the app's image: %w", err)
	}
	for _, tag := range []string{version, "latest"} {
		if err := at.offer(ctx, fmt.Sprintf("ghcr.io/%s/%s:%s", user, service, tag), image); err != nil {
			return "", err
		}
	}
	progress(fmt.Sprintf("built and pushed ghcr.io/%s/%s:%s", user, service, version))
	return version, nil
}

// offer gives an image to the registries of the rehearsal's internet.
func (p place) offer(ctx context.Context, name, directory string) error {
	return p.daemon().Tell(ctx, "/offer?"+url.Values{"name": {name}, "directory": {directory}}.Encode())
}

func (s *status) isDeployed(at place) bool {
	_, err := os.Stat(at.join("deployed"))
	return err == nil
}

// knowServer does what the guide says about the server's host key, before Kamal
// sees the server for the first time.
func (s *status) knowServer(ctx context.Context, at place) error {
	login, err := s.login(ctx, at)
	if err != nil {
		return err
	}
	return os.WriteFile(at.join("home", ".ssh", "known_hosts"), []byte(login.HostKey+"\n"), 0o600)
}

// whichKamal is the path of the real one, or "stand-in".
func whichKamal() string {
	if path, err := exec.LookPath("kamal"); err == nil {
		return path
	}
	return "stand-in"
}

// lookAtPage fetches the page from the edge, by its name and verified.
func (s *status) lookAtPage(ctx context.Context, at place) error {
	domain, err := s.pulumiText(ctx, at, "config", "get", "domain")
	if err != nil {
		return err
	}
	for _, name := range []string{domain, "www." + domain} {
		var page bytes.Buffer
		// The certificate is asked for at the first visit, which may have to wait for it.
		cmd := s.command(ctx, at, "curl", "-fsS", "--retry", "10", "--retry-all-errors", "--retry-delay", "2", "--max-time", "60",
			"--cacert", s.Daemon.Authorities, "--resolve", name+":443:"+host.EdgeIPv4, "https://"+name+"/")
		cmd.Stdout = &page
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("https://%s/ through the edge: %w", name, err)
		}
		progress(fmt.Sprintf("https://%s/ through the edge: %s", name, strings.TrimSpace(page.String())))
	}
	return nil
}

// standInKamal is the command of this tool that prepareKamal makes a kamal of.
const standInKamal = "as-kamal"

func runKamal(ctx context.Context, o options, args []string) error {
	at, s, args, err := o.runningFor(args)
	if err != nil {
		return err
	}
	return become(s.kamal(ctx, at, args...))
}

// kamal is the real one where it is installed, and what does the same where not.
func (s *status) kamal(ctx context.Context, at place, args ...string) *exec.Cmd {
	cmd := s.command(ctx, at, "kamal", args...) // found on the PATH that it is given
	cmd.Dir = s.App
	cmd.Env = append(cmd.Env, "HOME="+at.join("home"), "KAMAL_REGISTRY_PASSWORD="+daemon.RegistryPassword)
	return cmd
}
