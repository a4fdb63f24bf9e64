package providers

import (
	"context"
	"testing"

	"github.com/cloudflare/cloudflare-go"

	"rails-on-hetzner/rehearsal/cloud"
)

// What the published provider does with allowOverwrite: no more than adopting
// the identical record.
func TestRecord_AllowOverwriteAdoptsTheIdenticalOneAndNoOther(t *testing.T) {
	const token = "tttttttttttttttttttttttttttttttttttttttt"
	clouds, err := cloud.Start(cloud.Config{Zones: []string{"example.com"}, CertDir: t.TempDir(), CloudflareToken: token})
	if err != nil {
		t.Fatal(err)
	}
	defer clouds.Close()
	t.Setenv("SSL_CERT_FILE", clouds.CAFile())
	t.Setenv("CLOUDFLARE_API_HOSTNAME", clouds.CloudflareHost())
	e, ctx := &edge{}, context.Background()
	if err := e.configure(values{"apiToken": token}); err != nil {
		t.Fatal(err)
	}
	zone, err := e.api.ZoneIDByName("example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, there := range []cloudflare.CreateDNSRecordParams{
		{Type: "A", Name: "example.com", Content: "192.0.2.9"}, {Type: "CNAME", Name: "www", Content: "x.example"}, {Type: "A", Name: "same", Content: "192.0.2.1"},
	} {
		if _, err := e.api.CreateDNSRecord(ctx, cloudflare.ZoneIdentifier(zone), there); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]struct {
		works   bool
		records int
	}{"example.com": {true, 2}, "www": {false, 1}, "same": {true, 1}} {
		_, _, err := e.createRecord(ctx, values{"zoneId": zone, "name": name, "type": "A", "content": "192.0.2.1", "ttl": 1.0, "proxied": true, "allowOverwrite": true})
		if (err == nil) != want.works {
			t.Errorf("%s: %v", name, err)
		}
		if name != "example.com" {
			name += ".example.com"
		}
		found, _, err := e.api.ListDNSRecords(ctx, cloudflare.ZoneIdentifier(zone), cloudflare.ListDNSRecordsParams{Name: name})
		if err != nil || len(found) != want.records {
			t.Errorf("%s: there are %d records now (%v)", name, len(found), err)
		}
	}
}
