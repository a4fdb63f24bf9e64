package cloud

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"testing"

	"github.com/cloudflare/cloudflare-go"
)

const otherToken = "oooooooooooooooooooooooooooooooooooooooo"

func TestZone_IsFoundByName(t *testing.T) {
	c := start(t, Config{Zones: []string{"example.com", "example.org"}})
	id, err := c.cloudflareClient().ZoneIDByName("example.org")
	must(t, err)
	zone, err := c.cloudflareClient().ZoneDetails(ctx, id)
	must(t, err)
	if zone.Name != "example.org" || zone.Status != "active" {
		t.Errorf("%+v", zone)
	}
}

func TestZone_MayBePending(t *testing.T) {
	c := start(t, Config{})
	must(t, c.SetZoneStatus("example.com", "pending"))
	zone, err := c.cloudflareClient().ZoneDetails(ctx, exampleZone)
	must(t, err)
	if zone.Status != "pending" {
		t.Errorf("status %s", zone.Status)
	}
}

func TestZone_UnknownAndMalformedIDsHaveTheirOwnErrors(t *testing.T) {
	c := start(t, Config{})
	_, err := c.cloudflareClient().ZoneDetails(ctx, "0123456789abcdef0123456789abcdef")
	deniedAs(t, err, 404, 1001)
	_, err = c.cloudflareClient().ZoneDetails(ctx, "example.com")
	deniedAs(t, err, 404, 7003)
}

func TestToken_IsVerified(t *testing.T) {
	c := start(t, Config{})
	verified, err := c.cloudflareClient().VerifyAPIToken(ctx)
	must(t, err)
	if verified.Status != "active" {
		t.Errorf("%+v", verified)
	}
	_, err = c.cloudflareAs(otherToken).VerifyAPIToken(ctx)
	deniedAs(t, err, 401, 1000)
	_, err = c.cloudflareAs(otherToken).ListZones(ctx)
	deniedAs(t, err, 403, 9109)
	_, err = c.cloudflareAs("short").ListZones(ctx)
	deniedAs(t, err, 400, 6003)
}

func TestToken_WithoutZoneReadSeesNoZones(t *testing.T) {
	c := start(t, Config{})
	c.SetToken(otherToken, DNSEdit)
	zones, err := c.cloudflareAs(otherToken).ListZones(ctx)
	must(t, err)
	if len(zones) != 0 {
		t.Errorf("sees %v", zones)
	}
	_, err = c.cloudflareAs(otherToken).ZoneDetails(ctx, exampleZone)
	deniedAs(t, err, 403, 9109)
}

func TestToken_LackingAPermissionIsDeniedWhatItIsFor(t *testing.T) {
	c := start(t, Config{})
	c.SetToken(otherToken, ZoneRead, DNSRead, ZoneSettingsRead)
	api := c.cloudflareAs(otherToken)

	_, _, err := api.ListDNSRecords(ctx, example, cloudflare.ListDNSRecordsParams{})
	must(t, err)
	_, err = api.ZoneSettings(ctx, exampleZone)
	must(t, err)
	_, err = api.CreateDNSRecord(ctx, example, cloudflare.CreateDNSRecordParams{Type: "A", Name: "www", Content: "198.18.0.10"})
	deniedAs(t, err, 403, 10000)
	_, err = api.UpdateZoneSetting(ctx, example, cloudflare.UpdateZoneSettingParams{Name: "ssl", Value: "strict"})
	deniedAs(t, err, 403, 9109)
	_, err = api.CreateOriginCACertificate(ctx, cloudflare.CreateOriginCertificateParams{Hostnames: []string{"example.com"}})
	deniedAs(t, err, 403, 10000)
}

func TestRecord_IsCreatedChangedAndDeleted(t *testing.T) {
	c := start(t, Config{})
	api := c.cloudflareClient()
	made, err := api.CreateDNSRecord(ctx, example, cloudflare.CreateDNSRecordParams{Type: "A", Name: "www", Content: "198.18.0.10", Proxied: cloudflare.BoolPtr(true), TTL: 300, Comment: "by hand"})
	must(t, err)
	if made.Name != "www.example.com" || made.TTL != 1 || !*made.Proxied || made.Comment != "by hand" {
		t.Errorf("made %+v", made)
	}
	changed, err := api.UpdateDNSRecord(ctx, example, cloudflare.UpdateDNSRecordParams{ID: made.ID, Content: "198.18.0.11"})
	must(t, err)
	if changed.Content != "198.18.0.11" || !*changed.Proxied || changed.Comment != "by hand" {
		t.Errorf("changed %+v", changed)
	}
	must(t, api.DeleteDNSRecord(ctx, example, made.ID))
	_, err = api.GetDNSRecord(ctx, example, made.ID)
	deniedAs(t, err, 404, 81044)
}

