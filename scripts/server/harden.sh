# Hardens the server: firewall, sshd, fail2ban, security updates, the developers'
# keys. Running it again changes nothing. What could lock its owner out undoes
# itself in three minutes unless confirm.sh gets in over a new connection.
#
# AUTHORIZED_KEYS  the developers' public keys, one a line
# SSH_USER         who logs in with them: root, or a user who is made
# PROGRAM_KEY      the line of authorized_keys by which this deployment logs in, the
#                  same whoever else does, so that no undo can lock it out
# SSH_NETWORKS     networks that may reach port 22, separated by spaces; empty: everyone
# WEB_NETWORKS     networks that may reach ports 80 and 443; empty: everyone; none: nobody
# REBOOT_TIME      HH:MM for reboots after updates; empty: never by itself
# MORE_PACKAGES    that later scripts need, separated by spaces
# REGISTRY_PORT    on which the developer's own registry may be reached from here; empty: none
#
# And of a stack of several servers, else left out:
# PRIVATE_NETWORK  that the server is in, or will be; what is not named here is shut to it
# DATABASE_DOOR    the server's address there, at which it reaches this one's PostgreSQL; empty: none
# BALANCER         the load balancer's address there, which may reach ports 80 and 443,
#                  and WELL_PORT, where it asks how the app is; empty: there is none
# shellcheck shell=bash disable=SC2154 # common.sh stands in front

: "${PRIVATE_NETWORK:=}" "${DATABASE_DOOR:=}" "${BALANCER:=}" "${WELL_PORT:=}"

main() {
    : "${AUTHORIZED_KEYS?the developers keys}" "${SSH_USER?who logs in}" "${PROGRAM_KEY?the deployments own}" "${SSH_NETWORKS?may be empty}" "${WEB_NETWORKS?may be empty}" "${REBOOT_TIME?may be empty}" "${MORE_PACKAGES?may be empty}" "${REGISTRY_PORT?may be empty}"
    wait_for_cloud_init
    [[ $SSH_USER == root ]] || MORE_PACKAGES+=" sudo"
    # shellcheck disable=SC2086 # one word a package
    need_packages ufw fail2ban python3-systemd unattended-upgrades cron tzdata curl $MORE_PACKAGES
    nobody_deploys
    arm_undo
    users
    sshd
    firewall
    door
    fail2ban
    kernel
    logins
    modes
    updates
    former_users
    ((changes > 0)) || say "nothing to change"
    # Never twice the same: what is printed here makes the confirmation run, and
    # a run that is not confirmed undoes itself.
    say "to be confirmed, $(date --utc +%FT%T.%NZ)"
}

# arm_undo keeps what is there now and starts the clock. An undo that is armed
# already keeps the older copy: that is the state known to let its owner in.
# The clock survives a reset, which would otherwise make a lock-out final: it is
# enabled, starts anew with each boot, and all it needs is on the disk before
# anything is changed.
arm_undo() {
    local armed=no
    install -d -m 0700 "$STATE"
    ! undo_is_armed || armed=yes
    pause_undo
    if [[ -e $STATE/undone || $armed == no ]]; then
        rm -rf "$STATE/before" "$STATE/undone"
        mkdir -p "$STATE/before/ssh"
        cp -a /etc/ufw "$STATE/before/ufw"
        [[ ! -e $SSHD_DROP_IN ]] || cp -a "$SSHD_DROP_IN" "$STATE/before/ssh/"
        ! ufw_is_active || touch "$STATE/before/ufw-active"
    fi
    undo_script >"$STATE/undo"
    chmod 0700 "$STATE/undo"
    undo_units
    find "$STATE" "/etc/systemd/system/$UNDO_UNIT".* /etc/systemd/system/timers.target.wants -exec sync {} +
    systemctl reset-failed "$UNDO_UNIT.service" 2>/dev/null || true
    systemctl start "$UNDO_UNIT.timer"
}

