package cloud

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// MetadataHandler answers as Hetzner's http://169.254.169.254/hetzner/v1 does,
// by the asking address: whoever is on the server, in a container too, may read
// what the server was told, its user data included.
func (c *Cloud) MetadataHandler() http.Handler {
	entries := []struct {
		name  string
		value func(*server) string
	}{
		{"availability-zone", func(s *server) string { return s.location.Name + "-dc1" }},
		{"hostname", func(s *server) string { return s.name }},
		{"instance-id", func(s *server) string { return strconv.FormatInt(s.id, 10) }},
		{"public-ipv4", func(s *server) string { return c.machine(s).IPv4.String() }},
		{"region", func(s *server) string { return s.location.NetworkZone }},
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /hetzner/v1/userdata", c.metadata(func(s *server) string { return s.userData }))
	routes.HandleFunc("GET /hetzner/v1/metadata/private-networks", c.metadata(func(*server) string { return "" }))
	for _, entry := range entries {
		routes.HandleFunc("GET /hetzner/v1/metadata/"+entry.name, c.metadata(entry.value))
	}
	routes.HandleFunc("GET /hetzner/v1/metadata", c.metadata(func(s *server) (text string) {
		for _, entry := range entries {
			text += fmt.Sprintf("%s: %s\n", entry.name, entry.value(s))
		}
		text += "public-keys:\n"
		for _, key := range s.keys {
			text += "- " + key + "\n"
		}
		return text
	}))
	return routes
}

func (c *Cloud) metadata(about func(*server) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asking, _, _ := net.SplitHostPort(r.RemoteAddr)
		c.mutex.Lock()
		defer c.mutex.Unlock()
		for _, s := range c.hetzner.servers {
			if ip := c.addressOf(s.id, "ipv4"); ip != nil && ip.IP == asking {
				_, _ = io.WriteString(w, about(s)) // fails only when the client has gone
				return
			}
		}
		http.NotFound(w, r)
	}
}
