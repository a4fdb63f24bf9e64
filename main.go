// The program takes a Rails app from `git clone` to production on one Hetzner
// server, or on several: it reads the stack's settings, buys and hardens the
// servers, points the domain at them, sets up backups, and writes what Kamal needs
// into the app.
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/components"
	"rails-on-hetzner/internal/settings"
)

//go:embed Pulumi.README.md
var readme string

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		s, mistakes := loadSettings(ctx)
		found, err := preflight(ctx, s)
		if err := errors.Join(mistakes, err); err != nil {
			return err
		}
		return deploy(ctx, s, found)
	})
}

func deploy(ctx *pulumi.Context, s *settings.Settings, found *findings) error {
	plan := planBackups(s)
	fleet, err := newFleet(ctx, s, found, plan)
	if err != nil {
		return err
	}
	ip, ipv6 := fleet.front(ctx, s, found)
	records := &components.DNSArgs{
		Zone:    s.Zone,
		Hosts:   s.Hosts(),
		IP:      ip,
		MinTLS:  found.zone.LeastTLS(),
		Restore: s.ZoneRestore,

		After: fleet.ready(),
		Later: s.DNSTakeover == settings.TakeoverLater,

		Found:    found.zone,
		TakeOver: s.DNSTakeover == settings.TakeoverNow,
	}
	if s.IPv6 {
		records.IPv6 = ipv6
	}
	dns, err := components.NewDNS(ctx, "dns", records)
	if err != nil {
		return err
	}
	backups, err := newBackups(ctx, s, found, fleet, plan)
	if err != nil {
		return err
	}
	ready := append(backups, lingering(ctx, found, dns.URL), fleet.of(hardeningOf), fleet.of(upkeepOf))
	if s.Certificate == settings.CloudflareOrigin {
		certificate, err := components.NewOriginCertificate(ctx, "certificate", s.Hosts())
		if err != nil {
			return err
		}
		ready = append(ready, certificate.Certificate)
		ctx.Export("originCertificate", certificate.Certificate)
		ctx.Export("originPrivateKey", pulumi.ToSecret(certificate.PrivateKey))
	}
	postgresPassword, err := components.NewPassword(ctx, "postgres-password", s.PostgresPassword)
	if err != nil {
		return err
	}
	kamal, err := components.NewKamal(ctx, "kamal", &components.KamalArgs{
		Settings: s,
		IPs:      fleet.each(ipOf),
		Former:   found.former,
		MemoryMB: found.memoryMB,
		Proxies:  found.proxies,
		After:    ready,
	})
	if err != nil {
		return err
	}

	ctx.Export("ip", fleet.first().server.IP)
	if len(fleet.hosts) > 1 {
		ctx.Export("servers", fleet.of(ipOf))
	}
	if fleet.balancer != nil {
		ctx.Export("loadBalancer", fleet.balancer.IP)
	}
	ctx.Export("url", dns.URL)
	ctx.Export("ssh", pulumi.Sprintf("ssh %s@%s", s.SSHUser, fleet.first().server.IP))
	ctx.Export("sshHostKey", fleet.lines(hostKeyOf))
	ctx.Export("postgresPassword", postgresPassword)
	ctx.Export("hardening", fleet.of(hardeningOf))
	ctx.Export("upkeep", fleet.of(upkeepOf))
	ctx.Export("kamal", kamal.Report)
	ctx.Export("monthlyPrice", pulumi.ToStringArrayOutput(fleet.each(typeOf)).ApplyT(found.price))
	ctx.Export("readme", pulumi.String(readme)) // the page of the stack in Pulumi Cloud
	ctx.Export("nextSteps", nextSteps(ctx, s, fleet, found, kamal.Report))
	return nil
}

func loadSettings(ctx *pulumi.Context) (*settings.Settings, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("finding the home directory: %w", err)
	}
	// Pulumi starts the program in the directory of Pulumi.yaml.
	project, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("finding the project's directory: %w", err)
	}
	return settings.Load(ctx, settings.Environment{Getenv: os.Getenv, ReadFile: os.ReadFile, HomeDir: home, ProjectDir: project})
}
