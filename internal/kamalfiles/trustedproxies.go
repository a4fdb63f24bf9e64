package kamalfiles

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// kamal-proxy appends whoever connects to it to X-Forwarded-For, and Rails takes
// the last address there that is no trusted proxy's
// (https://api.rubyonrails.org/classes/ActionDispatch/RemoteIp.html): behind
// Cloudflare that is Cloudflare's, until its networks are trusted.

const (
	trustBegins = "# Cloudflare's networks, written and kept current by the deployment program: its addresses are no visitors'."
	trustEnds   = "# End of Cloudflare's networks."
)

var (
	trustBlock  = regexp.MustCompile(`(?m)^[ \t]*` + regexp.QuoteMeta(trustBegins) + `(?s:.*?)` + regexp.QuoteMeta(trustEnds) + `[ \t]*\r?\n?`)
	ownTrust    = regexp.MustCompile(`(?m)^[ \t]*config\.action_dispatch\.trusted_proxies\b`)
	forceSSLSet = regexp.MustCompile(`(?m)^([ \t]*)config\.force_ssl[ \t]*=[^\r\n]*\r?\n`)
)

// trustProxies keeps the networks in config.action_dispatch.trusted_proxies, in a
// block of its own behind force_ssl; without networks there is no block. A
// setting of the developer's own stays, and a note tells of it.
func trustProxies(text []byte, networks []string) []byte {
	if block := trustBlock.FindIndex(text); block != nil {
		before, after := text[:block[0]], text[block[1]:]
		if len(networks) == 0 || setsTrust(before) || setsTrust(after) {
			return slices.Concat(before, after)
		}
		indent := text[block[0] : block[0]+bytes.IndexByte(text[block[0]:], '#')]
		return slices.Concat(before, trusting(networks, string(indent), newlineOf(text)), after)
	}
	neighbour := forceSSLSet.FindSubmatchIndex(text)
	if len(networks) == 0 || setsTrust(text) || neighbour == nil {
		return text
	}
	before, indent := text[:neighbour[1]], string(text[neighbour[2]:neighbour[3]])
	return slices.Concat(before, trusting(networks, indent, newlineOf(text)), text[neighbour[1]:])
}

// setsTrust tells whether somebody else's setting is there.
func setsTrust(text []byte) bool { return ownTrust.Match(trustBlock.ReplaceAll(text, nil)) }

func trusting(networks []string, indent, newline string) []byte {
	lines := []string{trustBegins, "config.action_dispatch.trusted_proxies = ActionDispatch::RemoteIp::TRUSTED_PROXIES + %w["}
	for some := range slices.Chunk(slices.Sorted(slices.Values(networks)), 4) {
		lines = append(lines, "  "+strings.Join(some, " "))
	}
	lines = append(lines, "].map { |network| IPAddr.new(network) }", trustEnds)
	return []byte(indent + strings.Join(lines, newline+indent) + newline)
}

func newlineOf(text []byte) string {
	if bytes.Contains(text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// ownTrustedProxies notes a setting that is left as it is.
func (p *Plan) ownTrustedProxies(w Deploy) []string {
	if !w.KeepHeaders || !setsTrust(p.read(productionFile)) {
		return nil
	}
	return []string{fmt.Sprintf("%s: config.action_dispatch.trusted_proxies is set already and left as it is; if it does not hold Cloudflare's networks (https://www.cloudflare.com/ips), Rails takes Cloudflare for its visitors; delete it to have it kept for you", productionFile)}
}
