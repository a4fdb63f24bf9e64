// Command rehearse runs the whole deployment on this machine: the real program
// under the real Pulumi engine, against a local cloud and a real server in a
// container of its own. It needs no account and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"rails-on-hetzner/rehearsal/kamal"
)

func main() {
	// SIGHUP too: closing the terminal must not leave a server running.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := command().ExecuteContext(ctx)
	var exit *exec.ExitError
	var onServer kamal.ExitError
	switch {
	case err == nil:
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "rehearse: interrupted")
		os.Exit(130)
	case errors.As(err, &onServer):
		os.Exit(onServer.Status)
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		fmt.Fprintln(os.Stderr, "rehearse:", err)
		os.Exit(exit.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "rehearse:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o options
	root := &cobra.Command{
		Use:   "rehearse",
		Short: "Rehearse the whole deployment on this machine, without an account",
		Long: `Rehearse the whole deployment on this machine, without an account.

Without a command it runs everything: preview, up, the outputs and the change to
the app's files, a second up that must change nothing, destroy. Nothing remains.`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return everything(cmd.Context(), o) },
	}
	root.PersistentFlags().StringVar(&o.Name, "name", "rehearsal", "name of the rehearsal, to run several side by side")
	addStartFlags(root, &o)

	up := &cobra.Command{
		Use: "up", Short: "Start, run pulumi up, and stay", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return upAndStay(cmd.Context(), o) },
	}
	addStartFlags(up, &o)
	start := &cobra.Command{
		Use: "start", Short: "Start cloud and stack without running pulumi up, and stay", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return startAndStay(cmd.Context(), o) },
	}
	addStartFlags(start, &o)

	var asJSON bool
	status := &cobra.Command{
		Use: "status", Short: "Tell addresses, key file, paths, suite, providers and process ids", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return printStatus(cmd.Context(), o, asJSON) },
	}
	status.Flags().BoolVar(&asJSON, "json", false, "as JSON")

	root.AddCommand(up, start, status,
		&cobra.Command{
			Use: "pulumi ARGS...", Short: "Run the Pulumi CLI inside the rehearsal", DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, args []string) error { return runPulumi(cmd.Context(), o, args) },
		},
		&cobra.Command{
			Use: "ssh [COMMAND...]", Short: "Reach the server by SSH, as the developer would", DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, args []string) error { return runSSH(cmd.Context(), o, args) },
		},
		&cobra.Command{
			Use: "exec COMMAND...", Short: "Run a command in the rehearsal's network, inside the app's copy", DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, args []string) error { return runInside(cmd.Context(), o, args) },
		},
		&cobra.Command{
			Use: "database", Short: "Start the app's database on the server, as kamal setup would", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return database(cmd.Context(), o) },
		},
		&cobra.Command{
			Use: "deploy", Short: "Go on as the user does: kamal setup (or deploy), and look at the page through Cloudflare", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return deploy(cmd.Context(), o) },
		},
		&cobra.Command{
			Use: "kamal ARGS...", Short: "Run Kamal in the app's copy: the real one, or what does the same where there is none", DisableFlagParsing: true,
			RunE: func(cmd *cobra.Command, args []string) error { return runKamal(cmd.Context(), o, args) },
		},
		&cobra.Command{
			Use: standInKamal + " ARGS...", DisableFlagParsing: true, Hidden: true, // by prepareKamal's script
			RunE: func(cmd *cobra.Command, args []string) error { return kamal.Run(cmd.Context(), ".", args, kamal.IO{}) },
		},
		&cobra.Command{
			Use: "bucket", Short: "Start an S3 server for off-site backups", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return startBucket(cmd.Context(), o) },
		},
		faultCommand(&o),
		&cobra.Command{
			Use: "down", Short: "End it and remove everything", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return down(cmd.Context(), o) },
		},
		prepareCommand(&o),
	)
	return root
}

func addStartFlags(cmd *cobra.Command, o *options) {
	cmd.Flags().StringVar(&o.Suite, "suite", "bookworm", "what the server runs: bookworm, trixie, or what the mirror has")
	cmd.Flags().StringVar(&o.Mirror, "mirror", "", "package mirror of the suite (default: the distribution's own)")
	cmd.Flags().BoolVar(&o.Furnished, "furnished", false, "servers that have the packages already which the deployment and Kamal install: what comes later is rehearsed sooner")
	cmd.Flags().StringVar(&o.App, "app", "", "a Rails app to copy and use (default: a small sample app)")
	cmd.Flags().StringArrayVar(&o.Config, "config", nil, "a setting, KEY=VALUE; may be given several times")
}
