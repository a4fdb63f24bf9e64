package cloud

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// singleSettings are found by name but not listed.
var singleSettings = []string{"binary_ast", "early_hints", "fonts", "h2_prioritization", "image_resizing", "origin_max_http_version", "speed_brain", "aegis", "ssl_automatic_mode"}

// paidSettings are shown to the free plan, and not editable.
var paidSettings = []string{
	"advanced_ddos", "aegis", "cname_flattening", "h2_prioritization", "http2", "image_resizing", "log_to_cloudflare", "max_upload",
	"mirage", "orange_to_orange", "origin_error_page_pass_thru", "polish", "prefetch_preload", "proxy_read_timeout",
	"response_buffering", "sort_query_string_for_cache", "true_client_ip_header", "waf", "webp",
}

// settingChoices are the values of settings that are more than on or off.
var settingChoices = map[string][]any{
	"ssl":             {"off", "flexible", "full", "strict", "origin_pull"},
	"min_tls_version": {"1.0", "1.1", "1.2", "1.3"},
	"tls_1_3":         {"on", "off", "zrt"},
	"cache_level":     {"aggressive", "basic", "simplified"},
	"security_level":  {"off", "essentially_off", "low", "medium", "high", "under_attack"},
	"pseudo_ipv4":     {"off", "add_header", "overwrite_header"},
	"rocket_loader":   {"on", "off", "manual"},
}

// newSettings are those of a new zone on the free plan.
func newSettings() map[string]any {
	settings := map[string]any{
		"ssl": "full", "ssl_automatic_mode": "auto", "min_tls_version": "1.0", "tls_1_3": "on", "ciphers": []string{}, "browser_cache_ttl": 14400,
		"challenge_ttl": 1800, "cache_level": "aggressive", "security_level": "medium", "max_upload": 100, "edge_cache_ttl": 7200,
		"pseudo_ipv4": "off", "cname_flattening": "flatten_at_root", "origin_max_http_version": "2", "proxy_read_timeout": "100",
		"minify":          map[string]any{"css": "off", "html": "off", "js": "off"},
		"mobile_redirect": map[string]any{"mobile_subdomain": nil, "status": "off", "strip_uri": false},
		"nel":             map[string]any{"enabled": true},
		"aegis":           map[string]any{"enabled": false, "pool_id": ""},
		"security_header": map[string]any{"strict_transport_security": map[string]any{
			"enabled": false, "include_subdomains": false, "max_age": 0, "nosniff": false, "preload": false,
		}},
	}
	for _, name := range []string{"always_online", "browser_check", "email_obfuscation", "http2", "http3", "ip_geolocation", "ipv6", "opportunistic_encryption", "opportunistic_onion", "privacy_pass", "server_side_exclude", "websockets", "brotli", "speed_brain"} {
		settings[name] = "on"
	}
	for _, name := range []string{
		"0rtt", "advanced_ddos", "always_use_https", "automatic_https_rewrites", "binary_ast", "development_mode", "early_hints", "fonts",
		"h2_prioritization", "hotlink_protection", "image_resizing", "log_to_cloudflare", "mirage", "orange_to_orange",
		"origin_error_page_pass_thru", "polish", "prefetch_preload", "replace_insecure_js", "response_buffering", "rocket_loader",
		"sort_query_string_for_cache", "tls_1_2_only", "tls_client_auth", "true_client_ip_header", "visitor_ip", "waf", "webp",
	} {
		settings[name] = "off"
	}
	return settings
}

func (c *Cloud) settingRoutes() map[string]endpoint {
	const all, one, universal = "/client/v4/zones/{zone}/settings", "/client/v4/zones/{zone}/settings/{setting}", "/client/v4/zones/{zone}/ssl/universal/settings"
	return map[string]endpoint{
		"GET " + all:         {ZoneSettingsRead, errUnauthorized, c.inZone(listSettings)},
		"PATCH " + all:       {ZoneSettingsEdit, errUnauthorized, c.inZone(patchSettings)},
		"GET " + one:         {ZoneSettingsRead, errUnauthorized, c.inZone(getSetting)},
		"PATCH " + one:       {ZoneSettingsEdit, errUnauthorized, c.inZone(patchSetting)},
		"GET " + universal:   {CertificatesRead, errAuthorization, c.inZone(getUniversalSSL)},
		"PATCH " + universal: {CertificatesEdit, errAuthorization, c.inZone(patchUniversalSSL)},
	}
}

