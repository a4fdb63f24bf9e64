# Whether there is a backup that one would want to restore from.
# shellcheck shell=bash disable=SC2154 # common.sh stands in front

BACKUP_JOB=/etc/cron.d/rails-on-hetzner-backup
BACKUP_SETTINGS=/etc/rails-on-hetzner/backup.conf

# check_backup lists them, and fails when the newest is not what one would
# want to restore from: the last run failed or is too long ago, or a set is
# not whole. What ran when stands in the status files of the backup's parts.
check_backup() {
    local list
    if ! command -v app-backup >/dev/null && [[ ! -e $BACKUP_JOB ]]; then
        say "none are made here; the app's database is elsewhere, or none of the deployment's"
        return
    fi
    list=$(app-backup list)
    if ! has CONTAINER && ! has SERVICE; then
        say "none are made here any more${list:+; what there is stays:$'\n'$list}"
        return
    fi
    say "$list"
    [[ $list != *"NOT WHOLE"* ]] || fail "a backup is not whole, see the list above; to make another: scripts/backup"
    ! has CONTAINER || verify_databases "$list"
    ! has SERVICE || verify_copies
    ! grep -q '^POINT_IN_TIME=true$' "$BACKUP_SETTINGS" || verify_log
}

# has NAME tells whether a setting of the backup is set.
has() { ! grep -q "^$1=''$" "$BACKUP_SETTINGS"; }

verify_databases() {
    verify_run backup backup 26
    if [[ $(status_of backup result) == waiting ]]; then
        [[ $1 == "there is no backup yet"* ]] || fail "there are backups, but no database any more: $(status_of backup message); in the app: kamal accessory boot db"
        return
    fi
    verify_run verify "verification of a backup" 194
}

verify_copies() {
    verify_run files "backup of the files" 26
    [[ $(status_of files result) == waiting ]] || verify_run files-verify "verification of the files" 194
}

# verify_log wants a sign of each hour from who receives PostgreSQL's log, and from
# who sends it.
verify_log() {
    verify_run wal "sign that PostgreSQL's log is received" 1
    [[ $(status_of wal result) != waiting ]] || return 0
    ! has OFFSITE_BUCKET || verify_run wal-send "sign that PostgreSQL's log is copied off-site" 1
    verify_run wal-base "base of PostgreSQL's log" 194
    verify_run wal-verify "verification of PostgreSQL's log" 194
}

# verify_run NAME WHAT HOURS looks at how and when a job of the backup last
# ended; before its first run, at when it was set up.
verify_run() {
    local file=$STATE/backup/$1.json hours
    [[ $(status_of "$1" result) != failure ]] ||
        fail "the last $2 failed ($(status_of "$1" time)): $(status_of "$1" message); see: scripts/ssh journalctl -t app-backup"
    [[ $(status_of "$1" result) != partial ]] || say "the last $2: $(status_of "$1" message)"
    [[ -e $BACKUP_JOB ]] || fail "no backups are made: $BACKUP_JOB is missing; to put it back: pulumi up --replace '**backup-install'"
    [[ -e $file ]] || file=$BACKUP_JOB
    hours=$((($(date +%s) - $(stat -c %Y "$file")) / 3600))
    ((hours < $3)) || fail "the last $2 is $hours hours ago, at least one in $3 hours is due; see: scripts/ssh systemctl status cron"
}

# status_of NAME FIELD prints a field of a status file, or nothing.
status_of() {
    [[ -e $STATE/backup/$1.json ]] || return 0
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2], ""))' "$STATE/backup/$1.json" "$2"
}
