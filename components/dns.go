package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-cloudflare/sdk/v5/go/cloudflare"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/internal/edge"
)

// DNS points the domain at the server through Cloudflare's proxy and makes
// Cloudflare speak only verified TLS to it, once the server is fit for it.
type DNS struct {
	pulumi.ResourceState

	URL pulumi.StringOutput // where visitors find the app
}

// DNSArgs says which names point where.
type DNSArgs struct {
	Zone    string             // required: the Cloudflare zone's name
	Hosts   []string           // required: the app's names, the main one first, all in the zone
	IP      pulumi.StringInput // required: the server's IPv4 address
	IPv6    pulumi.StringInput // optional: the server's IPv6 address, for AAAA records
	MinTLS  string             // required: the oldest version of TLS for visitors, e.g. "1.2"
	Restore bool               // optional: whether destroying puts the zone's settings back; default they stay

	After    []pulumi.Resource // required: the names and the zone change only once this is done
	Later    bool              // optional: they do not change at all for now; default they do
	Found    *edge.View        // required unless Later: the zone, as it was before this run
	TakeOver bool              // optional: others' records for the hosts are replaced; default they stay
}

// NewDNS declares the records and the zone's SSL mode, or for Later nothing.
func NewDNS(ctx *pulumi.Context, name string, args *DNSArgs, opts ...pulumi.ResourceOption) (*DNS, error) {
	self := &DNS{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:DNS", name, self, opts...); err != nil {
		return nil, err
	}
	child := pulumi.Parent(self)
	if args.Later {
		self.URL = pulumi.String("https://" + args.Hosts[0]).ToStringOutput()
		return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"url": self.URL})
	}

	zone, err := cloudflare.LookupZone(ctx, &cloudflare.LookupZoneArgs{Name: &args.Zone})
	if err != nil {
		return nil, fmt.Errorf("zone: looking up %q at Cloudflare (the token needs the permission Zone:Read for it): %w", args.Zone, err)
	}
	// Full (strict) first: no visitor may get through on a weaker mode. It outlives
	// its stack: what was there before it may be Flexible, under which every other
	// stack's site in the zone would redirect for ever (force_ssl), and a destroy
	// runs no program that could look.
	strict, err := cloudflare.NewZoneSettingsOverride(ctx, name+"-ssl", &cloudflare.ZoneSettingsOverrideArgs{
		ZoneId: pulumi.String(zone.Id),
		Settings: cloudflare.ZoneSettingsOverrideSettingsArgs{
			Ssl:           pulumi.String("strict"),
			MinTlsVersion: pulumi.String(args.MinTLS),
		},
	}, child, pulumi.RetainOnDelete(!args.Restore), pulumi.DependsOn(args.After))
	if err != nil {
		return nil, err
	}
	ip, ipv6 := args.IP, args.IPv6
	if !ctx.DryRun() {
		ip, ipv6 = onceStrict(ctx, args, strict)
	}

	// Strangers come by the names: they lead only to a server that is hardened.
	after := pulumi.DependsOn(append([]pulumi.Resource{strict}, args.After...))
	for _, host := range args.Hosts {
		record, err := newRecord(ctx, name+"-"+host, zone.Id, host, "A", ip, args, child, after)
		if err != nil {
			return nil, err
		}
		if host == args.Hosts[0] {
			self.URL = pulumi.Sprintf("https://%s", record.Hostname)
		}
		if args.IPv6 != nil {
			if _, err := newRecord(ctx, name+"-"+host+"-ipv6", zone.Id, host, "AAAA", ipv6, args, child, after); err != nil {
				return nil, err
			}
		}
	}
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"url": self.URL})
}

// onceStrict are the server's addresses, known once the zone is strict and, with
// TakeOver, nothing else answers for the hosts.
func onceStrict(ctx *pulumi.Context, args *DNSArgs, strict *cloudflare.ZoneSettingsOverride) (ip, ipv6 pulumi.StringInput) {
	addresses := pulumi.StringArray{args.IP}
	if args.IPv6 != nil {
		addresses = append(addresses, args.IPv6)
	}
	taken := pulumi.All(addresses, strict.ID()).ApplyT(func(known []any) ([]string, error) {
		addresses := known[0].([]string)
		// In an update with --target, what was not asked for is empty, not unknown.
		if known[1].(pulumi.ID) == "" || slices.Contains(addresses, "") {
			return addresses, nil
		}
		if err := args.Found.MustBeStrict(ctx.Context()); err != nil || !args.TakeOver {
			return addresses, err
		}
		var wanted []edge.Record
		for _, host := range args.Hosts {
			for i, address := range addresses {
				wanted = append(wanted, edge.Record{Name: host, Type: []string{"A", "AAAA"}[i], Content: address, Proxied: true})
			}
		}
		replaced, err := args.Found.TakeOver(ctx.Context(), wanted)
		if err != nil {
			return nil, fmt.Errorf("taking over the names: %w", err)
		}
		for _, r := range replaced {
			if err := ctx.Log.Info("taken over; until now it was "+r.String(), nil); err != nil {
				return nil, err
			}
		}
		return addresses, nil
	}).(pulumi.StringArrayOutput)
	return taken.Index(pulumi.Int(0)), taken.Index(pulumi.Int(len(addresses) - 1))
}

// newRecord points a host at an address, through Cloudflare's proxy.
func newRecord(ctx *pulumi.Context, name, zoneID, host, kind string, address pulumi.StringInput, args *DNSArgs, opts ...pulumi.ResourceOption) (*cloudflare.Record, error) {
	return cloudflare.NewRecord(ctx, name, &cloudflare.RecordArgs{
		ZoneId:  pulumi.String(zoneID),
		Name:    pulumi.String(recordName(host, args.Zone)),
		Type:    pulumi.String(kind),
		Content: address,
		Proxied: pulumi.Bool(true),
		Ttl:     pulumi.Int(1), // automatic, the only one a proxied record can have
		Comment: pulumi.String(edge.Mark(ctx.Stack())),
		// An identical record is ours, from a run that was killed before it could
		// note it, or onceStrict has made it. The provider overwrites no other.
		AllowOverwrite: pulumi.Bool(true),
	}, opts...)
}

// recordName is a host's name in its zone, spelled as an import of the record
// spells it: the zone's own name at the top, relative below it.
func recordName(host, zone string) string {
	return strings.TrimSuffix(host, "."+zone)
}
