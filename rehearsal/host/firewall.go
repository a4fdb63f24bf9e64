package host

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"rails-on-hetzner/rehearsal/cloud"
)

var _ cloud.Firewaller = (*Machines)(nil)

// Firewall has the cloud's firewall in front of a machine: in its network, but
// before anything of its own, and seen by nothing of its own but `nft list ruleset`.
func (ms *Machines) Firewall(ctx context.Context, id int64, rules []cloud.FirewallRule) error {
	return ms.with(id, func(m *machine) error {
		m.firewall = rules
		return m.enforce(ctx)
	})
}

// firewallTable is what stands in front of a machine.
const firewallTable = "inet cloud_firewall"

// enforce also serves after each boot, which makes the machine's network anew.
func (m *machine) enforce(ctx context.Context) error {
	if m.nspawn == nil {
		return nil // until it is powered on
	}
	leader, err := m.awaitNetwork(ctx)
	if err != nil {
		return err
	}
	text := "table " + firewallTable + "\ndelete table " + firewallTable + "\n"
	if m.firewall != nil && !m.firewallOpen {
		rules, err := nftRules(m.firewall)
		if err != nil {
			return err
		}
		text += fmt.Sprintf("table %s {\n  chain in {\n    type filter hook prerouting priority mangle\n    %s\n  }\n}\n", firewallTable, strings.Join(rules, "\n    "))
	}
	return runInput(ctx, text, withinMachine(leader)("nft", "--file", "-")...)
}

// nftRules lets in what a rule allows, answers, and what IPv6 needs to find its
// neighbours. What is sent out, or to a private network, Hetzner lets through.
func nftRules(allowed []cloud.FirewallRule) ([]string, error) {
	rules := []string{
		`iifname != "host0" accept`,
		"ct state established,related accept",
		"icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept",
	}
	for _, rule := range allowed {
		if !rule.Inbound {
			return nil, errors.New("the machines of a rehearsal do not know firewall rules for what is sent out")
		}
		for _, family := range []string{"ip", "ip6"} {
			if networks := ofFamily(family, rule.Networks); networks != "" {
				rules = append(rules, fmt.Sprintf("%s saddr { %s } %s accept", family, networks, matchOf(rule, family)))
			}
		}
	}
	return append(rules, "drop"), nil
}

// protocols by their numbers: a minimal system has no /etc/protocols.
var protocols = map[string]int{"icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "esp": 50}

func matchOf(rule cloud.FirewallRule, family string) string {
	switch {
	case rule.Protocol == "icmp" && family == "ip6":
		return "meta l4proto 58"
	case rule.Port == "" || rule.Port == "any":
		return fmt.Sprintf("meta l4proto %d", protocols[rule.Protocol])
	}
	return rule.Protocol + " dport " + rule.Port
}

func ofFamily(family string, networks []netip.Prefix) string {
	var texts []string
	for _, network := range networks {
		if network.Addr().Is4() == (family == "ip") {
			texts = append(texts, network.String())
		}
	}
	return strings.Join(texts, ", ")
}

// withinMachine makes command lines that run in a machine's network.
func withinMachine(leader int) func(words ...string) []string {
	return func(words ...string) []string {
		return append([]string{"nsenter", "--target", strconv.Itoa(leader), "--net"}, words...)
	}
}

// awaitNetwork waits until a booting machine has its network, and returns its
// leader. What systemd-nspawn forks before that is in the rehearsal's own.
func (m *machine) awaitNetwork(ctx context.Context) (leader int, err error) {
	ours, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", m.nspawn.Process.Pid))
	if err != nil {
		return 0, err
	}
	for range 400 {
		leader, err = m.leader()
		if err == nil {
			var theirs string
			theirs, err = os.Readlink(fmt.Sprintf("/proc/%d/ns/net", leader))
			if err == nil && theirs != ours && runAll(ctx, withinMachine(leader)("ip", "link", "show", "host0")) == nil {
				return leader, nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-m.ended:
			return 0, fmt.Errorf("%s did not boot", m.server.Name)
		case <-time.After(25 * time.Millisecond):
		}
	}
	return 0, fmt.Errorf("the network of %s did not come up: %w", m.server.Name, err)
}
