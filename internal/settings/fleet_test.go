package settings

import (
	"fmt"
	"strings"
	"testing"
)

func TestFleet_IsWhatTheStackConsistsOf(t *testing.T) {
	for _, c := range []struct {
		given map[string]string
		want  string
	}{
		{nil, "web-1 server running-calendar invalid IP web database protected"},
		{map[string]string{"protect": "false"}, "web-1 server running-calendar invalid IP web database"},
		{map[string]string{"webServers": "2", "certificate": "cloudflare-origin"}, "web-1 server running-calendar 10.0.1.11 web database protected\nweb-2 web-2 running-calendar-web-2 10.0.1.12 web"},
		{map[string]string{"databaseServer": "true", "jobServers": "2"}, "web-1 server running-calendar 10.0.1.11 web protected\ndatabase database running-calendar-database 10.0.1.3 database protected\njob-1 job-1 running-calendar-job-1 10.0.1.101\njob-2 job-2 running-calendar-job-2 10.0.1.102"},
	} {
		s, err := load(c.given)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for i, m := range s.Fleet() {
			line := fmt.Sprint(m.Name, " ", m.Resource, " ", m.Server, " ", m.Private)
			if m.Web {
				line += " web"
			}
			if m.Database {
				line += " database"
			}
			if m.Protect {
				line += " protected"
			}
			if m.Number != i {
				t.Errorf("%s has the number %d", m.Name, m.Number)
			}
			lines = append(lines, line)
		}
		if got := strings.Join(lines, "\n"); got != c.want {
			t.Errorf("%v:\n%s", c.given, got)
		}
	}
}

func TestFleet_TellsWhatGoesTogether(t *testing.T) {
	for want, given := range map[string]map[string]string{
		"originLock: true with webServers: 2":            {"webServers": "2", "certificate": "cloudflare-origin", "originLock": "true"},
		`drained: got "web-3"`:                           {"webServers": "2", "certificate": "cloudflare-origin", "drained": "web-3"},
		"drained: all web servers":                       {"webServers": "2", "certificate": "cloudflare-origin", "drained": "web-1,web-2"},
		"databaseServer: true, but database is external": {"databaseServer": "true", "database": "external"},
	} {
		if _, err := load(given); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: %v", given, err)
		}
	}
	s, err := load(map[string]string{"webServers": "2", "certificate": "cloudflare-origin", "serverType": "cpx31"})
	if err != nil || s.OriginLock || s.DatabaseServerType != "cpx31" {
		t.Errorf("%v: %+v", err, s)
	}
}
