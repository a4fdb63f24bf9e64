package cloud

import (
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
	"golang.org/x/crypto/ssh"
)

func TestHetzner_RefusesAWrongToken(t *testing.T) {
	c := start(t, Config{})
	_, err := c.hetznerAs("wrong").Location.All(ctx)
	refusedAs(t, err, "unauthorized")
}

func TestServerTypes_CX23IsSoldInEuropeOnly(t *testing.T) {
	c := start(t, Config{})
	cx23, _, err := c.hetzner().ServerType.GetByName(ctx, "cx23")
	must(t, err)
	var where []string
	for _, location := range cx23.Locations {
		where = append(where, location.Location.Name)
	}
	if !slices.Equal(where, europe) || cx23.Cores != 2 || cx23.Memory != 4 || cx23.Disk != 40 {
		t.Errorf("%v %+v", where, cx23)
	}
}

func TestServerTypes_WhatWasSoldOnceIsMarkedDeprecated(t *testing.T) {
	c := start(t, Config{})
	cpx21, _, err := c.hetzner().ServerType.GetByName(ctx, "cpx21")
	must(t, err)
	for _, location := range cpx21.Locations {
		if gone := slices.Contains(europe, location.Location.Name); gone != location.IsDeprecated() {
			t.Errorf("%s: deprecated %v", location.Location.Name, location.IsDeprecated())
		}
	}
}

func TestImages_AreFoundByNameAndArchitecture(t *testing.T) {
	c := start(t, Config{})
	for _, name := range []string{"ubuntu-24.04", "ubuntu-22.04", "debian-12", "debian-13"} {
		for _, architecture := range []hcloud.Architecture{"x86", "arm"} {
			image, _, err := c.hetzner().Image.GetByNameAndArchitecture(ctx, name, architecture)
			must(t, err)
			if image == nil || image.Architecture != architecture {
				t.Errorf("%s %s: %+v", name, architecture, image)
			}
		}
	}
}

func TestLists_ComeInPages(t *testing.T) {
	c := start(t, Config{})
	page, response, err := c.hetzner().ServerType.List(ctx, hcloud.ServerTypeListOpts{ListOpts: hcloud.ListOpts{Page: 2, PerPage: 10}})
	must(t, err)
	if len(page) != 10 || response.Meta.Pagination.NextPage != 3 || response.Meta.Pagination.TotalEntries != len(serverTypes) {
		t.Errorf("%d types, %+v", len(page), response.Meta.Pagination)
	}
	all, err := c.hetzner().ServerType.All(ctx)
	must(t, err)
	if len(all) != len(serverTypes) {
		t.Errorf("%d types in all", len(all))
	}
}

func TestSSHKey_IsUniqueByNameAndByFingerprint(t *testing.T) {
	c, key := start(t, Config{}), publicKey(t)
	_, _, err := c.hetzner().SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{Name: "one", PublicKey: key})
	must(t, err)
	_, _, err = c.hetzner().SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{Name: "two", PublicKey: key})
	refusedAs(t, err, "uniqueness_error")
	_, _, err = c.hetzner().SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{Name: "one", PublicKey: publicKey(t)})
	refusedAs(t, err, "uniqueness_error")
	_, _, err = c.hetzner().SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{Name: "bad", PublicKey: "ssh-ed25519 nonsense"})
	refusedAs(t, err, "invalid_input")
}

func TestLabels_SelectWhatHasThem(t *testing.T) {
	c := start(t, Config{})
	for name, env := range map[string]string{"one": "prod", "two": "test"} {
		_, _, err := c.hetzner().SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{Name: name, PublicKey: publicKey(t), Labels: map[string]string{"env": env}})
		must(t, err)
	}
	for selector, count := range map[string]int{"env": 2, "env=prod": 1, "env!=prod": 1, "!env": 0, "env==test,env": 1} {
		found, err := c.hetzner().SSHKey.AllWithOpts(ctx, hcloud.SSHKeyListOpts{ListOpts: hcloud.ListOpts{LabelSelector: selector}})
		must(t, err)
		if len(found) != count {
			t.Errorf("%s: %d keys", selector, len(found))
		}
	}
}

