# The write-ahead log: where it lies, and who fetches it. Installed as
# /usr/local/lib/rails-on-hetzner/wal.sh; sourced after postgres.sh, never run.
#
#   $WAL/CLUSTER/base/2026-11-26_152113Z/            all of PostgreSQL's files (pg_basebackup); named by the
#                                                    first moment that it can be rolled forward to
#   $WAL/CLUSTER/base/2026-11-26_152113Z/about       FIRST segment that it needs, SIZE unpacked in bytes, SEGMENT's size
#   $WAL/CLUSTER/log/000000010000000000000003.zst    a segment of the log
#   $WAL/CLUSTER/log/000000010000000000000004.partial  the one that is being written
#   $WAL/CLUSTER/log/000000010000000000000004.cut.zst  one that was, when receiving ended for good
#
# CLUSTER is PostgreSQL's system identifier: a new data directory has another.
# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the others

WAL=$BACKUPS/wal
RECEIVER=$CONTAINER-wal   # the container that receives
ROLE=rails_on_hetzner_wal # who may replicate, and nothing else
SLOT=rails_on_hetzner     # what has PostgreSQL keep what was not received yet
BASE_EVERY=$((7 * 86400)) # seconds
NAME_OF_TIME=+%F_%H%M%SZ

# need_cluster finds out about the database, which answers: CLUSTER, IMAGE, PORT, SEGMENT.
need_cluster() {
    local about version level senders
    about=$(sql postgres "select system_identifier || ' ' || current_setting('server_version_num') || ' ' || current_setting('wal_level') || ' ' || current_setting('max_wal_senders') || ' ' || current_setting('port') || ' ' || pg_size_bytes(current_setting('wal_segment_size')) from pg_control_system()") || fail "PostgreSQL could not be asked about its log"
    read -r CLUSTER version level senders PORT SEGMENT <<<"$about"
    ((version >= 130000)) || fail "pointInTime needs PostgreSQL 13 or newer; upgrade it (docs/operations.md), or: pulumi config set pointInTime false"
    [[ $level != minimal ]] || fail "pointInTime needs PostgreSQL's wal_level to be replica, it is minimal; take that out of its configuration, or: pulumi config set pointInTime false"
    ((senders > 1)) || fail "pointInTime needs PostgreSQL's max_wal_senders to be 2 or more, it is $senders; take that out of its configuration, or: pulumi config set pointInTime false"
    IMAGE=$(docker inspect -f '{{.Image}}' "$CONTAINER")
    COMPRESS=1
    ((version < 150000)) || COMPRESS=client-zstd:1
    mkdir -p "$WAL/$CLUSTER/base" "$WAL/$CLUSTER/log"
}

# need_role has it exist, with a password that nobody is told: most images trust
# whoever comes from the same host, but not all.
need_role() {
    PGPASSWORD=$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
    if [[ -s $STATE/wal-password ]]; then PGPASSWORD=$(<"$STATE/wal-password"); else echo "$PGPASSWORD" >"$STATE/wal-password"; fi
    export PGPASSWORD
    # By standard input, for argv is public; and not into PostgreSQL's log either.
    in_container -i psql -Xq -v ON_ERROR_STOP=1 -d postgres -o /dev/null <<SQL || fail "the role $ROLE could not be made"
set log_statement = none;
set log_min_duration_statement = -1;
select 'create role $ROLE' where not exists (select from pg_roles where rolname = '$ROLE') \gexec
alter role $ROLE replication login password '$PGPASSWORD';
\q
SQL
}

# client NAME PROGRAM... runs a program of the database's image in a container of
# its own beside it, in its network, with the cluster's directory as /wal. Where
# both want the processor, the database gets it.
client() {
    local name=$1
    remove_client "$name"
    docker run --rm --name "$name" --network "container:$CONTAINER" --user 0 --cap-drop ALL --cpu-shares 100 --log-driver none -v "$WAL/$CLUSTER:/wal" \
        -e PGPASSWORD -e PGUSER="$ROLE" -e PGHOST=127.0.0.1 -e PGPORT="$PORT" -e PGCONNECT_TIMEOUT=10 --entrypoint "$2" "$IMAGE" "${@:3}"
}
remove_client() { docker rm -f -v "$1" >/dev/null 2>&1 || true; }

# kept [CLUSTER] prints the segments that are there, in order, each with its kind:
# 1 is whole, 2 grows, 3 ends where receiving ended, and what follows is lost.
kept() {
    local log=$WAL/${1:-$CLUSTER}/log
    [[ -d $log ]] || return 0
    find "$log" -type f -name '[0-9A-F]*' -printf '%f\n' | sed -nE 's/^([0-9A-F]{24})(\.zst)?$/\1 1/p; s/^([0-9A-F]{24})\.partial$/\1 2/p; s/^([0-9A-F]{24})\.cut\.zst$/\1 3/p' | sort | awk '!seen[$1]++'
}
segments() { kept "$@" | cut -d ' ' -f 1; }

# bases [CLUSTER] prints the names of the whole ones, in order.
bases() {
    local about
    for about in "$WAL/${1:-$CLUSTER}"/base/[0-9]*/about; do
        [[ ! -e $about ]] || basename "${about%/about}"
    done
}

# about CLUSTER BASE sets FIRST, SIZE and SEGMENT.
about() { read -r FIRST SIZE SEGMENT <"$WAL/$1/base/$2/about"; }

# stretch reads what kept prints, and prints the last segment that follows FIRST
# without a gap; nothing where FIRST is missing.
stretch() {
    awk -v per="$((4294967296 / SEGMENT))" -v first="$FIRST" '
        function number(hex, n, i) {
            for (i = 1; i <= length(hex); i++) n = n * 16 + index("0123456789ABCDEF", substr(hex, i, 1)) - 1
            return n
        }
        $1 < first { next }
        {
            position = number(substr($1, 9, 8)) * per + number(substr($1, 17, 8))
            if (last == "" ? $1 != first : cut || position > at + 1) exit
            last = $1; at = position; cut = $2 == 3
        }
        END { if (last != "") print last }'
}

# unbroken CLUSTER tells whether the log leads from FIRST to its end.
unbroken() {
    local kept
    kept=$(kept "$1")
    [[ $(stretch <<<"$kept") == "$(tail -n 1 <<<"$kept" | cut -d ' ' -f 1)" ]]
}

# of_segment CLUSTER NAME prints the path of its file.
of_segment() {
    local file
    for file in "$WAL/$1/log/$2"{.zst,,.partial,.cut.zst}; do
        if [[ -e $file ]]; then
            printf '%s' "$file"
            return
        fi
    done
    return 1
}

# window CLUSTER BASE prints the last moment that it can be rolled forward to.
window() {
    local last
    about "$1" "$2"
    last=$(kept "$1" | stretch)
    [[ -n $last ]] && date -d "@$(stat -c %Y "$(of_segment "$1" "$last")")" '+%F %T %Z'
}

# at_base BASE prints its moment, in the server's time; seconds_of BASE since 1970.
seconds_of() { date -u -d "${1:0:10} ${1:11:2}:${1:13:2}:${1:15:2}" +%s; }
at_base() { date -d "@$(seconds_of "$1")" '+%F %T %Z'; }
