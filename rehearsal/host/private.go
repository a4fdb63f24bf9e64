package host

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"rails-on-hetzner/rehearsal/cloud"
)

var _ cloud.Networker = (*Machines)(nil)

// Attach puts a machine into a private network, at once and after each boot. The
// first one to come makes the network.
func (ms *Machines) Attach(ctx context.Context, id int64, place cloud.PrivateNetwork) error {
	return ms.with(id, func(m *machine) error {
		m.server.Private = append(m.server.Private, place)
		if m.nspawn == nil {
			return nil // until it is powered on
		}
		return m.join(ctx, place)
	})
}

// Detach takes a machine out of a private network.
func (ms *Machines) Detach(ctx context.Context, id, network int64) error {
	return ms.with(id, func(m *machine) error {
		m.server.Private = slices.DeleteFunc(m.server.Private, func(p cloud.PrivateNetwork) bool { return p.ID == network })
		leader, err := m.leader()
		if err != nil {
			return nil // it is off, and knows of it at the next boot
		}
		return runAll(ctx, withinMachine(leader)("ip", "link", "del", privateLink(network)))
	})
}

// privateLink is the interface's name in the machine.
func privateLink(network int64) string { return fmt.Sprintf("enp7s%d", network) }

// join gives the machine an interface in the network, with what Hetzner's DHCP
// server would tell it: an address without neighbours, the way to all others by the
// gateway, and 1450 bytes a packet (https://docs.hetzner.com/networking/networks/).
func (m *machine) join(ctx context.Context, place cloud.PrivateNetwork) error {
	leader, err := m.awaitNetwork(ctx)
	if err != nil {
		return err
	}
	network, err := m.options.Network.private(ctx, place)
	if err != nil {
		return err
	}
	return network.plug(ctx, place, fmt.Sprintf("m%d", m.server.ID), strconv.Itoa(leader), withinMachine(leader))
}

// plug connects a host with the private network n: outer names the end here, netns
// is the host's, by name or process, and inside has commands run there.
func (n *Network) plug(ctx context.Context, place cloud.PrivateNetwork, outer, netns string, inside func(...string) []string) error {
	link := privateLink(place.ID)
	return runAll(ctx,
		n.within("ip", "link", "add", outer, "type", "veth", "peer", "name", link, "address", place.MAC, "netns", netns),
		n.within("ip", "link", "set", outer, "master", "lan", "up"),
		inside("ip", "addr", "add", place.Address.String()+"/32", "dev", link),
		inside("ip", "link", "set", link, "mtu", "1450", "up"),
		inside("ip", "route", "add", place.Gateway.String(), "dev", link),
		inside("ip", "route", "add", place.Range.String(), "via", place.Gateway.String(), "dev", link),
	)
}

// private is the network namespace that is a private network's gateway, beside the
// rehearsal's own: nobody but its servers is in it.
func (n *Network) private(ctx context.Context, place cloud.PrivateNetwork) (*Network, error) {
	network := &Network{Name: fmt.Sprintf("%s.private%d", n.Name, place.ID)}
	if slices.Contains(n.outsiders(), network.Name) {
		return network, nil
	}
	within := network.within
	return network, runAll(ctx,
		[]string{"ip", "netns", "add", network.Name},
		within("ip", "link", "set", "lo", "up"),
		within("ip", "link", "add", "lan", "address", bridgeMAC, "type", "bridge"),
		within("ip", "addr", "add", netip.PrefixFrom(place.Gateway, place.Range.Bits()).String(), "dev", "lan"),
		within("ip", "link", "set", "lan", "up"),
		// Neighbours are not told of each other: all goes by the gateway.
		within("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects; echo 0 >/proc/sys/net/ipv4/conf/lan/send_redirects"),
	)
}
