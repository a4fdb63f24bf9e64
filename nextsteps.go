package main

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/components"
	"rails-on-hetzner/internal/settings"
)

// nextSteps says what there is now and what to type next, in the order it is
// needed. An update also prints it after the last of its work, once that has
// succeeded: Pulumi shows only the beginning of outputs.
func nextSteps(ctx *pulumi.Context, s *settings.Settings, server *components.Server, found *findings, last pulumi.Output) pulumi.StringOutput {
	text := pulumi.All(server.IP, server.Type).ApplyT(func(known []any) string {
		return fmt.Sprintf(`the server is ready

  address  %[1]s
  log in   ssh root@%[1]s
  the app  https://%[2]s, after the first deploy
  a month  %[3]s

next, in this order
  1. pulumi stack output sshHostKey >> ~/.ssh/known_hosts   (from now on its key is known)
  2. cd %[4]s && git diff   (what changed in the app; commit it)
  3. export KAMAL_REGISTRY_PASSWORD=...   (a GitHub token with write:packages and read:packages)
  4. kamal setup   (the first deploy)
  5. open https://%[2]s
later on: kamal deploy, kamal console, kamal logs`,
			known[0], s.Domain, cmp.Or(found.price(known[1].(string)), "unknown: the provider tells no price"), s.AppPath)
	}).(pulumi.StringOutput)
	if !ctx.DryRun() {
		pulumi.All(text, last).ApplyT(func(known []any) (any, error) {
			return nil, ctx.Log.Info(known[0].(string), nil)
		})
	}
	return text
}
