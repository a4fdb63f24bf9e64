package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/components"
	"rails-on-hetzner/internal/edge"
	"rails-on-hetzner/internal/hetzner"
	"rails-on-hetzner/internal/kamalfiles"
	"rails-on-hetzner/internal/settings"
)

// findings is what looking at the world beforehand told.
type findings struct {
	serverType string                         // to buy, or of the server that stands
	memoryMB   int                            // of that server
	box        *hetzner.Box                   // for off-site copies; nil: none is wanted
	price      func(serverType string) string // a month; "" when the provider does not tell
	zone       *edge.View

	edgeNetworks []netip.Prefix // who alone reaches ports 80 and 443; empty: everyone
}

// preflight finds what would fail later, before anything is made, and tells it
// all at once. It changes nothing. What a mistaken setting keeps it from looking
// at, it leaves out: the setting is told of anyway.
func preflight(ctx *pulumi.Context, s *settings.Settings) (*findings, error) {
	found := &findings{memoryMB: kamalfiles.UnknownMemory}
	var hetznerErr, zoneErr, appErr, wayInErr error
	var looks sync.WaitGroup
	looks.Go(func() {
		hetznerErr = found.lookAtHetzner(ctx, s)
		appErr = checkApp(ctx, s, found.memoryMB)
	})
	looks.Go(func() { found.zone, found.edgeNetworks, zoneErr = lookAtZone(ctx, s) })
	looks.Go(func() { wayInErr = checkWayIn(ctx, s) })
	pulumiErr := checkPulumi(ctx)
	agentNote, agentErr := checkAgent(s.AgentSocket, s.PublicKeys)
	looks.Wait()
	return found, errors.Join(pulumiErr, agentErr, warn(ctx, agentNote), appErr, hetznerErr, zoneErr, wayInErr)
}

// warn tells, in a preview, what is the developer's to decide; "" is nothing.
func warn(ctx *pulumi.Context, notes ...string) (err error) {
	for _, note := range notes {
		if note != "" && ctx.DryRun() {
			err = cmp.Or(err, ctx.Log.Warn(note, nil))
		}
	}
	return err
}

// checkPulumi wants the version that the rehearsals run. Go checks its own, by
// the line in go.mod.
func checkPulumi(ctx *pulumi.Context) error {
	if err := ctx.RequirePulumiVersion(">=3.250.0"); err != nil {
		return fmt.Errorf("the CLI: %w; needed is 3.250.0 or newer: https://www.pulumi.com/docs/install/", err)
	}
	return nil
}

// checkWayIn warns whoever is about to shut SSH in front of this very machine, which
// Hetzner's firewall does before anything could be tried. From elsewhere, or by
// another way than Cloudflare is reached, it may be as wanted.
func checkWayIn(ctx *pulumi.Context, s *settings.Settings) error {
	if len(s.SSHNetworks) == 0 {
		return nil
	}
	here := edge.SeenAs(ctx.Context(), s.CloudflareHost)
	if !here.IsValid() || slices.ContainsFunc(s.SSHNetworks, func(network netip.Prefix) bool { return network.Contains(here) }) {
		return nil
	}
	return ctx.Log.Warn(fmt.Sprintf("sshNetworks: to the world this machine is %[1]s, which is in none of them, and SSH from here will be shut out, that of pulumi up too, which then tries for some minutes; to let it in, interrupt that, and: pulumi config set sshNetworks %[2]s,%[1]s",
		here, strings.Join(components.TextsOf(s.SSHNetworks), ",")), nil)
}

func checkApp(ctx *pulumi.Context, s *settings.Settings, memoryMB int) error {
	if s.AppPath == "" || s.Service == "" || s.Domain == "" || s.Registry == "" || s.RegistryUser == "" && s.Registry != settings.LocalRegistry {
		return nil
	}
	notes, err := components.CheckKamalFiles(s, memoryMB)
	if s.PointInTime && components.AppDatabase(s) == "" {
		err = errors.Join(err, errors.New("pointInTime: true, but the app has no PostgreSQL beside it whose log could be kept; take the setting out: pulumi config rm pointInTime"))
	}
	return cmp.Or(err, warn(ctx, notes...))
}

func (f *findings) lookAtHetzner(ctx *pulumi.Context, s *settings.Settings) error {
	if s.HetznerToken == "" || s.Location == "" {
		return nil
	}
	view, err := hetzner.Look(ctx.Context(), s.HetznerToken, s.HetznerEndpoint, s.Location, s.ServerName)
	if err != nil {
		return err
	}
	f.serverType, err = view.Check(s.ServerType, s.Image)
	err = errors.Join(warn(ctx, view.Note(s.ServerName, s.Labels()["stack"])), err)
	if memory := view.MemoryMB(f.serverType); memory > 0 {
		f.memoryMB = memory
	}
	f.price = func(serverType string) string { return view.MonthlyPrice(serverType, f.box) }
	if s.Offsite == nil || s.Offsite.Box == nil {
		return err
	}
	offers, boxErr := hetzner.LookAtBoxes(ctx.Context(), s.HetznerToken, s.BoxEndpoint)
	if boxErr == nil {
		f.box, boxErr = hetzner.ChooseBox(offers, s.Location, s.Offsite.Box.Type, s.Offsite.Box.Location)
	}
	return errors.Join(err, boxErr)
}

func lookAtZone(ctx *pulumi.Context, s *settings.Settings) (*edge.View, []netip.Prefix, error) {
	if s.CloudflareToken == "" || s.Zone == "" {
		return nil, nil, nil
	}
	view, err := edge.Look(ctx.Context(), s.CloudflareToken, s.CloudflareHost, edge.Site{Zone: s.Zone, Hosts: s.Hosts(), Stack: s.Stack})
	if err != nil {
		return nil, nil, err
	}
	wanted := edge.Wanted{
		Zone:        s.Zone,
		LetsEncrypt: s.Certificate == settings.LetsEncrypt,
		Takeover:    s.DNSTakeover == settings.TakeoverNow,
		Later:       s.DNSTakeover == settings.TakeoverLater,
		ZoneWide:    s.ZoneWide,
		Restore:     s.ZoneRestore,
	}
	err = view.Check(wanted)
	err = cmp.Or(err, warn(ctx, view.Notes(wanted)...))
	if !s.OriginLock {
		return view, nil, err
	}
	networks, networksErr := view.Networks(ctx.Context())
	return view, networks, errors.Join(err, networksErr)
}
