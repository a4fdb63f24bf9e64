package settings

import (
	"net/url"
	"slices"
	"strings"
)

// Alerts says who is told of what is wrong with the server.
type Alerts struct {
	URL    string   // secret; of a webhook; empty: none
	Format string   // what it takes: "text", "slack", "discord" or "healthchecks"
	Email  *Email   // nil: no mail
	Except []string // names of checks that nobody is told of
}

// Email is a mail's way: every server needs a relay that knows it.
type Email struct {
	To, From string
	Relay    string // host:port; with port 465 TLS from the start, else by STARTTLS
	User     string // empty: the relay wants none
	Password string // secret
}

// checks are those of scripts/server/watch/checks.sh, which a test holds them against.
var checks = []string{"firewall", "sshd", "fail2ban", "updates", "reboot", "files", "disk", "memory", "oom", "docker", "containers", "site", "certificate", "backup", "clock", "logins"}

// alerts reads who is to be told; nil: nobody.
func (r *reader) alerts() *Alerts {
	a := &Alerts{URL: r.secret("alertUrl", webhookURL)}
	a.Format = r.optional("alertFormat", formatOf(a.URL), alertFormat)
	a.Email = r.email()
	for _, name := range r.list("alertExcept") {
		a.Except = append(a.Except, r.check("alertExcept", name, rule{
			func(name string) bool { return slices.Contains(checks, name) },
			"a list of " + strings.Join(checks, ", "), "logins",
		}))
	}
	if a.URL == "" && a.Email == nil {
		return nil
	}
	return a
}

func (r *reader) email() *Email {
	to := r.optional("alertEmail", "", emailAddress)
	relay, from := r.get("alertSmtp"), r.get("alertFrom")
	user, password := r.optional("alertSmtpUser", "", smtpUser), r.secret("alertSmtpPassword", smtpPassword)
	if to == "" {
		return nil
	}
	if from == "" && emailAddress.accepts(user) {
		from = user
	}
	if from == "" {
		from = r.required("alertFrom", emailAddress)
	}
	if relay == "" {
		relay = r.required("alertSmtp", smtpRelay)
	}
	if user != "" && password == "" {
		r.requiredSecret("alertSmtpPassword", smtpPassword)
	}
	return &Email{To: to, From: r.check("alertFrom", from, emailAddress), Relay: r.check("alertSmtp", relay, smtpRelay), User: user, Password: password}
}

// formatOf tells by its address what a webhook takes.
func formatOf(webhook string) string {
	parsed, err := url.Parse(webhook)
	if err != nil {
		return "text"
	}
	switch host := parsed.Hostname(); {
	case host == "hooks.slack.com":
		return "slack"
	case host == "discord.com" || host == "discordapp.com":
		return "discord"
	case host == "hc-ping.com" || strings.HasPrefix(parsed.Path, "/ping/"): // the service, and one's own
		return "healthchecks"
	}
	return "text"
}
