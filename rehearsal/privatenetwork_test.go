package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"

	"rails-on-hetzner/rehearsal/host"
)

// Servers of a private network reach each other there, by the gateway alone, and
// nobody else reaches them; they are back in it after a reboot, and out when they
// are taken out.
func TestPrivateNetwork(t *testing.T) {
	t.Parallel()
	r := start(t, "test-network", "start", "--suite", "trixie")
	c := hetznerClient{t, r.hetzner(t)}
	network := c.network("10.0.0.0/16", "10.0.1.0/24")
	key := c.key(read(t, r.status(t).KeyFile+".pub"))
	servers := map[string]*hcloud.Server{}
	for _, name := range []string{"web-1", "web-2", "stranger"} {
		servers[name] = c.buy(name, key)
	}
	c.attach(servers["web-1"], network)
	c.attach(servers["web-2"], network)
	on := func(name, command string) string { t.Helper(); return r.on(t, servers[name], command) }
	const ask = "timeout 5 bash -c \"exec 3<>/dev/tcp/10.0.1.2/8080; cat <&3\" 2>&1; true"
	serve := "systemd-run --quiet --unit=listen sh -c \"while true; do echo private | nc -N -l 8080; done\"; sleep 1"
	on("web-2", serve)
	if text := on("web-1", ask); text != "private\n" {
		t.Errorf("web-1 gets from web-2: %q", text)
	}
	if text := on("web-1", "ip -br addr show type veth; ip route; traceroute -n 10.0.1.2 2>/dev/null; ip neigh"); !strings.Contains(text, "10.0.1.1/32") || !strings.Contains(text, "10.0.0.0/16 via 10.0.0.1") || strings.Contains(text, "\n10.0.1.2 dev") {
		t.Errorf("web-1 has:\n%s", text)
	}
	if text := on("stranger", ask); strings.Contains(text, "private") {
		t.Errorf("a server that is in no network gets %q", text)
	}
	if text := r.run(t, -1, "exec", "bash", "-c", ask); strings.Contains(text, "private") {
		t.Errorf("the developer gets %q", text)
	}
	on("web-1", "reboot")
	on("web-1", "sleep 2")
	if text := on("web-1", ask); text != "private\n" {
		t.Errorf("web-1 gets from web-2 after a reboot: %q", text)
	}
	c.done(c.Server.DetachFromNetwork(context.Background(), servers["web-1"], hcloud.ServerDetachFromNetworkOpts{Network: network}))
	if text := on("web-1", ask); strings.Contains(text, "private") {
		t.Errorf("web-1, taken out, gets %q", text)
	}
}

// on runs a command on a server as its root, once it answers.
func (r *running) on(t *testing.T, server *hcloud.Server, command string) string {
	t.Helper()
	ssh := "ssh -i " + r.status(t).KeyFile + " -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@" + server.PublicNet.IPv4.IP.String()
	return r.runInput(t, -1, command, "exec", "bash", "-c", "text=$(cat); for _ in {1..60}; do "+ssh+" bash -s <<<\"$text\"; status=$?; [[ $status == 255 ]] || exit $status; sleep 1; done")
}

// hetznerClient is for what the program does not buy.
type hetznerClient struct {
	*testing.T
	*hcloud.Client
}

// hetzner is a client of the local cloud, which listens in the rehearsal's network.
func (r *running) hetzner(t *testing.T) *hcloud.Client {
	status := r.status(t)
	dial := func(_ context.Context, _, address string) (net.Conn, error) {
		return host.OpenNetwork(status.Namespace).Dial(address)
	}
	return hcloud.NewClient(hcloud.WithEndpoint(status.Daemon.Hetzner), hcloud.WithToken(hetznerToken),
		hcloud.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: dial}}))
}

func (c hetznerClient) network(ipRange, subnet string) *hcloud.Network {
	c.Helper()
	network, _, err := c.Network.Create(context.Background(), hcloud.NetworkCreateOpts{Name: "private", IPRange: cidr(c.T, ipRange)})
	c.must(err)
	c.done(c.Network.AddSubnet(context.Background(), network, hcloud.NetworkAddSubnetOpts{Subnet: hcloud.NetworkSubnet{Type: "cloud", IPRange: cidr(c.T, subnet), NetworkZone: "us-west"}}))
	return network
}

func (c hetznerClient) key(public string) *hcloud.SSHKey {
	c.Helper()
	key, _, err := c.SSHKey.Create(context.Background(), hcloud.SSHKeyCreateOpts{Name: "test", PublicKey: public})
	c.must(err)
	return key
}

func (c hetznerClient) buy(name string, key *hcloud.SSHKey) *hcloud.Server {
	c.Helper()
	made, _, err := c.Server.Create(context.Background(), hcloud.ServerCreateOpts{
		Name: name, ServerType: &hcloud.ServerType{Name: "cpx21"}, Image: &hcloud.Image{Name: "debian-13"}, Location: &hcloud.Location{Name: "hil"},
		SSHKeys: []*hcloud.SSHKey{key}, UserData: "#cloud-config\ndisable_root: false\n",
	})
	c.must(err)
	c.must(c.Action.WaitFor(context.Background(), append(made.NextActions, made.Action)...))
	server, _, err := c.Server.GetByID(context.Background(), made.Server.ID)
	c.must(err)
	return server
}

func (c hetznerClient) attach(server *hcloud.Server, network *hcloud.Network) {
	c.Helper()
	c.done(c.Server.AttachToNetwork(context.Background(), server, hcloud.ServerAttachToNetworkOpts{Network: network}))
}

// done waits for what has begun.
func (c hetznerClient) done(action *hcloud.Action, _ *hcloud.Response, err error) {
	c.Helper()
	c.must(err)
	c.must(c.Action.WaitFor(context.Background(), action))
}

func (c hetznerClient) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func cidr(t *testing.T, text string) *net.IPNet {
	t.Helper()
	_, network, err := net.ParseCIDR(text)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	return network
}
