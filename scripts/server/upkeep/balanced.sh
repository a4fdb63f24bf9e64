# What a load balancer asks this server: whether the app is well here. It asks on a
# port of its own, which nobody else reaches, so that a server that goes down can say
# so first: from the beginning of a shutdown it is not well, and only when the load
# balancer must have noticed are the app and its proxy stopped.
# shellcheck shell=bash disable=SC2153,SC2154 # common.sh and install.sh stand around

WELL_UNIT=/etc/systemd/system/rails-on-hetzner-well
DRAIN_UNIT=/etc/systemd/system/rails-on-hetzner-drain.service

balanced() {
    local renewed=no
    if [[ -z ${WELL_PORT:-} ]]; then
        unbalanced
        return
    fi
    attach /usr/local/bin 755 app-well
    well_socket | put "$WELL_UNIT.socket" 644 && renewed=yes
    well_service | put "${WELL_UNIT}@.service" 644 && renewed=yes
    drain_unit | put "$DRAIN_UNIT" 644 && renewed=yes
    [[ $renewed == no ]] || RENEWED+=("${WELL_UNIT##*/}.socket")
    UNITS+=("${WELL_UNIT##*/}.socket" "${DRAIN_UNIT##*/}")
    report+=("tells the load balancer whether the app is well")
}

unbalanced() {
    local unit
    [[ -e $DRAIN_UNIT ]] || return 0
    # Not the drain: to stop it is to wait. It has nothing left to wait for.
    systemctl disable --quiet "${DRAIN_UNIT##*/}"
    systemctl disable --quiet --now "${WELL_UNIT##*/}.socket"
    for unit in "$DRAIN_UNIT" "$WELL_UNIT.socket" "${WELL_UNIT}@.service" /usr/local/bin/app-well; do unput "$unit" || true; done
    systemctl daemon-reload
}

well_socket() {
    cat <<UNIT
# Written by the deployment.
[Unit]
Description=rails-on-hetzner: the load balancer asks whether the app is well

[Socket]
ListenStream=$WELL_PORT
Accept=yes
MaxConnections=16

[Install]
WantedBy=sockets.target
UNIT
}

# well_service is begun for each question, and not any more once the machine goes
# down: no answer is the answer then. Nothing of it is logged, it would be all there is.
well_service() {
    cat <<UNIT
# Written by the deployment.
[Unit]
Description=rails-on-hetzner: whether the app is well
CollectMode=inactive-or-failed

[Service]
ExecStart=-/usr/local/bin/app-well
Environment="HOST=$WELL_HOST" "HEALTH_PATH=$HEALTH_PATH"
StandardInput=socket
StandardError=null
User=nobody
TimeoutStartSec=10
RuntimeMaxSec=10
LogLevelMax=warning
UNIT
}

# drain_unit stops before what stops the containers does. The load balancer asks
# every five seconds and believes the second refusal (components/balancer.go). From then
# on nobody new comes; who keeps a connection loses it when what is under way is done,
# before the app behind it is stopped.
drain_unit() {
    cat <<UNIT
# Written by the deployment.
[Unit]
Description=rails-on-hetzner: at shutdown the load balancer notices before the app is stopped
After=docker.service ${LIVE_RESTORE_UNIT##*/} network.target ufw.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sleep 13
ExecStop=-/usr/bin/docker restart --time 15 kamal-proxy
TimeoutStopSec=40

[Install]
WantedBy=multi-user.target
UNIT
}
