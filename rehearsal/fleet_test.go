package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"

	"rails-on-hetzner/rehearsal/daemon"
)

// One server becomes three behind a load balancer, and one again; nobody who asks
// for a page meanwhile is turned away.
func TestGrowing(t *testing.T) {
	t.Parallel()
	r := start(t, "test-fleet", "up", "--furnished", "--suite", "trixie", "--config", "certificate=cloudflare-origin", "--config", "ipv6=true")
	r.run(t, 0, "deploy")
	visitor := newVisitor(t, r)
	visitor.keepsRowsAndUploads(t)
	up := func() { t.Helper(); r.pulumi(t, 0, "up", "--yes", "--skip-preview") }
	deployed := func() {
		t.Helper()
		r.knowsServers(t)
		r.run(t, 0, "kamal", "server", "bootstrap")
		r.run(t, 0, "deploy")
	}
	stranger := newOutsider(t, r, "stranger", "198.18.0.202/24")

	r.pulumi(t, 0, "config", "set", "webServers", "3")
	text := r.pulumi(t, 0, "preview")
	for _, part := range []string{"hcloud:index:LoadBalancer ", "web-3", "for 3 servers (3 cpx21)", "for the load balancer (lb11)", "config/storage.yml"} {
		if !strings.Contains(text, part) {
			t.Errorf("the preview lacks %q:\n%s", part, text)
		}
	}
	t.Run("GrowsToThree", func(t *testing.T) {
		visitor.losesNone(t, func() {
			t.Log(r.typeIn(t, documented(t, "growing.md", "grow")))
			deployed()
		})
		visitor.losesNone(t, func() {
			up() // visitors come to all of them, and to the first by the load balancer alone
			r.areWell(t, 3)
		})
		stranger.finds(t, map[int]bool{22: true, 80: false, 443: false}, r.servers(t)["web-1"])
		stranger.finds(t, map[int]bool{22: true, 80: false, 443: false, 5432: false}, r.servers(t)["web-2"])
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
		for name, pages := range r.pagesOf(t, visitor) {
			if pages == 0 {
				t.Errorf("nobody came to %s", name)
			}
		}
		if text := r.typed(t, 0, "scripts/check"); strings.Count(text, "ok") < 3*10 {
			t.Errorf("scripts/check:\n%s", text)
		}
		if text := r.typed(t, -1, "scripts/ssh web-2 hostname"); strings.TrimSpace(text) != "running-calendar-web-2" {
			t.Errorf("web-2 is %q", text)
		}
		if text, err := visitor.get("/"); err != nil || !strings.Contains(text, "for 198.18.0.220 by https") {
			t.Errorf("a visitor's address: %v: %s", err, text)
		}
	})
	t.Run("LosesNoneAtTheNextDeploy", func(t *testing.T) { visitor.losesNone(t, func() { r.run(t, 0, "deploy") }) })
	t.Run("LosesNoneWhenAServerIsRebooted", func(t *testing.T) {
		visitor.losesNone(t, func() {
			r.typed(t, -1, "scripts/ssh web-3 reboot")
			time.Sleep(20 * time.Second)
			r.areWell(t, 3)
		})
	})
	t.Run("LosesNoneWhenAServerIsBuiltAnew", func(t *testing.T) {
		before := r.typed(t, 0, "scripts/ssh web-2 cat /etc/machine-id")
		visitor.losesNone(t, func() {
			t.Log(r.withKamal(t, 0, "scripts/replace web-2 --yes"))
			r.areWell(t, 3)
		})
		if r.typed(t, 0, "scripts/ssh web-2 cat /etc/machine-id") == before {
			t.Error("it is the same server")
		}
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
	})
	t.Run("LosesFewWhenAServerIsKilled", func(t *testing.T) {
		c := hetznerClient{t, r.hetzner(t)}
		server, _, err := c.Server.GetByName(context.Background(), "running-calendar-web-2")
		c.must(err)
		lost, requests := visitor.lost(func() {
			c.done(c.Server.Poweroff(context.Background(), server))
			r.areWell(t, 2)
			time.Sleep(5 * time.Second)
		})
		t.Logf("%d of %d requests were lost:\n%s", len(lost), requests, strings.Join(lost, ""))
		// What was under way to it is lost too, by each of the edge's machines that had a
		// connection to it, and may take Cloudflare's patience: all have their turn, twice.
		for range 12 {
			_ = visitor.page()
		}
		visitor.losesNone(t, func() { time.Sleep(5 * time.Second) })
		visitor.losesNone(t, func() {
			c.done(c.Server.Poweron(context.Background(), server))
			r.areWell(t, 3)
		})
	})
	t.Run("LosesNoneWhenAServerIsTakenAway", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set", "webServers", "2")
		visitor.losesNone(t, func() {
			up()
			r.areWell(t, 2)
		})
	})
	t.Run("BecomesOneAgain", func(t *testing.T) {
		r.pulumi(t, 0, "config", "set", "webServers", "1")
		visitor.losesNone(t, func() {
			up()
			r.run(t, 0, "deploy")
			up()
		})
		r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
		if text, err := visitor.get("/"); err != nil || !strings.HasPrefix(text, "1 runs") {
			t.Errorf("%v: %s", err, text)
		}
		c := hetznerClient{t, r.hetzner(t)}
		servers, err := c.Server.All(context.Background())
		c.must(err)
		networks, err := c.Network.All(context.Background())
		c.must(err)
		if len(servers) != 1 || len(networks) != 0 {
			t.Errorf("there are %d servers and %d networks", len(servers), len(networks))
		}
	})
}

