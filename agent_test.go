package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckAgent_TellsOfOneThatIsGone(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "agent")
	agent, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	for _, fine := range []string{"", socket} {
		if err := checkAgent(fine); err != nil {
			t.Errorf("%q: %v", fine, err)
		}
	}
	if err := agent.Close(); err != nil {
		t.Fatal(err)
	}
	want := "SSH_AUTH_SOCK: names " + socket + ", where no SSH agent answers"
	if err := checkAgent(socket); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "start the agent, or do without: unset SSH_AUTH_SOCK") {
		t.Errorf("got %v, want %s...", err, want)
	}
}
