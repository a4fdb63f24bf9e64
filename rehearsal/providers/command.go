package providers

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// newCommand stands in for the published provider, on the same foundation: only
// running the commands is left to do here.
func newCommand(_ context.Context, version string) (rpc.ResourceProviderServer, error) {
	provider := infer.Provider(infer.Options{Resources: []infer.InferredResource{infer.Resource(&remoteCommand{})}})
	// An engine's last word, after which the published one ends; this one serves the
	// next engine too.
	provider.Cancel = func(context.Context) error { return nil }
	return p.RawServer("command", version, provider)(nil)
}

// remoteCommand is one command over one SSH connection.
type remoteCommand struct{}

func (c *remoteCommand) Annotate(a infer.Annotator) { a.SetToken("remote", "Command") }

type commandInputs struct {
	Triggers    *[]any            `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create      *string           `pulumi:"create,optional"`
	Update      *string           `pulumi:"update,optional"`
	Delete      *string           `pulumi:"delete,optional"`
	Stdin       *string           `pulumi:"stdin,optional"`
	Logging     *string           `pulumi:"logging,optional"` // stdout, stderr, stdoutAndStderr or none
	Connection  *connection       `pulumi:"connection" provider:"secret"`
	Environment map[string]string `pulumi:"environment,optional"`

	AddPreviousOutputInEnv *bool `pulumi:"addPreviousOutputInEnv,optional"`
}

type commandState struct {
	commandInputs
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

func (*remoteCommand) Create(ctx context.Context, r infer.CreateRequest[commandInputs]) (infer.CreateResponse[commandState], error) {
	state := commandState{commandInputs: r.Inputs}
	id, err := resource.NewUniqueHex(r.Name, 8, 0)
	if err == nil && !r.DryRun && r.Inputs.Create != nil {
		err = state.run(ctx, *r.Inputs.Create)
	}
	return infer.CreateResponse[commandState]{ID: id, Output: state}, err
}

// Update runs the command for updates, and where there is none the one for
// creation, whichever input changed.
func (*remoteCommand) Update(ctx context.Context, r infer.UpdateRequest[commandInputs, commandState]) (infer.UpdateResponse[commandState], error) {
	state := commandState{r.Inputs, r.State.Stdout, r.State.Stderr}
	command := r.Inputs.Update
	if command == nil {
		command = r.Inputs.Create
	}
	var err error
	if !r.DryRun && command != nil {
		err = state.run(ctx, *command)
	}
	return infer.UpdateResponse[commandState]{Output: state}, err
}

func (*remoteCommand) Delete(ctx context.Context, r infer.DeleteRequest[commandState]) (infer.DeleteResponse, error) {
	if r.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, r.State.run(ctx, *r.State.Delete)
}

// run notes the outputs of a command that succeeds. The error of one that fails
// has everything that it said, and not what it read.
func (s *commandState) run(ctx context.Context, command string) error {
	client, err := s.Connection.dial(ctx)
	if err != nil {
		return err
	}
	// The published provider leaves this to its end, which is the engine's; this
	// one serves the next engine too.
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	for name, value := range s.Environment {
		if err := session.Setenv(name, value); err != nil {
			p.GetLogger(ctx).Error(unsettable(name))
			return fmt.Errorf("could not set environment variable %q: %w", name, err)
		}
	}
	for _, said := range s.previous() {
		if err := session.Setenv(said.name, said.text); err != nil {
			p.GetLogger(ctx).Warning(unsettable(said.name))
		}
	}
	if s.Stdin != nil && *s.Stdin != "" {
		session.Stdin = strings.NewReader(*s.Stdin)
	}
	var stdout, stderr, both bytes.Buffer
	logged := logLines(ctx)
	session.Stdout = s.writer("stdout", &stdout, &both, logged)
	session.Stderr = s.writer("stderr", &stderr, &both, logged)
	err = session.Run(command)
	logged.Close()
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, command, both.String())
	}
	s.Stdout, s.Stderr = strings.TrimSuffix(stdout.String(), "\n"), strings.TrimSuffix(stderr.String(), "\n")
	return nil
}

type output struct{ name, text string }

// previous is what the last run said, for the environment of this one.
func (s *commandState) previous() []output {
	if s.AddPreviousOutputInEnv != nil && !*s.AddPreviousOutputInEnv {
		return nil
	}
	said := []output{{"PULUMI_COMMAND_STDOUT", s.Stdout}, {"PULUMI_COMMAND_STDERR", s.Stderr}}
	return slices.DeleteFunc(said, func(o output) bool { return o.text == "" })
}

func unsettable(name string) string {
	return "Unable to set '" + name + "'. This only works if your SSH server is configured to accept\n" +
		"\tthese variables via AcceptEnv. Alternatively, if a Bash-like shell runs the command on the remote host, you could\n" +
		"\tprefix the command itself with the variables in the form 'VAR=value command'"
}

func (s *commandState) writer(stream string, own, both, logged io.Writer) io.Writer {
	if s.Logging == nil || *s.Logging == stream || *s.Logging == "stdoutAndStderr" {
		return io.MultiWriter(own, both, logged)
	}
	return io.MultiWriter(own, both)
}

// logLines shows each line of a command's output for a moment.
func logLines(ctx context.Context) io.WriteCloser {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(reader)
		for lines.Scan() {
			p.GetLogger(ctx).InfoStatus(lines.Text())
		}
		_, _ = io.Copy(io.Discard, reader) // a line too long for the scanner
	}()
	return &lineLog{writer, done}
}

type lineLog struct {
	*io.PipeWriter
	done chan struct{}
}

func (l *lineLog) Close() error {
	err := l.PipeWriter.Close()
	<-l.done
	return err
}
