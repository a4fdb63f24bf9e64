package cloud

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// server is a bought one. Its addresses and firewalls know what they are
// assigned to, not the other way round.
type server struct {
	id         int64
	name       string
	status     string // initializing, starting, running or off
	created    time.Time
	serverType schema.ServerType
	diskSize   int // GB: stays when the type changes and the disk is kept
	image      schema.Image
	location   schema.Location
	labels     map[string]string
	keys       []string // as in authorized_keys
	userData   string
	protection schema.ServerProtection
	hasMachine bool // read and set by the actions, of which one runs at a time
}

func (c *Cloud) serverRoutes() map[string]handle {
	shown := kind[schema.Server]{
		one: "server", many: "servers",
		all: func() (all []schema.Server) {
			for _, s := range c.hetzner.servers {
				all = append(all, c.describe(s))
			}
			return all
		},
		id:     func(s schema.Server) int64 { return s.ID },
		labels: func(s schema.Server) map[string]string { return s.Labels },
		filters: map[string]func(schema.Server) string{
			"name":   func(s schema.Server) string { return s.Name },
			"status": func(s schema.Server) string { return s.Status },
		},
	}
	routes := shown.routes()
	routes["POST /v1/servers"] = c.createServer
	routes["PUT /v1/servers/{id}"] = c.updateServer
	routes["DELETE /v1/servers/{id}"] = c.deleteServer
	for command, do := range c.serverActions() {
		routes["POST /v1/servers/{id}/actions/"+command] = do
	}
	return routes
}

// describe is the server as the API shows it.
func (c *Cloud) describe(s *server) schema.Server {
	shown := schema.Server{
		ID: s.id, Name: s.name, Status: s.status, Created: s.created, ServerType: s.serverType, Image: &s.image,
		Location: s.location, Labels: s.labels, Locked: c.hetzner.busy[s.id] > 0,
		PrimaryDiskSize: s.diskSize, IncludedTraffic: 20 << 40, Protection: s.protection,
		PublicNet:  schema.ServerPublicNet{FloatingIPs: []int64{}, Firewalls: []schema.ServerFirewall{}},
		PrivateNet: c.privateNets(s.id), Volumes: []int64{}, LoadBalancers: []int64{},
	}
	if ip := c.addressOf(s.id, "ipv4"); ip != nil {
		shown.PublicNet.IPv4 = schema.ServerPublicNetIPv4{ID: ip.ID, IP: ip.IP}
	}
	if ip := c.addressOf(s.id, "ipv6"); ip != nil {
		shown.PublicNet.IPv6 = schema.ServerPublicNetIPv6{ID: ip.ID, IP: ip.IP, DNSPtr: []schema.ServerPublicNetIPv6DNSPtr{}}
	}
	for _, firewall := range c.firewallsOn(s.id) {
		shown.PublicNet.Firewalls = append(shown.PublicNet.Firewalls, schema.ServerFirewall{ID: firewall.ID, Status: "applied"})
	}
	return shown
}

// machine is what the machine of the server is to be.
func (c *Cloud) machine(s *server) Server {
	wanted := Server{
		ID: s.id, Name: s.name, Type: s.serverType.Name, Location: s.location.Name, Image: *s.image.Name,
		UserData: s.userData, AuthorizedKeys: s.keys,
	}
	if ip := c.addressOf(s.id, "ipv4"); ip != nil {
		wanted.IPv4 = netip.MustParseAddr(ip.IP)
	}
	if ip := c.addressOf(s.id, "ipv6"); ip != nil {
		wanted.IPv6 = netip.PrefixFrom(netip.MustParsePrefix(ip.IP).Addr().Next(), c.config.IPv6.Bits())
	}
	for _, n := range c.networksOf(s.id) {
		wanted.Private = append(wanted.Private, n.private(n.placeOf(s.id)))
	}
	return wanted
}

// creating starts the server's machine, with its firewall. Nothing is left of
// one that does not start.
func (c *Cloud) creating(s *server) func(context.Context) error {
	wanted := c.machine(s)
	return func(ctx context.Context) error {
		if c.config.Machines == nil {
			return nil
		}
		if err := c.config.Machines.Create(ctx, wanted); err != nil {
			_ = c.config.Machines.Delete(context.WithoutCancel(ctx), wanted.ID) // there may be none
			return err
		}
		s.hasMachine = true
		return c.enforce(ctx, wanted.ID)
	}
}

// removing ends the server's machine, if it has one.
func (c *Cloud) removing(s *server) func(context.Context) error {
	return func(ctx context.Context) error {
		if !s.hasMachine {
			return nil
		}
		s.hasMachine = false
		return c.config.Machines.Delete(ctx, s.id)
	}
}

func (c *Cloud) updateServer(r *http.Request) (answer, error) {
	s, wanted, err := findAndRead[server, schema.ServerUpdateRequest](r, c.hetzner.servers)
	if err != nil {
		return answer{}, err
	}
	if wanted.Labels != nil {
		if s.labels, err = checkLabels(wanted.Labels); err != nil {
			return answer{}, err
		}
	}
	if wanted.Name != "" {
		if err := c.checkServerName(s, wanted.Name); err != nil {
			return answer{}, err
		}
		s.name = wanted.Name
	}
	return answer{body: schema.ServerUpdateResponse{Server: c.describe(s)}}, nil
}

// deleteServer keeps the server until its machine is gone, and with it the use
// of its addresses and firewalls.
func (c *Cloud) deleteServer(r *http.Request) (answer, error) {
	s, err := c.idleServer(r)
	if err != nil {
		return answer{}, err
	}
	if s.protection.Delete {
		return answer{}, errProtected
	}
	begun := c.begin("delete_server", "server", s.id, task{
		do: c.removing(s),
		then: func() {
			for _, version := range []string{"ipv4", "ipv6"} {
				c.release(c.addressOf(s.id, version))
			}
			for _, firewall := range c.hetzner.firewalls {
				detach(firewall, s.id)
			}
			c.forgetTarget(s.id)
			for _, n := range c.networksOf(s.id) {
				n.attached = slices.DeleteFunc(n.attached, func(a *attachment) bool { return a.server == s.id })
			}
			delete(c.hetzner.servers, s.id)
		},
	})
	return answer{body: schema.ServerDeleteResponse{Action: c.show(begun)}}, nil
}

func (c *Cloud) release(ip *schema.PrimaryIP) {
	if ip == nil {
		return
	}
	ip.AssigneeID = nil
	if ip.AutoDelete {
		delete(c.hetzner.primaryIPs, ip.ID)
	}
}

// idleServer finds the server on which no action runs.
func (c *Cloud) idleServer(r *http.Request) (*server, error) {
	return idle(c, r, c.hetzner.servers, "server")
}
