package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"rails-on-hetzner/internal/edge"
	"rails-on-hetzner/internal/hetzner"
	"rails-on-hetzner/internal/settings"
)

// question is one setting that a newcomer has to think about.
type question struct {
	key, flag string // no flag: a secret, which must not be in a command line
	why       string
	secret    bool
	needless  func(*stack) bool                                          // optional: that another setting answers it
	propose   func(*stack) string                                        // optional: a sensible answer
	check     func(context.Context, *terminal, *settings.Settings) error // optional: beyond what settings.Load checks
}

var questions = []question{
	{key: "appPath", flag: "app", why: "the directory of the Rails app, with its config/deploy.yml", propose: appNearby},
	{key: "service", flag: "service", why: "Kamal's name for the app, as in config/deploy.yml", propose: serviceOfApp},
	{key: "domain", flag: "domain", why: "the domain that the app answers on, without https://"},
	{key: "githubUser", flag: "github-user", why: "the GitHub user or organisation whose registry (ghcr.io) keeps the image", propose: ownerOfApp, needless: otherRegistry},
	{key: "publicKeys", flag: "public-keys", why: "the public SSH keys that get in, as files, separated by commas", propose: keyAtHome},
	{key: "hcloud:token", secret: true, why: "the Hetzner project's API token, Read & Write (console.hetzner.com, the project, Security, API tokens)", propose: fromEnvironment("HCLOUD_TOKEN"), check: checkHetznerToken},
	{key: "location", flag: "location", why: "where the server stands: hil (Oregon) is close to the west of America, fsn1, nbg1 and hel1 are in Europe and cheaper", propose: always("hil"), check: checkHetzner},
	{key: "serverType", flag: "server-type", why: "the server's type; auto: the smallest with 2 vCPU, 4 GB and 40 GB that the location sells", propose: always("auto"), check: checkHetzner},
	{key: "cloudflare:apiToken", secret: true, why: "Cloudflare's API token with Zone:Read, DNS:Edit and Zone Settings:Edit for the domain's zone (dash.cloudflare.com/profile/api-tokens)", propose: fromEnvironment("CLOUDFLARE_API_TOKEN"), check: checkZone},
}

func (q question) suggest(s *stack) string {
	if q.propose == nil {
		return ""
	}
	return q.propose(s)
}

func otherRegistry(s *stack) bool {
	registry := s.get("registry")
	return registry != "" && registry != settings.GitHubRegistry
}

// try checks an answer, alone and with those before it, and stores it.
func (q question) try(ctx context.Context, s *stack, t *terminal, answer string) error {
	if q.key == "serverType" && answer == "auto" {
		if s.get(q.key) == "" {
			return nil
		}
		answer = "" // an empty setting counts as none
	} else if answer == "" {
		return fmt.Errorf("%s: not set; needed is %s; %s", q.key, q.why, q.howToGive())
	}
	loaded, err := s.with(q.key, answer, q.secret).load()
	if err := settings.MistakeOf(err, q.key); err != nil {
		return err
	}
	if q.check != nil {
		if err := q.check(ctx, t, loaded); err != nil {
			return err
		}
	}
	return s.store(ctx, q.key, answer, q.secret)
}

func (q question) howToGive() string {
	if q.flag != "" {
		return "give it with --" + q.flag
	}
	return "give it in the environment: " + map[string]string{"hcloud:token": "HCLOUD_TOKEN", "cloudflare:apiToken": "CLOUDFLARE_API_TOKEN"}[q.key]
}

func look(ctx context.Context, s *settings.Settings) (*hetzner.View, error) {
	return hetzner.Look(ctx, s.HetznerToken, s.HetznerEndpoint, hetzner.Site{Location: cmp.Or(s.Location, "hil"), Servers: []string{s.ServerName}})
}

func checkHetznerToken(ctx context.Context, t *terminal, s *settings.Settings) error {
	view, err := look(ctx, s)
	if err == nil {
		err = view.CheckToken()
	}
	if err == nil {
		t.say("  Hetzner knows the token, and it may write")
	}
	return err
}

func checkHetzner(ctx context.Context, t *terminal, s *settings.Settings) error {
	if s.HetznerToken == "" {
		return nil // that is told by itself
	}
	view, err := look(ctx, s)
	if err != nil {
		return err
	}
	chosen, err := view.Check([]hetzner.Want{{Name: s.ServerName, Type: s.ServerType, Key: "serverType"}}, s.Image)
	if err == nil {
		t.say("  %s in %s, a month: %s", chosen[0], s.Location, view.MonthlyPrice(chosen, nil))
	}
	return err
}

func checkZone(ctx context.Context, t *terminal, s *settings.Settings) error {
	if s.Zone == "" {
		return nil
	}
	view, err := edge.Look(ctx, s.CloudflareToken, s.CloudflareHost, edge.Site{Zone: s.Zone, Hosts: s.Hosts(), Stack: s.Stack})
	if err != nil {
		return err
	}
	t.say("  Cloudflare knows the token; the zone %s is %s", s.Zone, view.Status)
	// What stands in the way there is not the token's fault: told, not refused.
	if err := view.Check(edge.Wanted{Zone: s.Zone, LetsEncrypt: s.Certificate == settings.LetsEncrypt, Takeover: s.DNSTakeover == settings.TakeoverNow, Later: s.DNSTakeover == settings.TakeoverLater, ZoneWide: s.ZoneWide}); err != nil {
		t.say("  before pulumi up, mend this:\n%v", err)
	}
	return nil
}

func always(answer string) func(*stack) string { return func(*stack) string { return answer } }

func fromEnvironment(variable string) func(*stack) string {
	return func(*stack) string { return os.Getenv(variable) }
}

// appNearby is the first directory beside this one that has Kamal's files.
func appNearby(*stack) string {
	found, _ := filepath.Glob("../*/config/deploy.yml")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(filepath.Dir(found[0]))
}

var (
	serviceLine  = regexp.MustCompile(`(?m)^service:\s*["']?([A-Za-z0-9_-]+)`)
	githubRemote = regexp.MustCompile(`github\.com[:/]([^/\s]+)/`)
)

func serviceOfApp(s *stack) string {
	text, _ := os.ReadFile(filepath.Join(s.get("appPath"), "config", "deploy.yml"))
	return firstMatch(serviceLine, text)
}

func ownerOfApp(s *stack) string {
	text, _ := exec.Command("git", "-C", s.get("appPath"), "remote", "-v").Output()
	return strings.ToLower(firstMatch(githubRemote, text))
}

func firstMatch(pattern *regexp.Regexp, text []byte) string {
	if found := pattern.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

func keyAtHome(*stack) string {
	home, _ := os.UserHomeDir()
	found, _ := filepath.Glob(filepath.Join(home, ".ssh", "id_*.pub"))
	if len(found) == 0 {
		return ""
	}
	return "~/.ssh/" + filepath.Base(found[0])
}
