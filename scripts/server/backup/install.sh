# Installs the daily backup: its commands (app-backup, app-restore and those for
# their parts), settings and schedule. Running it again changes nothing.
#
# CONTAINER  of the app's PostgreSQL, <service>-db; empty: it has none here
# SERVICE    of the app, whose containers' volumes are backed up; empty: they are not;
#            neither: what was made here stays, and may be restored, and nothing is made
# POINT_IN_TIME  true or false: whether PostgreSQL's log is kept, for a restore to any moment
# HOUR       of the daily backup, 0 to 23, server time
# KEEP       days kept
# TIME_ZONE  of the server, e.g. America/Tijuana; empty: as it is
# PING_URL   of a monitoring service; secret, may be empty
# OFFSITE_RECIPIENT  whom copies are encrypted for, which are put
# OFFSITE_*  in a bucket: BUCKET, ENDPOINT, REGION, ACCESS_KEY and SECRET_KEY, which are secret
# BOX_*      or in a Storage Box: HOST, KNOWN_HOSTS, USER, PASSWORD, which is secret,
#            and DIRECTORY, in the user's own; neither: there are no copies
# shellcheck shell=bash disable=SC2154 # common.sh and the attached files stand in front

BACKUPS=/opt/backups/postgres
FILES=/opt/backups/files

main() {
    local file
    : "${CONTAINER?may be empty}" "${SERVICE?may be empty}" "${POINT_IN_TIME:?}" "${HOUR:?}" "${KEEP:?}" "${TIME_ZONE?may be empty}" "${PING_URL?may be empty}" "${OFFSITE_BUCKET?may be empty}" "${OFFSITE_RECIPIENT?may be empty}" "${BOX_HOST:=}"
    [[ -z $BOX_HOST ]] || OFFSITE_BUCKET=${BOX_DIRECTORY:?}
    [[ -n $CONTAINER ]] || POINT_IN_TIME=false
    time_zone
    install -d -m 0700 "$BACKUPS" "$FILES" /etc/rails-on-hetzner
    own
    for file in "${ATTACHED[@]}"; do
        if [[ $file == *.sh ]]; then
            attached "$file" | put "/usr/local/lib/rails-on-hetzner/$file" 644 || true
        else
            attached "$file" | put "/usr/local/bin/$file" 755 || true
        fi
    done
    elsewhere
    settings | put /etc/rails-on-hetzner/backup.conf 600 || true
    if [[ -n $BOX_HOST ]]; then
        printf '%s\n' "${BOX_KNOWN_HOSTS:?}" | put /etc/rails-on-hetzner/known_hosts 644 || true
    else
        unput /etc/rails-on-hetzner/known_hosts || true
    fi
    place | put /etc/rails-on-hetzner/rclone.conf 600 || true
    if [[ -n $CONTAINER$SERVICE ]]; then
        schedule | put /etc/cron.d/rails-on-hetzner-backup 644 || true
    else
        unput /etc/cron.d/rails-on-hetzner-backup || true
    fi
    keep_running cron.service
    follow_log
    verify
    ((changes > 0)) || say "nothing to change"
    if [[ -z $CONTAINER$SERVICE ]]; then
        say "backup: none are made here; what there is stays in ${BACKUPS%/*}"
        return
    fi
    say "backup: every day at $(printf %02d:00 "$HOUR") $(date +%Z), the last $KEEP days kept in ${BACKUPS%/*}"
}

# own takes back what was put among the backups with another owner or mode.
own() {
    [[ -n $(find "$BACKUPS" \( ! -user root -o ! -group root -o -perm /077 \) -print -quit) ]] || return 0
    chown -R root:root "$BACKUPS"
    chmod -R go= "$BACKUPS"
    changed "the backups are root's"
}

settings() {
    printf '# Written by the deployment; read by the commands of the backup.\n'
    assigned CONTAINER SERVICE BACKUPS FILES KEEP POINT_IN_TIME PING_URL OFFSITE_BUCKET OFFSITE_RECIPIENT BOX_HOST
}

# place is for rclone(1), which knows every provider of S3, and SFTP.
place() { if [[ -n $BOX_HOST ]]; then box; else bucket; fi; }

