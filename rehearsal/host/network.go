package host

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Network is the small internet of one rehearsal: a network namespace in which
// everything of it runs. A bridge joins the server, the clients and the
// metadata address; one uplink leads to the package mirror.
//
//	198.18.0.0/24, 2001:db8:18::/64   the bridge "lan" (RFC 2544, RFC 3849: never routed)
//	198.19.N.0/30                     the uplink, N unique per rehearsal
type Network struct {
	Name string // the namespace's name
}

const (
	GatewayIPv4 = "198.18.0.1" // the developer, as servers see him
	gatewayIPv6 = "2001:db8:18::1"
	metadata    = "169.254.169.254"
	forwarding  = "/proc/sys/net/ipv4/ip_forward"

	// A bridge without one of its own takes that of a port, and another when that goes:
	// all others would have to find it anew.
	bridgeMAC = "86:00:00:00:00:01"

	InternetIPv4 = "198.18.0.53"  // the registries, Let's Encrypt and the resolver
	EdgeIPv4     = "198.18.0.131" // Cloudflare's edge: one of the networks that it calls its own
)

// stateDir remembers what has to be put back when the last rehearsal ends.
const stateDir = "/run/rails-on-hetzner"

// OpenNetwork names a network that NewNetwork made.
func OpenNetwork(name string) *Network { return &Network{Name: name} }

// NewNetwork makes the namespace called name. What a killed rehearsal left
// under the same name is removed first.
func NewNetwork(ctx context.Context, name string) (*Network, error) {
	n := &Network{Name: name}
	n.Close()
	unlock, err := lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	slot, err := freeSlot()
	if err != nil {
		return nil, err
	}
	steps := n.steps(slot)
	if err := rememberForwarding(name); err != nil {
		return nil, err
	}
	if err := runAll(ctx, steps...); err != nil {
		return nil, errors.Join(fmt.Errorf("making the rehearsal's network: %w", err), n.Close())
	}
	return n, nil
}

func (n *Network) steps(slot int) [][]string {
	outer, inner := n.uplink(), "uplink"
	outside, inside := fmt.Sprintf("198.19.%d.1", slot), fmt.Sprintf("198.19.%d.2", slot)
	nat := fmt.Sprintf("table ip %s { chain out { type nat hook postrouting priority srcnat; ip saddr %s masquerade; }; }", n.table(), inside)
	within := n.within
	return [][]string{
		{"ip", "netns", "add", n.Name},
		{"ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", n.Name},
		{"ip", "addr", "add", outside + "/30", "dev", outer},
		{"ip", "link", "set", outer, "up"},
		within("ip", "link", "set", "lo", "up"),
		within("ip", "addr", "add", inside+"/30", "dev", inner),
		within("ip", "link", "set", inner, "up"),
		within("ip", "route", "add", "default", "via", outside),
		within("ip", "link", "add", "lan", "address", bridgeMAC, "type", "bridge"),
		within("ip", "addr", "add", GatewayIPv4+"/24", "dev", "lan"),
		within("ip", "addr", "add", InternetIPv4+"/24", "dev", "lan"),
		within("ip", "addr", "add", EdgeIPv4+"/24", "dev", "lan"),
		within("ip", "addr", "add", metadata+"/32", "dev", "lan"),
		within("ip", "-6", "addr", "add", gatewayIPv6+"/64", "dev", "lan", "nodad"),
		within("ip", "link", "set", "lan", "up"),
		within("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"),
		within("nft", fmt.Sprintf("table ip rehearsal { chain out { type nat hook postrouting priority srcnat; oifname %q masquerade; }; }", inner)),
		{"sh", "-c", "echo 1 >" + forwarding},
		{"nft", nat},
	}
}

