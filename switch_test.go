package main

import (
	"slices"
	"strings"
	"testing"
)

// The names lead to the server last: strangers come by them.

func TestSwitch_TheNamesLeadToAServerThatIsHardened(t *testing.T) {
	declared := runStack(t, "prod", sampleApp(t), map[string]string{"ipv6": "true"}, false)
	for _, name := range []string{"dns-example.com", "dns-www.example.com", "dns-example.com-ipv6"} {
		if !declared.waits(t, name, "hardening-confirm") {
			t.Errorf("%s does not wait until the server is hardened: %v", name, declared.find(t, name, "cloudflare:").rpc.GetDependencies())
		}
	}
	if declared.waits(t, "hardening-apply", "dns-") {
		t.Error("the server is hardened only once the names lead to it")
	}
}

func TestSwitch_LaterLeavesTheNamesAndTheZoneAsTheyAre(t *testing.T) {
	for _, dryRun := range []bool{true, false} {
		declared := runStack(t, "prod", sampleApp(t), map[string]string{"dnsTakeover": "later"}, dryRun)
		for _, r := range declared.resources {
			if strings.HasPrefix(r.kind, "cloudflare:") {
				t.Errorf("%s is declared", r.name)
			}
		}
		declared.find(t, "server", "hcloud:")
	}
}

// waits tells whether a resource waits for one whose name begins so.
func (d *declared) waits(t *testing.T, name, prefix string) bool {
	t.Helper()
	return slices.ContainsFunc(d.find(t, name, "").rpc.GetDependencies(), func(urn string) bool {
		return strings.HasPrefix(urn[strings.LastIndex(urn, "::")+2:], prefix)
	})
}
