# Room on the disk: the journal is bounded, and images that no container needs go.
# Kamal lets go of old images when it deploys, and only then.
# shellcheck shell=bash disable=SC2154 # common.sh stands in front

JOURNAL_DROP_IN=/etc/systemd/journald.conf.d/rails-on-hetzner.conf

logs() {
    if [[ $TIDY == true ]]; then
        put "$JOURNAL_DROP_IN" 644 <<'CONF' && systemctl restart systemd-journald
[Journal]
SystemMaxUse=500M
CONF
        report+=("a journal of at most 500 MB")
    elif unput "$JOURNAL_DROP_IN"; then
        systemctl restart systemd-journald
    fi
}

images() {
    if [[ $TIDY == true ]]; then
        attach /usr/local/bin 755 docker-tidy
        assigned SERVICE | put /etc/rails-on-hetzner/tidy.conf 600 || true
        timer tidy $'OnCalendar=Sun *-*-* 05:00\nRandomizedDelaySec=10min\nPersistent=true' docker-tidy
        report+=("old images removed weekly")
    else
        untimer tidy
        unput /usr/local/bin/docker-tidy || true
        unput /etc/rails-on-hetzner/tidy.conf || true
    fi
}
