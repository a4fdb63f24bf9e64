package edge

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// SeenAs is the IPv4 address by which the world knows this machine: Cloudflare
// tells it to everybody (https://developers.cloudflare.com/fundamentals/reference/cdn-cgi-endpoint/).
// It is no valid one when that does not answer within five seconds. host is the
// API's, "" for Cloudflare's own.
func SeenAs(ctx context.Context, host string) netip.Addr {
	if host == "" {
		host = "api.cloudflare.com"
	}
	// As SSH goes: to an IPv4 address, and by no proxy.
	dialIPv4 := func(ctx context.Context, _, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp4", address)
	}
	return seenAs(ctx, &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: dialIPv4, DisableKeepAlives: true}}, host)
}

func seenAs(ctx context.Context, client *http.Client, host string) netip.Addr {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/cdn-cgi/trace", nil)
	if err != nil {
		return netip.Addr{}
	}
	answer, err := client.Do(request)
	if err != nil {
		return netip.Addr{}
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); answer.StatusCode == http.StatusOK && lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "ip="); found {
			address, _ := netip.ParseAddr(text)
			return address
		}
	}
	return netip.Addr{}
}
