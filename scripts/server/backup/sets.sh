# The backup sets on the disk. Installed as /usr/local/lib/rails-on-hetzner/sets.sh;
# sourced after shared.sh, never run.
#
# A backup set is the files of one moment, named after it. Those of the
# databases are in $BACKUPS, those of the app's files in $FILES (see files.sh):
#
#   2026-11-23_030000Z-daily.roles.sql        the roles, with their passwords' hashes
#   2026-11-23_030000Z-daily.NAME.dump        a database, in pg_dump's custom format
#   2026-11-23_030000Z-daily.manifest         of each database: NAME, its size, its largest table's, in bytes
#   2026-11-23_030000Z-daily.sha256           the checksums; written last: no set is whole without it
#
# Letters of a database's name other than A-Z a-z 0-9 _ - stand as %XX.
# shellcheck shell=bash disable=SC2153,SC2154 # shared.sh reads the settings

SETS=$BACKUPS # where they lie
LAST=sha256   # how the name of their last file ends

# sets prints the whole sets in the order in which they were made. [KIND]: daily
# or manual.
sets() {
    local sums set
    # shellcheck disable=SC2231 # a pattern
    for sums in "$SETS"/[0-9]*-${1:-*}."$LAST"; do
        set=${sums##*/}
        set=${set%."$LAST"}
        [[ ! -e $sums ]] || printf '%s %s\n' "$(made "$set")" "$set"
    done | sort | cut -d ' ' -f 2
}

newest() {
    local newest
    newest=$(sets | tail -n 1)
    [[ -n $newest ]] || fail "there is no backup yet in $SETS"
    printf '%s\n' "$newest"
}

# made SET prints when it was made, in UTC, in the form of the names. Sets of
# earlier versions are named in the time zone of their day, which nobody noted;
# their files tell, unless they were copied without their times.
made() {
    local set=$1 named written
    if [[ $set == *Z-* ]]; then
        printf '%s' "${set%%Z-*}"
        return
    fi
    named=$(date -d "${set:0:10} ${set:11:2}:${set:13:2}:${set:15:2}" +%s)
    written=$(stat -c %Y "$SETS/$set.$LAST")
    # No two time zones are further apart than 26 hours.
    ((written - named < -93600 || written - named > 93600)) || named=$written
    TZ=UTC printf '%(%F_%H%M%S)T' "$named"
}

# at SET prints when it was made, in the server's time.
at() {
    local made
    made=$(made "$1")
    date -d "${made:0:10} ${made:11:2}:${made:13:2}:${made:15:2} UTC" '+%F %R %Z'
}

# older_than DAYS prints the dailies beyond the last so many days that have one.
# It counts days and not age: a server that stood still for a month keeps what it
# has. Days are those of UTC: the others move when the time zone changes.
older_than() {
    local set day
    local -a days
    mapfile -t days < <(for set in $(sets daily); do made "$set" | cut -c 1-10; done | sort -u | head -n -"$1")
    for set in $(sets daily); do
        day=$(made "$set")
        [[ " ${days[*]} " != *" ${day:0:10} "* ]] || printf '%s\n' "$set"
    done
}

# new_set KIND prints a name that is not taken.
new_set() {
    local set
    set=$(date -u +%F_%H%M%SZ)-$1
    while [[ -e $BACKUPS/$set.sha256 || -e $FILES/$set.list ]]; do # twice in a second
        sleep 1
        set=$(date -u +%F_%H%M%SZ)-$1
    done
    printf '%s' "$set"
}
