package providers

import (
	"slices"
	"strings"
	"testing"

	"github.com/cloudflare/cloudflare-go"

	"rails-on-hetzner/rehearsal/cloud"
)

const (
	recordToken      = "cloudflare:index/record:Record"
	settingsToken    = "cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride"
	certificateToken = "cloudflare:index/originCaCertificate:OriginCaCertificate"
	zoneToken        = "cloudflare:index/getZone:getZone"

	apiToken = "tttttttttttttttttttttttttttttttttttttttt"
	inZone   = "0123456789abcdef0123456789abcdef" // stands for the zone's ID
)

// The program's own records, and what can be different about one.
var (
	apex = map[string]any{
		"zoneId": inZone, "name": "example.com", "type": "A", "content": "192.0.2.1",
		"proxied": true, "ttl": 1.0, "comment": "ours", "allowOverwrite": true,
	}
	www      = changed(apex, map[string]any{"name": "www"})
	ipv6     = changed(www, map[string]any{"type": "AAAA", "content": "2001:db8::1"})
	bare     = map[string]any{"zoneId": inZone, "name": "bare", "type": "A", "content": "192.0.2.1"}
	settings = map[string]any{"zoneId": inZone, "settings": map[string]any{"ssl": "strict", "minTlsVersion": "1.2"}}
	ordered  = map[string]any{
		"csr": csr, "hostnames": []any{"example.com", "*.example.com"}, "requestType": "origin-ecc", "requestedValidity": 5475.0,
	}
)

func settingsWith(with map[string]any) map[string]any {
	return map[string]any{"zoneId": inZone, "settings": changed(settings["settings"].(map[string]any), with)}
}

