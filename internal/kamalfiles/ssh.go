package kamalfiles

import "strings"

// sshNotes tells of ways of logging in that the server does not have
// (https://kamal-deploy.org/docs/configuration/ssh/).
func (w Deploy) sshNotes(d *document) {
	for _, c := range []struct{ key, is, told string }{
		{"user", "root", "Kamal is to log in as %s, and the server's only user is root; delete the line"},
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
