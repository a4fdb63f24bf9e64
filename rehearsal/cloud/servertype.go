package cloud

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

var (
	europe   = []string{"fsn1", "nbg1", "hel1"}
	overseas = []string{"ash", "hil", "sin"}
	anywhere = slices.Concat(europe, overseas)
)

// What Hetzner sells where. The prices, euros a month before tax, are about right.
var serverTypes = []schema.ServerType{
	ended(sold(104, "cx22", 2, 4, 40, 3.79, nil), europe),
	sold(114, "cx23", 2, 4, 40, 3.49, europe),
	sold(115, "cx33", 4, 8, 80, 5.49, europe),
	sold(116, "cx43", 8, 16, 160, 9.49, europe),
	sold(117, "cx53", 16, 32, 320, 17.49, europe),
	sold(45, "cax11", 2, 4, 40, 3.79, europe),
	sold(93, "cax21", 4, 8, 80, 6.49, europe),
	sold(94, "cax31", 8, 16, 160, 12.49, europe),
	sold(95, "cax41", 16, 32, 320, 24.49, europe),
	ended(sold(22, "cpx11", 2, 2, 40, 4.49, overseas), europe),
	ended(sold(23, "cpx21", 3, 4, 80, 8.99, overseas), europe),
	ended(sold(24, "cpx31", 4, 8, 160, 15.99, overseas), europe),
	ended(sold(25, "cpx41", 8, 16, 240, 29.99, overseas), europe),
	ended(sold(26, "cpx51", 16, 32, 360, 60.49, overseas), europe),
	sold(109, "cpx12", 1, 2, 40, 3.99, europe),
	sold(110, "cpx22", 2, 4, 80, 6.49, europe),
	sold(111, "cpx32", 4, 8, 160, 10.99, europe),
	sold(112, "cpx42", 8, 16, 320, 19.99, europe),
	sold(113, "cpx52", 12, 24, 480, 28.49, europe),
	sold(118, "cpx62", 16, 32, 640, 38.99, europe),
	sold(96, "ccx13", 2, 8, 80, 12.49, anywhere),
	sold(97, "ccx23", 4, 16, 160, 24.49, anywhere),
	sold(98, "ccx33", 8, 32, 240, 48.49, anywhere),
	sold(99, "ccx43", 16, 64, 360, 96.49, anywhere),
	sold(100, "ccx53", 32, 128, 600, 192.49, anywhere),
	sold(101, "ccx63", 48, 192, 960, 288.49, anywhere),
}

var serverTypeKind = kind[schema.ServerType]{
	one: "server_type", many: "server_types",
	all:     func() []schema.ServerType { return serverTypes },
	id:      func(t schema.ServerType) int64 { return t.ID },
	filters: map[string]func(schema.ServerType) string{"name": func(t schema.ServerType) string { return t.Name }},
}

func sold(id int64, name string, cores int, memory float32, disk int, monthly float64, where []string) schema.ServerType {
	t := schema.ServerType{
		ID: id, Name: name, Description: strings.ToUpper(name), Category: "regular_purpose", Cores: cores, Memory: memory, Disk: disk,
		StorageType: "local", CPUType: "shared", Architecture: "x86",
	}
	switch name[:3] {
	case "ccx":
		t.CPUType, t.Category = "dedicated", "general_purpose"
	case "cax":
		t.Architecture, t.Category = "arm", "cost_optimized"
	case "cx2", "cx3", "cx4", "cx5":
		t.Category = "cost_optimized"
	}
	for _, location := range where {
		add(&t, location, monthly, nil)
	}
	return t
}

// ended adds locations that sold the type until the end of 2025: they are still
// listed, with the deprecation as the only sign that nothing can be ordered.
func ended(t schema.ServerType, where []string) schema.ServerType {
	end := &schema.DeprecationInfo{
		Announced:        time.Date(2025, 10, 16, 6, 0, 0, 0, time.UTC),
		UnavailableAfter: time.Date(2025, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	for _, location := range where {
		add(&t, location, 4.99, end)
	}
	return t
}

func add(t *schema.ServerType, location string, monthly float64, end *schema.DeprecationInfo) {
	where := locations[slices.IndexFunc(locations, func(l schema.Location) bool { return l.Name == location })]
	t.Locations = append(t.Locations, schema.ServerTypeLocation{
		ID: where.ID, Name: where.Name, Available: end == nil, DeprecatableResource: schema.DeprecatableResource{Deprecation: end},
	})
	t.Prices = append(t.Prices, schema.PricingServerTypePrice{
		Location: location, PriceMonthly: price(monthly), PriceHourly: price(monthly / 624),
		IncludedTraffic: 20 << 40, PricePerTBTraffic: price(1),
	})
}

func price(net float64) schema.Price {
	return schema.Price{Net: fmt.Sprintf("%.4f", net), Gross: fmt.Sprintf("%.4f", net*1.19)}
}

// sells tells whether a server of the type can be ordered in the location.
func sells(where schema.Location, t schema.ServerType) bool {
	return slices.ContainsFunc(t.Locations, func(l schema.ServerTypeLocation) bool { return l.ID == where.ID && l.Deprecation == nil })
}

// findServerType finds a type that the location sells, by ID or name.
func findServerType(wanted schema.IDOrName, where schema.Location) (schema.ServerType, error) {
	for _, t := range serverTypes {
		switch {
		case t.ID != wanted.ID && t.Name != wanted.Name:
		case !sells(where, t):
			return schema.ServerType{}, unfit("unsupported location for server type")
		default:
			return t, nil
		}
	}
	return schema.ServerType{}, unfit("server type '" + idOrName(wanted) + "' not found")
}

func idOrName(wanted schema.IDOrName) string {
	if wanted.Name != "" {
		return wanted.Name
	}
	return strconv.FormatInt(wanted.ID, 10)
}
