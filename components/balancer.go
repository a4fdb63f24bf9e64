package components

import (
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-hcloud/sdk/go/hcloud"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Balancer is a load balancer in front of the web servers. It passes connections on
// as they come: TLS ends at each server's kamal-proxy, as with one server, so that
// growing changes nothing in what answers, and nothing is in clear on the way.
// kamal-proxy does not take the PROXY protocol: it sees the balancer's address, and
// visitors' come from Cloudflare's header.
type Balancer struct {
	pulumi.ResourceState

	IP      pulumi.StringOutput // its public IPv4 address
	IPv6    pulumi.StringOutput // its public IPv6 address
	ID      pulumi.IDOutput     // at Hetzner
	Targets []pulumi.Resource   // that the servers are behind it
}

// BalancerArgs describes the load balancer.
type BalancerArgs struct {
	Name       string            // required: at Hetzner
	Type       string            // required: Hetzner's, with room for Behind
	Location   string            // required: where the servers are
	Network    *Network          // required: by which it reaches them
	Address    netip.Addr        // required: its own there
	Host       string            // required: the app's
	HealthPath string            // required: what answers when the app is well, e.g. "/up"
	Labels     map[string]string // optional
	Behind     []Behind          // required
}

// Behind is a server that is to get visitors.
type Behind struct {
	Name     string
	Server   *Server
	Attached pulumi.Resource // its place in the network
}

// NewBalancer declares the load balancer, its place in the network, a service for
// each of the web's ports, and the servers behind it.
func NewBalancer(ctx *pulumi.Context, name string, args *BalancerArgs, opts ...pulumi.ResourceOption) (*Balancer, error) {
	self := &Balancer{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:Balancer", name, self, opts...); err != nil {
		return nil, err
	}
	child := pulumi.Parent(self)
	balancer, err := hcloud.NewLoadBalancer(ctx, name, &hcloud.LoadBalancerArgs{
		Name: pulumi.String(args.Name), LoadBalancerType: pulumi.String(args.Type), Location: pulumi.String(args.Location), Labels: pulumi.ToStringMap(args.Labels),
	}, child)
	if err != nil {
		return nil, err
	}
	attached, err := hcloud.NewLoadBalancerNetwork(ctx, name+"-network", &hcloud.LoadBalancerNetworkArgs{
		LoadBalancerId: number(balancer.ID()), SubnetId: args.Network.subnet.ID().ToStringOutput(), Ip: pulumi.String(args.Address.String()),
	}, child)
	if err != nil {
		return nil, err
	}
	for _, port := range []int{80, 443} {
		if _, err := newService(ctx, fmt.Sprintf("%s-%d", name, port), balancer, port, args, child); err != nil {
			return nil, err
		}
	}
	for _, behind := range args.Behind {
		target, err := hcloud.NewLoadBalancerTarget(ctx, name+"-"+behind.Name, &hcloud.LoadBalancerTargetArgs{
			LoadBalancerId: number(balancer.ID()), Type: pulumi.String("server"), ServerId: number(behind.Server.SSH.Server), UsePrivateIp: pulumi.Bool(true),
		}, child, pulumi.DependsOn([]pulumi.Resource{attached, behind.Attached}))
		if err != nil {
			return nil, err
		}
		self.Targets = append(self.Targets, target)
	}
	self.IP, self.IPv6, self.ID = balancer.Ipv4, balancer.Ipv6, balancer.ID()
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"ip": self.IP})
}

// WellPort is where servers tell the load balancer whether the app is well: see
// scripts/server/upkeep/balanced.sh. Asked on 443, a server that is about to go down
// could not say so before it does.
const WellPort = 9080

// newService passes a port on to servers that are well.
func newService(ctx *pulumi.Context, name string, balancer *hcloud.LoadBalancer, port int, args *BalancerArgs, opts ...pulumi.ResourceOption) (*hcloud.LoadBalancerService, error) {
	return hcloud.NewLoadBalancerService(ctx, name, &hcloud.LoadBalancerServiceArgs{
		LoadBalancerId: balancer.ID().ToStringOutput(), Protocol: pulumi.String("tcp"), ListenPort: pulumi.Int(port), DestinationPort: pulumi.Int(port),
		HealthCheck: hcloud.LoadBalancerServiceHealthCheckArgs{
			Protocol: pulumi.String("http"), Port: pulumi.Int(WellPort), Interval: pulumi.Int(5), Timeout: pulumi.Int(4), Retries: pulumi.Int(2),
			Http: hcloud.LoadBalancerServiceHealthCheckHttpArgs{
				Domain: pulumi.String(args.Host), Path: pulumi.String(args.HealthPath), StatusCodes: pulumi.StringArray{pulumi.String("2??")},
			},
		},
	}, opts...)
}
