# A file on the disk for memory that nobody uses, so that a short need of more
# ends in a slow minute and not in a kill: as large as the memory, from one to two
# GiB, and never more than a tenth of the disk. Swap that is there already is enough.
# shellcheck shell=bash disable=SC2154 # common.sh stands in front

SWAP_FILE=/swapfile.rails-on-hetzner

swap() {
    local size
    if systemd-detect-virt --container --quiet; then
        report+=("no swap (a container has its host's)")
        return
    fi
    if [[ $SWAP != true ]]; then
        swap_off
        return
    fi
    size=$(swap_size)
    if ((size < 256)); then
        swap_off
        report+=("no swap: the disk is too small")
        return
    fi
    # What is there is left as it is: to replace it would need all of it in memory.
    [[ -n $(swapon --noheadings --show=NAME) ]] || swap_on "$size"
    put /etc/sysctl.d/61-rails-on-hetzner-swap.conf 644 <<<"vm.swappiness = 10" && sysctl -q -p /etc/sysctl.d/61-rails-on-hetzner-swap.conf
    report+=("swap of $(swapon --noheadings --show=SIZE | head -n 1)")
}

# swap_size is in MiB.
swap_size() {
    local memory disk
    memory=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)
    disk=$(($(stat -f -c '%b * %S' /) / 1024 / 1024))
    ((memory > 1024)) || memory=1024
    ((memory < 2048)) || memory=2048
    ((memory < disk / 10)) || memory=$((disk / 10))
    say "$memory"
}

swap_on() {
    rm -f "$SWAP_FILE"
    (
        umask 077
        fallocate --length "$1MiB" "$SWAP_FILE"
    )
    mkswap "$SWAP_FILE" >/dev/null
    swapon "$SWAP_FILE" || {
        rm "$SWAP_FILE"
        fail "the server takes no swap file, the line above says why; go without: pulumi config set swap false"
    }
    { without_block /etc/fstab && in_block <<<"$SWAP_FILE none swap sw 0 0"; } | put /etc/fstab 644 || true
    changed "swap of $1 MiB"
}

swap_off() {
    [[ -e $SWAP_FILE ]] || return 0
    if swapon --noheadings --show=NAME | grep -xF "$SWAP_FILE" >/dev/null; then
        swapoff "$SWAP_FILE" || fail "what is in the swap file does not fit into the memory now; run pulumi up again when less is running"
    fi
    rm "$SWAP_FILE"
    sed -i '/^# BEGIN rails-on-hetzner/,/^# END rails-on-hetzner/d' /etc/fstab
    unput /etc/sysctl.d/61-rails-on-hetzner-swap.conf || true
    changed "no swap any more"
}
