# Files in archives: the encrypted copies off-site, and what comes back from
# there or from a laptop. Installed as /usr/local/lib/rails-on-hetzner/archives.sh;
# sourced after files.sh and remote.sh, never run.
#
#   SET.files-001.tar.zst   entries that no archive before has, at most ARCHIVE_BYTES of them, or one
#   SET.files.list.zst      all entries of the set
#   SET.files.archives      the names of the archives that hold them, oldest first; sent last
#
# Off-site they lie in files/ and end in .age: encrypted for a key that this server
# does not have. How long they stay is not known here, so after RESEND_DAYS all is
# sent anew, before the first archives may be gone.
# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the others

RESEND_DAYS=${RESEND_DAYS:-45}
ARCHIVE_BYTES=${ARCHIVE_BYTES:-1073741824}

# copy_offsite SET sends what the bucket does not have yet. What went wrong stays
# in OFFSITE_FAILURE, and the next run goes on where this one stopped.
copy_offsite() {
    [[ -n $OFFSITE_BUCKET ]] || return 0
    send_offsite "$1" || also "the off-site copy of $1 failed; the next run tries again"
    expire files
}

# sent prints where it is noted what is there, for each place.
sent() { printf '%s/files-offsite/%s' "$STATE" "$(encoded "$OFFSITE_BUCKET")"; }

# send_offsite SET. $sent/archives names what the bucket holds, $sent/entries what
# is the latest in it; an entry is noted after its archive, so that one that was
# cut short is sent again, and nothing else.
send_offsite() {
    local set=$1 batch name sent deleted
    sent=$(sent)
    mkdir -p "$sent"
    too_old "$sent" && rm -f "$sent/archives" "$sent/entries"
    touch "$sent/archives" "$sent/entries"
    deleted=$(gone files <"$sent/archives")
    if [[ -n $deleted ]]; then
        also "somebody deleted copies of files from $BOX_HOST, all are sent again: ${deleted//$'\n'/ }; its snapshots have them too"
        truncate -s 0 "$sent/archives" "$sent/entries"
    fi
    comm -z -12 "$sent/entries" "$FILES/$set.list" >"$PARTIAL/entries" && mv "$PARTIAL/entries" "$sent/entries" || return
    comm -z -13 "$sent/entries" "$FILES/$set.list" | batches "$PARTIAL/batches" || return
    for batch in "$PARTIAL"/batches/*; do
        [[ -e $batch ]] || break
        name=$set.files-${batch##*/}.tar.zst
        say "sending $name ($(human "$(bytes_in <"$batch")"))"
        archive "$set" <"$batch" | upload "files/$name" || return
        echo "$name" >>"$sent/archives"
        sort -z "$sent/entries" "$batch" >"$PARTIAL/entries" && mv "$PARTIAL/entries" "$sent/entries" || return
    done
    packed_list "$set" | upload "files/$set.files.list.zst" || return
    upload "files/$set.files.archives" <"$sent/archives" || return
    say "copied to $OFFSITE_BUCKET, encrypted: the files of $set"
}

# verify_copy SET fails when not all archives of its copy are there, if it was sent.
verify_copy() {
    local sent missing
    sent=$(sent)
    [[ -n $OFFSITE_BUCKET && -e $sent/archives ]] && grep -qs "\"result\":\"success\".*\"set\":\"$1\"" "$STATE/files.json" || return 0
    missing=$(printf '%s\n' "$(<"$sent/archives")" "$1.files.list.zst" "$1.files.archives" | missing files | sed 's/$/.age/' | paste -sd ' ') || fail "the off-site copy of the files could not be looked at"
    [[ -z $missing ]] || fail "the files of $1 are verified, but their copy in $OFFSITE_BUCKET is not: these are not there: $missing; to have all sent again: scripts/ssh rm -r $sent and scripts/backup"
    say "their copy in $OFFSITE_BUCKET is there in full (that it can be opened, scripts/drill shows)"
}

