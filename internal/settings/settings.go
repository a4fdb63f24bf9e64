// Package settings reads the stack's configuration once, checks it as a whole
// and tells every mistake in one go. Nothing else in the program reads
// configuration or the environment.
package settings

import (
	"cmp"
	"errors"
	"net/netip"
	"strings"
)

// Settings is the whole configuration of one stack, checked and with every
// default filled in.
type Settings struct {
	ProjectDir string // the directory of Pulumi.yaml
	Project    string // the Pulumi project, which is also the configuration's namespace
	Stack      string

	Service      string // Kamal's service name: lower-case letters, digits, - and _
	Domain       string // the host the app answers on, without scheme
	Zone         string // the Cloudflare zone that holds Domain
	WWW          bool   // whether www.Domain is served too
	IPv6         bool   // whether there are AAAA records too
	Certificate  string // the origin's: LetsEncrypt or CloudflareOrigin
	OriginLock   bool   // whether only Cloudflare's networks may reach ports 80 and 443
	DNSTakeover  string // what becomes of records that exist for the hosts: TakeoverNever, TakeoverLater or TakeoverNow
	ZoneWide     bool   // whether Full (strict) may come over the zone's other names too
	ZoneRestore  bool   // whether destroying the stack puts the zone's settings back as they were
	Registry     string // where the image is kept: GitHubRegistry, LocalRegistry or another host's name
	RegistryUser string // who writes it there: on ghcr.io the GitHub user, lower-case; empty with LocalRegistry
	AppPath      string // absolute path of the Rails app
	EditApp      bool   // whether the app's files are edited; false: what they must say is shown

	ServerName string   // the server's, and of all that is its at Hetzner
	Location   string   // Hetzner location, e.g. "hil"
	ServerType string   // Hetzner server type; empty: the smallest that fits, chosen once
	Image      string   // Hetzner image name
	Protect    bool     // whether what holds data cannot be deleted: the first server, the database's, and their addresses
	PublicKeys []string // lines as in authorized_keys: type, key, comment
	DeployKeys []string // likewise, of who may run commands and nothing else
	SSHUser    string   // as whom the developers and Kamal log in: Root, or a user of the stack's

	WebServers         int      // that serve the app; from two on behind a load balancer
	JobServers         int      // that run its jobs; 0: the web servers do
	DatabaseServer     bool     // whether PostgreSQL has a server of its own
	Drained            []string // names of web servers that the load balancer sends nobody to
	JobServerType      string   // as ServerType
	DatabaseServerType string   // as ServerType

	SSHNetworks      []netip.Prefix // networks allowed to reach port 22; empty: everyone
	RebootTime       string         // "HH:MM" server time for reboots after updates; empty: never by itself
	TimeZone         string         // the server's, e.g. "America/Tijuana"; empty: as the image has it, UTC
	BackupHour       int            // 0 to 23, server time
	BackupKeep       int            // daily backups kept, in days
	BackupFiles      bool           // whether the app's volumes are backed up too
	PointInTime      bool           // whether PostgreSQL's log is kept, for a restore to any moment
	BackupPingURL    string         // secret; told of each backup's start, success and failure; empty: nobody
	Offsite          *Offsite       // where backups are copied to; nil: nowhere
	Alerts           *Alerts        // who is told of what is wrong; nil: nobody
	Swap             bool           // whether there is a swap file
	Tidy             bool           // whether logs are bounded and old images removed
	DockerUpdates    bool           // whether Docker is updated, at the time for reboots
	Database         string         // DatabaseAccessory, DatabaseExternal or DatabaseNone; empty: as the app has it
	DatabaseMemory   bool           // whether the accessory is told how much memory the server has
	PostgresImage    string         // image of the database's container; empty: as the app has it, or the default
	HetznerToken     string         // secret; this one and the next only for looking beforehand
	CloudflareToken  string         // secret
	AgentSocket      string         // of the developer's SSH agent, as the command provider finds it; empty: there is none
	HetznerEndpoint  string         // of the API, as the provider reads it; empty: Hetzner's own
	BoxEndpoint      string         // of the API for Storage Boxes, likewise
	CloudflareHost   string         // of the API, as the provider reads it; empty: Cloudflare's own
	PostgresPassword string         // secret; empty: the program generates one
}

