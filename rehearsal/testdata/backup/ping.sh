# A small server notes what it is told of start, success and failure.
mkdir -p /root/told
cat >/root/told/server.py <<'PY'
import http.server
class Note(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open("/root/told/paths", "a").write(self.path + "\n")
        self.send_response(200)
        self.end_headers()
    def log_message(self, *a):
        pass
http.server.HTTPServer(("127.0.0.1", 8999), Note).serve_forever()
PY
python3 /root/told/server.py &
server=$!
trap 'kill $server' EXIT
sleep 1
sed -i 's|^PING_URL=.*|PING_URL=http://127.0.0.1:8999/check|' /etc/rails-on-hetzner/backup.conf
app-backup >/dev/null # of its parts only the whole tells
docker pause "$CONTAINER" >/dev/null
must_fail "not running" app-backup
docker unpause "$CONTAINER" >/dev/null
sed -i 's|^PING_URL=.*|PING_URL=|' /etc/rails-on-hetzner/backup.conf
[[ $(paste -sd ' ' /root/told/paths) == "/check/start /check /check/start /check/fail" ]] || wrong "told: $(cat /root/told/paths)"
echo "PASSED"