func TestRecord_WhatCannotStandBesideAnotherIsRefused(t *testing.T) {
	c := start(t, Config{})
	must(t, c.AddRecord("example.com", "www", "A", "198.18.0.10", true))
	must(t, c.AddRecord("example.com", "blog", "CNAME", "example.net", false))
	for name, refused := range map[string]struct {
		record cloudflare.CreateDNSRecordParams
		code   int
	}{
		"identical":           {cloudflare.CreateDNSRecordParams{Type: "A", Name: "WWW.example.com", Content: "198.18.0.10"}, 81058},
		"CNAME beside A":      {cloudflare.CreateDNSRecordParams{Type: "CNAME", Name: "www", Content: "example.com"}, 81053},
		"A beside CNAME":      {cloudflare.CreateDNSRecordParams{Type: "A", Name: "blog", Content: "198.18.0.10"}, 81054},
		"no IPv4 address":     {cloudflare.CreateDNSRecordParams{Type: "A", Name: "x", Content: "2001:db8::1"}, 9005},
		"no IPv6 address":     {cloudflare.CreateDNSRecordParams{Type: "AAAA", Name: "x", Content: "198.18.0.10"}, 9006},
		"proxied text":        {cloudflare.CreateDNSRecordParams{Type: "TXT", Name: "x", Content: "x", Proxied: cloudflare.BoolPtr(true)}, 9004},
		"time to live of 5 s": {cloudflare.CreateDNSRecordParams{Type: "A", Name: "x", Content: "198.18.0.10", TTL: 5}, 9021},
	} {
		_, err := c.cloudflareClient().CreateDNSRecord(ctx, example, refused.record)
		t.Run(name, func(t *testing.T) { deniedAs(t, err, 400, refused.code) })
	}
	_, err := c.cloudflareClient().CreateDNSRecord(ctx, example, cloudflare.CreateDNSRecordParams{Type: "A", Name: "www", Content: "198.18.0.11"})
	if err != nil {
		t.Errorf("a second address for a name: %v", err)
	}
}

func TestRecords_ChangeTogetherOrNotAtAll(t *testing.T) {
	c := start(t, Config{})
	api, zone := c.cloudflareClient(), cloudflare.ZoneIdentifier(exampleZone)
	old, err := api.CreateDNSRecord(ctx, zone, cloudflare.CreateDNSRecordParams{Type: "CNAME", Name: "www", Content: "x.example"})
	must(t, err)
	batch := func(deletes string, posts ...map[string]any) error {
		_, err := api.Raw(ctx, "POST", "/zones/"+exampleZone+"/dns_records/batch", map[string]any{"deletes": []any{map[string]string{"id": deletes}}, "posts": posts}, nil)
		return err
	}
	wanted := map[string]any{"type": "A", "name": "www.example.com", "content": "192.0.2.1", "ttl": 1, "proxied": true}
	deniedAs(t, batch(old.ID, wanted, wanted), 400, 81058)
	deniedAs(t, batch("0123456789abcdef0123456789abcdef", wanted), 404, 81044)
	must(t, batch(old.ID, wanted))
	left, _, err := api.ListDNSRecords(ctx, zone, cloudflare.ListDNSRecordsParams{})
	must(t, err)
	if len(left) != 1 || left[0].Type != "A" || left[0].ID == old.ID {
		t.Errorf("%+v", left)
	}
}

func TestRecords_ComeInPagesAndByName(t *testing.T) {
	c := start(t, Config{})
	for i := range 130 {
		must(t, c.AddRecord("example.com", fmt.Sprintf("n%d", i), "A", "198.18.0.10", false))
	}
	all, info, err := c.cloudflareClient().ListDNSRecords(ctx, example, cloudflare.ListDNSRecordsParams{})
	must(t, err)
	if len(all) != 130 || info.Total != 130 {
		t.Errorf("%d records, %+v", len(all), info)
	}
	one, _, err := c.cloudflareClient().ListDNSRecords(ctx, example, cloudflare.ListDNSRecordsParams{Name: "n7.example.com", Type: "A"})
	must(t, err)
	if len(one) != 1 {
		t.Errorf("%d records by name", len(one))
	}
}

func TestRecord_CAAHasItsData(t *testing.T) {
	c := start(t, Config{})
	must(t, c.AddRecord("example.com", "@", "CAA", `0 issue "letsencrypt.org"`, false))
	found, _, err := c.cloudflareClient().ListDNSRecords(ctx, example, cloudflare.ListDNSRecordsParams{Type: "CAA"})
	must(t, err)
	if data, _ := found[0].Data.(map[string]any); data["value"] != "letsencrypt.org" || found[0].Content != `0 issue "letsencrypt.org"` {
		t.Errorf("%+v", found[0])
	}
}

func TestSettings_ChangeTogetherOrNotAtAll(t *testing.T) {
	c := start(t, Config{})
	api := c.cloudflareClient()
	_, err := api.UpdateZoneSettings(ctx, exampleZone, []cloudflare.ZoneSetting{{ID: "ssl", Value: "strict"}, {ID: "min_tls_version", Value: "1.2"}})
	must(t, err)
	_, err = api.UpdateZoneSettings(ctx, exampleZone, []cloudflare.ZoneSetting{{ID: "ssl", Value: "off"}, {ID: "min_tls_version", Value: "1.4"}})
	deniedAs(t, err, 400, 1007)
	_, err = api.UpdateZoneSettings(ctx, exampleZone, []cloudflare.ZoneSetting{{ID: "polish", Value: "lossy"}})
	deniedAs(t, err, 403, 1015)
	ssl, err := api.GetZoneSetting(ctx, example, cloudflare.GetZoneSettingParams{Name: "ssl"})
	must(t, err)
	if ssl.Value != "strict" {
		t.Errorf("ssl %v", ssl.Value)
	}
}

