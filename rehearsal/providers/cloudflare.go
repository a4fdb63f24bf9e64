package providers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go"
)

// edge serves the provider cloudflare through Cloudflare's own client.
type edge struct{ api *cloudflare.API }

func newCloudflare() standIn {
	e := &edge{}
	return standIn{
		configure: e.configure,
		resources: map[string]resource{
			"cloudflare:index/record:Record": {
				replace: []string{"name", "type", "zoneId"},
				inputs:  []string{"zoneId", "name", "type", "content", "proxied", "ttl", "comment"},
				create:  e.createRecord, read: e.readRecord, update: e.updateRecord, delete: e.deleteRecord,
			},
			"cloudflare:index/originCaCertificate:OriginCaCertificate": {
				replace: []string{"csr", "hostnames", "requestType", "requestedValidity"},
				create:  e.createCertificate, delete: e.revokeCertificate,
			},
			"cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride": {
				replace: []string{"zoneId"}, inputs: []string{"zoneId"},
				create: e.createSettings, read: e.readSettings, update: e.updateSettings, delete: e.restoreSettings,
			},
		},
		functions: map[string]func(context.Context, values) (values, error){
			"cloudflare:index/getZone:getZone":         e.getZone,
			"cloudflare:index/getIpRanges:getIpRanges": e.getNetworks,
		},
	}
}

func (e *edge) configure(config values) error {
	token := config.text("apiToken")
	if token == "" {
		token = os.Getenv("CLOUDFLARE_API_TOKEN")
	}
	if token == "" {
		return errors.New("cloudflare:apiToken is not set, and neither is CLOUDFLARE_API_TOKEN")
	}
	options := []cloudflare.Option{cloudflare.UsingRateLimit(100)}
	if host := os.Getenv("CLOUDFLARE_API_HOSTNAME"); host != "" {
		options = append(options, cloudflare.BaseURL("https://"+host+"/client/v4"))
	}
	api, err := cloudflare.NewWithAPIToken(token, options...)
	e.api = api
	return err
}

func gone(err error) bool {
	var missing *cloudflare.NotFoundError
	return errors.As(err, &missing)
}

func (e *edge) createRecord(ctx context.Context, in values) (string, values, error) {
	proxied := in.flag("proxied")
	record, err := e.api.CreateDNSRecord(ctx, cloudflare.ZoneIdentifier(in.text("zoneId")), cloudflare.CreateDNSRecordParams{
		Type: in.text("type"), Name: in.text("name"), Content: in.text("content"), TTL: in.number("ttl"), Proxied: &proxied, Comment: in.text("comment"),
	})
	if err != nil && in.flag("allowOverwrite") && strings.Contains(err.Error(), "already exist") {
		return e.overwriteRecord(ctx, in)
	}
	if err != nil {
		return "", nil, fmt.Errorf("failed to create DNS record: %w", err)
	}
	return record.ID, describeRecord(record), nil
}

// overwriteRecord adopts the identical record, after the API has said that there
// is one. As the published provider it takes no other: it does not notice one
// with another content, and gives up where an alias is in the way.
func (e *edge) overwriteRecord(ctx context.Context, in values) (string, values, error) {
	zone, err := e.api.ZoneDetails(ctx, in.text("zoneId"))
	if err != nil {
		return "", nil, err
	}
	name := in.text("name")
	if name != zone.Name {
		name += "." + zone.Name
	}
	found, _, err := e.api.ListDNSRecords(ctx, cloudflare.ZoneIdentifier(zone.ID), cloudflare.ListDNSRecordsParams{Name: name, Type: in.text("type"), Content: in.text("content")})
	if err != nil {
		return "", nil, err
	}
	for _, record := range found {
		out, err := e.updateRecord(ctx, record.ID, nil, in)
		return record.ID, out, err
	}
	return "", nil, errors.New("attempted to override existing record however didn't find an exact match")
}

func describeRecord(record cloudflare.DNSRecord) values {
	return values{
		"hostname": record.Name, "type": record.Type, "content": record.Content, "value": record.Content, "ttl": record.TTL,
		"proxied": record.Proxied != nil && *record.Proxied, "proxiable": record.Proxiable,
		"createdOn": record.CreatedOn.Format(time.RFC3339), "modifiedOn": record.ModifiedOn.Format(time.RFC3339), "metadata": map[string]any{},
	}
}

// readRecord also serves imports, whose ID is zone/record.
func (e *edge) readRecord(ctx context.Context, id string, state values) (values, error) {
	zone := state.text("zoneId")
	imported := false
	if given, rest, ok := strings.Cut(id, "/"); ok {
		zone, id, imported = given, rest, true
	}
	record, err := e.api.GetDNSRecord(ctx, cloudflare.ZoneIdentifier(zone), id)
	if gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := describeRecord(record)
	if imported {
		details, err := e.api.ZoneDetails(ctx, zone)
		if err != nil {
			return nil, err
		}
		out["id"], out["zoneId"], out["name"] = id, zone, strings.TrimSuffix(record.Name, "."+details.Name)
	}
	return out, nil
}

func (e *edge) updateRecord(ctx context.Context, id string, _, in values) (values, error) {
	proxied, comment := in.flag("proxied"), in.text("comment")
	record, err := e.api.UpdateDNSRecord(ctx, cloudflare.ZoneIdentifier(in.text("zoneId")), cloudflare.UpdateDNSRecordParams{
		ID: id, Type: in.text("type"), Name: in.text("name"), Content: in.text("content"), TTL: in.number("ttl"), Proxied: &proxied, Comment: &comment,
	})
	if err != nil {
		return nil, err
	}
	return describeRecord(record), nil
}

