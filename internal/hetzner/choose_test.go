package hetzner

import "testing"

var offers = []Offer{
	{"cx23", 2, 4, 40, "x86", "shared", []string{"fsn1", "hel1"}, nil},
	{"cax11", 2, 4, 40, "arm", "shared", []string{"fsn1"}, nil},
	{"cpx11", 2, 2, 40, "x86", "shared", []string{"hil"}, nil},
	{"cpx21", 3, 4, 80, "x86", "shared", []string{"hil"}, nil},
	{"ccx13", 2, 8, 80, "x86", "dedicated", []string{"fsn1", "hil"}, nil},
	{"cx22", 2, 4, 40, "x86", "shared", nil, nil},
}

func TestChoose_TakesTheSmallestTypeThatFits(t *testing.T) {
	for location, want := range map[string]string{"hil": "cpx21", "fsn1": "cx23"} {
		if got, err := Choose(offers, location, "serverType", ""); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", location, got, err, want)
		}
	}
}

func TestChoose_TakesTheWantedTypeWhereItIsSold(t *testing.T) {
	if got, err := Choose(offers, "hil", "serverType", "ccx13"); got != "ccx13" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestChoose_SaysWhatIsSoldAndWhereWhenItRefuses(t *testing.T) {
	sold := "cpx11 (2 vCPU, 2 GB, 40 GB disk), cpx21 (3 vCPU, 4 GB, 80 GB disk), ccx13 (2 vCPU, 8 GB, 80 GB disk)"
	for _, c := range []struct{ location, wanted, message string }{
		{"hil", "cx23", `serverType: "cx23" is not sold in location "hil", which sells ` + sold +
			`; cx23 is sold in fsn1, hel1; mend it with: pulumi config set serverType cpx21, or: pulumi config set location fsn1`},
		{"hil", "cx22", `serverType: "cx22" is not sold in location "hil", which sells ` + sold +
			`; it is not sold anywhere any more; mend it with: pulumi config set serverType cpx21`},
		{"hil", "cx99", `serverType: "cx99" is not a server type the provider has; location "hil" sells ` + sold +
			`; mend it with: pulumi config set serverType cpx21`},
		{"mars", "", `location: got "mars", accepted are fsn1, hel1, hil; mend it with: pulumi config set location fsn1`},
		{"hel1", "ccx13", `serverType: "ccx13" is not sold in location "hel1", which sells cx23 (2 vCPU, 4 GB, 40 GB disk)` +
			`; ccx13 is sold in fsn1, hil; mend it with: pulumi config set serverType cx23, or: pulumi config set location fsn1`},
	} {
		if _, err := Choose(offers, c.location, "serverType", c.wanted); err == nil || err.Error() != c.message {
			t.Errorf("%s in %s:\n got %v\nwant %s", c.wanted, c.location, err, c.message)
		}
	}
}
