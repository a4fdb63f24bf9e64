# The checks as a table for people. It fails when something is wrong.
# shellcheck shell=bash disable=SC2154 # common.sh and checks.sh stand in front

table() {
    local name wrong=()
    for name in "${CHECKS[@]}"; do
        look "$name"
        if [[ ${WRONG:?} == yes ]]; then
            wrong+=("$name")
            row "$name" WRONG "$REASON${SAID:+$'\n'$SAID}"
        else
            row "$name" ok "$SAID"
        fi
    done
    ((${#wrong[@]} == 0)) || fail "not as it should be: $(joined ', ' "${wrong[@]}")"
}

# row NAME STATE TEXT. More lines of a text stand below its first.
row() {
    local line name=$1 state=$2
    while IFS= read -r line; do
        printf '%-12s %-6s %s\n' "$name" "$state" "$line"
        name='' state=''
    done <<<"$3"
}
