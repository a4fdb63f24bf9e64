package providers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

// hetzner serves the provider hcloud through Hetzner's own client.
type hetzner struct{ client *hcloud.Client }

func newHcloud() standIn {
	h := &hetzner{}
	return standIn{
		configure: h.configure,
		resources: map[string]resource{
			"hcloud:index/sshKey:SshKey": {
				replace: []string{"publicKey"}, inputs: []string{"name", "publicKey", "labels"},
				create: h.createSSHKey, read: h.readSSHKey, update: h.updateSSHKey, delete: h.deleteSSHKey,
			},
			"hcloud:index/firewall:Firewall": {
				inputs: []string{"name", "rules", "labels"},
				create: h.createFirewall, read: h.readFirewall, update: h.updateFirewall, delete: h.deleteFirewall,
			},
			"hcloud:index/primaryIp:PrimaryIp": {
				replace: []string{"type", "location", "datacenter"},
				inputs:  []string{"name", "type", "location", "assigneeType", "autoDelete", "deleteProtection", "labels"},
				create:  h.createPrimaryIP, read: h.readPrimaryIP, update: h.updatePrimaryIP, delete: h.deletePrimaryIP,
			},
			"hcloud:index/server:Server": {
				replace: []string{"image", "location", "datacenter", "userData", "sshKeys"},
				inputs:  []string{"name", "serverType", "image", "location", "firewallIds", "publicNets", "deleteProtection", "rebuildProtection", "labels"},
				create:  h.createServer, read: h.readServer, update: h.updateServer, delete: h.deleteServer,
			},
		},
	}
}

// configure takes the token and endpoint as the published provider does:
// configuration first, then the environment.
func (h *hetzner) configure(config values) error {
	token := config.text("token")
	if token == "" {
		token = os.Getenv("HCLOUD_TOKEN")
	}
	if token == "" {
		return errors.New("hcloud:token is not set, and neither is HCLOUD_TOKEN")
	}
	options := []hcloud.ClientOption{
		hcloud.WithToken(token), hcloud.WithApplication("rehearsal", "1"),
		hcloud.WithPollOpts(hcloud.PollOpts{BackoffFunc: hcloud.ConstantBackoff(200 * time.Millisecond)}),
	}
	if endpoint := os.Getenv("HCLOUD_ENDPOINT"); endpoint != "" {
		options = append(options, hcloud.WithEndpoint(endpoint))
	}
	h.client = hcloud.NewClient(options...)
	return nil
}

// found tells what is gone, which is no error when reading.
func found[T any](thing *T, err error) (*T, error) {
	if hcloud.IsError(err, hcloud.ErrorCodeNotFound) {
		return nil, nil
	}
	return thing, err
}

func idNumber(id string) int64 {
	number, _ := strconv.ParseInt(id, 10, 64)
	return number
}

func (h *hetzner) createSSHKey(ctx context.Context, in values) (string, values, error) {
	key, _, err := h.client.SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{Name: in.text("name"), PublicKey: in.text("publicKey"), Labels: in.labels("labels")})
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprint(key.ID), describeSSHKey(key), nil
}

func describeSSHKey(key *hcloud.SSHKey) values {
	return values{"name": key.Name, "publicKey": key.PublicKey, "fingerprint": key.Fingerprint, "labels": key.Labels}
}

func (h *hetzner) readSSHKey(ctx context.Context, id string, _ values) (values, error) {
	key, _, err := h.client.SSHKey.GetByID(ctx, idNumber(id))
	if key, err = found(key, err); key == nil {
		return nil, err
	}
	return describeSSHKey(key), nil
}

func (h *hetzner) updateSSHKey(ctx context.Context, id string, _, in values) (values, error) {
	key, _, err := h.client.SSHKey.Update(ctx, &hcloud.SSHKey{ID: idNumber(id)}, hcloud.SSHKeyUpdateOpts{Name: in.text("name"), Labels: in.labels("labels")})
	if err != nil {
		return nil, err
	}
	return describeSSHKey(key), nil
}

