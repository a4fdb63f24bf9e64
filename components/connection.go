package components

import (
	"fmt"
	"maps"
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
	PublicKey  pulumi.StringOutput // of the same key, as "ssh-ed25519 AAAA..."
	Server     pulumi.IDOutput     // which server it is: with another one at the same address, every script runs again
}

// Script is a shell script to run on the server as root.
type Script struct {
	Text      string                        // bash, sent on standard input
	Variables map[string]string             // its inputs, put in front of the command; no secrets
	Outputs   map[string]pulumi.StringInput // inputs that other resources tell; they travel inside the script
	Secrets   map[string]pulumi.StringInput // its secret inputs, which travel inside the script and never in a command line
	DependsOn []pulumi.Resource             // optional: what must have happened before
	After     pulumi.Input                  // optional: run again whenever this value changes
}

// Run declares one remote command for the script: one SSH connection, opened
// only when the script, its inputs or the server changed. A new server has the
// address, the keys and the settings of the old one; only by its ID it is known
// that nothing was done on it yet. For a new disk in the same server, see
// scripts/adopt.
func (c Connection) Run(ctx *pulumi.Context, name string, script Script, opts ...pulumi.ResourceOption) (*remote.Command, error) {
	triggers := pulumi.Array{c.Server}
	if script.After != nil {
		triggers = append(triggers, script.After)
	}
	return remote.NewCommand(ctx, name, &remote.CommandArgs{
		Connection: c.args(),
		Create:     pulumi.String(commandLine(script.Variables)),
		Stdin:      script.stdin(),
		Triggers:   triggers,
		// What one run printed is not for the next, and sshd would refuse it with a
		// warning each time.
		AddPreviousOutputInEnv: pulumi.Bool(false),
	}, append(opts, pulumi.DependsOn(script.DependsOn))...)
}

// stdin is the text that the shell reads. With secrets in it, the whole of it
// is one, for the state and for every message.
func (s Script) stdin() pulumi.StringInput {
	text, secret := pulumi.StringInput(pulumi.String(s.Text)), false
	for _, inputs := range []map[string]pulumi.StringInput{s.Outputs, s.Secrets} {
		for _, name := range slices.Sorted(maps.Keys(inputs)) {
			text = pulumi.Sprintf("%s=%s\n%s", name, inputs[name].ToStringOutput().ApplyT(quote), text)
		}
	}
	for _, value := range s.Secrets {
		secret = secret || value != pulumi.String("")
	}
	if secret {
		return pulumi.ToSecret(text).(pulumi.StringOutput)
	}
	return text
}

func (c Connection) args() remote.ConnectionArgs {
	return remote.ConnectionArgs{
		Host:       c.Host,
		User:       pulumi.String("root"),
		PrivateKey: c.PrivateKey,
		HostKey:    c.HostKey,
		// A fresh server needs a minute or two until sshd answers. The pauses grow to
		// five seconds, so these are at least two and a half; another host key than
		// the right one is told only after them.
		DialErrorLimit: pulumi.Int(40),
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

// lastLine is where a script says in what state it leaves things; the lines
// before tell what it changed, and differ from run to run.
func lastLine(stdout pulumi.StringOutput) pulumi.StringOutput {
	return stdout.ApplyT(func(text string) string {
		lines := strings.Split(strings.TrimSpace(text), "\n")
		return lines[len(lines)-1]
	}).(pulumi.StringOutput)
}
