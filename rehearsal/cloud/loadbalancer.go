package cloud

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// loadBalancer is a bought one. What of its targets is healthy is known by what
// really balances.
type loadBalancer struct {
	schema.LoadBalancer
	network *network // nil: in none
	address netip.Addr
}

func (c *Cloud) loadBalancerRoutes() map[string]handle {
	routes := kind[schema.LoadBalancer]{
		one: "load_balancer", many: "load_balancers",
		all: func() (all []schema.LoadBalancer) {
			for _, b := range c.hetzner.loadBalancers {
				all = append(all, c.describeBalancer(b))
			}
			return all
		},
		id:      func(b schema.LoadBalancer) int64 { return b.ID },
		labels:  func(b schema.LoadBalancer) map[string]string { return b.Labels },
		filters: map[string]func(schema.LoadBalancer) string{"name": func(b schema.LoadBalancer) string { return b.Name }},
	}.routes()
	routes["POST /v1/load_balancers"] = c.createLoadBalancer
	routes["PUT /v1/load_balancers/{id}"] = c.updateLoadBalancer
	routes["DELETE /v1/load_balancers/{id}"] = c.deleteLoadBalancer
	for command, do := range map[string]handle{
		"change_protection":   c.protectLoadBalancer,
		"add_service":         c.addService,
		"update_service":      c.updateService,
		"delete_service":      c.deleteService,
		"add_target":          c.addTarget,
		"remove_target":       c.removeTarget,
		"attach_to_network":   c.attachLoadBalancer,
		"detach_from_network": c.detachLoadBalancer,
	} {
		routes["POST /v1/load_balancers/{id}/actions/"+command] = do
	}
	return routes
}

// describeBalancer is the balancer as the API shows it, with the health of its targets.
func (c *Cloud) describeBalancer(b *loadBalancer) schema.LoadBalancer {
	shown := b.LoadBalancer
	shown.PrivateNet = []schema.LoadBalancerPrivateNet{}
	if b.network != nil {
		shown.PrivateNet = append(shown.PrivateNet, schema.LoadBalancerPrivateNet{Network: b.network.ID, IP: b.address.String()})
	}
	shown.Services, shown.Targets = slices.Clone(b.Services), slices.Clone(b.Targets)
	health := map[string]bool{}
	if able, yes := c.config.Machines.(Balancer); yes {
		health = able.Healthy(b.ID)
	}
	for i := range shown.Targets {
		target := &shown.Targets[i]
		target.HealthStatus = []schema.LoadBalancerTargetHealthStatus{}
		for _, service := range b.Services {
			status := "unknown" // until it has been asked
			if well, known := health[healthKey(service.ListenPort, c.targetAddress(b, *target))]; known {
				status = map[bool]string{true: "healthy", false: "unhealthy"}[well]
			}
			target.HealthStatus = append(target.HealthStatus, schema.LoadBalancerTargetHealthStatus{ListenPort: service.ListenPort, Status: status})
		}
	}
	return shown
}

func (c *Cloud) createLoadBalancer(r *http.Request) (answer, error) {
	var wanted schema.LoadBalancerCreateRequest
	if err := read(r, &wanted); err != nil {
		return answer{}, err
	}
	made := &loadBalancer{LoadBalancer: schema.LoadBalancer{Created: time.Now(), Algorithm: schema.LoadBalancerAlgorithm{Type: "round_robin"}, IncludedTraffic: 20 << 40}}
	var err error
	if err = c.nameLoadBalancer(made, wanted.Name); err != nil {
		return answer{}, err
	}
	if made.Labels, err = checkLabels(wanted.Labels); err != nil {
		return answer{}, err
	}
	if made.Location, err = locationOf(wanted); err != nil {
		return answer{}, err
	}
	if made.LoadBalancerType, err = findLoadBalancerType(wanted.LoadBalancerType); err != nil {
		return answer{}, err
	}
	if wanted.Algorithm != nil {
		if made.Algorithm.Type = wanted.Algorithm.Type; made.Algorithm.Type != "round_robin" && made.Algorithm.Type != "least_connections" {
			return answer{}, invalid("algorithm.type", "must be one of: round_robin, least_connections")
		}
	}
	if len(wanted.Services)+len(wanted.Targets) > 0 || wanted.Network != nil || wanted.PublicInterface != nil && !*wanted.PublicInterface {
		return answer{}, invalid("services", "this local cloud makes load balancers with a public interface, and adds services, targets and a network by action only")
	}
	ipv4, err := c.freeAddress("ipv4")
	if err != nil {
		return answer{}, err
	}
	network, err := c.freeAddress("ipv6")
	if err != nil {
		return answer{}, err
	}
	ipv6 := netip.MustParsePrefix(network).Addr().Next().String()
	made.ID, made.PublicNet = c.id(), schema.LoadBalancerPublicNet{Enabled: true, IPv4: schema.LoadBalancerPublicNetIPv4{IP: ipv4}, IPv6: schema.LoadBalancerPublicNetIPv6{IP: ipv6}}
	c.hetzner.loadBalancers[made.ID] = made
	begun := c.show(c.begin("create_load_balancer", "load_balancer", made.ID, c.balancing(made)))
	return answer{http.StatusCreated, schema.LoadBalancerCreateResponse{LoadBalancer: c.describeBalancer(made), Action: begun}}, nil
}

