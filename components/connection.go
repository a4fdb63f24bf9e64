package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-command/sdk/go/command/remote"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Connection is how remote commands reach the server: as root, with the deploy
// key, and only if the server shows the host key that was made for it.
type Connection struct {
	Host       pulumi.StringOutput
	HostKey    pulumi.StringOutput
	PrivateKey pulumi.StringOutput // secret
}

// Script is a shell script to run on the server as root.
type Script struct {
	Text      string            // bash, sent on standard input
	Variables map[string]string // its inputs, put in front of the command; no secrets
	DependsOn []pulumi.Resource // optional: what must have happened before
	After     pulumi.Input      // optional: run again whenever this value changes
}

// Run declares one remote command for the script: one SSH connection, opened
// only when the script or its inputs changed.
func (c Connection) Run(ctx *pulumi.Context, name string, script Script, opts ...pulumi.ResourceOption) (*remote.Command, error) {
	args := &remote.CommandArgs{
		Connection: c.args(),
		Create:     pulumi.String(commandLine(script.Variables)),
		Stdin:      pulumi.String(script.Text),
	}
	if script.After != nil {
		args.Triggers = pulumi.Array{script.After}
	}
	return remote.NewCommand(ctx, name, args, append(opts, pulumi.DependsOn(script.DependsOn))...)
}

func (c Connection) args() remote.ConnectionArgs {
	return remote.ConnectionArgs{
		Host:       c.Host,
		User:       pulumi.String("root"),
		PrivateKey: c.PrivateKey,
		HostKey:    c.HostKey,
		// A fresh server needs a minute or two until sshd answers.
		DialErrorLimit: pulumi.Int(60),
		PerDialTimeout: pulumi.Int(10),
	}
}

// commandLine puts the inputs, in an order that does not change between runs,
// before the shell that reads the script from standard input.
func commandLine(variables map[string]string) string {
	var words []string
	for name, value := range variables {
		words = append(words, fmt.Sprintf("%s=%s", name, quote(value)))
	}
	slices.Sort(words)
	return strings.Join(append(words, "bash -s"), " ")
}

// quote makes one shell word of any text.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
