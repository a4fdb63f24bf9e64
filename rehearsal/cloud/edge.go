package cloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// connectTime is how long the edge waits for an origin, as Cloudflare does:
// https://developers.cloudflare.com/fundamentals/reference/connection-limits/
const connectTime = 19 * time.Second

// edge is what visitors of a proxied name reach: it ends their TLS and asks the
// origin that the zone's records name, in the way that the zone's SSL mode says
// (https://developers.cloudflare.com/ssl/origin-configuration/ssl-modes/).
type edge struct {
	clouds *Cloud
	from   netip.Addr     // where origins see it come from
	roots  *x509.CertPool // the authorities that mode strict trusts
	ports  map[string]int // of origins, by scheme
	issued sync.Map       // for visitors: host -> *tls.Certificate
	proxy  map[bool]http.Handler
}

// ServeEdge listens on ports 80 and 443 of an address, which is one of those
// that Cloudflare calls its own. publicRoots are the authorities that everybody
// trusts, in PEM; Cloudflare's own for origins is trusted here besides. The edge
// ends with Close.
func (c *Cloud) ServeEdge(address netip.Addr, publicRoots []byte) error {
	e, err := c.newEdge(address, publicRoots)
	if err != nil {
		return err
	}
	for port, tlsConfig := range map[uint16]*tls.Config{80: nil, 443: {GetCertificate: e.certificate, NextProtos: []string{"h2", "http/1.1"}}} {
		listener, err := net.Listen("tcp", netip.AddrPortFrom(address, port).String())
		if err != nil {
			return fmt.Errorf("starting Cloudflare's edge: %w", err)
		}
		server := &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second, TLSConfig: tlsConfig}
		c.servers = append(c.servers, server)
		if tlsConfig == nil {
			go server.Serve(listener) // ends with Close
		} else {
			go server.ServeTLS(listener, "", "")
		}
	}
	return nil
}

func (c *Cloud) newEdge(address netip.Addr, publicRoots []byte) (*edge, error) {
	e := &edge{clouds: c, from: address, roots: x509.NewCertPool(), ports: map[string]int{"http": 80, "https": 443}}
	e.roots.AddCert(c.origin.certificate)
	if len(publicRoots) > 0 && !e.roots.AppendCertsFromPEM(publicRoots) {
		return nil, errors.New("the public authorities are no certificates")
	}
	e.proxy = map[bool]http.Handler{true: e.to(true), false: e.to(false)}
	return e, nil
}

// certificate is the one that Cloudflare makes for every name of an active zone.
func (e *edge) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := hello.ServerName
	if _, found := e.clouds.visit(host); !found {
		return nil, fmt.Errorf("no certificate for %q", host)
	}
	if made, found := e.issued.Load(host); found {
		return made.(*tls.Certificate), nil
	}
	made, err := e.clouds.visitors.serverCertificate(host)
	if err == nil {
		e.issued.Store(host, made)
	}
	return made, err
}

// visit is what the edge knows of a name.
type visit struct {
	origins     []netip.Addr
	mode        string // of the zone: off, flexible, full, strict
	alwaysHTTPS bool
}

// visit finds the proxied records of a name.
func (c *Cloud) visit(host string) (v visit, found bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, z := range c.cloudflare.zones {
		if host != z.name && !strings.HasSuffix(host, "."+z.name) || z.status != "active" {
			continue
		}
		v.mode, _ = z.settings["ssl"].(string)
		v.alwaysHTTPS = z.settings["always_use_https"] == "on"
		for _, r := range z.records {
			if address, err := netip.ParseAddr(r.Content); r.Name == host && r.Proxied && err == nil {
				v.origins, found = append(v.origins, address), true
			}
		}
	}
	// IPv4 first, as long as the order is of no matter.
	slices.SortFunc(v.origins, netip.Addr.Compare)
	return v, found
}

// Resolve is what Cloudflare's name servers answer: of proxied names the edge's
// address. ours is whether the name is in one of the zones at all.
func (c *Cloud) Resolve(host string, edge netip.Addr) (addresses []netip.Addr, ours bool) {
	if _, proxied := c.visit(host); proxied {
		return []netip.Addr{edge}, true
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, z := range c.cloudflare.zones {
		if host != z.name && !strings.HasSuffix(host, "."+z.name) {
			continue
		}
		ours = true
		for _, r := range z.records {
			if address, err := netip.ParseAddr(r.Content); r.Name == host && err == nil {
				addresses = append(addresses, address)
			}
		}
	}
	return addresses, ours
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	v, found := e.clouds.visit(host)
	switch {
	case !found:
		deny(w, 409, "Error 1001: DNS resolution error") // no proxied record of that name
	case r.TLS == nil && v.alwaysHTTPS:
		http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusMovedPermanently)
	case r.TLS != nil && v.mode == "off":
		http.Redirect(w, r, "http://"+host+r.URL.RequestURI(), http.StatusMovedPermanently)
	default:
		r.Host = host
		e.proxy[v.mode == "strict"].ServeHTTP(w, r)
	}
}

