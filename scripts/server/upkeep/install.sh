# Sets up what keeps a server running in the days after: swap, room on the disk,
# Docker's updates, and who looks whether all is well and tells. What is switched
# off is taken back. Running it again changes nothing.
#
# SWAP            true or false: whether there is a file for memory that is not used
# TIDY            true or false: whether journal and containers' logs are bounded, and old images go
# DOCKER_UPDATES  HH:MM, when Docker is updated; empty: never
# SERVICE         Kamal's name for the app
# CONTAINER       of the app's PostgreSQL; empty: it has none here
# HOSTS           on which the app answers, separated by spaces, the main one first;
#                 empty: its names do not lead here yet
# HEALTH_PATH     that answers when the app is well
# WELL_PORT       on which a load balancer asks how the app is, by the host WELL_HOST;
#                 optional: there is none
# SSH_NETWORKS    networks that may reach port 22, separated by spaces; empty: everyone
# SERVER_NAME     of a stack of several servers, what messages call this one; else left out
# TIME_ZONE       of the server, where no backup sets it; else left out
# ALERT_URL       told of what is wrong, in the shape ALERT_FORMAT; secret, may be empty
# ALERT_EMAIL     told too, by the relay ALERT_SMTP (host:port), from ALERT_FROM, with
#                 ALERT_SMTP_USER and ALERT_SMTP_PASSWORD, which is secret; may be empty
# ALERT_EXCEPT    names of checks that nobody is told of, separated by spaces
# shellcheck shell=bash disable=SC2154 # common.sh, the other parts and the attached files stand in front

main() {
    : "${SERVER_NAME:=}" "${TIME_ZONE:=}" "${SWAP:?}" "${TIDY:?}" "${DOCKER_UPDATES?may be empty}" "${SERVICE:?}" "${CONTAINER?may be empty}" "${HOSTS?may be empty}" "${HEALTH_PATH:?}" "${SSH_NETWORKS?may be empty}"
    local report=()
    UNITS=() RENEWED=()
    time_zone
    install -d -m 0700 /etc/rails-on-hetzner
    attach /usr/local/lib/rails-on-hetzner 644 common.sh
    swap
    logs
    images
    docker_settings
    docker_updates
    balanced
    alerts
    run_units
    ((changes > 0)) || say "nothing to change"
    say "upkeep: $(joined ', ' "${report[@]}")"
}

# attach DIRECTORY MODE NAME... puts attached files there.
attach() {
    local directory=$1 mode=$2 name
    shift 2
    for name in "$@"; do attached "$name" | put "$directory/$name" "$mode" || true; done
}

# timer NAME WHEN COMMAND has a command run when systemd.timer(5) says.
timer() {
    local unit=rails-on-hetzner-$1 renewed=no
    put "/etc/systemd/system/$unit.service" 644 <<UNIT && renewed=yes
# Written by the deployment.
[Unit]
Description=rails-on-hetzner: $3

[Service]
Type=oneshot
ExecStart=/usr/local/bin/$3
SyslogIdentifier=$3
TimeoutStartSec=30min
Nice=10
CPUWeight=20
UNIT
    put "/etc/systemd/system/$unit.timer" 644 <<UNIT && renewed=yes
# Written by the deployment.
[Unit]
Description=rails-on-hetzner: when $3 runs

[Timer]
$2

[Install]
WantedBy=timers.target
UNIT
    [[ $renewed == no ]] || RENEWED+=("$unit.timer")
    UNITS+=("$unit.timer")
}

# run_units has UNITS be enabled and running, and those restarted that are RENEWED. For
# each that changes or is enabled systemd reads all there are, so that this comes once,
# when all are written.
run_units() {
    local unit
    for unit in "${UNITS[@]}"; do enable_unit "$unit"; done
    reread docker.service "${UNITS[@]}"
    ((${#RENEWED[@]} == 0)) || systemctl try-restart "${RENEWED[@]}"
    for unit in "${UNITS[@]}"; do start_unit "$unit"; done
}

untimer() {
    local unit=rails-on-hetzner-$1
    [[ -e /etc/systemd/system/$unit.timer ]] || return 0
    systemctl disable --quiet --now "$unit.timer"
    unput "/etc/systemd/system/$unit.timer"
    unput "/etc/systemd/system/$unit.service" || true
    systemctl daemon-reload
}

main </dev/null
