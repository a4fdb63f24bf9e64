# Recovery: the databases as they were at a moment, from a base and the log that
# follows it, in a PostgreSQL of its own. Installed as
# /usr/local/lib/rails-on-hetzner/recover.sh; sourced after wal.sh, dumps.sh
# and apart.sh, never run.
# https://www.postgresql.org/docs/current/continuous-archiving.html
# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # variables come from and are for the others

# recover MOMENT rolls the newest base before it forward to it: seconds since 1970,
# or the end of the log where that is before. APART runs then; PARTIAL holds it.
recover() {
    local moment=$1 target
    need_cluster
    choose "$moment"
    CAUGHT_UP=yes
    [[ $CHOSEN != "$CLUSTER" ]] || caught_up || CAUGHT_UP=no
    room_to_recover "$BASE" || fail "the disk is too full to recover beside the live database: about $(human "$NEED") are needed in $BACKUPS, $(human "$FREE") may be used; nothing was changed"
    say "unpacking the base of $(at_base "$BASE") ($(human "$SIZE"))"
    PARTIAL=$(mktemp -d "$BACKUPS/.partial-XXXXXX")
    mkdir "$PARTIAL/files"
    sparing "$BACKUPS" unpacked_base || fail "the base $BASE could not be unpacked${DISK_FULL:+: the disk was about to be full}; nothing was changed"
    [[ $(<"$PARTIAL/files/PG_VERSION") == "$(sql postgres "select current_setting('server_version_num')::int / 10000")" ]] ||
        fail "the base of $(at_base "$BASE") is of PostgreSQL $(<"$PARTIAL/files/PG_VERSION"), which the image that runs now cannot read; nothing was changed; go back to the image of then first (scripts/upgrade-postgres --back)"
    OWNER=$(stat -c %u:%g "$PARTIAL/files/PG_VERSION")
    chown "$OWNER" "$PARTIAL/files"
    touch "$PARTIAL/files/recovery.signal"
    target=$(date -u -d "@$moment" '+%F %T.%6N+00')
    if ! run_recovery -c recovery_target_time="$target"; then
        [[ $(docker logs --tail 50 "$APART" 2>&1) == *"recovery ended before configured recovery target was reached"* ]] || recovery_failed
        # Nothing was committed after that moment, or it is not here.
        unbroken "$CHOSEN" || fail "the log has a gap before $(date -d "@$moment" '+%F %T %Z'); the last moment before that is $(window "$CHOSEN" "$BASE"); nothing was changed"
        [[ $CAUGHT_UP == yes ]] || fail "the log ends before $(date -d "@$moment" '+%F %T %Z'), for what was written last was not received; nothing was changed; see: app-backup status"
        run_recovery || recovery_failed
    fi
    say "recovered; $(docker logs "$APART" 2>&1 | grep -o 'last completed transaction was at log time .*' | tail -n 1)"
}

# room_to_recover BASE tells whether it can be unpacked, with half as much again
# for what the log adds and for the dumps. It sets SIZE, NEED and FREE.
room_to_recover() {
    about "${CHOSEN:-$CLUSTER}" "$1"
    NEED=$((SIZE * 3 / 2))
    FREE=$(spare "$BACKUPS")
    ((FREE >= NEED))
}

