package cloud

import (
	"context"
	"net/netip"
	"slices"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// enforcing tells the machine what all its firewalls allow when the task runs.
func (c *Cloud) enforcing(serverID int64) task {
	return task{do: func(ctx context.Context) error { return c.enforce(ctx, serverID) }}
}

func (c *Cloud) enforce(ctx context.Context, serverID int64) error {
	enforcer, able := c.config.Machines.(Firewaller)
	if !able {
		return nil
	}
	c.mutex.Lock()
	var rules []FirewallRule
	for _, firewall := range c.firewallsOn(serverID) {
		// Never nil: a firewall that allows nothing is not none.
		rules = append(append([]FirewallRule{}, rules...), machineRules(firewall.Rules)...)
	}
	c.mutex.Unlock()
	return enforcer.Firewall(ctx, serverID, rules)
}

func machineRules(rules []schema.FirewallRule) []FirewallRule {
	var all []FirewallRule
	for _, rule := range rules {
		allowed := FirewallRule{Inbound: rule.Direction == "in", Protocol: rule.Protocol}
		if rule.Port != nil {
			allowed.Port = *rule.Port
		}
		for _, network := range slices.Concat(rule.SourceIPs, rule.DestinationIPs) {
			allowed.Networks = append(allowed.Networks, netip.MustParsePrefix(network)) // checked when it was set
		}
		all = append(all, allowed)
	}
	return all
}
