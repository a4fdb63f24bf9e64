package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/components"
	"rails-on-hetzner/internal/hetzner"
	"rails-on-hetzner/internal/settings"
)

// fleet are the stack's servers, mostly one, and what is between them.
type fleet struct {
	hosts    []*host
	balancer *components.Balancer // nil: visitors come to the first server itself
}

// newFleet declares the servers; from two on a private network, and from two of the
// web on a load balancer. backups say what each needs for its own.
func newFleet(ctx *pulumi.Context, s *settings.Settings, found *findings, backups backupPlan) (*fleet, error) {
	f := &fleet{}
	var network *components.Network
	var err error
	machines := s.Fleet()
	if found.shrinking { // until the next deploy the app goes that way to its database
		machines[0].Private = settings.FirstAddress
	}
	if machines[0].Private.IsValid() {
		network, err = components.NewNetwork(ctx, "network", &components.NetworkArgs{
			Name: s.ServerName, Range: settings.PrivateNetwork, Subnet: settings.PrivateSubnet, Zone: found.networkZone, Labels: s.Labels(),
		})
		if err != nil {
			return nil, err
		}
	}
	for _, machine := range machines {
		h, err := newHost(ctx, s, found, machine, network, backups[machine.Name])
		if err != nil {
			return nil, err
		}
		f.hosts = append(f.hosts, h)
	}
	if s.Balanced() {
		f.balancer, err = newBalancer(ctx, s, found, network, f.hosts)
	}
	return f, err
}

func newBalancer(ctx *pulumi.Context, s *settings.Settings, found *findings, network *components.Network, hosts []*host) (*components.Balancer, error) {
	args := &components.BalancerArgs{
		Name: s.ServerName, Type: found.balancerType, Location: s.Location, Labels: s.Labels(),
		Network: network, Address: settings.BalancerAddress,
		Host: s.Domain, HealthPath: components.HealthPath(s),
	}
	for _, h := range hosts {
		if found.welcomes(s, h.Machine) {
			args.Behind = append(args.Behind, components.Behind{Name: h.Name, Server: h.server, Attached: h.attached})
		}
	}
	return components.NewBalancer(ctx, "balancer", args)
}

func (f *fleet) first() *host { return f.hosts[0] }

// front is where visitors come to, IPv4 and IPv6.
func (f *fleet) front(ctx *pulumi.Context, s *settings.Settings, found *findings) (ip, ipv6 pulumi.StringOutput) {
	if f.balancer == nil {
		return f.first().server.IP, f.first().server.IPv6
	}
	if ctx.DryRun() || !found.growing {
		return f.balancer.IP, f.balancer.IPv6
	}
	ready := pulumi.Array{f.balancer.IP, f.balancer.IPv6, f.balancer.ID}
	for _, target := range f.balancer.Targets {
		ready = append(ready, target.URN())
	}
	addresses := ready.ToArrayOutput().ApplyT(func(known []any) ([]string, error) {
		return []string{known[0].(string), known[1].(string)}, awaitWell(ctx, s, known[2])
	}).(pulumi.StringArrayOutput)
	return addresses.Index(pulumi.Int(0)), addresses.Index(pulumi.Int(1))
}

// awaitWell has the names wait, where they lead to the first server, until the load
// balancer found it well. Until then it would send visitors nowhere: they stay where
// they are served.
func awaitWell(ctx *pulumi.Context, s *settings.Settings, id any) error {
	number, err := strconv.ParseInt(fmt.Sprint(id), 10, 64)
	if err != nil {
		return nil // left out by --target
	}
	patience, cancel := context.WithTimeout(ctx.Context(), time.Minute)
	defer cancel()
	if err := hetzner.AwaitHealthy(patience, s.HetznerToken, s.HetznerEndpoint, number, 443); err != nil {
		return fmt.Errorf("webServers: within a minute the load balancer did not find the app well on the first server (%w), so the names still lead to that; see what is wrong there: scripts/check; or, if the app is not deployed yet, do that first: kamal setup; then run pulumi up again", err)
	}
	return nil
}

// lingering has the program wait, where the names have just left a load balancer,
// before that and the servers behind it are deleted, which Pulumi does at the end:
// for those of Cloudflare's machines that do not know it yet, and for what is under way.
func lingering(ctx *pulumi.Context, found *findings, url pulumi.StringOutput) pulumi.StringOutput {
	if ctx.DryRun() || !found.leaving {
		return url
	}
	return url.ApplyT(func(url string) string {
		_ = ctx.Log.Info("the names lead to the first server now; the load balancer goes in half a minute, when nobody comes by it any more", nil)
		time.Sleep(30 * time.Second)
		return url
	}).(pulumi.StringOutput)
}

// ready is what must be done before visitors come.
func (f *fleet) ready() []pulumi.Resource {
	var all []pulumi.Resource
	for _, h := range f.hosts {
		if h.Web {
			all = append(all, h.hardening.Confirmed)
		}
	}
	if f.balancer != nil {
		all = append(all, f.balancer.Targets...)
	}
	return all
}

// of is a value of each server: the one's, or a map by their names.
func (f *fleet) of(value func(*host) pulumi.StringOutput) pulumi.Input {
	if len(f.hosts) == 1 {
		return value(f.first())
	}
	all := pulumi.StringMap{}
	for _, h := range f.hosts {
		all[h.Name] = value(h)
	}
	return all
}

func (f *fleet) each(value func(*host) pulumi.StringOutput) []pulumi.StringOutput {
	var all []pulumi.StringOutput
	for _, h := range f.hosts {
		all = append(all, value(h))
	}
	return all
}

// lines joins a value of each server.
func (f *fleet) lines(value func(*host) pulumi.StringOutput) pulumi.StringOutput {
	return pulumi.ToStringArrayOutput(f.each(value)).ApplyT(func(all []string) string { return strings.Join(all, "\n") }).(pulumi.StringOutput)
}

func ipOf(h *host) pulumi.StringOutput     { return h.server.IP }
func typeOf(h *host) pulumi.StringOutput   { return h.server.Type }
func upkeepOf(h *host) pulumi.StringOutput { return h.upkeep.Report }

func hardeningOf(h *host) pulumi.StringOutput { return h.hardening.Report }
func hostKeyOf(h *host) pulumi.StringOutput {
	return pulumi.Sprintf("%s %s", h.server.IP, h.server.HostKey)
}
