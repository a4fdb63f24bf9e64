# A PostgreSQL apart from the live one: a passing container of its image, without
# a network. Installed as /usr/local/lib/rails-on-hetzner/apart.sh; sourced after
# postgres.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the others

APART=$CONTAINER-apart

# start_apart has it run, empty.
start_apart() {
    local tries
    end_apart
    docker run -d --rm --name "$APART" --network none -e POSTGRES_PASSWORD="$(head -c 18 /dev/urandom | base64 | tr -d +/)" \
        "$(docker inspect -f '{{.Image}}' "$CONTAINER")" -c fsync=off -c full_page_writes=off >/dev/null
    for tries in {1..120}; do
        ! docker exec "$APART" pg_isready -q -h 127.0.0.1 || return 0
        sleep 0.5
    done
    fail "a PostgreSQL to run it in does not start: $(docker logs --tail 1 "$APART" 2>&1)"
}

end_apart() { docker rm -f -v "$APART" >/dev/null 2>&1 || true; }

sql_apart() { docker exec "$APART" psql -XAtqU postgres -v ON_ERROR_STOP=1 -d "$(in_dsn "$1")" -c "$2" </dev/null; }
