# Keeps what harden.sh did: that this runs, over a new SSH connection, proves
# that its owner still gets in. Then it reports the state in effect.
# shellcheck shell=bash disable=SC2154 # common.sh and watch/hardening.sh stand in front

main() {
    disarm_undo
    if [[ -e $STATE/undone ]]; then
        fail "the last change to sshd or UFW kept new connections out, so the server put itself back as it was; change the setting and run pulumi up again. Or nobody came to confirm within three minutes, because the run was interrupted: pulumi up --replace '**hardening-apply'"
    fi
    local name said
    for name in firewall sshd fail2ban updates; do
        said=$("check_$name")
        say "$name: $said"
    done
}

main </dev/null
