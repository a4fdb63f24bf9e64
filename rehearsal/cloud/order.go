package cloud

import (
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)

// order is a request for a server, checked as a whole before anything is made.
type order struct {
	server     *server
	firewalls  []*schema.Firewall
	ipv4, ipv6 *schema.PrimaryIP // those asked for by ID
	public     schema.ServerCreatePublicNet
}

func (c *Cloud) checkOrder(wanted schema.ServerCreateRequest) (o order, err error) {
	s := &server{name: wanted.Name, userData: wanted.UserData, created: time.Now(), status: "initializing"}
	o = order{server: s, public: schema.ServerCreatePublicNet{EnableIPv4: true, EnableIPv6: true}}
	if len(wanted.UserData) > 32<<10 {
		return o, invalid("user_data", "length must be at most 32768")
	}
	if err = c.checkServerName(s, wanted.Name); err != nil {
		return o, err
	}
	if s.labels, err = checkLabels(wanted.Labels); err != nil {
		return o, err
	}
	if s.location, err = findLocation(wanted.Location); err != nil {
		return o, err
	}
	if s.serverType, err = findServerType(wanted.ServerType, s.location); err != nil {
		return o, err
	}
	if s.image, err = findImage(wanted.Image, s.serverType.Architecture); err != nil {
		return o, err
	}
	for _, id := range wanted.SSHKeys {
		key := c.hetzner.sshKeys[id]
		if key == nil {
			return o, unfit(fmt.Sprintf("SSH key %d not found", id))
		}
		s.keys = append(s.keys, key.PublicKey)
	}
	for _, asked := range wanted.Firewalls {
		firewall := c.hetzner.firewalls[asked.Firewall]
		if firewall == nil {
			return o, unfit(fmt.Sprintf("firewall %d not found", asked.Firewall))
		}
		o.firewalls = append(o.firewalls, firewall)
	}
	if len(wanted.Networks) > 0 {
		return o, invalid("networks", "this local cloud attaches networks to servers that there are")
	}
	if wanted.PublicNet != nil {
		o.public = *wanted.PublicNet
	}
	if o.ipv4, err = c.checkAddress(s, o.public.EnableIPv4, o.public.IPv4ID, "ipv4"); err != nil {
		return o, err
	}
	o.ipv6, err = c.checkAddress(s, o.public.EnableIPv6, o.public.IPv6ID, "ipv6")
	return o, err
}

func (c *Cloud) checkServerName(s *server, name string) error {
	if !hostName.MatchString(name) || len(name) > 253 {
		return invalid("name", "must be a valid hostname")
	}
	for _, other := range c.hetzner.servers {
		if other.name == name && other != s {
			return taken("server name is already used", "name")
		}
	}
	return nil
}

// checkAddress finds the primary IP asked for by ID; nil when none was.
func (c *Cloud) checkAddress(s *server, enabled bool, id int64, version string) (*schema.PrimaryIP, error) {
	if id == 0 {
		return nil, nil
	}
	ip := c.hetzner.primaryIPs[id]
	switch {
	case !enabled:
		return nil, invalid("public_net", version+" is given but not enabled")
	case ip == nil:
		return nil, unfit(fmt.Sprintf("primary IP %d not found", id))
	case ip.Type != version:
		return nil, conflicting("primary_ip_version_mismatch", "primary IP has the wrong version")
	case ip.AssigneeID != nil:
		return nil, conflicting("primary_ip_assigned", "primary IP is already assigned")
	case ip.Location.ID != s.location.ID:
		return nil, conflicting("primary_ip_datacenter_mismatch", "primary IP is in a different location")
	}
	return ip, nil
}

// giveAddresses assigns what was ordered, and new primary IPs that go with the
// server for what is enabled and was not.
func (c *Cloud) giveAddresses(o order) error {
	for _, wish := range []struct {
		version string
		enabled bool
		given   *schema.PrimaryIP
	}{{"ipv4", o.public.EnableIPv4, o.ipv4}, {"ipv6", o.public.EnableIPv6, o.ipv6}} {
		if !wish.enabled {
			continue
		}
		if wish.given == nil {
			made, err := c.newPrimaryIP(fmt.Sprintf("primary_ip-%d", c.nextID+1), wish.version, o.server.location)
			if err != nil {
				return err
			}
			made.AutoDelete, wish.given = true, made
		}
		wish.given.AssigneeID = &o.server.id
	}
	return nil
}

func (c *Cloud) createServer(r *http.Request) (answer, error) {
	var wanted schema.ServerCreateRequest
	if err := read(r, &wanted); err != nil {
		return answer{}, err
	}
	o, err := c.checkOrder(wanted)
	if err != nil {
		return answer{}, err
	}
	s := o.server
	s.id = c.id()
	if err := c.giveAddresses(o); err != nil {
		return answer{}, err
	}
	for _, firewall := range o.firewalls {
		attach(firewall, s.id)
	}
	s.diskSize = s.serverType.Disk
	c.hetzner.servers[s.id] = s
	create := c.begin("create_server", "server", s.id, task{do: c.creating(s), then: func() { s.status = "starting" }})
	start := c.begin("start_server", "server", s.id, task{after: create, then: func() { s.status = "running" }})
	body := schema.ServerCreateResponse{Server: c.describe(s), Action: c.show(create), NextActions: []schema.Action{c.show(start)}}
	if len(s.keys) == 0 {
		password := "local-cloud-has-no-root-password"
		body.RootPassword = &password
	}
	return answer{http.StatusCreated, body}, nil
}
