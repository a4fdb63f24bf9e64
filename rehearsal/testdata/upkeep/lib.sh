# What the tests of the upkeep share.
# shellcheck shell=bash disable=SC2034 # the variable is for the others
set -euo pipefail
state=/var/lib/rails-on-hetzner
export SECONDS_TO_SECOND_LOOK=1

wrong() {
    echo "FAILED: $*"
    exit 1
}

# The looks of these tests are theirs: one by the timer, which is due three minutes
# after the boot, would come between them.
watch_by_hand() { systemctl stop rails-on-hetzner-watch.timer rails-on-hetzner-watch.service; }
watch_by_timer() { systemctl start rails-on-hetzner-watch.timer; }

# told prints what the receivers got since it was last asked.
told() {
    cat /root/told/*."$1" 2>/dev/null || true
    rm -f /root/told/*."$1"
}

# serves waits until the app answers at the front door, which a busy machine takes a while for.
serves() {
    local door tries
    door=$(ip -4 route get 192.0.2.1 | sed -n 's/.* src \([0-9.]*\).*/\1/p')
    for tries in {1..90}; do
        ! curl -skf --max-time 5 -o /dev/null --connect-to "::$door:" https://running-calendar.test/up || return 0
        sleep 1
    done
    wrong "the app does not answer after $tries tries"
}

# begins NAME... wants one message, in both ways, of all that begins, and then silence.
begins() {
    local name way
    server-watch >/dev/null
    for way in hook mail; do
        [[ $(find /root/told -name "*.$way" | wc -l) == 1 ]] || wrong "not one $way but: $(told $way)"
        told $way >/root/last.$way
        for name in "$@"; do grep -q "^WRONG ${name%%=*}: .*${name#*=}" /root/last.$way || wrong "$name is not told by $way: $(cat /root/last.$way)"; done
        [[ $(grep -c ^WRONG /root/last.$way) == "$#" ]] || wrong "more is told than what began: $(cat /root/last.$way)"
    done
    server-watch >/dev/null
    [[ -z $(ls /root/told) ]] || wrong "it is told again: $(told hook)"
}

# ends NAME... wants one message that all is over, and then silence.
ends() {
    local name way
    server-watch >/dev/null
    [[ -z $(ls /root/told) ]] || wrong "at once it is told: $(told hook)"
    server-watch >/dev/null
    for way in hook mail; do
        told $way >/root/last.$way
        for name in "$@"; do grep -q "^over  $name, which began 20" /root/last.$way || wrong "$name is not over: $(cat /root/last.$way)"; done
        ! grep ^WRONG /root/last.$way || wrong "something begins"
    done
    server-watch >/dev/null
    [[ -z $(ls /root/told) ]] || wrong "it is told again: $(told hook)"
}
