package components

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/internal/settings"
	"rails-on-hetzner/scripts"
)

// Upkeep is what keeps the server running in the days after: swap, room on the
// disk, Docker's updates, and who looks whether all is well and tells.
type Upkeep struct {
	pulumi.ResourceState

	Report pulumi.StringOutput // what of it is on
}

// UpkeepArgs says what of it is wanted; what is not is taken back.
type UpkeepArgs struct {
	SSH           Connection        // required
	Service       string            // required: the app's, as Kamal labels its containers and images
	Server        string            // optional: what messages call it, where there are several
	TimeZone      string            // optional: the server's, where no backup sets it
	Container     string            // optional: the database's, as Kamal names it
	Hosts         []string          // optional: on which the app answers, the main one first; default: it is not looked at from the front
	HealthPath    string            // required: what answers when the app is well, e.g. "/up"
	WellHost      string            // optional: the app's host, by which it is asked when a load balancer asks on WellPort whether it is well
	SSHNetworks   []netip.Prefix    // optional: from where logins are expected; default: nowhere
	Alerts        *settings.Alerts  // optional: who is told; default: nobody, and nothing looks
	Swap          bool              // optional
	Tidy          bool              // optional: logs are bounded, old images removed
	DockerUpdates string            // optional: "HH:MM" for Docker's updates; default never
	DependsOn     []pulumi.Resource // optional: what must have happened before
}

// NewUpkeep declares one remote command.
func NewUpkeep(ctx *pulumi.Context, name string, args *UpkeepArgs, opts ...pulumi.ResourceOption) (*Upkeep, error) {
	self := &Upkeep{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:Upkeep", name, self, opts...); err != nil {
		return nil, err
	}
	alerts := cmp.Or(args.Alerts, &settings.Alerts{})
	mail := cmp.Or(alerts.Email, &settings.Email{})
	script := Script{
		Text: scripts.InstallUpkeep(),
		Variables: map[string]string{
			"SERVICE":        args.Service,
			"CONTAINER":      args.Container,
			"HOSTS":          strings.Join(args.Hosts, " "),
			"HEALTH_PATH":    args.HealthPath,
			"SSH_NETWORKS":   strings.Join(TextsOf(args.SSHNetworks), " "),
			"SWAP":           strconv.FormatBool(args.Swap),
			"TIDY":           strconv.FormatBool(args.Tidy),
			"DOCKER_UPDATES": args.DockerUpdates,

			"ALERT_FORMAT":    alerts.Format,
			"ALERT_EXCEPT":    strings.Join(alerts.Except, " "),
			"ALERT_EMAIL":     mail.To,
			"ALERT_FROM":      mail.From,
			"ALERT_SMTP":      mail.Relay,
			"ALERT_SMTP_USER": mail.User,
		},
		Secrets: map[string]pulumi.StringInput{
			"ALERT_URL":           pulumi.String(alerts.URL),
			"ALERT_SMTP_PASSWORD": pulumi.String(mail.Password),
		},
		DependsOn: args.DependsOn,
	}
	if args.WellHost != "" {
		script.Variables["WELL_PORT"], script.Variables["WELL_HOST"] = strconv.Itoa(WellPort), args.WellHost
	}
	if args.TimeZone != "" {
		script.Variables["TIME_ZONE"] = args.TimeZone
	}
	if args.Server != "" {
		script.Variables["SERVER_NAME"] = args.Server
	}
	installed, err := args.SSH.Run(ctx, name+"-install", script, pulumi.Parent(self))
	if err != nil {
		return nil, err
	}
	self.Report = lastLine(installed.Stdout)
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"report": self.Report})
}
