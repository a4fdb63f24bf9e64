package hetzner

import "testing"

func TestCheck_TellsWhatAServerCannotBecomeBeforeItIsSwitchedOff(t *testing.T) {
	for _, c := range []struct {
		location string
		standing Standing
		wanted   string
		message  string // "": it can
	}{
		{"hil", Standing{"cpx21", "", "x86", 80, "hil", "", nil}, "", ""},
		{"hil", Standing{"cpx21", "", "x86", 80, "hil", "", nil}, "cpx21", ""},
		{"hil", Standing{"cpx21", "", "x86", 80, "hil", "", nil}, "ccx13", ""},
		{"hil", Standing{"cpx21", "", "x86", 40, "hil", "", nil}, "cpx11", ""}, // the disk was kept small
		{"hil", Standing{"cpx21", "", "x86", 80, "hil", "", []string{"ccx13"}}, "ccx13", ""},
		{"fsn1", Standing{"cx22", "", "x86", 40, "hil", "", nil}, "", ""}, // of a type that is not sold any more

		{"hil", Standing{"cpx21", "", "x86", 80, "hil", "", nil}, "cpx11",
			`serverType: the server is a cpx21 and cannot become a "cpx11": its disk has 40 GB, and the server's has 80 GB, which cannot become smaller; it can become ccx13 (2 vCPU, 8 GB, 80 GB disk); mend it with: pulumi config set serverType ccx13, or keep what it is: pulumi config set serverType cpx21`},
		{"fsn1", Standing{"cx23", "", "x86", 40, "hil", "", nil}, "cax11",
			`serverType: the server is a cx23 and cannot become a "cax11": it is of the architecture arm, and the server of x86; it can become ccx13 (2 vCPU, 8 GB, 80 GB disk); mend it with: pulumi config set serverType ccx13, or keep what it is: pulumi config set serverType cx23`},
		{"hil", Standing{"cpx21", "", "x86", 80, "hil", "", []string{"cpx11"}}, "ccx13",
			`serverType: the server is a cpx21 and cannot become a "ccx13": location "hil" has no room for one just now; it can become no other; mend it with: pulumi config set serverType cpx21`},
		{"hil", Standing{"cpx21", "", "x86", 80, "hil", "", nil}, "cx99",
			`serverType: "cx99" is not a server type the provider has; location "hil" sells cpx11 (2 vCPU, 2 GB, 40 GB disk), cpx21 (3 vCPU, 4 GB, 80 GB disk), ccx13 (2 vCPU, 8 GB, 80 GB disk); mend it with: pulumi config set serverType cpx21`},
	} {
		view := &View{Offers: offers, location: c.location, Standing: map[string]*Standing{"shop": &c.standing}}
		types, err := view.Check([]Want{{"shop", c.wanted, "serverType"}}, "any image")
		got := types[0]
		want := c.wanted
		if want == "" {
			want = c.standing.Type
		}
		if c.message == "" && (err != nil || got != want) {
			t.Errorf("%v to %q: got %q, %v", c.standing, c.wanted, got, err)
		}
		if c.message != "" && (err == nil || err.Error() != c.message) {
			t.Errorf("%v to %q:\n got %v\nwant %s", c.standing, c.wanted, err, c.message)
		}
	}
}