func (h *hetzner) deleteSSHKey(ctx context.Context, id string, _ values) error {
	_, err := h.client.SSHKey.Delete(ctx, &hcloud.SSHKey{ID: idNumber(id)})
	_, err = found(&struct{}{}, err)
	return err
}

func firewallRules(in values) ([]hcloud.FirewallRule, error) {
	var rules []hcloud.FirewallRule
	for _, item := range in.list("rules") {
		rule := values(item.(map[string]any))
		made := hcloud.FirewallRule{Direction: hcloud.FirewallRuleDirection(rule.text("direction")), Protocol: hcloud.FirewallRuleProtocol(rule.text("protocol"))}
		if port := rule.text("port"); port != "" {
			made.Port = &port
		}
		if description := rule.text("description"); description != "" {
			made.Description = &description
		}
		for key, networks := range map[string]*[]net.IPNet{"sourceIps": &made.SourceIPs, "destinationIps": &made.DestinationIPs} {
			for _, text := range rule.list(key) {
				_, network, err := net.ParseCIDR(fmt.Sprint(text))
				if err != nil {
					return nil, fmt.Errorf("firewall rule: %w", err)
				}
				*networks = append(*networks, *network)
			}
		}
		rules = append(rules, made)
	}
	return rules, nil
}

func (h *hetzner) createFirewall(ctx context.Context, in values) (string, values, error) {
	rules, err := firewallRules(in)
	if err != nil {
		return "", nil, err
	}
	made, _, err := h.client.Firewall.Create(ctx, hcloud.FirewallCreateOpts{Name: in.text("name"), Labels: in.labels("labels"), Rules: rules})
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprint(made.Firewall.ID), describeFirewall(made.Firewall), h.client.Action.WaitFor(ctx, made.Actions...)
}

func describeFirewall(firewall *hcloud.Firewall) values {
	var rules []any
	for _, rule := range firewall.Rules {
		shown := values{"direction": string(rule.Direction), "protocol": string(rule.Protocol)}
		if rule.Port != nil {
			shown["port"] = *rule.Port
		}
		if rule.Description != nil {
			shown["description"] = *rule.Description
		}
		for key, networks := range map[string][]net.IPNet{"sourceIps": rule.SourceIPs, "destinationIps": rule.DestinationIPs} {
			var texts []any
			for _, network := range networks {
				texts = append(texts, network.String())
			}
			if texts != nil {
				shown[key] = texts
			}
		}
		rules = append(rules, map[string]any(shown))
	}
	return values{"name": firewall.Name, "labels": firewall.Labels, "rules": rules}
}

func (h *hetzner) readFirewall(ctx context.Context, id string, _ values) (values, error) {
	firewall, _, err := h.client.Firewall.GetByID(ctx, idNumber(id))
	if firewall, err = found(firewall, err); firewall == nil {
		return nil, err
	}
	return describeFirewall(firewall), nil
}

func (h *hetzner) updateFirewall(ctx context.Context, id string, _, in values) (values, error) {
	rules, err := firewallRules(in)
	if err != nil {
		return nil, err
	}
	firewall := &hcloud.Firewall{ID: idNumber(id)}
	if _, _, err = h.client.Firewall.Update(ctx, firewall, hcloud.FirewallUpdateOpts{Name: in.text("name"), Labels: in.labels("labels")}); err != nil {
		return nil, err
	}
	actions, _, err := h.client.Firewall.SetRules(ctx, firewall, hcloud.FirewallSetRulesOpts{Rules: rules})
	if err != nil {
		return nil, err
	}
	if err := h.client.Action.WaitFor(ctx, actions...); err != nil {
		return nil, err
	}
	return h.readFirewall(ctx, id, nil)
}