func TestServer_IsBoughtWithItsAddressFirewallAndKeys(t *testing.T) {
	machines := &recorder{}
	c := start(t, Config{Machines: machines})
	opts := order1(t, c)
	ipv4, ipv6 := c.primaryIP(t, "four", "ipv4"), c.primaryIP(t, "six", "ipv6")
	firewall := c.firewall(t)
	opts.Firewalls = []*hcloud.ServerCreateFirewall{{Firewall: *firewall}}
	opts.PublicNet = &hcloud.ServerCreatePublicNet{EnableIPv4: true, EnableIPv6: true, IPv4: ipv4, IPv6: ipv6}
	server := c.buy(t, opts)

	if server.Status != "running" || !server.PublicNet.IPv4.IP.Equal(ipv4.IP) || server.PublicNet.IPv6.Network.String() != ipv6.Network.String() ||
		server.Location.Name != "hil" || server.PublicNet.Firewalls[0].Firewall.ID != firewall.ID {
		t.Errorf("%+v", server)
	}
	made := machines.made[0]
	if made.IPv4.String() != ipv4.IP.String() || made.IPv6.String() != "2001:db8:18:0:1::1/64" || len(made.AuthorizedKeys) != 1 || made.UserData != opts.UserData {
		t.Errorf("%+v", made)
	}
	if rules := machines.rules[server.ID]; len(rules) != 1 || rules[0].Port != "22" || !rules[0].Inbound || len(rules[0].Networks) != 2 {
		t.Errorf("rules %+v", rules)
	}
}

func TestServer_OrdersThatCannotBeFilledAreRefused(t *testing.T) {
	c := start(t, Config{})
	taken := c.primaryIP(t, "taken", "ipv4")
	first := order1(t, c)
	first.PublicNet = &hcloud.ServerCreatePublicNet{EnableIPv4: true, IPv4: taken}
	c.buy(t, first)
	elsewhere := c.primaryIP(t, "elsewhere", "ipv4", "nbg1")

	for name, refused := range map[string]struct {
		code   string
		change func(*hcloud.ServerCreateOpts)
	}{
		"type not sold here":       {"invalid_input", func(o *hcloud.ServerCreateOpts) { o.ServerType.Name = "cx23" }},
		"type no longer sold here": {"invalid_input", func(o *hcloud.ServerCreateOpts) { o.Location.Name = "fsn1" }},
		"unknown type":             {"invalid_input", func(o *hcloud.ServerCreateOpts) { o.ServerType.Name = "cx1" }},
		"unknown location":         {"invalid_input", func(o *hcloud.ServerCreateOpts) { o.Location.Name = "lax" }},
		"unknown image":            {"invalid_input", func(o *hcloud.ServerCreateOpts) { o.Image.Name = "ubuntu-10.04" }},
		"name in use":              {"uniqueness_error", func(o *hcloud.ServerCreateOpts) { o.Name = "app" }},
		"no host name":             {"invalid_input", func(o *hcloud.ServerCreateOpts) { o.Name = "running_calendar" }},
		"long user data":           {"invalid_input", func(o *hcloud.ServerCreateOpts) { o.UserData = strings.Repeat("x", 32<<10+1) }},
		"address in use": {"primary_ip_assigned", func(o *hcloud.ServerCreateOpts) {
			o.PublicNet = &hcloud.ServerCreatePublicNet{EnableIPv4: true, IPv4: taken}
		}},
		"address elsewhere": {"primary_ip_datacenter_mismatch", func(o *hcloud.ServerCreateOpts) {
			o.PublicNet = &hcloud.ServerCreatePublicNet{EnableIPv4: true, IPv4: elsewhere}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := hcloud.ServerCreateOpts{Name: "next", ServerType: &hcloud.ServerType{Name: "cpx21"}, Image: &hcloud.Image{Name: "ubuntu-24.04"}, Location: &hcloud.Location{Name: "hil"}}
			refused.change(&o)
			_, _, err := c.hetzner().Server.Create(ctx, o)
			refusedAs(t, err, refused.code)
		})
	}
}

