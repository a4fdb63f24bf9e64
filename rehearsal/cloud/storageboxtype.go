package cloud

import "github.com/hetznercloud/hcloud-go/v2/hcloud/schema"

// What Hetzner sells of Storage Boxes, in its two largest locations. The prices,
// euros a month before tax, are about right.
var storageBoxTypes = []schema.StorageBoxType{
	soldBox(1333, "bx11", 1, 10, 3.20),
	soldBox(1334, "bx21", 5, 20, 10.90),
	soldBox(1335, "bx31", 10, 30, 20.80),
	soldBox(1336, "bx41", 20, 40, 40.60),
}

var storageBoxTypeKind = kind[schema.StorageBoxType]{
	one: "storage_box_type", many: "storage_box_types",
	all:     func() []schema.StorageBoxType { return storageBoxTypes },
	id:      func(t schema.StorageBoxType) int64 { return t.ID },
	filters: map[string]func(schema.StorageBoxType) string{"name": func(t schema.StorageBoxType) string { return t.Name }},
}

func soldBox(id int64, name string, terabytes int64, snapshots int, monthly float64) schema.StorageBoxType {
	t := schema.StorageBoxType{
		ID: id, Name: name, Description: name, Size: terabytes << 40,
		SnapshotLimit: &snapshots, AutomaticSnapshotLimit: &snapshots, SubaccountsLimit: 100,
	}
	for _, location := range []string{"fsn1", "hel1"} {
		t.Prices = append(t.Prices, schema.StorageBoxTypePrice{
			Location: location, PriceHourly: price(monthly / 624), PriceMonthly: price(monthly), SetupFee: price(0),
		})
	}
	return t
}

// findStorageBoxType finds a type that the location has, by ID or name.
func findStorageBoxType(wanted schema.IDOrName, location string) (schema.StorageBoxType, error) {
	for _, t := range storageBoxTypes {
		if t.ID != wanted.ID && t.Name != wanted.Name {
			continue
		}
		for _, at := range t.Prices {
			if at.Location == location {
				return t, nil
			}
		}
		return schema.StorageBoxType{}, unfit("unsupported location for storage box type")
	}
	return schema.StorageBoxType{}, unfit("storage box type '" + idOrName(wanted) + "' not found")
}
