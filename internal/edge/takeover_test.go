package edge

import (
	"fmt"
	"strings"
	"testing"
)

func TestTakeOver_LeavesExactlyTheWantedRecords(t *testing.T) {
	const host, ip = "example.com", "192.0.2.1"
	a, aaaa := Record{Name: host, Type: "A", Content: ip, Proxied: true}, Record{Name: host, Type: "AAAA", Content: "2001:db8::1", Proxied: true}
	there := func(kind, content string, ours bool) Record {
		return Record{ID: kind + content, Name: host, Type: kind, Content: content, Ours: ours}
	}
	for name, c := range map[string]struct {
		there, wanted []Record
		changes       string
	}{
		"nothing there":                    {nil, []Record{a, aaaa}, ""},
		"another address":                  {[]Record{there("A", "192.0.2.9", false)}, []Record{a}, "-A 192.0.2.9 +A 192.0.2.1"},
		"several, and IPv6":                {[]Record{there("A", "192.0.2.8", false), there("A", "192.0.2.9", false), there("AAAA", "2001:db8::9", false)}, []Record{a}, "-A 192.0.2.8 -A 192.0.2.9 -AAAA 2001:db8::9 +A 192.0.2.1"},
		"an alias":                         {[]Record{there("CNAME", "x.example", false)}, []Record{a, aaaa}, "-CNAME x.example +A 192.0.2.1 +AAAA 2001:db8::1"},
		"an identical one":                 {[]Record{there("A", ip, false)}, []Record{a}, ""},
		"an identical one, spelled anew":   {[]Record{there("AAAA", "2001:db8:0:0::1", false)}, []Record{aaaa}, ""},
		"an identical one beside another":  {[]Record{there("A", ip, false), there("A", "192.0.2.9", false)}, []Record{a}, "-A 192.0.2.9"},
		"ours beside another":              {[]Record{there("A", "192.0.2.7", true), there("A", "192.0.2.9", false)}, []Record{a}, "-A 192.0.2.9"},
		"ours, which the provider changes": {[]Record{there("A", "192.0.2.7", true)}, []Record{a}, ""},
	} {
		view := View{Records: c.there}
		deletes, posts := view.switchTo(c.wanted)
		var changes []string
		for _, r := range deletes {
			changes = append(changes, fmt.Sprintf("-%s %s", r.Type, r.Content))
		}
		for _, r := range posts {
			changes = append(changes, fmt.Sprintf("+%s %s", r.Type, r.Content))
		}
		if got := strings.Join(changes, " "); got != c.changes {
			t.Errorf("%s: %s, wanted %s", name, got, c.changes)
		}
	}
}
