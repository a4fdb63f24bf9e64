package providers

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"golang.org/x/crypto/ssh"
)

type privateKey struct{ unchanging }

type privateKeyState struct {
	ID                string `tfsdk:"id"`
	Algorithm         string `tfsdk:"algorithm"`
	RSABits           int64  `tfsdk:"rsa_bits"`
	Curve             string `tfsdk:"ecdsa_curve"`
	PEM               string `tfsdk:"private_key_pem"`
	PKCS8             string `tfsdk:"private_key_pem_pkcs8"`
	OpenSSH           string `tfsdk:"private_key_openssh"`
	PublicPEM         string `tfsdk:"public_key_pem"`
	PublicOpenSSH     string `tfsdk:"public_key_openssh"`
	FingerprintMD5    string `tfsdk:"public_key_fingerprint_md5"`
	FingerprintSHA256 string `tfsdk:"public_key_fingerprint_sha256"`
}

func (privateKey) Metadata(_ context.Context, _ resource.MetadataRequest, r *resource.MetadataResponse) {
	r.TypeName = "tls_private_key"
}

func (privateKey) Schema(_ context.Context, _ resource.SchemaRequest, r *resource.SchemaResponse) {
	replaces := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	public, private := schema.StringAttribute{Computed: true}, schema.StringAttribute{Computed: true, Sensitive: true}
	r.Schema = schema.Schema{Version: 1, Attributes: map[string]schema.Attribute{
		"algorithm": schema.StringAttribute{Required: true, PlanModifiers: replaces,
			Validators: []validator.String{stringvalidator.OneOf("RSA", "ECDSA", "ED25519")}},
		"ecdsa_curve": schema.StringAttribute{Optional: true, Computed: true, PlanModifiers: replaces, Default: stringdefault.StaticString("P224"),
			Validators: []validator.String{stringvalidator.OneOf("P224", "P256", "P384", "P521")}},
		"rsa_bits": schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(2048),
			PlanModifiers: []planmodifier.Int64{int64planmodifier.RequiresReplace()}},
		"private_key_pem": private, "private_key_pem_pkcs8": private, "private_key_openssh": private,
		"public_key_pem": public, "public_key_openssh": public,
		"public_key_fingerprint_md5": public, "public_key_fingerprint_sha256": public, "id": public,
	}}
}

func (privateKey) Create(ctx context.Context, asked resource.CreateRequest, r *resource.CreateResponse) {
	// What is not known before the key is there is no text yet.
	var wanted struct{ algorithm, curve string }
	var bits int64
	for path, into := range map[string]any{"algorithm": &wanted.algorithm, "ecdsa_curve": &wanted.curve, "rsa_bits": &bits} {
		r.Diagnostics.Append(asked.Plan.GetAttribute(ctx, rootPath(path), into)...)
	}
	if r.Diagnostics.HasError() {
		return
	}
	state := privateKeyState{Algorithm: wanted.algorithm, Curve: wanted.curve, RSABits: bits}
	if err := state.draw(); err != nil {
		r.Diagnostics.AddError("Unable to generate Key from configuration", err.Error())
		return
	}
	r.Diagnostics.Append(r.State.Set(ctx, state)...)
}

// draw makes a new key and writes it down in every form that there is.
func (s *privateKeyState) draw() error {
	key, block, err := s.newKey()
	if err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if block == nil {
		block = &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	s.ID, s.PEM = fingerprint(spki), string(pem.EncodeToMemory(block))
	s.PKCS8 = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	s.PublicPEM = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil { // SSH has no P224: those stay empty
		return nil
	}
	openssh, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return err
	}
	s.OpenSSH, s.PublicOpenSSH = string(pem.EncodeToMemory(openssh)), string(ssh.MarshalAuthorizedKey(public))
	s.FingerprintMD5, s.FingerprintSHA256 = ssh.FingerprintLegacyMD5(public), ssh.FingerprintSHA256(public)
	return nil
}

// newKey also gives the key in its algorithm's own form, if that has one.
func (s *privateKeyState) newKey() (crypto.Signer, *pem.Block, error) {
	switch s.Algorithm {
	case "RSA":
		key, err := rsa.GenerateKey(rand.Reader, int(s.RSABits))
		if err != nil {
			return nil, nil, err
		}
		return key, &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}, nil
	case "ECDSA":
		curves := map[string]elliptic.Curve{"P224": elliptic.P224(), "P256": elliptic.P256(), "P384": elliptic.P384(), "P521": elliptic.P521()}
		key, err := ecdsa.GenerateKey(curves[s.Curve], rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		der, err := x509.MarshalECPrivateKey(key)
		return key, &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}, err
	default:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, nil, err
	}
}
