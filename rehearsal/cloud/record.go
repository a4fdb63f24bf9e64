package cloud

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// record is one DNS record as the API shows it.
type record struct {
	ID        string          `json:"id"`
	ZoneID    string          `json:"zone_id"`
	ZoneName  string          `json:"zone_name"`
	Name      string          `json:"name"` // fully qualified
	Type      string          `json:"type"`
	Content   string          `json:"content"`
	Data      json.RawMessage `json:"data,omitempty"` // CAA and SRV have one
	Priority  *int            `json:"priority,omitempty"`
	Proxiable bool            `json:"proxiable"`
	Proxied   bool            `json:"proxied"`
	TTL       int             `json:"ttl"` // seconds; 1: automatic
	Comment   *string         `json:"comment"`
	Tags      []string        `json:"tags"`
	Settings  struct{}        `json:"settings"`
	Meta      struct{}        `json:"meta"`
	Created   time.Time       `json:"created_on"`
	Modified  time.Time       `json:"modified_on"`
}

func (c *Cloud) recordRoutes() map[string]endpoint {
	const all, one = "/client/v4/zones/{zone}/dns_records", "/client/v4/zones/{zone}/dns_records/{id}"
	return map[string]endpoint{
		"GET " + all:             {DNSRead, errAuthorization, c.inZone(listRecords)},
		"POST " + all:            {DNSEdit, errAuthorization, c.inZone(c.createRecord)},
		"POST " + all + "/batch": {DNSEdit, errAuthorization, c.inZone(c.changeRecords)},
		"GET " + one:             {DNSRead, errAuthorization, c.inZone(withRecord(func(_ *zone, found *record, _ *http.Request) (any, error) { return found, nil }))},
		"PATCH " + one:           {DNSEdit, errAuthorization, c.inZone(withRecord(patchRecord))},
		"PUT " + one:             {DNSEdit, errAuthorization, c.inZone(withRecord(replaceRecord))},
		"DELETE " + one:          {DNSEdit, errAuthorization, c.inZone(withRecord(deleteRecord))},
	}
}

func (c *Cloud) newRecord(z *zone) *record {
	now := time.Now().UTC()
	return &record{ID: identifier(fmt.Sprint("record ", c.id())), ZoneID: z.id, ZoneName: z.name, TTL: 1, Tags: []string{}, Created: now, Modified: now}
}

func (c *Cloud) createRecord(z *zone, r *http.Request) (any, error) {
	made := c.newRecord(z)
	if err := z.fill(made, r); err != nil {
		return nil, err
	}
	z.records = append(z.records, made)
	return made, nil
}

// fill reads the request over the record: what is not in it stays.
func (z *zone) fill(into *record, r *http.Request) error {
	return z.fillFrom(into, json.NewDecoder(r.Body))
}

func (z *zone) fillFrom(into *record, request *json.Decoder) error {
	next := *into
	if err := request.Decode(&next); err != nil {
		return bad(6007, "Malformed JSON in request body")
	}
	// Only the API's own.
	next.ID, next.ZoneID, next.ZoneName, next.Created = into.ID, into.ZoneID, into.ZoneName, into.Created
	if next.Tags == nil {
		next.Tags = []string{}
	}
	if err := z.accept(&next); err != nil {
		return err
	}
	*into = next
	return nil
}

