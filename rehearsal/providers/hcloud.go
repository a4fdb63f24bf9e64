package providers

import (
	"context"
	"errors"

	"github.com/hetznercloud/terraform-provider-hcloud/hcloud"
	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/x/muxer"
	"github.com/pulumi/pulumi-terraform-bridge/v3/unstable/metadata"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// newHcloud is no stand-in: it is Hetzner's own Terraform provider behind
// Pulumi's bridge, which is all that the published plugin is. Only the schema is
// missing, which programs in Go do not ask for.
func newHcloud(ctx context.Context, version string) (rpc.ResourceProviderServer, error) {
	info := tfbridge.ProviderInfo{
		Name: "hcloud", Version: version,
		P:            bridge.MuxShimWithPF(ctx, shimv2.NewProvider(hcloud.Provider()), hcloud.NewPluginProvider()),
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Resources:    map[string]*tfbridge.ResourceInfo{}, DataSources: map[string]*tfbridge.DataSourceInfo{},
	}
	info.P.ResourcesMap().Range(func(name string, resource shim.Resource) bool {
		if id, has := resource.Schema().GetOk("id"); has && id.Type() != shim.TypeString { // Pulumi's are texts
			info.Resources[name] = &tfbridge.ResourceInfo{Fields: map[string]*tfbridge.SchemaInfo{"id": {Type: "string"}}}
		}
		return true
	})
	info.MustComputeTokens(tokens.SingleModule("hcloud_", "index", tokens.MakeStandard("hcloud")))
	// Which of Hetzner's two halves has which resource; the plugin is built with
	// the list, and here it is made on the spot.
	halves, ok := info.P.(interface {
		ResolveDispatch(*tfbridge.ProviderInfo) (muxer.DispatchTable, error)
	})
	if !ok {
		return nil, errors.New("the bridge no longer tells which half of the provider has what")
	}
	dispatch, err := halves.ResolveDispatch(&info)
	if err != nil {
		return nil, err
	}
	if err := metadata.Set(info.GetMetadata(), "mux", dispatch); err != nil {
		return nil, err
	}
	return bridge.MakeMuxedServer(ctx, "hcloud", info, []byte("{}"))(nil)
}
