package kamal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// reports is a hook that tells the server of itself.
const reports = `exec 3<>"/dev/tcp/127.0.0.1/$RECORDER_PORT"
{ printf '%s\0' "${0##*/}" && env -0 && printf '.\0'; } >&3
read -r _ <&3
`

const pulumi = `#!/bin/sh
[ -z "$PULUMI_FAILS" ] || { echo "error: no passphrase" >&2; exit 255; }
case "$*" in
*"output postgresPassword "*) echo POSTGRES-PASSWORD-PLACEHOLDER ;;
*"output originCertificate "*) printf '%s\n' '-----BEGIN CERTIFICATE-----' 'CERTIFICATE+PLACEHOLDER==' '-----END CERTIFICATE-----' ;;
*"output originPrivateKey "*) printf '%s\n' '-----BEGIN PRIVATE KEY-----' 'PRIVATE+KEY/PLACEHOLDER' '-----END PRIVATE KEY-----' ;;
*) exit 1 ;;
esac
`

// newApp is one of the apps of testdata in a repository of its own, with every
// hook there is.
func newApp(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "running_calendar")
	check(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "app", name))))
	for file, mode := range map[string]os.FileMode{"extra.conf": 0o640, "more.conf": 0o600} { // as git does not keep them
		if path := filepath.Join(dir, "config", "db", file); name == "full" {
			check(t, os.Chmod(path, mode))
		}
	}
	write(t, filepath.Join(dir, "config", "master.key"), "MASTER-KEY-PLACEHOLDER\n", 0o600)
	guard, err := os.ReadFile(filepath.Join(dir, ".kamal", "hooks", "pre-connect"))
	if err != nil {
		guard = []byte("#!/bin/sh\n")
	}
	_, rest, _ := strings.Cut(string(guard), "\n")
	write(t, filepath.Join(dir, ".kamal", "hooks", "pre-connect"), "#!/bin/bash\n"+rest+reports, 0o755)
	for _, hook := range []string{"docker-setup", "pre-build", "pre-deploy", "pre-app-boot", "post-app-boot", "post-deploy", "pre-proxy-reboot", "post-proxy-reboot"} {
		write(t, filepath.Join(dir, ".kamal", "hooks", hook), "#!/bin/bash\n"+reports, 0o755)
	}
	write(t, filepath.Join(dir, "..", "bin", "pulumi"), pulumi, 0o755)
	write(t, filepath.Join(dir, "..", "gitconfig"), "[user]\nname = you\nemail = you@laptop\n", 0o644)
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"commit", "-q", "-m", "app"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL="+filepath.Join(dir, "..", "gitconfig"))
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, text)
		}
	}
	return dir
}

// developer is who types: a home with a key, and what they see.
type developer struct {
	home   string
	app    string
	server *server
	more   []string // further variables
	stdin  io.Reader
	push   func(context.Context, string) error
	screen screen
}

func newDeveloper(t *testing.T, app string, s *server) *developer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	check(t, err)
	d := &developer{home: t.TempDir(), app: app, server: s, stdin: strings.NewReader("")}
	write(t, filepath.Join(d.home, ".ssh", "id_ed25519"), string(pem.EncodeToMemory(block)), 0o600)
	return d
}

// knows puts a host key into known_hosts.
func (d *developer) knows(t *testing.T, address string, key ssh.PublicKey) {
	t.Helper()
	write(t, filepath.Join(d.home, ".ssh", "known_hosts"), knownhosts.Line([]string{address}, key)+"\n", 0o600)
}

func (d *developer) types(args ...string) error {
	return d.typesUntil(context.Background(), args...)
}

func (d *developer) typesUntil(ctx context.Context, args ...string) error {
	env := append([]string{
		"PATH=" + filepath.Join(d.app, "..", "bin") + ":" + os.Getenv("PATH"), "HOME=" + d.home,
		"GIT_CONFIG_GLOBAL=" + filepath.Join(d.app, "..", "gitconfig"), "RECORDER_PORT=" + d.server.hooks,
		"APP_HOST=calendar.example.com", "TERM=xterm",
	}, d.more...)
	return Run(ctx, d.app, args, IO{Stdin: d.stdin, Stdout: &d.screen, Stderr: &d.screen, Env: env, Dial: d.server.dial, Push: d.push})
}

const registryPassword = "KAMAL_REGISTRY_PASSWORD=REGISTRY-PASSWORD-PLACEHOLDER"

// screen is a buffer that several may write to.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(text)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, []byte(text), mode))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
