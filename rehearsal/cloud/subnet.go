package cloud

import (
	"net/http"
	"net/netip"
	"slices"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

func (c *Cloud) addSubnet(r *http.Request) (answer, error) {
	n, wanted, err := findAndRead[network, schema.NetworkActionAddSubnetRequest](r, c.hetzner.networks)
	if err != nil {
		return answer{}, err
	}
	if err := n.add(wanted); err != nil {
		return answer{}, err
	}
	return c.begun(c.begin("add_subnet", "network", n.ID, task{}))
}

// add checks a subnet and gives it the first free /24 where it names no range.
func (n *network) add(wanted schema.NetworkActionAddSubnetRequest) error {
	if wanted.Type != "cloud" && wanted.Type != "server" {
		return invalid("type", "this local cloud has subnets of the type cloud only")
	}
	if !slices.ContainsFunc(locations, func(l schema.Location) bool { return l.NetworkZone == wanted.NetworkZone }) {
		return invalid("network_zone", "is not known")
	}
	subnet, err := n.freeRange()
	if wanted.IPRange != "" {
		subnet, err = privateRange("ip_range", wanted.IPRange, 30)
	}
	switch {
	case err != nil:
		return err
	case !n.ipRange.Contains(subnet.Addr()) || subnet.Bits() < n.ipRange.Bits():
		return invalid("ip_range", "must be within the network's "+n.IPRange)
	case slices.ContainsFunc(n.ranges(), subnet.Overlaps):
		return invalid("ip_range", "overlaps with another subnet")
	}
	n.Subnets = append(n.Subnets, schema.NetworkSubnet{Type: wanted.Type, IPRange: subnet.String(), NetworkZone: wanted.NetworkZone, Gateway: n.gateway().String()})
	return nil
}

// ranges are those of its subnets, in their order.
func (n *network) ranges() (all []netip.Prefix) {
	for _, subnet := range n.Subnets {
		all = append(all, netip.MustParsePrefix(subnet.IPRange)) // checked when it was added
	}
	return all
}

// gateway is the first address of the network, whatever its subnets are.
func (n *network) gateway() netip.Addr { return n.ipRange.Addr().Next() }

func (n *network) freeRange() (netip.Prefix, error) {
	for at := n.ipRange.Addr(); n.ipRange.Contains(at); at = addressAfter(netip.PrefixFrom(at, 24)) {
		if subnet := netip.PrefixFrom(at, 24); !slices.ContainsFunc(n.ranges(), subnet.Overlaps) {
			return subnet, nil
		}
	}
	return netip.Prefix{}, conflicting("no_subnet_available", "no free subnet available in the network")
}

// addressAfter is the first one behind a network.
func addressAfter(network netip.Prefix) netip.Addr {
	at := network.Addr().As4()
	for carry, i := 1<<(32-network.Bits()), 3; i >= 0; i-- {
		carry += int(at[i])
		at[i], carry = byte(carry), carry>>8
	}
	return netip.AddrFrom4(at)
}

// deleteSubnet refuses while servers have addresses in it.
func (c *Cloud) deleteSubnet(r *http.Request) (answer, error) {
	n, wanted, err := findAndRead[network, schema.NetworkActionDeleteSubnetRequest](r, c.hetzner.networks)
	if err != nil {
		return answer{}, err
	}
	at := slices.IndexFunc(n.Subnets, func(s schema.NetworkSubnet) bool { return s.IPRange == wanted.IPRange })
	if at < 0 {
		return answer{}, notFound("subnet")
	}
	if slices.ContainsFunc(n.attached, func(a *attachment) bool { return n.ranges()[at].Contains(a.address) }) {
		return answer{}, conflicting("resource_in_use", "subnet still has servers attached")
	}
	n.Subnets = slices.Delete(n.Subnets, at, at+1)
	return c.begun(c.begin("delete_subnet", "network", n.ID, task{}))
}
