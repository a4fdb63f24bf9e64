package main

import (
	"bufio"
	"errors"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"rails-on-hetzner/rehearsal/cloud"
	"rails-on-hetzner/rehearsal/daemon"
	"rails-on-hetzner/rehearsal/host"
	"rails-on-hetzner/rehearsal/internet"
)

// startInternet starts what is beyond the clouds, and Cloudflare's edge, which
// trusts its authorities.
func startInternet(at daemon.Dir, clouds *cloud.Cloud) (*internet.Internet, error) {
	resolver, err := resolverOf("/etc/resolv.conf")
	if err == nil && resolver.Addr().IsLoopback() { // of systemd-resolved, out of reach from a network of its own
		resolver, err = resolverOf("/run/systemd/resolve/resolv.conf")
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(at.Logs(), "internet.log"))
	if err != nil {
		return nil, err
	}
	edge, boxes := netip.MustParseAddr(host.EdgeIPv4), netip.AddrPortFrom(netip.MustParseAddr(host.InternetIPv4), 23)
	started, err := internet.Start(internet.Config{
		Address: netip.MustParseAddr(host.InternetIPv4), Resolver: resolver.String(), Log: log.New(file, "", log.LstdFlags),
		Zone: func(host string) ([]netip.Addr, bool) {
			if clouds.HasBox(host) {
				return []netip.Addr{boxes.Addr()}, true
			}
			return clouds.Resolve(host, edge)
		},
		Certificate: clouds.Certify, Password: daemon.RegistryPassword,
	})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(clouds.ServeEdge(edge, started.Roots()), clouds.ServeBoxes(boxes, at.BoxHostKeys())); err != nil {
		return nil, errors.Join(err, started.Close())
	}
	return started, nil
}

// resolverOf is the first of this machine's own resolvers.
func resolverOf(path string) (resolver netip.AddrPort, err error) {
	file, err := os.Open(path)
	if err != nil {
		return resolver, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) >= 2 && words[0] == "nameserver" {
			address, err := netip.ParseAddr(words[1])
			return netip.AddrPortFrom(address, 53), err
		}
	}
	return resolver, errors.New("reading " + path + ": it names no resolver")
}
