package providers

import (
	"context"
	"fmt"
	"regexp"

	"github.com/cloudflare/cloudflare-go"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// newCloudflare stands in for the published provider, which exists nowhere as a
// module: with Cloudflare's own client it makes the same calls in the same
// order, for the resources that the program uses.
var newCloudflare = bridged("cloudflare", &schema.Provider{
	Schema: map[string]*schema.Schema{
		"api_token":    {Type: schema.TypeString, Optional: true, ValidateFunc: validation.StringMatch(regexp.MustCompile("[A-Za-z0-9-_]{40}"), "API tokens must be 40 characters long and only contain characters a-z, A-Z, 0-9, hyphens and underscores")},
		"api_hostname": {Type: schema.TypeString, Optional: true, DefaultFunc: schema.EnvDefaultFunc("CLOUDFLARE_API_HOSTNAME", "api.cloudflare.com")},
		"rps":          {Type: schema.TypeInt, Optional: true},
		"retries":      {Type: schema.TypeInt, Optional: true},
		"min_backoff":  {Type: schema.TypeInt, Optional: true},
		"max_backoff":  {Type: schema.TypeInt, Optional: true},
	},
	ConfigureContextFunc: cloudflareClient,
	ResourcesMap: map[string]*schema.Resource{
		"cloudflare_record":                 recordResource(),
		"cloudflare_zone_settings_override": settingsResource(),
		"cloudflare_origin_ca_certificate":  certificateResource(),
	},
	DataSourcesMap: map[string]*schema.Resource{"cloudflare_zone": zoneSource()},
}, adaptCloudflare)

// adaptCloudflare says what Pulumi's own half of the published provider adds.
func adaptCloudflare(info *tfbridge.ProviderInfo) {
	fallback := func(value int, variable string) *tfbridge.SchemaInfo {
		return &tfbridge.SchemaInfo{Default: &tfbridge.DefaultInfo{Value: value, EnvVars: []string{variable}}}
	}
	info.Config = map[string]*tfbridge.SchemaInfo{
		"api_token":   {Secret: tfbridge.True(), Default: &tfbridge.DefaultInfo{EnvVars: []string{"CLOUDFLARE_API_TOKEN"}}},
		"rps":         fallback(4, "CLOUDFLARE_RPS"),
		"retries":     fallback(3, "CLOUDFLARE_RETRIES"),
		"min_backoff": fallback(1, "CLOUDFLARE_MIN_BACKOFF"),
		"max_backoff": fallback(30, "CLOUDFLARE_MAX_BACKOFF"),
	}
	info.Resources["cloudflare_record"] = &tfbridge.ResourceInfo{DeleteBeforeReplace: true}
}

func cloudflareClient(_ context.Context, d *schema.ResourceData) (any, diag.Diagnostics) {
	token := d.Get("api_token").(string)
	if token == "" {
		return nil, diag.Errorf(`must provide exactly one of "api_key", "api_token" or "api_user_service_key".`)
	}
	api, err := cloudflare.NewWithAPIToken(token,
		cloudflare.BaseURL(fmt.Sprintf("https://%s/client/v4", d.Get("api_hostname"))),
		cloudflare.UsingRateLimit(float64(d.Get("rps").(int))),
		cloudflare.UsingRetryPolicy(d.Get("retries").(int), d.Get("min_backoff").(int), d.Get("max_backoff").(int)))
	return api, diag.FromErr(err)
}

// found is a text that the resource only tells.
func found() *schema.Schema { return &schema.Schema{Type: schema.TypeString, Computed: true} }

// fixed is a text that is asked for once and for all.
func fixed() *schema.Schema {
	return &schema.Schema{Type: schema.TypeString, Required: true, ForceNew: true}
}

// setAll notes what was found.
func setAll(d *schema.ResourceData, values map[string]any) error {
	for key, value := range values {
		if err := d.Set(key, value); err != nil {
			return err
		}
	}
	return nil
}
