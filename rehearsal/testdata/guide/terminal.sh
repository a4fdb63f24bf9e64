# A developer's terminal, for walking docs/guide.md: what asks a person there
# is answered here, and what needs an account or a registry does what can be
# done without one. Everything else is the real command.
set -euo pipefail
export GIT_AUTHOR_NAME=you GIT_AUTHOR_EMAIL=you@laptop GIT_COMMITTER_NAME=you GIT_COMMITTER_EMAIL=you@laptop
export HOME=$PWD/../home PULUMI_SKIP_CONFIRMATIONS=true RAILS_ON_HETZNER_SSH_KEY=$PWD/../ssh/id_ed25519
if [ -e "$HOME/session" ]; then
    # shellcheck disable=SC1091
    . "$HOME/session"
else
    mkdir -p "$HOME/.ssh" "$HOME/bin"
    cp ../ssh/id_ed25519.pub "$HOME/.ssh/"
    ln -sfn app ../running_calendar
fi
keep_session() { printf 'export KAMAL_REGISTRY_PASSWORD=%q\nOLDPWD=%q\ncd %q\n' "${KAMAL_REGISTRY_PASSWORD:-}" "$OLDPWD" "$PWD" >"$HOME/session"; }
trap keep_session EXIT

# pulumi asks for the value of a secret when none is given.
pulumi() {
    case "$*" in
        "config set --secret hcloud:token") printf %s "$HCLOUD_TOKEN" | command pulumi "$@" ;;
        "config set --secret cloudflare:apiToken") printf %s "$CLOUDFLARE_API_TOKEN" | command pulumi "$@" ;;
        *) command pulumi "$@" ;;
    esac
}

# scripts/setup asks; these are the answers that have no default.
scripts/setup() { command scripts/setup --domain running-calendar.test --github-user octocat; }

# kamal does what Kamal does first: it reads the secrets, runs the hook with
# them, and logs in to the server, trusting only the keys that are known.
kamal() {
    local line name server
    (
        while IFS= read -r line; do
            name=${line%%=*}
            [[ $line == *=* && $line != '#'* ]] || continue
            eval "$name=\"${line#*=}\""
            [ -n "${!name}" ] || {
                echo "kamal: $name is empty" >&2
                exit 1
            }
            export "${name?}"
        done <.kamal/secrets
        .kamal/hooks/pre-connect
    )
    server=$(awk '/^  web:/ { getline; print $2 }' config/deploy.yml)
    ssh -i "$RAILS_ON_HETZNER_SSH_KEY" -o BatchMode=yes -o UserKnownHostsFile="$HOME/.ssh/known_hosts" -o StrictHostKeyChecking=yes "root@$server" true
    echo "kamal $*: got in"
}
