package components

import (
	"github.com/pulumi/pulumi-cloudflare/sdk/v5/go/cloudflare"
	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// OriginCertificate is one that Cloudflare's own authority signs, for the
// server to show to Cloudflare and to nobody else. Kamal gets it as a custom
// certificate (https://kamal-deploy.org/docs/configuration/proxy/).
type OriginCertificate struct {
	pulumi.ResourceState

	Certificate pulumi.StringOutput // PEM
	PrivateKey  pulumi.StringOutput // PEM, secret
}

// fifteenYears is the longest that Cloudflare signs for, in days.
const fifteenYears = 5475

// NewOriginCertificate declares a key, a request and the certificate. hosts are
// the names it is for, the main one first.
func NewOriginCertificate(ctx *pulumi.Context, name string, hosts []string, opts ...pulumi.ResourceOption) (*OriginCertificate, error) {
	self := &OriginCertificate{}
	if err := ctx.RegisterComponentResource("rails-on-hetzner:index:OriginCertificate", name, self, opts...); err != nil {
		return nil, err
	}
	child := pulumi.Parent(self)
	key, err := tls.NewPrivateKey(ctx, name+"-key", &tls.PrivateKeyArgs{
		Algorithm: pulumi.String("RSA"), // what every edge and every Go TLS server takes
		RsaBits:   pulumi.Int(2048),
	}, child)
	if err != nil {
		return nil, err
	}
	request, err := tls.NewCertRequest(ctx, name+"-request", &tls.CertRequestArgs{
		PrivateKeyPem: key.PrivateKeyPem,
		DnsNames:      pulumi.ToStringArray(hosts),
		Subject:       tls.CertRequestSubjectArgs{CommonName: pulumi.String(hosts[0])},
	}, child)
	if err != nil {
		return nil, err
	}
	certificate, err := cloudflare.NewOriginCaCertificate(ctx, name, &cloudflare.OriginCaCertificateArgs{
		Csr:               request.CertRequestPem,
		Hostnames:         pulumi.ToStringArray(hosts),
		RequestType:       pulumi.String("origin-rsa"),
		RequestedValidity: pulumi.Int(fifteenYears),
	}, child)
	if err != nil {
		return nil, err
	}
	self.Certificate, self.PrivateKey = certificate.Certificate, key.PrivateKeyPem
	return self, ctx.RegisterResourceOutputs(self, pulumi.Map{"certificate": self.Certificate})
}
