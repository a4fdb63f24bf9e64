package providers

import (
	"context"
	"fmt"
	"strconv"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

func (h *hetzner) createServer(ctx context.Context, in values) (string, values, error) {
	opts, err := h.serverOrder(ctx, in)
	if err != nil {
		return "", nil, err
	}
	made, _, err := h.client.Server.Create(ctx, opts)
	if err != nil {
		return "", nil, err
	}
	id := fmt.Sprint(made.Server.ID)
	if err := h.client.Action.WaitFor(ctx, append(made.NextActions, made.Action)...); err != nil {
		return id, describeServer(made.Server), err
	}
	if err := h.protectServer(ctx, id, in.flag("deleteProtection")); err != nil {
		return id, describeServer(made.Server), err
	}
	out, err := h.readServer(ctx, id, nil)
	return id, out, err
}

// serverOrder looks names up first, as the published provider does.
func (h *hetzner) serverOrder(ctx context.Context, in values) (hcloud.ServerCreateOpts, error) {
	opts := hcloud.ServerCreateOpts{Name: in.text("name"), UserData: in.text("userData"), Labels: in.labels("labels")}
	kind, _, err := h.client.ServerType.GetByName(ctx, in.text("serverType"))
	if err != nil {
		return opts, err
	}
	if kind == nil {
		return opts, fmt.Errorf("server type %q not found", in.text("serverType"))
	}
	opts.ServerType = kind
	opts.Image, _, err = h.client.Image.GetForArchitecture(ctx, in.text("image"), kind.Architecture)
	if err != nil {
		return opts, err
	}
	if opts.Image == nil {
		return opts, fmt.Errorf("image %q for architecture %q not found", in.text("image"), kind.Architecture)
	}
	opts.Location = &hcloud.Location{Name: in.text("location")}
	for _, given := range in.list("sshKeys") {
		key, _, err := h.client.SSHKey.Get(ctx, fmt.Sprint(given))
		if err != nil {
			return opts, err
		}
		if key == nil {
			return opts, fmt.Errorf("SSH key %q not found", given)
		}
		opts.SSHKeys = append(opts.SSHKeys, key)
	}
	for _, id := range in.list("firewallIds") {
		opts.Firewalls = append(opts.Firewalls, &hcloud.ServerCreateFirewall{Firewall: hcloud.Firewall{ID: integer(id)}})
	}
	for _, item := range in.list("publicNets") {
		net := values(item.(map[string]any))
		opts.PublicNet = &hcloud.ServerCreatePublicNet{EnableIPv4: net.flag("ipv4Enabled"), EnableIPv6: net.flag("ipv6Enabled")}
		if id := net.number("ipv4"); id != 0 {
			opts.PublicNet.IPv4 = &hcloud.PrimaryIP{ID: int64(id)}
		}
	}
	return opts, nil
}

func integer(value any) int64 {
	switch value := value.(type) {
	case float64:
		return int64(value)
	case string:
		number, _ := strconv.ParseInt(value, 10, 64)
		return number
	}
	return 0
}

func (h *hetzner) protectServer(ctx context.Context, id string, protect bool) error {
	action, _, err := h.client.Server.ChangeProtection(ctx, &hcloud.Server{ID: idNumber(id)}, hcloud.ServerChangeProtectionOpts{Delete: &protect, Rebuild: &protect})
	if err != nil {
		return err
	}
	return h.client.Action.WaitFor(ctx, action)
}

func describeServer(server *hcloud.Server) values {
	var firewalls []any
	for _, firewall := range server.PublicNet.Firewalls {
		firewalls = append(firewalls, int(firewall.Firewall.ID))
	}
	out := values{
		"name": server.Name, "serverType": server.ServerType.Name, "location": server.Location.Name, "status": string(server.Status),
		"ipv4Address": server.PublicNet.IPv4.IP.String(), "ipv6Address": server.PublicNet.IPv6.IP.String(), "ipv6Network": "",
		"firewallIds": firewalls, "deleteProtection": server.Protection.Delete, "rebuildProtection": server.Protection.Rebuild,
		"labels": server.Labels, "primaryDiskSize": server.PrimaryDiskSize, "backupWindow": "", "datacenter": "",
	}
	if server.PublicNet.IPv6.Network != nil {
		out["ipv6Network"] = server.PublicNet.IPv6.Network.String()
	}
	if server.Image != nil {
		out["image"] = server.Image.Name
	}
	return out
}

func (h *hetzner) readServer(ctx context.Context, id string, _ values) (values, error) {
	server, _, err := h.client.Server.GetByID(ctx, idNumber(id))
	if server, err = found(server, err); server == nil {
		return nil, err
	}
	return describeServer(server), nil
}

// updateServer changes what can be changed in place: name, labels, protection,
// firewalls and, with the server switched off meanwhile, the type.
func (h *hetzner) updateServer(ctx context.Context, id string, old, in values) (values, error) {
	server, _, err := h.client.Server.GetByID(ctx, idNumber(id))
	if err != nil {
		return nil, err
	}
	if _, _, err := h.client.Server.Update(ctx, server, hcloud.ServerUpdateOpts{Name: in.text("name"), Labels: in.labels("labels")}); err != nil {
		return nil, err
	}
	if server.Protection.Delete != in.flag("deleteProtection") {
		if err := h.protectServer(ctx, id, in.flag("deleteProtection")); err != nil {
			return nil, err
		}
	}
	if err := h.changeFirewalls(ctx, server, in); err != nil {
		return nil, err
	}
	if in.text("serverType") != server.ServerType.Name {
		if err := h.rescale(ctx, server, in); err != nil {
			return nil, err
		}
	}
	return h.readServer(ctx, id, nil)
}

func (h *hetzner) changeFirewalls(ctx context.Context, server *hcloud.Server, in values) error {
	wanted := map[int64]bool{}
	for _, id := range in.list("firewallIds") {
		wanted[integer(id)] = true
	}
	resource := []hcloud.FirewallResource{{Type: hcloud.FirewallResourceTypeServer, Server: &hcloud.FirewallResourceServer{ID: server.ID}}}
	for _, attached := range server.PublicNet.Firewalls {
		if !wanted[attached.Firewall.ID] {
			if _, _, err := h.client.Firewall.RemoveResources(ctx, &attached.Firewall, resource); err != nil {
				return err
			}
		}
		delete(wanted, attached.Firewall.ID)
	}
	for id := range wanted {
		if _, _, err := h.client.Firewall.ApplyResources(ctx, &hcloud.Firewall{ID: id}, resource); err != nil {
			return err
		}
	}
	return nil
}

func (h *hetzner) rescale(ctx context.Context, server *hcloud.Server, in values) error {
	steps := []func() (*hcloud.Action, *hcloud.Response, error){
		func() (*hcloud.Action, *hcloud.Response, error) { return h.client.Server.Poweroff(ctx, server) },
		func() (*hcloud.Action, *hcloud.Response, error) {
			return h.client.Server.ChangeType(ctx, server, hcloud.ServerChangeTypeOpts{
				ServerType: &hcloud.ServerType{Name: in.text("serverType")}, UpgradeDisk: !in.flag("keepDisk"),
			})
		},
		func() (*hcloud.Action, *hcloud.Response, error) { return h.client.Server.Poweron(ctx, server) },
	}
	for _, step := range steps {
		action, _, err := step()
		if err != nil {
			return err
		}
		if err := h.client.Action.WaitFor(ctx, action); err != nil {
			return err
		}
	}
	return nil
}

func (h *hetzner) deleteServer(ctx context.Context, id string, state values) error {
	if state.flag("deleteProtection") {
		if err := h.protectServer(ctx, id, false); err != nil {
			_, err = found(&struct{}{}, err)
			return err
		}
	}
	result, _, err := h.client.Server.DeleteWithResult(ctx, &hcloud.Server{ID: idNumber(id)})
	if err != nil {
		_, err = found(&struct{}{}, err)
		return err
	}
	return h.client.Action.WaitFor(ctx, result.Action)
}
