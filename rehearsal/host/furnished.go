package host

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"time"

	"rails-on-hetzner/rehearsal/work"
)

// furnish installs what `pulumi up` would (scripts/server/harden.sh, and
// components/backup.go for the backups), and Kamal's Docker. What is missing here is
// installed on the server, as on any other.
const furnish = `apt-get install -y -qq --no-install-recommends ufw fail2ban python3-systemd unattended-upgrades tzdata \
    rsync zstd age rclone docker.io $(apt-cache search -n '^docker-cli$' | cut -d' ' -f1)
rm -rf /usr/sbin/policy-rc.d /var/cache/apt/* /var/lib/apt/lists/* /var/log/apt/* /var/log/dpkg.log
`

// Furnished says where the layer lies, below cacheDir, that has over the root file
// system of a suite what a deployment installs, and how to make it once that is there.
func Furnished(cacheDir, suite, mirror string) (layer string, make work.Step) {
	base, _ := RootFS(cacheDir, suite, mirror)
	recipe := sha256.Sum256([]byte(installing + furnish))
	layer = fmt.Sprintf("%s-furnished-%x", base, recipe[:6])
	return layer, work.Step{
		Name: suite + " packages", Lines: 300, Alone: 30 * time.Second,
		Do: func(ctx context.Context, tell func(string)) error { return makeFurnished(ctx, layer, base, tell) },
	}
}

func makeFurnished(ctx context.Context, final, base string, tell func(string)) error {
	return Once(final, func(building string) (string, error) {
		if err := Over(ctx, base, building, nil, furnish, tell, func(string) error { return nil }); err != nil {
			return "", fmt.Errorf("installing what a deployment installs: %w", err)
		}
		return filepath.Join(building, "upper"), nil
	})
}
