package kamal

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// What net-ssh 7.3 offers, without the gems x25519 and rbnacl, as Kamal brings
// it (lib/net/ssh/transport/algorithms.rb, DEFAULT_ALGORITHMS).
var (
	keyExchanges = []string{"ecdh-sha2-nistp521", "ecdh-sha2-nistp384", "ecdh-sha2-nistp256", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group14-sha256", "diffie-hellman-group14-sha1"}
	hostKeys     = []string{"ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp256", "ssh-rsa-cert-v01@openssh.com", "ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"}
	ciphers      = []string{"aes256-ctr", "aes192-ctr", "aes128-ctr", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com"}
	macs         = []string{"hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512", "hmac-sha2-256", "hmac-sha1"}
)

// netSSH connects as net-ssh does. The errors have the names and texts that
// Kamal reports.
type netSSH struct {
	user, port string
	keys       []string // paths of private keys; nil: the usual ones
	env        environment
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
}

// sshOf reads the section ssh (lib/kamal/configuration/ssh.rb). An agent and
// ~/.ssh/config are not asked.
func (c *config) sshOf(io IO) *netSSH {
	root := c.root.get("ssh")
	return &netSSH{user: root.get("user").or("root"), port: root.get("port").or("22"), keys: root.get("keys").texts(), env: c.env, dial: io.Dial}
}

func (n *netSSH) connect(ctx context.Context, host string) (*ssh.Client, error) {
	known, err := n.knownHosts()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(host, n.port)
	config := &ssh.ClientConfig{
		Config: ssh.Config{KeyExchanges: keyExchanges, Ciphers: ciphers, MACs: macs},
		// The kinds of key that are known come first, and then all others.
		HostKeyAlgorithms: unique(append(known.kindsFor(address), hostKeys...)),
		HostKeyCallback:   known.acceptNew(host),
	}
	return n.login(ctx, address, host, config)
}

// connectStrictly is the ssh command's way, which Kamal uses for interactive
// commands: the host must be known, and OpenSSH's algorithms are offered.
func (n *netSSH) connectStrictly(ctx context.Context, host string) (*ssh.Client, error) {
	known, err := n.knownHosts()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(host, n.port)
	return n.login(ctx, address, host, &ssh.ClientConfig{
		HostKeyAlgorithms: known.kindsFor(address),
		HostKeyCallback:   known.strict,
	})
}

func (n *netSSH) login(ctx context.Context, address, host string, config *ssh.ClientConfig) (*ssh.Client, error) {
	config.User = n.user
	config.Auth = []ssh.AuthMethod{ssh.PublicKeysCallback(n.signers)}
	socket, err := n.dial(ctx, "tcp", address)
	if err != nil {
		return nil, dialFailure(err, address)
	}
	stop := context.AfterFunc(ctx, func() { socket.Close() })
	defer stop()
	connection, channels, requests, err := ssh.NewClientConn(socket, address, config)
	if err != nil {
		socket.Close()
		var refusal failure
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &refusal):
			return nil, refusal
		case strings.Contains(err.Error(), "unable to authenticate"):
			return nil, failed("Net::SSH::AuthenticationFailed", "Authentication failed for user %s@%s", n.user, host)
		case strings.Contains(err.Error(), "no common algorithm"):
			return nil, failed("Net::SSH::Exception", "%v", err)
		}
		return nil, failed("Net::SSH::Disconnect", "%v", err)
	}
	return ssh.NewClient(connection, channels, requests), nil
}

func dialFailure(err error, address string) error {
	class := "SocketError"
	for code, name := range map[syscall.Errno]string{
		syscall.ECONNREFUSED: "Errno::ECONNREFUSED", syscall.ETIMEDOUT: "Errno::ETIMEDOUT",
		syscall.EHOSTUNREACH: "Errno::EHOSTUNREACH", syscall.ENETUNREACH: "Errno::ENETUNREACH",
	} {
		if errors.Is(err, code) {
			class = name
		}
	}
	return failed(class, "connecting to %s: %v", address, err)
}

// signers are the private keys, in net-ssh's order of the usual ones
// (lib/net/ssh/authentication/session.rb). What is not there or has a passphrase
// is passed over.
func (n *netSSH) signers() ([]ssh.Signer, error) {
	paths := n.keys
	if paths == nil {
		paths = []string{"~/.ssh/id_ed25519", "~/.ssh/id_rsa", "~/.ssh/id_ecdsa"}
	}
	var signers []ssh.Signer
	for _, path := range paths {
		text, err := os.ReadFile(n.env.expanded(path))
		if err != nil {
			continue
		}
		if signer, err := ssh.ParsePrivateKey(text); err == nil {
			signers = append(signers, signer)
		}
	}
	return signers, nil
}
