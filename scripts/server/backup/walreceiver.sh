# Who receives the log: a container beside the database, what PostgreSQL keeps for
# it meanwhile, and what becomes of the segments. Installed as
# /usr/local/lib/rails-on-hetzner/walreceiver.sh; sourced after wal.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # variables come from and are for the others

LOOK_EVERY=5 # seconds

# follow receives until that ends, for whatever reason; the service begins it anew.
follow() {
    local receiver based='' looked=-60
    loud wal
    trap 'exit 0' TERM
    if ! need_container; then
        remember wal waiting "there is no database yet"
        sleep 30
        return
    fi
    need_cluster
    rm -rf "$WAL/$CLUSTER"/base/.partial-* "$WAL/$CLUSTER"/log/.*.zst # of runs that were killed
    room_to_follow 2 || give_way
    need_role
    limit
    need_slot
    client "$RECEIVER" pg_receivewal -D /wal/log --slot "$SLOT" --no-loop --status-interval 1 2>"$STATE/.receiver" &
    receiver=$!
    while kill -0 "$receiver" 2>/dev/null; do
        sleep "$LOOK_EVERY"
        room_to_follow 1 || give_way
        pack
        # A gap comes only with a new slot, and that with a new run of this. The
        # base must come after what is received, and may fail without this one.
        if [[ -z $based ]] && compgen -G "$WAL/$CLUSTER/log/*.partial" >/dev/null; then
            if [[ -n $NEW_SLOT ]] || needs_base; then "$0" base & fi
            based=yes
        fi
        if ((SECONDS - looked >= 60)); then
            remember wal success "the log is received"
            looked=$SECONDS
        fi
    done
    fail "the log is no longer received: $(sed -n '/error: /{s/.*error: //;p;q}' "$STATE/.receiver")"
}

# room_to_follow RESERVES tells whether so many reserves are free, where the log
# comes to lie and where PostgreSQL keeps it, which is gone when that has ended.
room_to_follow() {
    local path free need
    for path in "$BACKUPS" "$(data_path)"; do
        free=$(free_space "$path" 2>/dev/null) need=$(($1 * $(reserve_of "$path" 2>/dev/null)))
        [[ ! -d $path ]] || ((free >= need)) || return 1
    done
}

# give_way lets the database have the room.
give_way() {
    remove_client "$RECEIVER"
    drop_slot
    fail "the disk is nearly full, so the log is not kept: until there is room again, no moment can be restored but those of the backups"
}

# limit has PostgreSQL drop the slot before what it keeps for us fills the disk,
# were we gone: a twentieth of it, unless somebody set a limit already.
limit() {
    local blocks size
    [[ $(sql postgres "select setting from pg_settings where name = 'max_slot_wal_keep_size'") == -1 ]] || return 0
    read -r blocks size < <(stat -f -c '%b %S' "$(data_path)")
    sql postgres "alter system set max_slot_wal_keep_size = '$((blocks * size / 20 / 1048576))MB'" "select pg_reload_conf()" >/dev/null
    touch "$STATE/wal-limit"
}

# need_slot has it exist. One that is new (NEW_SLOT) says nothing of what was before: what
# was received until then is closed.
need_slot() {
    local state
    NEW_SLOT=
    state=$(sql postgres "select coalesce(wal_status, 'lost') from pg_replication_slots where slot_name = '$SLOT'")
    if [[ -n $state && $state != lost ]] && is_behind; then state=lost; fi
    [[ $state != lost ]] || drop_slot
    if [[ -z $state || $state == lost ]]; then
        close_log
        sql postgres "select pg_create_physical_replication_slot('$SLOT', true)" >/dev/null
        NEW_SLOT=yes
    fi
}

# is_behind tells whether PostgreSQL has removed what would be received next. The slot
# keeps it, but for what is older than the slot: as when the backups' disk was away
# meanwhile, or is a copy of an earlier day.
is_behind() {
    local last form oldest
    read -r last form < <(kept | tail -n 1) || return 1
    [[ $form == 2 ]] || return 1 # not begun: whether it was removed cannot be told by its name
    oldest=$(sql postgres "select min(substr(name, 9)) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}\$'")
    [[ ${last:8} < $oldest ]]
}

drop_slot() {
    local tries
    for tries in {1..20}; do
        sql postgres "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '$SLOT' and active" \
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '$SLOT' and not active" >/dev/null || true
        [[ -n $(sql postgres "select 1 from pg_replication_slots where slot_name = '$SLOT'") ]] || return 0
        sleep 0.5
    done
    fail "the replication slot $SLOT could not be dropped after $tries tries; by hand: docker exec $CONTAINER psql -U $SUPERUSER -c \"select pg_drop_replication_slot('$SLOT')\""
}

# pack packs the segments that are finished. The last one stays as it is: by it
# pg_receivewal knows where to go on.
pack() {
    local file last=''
    for file in "$WAL/$CLUSTER/log"/????????????????????????{,.partial}; do
        [[ ! $file > $last || ! -e $file ]] || last=$file
    done
    for file in "$WAL/$CLUSTER/log"/????????????????????????; do
        [[ $file == "$last" || ! -e $file ]] || zstd_of "${file##*/}" "${file##*/}"
    done
}

zstd_of() {
    (cd "$WAL/$CLUSTER/log" && zstd -q -1 -f "$1" -o ".$2.zst" && sync -- ".$2.zst" && mv ".$2.zst" "$2.zst" && rm -f "$1") || fail "the segment $1 of the log could not be packed"
}

# close_log packs the last one too, as far as it came.
close_log() {
    local name
    for name in $(segments); do
        if [[ -e $WAL/$CLUSTER/log/$name ]]; then
            zstd_of "$name" "$name"
        elif [[ -e $WAL/$CLUSTER/log/$name.partial ]]; then
            zstd_of "$name.partial" "$name.cut"
        fi
    done
}
