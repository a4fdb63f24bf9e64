package main

import (
	"errors"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/components"
	"rails-on-hetzner/internal/edge"
	"rails-on-hetzner/internal/settings"
)

// preflight finds what would fail later, before anything is made, and tells it
// all at once. It changes nothing.
func preflight(ctx *pulumi.Context, s *settings.Settings) error {
	return errors.Join(components.CheckKamalFiles(s), checkZone(ctx, s))
}

func checkZone(ctx *pulumi.Context, s *settings.Settings) error {
	view, err := edge.Look(ctx.Context(), s.CloudflareToken, os.Getenv("CLOUDFLARE_API_HOSTNAME"), s.Zone, s.Hosts())
	if err != nil {
		return err
	}
	return view.Check(edge.Wanted{
		Zone:        s.Zone,
		Domain:      s.Domain,
		LetsEncrypt: s.Certificate == settings.LetsEncrypt,
		Takeover:    s.DNSTakeover,
	})
}
