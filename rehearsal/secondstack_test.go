package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// A live site moves from one stack to another as the guide says: its names lead
// to the old server until the new one is ready, then to the new one and nowhere
// else, and that the old stack is destroyed changes nothing of that.
func TestMovingALiveSiteToASecondStack(t *testing.T) {
	t.Parallel()
	r := start(t, "test-e-move", "up")
	walk := func(topic string) string {
		block := strings.NewReplacer("prod2", "second", "prod", "rehearsal").Replace(documented(t, "guide.md", topic))
		text := r.typeIn(t, block)
		t.Logf("$ %s\n%s", block, text)
		return text
	}
	oldIP := strings.TrimSpace(r.pulumi(t, 0, "stack", "output", "ip"))
	before := []string{"A " + domain + " " + oldIP, "A www." + domain + " " + oldIP}
	r.answers(t, before)

	walk("second stack")
	r.pulumi(t, 0, "config", "rm", "serverName")
	if text := r.pulumi(t, -1, "preview"); !strings.Contains(text, "serverName: there is a server running-calendar in the Hetzner project, which the stack rehearsal made") {
		t.Errorf("with the first stack's name it said:\n%s", text)
	}
	r.pulumi(t, 0, "config", "set", "serverName", "running-calendar-2")
	r.answers(t, before)
	r.typeIn(t, "export KAMAL_REGISTRY_PASSWORD=ghp_...\ncd ../running_calendar\nkamal setup\ncd -\n")

	// What another host's DNS may hold as well.
	r.askZone(t, "POST", "dns_records", `{"type":"AAAA","name":"`+domain+`","content":"2001:db8::7","proxied":true}`)
	r.askZone(t, "POST", "dns_records", `{"type":"TXT","name":"`+domain+`","content":"keep me"}`)
	for _, record := range r.records(t) {
		if record.Name == "www."+domain {
			r.askZone(t, "DELETE", "dns_records/"+record.ID, "")
		}
	}
	r.askZone(t, "POST", "dns_records", `{"type":"CNAME","name":"www","content":"hosting.example","proxied":true}`)
	text := walk("switch")
	newIP := strings.TrimSpace(r.pulumi(t, 0, "stack", "output", "ip"))
	after := []string{"A " + domain + " " + newIP, "A www." + domain + " " + newIP, "TXT " + domain + " keep me"}
	if newIP == oldIP {
		t.Fatal("there is no second server, so this proves nothing")
	}
	r.answers(t, after)
	for _, told := range []string{domain + " A " + oldIP + " (proxied)", "www." + domain + " CNAME hosting.example (proxied)", domain + " AAAA 2001:db8::7 (proxied)"} {
		if strings.Count(text, told) < 2 { // by the preview, and when it was done
			t.Errorf("that there was %s is not told", told)
		}
	}

	walk("end of the first stack")
	r.answers(t, after)
	for setting, value := range map[string]string{"ssl": "strict", "min_tls_version": "1.2"} {
		if text := r.askZone(t, "GET", "settings/"+setting, ""); !strings.Contains(text, `"value":"`+value+`"`) {
			t.Errorf("after the old stack's end it is not %s:\n%s", value, text)
		}
	}
	r.typeIn(t, "cd ../running_calendar\nkamal deploy\ncd -\n")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
}

type dnsRecord struct{ ID, Name, Type, Content string }

func (r *running) records(t *testing.T) []dnsRecord {
	t.Helper()
	var answer struct{ Result []dnsRecord }
	text := r.askZone(t, "GET", "dns_records", "")
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return answer.Result
}

// answers compares the zone's records with what it is to answer, in whatever order.
func (r *running) answers(t *testing.T, want []string) {
	t.Helper()
	var got []string
	for _, record := range r.records(t) {
		got = append(got, record.Type+" "+record.Name+" "+record.Content)
	}
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the zone answers\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
