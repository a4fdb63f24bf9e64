package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"rails-on-hetzner/rehearsal/cloud"
	"rails-on-hetzner/rehearsal/host"
)

// serveControl lets the other commands talk to the daemon, over a socket that
// only its owner can open.
func serveControl(ctx context.Context, at place, o daemonOptions, clouds *cloud.Cloud, machines *host.Machines, stop func()) error {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /fault/{name}/{count}", func(w http.ResponseWriter, r *http.Request) {
		count, err := strconv.Atoi(r.PathValue("count"))
		if err == nil {
			skip, _ := strconv.Atoi(r.FormValue("after"))
			err = setFault(clouds, machines, o.Domain, cloud.Fault{Name: r.PathValue("name"), Count: count, Skip: skip, Each: r.FormValue("each") == "true"})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	routes.HandleFunc("GET /calls", func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(clouds.Calls()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	routes.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { stop() })
	return serve(ctx, "unix", at.control(), routes)
}

// setFault switches a fault on in the half of the world it belongs to.
func setFault(clouds *cloud.Cloud, machines *host.Machines, domain string, fault cloud.Fault) error {
	name := fault.Name
	if strings.HasPrefix(name, "ssh-") || strings.HasPrefix(name, "apt-") {
		return machines.SetFault(name, fault.Count)
	}
	if lacking, ok := strings.CutPrefix(name, "token-without-"); ok {
		clouds.SetToken(cloudflareToken, slices.DeleteFunc(slices.Clone(cloud.AllPermissions), func(p cloud.Permission) bool {
			return strings.ReplaceAll(string(p), " ", "-") == lacking
		})...)
		clouds.SetHetznerReadOnly(false)
		return nil
	}
	switch name {
	case "zone-pending":
		return clouds.SetZoneStatus(domain, "pending")
	case "zone-active":
		return clouds.SetZoneStatus(domain, "active")
	case "token-read-only":
		clouds.SetHetznerReadOnly(true)
		return nil
	case "zone-page-rule":
		return clouds.AddPageRule(domain, "http://"+domain+"/*", "always_use_https", nil)
	case "zone-redirect":
		return clouds.AddRedirect(domain, `not ssl`, `concat("https://", http.host, http.request.uri.path)`)
	case "networks-none":
		clouds.SetNetworks(nil, nil)
		return nil
	}
	return clouds.SetFault(fault)
}

func switchFault(ctx context.Context, o options, args []string, after int, each bool) error {
	at, _, err := o.running()
	if err != nil {
		return err
	}
	count := "1"
	if len(args) == 2 {
		count = args[1]
	}
	if count == "always" {
		count = "-1"
	}
	when := url.Values{"after": {strconv.Itoa(after)}, "each": {strconv.FormatBool(each)}}
	return at.tell(ctx, "/fault/"+url.PathEscape(args[0])+"/"+url.PathEscape(count)+"?"+when.Encode())
}

// tell posts to the daemon's control socket.
func (p place) tell(ctx context.Context, path string) error {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", p.control())
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://daemon"+path, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("talking to the rehearsal's daemon: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s", strings.TrimSpace(string(text)))
	}
	return nil
}

func progress(text string) {
	fmt.Fprintln(os.Stderr, "rehearse: "+text)
}
