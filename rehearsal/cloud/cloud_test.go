package cloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudflare/cloudflare-go"
	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

var ctx = context.Background()

func TestCalls_AreLoggedWithoutBodies(t *testing.T) {
	c := start(t, Config{})
	_, _, err := c.hetzner().SSHKey.GetByName(ctx, "none")
	must(t, err)

	text, err := os.ReadFile(c.config.LogFile)
	must(t, err)
	if calls := c.Calls(); len(calls) != 1 || calls[0].Path != "/v1/ssh_keys?name=none" || calls[0].Status != 200 {
		t.Errorf("calls: %+v", calls)
	}
	if strings.Count(string(text), "\n") != 1 || strings.Contains(string(text), hetznerToken) {
		t.Errorf("log file:\n%s", text)
	}
}

func TestFault_429IsRetriedByTheClientAndPasses(t *testing.T) {
	c := start(t, Config{})
	must(t, c.SetFault(Fault{Name: "hetzner-429", Count: 2}))
	must(t, c.SetFault(Fault{Name: "cloudflare-429", Count: 1}))

	_, err := c.hetzner().Location.All(ctx)
	must(t, err)
	_, err = c.cloudflareClient().ListZones(ctx)
	must(t, err)
	if got := statuses(c); got != "429 429 200 429 200" {
		t.Errorf("statuses %s", got)
	}
}

func TestFault_503IsTheAPIsOwnError(t *testing.T) {
	c := start(t, Config{})
	must(t, c.SetFault(Fault{Name: "hetzner-503", Count: -1}))
	_, err := c.hetzner().Location.All(ctx)
	refusedAs(t, err, "unavailable")
}

func TestFault_OnlyHitsItsPath(t *testing.T) {
	c := start(t, Config{})
	must(t, c.SetFault(Fault{Name: "hetzner-500", Count: -1, Path: "/v1/servers"}))
	_, err := c.hetzner().Location.All(ctx)
	must(t, err)
	_, err = c.hetzner().Server.All(ctx)
	refusedAs(t, err, "server_error")
}

func TestFault_LostAnswerLeavesWhatWasDone(t *testing.T) {
	c := start(t, Config{})
	must(t, c.SetFault(Fault{Name: "lost", Count: 1}))
	_, _, err := c.hetzner().SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{Name: "deploy", PublicKey: publicKey(t)})
	if err == nil {
		t.Fatal("an answer came")
	}
	key, _, err := c.hetzner().SSHKey.GetByName(ctx, "deploy")
	must(t, err)
	if key == nil {
		t.Error("the key was not made")
	}
}

func TestFault_ResetDoesNothing(t *testing.T) {
	c := start(t, Config{})
	must(t, c.SetFault(Fault{Name: "hetzner-reset", Count: 1}))
	_, _, err := c.hetzner().SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{Name: "deploy", PublicKey: publicKey(t)})
	if err == nil {
		t.Fatal("an answer came")
	}
	if len(c.Cloud.hetzner.sshKeys) != 0 {
		t.Error("the key was made")
	}
}

func TestFault_UnknownNamesAreRefused(t *testing.T) {
	c := start(t, Config{})
	for _, name := range []string{"hetzner", "aws-503", "hetzner-418"} {
		if err := c.SetFault(Fault{Name: name, Count: 1}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestMetadata_TellsAServerByItsAddress(t *testing.T) {
	c := start(t, Config{IPv4: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	c.buy(t, order1(t, c))
	listening := c.serve(t, c.MetadataHandler())
	if got := fetch(t, listening+"/hetzner/v1/userdata"); got != "#cloud-config\n" {
		t.Errorf("user data %q", got)
	}
	if got := fetch(t, listening+"/hetzner/v1/metadata"); !strings.Contains(got, "hostname: app\n") {
		t.Errorf("metadata %q", got)
	}
}

const (
	hetznerToken    = "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"
	cloudflareToken = "cccccccccccccccccccccccccccccccccccccccc"
)

// testCloud is a cloud with clients for it.
type testCloud struct{ *Cloud }

func start(t *testing.T, config Config) testCloud {
	t.Helper()
	config.HetznerToken, config.CloudflareToken = hetznerToken, cloudflareToken
	config.CertDir, config.LogFile = t.TempDir(), filepath.Join(t.TempDir(), "calls.jsonl")
	if config.Zones == nil {
		config.Zones = []string{"example.com"}
	}
	if config.IPv4 == nil {
		for last := byte(10); last < 20; last++ {
			config.IPv4 = append(config.IPv4, netip.AddrFrom4([4]byte{198, 18, 0, last}))
		}
	}
	config.IPv6 = netip.MustParsePrefix("2001:db8:18::/64")
	if config.ActionTime == 0 {
		config.ActionTime = 5 * time.Millisecond
	}
	c, err := Start(config)
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return testCloud{c}
}

func (c testCloud) hetzner() *hcloud.Client { return c.hetznerAs(hetznerToken) }

func (c testCloud) hetznerAs(token string) *hcloud.Client {
	quick := hcloud.ConstantBackoff(time.Millisecond)
	return hcloud.NewClient(hcloud.WithEndpoint(c.HetznerURL()), hcloud.WithHetznerEndpoint(c.BoxURL()), hcloud.WithToken(token),
		hcloud.WithRetryOpts(hcloud.RetryOpts{BackoffFunc: quick, MaxRetries: 3}), hcloud.WithPollOpts(hcloud.PollOpts{BackoffFunc: quick}))
}

func (c testCloud) cloudflareClient() *cloudflare.API { return c.cloudflareAs(cloudflareToken) }

func (c testCloud) cloudflareAs(token string) *cloudflare.API {
	bundle, err := os.ReadFile(c.CAFile())
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(bundle) {
		panic("no certificates in " + c.CAFile())
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	api, err := cloudflare.NewWithAPIToken(token, cloudflare.BaseURL("https://"+c.CloudflareHost()+"/client/v4"),
		cloudflare.HTTPClient(client), cloudflare.UsingRateLimit(1000), cloudflare.UsingRetryPolicy(1, 0, 0))
	if err != nil {
		panic(err)
	}
	return api
}

func statuses(c testCloud) string {
	var all []string
	for _, call := range c.Calls() {
		all = append(all, http.StatusText(call.Status))
	}
	text := strings.Join(all, " ")
	return strings.NewReplacer("Too Many Requests", "429", "OK", "200").Replace(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refusedAs checks the code of Hetzner's error.
func refusedAs(t *testing.T, err error, code string) {
	t.Helper()
	if !hcloud.IsError(err, hcloud.ErrorCode(code)) {
		t.Errorf("got %v, want %s", err, code)
	}
}

// recorder is machines that only note what they are told.
type recorder struct {
	mutex sync.Mutex
	told  []string
	made  []Server
	rules map[int64][]FirewallRule
	fails error
}

func (m *recorder) note(what string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.told = append(m.told, what)
	return m.fails
}

func (m *recorder) Create(_ context.Context, s Server) error {
	m.made = append(m.made, s)
	return m.note("create")
}
func (m *recorder) PowerOn(context.Context, int64) error  { return m.note("on") }
func (m *recorder) PowerOff(context.Context, int64) error { return m.note("off") }
func (m *recorder) Shutdown(context.Context, int64) error { return m.note("off") }
func (m *recorder) Reboot(context.Context, int64) error   { return m.note("reboot") }
func (m *recorder) Delete(context.Context, int64) error   { return m.note("delete") }
func (m *recorder) Firewall(_ context.Context, id int64, rules []FirewallRule) error {
	m.rules = map[int64][]FirewallRule{id: rules}
	return m.note("firewall")
}
