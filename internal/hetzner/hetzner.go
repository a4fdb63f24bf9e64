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
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"

	"rails-on-hetzner/internal/api"
)

// View is what was found.
type View struct {
	Offers   []Offer
	Images   []string  // names of the system images for x86
	Standing *Standing // the server that has the name asked for; nil: there is none
	ReadOnly bool      // the token may only read; not looked at once the server stands

	location string
	room     map[string][]string // location -> types that can be had there just now
	currency string
	address  map[string]string // location -> net price of an IPv4 address a month
}

const tokenPage = "https://console.hetzner.com, the project, Security, API tokens"

// Look asks Hetzner about a location. server is the name that the server has or
// will have; endpoint is the API's, "" for Hetzner's own. Errors name the key,
// what is wrong and the page that mends it.
func Look(ctx context.Context, token, endpoint, location, server string) (*View, error) {
	client := newClient(token, hcloud.WithEndpoint(cmp.Or(endpoint, hcloud.Endpoint)))
	v := &View{location: location, room: map[string][]string{}, address: map[string]string{}}
	looks := []func(context.Context, *hcloud.Client) error{
		v.readTypes, v.readImages, v.readPrices,
		func(ctx context.Context, client *hcloud.Client) error { return v.readServer(ctx, client, server) },
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
	if v.Standing != nil {
		v.Standing.Targets = v.room[v.Standing.Location]
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

// readServer looks for the server, and if there is none yet, whether the token
// could make it. No call tells that, so it asks to rename the SSH key number 0,
// which nobody has: a token that may write hears that there is no such key.
func (v *View) readServer(ctx context.Context, client *hcloud.Client, name string) error {
	server, _, err := client.Server.GetByName(ctx, name)
	if err != nil {
		return err
	}
	if server != nil {
		v.Standing = &Standing{Type: server.ServerType.Name, Stack: server.Labels["stack"], Architecture: string(server.ServerType.Architecture), DiskGB: server.PrimaryDiskSize, Location: server.Location.Name}
		return nil
	}
	_, _, err = client.SSHKey.Update(ctx, &hcloud.SSHKey{ID: 0}, hcloud.SSHKeyUpdateOpts{Name: "nobody"})
	v.ReadOnly = hcloud.IsError(err, hcloud.ErrorCodeTokenReadonly)
	if v.ReadOnly || hcloud.IsError(err, hcloud.ErrorCodeNotFound, hcloud.ErrorCodeInvalidInput) {
		return nil
	}
	return err
}

// CheckToken tells when the token cannot make a server.
func (v *View) CheckToken() error {
	if !v.ReadOnly {
		return nil
	}
	return fmt.Errorf("hcloud:token: the token may only read; make one with Read & Write at %s, and set it with: pulumi config set --secret hcloud:token", tokenPage)
}

// Note tells, for a preview, of a server that has the name and is another stack's.
func (v *View) Note(name, stack string) string {
	if v.Standing == nil || v.Standing.Stack == "" || v.Standing.Stack == stack {
		return ""
	}
	return fmt.Sprintf("serverName: there is a server %[1]s in the Hetzner project, which the stack %[2]s made; unless that is what this stack was called before, give this one's another name: pulumi config set serverName %[1]s-2", name, v.Standing.Stack)
}

// Check returns the type of the server, the one that stands or the one to buy,
// or tells, all together, what cannot be had.
func (v *View) Check(wantedType, image string) (string, error) {
	if v.Standing != nil {
		return v.checkRescale(wantedType)
	}
	mistakes := []error{v.CheckToken()}
	if !slices.Contains(v.Images, image) {
		mistakes = append(mistakes, fmt.Errorf("image: %q is not an image that Hetzner has; it has %s; mend it with: pulumi config set image ubuntu-24.04", image, strings.Join(v.Images, ", ")))
	}
	chosen, err := Choose(v.Offers, v.location, wantedType)
	return chosen, errors.Join(append(mistakes, err)...)
}

// MemoryMB is how much memory a server of a type has, 0 for a type that is not known.
func (v *View) MemoryMB(serverType string) int {
	i := slices.IndexFunc(v.Offers, func(o Offer) bool { return o.Name == serverType })
	if i < 0 {
		return 0
	}
	return int(v.Offers[i].MemoryGB * 1024)
}

// MonthlyPrice says what a server of the type, its address and the box, if there
// is to be one, cost, as Hetzner tells it today, or "" when it does not.
func (v *View) MonthlyPrice(serverType string, box *Box) string {
	for _, offer := range v.Offers {
		server, err := strconv.ParseFloat(offer.Prices[v.location], 64)
		address, addressErr := strconv.ParseFloat(v.address[v.location], 64)
		if offer.Name != serverType || err != nil || addressErr != nil {
			continue
		}
		parts, sum := fmt.Sprintf("%.2f for the server (%s), %.2f for its address", server, serverType, address), server+address
		if box != nil {
			price, told := box.price()
			if !told {
				return ""
			}
			parts, sum = fmt.Sprintf("%s, %.2f for the Storage Box (%s)", parts, price, box.Type), sum+price
		}
		return fmt.Sprintf("%.2f %s before tax: %s", sum, v.currency, parts)
	}
	return ""
}