undo_units() {
    local unit=/etc/systemd/system/$UNDO_UNIT
    cat >"$unit.service" <<CONF
[Unit]
Description=Puts sshd and UFW back as they were before a change that nobody confirmed
[Service]
ExecStart=$STATE/undo
CONF
    cat >"$unit.timer" <<CONF
[Unit]
Description=$UNDO_UNIT, unless the change is confirmed
[Timer]
OnActiveSec=180
AccuracySec=1s
[Install]
WantedBy=timers.target
CONF
    systemctl enable --quiet --no-reload "$UNDO_UNIT.timer"
    systemctl daemon-reload
}

undo_script() {
    cat <<UNDO
#!/bin/sh
# Puts sshd and UFW back as they were before the last hardening. The mark comes
# first: whoever gets in from here on does so thanks to the undo.
touch $STATE/undone
rm -rf /etc/ufw && cp -a $STATE/before/ufw /etc/ufw
rm -f $SSHD_DROP_IN && cp -a $STATE/before/ssh/. /etc/ssh/sshd_config.d/
if [ -e $STATE/before/ufw-active ]; then ufw --force enable && ufw reload; else ufw --force disable; fi
systemctl reload ssh.service || systemctl restart ssh.service
# Only when it is done: a reset before that has it begin again.
find /etc/ufw /etc/ssh/sshd_config.d -exec sync {} +
systemctl disable $UNDO_UNIT.timer
rm -f /etc/systemd/system/$UNDO_UNIT.timer /etc/systemd/system/$UNDO_UNIT.service
UNDO
}

# sshd takes the first value it reads for each keyword (sshd_config(5)), so the
# name sorts before cloud-init's 50-cloud-init.conf.
sshd() {
    moduli
    sshd_settings | put "$SSHD_DROP_IN" 600 || return 0
    mkdir -p /run/sshd
    if ! /usr/sbin/sshd -t; then
        rm -f "$SSHD_DROP_IN"
        fail "sshd refuses $SSHD_DROP_IN, which was removed again"
    fi
    # Under ssh.socket each start reads the file anew; a running daemon is told.
    ! systemctl is-active --quiet ssh.service || systemctl reload ssh.service
}

# moduli leaves only the groups of 3072 bits and more for the key exchange that
# finds its group here; sshd would take one of 2048 bits from a client that asks.
moduli() {
    [[ ! -s /etc/ssh/moduli ]] || awk '$5 >= 3071' /etc/ssh/moduli | put /etc/ssh/moduli 644 || true
}

# Post-quantum key exchange comes first; NIST's elliptic curves, SHA-1 and
# encrypt-and-MAC are left out. Group exchange stands last and is there for
# Kamal: its SSH client, net-ssh 7.3, knows no curve25519 without a gem that Kamal
# does not bring (lib/net/ssh/transport/algorithms.rb). It costs more to answer
# (CVE-2002-20001), which MaxStartups bounds; and that lets in the 30 connections
# that Kamal begins at once at most (max_concurrent_starts).
sshd_settings() {
    cat <<CONF
PermitRootLogin $(root_login)
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
MaxAuthTries 3
LoginGraceTime 30
MaxStartups 40:30:100
ClientAliveInterval 60
ClientAliveCountMax 2
TCPKeepAlive no
Compression no
LogLevel VERBOSE
X11Forwarding no
AllowAgentForwarding no
$(forwarding)
MaxSessions 4
PermitUserEnvironment no
HostKey /etc/ssh/ssh_host_ed25519_key
HostKeyAlgorithms ssh-ed25519
KexAlgorithms $(known_to_ssh kex mlkem768x25519-sha256 sntrup761x25519-sha512@openssh.com curve25519-sha256 curve25519-sha256@libssh.org diffie-hellman-group-exchange-sha256)
Ciphers $(known_to_ssh cipher chacha20-poly1305@openssh.com aes256-gcm@openssh.com aes128-gcm@openssh.com aes256-ctr aes128-ctr)
MACs $(known_to_ssh mac hmac-sha2-512-etm@openssh.com hmac-sha2-256-etm@openssh.com umac-128-etm@openssh.com)
CONF
}