// withKamal runs a command line where pulumi and kamal are at hand, as its developer would.
func (r *running) withKamal(t *testing.T, code int, command string) string {
	t.Helper()
	return r.typed(t, code, `export GOCACHE="$(go env GOCACHE)" GOMODCACHE="$(go env GOMODCACHE)" HOME=`+filepath.Join(r.status(t).Directory, "home")+" KAMAL_REGISTRY_PASSWORD="+daemon.RegistryPassword+" && "+command)
}

// servers are the stack's by their names.
func (r *running) servers(t *testing.T) map[string]string {
	t.Helper()
	var servers map[string]string
	if err := json.Unmarshal([]byte(r.output(t, "pulumi", "stack", "output", "servers", "--json")), &servers); err != nil {
		t.Fatal(err)
	}
	return servers
}

// knowsServers has the developer know the servers' keys, as the guide says.
func (r *running) knowsServers(t *testing.T) {
	t.Helper()
	r.run(t, 0, "exec", "bash", "-c", "pulumi -C ../program stack output sshHostKey >"+r.status(t).Directory+"/home/.ssh/known_hosts")
}

// areWell waits until the load balancer finds so many servers well.
func (r *running) areWell(t *testing.T, wanted int) {
	t.Helper()
	c := hetznerClient{t, r.hetzner(t)}
	var told string
	for range 120 {
		balancers, err := c.LoadBalancer.All(context.Background())
		c.must(err)
		well := 0
		told = ""
		for _, target := range balancers[0].Targets {
			for _, health := range target.HealthStatus {
				told += fmt.Sprintf(" %d:%d:%s", target.Server.Server.ID, health.ListenPort, health.Status)
				if health.ListenPort == 443 && health.Status == hcloud.LoadBalancerTargetHealthStatusStatusHealthy {
					well++
				}
			}
		}
		if well == wanted {
			return
		}
		time.Sleep(time.Second)
	}
	t.Errorf("not %d servers are well:%s", wanted, told)
}

// pagesOf are how many of some visits came to each web server.
func (r *running) pagesOf(t *testing.T, v visitor) map[string]int {
	t.Helper()
	const count = `docker logs "$(docker ps -q --filter label=role=web | sed -n 1p)" 2>&1 | grep -c 'Started GET "/"'; true`
	pages := map[string]int{}
	ask := func(sign int) {
		for name := range r.servers(t) {
			var number int
			if _, err := fmt.Sscan(r.typed(t, 0, "scripts/ssh "+name+" bash -c "+quoted(count)), &number); err != nil {
				t.Fatal(err)
			}
			pages[name] += sign * number
		}
	}
	ask(-1)
	for range 12 {
		if err := v.page(); err != nil {
			t.Error(err)
		}
	}
	ask(1)
	return pages
}
