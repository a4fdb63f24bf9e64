package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rails-on-hetzner/rehearsal/cloud"
	"rails-on-hetzner/rehearsal/daemon"
	"rails-on-hetzner/rehearsal/host"
	"rails-on-hetzner/rehearsal/internet"
)

// serveControl lets the other commands talk to the daemon, over a socket that
// only its owner can open.
func serveControl(ctx context.Context, at daemon.Dir, o daemon.Options, clouds *cloud.Cloud, machines *host.Machines, internet *internet.Internet, stop func()) error {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /fault/{name}/{count}", func(w http.ResponseWriter, r *http.Request) {
		count, err := strconv.Atoi(r.PathValue("count"))
		if err == nil {
			skip, _ := strconv.Atoi(r.FormValue("after"))
			err = setFault(clouds, machines, o, cloud.Fault{Name: r.PathValue("name"), Count: count, Skip: skip, Each: r.FormValue("each") == "true"})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	routes.HandleFunc("POST /offer", func(w http.ResponseWriter, r *http.Request) {
		if err := internet.Offer(r.FormValue("name"), r.FormValue("directory")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	routes.HandleFunc("GET /calls", func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(clouds.Calls()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	routes.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { stop() })
	return serve(ctx, "unix", at.Socket(), routes)
}

// setFault switches a fault on in the half of the world it belongs to.
func setFault(clouds *cloud.Cloud, machines *host.Machines, o daemon.Options, fault cloud.Fault) error {
	name := fault.Name
	if strings.HasPrefix(name, "ssh-") || strings.HasPrefix(name, "apt-") || strings.HasPrefix(name, "firewall-") {
		return machines.SetFault(name, fault.Count)
	}
	if lacking, ok := strings.CutPrefix(name, "token-without-"); ok {
		clouds.SetToken(o.CloudflareToken, slices.DeleteFunc(slices.Clone(cloud.AllPermissions), func(p cloud.Permission) bool {
			return strings.ReplaceAll(string(p), " ", "-") == lacking
		})...)
		clouds.SetHetznerReadOnly(false)
		return nil
	}
	switch name {
	case "zone-pending":
		return clouds.SetZoneStatus(o.Domain, "pending")
	case "zone-active":
		return clouds.SetZoneStatus(o.Domain, "active")
	case "token-read-only":
		clouds.SetHetznerReadOnly(true)
		return nil
	case "zone-page-rule":
		return clouds.AddPageRule(o.Domain, "http://"+o.Domain+"/*", "always_use_https", nil)
	case "zone-redirect":
		return clouds.AddRedirect(o.Domain, `not ssl`, `concat("https://", http.host, http.request.uri.path)`)
	case "networks-none":
		clouds.SetNetworks(nil, nil)
		return nil
	}
	return clouds.SetFault(fault)
}