var cloudflareScenarios = []scenario{
	{"a record at the zone's own name", recordToken, []step{
		{does: "create", inputs: apex}, {does: "update", inputs: apex}, {does: "refresh", inputs: apex}, {does: "delete"},
	}},
	{"a record below it", recordToken, []step{
		{does: "create", inputs: www}, {does: "update", inputs: www}, {does: "refresh", inputs: www}, {does: "delete"},
	}},
	{"an IPv6 record", recordToken, []step{
		{does: "create", inputs: ipv6}, {does: "refresh", inputs: ipv6},
		{does: "update", inputs: changed(ipv6, map[string]any{"content": "2001:0db8:0::1"})},
		{does: "update", inputs: changed(ipv6, map[string]any{"content": "2001:db8::2"})}, {does: "delete"},
	}},
	{"a record with nothing that is optional", recordToken, []step{
		{does: "create", inputs: bare}, {does: "update", inputs: bare}, {does: "refresh", inputs: bare},
		{does: "update", inputs: changed(bare, map[string]any{"content": "192.0.2.2"})},
		{does: "update", inputs: changed(bare, map[string]any{"proxied": true})}, {does: "update", inputs: bare},
		{does: "update", inputs: changed(bare, map[string]any{"comment": "now"})}, {does: "update", inputs: bare},
		{does: "update", inputs: changed(bare, map[string]any{"ttl": 300.0})}, {does: "update", inputs: bare},
		{does: "refresh", inputs: bare},
	}},
	{"each input changes", recordToken, []step{
		{does: "create", inputs: www},
		{does: "update", inputs: changed(www, map[string]any{"content": "192.0.2.2"})},
		{does: "update", inputs: changed(www, map[string]any{"content": "192.0.2.2", "comment": "theirs"})},
		{does: "update", inputs: changed(www, map[string]any{"content": "192.0.2.2", "comment": nil})},
		{does: "update", inputs: changed(www, map[string]any{"proxied": false, "ttl": 300.0})},
		{does: "update", inputs: changed(www, map[string]any{"allowOverwrite": false})},
		{does: "update", inputs: changed(www, map[string]any{"name": "web"})},
		{does: "update", inputs: changed(www, map[string]any{"name": "WWW"})},
		{does: "update", inputs: changed(www, map[string]any{"type": "AAAA", "content": "2001:db8::1"})},
		{does: "update", inputs: changed(www, map[string]any{"zoneId": "ffffffffffffffffffffffffffffffff"})},
		{does: "refresh", inputs: www},
	}},
	{"a fully qualified name", recordToken, []step{
		{does: "create", inputs: changed(www, map[string]any{"name": "www.example.com"})},
		{does: "refresh", inputs: changed(www, map[string]any{"name": "www.example.com"})},
		{does: "update", inputs: www},
	}},
	{"a name in capitals", recordToken, []step{
		{does: "create", inputs: changed(www, map[string]any{"name": "WWW"})},
		{does: "update", inputs: changed(www, map[string]any{"name": "WWW"})},
	}},
	{"somebody changed the record", recordToken, []step{
		{does: "create", inputs: www},
		{does: "refresh", inputs: www, first: byHand(func(a api, z string) error {
			_, err := a.UpdateDNSRecord(ctx, cloudflare.ZoneIdentifier(z), cloudflare.UpdateDNSRecordParams{
				ID: a.first(z), Content: "192.0.2.9", Proxied: cloudflare.BoolPtr(false), TTL: 600, Comment: cloudflare.StringPtr("by hand"),
			})
			return err
		})},
		{does: "update", inputs: www},
	}},
	{"somebody deleted the record", recordToken, []step{
		{does: "create", inputs: www},
		{does: "delete", first: byHand(func(a api, z string) error { return a.DeleteDNSRecord(ctx, cloudflare.ZoneIdentifier(z), a.first(z)) })},
		{does: "update", inputs: changed(www, map[string]any{"content": "192.0.2.2"})},
		{does: "refresh"},
	}},
	{"a record is imported", recordToken, []step{
		{does: "create", inputs: www},
		{does: "import", id: inZone + "/ID", inputs: changed(www, map[string]any{"allowOverwrite": nil})},
		{does: "update", inputs: www},
		{does: "refresh", inputs: www},
	}},
	{"the zone's own record is imported", recordToken, []step{
		{does: "create", inputs: apex}, {does: "import", id: inZone + "/ID", inputs: apex},
	}},
	{"an import that cannot be", recordToken, []step{
		{does: "import", id: "fedcba9876543210fedcba9876543210"},
		{does: "import", id: inZone + "/fedcba9876543210fedcba9876543210"},
		{does: "import", id: "fedcba9876543210fedcba9876543210/fedcba9876543210fedcba9876543210"},
	}},
	{"the identical record exists, to be overwritten", recordToken, []step{
		{does: "create", inputs: www, first: add("www", "A", "192.0.2.1")},
	}},
	{"the identical record exists beside another", recordToken, []step{
		{does: "create", inputs: www, first: func(on stage) { add("www", "A", "192.0.2.9")(on); add("www", "A", "192.0.2.1")(on) }, within: 1},
	}},
	{"the identical record exists, not to be overwritten", recordToken, []step{
		{does: "create", inputs: changed(www, map[string]any{"allowOverwrite": nil}), first: add("www", "A", "192.0.2.1"), within: 1},
	}},
	{"an address of the name exists", recordToken, []step{
		{does: "create", inputs: apex, first: add("example.com", "A", "192.0.2.9")},
	}},
	{"an alias of the name exists", recordToken, []step{
		{does: "create", inputs: www, first: add("www", "CNAME", "example.net"), within: 1},
	}},
	{"a change to what exists", recordToken, []step{
		{does: "create", inputs: www},
		{does: "update", inputs: changed(www, map[string]any{"content": "192.0.2.9"}), first: add("www", "A", "192.0.2.9"), within: 1},
	}},
	{"records that are refused before they are asked for", recordToken, []step{
		{does: "create", inputs: changed(www, map[string]any{"content": "2001:db8::1"})},
		{does: "create", inputs: changed(ipv6, map[string]any{"content": "192.0.2.1"})},
		{does: "create", inputs: changed(www, map[string]any{"ttl": 300.0})},
		{does: "create", inputs: changed(www, map[string]any{"type": "B"})},
		{does: "create", inputs: changed(www, map[string]any{"type": "TXT"})},
		{does: "create", inputs: changed(www, map[string]any{"content": nil})},
		{does: "create", inputs: changed(www, map[string]any{"zoneId": nil})},
		{does: "create", inputs: changed(www, map[string]any{"name": ""})},
		{does: "create", inputs: changed(www, map[string]any{"nonsense": true})},
	}},
	{"records that Cloudflare refuses", recordToken, []step{
		{does: "create", inputs: changed(bare, map[string]any{"ttl": 5.0})},
		{does: "create", inputs: changed(bare, map[string]any{"comment": strings.Repeat("long ", 30)})},
		{does: "create", inputs: changed(bare, map[string]any{"zoneId": "ffffffffffffffffffffffffffffffff"})},
		{does: "create", inputs: bare, first: permit(cloud.ZoneRead, cloud.DNSRead)},
		{does: "create", inputs: bare, first: permit(cloud.AllPermissions...)},
		{does: "update", inputs: changed(bare, map[string]any{"content": "192.0.2.2"}), first: permit(cloud.ZoneRead)},
		{does: "refresh"},
		{does: "delete"},
		{does: "create", inputs: www, first: permit(cloud.AllPermissions...)},
	}},
	{"Cloudflare is out of order while a record is made", recordToken, []step{
		{does: "create", inputs: www, first: trouble("cloudflare-503", 2)},
		{does: "refresh", first: trouble("cloudflare-429", 1)},
		{does: "delete", first: trouble("cloudflare-500", -1)},
		{does: "delete", first: trouble("cloudflare-500", 0)},
		{does: "create", inputs: www, first: trouble("cloudflare-429", -1)},
		{does: "create", inputs: www, first: func(on stage) { trouble("cloudflare-429", 0)(on); trouble("cloudflare-lost", 1)(on) }},
	}},
	{"the zone's settings", settingsToken, []step{
		{does: "create", inputs: settings}, {does: "update", inputs: settings}, {does: "refresh", inputs: settings}, {does: "delete"},
	}},
	{"each setting changes", settingsToken, []step{
		{does: "create", inputs: settings},
		{does: "update", inputs: settingsWith(map[string]any{"minTlsVersion": "1.3"})},
		{does: "update", inputs: settingsWith(map[string]any{"ssl": "full"})},
		{does: "update", inputs: settingsWith(map[string]any{"alwaysUseHttps": "on"})},
		{does: "update", inputs: settings},
		{does: "update", inputs: map[string]any{"zoneId": inZone}},
		{does: "update", inputs: changed(settings, map[string]any{"zoneId": "ffffffffffffffffffffffffffffffff"})},
		{does: "delete"},
	}},
	{"somebody changed the settings", settingsToken, []step{
		{does: "create", inputs: settings},
		{does: "refresh", inputs: settings, first: set("ssl", "flexible")},
		{does: "update", inputs: settings},
		{does: "delete", first: set("ssl", "off")},
	}},
	{"settings that are so already", settingsToken, []step{
		{does: "create", inputs: settings, first: func(on stage) { set("ssl", "strict")(on); set("min_tls_version", "1.2")(on) }},
		{does: "delete"},
	}},
	{"settings are imported", settingsToken, []step{
		{does: "import", id: inZone, inputs: settings}, {does: "import", id: "fedcba9876543210fedcba9876543210"},
	}},
	{"settings that are refused", settingsToken, []step{
		{does: "create", inputs: settingsWith(map[string]any{"ssl": "nonsense"})},
		{does: "create", inputs: settingsWith(map[string]any{"minTlsVersion": "1.4"})},
		{does: "create", inputs: settingsWith(map[string]any{"nonsense": "on"})},
		{does: "create", inputs: changed(settings, map[string]any{"zoneId": nil})},
		{does: "create", inputs: settingsWith(map[string]any{"http2": "off"})},
		{does: "create", inputs: settings, first: permit(cloud.ZoneRead, cloud.ZoneSettingsRead)},
		{does: "create", inputs: settings, first: permit(cloud.ZoneRead)},
		{does: "create", inputs: settings, first: permit(cloud.ZoneSettingsEdit)},
	}},
	{"settings that are refused at first", settingsToken, []step{
		{does: "create", inputs: settings, first: permit(cloud.ZoneRead, cloud.ZoneSettingsRead)},
		{does: "update", inputs: settings, first: permit(cloud.AllPermissions...)},
		{does: "update", inputs: settings}, {does: "refresh", inputs: settings}, {does: "delete"},
	}},
	{"settings of which one fails to be read", settingsToken, []step{
		{does: "create", inputs: settings, first: trouble("cloudflare-500", 4)},
		{does: "update", inputs: settings}, {does: "update", inputs: settings}, {does: "delete"},
	}},
	{"a record that is refused at first", recordToken, []step{
		{does: "create", inputs: www},
		{does: "update", inputs: changed(www, map[string]any{"content": "192.0.2.2"}), first: permit(cloud.ZoneRead, cloud.DNSRead)},
		{does: "update", inputs: changed(www, map[string]any{"content": "192.0.2.2"}), first: permit(cloud.AllPermissions...)},
		{does: "update", inputs: changed(www, map[string]any{"content": "192.0.2.2"})},
	}},
	{"settings whose zone is gone", settingsToken, []step{
		{does: "create", inputs: changed(settings, map[string]any{"zoneId": "ffffffffffffffffffffffffffffffff"})},
	}},
	{"a certificate", certificateToken, []step{
		{does: "create", inputs: ordered}, {does: "update", inputs: ordered}, {does: "refresh", inputs: ordered},
		{does: "update", inputs: changed(ordered, map[string]any{"hostnames": []any{"*.example.com", "example.com"}})},
		{does: "update", inputs: changed(ordered, map[string]any{"hostnames": []any{"example.com"}})},
		{does: "update", inputs: changed(ordered, map[string]any{"csr": otherCSR})},
		{does: "update", inputs: changed(ordered, map[string]any{"requestType": "origin-rsa"})},
		{does: "update", inputs: changed(ordered, map[string]any{"requestedValidity": 90.0})},
		{does: "update", inputs: changed(ordered, map[string]any{"requestedValidity": nil})},
		{does: "update", inputs: changed(ordered, map[string]any{"minDaysForRenewal": 30.0})},
		{does: "update", inputs: changed(ordered, map[string]any{"minDaysForRenewal": 6000.0})},
		{does: "import", id: "ID", inputs: ordered},
		{does: "delete"}, {does: "refresh"},
	}},
	{"somebody revoked the certificate", certificateToken, []step{
		{does: "create", inputs: ordered},
		{does: "delete", first: byHand(func(a api, z string) error { return a.revoke(z) })},
		{does: "refresh"},
	}},
	{"certificates that cannot be", certificateToken, []step{
		{does: "create", inputs: changed(ordered, map[string]any{"csr": "nonsense"})},
		{does: "create", inputs: changed(ordered, map[string]any{"requestedValidity": 100.0})},
		{does: "create", inputs: changed(ordered, map[string]any{"requestType": "nonsense"})},
		{does: "create", inputs: changed(ordered, map[string]any{"hostnames": nil})},
		{does: "create", inputs: changed(ordered, map[string]any{"hostnames": []any{"example.net"}})},
		{does: "create", inputs: changed(ordered, map[string]any{"requestType": "origin-rsa"})},
		{does: "create", inputs: ordered, first: permit(cloud.ZoneRead)},
		{does: "import", id: "123456789012345678901234567890", first: permit(cloud.AllPermissions...)},
	}},
	{"a preview before the address is known", recordToken, []step{
		{does: "preview", inputs: changed(www, map[string]any{"content": "<unknown>"})}, {does: "preview", inputs: www}, {does: "preview", inputs: bare},
	}},
	{"a preview of settings", settingsToken, []step{{does: "preview", inputs: settings}}},
	{"a preview before the request is known", certificateToken, []step{
		{does: "preview", inputs: changed(ordered, map[string]any{"csr": "<unknown>"})}, {does: "preview", inputs: ordered},
	}},
	{"a zone by its name", zoneToken, []step{{does: "invoke", inputs: map[string]any{"name": "example.com"}}}},
	{"a zone by its ID", zoneToken, []step{{does: "invoke", inputs: map[string]any{"zoneId": inZone}}}},
	{"a zone that cannot be found", zoneToken, []step{
		{does: "invoke", inputs: map[string]any{"name": "example.net"}},
		{does: "invoke", inputs: map[string]any{"zoneId": "ffffffffffffffffffffffffffffffff"}},
		{does: "invoke", inputs: map[string]any{}},
		{does: "invoke", inputs: map[string]any{"name": "example.com", "zoneId": inZone}},
		{does: "invoke", inputs: map[string]any{"name": "example.com", "accountId": "ffffffffffffffffffffffffffffffff"}},
		{does: "invoke", inputs: map[string]any{"name": "example.com"}, first: permit(cloud.DNSEdit)},
		{does: "invoke", inputs: map[string]any{"zoneId": inZone}},
	}},
}

