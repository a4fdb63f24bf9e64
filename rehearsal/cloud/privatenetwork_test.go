package cloud

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

func TestPrivateNetwork_GivesAddressesInTheServersZone(t *testing.T) {
	machines := &networked{}
	c := start(t, Config{Machines: machines})
	network := c.network(t, "10.0.0.0/16", "10.0.1.0/24", "us-west", "10.0.2.0/24", "eu-central")
	order := order1(t, c)
	for i, want := range []string{"10.0.1.1", "10.0.1.2"} {
		order.Name = fmt.Sprintf("web-%d", i+1)
		server := c.buy(t, order)
		c.attach(t, server, network, "")
		found, _, err := c.hetzner().Server.GetByID(ctx, server.ID)
		must(t, err)
		if place := found.PrivateNet[0]; len(found.PrivateNet) != 1 || place.IP.String() != want || place.Network.ID != network.ID {
			t.Errorf("server %d has %+v", i+1, found.PrivateNet)
		}
	}
	if told := strings.Join(machines.told, "; "); told != "create; firewall; 10.0.1.1 by 10.0.0.1; create; firewall; 10.0.1.2 by 10.0.0.1" {
		t.Errorf("the machines were told: %s", told)
	}
	found, _, err := c.hetzner().Network.GetByID(ctx, network.ID)
	must(t, err)
	if len(found.Servers) != 2 || found.Subnets[0].Gateway.String() != "10.0.0.1" {
		t.Errorf("%+v", found)
	}
}

func TestPrivateNetwork_IsLeftByAServerThatIsDeleted(t *testing.T) {
	c := start(t, Config{})
	network, server := c.network(t, "10.0.0.0/16", "10.0.0.0/24", "us-west"), c.buy(t, order1(t, c))
	c.attach(t, server, network, "10.0.0.7")
	_, _, err := c.hetzner().Network.DeleteSubnet(ctx, network, hcloud.NetworkDeleteSubnetOpts{Subnet: hcloud.NetworkSubnet{IPRange: prefix("10.0.0.0/24")}})
	refusedAs(t, err, "resource_in_use")
	result, _, err := c.hetzner().Server.DeleteWithResult(ctx, server)
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, result.Action))
	c.act(t)(c.hetzner().Network.DeleteSubnet(ctx, network, hcloud.NetworkDeleteSubnetOpts{Subnet: hcloud.NetworkSubnet{IPRange: prefix("10.0.0.0/24")}}))
}

func TestPrivateNetwork_RefusesWhatTheAPIRefuses(t *testing.T) {
	c := start(t, Config{})
	network, server := c.network(t, "10.0.0.0/16", "10.0.0.0/29", "us-west"), c.buy(t, order1(t, c))
	create := func(name, ipRange string) error {
		_, _, err := c.hetzner().Network.Create(ctx, hcloud.NetworkCreateOpts{Name: name, IPRange: prefix(ipRange)})
		return err
	}
	subnet := func(ipRange string, zone hcloud.NetworkZone) error {
		_, _, err := c.hetzner().Network.AddSubnet(ctx, network, hcloud.NetworkAddSubnetOpts{Subnet: hcloud.NetworkSubnet{Type: "cloud", IPRange: prefix(ipRange), NetworkZone: zone}})
		return err
	}
	attach := func(ip string) error {
		_, _, err := c.hetzner().Server.AttachToNetwork(ctx, server, hcloud.ServerAttachToNetworkOpts{Network: network, IP: net.ParseIP(ip)})
		return err
	}
	refusedAs(t, create("private", "10.1.0.0/16"), "uniqueness_error")
	refusedAs(t, create("public", "203.0.113.0/24"), "invalid_input")
	refusedAs(t, create("small", "10.9.0.0/25"), "invalid_input")
	refusedAs(t, subnet("10.1.0.0/24", "us-west"), "invalid_input")
	refusedAs(t, subnet("10.0.0.0/24", "us-west"), "invalid_input")
	refusedAs(t, subnet("10.0.1.0/24", "moon"), "invalid_input")
	refusedAs(t, attach("10.0.0.1"), "ip_not_available") // the gateway's
	refusedAs(t, attach("10.0.0.7"), "ip_not_available") // the last of the subnet
	c.attach(t, server, network, "10.0.0.2")
	refusedAs(t, attach("10.0.0.3"), "server_already_attached")
	other, _, err := c.hetzner().Network.Create(ctx, hcloud.NetworkCreateOpts{Name: "overlapping", IPRange: prefix("10.0.0.0/8")})
	must(t, err)
	_, _, err = c.hetzner().Server.AttachToNetwork(ctx, server, hcloud.ServerAttachToNetworkOpts{Network: other})
	refusedAs(t, err, "networks_overlap")
	abroad := c.network(t, "192.168.0.0/16", "192.168.1.0/24", "eu-central")
	_, _, err = c.hetzner().Server.AttachToNetwork(ctx, server, hcloud.ServerAttachToNetworkOpts{Network: abroad})
	refusedAs(t, err, "no_subnet_available")
}

// network makes one with subnets: a range and a zone each.
func (c testCloud) network(t *testing.T, ipRange string, subnets ...string) *hcloud.Network {
	t.Helper()
	name := "private"
	if ipRange != "10.0.0.0/16" {
		name += "-" + ipRange[:3]
	}
	network, _, err := c.hetzner().Network.Create(ctx, hcloud.NetworkCreateOpts{Name: name, IPRange: prefix(ipRange)})
	must(t, err)
	for i := 0; i < len(subnets); i += 2 {
		c.act(t)(c.hetzner().Network.AddSubnet(ctx, network, hcloud.NetworkAddSubnetOpts{Subnet: hcloud.NetworkSubnet{Type: "cloud", IPRange: prefix(subnets[i]), NetworkZone: hcloud.NetworkZone(subnets[i+1])}}))
	}
	return network
}

func (c testCloud) attach(t *testing.T, server *hcloud.Server, network *hcloud.Network, ip string) {
	t.Helper()
	c.act(t)(c.hetzner().Server.AttachToNetwork(ctx, server, hcloud.ServerAttachToNetworkOpts{Network: network, IP: net.ParseIP(ip)}))
}

func prefix(text string) *net.IPNet {
	network := netip.MustParsePrefix(text)
	return &net.IPNet{IP: network.Addr().AsSlice(), Mask: net.CIDRMask(network.Bits(), 32)}
}

// networked are machines that remember their places in networks.
type networked struct{ recorder }

func (m *networked) Attach(_ context.Context, _ int64, place PrivateNetwork) error {
	return m.note(place.Address.String() + " by " + place.Gateway.String())
}

func (m *networked) Detach(_ context.Context, _, network int64) error {
	return m.note("left")
}