// deny answers as Cloudflare's own error pages do, as far as a program sees.
func deny(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Server", "cloudflare")
	http.Error(w, fmt.Sprintf("error code: %d %s", status, text), status)
}

// to is the way to the origins, with their certificates verified or not.
func (e *edge) to(verified bool) http.Handler {
	transport := func(alone bool) *http.Transport {
		return &http.Transport{
			DialContext: e.dial,
			DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return e.dialTLS(ctx, network, address, verified)
			},
			DisableKeepAlives:  alone,
			IdleConnTimeout:    5 * time.Second,
			DisableCompression: true,
		}
	}
	keeping := make([]*http.Transport, 3)
	for i := range keeping {
		keeping[i] = transport(false)
	}
	return &httputil.ReverseProxy{
		Transport: &machines{keeping: keeping, others: transport(true), visit: e.clouds.visit},
		Rewrite: func(r *httputil.ProxyRequest) {
			scheme, plain := "http", r.In.TLS == nil
			if v, _ := e.clouds.visit(r.In.Host); !plain && (v.mode == "full" || v.mode == "strict") {
				scheme = "https"
			}
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = scheme, net.JoinHostPort(r.In.Host, strconv.Itoa(e.ports[scheme])), r.In.Host
			// What a visitor claims stays in front of what is known of him.
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
			r.SetXForwarded()
			visitor, _, _ := net.SplitHostPort(r.In.RemoteAddr)
			r.Out.Header.Set("CF-Connecting-IP", visitor)
			r.Out.Header.Set("CF-Visitor", fmt.Sprintf(`{"scheme":%q}`, r.Out.Header.Get("X-Forwarded-Proto")))
			r.Out.Header.Del("X-Forwarded-Host") // not one of Cloudflare's
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			status := originStatus(err)
			deny(w, status, err.Error())
		},
	}
}

// machines are the edge's: every other request is, in turn, one of a few machines'
// that keep their connections, as long as the records are the same, so that behind a
// load balancer each server has some; and the rest come from as many others, for each
// of which it is the first.
type machines struct {
	keeping []*http.Transport
	others  *http.Transport
	visit   func(host string) (visit, bool)

	mutex   sync.Mutex
	asked   int
	origins map[string]string
}

func (m *machines) RoundTrip(r *http.Request) (*http.Response, error) {
	return m.next(r.Host).RoundTrip(r)
}

// next is the machine that the next visitor of a name comes to.
func (m *machines) next(host string) *http.Transport {
	v, _ := m.visit(host)
	origins := fmt.Sprint(v.origins)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.origins == nil {
		m.origins = map[string]string{}
	}
	if m.origins[host] != origins {
		for _, machine := range m.keeping {
			machine.CloseIdleConnections()
		}
	}
	m.origins[host] = origins
	m.asked++
	if m.asked%2 == 0 {
		return m.others
	}
	return m.keeping[m.asked/2%len(m.keeping)]
}

func (e *edge) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	v, _ := e.clouds.visit(host)
	if len(v.origins) == 0 {
		return nil, fmt.Errorf("%s has no proxied record any more", host)
	}
	dialer := net.Dialer{Timeout: connectTime, LocalAddr: &net.TCPAddr{IP: e.from.AsSlice()}}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(v.origins[0].String(), port))
}

func (e *edge) dialTLS(ctx context.Context, network, address string, verified bool) (net.Conn, error) {
	plain, err := e.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(address)
	conn := tls.Client(plain, &tls.Config{ServerName: host, RootCAs: e.roots, InsecureSkipVerify: !verified})
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, handshakeError{err}
	}
	return conn, nil
}

// handshakeError is a TLS handshake with an origin that came to nothing.
type handshakeError struct{ error }

func (e handshakeError) Unwrap() error { return e.error }

// originStatus is the number that Cloudflare gives to what is wrong with an
// origin: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
func originStatus(err error) int {
	var handshake handshakeError
	var unverified *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &unverified):
		return 526 // invalid certificate
	case errors.As(err, &handshake):
		return 525 // handshake failed
	case errors.Is(err, syscall.ECONNREFUSED):
		return 521 // the web server is down
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return 523 // the origin is unreachable
	case errors.As(err, &timeout) && timeout.Timeout():
		return 522 // connection timed out
	}
	return 520 // anything else
}