func TestCloudflare_DoesWhatThePublishedProviderDoes(t *testing.T) {
	var zones []string
	for i := range cloudflareScenarios {
		zones = append(zones, zoneOf(i))
	}
	clouds, err := cloud.Start(cloud.Config{Zones: zones, CertDir: t.TempDir(), CloudflareToken: apiToken, KeepBodies: true})
	must(t, err)
	t.Cleanup(func() { must(t, clouds.Close()) })
	t.Setenv("SSL_CERT_FILE", clouds.CAFile())
	client, err := cloudflare.NewWithAPIToken(apiToken, cloudflare.BaseURL("https://"+clouds.CloudflareHost()+"/client/v4"), cloudflare.UsingRateLimit(1000))
	must(t, err)

	config := map[string]any{
		"apiToken": map[string]any{"secret": apiToken}, "apiHostname": clouds.CloudflareHost(), "rps": "1000", "minBackoff": "0", "maxBackoff": "0",
	}
	conforms(t, "cloudflare", "terraform-provider-cloudflare v4.51.0 with cloudflare-go v0.114.0, behind pulumi-terraform-bridge v3.134.0 for v3.103.0", config, cloudflareScenarios, func(t *testing.T, s scenario) stage {
		clouds.SetToken(apiToken, cloud.AllPermissions...)
		zone := zoneOf(slices.IndexFunc(cloudflareScenarios, func(other scenario) bool { return other.name == s.name }))
		id, err := client.ZoneIDByName(zone)
		must(t, err)
		return &account{Cloud: clouds, t: t, api: api{client}, zone: zone, zoneID: id}
	})
}