// Offsite is what gets an encrypted copy of each backup: a bucket or a box.
type Offsite struct {
	Recipient string  // an age public key; the server never has the private one
	Bucket    *Bucket // S3-compatible, the developer's own; nil: a box
	Box       *Box    // Hetzner's, which the stack makes; nil: a bucket
}

// Bucket is one of any S3-compatible provider.
type Bucket struct {
	Endpoint  string // https://... of the provider; empty: Amazon
	Region    string
	Name      string // with an optional prefix: bucket/prefix
	AccessKey string // secret
	SecretKey string // secret
}

// Box is a Storage Box of Hetzner's.
type Box struct {
	Type     string   // empty: the smallest
	Location string   // empty: where the server is not
	HostKeys []string // that it may show, as in authorized_keys
}

// Root is who logs in where nobody else is named.
const Root = "root"

// The two ways to the origin's certificate.
const (
	LetsEncrypt      = "letsencrypt"       // kamal-proxy obtains and renews it
	CloudflareOrigin = "cloudflare-origin" // Cloudflare's own authority signs it for 15 years
)

// Where the image is kept, where that is no other host's name.
const (
	GitHubRegistry = "ghcr.io"
	LocalRegistry  = "local" // Kamal's own, beside it: no account is needed
)

// Where the app's data lies.
const (
	DatabaseAccessory = "accessory" // in a PostgreSQL beside the app, which is backed up
	DatabaseExternal  = "external"  // in one elsewhere
	DatabaseNone      = "none"      // in none of this program's, as with SQLite and MySQL
)

// What becomes of records that exist for the hosts already.
const (
	TakeoverNever = "false" // the preview stops and shows them
	TakeoverLater = "later" // they and the zone stay for now; all else is made
	TakeoverNow   = "true"  // they are replaced
)

// Source is where settings come from: the part of *pulumi.Context that they need.
type Source interface {
	Project() string
	Stack() string
	GetConfig(key string) (string, bool)
	IsConfigSecret(key string) bool
}

// Environment is what of the process's surroundings settings may read.
type Environment struct {
	Getenv     func(string) string
	ReadFile   func(string) ([]byte, error)
	HomeDir    string
	ProjectDir string // the directory of Pulumi.yaml, where relative paths start
}