// Close removes the network and everything that still runs in it. It may be
// called again, and for a network that another process made.
func (n *Network) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	n.endProcesses(ctx)
	for _, outsider := range n.outsiders() {
		_ = run(ctx, "ip", "netns", "del", outsider)
	}
	// Deleting the link deletes its other end; each may be gone already.
	_ = run(ctx, "ip", "link", "del", n.uplink())
	_ = run(ctx, "nft", "delete", "table", "ip", n.table())
	if _, err := os.Stat(n.path()); err == nil {
		if err := run(ctx, "ip", "netns", "del", n.Name); err != nil {
			return err
		}
	}
	return restoreForwarding(n.Name)
}

// endProcesses kills what a rehearsal left running, and waits until it is gone:
// one that is deleting a server's files dies when the disk lets it.
func (n *Network) endProcesses(ctx context.Context) {
	for range 300 {
		var left []string
		for _, namespace := range append(n.outsiders(), n.Name) {
			pids, err := output(ctx, "ip", "netns", "pids", namespace)
			if err == nil {
				left = append(left, strings.Fields(pids)...)
			}
		}
		if len(left) == 0 {
			return
		}
		endAll(left)
		time.Sleep(100 * time.Millisecond)
	}
}

// endAll kills processes, and not by kill(1), which a minimal system lacks. A
// control group names those of another PID namespace 0, which to kill(2) is the
// caller's own group.
func endAll(pids []string) {
	for _, pid := range pids {
		if number, err := strconv.Atoi(pid); err == nil && number > 0 {
			_ = syscall.Kill(number, syscall.SIGKILL)
		}
	}
}

// Command prepares a program that runs in the network. It is nsenter and not
// `ip netns exec`, which would hide the cgroups by mounting /sys anew.
func (n *Network) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	words := n.within(append([]string{name}, args...)...)
	return exec.CommandContext(ctx, words[0], words[1:]...)
}

// Outsider makes another host on the bridge, with addresses of its own, to look
// at the server from outside. It lives as long as the network.
func (n *Network) Outsider(ctx context.Context, name string, addresses ...netip.Prefix) (*Network, error) {
	other := &Network{Name: n.Name + "." + name}
	steps := [][]string{
		{"ip", "netns", "add", other.Name},
		n.within("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", other.Name),
		n.within("ip", "link", "set", name, "master", "lan", "up"),
		other.within("ip", "link", "set", "lo", "up"),
		other.within("ip", "link", "set", "eth0", "up"),
	}
	for _, address := range addresses {
		add := []string{"ip", "addr", "add", address.String(), "dev", "eth0"}
		if address.Addr().Is6() {
			add = append(add, "nodad")
		}
		steps = append(steps, other.within(add...))
	}
	if err := runAll(ctx, steps...); err != nil {
		return nil, fmt.Errorf("making the outside host %s: %w", name, err)
	}
	return other, nil
}

func (n *Network) outsiders() []string {
	paths, _ := filepath.Glob("/run/netns/" + n.Name + ".*")
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}

// within is a command line that runs in the network.
func (n *Network) within(words ...string) []string {
	return append([]string{"nsenter", "--net=" + n.path()}, words...)
}

func (n *Network) path() string  { return "/run/netns/" + n.Name }
func (n *Network) table() string { return strings.ReplaceAll(n.Name, "-", "_") }

// uplink names the outer end of the uplink; interface names have 15 characters.
func (n *Network) uplink() string {
	sum := 0
	for _, c := range n.Name {
		sum = (sum*31 + int(c)) % 1_000_000
	}
	return fmt.Sprintf("rehears-%06d", sum)
}

// freeSlot finds an uplink subnet that no interface uses.
func freeSlot() (int, error) {
	used, err := output(context.Background(), "ip", "-4", "-o", "addr", "show")
	if err != nil {
		return 0, err
	}
	for slot := range 255 {
		if !strings.Contains(used, fmt.Sprintf(" 198.19.%d.1/", slot)) {
			return slot, nil
		}
	}
	return 0, errors.New("255 rehearsals are running already; end some with: scripts/rehearse down --name NAME")
}

// lock makes rehearsals that start at the same moment choose their subnets one
// after the other.
func lock() (unlock func(), err error) {
	file, err := os.OpenFile(stateDir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { file.Close() }, nil
}
