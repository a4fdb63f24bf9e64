package components

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-cloudflare/sdk/v5/go/cloudflare"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EdgeNetworks are the networks that Cloudflare reaches servers from, as it
// publishes them. An empty list would close the app to everyone, so it is refused.
func EdgeNetworks(ctx *pulumi.Context) ([]string, error) {
	published, err := cloudflare.GetIpRanges(ctx)
	if err != nil {
		return nil, fmt.Errorf("originLock: asking Cloudflare for its networks: %w", err)
	}
	if len(published.Ipv4CidrBlocks) == 0 {
		return nil, errors.New("originLock: Cloudflare's list of its networks is empty, which would close the app to everyone; try again later, or: pulumi config set originLock false")
	}
	return append(published.Ipv4CidrBlocks, published.Ipv6CidrBlocks...), nil
}
