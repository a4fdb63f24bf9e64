package settings

import (
	"regexp"
	"strings"

	"golang.org/x/net/publicsuffix"
)

var (
	// Kamal uses the service name for containers and the image: docker's name rules.
	serviceName = pattern(`^[a-z0-9]+([_-][a-z0-9]+)*$`, "lower-case letters, digits, - and _, e.g. running_calendar", "running_calendar")

	domainName = pattern(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`, "a domain name in lower case without https:// and path, e.g. example.com", "example.com")

	// Image names must be lower case, GitHub user names are not case-sensitive.
	gitHubUser = pattern(`^[a-z0-9]([a-z0-9-]{0,37}[a-z0-9])?$`, "a GitHub user or organisation in lower case, e.g. octocat", "octocat")

	registryHost = pattern(`^(ghcr\.io|local|([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+(:[0-9]+)?)$`, "ghcr.io, local (Kamal's own, without an account), or another registry's host name, e.g. docker.io", "ghcr.io")
	registryUser = pattern(`^[A-Za-z0-9_.@+-]+$`, "the user of the registry, as in its login", "octocat")
	databaseKind = pattern(`^(accessory|external|none)$`, "accessory, external or none", "accessory")

	// useradd(8) takes more, and Kamal, sudo and Docker are happy with this.
	userName = pattern(`^[a-z][a-z0-9_-]{0,30}$`, "a user's name, of lower-case letters, digits, - and _, e.g. kamal; or root", "kamal")

	hostName  = pattern(`^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$`, "a host's name, of lower-case letters, digits and -, e.g. running-calendar", "running-calendar")
	shortName = pattern(`^[a-z0-9]+$`, "a name as Hetzner spells it, lower-case letters and digits", "hil")
	imageName = pattern(`^(ubuntu|debian)-[0-9.]+$`, "an Ubuntu or Debian image name, e.g. ubuntu-24.04", "ubuntu-24.04")
	timeZone  = pattern(`^[A-Z][A-Za-z]+(/[A-Za-z_+-]+[0-9]*)*$`, "a time zone's name, e.g. America/Tijuana", "America/Tijuana")
	clockTime = pattern(`^([01][0-9]|2[0-3]):[0-5][0-9]$`, "a time of day as HH:MM, e.g. 04:30", "04:30")

	certificateKind = pattern(`^(letsencrypt|cloudflare-origin)$`, "letsencrypt or cloudflare-origin", "letsencrypt")
	takeover        = pattern(`^(false|later|true)$`, "false, later or true", "false")
	containerImage  = pattern(`^[a-z0-9][a-z0-9._/-]*:[A-Za-z0-9._-]+$`, "an image with its tag, e.g. postgres:16", "postgres:16")

	// Docker's env files and dotenv both spoil other characters.
	alphanumericPassword = pattern(`^[A-Za-z0-9]{16,128}$`, "16 to 128 letters and digits, nothing else", "")

	httpsURL = pattern(`^https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?$`, "the address of a check, e.g. https://hc-ping.com/...", "")

	webhookURL   = pattern(`^https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9._~/=&%-]*)?$`, "the address of a webhook, e.g. https://ntfy.sh/... or https://hooks.slack.com/services/...", "")
	alertFormat  = pattern(`^(text|slack|discord|healthchecks)$`, "text (ntfy and most others), slack, discord or healthchecks", "text")
	emailAddress = pattern(`^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}$`, "an e-mail address", "you@example.com")
	smtpRelay    = pattern(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9-]+:[0-9]+$`, "a mail relay's host and port (Hetzner lets servers use 587, and 25 and 465 only when asked), e.g. smtp.example.com:587", "smtp.example.com:587")
	smtpUser     = pattern(`^[^\s"\\:]+$`, "the user of the mail relay", "you@example.com")
	smtpPassword = pattern(`^[[:graph:]]+$`, "the password of the mail relay, without spaces", "")

	offsiteKind  = pattern(`^hetzner$`, "hetzner, for a Storage Box that the stack makes (for a bucket of your own set offsiteBucket instead)", "hetzner")
	regionName   = pattern(`^[a-z0-9-]+$`, "a region as the provider spells it, e.g. us-west-1", "us-west-1")
	bucketName   = pattern(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]+)?$`, "a bucket, perhaps with a prefix, e.g. my-backups/running_calendar", "my-backups/running_calendar")
	ageRecipient = pattern(`^age1[a-z0-9]{58}$`, "an age public key (make one with: age-keygen -o backup.key), not the private one", "age1...")
	bucketKey    = pattern(`^[A-Za-z0-9+/=_.-]{3,}$`, "a key of the bucket's provider", "")

	hcloudToken     = pattern(`^[A-Za-z0-9]{64}$`, "a Hetzner Cloud API token of 64 letters and digits", "")
	cloudflareToken = pattern(`^[A-Za-z0-9_-]{40,}$`, "a Cloudflare API token of at least 40 characters (not the global API key)", "")
)

func pattern(expression, wanted, example string) rule {
	return rule{regexp.MustCompile(expression).MatchString, wanted, example}
}

func domainInZone(domain string) rule {
	return rule{
		accepts: func(zone string) bool { return domain == zone || strings.HasSuffix(domain, "."+zone) },
		wanted:  "the Cloudflare zone that holds " + domain,
		example: registrableDomain(domain),
	}
}

// registrableDomain is the part of a domain that one buys, after the public
// suffix list: example.co.uk for www.example.co.uk. Zones carry that name.
func registrableDomain(domain string) string {
	zone, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return domain
	}
	return zone
}