func TestServer_CannotBeBoughtWhereNothingIsLeft(t *testing.T) {
	c := start(t, Config{})
	opts := order1(t, c)
	must(t, c.SetFault(Fault{Name: "hetzner-unavailable", Count: 1}))
	_, _, err := c.hetzner().Server.Create(ctx, opts)
	refusedAs(t, err, "resource_unavailable")
}

func TestServer_ProtectedIsNeitherDeletedNorRebuilt(t *testing.T) {
	c := start(t, Config{})
	server := c.buy(t, order1(t, c))
	c.protect(t, server, true)
	_, _, err := c.hetzner().Server.DeleteWithResult(ctx, server)
	refusedAs(t, err, "protected")
	_, _, err = c.hetzner().Server.RebuildWithResult(ctx, server, hcloud.ServerRebuildOpts{Image: server.Image})
	refusedAs(t, err, "protected")

	c.protect(t, server, false)
	result, _, err := c.hetzner().Server.DeleteWithResult(ctx, server)
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, result.Action))
	if gone, _, err := c.hetzner().Server.GetByID(ctx, server.ID); err != nil || gone != nil {
		t.Errorf("still there: %v %v", gone, err)
	}
}

func TestServer_IsLockedWhileAnActionRuns(t *testing.T) {
	c := start(t, Config{ActionTime: 300 * time.Millisecond})
	created, _, err := c.hetzner().Server.Create(ctx, order1(t, c))
	must(t, err)
	if created.Action.Status != "running" || created.Server.Status != "initializing" || !created.Server.Locked {
		t.Errorf("%+v", created.Server)
	}
	_, _, err = c.hetzner().Server.DeleteWithResult(ctx, created.Server)
	refusedAs(t, err, "locked")
	must(t, c.hetzner().Action.WaitFor(ctx, append(created.NextActions, created.Action)...))
}

func TestServer_WhoseMachineFailsHasAFailedAction(t *testing.T) {
	// Its Delete fails too: there is no machine.
	c := start(t, Config{Machines: &recorder{fails: errors.New("no room")}})
	created, _, err := c.hetzner().Server.Create(ctx, order1(t, c))
	must(t, err)
	err = c.hetzner().Action.WaitFor(ctx, created.Action)
	if failed := (hcloud.ActionError{}); !errors.As(err, &failed) || failed.Message != "no room" {
		t.Errorf("got %v", err)
	}
	if err := c.hetzner().Action.WaitFor(ctx, created.NextActions...); err == nil {
		t.Error("it was started")
	}
	// What is left on paper can be deleted.
	result, _, err := c.hetzner().Server.DeleteWithResult(ctx, created.Server)
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, result.Action))
}

func TestServer_TypeChangesOnlyWhenOffAndStartsAgain(t *testing.T) {
	machines := &recorder{}
	c := start(t, Config{Machines: machines})
	server := c.buy(t, order1(t, c))
	bigger := hcloud.ServerChangeTypeOpts{ServerType: &hcloud.ServerType{Name: "cpx31"}, UpgradeDisk: false}
	_, _, err := c.hetzner().Server.ChangeType(ctx, server, bigger)
	refusedAs(t, err, "server_not_stopped")

	c.act(t)(c.hetzner().Server.Shutdown(ctx, server))
	c.act(t)(c.hetzner().Server.ChangeType(ctx, server, bigger))
	c.act(t)(c.hetzner().Server.Reboot(ctx, server)) // it is on again by itself
	server, _, err = c.hetzner().Server.GetByID(ctx, server.ID)
	must(t, err)
	if server.ServerType.Name != "cpx31" || server.PrimaryDiskSize != 80 || server.Status != "running" {
		t.Errorf("%+v", server)
	}
	if want := []string{"create", "firewall", "off", "on", "reboot"}; !slices.Equal(machines.told, want) {
		t.Errorf("machines were told %v", machines.told)
	}
}

