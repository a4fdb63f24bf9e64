package hetzner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Standing is what a server is that stands already.
type Standing struct {
	Type         string
	Stack        string // that made it, as its label says; "" for none
	Architecture string // "x86" or "arm"
	DiskGB       int    // GB: the disk keeps its size when the type changes
	Location     string
	IPv4         string
	Targets      []string // types that it could be moved to just now; nil: the provider does not tell
}

// checkRescale returns the type that the server keeps or becomes, or tells why
// it cannot become what is wanted. The provider refuses too, but only once the
// server was switched off, and it stays so.
func (v *View) checkRescale(now *Standing, key, wanted string) (string, error) {
	if wanted == "" || wanted == now.Type {
		return now.Type, nil // it stands, whatever is sold today
	}
	if _, err := Choose(v.Offers, v.location, key, wanted); err != nil {
		return "", err
	}
	target := v.Offers[slices.IndexFunc(v.Offers, func(o Offer) bool { return o.Name == wanted })]
	var why string
	switch {
	case target.Architecture != now.Architecture:
		why = fmt.Sprintf("it is of the architecture %s, and the server of %s", target.Architecture, now.Architecture)
	case target.DiskGB < now.DiskGB:
		why = fmt.Sprintf("its disk has %d GB, and the server's has %d GB, which cannot become smaller", target.DiskGB, now.DiskGB)
	case !now.hasRoom(wanted):
		why = fmt.Sprintf("location %q has no room for one just now", v.location)
	default:
		return wanted, nil
	}
	fitting := slices.DeleteFunc(soldIn(v.Offers, v.location), func(o Offer) bool {
		return o.Name == now.Type || o.Architecture != now.Architecture || o.DiskGB < now.DiskGB || !now.hasRoom(o.Name)
	})
	return "", fmt.Errorf("%[1]s: the server is a %[2]s and cannot become a %[3]q: %[4]s; it can become %[5]s; mend it with: pulumi config set %[1]s %[6]s",
		key, now.Type, wanted, why, cmp.Or(describe(fitting), "no other"), strings.Join(append(names(fitting)[:min(1, len(fitting))], now.Type), ", or keep what it is: pulumi config set "+key+" "))
}

func (s *Standing) hasRoom(name string) bool {
	return s.Targets == nil || slices.Contains(s.Targets, name)
}

func names(offers []Offer) []string {
	var names []string
	for _, o := range offers {
		names = append(names, o.Name)
	}
	return names
}
