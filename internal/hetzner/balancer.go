package hetzner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

// Balancer is a load balancer to make.
type Balancer struct {
	Type  string
	Price string // net, a month; "" when the provider does not tell
}

// readBalancers chooses the smallest type of load balancer that takes so many servers.
func (v *View) readBalancers(ctx context.Context, client *hcloud.Client, targets int) error {
	types, err := client.LoadBalancerType.All(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(types, func(a, b *hcloud.LoadBalancerType) int {
		return cmp.Or(cmp.Compare(a.MaxTargets, b.MaxTargets), cmp.Compare(a.MaxConnections, b.MaxConnections), cmp.Compare(a.Name, b.Name))
	})
	for _, t := range types {
		here := slices.IndexFunc(t.Pricings, func(at hcloud.LoadBalancerTypeLocationPricing) bool { return at.Location.Name == v.location })
		if here >= 0 && t.MaxTargets >= targets && !t.IsDeprecated() {
			v.Balancer = &Balancer{t.Name, t.Pricings[here].Monthly.Net}
			return nil
		}
	}
	v.Balancer = &Balancer{}
	return nil
}

// CheckBalancer tells when none of the wanted kind can be had.
func (v *View) CheckBalancer() error {
	if v.Balancer == nil || v.Balancer.Type != "" {
		return nil
	}
	return fmt.Errorf("webServers: Hetzner has no load balancer for so many in location %q; mend it with fewer, or in another location: pulumi config set location NAME", v.location)
}

// AwaitHealthy waits until a load balancer finds at least one of its servers well on
// a port, for as long as the context lasts.
func AwaitHealthy(ctx context.Context, token, endpoint string, balancer int64, port int) error {
	client := newClient(token, hcloud.WithEndpoint(cmp.Or(endpoint, hcloud.Endpoint)))
	for {
		found, _, err := client.LoadBalancer.GetByID(ctx, balancer)
		if err == nil && found != nil && slices.ContainsFunc(found.Targets, func(t hcloud.LoadBalancerTarget) bool { return isHealthy(t, port) }) {
			return nil
		}
		select {
		case <-ctx.Done():
			return cmp.Or(err, ctx.Err())
		case <-time.After(2 * time.Second):
		}
	}
}

func isHealthy(target hcloud.LoadBalancerTarget, port int) bool {
	return slices.ContainsFunc(target.HealthStatus, func(h hcloud.LoadBalancerTargetHealthStatus) bool {
		return h.ListenPort == port && h.Status == hcloud.LoadBalancerTargetHealthStatusStatusHealthy
	})
}