func TestPrimaryIP_SurvivesItsServerAndIsNotDeletedBefore(t *testing.T) {
	c := start(t, Config{})
	opts := order1(t, c)
	ip := c.primaryIP(t, "four", "ipv4")
	opts.PublicNet = &hcloud.ServerCreatePublicNet{EnableIPv4: true, EnableIPv6: true, IPv4: ip}
	server := c.buy(t, opts)
	_, err := c.hetzner().PrimaryIP.Delete(ctx, ip)
	refusedAs(t, err, "must_be_unassigned")

	result, _, err := c.hetzner().Server.DeleteWithResult(ctx, server)
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, result.Action))
	left, err := c.hetzner().PrimaryIP.All(ctx)
	must(t, err)
	if len(left) != 1 || left[0].ID != ip.ID || left[0].AssigneeID != 0 {
		t.Errorf("left: %+v", left)
	}
	_, err = c.hetzner().PrimaryIP.Delete(ctx, ip)
	must(t, err)
}

func TestPrimaryIP_ProtectedIsNotDeleted(t *testing.T) {
	c := start(t, Config{})
	ip := c.primaryIP(t, "four", "ipv4")
	c.act(t)(c.hetzner().PrimaryIP.ChangeProtection(ctx, hcloud.PrimaryIPChangeProtectionOpts{ID: ip.ID, Delete: true}))
	_, err := c.hetzner().PrimaryIP.Delete(ctx, ip)
	refusedAs(t, err, "protected")
}

func TestPrimaryIP_MovesBetweenStoppedServers(t *testing.T) {
	c := start(t, Config{})
	opts := order1(t, c)
	opts.PublicNet = &hcloud.ServerCreatePublicNet{EnableIPv6: true}
	server, ip := c.buy(t, opts), c.primaryIP(t, "four", "ipv4")
	assign := hcloud.PrimaryIPAssignOpts{ID: ip.ID, AssigneeID: server.ID, AssigneeType: "server"}
	_, _, err := c.hetzner().PrimaryIP.Assign(ctx, assign)
	refusedAs(t, err, "server_not_stopped")
	c.act(t)(c.hetzner().Server.Poweroff(ctx, server))
	c.act(t)(c.hetzner().PrimaryIP.Assign(ctx, assign))
	c.act(t)(c.hetzner().PrimaryIP.Unassign(ctx, ip.ID))
}

func TestFirewall_IsNotDeletedWhileInUse(t *testing.T) {
	machines := &recorder{}
	c := start(t, Config{Machines: machines})
	server, firewall := c.buy(t, order1(t, c)), c.firewall(t)
	on := []hcloud.FirewallResource{{Type: hcloud.FirewallResourceTypeServer, Server: &hcloud.FirewallResourceServer{ID: server.ID}}}
	c.actAll(t)(c.hetzner().Firewall.ApplyResources(ctx, firewall, on))
	_, err := c.hetzner().Firewall.Delete(ctx, firewall)
	refusedAs(t, err, "resource_in_use")

	c.actAll(t)(c.hetzner().Firewall.SetRules(ctx, firewall, hcloud.FirewallSetRulesOpts{}))
	if rules := machines.rules[server.ID]; rules == nil || len(rules) != 0 {
		t.Errorf("a firewall without rules must close all, got %v", rules)
	}
	c.actAll(t)(c.hetzner().Firewall.RemoveResources(ctx, firewall, on))
	if rules := machines.rules[server.ID]; rules != nil {
		t.Errorf("no firewall must leave all open, got %v", rules)
	}
	_, err = c.hetzner().Firewall.Delete(ctx, firewall)
	must(t, err)
}

