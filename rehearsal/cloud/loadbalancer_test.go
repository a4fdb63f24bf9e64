package cloud

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

func TestLoadBalancer_PassesOnToTheTargetsThatAreThere(t *testing.T) {
	machines := &balancing{}
	c := start(t, Config{Machines: machines})
	network, balancer, servers := c.network(t, "10.0.0.0/16", "10.0.1.0/24", "us-west"), c.balancer(t), c.fleet(t, 2)
	c.act(t)(c.hetzner().LoadBalancer.AttachToNetwork(ctx, balancer, hcloud.LoadBalancerAttachToNetworkOpts{Network: network}))
	c.act(t)(c.hetzner().LoadBalancer.AddService(ctx, balancer, service(443)))
	for _, server := range servers {
		c.attach(t, server, network, "")
		c.act(t)(c.hetzner().LoadBalancer.AddServerTarget(ctx, balancer, hcloud.LoadBalancerAddServerTargetOpts{Server: server, UsePrivateIP: hcloud.Ptr(true)}))
	}
	if got := machines.last(); got != "198.18.0.10 10.0.1.1 443 to 10.0.1.2 10.0.1.3" {
		t.Errorf("it balances %s", got)
	}
	machines.healthy = map[string]bool{"443 10.0.1.2": true, "443 10.0.1.3": false}
	found, _, err := c.hetzner().LoadBalancer.GetByID(ctx, balancer.ID)
	must(t, err)
	for i, want := range []hcloud.LoadBalancerTargetHealthStatusStatus{"healthy", "unhealthy"} {
		if target := found.Targets[i]; target.HealthStatus[0].Status != want || !target.UsePrivateIP {
			t.Errorf("target %d: %+v", i, target)
		}
	}
	if check := found.Services[0].HealthCheck; check.HTTP.Domain != "example.com" || check.Interval != 3*time.Second || !check.HTTP.TLS {
		t.Errorf("the check is %+v", check)
	}
	c.act(t)(c.hetzner().LoadBalancer.DeleteService(ctx, balancer, 443))
	result, _, err := c.hetzner().Server.DeleteWithResult(ctx, servers[0])
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, result.Action))
	for range 200 { // it is told of that by an action of its own
		if machines.last() == "198.18.0.10 10.0.1.1 to 10.0.1.3" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if got := machines.last(); got != "198.18.0.10 10.0.1.1 to 10.0.1.3" {
		t.Errorf("after a server and the service went it balances %s", got)
	}
	_, err = c.hetzner().LoadBalancer.Delete(ctx, balancer)
	must(t, err)
	_, err = c.hetzner().Network.Delete(ctx, network)
	must(t, err)
}