// Load reads and checks every setting. The error joins one message for each
// mistake: the key, the value given, what is accepted, and what mends it. The
// settings come with it, those that were mistaken empty, so that the rest can
// be looked into in the same run.
func Load(src Source, env Environment) (*Settings, error) {
	r := &reader{src: src, env: env}
	s := &Settings{Project: src.Project(), Stack: src.Stack(), ProjectDir: env.ProjectDir}

	s.Service = r.required("service", serviceName)
	s.Domain = r.required("domain", domainName)
	s.Zone = r.optional("zone", registrableDomain(s.Domain), domainName)
	s.WWW = r.boolean("www", s.Domain == s.Zone)
	if s.Domain != "" {
		s.Zone = r.check("zone", s.Zone, domainInZone(s.Domain))
	}
	s.IPv6 = r.boolean("ipv6", false)
	s.Certificate = r.optional("certificate", LetsEncrypt, certificateKind)
	s.ServerType = r.serverType("serverType")
	r.fleet(s)
	s.OriginLock = r.originLock(s)
	s.DNSTakeover = r.optional("dnsTakeover", TakeoverNever, takeover)
	s.ZoneWide = r.boolean("zoneWide", false)
	s.ZoneRestore = r.boolean("zoneRestore", false)
	s.Registry, s.RegistryUser = r.registry()
	s.AppPath = r.appPath("appPath")
	s.EditApp = r.boolean("editApp", true)

	s.ServerName = r.optional("serverName", strings.ReplaceAll(s.Service, "_", "-"), hostName)
	s.Location = r.optional("location", "hil", shortName)
	s.Image = r.optional("image", "ubuntu-24.04", imageName)
	s.Protect = r.boolean("protect", true)
	s.PublicKeys = r.publicKeys("publicKeys", []string{"~/.ssh/id_ed25519.pub"})
	s.DeployKeys = restricted(r.publicKeys("deployKeys", nil))
	s.SSHUser = r.optional("sshUser", Root, userName)

	s.SSHNetworks = r.networks("sshNetworks")
	s.RebootTime = r.optional("rebootTime", "", clockTime)
	s.TimeZone = r.optional("timeZone", "", timeZone)
	s.BackupHour = r.number("backupHour", 3, 0, 23)
	s.BackupKeep = r.number("backupKeep", 7, 1, 365)
	s.BackupFiles = r.boolean("backupFiles", true)
	s.PointInTime = r.boolean("pointInTime", false)
	s.BackupPingURL = r.secret("backupPingUrl", httpsURL)
	s.Offsite = r.offsite()
	s.Alerts = r.alerts()
	s.Swap = r.boolean("swap", true)
	s.Tidy = r.boolean("tidy", true)
	s.DockerUpdates = r.boolean("dockerUpdates", true)
	s.Database = r.optional("database", "", databaseKind)
	if s.DatabaseServer && (s.Database == DatabaseExternal || s.Database == DatabaseNone) {
		r.mistake("databaseServer: true, but database is %s, so there is none to put on it; mend it with: pulumi config rm databaseServer", s.Database)
	}
	s.DatabaseMemory = r.boolean("databaseMemory", true)
	s.PostgresImage = r.optional("postgresImage", "", containerImage)
	s.PostgresPassword = r.secret("postgresPassword", alphanumericPassword)

	s.HetznerToken = r.token("hcloud:token", "HCLOUD_TOKEN", hcloudToken)
	s.HetznerEndpoint = cmp.Or(r.get("hcloud:endpoint"), env.Getenv("HCLOUD_ENDPOINT"))
	s.BoxEndpoint = cmp.Or(r.get("hcloud:endpointHetzner"), env.Getenv("HETZNER_ENDPOINT"))
	s.CloudflareToken = r.token("cloudflare:apiToken", "CLOUDFLARE_API_TOKEN", cloudflareToken)
	s.CloudflareHost = cmp.Or(r.get("cloudflare:apiHostname"), env.Getenv("CLOUDFLARE_API_HOSTNAME"))
	s.AgentSocket = env.Getenv("SSH_AUTH_SOCK")

	return s, errors.Join(r.mistakes...)
}

// MistakeOf returns what an error of Load says of one key, or nil.
func MistakeOf(err error, key string) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var found []error
	for _, mistake := range joined.Unwrap() {
		if strings.HasPrefix(mistake.Error(), key+": ") {
			found = append(found, mistake)
		}
	}
	return errors.Join(found...)
}

// Hosts are the names that the app answers on, the main one first.
func (s *Settings) Hosts() []string {
	if s.WWW {
		return []string{s.Domain, "www." + s.Domain}
	}
	return []string{s.Domain}
}

// Labels say at Hetzner whose a thing is, for instance `hcloud server list -l stack=prod`.
// They take 63 characters (https://docs.hetzner.cloud/reference/cloud#labels).
func (s *Settings) Labels() map[string]string {
	label := func(text string) string { return strings.Trim(text[:min(len(text), 63)], "_.-") }
	return map[string]string{"app": label(s.Service), "stack": label(s.Stack), "managed-by": "pulumi"}
}