# choose MOMENT sets CHOSEN and BASE: the live cluster's, or the newest of any
# other, as after the loss of a server.
choose() {
    local cluster base before
    before=$(date -u -d "@$1" "$NAME_OF_TIME")
    CHOSEN='' BASE=''
    for cluster in "$WAL"/[0-9]*; do
        cluster=${cluster##*/}
        base=$(bases "$cluster" | awk -v before="$before" '$0 <= before' | tail -n 1)
        if [[ -n $base && ($cluster == "$CLUSTER" || $CHOSEN != "$CLUSTER" && $base > $BASE) ]]; then
            CHOSEN=$cluster BASE=$base
        fi
    done
    [[ -n $BASE ]] || fail "there is no base of the log before $(date -d "@$1" '+%F %T %Z'); nothing was changed; this is what there is: $(pg-wal list | tr '\n' ';')"
}

# caught_up waits until all that was committed until now is received.
caught_up() {
    local now tries
    now=$(sql postgres 'select pg_current_wal_flush_lsn()')
    for tries in {1..60}; do
        [[ -z $(sql postgres "select 1 from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid where slot_name = '$SLOT' and write_lsn >= '$now'") ]] || return 0
        sleep 0.5
    done
    return 1
}

unpacked_base() {
    local base=$WAL/$CHOSEN/base/$BASE
    (cd "$base" && sha256sum --check --quiet sha256) || return
    if [[ -e $base/base.tar.zst ]]; then zstd -dcq <"$base/base.tar.zst"; else gzip -dc <"$base/base.tar.gz"; fi | tar -x --numeric-owner --same-owner -p -C "$PARTIAL/files"
}

# run_recovery [OPTION...] starts PostgreSQL and hands the log over to it,
# until it answers. It tells whether it does. Nothing of the live one's
# configuration may keep it from that, or reach beyond it.
run_recovery() {
    local exchange=$PARTIAL/exchange
    end_apart
    rm -rf "$exchange"
    mkdir -m 700 "$exchange"
    mkfifo "$exchange/asked" "$exchange/answered"
    # shellcheck disable=SC2016 # for the shell inside
    echo 'echo "$1" >/exchange/asked && read -r answer </exchange/answered && test "$answer" = yes && cp "/exchange/$1" "$2"' >"$exchange/fetch"
    chown -R "$OWNER" "$exchange"
    docker run -d --name "$APART" --network none --user "$OWNER" -v "$PARTIAL/files:/recovered" -v "$exchange:/exchange" -e POSTGRES_USER="$SUPERUSER" --entrypoint postgres "$IMAGE" -D /recovered \
        -c restore_command='sh /exchange/fetch %f "%p"' -c recovery_target_action=promote "$@" -c data_directory=/recovered \
        -c listen_addresses=127.0.0.1 -c port=5432 -c unix_socket_directories="$(sql postgres "select current_setting('unix_socket_directories')")" -c ssl=off -c hba_file=/recovered/pg_hba.conf -c logging_collector=off -c log_destination=stderr \
        -c archive_mode=off -c hot_standby=off -c synchronous_standby_names= -c cron.launch_active_jobs=off \
        -c shared_buffers=128MB -c huge_pages=off -c fsync=off -c full_page_writes=off \
        -c shared_preload_libraries="$(sql postgres "select current_setting('shared_preload_libraries')")" >/dev/null
    exec 7<>"$exchange/asked" 8<>"$exchange/answered"
    hand_over "$exchange"
}

# hand_over EXCHANGE answers what PostgreSQL asks for, one segment at a time: they
# are packed here, and its image has no zstd.
hand_over() {
    local name previous='' told=$SECONDS
    while :; do
        if read -r -t 1 -u 7 name; then
            [[ -z $previous ]] || rm -f "$1/$previous"
            previous=$name
            if put_there "$name" "$1/$name"; then echo yes >&8; else echo no >&8; fi
        elif [[ $(docker inspect -f '{{.State.Running}}' "$APART") != true ]]; then
            return 1
        elif docker exec "$APART" pg_isready -q -h 127.0.0.1; then
            return 0
        fi
        (($(spare "$BACKUPS") > 0)) || fail "the disk was about to be full; the databases are as they were"
        if ((SECONDS - told >= 10)); then
            say "rolling forward: $previous of $(segments "$CHOSEN" | tail -n 1) ($SECONDS s)"
            told=$SECONDS
        fi
    done
}

put_there() {
    local file
    file=$(of_segment "$CHOSEN" "$1") || return
    if [[ $file == *.zst ]]; then zstd -dcq <"$file" >"$2"; else cp "$file" "$2"; fi && chown "$OWNER" "$2"
}

recovery_failed() { fail "the base $BASE could not be rolled forward; nothing was changed; PostgreSQL says: $(docker logs --tail 20 "$APART" 2>&1 | grep -E 'FATAL|PANIC|ERROR' | tail -n 1)"; }

# dump_recovered SET [DATABASE] makes a set of the databases there, in PARTIAL, and
# ends what it was made from.
dump_recovered() {
    local live=$CONTAINER set=$1 only=$2
    local -a databases
    CONTAINER=$APART
    need_container
    mapfile -t databases < <(sql postgres "$WHICH_DATABASES")
    if [[ -n $only ]]; then
        [[ $'\n'$(printf '%s\n' "${databases[@]}")$'\n' == *$'\n'"$only"$'\n'* ]] || fail "there was no database \"$only\" then, but: ${databases[*]}; nothing was changed"
        databases=("$only")
    fi
    dump_set "$PARTIAL" "$set" "${databases[@]}"
    CONTAINER=$live
    end_apart
    rm -rf "$PARTIAL/files" "$PARTIAL/exchange"
    need_container
}