func TestLoadBalancer_RefusesWhatTheAPIRefuses(t *testing.T) {
	c := start(t, Config{})
	network, balancer, servers := c.network(t, "10.0.0.0/16", "10.0.1.0/24", "us-west"), c.balancer(t), c.fleet(t, 1)
	b := c.hetzner().LoadBalancer
	refused := func(code string) func(*hcloud.Action, *hcloud.Response, error) {
		return func(_ *hcloud.Action, _ *hcloud.Response, err error) {
			t.Helper()
			refusedAs(t, err, code)
		}
	}
	private := hcloud.LoadBalancerAddServerTargetOpts{Server: servers[0], UsePrivateIP: hcloud.Ptr(true)}
	refused("load_balancer_not_attached_to_network")(b.AddServerTarget(ctx, balancer, private))
	c.act(t)(b.AttachToNetwork(ctx, balancer, hcloud.LoadBalancerAttachToNetworkOpts{Network: network}))
	refused("load_balancer_already_attached")(b.AttachToNetwork(ctx, balancer, hcloud.LoadBalancerAttachToNetworkOpts{Network: network}))
	refused("server_not_attached_to_network")(b.AddServerTarget(ctx, balancer, private))
	c.attach(t, servers[0], network, "")
	c.act(t)(b.AddServerTarget(ctx, balancer, private))
	refused("target_already_defined")(b.AddServerTarget(ctx, balancer, private))
	refused("resource_in_use")(b.DetachFromNetwork(ctx, balancer, hcloud.LoadBalancerDetachFromNetworkOpts{Network: network}))
	c.act(t)(b.AddService(ctx, balancer, service(443)))
	refused("source_port_already_used")(b.AddService(ctx, balancer, service(443)))
	hasty := service(80)
	hasty.HealthCheck.Interval = hcloud.Ptr(time.Second)
	refused("invalid_input")(b.AddService(ctx, balancer, hasty))
	for port := range 4 {
		c.act(t)(b.AddService(ctx, balancer, service(8000+port)))
	}
	refused("resource_limit_exceeded")(b.AddService(ctx, balancer, service(9000)))
	_, _, err := b.Create(ctx, hcloud.LoadBalancerCreateOpts{Name: "balancer", LoadBalancerType: &hcloud.LoadBalancerType{Name: "lb11"}, Location: &hcloud.Location{Name: "hil"}})
	refusedAs(t, err, "uniqueness_error")
	c.act(t)(b.ChangeProtection(ctx, balancer, hcloud.LoadBalancerChangeProtectionOpts{Delete: hcloud.Ptr(true)}))
	_, err = b.Delete(ctx, balancer)
	refusedAs(t, err, "protected")
}

func (c testCloud) balancer(t *testing.T) *hcloud.LoadBalancer {
	t.Helper()
	made, _, err := c.hetzner().LoadBalancer.Create(ctx, hcloud.LoadBalancerCreateOpts{Name: "balancer", LoadBalancerType: &hcloud.LoadBalancerType{Name: "lb11"}, Location: &hcloud.Location{Name: "hil"}})
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, made.Action))
	return made.LoadBalancer
}

func (c testCloud) fleet(t *testing.T, n int) (servers []*hcloud.Server) {
	t.Helper()
	order := order1(t, c)
	for i := range n {
		order.Name = fmt.Sprintf("web-%d", i+1)
		servers = append(servers, c.buy(t, order))
	}
	return servers
}

func service(port int) hcloud.LoadBalancerAddServiceOpts {
	return hcloud.LoadBalancerAddServiceOpts{
		Protocol: "tcp", ListenPort: hcloud.Ptr(port), DestinationPort: hcloud.Ptr(port),
		HealthCheck: &hcloud.LoadBalancerAddServiceOptsHealthCheck{
			Protocol: "http", Port: hcloud.Ptr(port), Interval: hcloud.Ptr(3 * time.Second), Timeout: hcloud.Ptr(2 * time.Second), Retries: hcloud.Ptr(1),
			HTTP: &hcloud.LoadBalancerAddServiceOptsHealthCheckHTTP{Domain: hcloud.Ptr("example.com"), Path: hcloud.Ptr("/up"), TLS: hcloud.Ptr(true), StatusCodes: []string{"2??"}},
		},
	}
}

// balancing are machines that remember what is balanced.
type balancing struct {
	networked
	balances []string
	healthy  map[string]bool
}

func (m *balancing) Balance(_ context.Context, wanted Balance) error {
	words := []string{wanted.IPv4.String()}
	if wanted.Private != nil {
		words = append(words, wanted.Private.Address.String())
	}
	for _, service := range wanted.Services {
		words = append(words, fmt.Sprint(service.ListenPort))
	}
	words = append(words, "to")
	for _, target := range wanted.Targets {
		words = append(words, target.String())
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.balances = append(m.balances, strings.Join(words, " "))
	return nil
}

func (m *balancing) Unbalance(context.Context, int64) error { return m.note("unbalance") }

func (m *balancing) Healthy(int64) map[string]bool { return m.healthy }

func (m *balancing) last() string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.balances[len(m.balances)-1]
}
