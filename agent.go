package main

import (
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// attempts that the server takes in one connection (scripts/server/harden.sh,
// MaxAuthTries). Each key that an agent offers is one.
const attempts = 3

// checkAgent finds an SSH agent that is gone. The command provider dials the one
// that SSH_AUTH_SOCK names before it uses the key it was given, and fails where
// nobody answers; nothing that the program could set would keep it from that
// (pulumi-command v1.2.1, remote/connection.go). No agent at all is fine.
//
// The note is of one that would offer other keys than the server knows until that
// refuses to listen on: ssh then says "Too many authentication failures", and
// fail2ban takes its owner for somebody who guesses.
func checkAgent(socket string, publicKeys []string) (note string, err error) {
	if socket == "" {
		return "", nil
	}
	connection, err := net.DialTimeout("unix", socket, 5*time.Second)
	if err != nil {
		return "", fmt.Errorf("SSH_AUTH_SOCK: names %s, where no SSH agent answers (%w), and Pulumi's SSH client would fail on it; start the agent, or do without: unset SSH_AUTH_SOCK", socket, err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", nil
	}
	keys, err := agent.NewClient(connection).List()
	if err != nil || len(keys) <= attempts || slices.ContainsFunc(keys[:attempts], func(key *agent.Key) bool { return isOneOf(key, publicKeys) }) {
		return "", nil // what an agent does not tell is no fault
	}
	return fmt.Sprintf("SSH_AUTH_SOCK: the agent has %d keys, and none of the first %d is one that the server will know; it hears no more than %d, and bans whom it often turns away. "+
		"Say in ~/.ssh/config which key is the server's (below `Host` and its address: `IdentityFile ~/.ssh/NAME` and `IdentitiesOnly yes`), and in config/deploy.yml too (`ssh:`, `keys: [~/.ssh/NAME]`, `keys_only: true`)", len(keys), attempts, attempts), nil
}

// isOneOf compares keys, whatever is written around them.
func isOneOf(key *agent.Key, lines []string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		known, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		return err == nil && string(known.Marshal()) == string(key.Blob)
	})
}
