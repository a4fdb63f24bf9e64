package providers

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// newTLS stands in for the published provider, which exists nowhere as a
// module, on the same foundation.
func newTLS(ctx context.Context, version string) (rpc.ResourceProviderServer, error) {
	info := tfbridge.ProviderInfo{
		Name: "tls", Version: version, P: bridge.ShimProvider(keyMaker{}), MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Resources: map[string]*tfbridge.ResourceInfo{
			"tls_private_key":  {Tok: "tls:index/privateKey:PrivateKey"},
			"tls_cert_request": {Tok: "tls:index/certRequest:CertRequest"},
		},
		EnableZeroDefaultSchemaVersion: true, EnableAccurateBridgePreview: true,
	}
	return bridge.NewProviderServer(ctx, nil, info, bridge.ProviderMetadata{PackageSchema: []byte("{}")})
}

// keyMaker is the provider; it has nothing to configure.
type keyMaker struct{}

func (keyMaker) Metadata(_ context.Context, _ provider.MetadataRequest, r *provider.MetadataResponse) {
	r.TypeName = "tls"
}
func (keyMaker) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (keyMaker) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (keyMaker) DataSources(context.Context) []func() datasource.DataSource                        { return nil }
func (keyMaker) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return privateKey{} }, func() resource.Resource { return certRequest{} },
	}
}

// unchanging is what both resources have in common: they are replaced, never
// changed, and exist nowhere but in the state.
type unchanging struct{}

func (unchanging) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (unchanging) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (unchanging) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// fingerprint is an ID: SHA-1 of the bytes without white space around them.
func fingerprint(der []byte) string {
	sum := sha1.Sum([]byte(strings.TrimSpace(string(der))))
	return hex.EncodeToString(sum[:])
}
