// Package hetzner looks at the Hetzner Cloud project before anything is made:
// whether the token may change it, what is sold where and for how much, and
// whether the server stands already. It only reads, and knows no type and no
// location by name.
package hetzner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"

	"rails-on-hetzner/internal/api"
)

// Site is what is to be looked at.
type Site struct {
	Location   string
	App, Stack string   // by whose labels the stack's servers are known
	Servers    []string // their names; the first has been there from the beginning
	Targets    int      // of a load balancer; 0: none is wanted
}

// had tells whether a name is one that a stack of more servers would give.
func (s Site) had(name string) bool {
	rest, ours := strings.CutPrefix(name, s.Servers[0]+"-")
	return ours && furtherServer.MatchString(rest)
}

var furtherServer = regexp.MustCompile(`^(database|(web|job)-[0-9]+)$`)

// View is what was found.
type View struct {
	Offers   []Offer
	Images   []string             // names of the system images for x86
	Standing map[string]*Standing // by name, of the servers asked for, those that stand
	Former   []Former             // the stack's servers that are not asked for
	ReadOnly bool                 // the token may only read; not looked at once the first server stands
	Zone     string               // the network zone of the location, where there are or were several servers
	Balancer *Balancer            // to make; nil: none is wanted

	location string
	room     map[string][]string // location -> types that can be had there just now
	currency string
	address  map[string]string // location -> net price of an IPv4 address a month
}

// Former is a server that the stack had, and that is about to go.
type Former struct {
	Name, IPv4 string
	Protected  bool
}

const tokenPage = "https://console.hetzner.com, the project, Security, API tokens"

// Look asks Hetzner about a location and the servers of a stack. endpoint is the
// API's, "" for Hetzner's own. Errors name the key, what is wrong and the page that
// mends it.
func Look(ctx context.Context, token, endpoint string, site Site) (*View, error) {
	client := newClient(token, hcloud.WithEndpoint(cmp.Or(endpoint, hcloud.Endpoint)))
	v := &View{location: site.Location, room: map[string][]string{}, address: map[string]string{}, Standing: map[string]*Standing{}}
	looks := []func(context.Context, *hcloud.Client) error{
		v.readTypes, v.readImages, v.readPrices,
		func(ctx context.Context, client *hcloud.Client) error { return v.readServers(ctx, client, site) },
	}
	if site.Targets > 0 {
		looks = append(looks, func(ctx context.Context, client *hcloud.Client) error {
			return v.readBalancers(ctx, client, site.Targets)
		})
	}
	mistakes := make([]error, len(looks))
	var group sync.WaitGroup
	for i, look := range looks {
		group.Go(func() { mistakes[i] = look(ctx, client) })
	}
	group.Wait()
	for _, mistake := range mistakes {
		if mistake != nil { // one is enough: they fail for the same reason
			return nil, refused(mistake)
		}
	}
	for _, standing := range v.Standing {
		standing.Targets = v.room[standing.Location]
	}
	return v, nil
}

func newClient(token string, endpoint hcloud.ClientOption) *hcloud.Client {
	return hcloud.NewClient(
		hcloud.WithToken(token), hcloud.WithApplication("rails-on-hetzner", ""), endpoint,
		hcloud.WithHTTPClient(api.Client()), hcloud.WithRetryOpts(hcloud.RetryOpts{MaxRetries: 0}),
	)
}

func refused(err error) error {
	if hcloud.IsError(err, hcloud.ErrorCodeUnauthorized, hcloud.ErrorCodeForbidden) {
		return fmt.Errorf("hcloud:token: Hetzner does not know the token; make one at %s, and set it with: pulumi config set --secret hcloud:token (Hetzner said: %w)", tokenPage, err)
	}
	return fmt.Errorf("asking Hetzner what it sells: %w; if this goes on, see https://status.hetzner.com", err)
}

