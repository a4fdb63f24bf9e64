# The databases' encrypted copies off-site. Installed as
# /usr/local/lib/rails-on-hetzner/offsite.sh; sourced after dumps.sh and remote.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the others

# How many more days than others a daily stays here that is not in the bucket:
# it is wanted, and the disk is not endless.
UNSENT_DAYS=7

# is_sent SET tells whether its copy needs no more care. What arrived is noted
# here, for each bucket, and not asked of the bucket: that lets go of old copies
# by its own rules, and they must not be sent again.
is_sent() { [[ -z $OFFSITE_BUCKET || -e $(sent_note "$1") ]]; }
sent_note() { printf '%s/offsite/%s/%s' "$STATE" "$(encoded "$OFFSITE_BUCKET")" "$1"; }

# copy_offsite sends every whole set that is not there yet, the newest first.
# What went wrong stays in OFFSITE_FAILURE, and the next run tries again.
copy_offsite() {
    local set in_a_row=0
    local -a failed=()
    notice_deleted
    for set in $(sets | tac); do
        if is_sent "$set" || ! is_whole "$set"; then
            continue
        fi
        if send_offsite "$set"; then
            in_a_row=0
            continue
        fi
        failed+=("$set")
        # One that fails must not keep the others here; two are the bucket's fault.
        ((++in_a_row < 2)) || break
    done
    ((${#failed[@]} == 0)) || also "the off-site copy failed of ${failed[*]}; the next run tries again"
    expire "" --max-depth 1
}

# notice_deleted forgets that something was sent which is not there any more.
notice_deleted() {
    local set name deleted=
    [[ -n $BOX_HOST ]] || return 0
    while read -r name; do
        rm -f "$(sent_note "${name%.sha256}")"
        deleted+=" ${name%.sha256}"
    done < <(
        for set in $(sets); do
            [[ -z $(find "$(sent_note "$set")" -mtime "-$((OFFSITE_DAYS - 1))" 2>/dev/null) ]] || printf '%s.sha256\n' "$set"
        done | gone ""
    )
    [[ -z $deleted ]] || also "somebody deleted copies from $BOX_HOST, which are sent again:$deleted; its snapshots have them too"
}

# send_offsite encrypts for a key that this server does not have.
send_offsite() {
    local set=$1 file note
    # The checksums last: where they are, all is.
    for file in $(files_of "$set") "$set.sha256"; do
        upload "$file" <"$BACKUPS/$file" || return
    done
    (($(offsite lsf "offsite:$OFFSITE_BUCKET" --include "$set.*.age" | wc -l) > $(files_of "$set" | wc -l))) || return
    note=$(sent_note "$set")
    mkdir -p "${note%/*}" && touch "$note" || return
    say "copied to $OFFSITE_BUCKET, encrypted: $set"
}

# verify_copy SET fails when not all of its copy is there, as far as that can be
# seen from here: encrypting adds 16 bytes to each 64 KiB, and a header.
verify_copy() {
    local there file size copy
    [[ -n $OFFSITE_BUCKET && -e $(sent_note "$1") ]] || return 0
    there=$(offsite lsf --files-only --format sp --separator ' ' "offsite:$OFFSITE_BUCKET" --include "/$1.*.age") || fail "the off-site copy of $1 could not be looked at"
    for file in $(files_of "$1") "$1.sha256"; do
        size=$(stat -c %s "$BACKUPS/$file")
        copy=$(awk -v name="$file.age" '$2 == name { print $1 }' <<<"$there")
        ((${copy:-0} > size && copy < size + size / 4096 + 4096)) ||
            fail "$1 is verified, but its copy in $OFFSITE_BUCKET is not: $file.age has ${copy:-no} bytes; to have it sent again: scripts/ssh rm $(sent_note "$1") and scripts/backup"
    done
    say "its copy in $OFFSITE_BUCKET is there in full (that it can be opened, scripts/drill shows)"
}
