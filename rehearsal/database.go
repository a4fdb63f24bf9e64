package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"rails-on-hetzner/rehearsal/host"
	"rails-on-hetzner/rehearsal/images"
	"rails-on-hetzner/rehearsal/work"
)

// startDatabase does to the server what `kamal setup` does for the accessory db:
// Docker, the network, the container with its volume, port and secrets (kamal's
// commands/accessory.rb).
const startDatabase = `set -eu
command -v docker >/dev/null || curl -fsSL https://get.docker.com | sh
docker network inspect kamal >/dev/null 2>&1 || docker network create kamal >/dev/null
docker rm -f "$SERVICE-db" >/dev/null 2>&1 || true
docker pull -q postgres:16 >/dev/null
docker run --name "$SERVICE-db" --detach --restart unless-stopped --network kamal --network-alias "$SERVICE-db" \
    --log-opt max-size=10m --publish 127.0.0.1:5432:5432 --env-file /dev/stdin \
    --volume "${SERVICE}_postgres:/var/lib/postgresql/data" --label service="$SERVICE-db" postgres:16 >/dev/null
tries=0
# By TCP: while the image sets itself up, it answers on its socket, and then stops.
until said=$(docker exec "$SERVICE-db" pg_isready -h 127.0.0.1 2>&1); do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { docker logs "$SERVICE-db" >&2; echo "PostgreSQL does not answer after $tries tries: $said" >&2; exit 1; }
    sleep 1
done
`

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
	postgres, makePostgres := images.Postgres(cache)
	_, makeBase := host.RootFS(cache, images.Base, "")
	if err := sideBySide(ctx, work.Lane{makeBase, makePostgres}); err != nil {
		return err
	}
	if err := at.offer(ctx, "docker.io/library/postgres:16", postgres); err != nil {
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
	if err := s.onServer(ctx, at, "SERVICE="+service, startDatabase, "POSTGRES_PASSWORD="+password+"\nPOSTGRES_DB="+service+"_production\n"); err != nil {
		return fmt.Errorf("starting the database: %w", err)
	}
	progress("the database runs; look with: scripts/rehearse ssh docker exec -it " + service + "-db psql -U postgres")
	return nil
}

// onServer runs a script on the server, with variables in front and its standard
// input. The error holds the last line of what it complained of.
func (s *status) onServer(ctx context.Context, at place, variables, script, input string) error {
	cmd, err := s.ssh(ctx, at, variables+" bash -c "+quoted(script))
	if err != nil {
		return err
	}
	cmd.Stdin = bytes.NewBufferString(input)
	var said bytes.Buffer
	cmd.Stderr = io.MultiWriter(os.Stderr, &said)
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	return nil
}
