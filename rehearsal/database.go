package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"rails-on-hetzner/rehearsal/host"
)

// startDatabase does to the server what `kamal setup` does for the accessory
// db: Docker, the network, the container with its volume, port and secrets
// (kamal's commands/accessory.rb). Kamal itself and its registry are not here.
const startDatabase = `set -eu
command -v docker >/dev/null || {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io $(apt-cache search -n "^docker-cli$" | cut -d" " -f1) >/dev/null
}
[ -n "$(docker images -q postgres:16)" ] || docker import -c 'ENTRYPOINT ["/entrypoint.sh"]' -c "ENV PATH=$IMAGE_PATH" -c 'EXPOSE 5432' /root/postgres.tar postgres:16 >/dev/null
rm -f /root/postgres.tar
docker network inspect kamal >/dev/null 2>&1 || docker network create kamal >/dev/null
docker rm -f "$SERVICE-db" >/dev/null 2>&1 || true
docker run --name "$SERVICE-db" --detach --restart unless-stopped --network kamal --network-alias "$SERVICE-db" \
    --log-opt max-size=10m --publish 127.0.0.1:5432:5432 --env-file /dev/stdin \
    --volume "${SERVICE}_postgres:/var/lib/postgresql/data" --label service="$SERVICE-db" postgres:16 >/dev/null
tries=0
until said=$(docker exec "$SERVICE-db" pg_isready 2>&1); do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { docker logs "$SERVICE-db" >&2; echo "PostgreSQL does not answer after $tries tries: $said" >&2; exit 1; }
    sleep 1
done
`

const postgresPath = "/usr/lib/postgresql/17/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// database starts the app's database on the server of a rehearsal that is up.
func database(ctx context.Context, o options) error {
	at, s, err := o.running()
	if err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	image, makeImage := host.PostgresImage(cache, o.Mirror)
	if err := sideBySide(ctx, makeImage); err != nil {
		return err
	}
	password, err := s.pulumiText(ctx, at, "stack", "output", "postgresPassword", "--show-secrets")
	if err != nil {
		return err
	}
	service, err := s.pulumiText(ctx, at, "config", "get", "service")
	if err != nil {
		return err
	}
	progress("starting the database on the server, as kamal setup would")
	tar, err := os.Open(image)
	if err != nil {
		return err
	}
	defer tar.Close()
	upload, err := s.ssh(ctx, at, "docker inspect postgres:16 >/dev/null 2>&1 || cat >/root/postgres.tar")
	if err != nil {
		return err
	}
	upload.Stdin = tar
	if err := upload.Run(); err != nil {
		return fmt.Errorf("copying the image to the server: %w", err)
	}
	start, err := s.ssh(ctx, at, fmt.Sprintf("SERVICE=%s IMAGE_PATH=%s bash -c '%s'", service, postgresPath, strings.ReplaceAll(startDatabase, "'", `'\''`)))
	if err != nil {
		return err
	}
	start.Stdin = bytes.NewBufferString("POSTGRES_PASSWORD=" + password + "\nPOSTGRES_DB=" + service + "_production\n")
	var said bytes.Buffer
	start.Stderr = io.MultiWriter(os.Stderr, &said)
	if err := start.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("starting the database: %w: %s", err, lines[len(lines)-1])
	}
	progress("the database runs; look with: scripts/rehearse ssh docker exec -it " + service + "-db psql -U postgres")
	return nil
}
