package cloud

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

func (c *Cloud) firewallRoutes() map[string]handle {
	routes := kind[*schema.Firewall]{
		one: "firewall", many: "firewalls", all: values(c.hetzner.firewalls),
		id:      func(f *schema.Firewall) int64 { return f.ID },
		labels:  func(f *schema.Firewall) map[string]string { return f.Labels },
		filters: map[string]func(*schema.Firewall) string{"name": func(f *schema.Firewall) string { return f.Name }},
	}.routes()
	routes["POST /v1/firewalls"] = c.createFirewall
	routes["PUT /v1/firewalls/{id}"] = c.updateFirewall
	routes["DELETE /v1/firewalls/{id}"] = c.deleteFirewall
	routes["POST /v1/firewalls/{id}/actions/set_rules"] = c.setFirewallRules
	routes["POST /v1/firewalls/{id}/actions/apply_to_resources"] = c.applyFirewall
	routes["POST /v1/firewalls/{id}/actions/remove_from_resources"] = c.removeFirewall
	return routes
}

func (c *Cloud) createFirewall(r *http.Request) (answer, error) {
	var wanted schema.FirewallCreateRequest
	if err := read(r, &wanted); err != nil {
		return answer{}, err
	}
	made := &schema.Firewall{Created: time.Now(), AppliedTo: []schema.FirewallResource{}}
	if err := c.nameFirewall(made, wanted.Name); err != nil {
		return answer{}, err
	}
	var err error
	if made.Labels, err = checkLabels(wanted.Labels); err != nil {
		return answer{}, err
	}
	if made.Rules, err = firewallRules(wanted.Rules); err != nil {
		return answer{}, err
	}
	targets, err := c.firewallTargets(wanted.ApplyTo)
	if err != nil {
		return answer{}, err
	}
	made.ID = c.id()
	c.hetzner.firewalls[made.ID] = made
	actions := []schema.Action{c.show(c.begin("set_firewall_rules", "firewall", made.ID, task{}))}
	for _, target := range targets {
		actions = append(actions, c.show(c.begin("apply_firewall", "firewall", made.ID, c.applying(made, target))))
	}
	return answer{http.StatusCreated, map[string]any{"firewall": made, "actions": actions}}, nil
}

func (c *Cloud) nameFirewall(firewall *schema.Firewall, name string) error {
	return setName(c.hetzner.firewalls, firewall, func(f *schema.Firewall) *string { return &f.Name }, name, "firewall with the same name already exists")
}

var portRange = regexp.MustCompile(`^(any|[1-9]\d{0,4}(-[1-9]\d{0,4})?)$`)

// firewallRules checks what the API checks: a direction, a protocol, a port
// where the protocol has ports, and networks without host bits.
func firewallRules(wanted []schema.FirewallRuleRequest) ([]schema.FirewallRule, error) {
	rules := []schema.FirewallRule{}
	for _, rule := range wanted {
		hasPorts := rule.Protocol == "tcp" || rule.Protocol == "udp"
		peers := rule.SourceIPs
		if rule.Direction == "out" {
			peers = rule.DestinationIPs
		}
		switch {
		case rule.Direction != "in" && rule.Direction != "out":
			return nil, invalid("rules.direction", "must be one of: in, out")
		case !slices.Contains([]string{"tcp", "udp", "icmp", "gre", "esp"}, rule.Protocol):
			return nil, invalid("rules.protocol", "must be one of: tcp, udp, icmp, esp, gre")
		case hasPorts != (rule.Port != nil):
			return nil, invalid("rules.port", "is required for tcp and udp, and not allowed for other protocols")
		case hasPorts && !portRange.MatchString(*rule.Port):
			return nil, invalid("rules.port", "must be a port or a range of ports")
		case len(peers) == 0 || len(peers) > 100:
			return nil, invalid("rules", "length of source_ips or destination_ips must be between 1 and 100")
		}
		for _, peer := range peers {
			if network, err := netip.ParsePrefix(peer); err != nil || network != network.Masked() {
				return nil, invalid("rules", peer+" is not a valid CIDR block")
			}
		}
		rules = append(rules, schema.FirewallRule{
			Direction: rule.Direction, SourceIPs: append([]string{}, rule.SourceIPs...), DestinationIPs: append([]string{}, rule.DestinationIPs...),
			Protocol: rule.Protocol, Port: rule.Port, Description: rule.Description,
		})
	}
	return rules, nil
}

func (c *Cloud) updateFirewall(r *http.Request) (answer, error) {
	firewall, wanted, err := findAndRead[schema.Firewall, schema.FirewallUpdateRequest](r, c.hetzner.firewalls)
	if err != nil {
		return answer{}, err
	}
	if wanted.Labels != nil {
		if firewall.Labels, err = checkLabels(wanted.Labels); err != nil {
			return answer{}, err
		}
	}
	if wanted.Name != nil {
		err = c.nameFirewall(firewall, *wanted.Name)
	}
	return answer{body: map[string]any{"firewall": firewall}}, err
}

