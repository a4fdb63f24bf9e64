package edge

import (
	"strings"
	"testing"
)

func TestCheck_TellsWhatStandsInTheWayAndWhatMendsIt(t *testing.T) {
	sound := View{ZoneID: "Z", Status: "active", Type: "full"}
	for name, c := range map[string]struct {
		change func(*View)
		want   Wanted
		told   string
	}{
		"nothing":                {func(*View) {}, Wanted{LetsEncrypt: true}, ""},
		"our own records":        {func(v *View) { v.Records = []Record{{"R", "example.com", "A", "1.2.3.4", true, true}} }, Wanted{LetsEncrypt: true}, ""},
		"a pending zone":         {func(v *View) { v.Status, v.NameServers = "pending", []string{"a.ns", "b.ns"} }, Wanted{}, "zone: example.com is pending at Cloudflare, not active; at your registrar set the name servers a.ns and b.ns"},
		"a partial zone":         {func(v *View) { v.Type = "partial" }, Wanted{}, `zone: example.com is of the kind "partial"`},
		"a record":               {func(v *View) { v.Records = []Record{{"R", "www.example.com", "CNAME", "x.example", true, false}} }, Wanted{}, "dnsTakeover: there is a record already, www.example.com CNAME x.example (proxied); to replace it: pulumi config set dnsTakeover true; to adopt it as it is, its ID is Z/R (docs/guide.md, What exists already)"},
		"a record, to take over": {func(v *View) { v.Records = []Record{{"R", "example.com", "A", "1.2.3.4", true, false}} }, Wanted{Takeover: true, LetsEncrypt: true}, ""},
		"a zone to put back":     {func(v *View) { v.Records = []Record{{"R", "example.com", "A", "1.2.3.4", true, true}} }, Wanted{Restore: true}, ""},
		"one that others use":    {func(v *View) { v.Others = []Record{{"R", "shop.example.com", "A", "1.2.3.4", true, false}} }, Wanted{Restore: true}, "zoneRestore: shop.example.com is served from the zone example.com too"},
		"one of another stack":   {func(v *View) { v.Records = []Record{{"R", "example.com", "A", "1.2.3.4", true, false}} }, Wanted{Restore: true, Takeover: true}, "zoneRestore: example.com is served"},
		"other sites": {func(v *View) {
			v.SSL, v.MinTLS, v.Others = "flexible", "1.0", []Record{{"R", "shop.example.com", "A", "1.2.3.4", true, false}, {"S", "*.example.com", "CNAME", "x.example", true, false}}
		}, Wanted{}, "zoneWide: Full (strict) and TLS 1.2 hold for the whole zone example.com (now flexible, TLS 1.0), and it also serves shop.example.com A 1.2.3.4, *.example.com CNAME x.example: "},
		"other sites, with consent": {func(v *View) {
			v.SSL, v.MinTLS, v.Others = "full", "1.0", []Record{{"R", "shop.example.com", "A", "1.2.3.4", true, false}}
		}, Wanted{ZoneWide: true}, ""},
		"other sites, strict as they are": {func(v *View) {
			v.SSL, v.MinTLS, v.Others = "strict", "1.3", []Record{{"R", "shop.example.com", "A", "1.2.3.4", true, false}}
		}, Wanted{}, ""},
		"IPv6, to take over": {func(v *View) { v.Records = []Record{{"R", "example.com", "AAAA", "2001:db8::1", false, false}} }, Wanted{LetsEncrypt: true, Takeover: true}, ""},
		"a live site":        {func(v *View) { v.Records = []Record{{"R", "example.com", "A", "1.2.3.4", true, false}} }, Wanted{}, "make the new server answer first: pulumi config set dnsTakeover later (docs/guide.md, A site that is live)"},
		"a live site, later": {func(v *View) {
			v.Records, v.Others = []Record{{"R", "example.com", "A", "1.2.3.4", true, false}}, []Record{{"S", "shop.example.com", "A", "1.2.3.4", true, false}}
		}, Wanted{Later: true, LetsEncrypt: true}, ""},
		"our own, later":           {func(v *View) { v.Records = []Record{{"R", "example.com", "A", "1.2.3.4", true, true}} }, Wanted{Later: true}, "dnsTakeover: got \"later\", but example.com A 1.2.3.4 (proxied) is this stack's already and would be taken away; mend it with: pulumi config set dnsTakeover true"},
		"Always Use HTTPS":         {func(v *View) { v.AlwaysHTTPS = true }, Wanted{LetsEncrypt: true}, "certificate: Always Use HTTPS is on in the zone"},
		"the same, other way":      {func(v *View) { v.AlwaysHTTPS = true }, Wanted{}, ""},
		"a redirect":               {func(v *View) { v.Rules = []string{"the page rule for x"} }, Wanted{LetsEncrypt: true}, "certificate: the page rule for x would redirect Let's Encrypt's challenge"},
		"CAA for others":           {func(v *View) { v.CAA = []string{"digicert.com"} }, Wanted{LetsEncrypt: true}, `add the record example.com CAA 0 issue "letsencrypt.org"`},
		"CAA for Let's Encrypt":    {func(v *View) { v.CAA = []string{"digicert.com", "letsencrypt.org"} }, Wanted{LetsEncrypt: true}, ""},
		"IPv6 that goes elsewhere": {func(v *View) { v.Records = []Record{{"R", "example.com", "AAAA", "2001:db8::1", false, false}} }, Wanted{LetsEncrypt: true}, "certificate: example.com AAAA 2001:db8::1 is not proxied and not this server"},
	} {
		view := sound
		c.change(&view)
		c.want.Zone = "example.com"
		err := view.Check(c.want)
		if c.told == "" && err != nil || c.told != "" && (err == nil || !strings.Contains(err.Error(), c.told)) {
			t.Errorf("%s: got %v, wanted %q", name, err, c.told)
		}
	}
}

func TestConcerns_TakesPageRulesThatMatchPlainHTTP(t *testing.T) {
	for pattern, want := range map[string]bool{
		"http://example.com/*": true, "example.com/*": true, "*example.com/*": true, "http://*.example.com/*": false,
		"https://example.com/*": false, "http://other.com/*": false, "http://*/*": true,
	} {
		if got := concerns(pattern, []string{"example.com"}); got != want {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}
