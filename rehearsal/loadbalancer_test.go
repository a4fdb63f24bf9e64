package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

// A load balancer passes visitors on to servers by their private addresses, asks
// them whether they are well as it was told to, and loses nobody when one comes or goes.
func TestLoadBalancer(t *testing.T) {
	t.Parallel()
	r := start(t, "test-balancer", "start", "--suite", "trixie")
	c := hetznerClient{t, r.hetzner(t)}
	ctx := context.Background()
	network, key := c.network("10.0.0.0/16", "10.0.1.0/24"), c.key(read(t, r.status(t).KeyFile+".pub"))
	servers := map[string]*hcloud.Server{}
	for _, name := range []string{"web-1", "web-2", "web-3"} {
		servers[name] = c.buy(name, key)
		c.attach(servers[name], network)
		r.on(t, servers[name], website)
	}
	made, _, err := c.LoadBalancer.Create(ctx, hcloud.LoadBalancerCreateOpts{Name: "balancer", LoadBalancerType: &hcloud.LoadBalancerType{Name: "lb11"}, Location: &hcloud.Location{Name: "hil"}})
	c.must(err)
	c.must(c.Action.WaitFor(ctx, made.Action))
	balancer := made.LoadBalancer
	c.done(c.LoadBalancer.AttachToNetwork(ctx, balancer, hcloud.LoadBalancerAttachToNetworkOpts{Network: network}))
	c.done(c.LoadBalancer.AddService(ctx, balancer, hcloud.LoadBalancerAddServiceOpts{
		Protocol: "tcp", ListenPort: hcloud.Ptr(80), DestinationPort: hcloud.Ptr(80),
		HealthCheck: &hcloud.LoadBalancerAddServiceOptsHealthCheck{
			Protocol: "http", Port: hcloud.Ptr(80), Interval: hcloud.Ptr(3 * time.Second), Timeout: hcloud.Ptr(2 * time.Second), Retries: hcloud.Ptr(1),
			HTTP: &hcloud.LoadBalancerAddServiceOptsHealthCheckHTTP{Domain: hcloud.Ptr("app.test"), Path: hcloud.Ptr("/up"), StatusCodes: []string{"2??"}},
		},
	}))
	target := func(name string) hcloud.LoadBalancerAddServerTargetOpts {
		return hcloud.LoadBalancerAddServerTargetOpts{Server: servers[name], UsePrivateIP: hcloud.Ptr(true)}
	}
	c.done(c.LoadBalancer.AddServerTarget(ctx, balancer, target("web-1")))
	c.done(c.LoadBalancer.AddServerTarget(ctx, balancer, target("web-2")))
	become := func(status hcloud.LoadBalancerTargetHealthStatusStatus, names ...string) {
		t.Helper()
		for range 60 {
			found, _, err := c.LoadBalancer.GetByID(ctx, balancer.ID)
			c.must(err)
			var like []string
			for _, target := range found.Targets {
				if target.HealthStatus[0].Status == status {
					like = append(like, nameOf(servers, target.Server.Server.ID))
				}
			}
			if slices.Equal(like, names) {
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
		t.Errorf("%v did not become %s", names, status)
	}
	become("healthy", "web-1", "web-2")
	visitor := newOutsider(t, r, "visitor", "198.18.0.220/24")
	address := made.LoadBalancer.PublicNet.IPv4.IP.String()
	// answers are who answered how often while something is done, and for a second longer.
	answers := func(do func()) map[string]int {
		t.Helper()
		stop, told := make(chan struct{}), make(chan map[string]int)
		go func() {
			count := map[string]int{}
			for {
				select {
				case <-stop:
					told <- count
					return
				case <-time.After(20 * time.Millisecond):
				}
				text, err := visitor.network.Command(ctx, "curl", "-sS", "--max-time", "5", "http://"+address+"/").Output()
				if err != nil {
					text = []byte("nobody")
				}
				count[strings.TrimSpace(string(text))]++
			}
		}()
		do()
		time.Sleep(time.Second)
		close(stop)
		count := <-told
		t.Log(count)
		return count
	}
	shared := func(count map[string]int, names ...string) {
		t.Helper()
		if got := slices.Sorted(maps.Keys(count)); !slices.Equal(got, names) {
			t.Errorf("%v answered, and not %v", count, names)
		}
	}
	shared(answers(func() {}), "web-1", "web-2")
	shared(answers(func() {
		c.done(c.LoadBalancer.AddServerTarget(ctx, balancer, target("web-3")))
		become("healthy", "web-1", "web-2", "web-3")
	}), "web-1", "web-2", "web-3")
	count := answers(func() { c.done(c.LoadBalancer.RemoveServerTarget(ctx, balancer, servers["web-1"])) })
	if count["nobody"] > 0 {
		t.Errorf("requests were lost when a server was taken out: %v", count)
	}
	shared(answers(func() {}), "web-2", "web-3")
	answers(func() { // some are lost, until it is seen
		c.done(c.Server.Poweroff(ctx, servers["web-2"]))
		become("unhealthy", "web-2")
	})
	shared(answers(func() {}), "web-3")
	// One that answers, but not as it is asked to, is not well.
	r.on(t, servers["web-3"], "sed -i s/app.test/other.test/ /root/website.py; systemctl restart website")
	become("unhealthy", "web-2", "web-3")
	_, err = c.LoadBalancer.Delete(ctx, balancer)
	c.must(err)
}

// website answers with its server's name, and to /up only under the app's host.
const website = `cat >/root/website.py <<"END"
import http.server, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404 if self.path == "/up" and self.headers["Host"] != "app.test" else 200)
        self.end_headers()
        self.wfile.write(socket.gethostname().encode())
http.server.ThreadingHTTPServer(("", 80), Handler).serve_forever()
END
systemd-run --quiet --unit=website --property=Restart=always python3 /root/website.py`

func nameOf(servers map[string]*hcloud.Server, id int64) string {
	for name, server := range servers {
		if server.ID == id {
			return name
		}
	}
	return "?"
}
