package providers

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// certRequest is a request for a certificate. Of the subject it knows the common
// name and the organization; of the names those of the DNS.
type certRequest struct{ unchanging }

func (certRequest) Metadata(_ context.Context, _ resource.MetadataRequest, r *resource.MetadataResponse) {
	r.TypeName = "tls_cert_request"
}

var pemText = regexp.MustCompile(`^-----BEGIN [[:alpha:] ]+-----\n(.|\s)+\n-----END [[:alpha:] ]+-----\n?$`)

func (certRequest) Schema(_ context.Context, _ resource.SchemaRequest, r *resource.SchemaResponse) {
	found := schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}}
	part := schema.StringAttribute{Optional: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()}}
	replaces := []planmodifier.List{listplanmodifier.RequiresReplace()}
	isPEM := func(_ context.Context, q planmodifier.StringRequest, r *stringplanmodifier.RequiresReplaceIfFuncResponse) {
		r.RequiresReplace = pemText.MatchString(q.StateValue.ValueString())
	}
	r.Schema = schema.Schema{
		Attributes: map[string]schema.Attribute{
			"private_key_pem": schema.StringAttribute{Required: true, Sensitive: true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIf(isPEM, "", "")}},
			"dns_names":     schema.ListAttribute{ElementType: types.StringType, Optional: true, PlanModifiers: replaces},
			"key_algorithm": found, "cert_request_pem": found, "id": found,
		},
		Blocks: map[string]schema.Block{"subject": schema.ListNestedBlock{
			Validators: []validator.List{listvalidator.SizeBetween(0, 1)}, PlanModifiers: replaces,
			NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{"common_name": part, "organization": part}},
		}},
	}
}

func (certRequest) Create(ctx context.Context, asked resource.CreateRequest, r *resource.CreateResponse) {
	var key string
	var names types.List
	var subject []struct {
		CommonName   types.String `tfsdk:"common_name"`
		Organization types.String `tfsdk:"organization"`
	}
	r.State.Raw = asked.Plan.Raw
	for path, into := range map[string]any{"private_key_pem": &key, "dns_names": &names, "subject": &subject} {
		r.Diagnostics.Append(asked.Plan.GetAttribute(ctx, rootPath(path), into)...)
	}
	template := &x509.CertificateRequest{}
	r.Diagnostics.Append(names.ElementsAs(ctx, &template.DNSNames, true)...)
	if r.Diagnostics.HasError() {
		return
	}
	for _, s := range subject {
		template.Subject = pkix.Name{CommonName: s.CommonName.ValueString()}
		if organization := s.Organization.ValueString(); organization != "" {
			template.Subject.Organization = []string{organization}
		}
	}
	signer, algorithm, err := parseKey(key)
	if err != nil {
		r.Diagnostics.AddError("Failed to parse private key PEM", err.Error())
		return
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, signer)
	if err != nil {
		r.Diagnostics.AddError("Error creating certificate request", err.Error())
		return
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	for path, value := range map[string]string{"id": fingerprint(der), "key_algorithm": algorithm, "cert_request_pem": text} {
		r.Diagnostics.Append(r.State.SetAttribute(ctx, rootPath(path), value)...)
	}
}

func rootPath(name string) path.Path { return path.Root(name) }

// parseKey tells the key's algorithm by its form.
func parseKey(text string) (key any, algorithm string, err error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, "", errors.New("failed to decode PEM block: decoded bytes 0, undecoded " + fmt.Sprint(len(text)))
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		return key, "RSA", err
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
		return key, "ECDSA", err
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		return key, "ED25519", err
	}
	return nil, "", fmt.Errorf("failed to determine key algorithm for PEM preamble %q", block.Type)
}
