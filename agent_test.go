package main

import (
	"crypto/ed25519"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

func TestCheckAgent_TellsOfOneThatIsGone(t *testing.T) {
	if note, err := checkAgent("", nil); note != "" || err != nil {
		t.Errorf("without an agent: %q, %v", note, err)
	}
	socket, listener, _ := startAgent(t, 0)
	if note, err := checkAgent(socket, nil); note != "" || err != nil {
		t.Errorf("an empty one: %q, %v", note, err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	want := "SSH_AUTH_SOCK: names " + socket + ", where no SSH agent answers"
	if _, err := checkAgent(socket, nil); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "start the agent, or do without: unset SSH_AUTH_SOCK") {
		t.Errorf("got %v, want %s...", err, want)
	}
}

func TestCheckAgent_TellsOfOneThatWouldBanItsOwner(t *testing.T) {
	for _, c := range []struct {
		what       string
		keys, ours int // how many, and which of them, from 1, the server knows
		told       bool
	}{
		{"few keys, none of them ours", 3, 0, false},
		{"many keys, ours the last that is heard", 5, 3, false},
		{"many keys, ours too late", 5, 4, true},
		{"many keys, none of them ours", 5, 0, true},
	} {
		socket, _, lines := startAgent(t, c.keys)
		known := []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+h9hZ2NOGvq8GeOHRJ5dgZhUonc2oHkN8DARrt6Px9 a colleague's"}
		if c.ours > 0 {
			known = append(known, `from="203.0.113.7" `+lines[c.ours-1])
		}
		note, err := checkAgent(socket, known)
		if err != nil || (note != "") != c.told || c.told && !strings.HasPrefix(note, "SSH_AUTH_SOCK: the agent has 5 keys, and none of the first 3 is one") {
			t.Errorf("%s: %q, %v", c.what, note, err)
		}
	}
}

// startAgent serves an agent with keys, which it returns as in authorized_keys.
func startAgent(t *testing.T, count int) (socket string, listener net.Listener, lines []string) {
	t.Helper()
	keyring := agent.NewKeyring()
	for range count {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := keyring.Add(agent.AddedKey{PrivateKey: &private}); err != nil {
			t.Fatal(err)
		}
		key, err := ssh.NewPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))))
	}
	socket = filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(keyring, connection) }()
		}
	}()
	return socket, listener, lines
}
