package providers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// apart are the settings that are read and changed one by one, in this order.
var apart = strings.Fields("binary_ast h2_prioritization image_resizing early_hints origin_max_http_version fonts nel replace_insecure_js speed_brain ssl_automatic_mode aegis")

func settingsResource() *schema.Resource {
	return &schema.Resource{
		SchemaVersion: 2,
		Schema: map[string]*schema.Schema{
			"zone_id":                  fixed(),
			"settings":                 {Type: schema.TypeList, Optional: true, Computed: true, MaxItems: 1, Elem: &schema.Resource{Schema: knownSettings}},
			"initial_settings":         {Type: schema.TypeList, Computed: true, Elem: &schema.Resource{Schema: knownSettings}},
			"readonly_settings":        {Type: schema.TypeList, Computed: true, Elem: &schema.Schema{Type: schema.TypeString}},
			"initial_settings_read_at": found(), "zone_status": found(), "zone_type": found(),
		},
		CreateContext: overrideSettings, ReadContext: readSettings, UpdateContext: updateSettings, DeleteContext: restoreSettings,
	}
}

// overrideSettings first remembers all settings, to put back those that it
// changes.
func overrideSettings(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	d.SetId(d.Get("zone_id").(string))
	all, err := zoneSettings(ctx, d, meta.(*cloudflare.API), "Error reading initial settings for zone")
	if err != nil {
		return diag.FromErr(err)
	}
	err = setAll(d, map[string]any{
		"initial_settings": flatten(all, func(string) bool { return true }), "readonly_settings": readOnly(all),
		"initial_settings_read_at": time.Now().UTC().Format(time.RFC3339Nano),
	})
	if err != nil {
		return diag.FromErr(err)
	}
	return updateSettings(ctx, d, meta)
}

// zoneSettings reads those that are listed and then each of the others.
func zoneSettings(ctx context.Context, d *schema.ResourceData, api *cloudflare.API, failed string) ([]cloudflare.ZoneSetting, error) {
	listed, err := api.ZoneSettings(ctx, d.Id())
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", failed, d.Id(), err)
	}
	all := listed.Result
	for _, name := range apart {
		one, err := api.GetZoneSetting(ctx, cloudflare.ZoneIdentifier(d.Id()), cloudflare.GetZoneSettingParams{Name: name})
		if err != nil {
			return nil, fmt.Errorf("Error reading setting %q for zone %q: %w", name, d.Id(), err) //lint:ignore ST1005 its words
		}
		all = append(all, one)
	}
	return all, nil
}

// flatten makes of the API's settings the resource's block of them.
func flatten(settings []cloudflare.ZoneSetting, wanted func(name string) bool) []map[string]any {
	block := map[string]any{}
	for _, s := range settings {
		name := strings.Replace(s.ID, "0rtt", "zero_rtt", 1)
		if knownSettings[name] == nil || !wanted(name) {
			continue
		}
		switch value := s.Value.(type) {
		case map[string]any:
			if name == "security_header" {
				block[name] = []any{value["strict_transport_security"]}
			} else if name == "nel" || name == "aegis" {
				block[name] = []any{value}
			}
		case float64:
			block[name] = int(value)
		case string, []any:
			block[name] = value
		}
	}
	return []map[string]any{block}
}

func readOnly(settings []cloudflare.ZoneSetting) []string {
	names := []string{}
	for _, s := range settings {
		if !s.Editable {
			names = append(names, s.ID)
		}
	}
	return names
}

func readSettings(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	api := meta.(*cloudflare.API)
	zone, err := api.ZoneDetails(ctx, d.Id())
	if missing := (*cloudflare.NotFoundError)(nil); errors.As(err, &missing) {
		d.SetId("")
		return nil
	}
	if err != nil {
		return diag.Errorf("Error reading zone %q: %s", d.Id(), err)
	}
	all, err := zoneSettings(ctx, d, api, "Error reading settings for zone")
	if err != nil {
		return diag.FromErr(err)
	}
	block := flatten(all, func(name string) bool {
		//lint:ignore SA1019 as the provider: only so is what was never given told from what is empty
		_, given := d.GetOkExists("settings.0." + name)
		return given
	})
	if polish := block[0]["polish"]; polish == nil || polish == "" || polish == "off" {
		block[0]["webp"] = d.Get("settings.0.webp")
	}
	return diag.FromErr(setAll(d, map[string]any{
		"zone_id": d.Id(), "zone_status": zone.Status, "zone_type": zone.Type, "settings": block, "readonly_settings": readOnly(all),
	}))
}

func updateSettings(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	changes, err := settingChanges(d, "settings.0.", func(name string) bool {
		//lint:ignore SA1019 likewise
		_, given := d.GetOkExists("settings.0." + name)
		return given && d.HasChange("settings.0."+name)
	})
	if err == nil {
		err = apply(ctx, meta.(*cloudflare.API), d.Id(), changes)
	}
	if err != nil {
		return diag.FromErr(err)
	}
	return readSettings(ctx, d, meta)
}

// restoreSettings puts back what is not as it was before the override.
func restoreSettings(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	changes, err := settingChanges(d, "initial_settings.0.", func(name string) bool {
		current, given := d.GetOk("settings.0." + name)
		return given && !reflect.DeepEqual(current, d.Get("initial_settings.0."+name))
	})
	if err == nil {
		err = apply(ctx, meta.(*cloudflare.API), d.Id(), changes)
	}
	return diag.FromErr(err)
}

// settingChanges are the values, under a prefix, of the settings chosen.
func settingChanges(d *schema.ResourceData, prefix string, chosen func(name string) bool) ([]cloudflare.ZoneSetting, error) {
	var changes []cloudflare.ZoneSetting
	for _, name := range slices.Sorted(maps.Keys(knownSettings)) {
		if !chosen(name) {
			continue
		}
		value := d.Get(prefix + name)
		if slices.Contains(d.Get("readonly_settings").([]any), any(name)) {
			return nil, fmt.Errorf("invalid zone setting %q (value: %v) found - cannot be set as it is read only", name, value)
		}
		if knownSettings[name].Type == schema.TypeList || name == "webp" || name == "universal_ssl" {
			return nil, fmt.Errorf("the stand-in does not change the zone setting %s", name)
		}
		changes = append(changes, cloudflare.ZoneSetting{ID: strings.Replace(name, "zero_rtt", "0rtt", 1), Value: value})
	}
	return changes, nil
}

func apply(ctx context.Context, api *cloudflare.API, zone string, changes []cloudflare.ZoneSetting) error {
	var together []cloudflare.ZoneSetting
	for _, change := range changes {
		if !slices.Contains(apart, change.ID) {
			together = append(together, change)
			continue
		}
		if _, err := api.UpdateZoneSetting(ctx, cloudflare.ZoneIdentifier(zone), cloudflare.UpdateZoneSettingParams{Name: change.ID, Value: change.Value}); err != nil {
			return err
		}
	}
	if len(together) == 0 {
		return nil
	}
	_, err := api.UpdateZoneSettings(ctx, zone, together)
	return err
}
