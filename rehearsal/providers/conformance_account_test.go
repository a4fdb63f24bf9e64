package providers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cloudflare/cloudflare-go"

	"rails-on-hetzner/rehearsal/cloud"
)

// Each scenario has a zone of its own, so that none finds another's records.
func zoneOf(scenario int) string { return fmt.Sprintf("zone%d.example", scenario) }

// account is the stage of Cloudflare's provider.
type account struct {
	*cloud.Cloud
	t            *testing.T
	api          api
	zone, zoneID string
	seen         int
}

func (a *account) actual(text string) string {
	return strings.NewReplacer("example.com", a.zone, inZone, a.zoneID).Replace(text)
}

func (a *account) usual(text string) string {
	return strings.NewReplacer(a.zone, "example.com", a.CloudflareHost(), "api.cloudflare.com").Replace(text)
}

func (a *account) calls() []call {
	all := a.Calls()
	var made []call
	for _, c := range all[a.seen:] {
		made = append(made, call{c.Method + " " + strings.TrimPrefix(c.Path, "/client/v4"), fmt.Sprint(c.Status), body(c.Body)})
	}
	a.seen = len(all)
	return made
}

// body is a request's. The published provider goes through settings in no order;
// its client is v0.114 of ours, which adds to a record settings that are empty.
func body(text string) any {
	var sent any
	if json.Unmarshal([]byte(text), &sent) != nil {
		return nil
	}
	if object, ok := sent.(map[string]any); ok {
		if empty, ok := object["settings"].(map[string]any); ok && len(empty) == 0 {
			delete(object, "settings")
		}
		for _, list := range []string{"items", "hostnames"} {
			if items, ok := object[list].([]any); ok {
				slices.SortFunc(items, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			}
		}
	}
	return sent
}

// What somebody else does at Cloudflare.

var ctx = context.Background()

type api struct{ *cloudflare.API }

// first is the ID of the zone's only record.
func (a api) first(zone string) string {
	found, _, err := a.ListDNSRecords(ctx, cloudflare.ZoneIdentifier(zone), cloudflare.ListDNSRecordsParams{})
	if err != nil || len(found) != 1 {
		panic(fmt.Sprint(found, err))
	}
	return found[0].ID
}

func (a api) revoke(zone string) error {
	found, err := a.ListOriginCACertificates(ctx, cloudflare.ListOriginCertificatesParams{ZoneID: zone})
	if err != nil {
		return err
	}
	_, err = a.RevokeOriginCACertificate(ctx, found[0].ID)
	return err
}

func byHand(do func(a api, zone string) error) func(stage) {
	return func(on stage) { must(on.(*account).t, do(on.(*account).api, on.(*account).zoneID)) }
}

func add(name, kind, content string) func(stage) {
	return func(on stage) {
		a := on.(*account)
		must(a.t, a.AddRecord(a.zone, a.actual(name), kind, content, false))
	}
}

func set(setting string, value any) func(stage) {
	return func(on stage) {
		must(on.(*account).t, on.(*account).SetZoneSetting(on.(*account).zone, setting, value))
	}
}

func permit(permissions ...cloud.Permission) func(stage) {
	return func(on stage) { on.(*account).SetToken(apiToken, permissions...) }
}

func trouble(name string, count int) func(stage) {
	return func(on stage) { must(on.(*account).t, on.(*account).SetFault(cloud.Fault{Name: name, Count: count})) }
}
