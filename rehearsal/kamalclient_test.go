package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// developerKeys makes a key of each kind that developers have, besides the
// rehearsal's own of ed25519: the paths of the private keys. They are in PEM,
// since net-ssh before 7.1, as in Debian 12, reads ssh's own format with an old
// OpenSSL only.
func developerKeys(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	var keys []string
	for _, kind := range [][]string{{"ecdsa", "256"}, {"ecdsa", "521"}, {"rsa", "2048"}, {"rsa", "4096"}} {
		key := filepath.Join(dir, kind[0]+kind[1])
		if text, err := exec.Command("ssh-keygen", "-q", "-m", "PEM", "-t", kind[0], "-b", kind[1], "-N", "", "-f", key).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		keys = append(keys, key)
	}
	return keys
}

// withKeys is the setting that lets these keys in.
func withKeys(keys []string) string {
	return "publicKeys=../ssh/id_ed25519.pub," + strings.Join(keys, ".pub,") + ".pub"
}

// netSSH is what Kamal's SSH client offers.
type netSSH struct {
	Connections int
	Kex         []string
	HostKey     []string `json:"host_key"`
	Encryption  []string
	HMAC        []string
}

// letsKamalIn connects as Kamal does, in as many connections at once, with
// every kind of key: by a client that is limited to what Kamal's offers, and by
// net-ssh itself.
func letsKamalIn(t *testing.T, r *running, from outsider, keys []string) {
	offers := filepath.Join("testdata", "kamal", "net-ssh.json")
	var client netSSH
	if err := json.Unmarshal([]byte(read(t, offers)), &client); err != nil {
		t.Fatal(err)
	}
	ip := strings.TrimSpace(r.pulumi(t, 0, "stack", "output", "ip"))
	t.Run("WithWhatItsClientOffers", func(t *testing.T) {
		var running sync.WaitGroup
		for i := range client.Connections {
			running.Go(func() {
				if err := client.login(t, from, ip, keys[i%len(keys)]); err != nil {
					t.Errorf("with %s: %v", filepath.Base(keys[i%len(keys)]), err)
				}
			})
		}
		running.Wait()
	})
	t.Run("WithItsClientItself", func(t *testing.T) {
		known := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(known, []byte(r.pulumi(t, 0, "stack", "output", "sshHostKey")), 0o600); err != nil {
			t.Fatal(err)
		}
		args := append([]string{filepath.Join("testdata", "kamal", "client.rb"), offers, ip, known}, keys...)
		text, err := from.network.Command(t.Context(), "ruby", args...).CombinedOutput()
		if want := fmt.Sprintf(`{"in"=>%d}`, client.Connections); err != nil || !strings.Contains(strings.ReplaceAll(string(text), " ", ""), want) {
			t.Errorf("wanted %s, and ruby with net-ssh and ed25519 (scripts/test installs them): %v: %s", want, err, text)
		}
		t.Logf("%s", text)
	})
}

// login logs in once and runs a command.
func (c netSSH) login(t *testing.T, from outsider, ip, key string) error {
	pem, err := os.ReadFile(key)
	if err != nil {
		return err
	}
	signer, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		return err
	}
	config := &ssh.ClientConfig{
		Config:            ssh.Config{KeyExchanges: c.Kex, Ciphers: c.Encryption, MACs: c.HMAC},
		HostKeyAlgorithms: c.HostKey,
		User:              "root",
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback:   ssh.InsecureIgnoreHostKey(), // other tests are about that
		Timeout:           time.Minute,
	}
	address := net.JoinHostPort(ip, "22")
	socket, err := from.network.Dial(address)
	if err != nil {
		return err
	}
	defer socket.Close()
	connection, channels, requests, err := ssh.NewClientConn(socket, address, config)
	if err != nil {
		return err
	}
	client := ssh.NewClient(connection, channels, requests)
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	text, err := session.Output("echo in")
	if err == nil && string(text) != "in\n" {
		err = fmt.Errorf("the server said %q", text)
	}
	return err
}
