package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rails-on-hetzner/rehearsal/cloud"
	"rails-on-hetzner/rehearsal/host"
	"rails-on-hetzner/rehearsal/providers"
)

// daemonStatus is what the daemon writes once everything listens.
type daemonStatus struct {
	PID         int            `json:"pid"`
	Hetzner     string         `json:"hetzner"`     // HCLOUD_ENDPOINT
	Cloudflare  string         `json:"cloudflare"`  // CLOUDFLARE_API_HOSTNAME
	Authorities string         `json:"authorities"` // SSL_CERT_FILE
	StandIns    map[string]int `json:"standIns"`    // package -> port
}

func (p place) daemonFile() string { return p.join("daemon.json") }

func (d daemonStatus) debugProviders() string {
	var attached []string
	for name, port := range d.StandIns {
		attached = append(attached, fmt.Sprintf("%s:%d", name, port))
	}
	slices.Sort(attached)
	return strings.Join(attached, ",")
}

// daemonOptions is handed to the daemon in a file: it runs in the rehearsal's
// network namespace, as a process of its own.
type daemonOptions struct {
	RootFS   string   `json:"rootFS"`
	Network  string   `json:"network"`
	Domain   string   `json:"domain"`
	StandIns []string `json:"standIns"`
}

func (p place) daemonOptionsFile() string { return p.join("daemon-options.json") }

func daemonCommand() *cobra.Command {
	return &cobra.Command{
		Use: "daemon DIRECTORY", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return daemon(cmd.Context(), place(args[0])) },
	}
}

// daemon is the world around the deployment: both clouds, the machines that the
// Hetzner one sells, and the stand-ins for providers that are not installed.
func daemon(ctx context.Context, at place) error {
	var o daemonOptions
	if err := readJSON(at.daemonOptionsFile(), &o); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	machines := host.NewMachines(host.Options{
		Network: host.OpenNetwork(o.Network), RootFS: o.RootFS, RunDir: at.join("machines"),
		LogDir: at.logs(),
	})
	defer machines.Close()
	clouds, err := cloud.Start(cloud.Config{
		Zones:        []string{o.Domain},
		IPv4:         serverAddresses(),
		IPv6:         netip.MustParsePrefix("2001:db8:18::/64"),
		Machines:     machines,
		CertDir:      at.join("certificates"),
		LogFile:      filepath.Join(at.logs(), "cloud-calls.jsonl"),
		ActionTime:   500 * time.Millisecond,
		HetznerToken: hetznerToken, CloudflareToken: cloudflareToken,
	})
	if err != nil {
		return err
	}
	defer clouds.Close()
	// What Cloudflare calls its own: a part of the bridge, so that tests can stand in it.
	clouds.SetNetworks([]string{"198.18.0.128/26"}, []string{"2001:db8:18:cf::/64"})

	// The stand-ins read the same variables as the published plugins would.
	for name, value := range map[string]string{
		"HCLOUD_ENDPOINT": clouds.HetznerURL(), "HCLOUD_TOKEN": hetznerToken,
		"CLOUDFLARE_API_HOSTNAME": clouds.CloudflareHost(), "CLOUDFLARE_API_TOKEN": cloudflareToken, "SSL_CERT_FILE": clouds.CAFile(),
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
	if err := serveControl(ctx, at, o, clouds, machines, stop); err != nil {
		return err
	}
	if err := writeJSON(at.daemonFile(), daemonStatus{
		PID: os.Getpid(), Hetzner: clouds.HetznerURL(), Cloudflare: clouds.CloudflareHost(),
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
