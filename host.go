package main

import (
	"cmp"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/components"
	"rails-on-hetzner/internal/settings"
)

// host is a server with all that makes it the stack's: bought, hardened, and kept
// running.
type host struct {
	server    *components.Server
	hardening *components.Hardening
	upkeep    *components.Upkeep
}

// newHost declares the server, and what it needs for its backups.
func newHost(ctx *pulumi.Context, s *settings.Settings, found *findings, backups *components.BackupArgs) (h host, err error) {
	h.server, err = components.NewServer(ctx, "server", &components.ServerArgs{
		Name:       s.ServerName,
		Location:   s.Location,
		Type:       found.serverType,
		TypeChosen: s.ServerType == "",
		Image:      s.Image,
		Protect:    s.Protect,
		PublicKeys: s.PublicKeys,
		Labels:     s.Labels(),

		SSHNetworks: s.SSHNetworks,
		WebNetworks: found.edgeNetworks,
	})
	if err != nil {
		return h, err
	}
	h.hardening, err = components.NewHardening(ctx, "hardening", &components.HardeningArgs{
		SSH:         h.server.SSH,
		PublicKeys:  slices.Concat(s.PublicKeys, s.DeployKeys),
		User:        s.SSHUser,
		SSHNetworks: s.SSHNetworks,
		WebNetworks: found.edgeNetworks,
		RebootTime:  s.RebootTime,
		Packages:    backups.Packages(),
		Registry:    s.Registry == settings.LocalRegistry,
	})
	if err != nil {
		return h, err
	}
	upkeep := &components.UpkeepArgs{
		SSH:        h.server.SSH,
		Service:    s.Service,
		Container:  backups.Container,
		HealthPath: components.HealthPath(s),

		SSHNetworks: s.SSHNetworks,
		Alerts:      s.Alerts,
		Swap:        s.Swap,
		Tidy:        s.Tidy,

		DependsOn: []pulumi.Resource{h.hardening.Done},
	}
	if s.DNSTakeover != settings.TakeoverLater {
		upkeep.Hosts = s.Hosts()
	}
	if s.DockerUpdates {
		upkeep.DockerUpdates = cmp.Or(s.RebootTime, "04:30")
	}
	h.upkeep, err = components.NewUpkeep(ctx, "upkeep", upkeep)
	return h, err
}
