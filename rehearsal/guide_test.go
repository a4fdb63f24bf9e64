package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The guide is walked as it stands, from no stack to none again, block by block.
func TestGuideFromTopToBottom(t *testing.T) {
	t.Parallel()
	r := start(t, "test-guide", "start")
	guide := read(t, filepath.Join("..", "docs", "guide.md"))
	walked := 0
	for _, block := range regexp.MustCompile("(?s)(<!-- tested: [a-z ]+ -->\n)?```sh\n(.*?)```").FindAllStringSubmatch(guide, -1) {
		if block[1] != "" {
			continue // for those who have a server or a site already: TestAdoption, TestMovingALiveSiteToASecondStack
		}
		text := r.typeIn(t, block[2])
		t.Logf("$ %s\n%s", block[2], text)
		walked++
		if strings.Contains(block[2], "kamal setup") {
			r.run(t, 0, "database")
		}
		if strings.Contains(block[2], "serverType") {
			r.await(t, "true") // it starts again meanwhile
			if !strings.Contains(r.pulumi(t, 0, "stack", "output", "monthlyPrice"), "(cpx31)") {
				t.Error("the server was not rescaled")
			}
		}
		if block[2] == "pulumi up\n" && !strings.Contains(text, "the server is ready") {
			t.Error("the closing block is missing")
		}
	}
	if walked < 10 {
		t.Errorf("only %d blocks were walked", walked)
	}
	if fetched, _ := filepath.Glob(filepath.Join(r.status(t).Program, "backups", "*")); len(fetched) == 0 {
		t.Error("there is no backup after all was torn down")
	}
	if left := r.pulumi(t, 0, "stack", "export"); strings.Contains(left, "hcloud:index/server:Server") {
		t.Error("the server is still in the state")
	}
}

// A server, a firewall, an address and records that another stack forgot are
// taken over by a new one, with what is on the server.
func TestAdoption(t *testing.T) {
	t.Parallel()
	r := start(t, "test-adoption", "up")
	booted := r.output(t, "ssh", "echo precious >/root/data; stat -c %Y /proc/1")
	var state struct {
		Deployment struct {
			Resources []struct {
				URN, ID string
				Outputs map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(r.pulumi(t, 0, "stack", "export")), &state); err != nil {
		t.Fatal(err)
	}
	numbers := map[string]string{
		"::server": "SERVER-NUMBER", "::server-ipv4": "PRIMARY-IP-NUMBER", "::server-firewall": "FIREWALL-NUMBER",
		"::dns-" + domain: "ZONE-ID/RECORD-ID", "::dns-www." + domain: "ZONE-ID/WWW-RECORD-ID",
	}
	file := documentedJSON(t, "adopt.json")
	serverID := ""
	for _, resource := range state.Deployment.Resources {
		for suffix, placeholder := range numbers {
			if resource.ID == "" || !strings.HasSuffix(resource.URN, suffix) {
				continue
			}
			id := resource.ID
			if zone, ok := resource.Outputs["zoneId"].(string); ok {
				id = zone + "/" + id
			}
			if suffix == "::server" {
				serverID = id
			}
			file = strings.ReplaceAll(file, `"`+placeholder+`"`, strconv.Quote(id))
		}
	}
	if strings.Contains(file, "-NUMBER") || strings.Contains(file, "-ID") {
		t.Fatalf("not everything has an ID:\n%s", file)
	}
	if err := os.WriteFile(filepath.Join(r.status(t).Program, "adopt.json"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	r.pulumi(t, 0, "stack", "init", "adopting", "--copy-config-from", "rehearsal")
	// The deploy key that the lost stack registered; one in the way of a new one.
	r.run(t, 0, "exec", "bash", "-c", `id=$(curl -sS -H "Authorization: Bearer $HCLOUD_TOKEN" "$HCLOUD_ENDPOINT/ssh_keys" | grep -o '"id": *[0-9]*' | head -1 | tr -dc 0-9); curl -sS -X DELETE -H "Authorization: Bearer $HCLOUD_TOKEN" "$HCLOUD_ENDPOINT/ssh_keys/$id"`)
	text := r.typeIn(t, documented(t, "guide.md", "adopt"))
	t.Log(text)
	if strings.Contains(text, "replace") {
		t.Error("something was replaced")
	}
	if text := r.run(t, 0, "ssh", "cat /root/data"); !strings.Contains(text, "precious") {
		t.Errorf("the data is gone: %s", text)
	}
	if text := r.output(t, "ssh", "stat -c %Y /proc/1"); text != booted {
		t.Error("the server was stopped meanwhile")
	}
	if !strings.Contains(r.pulumi(t, 0, "stack", "export"), `"id": "`+serverID+`"`) {
		t.Error("it is another server now")
	}
	r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
}

// typeIn runs a block of the guide in a developer's terminal, with the example's
// names replaced by the rehearsal's.
func (r *running) typeIn(t *testing.T, block string) string {
	t.Helper()
	terminal := read(t, filepath.Join("testdata", "guide", "terminal.sh"))
	block = strings.NewReplacer("mxcorre.com", domain, "YOUR-GITHUB-USER", "octocat", "root@SERVER-ADDRESS", `root@198.18.0.10 -i "$RAILS_ON_HETZNER_SSH_KEY" -o StrictHostKeyChecking=no`).Replace(block)
	return r.runInput(t, 0, terminal+block, "exec", "bash", "-c", `cd ../program && export GOCACHE="$(go env GOCACHE)" GOMODCACHE="$(go env GOMODCACHE)" && cat >../terminal.sh && bash ../terminal.sh </dev/null`)
}

func documented(t *testing.T, document, topic string) string {
	t.Helper()
	found := regexp.MustCompile("(?s)<!-- tested: " + topic + " -->\n```sh\n(.*?)```").FindStringSubmatch(read(t, filepath.Join("..", "docs", document)))
	if found == nil {
		t.Fatalf("docs/%s has nothing marked for %s", document, topic)
	}
	return found[1]
}

func documentedJSON(t *testing.T, name string) string {
	t.Helper()
	found := regexp.MustCompile("(?s)<!-- " + regexp.QuoteMeta(name) + " -->\n```json\n(.*?)```").FindStringSubmatch(read(t, filepath.Join("..", "docs", "guide.md")))
	if found == nil {
		t.Fatalf("docs/guide.md has no %s", name)
	}
	return strings.ReplaceAll(found[1], "mxcorre.com", domain)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