func (e *edge) deleteRecord(ctx context.Context, id string, state values) error {
	err := e.api.DeleteDNSRecord(ctx, cloudflare.ZoneIdentifier(state.text("zoneId")), id)
	if gone(err) {
		return nil
	}
	return err
}

// settingNames pairs the SDK's names with the API's.
var settingNames = map[string]string{"ssl": "ssl", "minTlsVersion": "min_tls_version", "alwaysUseHttps": "always_use_https"}

// createSettings remembers every setting as it was, so that deleting the
// override can put back those that it changed.
func (e *edge) createSettings(ctx context.Context, in values) (string, values, error) {
	zone := in.text("zoneId")
	initial, err := e.settings(ctx, zone)
	if err != nil {
		return "", nil, err
	}
	if err := e.apply(ctx, zone, in.object("settings")); err != nil {
		return "", nil, err
	}
	out := values{
		"initialSettings": []any{map[string]any(initial)}, "initialSettingsReadAt": time.Now().Format(time.RFC3339),
		"zoneStatus": "active", "zoneType": "full", "readonlySettings": []any{},
	}
	return zone, out, nil
}

func (e *edge) settings(ctx context.Context, zone string) (values, error) {
	all, err := e.api.ZoneSettings(ctx, zone)
	if err != nil {
		return nil, err
	}
	found := values{}
	for _, setting := range all.Result {
		for name, id := range settingNames {
			if setting.ID == id {
				found[name] = setting.Value
			}
		}
	}
	return found, nil
}

func (e *edge) apply(ctx context.Context, zone string, wanted values) error {
	var changes []cloudflare.ZoneSetting
	for name, value := range wanted {
		id, known := settingNames[name]
		if !known {
			return fmt.Errorf("the stand-in does not know the zone setting %s", name)
		}
		changes = append(changes, cloudflare.ZoneSetting{ID: id, Value: value})
	}
	_, err := e.api.UpdateZoneSettings(ctx, zone, changes)
	return err
}

func (e *edge) readSettings(ctx context.Context, id string, state values) (values, error) {
	now, err := e.settings(ctx, id)
	if err != nil {
		return nil, err
	}
	shown := map[string]any{}
	for name := range state.object("settings") {
		shown[name] = now[name]
	}
	out := union(state, nil)
	out["zoneId"], out["settings"] = id, shown
	return out, nil
}

func (e *edge) updateSettings(ctx context.Context, id string, old, in values) (values, error) {
	out := values{}
	for _, key := range []string{"initialSettings", "initialSettingsReadAt", "zoneStatus", "zoneType", "readonlySettings"} {
		out[key] = old[key]
	}
	return out, e.apply(ctx, id, in.object("settings"))
}

func (e *edge) restoreSettings(ctx context.Context, id string, state values) error {
	if len(state.list("initialSettings")) == 0 {
		return nil
	}
	initial := values(state.list("initialSettings")[0].(map[string]any))
	before := values{}
	for name := range state.object("settings") {
		before[name] = initial[name]
	}
	return e.apply(ctx, id, before)
}

func (e *edge) getZone(ctx context.Context, in values) (values, error) {
	id := in.text("zoneId")
	if id == "" {
		zones, err := e.api.ListZonesContext(ctx, cloudflare.WithZoneFilters(in.text("name"), "", ""))
		if err != nil {
			return nil, fmt.Errorf("error listing zones: %w", err)
		}
		if len(zones.Result) == 0 {
			return nil, errors.New("no zones found")
		}
		id = zones.Result[0].ID
	}
	zone, err := e.api.ZoneDetails(ctx, id)
	if err != nil {
		return nil, err
	}
	return values{
		"id": zone.ID, "zoneId": zone.ID, "name": zone.Name, "accountId": zone.Account.ID, "status": zone.Status, "paused": zone.Paused,
		"plan": zone.Plan.Name, "nameServers": zone.NameServers, "vanityNameServers": []string{},
	}, nil
}

func (e *edge) createCertificate(ctx context.Context, in values) (string, values, error) {
	var hosts []string
	for _, host := range in.list("hostnames") {
		hosts = append(hosts, fmt.Sprint(host))
	}
	made, err := e.api.CreateOriginCACertificate(ctx, cloudflare.CreateOriginCertificateParams{
		CSR: in.text("csr"), Hostnames: hosts, RequestType: in.text("requestType"), RequestValidity: in.number("requestedValidity"),
	})
	if err != nil {
		return "", nil, fmt.Errorf("error creating origin certificate: %w", err)
	}
	return made.ID, values{"certificate": made.Certificate, "expiresOn": made.ExpiresOn.Format(time.RFC3339)}, nil
}

func (e *edge) revokeCertificate(ctx context.Context, id string, _ values) error {
	_, err := e.api.RevokeOriginCACertificate(ctx, id)
	if gone(err) {
		return nil
	}
	return err
}

func (e *edge) getNetworks(ctx context.Context, _ values) (values, error) {
	answer, err := e.api.Raw(ctx, http.MethodGet, "/ips", nil, nil)
	if err != nil {
		return nil, err
	}
	var published struct {
		IPv4CIDRs []string `json:"ipv4_cidrs"`
		IPv6CIDRs []string `json:"ipv6_cidrs"`
	}
	if err := json.Unmarshal(answer.Result, &published); err != nil {
		return nil, err
	}
	return values{
		"id": "cloudflare", "ipv4CidrBlocks": published.IPv4CIDRs, "ipv6CidrBlocks": published.IPv6CIDRs,
		"cidrBlocks": append(published.IPv4CIDRs, published.IPv6CIDRs...), "chinaIpv4CidrBlocks": []string{}, "chinaIpv6CidrBlocks": []string{},
	}, nil
}
