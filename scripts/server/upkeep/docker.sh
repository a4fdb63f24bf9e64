# Docker: what it is told, and its updates. Kamal installs it from Docker's own
# repository, which unattended-upgrades leaves alone. Containers survive the
# restart that an update is (https://docs.docker.com/engine/daemon/live-restore/).
# shellcheck shell=bash disable=SC2154 # common.sh stands in front

DOCKER_SETTINGS=/etc/docker/daemon.json
LIVE_RESTORE_UNIT=/etc/systemd/system/rails-on-hetzner-live-restore.service
DOCKER_DROP_IN=/etc/systemd/system/docker.service.d/rails-on-hetzner.conf

# docker_settings adds what is wanted, and takes out what an earlier run added.
# What somebody else set, stays as it is.
docker_settings() {
    local wanted=() before after
    [[ -z $DOCKER_UPDATES ]] || wanted+=('"live-restore": true')
    [[ $TIDY != true ]] || wanted+=('"log-opts": {"max-size": "10m", "max-file": "3"}')
    before=$(cat "$DOCKER_SETTINGS" 2>/dev/null || true)
    after=$(merged_settings "{$(joined , "${wanted[@]}")}" <<<"$before") ||
        fail "$DOCKER_SETTINGS is no JSON, so Docker does not start with it either; mend it, or move it away, and run pulumi up --replace '**upkeep-install'"
    [[ $after != "$before" ]] || return 0
    mkdir -p "$(dirname "$DOCKER_SETTINGS")"
    printf '%s\n' "$after" >"$DOCKER_SETTINGS.new"
    mv "$DOCKER_SETTINGS.new" "$DOCKER_SETTINGS"
    changed "$DOCKER_SETTINGS"
    # live-restore is among what it takes without a restart.
    ! systemctl is-active --quiet docker || systemctl reload docker
}

# merged_settings WANTED prints what is on standard input with what is wanted.
# What is ours of it is noted in a file. A log driver of somebody's own may not
# know our options.
merged_settings() {
    python3 -c '
import json, os, sys

wanted, note = json.loads(sys.argv[1]), sys.argv[2]
text = sys.stdin.read().strip()
settings = json.loads(text or "{}")
ours = json.load(open(note)) if os.path.exists(note) else {}
for key, value in ours.items():
    if settings.get(key) == value or key == "live-restore": # which docker-live-restore turns
        settings.pop(key, None)
if "log-driver" in settings:
    wanted.pop("log-opts", None)
ours = {key: value for key, value in wanted.items() if key not in settings}
merged = {**settings, **ours}
os.makedirs(os.path.dirname(note), exist_ok=True)
with open(note + ".new", "w") as new:
    json.dump(ours, new)
os.replace(note + ".new", note)
if merged == (json.loads(text) if text else {}):
    print(text)
else:
    print(json.dumps(merged, indent=2))' "$1" "$STATE/docker-settings.json"
}

docker_updates() {
    if [[ -n $DOCKER_UPDATES ]]; then
        attach /usr/local/bin 755 docker-update docker-live-restore
        live_restore_unit | put "$LIVE_RESTORE_UNIT" 644 || true
        UNITS+=("${LIVE_RESTORE_UNIT##*/}")
        hold_while_it_starts | put "$DOCKER_DROP_IN" 644 || true
        timer docker-update "OnCalendar=*-*-* $DOCKER_UPDATES"$'\nPersistent=true' docker-update
        report+=("Docker updated at $DOCKER_UPDATES")
    else
        untimer docker-update
        unput /usr/local/bin/docker-update || true
        no_live_restore
        if unput "$DOCKER_DROP_IN"; then systemctl daemon-reload; fi
        rm -f "$STATE/docker-update"
    fi
}

# live_restore_unit stops before Docker does when both do, at shutdown; when Docker
# alone is restarted, it is not concerned.
live_restore_unit() {
    cat <<'UNIT'
# Written by the deployment.
[Unit]
Description=rails-on-hetzner: containers survive Docker's restarts, and are stopped in order at shutdown
After=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/bin/docker-live-restore on
ExecStop=/usr/local/bin/docker-live-restore off
TimeoutStopSec=15

[Install]
WantedBy=multi-user.target
UNIT
}

no_live_restore() {
    [[ -e $LIVE_RESTORE_UNIT ]] || return 0
    systemctl disable --quiet --now "${LIVE_RESTORE_UNIT##*/}"
    unput "$LIVE_RESTORE_UNIT"
    unput /usr/local/bin/docker-live-restore || true
    systemctl daemon-reload
}

# hold_while_it_starts is for the half second in which Docker, when it starts, makes
# its rules anew: whoever comes then is let through to this host, where nobody
# serves. Unanswered, he asks again a second later; refused, he would give up.
hold_while_it_starts() {
    local rule='INPUT -p tcp -m multiport --dports 80,443 --syn -j DROP'
    cat <<UNIT
# Written by the deployment.
[Service]
ExecStartPre=-/bin/sh -c 'for tables in iptables ip6tables; do \$\$tables -w 5 -I $rule; done'
ExecStartPost=-/bin/sh -c 'for tables in iptables ip6tables; do while \$\$tables -w 5 -D $rule 2>/dev/null; do :; done; done'
ExecStopPost=-/bin/sh -c 'for tables in iptables ip6tables; do while \$\$tables -w 5 -D $rule 2>/dev/null; do :; done; done'
UNIT
}
