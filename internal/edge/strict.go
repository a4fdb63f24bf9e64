package edge

import (
	"context"
	"fmt"
)

// MustBeStrict asks for the zone's SSL mode again, if it was another when the
// zone was found. Where the provider's first attempt to set it is refused, its
// next one asks for nothing and reports success (cloudflare v5.49.1).
func (v *View) MustBeStrict(ctx context.Context) error {
	if v.SSL == "strict" {
		return nil
	}
	now := *v
	if err := now.readSettings(ctx, v.api, v.site.Zone); err != nil {
		return err
	}
	if now.SSL != "strict" {
		return fmt.Errorf("the SSL mode of the zone %s is %q, although Pulumi takes it for strict, as after an attempt that was refused; try again with: pulumi up --refresh", v.site.Zone, now.SSL)
	}
	return nil
}
