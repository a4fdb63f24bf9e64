# What pg-backup and pg-restore share. Installed as
# /usr/local/lib/rails-on-hetzner/postgres.sh; sourced, never run.
# shellcheck shell=bash disable=SC2034 # the variables are for the commands
set -euo pipefail
export LC_ALL=C.UTF-8
umask 077

CONFIG=${RAILS_ON_HETZNER_BACKUP_CONF:-/etc/rails-on-hetzner/backup.conf}
# shellcheck source=/dev/null
source "$CONFIG" # CONTAINER BACKUPS KEEP PING_URL OFFSITE_BUCKET OFFSITE_RECIPIENT
STATE=${STATE:-/var/lib/rails-on-hetzner/backup}
SCRATCH_SUFFIX=_being_restored
SCRATCH_MARK='being restored by rails-on-hetzner' # the comment of a scratch database
OLD_SUFFIX=_before_restore                        # and the time
OLD_PATTERN="${OLD_SUFFIX}(_[0-9]{8}_[0-9]{6})?\$"
BACKED_UP="datallowconn and not datistemplate and datname !~ '($SCRATCH_SUFFIX\$|$OLD_PATTERN)'"
OUR_SESSIONS=rails-on-hetzner # the name that our sessions have in PostgreSQL

# To enter a container takes longer than most of what is done there: what can be
# asked in one go, is.

say() { echo "$*"; }

fail() {
    FAILURE=$*
    echo "failed: $*" >&2
    exit 1
}

# in_container [-i] COMMAND... runs it next to PostgreSQL, as its superuser.
in_container() {
    local stdin=()
    if [[ $1 == -i ]]; then
        stdin=(-i)
        shift
    fi
    docker exec "${stdin[@]}" -e PGUSER="$SUPERUSER" -e PGAPPNAME="$OUR_SESSIONS" -e PGCONNECT_TIMEOUT=10 -e PGOPTIONS="-c client_min_messages=warning ${PGOPTIONS:-}" "$CONTAINER" "$@"
}

# sql DATABASE STATEMENT... prints what they return, unaligned; errors end the
# script.
sql() {
    local database=$1 statement
    local -a statements=()
    shift
    for statement in "$@"; do statements+=(-c "$statement"); done
    in_container psql -XAtq -v ON_ERROR_STOP=1 -d "$(in_dsn "$database")" "${statements[@]}"
}

# ident and literal quote a name or a text for SQL.
ident() { printf '"%s"' "${1//\"/\"\"}"; }
literal() { printf "'%s'" "${1//\'/\'\'}"; }

