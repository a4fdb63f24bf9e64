# Each thing that is looked at is made to go wrong, and mended.
# shellcheck shell=bash disable=SC2154 # lib.sh stands in front
watch_by_hand
web=$(docker ps --quiet --filter label=service=running_calendar)
told hook >/root/first.hook
told mail >/root/first.mail
grep -q '^Title: running-calendar.test: a test$' /root/first.hook || wrong "the first message was $(cat /root/first.hook)"
[[ $(</root/first.mail) == 'from server@example.com to you@example.com'*'Subject: running-calendar.test: a test'* ]] || wrong "the first mail was $(cat /root/first.mail)"
app-backup daily >/dev/null
server-watch
[[ -z $(ls /root/told) ]] || wrong "all is well, and it is told: $(told hook)"

mount -t tmpfs -o size=1m tmpfs /boot && head -c 900K /dev/zero >/boot/large
sed 's/^MemAvailable:.*/MemAvailable: 204800 kB/; s/^MemTotal:.*/MemTotal: 4000000 kB/' /proc/meminfo >/root/meminfo && mount --bind /root/meminfo /proc/meminfo
docker run --rm --memory 20m --memory-swap 20m --entrypoint bash postgres:16 -c 'x=$(head -c 200M /dev/zero | tr "\0" x)' >/dev/null 2>&1 || true
docker run --detach --name falls --restart always --entrypoint false postgres:16 >/dev/null
docker run --detach --name ill --health-cmd false --health-interval 1s --health-retries 1 --entrypoint sleep postgres:16 1000 >/dev/null
docker stop "$web" >/dev/null
printf '#!/bin/sh\nexit 1\n' >/usr/local/bin/systemd-detect-virt
printf '#!/bin/sh\necho no\n' >/usr/local/bin/timedatectl
chmod 755 /usr/local/bin/systemd-detect-virt /usr/local/bin/timedatectl
touch -d '4 days ago' /var/run/reboot-required
touch -d '2 days ago' "$state/backup/backup.json"
cp -a /usr/local/bin/docker-tidy /root/ && echo '# mine' >>/usr/local/bin/docker-tidy
cp -a /etc/apt/apt.conf.d/20auto-upgrades /etc/apt/apt.conf.d/52rails-on-hetzner /root/ && rm /etc/apt/apt.conf.d/20auto-upgrades /etc/apt/apt.conf.d/52rails-on-hetzner
echo 'MaxAuthTries 9' >/etc/ssh/sshd_config.d/00-a.conf
ufw disable >/dev/null
systemctl stop fail2ban
begins 'firewall=UFW is not active' 'sshd=MaxAuthTries 3' fail2ban= updates= 'reboot=for 4 days' 'files=/usr/local/bin/docker-tidy' 'disk=% of /boot is used' 'memory=200.0M of 3.9G available' \
    'oom=was killed for want of memory' 'containers=ill is unhealthy; falls was restarted' 'site=/up, asked for on the server, answers 50' 'backup=the last backup is 48 hours ago' 'clock=not synchronized'

umount /boot /proc/meminfo
docker rm --force falls ill >/dev/null
docker start "$web" >/dev/null
rm /usr/local/bin/systemd-detect-virt /usr/local/bin/timedatectl /var/run/reboot-required /etc/ssh/sshd_config.d/00-a.conf
touch "$state/backup/backup.json"
mv /root/docker-tidy /usr/local/bin/
mv /root/20auto-upgrades /root/52rails-on-hetzner /etc/apt/apt.conf.d/
ufw --force enable >/dev/null
systemctl start fail2ban
sed -i 's/ .*/ 1000/' "$state/watch/oom" # as if it were an hour ago
serves
ends firewall sshd fail2ban updates reboot files disk memory oom containers site backup clock

# Docker stops, and the app goes on.
systemctl stop docker.socket docker
begins 'docker=it does not answer'
systemctl start docker
ends docker

# A certificate that ends soon, on a door that answers.
docker stop kamal-proxy >/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 5 -subj /CN=running-calendar.test -keyout /root/short.key -out /root/short.crt 2>/dev/null
systemd-run --quiet --unit=door openssl s_server -accept 443 -cert /root/short.crt -key /root/short.key -www
sleep 1
begins 'certificate=ends in 4 days'
systemctl stop door
docker start kamal-proxy >/dev/null
serves
ends certificate

# A login, from an address that was never seen, and once more.
ssh-keygen -q -t ed25519 -N '' -f /root/guest <<<y >/dev/null
cat /root/guest.pub >>/root/.ssh/authorized_keys
for ((i = 0; i < 2; i++)); do
    ssh -i /root/guest -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes root@198.18.0.10 true
    sleep 1
    server-watch
done
told hook >/root/last.hook
told mail >/root/last.mail
[[ $(grep -c "^root, from 198.18.0.10, with the key SHA256:" /root/last.hook) == 1 && $(grep -c 'Subject: running-calendar.test: a login from a new address' /root/last.mail) == 1 ]] || wrong "of the login is told: $(cat /root/last.*)"

# The receivers are away for a while. By the timer's service, as it is.
systemctl stop receivers
ufw disable >/dev/null
systemctl start rails-on-hetzner-watch.service || true
[[ $(find "$state/watch/outbox" -type f | wc -l) == 2 ]] || wrong "what waits is $(ls "$state/watch/outbox")"
systemd-run --quiet --unit=receivers python3 /root/receivers.py
sleep 3
systemctl start rails-on-hetzner-watch.service
for way in hook mail; do [[ $(told $way) == *"WRONG firewall: "* ]] || wrong "what waited did not come by $way"; done
ufw --force enable >/dev/null
server-watch
server-watch
told hook >/root/last.hook
told mail >/root/last.mail
grep -q '^over  firewall' /root/last.hook || wrong "it is not over: $(cat /root/last.hook)"
watch_by_timer
systemctl is-active --quiet rails-on-hetzner-watch.timer || wrong "the timer does not run"
# It has just begun a look, and tells when the next is due once that is over.
for ((i = 0; i < 60; i++)); do
    [[ $(systemctl show --property NextElapseUSecMonotonic --value rails-on-hetzner-watch.timer) == infinity ]] || break
    sleep 1
done
((i < 60)) || wrong "the timer will not fire: $(systemctl status --no-pager rails-on-hetzner-watch.timer)"
if journalctl -q --since -1h | grep -F -e 'hook/secret' -e 'pass"word'; then wrong "a secret is in the journal"; fi
echo PASSED
