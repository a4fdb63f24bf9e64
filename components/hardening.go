package components

import (
	"maps"
	"net/netip"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/internal/kamalfiles"
	"rails-on-hetzner/scripts"
)

// Hardening makes the server do only what it should: firewall, fail2ban, sshd
// with keys only, security updates. It is verified in effect, and kept only
// when a second, separate SSH connection got through.
type Hardening struct {
	pulumi.ResourceState

	Report    pulumi.StringOutput // what was found to be in effect, a line each
	Done      pulumi.Resource     // what later scripts wait for; its confirmation goes on beside them
	Confirmed pulumi.Resource     // what waits for this finds a server that stays hardened
}

// HardeningArgs says what may reach the server, and as whom.
type HardeningArgs struct {
	SSH         Connection     // required
	PublicKeys  []string       // required: the developers' keys, as in authorized_keys
	User        string         // required: whose keys these are: root, or a user who is made, and root's login is the program's alone
	SSHNetworks []netip.Prefix // optional: who may reach port 22; default everyone
	WebNetworks []netip.Prefix // optional: who may reach ports 80 and 443; default everyone
	NoWeb       bool           // optional: nobody may, from the internet
	Inside      *Inside        // optional: the private network that the server is in, and who of it reaches what
	RebootTime  string         // optional: "HH:MM" for reboots after updates; default never by itself
	Packages    []string       // optional: what later scripts need, so that apt runs once
	Registry    bool           // optional: whether the image comes from the developer's machine, through SSH
}

// NewHardening declares two remote commands: the work, and its confirmation.
func NewHardening(ctx *pulumi.Context, name string, args *HardeningArgs, opts ...pulumi.ResourceOption) (*Hardening, error) {
	self := &Hardening{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:Hardening", name, self, opts...); err != nil {
		return nil, err
	}
	work := Script{Text: scripts.Harden(), Outputs: map[string]pulumi.StringInput{"PROGRAM_KEY": args.SSH.PublicKey.ApplyT(scripts.ForCommands).(pulumi.StringOutput)}, Variables: map[string]string{
		"SSH_USER":        args.User,
		"AUTHORIZED_KEYS": strings.Join(args.PublicKeys, "\n"),
		"SSH_NETWORKS":    strings.Join(TextsOf(args.SSHNetworks), " "),
		"WEB_NETWORKS":    strings.Join(TextsOf(args.WebNetworks), " "),
		"REBOOT_TIME":     args.RebootTime,
		"MORE_PACKAGES":   strings.Join(args.Packages, " "),
		"REGISTRY_PORT":   "",
	}}
	if args.NoWeb {
		work.Variables["WEB_NETWORKS"] = "none"
	}
	maps.Copy(work.Variables, args.Inside.variables())
	if args.Registry {
		_, work.Variables["REGISTRY_PORT"], _ = strings.Cut(kamalfiles.LocalRegistry, ":")
	}
	done, err := args.SSH.Run(ctx, name+"-apply", work, pulumi.Parent(self))
	if err != nil {
		return nil, err
	}
	// What was done is part of the input, so each new run of the work is confirmed anew.
	confirmed, err := args.SSH.Run(ctx, name+"-confirm", Script{
		Text:      scripts.Confirm(),
		After:     done.Stdout,
		DependsOn: []pulumi.Resource{done},
	}, pulumi.Parent(self))
	if err != nil {
		return nil, err
	}
	self.Report, self.Done, self.Confirmed = confirmed.Stdout, done, confirmed
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"report": self.Report})
}

// TextsOf writes networks as 203.0.113.0/24.
func TextsOf(networks []netip.Prefix) []string {
	var texts []string
	for _, network := range networks {
		texts = append(texts, network.String())
	}
	return texts
}
