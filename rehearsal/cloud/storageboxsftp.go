package cloud

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// connectionsOfABox is how many one account may have at once:
// https://docs.hetzner.com/storage/storage-box/general
const connectionsOfABox = 10

// ServeBoxes has the files of the boxes be reached by SFTP at an address. The
// keys that it shows are of the kinds of Hetzner's, and written to a file as in
// authorized_keys. It ends with Close.
func (c *Cloud) ServeBoxes(address netip.AddrPort, keys string) error {
	config := &ssh.ServerConfig{PasswordCallback: func(conn ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if _, known := c.filesFor(conn.User(), string(password)); !known {
			return nil, errors.New("no such user and password")
		}
		return &ssh.Permissions{Extensions: map[string]string{"password": string(password)}}, nil
	}}
	public, err := addHostKeys(config)
	if err != nil {
		return err
	}
	if err := os.WriteFile(keys, public, 0o644); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address.String())
	if err != nil {
		return fmt.Errorf("starting the Storage Boxes: %w", err)
	}
	context.AfterFunc(c.ctx, func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			go c.serveBox(conn, config)
		}
	}()
	return nil
}

func addHostKeys(config *ssh.ServerConfig) (public []byte, err error) {
	_, ed, edErr := ed25519.GenerateKey(rand.Reader)
	ec, ecErr := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	rs, rsErr := rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(edErr, ecErr, rsErr); err != nil {
		return nil, err
	}
	for _, key := range []any{ed, ec, rs} {
		signer, err := ssh.NewSignerFromKey(key)
		if err != nil {
			return nil, err
		}
		config.AddHostKey(signer)
		public = append(public, ssh.MarshalAuthorizedKey(signer.PublicKey())...)
	}
	return public, nil
}

// serveBox serves one connection: the subsystem sftp alone. On the real port 23
// there are a few commands besides.
func (c *Cloud) serveBox(conn net.Conn, config *ssh.ServerConfig) {
	defer context.AfterFunc(c.ctx, func() { conn.Close() })()
	defer conn.Close()
	session, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	if !c.countConnection(session.User(), 1) {
		c.countConnection(session.User(), -1)
		return
	}
	defer c.countConnection(session.User(), -1)
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			defer channel.Close()
			for request := range requests {
				wanted := request.Type == "subsystem" && string(request.Payload[min(4, len(request.Payload)):]) == "sftp"
				_ = request.Reply(wanted, nil)
				if wanted {
					if files, known := c.filesFor(session.User(), session.Permissions.Extensions["password"]); known {
						files.serve(channel)
					}
					return
				}
			}
		}()
	}
}

func (c *Cloud) countConnection(user string, change int) (allowed bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.hetzner.boxConnections[user] += change
	return c.hetzner.boxConnections[user] <= connectionsOfABox
}

// filesFor are what the user sees, as long as the password is theirs.
func (c *Cloud) filesFor(user, password string) (*boxFiles, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, box := range c.hetzner.boxes {
		if box.Username != nil && *box.Username == user && box.password == password && box.AccessSettings.SSHEnabled {
			files := &boxFiles{home: c.homeOf(box.ID)}
			if box.AccessSettings.ZFSEnabled {
				files.snapshots = c.snapshotsOf(box.ID, "")
			}
			return files, true
		}
		for _, account := range box.accounts {
			if account.Username == user && account.password == password && account.AccessSettings.SSHEnabled {
				return &boxFiles{home: filepath.Join(c.homeOf(box.ID), account.HomeDirectory), readOnly: account.AccessSettings.Readonly}, true
			}
		}
	}
	return nil, false
}

// HasBox tells whether a host's name is that of a box or of an account.
func (c *Cloud) HasBox(host string) bool {
	user, _ := strings.CutSuffix(host, ".your-storagebox.de")
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, box := range c.hetzner.boxes {
		if box.Username != nil && (user == *box.Username || strings.HasPrefix(user, *box.Username+"-sub")) && user != host {
			return true
		}
	}
	return false
}
