package kamal

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// knownHosts are the files that net-ssh asks (lib/net/ssh/known_hosts.rb).
type knownHosts struct {
	check ssh.HostKeyCallback
	add   string // where a new host is written
}

// adding keeps two connections from writing at once.
var adding sync.Mutex

func (n *netSSH) knownHosts() (*knownHosts, error) {
	adding.Lock()
	defer adding.Unlock()
	mine := n.env.expanded("~/.ssh/known_hosts")
	var there []string
	for _, file := range []string{mine, mine + "2", "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"} {
		if _, err := os.Stat(file); err == nil {
			there = append(there, file)
		}
	}
	check, err := knownhosts.New(there...)
	if err != nil {
		return nil, fmt.Errorf("reading the known hosts: %w", err)
	}
	return &knownHosts{check, mine}, nil
}

// kindsFor are the kinds of the keys that are known of a host, in their order.
func (k *knownHosts) kindsFor(address string) []string {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil
	}
	nobodys, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil
	}
	var wrong *knownhosts.KeyError
	var kinds []string
	if errors.As(k.check(address, &net.TCPAddr{}, nobodys.PublicKey()), &wrong) {
		for _, known := range wrong.Want {
			kinds = append(kinds, known.Key.Type())
		}
	}
	return unique(kinds)
}

// acceptNew is net-ssh's rule: a host of which nothing is known is added, and
// another key than the known ones is refused. On this machine itself, but at
// another port, anything goes: that is taken for a tunnel
// (lib/net/ssh/verifiers/accept_new_or_local_tunnel.rb).
func (k *knownHosts) acceptNew(host string) ssh.HostKeyCallback {
	return func(address string, remote net.Addr, key ssh.PublicKey) error {
		if _, port, _ := net.SplitHostPort(address); port != "22" && (host == "127.0.0.1" || host == "::1") {
			return nil
		}
		err := k.check(address, &net.TCPAddr{}, key)
		var wrong *knownhosts.KeyError
		if !errors.As(err, &wrong) {
			return err
		}
		if len(wrong.Want) > 0 {
			return failed("Net::SSH::HostKeyMismatch", "fingerprint %s does not match for %q", ssh.FingerprintSHA256(key), knownhosts.Normalize(address))
		}
		return k.remember(address, key)
	}
}

// remember adds a line; where the file cannot be written, nothing is said.
func (k *knownHosts) remember(address string, key ssh.PublicKey) error {
	adding.Lock()
	defer adding.Unlock()
	file, err := os.OpenFile(k.add, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil
	}
	_, err = fmt.Fprintln(file, knownhosts.Line([]string{address}, key))
	return errors.Join(err, file.Close())
}

// strict takes known keys only.
func (k *knownHosts) strict(address string, _ net.Addr, key ssh.PublicKey) error {
	if err := k.check(address, &net.TCPAddr{}, key); err != nil {
		return failed("ssh", "Host key verification failed.")
	}
	return nil
}