bucket() {
    cat <<CONF
[offsite]
type = s3
provider = Other
endpoint = $OFFSITE_ENDPOINT
region = $OFFSITE_REGION
access_key_id = $OFFSITE_ACCESS_KEY
secret_access_key = $OFFSITE_SECRET_KEY
no_check_bucket = true
CONF
}

# box has no shell, which rclone would look for.
box() {
    cat <<CONF
[offsite]
type = sftp
host = $BOX_HOST
port = 23
user = ${BOX_USER:?}
pass = $(obscured)
known_hosts_file = /etc/rails-on-hetzner/known_hosts
shell_type = none
disable_hashcheck = true
# of $(checksum_of_password)
CONF
}

# obscured is the password as rclone wants it, another one each time: so the one
# that is there stays as long as it is of the same password.
obscured() {
    local conf=/etc/rails-on-hetzner/rclone.conf
    if grep -qsxF "# of $(checksum_of_password)" "$conf"; then
        sed -n 's/^pass = //p' "$conf"
    else
        rclone obscure - <<<"${BOX_PASSWORD:?}"
    fi
}

checksum_of_password() { sha256sum <<<"$BOX_PASSWORD" | cut -d ' ' -f 1; }

# schedule is for cron(8). The weekly proof comes an hour after the backup.
# systemd-cat hands the output to the journal and the exit code to cron.
schedule() {
    cat <<CRON
# Written by the deployment.
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
0 $HOUR * * * root systemd-cat -t app-backup app-backup daily
0 $(((HOUR + 1) % 24)) * * 0 root systemd-cat -t app-backup app-backup verify
CRON
}

# elsewhere is for what moves to another server: how its last backup here ended counts
# no more, and the database is told to keep no more of its log for this while the
# settings still name it.
elsewhere() {
    [[ -n $SERVICE ]] || rm -f "$STATE"/backup/files{,-verify}.json
    [[ -z $CONTAINER && -e /etc/rails-on-hetzner/backup.conf ]] || return 0
    rm -f "$STATE"/backup/{backup,verify}.json
    unserve wal
    unserve wal-send
    [[ ! -d $BACKUPS/wal ]] || pg-wal off || say "the database that was here could not be told to keep no more of its log, the lines above say why"
}

# follow_log has the services run that are wanted.
follow_log() {
    if [[ $POINT_IN_TIME == true ]]; then
        serve wal follow "receives the log of the app's PostgreSQL"
    else
        unserve wal
    fi
    if [[ $POINT_IN_TIME == true && -n $OFFSITE_BUCKET ]]; then
        serve wal-send send "copies the log of the app's PostgreSQL off-site"
    else
        unserve wal-send
    fi
    # Also where the database did not answer the last time.
    [[ $POINT_IN_TIME == true || ! -d $BACKUPS/wal ]] || pg-wal off
}

# serve NAME COMMAND WHAT has a service of pg-wal run, with the settings of now.
serve() {
    local unit=rails-on-hetzner-$1.service
    unit "$2" "$3" | put "/etc/systemd/system/$unit" 644 || true
    enable_unit "$unit"
    reread "$unit"
    # What changed is not only its own file: the commands and the settings too.
    if ((changes > 0)) && systemctl is-active --quiet "$unit"; then systemctl restart --no-block "$unit"; fi
    start_unit "$unit" --no-block
}

unserve() {
    local unit=rails-on-hetzner-$1.service
    [[ -e /etc/systemd/system/$unit ]] || return 0
    systemctl disable --quiet --now "$unit"
    unput "/etc/systemd/system/$unit"
    systemctl daemon-reload
}

# unit COMMAND WHAT. What it is fails as it may (no database yet, a bucket that is
# away), it is begun anew.
unit() {
    cat <<UNIT
# Written by the deployment.
[Unit]
Description=rails-on-hetzner: $2
After=docker.service network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/local/bin/pg-wal $1
Restart=always
RestartSec=10
SyslogIdentifier=app-backup
TimeoutStopSec=20
OOMScoreAdjust=500
Nice=10
CPUWeight=20
IOSchedulingClass=idle

[Install]
WantedBy=multi-user.target
UNIT
}

verify() {
    local file
    systemctl is-active --quiet cron.service || fail "cron is not running, so no backup would be made"
    for file in "${ATTACHED[@]}"; do
        [[ $file == *.sh ]] || "$file" --help >/dev/null || fail "$file does not run"
    done
}

main </dev/null
