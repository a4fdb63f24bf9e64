package internet

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// names is the resolver: it knows the hosts that are here and the names of the
// domain's zone, and asks another for the rest.
type names struct {
	hosts    map[string]http.Handler
	address  netip.Addr
	zone     func(host string) ([]netip.Addr, bool)
	resolver string // host:port
}

// serve answers by UDP and, as Pebble asks, by TCP.
func (n *names) serve(address netip.Addr) (stop func() error, err error) {
	at := netip.AddrPortFrom(address, 53).String()
	packets, err := net.ListenPacket("udp", at)
	if err != nil {
		return nil, fmt.Errorf("starting the rehearsal's resolver: %w", err)
	}
	listener, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("starting the rehearsal's resolver: %w", err)
	}
	udp, tcp := &dns.Server{PacketConn: packets, Handler: n}, &dns.Server{Listener: listener, Handler: n}
	go udp.ActivateAndServe()
	go tcp.ActivateAndServe()
	return func() error {
		_ = udp.Shutdown()
		return tcp.Shutdown()
	}, nil
}

func (n *names) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	answer := new(dns.Msg).SetReply(request)
	if len(request.Question) == 1 {
		if addresses, ours := n.find(request.Question[0].Name); ours {
			answer.Authoritative = true
			answer.Answer = records(request.Question[0], addresses)
			if len(addresses) == 0 {
				answer.Rcode = dns.RcodeNameError
			}
		} else {
			answer = n.ask(request, w.LocalAddr().Network())
		}
	}
	_ = w.WriteMsg(answer) // who asked may be gone
}

func (n *names) find(name string) (addresses []netip.Addr, ours bool) {
	host := strings.TrimSuffix(strings.ToLower(name), ".")
	if n.hosts[host] != nil {
		return []netip.Addr{n.address}, true
	}
	return n.zone(host)
}

// records are those that a question is about, which may be none of a name that is there.
func records(question dns.Question, addresses []netip.Addr) (found []dns.RR) {
	for _, address := range addresses {
		header := dns.RR_Header{Name: question.Name, Class: dns.ClassINET, Rrtype: question.Qtype}
		switch {
		case question.Qtype == dns.TypeA && address.Is4():
			found = append(found, &dns.A{Hdr: header, A: address.AsSlice()})
		case question.Qtype == dns.TypeAAAA && address.Is6():
			found = append(found, &dns.AAAA{Hdr: header, AAAA: address.AsSlice()})
		}
	}
	return found
}

func (n *names) ask(request *dns.Msg, network string) *dns.Msg {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client := dns.Client{Net: network, Timeout: 5 * time.Second}
	answer, _, err := client.ExchangeContext(ctx, request, n.resolver)
	if err != nil {
		return new(dns.Msg).SetRcode(request, dns.RcodeServerFailure)
	}
	return answer
}
