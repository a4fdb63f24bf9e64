package hetzner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

// BoxOffer is one type of Storage Box as the provider lists it.
type BoxOffer struct {
	Name      string
	SizeGB    int64             // GB
	Snapshots int               // how many the box makes by itself before it lets go of the oldest
	Ended     bool              // it is not sold any more
	Prices    map[string]string // location -> net price a month, e.g. "3.2000"
}

// Box is a Storage Box to make.
type Box struct {
	Type      string
	Location  string
	Snapshots int    // at most
	Price     string // net, a month; "" when the provider does not tell
}

// LookAtBoxes asks Hetzner which Storage Boxes it sells. endpoint is that of
// its API for them, "" for Hetzner's own.
func LookAtBoxes(ctx context.Context, token, endpoint string) ([]BoxOffer, error) {
	types, err := newClient(token, hcloud.WithHetznerEndpoint(cmp.Or(endpoint, hcloud.HetznerEndpoint))).StorageBoxType.All(ctx)
	if err != nil {
		return nil, refused(err)
	}
	var offers []BoxOffer
	for _, t := range types {
		offer := BoxOffer{Name: t.Name, SizeGB: t.Size >> 30, Ended: t.IsDeprecated(), Prices: map[string]string{}}
		if t.AutomaticSnapshotLimit != nil {
			offer.Snapshots = *t.AutomaticSnapshotLimit
		}
		for _, at := range t.Pricings {
			offer.Prices[at.Location] = at.PriceMonthly.Net
		}
		offers = append(offers, offer)
	}
	return offers, nil
}

// ChooseBox returns the box to make: of the wanted type and in the wanted
// location, or for "" the smallest, and away from the server. The error says
// what there is.
func ChooseBox(offers []BoxOffer, server, wantedType, wantedLocation string) (*Box, error) {
	offers = slices.Clone(offers)
	slices.SortFunc(offers, func(a, b BoxOffer) int { return cmp.Or(cmp.Compare(a.SizeGB, b.SizeGB), cmp.Compare(a.Name, b.Name)) })
	var names []string
	chosen := -1
	for i, o := range offers {
		if !o.Ended {
			names = append(names, fmt.Sprintf("%s (%d GB)", o.Name, o.SizeGB))
		}
		if o.Name == wantedType || wantedType == "" && !o.Ended && chosen < 0 {
			chosen = i
		}
	}
	if chosen < 0 {
		return nil, fmt.Errorf("offsiteType: %q is not a Storage Box that Hetzner has; it has %s; mend it with: pulumi config rm offsiteType, which takes the smallest", wantedType, strings.Join(names, ", "))
	}
	o := offers[chosen]
	locations := slices.Sorted(maps.Keys(o.Prices))
	away := slices.DeleteFunc(slices.Clone(locations), func(location string) bool { return location == server })
	best := first(append(away, locations...))
	location := cmp.Or(wantedLocation, best)
	price, sold := o.Prices[location]
	if !sold {
		return nil, fmt.Errorf("offsiteLocation: %q has no Storage Box %s, which is in %s; mend it with: pulumi config set offsiteLocation %s", wantedLocation, o.Name, strings.Join(locations, ", "), best)
	}
	return &Box{Type: o.Name, Location: location, Snapshots: o.Snapshots, Price: price}, nil
}

// price is the box's net price a month, and whether the provider tells it.
func (b *Box) price() (float64, bool) {
	price, err := strconv.ParseFloat(b.Price, 64)
	return price, err == nil
}
