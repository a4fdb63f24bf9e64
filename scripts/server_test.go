package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// These tests call single functions of the server's scripts, with what they
// would find on a server put beside them.

func TestWithoutBlock_EndsALastLineThatIsNotEnded(t *testing.T) {
	const (
		begin = "# BEGIN rails-on-hetzner (written by the deployment, do not edit)\n"
		end   = "# END rails-on-hetzner\n"
	)
	for _, c := range []struct{ what, before, after string }{
		{"an empty file", "", begin + "ours\n" + end},
		{"whole lines", "theirs\n", "theirs\n" + begin + "ours\n" + end},
		{"no final newline", "theirs", "theirs\n" + begin + "ours\n" + end},
		{"a block of an earlier run", "theirs\n" + begin + "old\n" + end + "more", "theirs\nmore\n" + begin + "ours\n" + end},
		{"a marker behind a line, of an earlier run", "theirs" + begin + "old\n" + end, "theirs\n" + begin + "ours\n" + end},
	} {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		write := "{ without_block '" + file + "'; in_block <<<ours; } >'" + file + ".new'; mv '" + file + ".new' '" + file + "'"
		for range 2 {
			call(t, "", write)
		}
		if got, _ := os.ReadFile(file); string(got) != c.after {
			t.Errorf("%s: got\n%s\nwant\n%s", c.what, got, c.after)
		}
	}
}

// UFW keeps what it is told in its own spelling.
func TestUfwRules_ComparesNetworksByMeaning(t *testing.T) {
	for _, c := range []struct{ what, networks, there, done string }{
		{"a single address", "203.0.113.7/32", "from 203.0.113.7 to any port 22 proto tcp", ""},
		{"a single IPv6 address", "2001:db8::1/128", "from 2001:db8::1 to any port 22 proto tcp", ""},
		{"host bits", "203.0.113.7/24", "from 203.0.113.0/24 to any port 22 proto tcp", ""},
		{"host bits that UFW kept", "2001:db8::/64", "from 2001:db8::5/64 to any port 22 proto tcp", ""},
		{"capitals and zeros", "2001:DB8:0:0::/32", "from 2001:db8::/32 to any port 22 proto tcp", ""},
		{"another network", "203.0.113.7/32", "from 203.0.113.8 to any port 22 proto tcp",
			"allow from 203.0.113.7/32 to any port 22 proto tcp comment rails-on-hetzner\n--force delete allow from 203.0.113.8 to any port 22 proto tcp\n"},
		{"everyone, after one", "", "from 203.0.113.7 to any port 22 proto tcp",
			"allow 22/tcp comment rails-on-hetzner\n--force delete allow from 203.0.113.7 to any port 22 proto tcp\n"},
		{"what is no network", "$(touch${IFS}hacked);reboot", "from 203.0.113.7 to any port 22 proto tcp",
			"allow from $(touch${IFS}hacked);reboot to any port 22 proto tcp comment rails-on-hetzner\n--force delete allow from 203.0.113.7 to any port 22 proto tcp\n"},
	} {
		dir := t.TempDir()
		fake := `#!/bin/bash
if [[ $* == "show added" ]]; then
    echo "Added user rules (see 'ufw status' for running firewall):"
    echo "ufw allow ` + c.there + ` comment 'rails-on-hetzner'"
    echo "ufw allow 80/tcp comment 'rails-on-hetzner'"
    echo "ufw allow 443/tcp comment 'rails-on-hetzner'"
    echo "ufw allow 8443/tcp comment 'mine'"
    echo "ufw allow 9443/tcp"
else
    echo "$*" >>` + dir + `/done
fi
`
		if err := os.WriteFile(filepath.Join(dir, "ufw"), []byte(fake), 0o700); err != nil {
			t.Fatal(err)
		}
		call(t, dir, "SSH_NETWORKS='"+c.networks+"' WEB_NETWORKS=; ufw_rules")
		if got, _ := os.ReadFile(filepath.Join(dir, "done")); string(got) != c.done {
			t.Errorf("%s: UFW was told\n%s\nwant\n%s", c.what, got, c.done)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "hacked")); left != nil {
			t.Errorf("%s: it was run by a shell", c.what)
		}
	}
}

// call runs commands with the functions of harden.sh, in a directory whose
// programs come first.
func call(t *testing.T, dir, commands string) {
	t.Helper()
	functions, ok := strings.CutSuffix(Harden(), "\nmain </dev/null\n")
	if !ok {
		t.Fatal("harden.sh does not end with a call of main")
	}
	cmd := exec.Command("bash", "-s")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(functions + "\n" + commands + "\n")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, output)
	}
}
