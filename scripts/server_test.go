package scripts

import (
	"cmp"
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

func TestCheckBackup_FailsWhenTheyFailedOrAreOld(t *testing.T) {
	check, err := os.ReadFile(filepath.Join("server", "watch", "backups.sh"))
	if err != nil {
		t.Fatal(err)
	}
	const success = `{"what":"backup","result":"success","time":"2026-11-24T03:00:00+00:00","seconds":1,"set":"a","message":"fine"}`
	for _, c := range []struct {
		what                string
		backup, backupAge   string // the status file and how old it is
		verify, verifyAge   string
		settings, files     string
		list, jobAge, wrong string // what is told; "": nothing is wrong
		said                string // what is told beside it
	}{
		{what: "nothing has run since it was set up"},
		{what: "nothing has run for days", jobAge: "3 days ago", wrong: "failed: the last backup is 72 hours ago, at least one in 26 hours is due"},
		{what: "there is no database yet", backup: `{"result":"waiting","message":"there is no database yet"}`, jobAge: "90 days ago"},
		{what: "the database is gone", backup: `{"result":"waiting","message":"there is no database yet"}`, list: "2026-11-24_030000-daily 1 MiB whole", wrong: "failed: there are backups, but no database any more: there is no database yet"},
		{what: "a success", backup: success},
		{what: "a failure", backup: `{"result":"failure","time":"2026-11-24T03:00:00+00:00","message":"pg_dump of \"x\" ended with an error"}`, wrong: `failed: the last backup failed (2026-11-24T03:00:00+00:00): pg_dump of "x" ended with an error; see: scripts/ssh journalctl -t app-backup`},
		{what: "an old success", backup: success, backupAge: "2 days ago", wrong: "failed: the last backup is 48 hours ago"},
		{what: "a failed verification", backup: success, verify: `{"result":"failure","time":"then","message":"the checksums do not hold"}`, wrong: "failed: the last verification of a backup failed (then): the checksums do not hold"},
		{what: "a verification without room for all", backup: success, verify: `{"result":"partial","message":"not all was restored, for want of room"}`, said: "the last verification of a backup: not all was restored, for want of room"},
		{what: "an old verification", backup: success, verify: success, verifyAge: "9 days ago", wrong: "failed: the last verification of a backup is 216 hours ago"},
		{what: "no verification for weeks", backup: success, jobAge: "20 days ago", wrong: "failed: the last verification of a backup is 480 hours ago"},
		{what: "a set that is not whole", backup: success, list: "a  1 MiB  NOT WHOLE: files are missing", wrong: "failed: a backup is not whole"},
		{what: "files that could not be copied", settings: "CONTAINER=''\nSERVICE=app\n", files: `{"result":"failure","time":"then","message":"the disk is too full"}`, wrong: "failed: the last backup of the files failed (then): the disk is too full"},
		{what: "no files yet, and no database", settings: "CONTAINER=''\nSERVICE=app\n", files: `{"result":"waiting","message":"the app has no volume yet"}`},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := t.TempDir()
			if c.list == "" {
				c.list = "there is no backup yet in /opt/backups/postgres"
			}
			files := map[string][2]string{"app-backup": {"#!/bin/sh\necho '" + c.list + "'\n"}, "settings": {cmp.Or(c.settings, "CONTAINER=app-db\nSERVICE=''\n"), ""}, "job": {"x", c.jobAge}, "backup/backup.json": {c.backup, c.backupAge}, "backup/verify.json": {c.verify, c.verifyAge}, "backup/files.json": {c.files, ""}}
			for name, file := range files {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if file[0] == "" {
					continue
				}
				if err := os.WriteFile(path, []byte(file[0]), 0o755); err != nil {
					t.Fatal(err)
				}
				if output, err := exec.Command("touch", "-d", cmp.Or(file[1], "now"), path).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, output)
				}
			}
			said, err := callIn(dir, string(check), "STATE="+dir+" BACKUP_JOB="+dir+"/job BACKUP_SETTINGS="+dir+"/settings; check_backup")
			if (err != nil) != (c.wrong != "") || !strings.Contains(said, c.wrong) || !strings.Contains(said, c.said) {
				t.Errorf("%v, it said:\n%s\nwanted %q", err, said, c.wrong+c.said)
			}
		})
	}
}

// call runs commands with the functions of harden.sh, in a directory whose
// programs come first.
func call(t *testing.T, dir, commands string) {
	t.Helper()
	functions, ok := strings.CutSuffix(text("harden.sh"), "\nmain </dev/null\n")
	if !ok {
		t.Fatal("the script does not end with a call of main")
	}
	if said, err := callIn(dir, functions, commands); err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, said)
	}
}

func callIn(dir, functions, commands string) (string, error) {
	cmd := exec.Command("bash", "-s")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(common + "\n" + functions + "\n" + commands + "\n")
	output, err := cmd.CombinedOutput()
	return string(output), err
}
