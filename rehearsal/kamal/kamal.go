// Package kamal does what Kamal 2.12 does, command by command, for rehearsals
// on machines where Kamal itself, a Ruby gem, cannot be installed.
//
// It reads an app's config/deploy.yml, .kamal/secrets and .kamal/hooks as Kamal
// reads them, logs in to the servers as Kamal's SSH client does, and sends the
// commands and files that Kamal sends, in Kamal's order; what the real one sent
// is recorded in testdata, and the tests hold this package against it. It is no
// kinder than Kamal: a secret whose command failed is empty, and it carries on.
//
// A command line becomes an invocation (args.go), looked up in the table of
// commands (table.go). A run (run.go) holds what one invocation knows: the
// configuration (config.go, role.go, accessoryconfig.go, proxyconfig.go,
// registry.go), the secrets (secrets.go), the connections (pool.go) and the
// lock. The files named commands_*.go build the text of commands and send
// nothing; those named after Kamal's own commands (deploy.go, boot.go,
// accessory.go, lock.go, ...) say what is sent when.
//
// Two things are left out. Nothing is built: where Kamal would build and push
// an image, the caller's Push does it. And deploy.yml's ERB is understood as far
// as `<%= ENV["NAME"] %>` goes.
package kamal

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
)

// Version is the Kamal that is stood in for.
const Version = "2.12.0"

// IO is what a run reads, writes and reaches. The zero value is a process's own:
// its streams, its environment, the network, and nobody to build images.
type IO struct {
	Stdin          io.Reader // a terminal (*os.File) makes interactive commands ask for one on the server
	Stdout, Stderr io.Writer
	Env            []string // "NAME=value"; nil: this process's. HOME in it says where the keys and known hosts are
	// Dial opens the connection to a server; nil: the network of this process.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Push makes the image (registry/name:version) and pushes it, also under
	// Kamal's tag latest. nil: commands that would build say that they cannot.
	Push func(ctx context.Context, image string) error
}

// Run carries out one command line of Kamal's (args without the word kamal) in
// the app's directory. What goes wrong reads as Kamal's own last line does, with
// the class of Kamal's error in front: "ERROR (Kamal::Cli::LockError): ...". The
// exit status of an interactive command is an ExitError.
func Run(ctx context.Context, dir string, args []string, io IO) error {
	r := newRun(ctx, dir, io.withDefaults())
	defer r.pool.close()
	return r.invoke(args)
}

func (i IO) withDefaults() IO {
	if i.Stdin == nil {
		i.Stdin = os.Stdin
	}
	if i.Stdout == nil {
		i.Stdout = os.Stdout
	}
	if i.Stderr == nil {
		i.Stderr = os.Stderr
	}
	if i.Env == nil {
		i.Env = os.Environ()
	}
	if i.Dial == nil {
		i.Dial = (&net.Dialer{}).DialContext
	}
	return i
}

// failure is an error as Kamal reports it (bin/kamal): its class and its message.
type failure struct{ class, message string }

func (f failure) Error() string { return fmt.Sprintf("ERROR (%s): %s", f.class, f.message) }

func failed(class, message string, values ...any) error {
	return failure{class, fmt.Sprintf(message, values...)}
}

// ExitError is the exit status of a command that took over Kamal's place: the
// ssh of an interactive command (Kamal calls exec).
type ExitError struct{ Status int }

func (e ExitError) Error() string { return fmt.Sprintf("exit status %d", e.Status) }
