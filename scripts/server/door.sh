# The door by which servers of the private network reach this one's PostgreSQL. Its
# container answers on the server itself only, as with one server, so that growing
# does not restart it: what comes to the private address is passed on there. UFW lets
# nobody else come to it.
# shellcheck shell=bash disable=SC2154 # common.sh stands in front

DOOR_UNIT=/etc/systemd/system/rails-on-hetzner-database

door() {
    local reload=no unit
    if [[ -z ${DATABASE_DOOR:-} ]]; then
        [[ -e $DOOR_UNIT.socket ]] || return 0
        systemctl disable --quiet --now "${DOOR_UNIT##*/}.socket" "${DOOR_UNIT##*/}.service"
        for unit in socket service; do unput "$DOOR_UNIT.$unit" || true; done
        systemctl daemon-reload
        return
    fi
    door_socket | put "$DOOR_UNIT.socket" 644 && reload=yes
    door_service | put "$DOOR_UNIT.service" 644 && reload=yes
    if [[ $reload == yes ]]; then
        systemctl daemon-reload
        systemctl stop "${DOOR_UNIT##*/}.service"
        systemctl try-restart "${DOOR_UNIT##*/}.socket"
    fi
    keep_running "${DOOR_UNIT##*/}.socket"
}

# door_socket may listen before the address is there: the server joins the network
# when it likes (systemd.socket(5), FreeBind).
door_socket() {
    cat <<UNIT
# Written by the deployment.
[Unit]
Description=rails-on-hetzner: the private network's way to PostgreSQL

[Socket]
ListenStream=$DATABASE_DOOR:5432
FreeBind=yes
KeepAlive=yes
NoDelay=yes

[Install]
WantedBy=sockets.target
UNIT
}

door_service() {
    cat <<UNIT
# Written by the deployment.
[Unit]
Description=rails-on-hetzner: passes the private network on to PostgreSQL
Requires=${DOOR_UNIT##*/}.socket
After=${DOOR_UNIT##*/}.socket

[Service]
ExecStart=$(door_program) --connections-max=1024 127.0.0.1:5432
DynamicUser=yes
NoNewPrivileges=yes
LimitNOFILE=8192
Restart=on-failure
UNIT
}

door_program() {
    local path
    for path in /usr/lib/systemd/systemd-socket-proxyd /lib/systemd/systemd-socket-proxyd; do
        [[ ! -x $path ]] || {
            say "$path"
            return
        }
    done
    fail "there is no systemd-socket-proxyd, which comes with systemd"
}
