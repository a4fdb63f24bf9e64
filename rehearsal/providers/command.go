package providers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"sync"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
)

func newCommand() standIn {
	return standIn{resources: map[string]resource{
		"command:remote:Command": {
			replace: []string{"triggers", "connection"},
			ignore:  []string{"logging"},
			create: func(ctx context.Context, in values) (string, values, error) {
				return created(runRemote(ctx, in, in.text("create")))
			},
			update: func(ctx context.Context, _ string, old, in values) (values, error) {
				script := in.text("update")
				if script == "" {
					script = in.text("create")
				}
				return runRemote(ctx, in, script)
			},
			delete: func(ctx context.Context, _ string, state values) error {
				if state.text("delete") == "" {
					return nil
				}
				_, err := runRemote(ctx, state, state.text("delete"))
				return err
			},
		},
		"command:local:Command": {
			replace: []string{"triggers"},
			ignore:  []string{"logging"},
			create: func(ctx context.Context, in values) (string, values, error) {
				return created(runLocal(ctx, in, in.text("create")))
			},
			update: func(ctx context.Context, _ string, _, in values) (values, error) {
				return runLocal(ctx, in, in.text("create"))
			},
		},
	}}
}

// created gives a command that succeeded its ID; one that failed was not created.
func created(out values, err error) (string, values, error) {
	if err != nil {
		return "", nil, err
	}
	return newID("cmd"), out, nil
}

var ids struct {
	sync.Mutex
	last int
}

// newID is unique within this process, which is all that a rehearsal needs.
func newID(prefix string) string {
	ids.Lock()
	defer ids.Unlock()
	ids.last++
	return fmt.Sprintf("%s-%d-%d", prefix, time.Now().UnixNano(), ids.last)
}

// runRemote runs one command over one SSH connection.
func runRemote(ctx context.Context, in values, command string) (values, error) {
	client, err := dial(ctx, in.object("connection"))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	// An engine that cancels must not leave a script running on the server.
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	session, err := client.NewSession()
	if err != nil {
		return nil, fmt.Errorf("opening an SSH session: %w", err)
	}
	defer session.Close()
	for name, value := range in.labels("environment") {
		if err := session.Setenv(name, value); err != nil {
			return nil, fmt.Errorf("setting %s (sshd's AcceptEnv must allow it): %w", name, err)
		}
	}
	if stdin := in.text("stdin"); stdin != "" {
		session.Stdin = bytes.NewReader([]byte(stdin))
	}
	var stdout, stderr bytes.Buffer
	logged := logLines(ctx)
	defer logged.Close()
	session.Stdout, session.Stderr = io.MultiWriter(&stdout, logged), io.MultiWriter(&stderr, logged)
	err = session.Run(command)
	return finished(command, stdout.String(), stderr.String(), err)
}

func runLocal(ctx context.Context, in values, command string) (values, error) {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.Dir = in.text("dir")
	cmd.Env = cmd.Environ()
	for name, value := range in.labels("environment") {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdin = bytes.NewReader([]byte(in.text("stdin")))
	var stdout, stderr bytes.Buffer
	logged := logLines(ctx)
	defer logged.Close()
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&stdout, logged), io.MultiWriter(&stderr, logged)
	err := cmd.Run()
	return finished(command, stdout.String(), stderr.String(), err)
}

// finished gives the outputs, or an error with everything that was said, which
// is what the published provider shows too.
func finished(command, stdout, stderr string, err error) (values, error) {
	out := values{"stdout": trimNewline(stdout), "stderr": trimNewline(stderr)}
	if err != nil {
		return nil, fmt.Errorf("%w: running %q:\n%s%s", err, command, stdout, stderr)
	}
	return out, nil
}

func trimNewline(text string) string {
	return string(bytes.TrimSuffix([]byte(text), []byte("\n")))
}

// logLines shows each line of a command's output in the engine's display.
func logLines(ctx context.Context) io.WriteCloser {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(reader)
		for lines.Scan() {
			p.GetLogger(ctx).Info(lines.Text())
		}
		_, _ = io.Copy(io.Discard, reader) // a line too long for the scanner
	}()
	return &lineLog{writer, done}
}

type lineLog struct {
	*io.PipeWriter
	done chan struct{}
}

func (l *lineLog) Close() error {
	err := l.PipeWriter.Close()
	<-l.done
	return err
}

// dial opens the connection, trying as often as dialErrorLimit allows, with
// growing pauses. Only the given host key is accepted, if one is given.
func dial(ctx context.Context, c values) (*ssh.Client, error) {
	config, err := clientConfig(c)
	if err != nil {
		return nil, err
	}
	port := c.number("port")
	if port == 0 {
		port = 22
	}
	limit := 10
	if _, given := c["dialErrorLimit"]; given {
		limit = c.number("dialErrorLimit")
	}
	address := net.JoinHostPort(c.text("host"), fmt.Sprint(port))
	for try := 1; ; try++ {
		client, err := dialOnce(ctx, address, config)
		if err == nil {
			return client, nil
		}
		var wrongKey *hostKeyError
		if errors.As(err, &wrongKey) {
			return nil, err
		}
		if limit > 0 && try >= limit {
			return nil, fmt.Errorf("after %d failed attempts: dial %s: %w", try, address, err)
		}
		p.GetLogger(ctx).InfoStatusf("Dial %d/%d failed: retrying", try, limit)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(time.Duration(try)*500*time.Millisecond, 5*time.Second)):
		}
	}
}

func dialOnce(ctx context.Context, address string, config *ssh.ClientConfig) (*ssh.Client, error) {
	conn, err := (&net.Dialer{Timeout: config.Timeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	// The handshake too must end: a server that accepts and says nothing would hang it.
	if err := conn.SetDeadline(time.Now().Add(config.Timeout)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	established, channels, requests, err := ssh.NewClientConn(conn, address, config)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return ssh.NewClient(established, channels, requests), conn.SetDeadline(time.Time{})
}

// hostKeyError ends the tries: another key will not become the right one.
type hostKeyError struct{ shown, wanted string }

func (e *hostKeyError) Error() string {
	return fmt.Sprintf("ssh: host key mismatch: the server shows %s, expected is %s", e.shown, e.wanted)
}

func clientConfig(c values) (*ssh.ClientConfig, error) {
	user := c.text("user")
	if user == "" {
		user = "root"
	}
	timeout := 15 * time.Second
	if seconds := c.number("perDialTimeout"); seconds > 0 {
		timeout = time.Duration(seconds) * time.Second
	}
	config := &ssh.ClientConfig{User: user, Timeout: timeout, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	if key := c.text("privateKey"); key != "" {
		signer, err := ssh.ParsePrivateKey([]byte(key))
		if err != nil {
			return nil, fmt.Errorf("reading the connection's private key: %w", err)
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	if text := c.text("hostKey"); text != "" {
		wanted, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("reading the connection's host key: %w", err)
		}
		config.HostKeyAlgorithms = []string{wanted.Type()}
		config.HostKeyCallback = func(_ string, _ net.Addr, shown ssh.PublicKey) error {
			if !bytes.Equal(shown.Marshal(), wanted.Marshal()) {
				return &hostKeyError{ssh.FingerprintSHA256(shown), ssh.FingerprintSHA256(wanted)}
			}
			return nil
		}
	}
	return config, nil
}
