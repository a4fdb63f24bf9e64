package main

import (
	"fmt"
	"net"
	"time"
)

// checkAgent finds an SSH agent that is gone. The command provider dials the one
// that SSH_AUTH_SOCK names before it uses the key it was given, and fails where
// nobody answers; nothing that the program could set would keep it from that
// (pulumi-command v1.2.1, remote/connection.go). No agent at all is fine.
func checkAgent(socket string) error {
	if socket == "" {
		return nil
	}
	agent, err := net.DialTimeout("unix", socket, 5*time.Second)
	if err != nil {
		return fmt.Errorf("SSH_AUTH_SOCK: names %s, where no SSH agent answers (%w), and Pulumi's SSH client would fail on it; start the agent, or do without: unset SSH_AUTH_SOCK", socket, err)
	}
	return agent.Close()
}
