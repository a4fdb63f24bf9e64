# What the scripts beside this one do to the app that runs: on its servers, and from
# here with Kamal. Sourced, never run, after stack.sh; whoever does has a function
# fail, and knows $service, Kamal's name for the app, $app, its directory, $domain,
# and with $sure asks no question.
# shellcheck shell=bash disable=SC2154

stopped=/var/lib/rails-on-hetzner/app-stopped # on a server: its containers of the app

# on STACK SERVER FUNCTION runs one of the next functions on a server of the stack.
on() {
    {
        printf 'service=%q stopped=%q\n' "$service" "$stopped"
        declare -f app_containers in_proxy awake "$3"
        echo "$3"
    } | PULUMI_STACK=$1 "$SCRIPTS/ssh" "$2" bash -euo pipefail -s
}

# app_containers prints the app's that run, which Kamal labels so.
app_containers() { docker ps --quiet --filter "label=service=$service"; }

# in_proxy COMMAND [OPTION...] tells kamal-proxy about the app's roles, by Kamal's names
# for them (lib/kamal/configuration/role.rb, container_prefix).
in_proxy() {
    local name
    for name in $(docker ps --filter "label=service=$service" --format '{{.Label "role"}}-{{.Label "destination"}}' | sort -u); do
        docker exec kamal-proxy kamal-proxy "$1" "$service-${name%-}" "${@:2}" >/dev/null 2>&1 || true # a role without a proxy
    done
}

# running_version is of what runs, or did before an earlier run stopped it.
running_version() {
    local ids
    ids=$(app_containers)
    [[ -n $ids || ! -e $stopped ]] || ids=$(<"$stopped")
    [[ -z $ids ]] || docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "${ids%%$'\n'*}" | sed -n 's/^KAMAL_VERSION=//p'
}

# quiet ends what is under way, and then the app. Visitors are told that it is away.
quiet() {
    local ids
    in_proxy stop --drain-timeout 30s
    ids=$(app_containers)
    [[ -z $ids ]] || {
        echo "$ids" >>"$stopped"
        xargs docker stop <<<"$ids" >/dev/null
    }
}

# parted ends connections that visitors' machines keep, when what is under way on them
# is done. New ones are the load balancer's to lead elsewhere.
parted() { docker restart --time 30 kamal-proxy >/dev/null; }

loud() {
    [[ ! -e $stopped ]] || xargs docker start <"$stopped" >/dev/null
    awake
}

# awake is for an app that was quiet and has been deployed anew.
awake() {
    in_proxy resume
    rm -f "$stopped"
}

# visitors_reach_it waits until the app answers by its name, as it does for them.
visitors_reach_it() {
    local tries said
    for tries in $(seq 60); do
        said=$(curl -sS -o /dev/null -w '%{http_code}' --max-time 10 "https://$domain/" 2>&1) || true
        case $said in [23]?? | 40[0-4]) return ;; esac
        sleep 1
    done
    fail "https://$domain/ does not answer after $tries tries ($said); see: kamal app logs, kamal proxy logs, and scripts/check"
}

# known_hosts STACK has Kamal know its servers by their keys.
known_hosts() {
    local keys key
    keys=$(pulumi stack output sshHostKey --stack "$1")
    mkdir -p ~/.ssh
    printf '%s\n' "$keys" | while IFS= read -r key; do
        grep -qxF "$key" ~/.ssh/known_hosts 2>/dev/null || printf '%s\n' "$key" >>~/.ssh/known_hosts
    done
}

in_app() { (cd "$app" && "$@"); }

# setting NAME STACK prints nothing for one that is not set, or of no stack.
setting() { pulumi config get "$1" --stack "$2" 2>/dev/null || true; }

agreed() {
    local answer
    [ -z "$sure" ] || return 0
    [ -t 0 ] || fail "nobody is there to say yes; run it in a terminal or with --yes"
    read -r -p "$1 [yes/no] " answer
    [ "$answer" = yes ] || fail "nothing was changed"
}
