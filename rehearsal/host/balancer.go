package host

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"

	"rails-on-hetzner/rehearsal/cloud"
)

var _ cloud.Balancer = (*Machines)(nil)

// balancer is HAProxy on a host of its own: one foot in the internet, one in a
// private network.
type balancer struct {
	name    string
	network *Network
	dir     string
	joined  int64     // the private network; 0: none
	running *exec.Cmd // nil: it has nothing to do
}

// Balance makes a load balancer, or has its HAProxy take over from the one before,
// which ends when its connections have.
func (ms *Machines) Balance(ctx context.Context, wanted cloud.Balance) error {
	ms.mutex.Lock()
	defer ms.mutex.Unlock()
	b := ms.balancers[wanted.ID]
	if b == nil {
		name := fmt.Sprintf("lb%d", wanted.ID)
		network, err := ms.options.Network.Outsider(ctx, name, netip.PrefixFrom(wanted.IPv4, 24), wanted.IPv6)
		if err != nil {
			return err
		}
		b = &balancer{name: name, network: network, dir: filepath.Join(ms.options.RunDir, name)}
		if err := os.MkdirAll(b.dir, 0o700); err != nil {
			return err
		}
		ms.balancers[wanted.ID] = b
	}
	if err := b.join(ctx, ms.options.Network, wanted.Private); err != nil {
		return err
	}
	return b.serve(ctx, wanted)
}

// join gives the balancer the interface that the private network has for it.
func (b *balancer) join(ctx context.Context, outside *Network, place *cloud.PrivateNetwork) error {
	if place == nil {
		if b.joined == 0 {
			return nil
		}
		link := privateLink(b.joined)
		b.joined = 0
		return runAll(ctx, b.network.within("ip", "link", "del", link))
	}
	if b.joined == place.ID {
		return nil
	}
	network, err := outside.private(ctx, *place)
	if err != nil {
		return err
	}
	b.joined = place.ID
	return network.plug(ctx, *place, b.name, b.network.Name, b.network.within)
}

// serve starts HAProxy with what is wanted, in the place of the one that runs.
func (b *balancer) serve(ctx context.Context, wanted cloud.Balance) error {
	before := b.running
	if len(wanted.Services) == 0 {
		b.end()
		return nil
	}
	config := filepath.Join(b.dir, "haproxy.cfg")
	if err := os.WriteFile(config, []byte(b.config(wanted)), 0o600); err != nil {
		return err
	}
	if text, err := exec.CommandContext(ctx, "haproxy", "-c", "-f", config).CombinedOutput(); err != nil {
		return fmt.Errorf("the load balancer's configuration: %w: %s", err, text)
	}
	args := []string{"-db", "-f", config}
	if before != nil { // its sockets are taken over, so that no connection is lost
		args = append(args, "-x", b.socket(), "-sf", fmt.Sprint(before.Process.Pid))
	}
	log, err := os.OpenFile(filepath.Join(b.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := b.network.Command(context.WithoutCancel(ctx), "haproxy", args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }()
	b.running = cmd
	return b.await(cmd.Process.Pid)
}

func (b *balancer) socket() string { return filepath.Join(b.dir, "socket") }

// await waits until the process answers: the one before holds the socket until then.
func (b *balancer) await(pid int) error {
	for range 200 {
		if text, err := b.ask("show info"); err == nil && strings.Contains(text, fmt.Sprintf("\nPid: %d\n", pid)) {
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	text, _ := os.ReadFile(filepath.Join(b.dir, "log"))
	return fmt.Errorf("the load balancer does not run: %s", text)
}

func (b *balancer) ask(command string) (string, error) {
	socket, err := net.Dial("unix", b.socket())
	if err != nil {
		return "", err
	}
	defer socket.Close()
	if _, err := fmt.Fprintln(socket, command); err != nil {
		return "", err
	}
	text, err := io.ReadAll(socket)
	return string(text), err
}

func (b *balancer) end() {
	if b.running != nil {
		_ = b.running.Process.Kill()
		b.running = nil
	}
}

// config has a listener for each service. A connection that a target refuses is
// lost, as far as is known of Hetzner's: no other target is tried.
func (b *balancer) config(wanted cloud.Balance) string {
	var text strings.Builder
	fmt.Fprintf(&text, "global\n  stats socket %s mode 600 level admin expose-fd listeners\ndefaults\n  mode tcp\n  retries 0\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n", b.socket())
	algorithm := "roundrobin"
	if wanted.LeastConnections {
		algorithm = "leastconn"
	}
	for _, service := range wanted.Services {
		check := service.HealthCheck
		fmt.Fprintf(&text, "listen %d\n  bind %s\n  bind %s\n  balance %s\n", service.ListenPort,
			netip.AddrPortFrom(wanted.IPv4, uint16(service.ListenPort)), netip.AddrPortFrom(wanted.IPv6.Addr(), uint16(service.ListenPort)), algorithm)
		options := fmt.Sprintf("check port %d inter %ds fall %d rise %d", check.Port, check.Interval, check.Retries, check.Retries)
		fmt.Fprintf(&text, "  timeout check %ds\n", check.Timeout)
		if check.Protocol == "http" {
			fmt.Fprintf(&text, "  option httpchk\n  http-check send meth GET uri %s ver HTTP/1.1 hdr Host %s\n  http-check expect rstatus ^(%s)$\n", check.HTTP.Path, check.HTTP.Domain, statuses(check.HTTP))
			if check.HTTP.TLS {
				options += fmt.Sprintf(" check-ssl verify none check-sni %s", check.HTTP.Domain)
			}
		}
		if service.Proxyprotocol {
			options += " send-proxy"
		}
		for _, target := range wanted.Targets {
			fmt.Fprintf(&text, "  server %s %s:%d %s\n", target, target, service.DestinationPort, options)
		}
	}
	return text.String()
}

// statuses is an expression for status codes such as 2??.
func statuses(check *schema.LoadBalancerServiceHealthCheckHTTP) string {
	return strings.ReplaceAll(strings.Join(check.StatusCodes, "|"), "?", "[0-9]")
}

// Unbalance ends a load balancer.
func (ms *Machines) Unbalance(ctx context.Context, id int64) error {
	ms.mutex.Lock()
	defer ms.mutex.Unlock()
	b := ms.balancers[id]
	if b == nil {
		return nil
	}
	delete(ms.balancers, id)
	b.end()
	return run(ctx, "ip", "netns", "del", b.network.Name)
}

// Healthy asks HAProxy what it thinks of its servers. Columns of `show stat` are
// told in its first line (https://docs.haproxy.org/2.6/management.html#9.1).
func (ms *Machines) Healthy(id int64) map[string]bool {
	ms.mutex.Lock()
	b := ms.balancers[id]
	ms.mutex.Unlock()
	healthy := map[string]bool{}
	if b == nil {
		return healthy
	}
	text, err := b.ask("show stat")
	if err != nil {
		return healthy
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(strings.TrimSpace(text), "# "))).ReadAll()
	if err != nil || len(rows) == 0 {
		return healthy
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	for _, row := range rows[1:] {
		if check := row[column("check_status")]; check != "" && check != "INI" && row[column("svname")] != "BACKEND" {
			healthy[row[column("pxname")]+" "+row[column("svname")]] = strings.HasPrefix(row[column("status")], "UP")
		}
	}
	return healthy
}
