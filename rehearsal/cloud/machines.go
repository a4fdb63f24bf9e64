package cloud

import (
	"context"
	"net/netip"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// Server is what a bought server is told about itself.
type Server struct {
	ID             int64
	Name           string
	Type           string
	Location       string
	Image          string
	UserData       string
	AuthorizedKeys []string
	IPv4           netip.Addr
	IPv6           netip.Prefix // its address, with the length of the network it shares
	Private        []PrivateNetwork
}

// PrivateNetwork is a server's place in one: as at Hetzner, an address of its own
// and no neighbours, all traffic going by the gateway.
type PrivateNetwork struct {
	ID      int64
	Range   netip.Prefix
	Gateway netip.Addr
	Address netip.Addr
	MAC     string
}

// Machines is what bought servers run on.
type Machines interface {
	Create(ctx context.Context, s Server) error // returns when the boot has begun
	PowerOn(ctx context.Context, id int64) error
	PowerOff(ctx context.Context, id int64) error // at once
	Shutdown(ctx context.Context, id int64) error // in order
	Reboot(ctx context.Context, id int64) error
	Delete(ctx context.Context, id int64) error
}

// Networker is what Machines also implement when they can be in private networks.
// Attach and Detach are for a machine that there is; Create is told of the others.
type Networker interface {
	Attach(ctx context.Context, id int64, place PrivateNetwork) error
	Detach(ctx context.Context, id, network int64) error
}

// Balancer is what Machines also implement when they have load balancers.
type Balancer interface {
	Balance(ctx context.Context, wanted Balance) error // makes it, or brings it up to date; open connections stay
	Unbalance(ctx context.Context, id int64) error
	// Healthy tells which targets answer, by "PORT ADDRESS"; of one that was not asked
	// yet it tells nothing.
	Healthy(id int64) map[string]bool
}

// Balance is what a load balancer is to do.
type Balance struct {
	ID               int64
	Name             string
	IPv4             netip.Addr
	IPv6             netip.Prefix    // its address, with the length of the network it shares
	Private          *PrivateNetwork // nil: in none
	LeastConnections bool            // else one after the other
	Services         []schema.LoadBalancerService
	Targets          []netip.Addr
}

// Firewaller is what Machines also implement when they can enforce the cloud
// firewall. Firewall replaces a machine's rules, after its creation and after
// every change. Nil rules mean that no firewall is applied and all is open;
// with a firewall, what no inbound rule allows is dropped, and outbound traffic
// is restricted only if there is an outbound rule.
type Firewaller interface {
	Firewall(ctx context.Context, id int64, rules []FirewallRule) error
}

// FirewallRule allows what matches it.
type FirewallRule struct {
	Inbound  bool
	Protocol string // tcp, udp, icmp, gre or esp
	Port     string // "80", "1000-2000", "any"; empty for protocols without ports
	Networks []netip.Prefix
}
