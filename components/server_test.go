package components

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// at answers with the addresses that the server and the stack have.
type at struct{ server, stack string }

func (a at) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	outputs := args.Inputs.Copy()
	outputs["ipv4Address"], outputs["ipAddress"] = resource.NewProperty(a.server), resource.NewProperty(a.stack)
	for _, key := range []resource.PropertyKey{"publicKeyOpenssh", "privateKeyOpenssh"} {
		outputs[key] = resource.NewProperty("a key")
	}
	return "42", outputs, nil
}

func (at) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

func TestServer_NamesNeverLeadToAnAddressThatIsNotTheServers(t *testing.T) {
	for _, c := range []struct {
		addresses at
		wrong     string
	}{
		{at{"203.0.113.7", "203.0.113.7"}, ""},
		{at{"203.0.113.7", "203.0.113.8"}, "the server has the address 203.0.113.7, and the stack made another, 203.0.113.8, which leads nowhere: the server was adopted without its address"},
		{at{"", "203.0.113.7"}, ""}, // left out by --target
	} {
		err := pulumi.RunErr(func(ctx *pulumi.Context) error {
			server, err := NewServer(ctx, "server", &ServerArgs{Name: "app", Location: "hil", Type: "cpx21", Image: "ubuntu-24.04"})
			if err == nil {
				ctx.Export("ip", server.IP)
			}
			return err
		}, pulumi.WithMocks("rails-on-hetzner", "prod", c.addresses))
		if (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%+v: got %v, want %q", c.addresses, err, c.wrong)
		}
	}
}
