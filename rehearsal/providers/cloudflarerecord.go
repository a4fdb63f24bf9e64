package providers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/retry"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
)

// recordTypes are those that the provider knows.
var recordTypes = strings.Fields("A AAAA CAA CNAME TXT SRV LOC MX NS SPF CERT DNSKEY DS NAPTR SMIMEA SSHFP TLSA URI PTR HTTPS SVCB")

func recordResource() *schema.Resource {
	name, kind := fixed(), fixed()
	name.StateFunc = func(name any) string { return strings.ToLower(name.(string)) }
	kind.ValidateFunc = validation.StringInSlice(recordTypes, false)
	content := func(same schema.SchemaDiffSuppressFunc) *schema.Schema {
		return &schema.Schema{Type: schema.TypeString, Optional: true, Computed: true, ExactlyOneOf: []string{"data", "content", "value"}, DiffSuppressFunc: same}
	}
	return &schema.Resource{
		SchemaVersion: 3,
		Schema: map[string]*schema.Schema{
			"zone_id": fixed(), "name": name, "type": kind,
			"content": content(sameContent), "value": content(sameButForDots),
			"ttl":             {Type: schema.TypeInt, Optional: true, Computed: true},
			"priority":        {Type: schema.TypeInt, Optional: true, DiffSuppressFunc: withoutPriority},
			"proxied":         {Type: schema.TypeBool, Optional: true},
			"comment":         {Type: schema.TypeString, Optional: true},
			"allow_overwrite": {Type: schema.TypeBool, Optional: true, Default: false},
			"tags":            {Type: schema.TypeSet, Optional: true, Elem: &schema.Schema{Type: schema.TypeString}},
			"data": {Type: schema.TypeList, Optional: true, MaxItems: 1, ExactlyOneOf: []string{"data", "content", "value"}, Elem: &schema.Resource{
				Schema: map[string]*schema.Schema{"value": {Type: schema.TypeString, Optional: true}},
			}},
			"hostname": found(), "created_on": found(), "modified_on": found(),
			"proxiable": {Type: schema.TypeBool, Computed: true},
			"metadata":  {Type: schema.TypeMap, Computed: true},
		},
		Timeouts:      &schema.ResourceTimeout{Create: schema.DefaultTimeout(30 * time.Second), Update: schema.DefaultTimeout(30 * time.Second)},
		Importer:      &schema.ResourceImporter{StateContext: importRecord},
		CreateContext: createRecord, ReadContext: readRecord, UpdateContext: updateRecord, DeleteContext: deleteRecord,
	}
}

// withoutPriority tells the types of records that have none.
func withoutPriority(_, _, _ string, d *schema.ResourceData) bool {
	kind := d.Get("type").(string)
	return kind != "MX" && kind != "URI"
}

func sameButForDots(_, old, new string, _ *schema.ResourceData) bool {
	trimmed := strings.TrimSuffix(new, ".")
	return trimmed != "" && strings.TrimSuffix(old, ".") == trimmed || old == new
}

func sameContent(key, old, new string, d *schema.ResourceData) bool {
	a, b := net.ParseIP(old), net.ParseIP(new)
	return a != nil && a.Equal(b) || sameButForDots(key, old, new, d)
}

// wantedRecord is a record as it is sent; what was not given is not.
type wantedRecord struct {
	kind, name, content, comment string
	proxied                      *bool
	ttl                          int
	commented                    bool
}

func wantRecord(d *schema.ResourceData) (wantedRecord, error) {
	w := wantedRecord{kind: d.Get("type").(string), name: d.Get("name").(string), ttl: d.Get("ttl").(int)}
	for _, key := range []string{"value", "content"} {
		if content, given := d.GetOk(key); given {
			w.content = content.(string)
		}
	}
	if _, given := d.GetOk("data"); given {
		return w, errors.New("the stand-in does not know a record's data")
	}
	//lint:ignore SA1019 as the provider: only so is false told from nothing
	if proxied, given := d.GetOkExists("proxied"); given {
		w.proxied = cloudflare.BoolPtr(proxied.(bool))
	}
	//lint:ignore SA1019 likewise
	comment, given := d.GetOkExists("comment")
	w.comment, w.commented = comment.(string), given
	if w.ttl > 1 && w.proxied != nil && *w.proxied {
		return w, fmt.Errorf("error validating record %s: ttl must be set to 1 when `proxied` is true", w.name)
	}
	return w, nil
}

func (w wantedRecord) check(zone string) error {
	address := net.ParseIP(w.content)
	switch {
	case w.name == "":
		return fmt.Errorf("record on zone %s must not have an empty name (use @ for the zone apex)", zone)
	case w.kind == "A" && (address == nil || !strings.Contains(w.content, ".")):
		return fmt.Errorf("error validating record content of %q: A record must be a valid IPv4 address, got: %q", w.name, w.content)
	case w.kind == "AAAA" && (address == nil || !strings.Contains(w.content, ":")):
		return fmt.Errorf("error validating record content of %q: AAAA record must be a valid IPv6 address, got: %q", w.name, w.content)
	case w.kind != "A" && w.kind != "AAAA" && w.kind != "CNAME" && w.proxied != nil && *w.proxied:
		return fmt.Errorf("error validating record type %q: type %q cannot be proxied", w.kind, w.kind)
	}
	return nil
}

