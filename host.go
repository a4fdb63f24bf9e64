package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/components"
	"rails-on-hetzner/internal/settings"
)

// host is a server with all that makes it the stack's: bought, hardened, and kept
// running.
type host struct {
	settings.Machine
	server    *components.Server
	attached  pulumi.Resource // its place in the private network; nil: there is none
	hardening *components.Hardening
	upkeep    *components.Upkeep
}

// newHost declares a server, and what it needs for its backups.
func newHost(ctx *pulumi.Context, s *settings.Settings, found *findings, m settings.Machine, network *components.Network, backups *components.BackupArgs) (h *host, err error) {
	h = &host{Machine: m}
	// While the names still lead to the first server, it stays open to who comes by them.
	noWeb := !m.Web || s.Balanced() && (m.Number > 0 || !found.growing)
	h.server, err = components.NewServer(ctx, m.Resource, &components.ServerArgs{
		Name:       m.Server,
		Location:   s.Location,
		Type:       found.serverTypes[m.Number],
		TypeChosen: m.Type == "",
		Image:      s.Image,
		Protect:    m.Protect,
		PublicKeys: s.PublicKeys,
		Labels:     s.Labels(),

		SSHNetworks: s.SSHNetworks,
		WebNetworks: found.edgeNetworks,
		NoWeb:       noWeb,
	})
	if err != nil {
		return nil, err
	}
	if network != nil {
		if h.attached, err = network.Attach(ctx, m.Resource, h.server, m.Private); err != nil {
			return nil, err
		}
	}
	h.hardening, err = components.NewHardening(ctx, h.named("hardening"), &components.HardeningArgs{
		SSH:         h.server.SSH,
		PublicKeys:  slices.Concat(s.PublicKeys, s.DeployKeys),
		User:        s.SSHUser,
		SSHNetworks: s.SSHNetworks,
		WebNetworks: found.edgeNetworks,
		NoWeb:       noWeb,
		Inside:      h.inside(s, found),
		RebootTime:  inTurn(s.RebootTime, m.Number),
		Packages:    backups.Packages(),
		Registry:    s.Registry == settings.LocalRegistry,
	})
	if err != nil {
		return nil, err
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
	if len(s.Fleet()) > 1 {
		upkeep.Server, upkeep.TimeZone = m.Name, s.TimeZone
	}
	if m.Web && s.DNSTakeover != settings.TakeoverLater {
		upkeep.Hosts = s.Hosts()
	}
	if m.Web && found.balanced(s) {
		upkeep.WellHost = s.Domain
	}
	if s.DockerUpdates {
		upkeep.DockerUpdates = inTurn(cmp.Or(s.RebootTime, "04:30"), m.Number)
	}
	h.upkeep, err = components.NewUpkeep(ctx, h.named("upkeep"), upkeep)
	return h, err
}

// named is what a part of the server is called among the resources: as ever on the
// first, which is the only one of most stacks.
func (h *host) named(part string) string {
	if h.Number == 0 {
		return part
	}
	return h.Resource + "-" + part
}

// inside is who of the private network reaches what on the server.
func (h *host) inside(s *settings.Settings, found *findings) *components.Inside {
	if !h.Private.IsValid() {
		return nil
	}
	inside := &components.Inside{Network: settings.PrivateNetwork}
	if h.Web && found.balanced(s) {
		inside.Balancer = settings.BalancerAddress
	}
	// The first keeps its door: while the database moves away, the app still uses it.
	if (h.Database || h.Number == 0) && components.AppDatabase(s) != "" {
		inside.Database = h.Private
	}
	return inside
}

// inTurn is a time of day for a server, ten minutes after the one before it: what
// takes a server away for a moment must not take all of them at once.
func inTurn(clock string, number int) string {
	at, err := time.Parse("15:04", clock)
	if err != nil {
		return clock // never
	}
	return at.Add(time.Duration(number) * 10 * time.Minute).Format("15:04")
}
