package providers

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/customdiff"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
)

// validities are for how many days Cloudflare signs.
var validities = []int{7, 30, 90, 365, 730, 1095, 5475}

func certificateResource() *schema.Resource {
	request, kind := fixed(), fixed()
	request.ValidateFunc = checkRequest
	kind.ValidateFunc = validation.StringInSlice([]string{"origin-rsa", "origin-ecc", "keyless-certificate"}, false)
	return &schema.Resource{
		Schema: map[string]*schema.Schema{
			"csr": request, "request_type": kind, "certificate": found(), "expires_on": found(),
			"hostnames":            {Type: schema.TypeSet, Required: true, ForceNew: true, Elem: &schema.Schema{Type: schema.TypeString}},
			"requested_validity":   {Type: schema.TypeInt, Optional: true, Computed: true, ForceNew: true, ValidateFunc: validation.IntInSlice(validities)},
			"min_days_for_renewal": {Type: schema.TypeInt, Optional: true},
		},
		CustomizeDiff: customdiff.ForceNewIf("expires_on", renewal),
		Importer:      &schema.ResourceImporter{StateContext: schema.ImportStatePassthroughContext},
		CreateContext: orderCertificate, ReadContext: readCertificate, UpdateContext: readCertificate, DeleteContext: revokeCertificate,
	}
}

func checkRequest(value any, key string) (_ []string, failures []error) {
	block, _ := pem.Decode([]byte(value.(string)))
	if block == nil {
		return nil, []error{fmt.Errorf("%q: invalid PEM data", key)}
	}
	if _, err := x509.ParseCertificateRequest(block.Bytes); err != nil {
		return nil, []error{fmt.Errorf("%q: %w", key, err)}
	}
	return nil, nil
}

// renewal is due min_days_for_renewal before the end, and at the end without.
func renewal(_ context.Context, d *schema.ResourceDiff, _ any) bool {
	end, err := time.Parse(time.RFC3339, d.Get("expires_on").(string))
	if err != nil || time.Now().Before(end.AddDate(0, 0, -d.Get("min_days_for_renewal").(int))) {
		return false
	}
	return d.SetNewComputed("expires_on") == nil
}

func orderCertificate(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	order := cloudflare.CreateOriginCertificateParams{
		CSR: d.Get("csr").(string), RequestType: d.Get("request_type").(string), RequestValidity: d.Get("requested_validity").(int),
	}
	for _, host := range d.Get("hostnames").(*schema.Set).List() {
		order.Hostnames = append(order.Hostnames, host.(string))
	}
	made, err := meta.(*cloudflare.API).CreateOriginCACertificate(ctx, order)
	if err != nil {
		return diag.Errorf("error creating origin certificate: %s", err)
	}
	d.SetId(made.ID)
	return readCertificate(ctx, d, meta)
}

func readCertificate(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	there, err := meta.(*cloudflare.API).GetOriginCACertificate(ctx, d.Id())
	switch {
	case err != nil && !strings.Contains(err.Error(), "Failed to read certificate from Database"):
		return diag.Errorf("error finding OriginCACertificate %q: %s", d.Id(), err)
	case err != nil || !there.RevokedAt.IsZero():
		d.SetId("")
		return nil
	}
	block, _ := pem.Decode([]byte(there.Certificate))
	if block == nil {
		return diag.Errorf("error decoding OriginCACertificate %q: %s", d.Id(), err)
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return diag.Errorf("error parsing OriginCACertificate %q: %s", d.Id(), err)
	}
	return diag.FromErr(setAll(d, map[string]any{
		"certificate": there.Certificate, "expires_on": there.ExpiresOn.Format(time.RFC3339), "hostnames": there.Hostnames,
		"request_type": there.RequestType, "requested_validity": validity(parsed),
	}))
}

// validity is the one of the validities that the certificate's is nearest to.
func validity(certificate *x509.Certificate) int {
	days := certificate.NotAfter.Sub(certificate.NotBefore).Hours() / 24
	nearest := validities[0]
	for _, v := range validities {
		if math.Abs(float64(v)-days) < math.Abs(float64(nearest)-days) {
			nearest = v
		}
	}
	return nearest
}

func revokeCertificate(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	if _, err := meta.(*cloudflare.API).RevokeOriginCACertificate(ctx, d.Id()); err != nil {
		return diag.Errorf("error revoking Cloudflare OriginCACertificate: %s", err)
	}
	return nil
}
