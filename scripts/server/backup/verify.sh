# The proof that a backup can be restored. Installed as
# /usr/local/lib/rails-on-hetzner/verify.sh; sourced after scratch.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the others

VERIFYING=verify$SCRATCH_SUFFIX
USER_TABLES="pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r' and nspname not like 'pg\_%' and nspname <> 'information_schema'"

# verify_dump DUMP proves as much as there is room for, so that the live
# databases are never in danger: by restoring it all; or table by table, each
# emptied before the next; or, where not even the largest has room, by reading
# the archive to its end. HOW tells which it was, SHORT says what is
# missing, and why.
verify_dump() {
    local dump=$1 archive largest why
    archive=$(stat -c %s "$dump")
    read -r _ largest < <(noted "$dump" && echo) || true
    HOW=whole SHORT='' why='the disk was about to be full'
    if room_for "$(size_restored "$dump")" "$archive"; then
        ! proven "$dump" || return 0
    else
        why="$(human "$NEED") are needed, $(human "$FREE") are free"
    fi
    HOW=tables SHORT="restored table by table, without indexes and constraints ($why)"
    # 16 MiB: what a database without a row takes.
    if [[ -n $largest ]] && room_for "$((largest + 16 * 1024 * 1024))" "$archive"; then
        ! proven "$dump" || return 0
    fi
    HOW=archive SHORT="only read to its end, not restored ($why)"
    proven "$dump" || fail "${dump##*/} cannot be read to its end"
}

# proven DUMP does it the way that HOW names, which sets TABLES and ROWS. It
# returns 1 where the disk was about to be full; all else is the backup's fault.
proven() {
    local status=0 wanted
    TABLES=0 ROWS=0 DISK_FULL=''
    "by_$HOW" "$1" || status=$?
    drop_scratch
    [[ -z $DISK_FULL ]] || return 1
    ((status == 0)) || fail "${1##*/} cannot be restored"
    wanted=$(in_container -i pg_restore -l <"$1" | grep -c ' TABLE DATA ') || true
    ((TABLES >= wanted)) || fail "of the $wanted tables in ${1##*/} only $TABLES came back"
}

by_whole() {
    local counts
    fill "$1" "$VERIFYING" &&
        counts=$(counted "$VERIFYING") &&
        read -r TABLES ROWS <<<"$counts"
}

# counted DATABASE prints how many tables and rows it has, as they are.
counted() {
    sql "$1" "select count(*) || ' ' || coalesce(sum((xpath('/row/c/text()', query_to_xml(format('select count(*) as c from only %I.%I', nspname, relname), false, true, '')))[1]::text::bigint), 0) from $USER_TABLES"
}

# by_tables makes the tables without indexes and constraints, which need
# neighbours. What is in a table is counted and let go before the next comes.
by_tables() {
    carry_inside "$1" &&
        create_scratch "$VERIFYING" &&
        load "$INSIDE" "$VERIFYING" --section=pre-data &&
        TABLES=$(sql "$VERIFYING" "select count(*) from $USER_TABLES") &&
        watched "$(data_path)" each_table >"$STATE/.counts" &&
        ROWS=$(awk '{ rows += $1 } END { printf "%d", rows }' "$STATE/.counts")
}

each_table() {
    local count_and_empty="select format('select count(*) from only %s', c.oid::regclass), format('truncate only %s', c.oid::regclass) from $USER_TABLES and pg_relation_size(c.oid) > 0 \\gexec"
    # shellcheck disable=SC2016 # for the shell inside
    in_container sh -c '
        set -e
        pg_restore -l "$0" | grep -E "^[0-9]+; .* (TABLE DATA|BLOBS|BLOB DATA) " >"$0.data" || true
        while IFS= read -r entry; do
            printf "%s\n" "$entry" >"$0.list"
            pg_restore --exit-on-error --section=data -L "$0.list" -d "$1" "$0" </dev/null
            printf "%s\n" "$2" | psql -XAtq -v ON_ERROR_STOP=1 -d "$1"
        done <"$0.data"' "$INSIDE" "$VERIFYING" "$count_and_empty"
}

# by_archive unpacks all of it and counts, on no disk.
by_archive() {
    local counts
    counts=$(in_container -i pg_restore -f - <"$1" | awk '
        inside && /^\\\.$/ { inside = 0; next }
        inside { rows++; next }
        /^COPY .* FROM stdin;$/ { inside = 1; tables++ }
        END { if (inside) exit 1; printf "%d %d\n", tables, rows }') || return
    read -r TABLES ROWS <<<"$counts"
}
