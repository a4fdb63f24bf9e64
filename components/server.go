// Package components declares what gets built: one component per file, each
// only resources and how they depend on each other.
package components

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-hcloud/sdk/go/hcloud"
	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Server is one Hetzner Cloud server with its address, cloud firewall and keys.
type Server struct {
	pulumi.ResourceState

	IP      pulumi.StringOutput // the IPv4 address, which survives the server
	IPv6    pulumi.StringOutput // its IPv6 address, gone with the server
	Type    pulumi.StringOutput // the type it is of
	HostKey pulumi.StringOutput // the server's own public key, as "ssh-ed25519 AAAA..."
	SSH     Connection          // how the program's remote commands reach it

	machine *hcloud.Server
}

// ServerArgs describes the server to buy.
type ServerArgs struct {
	Name        string            // required: host name, letters, digits and hyphens
	Location    string            // required: Hetzner location
	Type        string            // required: Hetzner server type
	TypeChosen  bool              // the program chose the type: once there is a server, its own type stands
	Image       string            // required: Hetzner image name
	Protect     bool              // optional: server and address cannot be deleted; default they can
	PublicKeys  []string          // required: the developers' keys, as in authorized_keys
	Labels      map[string]string // optional: of everything that is made at Hetzner
	SSHNetworks []netip.Prefix    // optional: who may reach port 22; default everyone
	WebNetworks []netip.Prefix    // optional: who may reach ports 80 and 443; default everyone
	NoWeb       bool              // optional: nobody may, from the internet
}

// NewServer declares the server; what it is of must be on sale, see package hetzner.
func NewServer(ctx *pulumi.Context, name string, args *ServerArgs, opts ...pulumi.ResourceOption) (*Server, error) {
	self := &Server{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:Server", name, self, opts...); err != nil {
		return nil, err
	}
	child := pulumi.Parent(self)

	hostKey, err := newKey(ctx, name+"-host-key", child)
	if err != nil {
		return nil, err
	}
	deployKey, err := newKey(ctx, name+"-deploy-key", child)
	if err != nil {
		return nil, err
	}
	registered, err := hcloud.NewSshKey(ctx, name+"-deploy-key", &hcloud.SshKeyArgs{
		Name:      pulumi.String(args.Name + "-deploy"),
		PublicKey: trimmed(deployKey.PublicKeyOpenssh),
		Labels:    pulumi.ToStringMap(args.Labels),
	}, child, pulumi.DeleteBeforeReplace(true)) // its name is taken while it exists
	if err != nil {
		return nil, err
	}
	firewall, err := newFirewall(ctx, name, args, child)
	if err != nil {
		return nil, err
	}
	address, err := hcloud.NewPrimaryIp(ctx, name+"-ipv4", &hcloud.PrimaryIpArgs{
		Name:             pulumi.String(args.Name + "-ipv4"),
		Type:             pulumi.String("ipv4"),
		Location:         pulumi.String(args.Location),
		AutoDelete:       pulumi.Bool(false),
		Labels:           pulumi.ToStringMap(args.Labels),
		DeleteProtection: pulumi.Bool(args.Protect),
	}, child, pulumi.Protect(args.Protect))
	if err != nil {
		return nil, err
	}

	machine, err := hcloud.NewServer(ctx, name, &hcloud.ServerArgs{
		Name:        pulumi.String(args.Name),
		ServerType:  pulumi.String(args.Type),
		Image:       pulumi.String(args.Image),
		Location:    pulumi.String(args.Location),
		Labels:      pulumi.ToStringMap(args.Labels),
		SshKeys:     pulumi.StringArray{registered.ID().ToStringOutput()},
		FirewallIds: pulumi.IntArray{number(firewall.ID())},
		PublicNets: hcloud.ServerPublicNetArray{hcloud.ServerPublicNetArgs{
			Ipv4Enabled: pulumi.Bool(true),
			Ipv4:        number(address.ID()),
			Ipv6Enabled: pulumi.Bool(true),
		}},
		UserData:               cloudConfig(hostKey, args.PublicKeys),
		KeepDisk:               pulumi.Bool(true), // so that a larger type can be taken back
		DeleteProtection:       pulumi.Bool(args.Protect),
		RebuildProtection:      pulumi.Bool(args.Protect), // at Hetzner they are one
		ShutdownBeforeDeletion: pulumi.Bool(true),
	}, child, pulumi.Protect(args.Protect), onlyAtFirstBoot(args.TypeChosen), pulumi.DeleteBeforeReplace(true)) // its name and address are taken while it exists
	if err != nil {
		return nil, err
	}

	self.machine = machine
	self.IP, self.IPv6, self.Type = addressOf(machine, address), machine.Ipv6Address, machine.ServerType
	self.HostKey = trimmed(hostKey.PublicKeyOpenssh)
	self.SSH = Connection{
		// The server's own output, not the address's: there is nobody to talk to before it runs.
		Host:       machine.Ipv4Address,
		HostKey:    self.HostKey,
		PrivateKey: deployKey.PrivateKeyOpenssh,
		PublicKey:  trimmed(deployKey.PublicKeyOpenssh),
		Server:     machine.ID(),
	}
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"ip": self.IP, "hostKey": self.HostKey})
}

