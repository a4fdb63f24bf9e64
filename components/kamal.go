package components

import (
	"cmp"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"rails-on-hetzner/internal/kamalfiles"
	"rails-on-hetzner/internal/settings"
)

// Kamal writes what the stack knows into the Rails app's own files. It is the
// last thing that happens: when anything before it failed, the app is untouched.
type Kamal struct {
	pulumi.ResourceState

	Report pulumi.StringOutput // that the app's files are as they should be
}

// KamalArgs says what to write, and after what.
type KamalArgs struct {
	Settings *settings.Settings    // required
	IPs      []pulumi.StringOutput // required: the servers' IPv4 addresses, in the order of Settings.Fleet
	Former   []string              // optional: addresses of servers that are about to go
	MemoryMB int                   // of the database's server
	Proxies  []netip.Prefix        // networks that alone reach the web, and stand before its visitors; default: everyone does
	After    pulumi.Array          // required: values that exist once everything else is done
}

// withUnknown puts something in the place of the addresses that are not known, "" or
// left out, while there are no such servers yet.
func withUnknown(s *settings.Settings, known []string) []string {
	const first = "THE-NEW-SERVERS-IP"
	ips := []string{first}
	for _, machine := range s.Fleet()[1:] {
		ips = append(ips, first+"-"+strings.ToUpper(machine.Name))
	}
	for i, ip := range known {
		ips[i] = cmp.Or(ip, ips[i])
	}
	return ips
}

// CheckKamalFiles finds, before anything is created, what cannot be edited, and
// notes what in the app would spoil a deploy. memoryMB is the database's server's;
// ips are the addresses of the servers that stand, in the order of the fleet, and
// former those of servers that are about to go.
func CheckKamalFiles(s *settings.Settings, memoryMB int, ips, former []string) (notes []string, err error) {
	if !s.EditApp {
		return nil, nil
	}
	plan, err := planKamalFiles(s, wantedFiles(s, withUnknown(s, ips), former, memoryMB), nil)
	if plan == nil {
		return nil, err
	}
	return plan.Notes, err
}

// NewKamal shows the change to the app's files in previews and makes it in updates.
func NewKamal(ctx *pulumi.Context, name string, args *KamalArgs, opts ...pulumi.ResourceOption) (*Kamal, error) {
	self := &Kamal{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:Kamal", name, self, opts...); err != nil {
		return nil, err
	}
	if ctx.DryRun() {
		if err := self.show(ctx, args); err != nil {
			return nil, err
		}
		self.Report = pulumi.String("").ToStringOutput()
		return self, ctx.RegisterResourceOutputs(self, pulumi.Map{})
	}
	self.Report = pulumi.All(pulumi.ToStringArrayOutput(args.IPs), args.After).ApplyT(func(known []any) (string, error) {
		wanted := wantedFiles(args.Settings, known[0].([]string), args.Former, args.MemoryMB)
		if !args.Settings.EditApp {
			wanted.DatabaseKind, _ = kamalfiles.DatabaseOf(args.Settings.AppPath, wanted)
			return "the app's files are yours to edit (editApp is false); they must say:\n" + wanted.ByHand(), nil
		}
		plan, err := planKamalFiles(args.Settings, wanted, args.Proxies)
		if err != nil {
			return "", err
		}
		written, err := plan.Apply()
		if err != nil {
			return "", err
		}
		// A line in the log and not in the output, which would differ on the next run.
		if len(written) > 0 {
			err = ctx.Log.Info("written in the app: "+strings.Join(written, ", "), &pulumi.LogArgs{Resource: self})
		}
		return "the app's files are as they should be", err
	}).(pulumi.StringOutput)
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"report": self.Report})
}

// show prints the diff that an update would make. Addresses may be unknown,
// and an ApplyT would then never run: so they are awaited, as unknowns allow.
func (k *Kamal) show(ctx *pulumi.Context, args *KamalArgs) error {
	if !args.Settings.EditApp {
		return nil
	}
	ips := withUnknown(args.Settings, nil)
	for i := range ips {
		awaited, err := internals.UnsafeAwaitOutput(ctx.Context(), args.IPs[i])
		if err != nil {
			return err
		}
		if text, ok := awaited.Value.(string); ok && awaited.Known {
			ips[i] = text
		}
	}
	plan, err := planKamalFiles(args.Settings, wantedFiles(args.Settings, ips, args.Former, args.MemoryMB), args.Proxies)
	if err != nil {
		return err
	}
	if diff := plan.Diff(); diff != "" {
		return ctx.Log.Info("pulumi up will change the app in "+args.Settings.AppPath+":\n"+diff, &pulumi.LogArgs{Resource: k})
	}
	return nil
}

