package kamalfiles

import (
	"slices"
	"testing"
)

func TestTakeOver_AHostStaysOrIsReplacedAtItsPlace(t *testing.T) {
	list := func(hosts ...string) []string { return hosts }
	for name, c := range map[string]struct {
		have, wanted []string
		taken        []int
	}{
		"as wanted":            {list("a", "b"), list("a", "b"), []int{0, 1}},
		"more":                 {list("a"), list("a", "b", "c"), []int{0, -1, -1}},
		"fewer":                {list("a", "b", "c"), list("c"), []int{2}},
		"another first":        {list("b"), list("a", "b"), []int{-1, 0}},
		"one replaced":         {list("a", "x", "c"), list("a", "b", "c"), []int{0, 1, 2}},
		"all replaced":         {list("x", "y"), list("a", "b"), []int{0, 1}},
		"replaced and reduced": {list("x", "b", "y"), list("a", "b"), []int{0, 1}},
		"listed twice":         {list("a", "a"), list("a"), []int{0}},
	} {
		if got := takeOver(c.have, c.wanted); !slices.Equal(got, c.taken) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestServers_OfAStackWithSeveral(t *testing.T) {
	fleet := func(w *Deploy) {
		w.WebHosts, w.JobHosts = []string{"203.0.113.7", "203.0.113.8"}, []string{"203.0.113.20"}
		w.DatabaseServer, w.DatabaseAddress = "203.0.113.30", "10.0.1.3"
		w.OriginCert = &CertNames{CertificatePEM: "CERTIFICATE", PrivateKeyPEM: "KEY"}
	}
	start := "service: running_calendar\nservers:\n  web: [203.0.113.7, 203.0.113.8]\n  job: [203.0.113.20]\n"
	checkShapes(t, []shape{
		{
			name: "jobs beside the web all the same", with: fleet,
			file:  start + "env:\n  tags:\n    eu: {SOLID_QUEUE_IN_PUMA: 1}\n  secret: []\n",
			notes: []string{"line 7: `env.tags.eu` sets SOLID_QUEUE_IN_PUMA, whatever its value is, and so the web's processes do jobs there too, beside the role job; delete the line"},
		},
		{
			name: "the image is built on the second", with: fleet,
			file: start + "builder:\n  remote: ssh://root@203.0.113.8\n",
		},
		{
			name: "an address that an ERB tag decides", with: fleet,
			file:  start + "accessories:\n  redis:\n    image: redis:7\n    host: <%= ENV[\"REDIS\"] %>\n",
			notes: []string{`line 8: <%= ENV["REDIS"] %> decides where the accessory redis is; it must come out as one of this stack's servers, such as 203.0.113.7`},
		},
		{
			name: "the database on several", with: fleet,
			file: start + "accessories:\n  db:\n    image: postgres:16\n    hosts: [192.0.2.1, 192.0.2.2]\n",
			said: "line 8: 2 hosts are listed, and the database is on one",
		},
		{
			name: "the database's list has another of ours", with: fleet,
			file:  start + "accessories:\n  db:\n    image: postgres:16\n    hosts:\n      - 203.0.113.8\n",
			has:   []string{"    hosts:\n      - 203.0.113.30\n"},
			notes: []string{"line 6: the accessory db was on 203.0.113.8 and is on 203.0.113.30 now, both this stack's; its data does not move by itself: docs/growing.md tells how"},
		},
		{
			name: "the primary role is job", with: fleet,
			file: "service: running_calendar\nprimary_role: job\nservers:\n  job: [203.0.113.7]\n",
			said: "the primary role is job, and this stack has servers for jobs alone; give the primary role another name",
		},
		{
			name: "jobs without a server of their own stay where they are",
			file: start,
			said: "",
			with: func(w *Deploy) { w.WebHosts = []string{"203.0.113.7"}; w.Former = []string{"203.0.113.8"} },
			has:  []string{"  web: [203.0.113.7]\n  job: [203.0.113.20]\n"},
			notes: []string{
				"line 4: the role job is on 203.0.113.20, which is not this stack's server; if it is to be there too, write 203.0.113.7",
			},
		},
	})
}

func TestDatabaseOf_NamesTheContainerWhateverTheAddress(t *testing.T) {
	w := wanted
	w.DatabaseAddress = "10.0.1.3"
	if kind, container := DatabaseOf(newApp(t), w); kind != DatabaseAccessory || container != "running_calendar-db" {
		t.Errorf("got %s, %s", kind, container)
	}
}
