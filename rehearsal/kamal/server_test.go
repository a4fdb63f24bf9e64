package kamal

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
)

// server is a server that writes down what it is told and gives the recorded
// answers. Hooks report at a second address.
type server struct {
	hostKey ssh.PublicKey
	address string // where it really listens
	hooks   string // the port where hooks report

	mu      sync.Mutex
	answers []event // not given yet
	last    map[string]event
	events  []event
	users   []string // of each connection
	dialled []string
}

func newServer(t *testing.T, answers []event) *server {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	check(t, err)
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(signer)
	s := &server{hostKey: signer.PublicKey(), answers: slices.Clone(answers), last: map[string]event{}}
	s.address = listen(t, func(c net.Conn) { s.serve(c, config) })
	_, s.hooks, err = net.SplitHostPort(listen(t, s.hook))
	check(t, err)
	return s
}

// listen serves connections to this machine until the test ends.
func listen(t *testing.T, serve func(net.Conn)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return listener.Addr().String()
}

// dial reaches the server, whatever address is meant.
func (s *server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	s.dialled = append(s.dialled, address)
	s.mu.Unlock()
	return (&net.Dialer{}).DialContext(ctx, network, s.address)
}

func (s *server) add(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// answer is the recorded one of the next such command.
func (s *server) answer(command string) event {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range s.answers {
		if e.Command == command {
			s.answers = slices.Delete(s.answers, i, i+1)
			s.last[command] = e
			return e
		}
	}
	return s.last[command]
}

func (s *server) story() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return story(s.events)
}

func (s *server) serve(c net.Conn, config *ssh.ServerConfig) {
	connection, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.users = append(s.users, connection.User())
	s.mu.Unlock()
	go ssh.DiscardRequests(requests)
	for channel := range channels {
		session, requests, err := channel.Accept()
		if err != nil {
			return
		}
		go s.session(session, requests)
	}
}

func (s *server) session(session ssh.Channel, requests <-chan *ssh.Request) {
	terminal := false
	for request := range requests {
		var line struct{ Command string }
		switch request.Type {
		case "pty-req":
			terminal = true
		case "exec":
			if err := ssh.Unmarshal(request.Payload, &line); err != nil {
				return
			}
		}
		if request.WantReply {
			_ = request.Reply(true, nil)
		}
		if line.Command != "" {
			go s.exec(session, line.Command, terminal)
		}
	}
}

func (s *server) exec(session ssh.Channel, command string, terminal bool) {
	defer session.Close()
	e := event{Host: "203.0.113.7", Command: settled(command), PTY: terminal}
	answer := event{}
	if strings.HasPrefix(command, "scp -t ") {
		e.Uploads = receive(session)
	} else {
		answer = s.answer(e.Command)
	}
	s.add(e)
	fmt.Fprint(session, answer.Stdout)
	fmt.Fprint(session.Stderr(), answer.Stderr)
	_, _ = session.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(answer.Exit)}))
}

// receive is the other end of scp.
func receive(session ssh.Channel) []uploaded {
	var files []uploaded
	var below []string
	in := bufio.NewReader(session)
	for {
		_, _ = session.Write([]byte{0})
		line, err := in.ReadString('\n')
		if err != nil {
			slices.SortFunc(files, func(a, b uploaded) int { return strings.Compare(a.Path, b.Path) })
			return files
		}
		var kind, mode, name string
		var size int
		kind = line[:1]
		_, _ = fmt.Sscanf(line[1:], "%s %d %s", &mode, &size, &name)
		switch kind {
		case "D":
			below = append(below, name)
			files = append(files, uploaded{Path: strings.Join(below, "/") + "/", Mode: mode})
		case "E":
			below = below[:len(below)-1]
		case "C":
			_, _ = session.Write([]byte{0})
			content := make([]byte, size+1)
			_, _ = io.ReadFull(in, content)
			files = append(files, uploaded{Path: strings.Join(append(slices.Clone(below), name), "/"), Mode: mode, Content: string(content[:size])})
		}
	}
}

// shownOfHooks are the variables that the recordings have.
var shownOfHooks = regexp.MustCompile(`^(KAMAL_|POSTGRES|RAILS|ORIGIN|VERSION)`)

// hook is told that a hook runs, and with what in its environment.
func (s *server) hook(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	next := func() string {
		text, _ := in.ReadString(0)
		return strings.TrimSuffix(text, "\x00")
	}
	e := event{Hook: next(), Env: map[string]string{}}
	for entry := next(); entry != "." && entry != ""; entry = next() {
		name, value, _ := strings.Cut(entry, "=")
		if name == "KAMAL_RUNTIME" {
			value = "N"
		}
		if shownOfHooks.MatchString(name) {
			e.Env[name] = settled(strings.ReplaceAll(value, "\n", " "))
		}
	}
	s.add(e)
	fmt.Fprintln(c, "ok")
}
