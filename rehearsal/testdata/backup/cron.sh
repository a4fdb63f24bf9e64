# cron fires: the schedule is set to the next minute and waited for.
app-backup verify >/dev/null
newest_daily() { pg-backup list | awk '/-daily / { set = $1 } END { print set }'; } # an older one may be rotated out
before=$(newest_daily)
cp /etc/cron.d/rails-on-hetzner-backup /root/schedule
trap 'cp /root/schedule /etc/cron.d/rails-on-hetzner-backup' EXIT
minute=$(date -d '+2 minutes' +%M)
sed "s/^0 \([0-9]*\) \* \* \* root/${minute#0} * * * * root/; /verify/d" /root/schedule >/etc/cron.d/rails-on-hetzner-backup
grep -q "^${minute#0} \* \* \* \* root systemd-cat -t app-backup app-backup daily" /etc/cron.d/rails-on-hetzner-backup || wrong "the schedule is not as thought: $(cat /root/schedule)"
for _ in {1..75}; do
    sleep 2
    after=$(newest_daily)
    [[ $after == "$before" ]] || break
done
[[ $after != "$before" ]] || wrong "cron made no backup"
sleep 1
[[ $(journalctl -q -t app-backup -o cat) == *"backed up"* ]] || wrong "the journal says nothing: $(journalctl -q -t app-backup | tail)"
[[ $(readlink /etc/localtime) == */America/Tijuana ]] || wrong "the time zone"
echo "PASSED"
