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
	serverTypes  []string                          // to buy, or of the servers that stand, in the order of the fleet
	memoryMB     int                               // of the database's server
	ips          []string                          // of the servers that stand, in the order of the fleet; "" of those that do not yet
	former       []string                          // addresses of servers that are about to go
	networkZone  string                            // of the location, for a private network
	balancerType string                            // to make
	box          *hetzner.Box                      // for off-site copies; nil: none is wanted
	price        func(serverTypes []string) string // a month; "" when the provider does not tell
	zone         *edge.View

	edgeNetworks []netip.Prefix // who alone reaches ports 80 and 443 from the internet; empty: everyone
	proxies      []netip.Prefix // whose addresses are no visitors', before kamal-proxy
	growing      bool           // the names still lead to the first server, and are to lead to a load balancer
	shrinking    bool           // one server is to remain, and what runs there may still need the private network
	joining      bool           // there will be web servers that the app is not deployed on yet, beside one that it is
	leaving      bool           // the names still lead to a load balancer that is about to go
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
		appErr = checkApp(ctx, s, found)
	})
	looks.Go(func() { found.zone, found.edgeNetworks, zoneErr = lookAtZone(ctx, s) })
	looks.Go(func() { wayInErr = checkWayIn(ctx, s) })
	pulumiErr := checkPulumi(ctx)
	agentNote, agentErr := checkAgent(s.AgentSocket, s.PublicKeys)
	looks.Wait()
	found.learn(s)
	if s.OriginLock {
		found.proxies = found.edgeNetworks
	}
	return found, errors.Join(pulumiErr, agentErr, warn(ctx, agentNote), appErr, hetznerErr, zoneErr, wayInErr)
}

// learn draws conclusions from what was found: from where to where the stack goes.
func (f *findings) learn(s *settings.Settings) {
	if len(f.ips) == 0 || f.ips[0] == "" || f.zone == nil {
		return // it begins
	}
	leadsHere := f.zone.LeadsTo(f.ips[0])
	f.growing = s.Balanced() && leadsHere
	f.shrinking = len(f.ips) == 1 && len(f.former) > 0
	f.leaving = !s.Balanced() && len(f.former) > 0 && !leadsHere
	for _, machine := range s.Fleet() {
		f.joining = f.joining || machine.Web && f.ips[machine.Number] == ""
	}
}

// balanced tells whether visitors come by a load balancer, or still do when this run
// begins.
func (f *findings) balanced(s *settings.Settings) bool {
	return s.Balanced() || f.leaving || f.shrinking
}

// welcomes tells whether visitors may come to a web server. How a load balancer takes
// one that it has never asked is its own affair: so those that are made beside servers
// in use are behind it from the next run on, when the app is deployed on them.
func (f *findings) welcomes(s *settings.Settings, m settings.Machine) bool {
	return m.Web && !slices.Contains(s.Drained, m.Name) && (!f.joining || f.ips[m.Number] != "")
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

func checkApp(ctx *pulumi.Context, s *settings.Settings, found *findings) error {
	if s.AppPath == "" || s.Service == "" || s.Domain == "" || s.Registry == "" || s.RegistryUser == "" && s.Registry != settings.LocalRegistry {
		return nil
	}
	notes, err := components.CheckKamalFiles(s, found.memoryMB, found.ips, found.former)
	if s.PointInTime && components.AppDatabase(s) == "" {
		err = errors.Join(err, errors.New("pointInTime: true, but the app has no PostgreSQL beside it whose log could be kept; take the setting out: pulumi config rm pointInTime"))
	}
	return cmp.Or(err, warn(ctx, notes...))
}

func (f *findings) lookAtHetzner(ctx *pulumi.Context, s *settings.Settings) error {
	if s.HetznerToken == "" || s.Location == "" {
		return nil
	}
	site := hetzner.Site{Location: s.Location, App: s.Labels()["app"], Stack: s.Labels()["stack"]}
	var wanted []hetzner.Want
	for _, machine := range s.Fleet() {
		site.Servers = append(site.Servers, machine.Server)
		wanted = append(wanted, hetzner.Want{Name: machine.Server, Type: machine.Type, Key: machine.TypeKey})
	}
	if s.Balanced() {
		site.Targets = s.WebServers
	}
	view, err := hetzner.Look(ctx.Context(), s.HetznerToken, s.HetznerEndpoint, site)
	if err != nil {
		return err
	}
	f.serverTypes, err = view.Check(wanted, s.Image)
	err = errors.Join(warn(ctx, view.Notes(site.Stack)...), err, view.CheckBalancer(), f.checkFormer(s, view))
	if memory := view.MemoryMB(f.serverTypes[s.DatabaseMachine().Number]); memory > 0 {
		f.memoryMB = memory
	}
	for _, name := range site.Servers {
		ip := ""
		if standing := view.Standing[name]; standing != nil {
			ip = standing.IPv4
		}
		f.ips = append(f.ips, ip)
	}
	f.networkZone = view.Zone
	if view.Balancer != nil {
		f.balancerType = view.Balancer.Type
	}
	f.price = func(types []string) string { return view.MonthlyPrice(types, f.box) }
	if s.Offsite == nil || s.Offsite.Box == nil {
		return err
	}
	offers, boxErr := hetzner.LookAtBoxes(ctx.Context(), s.HetznerToken, s.BoxEndpoint)
	if boxErr == nil {
		f.box, boxErr = hetzner.ChooseBox(offers, s.Location, s.Offsite.Box.Type, s.Offsite.Box.Location)
	}
	return errors.Join(err, boxErr)
}

// checkFormer notes which servers go, and refuses to delete the database's: what it
// holds must be elsewhere first.
func (f *findings) checkFormer(s *settings.Settings, view *hetzner.View) error {
	for _, former := range view.Former {
		if former.Name == s.ServerName+"-database" && former.Protected {
			return fmt.Errorf("databaseServer: false, but the app's database is on the server %s, which would be deleted; leave it there: pulumi config set databaseServer true; or save what is in it, and lift its protection first: pulumi config set protect false, with databaseServer true, and pulumi up", former.Name)
		}
		f.former = append(f.former, former.IPv4)
	}
	return nil
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
	if !s.OriginLock && !s.Balanced() {
		return view, nil, err
	}
	networks, networksErr := view.Networks(ctx.Context())
	return view, networks, errors.Join(err, networksErr)
}
