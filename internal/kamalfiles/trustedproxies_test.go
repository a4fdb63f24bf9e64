package kamalfiles

import (
	"strings"
	"testing"
)

func TestTrustedProxies_AreKeptInABlockOfTheirOwn(t *testing.T) {
	const plain = "Rails.application.configure do\n  config.force_ssl = true # always\n\n  config.x = 1\nend\n"
	with := func(networks ...string) string {
		return strings.Replace(plain, "# always\n", "# always\n  "+trustBegins+"\n  config.action_dispatch.trusted_proxies = ActionDispatch::RemoteIp::TRUSTED_PROXIES + %w[\n    "+
			strings.Join(networks, " ")+"\n  ].map { |network| IPAddr.new(network) }\n  "+trustEnds+"\n", 1)
	}
	const own = "Rails.application.configure do\n  config.force_ssl = true\n  config.action_dispatch.trusted_proxies = [ IPAddr.new(\"10.0.0.0/8\") ]\nend\n"
	for name, c := range map[string]struct {
		before   string
		networks []string
		after    string
	}{
		"nobody stands in front":    {plain, nil, plain},
		"they are added":            {plain, []string{"203.0.113.0/24", "2001:db8::/32"}, with("2001:db8::/32", "203.0.113.0/24")},
		"in whatever order":         {with("2001:db8::/32", "203.0.113.0/24"), []string{"2001:db8::/32", "203.0.113.0/24"}, with("2001:db8::/32", "203.0.113.0/24")},
		"they changed":              {with("203.0.113.0/24"), []string{"198.51.100.0/24"}, with("198.51.100.0/24")},
		"nobody does any more":      {with("203.0.113.0/24"), nil, plain},
		"the developer's own stays": {own, []string{"203.0.113.0/24"}, own},
		"lines end as they do":      {strings.ReplaceAll(plain, "\n", "\r\n"), []string{"203.0.113.0/24"}, strings.ReplaceAll(with("203.0.113.0/24"), "\n", "\r\n")},
	} {
		got := string(trustProxies([]byte(c.before), c.networks))
		if got != c.after {
			t.Errorf("%s: got\n%s\nwanted\n%s", name, got, c.after)
		}
		if again := string(trustProxies([]byte(got), c.networks)); again != got {
			t.Errorf("%s: a second time it becomes\n%s", name, again)
		}
	}
}
