package providers

import (
	"context"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// bridged puts a Terraform provider behind Pulumi's bridge, as the published
// plugins are. Checks, differences, states and imports are the bridge's work,
// so that a stand-in answers for no more than its calls.
func bridged(name string, provider *schema.Provider, adapt func(*tfbridge.ProviderInfo)) func(context.Context, string) (rpc.ResourceProviderServer, error) {
	return func(ctx context.Context, version string) (rpc.ResourceProviderServer, error) {
		info := tfbridge.ProviderInfo{
			Name: name, Version: version, P: shimv2.NewProvider(provider), MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
			Resources: map[string]*tfbridge.ResourceInfo{}, DataSources: map[string]*tfbridge.DataSourceInfo{},
			EnableZeroDefaultSchemaVersion: true, EnableAccurateBridgePreview: true,
		}
		adapt(&info)
		info.MustComputeTokens(tokens.SingleModule(name+"_", "index", tokens.MakeStandard(name)))
		return tfbridge.NewProvider(ctx, nil, name, version, info.P, info, []byte("{}")), nil
	}
}
