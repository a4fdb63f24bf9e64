# What all commands of the backup share. Installed as
# /usr/local/lib/rails-on-hetzner/shared.sh; sourced, never run.
# shellcheck shell=bash disable=SC2034 # the variables are for the commands
set -euo pipefail
export LC_ALL=C.UTF-8
umask 077

CONFIG=${RAILS_ON_HETZNER_BACKUP_CONF:-/etc/rails-on-hetzner/backup.conf}
# shellcheck source=/dev/null
source "$CONFIG" # CONTAINER SERVICE BACKUPS FILES KEEP POINT_IN_TIME PING_URL OFFSITE_BUCKET OFFSITE_RECIPIENT BOX_HOST
STATE=${STATE:-/var/lib/rails-on-hetzner/backup}

say() { echo "$*"; }

fail() {
    FAILURE=$*
    echo "failed: $*" >&2
    exit 1
}

# begin WHAT is the beginning of a run whose end is told: alone, tidy at its end,
# and loud when it fails.
begin() {
    OFFSITE_FAILURE=
    loud "$1"
    only_one
}

# loud WHAT has failures seen in a status file of that name.
loud() {
    FAILURE=
    WHAT=$1
    trap 'ended $?' EXIT
    trap 'exit 130' INT TERM HUP
}

# ended cleans up after every end, and makes failures visible.
ended() {
    [[ -z ${PARTIAL:-} ]] || rm -rf "$PARTIAL"
    tidy
    (($1 != 0)) || return 0
    [[ -n $FAILURE ]] || echo "failed: it was interrupted or a command failed, see above" >&2
    remember "$WHAT" failure "${FAILURE:-it was interrupted or a command failed; see: journalctl -t app-backup}"
    ping fail
}

# tidy is for a command that has more to clean up.
tidy() { :; }

# agreed SURE WHAT asks whether to go on with what will happen, unless the caller
# is sure.
agreed() {
    local answer
    [[ $1 == no ]] || return 0
    [[ -t 0 ]] || fail "nobody is there to say yes; run it in a terminal or with --yes"
    read -r -p "$2. Go on? [yes/no] " answer
    [[ $answer == yes ]] || fail "nothing was changed"
}

# only_one waits until no other backup or restore runs.
only_one() {
    mkdir -p "$STATE"
    exec 9>>"$STATE/lock"
    flock --nonblock 9 && return
    say "another backup or restore is running; waiting for it"
    flock --timeout "${LOCK_TIMEOUT:-3600}" 9 || fail "another backup or restore has been running for ${LOCK_TIMEOUT:-3600} seconds; nothing was done"
}

# free_space PATH prints the bytes that may be written there; reserve_of PATH
# those that are never used up, for the sake of the live databases: a fiftieth
# of the disk, from 128 MiB to 1 GiB.
free_space() {
    local blocks size
    read -r blocks size < <(stat -f -c '%a %S' "$1")
    echo "$((blocks * size))"
}
reserve_of() {
    local blocks size least=$((128 * 1024 * 1024)) most=$((1024 * 1024 * 1024))
    read -r blocks size < <(stat -f -c '%b %S' "$1")
    size=$((blocks * size / 50))
    echo "$((size < least ? least : size > most ? most : size))"
}

# sparing PATH COMMAND... runs it, and ends it when the disk of PATH has only its
# reserve left; DISK_FULL tells then.
sparing() {
    local path=$1 reserve running status=0
    shift
    DISK_FULL=
    reserve=$(reserve_of "$path")
    "$@" <&0 9>&- & # standard input is not a background command's by itself
    running=$!
    while kill -0 "$running" 2>/dev/null; do
        if (($(free_space "$path") < reserve)); then
            DISK_FULL=yes
            kill "$running" 2>/dev/null || true
        fi
        sleep 0.2
    done
    wait "$running" || status=$?
    [[ -z $DISK_FULL ]] || return 1
    return "$status"
}

# spare PATH prints the bytes that are free beyond the reserve.
spare() { echo "$(($(free_space "$1") - $(reserve_of "$1")))"; }

human() { numfmt --to=iec --suffix=B --format=%.1f "$1"; }

# remember KIND RESULT MESSAGE [SET] writes the status file, whole or not at all.
remember() {
    local new
    mkdir -p "$STATE"
    new=$(mktemp "$STATE/.status-XXXXXX")
    printf '{"what":"%s","result":"%s","time":"%s","seconds":%d,"set":"%s","message":"%s"}\n' \
        "$1" "$2" "$(date --iso-8601=seconds)" "$SECONDS" "${4:-}" "$(json_text "$3")" >"$new"
    chmod 0644 "$new"
    mv "$new" "$STATE/$1.json"
}

json_text() { printf '%s' "$1" | tr '\n\t' '  ' | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# ping [start|fail] tells the monitoring service, if there is one. Its silence
# is no failure of the backup. A part of a run leaves it to the whole.
ping() {
    [[ -n ${PING_URL:-} && -z ${PART_OF_A_RUN:-} ]] || return 0
    # The address goes by standard input: it is a secret, and argv is public.
    curl -fsS -m 10 --retry 2 -o /dev/null -K - <<<"url = \"$PING_URL${1:+/$1}\"" 2>/dev/null ||
        say "warning: the monitoring service could not be told"
}

# encoded and decoded turn any name into part of a file's, and back.
encoded() {
    local name=$1 i byte out=
    local LC_ALL=C
    for ((i = 0; i < ${#name}; i++)); do
        byte=${name:i:1}
        case $byte in
            [A-Za-z0-9_-]) out+=$byte ;;
            *) out+=$(printf '%%%02X' "'$byte" | sed 's/%FFFFFFFFFFFFFF/%/') ;;
        esac
    done
    printf '%s' "$out"
}
decoded() {
    local text=${1//\\/\\\\}
    printf '%b' "${text//%/\\x}"
}