// deleteFirewall tries for a while: a server that is being deleted still uses it.
func (h *hetzner) deleteFirewall(ctx context.Context, id string, _ values) error {
	for try := 0; ; try++ {
		_, err := h.client.Firewall.Delete(ctx, &hcloud.Firewall{ID: idNumber(id)})
		if !hcloud.IsError(err, hcloud.ErrorCodeResourceInUse) || try == 20 {
			_, err = found(&struct{}{}, err)
			return err
		}
		time.Sleep(500 * time.Millisecond)
	}
}

func (h *hetzner) createPrimaryIP(ctx context.Context, in values) (string, values, error) {
	autoDelete := in.flag("autoDelete")
	made, _, err := h.client.PrimaryIP.Create(ctx, hcloud.PrimaryIPCreateOpts{
		Name: in.text("name"), Type: hcloud.PrimaryIPType(in.text("type")), AssigneeType: in.text("assigneeType"),
		Location: in.text("location"), AutoDelete: &autoDelete, Labels: in.labels("labels"),
	})
	if err != nil {
		return "", nil, err
	}
	id := fmt.Sprint(made.PrimaryIP.ID)
	if err := h.protectPrimaryIP(ctx, id, in.flag("deleteProtection")); err != nil {
		return id, describePrimaryIP(made.PrimaryIP), err
	}
	out, err := h.readPrimaryIP(ctx, id, nil)
	return id, out, err
}

func (h *hetzner) protectPrimaryIP(ctx context.Context, id string, protect bool) error {
	action, _, err := h.client.PrimaryIP.ChangeProtection(ctx, hcloud.PrimaryIPChangeProtectionOpts{ID: idNumber(id), Delete: protect})
	if err != nil {
		return err
	}
	return h.client.Action.WaitFor(ctx, action)
}

func describePrimaryIP(ip *hcloud.PrimaryIP) values {
	out := values{
		"name": ip.Name, "type": string(ip.Type), "assigneeType": ip.AssigneeType, "assigneeId": int(ip.AssigneeID),
		"autoDelete": ip.AutoDelete, "deleteProtection": ip.Protection.Delete, "ipAddress": ip.IP.String(), "labels": ip.Labels,
		"location": ip.Location.Name, "ipNetwork": "",
	}
	if ip.Network != nil {
		out["ipNetwork"] = ip.Network.String()
	}
	return out
}

func (h *hetzner) readPrimaryIP(ctx context.Context, id string, _ values) (values, error) {
	ip, _, err := h.client.PrimaryIP.GetByID(ctx, idNumber(id))
	if ip, err = found(ip, err); ip == nil {
		return nil, err
	}
	return describePrimaryIP(ip), nil
}

func (h *hetzner) updatePrimaryIP(ctx context.Context, id string, _, in values) (values, error) {
	autoDelete, labels := in.flag("autoDelete"), in.labels("labels")
	if _, _, err := h.client.PrimaryIP.Update(ctx, &hcloud.PrimaryIP{ID: idNumber(id)}, hcloud.PrimaryIPUpdateOpts{AutoDelete: &autoDelete, Labels: &labels, Name: in.text("name")}); err != nil {
		return nil, err
	}
	if err := h.protectPrimaryIP(ctx, id, in.flag("deleteProtection")); err != nil {
		return nil, err
	}
	return h.readPrimaryIP(ctx, id, nil)
}

// deletePrimaryIP lifts the protection first, as the published provider does:
// protection is against everyone but the one who set it.
func (h *hetzner) deletePrimaryIP(ctx context.Context, id string, state values) error {
	if state.flag("deleteProtection") {
		if err := h.protectPrimaryIP(ctx, id, false); err != nil {
			return err
		}
	}
	_, err := h.client.PrimaryIP.Delete(ctx, &hcloud.PrimaryIP{ID: idNumber(id)})
	_, err = found(&struct{}{}, err)
	return err
}
