// The program takes a Rails app from `git clone` to production on one Hetzner
// server: it reads the stack's settings, buys and hardens the server, points
// the domain at it, sets up backups, and writes what Kamal needs into the app.
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/components"
	"rails-on-hetzner/internal/hetzner"
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
	backups := &components.BackupArgs{
		Container:   components.AppDatabase(s),
		PointInTime: s.PointInTime,
		Hour:        s.BackupHour,
		Keep:        s.BackupKeep,
		TimeZone:    s.TimeZone,
		PingURL:     s.BackupPingURL,
		Offsite:     s.Offsite,
	}
	if s.BackupFiles {
		backups.Service = s.Service
	}
	host, err := newHost(ctx, s, found, backups)
	if err != nil {
		return err
	}
	if found.box != nil && backups.Wanted() {
		if backups.Box, err = newStorageBox(ctx, s, found.box); err != nil {
			return err
		}
	}
	records := &components.DNSArgs{
		Zone:    s.Zone,
		Hosts:   s.Hosts(),
		IP:      host.server.IP,
		MinTLS:  found.zone.LeastTLS(),
		Restore: s.ZoneRestore,

		After: host.hardening.Confirmed,
		Later: s.DNSTakeover == settings.TakeoverLater,

		Found:    found.zone,
		TakeOver: s.DNSTakeover == settings.TakeoverNow,
	}
	if s.IPv6 {
		records.IPv6 = host.server.IPv6
	}
	dns, err := components.NewDNS(ctx, "dns", records)
	if err != nil {
		return err
	}
	ready := pulumi.Array{dns.URL, host.hardening.Report, host.upkeep.Report}
	if backups.Wanted() {
		backups.SSH, backups.DependsOn = host.server.SSH, []pulumi.Resource{host.hardening.Done}
		backup, err := components.NewBackup(ctx, "backup", backups)
		if err != nil {
			return err
		}
		ready = append(ready, backup.Report)
		ctx.Export("backup", backup.Report)
	}
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
		IP:       host.server.IP,
		MemoryMB: found.memoryMB,
		Proxies:  found.edgeNetworks,
		After:    ready,
	})
	if err != nil {
		return err
	}

	ctx.Export("ip", host.server.IP)
	ctx.Export("url", dns.URL)
	ctx.Export("ssh", pulumi.Sprintf("ssh %s@%s", s.SSHUser, host.server.IP))
	ctx.Export("sshHostKey", pulumi.Sprintf("%s %s", host.server.IP, host.server.HostKey))
	ctx.Export("postgresPassword", postgresPassword)
	ctx.Export("hardening", host.hardening.Report)
	ctx.Export("upkeep", host.upkeep.Report)
	ctx.Export("kamal", kamal.Report)
	ctx.Export("monthlyPrice", host.server.Type.ApplyT(found.price))
	ctx.Export("readme", pulumi.String(readme)) // the page of the stack in Pulumi Cloud
	ctx.Export("nextSteps", nextSteps(ctx, s, host.server, found, kamal.Report))
	return nil
}

// newStorageBox declares the box, and exports what scripts/offsite-fetch needs.
func newStorageBox(ctx *pulumi.Context, s *settings.Settings, chosen *hetzner.Box) (*components.StorageBox, error) {
	box, err := components.NewStorageBox(ctx, "storage-box", &components.StorageBoxArgs{
		Name:           s.ServerName + "-backups",
		Type:           chosen.Type,
		TypeChosen:     s.Offsite.Box.Type == "",
		Location:       chosen.Location,
		LocationChosen: s.Offsite.Box.Location == "",
		Snapshots:      chosen.Snapshots,
		Protect:        s.Protect,
		Labels:         s.Labels(),
		HostKeys:       s.Offsite.Box.HostKeys,
	})
	if err != nil {
		return nil, err
	}
	ctx.Export("storageBox", pulumi.Sprintf("%s@%s", box.User, box.Host))
	ctx.Export("storageBoxPassword", box.Password)
	ctx.Export("storageBoxKnownHosts", box.KnownHosts)
	ctx.Export("storageBoxPath", box.Path)
	return box, nil
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
