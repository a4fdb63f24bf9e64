package components

import (
	"cmp"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/internal/settings"
	"rails-on-hetzner/scripts"
)

// Backup puts the commands app-backup and app-restore on the server and runs the
// first every day: every database of the accessory and every volume of the app,
// checked and rotated.
type Backup struct {
	pulumi.ResourceState

	Report pulumi.StringOutput // when backups are made and where they lie
}

// BackupArgs says of what, when, and how many are kept.
type BackupArgs struct {
	SSH         Connection        // required
	Container   string            // optional: the database's, as Kamal names it; default: there is no PostgreSQL beside the app
	Service     string            // optional: the app's, as Kamal labels its containers; default: its volumes are not backed up
	PointInTime bool              // optional: whether the database's log is kept too, for a restore to any moment
	Hour        int               // required: 0 to 23, server time
	Keep        int               // required: days
	TimeZone    string            // optional: the server's, e.g. "America/Tijuana"; default as it is (UTC)
	PingURL     string            // optional, secret: a monitoring service's address
	Offsite     *settings.Offsite // optional: encrypted copies are made, and go to its bucket
	Box         *StorageBox       // optional: or into this
	DependsOn   []pulumi.Resource // optional: what must have happened before; apt is one at a time
}

// NewBackup declares one remote command.
func NewBackup(ctx *pulumi.Context, name string, args *BackupArgs, opts ...pulumi.ResourceOption) (*Backup, error) {
	self := &Backup{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:Backup", name, self, opts...); err != nil {
		return nil, err
	}
	bucket, recipient := &settings.Bucket{}, ""
	if args.Offsite != nil {
		bucket, recipient = cmp.Or(args.Offsite.Bucket, bucket), args.Offsite.Recipient
	}
	installed, err := args.SSH.Run(ctx, name+"-install", Script{
		Text: scripts.InstallBackup(),
		Variables: map[string]string{
			"CONTAINER":     args.Container,
			"SERVICE":       args.Service,
			"POINT_IN_TIME": strconv.FormatBool(args.PointInTime),
			"HOUR":          strconv.Itoa(args.Hour),
			"KEEP":          strconv.Itoa(args.Keep),
			"TIME_ZONE":     args.TimeZone,

			"OFFSITE_ENDPOINT":  bucket.Endpoint,
			"OFFSITE_REGION":    bucket.Region,
			"OFFSITE_BUCKET":    bucket.Name,
			"OFFSITE_RECIPIENT": recipient,
		},
		Secrets:   args.secrets(bucket),
		DependsOn: args.DependsOn,
	}, pulumi.Parent(self))
	if err != nil {
		return nil, err
	}
	self.Report = lastLine(installed.Stdout)
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"report": self.Report})
}

// secrets are the inputs that no command line may show. What is of the box comes
// with them: it is known only once there is one.
func (args *BackupArgs) secrets(bucket *settings.Bucket) map[string]pulumi.StringInput {
	given := map[string]pulumi.StringInput{
		"PING_URL":           pulumi.String(args.PingURL),
		"OFFSITE_ACCESS_KEY": pulumi.String(bucket.AccessKey),
		"OFFSITE_SECRET_KEY": pulumi.String(bucket.SecretKey),
	}
	if args.Box != nil {
		given["BOX_DIRECTORY"] = args.Box.User
		given["BOX_HOST"] = args.Box.Host
		given["BOX_KNOWN_HOSTS"] = args.Box.KnownHosts
		given["BOX_USER"] = args.Box.server.user
		given["BOX_PASSWORD"] = args.Box.server.password
	}
	return given
}

// Wanted tells whether there is anything to back up.
func (args *BackupArgs) Wanted() bool { return args.Container != "" || args.Service != "" }

// Packages are the Debian packages that the backup needs.
func (args *BackupArgs) Packages() []string {
	var packages []string
	if args.Service != "" {
		packages = append(packages, "rsync", "python3", "zstd")
	}
	if args.Service == "" && args.PointInTime {
		packages = append(packages, "python3", "zstd")
	}
	if args.Offsite != nil {
		packages = append(packages, "age", "rclone")
	}
	return packages
}
