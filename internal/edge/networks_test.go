package edge

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseNetworks_TakesNetworksAndNothingElse(t *testing.T) {
	got, err := parseNetworks([]string{"173.245.48.0/20", "103.21.244.7/22"}, []string{"2400:CB00::/32"})
	if want := []string{"173.245.48.0/20", "103.21.244.0/22", "2400:cb00::/32"}; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for _, c := range []struct {
		ipv4, ipv6 []string
		told       string
	}{
		{nil, []string{"2400:cb00::/32"}, "is empty, which would close the app to everyone"},
		{[]string{"173.245.48.0/20; touch /root/hacked"}, nil, `has "173.245.48.0/20; touch /root/hacked", which is no network of its kind`},
		{[]string{"$(reboot)"}, nil, `has "$(reboot)", which is no network of its kind`},
		{[]string{"173.245.48.0/20\n-A INPUT -j ACCEPT"}, nil, "which is no network of its kind"},
		{[]string{"173.245.48.0"}, nil, "which is no network of its kind"},
		{[]string{"173.245.48.0/20"}, []string{"fe80::1%eth0/64"}, "which is no network of its kind"},
		{[]string{"2400:cb00::/32"}, nil, "which is no network of its kind"},
		{[]string{"173.245.48.0/20"}, []string{"::/0"}, `has "::/0", which would open the server to everyone`},
	} {
		if got, err := parseNetworks(c.ipv4, c.ipv6); err == nil || !strings.Contains(err.Error(), c.told) {
			t.Errorf("%q, %q: got %v, %v; want %s", c.ipv4, c.ipv6, got, err, c.told)
		}
	}
}
