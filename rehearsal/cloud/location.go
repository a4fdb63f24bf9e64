package cloud

import (
	"slices"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

var locations = []schema.Location{
	{ID: 1, Name: "fsn1", Description: "Falkenstein DC Park 1", Country: "DE", City: "Falkenstein", Latitude: 50.47612, Longitude: 12.370071, NetworkZone: "eu-central"},
	{ID: 2, Name: "nbg1", Description: "Nuremberg DC Park 1", Country: "DE", City: "Nuremberg", Latitude: 49.452102, Longitude: 11.076665, NetworkZone: "eu-central"},
	{ID: 3, Name: "hel1", Description: "Helsinki DC Park 1", Country: "FI", City: "Helsinki", Latitude: 60.169855, Longitude: 24.938379, NetworkZone: "eu-central"},
	{ID: 4, Name: "ash", Description: "Ashburn, VA", Country: "US", City: "Ashburn, VA", Latitude: 39.045821, Longitude: -77.487073, NetworkZone: "us-east"},
	{ID: 5, Name: "hil", Description: "Hillsboro, OR", Country: "US", City: "Hillsboro, OR", Latitude: 45.54222, Longitude: -122.951924, NetworkZone: "us-west"},
	{ID: 6, Name: "sin", Description: "Singapore", Country: "SG", City: "Singapore", Latitude: 1.283333, Longitude: 103.833333, NetworkZone: "ap-southeast"},
}

var locationKind = kind[schema.Location]{
	one: "location", many: "locations",
	all:     func() []schema.Location { return locations },
	id:      func(l schema.Location) int64 { return l.ID },
	filters: map[string]func(schema.Location) string{"name": func(l schema.Location) string { return l.Name }},
}

// datacenters are being phased out in favour of locations, but still shown.
var datacenters = []schema.Datacenter{
	datacenter(2, "nbg1-dc3", locations[1]), datacenter(3, "hel1-dc2", locations[2]), datacenter(4, "fsn1-dc14", locations[0]),
	datacenter(5, "ash-dc1", locations[3]), datacenter(6, "hil-dc1", locations[4]), datacenter(7, "sin-dc1", locations[5]),
}

var datacenterKind = kind[schema.Datacenter]{
	one: "datacenter", many: "datacenters",
	all:     func() []schema.Datacenter { return datacenters },
	id:      func(d schema.Datacenter) int64 { return d.ID },
	filters: map[string]func(schema.Datacenter) string{"name": func(d schema.Datacenter) string { return d.Name }},
}

func datacenter(id int64, name string, where schema.Location) schema.Datacenter {
	sold := []int64{}
	for _, t := range serverTypes {
		if sells(where, t) {
			sold = append(sold, t.ID)
		}
	}
	return schema.Datacenter{
		ID: id, Name: name, Description: where.City + " 1 virtual DC", Location: where,
		ServerTypes: schema.DatacenterServerTypes{Supported: sold, Available: sold, AvailableForMigration: sold},
	}
}

func datacenterIn(where schema.Location) *schema.Datacenter {
	i := slices.IndexFunc(datacenters, func(d schema.Datacenter) bool { return d.Location.ID == where.ID })
	return &datacenters[i]
}

// findLocation finds the location asked for. A datacenter can no longer be asked
// for, since 1 July 2026.
func findLocation(name string) (schema.Location, error) {
	for _, l := range locations {
		if l.Name == name {
			return l, nil
		}
	}
	return schema.Location{}, unfit("location '" + name + "' not found")
}
