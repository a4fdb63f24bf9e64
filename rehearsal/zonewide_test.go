package main

import (
	"strings"
	"testing"
)

// Full (strict) and TLS 1.2 hold for every name in the zone. What else is served
// from it is named before anything is made, and nothing changes without consent;
// a stricter zone stays as strict as it is.
func TestOtherSitesOfTheZoneAreNamedBeforeItTurnsStrict(t *testing.T) {
	t.Parallel()
	r := start(t, "test-e-wide", "start")
	told := func(code int, args []string, parts ...string) {
		t.Helper()
		text := r.pulumi(t, code, append([]string{"preview"}, args...)...)
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("it is not told %q:\n%s", part, text)
			}
		}
		if strings.Contains(text, "192.0.2.8") {
			t.Errorf("a name that Cloudflare does not serve is told of:\n%s", text)
		}
	}
	r.askZone(t, "PATCH", "settings/ssl", `{"value":"flexible"}`)
	r.askZone(t, "PATCH", "settings/min_tls_version", `{"value":"1.3"}`)
	r.askZone(t, "POST", "dns_records", `{"type":"A","name":"shop","content":"192.0.2.7","proxied":true}`)
	r.askZone(t, "POST", "dns_records", `{"type":"CNAME","name":"*","content":"hosting.example","proxied":true}`)
	r.askZone(t, "POST", "dns_records", `{"type":"A","name":"mail","content":"192.0.2.8","proxied":false}`)
	told(-1, nil, "error: ", "zoneWide: ", "shop."+domain+" A 192.0.2.7", "*."+domain+" CNAME hosting.example", "526", "pulumi config set zoneWide true")
	r.pulumi(t, 0, "config", "set", "zoneWide", "true")
	told(0, []string{"--diff"}, `minTlsVersion: "1.3"`)
	// Putting the zone back needs that nobody else is there.
	r.pulumi(t, 0, "config", "set", "zoneRestore", "true")
	told(-1, nil, "zoneRestore: shop."+domain+", *."+domain+" is served from the zone "+domain+" too")
	r.pulumi(t, 0, "config", "rm-all", "zoneRestore", "zoneWide")
	// Where it is strict already, there is nothing to consent to.
	r.askZone(t, "PATCH", "settings/ssl", `{"value":"strict"}`)
	told(0, nil)
}
