package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
)

// Networks are those that Cloudflare reaches servers from, as its API publishes
// them (https://developers.cloudflare.com/api/resources/ips). The provider's
// getIpRanges asks a host of its own choice, which a closed network may not reach.
func (v *View) Networks(ctx context.Context) ([]netip.Prefix, error) {
	answer, err := v.api.Raw(ctx, http.MethodGet, "/ips", nil, nil)
	if err != nil {
		return nil, fmt.Errorf("originLock: asking Cloudflare for its networks: %w", err)
	}
	var published struct {
		IPv4 []string `json:"ipv4_cidrs"`
		IPv6 []string `json:"ipv6_cidrs"`
	}
	if err = json.Unmarshal(answer.Result, &published); err == nil {
		var networks []netip.Prefix
		if networks, err = parseNetworks(published.IPv4, published.IPv6); err == nil {
			return networks, nil
		}
	}
	return nil, fmt.Errorf("originLock: Cloudflare's list of its networks %w; try again later, or: pulumi config set originLock false", err)
}

// parseNetworks takes nothing for granted: the networks reach a root shell and
// firewall rules. An empty list would close the app to everyone, and a network
// of everyone would open it.
func parseNetworks(ipv4, ipv6 []string) ([]netip.Prefix, error) {
	if len(ipv4) == 0 {
		return nil, errors.New("is empty, which would close the app to everyone")
	}
	var networks []netip.Prefix
	for i, text := range slices.Concat(ipv4, ipv6) {
		network, err := netip.ParsePrefix(text)
		switch {
		case err != nil || network.Addr().Is4() != (i < len(ipv4)):
			return nil, fmt.Errorf("has %q, which is no network of its kind", text)
		case network.Bits() == 0:
			return nil, fmt.Errorf("has %q, which would open the server to everyone", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}
