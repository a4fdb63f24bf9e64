package hetzner

import "testing"

var boxes = []BoxOffer{
	{"bx21", 5120, 20, false, map[string]string{"fsn1": "10.9000", "hel1": "10.9000"}},
	{"bx11", 1024, 10, false, map[string]string{"fsn1": "3.2000", "hel1": "3.3000"}},
	{"bx10", 100, 5, true, map[string]string{"fsn1": "2.9000"}},
}

func TestChooseBox_TakesTheSmallestAwayFromTheServer(t *testing.T) {
	for _, c := range []struct {
		server, wantedType, wantedLocation string
		want                               Box
	}{
		{"hil", "", "", Box{"bx11", "fsn1", 10, "3.2000"}},
		{"fsn1", "", "", Box{"bx11", "hel1", 10, "3.3000"}},
		{"fsn1", "bx21", "fsn1", Box{"bx21", "fsn1", 20, "10.9000"}},
		{"fsn1", "bx10", "", Box{"bx10", "fsn1", 5, "2.9000"}}, // it stands, or Hetzner will say
	} {
		if got, err := ChooseBox(boxes, c.server, c.wantedType, c.wantedLocation); err != nil || *got != c.want {
			t.Errorf("%+v: got %+v, %v", c, got, err)
		}
	}
}

func TestChooseBox_SaysWhatThereIsWhenItRefuses(t *testing.T) {
	for _, c := range []struct{ wantedType, wantedLocation, message string }{
		{"bx99", "", `offsiteType: "bx99" is not a Storage Box that Hetzner has; it has bx11 (1024 GB), bx21 (5120 GB); mend it with: pulumi config rm offsiteType, which takes the smallest`},
		{"", "hil", `offsiteLocation: "hil" has no Storage Box bx11, which is in fsn1, hel1; mend it with: pulumi config set offsiteLocation fsn1`},
	} {
		if _, err := ChooseBox(boxes, "hil", c.wantedType, c.wantedLocation); err == nil || err.Error() != c.message {
			t.Errorf("%+v:\n got %v\nwant %s", c, err, c.message)
		}
	}
}
