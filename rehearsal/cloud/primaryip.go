package cloud

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

func (c *Cloud) primaryIPRoutes() map[string]handle {
	routes := kind[*schema.PrimaryIP]{
		one: "primary_ip", many: "primary_ips", all: values(c.hetzner.primaryIPs),
		id:     func(ip *schema.PrimaryIP) int64 { return ip.ID },
		labels: func(ip *schema.PrimaryIP) map[string]string { return ip.Labels },
		filters: map[string]func(*schema.PrimaryIP) string{
			"name": func(ip *schema.PrimaryIP) string { return ip.Name },
			"ip":   func(ip *schema.PrimaryIP) string { return ip.IP },
		},
	}.routes()
	routes["POST /v1/primary_ips"] = c.createPrimaryIP
	routes["PUT /v1/primary_ips/{id}"] = c.updatePrimaryIP
	routes["DELETE /v1/primary_ips/{id}"] = c.deletePrimaryIP
	routes["POST /v1/primary_ips/{id}/actions/change_protection"] = c.protectPrimaryIP
	routes["POST /v1/primary_ips/{id}/actions/assign"] = c.assignPrimaryIP
	routes["POST /v1/primary_ips/{id}/actions/unassign"] = c.unassignPrimaryIP
	return routes
}

func (c *Cloud) createPrimaryIP(r *http.Request) (answer, error) {
	var wanted schema.PrimaryIPCreateRequest
	if err := read(r, &wanted); err != nil {
		return answer{}, err
	}
	switch {
	case wanted.Name == "":
		return answer{}, invalid("name", "missing data for required field")
	case wanted.Type != "ipv4" && wanted.Type != "ipv6":
		return answer{}, invalid("type", "must be one of: ipv4, ipv6")
	case wanted.AssigneeType != "" && wanted.AssigneeType != "server":
		return answer{}, invalid("assignee_type", "must be one of: server")
	case wanted.AssigneeID != nil:
		return answer{}, invalid("assignee_id", "this local cloud assigns primary IPs when servers are created, or later")
	}
	where, err := findLocation(wanted.Location)
	if err != nil {
		return answer{}, err
	}
	labels, err := checkLabels(wanted.Labels)
	if err != nil {
		return answer{}, err
	}
	made, err := c.newPrimaryIP(wanted.Name, wanted.Type, where)
	if err != nil {
		return answer{}, err
	}
	made.Labels, made.AutoDelete = labels, wanted.AutoDelete != nil && *wanted.AutoDelete
	begun := c.show(c.begin("create_primary_ip", "primary_ip", made.ID, task{}))
	return answer{http.StatusCreated, schema.PrimaryIPCreateResponse{PrimaryIP: *made, Action: &begun}}, nil
}

// newPrimaryIP takes an address from the pool.
func (c *Cloud) newPrimaryIP(name, version string, where schema.Location) (*schema.PrimaryIP, error) {
	ip := &schema.PrimaryIP{
		Type: version, AssigneeType: "server", Location: where, Created: time.Now(),
		Labels: map[string]string{}, DNSPtr: []schema.PrimaryIPDNSPTR{},
	}
	if err := c.namePrimaryIP(ip, name); err != nil {
		return nil, err
	}
	text, err := c.freeAddress(version)
	if err != nil {
		return nil, err
	}
	ip.ID, ip.IP = c.id(), text
	c.hetzner.primaryIPs[ip.ID] = ip
	return ip, nil
}

// freeAddress is one of the pool, or a network where version is ipv6.
func (c *Cloud) freeAddress(version string) (string, error) {
	used := map[string]bool{}
	for _, other := range c.hetzner.primaryIPs {
		used[other.IP] = true
	}
	for _, balancer := range c.hetzner.loadBalancers {
		used[balancer.PublicNet.IPv4.IP] = true
		used[c.networkAround(balancer.PublicNet.IPv6.IP)] = true
	}
	for i, address := range c.config.IPv4 {
		text := address.String()
		if version == "ipv6" { // as many networks as addresses
			text = networkOf(c.config.IPv6, uint16(i+1)).String()
		}
		if !used[text] {
			return text, nil
		}
	}
	return "", &refusal{status: http.StatusPreconditionFailed, code: "resource_unavailable", message: "no IP available"}
}

// networkOf is the nth network of the pool. Hetzner gives out a /64 each; a pool
// that is a mere /64 is given out in parts, so that they share a link.
func networkOf(pool netip.Prefix, n uint16) netip.Prefix {
	bits := 64
	if pool.Bits() > 48 {
		bits = pool.Bits() + 16
	}
	address := pool.Masked().Addr().As16()
	address[bits/8-2], address[bits/8-1] = byte(n>>8), byte(n)
	return netip.PrefixFrom(netip.AddrFrom16(address), bits)
}

