# A webhook and a mail relay, which wants TLS and a password. What they receive
# lies in /root/told/*.hook and *.mail.
DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes python3-aiosmtpd >/dev/null 2>&1
mkdir -p /root/told
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=relay.test -addext subjectAltName=DNS:relay.test -keyout /root/relay.key -out /usr/local/share/ca-certificates/relay.crt 2>/dev/null
update-ca-certificates >/dev/null 2>&1
grep -q relay.test /etc/hosts || echo "127.0.0.1 relay.test" >>/etc/hosts
cat >/root/receivers.py <<'PYTHON'
import http.server, itertools, ssl, threading
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

numbers = itertools.count()

def keep(kind, text):
    with open(f"/root/told/{next(numbers):03}.{kind}", "w") as file:
        file.write(text)

class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keep("hook", f"{self.path}\nTitle: {self.headers['Title']}\n{body}")
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass

class Relay:
    async def handle_DATA(self, server, session, envelope):
        keep("mail", f"from {envelope.mail_from} to {', '.join(envelope.rcpt_tos)}\n{envelope.content.decode()}")
        return "250 taken"

def known(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"server", b'pass"word\\$'))

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/usr/local/share/ca-certificates/relay.crt", "/root/relay.key")
Controller(Relay(), "127.0.0.1", 8587, tls_context=context, require_starttls=True, auth_required=True, authenticator=known).start()
http.server.ThreadingHTTPServer(("127.0.0.1", 8585), Hook).serve_forever()
PYTHON
systemd-run --quiet --unit=receivers python3 /root/receivers.py
for ((i = 0; i < 50; i++)); do
    ! curl -s -o /dev/null http://127.0.0.1:8585/ || break
    sleep 0.2
done
echo PASSED
