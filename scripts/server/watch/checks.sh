# The checks of a server that runs, of which each is a function check_NAME. It
# prints what it found, with figures; what is wrong ends it by `fail`, which says
# so and what mends it. Those of the hardening, the backups, the site and the
# logins have files of their own.
# shellcheck shell=bash disable=SC2034,SC2154 # common.sh stands in front; variables are for the others

CHECKS=(firewall sshd fail2ban updates reboot files disk memory oom docker containers site certificate backup clock logins)

WATCH=${STATE:?}/watch                          # what server-watch remembers
WATCH_SETTINGS=/etc/rails-on-hetzner/watch.conf # SERVICE CONTAINER HOSTS HEALTH_PATH SSH_NETWORKS ALERT_* SERVER_NAME

# read_settings is for a server that was never told of them, too.
read_settings() {
    SERVICE='' CONTAINER='' HOSTS='' HOST='' HEALTH_PATH=/up SSH_NETWORKS='' SERVER_NAME='' ALERT_EXCEPT=''
    ALERT_URL='' ALERT_FORMAT='' ALERT_EMAIL='' ALERT_FROM='' ALERT_SMTP='' ALERT_SMTP_USER='' ALERT_SMTP_PASSWORD=''
    # shellcheck source=/dev/null
    [[ ! -e $WATCH_SETTINGS ]] || source "$WATCH_SETTINGS"
    HOSTS=${HOSTS:-$HOST} # as it was told before it was told of all
    HOST=${HOSTS%% *}
}

