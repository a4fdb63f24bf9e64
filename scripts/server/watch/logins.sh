# From where somebody logged in. An address is new once; of IPv6, a network of 64
# bits is one, for a laptop changes the rest by itself.
# shellcheck shell=bash disable=SC2154 # common.sh and checks.sh stand in front

KNOWN=$WATCH/addresses # an address a line, and since when it is known

check_logins() {
    [[ -e $KNOWN ]] || {
        say "not watched; for alerts: pulumi config set --secret alertUrl"
        return
    }
    say "from $(wc -l <"$KNOWN") addresses; the last new one $(tail -n 1 "$KNOWN")"
}

# tell_logins tells of logins from addresses that were never seen: who, from where
# and by which key. What the journal has when it is first asked is known.
tell_logins() {
    local first=no logins user address key text='' new=()
    [[ -e $KNOWN ]] || first=yes
    touch "$KNOWN"
    [[ ! -e $WATCH/cursor ]] || cp "$WATCH/cursor" "$WATCH/cursor.new"
    logins=$(logins_since "$WATCH/cursor.new")
    logins=$(distinct_addresses <<<"$logins")
    while read -r user address key; do
        [[ -n $user && " ${new[*]} " != *" $address "* ]] || continue
        ! grep -q "^$address " "$KNOWN" || continue
        new+=("$address")
        text+="$user, from $address, with the key $key"$'\n'
    done <<<"$logins"
    [[ -z $text || $first == yes ]] ||
        tell "$(name): a login from a new address" <<<"$text"$'\nWas that not you, or somebody whose key you gave? See docs/operations.md, Access.'
    for address in "${new[@]}"; do echo "$address since $(date '+%F %H:%M')" >>"$KNOWN"; done
    mv "$WATCH/cursor.new" "$WATCH/cursor"
}

# logins_since CURSOR-FILE prints USER ADDRESS KEY of each login, and moves the cursor.
logins_since() {
    journalctl --cursor-file="$1" --identifier sshd --identifier sshd-session --output cat --quiet --no-pager |
        sed -n 's/^Accepted [a-z-]* for \([^ ]*\) from \([^ ]*\) port [0-9]* ssh2: [^ ]* \(.*\)$/\1 \2 \3/p'
}

# distinct_addresses leaves out the networks from which SSH may come, when these
# were told, and writes IPv6 as its network.
distinct_addresses() {
    python3 -c '
import ipaddress, sys

allowed = [ipaddress.ip_network(text) for text in sys.argv[1].split()]
for line in filter(str.strip, sys.stdin):
    user, text, key = line.split(maxsplit=2)
    address = ipaddress.ip_address(text.split("%")[0])
    if address.is_loopback or any(address in network for network in allowed if network.version == address.version):
        continue
    if address.version == 6:
        address = ipaddress.ip_network((address, 64), strict=False)
    print(user, address, key.strip())' "$SSH_NETWORKS"
}