func (c *Cloud) deleteFirewall(r *http.Request) (answer, error) {
	firewall, err := find(r, c.hetzner.firewalls)
	if err != nil {
		return answer{}, err
	}
	if len(firewall.AppliedTo) > 0 {
		return answer{}, conflicting("resource_in_use", "firewall is still in use")
	}
	delete(c.hetzner.firewalls, firewall.ID)
	return answer{status: http.StatusNoContent}, nil
}

func (c *Cloud) setFirewallRules(r *http.Request) (answer, error) {
	firewall, wanted, err := findAndRead[schema.Firewall, schema.FirewallActionSetRulesRequest](r, c.hetzner.firewalls)
	if err != nil {
		return answer{}, err
	}
	rules, err := firewallRules(wanted.Rules)
	if err != nil {
		return answer{}, err
	}
	firewall.Rules = rules
	begun := []schema.Action{c.show(c.begin("set_firewall_rules", "firewall", firewall.ID, task{}))}
	for _, resource := range firewall.AppliedTo {
		begun = append(begun, c.show(c.begin("apply_firewall", "firewall", firewall.ID, c.enforcing(resource.Server.ID))))
	}
	return answer{http.StatusCreated, map[string]any{"actions": begun}}, nil
}

func (c *Cloud) applyFirewall(r *http.Request) (answer, error) {
	firewall, wanted, err := findAndRead[schema.Firewall, schema.FirewallActionApplyToResourcesRequest](r, c.hetzner.firewalls)
	if err != nil {
		return answer{}, err
	}
	targets, err := c.firewallTargets(wanted.ApplyTo)
	if err != nil {
		return answer{}, err
	}
	begun := []schema.Action{}
	for _, target := range targets {
		if isOn(firewall, target.id) {
			return answer{}, conflicting("firewall_already_applied", "firewall was already applied on resource")
		}
		begun = append(begun, c.show(c.begin("apply_firewall", "firewall", firewall.ID, c.applying(firewall, target))))
	}
	return answer{http.StatusCreated, map[string]any{"actions": begun}}, nil
}

func (c *Cloud) removeFirewall(r *http.Request) (answer, error) {
	firewall, wanted, err := findAndRead[schema.Firewall, schema.FirewallActionRemoveFromResourcesRequest](r, c.hetzner.firewalls)
	if err != nil {
		return answer{}, err
	}
	targets, err := c.firewallTargets(wanted.RemoveFrom)
	if err != nil {
		return answer{}, err
	}
	begun := []schema.Action{}
	for _, target := range targets {
		if !isOn(firewall, target.id) {
			return answer{}, conflicting("firewall_already_removed", "firewall was already removed from the resource")
		}
		detach(firewall, target.id)
		begun = append(begun, c.show(c.begin("remove_firewall", "firewall", firewall.ID, c.enforcing(target.id))))
	}
	return answer{http.StatusCreated, map[string]any{"actions": begun}}, nil
}

// firewallTargets finds the servers that a firewall shall be on. Label
// selectors are not known here, and refused.
func (c *Cloud) firewallTargets(resources []schema.FirewallResource) ([]*server, error) {
	var targets []*server
	for _, resource := range resources {
		if resource.Type != "server" || resource.Server == nil {
			return nil, invalid("apply_to", "this local cloud applies firewalls to servers only")
		}
		target := c.hetzner.servers[resource.Server.ID]
		if target == nil {
			return nil, conflicting("firewall_resource_not_found", "firewall resource not found")
		}
		targets = append(targets, target)
	}
	return targets, nil
}

func (c *Cloud) applying(firewall *schema.Firewall, target *server) task {
	attach(firewall, target.id)
	return c.enforcing(target.id)
}

// firewallsOn lists a server's firewalls, oldest first.
func (c *Cloud) firewallsOn(serverID int64) []*schema.Firewall {
	on := slices.DeleteFunc(values(c.hetzner.firewalls)(), func(f *schema.Firewall) bool { return !isOn(f, serverID) })
	slices.SortFunc(on, func(a, b *schema.Firewall) int { return int(a.ID - b.ID) })
	return on
}

func isOn(firewall *schema.Firewall, serverID int64) bool {
	return slices.ContainsFunc(firewall.AppliedTo, func(f schema.FirewallResource) bool { return f.Server.ID == serverID })
}

func attach(firewall *schema.Firewall, serverID int64) {
	firewall.AppliedTo = append(firewall.AppliedTo, schema.FirewallResource{Type: "server", Server: &schema.FirewallResourceServer{ID: serverID}})
}

func detach(firewall *schema.Firewall, serverID int64) {
	firewall.AppliedTo = slices.DeleteFunc(firewall.AppliedTo, func(f schema.FirewallResource) bool { return f.Server.ID == serverID })
}
