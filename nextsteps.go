package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/internal/settings"
)

// nextSteps says what there is now and what to type next, in the order it is
// needed. An update also prints it after the last of its work, once that has
// succeeded: Pulumi shows only the beginning of outputs.
func nextSteps(ctx *pulumi.Context, s *settings.Settings, f *fleet, found *findings, last pulumi.Output) pulumi.StringOutput {
	ips, types := pulumi.ToStringArrayOutput(f.each(ipOf)), pulumi.ToStringArrayOutput(f.each(typeOf))
	text := pulumi.All(ips, types).ApplyT(func(known []any) string {
		ips := known[0].([]string)
		steps := []string{
			"pulumi stack output sshHostKey >> ~/.ssh/known_hosts   (from now on its key is known)",
			"cd " + s.AppPath + " && git diff   (what changed in the app; commit it)",
		}
		switch s.Registry {
		case settings.GitHubRegistry:
			steps = append(steps, "export KAMAL_REGISTRY_PASSWORD=...   (a GitHub token with write:packages and read:packages)")
		case settings.LocalRegistry:
		default:
			steps = append(steps, "export KAMAL_REGISTRY_PASSWORD=...   (the password or token of "+s.RegistryUser+" at "+s.Registry+")")
		}
		if len(ips) == 1 {
			steps = append(steps, "kamal setup   (the first deploy)")
		} else {
			steps = append(steps, "kamal setup   (the first deploy, and each one after servers were added)")
		}
		if found.shrinking {
			steps = append(steps, "pulumi up   (back here, after kamal deploy: only then the app needs the private network no more)")
		}
		if found.joining || found.growing {
			steps = append(steps, "pulumi up   (back here: from then on visitors come to all web servers, by the load balancer alone)")
		}
		if s.DNSTakeover == settings.TakeoverLater {
			steps = append(steps, "pulumi config set dnsTakeover true && pulumi up   (back here: until then "+s.Domain+" leads where it did)")
		}
		steps = append(steps, "open https://"+s.Domain)
		var numbered strings.Builder
		for i, step := range steps {
			fmt.Fprintf(&numbered, "  %d. %s\n", i+1, step)
		}
		return fmt.Sprintf(`%[6]s ready

  address  %[1]s
  log in   ssh %[5]s@%[1]s
  the app  https://%[2]s, after the first deploy
  a month  %[3]s

next, in this order
%[4]slater on: kamal deploy, kamal console, kamal logs`,
			ips[0], s.Domain, cmp.Or(found.price(known[1].([]string)), "unknown: the provider tells no price"), numbered.String(), s.SSHUser, are(f, ips))
	}).(pulumi.StringOutput)
	if !ctx.DryRun() {
		pulumi.All(text, last).ApplyT(func(known []any) (any, error) {
			return nil, ctx.Log.Info(known[0].(string), nil)
		})
	}
	return text
}

// are begins the text: "the server is", or which servers are.
func are(f *fleet, ips []string) string {
	if len(ips) == 1 {
		return "the server is"
	}
	var each []string
	for i, h := range f.hosts {
		each = append(each, h.Name+" "+ips[i])
	}
	return "the servers (" + strings.Join(each, ", ") + ") are"
}
