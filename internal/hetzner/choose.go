package hetzner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Offer is one server type as the provider lists it.
type Offer struct {
	Name         string
	Cores        int               // virtual CPUs
	MemoryGB     float64           // GB
	DiskGB       int               // GB
	Architecture string            // "x86" or "arm"
	CPUType      string            // "shared" or "dedicated"
	Locations    []string          // where it is sold now
	Prices       map[string]string // location -> net price a month, e.g. "3.4900"
}

// What the app needs at least: Rails, kamal-proxy and PostgreSQL beside each other.
const (
	leastCores    = 2
	leastMemoryGB = 4
	leastDiskGB   = 40
)

// Choose returns the type to buy in a location: the wanted one, or for "" the
// smallest x86 one with at least 2 vCPU, 4 GB and 40 GB. key is the setting that
// says it. The error says what the location sells and where the wanted type is sold.
func Choose(offers []Offer, location, key, wanted string) (string, error) {
	sold := soldIn(offers, location)
	if len(sold) == 0 {
		return "", fmt.Errorf("location: got %q, accepted are %s; mend it with: pulumi config set location %s",
			location, strings.Join(locations(offers), ", "), first(locations(offers)))
	}
	if wanted != "" {
		return wanted, checkSold(offers, sold, location, key, wanted)
	}
	if name := smallest(sold); name != "" {
		return name, nil
	}
	return "", fmt.Errorf("location: %q sells no x86 server type with at least %d vCPU, %d GB and %d GB disk; it sells %s; mend it with: pulumi config set location NAME",
		location, leastCores, leastMemoryGB, leastDiskGB, describe(sold))
}

// smallest returns the first of the sorted offers that the app fits on, or "".
func smallest(sold []Offer) string {
	for _, o := range sold {
		if o.Architecture == "x86" && o.Cores >= leastCores && o.MemoryGB >= leastMemoryGB && o.DiskGB >= leastDiskGB {
			return o.Name
		}
	}
	return ""
}

func checkSold(offers, sold []Offer, location, key, wanted string) error {
	i := slices.IndexFunc(offers, func(o Offer) bool { return o.Name == wanted })
	if i < 0 {
		return fmt.Errorf("%[1]s: %[2]q is not a server type the provider has; location %[3]q sells %[4]s; mend it with: pulumi config set %[1]s %[5]s",
			key, wanted, location, describe(sold), cmp.Or(smallest(sold), sold[0].Name))
	}
	if slices.Contains(offers[i].Locations, location) {
		return nil
	}
	where := "it is not sold anywhere any more"
	mend := ""
	if len(offers[i].Locations) > 0 {
		where = fmt.Sprintf("%s is sold in %s", wanted, strings.Join(offers[i].Locations, ", "))
		mend = ", or: pulumi config set location " + offers[i].Locations[0]
	}
	return fmt.Errorf("%[1]s: %[2]q is not sold in location %[3]q, which sells %[4]s; %[5]s; mend it with: pulumi config set %[1]s %[6]s%[7]s",
		key, wanted, location, describe(sold), where, cmp.Or(smallest(sold), sold[0].Name), mend)
}

// soldIn lists what a location sells, smallest first: memory decides, it is
// what such a server runs out of.
func soldIn(offers []Offer, location string) []Offer {
	var sold []Offer
	for _, offer := range offers {
		if slices.Contains(offer.Locations, location) {
			sold = append(sold, offer)
		}
	}
	slices.SortFunc(sold, func(a, b Offer) int {
		return cmp.Or(cmp.Compare(a.MemoryGB, b.MemoryGB), cmp.Compare(a.Cores, b.Cores),
			cmp.Compare(a.DiskGB, b.DiskGB), cmp.Compare(a.Name, b.Name))
	})
	return sold
}

func locations(offers []Offer) []string {
	var names []string
	for _, offer := range offers {
		names = append(names, offer.Locations...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func describe(offers []Offer) string {
	var texts []string
	for _, o := range offers {
		texts = append(texts, fmt.Sprintf("%s (%d vCPU, %g GB, %d GB disk)", o.Name, o.Cores, o.MemoryGB, o.DiskGB))
	}
	return strings.Join(texts, ", ")
}

func first(names []string) string {
	if len(names) == 0 {
		return "NAME"
	}
	return names[0]
}