# in_dsn quotes a name for libpq, which takes a bare -d for a connection string
# when it contains an equals sign.
in_dsn() {
    local name=${1//\\/\\\\}
    printf "dbname='%s'" "${name//\'/\\\'}"
}

# need_container finds the database's container, or says what is the matter. It
# returns 1 where there has never been one: before the first `kamal setup`.
need_container() {
    local about state tries
    mkdir -p "$STATE" "$BACKUPS"
    if ! command -v docker >/dev/null || ! about=$(docker inspect -f '{{.State.Status}} {{.State.Pid}} {{range .Config.Env}}{{$pair := split . "="}}{{if eq (index $pair 0) "POSTGRES_USER"}}{{index $pair 1}}{{end}}{{end}}' "$CONTAINER" 2>/dev/null); then
        [[ ! -e $STATE/container-seen ]] || fail "the container $CONTAINER is gone; bring it back from the app with: kamal accessory boot db"
        return 1
    fi
    touch "$STATE/container-seen"
    read -r state CONTAINER_PID SUPERUSER <<<"$about"
    [[ $state == running ]] || fail "the container $CONTAINER is $state, not running; start it from the app with: kamal accessory start db"
    SUPERUSER=${SUPERUSER:-postgres}
    # By TCP: while the image sets a new database up, a passing server answers on
    # the local socket only.
    for tries in {1..60}; do
        # shellcheck disable=SC2016 # for the shell inside
        if about=$(in_container sh -c 'pg_isready -q -h 127.0.0.1 && exec psql -XAtqd postgres -c "$0"' \
            "select pg_size_bytes(current_setting('max_wal_size')) || ' ' || current_setting('data_directory')"); then
            read -r MAX_WAL DATA_DIRECTORY <<<"$about"
            return
        fi
        sleep 1
    done
    fail "PostgreSQL in $CONTAINER does not answer after $tries seconds; see: docker logs $CONTAINER"
}

# only_one waits until no other backup or restore runs.
only_one() {
    mkdir -p "$STATE"
    exec 9>>"$STATE/lock"
    flock --nonblock 9 && return
    say "another backup or restore is running; waiting for it"
    flock --timeout "${LOCK_TIMEOUT:-3600}" 9 || fail "another backup or restore has been running for ${LOCK_TIMEOUT:-3600} seconds; nothing was done"
}

# free_space PATH prints the bytes that may be written there; reserve_of PATH
# those that are never used up, for the sake of the live databases: a fiftieth
# of the disk, from 128 MiB to 1 GiB.
free_space() {
    local blocks size
    read -r blocks size < <(stat -f -c '%a %S' "$1")
    echo "$((blocks * size))"
}
reserve_of() {
    local blocks size least=$((128 * 1024 * 1024)) most=$((1024 * 1024 * 1024))
    read -r blocks size < <(stat -f -c '%b %S' "$1")
    size=$((blocks * size / 50))
    echo "$((size < least ? least : size > most ? most : size))"
}

# watched PATH COMMAND... runs it while the disk of PATH has its reserve. Before
# anybody else's sessions fail for want of room, ours are ended, and DISK_FULL is
# set. An estimate is good for failing early; this holds when it was wrong. What
# the command does is not under `set -e`.
watched() {
    local path=$1 watcher status=0 watched=0
    shift
    DISK_FULL=
    watch_disk "$path" >/dev/null 2>&1 9>&- &
    watcher=$!
    "$@" || status=$?
    kill "$watcher" 2>/dev/null || true
    wait "$watcher" 2>/dev/null || watched=$?
    ((watched != 3)) || DISK_FULL=yes
    return "$status"
}

# watch_disk has its session ready beforehand: to open one takes longer than a
# fast disk takes to be full. When it is told to end, its status tells.
watch_disk() {
    local reserve status=0
    trap 'exit "$status"' TERM
    reserve=$(reserve_of "$1")
    coproc PSQL { in_container -i psql -Xq -d postgres; }
    while kill -0 $$; do
        if (($(free_space "$1") < reserve)); then
            status=3
            printf '%s;\n' "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $(literal "$OUR_SESSIONS") and pid <> pg_backend_pid()" >&"${PSQL[1]}"
        fi
        sleep 0.1
    done
}

human() { numfmt --to=iec --suffix=B --format=%.1f "$1"; }

# remember KIND RESULT MESSAGE [SET] writes the status file, whole or not at all.
remember() {
    local new
    mkdir -p "$STATE"
    new=$(mktemp "$STATE/.status-XXXXXX")
    printf '{"what":"%s","result":"%s","time":"%s","seconds":%d,"set":"%s","message":"%s"}\n' \
        "$1" "$2" "$(date --iso-8601=seconds)" "$SECONDS" "${4:-}" "$(json_text "$3")" >"$new"
    chmod 0644 "$new"
    mv "$new" "$STATE/$1.json"
}

json_text() { printf '%s' "$1" | tr '\n\t' '  ' | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# ping [start|fail] tells the monitoring service, if there is one. Its silence
# is no failure of the backup.
ping() {
    [[ -n ${PING_URL:-} ]] || return 0
    # The address goes by standard input: it is a secret, and argv is public.
    curl -fsS -m 10 --retry 2 -o /dev/null -K - <<<"url = \"$PING_URL${1:+/$1}\"" 2>/dev/null ||
        say "warning: the monitoring service could not be told"
}
