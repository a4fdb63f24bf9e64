// Command setup asks for what a stack lacks, checks each answer at once, and
// stores it, secrets encrypted. It can be run again, and be answered by flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "setup:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("scripts/setup", flag.ContinueOnError)
	stack := flags.String("stack", "prod", "the stack, and so the file Pulumi.<stack>.yaml")
	given := map[string]*string{}
	for _, q := range questions {
		if q.flag != "" {
			given[q.key] = flags.String(q.flag, "", q.why)
		}
	}
	flags.Usage = func() { usage(flags) }
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not a flag; see: scripts/setup --help", flags.Arg(0))
	}
	s, err := openStack(ctx, *stack)
	if err != nil {
		return err
	}
	t := &terminal{in: os.Stdin, out: os.Stderr, interactive: term.IsTerminal(int(os.Stdin.Fd()))}
	var missing []error
	for _, q := range questions {
		if q.needless != nil && q.needless(s) {
			continue
		}
		answer := ""
		if flag := given[q.key]; flag != nil {
			answer = *flag
		}
		if err := settle(ctx, s, t, q, answer); err != nil {
			if t.interactive || ctx.Err() != nil {
				return err
			}
			missing = append(missing, err)
		}
	}
	if err := errors.Join(missing...); err != nil {
		return err
	}
	if err := s.tag(ctx); err != nil {
		return err
	}
	t.say("\nall is set in Pulumi.%s.yaml; every setting is explained in docs/settings.md\nwho is told when something is wrong (alertUrl, alertEmail) and where backups are copied to (offsite) is worth setting before the app has users\nnext: pulumi preview   (makes nothing; shows what would be made and changed)", *stack)
	return nil
}

func usage(flags *flag.FlagSet) {
	fmt.Fprint(os.Stderr, `Asks for what a stack lacks, checks each answer at once and stores it, secrets
encrypted. Run it again at any time: what is set already is offered as it is.

usage: scripts/setup [flags]

Without a terminal, flags answer, and what is set or has a default is kept.
The tokens are taken from HCLOUD_TOKEN and CLOUDFLARE_API_TOKEN.

`)
	flags.PrintDefaults()
}

// settle gets one setting right: by its flag, by what is set, or by asking.
func settle(ctx context.Context, s *stack, t *terminal, q question, answer string) error {
	stored := s.get(q.key)
	if answer == "" && !t.interactive {
		answer = stored
		if answer == "" {
			answer = q.suggest(s)
		}
	}
	for {
		if answer == "" && t.interactive {
			offered := stored
			if offered == "" {
				offered = q.suggest(s)
			}
			var err error
			if answer, err = t.ask(q, offered); err != nil {
				return err
			}
		}
		err := q.try(ctx, s, t, strings.TrimSpace(answer))
		if err == nil {
			return nil
		}
		if !t.interactive {
			return err
		}
		t.say("  %v", err)
		answer = ""
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
