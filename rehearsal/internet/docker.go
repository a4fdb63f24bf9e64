package internet

import (
	"io"
	"net/http"
)

// installDocker does what Docker's own script does, which Kamal pipes into a shell,
// with the distribution's packages: as root, or as a user who has sudo.
const installDocker = `set -eu
sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -E"
$sudo sh -euc '
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends docker.io $(apt-cache search -n "^docker-cli$" | cut -d" " -f1) >/dev/null
'
`

// dockersScript is what https://get.docker.com serves.
func dockersScript(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, installDocker) // fails only when the client has gone
}