// Requests for certificates; whoever had their keys threw them away.
const (
	csr = `-----BEGIN CERTIFICATE REQUEST-----
MIHQMHgCAQAwFjEUMBIGA1UEAwwLZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAAQPMaiNwjCilFK9idWEUFnwuZ+U/mB8q7KuisH9LdF/7tBfXMqD
bugt9pEUm1woySOqw0GF3CklUM8Dypr9v0KAoAAwCgYIKoZIzj0EAwIDSAAwRQIg
TAVdS+PryQ4yEx3eKFfIrNcktvT6dkr05UxDGkvHwPgCIQCBU6OdCUNb2DldWrOQ
NYjMnKZJHKKcjiRP2HWwBaM3KA==
-----END CERTIFICATE REQUEST-----
`
	otherCSR = `-----BEGIN CERTIFICATE REQUEST-----
MIHQMHgCAQAwFjEUMBIGA1UEAwwLZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAARc2/KNdkXkYOJfIkTy+ipDTRVJgeazR3wxnBlkzOVacrFC/EL7
SBkrCwu8MI5HULjUZnYJi4ZfkjSeEX6YLsKGoAAwCgYIKoZIzj0EAwIDSAAwRQIh
APdeGG+6plzj+U8Q+WBaNtLkWg3dYCFpXgAjMf4CWUv7AiA8onZ/E015E+UYTtya
7Lfghw7uv8YHYiqn4Y6A3tYGdg==
-----END CERTIFICATE REQUEST-----
`
)
