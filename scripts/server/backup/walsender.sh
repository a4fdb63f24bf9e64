# The log's encrypted copy off-site:
#
#   wal/CLUSTER/base/NAME/...                     a base, `about` last
#   wal/CLUSTER/log/SEGMENT.zst                   a segment that is finished
#   wal/CLUSTER/log/SEGMENT.OFFSET.piece.zst      what was new from OFFSET on of one that was not
#
# each with .age behind. Installed as
# /usr/local/lib/rails-on-hetzner/walsender.sh; sourced after wal.sh and remote.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # variables come from and are for the others

SEND_EVERY=30 # seconds
AT_ONCE=32    # segments

# sent prints where it is noted what the bucket has of a cluster; the bucket lets
# go of old copies by its own rules, so it is not asked.
sent() {
    local directory
    directory=$STATE/wal-sent/$(encoded "$OFFSITE_BUCKET")/$1
    mkdir -p "$directory"
    printf '%s' "$directory"
}

send_bases() {
    local name file sent
    [[ -n $OFFSITE_BUCKET ]] || return 0
    sent=$(sent "$CLUSTER")
    for name in $(bases); do
        [[ ! -e $sent/$name ]] || continue
        for file in "$WAL/$CLUSTER/base/$name"/{base.tar*,sha256,about}; do # the last says that all is there
            upload "wal/$CLUSTER/base/$name/${file##*/}" <"$file" || return
        done
        touch "$sent/$name"
    done
}

# notice_deleted forgets that the log was sent when its bases or the newest of its
# segments are not there any more.
notice_deleted() {
    local sent deleted
    [[ -n $BOX_HOST ]] || return 0
    sent=$(sent "$CLUSTER")
    deleted=$(
        (cd "$sent" && find . -maxdepth 1 -name '*Z' -mtime "-$((OFFSITE_DAYS - 1))" -printf '%f\n') | gone "wal/$CLUSTER/base"
        [[ ! -e $sent/segments ]] || tail -n 1 "$sent/segments" | cut -d ' ' -f 1 | gone "wal/$CLUSTER/log"
    )
    [[ -n $deleted ]] || return 0
    rm -rf "$sent"
    also "somebody deleted of the log's copy from $BOX_HOST, which is sent again; its snapshots have it too"
}

# send copies what is new, for ever.
send() {
    local cluster failed
    loud wal-send
    trap 'exit 0' TERM
    [[ -n $OFFSITE_BUCKET ]] || fail "there is no bucket"
    while :; do
        failed=
        for cluster in "$WAL"/[0-9]*; do
            [[ -d $cluster ]] || continue
            send_log "${cluster##*/}" || failed=yes
        done
        if [[ -z $failed ]]; then
            remember wal-send success "the log is copied off-site"
        else
            remember wal-send failure "the log could not be copied off-site; it is tried again every $SEND_EVERY s"
        fi
        sleep "$SEND_EVERY"
    done
}

# send_log CLUSTER sends the finished segments first, each once, then what is new
# of the one that is being written.
send_log() {
    local log=$WAL/$1/log sent name
    sent=$(sent "$1")
    touch "$sent/segments"
    (cd "$log" && find . -name '*.zst' ! -name '.*.zst' -printf '%f %Ts\n' | sort) >"$sent/there"
    comm -12 "$sent/segments" "$sent/there" >"$sent/.segments" && mv "$sent/.segments" "$sent/segments" || return
    while comm -13 "$sent/segments" "$sent/there" | head -n "$AT_ONCE" >"$sent/batch" && [[ -s $sent/batch ]]; do
        rm -rf "$sent/encrypted" && mkdir "$sent/encrypted" || return
        while read -r name _; do
            age --encrypt -r "$OFFSITE_RECIPIENT" -o "$sent/encrypted/$name.age" <"$log/$name" || return
        done <"$sent/batch"
        upload_all "$sent/encrypted" "wal/$1/log" || return
        sort "$sent/batch" "$sent/segments" >"$sent/.segments" && mv "$sent/.segments" "$sent/segments" || return
    done
    rm -rf "$sent/encrypted"
    send_growing "$1" "$sent"
}

# send_growing CLUSTER SENT sends the last segment from where it differs from what
# was sent of it to its end, which is zeros and packs to nothing. Pieces laid one
# over the other make up the segment.
send_growing() {
    local name differs=1
    name=$(cd "$WAL/$1/log" && find . -regextype egrep -regex './[0-9A-F]{24}(\.partial)?' -printf '%f\n' | sort | tail -n 1)
    # With the time that it had before: what is written meanwhile is newer.
    [[ -n $name && ! $2/${name%.partial}.sent -nt $WAL/$1/log/$name ]] && cp -p "$WAL/$1/log/$name" "$2/new" 2>/dev/null || return 0
    name=${name%.partial}
    if [[ -e $2/$name.sent ]]; then
        differs=$(cmp "$2/new" "$2/$name.sent" 2>&1 | sed -n 's/.* differ: [a-z]* \([0-9]*\),.*/\1/p')
        [[ -n $differs ]] || return 0
    fi
    differs=$(((differs - 1) / 8192 * 8192))
    tail -c "+$((differs + 1))" "$2/new" | zstd -q -1 | upload "wal/$1/log/$name.$(printf %010d "$differs").piece.zst" || return
    rm -f "$2"/*.sent
    mv "$2/new" "$2/$name.sent"
}