func (v *View) readTypes(ctx context.Context, client *hcloud.Client) error {
	types, err := client.ServerType.All(ctx)
	for _, t := range types {
		offer := Offer{
			Name: t.Name, Cores: t.Cores, MemoryGB: float64(t.Memory), DiskGB: t.Disk,
			Architecture: string(t.Architecture), CPUType: string(t.CPUType), Prices: map[string]string{},
		}
		for _, at := range t.Locations {
			if !at.IsDeprecated() {
				offer.Locations = append(offer.Locations, at.Location.Name)
			}
			if at.Available {
				v.room[at.Location.Name] = append(v.room[at.Location.Name], t.Name)
			}
		}
		for _, at := range t.Pricings {
			offer.Prices[at.Location.Name] = at.Monthly.Net
		}
		v.Offers = append(v.Offers, offer)
	}
	return err
}

func (v *View) readImages(ctx context.Context, client *hcloud.Client) error {
	images, err := client.Image.AllWithOpts(ctx, hcloud.ImageListOpts{
		Type: []hcloud.ImageType{hcloud.ImageTypeSystem}, Architecture: []hcloud.Architecture{hcloud.ArchitectureX86},
	})
	for _, image := range images {
		v.Images = append(v.Images, image.Name)
	}
	return err
}

// readPrices decodes the answer itself: hcloud-go's own way counts primary IPs
// by the floating ones, and panics when there are fewer of these.
func (v *View) readPrices(ctx context.Context, client *hcloud.Client) error {
	request, err := client.NewRequest(ctx, http.MethodGet, "/pricing", nil)
	if err != nil {
		return err
	}
	var answer schema.PricingGetResponse
	if _, err := client.Do(request, &answer); err != nil {
		return err
	}
	v.currency = answer.Pricing.Currency
	for _, address := range answer.Pricing.PrimaryIPs {
		for _, at := range address.Prices {
			if address.Type == string(hcloud.PrimaryIPTypeIPv4) {
				v.address[at.Location] = at.PriceMonthly.Net
			}
		}
	}
	return nil
}

// readServers looks for the servers, and if there is none yet, whether the token
// could make one. No call tells that, so it asks to rename the SSH key number 0,
// which nobody has: a token that may write hears that there is no such key.
func (v *View) readServers(ctx context.Context, client *hcloud.Client, site Site) error {
	servers, err := client.Server.All(ctx)
	if err != nil {
		return err
	}
	for _, server := range servers {
		ipv4 := ""
		if !server.PublicNet.IPv4.IsUnspecified() {
			ipv4 = server.PublicNet.IPv4.IP.String()
		}
		switch {
		case slices.Contains(site.Servers, server.Name):
			v.Standing[server.Name] = &Standing{Type: server.ServerType.Name, Stack: server.Labels["stack"], Architecture: string(server.ServerType.Architecture), DiskGB: server.PrimaryDiskSize, Location: server.Location.Name, IPv4: ipv4}
		case server.Labels["stack"] == site.Stack && server.Labels["app"] == site.App && site.had(server.Name):
			v.Former = append(v.Former, Former{server.Name, ipv4, server.Protection.Delete})
		}
	}
	if v.Standing[site.Servers[0]] == nil {
		v.Former = nil // it has another name now, as have the others
	}
	if len(site.Servers) > 1 || len(v.Former) > 0 {
		if err := v.readZone(ctx, client); err != nil {
			return err
		}
	}
	if v.Standing[site.Servers[0]] != nil {
		return nil
	}
	_, _, err = client.SSHKey.Update(ctx, &hcloud.SSHKey{ID: 0}, hcloud.SSHKeyUpdateOpts{Name: "nobody"})
	v.ReadOnly = hcloud.IsError(err, hcloud.ErrorCodeTokenReadonly)
	if v.ReadOnly || hcloud.IsError(err, hcloud.ErrorCodeNotFound, hcloud.ErrorCodeInvalidInput) {
		return nil
	}
	return err
}

func (v *View) readZone(ctx context.Context, client *hcloud.Client) error {
	location, _, err := client.Location.GetByName(ctx, v.location)
	if location != nil {
		v.Zone = string(location.NetworkZone)
	}
	return err // a location that is not known is told by Choose
}

// CheckToken tells when the token cannot make a server.
func (v *View) CheckToken() error {
	if !v.ReadOnly {
		return nil
	}
	return fmt.Errorf("hcloud:token: the token may only read; make one with Read & Write at %s, and set it with: pulumi config set --secret hcloud:token", tokenPage)
}

