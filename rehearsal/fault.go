package main

import (
	"context"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

func faultCommand(o *options) *cobra.Command {
	var after int
	var each bool
	cmd := &cobra.Command{
		Use: "fault NAME [N]", Short: "Switch a fault on, for N seconds or N calls",
		Long: `Switch a fault on.

Of the server, N in seconds:
  ssh-refused    connections to port 22 are refused for that long
  ssh-cut        the next script sent over SSH is cut off that long after it began
  firewall-open  the cloud's firewall lets everything in, until it is set to 0
  apt-lock       another process holds apt's lock on the next server for that long

Of the clouds' APIs, for the next N calls ("always": until it is set to 0; --after K: from the
K+1st call on; --each: for the first N of calls alike):
  hetzner-KIND, cloudflare-KIND   KIND is 429, 500, 503, reset, lost, timeout or unavailable

Of the domain's zone, for good:
  zone-pending, zone-active       what Cloudflare says of it
  zone-page-rule, zone-redirect   a rule that sends plain HTTP to HTTPS
  token-without-PERMISSION        e.g. token-without-DNS:Edit, token-without-Zone-Settings:Edit
  token-read-only                 Hetzner's token may only read; token-without-nothing ends both
  networks-none                   Cloudflare publishes an empty list of its networks`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return switchFault(cmd.Context(), *o, args, after, each)
		},
	}
	cmd.Flags().IntVar(&after, "after", 0, "calls that still go well before")
	cmd.Flags().BoolVar(&each, "each", false, "of calls alike, the first N fail")
	return cmd
}

func switchFault(ctx context.Context, o options, args []string, after int, each bool) error {
	at, _, err := o.running()
	if err != nil {
		return err
	}
	count := "1"
	if len(args) == 2 {
		count = args[1]
	}
	if count == "always" {
		count = "-1"
	}
	when := url.Values{"after": {strconv.Itoa(after)}, "each": {strconv.FormatBool(each)}}
	return at.daemon().Tell(ctx, "/fault/"+url.PathEscape(args[0])+"/"+url.PathEscape(count)+"?"+when.Encode())
}
