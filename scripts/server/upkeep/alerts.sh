# Who looks whether all is well: every five minutes server-watch, which tells. A
# new receiver gets a message at once, so that one sees whether it comes.
# shellcheck shell=bash disable=SC2154 # common.sh stands in front

alerts() {
    : "${ALERT_URL?may be empty}" "${ALERT_FORMAT?may be empty}" "${ALERT_EMAIL?may be empty}" "${ALERT_FROM?may be empty}" "${ALERT_SMTP?may be empty}" "${ALERT_SMTP_USER?may be empty}" "${ALERT_SMTP_PASSWORD?may be empty}" "${ALERT_EXCEPT?may be empty}"
    watch_settings | put /etc/rails-on-hetzner/watch.conf 600 || true
    if [[ -z $ALERT_URL && -z $ALERT_EMAIL ]]; then
        untimer watch
        if unput /usr/local/bin/server-watch; then rm -rf "$STATE/watch"; fi
        report+=("no alerts")
        return
    fi
    attach /usr/local/lib/rails-on-hetzner/watch 644 backups.sh checks.sh hardening.sh logins.sh site.sh table.sh tell.sh
    attach /usr/local/bin 755 server-watch
    [[ $(receivers) == "$(cat "$STATE/watch/receivers" 2>/dev/null)" ]] || {
        rm -rf "$STATE/watch/outbox"
        server-watch test || fail "the test message could not be sent, the lines above say why; see the settings alertUrl, alertFormat, alertEmail and alertSmtp*"
        receivers >"$STATE/watch/receivers"
        say "a test message was sent: look whether it came"
    }
    timer watch $'OnBootSec=3min\nOnUnitActiveSec=5min\nAccuracySec=30s' server-watch
    report+=("alerts $(alerts_go)")
}

# receivers is a checksum of those that the settings name.
receivers() { grep '^ALERT_' /etc/rails-on-hetzner/watch.conf | grep -v '^ALERT_EXCEPT' | sha256sum; }

alerts_go() {
    local ways=()
    [[ -z $ALERT_URL ]] || ways+=("by $ALERT_FORMAT")
    [[ -z $ALERT_EMAIL ]] || ways+=("by mail to $ALERT_EMAIL")
    say "${ways[*]}"
}

watch_settings() {
    printf '# Written by the deployment; read by server-watch.\n'
    assigned SERVICE CONTAINER HOSTS HEALTH_PATH SSH_NETWORKS ALERT_URL ALERT_FORMAT ALERT_EMAIL ALERT_FROM ALERT_SMTP ALERT_SMTP_USER ALERT_SMTP_PASSWORD ALERT_EXCEPT ${SERVER_NAME:+SERVER_NAME}
}
