package components

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi-cloudflare/sdk/v5/go/cloudflare"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EdgeNetworks are the networks that Cloudflare reaches servers from, as it
// publishes them.
func EdgeNetworks(ctx *pulumi.Context) ([]netip.Prefix, error) {
	published, err := cloudflare.GetIpRanges(ctx)
	if err != nil {
		return nil, fmt.Errorf("originLock: asking Cloudflare for its networks: %w", err)
	}
	networks, err := parseEdgeNetworks(published.Ipv4CidrBlocks, published.Ipv6CidrBlocks)
	if err != nil {
		return nil, fmt.Errorf("originLock: Cloudflare's list of its networks %w; try again later, or: pulumi config set originLock false", err)
	}
	return networks, nil
}

// parseEdgeNetworks takes nothing for granted: the networks reach a root shell
// and firewall rules. An empty list would close the app to everyone, and a
// network of everyone would open it.
func parseEdgeNetworks(ipv4, ipv6 []string) ([]netip.Prefix, error) {
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