# too_old SENT tells whether the first archive is.
too_old() {
    local first
    read -r first 2>/dev/null <"$1/archives" || return 1
    (($(date +%s) - $(date -u -d "${first:0:10}" +%s) > RESEND_DAYS * 86400))
}

# batches DIRECTORY deals entries out to files there.
batches() {
    local entry size bytes=0 n=0 out
    mkdir -p "$1"
    while IFS= read -r -d '' entry; do
        size=${entry#* }
        size=${size%% *}
        if ((n == 0 || bytes > 0 && bytes + size > ARCHIVE_BYTES)); then
            ((n == 0)) || exec {out}>&-
            n=$((n + 1)) bytes=0
            exec {out}>"$1/$(printf %03d "$n")"
        fi
        bytes=$((bytes + size))
        printf '%s\0' "$entry" >&"$out"
    done
}

# archive SET packs the entries on standard input, with their times to the
# nanosecond; packed_list SET its list.
archive() {
    paths | tar -c --format=posix --pax-option=delete=atime,delete=ctime --null --verbatim-files-from --no-recursion --numeric-owner -C "$FILES/$1" -T - | zstd -q -1
}
packed_list() { zstd -q -1 <"$FILES/$1.list"; }

# send SET archive|list|archives is for scripts/backups-fetch: the set as one
# archive of everything.
send() {
    local set=$1
    [[ -e $FILES/$set.list ]] || fail "there is no backup $set; see: files-backup list"
    case $2 in
        archive) archive "$set" <"$FILES/$set.list" ;;
        list) packed_list "$set" ;;
        archives) echo "$set.files-all.tar.zst" ;;
        *) fail "there is no part $2; accepted are archive, list and archives" ;;
    esac
}

# receive DIRECTORY puts in what lies there, whole or not at all.
receive() {
    local from=$1 names set
    only_one
    trap '[[ -z ${PARTIAL:-} ]] || rm -rf "$PARTIAL"' EXIT
    trap 'exit 130' INT TERM HUP
    mkdir -p "$FILES"
    for names in "$from"/[0-9]*.files.archives; do
        [[ -e $names ]] || fail "there is no backup of files in $from: their names end in .files.archives"
        set=${names##*/}
        set=${set%.files.archives}
        if [[ -e $FILES/$set.list ]]; then
            say "is here already: the files of $set"
        else
            PARTIAL=$(mktemp -d "$FILES/.partial-XXXXXX")
            unpack "$from" "$set" "$PARTIAL/set"
            move_in "$PARTIAL/set" "$set"
            rm -rf "$PARTIAL"
            say "received: the files of $set"
        fi
    done
}

# unpack FROM SET TO lays one archive over the other, takes out what has gone
# since, and holds the rest against the list.
unpack() {
    local from=$1 set=$2 to=$3 name missing path
    missing=$(while read -r name; do [[ -e $from/$name ]] || printf ' %s' "$name"; done <"$from/$set.files.archives")
    [[ -z $missing ]] || fail "for the files of $set these are missing beside it:$missing; nothing was changed"
    mkdir -m 700 "$to"
    zstd -dcq <"$from/$set.files.list.zst" >"$to.list" || fail "$set.files.list.zst is damaged; nothing was changed"
    while read -r name; do
        sparing "$FILES" unpacked_into "$to" "$from/$name" ||
            fail "$name could not be unpacked${DISK_FULL:+: the disk was about to be full}; nothing was changed"
    done <"$from/$set.files.archives"
    entries "$to" | comm -z -13 "$to.list" - | sort -zr | paths |
        while IFS= read -r -d '' path; do rm -df -- "$to/$path"; done
    entries "$to" | cmp -s - "$to.list" || fail "the files of $set are not all in its archives; nothing was changed"
}

unpacked_into() { zstd -dcq <"$2" | tar -x --numeric-owner --same-owner -p -C "$1"; }