func createRecord(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	api, zone := meta.(*cloudflare.API), d.Get("zone_id").(string)
	w, err := wantRecord(d)
	if err == nil {
		err = w.check(zone)
	}
	if err != nil {
		return diag.FromErr(err)
	}
	return diag.FromErr(retry.RetryContext(ctx, d.Timeout(schema.TimeoutCreate), func() *retry.RetryError {
		made, err := api.CreateDNSRecord(ctx, cloudflare.ZoneIdentifier(zone), cloudflare.CreateDNSRecordParams{
			Type: w.kind, Name: w.name, Content: w.content, Proxied: w.proxied, TTL: w.ttl, Comment: w.comment,
		})
		switch {
		case err == nil:
			d.SetId(made.ID)
			readRecord(ctx, d, meta) // what it says is not heard
			return nil
		case !exists(err):
			return retry.NonRetryableError(fmt.Errorf("failed to create DNS record: %w", err))
		case d.Get("allow_overwrite").(bool):
			return overwriteRecord(ctx, d, meta)
		}
		return errExists
	}))
}

var errExists = retry.RetryableError(errors.New("expected DNS record to not already be present but already exists"))

func exists(err error) bool { return strings.Contains(err.Error(), "already exist") }

// overwriteRecord takes over the record of that name and type, if there is
// exactly one. It comes to that only after the API has refused the new record:
// it refuses none for another content, and for an alias there is none to find.
func overwriteRecord(ctx context.Context, d *schema.ResourceData, meta any) *retry.RetryError {
	api, id := meta.(*cloudflare.API), d.Get("zone_id").(string)
	zone, _ := api.ZoneDetails(ctx, id)
	name := d.Get("name").(string)
	if name == "@" || name == zone.Name {
		name = zone.Name
	} else {
		name += "." + zone.Name
	}
	there, _, _ := api.ListDNSRecords(ctx, cloudflare.ZoneIdentifier(id), cloudflare.ListDNSRecordsParams{Name: name, Type: d.Get("type").(string)})
	if len(there) != 1 {
		return retry.RetryableError(errors.New("attempted to override existing record however didn't find an exact match"))
	}
	d.SetId(there[0].ID)
	if updateRecord(ctx, d, meta) != nil {
		return retry.NonRetryableError(errors.New("failed to update record"))
	}
	return nil
}

func readRecord(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	record, err := meta.(*cloudflare.API).GetDNSRecord(ctx, cloudflare.ZoneIdentifier(d.Get("zone_id").(string)), d.Id())
	if missing := (*cloudflare.NotFoundError)(nil); errors.As(err, &missing) {
		d.SetId("")
		return nil
	}
	if err != nil {
		return diag.FromErr(err)
	}
	shown := map[string]any{
		"hostname": record.Name, "type": record.Type, "ttl": record.TTL, "proxied": record.Proxied, "proxiable": record.Proxiable,
		"comment": record.Comment, "tags": record.Tags, "metadata": map[string]any{},
		"created_on": record.CreatedOn.Format(time.RFC3339Nano), "modified_on": record.ModifiedOn.Format(time.RFC3339Nano),
	}
	for _, key := range []string{"value", "content"} { // only what was known before; nothing of an import
		if _, given := d.GetOk(key); given {
			shown[key] = record.Content
		}
	}
	return diag.FromErr(setAll(d, shown))
}

func updateRecord(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	api, zone := meta.(*cloudflare.API), cloudflare.ZoneIdentifier(d.Get("zone_id").(string))
	w, err := wantRecord(d)
	if err != nil {
		return diag.FromErr(err)
	}
	params := cloudflare.UpdateDNSRecordParams{Type: w.kind, Name: w.name, Content: w.content, Proxied: w.proxied, TTL: w.ttl, Tags: []string{}}
	if w.commented {
		params.Comment = &w.comment
	}
	for _, tag := range d.Get("tags").(*schema.Set).List() {
		params.Tags = append(params.Tags, tag.(string))
	}
	return diag.FromErr(retry.RetryContext(ctx, d.Timeout(schema.TimeoutUpdate), func() *retry.RetryError {
		params.ID = d.Id()
		_, err := api.UpdateDNSRecord(ctx, zone, params)
		switch {
		case err == nil:
			readRecord(ctx, d, meta) // what it says is not heard
			return nil
		case exists(err):
			return errExists
		}
		return retry.NonRetryableError(fmt.Errorf("failed to create DNS record: %w", err))
	}))
}

func deleteRecord(ctx context.Context, d *schema.ResourceData, meta any) diag.Diagnostics {
	err := meta.(*cloudflare.API).DeleteDNSRecord(ctx, cloudflare.ZoneIdentifier(d.Get("zone_id").(string)), d.Id())
	if err != nil {
		return diag.Errorf("error deleting Cloudflare Record: %s", err)
	}
	return nil
}

// importRecord finds the record zone/record, and which name of it is asked for.
func importRecord(ctx context.Context, d *schema.ResourceData, meta any) ([]*schema.ResourceData, error) {
	api := meta.(*cloudflare.API)
	zoneID, id, both := strings.Cut(d.Id(), "/")
	if !both {
		return nil, fmt.Errorf("invalid id %q specified, should be in format \"zoneID/recordID\" for import", d.Id())
	}
	zone, err := api.ZoneDetails(ctx, zoneID)
	if err != nil {
		return nil, fmt.Errorf("failed to lookup zone details for %s: %w", zoneID, err)
	}
	record, err := api.GetDNSRecord(ctx, cloudflare.ZoneIdentifier(zoneID), id)
	if err != nil {
		return nil, fmt.Errorf("Unable to find record with ID %q: %w", d.Id(), err) //lint:ignore ST1005 its words
	}
	d.SetId(id)
	if err := setAll(d, map[string]any{"zone_id": zoneID, "name": strings.TrimSuffix(record.Name, "."+zone.Name)}); err != nil {
		return nil, err
	}
	readRecord(ctx, d, meta)
	return []*schema.ResourceData{d}, nil
}
