package providers

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// host is a server that notes who comes and what is asked of it. It runs no
// command: it obeys what it reads, line by line: say, warn, fail or cut.
type host struct {
	address, hostKey, private, ecdsa, other, otherPrivate string
	agent, stale                                          string

	mutex sync.Mutex
	noted []call
	late  int // how many more connections it closes at once
}

func newHost(t *testing.T) *host {
	t.Helper()
	own, client, other := keyFrom(1), keyFrom(2), keyFrom(3)
	ownSigner := signer(t, own)
	h := &host{
		hostKey: authorized(ownSigner.PublicKey()), private: privateText(t, client), otherPrivate: privateText(t, other),
		other: authorized(signer(t, other).PublicKey()), stale: filepath.Join(t.TempDir(), "stale"),
		ecdsa: "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=",
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if bytes.Equal(key.Marshal(), signer(t, client).PublicKey().Marshal()) {
			return nil, nil
		}
		h.note("refuse a key of "+c.User(), nil)
		return nil, errors.New("unknown key")
	}}
	config.AddHostKey(ownSigner)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	h.address = listener.Addr().String()
	go h.accept(listener, config)
	h.agent = startAgent(t, client)
	return h
}

// startAgent holds a key as ssh-agent would.
func startAgent(t *testing.T, key ed25519.PrivateKey) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "agent")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(directory) })
	socket := filepath.Join(directory, "socket")
	listener, err := net.Listen("unix", socket)
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	keys := agent.NewKeyring()
	must(t, keys.Add(agent.AddedKey{PrivateKey: key}))
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(keys, conn)
		}
	}()
	return socket
}

func keyFrom(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func signer(t *testing.T, key ed25519.PrivateKey) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromKey(key)
	must(t, err)
	return s
}

func privateText(t *testing.T, key ed25519.PrivateKey) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	must(t, err)
	return string(pem.EncodeToMemory(block))
}

func authorized(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func (h *host) names() []string {
	name, port, _ := net.SplitHostPort(h.address)
	escaped := func(text string) string { return strings.ReplaceAll(text, "\n", `\n`) }
	return []string{
		"OTHERPRIVATE", escaped(h.otherPrivate), "PRIVATE", escaped(h.private), "OTHERKEY", h.other, "ECDSAKEY", h.ecdsa, "HOSTKEY", h.hostKey,
		"HOST", name, "2222", port, "AGENT", h.agent, "STALE", h.stale,
	}
}

func (h *host) actual(text string) string { return strings.NewReplacer(h.names()...).Replace(text) }

func (h *host) usual(text string) string {
	names := h.names()
	for i := 0; i < len(names); i += 2 {
		names[i], names[i+1] = names[i+1], names[i]
	}
	return strings.NewReplacer(names...).Replace(text)
}

func (h *host) note(what string, body any) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.noted = append(h.noted, call{Request: what, Body: body})
}

func (h *host) calls() []call {
	time.Sleep(50 * time.Millisecond) // what is under way gets noted
	h.mutex.Lock()
	defer h.mutex.Unlock()
	made := h.noted
	h.noted = nil
	return made
}

func late(connections int) func(stage) {
	return func(on stage) { on.(*host).late = connections }
}

func (h *host) accept(listener net.Listener, config *ssh.ServerConfig) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		if h.late > 0 {
			h.late--
			h.note("close at once", nil)
			conn.Close()
			continue
		}
		go h.serve(conn, config)
	}
}

func (h *host) serve(conn net.Conn, config *ssh.ServerConfig) {
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		h.note("no handshake", nil)
		return
	}
	h.note("connect as "+server.User(), nil)
	go ssh.DiscardRequests(requests)
	for asked := range channels {
		channel, requests, err := asked.Accept()
		if err != nil {
			return
		}
		go h.session(server, channel, requests)
	}
}

func (h *host) session(server *ssh.ServerConn, channel ssh.Channel, requests <-chan *ssh.Request) {
	for r := range requests {
		switch r.Type {
		case "env":
			var variable struct{ Name, Value string }
			ssh.Unmarshal(r.Payload, &variable)
			h.note("setenv "+variable.Name, variable.Value)
			r.Reply(variable.Name == "LANG", nil)
		case "exec":
			var command struct{ Text string }
			ssh.Unmarshal(r.Payload, &command)
			r.Reply(true, nil)
			read, _ := io.ReadAll(channel)
			h.note("exec "+command.Text, string(read))
			go h.obey(server, channel, string(read))
		default:
			h.note(r.Type, nil)
			r.Reply(false, nil)
		}
	}
}

func (h *host) obey(server *ssh.ServerConn, channel ssh.Channel, script string) {
	status := uint32(0)
	for line := range strings.Lines(script) {
		verb, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "say":
			fmt.Fprintln(channel, text)
		case "warn":
			fmt.Fprintln(channel.Stderr(), text)
		case "fail":
			fmt.Sscan(text, &status)
		case "cut":
			server.Close()
		}
		time.Sleep(20 * time.Millisecond) // the two streams keep their order
	}
	channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
	channel.Close()
}