// Notes tell, for a preview, of servers that have a name and are another stack's.
func (v *View) Notes(stack string) []string {
	var notes []string
	for _, name := range slices.Sorted(maps.Keys(v.Standing)) {
		if made := v.Standing[name].Stack; made != "" && made != stack {
			notes = append(notes, fmt.Sprintf("serverName: there is a server %[1]s in the Hetzner project, which the stack %[2]s made; unless that is what this stack was called before, give this one's another name: pulumi config set serverName %[1]s-2", name, made))
		}
	}
	return notes
}

// Want is a server that is to be.
type Want struct {
	Name string // at Hetzner
	Type string // "": the smallest that fits
	Key  string // the setting that says so
}

// Check returns the type of each server, of one that stands or one to buy, or
// tells, all together and each once, what cannot be had.
func (v *View) Check(wanted []Want, image string) ([]string, error) {
	var mistakes []error
	told := map[string]bool{}
	tell := func(err error) {
		if err != nil && !told[err.Error()] {
			told[err.Error()] = true
			mistakes = append(mistakes, err)
		}
	}
	types := make([]string, len(wanted))
	for i, want := range wanted {
		var err error
		if standing := v.Standing[want.Name]; standing != nil {
			types[i], err = v.checkRescale(standing, want.Key, want.Type)
			tell(err)
			continue
		}
		tell(v.CheckToken())
		tell(v.checkImage(image))
		types[i], err = Choose(v.Offers, v.location, want.Key, want.Type)
		tell(err)
	}
	return types, errors.Join(mistakes...)
}

func (v *View) checkImage(image string) error {
	if slices.Contains(v.Images, image) {
		return nil
	}
	return fmt.Errorf("image: %q is not an image that Hetzner has; it has %s; mend it with: pulumi config set image ubuntu-24.04", image, strings.Join(v.Images, ", "))
}

// MemoryMB is how much memory a server of a type has, 0 for a type that is not known.
func (v *View) MemoryMB(serverType string) int {
	i := slices.IndexFunc(v.Offers, func(o Offer) bool { return o.Name == serverType })
	if i < 0 {
		return 0
	}
	return int(v.Offers[i].MemoryGB * 1024)
}

// MonthlyPrice says what servers of the types, their addresses, the load balancer
// and the box, if there is to be one, cost, as Hetzner tells it today, or "" when it
// does not.
func (v *View) MonthlyPrice(types []string, box *Box) string {
	address, err := strconv.ParseFloat(v.address[v.location], 64)
	if err != nil {
		return ""
	}
	servers := 0.0
	for _, name := range types {
		price, told := v.serverPrice(name)
		if !told {
			return ""
		}
		servers += price
	}
	addresses := address * float64(len(types))
	parts, sum := fmt.Sprintf("%.2f for the server (%s), %.2f for its address", servers, types[0], addresses), servers+addresses
	if len(types) > 1 {
		parts = fmt.Sprintf("%.2f for %d servers (%s), %.2f for their addresses", servers, len(types), counted(types), addresses)
	}
	if v.Balancer != nil {
		price, err := strconv.ParseFloat(v.Balancer.Price, 64)
		if err != nil {
			return ""
		}
		parts, sum = fmt.Sprintf("%s, %.2f for the load balancer (%s)", parts, price, v.Balancer.Type), sum+price
	}
	if box != nil {
		price, told := box.price()
		if !told {
			return ""
		}
		parts, sum = fmt.Sprintf("%s, %.2f for the Storage Box (%s)", parts, price, box.Type), sum+price
	}
	return fmt.Sprintf("%.2f %s before tax: %s", sum, v.currency, parts)
}

func (v *View) serverPrice(name string) (price float64, told bool) {
	for _, offer := range v.Offers {
		if offer.Name == name {
			price, err := strconv.ParseFloat(offer.Prices[v.location], 64)
			return price, err == nil
		}
	}
	return 0, false
}

// counted is "3 cpx21, 1 cpx31".
func counted(types []string) string {
	count := map[string]int{}
	for _, name := range types {
		count[name]++
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%d %s", count[name], name))
	}
	return strings.Join(parts, ", ")
}
