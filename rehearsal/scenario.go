package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// everything is the whole rehearsal, from an empty stack to nothing left.
func everything(ctx context.Context, o options) (err error) {
	started := time.Now()
	o.deploys = o.App == ""
	at, s, err := begin(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		progress("removing everything")
		if err = errors.Join(err, end(at, o)); err == nil {
			answered := "the app answered, "
			if s.OwnApp {
				answered = ""
			}
			progress(fmt.Sprintf("done in %s: deployed, unchanged on the second run, %sdestroyed; nothing remains", time.Since(started).Round(time.Second), answered))
		}
	}()
	s.announce()
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"pulumi preview", func() error { return s.pulumi(ctx, at, "preview", "--stack", stackName).Run() }},
		{"pulumi up", func() error { return s.up(ctx, at) }},
		{"pulumi stack output", func() error { return s.pulumi(ctx, at, "stack", "output", "--stack", stackName).Run() }},
		{"git diff in the app", func() error { return s.appDiff(ctx, at) }},
		{"pulumi up again, which must change nothing", func() error {
			return s.pulumi(ctx, at, "up", "--yes", "--skip-preview", "--expect-no-changes", "--stack", stackName).Run()
		}},
		{"kamal setup, and the page as a visitor sees it", func() error {
			if s.OwnApp {
				progress("left out: only the sample app can be deployed here, the gems of your own are RubyGems' alone")
				return nil
			}
			return deploy(ctx, o)
		}},
		{"pulumi destroy, its protection lifted first", func() error {
			if err := s.pulumi(ctx, at, "config", "set", "protect", "false", "--stack", stackName).Run(); err != nil {
				return err
			}
			if err := s.up(ctx, at); err != nil {
				return err
			}
			return s.pulumi(ctx, at, "destroy", "--yes", "--skip-preview", "--stack", stackName).Run()
		}},
	} {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		progress("--- " + step.what)
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

func (s *status) up(ctx context.Context, at place) error {
	return s.pulumi(ctx, at, "up", "--yes", "--skip-preview", "--stack", stackName).Run()
}

func (s *status) appDiff(ctx context.Context, at place) error {
	cmd := s.command(ctx, at, "git", "--no-pager", "diff")
	cmd.Dir = s.App
	return cmd.Run()
}

// announce says which of the two served each provider.
func (s *status) announce() {
	var by []string
	for _, name := range packages {
		by = append(by, name+": "+s.Providers[name])
	}
	progress("providers: " + strings.Join(by, ", "))
}

func startAndStay(ctx context.Context, o options) error {
	_, s, err := begin(ctx, o)
	if err != nil {
		return err
	}
	s.announce()
	return nil
}

// upAndStay leaves the server running, also when `up` failed: one wants to look.
func upAndStay(ctx context.Context, o options) error {
	at, s, err := begin(ctx, o)
	if err != nil {
		return err
	}
	s.announce()
	upErr := s.up(ctx, at)
	if ctx.Err() != nil {
		return errors.Join(errors.New("interrupted"), end(at, o))
	}
	fmt.Fprintf(os.Stderr, "rehearse: it stays up; look with `scripts/rehearse ssh`, `scripts/rehearse pulumi ...`; end it with `scripts/rehearse down`\n")
	return upErr
}
