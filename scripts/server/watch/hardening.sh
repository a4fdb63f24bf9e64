# Holds the server against what its hardening promised: the state in effect, not the files.
# shellcheck shell=bash disable=SC2154 # common.sh stands in front

# check_firewall knows from harden.sh, of one server of several, whom it lets in.
# shellcheck disable=SC2034 # PRIVATE_NETWORK is for containers_are_filtered
check_firewall() {
    local port status ports='22 80 443' WEB_NETWORKS='' PRIVATE_NETWORK='' DATABASE_DOOR='' BALANCER=''
    # shellcheck source=/dev/null
    [[ ! -e $STATE/firewall ]] || source "$STATE/firewall"
    [[ $WEB_NETWORKS != none || -n $BALANCER ]] || ports=22
    status=$(ufw status verbose)
    ufw_is_active || fail "UFW is not active"
    grep -q '^Default: deny (incoming), allow (outgoing)' <<<"$status" || fail "UFW does not deny incoming connections by default"
    for port in $ports; do
        grep -Eq "^([0-9]+,)?$port(,[0-9]+)?/tcp +ALLOW IN" <<<"$status" || fail "UFW does not let port $port in"
    done
    containers_are_filtered || fail "ports that containers publish are not filtered"
    [[ -z $DATABASE_DOOR ]] || systemctl is-active --quiet rails-on-hetzner-database.socket ||
        fail "the other servers' way to the database is shut; see: scripts/ssh systemctl status rails-on-hetzner-database.socket"
    say "$(ufw show added | sed -n "s/^ufw allow \([^']*\).*/\1/p" | sed "s/ comment \$//" | summary) in, the rest denied; of containers $(of_containers)"
}

# of_containers tells which of their ports are open, and to whom if not to all that
# the rules above say.
of_containers() {
    local open=()
    if [[ $WEB_NETWORKS != none ]]; then
        open+=("80 and 443")
    elif [[ -n $BALANCER ]]; then
        open+=("80 and 443, to the load balancer")
    fi
    if ((${#open[@]} == 0)); then
        say none
    else
        say "only $(joined '; ' "${open[@]}")"
    fi
}

# summary joins the rules; many for the same port are one.
summary() {
    awk -v balancer="$BALANCER" -v door="$DATABASE_DOOR" '
        balancer && $2 == balancer && / port 80,443 / { $0 = "80 and 443 from the load balancer" }
        /^from .* port 80,443 / { edge++; next }
        door && $4 == door { inside++; next }
        { line = line (line ? ", " : "") $0 }
        END {
            if (inside) line = line ", 5432 from the private network"
            if (edge) line = line ", 80 and 443 from " edge " networks"
            print line
        }'
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