# forwarding allows what `ssh -L` does and, for a registry on the developer's
# machine, that it listens here on that one port. Kamal asks for 127.0.0.1
# (lib/kamal/cli/build/port_forwarding.rb), `ssh -R` for localhost, and sshd
# compares the words (sshd_config(5), PermitListen).
forwarding() {
    if [[ -z $REGISTRY_PORT ]]; then
        echo AllowTcpForwarding local
    else
        echo AllowTcpForwarding yes
        echo "PermitListen 127.0.0.1:$REGISTRY_PORT localhost:$REGISTRY_PORT"
    fi
}

# known_to_ssh KIND NAME... joins the names that this OpenSSH knows.
known_to_ssh() {
    local kind=$1 known
    shift
    known=$(ssh -Q "$kind")
    grep -xF -f <(printf '%s\n' "$known") <(printf '%s\n' "$@") | paste -sd ,
}

firewall() {
    local interface reload=no
    interface=$(ip -o route show default | awk '{print $5; exit}')
    [[ -n $interface ]] || fail "there is no default route, so the public interface is unknown"
    ufw_defaults
    whole_rules
    {
        without_block /etc/ufw/after.rules
        container_rules "$interface" 169.254.169.254 "$(of_family 4 "$WEB_NETWORKS")" | in_block
    } | put /etc/ufw/after.rules 640 && reload=yes
    {
        without_block /etc/ufw/after6.rules
        container_rules "$interface" "" "$(of_family 6 "$WEB_NETWORKS")" | in_block
    } | put /etc/ufw/after6.rules 640 && reload=yes
    ufw_rules
    promise
    if ! ufw_is_active; then
        ufw --force enable >/dev/null
        changed "ufw enabled"
    elif [[ $reload == yes ]] || ! containers_are_filtered; then
        ufw reload >/dev/null
        [[ $reload == yes ]] || changed "the rules for containers, which were not in effect"
    fi
}

# whole_rules brings back files of UFW's that somebody deleted.
whole_rules() {
    local name
    for name in after.rules after6.rules before.rules before6.rules; do
        [[ -e /etc/ufw/$name ]] || {
            install -m 640 "/usr/share/ufw/iptables/$name" /etc/ufw/
            changed "/etc/ufw/$name, which was missing"
        }
    done
}

ufw_defaults() {
    local setting
    for setting in DEFAULT_INPUT_POLICY=DROP DEFAULT_OUTPUT_POLICY=ACCEPT DEFAULT_FORWARD_POLICY=DROP; do
        grep -qx "${setting%%=*}=\"${setting#*=}\"" /etc/default/ufw || {
            sed -i "s/^${setting%%=*}=.*/${setting%%=*}=\"${setting#*=}\"/" /etc/default/ufw
            changed "/etc/default/ufw: $setting"
        }
    done
}

# of_family 4|6 NETWORKS keeps those of one kind, or prints "any" when there
# are none at all, and nothing for "none".
of_family() {
    local network
    [[ $2 != none ]] || return 0
    [[ -n $2 ]] || echo any
    for network in $2; do
        if [[ $network == *:* ]]; then
            [[ $1 == 4 ]] || echo "$network"
        else
            [[ $1 == 6 ]] || echo "$network"
        fi
    done
}

# container_rules INTERFACE METADATA NETWORKS is for what Docker publishes: it forwards
# packets around UFW, but always through the chain DOCKER-USER first. From
# outside only 80 and 443 pass; containers do not reach the metadata address,
# which would tell them the server's user data, nor do users other than root.
container_rules() {
    cat <<RULES
*filter
:DOCKER-USER - [0:0]
RULES
    if [[ -n $2 ]]; then
        cat <<RULES
-A DOCKER-USER -d $2 -j DROP
-A ufw-after-output -d $2 -m owner ! --uid-owner 0 -j REJECT
RULES
    fi
    cat <<RULES
-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
RULES
    local network from
    for network in $3; do
        from=" -s $network"
        [[ $network != any ]] || from=
        echo "-A DOCKER-USER -i $1$from -p tcp -m conntrack --ctorigdstport 80 -j RETURN"
        echo "-A DOCKER-USER -i $1$from -p tcp -m conntrack --ctorigdstport 443 -j RETURN"
    done
    echo "-A DOCKER-USER -i $1 -j DROP"
    [[ -z $2 ]] || private_rules "$1"
    echo COMMIT
}

