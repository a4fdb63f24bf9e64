package providers

import (
	"context"

	"github.com/cloudflare/cloudflare-go"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// zoneSource looks a zone up by its name or its ID.
func zoneSource() *schema.Resource {
	wanted := func(oneOf ...string) *schema.Schema {
		return &schema.Schema{Type: schema.TypeString, Optional: true, Computed: true, ExactlyOneOf: oneOf}
	}
	texts := &schema.Schema{Type: schema.TypeList, Computed: true, Elem: &schema.Schema{Type: schema.TypeString}}
	return &schema.Resource{
		Schema: map[string]*schema.Schema{
			"zone_id": wanted("zone_id", "name"), "name": wanted("zone_id", "name"), "account_id": wanted(),
			"status": found(), "plan": found(), "paused": {Type: schema.TypeBool, Computed: true},
			"name_servers": texts, "vanity_name_servers": texts,
		},
		ReadContext: func(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
			zone, problem := lookUpZone(ctx, d, meta.(*cloudflare.API))
			if problem != nil {
				return problem
			}
			d.SetId(zone.ID)
			return diag.FromErr(setAll(d, map[string]any{
				"zone_id": zone.ID, "account_id": zone.Account.ID, "name": zone.Name, "status": zone.Status, "paused": zone.Paused,
				"plan": zone.Plan.Name, "name_servers": zone.NameServers, "vanity_name_servers": zone.VanityNS,
			}))
		},
	}
}

func lookUpZone(ctx context.Context, d *schema.ResourceData, api *cloudflare.API) (zone cloudflare.Zone, _ diag.Diagnostics) {
	if id := d.Get("zone_id").(string); id != "" {
		zone, err := api.ZoneDetails(ctx, id)
		if err != nil {
			return zone, diag.Errorf("error getting zone details: %s", err)
		}
		return zone, nil
	}
	found, err := api.ListZonesContext(ctx, cloudflare.WithZoneFilters(d.Get("name").(string), d.Get("account_id").(string), ""))
	switch {
	case err != nil:
		return zone, diag.Errorf("error listing zones: %s", err)
	case found.Total > 1:
		return zone, diag.Errorf("more than one zone was returned; consider adding the `account_id` to the existing resource or use the `cloudflare_zones` data source with filtering to target the zone more specifically")
	case found.Total == 0:
		return zone, diag.Errorf("no zone found")
	}
	return found.Result[0], nil
}
