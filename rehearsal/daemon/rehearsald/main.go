// Command rehearsald is the world of one rehearsal: the local clouds, the
// servers they sell, and the providers that stand in for published ones. The
// tool starts it in the rehearsal's network, and it runs until it is told to stop.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"rails-on-hetzner/rehearsal/cloud"
	"rails-on-hetzner/rehearsal/daemon"
	"rails-on-hetzner/rehearsal/host"
	"rails-on-hetzner/rehearsal/providers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: rehearsald DIRECTORY (scripts/rehearse starts it)")
		os.Exit(2)
	}
	if err := run(ctx, daemon.Dir(os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, "rehearsald:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, at daemon.Dir) error {
	o, err := at.Options()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	machines := host.NewMachines(host.Options{
		Network: host.OpenNetwork(o.Network), RootFS: o.RootFS, RunDir: at.Machines(), LogDir: at.Logs(),
	})
	defer machines.Close()
	clouds, err := cloud.Start(cloud.Config{
		Zones:        []string{o.Domain},
		Developer:    host.GatewayIPv4,
		IPv4:         serverAddresses(),
		IPv6:         netip.MustParsePrefix("2001:db8:18::/64"),
		Boxes:        filepath.Join(string(at), "boxes"),
		Machines:     machines,
		CertDir:      filepath.Join(string(at), "certificates"),
		LogFile:      filepath.Join(at.Logs(), "cloud-calls.jsonl"),
		ActionTime:   500 * time.Millisecond,
		HetznerToken: o.HetznerToken, CloudflareToken: o.CloudflareToken,
	})
	if err != nil {
		return err
	}
	defer clouds.Close()
	machines.Trust(clouds.Authority())
	internet, err := startInternet(at, clouds)
	if err != nil {
		return err
	}
	defer internet.Close()
	// What Cloudflare calls its own: a part of the bridge, so that tests can stand in it.
	clouds.SetNetworks([]string{"198.18.0.128/26"}, []string{"2001:db8:18:cf::/64"})

	// The stand-ins read the same variables as the published plugins would.
	for name, value := range map[string]string{
		"HCLOUD_ENDPOINT": clouds.HetznerURL(), "HETZNER_ENDPOINT": clouds.BoxURL(), "HCLOUD_TOKEN": o.HetznerToken,
		"CLOUDFLARE_API_HOSTNAME": clouds.CloudflareHost(), "CLOUDFLARE_API_TOKEN": o.CloudflareToken, "SSL_CERT_FILE": clouds.CAFile(),
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	ports, stopStandIns, err := providers.Serve(ctx, o.StandIns)
	if err != nil {
		return err
	}
	defer stopStandIns()

	if err := serveMetadata(ctx, clouds.MetadataHandler()); err != nil {
		return err
	}
	if err := serveControl(ctx, at, o, clouds, machines, internet, stop); err != nil {
		return err
	}
	if err := at.SetStatus(daemon.Status{
		PID: os.Getpid(), Hetzner: clouds.HetznerURL(), Boxes: clouds.BoxURL(), Cloudflare: clouds.CloudflareHost(),
		Authorities: clouds.CAFile(), StandIns: ports,
	}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// serverAddresses are the public addresses that the local cloud gives out.
func serverAddresses() []netip.Addr {
	var pool []netip.Addr
	for last := byte(10); last < 30; last++ {
		pool = append(pool, netip.AddrFrom4([4]byte{198, 18, 0, last}))
	}
	return pool
}

// serveMetadata answers where Hetzner's servers ask for their user data.
func serveMetadata(ctx context.Context, handler http.Handler) error {
	return serve(ctx, "tcp", "169.254.169.254:80", handler)
}

func serve(ctx context.Context, network, address string, handler http.Handler) error {
	listener, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", address, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "serving", address, err)
		}
	}()
	context.AfterFunc(ctx, func() { server.Close() })
	return nil
}
