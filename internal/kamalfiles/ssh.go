package kamalfiles

import (
	"cmp"
	"strings"
)

// rootUser is who Kamal logs in as where nobody is named.
const rootUser = "root"

// user is who logs in at the server.
func (w Deploy) user() string { return cmp.Or(w.SSHUser, rootUser) }

// sshUser has Kamal log in as the stack's user
// (https://kamal-deploy.org/docs/configuration/ssh/). With root nothing is to be said.
func (w Deploy) sshUser(d *document) error {
	if w.user() == rootUser {
		return nil
	}
	if found := d.at("ssh", "user"); found != nil && found.Value != "" && found.Value != w.user() {
		d.note(found, "Kamal was to log in as %s, and does as %s now, whom the server has", strings.Trim(d.said(found), `"`), w.user())
	}
	return d.require(word(w.user()), "ssh", "user")
}

// sshNotes tells of ways of logging in that the server does not have.
func (w Deploy) sshNotes(d *document) {
	for _, c := range []struct{ key, is, told string }{
		{"user", w.user(), "Kamal is to log in as %s, and the server's only user is root; delete the line, or have the server take a user of its own: pulumi config set sshUser kamal"},
		{"port", "22", "Kamal is to use port %s, and the server's SSH is on port 22; delete the line"},
	} {
		if found := d.at("ssh", c.key); found != nil && found.Value != "" && found.Value != c.is {
			d.note(found, c.told, strings.Trim(d.said(found), `"`))
		}
	}
	for _, key := range []string{"proxy", "proxy_command"} {
		if found, err := d.find("ssh", key); err == nil && found != nil {
			d.note(found.key, "Kamal goes by way of `ssh.%s` to the server, which answers directly; delete the line if that was for another", key)
		}
	}
}
