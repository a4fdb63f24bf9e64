package hetzner

import "testing"

func TestMonthlyPrice_IsOfAllThatIsBought(t *testing.T) {
	view := &View{location: "hil", currency: "EUR", address: map[string]string{"hil": "0.50"}, Offers: []Offer{
		{Name: "cpx21", Prices: map[string]string{"hil": "8.99"}}, {Name: "cpx31", Prices: map[string]string{"hil": "16.49"}},
	}}
	for want, types := range map[string][]string{
		"9.49 EUR before tax: 8.99 for the server (cpx21), 0.50 for its address": {"cpx21"},
		"": {"cpx99"},
	} {
		if got := view.MonthlyPrice(types, nil); got != want {
			t.Errorf("%v: %q", types, got)
		}
	}
	view.Balancer = &Balancer{"lb11", "5.39"}
	want := "41.36 EUR before tax: 34.47 for 3 servers (2 cpx21, 1 cpx31), 1.50 for their addresses, 5.39 for the load balancer (lb11)"
	if got := view.MonthlyPrice([]string{"cpx21", "cpx21", "cpx31"}, nil); got != want {
		t.Errorf("%q", got)
	}
}
