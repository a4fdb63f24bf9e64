# The place off-site, a bucket or a Storage Box. Installed as
# /usr/local/lib/rails-on-hetzner/remote.sh; sourced after shared.sh, never run.
#
# The server can read nothing of what it puts there. Of a bucket it must not be
# able to delete either, and the bucket's own rules let go of what is old. In a
# box it can, so the server does that, what it deletes stays in the box's
# snapshots, and what somebody else deleted is noticed and sent again.
# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the others

OFFSITE_DAYS=90 # how long copies stay in a box, as is advised for buckets

# offsite ARGUMENTS... is rclone(1), told where the place is. A box takes ten
# connections at once, and two of these run beside each other.
offsite() {
    rclone --quiet --config /etc/rails-on-hetzner/rclone.conf --transfers 3 --checkers 1 --retries 3 --low-level-retries 5 --contimeout 20s "$@"
}

# upload NAME puts there, encrypted, what it reads: whole or not at all. A bucket
# keeps nothing of what was cut short; a box would.
upload() {
    local to=offsite:$OFFSITE_BUCKET/$1.age
    age --encrypt -r "$OFFSITE_RECIPIENT" | offsite --retries 1 rcat "$to${BOX_HOST:+.part}" || return
    [[ -z $BOX_HOST ]] || offsite moveto "$to.part" "$to"
}

# upload_all FROM TO puts the encrypted files of a directory there, with one run
# of rclone for all: to begin takes it longer than to send.
upload_all() {
    local to=offsite:$OFFSITE_BUCKET/$2 part=offsite:$OFFSITE_BUCKET/part
    [[ -n $BOX_HOST ]] || part=$to
    offsite --retries 1 copy --no-traverse --no-check-dest "$1" "$part" || return
    [[ -z $BOX_HOST ]] || offsite move --no-traverse --no-check-dest "$part" "$to"
}

# missing DIRECTORY prints which of the names that it reads are not there. It fails
# when nobody knows.
missing() {
    local there code=0
    there=$(offsite lsf "offsite:$OFFSITE_BUCKET/$1") || code=$?
    ((code == 0 || code == 3)) || return # 3: there is no such directory
    grep -vxF -f <(sed 's/\.age$//; s|/$||' <<<"$there") || true
}

# gone DIRECTORY prints which of the names that it reads a box no longer has.
gone() { [[ -z $BOX_HOST ]] || missing "$1" 2>/dev/null || true; }

# expire DIRECTORY [OPTION...] deletes of a box what is old, when all that is new
# is there.
expire() {
    [[ -n $BOX_HOST && -z $OFFSITE_FAILURE ]] || return 0
    offsite delete --min-age "${OFFSITE_DAYS}d" "${@:2}" "offsite:$OFFSITE_BUCKET/$1" || say "what is old could not be deleted from $BOX_HOST"
}

# also FAILURE adds to what went wrong off-site.
also() { OFFSITE_FAILURE+="${OFFSITE_FAILURE:+; }$1"; }
