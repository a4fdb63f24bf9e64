#!/usr/bin/env bash
# Functions that the server's scripts share. The program puts this text in
# front of each of them and sends both to `bash -s` on the server, as root.
# shellcheck disable=SC2034 # the variables are for the scripts that follow
set -euo pipefail
shopt -s lastpipe # `... | put FILE` counts its change in this shell
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

STATE=/var/lib/rails-on-hetzner
UNDO_UNIT=rails-on-hetzner-undo
SSHD_DROP_IN=/etc/ssh/sshd_config.d/00-rails-on-hetzner.conf
SUDOERS=/etc/sudoers.d/rails-on-hetzner # names the user that was made, if one was
changes=0

say() { echo "$*"; }

# joined SEPARATOR [TEXT...]
joined() {
    local separator=$1 text=${2:-} next
    for next in "${@:3}"; do text+=$separator$next; done
    say "$text"
}

# assigned NAME... prints variables for a file that the shell reads.
assigned() {
    local name
    for name in "$@"; do printf '%s=%q\n' "$name" "${!name}"; done
}

changed() {
    changes=$((changes + 1))
    say "changed: $*"
}

fail() {
    echo "failed: $*" >&2
    exit 1
}

# pause_undo stops the clock until the next boot. An undo that has begun
# finishes first: it opens the firewall seconds before it is done.
pause_undo() {
    systemctl stop "$UNDO_UNIT.timer" 2>/dev/null || true
    while systemctl is-active --quiet "$UNDO_UNIT.service"; do sleep 0.2; done
}

# disarm_undo stops the clock for good.
disarm_undo() {
    pause_undo
    undo_is_armed || return 0
    systemctl disable --quiet --no-reload "$UNDO_UNIT.timer"
    rm -f "/etc/systemd/system/$UNDO_UNIT".{timer,service}
    systemctl daemon-reload
}

undo_is_armed() { [[ -e /etc/systemd/system/$UNDO_UNIT.timer ]]; }

# put PATH MODE writes standard input to PATH, only if that changes it, whole or
# not at all. It succeeds when it changed something, for `put ... && reload=yes`.
# Files that are wholly ours are noted for scripts/check.
put() {
    local path=$1 mode=$2 new
    mkdir -p "$(dirname "$path")"
    new=$(mktemp "$path.XXXXXX")
    cat >"$new"
    chmod "$mode" "$new"
    [[ ! -e $path ]] || chown --reference="$path" "$new"
    note_sum "$new" "$path"
    if cmp -s "$new" "$path" && [[ $(stat -c %a "$path") == "$mode" ]]; then
        rm -f "$new"
        return 1
    fi
    mv "$new" "$path"
    changed "$path"
}

note_sum() {
    local sum
    [[ $(<"$1") != *"# BEGIN rails-on-hetzner"* ]] || return 0
    sum=$(sha256sum <"$1")
    mkdir -p "$STATE"
    touch "$STATE/files"
    grep -qxF "${sum%% *}  $2" "$STATE/files" || known_files "$2" "${sum%% *}  $2"
}

# known_files PATH [LINE] has LINE for PATH in the list, or none. Several scripts
# run side by side.
known_files() {
    (
        flock 8
        sed -i "\|  $1\$|d" "$STATE/files"
        [[ -z ${2:-} ]] || echo "$2" >>"$STATE/files"
    ) 8>"$STATE/files.lock"
}

# unput PATH takes back what put wrote, and what is known of it.
unput() {
    [[ -e $1 ]] || return 1
    rm "$1"
    known_files "$1"
    changed "$1 is gone"
}

# without_block PATH prints a file without the part between our markers. What
# follows begins on a line of its own, also when the file ends within one.
without_block() {
    [[ ! -e $1 ]] || whole_lines "$1" | sed '/^# BEGIN rails-on-hetzner/,/^# END rails-on-hetzner/d'
}

# block PATH prints the part between our markers, and the markers.
block() {
    [[ ! -e $1 ]] || whole_lines "$1" | sed -n '/^# BEGIN rails-on-hetzner/,/^# END rails-on-hetzner/p'
}

