package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-hcloud/sdk/go/hcloud"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// StorageBox is a Storage Box of Hetzner's for the encrypted copies of backups,
// away from the server. The server has an account of its own, which sees one
// directory. It may delete what it put there, as SFTP has it; the box's
// snapshots keep that, and only Hetzner's API and console delete those.
type StorageBox struct {
	pulumi.ResourceState

	Host       pulumi.StringOutput // port 23
	KnownHosts pulumi.StringOutput // the keys that the host may show, as in known_hosts
	User       pulumi.StringOutput // sees everything, and the snapshots in .zfs/snapshot
	Password   pulumi.StringOutput // secret
	Path       pulumi.StringOutput // of the copies, as that user sees it

	server struct {
		user, password pulumi.StringOutput
	}
}

// StorageBoxArgs describes the box to buy.
type StorageBoxArgs struct {
	Name           string            // required: in the Hetzner project
	Type           string            // required: Hetzner's, e.g. bx11
	TypeChosen     bool              // the program chose the type: once there is a box, its own type stands
	Location       string            // required: Hetzner's
	LocationChosen bool              // likewise
	Snapshots      int               // required: how many of the daily ones are kept
	Protect        bool              // optional: it cannot be deleted; default it can
	Labels         map[string]string // optional: of everything that is made at Hetzner
	HostKeys       []string          // required: that its host may show, as in authorized_keys
}

// Where the server's account lives, and what keys are prefixed with in
// known_hosts: on port 22 there is another sshd, which takes other keys.
const (
	boxDirectory = "backups"
	boxPort      = 23
)

// NewStorageBox declares the box and the server's account in it; what it is of
// must be on sale, see package hetzner.
func NewStorageBox(ctx *pulumi.Context, name string, args *StorageBoxArgs, opts ...pulumi.ResourceOption) (*StorageBox, error) {
	self := &StorageBox{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:StorageBox", name, self, opts...); err != nil {
		return nil, err
	}
	// All of it: what refuses to go must not lose its keys before.
	child := pulumi.Composite(pulumi.Parent(self), pulumi.Protect(args.Protect))
	ours, err := newBoxPassword(ctx, name+"-password", child)
	if err != nil {
		return nil, err
	}
	theirs, err := newBoxPassword(ctx, name+"-server-password", child)
	if err != nil {
		return nil, err
	}
	box, err := hcloud.NewStorageBox(ctx, name, &hcloud.StorageBoxArgs{
		Name:           pulumi.String(args.Name),
		StorageBoxType: pulumi.String(args.Type),
		Location:       pulumi.String(args.Location),
		Password:       ours,
		Labels:         pulumi.ToStringMap(args.Labels),
		AccessSettings: hcloud.StorageBoxAccessSettingsArgs{
			ReachableExternally: pulumi.Bool(true), // from the developer's machine
			SshEnabled:          pulumi.Bool(true),
			ZfsEnabled:          pulumi.Bool(true), // shows the snapshots
		},
		SnapshotPlan: hcloud.StorageBoxSnapshotPlanArgs{
			MaxSnapshots: pulumi.Int(args.Snapshots),
			Hour:         pulumi.Int(12), // UTC, daily
			Minute:       pulumi.Int(17),
		},
		DeleteProtection: pulumi.Bool(args.Protect),
	}, child, args.onlyAtFirst())
	if err != nil {
		return nil, err
	}
	account, err := hcloud.NewStorageBoxSubaccount(ctx, name+"-server", &hcloud.StorageBoxSubaccountArgs{
		StorageBoxId:  number(box.ID()),
		Name:          pulumi.String("server"),
		Description:   pulumi.String("puts encrypted backups here"),
		Labels:        pulumi.ToStringMap(args.Labels),
		HomeDirectory: pulumi.String(boxDirectory),
		Password:      theirs,
		AccessSettings: hcloud.StorageBoxSubaccountAccessSettingsArgs{
			ReachableExternally: pulumi.Bool(true), // Hetzner does not say whether its networks overseas count as its own
			SshEnabled:          pulumi.Bool(true),
		},
	}, child)
	if err != nil {
		return nil, err
	}
	self.Host, self.User, self.Password = box.Server, box.Username, ours
	self.KnownHosts = box.Server.ApplyT(func(host string) string { return knownHosts(host, args.HostKeys) }).(pulumi.StringOutput)
	self.Path = pulumi.Sprintf("%s/%s", boxDirectory, box.Username)
	self.server.user, self.server.password = account.Username, theirs
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"host": self.Host, "user": self.User})
}

// onlyAtFirst keeps what the program chose: another location would be another
// box, without the backups, and another type another price.
func (args *StorageBoxArgs) onlyAtFirst() pulumi.ResourceOption {
	var properties []string
	if args.TypeChosen {
		properties = append(properties, "storageBoxType")
	}
	if args.LocationChosen {
		properties = append(properties, "location")
	}
	return pulumi.IgnoreChanges(properties)
}

// newBoxPassword makes one that Hetzner takes: it wants of each of capital and
// small letters, digits and other characters at least one
// (https://docs.hetzner.cloud/reference/hetzner#storage-boxes-password-policy).
func newBoxPassword(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	password, err := NewPassword(ctx, name, "", opts...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return pulumi.Sprintf("%s-Aa1", password), nil
}

func knownHosts(host string, keys []string) string {
	var lines []string
	for _, key := range keys {
		lines = append(lines, fmt.Sprintf("[%s]:%d %s", host, boxPort, key))
	}
	return strings.Join(lines, "\n")
}