# private_rules INTERFACE is for who comes by the private network, which has no IPv6.
# The server may join it after this, so that side's interface has no name yet: it is
# known by the sources, which containers do not have.
private_rules() {
    local port
    [[ -n $PRIVATE_NETWORK ]] || return 0
    [[ -z $BALANCER ]] || for port in 80 443; do
        echo "-A DOCKER-USER ! -i $1 -s $BALANCER -p tcp -m conntrack --ctorigdstport $port -j RETURN"
    done
    echo "-A DOCKER-USER -s $PRIVATE_NETWORK -j DROP"
}

# ufw_rules adds what is wanted and deletes what an earlier run wanted. Rules
# made by hand carry no comment of ours and stay.
ufw_rules() {
    local mark=rails-on-hetzner network i
    local -a wanted=() wanted_plain there there_plain words
    for network in $SSH_NETWORKS; do
        wanted+=("allow from $network to any port 22 proto tcp")
    done
    [[ -n $SSH_NETWORKS ]] || wanted+=("allow 22/tcp")
    for network in $BALANCER ${WEB_NETWORKS#none}; do
        wanted+=("allow from $network to any port 80,443 proto tcp")
    done
    [[ -n $WEB_NETWORKS ]] || wanted+=("allow 80/tcp" "allow 443/tcp")
    [[ -z $BALANCER ]] || wanted+=("allow from $BALANCER to any port $WELL_PORT proto tcp")
    # Docker's default pools are for this server's own containers, which come that way too.
    [[ -z $DATABASE_DOOR ]] || for network in "$PRIVATE_NETWORK" 172.16.0.0/12 192.168.0.0/16; do
        wanted+=("allow from $network to $DATABASE_DOOR port 5432 proto tcp")
    done
    mapfile -t there < <(ufw show added | sed -n "s/^ufw \(.*\) comment '$mark'\$/\1/p")
    mapfile -t wanted_plain < <(printf '%s\n' "${wanted[@]}" | same_spelling)
    mapfile -t there_plain < <(printf '%s\n' "${there[@]}" | same_spelling)
    for i in "${!wanted[@]}"; do
        ! grep -qxF "${wanted_plain[i]}" <<<"$(printf '%s\n' "${there_plain[@]}")" || continue
        read -ra words <<<"${wanted[i]}"
        ufw "${words[@]}" comment "$mark" >/dev/null
        changed "ufw ${wanted[i]}"
    done
    for i in "${!there[@]}"; do
        ! grep -qxF "${there_plain[i]}" <<<"$(printf '%s\n' "${wanted_plain[@]}")" || continue
        read -ra words <<<"${there[i]}"
        ufw --force delete "${words[@]}" >/dev/null
        changed "deleted: ufw ${there[i]}"
    done
}

# promise notes what check_firewall is to find, where that is not what one server alone has.
promise() {
    if [[ -n $PRIVATE_NETWORK || $WEB_NETWORKS == none ]]; then
        assigned WEB_NETWORKS PRIVATE_NETWORK DATABASE_DOOR BALANCER | put "$STATE/firewall" 600 || true
    else
        unput "$STATE/firewall" || true
    fi
}

# same_spelling prints rules with each network in one spelling. UFW has its own:
# it drops the /32 and /128 of single addresses, and other things besides; a rule
# deleted because it looked different would be the one that lets SSH in.
same_spelling() {
    python3 -c '
import ipaddress, sys

def spelled(word):
    try:
        return str(ipaddress.ip_network(word, strict=False))
    except ValueError:
        return word

for line in sys.stdin:
    print(*map(spelled, line.split()))'
}

fail2ban() {
    local never="127.0.0.1/8 ::1 $SSH_NETWORKS ${SSH_CLIENT%% *}"
    put /etc/fail2ban/jail.d/rails-on-hetzner.local 644 <<CONF && systemctl restart --no-block fail2ban.service
[DEFAULT]
ignoreip = $never
ignoreself = true
findtime = 10m
maxretry = 5
bantime = 10m
bantime.increment = true
bantime.maxtime = 1w

[sshd]
enabled = true
mode = aggressive
backend = systemd
journalmatch = _SYSTEMD_UNIT=ssh.service + _COMM=sshd + _COMM=sshd-session
CONF
    keep_running fail2ban.service --no-block # confirm.sh waits for its jail
}

# kernel switches off what a web server does not use and attackers do. ip_forward
# stays: Docker needs it.
kernel() {
    put /etc/sysctl.d/60-rails-on-hetzner.conf 644 <<'CONF' && { sysctl -q -e -p /etc/sysctl.d/60-rails-on-hetzner.conf 2>/dev/null || true; }
kernel.dmesg_restrict = 1
kernel.kptr_restrict = 2
kernel.sysrq = 0
kernel.unprivileged_bpf_disabled = 1
kernel.yama.ptrace_scope = 1
net.core.bpf_jit_harden = 2
fs.protected_fifos = 2
fs.protected_regular = 2
fs.suid_dumpable = 0
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
net.ipv4.conf.default.accept_source_route = 0
net.ipv4.conf.all.log_martians = 1
net.ipv4.conf.default.log_martians = 1
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
CONF
    put /etc/modprobe.d/rails-on-hetzner.conf 644 <<'CONF' || true
# Protocols and buses that a cloud server has no use for.
install dccp /bin/false
install sctp /bin/false
install rds /bin/false
install tipc /bin/false
install usb-storage /bin/false
install firewire-core /bin/false
CONF
    put /etc/security/limits.d/rails-on-hetzner.conf 644 <<'CONF' || true
* hard core 0
CONF
}

# logins is for whoever gets a password prompt after all: on the provider's
# console, or for a user added later. No password ever expires: sshd then turns
# keys away too. No stricter umask: containers could not read what Kamal mounts.
logins() {
    local file
    for file in /etc/issue /etc/issue.net; do
        put "$file" 644 <<'TEXT' || true
Private system. Access is for authorized users only; connections are monitored
and logged. Unauthorized access is prohibited by law.
TEXT
    done
    {
        without_block /etc/login.defs | sed 's/^PASS_MIN_DAYS.*/PASS_MIN_DAYS 1/'
        in_block <<<$'SHA_CRYPT_MIN_ROUNDS 65536\nSHA_CRYPT_MAX_ROUNDS 65536'
    } | put /etc/login.defs 644 || true
}

# modes keeps others than root from reading what runs when, and who may what.
modes() {
    local path mode
    for path in /etc/ssh/sshd_config /etc/crontab /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/sudoers.d; do
        [[ -e $path ]] || continue
        mode=600
        [[ ! -d $path ]] || mode=700
        [[ $(stat -c %a "$path") != "$mode" ]] || continue
        chmod "$mode" "$path"
        changed "$path: mode $mode"
    done
}

# updates: a file changed here is kept as it is when its package brings a new
# one; without that, unattended-upgrades would leave the package out for ever.
updates() {
    local reboot=false
    [[ -z $REBOOT_TIME ]] || reboot=true
    put /etc/apt/apt.conf.d/52rails-on-hetzner 644 <<CONF || true
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
DPkg::Options { "--force-confdef"; "--force-confold"; };
Unattended-Upgrade::Automatic-Reboot "$reboot";
Unattended-Upgrade::Automatic-Reboot-Time "${REBOOT_TIME:-04:30}";
CONF
}

main </dev/null
