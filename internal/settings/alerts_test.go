package settings

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestLoad_ReadsWhoIsToBeTold(t *testing.T) {
	for webhook, format := range map[string]string{
		"https://ntfy.sh/my-server":                       "text",
		"https://hooks.slack.com/services/T0/B0/xyz":      "slack",
		"https://discord.com/api/webhooks/1/abc-_d":       "discord",
		"https://hc-ping.com/0b0e6c6a-0000-0000-0000-000": "healthchecks",
		"https://checks.example.com/ping/0b0e":            "healthchecks",
		"https://example.com/hook?token=a%20b":            "text",
	} {
		s, err := load(map[string]string{"alertUrl": "secret:" + webhook, "alertExcept": "logins, reboot"})
		if want := (&Alerts{URL: webhook, Format: format, Except: []string{"logins", "reboot"}}); err != nil || !reflect.DeepEqual(s.Alerts, want) {
			t.Errorf("%s: %v, got %+v", webhook, err, s.Alerts)
		}
	}
	s, err := load(map[string]string{"alertEmail": "you@example.com", "alertSmtp": "smtp.example.com:587", "alertSmtpUser": "me@example.com", "alertSmtpPassword": "secret:pa$$\"word"})
	if want := (&Email{To: "you@example.com", From: "me@example.com", Relay: "smtp.example.com:587", User: "me@example.com", Password: "pa$$\"word"}); err != nil || !reflect.DeepEqual(s.Alerts.Email, want) {
		t.Errorf("%v, got %+v", err, s.Alerts)
	}
	if s, err := load(nil); err != nil || s.Alerts != nil {
		t.Errorf("by default somebody is told: %v %+v", err, s.Alerts)
	}
}

func TestLoad_TellsWhatAnAlertNeeds(t *testing.T) {
	_, err := load(map[string]string{"alertEmail": "you@example.com", "alertSmtpUser": "someone", "alertExcept": "disks"})
	want := `alertFrom: not set, needed is an e-mail address; set it with: pulumi config set alertFrom you@example.com
alertSmtp: not set, needed is a mail relay's host and port (Hetzner lets servers use 587, and 25 and 465 only when asked), e.g. smtp.example.com:587; set it with: pulumi config set alertSmtp smtp.example.com:587
alertSmtpPassword: not set, needed is the password of the mail relay, without spaces; set it with: pulumi config set --secret alertSmtpPassword
alertExcept: got "disks", accepted is a list of ` + strings.Join(checks, ", ") + `; mend it with: pulumi config set alertExcept logins`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// The names that can be left out are those of the checks.
func TestChecks_AreThoseOfTheServer(t *testing.T) {
	text, err := os.ReadFile("../../scripts/server/watch/checks.sh")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^CHECKS=\((.*)\)$`).FindSubmatch(text)
	if found == nil || !reflect.DeepEqual(strings.Fields(string(found[1])), checks) {
		t.Errorf("the server's are %s", found)
	}
}