// onlyAtFirstBoot is blind to changes of what does not matter later on, since a
// replacement of the server that holds the data is all the provider could do
// about it. A type chosen by the program is kept even when a smaller one comes
// on sale: rescaling means downtime and today's prices. And the provider does
// not learn an adopted server's addresses: it would power it off, and delete
// them, to give it the same again.
func onlyAtFirstBoot(typeChosen bool) pulumi.ResourceOption {
	properties := []string{"userData", "sshKeys", "publicNets"}
	if typeChosen {
		properties = append(properties, "serverType")
	}
	return pulumi.IgnoreChanges(properties)
}

// addressOf is the stack's address, if it is the server's: one that was adopted
// without its address has another, and the names must not lead to nobody.
func addressOf(machine *hcloud.Server, address *hcloud.PrimaryIp) pulumi.StringOutput {
	return pulumi.All(address.IpAddress, machine.Ipv4Address, address.URN()).ApplyT(func(known []any) (string, error) {
		ours, theirs, urn := known[0].(string), known[1].(string), known[2].(pulumi.URN)
		if ours != theirs && ours != "" && theirs != "" { // empty: left out by --target
			return "", fmt.Errorf("the server has the address %s, and the stack made another, %s, which leads nowhere: the server was adopted without its address; "+
				"delete %s in Hetzner's console (it is protected there), forget it with `pulumi state delete --force '%s'`, and import the server's own: docs/guide.md, What exists already", theirs, ours, ours, urn)
		}
		return ours, nil
	}).(pulumi.StringOutput)
}

// newFirewall lets SSH, HTTP, HTTPS and ICMP in; Hetzner drops the rest before
// it reaches the server.
func newFirewall(ctx *pulumi.Context, name string, args *ServerArgs, opts ...pulumi.ResourceOption) (*hcloud.Firewall, error) {
	everyone := []string{"0.0.0.0/0", "::/0"}
	orEveryone := func(networks []netip.Prefix) []string {
		if len(networks) == 0 {
			return everyone
		}
		return TextsOf(networks)
	}
	web := orEveryone(args.WebNetworks)
	if args.NoWeb {
		web = nil
	}
	rules := hcloud.FirewallRuleArray{hcloud.FirewallRuleArgs{
		Direction: pulumi.String("in"), Protocol: pulumi.String("icmp"), SourceIps: pulumi.ToStringArray(everyone),
		Description: pulumi.String("ping and path MTU"),
	}}
	for _, open := range []struct {
		port, why string
		to        []string
	}{{"22", "SSH", orEveryone(args.SSHNetworks)}, {"80", "HTTP", web}, {"443", "HTTPS", web}} {
		if open.to == nil {
			continue
		}
		rules = append(rules, hcloud.FirewallRuleArgs{
			Direction: pulumi.String("in"), Protocol: pulumi.String("tcp"), Port: pulumi.String(open.port),
			SourceIps: pulumi.ToStringArray(open.to), Description: pulumi.String(open.why),
		})
	}
	return hcloud.NewFirewall(ctx, name+"-firewall", &hcloud.FirewallArgs{
		Name:   pulumi.String(args.Name),
		Labels: pulumi.ToStringMap(args.Labels),
		Rules:  rules,
	}, opts...)
}

func newKey(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*tls.PrivateKey, error) {
	return tls.NewPrivateKey(ctx, name, &tls.PrivateKeyArgs{Algorithm: pulumi.String("ED25519")}, opts...)
}

// number turns a resource's ID, a text, into the number other resources want.
// What --target leaves out has none, and nobody uses it then.
func number(id pulumi.IDOutput) pulumi.IntOutput {
	return id.ApplyT(func(id pulumi.ID) (int, error) {
		if id == "" {
			return 0, nil
		}
		return strconv.Atoi(string(id))
	}).(pulumi.IntOutput)
}

func trimmed(text pulumi.StringOutput) pulumi.StringOutput {
	return text.ApplyT(strings.TrimSpace).(pulumi.StringOutput)
}
