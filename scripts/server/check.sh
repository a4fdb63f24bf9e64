# Only looks: the state in effect, the files, the backups.
# shellcheck shell=bash disable=SC2154 # common.sh and verify.sh stand in front

BACKUP_JOB=/etc/cron.d/rails-on-hetzner-backup

main() {
    verify_effect
    verify_files
    verify_backups
}

# verify_backups lists them, and fails when the newest is not what one would
# want to restore from: the last run failed or is too long ago, or a set is
# not whole. What ran when stands in the status files of pg-backup.
verify_backups() {
    local sets
    if ! command -v pg-backup >/dev/null && [[ ! -e $BACKUP_JOB ]]; then
        say "backups: none are made here; the app's database is elsewhere, or none of the deployment's"
        return
    fi
    sets=$(pg-backup list)
    say "$sets"
    [[ $sets != *"NOT WHOLE"* ]] || fail "a backup is not whole, see the list above; to make another: scripts/backup"
    verify_run backup backup 26
    if [[ $(status_of backup result) == waiting ]]; then
        [[ $sets == "there is no backup yet"* ]] || fail "there are backups, but no database any more: $(status_of backup message); in the app: kamal accessory boot db"
        return
    fi
    verify_run verify "verification of a backup" 194
}

# verify_run NAME WHAT HOURS looks at how and when a job of pg-backup's last
# ended; before its first run, at when it was set up.
verify_run() {
    local file=$STATE/backup/$1.json hours
    [[ $(status_of "$1" result) != failure ]] ||
        fail "the last $2 failed ($(status_of "$1" time)): $(status_of "$1" message); see: scripts/ssh journalctl -t pg-backup"
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

main </dev/null
