package cloud

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// zone is one domain in the Cloudflare account.
type zone struct {
	id, name     string
	status       string // active, pending, ...
	records      []*record
	settings     map[string]any
	universalSSL bool
	redirects    []redirect
	pageRules    []pageRule
}

func (c *Cloud) addZone(name string) *zone {
	z := &zone{id: identifier("zone " + name), name: name, status: "active", settings: newSettings(), universalSSL: true}
	c.cloudflare.zones[z.id] = z
	return z
}

func (z *zone) details() map[string]any {
	created := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	return map[string]any{
		"id": z.id, "name": z.name, "status": z.status, "paused": false, "type": "full", "development_mode": 0,
		"name_servers": []string{"ada.ns.cloudflare.com", "bob.ns.cloudflare.com"}, "original_name_servers": []string{},
		"account":    map[string]any{"id": "023e105f4ecef8ad9ca31a8372d0c353", "name": "Rehearsal"},
		"owner":      map[string]any{"id": nil, "type": "user", "email": nil},
		"plan":       map[string]any{"id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "name": "Free Website", "price": 0, "currency": "USD", "legacy_id": "free"},
		"created_on": created, "modified_on": created, "activated_on": created,
		"permissions": []string{"#dns_records:edit", "#dns_records:read", "#ssl:edit", "#ssl:read", "#zone:read", "#zone_settings:edit", "#zone_settings:read"},
	}
}

func (c *Cloud) zoneRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /client/v4/zones":        {do: c.listZones},
		"GET /client/v4/zones/{zone}": {ZoneRead, errUnauthorized, c.inZone(func(z *zone, _ *http.Request) (any, error) { return z.details(), nil })},
	}
}

// listZones shows a token the zones that it may read: without the permission,
// none and no error, as the real one does.
func (c *Cloud) listZones(r *http.Request) (any, error) {
	query, found := r.URL.Query(), listing[map[string]any]{}
	allowed, err := c.permissions(r)
	if err != nil || !permits(allowed, ZoneRead) {
		return found, err
	}
	for _, z := range c.cloudflare.zones {
		if (!query.Has("name") || query.Get("name") == z.name) && (!query.Has("status") || query.Get("status") == z.status) {
			found = append(found, z.details())
		}
	}
	slices.SortFunc(found, func(a, b map[string]any) int {
		if a["name"].(string) < b["name"].(string) {
			return -1
		}
		return 1
	})
	return found, nil
}

var identifierForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// inZone finds the zone whose ID stands in the path.
func (c *Cloud) inZone(do func(*zone, *http.Request) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		id := r.PathValue("zone")
		z := c.cloudflare.zones[id]
		switch {
		case !identifierForm.MatchString(id):
			return nil, noRoute(r)
		case z == nil:
			return nil, &denial{http.StatusNotFound, 1001, "Invalid zone identifier"}
		}
		return do(z, r)
	}
}

// change does something to a zone as its owner would in the dashboard.
func (c *Cloud) change(zoneName string, do func(*zone) error) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, z := range c.cloudflare.zones {
		if z.name == zoneName {
			return do(z)
		}
	}
	return fmt.Errorf("the account has no zone %s", zoneName)
}

// SetZoneStatus makes a zone "active", or "pending" as one whose registrar does
// not name Cloudflare's name servers yet.
func (c *Cloud) SetZoneStatus(zoneName, status string) error {
	return c.change(zoneName, func(z *zone) error { z.status = status; return nil })
}
