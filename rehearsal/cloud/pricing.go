package cloud

import (
	"net/http"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// pricingRoutes tell what an account pays, as far as the program asks: the
// server types, and an IPv4 address, which costs the same everywhere.
func pricingRoutes() map[string]handle {
	return map[string]handle{"GET /v1/pricing": func(*http.Request) (answer, error) {
		pricing := schema.Pricing{Currency: "EUR", VATRate: "19.00", PrimaryIPs: []schema.PricingPrimaryIP{{Type: "ipv4"}}}
		for _, t := range serverTypes {
			pricing.ServerTypes = append(pricing.ServerTypes, schema.PricingServerType{ID: t.ID, Name: t.Name, Prices: t.Prices})
		}
		for _, l := range locations {
			pricing.PrimaryIPs[0].Prices = append(pricing.PrimaryIPs[0].Prices, schema.PricingPrimaryIPTypePrice{
				Location: l.Name, PriceHourly: price(0.0008), PriceMonthly: price(0.5),
			})
		}
		return answer{body: schema.PricingGetResponse{Pricing: pricing}}, nil
	}}
}
