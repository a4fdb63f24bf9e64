// Package edge looks at the domain's zone at Cloudflare before anything is
// made: whether the token sees it and may change it, and what in it would stand
// in the way of a first deploy. Looking only reads; TakeOver, for later, writes.
package edge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cloudflare/cloudflare-go"

	"rails-on-hetzner/internal/api"
)

// Mark is the comment on records that a stack of this program made. Records
// without it are somebody else's, also those of another stack: it may serve a
// live site.
func Mark(stack string) string {
	const longest = 100 // letters in a comment, on the free plan
	mark := "made by rails-on-hetzner, stack " + stack
	return mark[:min(len(mark), longest)]
}

// Site is what is to be served.
type Site struct {
	Zone  string
	Hosts []string // the main one first
	Stack string
}

// View is what was found in a zone.
type View struct {
	ZoneID      string
	Status      string // "active" once the registrar names Cloudflare's servers
	Type        string // "full"; "partial" zones have their DNS elsewhere
	NameServers []string
	Records     []Record // those of the site's hosts
	Others      []Record // proxied ones of other names: what else Cloudflare serves from the zone
	CAA         []string // authorities that CAA records allow for the domain; empty: everyone
	SSL         string   // the mode: off, flexible, full, strict
	MinTLS      string   // the oldest version that visitors may speak: 1.0 to 1.3
	AlwaysHTTPS bool     // the setting Always Use HTTPS
	Rules       []string // redirect and page rules that may catch plain HTTP of the hosts

	site Site
	api  *cloudflare.API
}

// Record is an A, AAAA or CNAME record.
type Record struct {
	ID, Name, Type, Content string
	Proxied                 bool
	Ours                    bool // made by this stack
}

// Look reads the zone. Errors name the key, what is missing and the page that
// mends it. host is the API's, "" for Cloudflare's own.
func Look(ctx context.Context, token, host string, site Site) (*View, error) {
	zone := site.Zone
	// The client's own limit of 4 calls a second is for those who make thousands.
	options := []cloudflare.Option{cloudflare.HTTPClient(api.Client()), cloudflare.UsingRetryPolicy(0, 0, 0), cloudflare.UsingRateLimit(50)}
	if host != "" {
		options = append(options, cloudflare.BaseURL("https://"+host+"/client/v4"))
	}
	cf, err := cloudflare.NewWithAPIToken(token, options...)
	if err != nil {
		return nil, fmt.Errorf("cloudflare:apiToken: %w", err)
	}
	found, err := cf.ListZonesContext(ctx, cloudflare.WithZoneFilters(zone, "", ""))
	if err != nil {
		return nil, denied("Zone:Read", zone, err)
	}
	if len(found.Result) == 0 {
		return nil, fmt.Errorf("zone: the token sees no zone %q; add the domain to Cloudflare first, or give the token the permission Zone:Read for it at https://dash.cloudflare.com/profile/api-tokens", zone)
	}
	z := found.Result[0]
	view := &View{ZoneID: z.ID, Status: z.Status, Type: z.Type, NameServers: z.NameServers, site: site, api: cf}
	var records, settings error
	var redirects []string
	var group sync.WaitGroup
	group.Go(func() { records = view.readRecords(ctx, cf, site) })
	group.Go(func() { settings = view.readSettings(ctx, cf, zone) })
	group.Go(func() { view.Rules = pageRules(ctx, cf, z.ID, site.Hosts) })
	group.Go(func() { redirects = redirectRules(ctx, cf, z.ID) })
	group.Wait()
	view.Rules = append(view.Rules, redirects...)
	return view, errors.Join(records, settings)
}

// LeadsTo tells whether a record of the site's hosts has the address.
func (v *View) LeadsTo(address string) bool {
	return slices.ContainsFunc(v.Records, func(r Record) bool { return r.Content == address })
}

