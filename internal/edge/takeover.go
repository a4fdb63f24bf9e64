package edge

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
)

// TakeOver puts the wanted records in the place of everybody else's for the same
// names, and returns those. Both happen in one transaction, so that a name never
// leads nowhere (resolvers remember that for half an hour); a record's kind cannot
// be changed in place. Nothing is done where nobody else's record is, and records
// of this stack are left to its provider, which adopts an identical one and no
// other (allowOverwrite): https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/
func (v *View) TakeOver(ctx context.Context, wanted []Record) (replaced []Record, err error) {
	now := *v
	if err := now.readRecords(ctx, v.api, v.site); err != nil {
		return nil, err
	}
	deletes, posts := now.switchTo(wanted)
	if len(deletes) == 0 {
		return nil, nil
	}
	batch := struct {
		Deletes []map[string]string `json:"deletes"`
		Posts   []map[string]any    `json:"posts"`
	}{}
	for _, r := range deletes {
		batch.Deletes = append(batch.Deletes, map[string]string{"id": r.ID})
	}
	for _, r := range posts {
		batch.Posts = append(batch.Posts, map[string]any{"name": r.Name, "type": r.Type, "content": r.Content, "proxied": r.Proxied, "ttl": 1, "comment": Mark(v.site.Stack)})
	}
	if _, err := v.api.Raw(ctx, http.MethodPost, "/zones/"+v.ZoneID+"/dns_records/batch", batch, nil); err != nil {
		return nil, denied("DNS:Edit", v.site.Zone, err)
	}
	return deletes, nil
}

// switchTo finds what to delete and what to make so that nothing but the wanted
// records answers for their names.
func (v *View) switchTo(wanted []Record) (deletes, posts []Record) {
	for _, there := range v.Records {
		isWanted := slices.ContainsFunc(wanted, there.same)
		if !there.Ours && !isWanted && slices.ContainsFunc(wanted, func(w Record) bool { return w.Name == there.Name }) {
			deletes = append(deletes, there)
		}
	}
	for _, w := range wanted {
		freed := slices.ContainsFunc(deletes, func(d Record) bool { return d.Name == w.Name })
		// One of ours with another address is about to be changed by the provider.
		known := slices.ContainsFunc(v.Records, func(there Record) bool {
			return there.same(w) || there.Ours && there.Name == w.Name && there.Type == w.Type
		})
		if freed && !known {
			posts = append(posts, w)
		}
	}
	return deletes, posts
}

// same tells whether two records say the same: the API spells addresses its own way.
func (r Record) same(other Record) bool {
	if r.Name != other.Name || r.Type != other.Type {
		return false
	}
	a, errA := netip.ParseAddr(r.Content)
	b, errB := netip.ParseAddr(other.Content)
	return r.Content == other.Content || errA == nil && errB == nil && a == b
}