func (z *zone) setting(name string) map[string]any {
	modified := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	shown := map[string]any{"id": name, "value": z.settings[name], "editable": !slices.Contains(paidSettings, name), "modified_on": modified}
	if name == "ssl_automatic_mode" && shown["value"] == "auto" {
		shown["next_scheduled_scan"] = modified.AddDate(2, 0, 0)
	}
	return shown
}

func listSettings(z *zone, _ *http.Request) (any, error) {
	all := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(z.settings)) {
		if !slices.Contains(singleSettings, name) {
			all = append(all, z.setting(name))
		}
	}
	return all, nil
}

func getSetting(z *zone, r *http.Request) (any, error) {
	name := r.PathValue("setting")
	if _, known := z.settings[name]; !known {
		return nil, unknownSetting(name)
	}
	return z.setting(name), nil
}

func patchSetting(z *zone, r *http.Request) (any, error) {
	var wanted struct{ Value any }
	if err := decode(r, &wanted); err != nil {
		return nil, err
	}
	name := r.PathValue("setting")
	if err := z.checkSetting(name, wanted.Value); err != nil {
		return nil, err
	}
	z.settings[name] = wanted.Value
	return z.setting(name), nil
}

// patchSettings changes all or, when one of them is refused, none.
func patchSettings(z *zone, r *http.Request) (any, error) {
	var wanted struct {
		Items []struct {
			ID    string
			Value any
		}
	}
	if err := decode(r, &wanted); err != nil {
		return nil, err
	}
	for _, item := range wanted.Items {
		if err := z.checkSetting(item.ID, item.Value); err != nil {
			return nil, err
		}
	}
	changed := []map[string]any{}
	for _, item := range wanted.Items {
		z.settings[item.ID] = item.Value
		changed = append(changed, z.setting(item.ID))
	}
	return changed, nil
}

func (z *zone) checkSetting(name string, value any) error {
	old, known := z.settings[name]
	choices := settingChoices[name]
	if choices == nil && (old == "on" || old == "off") {
		choices = []any{"on", "off"}
	}
	_, isText := value.(string)
	switch {
	case !known:
		return unknownSetting(name)
	case slices.Contains(paidSettings, name):
		return &denial{http.StatusForbidden, 1015, "Not allowed to edit setting for '" + name + "'"}
	case name == "ssl_automatic_mode" && value != "auto" && value != "custom":
		return bad(1008, "Invalid SSL/TLS encryption configuration value, only auto or custom accepted")
	case choices != nil && !(isText && slices.Contains(choices, value)):
		return bad(1007, "Invalid value for zone setting "+name)
	}
	return nil
}

func unknownSetting(name string) *denial {
	return bad(1006, "Unrecognized zone setting name "+name)
}

func getUniversalSSL(z *zone, _ *http.Request) (any, error) {
	return map[string]any{"enabled": z.universalSSL, "certificate_authority": "google"}, nil
}

func patchUniversalSSL(z *zone, r *http.Request) (any, error) {
	var wanted struct{ Enabled bool }
	if err := decode(r, &wanted); err != nil {
		return nil, err
	}
	z.universalSSL = wanted.Enabled
	return getUniversalSSL(z, r)
}

// SetZoneSetting changes a zone's setting as its owner would in the dashboard.
func (c *Cloud) SetZoneSetting(zoneName, setting string, value any) error {
	return c.change(zoneName, func(z *zone) error {
		if err := z.checkSetting(setting, value); err != nil {
			return err
		}
		z.settings[setting] = value
		return nil
	})
}

// ZoneSetting tells how a zone is set.
func (c *Cloud) ZoneSetting(zoneName, setting string) (value any, err error) {
	err = c.change(zoneName, func(z *zone) error { value = z.settings[setting]; return nil })
	return value, err
}
