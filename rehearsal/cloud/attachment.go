package cloud

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// attachment is a server's place in a network.
type attachment struct {
	server  int64
	address netip.Addr
}

func (c *Cloud) attachServer(r *http.Request) (answer, error) {
	s, wanted, err := idleAndRead[server, schema.ServerActionAttachToNetworkRequest](r, c.idleServer)
	if err != nil {
		return answer{}, err
	}
	n := c.hetzner.networks[wanted.Network]
	switch {
	case n == nil:
		return answer{}, notFound("network")
	case len(wanted.AliasIPs) > 0:
		return answer{}, invalid("alias_ips", "this local cloud has none")
	case n.placeOf(s.id) != nil:
		return answer{}, conflicting("server_already_attached", "server is already attached to the network")
	}
	for _, other := range c.networksOf(s.id) {
		if other.ipRange.Overlaps(n.ipRange) {
			return answer{}, conflicting("networks_overlap", "the network's IP range overlaps with one of the server's networks")
		}
	}
	address, err := n.freeAddress(wanted.IP, wanted.IPRange, s.location.NetworkZone)
	if err != nil {
		return answer{}, err
	}
	place := &attachment{server: s.id, address: address}
	n.attached = append(n.attached, place)
	return c.begun(c.begin("attach_to_network", "server", s.id, task{do: c.onNetworks(s.id, func(ctx context.Context, able Networker) error {
		return able.Attach(ctx, s.id, n.private(place))
	})}))
}

// freeAddress is the one asked for, or the first free one of a subnet in the
// server's zone. The network's first address is the gateway's, and those at a
// subnet's ends are nobody's.
func (n *network) freeAddress(ip, ipRange *string, zone string) (netip.Addr, error) {
	var wanted netip.Addr
	if ip != nil {
		var err error
		if wanted, err = netip.ParseAddr(*ip); err != nil {
			return wanted, invalid("ip", "must be a valid IP address")
		}
	}
	for i, subnet := range n.ranges() {
		if n.Subnets[i].NetworkZone != zone || ipRange != nil && *ipRange != subnet.String() || wanted.IsValid() && !subnet.Contains(wanted) {
			continue
		}
		for address := subnet.Addr().Next(); subnet.Contains(address.Next()); address = address.Next() {
			if wanted.IsValid() && wanted != address || address == n.gateway() || n.taken(address) {
				continue
			}
			return address, nil
		}
	}
	if wanted.IsValid() {
		return wanted, conflicting("ip_not_available", "the provided IP is not available in a subnet of the server's network zone")
	}
	return wanted, conflicting("no_subnet_available", "no subnet or IP is available for the server within the network")
}

func (n *network) taken(address netip.Addr) bool {
	return slices.ContainsFunc(n.attached, func(a *attachment) bool { return a.address == address }) ||
		slices.ContainsFunc(n.balancers, func(b *loadBalancer) bool { return b.address == address })
}

func (c *Cloud) detachServer(r *http.Request) (answer, error) {
	s, wanted, err := idleAndRead[server, schema.ServerActionDetachFromNetworkRequest](r, c.idleServer)
	if err != nil {
		return answer{}, err
	}
	n := c.hetzner.networks[wanted.Network]
	if n == nil || n.placeOf(s.id) == nil {
		return answer{}, notFound("network")
	}
	return c.begun(c.begin("detach_from_network", "server", s.id, c.detaching(n, n.placeOf(s.id))))
}

func (c *Cloud) detaching(n *network, place *attachment) task {
	n.attached = slices.DeleteFunc(n.attached, func(a *attachment) bool { return a == place })
	return task{do: c.onNetworks(place.server, func(ctx context.Context, able Networker) error {
		return able.Detach(ctx, place.server, n.ID)
	})}
}

// onNetworks is work on the server's machine, or none where machines have no networks.
func (c *Cloud) onNetworks(serverID int64, do func(context.Context, Networker) error) func(context.Context) error {
	able, yes := c.config.Machines.(Networker)
	if !yes {
		return nil
	}
	return c.onMachine(serverID, func(_ Machines, ctx context.Context, _ int64) error { return do(ctx, able) })
}

func (n *network) placeOf(serverID int64) *attachment {
	if at := slices.IndexFunc(n.attached, func(a *attachment) bool { return a.server == serverID }); at >= 0 {
		return n.attached[at]
	}
	return nil
}

// networksOf lists a server's networks, oldest first.
func (c *Cloud) networksOf(serverID int64) []*network {
	on := slices.DeleteFunc(values(c.hetzner.networks)(), func(n *network) bool { return n.placeOf(serverID) == nil })
	slices.SortFunc(on, func(a, b *network) int { return int(a.ID - b.ID) })
	return on
}

// private is what a machine is told of its place.
func (n *network) private(place *attachment) PrivateNetwork {
	return PrivateNetwork{ID: n.ID, Range: n.ipRange, Gateway: n.gateway(), Address: place.address, MAC: macOf(place.address)}
}

// macOf is one of its own for each address.
func macOf(address netip.Addr) string {
	at := address.As4()
	return fmt.Sprintf("86:00:%02x:%02x:%02x:%02x", at[0], at[1], at[2], at[3])
}

// privateNets are a server's places as the API shows them.
func (c *Cloud) privateNets(serverID int64) []schema.ServerPrivateNet {
	shown := []schema.ServerPrivateNet{}
	for _, n := range c.networksOf(serverID) {
		place := n.private(n.placeOf(serverID))
		shown = append(shown, schema.ServerPrivateNet{Network: n.ID, IP: place.Address.String(), AliasIPs: []string{}, MACAddress: place.MAC})
	}
	return shown
}
