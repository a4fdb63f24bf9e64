# As whom the developers and Kamal log in: root, or a user of their own, who has
# their keys, Docker's rights and the sudo that Kamal and scripts/ssh need. Root's
# login is then off, but for the commands of this deployment: `pulumi up` must be
# able to mend whatever became of the other user.
# Whoever may use Docker can become root: the user is no wall, but a name less to
# guess at and to work under by mistake.
# shellcheck shell=bash disable=SC2154 # common.sh and harden.sh stand around

# users lets in who is to log in, and root's own keys after it.
users() {
    local file=/root/.ssh/authorized_keys keys=""
    former=$(former_user)
    if [[ $SSH_USER == root ]]; then keys=$AUTHORIZED_KEYS; else own_user; fi
    install -d -m 0700 "${file%/*}"
    authorized_keys "$file" "$PROGRAM_KEY" <<<"$keys"
}

# former_users go once sshd has the new one's way in.
former_users() {
    [[ $SSH_USER == root ]] || moves_in /root
    [[ -z $former ]] || {
        moves_in "$(home_of "$former")"
        goes
    }
    [[ $SSH_USER != root || ! -e $SUDOERS ]] || unput "$SUDOERS"
}

# root_login is what sshd lets root do (sshd_config(5), PermitRootLogin).
root_login() {
    if [[ $SSH_USER == root ]]; then echo prohibit-password; else echo forced-commands-only; fi
}

# former_user prints whom an earlier run made, if that is not who is wanted now.
former_user() {
    local user _
    [[ -e $SUDOERS ]] || return 0
    read -r user _ <"$SUDOERS"
    [[ $user == "$SSH_USER" ]] || ! id "$user" >/dev/null 2>&1 || echo "$user"
}

# own_user makes the user, and sees him log in before root's login goes.
own_user() {
    local file trial
    if ! id "$SSH_USER" >/dev/null 2>&1; then
        useradd --create-home --shell /bin/bash "$SSH_USER"
        changed "the user $SSH_USER"
    fi
    (($(id -u "$SSH_USER") >= 1000)) || fail "sshUser: $SSH_USER is one of the system's own users; choose another: pulumi config set sshUser kamal"
    # Docker's package takes a group that is there; Kamal joins it only when it installs Docker itself.
    getent group docker >/dev/null || groupadd --system docker
    [[ " $(id -nG "$SSH_USER") " == *" docker "* ]] || {
        usermod --append --groups docker "$SSH_USER"
        changed "$SSH_USER may use Docker"
    }
    file=$(home_of "$SSH_USER")/.ssh/authorized_keys
    install -d -m 0700 -o "$SSH_USER" -g "$SSH_USER" "${file%/*}"
    [[ -e $file ]] || install -m 0600 -o "$SSH_USER" -g "$SSH_USER" /dev/null "$file"
    if ! may_sudo || ! root_is_out; then
        trial=$(mktemp -d)
        ssh-keygen -q -t ed25519 -N '' -C trial -f "$trial/key"
        authorized_keys "$file" <<<"$AUTHORIZED_KEYS"$'\n'"restrict,from=\"127.0.0.1\" $(<"$trial/key.pub")" >/dev/null
        if ! gets_in "$trial/key"; then
            rm -r "$trial"
            fail "$SSH_USER cannot log in or has no sudo there, the lines above say why, so root's login stays as it was; does another file of /etc/ssh/sshd_config.d or /etc/sudoers.d forbid it?"
        fi
        rm -r "$trial"
    fi
    authorized_keys "$file" <<<"$AUTHORIZED_KEYS"
}

home_of() { getent passwd "$1" | cut -d : -f 6; }

# may_sudo gives the user sudo, and fails when he had it.
may_sudo() {
    local rule="$SSH_USER ALL=(ALL:ALL) NOPASSWD: ALL"
    visudo --check --quiet --file=- <<<"$rule" || fail "sudo refuses: $rule"
    ! put "$SUDOERS" 440 <<<"$rule"
}

root_is_out() { [[ $(/usr/sbin/sshd -T) == *"permitrootlogin forced-commands-only"* ]]; }

