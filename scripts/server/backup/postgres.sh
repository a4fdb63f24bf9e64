# What the commands for PostgreSQL share. Installed as
# /usr/local/lib/rails-on-hetzner/postgres.sh; sourced after shared.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # variables come from and are for the others

SCRATCH_SUFFIX=_being_restored
SCRATCH_MARK='being restored by rails-on-hetzner' # the comment of a scratch database
OLD_SUFFIX=_before_restore                        # and the time
OLD_PATTERN="${OLD_SUFFIX}(_[0-9]{8}_[0-9]{6})?\$"
BACKED_UP="from pg_database where datallowconn and not datistemplate and datname !~ '($SCRATCH_SUFFIX\$|$OLD_PATTERN)'"
WHICH_DATABASES="select datname $BACKED_UP order by datname"
SIZE_OF_DATABASES="select sum(pg_database_size(oid)) $BACKED_UP"
OUR_SESSIONS=rails-on-hetzner # the name that our sessions have in PostgreSQL

# To enter a container takes longer than most of what is done there: what can be
# asked in one go, is.

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
    [[ -n $CONTAINER ]] || fail "there is no database here to do that with: the app's is on another server, or none of the deployment's"
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

# inside_path PATH is how this host sees a path of the container, also on a
# volume or another disk.
inside_path() { printf '/proc/%s/root%s' "$CONTAINER_PID" "$1"; }
data_path() { inside_path "$DATA_DIRECTORY"; }

# An overlay has a device number of its own, but the sizes of the disk below.
disk() { stat -f -c '%b %S' "$1"; }

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
