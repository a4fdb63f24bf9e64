package providers

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
)

// knownSettings are the zone's settings that the resource knows.
var knownSettings = func() map[string]*schema.Schema {
	known := map[string]*schema.Schema{
		"always_use_https":   setting(schema.TypeString),
		"proxy_read_timeout": setting(schema.TypeString),
		"browser_cache_ttl":  setting(schema.TypeInt),
		"challenge_ttl":      setting(schema.TypeInt),
		"max_upload":         setting(schema.TypeInt),
		"ciphers":            {Type: schema.TypeList, Optional: true, Computed: true, Elem: &schema.Schema{Type: schema.TypeString}},

		"minify":          settingBlock("css", schema.TypeString, "html", schema.TypeString, "js", schema.TypeString),
		"mobile_redirect": settingBlock("mobile_subdomain", schema.TypeString, "strip_uri", schema.TypeBool, "status", schema.TypeString),
		"nel":             settingBlock("enabled", schema.TypeBool),
		"aegis":           settingBlock("enabled", schema.TypeBool, "pool_id", schema.TypeString),
		"security_header": settingBlock("enabled", schema.TypeBool, "preload", schema.TypeBool, "max_age", schema.TypeInt, "include_subdomains", schema.TypeBool, "nosniff", schema.TypeBool),
	}
	for choices, names := range map[string]string{
		"on off": `always_online brotli browser_check development_mode origin_error_page_pass_thru sort_query_string_for_cache
			email_obfuscation hotlink_protection ip_geolocation ipv6 websockets mirage opportunistic_encryption opportunistic_onion
			webp prefetch_preload privacy_pass replace_insecure_js response_buffering server_side_exclude speed_brain universal_ssl
			tls_client_auth true_client_ip_header waf tls_1_2_only automatic_https_rewrites http2 http3 zero_rtt orange_to_orange
			filter_logs_to_cloudflare log_to_cloudflare visitor_ip binary_ast early_hints fonts`,
		"on off zrt":                  "tls_1_3",
		"on off manual":               "rocket_loader",
		"on off custom":               "h2_prioritization",
		"on off open":                 "image_resizing",
		"1 2":                         "origin_max_http_version",
		"1.0 1.1 1.2 1.3":             "min_tls_version",
		"auto custom":                 "ssl_automatic_mode",
		"off lossless lossy":          "polish",
		"aggressive basic simplified": "cache_level",
		"flatten_at_root flatten_all flatten_none":         "cname_flattening",
		"off add_header overwrite_header":                  "pseudo_ipv4",
		"off flexible full strict origin_pull":             "ssl",
		"off essentially_off low medium high under_attack": "security_level",
	} {
		for _, name := range strings.Fields(names) {
			known[name] = setting(schema.TypeString)
			known[name].ValidateFunc = validation.StringInSlice(strings.Fields(choices), false)
		}
	}
	return known
}()

func setting(kind schema.ValueType) *schema.Schema {
	return &schema.Schema{Type: kind, Optional: true, Computed: true}
}

// settingBlock is a setting that has parts: names and types by turns.
func settingBlock(parts ...any) *schema.Schema {
	block := map[string]*schema.Schema{}
	for i := 0; i < len(parts); i += 2 {
		block[parts[i].(string)] = &schema.Schema{Type: parts[i+1].(schema.ValueType), Optional: true}
	}
	return &schema.Schema{Type: schema.TypeList, Optional: true, Computed: true, MaxItems: 1, Elem: &schema.Resource{Schema: block}}
}
