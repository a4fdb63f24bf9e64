package cloud

import (
	"slices"
	"strconv"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// What Hetzner sells of load balancers. The prices, euros a month before tax, are about right.
var loadBalancerTypes = []schema.LoadBalancerType{
	balancerSold(1, "lb11", 10000, 5, 25, 10, 5.39),
	balancerSold(2, "lb21", 20000, 15, 75, 25, 16.40),
	balancerSold(3, "lb31", 40000, 30, 150, 50, 32.90),
}

var loadBalancerTypeKind = kind[schema.LoadBalancerType]{
	one: "load_balancer_type", many: "load_balancer_types",
	all:     func() []schema.LoadBalancerType { return loadBalancerTypes },
	id:      func(t schema.LoadBalancerType) int64 { return t.ID },
	filters: map[string]func(schema.LoadBalancerType) string{"name": func(t schema.LoadBalancerType) string { return t.Name }},
}

func balancerSold(id int64, name string, connections, services, targets, certificates int, monthly float64) schema.LoadBalancerType {
	t := schema.LoadBalancerType{
		ID: id, Name: name, Description: name, MaxConnections: connections, MaxServices: services, MaxTargets: targets, MaxAssignedCertificates: certificates,
	}
	for _, l := range locations {
		t.Prices = append(t.Prices, schema.PricingLoadBalancerTypePrice{
			Location: l.Name, PriceMonthly: price(monthly), PriceHourly: price(monthly / 624), IncludedTraffic: 20 << 40, PricePerTBTraffic: price(1),
		})
	}
	return t
}

func findLoadBalancerType(wanted schema.IDOrName) (schema.LoadBalancerType, error) {
	at := slices.IndexFunc(loadBalancerTypes, func(t schema.LoadBalancerType) bool {
		return t.Name == wanted.Name || t.ID == wanted.ID || strconv.FormatInt(t.ID, 10) == wanted.Name
	})
	if at < 0 {
		return schema.LoadBalancerType{}, unfit("load balancer type not found")
	}
	return loadBalancerTypes[at], nil
}