// networkAround is the network of the pool that an address is in.
func (c *Cloud) networkAround(address string) string {
	return netip.PrefixFrom(netip.MustParseAddr(address), networkOf(c.config.IPv6, 0).Bits()).Masked().String()
}

func (c *Cloud) namePrimaryIP(ip *schema.PrimaryIP, name string) error {
	for _, other := range c.hetzner.primaryIPs {
		if other.Name == name && other != ip {
			return taken("primary IP with the same name already exists", "name")
		}
	}
	ip.Name = name
	return nil
}

func (c *Cloud) updatePrimaryIP(r *http.Request) (answer, error) {
	ip, wanted, err := findAndRead[schema.PrimaryIP, schema.PrimaryIPUpdateRequest](r, c.hetzner.primaryIPs)
	if err != nil {
		return answer{}, err
	}
	if wanted.Labels != nil {
		if ip.Labels, err = checkLabels(wanted.Labels); err != nil {
			return answer{}, err
		}
	}
	if wanted.AutoDelete != nil {
		ip.AutoDelete = *wanted.AutoDelete
	}
	if wanted.Name != "" {
		err = c.namePrimaryIP(ip, wanted.Name)
	}
	return answer{body: map[string]any{"primary_ip": ip}}, err
}

func (c *Cloud) deletePrimaryIP(r *http.Request) (answer, error) {
	ip, err := find(r, c.hetzner.primaryIPs)
	switch {
	case err != nil:
		return answer{}, err
	case ip.Protection.Delete:
		return answer{}, errProtected
	case ip.AssigneeID != nil:
		return answer{}, &refusal{status: http.StatusConflict, code: "must_be_unassigned", message: "primary IP must be unassigned"}
	}
	delete(c.hetzner.primaryIPs, ip.ID)
	return answer{status: http.StatusNoContent}, nil
}

func (c *Cloud) protectPrimaryIP(r *http.Request) (answer, error) {
	ip, wanted, err := findAndRead[schema.PrimaryIP, schema.PrimaryIPActionChangeProtectionRequest](r, c.hetzner.primaryIPs)
	if err != nil {
		return answer{}, err
	}
	ip.Protection.Delete = wanted.Delete
	return c.begun(c.begin("change_protection", "primary_ip", ip.ID, task{}))
}

func (c *Cloud) assignPrimaryIP(r *http.Request) (answer, error) {
	ip, wanted, err := findAndRead[schema.PrimaryIP, schema.PrimaryIPActionAssignRequest](r, c.hetzner.primaryIPs)
	if err != nil {
		return answer{}, err
	}
	target := c.hetzner.servers[wanted.AssigneeID]
	switch {
	case target == nil:
		return answer{}, notFound("server")
	case ip.AssigneeID != nil:
		return answer{}, conflicting("primary_ip_already_assigned", "primary IP is already assigned")
	case target.status != "off":
		return answer{}, conflicting("server_not_stopped", "server must be stopped")
	case c.addressOf(target.id, ip.Type) != nil:
		return answer{}, conflicting("server_has_"+ip.Type, "server already has a primary "+ip.Type)
	case ip.Location.ID != target.location.ID:
		return answer{}, conflicting("primary_ip_datacenter_mismatch", "primary IP is in a different location")
	}
	ip.AssigneeID = &target.id
	return c.begun(c.begin("assign_primary_ip", "primary_ip", ip.ID, task{}))
}

func (c *Cloud) unassignPrimaryIP(r *http.Request) (answer, error) {
	ip, err := find(r, c.hetzner.primaryIPs)
	switch {
	case err != nil:
		return answer{}, err
	case ip.AssigneeID == nil:
		return answer{}, conflicting("primary_ip_not_assigned", "primary IP is not assigned")
	case c.hetzner.servers[*ip.AssigneeID].status != "off":
		return answer{}, conflicting("server_not_stopped", "server must be stopped")
	}
	ip.AssigneeID = nil
	return c.begun(c.begin("unassign_primary_ip", "primary_ip", ip.ID, task{}))
}

// addressOf is the server's primary IP of a version, or nil.
func (c *Cloud) addressOf(serverID int64, version string) *schema.PrimaryIP {
	for _, ip := range c.hetzner.primaryIPs {
		if ip.AssigneeID != nil && *ip.AssigneeID == serverID && ip.Type == version {
			return ip
		}
	}
	return nil
}
