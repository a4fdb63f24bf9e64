package cloud

import (
	"context"
	"net/netip"
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
}

// Machines is what bought servers run on.
type Machines interface {
	Create(ctx context.Context, s Server) error // returns when the boot has begun
	PowerOn(ctx context.Context, id int64) error
	PowerOff(ctx context.Context, id int64) error
	Reboot(ctx context.Context, id int64) error
	Delete(ctx context.Context, id int64) error
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
