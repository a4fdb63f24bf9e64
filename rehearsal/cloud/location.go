package cloud

import "github.com/hetznercloud/hcloud-go/v2/hcloud/schema"

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

// findLocation finds the location asked for. A datacenter can no longer be asked
// for since 1 July 2026, and is no longer shown since 1 October.
func findLocation(name string) (schema.Location, error) {
	for _, l := range locations {
		if l.Name == name {
			return l, nil
		}
	}
	return schema.Location{}, unfit("location '" + name + "' not found")
}