# look NAME makes the check: WRONG is yes or no then, SAID what it said and, of
# what is wrong, REASON why. Advice to use scripts/ssh names this server.
look() {
    local status
    # Not in a condition: there, a command that fails in the check would not end it.
    set +e
    SAID=$(
        set -e
        "check_$1" 2>&1 </dev/null
    )
    status=$?
    set -e
    SAID=${SAID//scripts\/ssh /scripts/ssh ${SERVER_NAME:+$SERVER_NAME }}
    WRONG=no REASON=
    ((status != 0)) || return 0
    WRONG=yes
    REASON=$(sed -n 's/^failed: //p' <<<"$SAID")
    SAID=$(sed '/^failed: /d' <<<"$SAID")
    [[ -n $REASON ]] || REASON="the check itself failed: $(tail -n 1 <<<"$SAID")"
}

# is_told NAME: then a limit is lower than it was, so that what goes up and down
# around it is told once.
is_told() { [[ -e $WATCH/told/$1 ]]; }

check_reboot() {
    local days
    [[ -e /var/run/reboot-required ]] || {
        say "none is due"
        return
    }
    days=$((($(date +%s) - $(stat -c %Y /var/run/reboot-required)) / 86400))
    ((days < 3)) || fail "a reboot is due for $days days; do it with: scripts/ssh reboot, or let the server choose the hour: pulumi config set rebootTime 04:30"
    say "one is due since $(date -r /var/run/reboot-required '+%F %H:%M')"
}

# check_disk looks at every disk that the server writes to.
check_disk() {
    local used inodes free path limit=80 said=() wrong=()
    ! is_told disk || limit=75
    while read -r used inodes free path; do
        said+=("${used}% of $path is used, $free free")
        ((used < limit)) || wrong+=("${used}% of $path is used, $free free")
        [[ $inodes != [0-9]* ]] || ((inodes < limit)) || wrong+=("${inodes}% of the files that $path can have are there")
    done < <(df --human-readable --output=source,pcent,ipcent,avail,target / /boot /var/lib/docker /opt/backups 2>/dev/null |
        awk 'NR > 1 && !seen[$1]++ { sub("%", "", $2); sub("%", "", $3); print $2, $3, $4, $5 }')
    ((${#said[@]} > 0)) || fail "df tells nothing"
    ((${#wrong[@]} == 0)) || fail "$(joined '; ' "${wrong[@]}") (at most $limit%); see what is large: scripts/ssh du -xhd2 /"
    joined '; ' "${said[@]}"
}

# check_memory: what is available counts what the kernel would let go of; the
# pressure is how much of the last five minutes all tasks at once waited for
# memory (https://docs.kernel.org/accounting/psi.html).
check_memory() {
    local available total swap swap_total waited=0 least=10 said
    ! is_told memory || least=15
    read -r total available swap_total swap < <(awk '{ kib[$1] = $2 } END { print kib["MemTotal:"], kib["MemAvailable:"], kib["SwapTotal:"], kib["SwapTotal:"] - kib["SwapFree:"] }' /proc/meminfo)
    [[ ! -r /proc/pressure/memory ]] || waited=$(awk '/^full/ { sub("avg300=", "", $4); print int($4) }' /proc/pressure/memory)
    said="$(kib "$available") of $(kib "$total") available, swap $(kib "$swap") of $(kib "$swap_total") used, waited for $waited% of the last five minutes"
    ((available * 100 >= total * least)) || fail "$said (at least $least% must be available); see what is large: scripts/ssh ps aux --sort -rss"
    ((waited < 10)) || fail "$said (less than 10%); see what is large: scripts/ssh ps aux --sort -rss"
    say "$said"
}

kib() { numfmt --from-unit=1024 --to=iec --format=%.1f "$1"; }

# check_oom tells of a kill for an hour. What the counter said when it last grew
# is noted by server-watch.
check_oom() {
    local count noted=0 at=0
    count=$(killed_for_memory)
    [[ ! -e $WATCH/oom ]] || read -r noted at <"$WATCH/oom"
    (($(date +%s) - at >= 3600)) ||
        fail "a process was killed for want of memory at $(date -d "@$at" '+%F %H:%M'), the $noted. since the boot$(last_killed); see what is large: scripts/ssh ps aux --sort -rss"
    say "$count processes killed for want of memory since the boot"
}

killed_for_memory() { awk '$1 == "oom_kill" { print $2 }' /proc/vmstat; }

last_killed() { journalctl --dmesg --since -2h --grep 'Killed process' --output cat --quiet 2>/dev/null | sed -n 's/.*Killed process [0-9]* (\([^)]*\)).*/: \1/p' | tail -n 1; }

# note_oom remembers when the kernel's counter grew.
note_oom() {
    local count noted at
    count=$(killed_for_memory)
    [[ -e $WATCH/oom ]] || echo "$count 0" >"$WATCH/oom"
    read -r noted at <"$WATCH/oom"
    ((count == noted)) && return
    ((count < noted)) || at=$(date +%s) # less: it counts from the boot
    echo "$count $at" >"$WATCH/oom"
}

check_docker() {
    local update=$STATE/docker-update
    command -v docker >/dev/null || {
        say "not installed yet; kamal setup does"
        return
    }
    timeout 20 docker info >/dev/null 2>&1 || fail "it does not answer; see: scripts/ssh systemctl status docker"
    [[ ! -e $update || $(<"$update") != failed* ]] || fail "its last update $(<"$update"); see: scripts/ssh journalctl -t docker-update"
    say "version $(timeout 20 docker version --format '{{.Server.Version}}'), containers $([[ $(timeout 20 docker info --format '{{.LiveRestoreEnabled}}') == true ]] || echo 'do not ')survive its restarts"
}

# check_containers: none restarts, is unhealthy, or was stopped that holds the
# app's database.
check_containers() {
    local ids facts name state health restarts started wrong=() running=0
    ids=$(docker_if_there ps --all --quiet 2>/dev/null) || {
        say "Docker does not tell"
        return
    }
    [[ -n $ids ]] || {
        say "none yet"
        return
    }
    # shellcheck disable=SC2086 # a word each
    facts=$(docker_if_there inspect --format '{{.Name}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}} {{.RestartCount}} {{.State.StartedAt}}' $ids)
    while read -r name state health restarts started; do
        name=${name#/}
        [[ $state != running ]] || running=$((running + 1))
        if [[ $state == restarting || $state == running && $restarts -gt 0 && $(($(date +%s) - $(date -d "$started" +%s))) -lt 600 ]]; then
            wrong+=("$name was restarted $restarts times, the last time at $(date -d "$started" +%H:%M)")
        elif [[ $health == unhealthy || $state == dead ]]; then
            wrong+=("$name is ${health/-/dead}")
        elif [[ $name == "$CONTAINER" && $state != running ]]; then
            wrong+=("$name, the app's database, does not run ($state)")
        fi
    done <<<"$facts"
    ((${#wrong[@]} == 0)) || fail "$(joined '; ' "${wrong[@]}"); see: scripts/ssh docker ps -a, docker logs"
    say "$running run"
}

docker_if_there() { ! command -v docker >/dev/null || timeout 20 docker "$@"; }

# check_clock: a container's clock is its host's.
check_clock() {
    if systemd-detect-virt --container --quiet; then
        say "the host's"
    elif [[ $(timedatectl show --property NTPSynchronized --value) == yes ]]; then
        say "synchronized"
    else
        fail "it is not synchronized, so certificates and logins may be refused; see: scripts/ssh timedatectl timesync-status"
    fi
}
