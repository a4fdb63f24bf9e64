# The bases that the log starts from, and how long they and it are kept. Installed
# as /usr/local/lib/rails-on-hetzner/walbase.sh; sourced after wal.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # variables come from and are for the others

# needs_base tells whether there is none from which the log leads to now.
needs_base() {
    local newest
    newest=$(bases | tail -n 1)
    [[ -n $newest ]] || return 0
    about "$CLUSTER" "$newest"
    ! unbroken "$CLUSTER"
}

# However often receiving begins anew, as where a disk is full now and then.
BASES_A_DAY=12

# base makes one: all of PostgreSQL's files, packed as they come.
base() {
    local name need newest
    loud wal-base
    need_container || fail "there is no container $CONTAINER yet"
    need_cluster
    newest=$(bases | tail -n 1)
    exec 8>>"$STATE/wal-base.lock"
    flock --timeout 3600 8 || fail "another base has been being made for an hour"
    if [[ $(bases | tail -n 1) != "$newest" ]]; then # by whom we waited for
        say "there is a new base"
        return
    fi
    (($(bases | awk -v day="$(date -u -d '1 day ago' "$NAME_OF_TIME")" '$0 > day' | wc -l) < BASES_A_DAY)) || fail "$BASES_A_DAY bases of the log were made within a day, no more are; why the log ended so often: journalctl -t app-backup"
    need_role
    need=$(sql postgres "select sum(pg_database_size(oid)) from pg_database")
    (($(spare "$BACKUPS") > need)) || fail "the disk is too full for a base of the log: $(human "$need") are needed in $BACKUPS, $(human "$(spare "$BACKUPS")") may be used"
    PARTIAL=$(mktemp -d "$WAL/$CLUSTER/base/.partial-XXXXXX")
    if ! sparing "$BACKUPS" client "$CONTAINER-base" pg_basebackup -D "/wal/base/${PARTIAL##*/}/files" -Ft -X none --checkpoint=fast --compress="$COMPRESS" 2>"$STATE/.base"; then
        remove_client "$CONTAINER-base"
        fail "pg_basebackup ended with an error: ${DISK_FULL:+the disk was about to be full}$(tail -n 1 "$STATE/.base")"
    fi
    [[ -z $(find "$PARTIAL/files" -name '[0-9]*.tar*') ]] || fail "the database has tablespaces, which pointInTime does not know: pulumi config set pointInTime false"
    mv "$PARTIAL"/files/base.tar* "$PARTIAL" # base.tar.zst or base.tar.gz
    python3 - "$PARTIAL/files/backup_manifest" "$SEGMENT" >"$PARTIAL/about" <<'PYTHON' || fail "pg_basebackup's manifest could not be read"
import json, sys
manifest, segment = json.load(open(sys.argv[1])), int(sys.argv[2])
start = manifest["WAL-Ranges"][0]
high, low = (int(part, 16) for part in start["Start-LSN"].split("/"))
print("%08X%08X%08X" % (start["Timeline"], high, low // segment), sum(f["Size"] for f in manifest["Files"]), segment)
PYTHON
    rm -r "$PARTIAL/files"
    name=$(date -u -d '1 second' "$NAME_OF_TIME") # from then on all is behind it
    (cd "$PARTIAL" && sha256sum base.tar* >sha256)
    sync -f "$PARTIAL"
    mv -T "$PARTIAL" "$WAL/$CLUSTER/base/$name"
    say "made the base $name ($(human "$(stat -c %s "$WAL/$CLUSTER/base/$name"/base.tar*)"), $SECONDS s)"
    let_go
    send_bases || fail "the base $name is made, but could not be copied off-site; the next daily run tries again"
    remember wal-base success "the log has its base"
}

# let_go removes what no moment of the last days needs: bases but for the last
# that is older, and the log before it; of other clusters, all when it is old.
let_go() {
    local old cluster oldest
    oldest=$(date -u -d "$KEEP days ago" "$NAME_OF_TIME")
    for old in $(bases | awk -v oldest="$oldest" '$0 < oldest' | head -n -1); do
        rm -rf "${WAL:?}/$CLUSTER/base/$old"
        say "rotated out: the base $old"
    done
    about "$CLUSTER" "$(bases | sed -n 1p)"
    for old in $(segments | awk -v first="$FIRST" '$0 < first'); do rm -f "$WAL/$CLUSTER/log/$old"*; done
    for cluster in "$WAL"/[0-9]*; do
        [[ ${cluster##*/} == "$CLUSTER" || -n $(find "$cluster" -type f -newermt "$KEEP days ago" -print -quit) ]] || rm -rf "$cluster"
    done
}