// locationOf is the one named, or the first of the zone named.
func locationOf(wanted schema.LoadBalancerCreateRequest) (schema.Location, error) {
	switch {
	case (wanted.Location == nil) == (wanted.NetworkZone == nil):
		return schema.Location{}, invalid("location", "either location or network_zone is required")
	case wanted.Location != nil:
		return findLocation(*wanted.Location)
	}
	for _, l := range locations {
		if l.NetworkZone == *wanted.NetworkZone {
			return l, nil
		}
	}
	return schema.Location{}, invalid("network_zone", "is not known")
}

func (c *Cloud) nameLoadBalancer(b *loadBalancer, name string) error {
	return setName(c.hetzner.loadBalancers, b, func(b *loadBalancer) *string { return &b.Name }, name, "name is already used")
}

func (c *Cloud) updateLoadBalancer(r *http.Request) (answer, error) {
	b, wanted, err := findAndRead[loadBalancer, schema.LoadBalancerUpdateRequest](r, c.hetzner.loadBalancers)
	if err != nil {
		return answer{}, err
	}
	if wanted.Labels != nil {
		if b.Labels, err = checkLabels(wanted.Labels); err != nil {
			return answer{}, err
		}
	}
	if wanted.Name != nil {
		err = c.nameLoadBalancer(b, *wanted.Name)
	}
	return answer{body: map[string]any{"load_balancer": c.describeBalancer(b)}}, err
}

func (c *Cloud) deleteLoadBalancer(r *http.Request) (answer, error) {
	b, err := c.idleBalancer(r)
	if err != nil {
		return answer{}, err
	}
	if b.Protection.Delete {
		return answer{}, errProtected
	}
	delete(c.hetzner.loadBalancers, b.ID)
	b.leave()
	if able, yes := c.config.Machines.(Balancer); yes {
		c.begin("delete_load_balancer", "load_balancer", b.ID, task{do: func(ctx context.Context) error { return able.Unbalance(ctx, b.ID) }})
	}
	return answer{status: http.StatusNoContent}, nil
}

func (c *Cloud) protectLoadBalancer(r *http.Request) (answer, error) {
	b, wanted, err := findAndRead[loadBalancer, schema.LoadBalancerActionChangeProtectionRequest](r, c.hetzner.loadBalancers)
	if err != nil {
		return answer{}, err
	}
	if wanted.Delete != nil {
		b.Protection.Delete = *wanted.Delete
	}
	return c.begun(c.begin("change_protection", "load_balancer", b.ID, task{}))
}

func (c *Cloud) attachLoadBalancer(r *http.Request) (answer, error) {
	b, wanted, err := idleAndRead[loadBalancer, schema.LoadBalancerActionAttachToNetworkRequest](r, c.idleBalancer)
	if err != nil {
		return answer{}, err
	}
	n := c.hetzner.networks[wanted.Network]
	switch {
	case n == nil:
		return answer{}, notFound("network")
	case b.network != nil:
		return answer{}, conflicting("load_balancer_already_attached", "load balancer is already attached to a network")
	}
	if b.address, err = n.freeAddress(wanted.IP, wanted.IPRange, b.Location.NetworkZone); err != nil {
		return answer{}, err
	}
	b.network = n
	n.balancers = append(n.balancers, b)
	return c.begun(c.begin("attach_to_network", "load_balancer", b.ID, c.balancing(b)))
}

func (c *Cloud) detachLoadBalancer(r *http.Request) (answer, error) {
	b, wanted, err := idleAndRead[loadBalancer, schema.LoadBalancerActionDetachFromNetworkRequest](r, c.idleBalancer)
	if err != nil {
		return answer{}, err
	}
	switch {
	case b.network == nil || b.network.ID != wanted.Network:
		return answer{}, conflicting("load_balancer_not_attached_to_network", "load balancer is not attached to the network")
	case slices.ContainsFunc(b.Targets, func(t schema.LoadBalancerTarget) bool { return t.UsePrivateIP }):
		return answer{}, conflicting("resource_in_use", "load balancer has targets that use their private IP")
	}
	b.leave()
	return c.begun(c.begin("detach_from_network", "load_balancer", b.ID, c.balancing(b)))
}

func (b *loadBalancer) leave() {
	if b.network != nil {
		b.network.balancers = slices.DeleteFunc(b.network.balancers, func(other *loadBalancer) bool { return other == b })
		b.network = nil
	}
}

// idleBalancer finds the balancer on which no action runs. Where one does, the API
// answers otherwise than for servers, and its clients try again
// (https://github.com/hetznercloud/terraform-provider-hcloud/issues/182).
func (c *Cloud) idleBalancer(r *http.Request) (*loadBalancer, error) {
	b, err := find(r, c.hetzner.loadBalancers)
	if err == nil && c.hetzner.busy[b.ID] > 0 {
		return nil, &refusal{status: http.StatusConflict, code: "conflict", message: "load balancer has changed during request"}
	}
	return b, err
}
