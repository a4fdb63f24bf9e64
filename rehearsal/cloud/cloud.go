// Package cloud is a local stand-in for the two clouds a deployment talks to:
// Hetzner Cloud's API and Cloudflare's API v4, as far as the program uses them.
// It is strict, because a lenient one proves nothing: what the real APIs refuse
// is refused with their own codes.
package cloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Config says what the clouds hold at first.
type Config struct {
	Zones           []string     // the account's Cloudflare zones
	Developer       string       // optional: his address, as the internet sees it
	IPv4            []netip.Addr // addresses to give out
	IPv6            netip.Prefix // networks to give out; of a /64, as Hetzner's are, only parts
	Boxes           string       // directory for the files of Storage Boxes
	Machines        Machines     // optional: without it servers exist on paper only
	CertDir         string       // where the certificate authorities are written
	LogFile         string       // optional: every call as a line of JSON
	KeepBodies      bool         // optional: calls show what was sent, secrets too; never in LogFile
	ActionTime      time.Duration
	HetznerToken    string
	CloudflareToken string
}

// Cloud is both clouds, listening on loopback.
type Cloud struct {
	config     Config
	ctx        context.Context // ends with Close
	stop       context.CancelFunc
	work       sync.WaitGroup // the actions under way
	calls      callLog
	faults     faults
	visitors   *authority // signs what visitors of the edge and users of the API see
	origin     *authority // signs origin certificates
	mutex      sync.Mutex // guards what follows
	hetzner    hetznerState
	cloudflare cloudflareState
	nextID     int64
	servers    []*http.Server

	hetznerAddress, cloudflareAddress, caFile string
}

// Start listens on free ports of 127.0.0.1.
func Start(config Config) (*Cloud, error) {
	c := &Cloud{config: config, nextID: 1000, hetzner: newHetznerState(), cloudflare: newCloudflareState(config.CloudflareToken)}
	c.ctx, c.stop = context.WithCancel(context.Background())
	for _, name := range config.Zones {
		c.addZone(name)
	}
	if err := c.calls.open(config.LogFile); err != nil {
		return nil, err
	}
	var err error
	if c.visitors, err = newAuthority("Rehearsal edge CA"); err != nil {
		return nil, err
	}
	if c.origin, err = newAuthority("Rehearsal origin CA"); err != nil {
		return nil, err
	}
	if c.caFile, err = writeAuthorities(config.CertDir, c.visitors, c.origin); err != nil {
		return nil, err
	}
	certificate, err := c.visitors.serverCertificate("localhost")
	if err != nil {
		return nil, err
	}
	if c.hetznerAddress, err = c.listen(nil, c.guard("hetzner", c.hetznerRoutes())); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if c.cloudflareAddress, err = c.listen(certificate, c.guard("cloudflare", c.cloudflareRoutes())); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cloud) listen(certificate *tls.Certificate, handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("starting the local cloud: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	c.servers = append(c.servers, server)
	if certificate != nil {
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*certificate}})
	}
	go server.Serve(listener) // ends with Close
	return listener.Addr().String(), nil
}

// HetznerURL is the value for HCLOUD_ENDPOINT.
func (c *Cloud) HetznerURL() string { return "http://" + c.hetznerAddress + "/v1" }

// BoxURL is the value for HETZNER_ENDPOINT.
func (c *Cloud) BoxURL() string { return "http://" + c.hetznerAddress + "/boxes/v1" }

// CloudflareHost is the value for CLOUDFLARE_API_HOSTNAME.
func (c *Cloud) CloudflareHost() string {
	_, port, _ := net.SplitHostPort(c.cloudflareAddress)
	return "localhost:" + port
}

// CAFile is the value for SSL_CERT_FILE: the system's authorities and the edge's.
func (c *Cloud) CAFile() string { return c.caFile }

// Authority is the edge's, in PEM, and Certify signs with it for a host that is
// not Cloudflare's: to the rehearsal it is everybody's public authority.
func (c *Cloud) Authority() []byte { return c.visitors.pem() }

// Certify makes a certificate that who trusts Authority accepts.
func (c *Cloud) Certify(host string) (*tls.Certificate, error) {
	return c.visitors.serverCertificate(host)
}

// Close stops listening and waits for the actions under way, which are told to
// stop. Machines are their owner's.
func (c *Cloud) Close() error {
	c.stop()
	var failures []error
	for _, server := range c.servers {
		failures = append(failures, server.Close())
	}
	c.work.Wait()
	return errors.Join(append(failures, c.calls.close())...)
}

// id numbers everything; the caller holds the lock.
func (c *Cloud) id() int64 {
	c.nextID++
	return c.nextID
}