func planKamalFiles(s *settings.Settings, files kamalfiles.Deploy, proxies []netip.Prefix) (*kamalfiles.Plan, error) {
	project, err := filepath.Rel(s.AppPath, s.ProjectDir)
	if err != nil {
		return nil, fmt.Errorf("finding the way from the app to this program: %w", err)
	}
	wanted := kamalfiles.Settings{
		Deploy:         files,
		TrustedProxies: TextsOf(proxies),
		Secrets: []kamalfiles.Secret{
			{Name: "KAMAL_REGISTRY_PASSWORD", Reference: "$KAMAL_REGISTRY_PASSWORD", Why: registryToken(s) + ", from your environment"},
			{Name: "RAILS_MASTER_KEY", Reference: "$(cat config/master.key)"},
			outputSecret("POSTGRES_PASSWORD", "postgresPassword", "The database, as the stack that made the server knows it", s.Stack, project),
			{Name: "POSTGRES_DB", Reference: s.Service + "_production"},
		},
	}
	if names := wanted.OriginCert; names != nil {
		wanted.Secrets = append(wanted.Secrets,
			outputSecret(names.CertificatePEM, "originCertificate", "The certificate that Cloudflare made for the server, and its key", s.Stack, project),
			outputSecret(names.PrivateKeyPEM, "originPrivateKey", "", s.Stack, project))
	}
	return kamalfiles.NewPlan(s.AppPath, wanted)
}

// wantedFiles is what deploy.yml is to say, with the servers' addresses in the order
// of their fleet.
func wantedFiles(s *settings.Settings, ips, former []string, memoryMB int) kamalfiles.Deploy {
	wanted := kamalfiles.Deploy{
		Service: s.Service, Registry: registryOf(s), SSHUser: s.SSHUser, Hosts: s.Hosts(),
		DatabaseKind: s.Database, Database: s.PostgresImage, Former: former,
	}
	for i, machine := range s.Fleet() {
		switch {
		case machine.Web:
			wanted.WebHosts = append(wanted.WebHosts, ips[i])
		case !machine.Database:
			wanted.JobHosts = append(wanted.JobHosts, ips[i])
		}
		if machine.Database && machine.Private.IsValid() {
			wanted.DatabaseServer, wanted.DatabaseAddress = ips[i], machine.Private.String()
		}
	}
	if s.Certificate == settings.CloudflareOrigin {
		wanted.OriginCert = &kamalfiles.CertNames{CertificatePEM: "ORIGIN_CERTIFICATE", PrivateKeyPEM: "ORIGIN_PRIVATE_KEY"}
	}
	if s.DatabaseMemory {
		wanted.MemoryMB = memoryMB
	}
	// Visitors' addresses may be believed only when nobody but Cloudflare can send
	// them. Behind a load balancer they would all be its own otherwise: so whoever
	// finds it and comes past Cloudflare can claim another.
	wanted.KeepHeaders = s.OriginLock || s.Balanced()
	return wanted
}

func registryOf(s *settings.Settings) kamalfiles.Registry {
	if s.Registry == settings.LocalRegistry {
		return kamalfiles.Registry{Server: kamalfiles.LocalRegistry}
	}
	return kamalfiles.Registry{Server: s.Registry, User: s.RegistryUser}
}

func registryToken(s *settings.Settings) string {
	if s.Registry == settings.GitHubRegistry {
		return "A GitHub token with write:packages and read:packages"
	}
	return "The password or token of " + s.RegistryUser + " at " + s.Registry
}

// AppDatabase tells the container of the database that the app is given, "" when
// it has its data elsewhere: then there is nothing to back up.
func AppDatabase(s *settings.Settings) string {
	kind, container := kamalfiles.DatabaseOf(s.AppPath, wantedFiles(s, withUnknown(s, nil), nil, kamalfiles.UnknownMemory))
	if kind == kamalfiles.DatabaseExternal || kind == kamalfiles.DatabaseNone {
		return ""
	}
	return container
}

// HealthPath is what Kamal asks the app for to see whether it is well.
func HealthPath(s *settings.Settings) string { return kamalfiles.HealthPath(s.AppPath) }

// outputSecret is a secret that one of the stack's outputs holds, printed from
// within the app. A reference to another stack is from before the app moved to
// this one. One to this stack stays as it is, whatever --cwd a developer gave it.
func outputSecret(name, output, why, stack, project string) kamalfiles.Secret {
	return kamalfiles.Secret{
		Name: name, Why: why,
		Reference: fmt.Sprintf("$(pulumi stack output %s --show-secrets --stack %s --cwd %s)", output, stack, quote(project)),
		Outdated: func(reference string) bool {
			found := stackReference.FindStringSubmatch(reference)
			return found != nil && found[1] == output && found[2] != stack
		},
	}
}

var stackReference = regexp.MustCompile(`^\$\(pulumi stack output (\S+) --show-secrets --stack (\S+) --cwd [^()]+\)$`)
