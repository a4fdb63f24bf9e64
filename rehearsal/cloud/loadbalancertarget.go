package cloud

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

func (c *Cloud) addTarget(r *http.Request) (answer, error) {
	b, wanted, err := idleAndRead[loadBalancer, schema.LoadBalancerActionAddTargetRequest](r, c.idleBalancer)
	if err != nil {
		return answer{}, err
	}
	if wanted.Type != "server" || wanted.Server == nil {
		return answer{}, invalid("type", "this local cloud's load balancers have servers as targets only")
	}
	target := schema.LoadBalancerTarget{Type: "server", Server: &schema.LoadBalancerTargetServer{ID: wanted.Server.ID}, UsePrivateIP: wanted.UsePrivateIP != nil && *wanted.UsePrivateIP}
	s := c.hetzner.servers[wanted.Server.ID]
	switch {
	case s == nil:
		return answer{}, notFound("server")
	case b.targetOn(s.id) >= 0:
		return answer{}, conflicting("target_already_defined", "target is already defined")
	case s.location.NetworkZone != b.Location.NetworkZone:
		return answer{}, invalid("server", "must be in the load balancer's network zone")
	case target.UsePrivateIP && b.network == nil:
		return answer{}, conflicting("load_balancer_not_attached_to_network", "load balancer is not attached to a network")
	case target.UsePrivateIP && b.network.placeOf(s.id) == nil:
		return answer{}, conflicting("server_not_attached_to_network", "server is not attached to the load balancer's network")
	case !target.UsePrivateIP && c.addressOf(s.id, "ipv4") == nil:
		return answer{}, conflicting("missing_ipv4", "server has no public IPv4 address")
	case len(b.Targets) >= b.LoadBalancerType.MaxTargets:
		return answer{}, conflicting("resource_limit_exceeded", "the load balancer type allows no more targets")
	}
	b.Targets = append(b.Targets, target)
	return c.begun(c.begin("add_target", "load_balancer", b.ID, c.balancing(b)))
}

func (c *Cloud) removeTarget(r *http.Request) (answer, error) {
	b, wanted, err := idleAndRead[loadBalancer, schema.LoadBalancerActionRemoveTargetRequest](r, c.idleBalancer)
	if err != nil {
		return answer{}, err
	}
	if wanted.Server == nil || b.targetOn(wanted.Server.ID) < 0 {
		return answer{}, notFound("load_balancer_target")
	}
	b.forget(wanted.Server.ID)
	return c.begun(c.begin("remove_target", "load_balancer", b.ID, c.balancing(b)))
}

// targetOn is the target's place in the list, or -1.
func (b *loadBalancer) targetOn(serverID int64) int {
	return slices.IndexFunc(b.Targets, func(t schema.LoadBalancerTarget) bool { return t.Server.ID == serverID })
}

func (b *loadBalancer) forget(serverID int64) {
	b.Targets = slices.DeleteFunc(slices.Clone(b.Targets), func(t schema.LoadBalancerTarget) bool { return t.Server.ID == serverID })
}

// forgetTarget takes a server that goes out of all balancers.
func (c *Cloud) forgetTarget(serverID int64) {
	for _, b := range c.hetzner.loadBalancers {
		if b.targetOn(serverID) >= 0 {
			b.forget(serverID)
			c.begin("remove_target", "load_balancer", b.ID, c.balancing(b))
		}
	}
}

// targetAddress is where a target is reached; none when it is nowhere.
func (c *Cloud) targetAddress(b *loadBalancer, target schema.LoadBalancerTarget) netip.Addr {
	if target.UsePrivateIP && b.network != nil {
		if place := b.network.placeOf(target.Server.ID); place != nil {
			return place.address
		}
	} else if ip := c.addressOf(target.Server.ID, "ipv4"); ip != nil && !target.UsePrivateIP {
		return netip.MustParseAddr(ip.IP)
	}
	return netip.Addr{}
}

func healthKey(port int, address netip.Addr) string { return fmt.Sprintf("%d %s", port, address) }

// balancing brings what really balances up to date, when the task runs.
func (c *Cloud) balancing(b *loadBalancer) task {
	able, yes := c.config.Machines.(Balancer)
	if !yes {
		return task{}
	}
	return task{do: func(ctx context.Context) error {
		c.mutex.Lock()
		public := b.PublicNet
		wanted := Balance{ID: b.ID, Name: b.Name, IPv4: netip.MustParseAddr(public.IPv4.IP), IPv6: netip.PrefixFrom(netip.MustParseAddr(public.IPv6.IP), c.config.IPv6.Bits()), LeastConnections: b.Algorithm.Type == "least_connections", Services: slices.Clone(b.Services)}
		if b.network != nil {
			place := b.network.private(&attachment{address: b.address})
			wanted.Private = &place
		}
		for _, target := range b.Targets {
			if address := c.targetAddress(b, target); address.IsValid() {
				wanted.Targets = append(wanted.Targets, address)
			}
		}
		c.mutex.Unlock()
		return able.Balance(ctx, wanted)
	}}
}
