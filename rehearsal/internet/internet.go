// Package internet is what a server reaches beyond the clouds, by its real name:
// the names themselves, the registries of images and Let's Encrypt. Each is the
// real thing as far as its users can tell, with an authority of the rehearsal's
// own behind its certificates.
package internet

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Config says where it is and whom it asks.
type Config struct {
	Address     netip.Addr                                           // of everything here, ports 53 and 443
	Resolver    string                                               // host:port; knows all other names
	Zone        func(host string) (addresses []netip.Addr, has bool) // knows the names of the domain; has is false for others
	Certificate func(host string) (*tls.Certificate, error)          // of an authority that the servers trust
	Password    string                                               // for ghcr.io, of whatever user
	Log         *log.Logger
}

// Internet listens until Close.
type Internet struct {
	images *images
	acme   *acme
	close  []func() error
}

// Start listens.
func Start(c Config) (*Internet, error) {
	i := &Internet{images: newImages(c.Log), acme: newACME(c.Address, c.Log)}
	hosts := map[string]http.Handler{
		"ghcr.io":                      withPassword(c.Password, i.images.registry("ghcr.io")),
		"registry-1.docker.io":         i.images.registry("docker.io"), // as docker.io's images are pulled from
		"acme-v02.api.letsencrypt.org": i.acme,
		"get.docker.com":               http.HandlerFunc(dockersScript),
	}
	names := &names{hosts: hosts, address: c.Address, zone: c.Zone, resolver: c.Resolver}
	stopNames, err := names.serve(c.Address)
	if err != nil {
		return nil, err
	}
	i.close = append(i.close, stopNames)
	if err := i.serve(c, hosts); err != nil {
		return nil, errors.Join(err, i.Close())
	}
	return i, nil
}

// serve answers by TLS, for every host in its own name.
func (i *Internet) serve(c Config, hosts map[string]http.Handler) error {
	certificates := map[string]*tls.Certificate{}
	for host := range hosts {
		certificate, err := c.Certificate(host)
		if err != nil {
			return err
		}
		certificates[host] = certificate
	}
	listener, err := tls.Listen("tcp", netip.AddrPortFrom(c.Address, 443).String(), &tls.Config{
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if certificate := certificates[hello.ServerName]; certificate != nil {
				return certificate, nil
			}
			return nil, fmt.Errorf("there is no %q here", hello.ServerName)
		},
	})
	if err != nil {
		return fmt.Errorf("starting the rehearsal's internet: %w", err)
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, ErrorLog: c.Log, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(r.Host); err == nil {
			host = name
		}
		if handler := hosts[host]; handler != nil {
			handler.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	})}
	i.close = append(i.close, server.Close)
	go server.Serve(listener)
	return nil
}

// Roots are Let's Encrypt's authorities here, in PEM: what everybody trusts.
func (i *Internet) Roots() []byte { return i.acme.roots() }

// Offer makes an image to be had under a name such as
// docker.io/library/postgres:16 or ghcr.io/octocat/app:v1. It lies in a
// directory, in the OCI's layout, alone.
func (i *Internet) Offer(name, directory string) error {
	return i.images.offer(name, directory)
}

// Close ends everything.
func (i *Internet) Close() error {
	var failures []error
	for _, stop := range i.close {
		failures = append(failures, stop())
	}
	return errors.Join(failures...)
}
