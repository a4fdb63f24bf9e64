# Whether the app answers through its own front door: kamal-proxy on this server,
# asked for the name that visitors use. What is before it (names, the edge) a
# server cannot see.
# shellcheck shell=bash disable=SC2153,SC2154 # common.sh and checks.sh stand in front

check_site() {
    local code
    is_deployed || {
        say "$(why_not)"
        return
    }
    # Its certificate may be one that only Cloudflare trusts; when it ends is looked at apart.
    code=$(curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{http_code}' --connect-to "::$(front_door):" "https://$HOST$HEALTH_PATH") || true
    [[ $code == [23]?? ]] || fail "https://$HOST$HEALTH_PATH, asked for on the server, answers ${code/000/nothing}; see: kamal app logs, kamal proxy logs"
    say "https://$HOST$HEALTH_PATH answers $code"
}

check_certificate() {
    local host end days said=()
    is_deployed || {
        say "$(why_not)"
        return
    }
    for host in $HOSTS; do
        end=$(timeout 20 openssl s_client -connect "$(front_door):443" -servername "$host" </dev/null 2>/dev/null | openssl x509 -noout -enddate 2>/dev/null) ||
            fail "there is none for $host; see: kamal proxy logs, and docs/guide.md, Certificates"
        end=${end#notAfter=}
        days=$((($(date -d "$end" +%s) - $(date +%s)) / 86400))
        ((days >= 14)) || fail "that of $host ends in $days days, on $(date -d "$end" +%F); see: kamal proxy logs, and docs/guide.md, Certificates"
        said+=("that of $host ends in $days days")
    done
    joined ', ' "${said[@]}"
}

# front_door is the address that the server sends from. Not 127.0.0.1, where Docker
# serves by a process that ends with it: visitors are served without it.
front_door() { ip -4 route get 192.0.2.1 | sed -n 's/.* src \([0-9.]*\).*/\1/p'; }

# why_not: of several servers, only those of the web are visited.
why_not() {
    case $SERVER_NAME in
        '' | web-*) say "not deployed yet" ;;
        *) say "visitors do not come to this server" ;;
    esac
}

# is_deployed: Kamal labels the app's containers (lib/kamal/configuration/role.rb).
# Where the names do not lead here yet, there is no HOST.
is_deployed() {
    local containers
    [[ -n $HOST && -n $SERVICE ]] || return 1
    containers=$(docker_if_there ps --all --quiet --filter "label=service=$SERVICE") || return 0
    [[ -n $containers ]]
}