// The provider reads these one by one before and after each change.
func TestSettings_ThoseThatAreNotListedAreFoundByName(t *testing.T) {
	c := start(t, Config{})
	api := c.cloudflareClient()
	for _, name := range []string{"binary_ast", "h2_prioritization", "image_resizing", "early_hints", "origin_max_http_version", "fonts", "ssl_automatic_mode"} {
		_, err := api.GetZoneSetting(ctx, example, cloudflare.GetZoneSettingParams{Name: name})
		must(t, err)
	}
	_, err := api.UniversalSSLSettingDetails(ctx, exampleZone)
	must(t, err)
	_, err = api.GetZoneSetting(ctx, example, cloudflare.GetZoneSettingParams{Name: "nonsense"})
	deniedAs(t, err, 400, 1006)
}

func TestOriginCertificate_IsSignedByTheOriginRoot(t *testing.T) {
	c := start(t, Config{})
	made, err := c.cloudflareClient().CreateOriginCACertificate(ctx, cloudflare.CreateOriginCertificateParams{
		CSR: request(t), Hostnames: []string{"example.com", "*.example.com"}, RequestType: "origin-ecc", RequestValidity: 5475,
	})
	must(t, err)
	block, _ := pem.Decode([]byte(made.Certificate))
	certificate, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.OriginRoot())
	_, err = certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: "www.example.com"})
	must(t, err)
	if !made.ExpiresOn.Equal(certificate.NotAfter) {
		t.Errorf("expires %s, not %s", made.ExpiresOn, certificate.NotAfter)
	}

	again, err := c.cloudflareClient().GetOriginCACertificate(ctx, made.ID)
	must(t, err)
	if again.Certificate != made.Certificate || !again.RevokedAt.IsZero() {
		t.Errorf("%+v", again)
	}
	_, err = c.cloudflareClient().RevokeOriginCACertificate(ctx, made.ID)
	must(t, err)
}

func TestOriginCertificate_IsRefusedForWhatTheAccountDoesNotHave(t *testing.T) {
	c := start(t, Config{})
	for name, refused := range map[string]struct {
		params cloudflare.CreateOriginCertificateParams
		code   int
	}{
		"other host": {cloudflare.CreateOriginCertificateParams{CSR: request(t), Hostnames: []string{"notexample.com"}, RequestType: "origin-ecc"}, 1010},
		"odd CSR":    {cloudflare.CreateOriginCertificateParams{CSR: "nonsense", Hostnames: []string{"example.com"}, RequestType: "origin-ecc"}, 1001},
		"other key":  {cloudflare.CreateOriginCertificateParams{CSR: request(t), Hostnames: []string{"example.com"}, RequestType: "origin-rsa"}, 1012},
	} {
		_, err := c.cloudflareClient().CreateOriginCACertificate(ctx, refused.params)
		t.Run(name, func(t *testing.T) { deniedAs(t, err, 400, refused.code) })
	}
}

func TestRules_AreThoseOfTheDashboard(t *testing.T) {
	c := start(t, Config{})
	_, err := c.cloudflareClient().GetEntrypointRuleset(ctx, example, "http_request_dynamic_redirect")
	deniedAs(t, err, 404, 10003)

	must(t, c.AddRedirect("example.com", "not ssl", `concat("https://", http.host)`))
	must(t, c.AddPageRule("example.com", "http://example.com/*", "always_use_https", nil))
	ruleset, err := c.cloudflareClient().GetEntrypointRuleset(ctx, example, "http_request_dynamic_redirect")
	must(t, err)
	rules, err := c.cloudflareClient().ListPageRules(ctx, exampleZone)
	must(t, err)
	if ruleset.Rules[0].Expression != "not ssl" || rules[0].Actions[0].ID != "always_use_https" {
		t.Errorf("%+v %+v", ruleset, rules)
	}
}

var (
	exampleZone = identifier("zone example.com")
	example     = cloudflare.ZoneIdentifier(exampleZone)
)

// deniedAs checks the status and code of Cloudflare's error.
func deniedAs(t *testing.T, err error, status, code int) {
	t.Helper()
	var denied interface{ InternalErrorCodeIs(int) bool }
	if !errors.As(err, &denied) || !denied.InternalErrorCodeIs(code) {
		t.Errorf("got %v, want code %d", err, code)
	}
	if underlying := (*cloudflare.Error)(nil); errors.As(err, &underlying) && underlying.StatusCode != status {
		t.Errorf("got status %d, want %d", underlying.StatusCode, status)
	}
}

func request(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}
