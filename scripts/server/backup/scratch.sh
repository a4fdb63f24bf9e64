# Scratch databases: where backups are restored while the old ones serve, and
# the room that this takes. Installed as
# /usr/local/lib/rails-on-hetzner/scratch.sh; sourced after dumps.sh, never run.
# shellcheck shell=bash disable=SC2154 # shared.sh reads the settings

SCRATCH=() # the scratch databases of this run

# passing_name appends to a name; names have at most 63 bytes. A name that is
# too long is cut, and told from its like by a checksum.
passing_name() {
    local name=$1 sum
    if (($(bytes "$name$2") > 63)); then
        sum=$(printf '%s' "$1" | md5sum)
        while (($(bytes "${name}_${sum:0:8}$2") > 63)); do name=${name%?}; done
        name+=_${sum:0:8}
    fi
    printf '%s' "$name$2"
}

bytes() { printf '%s' "$1" | wc -c; }

exists() { [[ -n $(sql postgres "select 1 from pg_database where datname = $(literal "$1")") ]]; }

# clear_leftovers removes what killed runs left; only one run at a time holds
# the lock, so whatever is marked as scratch is nobody's.
clear_leftovers() {
    local name leftovers
    # shellcheck disable=SC2016 # for the shell inside
    leftovers=$(in_container sh -c 'rm -rf /tmp/restore.*.dump*; exec psql -XAtqd postgres -c "$0"' \
        "select datname from pg_database where shobj_description(oid, 'pg_database') = $(literal "$SCRATCH_MARK")")
    while IFS= read -r name; do
        [[ -z $name ]] || sql postgres "$(drop_database "$name")" </dev/null
    done <<<"$leftovers"
}

# drop_scratch is for the end of a run, whatever that is.
drop_scratch() {
    local name
    local -a drop=()
    [[ -n ${INSIDE:-} ]] || return 0
    for name in "${SCRATCH[@]}"; do drop+=(-c "$(drop_database "$name")"); done
    # shellcheck disable=SC2016 # for the shell inside
    in_container sh -c 'rm -rf "$0"*; test $# = 0 || exec psql -Xqd postgres "$@"' "$INSIDE" "${drop[@]}" 2>/dev/null || true
    SCRATCH=() INSIDE=''
}

drop_database() { printf 'drop database if exists %s with (force)' "$(ident "$1")"; }

# carry_inside copies an archive to where pg_restore runs: it reads a file from
# several places at once, standard input only once.
carry_inside() {
    INSIDE=/tmp/restore.$$.dump
    in_container -i sh -c "umask 077 && cat >\"\$0\"" "$INSIDE" <"$1"
}

# create_scratch DATABASE makes it as the archive inside describes it (encoding,
# collation).
create_scratch() {
    local create
    create=$(described 'DATABASE - ' | grep -m 1 '^CREATE DATABASE ' || true)
    [[ $create == *' WITH TEMPLATE = '* ]] || fail "this is no archive of pg_dump"
    new_scratch "$1" "template = ${create#* WITH TEMPLATE = }"
}

# new_scratch DATABASE OPTIONS. The mark is what clear_leftovers knows it by.
new_scratch() {
    SCRATCH+=("$1")
    sql postgres "$(drop_database "$1")" \
        "create database $(ident "$1") with $2" \
        "comment on database $(ident "$1") is $(literal "$SCRATCH_MARK")"
}

# fill DUMP DATABASE makes a scratch database and fills it, in parallel. It tells
# whether it could; the disk is not full then, whatever the archive held.
fill() {
    carry_inside "$1" &&
        create_scratch "$2" &&
        watched "$(data_path)" load "$INSIDE" "$2"
}

# load ARCHIVE DATABASE [OPTION...]. What need not survive a crash need not be
# synced: a crash here leaves the old database.
load() {
    PGOPTIONS="-c synchronous_commit=off -c maintenance_work_mem=256MB" \
        in_container pg_restore --exit-on-error --jobs="$(nproc)" -d "$(in_dsn "$2")" "${@:3}" "$1"
}

# described ENTRIES prints the SQL of the entries that match, of the archive inside.
described() {
    # shellcheck disable=SC2016 # for the shell inside
    in_container sh -c '
        set -e
        pg_restore --create -l "$0" >"$0.toc"
        grep -E "^[0-9]+; [0-9]+ [0-9]+ ($1)" "$0.toc" >"$0.list" || true
        pg_restore --create --schema-only -L "$0.list" -f - "$0"
        rm "$0.toc" "$0.list"' "$INSIDE" "$1"
}

# room_for BYTES ARCHIVE tells whether databases of so many bytes can be made
# beside what is there: they, their write-ahead log, the copy of the largest
# archive inside the container, and the reserve. It sets NEED and FREE.
room_for() {
    local data copies log
    data=$(data_path)
    copies=$(inside_path /tmp)
    log=$((MAX_WAL < $1 ? MAX_WAL : $1))
    NEED=$(($1 + log + $(reserve_of "$data")))
    FREE=$(free_space "$data")
    # The container's own files lie on the same disk as its volume, or they do not.
    if [[ $(disk "$copies") == "$(disk "$data")" ]]; then
        NEED=$((NEED + $2))
    elif (($(free_space "$copies") < $2 + $(reserve_of "$copies"))); then
        NEED=$(($2 + $(reserve_of "$copies")))
        FREE=$(free_space "$copies")
    fi
    ((FREE >= NEED))
}
