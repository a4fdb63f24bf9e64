package edge

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Wanted is what the zone is to be used for.
type Wanted struct {
	Zone        string
	LetsEncrypt bool // the origin's certificate comes from there, by HTTP-01 through Cloudflare's proxy
	Takeover    bool // records that exist are taken over
	Later       bool // names and zone stay as they are for now
	ZoneWide    bool // the zone's settings may change also for the other names in it
	Restore     bool // destroying the stack puts the zone's settings back
}

// Check tells, all together, what would keep the deployment from working.
func (v *View) Check(w Wanted) error {
	return errors.Join(slices.Concat(v.checkZone(w), v.checkRecords(w), v.checkZoneWide(w), v.checkRestore(w), v.checkChallenge(w))...)
}

func (v *View) checkZone(w Wanted) []error {
	if v.Type != "" && v.Type != "full" {
		return []error{fmt.Errorf("zone: %s is of the kind %q, whose records are kept elsewhere; accepted is a full zone: convert it in Cloudflare's dashboard (Overview)", w.Zone, v.Type)}
	}
	if v.Status != "active" {
		return []error{fmt.Errorf("zone: %s is %s at Cloudflare, not active; at your registrar set the name servers %s, and wait until Cloudflare says active", w.Zone, v.Status, strings.Join(v.NameServers, " and "))}
	}
	return nil
}

func (v *View) checkRecords(w Wanted) []error {
	var told []error
	for _, r := range v.Records {
		switch {
		case r.Ours && w.Later:
			told = append(told, fmt.Errorf("dnsTakeover: got \"later\", but %s is this stack's already and would be taken away; mend it with: pulumi config set dnsTakeover true", r))
		case !r.Ours && !w.Later && !w.Takeover:
			told = append(told, fmt.Errorf("dnsTakeover: there is a record already, %s; to replace it: pulumi config set dnsTakeover true; to adopt it as it is, its ID is %s/%s (docs/guide.md, What exists already); "+
				"if a live site answers there, make the new server answer first: pulumi config set dnsTakeover later (docs/guide.md, A site that is live)", r, v.ZoneID, r.ID))
		}
	}
	return told
}

// Notes tells, for a preview, what becomes of the records that are there.
func (v *View) Notes(w Wanted) []string {
	var there []string
	for _, r := range v.Records {
		if !r.Ours {
			there = append(there, r.String())
		}
	}
	switch {
	case w.Later:
		return []string{fmt.Sprintf("dnsTakeover: later: the names and the zone stay as they are (%s); when the app answers on the new server: pulumi config set dnsTakeover true, then pulumi up", cmp.Or(strings.Join(there, ", "), "no records"))}
	case w.Takeover && len(there) > 0:
		return []string{fmt.Sprintf("dnsTakeover: pulumi up makes the names lead to this stack's server; until now there is %s: keep this line, to be able to go back", strings.Join(there, ", "))}
	}
	return nil
}

func (r Record) String() string {
	return fmt.Sprintf("%s %s %s (%s)", r.Name, r.Type, r.Content, proxied(r.Proxied))
}

// checkZoneWide names what else is served from a zone that is to become strict.
// The free plan has one SSL mode for a zone; rules for single names are one list
// for all of them, which another tool or a person may manage already.
func (v *View) checkZoneWide(w Wanted) []error {
	strict := v.SSL == "strict" && v.MinTLS >= leastTLS
	if w.ZoneWide || w.Later || strict || len(v.Others) == 0 {
		return nil
	}
	const most = 10
	var served []string
	for _, r := range v.Others[:min(len(v.Others), most)] {
		served = append(served, r.Name+" "+r.Type+" "+r.Content)
	}
	if more := len(v.Others) - most; more > 0 {
		served = append(served, fmt.Sprintf("and %d more", more))
	}
	return []error{fmt.Errorf("zoneWide: Full (strict) and TLS %s hold for the whole zone %s (now %s, TLS %s), and it also serves %s: from then on those whose server has no valid certificate answer error 526, and browsers with older TLS are refused; "+
		"see to it that each has one (Cloudflare's origin certificates are free), or except it (in Cloudflare's dashboard: Rules, Configuration Rules, SSL), and then consent: pulumi config set zoneWide true",
		leastTLS, w.Zone, v.SSL, v.MinTLS, strings.Join(served, ", "))}
}

const leastTLS = "1.2"

// LeastTLS is the oldest version of TLS that the zone is to speak: 1.2, or what
// it is set to where that is newer.
func (v *View) LeastTLS() string { return max(leastTLS, v.MinTLS) }

// checkRestore keeps a destroy from weakening a zone that others need as it is:
// a destroy itself runs no program that could look.
func (v *View) checkRestore(w Wanted) []error {
	if !w.Restore {
		return nil
	}
	served := slices.DeleteFunc(slices.Concat(v.Records, v.Others), func(r Record) bool { return r.Ours || !r.Proxied })
	if len(served) == 0 {
		return nil
	}
	return []error{fmt.Errorf("zoneRestore: %s is served from the zone %s too, and may answer no more under what was set there before; to leave the zone as it is: pulumi config rm zoneRestore", names(served), w.Zone)}
}

// names are those of records, each once.
func names(records []Record) string {
	var all []string
	for _, r := range records {
		if !slices.Contains(all, r.Name) {
			all = append(all, r.Name)
		}
	}
	return strings.Join(all, ", ")
}

func proxied(yes bool) string {
	if yes {
		return "proxied"
	}
	return "not proxied"
}

// checkChallenge tells what turns Let's Encrypt away. Behind Cloudflare's proxy
// only HTTP-01 can succeed: plain HTTP on port 80 must reach the server. A
// redirect to HTTPS would need the certificate that is being asked for: 526.
func (v *View) checkChallenge(w Wanted) []error {
	if !w.LetsEncrypt {
		return nil
	}
	const other = "; or use a certificate of Cloudflare's: pulumi config set certificate cloudflare-origin"
	var told []error
	if v.AlwaysHTTPS {
		told = append(told, errors.New("certificate: Always Use HTTPS is on in the zone and would redirect Let's Encrypt's challenge to an address that has no certificate yet (error 526, for ever); turn it off under SSL/TLS, Edge Certificates (Rails' force_ssl redirects visitors itself)"+other))
	}
	for _, rule := range v.Rules {
		told = append(told, fmt.Errorf("certificate: %s would redirect Let's Encrypt's challenge away from the server; switch it off, or except /.well-known/acme-challenge/ from it%s", rule, other))
	}
	if len(v.CAA) > 0 && !slices.ContainsFunc(v.CAA, func(authority string) bool { return strings.HasPrefix(authority, "letsencrypt.org") }) {
		told = append(told, fmt.Errorf(`certificate: the zone's CAA records allow only %s to make certificates, not Let's Encrypt; add the record %s CAA 0 issue "letsencrypt.org"%s`, strings.Join(v.CAA, ", "), w.Zone, other))
	}
	for _, r := range v.Records {
		if r.Type == "AAAA" && !r.Ours && !r.Proxied && !w.Takeover && !w.Later { // which replace it
			told = append(told, fmt.Errorf("certificate: %s AAAA %s is not proxied and not this server: Let's Encrypt prefers IPv6 and would ask there; delete the record%s", r.Name, r.Content, other))
		}
	}
	return told
}