// denied turns a refusal into the permission that is missing.
func denied(permission, zone string, err error) error {
	var unauthorized *cloudflare.AuthenticationError
	var forbidden *cloudflare.AuthorizationError
	if strings.Contains(err.Error(), "Invalid access token") || strings.Contains(err.Error(), "Invalid API Token") {
		return fmt.Errorf("cloudflare:apiToken: Cloudflare does not know the token; make one at https://dash.cloudflare.com/profile/api-tokens, and set it with: pulumi config set --secret cloudflare:apiToken (Cloudflare said: %w)", err)
	}
	if errors.As(err, &forbidden) || errors.As(err, &unauthorized) {
		return fmt.Errorf("cloudflare:apiToken: the token lacks the permission %s for the zone %s; add it at https://dash.cloudflare.com/profile/api-tokens (Cloudflare said: %w)", permission, zone, err)
	}
	return fmt.Errorf("asking Cloudflare about the zone %s: %w", zone, err)
}

func (v *View) readRecords(ctx context.Context, cf *cloudflare.API, site Site) error {
	records, _, err := cf.ListDNSRecords(ctx, cloudflare.ZoneIdentifier(v.ZoneID), cloudflare.ListDNSRecordsParams{})
	if err != nil {
		return denied("DNS:Edit", site.Zone, err)
	}
	v.Records, v.Others, v.CAA = nil, nil, nil
	for _, r := range records {
		found := Record{r.ID, r.Name, r.Type, r.Content, r.Proxied != nil && *r.Proxied, r.Comment == Mark(site.Stack)}
		if isHost := r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME"; isHost && slices.Contains(site.Hosts, r.Name) {
			v.Records = append(v.Records, found)
		} else if isHost && found.Proxied {
			v.Others = append(v.Others, found)
		}
		if r.Type == "CAA" && (r.Name == site.Zone || r.Name == site.Hosts[0]) {
			if fields := strings.Fields(r.Content); len(fields) == 3 && fields[1] == "issue" {
				v.CAA = append(v.CAA, strings.Trim(fields[2], `"`))
			}
		}
	}
	return nil
}

func (v *View) readSettings(ctx context.Context, cf *cloudflare.API, zone string) error {
	settings, err := cf.ZoneSettings(ctx, v.ZoneID)
	if err != nil {
		return denied("Zone Settings:Edit", zone, err)
	}
	for _, setting := range settings.Result {
		text, _ := setting.Value.(string)
		switch setting.ID {
		case "always_use_https":
			v.AlwaysHTTPS = text == "on"
		case "ssl":
			v.SSL = text
		case "min_tls_version":
			v.MinTLS = text
		}
	}
	return nil
}

// pageRules and redirectRules look for redirects of plain HTTP. The token need
// not be allowed to see rules; then they are not checked.
func pageRules(ctx context.Context, cf *cloudflare.API, zoneID string, hosts []string) (found []string) {
	rules, err := cf.ListPageRules(ctx, zoneID)
	if err != nil {
		return nil
	}
	for _, rule := range rules {
		for _, action := range rule.Actions {
			if rule.Status == "active" && len(rule.Targets) > 0 && (action.ID == "always_use_https" || action.ID == "forwarding_url") && concerns(rule.Targets[0].Constraint.Value, hosts) {
				found = append(found, fmt.Sprintf("the page rule for %s (%s)", rule.Targets[0].Constraint.Value, action.ID))
			}
		}
	}
	return found
}

func redirectRules(ctx context.Context, cf *cloudflare.API, zoneID string) (found []string) {
	rules, err := cf.GetEntrypointRuleset(ctx, cloudflare.ZoneIdentifier(zoneID), "http_request_dynamic_redirect")
	if err != nil {
		return nil
	}
	for _, rule := range rules.Rules {
		if rule.Enabled != nil && *rule.Enabled && !strings.Contains(rule.Expression, "acme-challenge") {
			found = append(found, fmt.Sprintf("the redirect rule with the expression %s", rule.Expression))
		}
	}
	return found
}

// concerns tells whether a page rule's pattern may match plain HTTP of a host.
func concerns(pattern string, hosts []string) bool {
	if strings.HasPrefix(pattern, "https://") {
		return false
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(pattern, "http://"), "/")
	for _, host := range hosts {
		if name == host || strings.HasPrefix(name, "*") && strings.HasSuffix(host, strings.TrimLeft(name, "*")) {
			return true
		}
	}
	return false
}