func TestFirewall_RulesAreChecked(t *testing.T) {
	c, anyone := start(t, Config{}), networksOf("0.0.0.0/0")
	for name, rule := range map[string]hcloud.FirewallRule{
		"tcp without port": {Direction: "in", Protocol: "tcp", SourceIPs: anyone},
		"icmp with port":   {Direction: "in", Protocol: "icmp", Port: hcloud.Ptr("1"), SourceIPs: anyone},
		"no networks":      {Direction: "in", Protocol: "icmp"},
		"odd protocol":     {Direction: "in", Protocol: "sctp", SourceIPs: anyone},
		"odd port":         {Direction: "in", Protocol: "tcp", Port: hcloud.Ptr("ssh"), SourceIPs: anyone},
	} {
		_, _, err := c.hetzner().Firewall.Create(ctx, hcloud.FirewallCreateOpts{Name: name, Rules: []hcloud.FirewallRule{rule}})
		t.Run(name, func(t *testing.T) { refusedAs(t, err, "invalid_input") })
	}
}

func order1(t *testing.T, c testCloud) hcloud.ServerCreateOpts {
	t.Helper()
	key, _, err := c.hetzner().SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{Name: "deploy", PublicKey: publicKey(t)})
	must(t, err)
	return hcloud.ServerCreateOpts{
		Name: "app", ServerType: &hcloud.ServerType{Name: "cpx21"}, Image: &hcloud.Image{Name: "ubuntu-24.04"},
		Location: &hcloud.Location{Name: "hil"}, SSHKeys: []*hcloud.SSHKey{key}, UserData: "#cloud-config\n",
	}
}

func (c testCloud) buy(t *testing.T, opts hcloud.ServerCreateOpts) *hcloud.Server {
	t.Helper()
	created, _, err := c.hetzner().Server.Create(ctx, opts)
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, append(created.NextActions, created.Action)...))
	server, _, err := c.hetzner().Server.GetByID(ctx, created.Server.ID)
	must(t, err)
	return server
}

func (c testCloud) protect(t *testing.T, server *hcloud.Server, on bool) {
	t.Helper()
	c.act(t)(c.hetzner().Server.ChangeProtection(ctx, server, hcloud.ServerChangeProtectionOpts{Delete: &on, Rebuild: &on}))
}

func (c testCloud) act(t *testing.T) func(*hcloud.Action, *hcloud.Response, error) {
	t.Helper()
	return func(action *hcloud.Action, _ *hcloud.Response, err error) {
		t.Helper()
		must(t, err)
		must(t, c.hetzner().Action.WaitFor(ctx, action))
	}
}

func (c testCloud) actAll(t *testing.T) func([]*hcloud.Action, *hcloud.Response, error) {
	t.Helper()
	return func(actions []*hcloud.Action, _ *hcloud.Response, err error) {
		t.Helper()
		must(t, err)
		must(t, c.hetzner().Action.WaitFor(ctx, actions...))
	}
}

func (c testCloud) primaryIP(t *testing.T, name, version string, location ...string) *hcloud.PrimaryIP {
	t.Helper()
	created, _, err := c.hetzner().PrimaryIP.Create(ctx, hcloud.PrimaryIPCreateOpts{
		Name: name, Type: hcloud.PrimaryIPType(version), AssigneeType: "server", Location: append(location, "hil")[0], AutoDelete: hcloud.Ptr(false),
	})
	must(t, err)
	return created.PrimaryIP
}

func (c testCloud) firewall(t *testing.T) *hcloud.Firewall {
	t.Helper()
	created, _, err := c.hetzner().Firewall.Create(ctx, hcloud.FirewallCreateOpts{Name: "app", Rules: []hcloud.FirewallRule{
		{Direction: "in", Protocol: "tcp", Port: hcloud.Ptr("22"), SourceIPs: networksOf("0.0.0.0/0", "::/0")},
	}})
	must(t, err)
	return created.Firewall
}

func networksOf(texts ...string) (all []net.IPNet) {
	for _, text := range texts {
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			panic(err)
		}
		all = append(all, *network)
	}
	return all
}

func publicKey(t *testing.T) string {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	must(t, err)
	key, err := ssh.NewPublicKey(public)
	must(t, err)
	return string(ssh.MarshalAuthorizedKey(key))
}

func (c testCloud) serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return string(text)
}
