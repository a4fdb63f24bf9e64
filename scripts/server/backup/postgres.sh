# What pg-backup and pg-restore share. Installed as
# /usr/local/lib/rails-on-hetzner/postgres.sh; sourced, never run.
#
# A backup set is the files of one moment, named after it:
#
#   2026-11-23_030000-daily.roles.sql         the roles, with their passwords' hashes
#   2026-11-23_030000-daily.NAME.dump         a database, in pg_dump's custom format
#   2026-11-23_030000-daily.sha256            the checksums; written last: no set is whole without it
#
# Letters of a database's name other than A-Z a-z 0-9 _ - stand as %XX.
# shellcheck shell=bash disable=SC2034 # the variables are for the commands
set -euo pipefail
export LC_ALL=C.UTF-8
umask 077

CONFIG=${RAILS_ON_HETZNER_BACKUP_CONF:-/etc/rails-on-hetzner/backup.conf}
# shellcheck source=/dev/null
source "$CONFIG" # CONTAINER BACKUPS KEEP PING_URL OFFSITE_BUCKET OFFSITE_RECIPIENT
STATE=${STATE:-/var/lib/rails-on-hetzner/backup}
SCRATCH_SUFFIX=_being_restored
OLD_SUFFIX=_before_restore

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
    docker exec "${stdin[@]}" -e PGUSER="$SUPERUSER" -e PGCONNECT_TIMEOUT=10 -e PGOPTIONS="-c client_min_messages=warning ${PGOPTIONS:-}" "$CONTAINER" "$@"
}

# sql DATABASE STATEMENT prints what it returns, unaligned; errors end the script.
sql() { in_container psql -XAtq -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

# ident and literal quote a name or a text for SQL.
ident() { printf '"%s"' "${1//\"/\"\"}"; }
literal() { printf "'%s'" "${1//\'/\'\'}"; }

# need_container finds the database's container, or says what is the matter. It
# returns 1 where there has never been one: before the first `kamal setup`.
need_container() {
    local state
    mkdir -p "$STATE" "$BACKUPS"
    if ! command -v docker >/dev/null || ! state=$(docker inspect -f '{{.State.Status}}' "$CONTAINER" 2>/dev/null); then
        [[ ! -e $STATE/container-seen ]] || fail "the container $CONTAINER is gone; bring it back from the app with: kamal accessory boot db"
        return 1
    fi
    touch "$STATE/container-seen"
    [[ $state == running ]] || fail "the container $CONTAINER is $state, not running; start it from the app with: kamal accessory start db"
    SUPERUSER=$(docker exec "$CONTAINER" printenv POSTGRES_USER || true)
    SUPERUSER=${SUPERUSER:-postgres}
    # By TCP: while the image sets a new database up, a passing server answers on
    # the local socket only.
    local tries
    for tries in {1..60}; do
        ! in_container pg_isready -q -h 127.0.0.1 || return 0
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

# sets prints the whole sets, oldest first. [KIND]: daily or manual.
sets() {
    local sums
    for sums in "$BACKUPS"/[0-9]*.sha256; do
        sums=${sums##*/}
        [[ $sums != *-${1:-*}.sha256 || $sums == '[0-9]*.sha256' ]] || printf '%s\n' "${sums%.sha256}"
    done
}

# is_whole SET tells whether every file of it is there, in its full size.
is_whole() {
    local name size
    [[ -e $BACKUPS/$1.sha256 ]] || return 1
    while read -r _ name; do
        size=$(stat -c %s "$BACKUPS/$name" 2>/dev/null) || return 1
        ((size > 0)) || return 1
    done <"$BACKUPS/$1.sha256"
}

# dumps SET prints the paths of its databases.
dumps() {
    local name
    while read -r _ name; do
        [[ $name != *.dump ]] || printf '%s\n' "$BACKUPS/$name"
    done <"$BACKUPS/$1.sha256"
}

size_of() { (cd "$BACKUPS" && du -cb -- "$1".* | tail -n 1 | cut -f 1); }
human() { numfmt --to=iec --suffix=B --format=%.1f "$1"; }

# encoded and decoded turn a database's name into part of a file's, and back.
encoded() {
    local name=$1 i byte out=
    local LC_ALL=C
    for ((i = 0; i < ${#name}; i++)); do
        byte=${name:i:1}
        case $byte in
            [A-Za-z0-9_-]) out+=$byte ;;
            *) out+=$(printf '%%%02X' "'$byte" | sed 's/%FFFFFFFFFFFFFF/%/') ;;
        esac
    done
    printf '%s' "$out"
}
decoded() { printf '%b' "${1//%/\\x}"; }

# in_dsn quotes a name for libpq, which takes a bare -d for a connection string
# when it contains an equals sign.
in_dsn() {
    local name=${1//\\/\\\\}
    printf "dbname='%s'" "${name//\'/\\\'}"
}

database_of() {
    local file=${1##*/}
    file=${file#*.}
    decoded "${file%.dump}"
}

# checked_archive FILE tells whether pg_dump's custom format is there from its
# table of contents, at the beginning, to the zero that closes the last table's
# data, at the very end. That it can be restored is for `pg-backup verify`.
checked_archive() {
    local contents
    contents=$(in_container -i pg_restore -l <"$1") || return 1
    [[ $contents != *' TABLE DATA '* && $contents != *' BLOBS '* && $contents != *' BLOB DATA '* ]] ||
        [[ $(tail -c 5 "$1" | od -An -tx1) == ' 00 00 00 00 00' ]]
}

# free_space PATH prints the bytes that may be written there.
free_space() { df --output=avail -B1 "$1" | tail -n 1 | tr -d ' '; }

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
