package kamalfiles

import (
	"strings"
	"testing"
)

func TestSSH_LogsInAsTheStacksUser(t *testing.T) {
	kamal := func(w *Deploy) { w.SSHUser = "kamal" }
	const user = "ssh:\n  user: kamal\n"
	checkShapes(t, []shape{
		{name: "root is Kamal's own", file: after(""), lacks: []string{"ssh"}},
		{name: "a file without", file: after(""), with: kamal, has: []string{"\n" + user}},
		{name: "the template's stub", file: after("\n# Use a different ssh user than root\n# ssh:\n#   user: app\n\nbuilder:\n  arch: amd64\n"), with: kamal, has: []string{"# Use a different ssh user than root\n" + user + "\n"}, lacks: []string{"app"}},
		{name: "other settings", file: after("ssh:\n  # our port\n  port: 22\n  log_level: debug\n"), with: kamal, has: []string{"  log_level: debug\n  user: kamal\n"}},
		{name: "as it is", file: after("ssh:\n  user: kamal # ours\n"), with: kamal, has: []string{"  user: kamal # ours\n"}},
		{name: "another", file: after("ssh:\n  user: deploy\n"), with: kamal, has: []string{"\n" + user}, notes: []string{"line 20: Kamal was to log in as deploy, and does as kamal now, whom the server has"}},
		{name: "in braces", file: after("ssh: { user: \"deploy\", port: 22 }\n"), with: kamal, has: []string{`ssh: { user: "kamal", port: 22 }`}, notes: []string{"line 19: Kamal was to log in as deploy, and does as kamal now, whom the server has"}},
		{name: "a user whom a server of root's does not have", file: after("ssh:\n  user: deploy\n"), has: []string{"  user: deploy\n"},
			notes: []string{"line 20: Kamal is to log in as deploy, and the server's only user is root; delete the line, or have the server take a user of its own: pulumi config set sshUser kamal"}},
		{name: "a builder on the old server", file: after("builder:\n  remote: ssh://root@192.0.2.1\n"), with: kamal,
			notes: []string{"line 20: the image is built on ssh://root@192.0.2.1, which is not this stack's server; if that is the old one, write ssh://kamal@203.0.113.7"}},
	})
}

// In every file that is taken with root, a user can be named as well.
func TestSSH_IsTakenByEveryFile(t *testing.T) {
	with := wanted
	with.SSHUser = "kamal"
	named := 0
	for name, text := range deployFiles(t) {
		if _, err := wanted.Apply(text); err != nil {
			continue
		}
		named++
		if changed, err := with.Apply(text); err != nil || !strings.Contains(string(changed), "kamal") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if named < 20 {
		t.Errorf("only %d files were tried", named)
	}
}