# whole_lines PATH ends the last line where it is not. A marker that was once
# written behind such a line gets its own.
whole_lines() { awk 1 "$1" | sed 's/\(.\)\(# BEGIN rails-on-hetzner (\)/\1\n\2/'; }

# in_block prints standard input between our markers.
in_block() {
    echo "# BEGIN rails-on-hetzner (written by the deployment, do not edit)"
    cat
    echo "# END rails-on-hetzner"
}

# Nothing here pipes a command into `grep -q`: grep leaves at the first match,
# the command dies of SIGPIPE, and pipefail calls that a failure, now and then.

# containers_are_filtered wants the rule for PRIVATE_NETWORK too, where there is one.
containers_are_filtered() {
    local rules
    rules=$(iptables -S DOCKER-USER 2>/dev/null) || return
    [[ $rules == *"-j DROP"* && $(ip6tables -S DOCKER-USER 2>/dev/null) == *"-j DROP"* ]] || return
    [[ -z ${PRIVATE_NETWORK:-} || $rules == *"-s $PRIVATE_NETWORK -j DROP"* ]]
}

ufw_is_active() { [[ $(ufw status) == "Status: active"* ]]; }

# reread UNIT... has systemd read its units again where it says that this is due for one
# of these: a file was written, or it was enabled with --no-reload. Also after a run
# that ended in between.
reread() { [[ $(systemctl show --property NeedDaemonReload --value -- "$@") != *yes* ]] || systemctl daemon-reload; }

# keep_running UNIT [--no-block] enables and starts what is not yet.
keep_running() {
    enable_unit "$1"
    reread "$1"
    start_unit "$@"
}

# To enable what is enabled takes systemctl as long as a restart. Units are not read
# again here, since there may be more to come.
enable_unit() { systemctl is-enabled --quiet "$1" || systemctl enable --quiet --no-reload "$1"; }
start_unit() { systemctl is-active --quiet "$1" || systemctl start ${2:+"$2"} "$1"; }

wait_for_cloud_init() {
    command -v cloud-init >/dev/null || return 0
    [[ $(cloud-init status 2>/dev/null || true) == *@(running|not started|not run)* ]] || return 0
    say "waiting for cloud-init to finish the first boot"
    # Its exit code is 2 after harmless warnings; what matters is checked later.
    timeout 900 cloud-init status --wait >/dev/null 2>&1 || true
    [[ $(cloud-init status 2>/dev/null || true) != *running* ]] || fail "cloud-init is still running after 15 minutes; see /var/log/cloud-init.log"
}

# apt ARGS... runs apt-get, waiting up to 15 minutes for another run of it to end.
apt() {
    local log tries=0
    log=$(mktemp)
    until apt-get -qq -o DPkg::Lock::Timeout=10 -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1; do
        if ! grep -qi 'could not get lock\|unable to acquire\|unable to lock' "$log" || ((++tries >= 75)); then
            tail -n 15 "$log" >&2
            rm -f "$log"
            fail "apt-get $* failed; the lines above say why"
        fi
        say "waiting for another apt to finish ($((tries * 12)) s)"
        sleep 2
    done
    rm -f "$log"
}

# need_packages NAME... installs what is missing, in one transaction.
need_packages() {
    local name missing=()
    for name in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true) == installed ]] || missing+=("$name")
    done
    ((${#missing[@]} > 0)) || return 0
    say "installing ${missing[*]}"
    apt update
    apt install --yes --no-install-recommends "${missing[@]}"
    changed "installed ${missing[*]}"
}

# time_zone, by TIME_ZONE, sets what "server time" means. cron keeps the zone it started with.
time_zone() {
    [[ -n $TIME_ZONE ]] || return 0
    local file=/usr/share/zoneinfo/$TIME_ZONE
    [[ -f $file ]] || fail "there is no time zone $TIME_ZONE; accepted are names such as America/Tijuana, see: timedatectl list-timezones"
    [[ $(readlink -f /etc/localtime) != "$(readlink -f "$file")" ]] || return 0
    ln -sfn "$file" /etc/localtime
    echo "$TIME_ZONE" >/etc/timezone
    systemctl try-restart cron.service
    changed "the server's time zone is $TIME_ZONE"
}
