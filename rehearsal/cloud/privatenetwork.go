package cloud

import (
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// network is a private one. Its servers are found by what is attached to it.
type network struct {
	schema.Network
	ipRange   netip.Prefix
	attached  []*attachment
	balancers []*loadBalancer
}

func (c *Cloud) networkRoutes() map[string]handle {
	routes := kind[schema.Network]{
		one: "network", many: "networks",
		all: func() (all []schema.Network) {
			for _, n := range c.hetzner.networks {
				all = append(all, n.describe())
			}
			return all
		},
		id:      func(n schema.Network) int64 { return n.ID },
		labels:  func(n schema.Network) map[string]string { return n.Labels },
		filters: map[string]func(schema.Network) string{"name": func(n schema.Network) string { return n.Name }},
	}.routes()
	routes["POST /v1/networks"] = c.createNetwork
	routes["PUT /v1/networks/{id}"] = c.updateNetwork
	routes["DELETE /v1/networks/{id}"] = c.deleteNetwork
	routes["POST /v1/networks/{id}/actions/change_protection"] = c.protectNetwork
	routes["POST /v1/networks/{id}/actions/add_subnet"] = c.addSubnet
	routes["POST /v1/networks/{id}/actions/delete_subnet"] = c.deleteSubnet
	return routes
}

// describe is the network as the API shows it.
func (n *network) describe() schema.Network {
	shown := n.Network
	shown.Subnets, shown.Routes = slices.Clone(n.Subnets), []schema.NetworkRoute{}
	shown.Servers, shown.LoadBalancers = []int64{}, []int64{}
	for _, a := range n.attached {
		shown.Servers = append(shown.Servers, a.server)
	}
	for _, b := range n.balancers {
		shown.LoadBalancers = append(shown.LoadBalancers, b.ID)
	}
	return shown
}

func (c *Cloud) createNetwork(r *http.Request) (answer, error) {
	var wanted schema.NetworkCreateRequest
	if err := read(r, &wanted); err != nil {
		return answer{}, err
	}
	made := &network{Network: schema.Network{Created: time.Now(), IPRange: wanted.IPRange, Subnets: []schema.NetworkSubnet{}, ExposeRoutesToVSwitch: wanted.ExposeRoutesToVSwitch}}
	if err := c.nameNetwork(made, wanted.Name); err != nil {
		return answer{}, err
	}
	var err error
	if made.Labels, err = checkLabels(wanted.Labels); err != nil {
		return answer{}, err
	}
	if made.ipRange, err = privateRange("ip_range", wanted.IPRange, 24); err != nil {
		return answer{}, err
	}
	if len(wanted.Routes) > 0 {
		return answer{}, invalid("routes", "this local cloud has none")
	}
	for _, subnet := range wanted.Subnets {
		if err := made.add(schema.NetworkActionAddSubnetRequest{Type: subnet.Type, IPRange: subnet.IPRange, NetworkZone: subnet.NetworkZone}); err != nil {
			return answer{}, err
		}
	}
	made.ID = c.id()
	c.hetzner.networks[made.ID] = made
	return answer{http.StatusCreated, map[string]any{"network": made.describe()}}, nil
}

func (c *Cloud) nameNetwork(n *network, name string) error {
	return setName(c.hetzner.networks, n, func(n *network) *string { return &n.Name }, name, "name is already used")
}

// privateRange reads a network of RFC 1918 that has at most so many bits
// (https://docs.hetzner.cloud/reference/cloud#networks).
func privateRange(field, text string, bits int) (netip.Prefix, error) {
	found, err := netip.ParsePrefix(text)
	switch {
	case err != nil || found != found.Masked():
		return found, invalid(field, "must be a valid network in CIDR notation")
	case !slices.ContainsFunc(rfc1918, func(private netip.Prefix) bool {
		return private.Contains(found.Addr()) && private.Bits() <= found.Bits()
	}):
		return found, invalid(field, "must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
	case found.Bits() > bits:
		return found, invalid(field, "is too small")
	}
	return found, nil
}

var rfc1918 = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16")}

func (c *Cloud) updateNetwork(r *http.Request) (answer, error) {
	n, wanted, err := findAndRead[network, schema.NetworkUpdateRequest](r, c.hetzner.networks)
	if err != nil {
		return answer{}, err
	}
	if wanted.Labels != nil {
		if n.Labels, err = checkLabels(wanted.Labels); err != nil {
			return answer{}, err
		}
	}
	if wanted.Name != "" {
		err = c.nameNetwork(n, wanted.Name)
	}
	return answer{body: map[string]any{"network": n.describe()}}, err
}

// deleteNetwork takes it from the servers too, as the API does.
func (c *Cloud) deleteNetwork(r *http.Request) (answer, error) {
	n, err := find(r, c.hetzner.networks)
	if err != nil {
		return answer{}, err
	}
	if n.Protection.Delete {
		return answer{}, errProtected
	}
	if len(n.balancers) > 0 {
		return answer{}, conflicting("resource_in_use", "network still has load balancers attached")
	}
	for _, a := range slices.Clone(n.attached) {
		c.begin("detach_from_network", "server", a.server, c.detaching(n, a))
	}
	delete(c.hetzner.networks, n.ID)
	return answer{status: http.StatusNoContent}, nil
}

func (c *Cloud) protectNetwork(r *http.Request) (answer, error) {
	n, wanted, err := findAndRead[network, schema.NetworkActionChangeProtectionRequest](r, c.hetzner.networks)
	if err != nil {
		return answer{}, err
	}
	if wanted.Delete != nil {
		n.Protection.Delete = *wanted.Delete
	}
	return c.begun(c.begin("change_protection", "network", n.ID, task{}))
}