// accept checks a record and completes it.
func (z *zone) accept(r *record) error {
	r.Name = z.qualified(r.Name)
	r.Proxiable = slices.Contains([]string{"A", "AAAA", "CNAME"}, r.Type)
	r.Modified = time.Now().UTC()
	if r.Proxied {
		r.TTL = 1
	}
	if r.Type == "CAA" && len(r.Data) > 0 {
		var data struct {
			Flags      int
			Tag, Value string
		}
		if err := json.Unmarshal(r.Data, &data); err != nil {
			return bad(9101, "data is a required field for CAA records")
		}
		r.Content = fmt.Sprintf("%d %s %q", data.Flags, data.Tag, data.Value)
	}
	if err := r.check(); err != nil {
		return err
	}
	for _, other := range z.records {
		if other.ID == r.ID {
			continue
		}
		if err := conflict(r, other); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) check() error {
	address, err := netip.ParseAddr(r.Content)
	switch {
	case !slices.Contains([]string{"A", "AAAA", "CNAME", "TXT", "MX", "NS", "CAA", "SRV"}, r.Type):
		return bad(9000, "DNS record type "+r.Type+" is invalid.")
	case r.Type == "A" && (err != nil || !address.Is4()):
		return bad(9005, "Content for A record must be a valid IPv4 address.")
	case r.Type == "AAAA" && (err != nil || !address.Is6()):
		return bad(9006, "Content for AAAA record must be a valid IPv6 address.")
	case r.Content == "":
		return bad(9020, "Content for "+r.Type+" record is invalid.")
	case r.TTL != 1 && (r.TTL < 60 || r.TTL > 86400):
		return bad(9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
	case r.Proxied && !r.Proxiable:
		return bad(9004, "This record type cannot be proxied.")
	case r.Comment != nil && len(*r.Comment) > 100:
		return bad(9313, "Comment is too long: the limit of the plan is 100 characters.")
	}
	return nil
}

// conflict knows which records cannot stand beside each other. Two A records of
// the same name with different addresses can.
func conflict(a, b *record) error {
	isHost := func(r *record) bool { return r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME" }
	switch {
	case a.Name != b.Name:
		return nil
	case a.Type == b.Type && a.Content == b.Content:
		return bad(81058, "An identical record already exists.")
	case isHost(a) && a.Type != "CNAME" && b.Type == "CNAME":
		return bad(81054, "A CNAME record with that host already exists.")
	case a.Type == "CNAME" && isHost(b):
		return bad(81053, "An A, AAAA, or CNAME record with that host already exists.")
	}
	return nil
}

func (z *zone) qualified(name string) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	switch {
	case name == "" || name == "@" || name == z.name:
		return z.name
	case strings.HasSuffix(name, "."+z.name):
		return name
	default:
		return name + "." + z.name
	}
}

func listRecords(z *zone, r *http.Request) (any, error) {
	query, found := r.URL.Query(), listing[*record]{}
	for _, rec := range z.records {
		shown := map[string]string{"name": rec.Name, "name.exact": rec.Name, "type": rec.Type, "content": rec.Content, "content.exact": rec.Content, "proxied": fmt.Sprint(rec.Proxied)}
		matches := true
		for parameter, value := range shown {
			matches = matches && (!query.Has(parameter) || strings.EqualFold(query.Get(parameter), value))
		}
		if matches {
			found = append(found, rec)
		}
	}
	return found, nil
}

// withRecord finds the record whose ID stands in the path.
func withRecord(do func(*zone, *record, *http.Request) (any, error)) func(*zone, *http.Request) (any, error) {
	return func(z *zone, r *http.Request) (any, error) {
		for _, found := range z.records {
			if found.ID == r.PathValue("id") {
				return do(z, found, r)
			}
		}
		return nil, &denial{http.StatusNotFound, 81044, "Record does not exist."}
	}
}

func patchRecord(z *zone, found *record, r *http.Request) (any, error) {
	return found, z.fill(found, r)
}

func replaceRecord(z *zone, found *record, r *http.Request) (any, error) {
	next := &record{ID: found.ID, ZoneID: z.id, ZoneName: z.name, TTL: 1, Tags: []string{}, Created: found.Created}
	if err := z.fill(next, r); err != nil {
		return nil, err
	}
	*found = *next
	return found, nil
}

// changeRecords does several things at once or, when one is refused, nothing:
// first it deletes, then it creates. (The real one also takes patches and puts.)
func (c *Cloud) changeRecords(z *zone, r *http.Request) (any, error) {
	var wanted struct {
		Deletes       []struct{ ID string }
		Posts         []json.RawMessage
		Patches, Puts []json.RawMessage
	}
	if err := decode(r, &wanted); err != nil {
		return nil, err
	}
	if len(wanted.Patches)+len(wanted.Puts) > 0 {
		return nil, bad(9207, "The local cloud's batches only delete and post.")
	}
	next := *z
	next.records = slices.Clone(z.records)
	done := struct {
		Deletes []*record `json:"deletes"`
		Posts   []*record `json:"posts"`
	}{[]*record{}, []*record{}}
	for _, gone := range wanted.Deletes {
		at := slices.IndexFunc(next.records, func(other *record) bool { return other.ID == gone.ID })
		if at < 0 {
			return nil, &denial{http.StatusNotFound, 81044, "Record does not exist."}
		}
		done.Deletes = append(done.Deletes, next.records[at])
		next.records = slices.Delete(next.records, at, at+1)
	}
	for _, post := range wanted.Posts {
		made := c.newRecord(z)
		if err := next.fillFrom(made, json.NewDecoder(bytes.NewReader(post))); err != nil {
			return nil, err
		}
		next.records = append(next.records, made)
		done.Posts = append(done.Posts, made)
	}
	z.records = next.records
	return done, nil
}

func deleteRecord(z *zone, found *record, _ *http.Request) (any, error) {
	z.records = slices.DeleteFunc(z.records, func(other *record) bool { return other == found })
	return map[string]string{"id": found.ID}, nil
}

// AddRecord adds a record as the zone's owner would in the dashboard. A CAA
// record's content is written as in `0 issue "letsencrypt.org"`.
func (c *Cloud) AddRecord(zoneName, name, recordType, content string, proxied bool) error {
	return c.change(zoneName, func(z *zone) error {
		made := c.newRecord(z)
		made.Name, made.Type, made.Content, made.Proxied = name, recordType, content, proxied
		if fields := strings.SplitN(content, " ", 3); recordType == "CAA" && len(fields) == 3 {
			made.Data = fmt.Appendf(nil, `{"flags":%s,"tag":%q,"value":%s}`, fields[0], fields[1], fields[2])
		}
		if err := z.accept(made); err != nil {
			return err
		}
		z.records = append(z.records, made)
		return nil
	})
}
