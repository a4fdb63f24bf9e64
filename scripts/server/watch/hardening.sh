# Holds the server against what its hardening promised: the state in effect, not the files.
# shellcheck shell=bash disable=SC2154 # common.sh stands in front

check_firewall() {
    local port status
    status=$(ufw status verbose)
    ufw_is_active || fail "UFW is not active"
    grep -q '^Default: deny (incoming), allow (outgoing)' <<<"$status" || fail "UFW does not deny incoming connections by default"
    for port in 22 80 443; do
        grep -Eq "^([0-9]+,)?$port(,[0-9]+)?/tcp +ALLOW IN" <<<"$status" || fail "UFW does not let port $port in"
    done
    containers_are_filtered || fail "ports that containers publish are not filtered"
    say "$(ufw show added | sed -n "s/^ufw allow \([^']*\).*/\1/p" | sed "s/ comment \$//" | summary) in, the rest denied; of containers only 80 and 443"
}

# summary joins the rules; many networks for the same port are counted.
summary() {
    awk '/^from .* port 80,443 / { edge++; next } { line = line (line ? ", " : "") $0 } END { if (edge) line = line ", 80 and 443 from " edge " networks"; print line }'
}

# check_sshd holds what sshd does against what it was told, keyword by keyword.
check_sshd() {
    local effective keyword value
    effective=$(/usr/sbin/sshd -T)
    while read -r keyword value; do
        value=${value/prohibit-password/without-password} # sshd -T's own name for it
        grep -qixF "$keyword $value" <<<"$effective" || fail "sshd's effective settings do not have: $keyword $value"
    done <"$SSHD_DROP_IN"
    say "keys only, $(who_logs_in), $(awk '/^maxauthtries/ { print $2 }' <<<"$effective") attempts, $(awk '/^kexalgorithms/ { print $2 }' <<<"$effective" | cut -d , -f 1) first"
}

# who_logs_in is root, or whom the deployment made for it (user.sh).
who_logs_in() {
    local user _
    if [[ -e $SUDOERS ]]; then
        read -r user _ <"$SUDOERS"
        say "$user with key only, root for the deployment's commands only"
    else
        say "root with key only"
    fi
}

check_fail2ban() {
    local wait
    for wait in {1..50}; do
        if fail2ban-client status sshd >/dev/null 2>&1; then
            say "jail sshd is active"
            return
        fi
        sleep 0.2
    done
    fail "fail2ban's jail sshd is not active after ${wait} tries; see: journalctl -u fail2ban"
}

check_updates() {
    grep -qx 'APT::Periodic::Unattended-Upgrade "1";' <<<"$(apt-config dump)" || fail "unattended upgrades are not on"
    local pending="" reboot=""
    # To count takes apt a second of the processor: not every five minutes.
    [[ ${COUNT_UPDATES:-yes} == no ]] || pending=", $(apt-get -s -qq upgrade 2>/dev/null | grep -c '^Inst' || true) pending"
    [[ ! -e /var/run/reboot-required ]] || reboot="; a reboot is due, do it with: scripts/ssh reboot"
    say "on$pending$reboot"
}

# check_files tells which of the files that put wrote are not as it wrote them.
check_files() {
    local changed
    [[ -e $STATE/files ]] || return 0
    changed=$(sha256sum --check --quiet "$STATE/files" 2>/dev/null | sed 's/: FAILED.*//' || true)
    [[ -z $changed ]] || fail "changed by hand: $(paste -sd ' ' <<<"$changed"); to put back what the stack says: pulumi up --replace '**hardening-apply' --replace '**backup-install' --replace '**upkeep-install'"
    say "$(wc -l <"$STATE/files") as they were written"
}