# gets_in logs in as the user with a key, as Kamal does, and has what Kamal needs.
gets_in() {
    ssh -F none -i "$1" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "$SSH_USER@127.0.0.1" \
        'sudo -n true && id -nG | grep -qw docker'
}

# goes takes from the former user all that he was given. The account and what is
# in its home stay.
goes() {
    local file
    file=$(home_of "$former")/.ssh/authorized_keys
    [[ ! -e $file ]] || authorized_keys "$file" </dev/null
    [[ " $(id -nG "$former") " != *" docker "* ]] || gpasswd --delete "$former" docker >/dev/null
    changed "the user $former has neither keys nor rights any more"
}

# nobody_deploys stops before anything of a deploy that is under way would move.
nobody_deploys() {
    local former to home lock
    former=$(former_user)
    to=$(home_of "$SSH_USER" || true) # who may not be there yet
    for home in /root ${former:+"$(home_of "$former")"}; do
        [[ $home != "$to" && ! -L $home/.kamal ]] || continue
        lock=$(compgen -G "$home/.kamal/lock-*" || true)
        [[ -z $lock ]] || fail "Kamal is at work on the server ($lock), and what it keeps there moves to the home of $SSH_USER; run pulumi up when it is done, or after: kamal lock release"
    done
}

# moves_in brings what Kamal keeps in the home of the one it logs in as: its own
# files, and directories of accessories. Containers that have them mounted know
# them by the old path, at which a link is left.
moves_in() {
    local from=$1 to kept name
    to=$(home_of "$SSH_USER")
    kept=$(kept_in "$from")
    while read -r name; do
        [[ -n $name && ! -L $from/$name ]] || continue
        [[ ! -L $to/$name ]] || rm "$to/$name"
        [[ ! -e $to/$name ]] || fail "Kamal's files are in $from/$name and in $to/$name; move away those that are not in use, and run pulumi up again"
        [[ $(stat -c %d "$from") == "$(stat -c %d "$to")" ]] || fail "$from/$name cannot move to $to, which is another file system, under the containers that use it"
        mv "$from/$name" "$to/$name"
        ln -s "$to/$name" "$from/$name"
        find "$to/$name" -xdev -user "$(stat -c %u "$from")" -exec chown --no-dereference "$SSH_USER:" {} +
        changed "$from/$name is $to/$name now"
    done <<<"$kept"
}

# kept_in prints the names in a home that Kamal or a container uses.
kept_in() {
    {
        [[ ! -d $1/.kamal ]] || echo .kamal
        ! command -v docker >/dev/null || mounted_from "$1"
    } | sort -u
}

mounted_from() {
    docker ps --all --quiet | xargs --no-run-if-empty docker inspect --format '{{range .Mounts}}{{println .Source}}{{end}}' |
        sed -n "s|^$1/\([^/]*\).*|\1|p"
}

# authorized_keys FILE [LINE] keeps the keys that it reads in the block, and the line
# in front, and both nowhere else: what the deployment gave it must be able to take.
# Keys that somebody else put there stay.
authorized_keys() {
    local keys
    keys=$(cat)
    {
        [[ -z ${2:-} ]] || say "$2"
        without_block "$1" | { grep -vF -f <(given_keys "$1") || true; }
        printf '%s' "${keys:+$keys$'\n'}" | in_block # also an empty one: the file is not wholly ours
    } | put "$1" 600 || true
}

# given_keys prints every key that the deployment gives or once gave, without
# its options and comment: its own, also those it had, today's, the last run's, and
# the first boot's, which cloud-init wrote outside the block.
given_keys() {
    {
        echo "$PROGRAM_KEY"
        [[ ! -e $1 ]] || grep -F "${PROGRAM_KEY%%ssh-*}" "$1" || true
        echo "$AUTHORIZED_KEYS"
        block "$1"
        first_boot
    } | { grep -o 'AAAA[A-Za-z0-9+/]\{16,\}=*' || true; }
}

# first_boot prints what the server was told to do at its first boot, if the
# deployment told it: then the host key stands in it.
first_boot() {
    local told=/var/lib/cloud/instance/user-data.txt key
    read -r _ key _ </etc/ssh/ssh_host_ed25519_key.pub || true
    ! grep -qsF "$key" "$told" || cat "$told"
}
