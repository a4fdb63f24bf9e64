package components

import (
	"net/netip"
	"strconv"

	"github.com/pulumi/pulumi-hcloud/sdk/go/hcloud"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Network is the private network of a stack of several servers: nobody else is in it.
type Network struct {
	pulumi.ResourceState

	subnet *hcloud.NetworkSubnet
}

// NetworkArgs describes the network.
type NetworkArgs struct {
	Name   string            // required: at Hetzner
	Range  netip.Prefix      // required: of the whole
	Subnet netip.Prefix      // required: within Range, which the addresses are of
	Zone   string            // required: Hetzner's network zone that the servers' location is in
	Labels map[string]string // optional
}

// NewNetwork declares the network and its one subnet.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	self := &Network{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:Network", name, self, opts...); err != nil {
		return nil, err
	}
	network, err := hcloud.NewNetwork(ctx, name, &hcloud.NetworkArgs{
		Name: pulumi.String(args.Name), IpRange: pulumi.String(args.Range.String()), Labels: pulumi.ToStringMap(args.Labels),
	}, pulumi.Parent(self))
	if err != nil {
		return nil, err
	}
	self.subnet, err = hcloud.NewNetworkSubnet(ctx, name+"-subnet", &hcloud.NetworkSubnetArgs{
		NetworkId: number(network.ID()), Type: pulumi.String("cloud"), NetworkZone: pulumi.String(args.Zone), IpRange: pulumi.String(args.Subnet.String()),
	}, pulumi.Parent(self))
	if err != nil {
		return nil, err
	}
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{})
}

// Attach puts a server into the network, at an address of its subnet. Where the server
// goes for good, it is in it until it is gone, for whoever is still being served. Where
// it is replaced, Pulumi takes it out first: scripts/replace ends its connections before.
func (n *Network) Attach(ctx *pulumi.Context, name string, server *Server, address netip.Addr) (pulumi.Resource, error) {
	return hcloud.NewServerNetwork(ctx, name+"-network", &hcloud.ServerNetworkArgs{
		ServerId: number(server.SSH.Server), SubnetId: n.subnet.ID().ToStringOutput(), Ip: pulumi.String(address.String()),
	}, pulumi.Parent(server), pulumi.DeletedWith(server.machine), pulumi.DeleteBeforeReplace(true)) // its address is taken while it exists
}

// Inside says who of the private network reaches what on a server.
type Inside struct {
	Network  netip.Prefix // required: the network; what is not named here is shut to it
	Balancer netip.Addr   // optional: who reaches ports 80 and 443, and WellPort
	Database netip.Addr   // optional: the server's own address, at which the network reaches its PostgreSQL
}

// variables are what the server's script is told of it; none where there is no
// private network.
func (i *Inside) variables() map[string]string {
	if i == nil {
		return nil
	}
	text := func(address netip.Addr) string {
		if !address.IsValid() {
			return ""
		}
		return address.String()
	}
	return map[string]string{"PRIVATE_NETWORK": i.Network.String(), "BALANCER": text(i.Balancer), "WELL_PORT": strconv.Itoa(WellPort), "DATABASE_DOOR": text(i.Database)}
}
