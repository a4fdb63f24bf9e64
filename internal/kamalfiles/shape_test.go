package kamalfiles

import (
	"slices"
	"strings"
	"testing"
)

// A shape is a small deploy.yml, what becomes of it, and what is said.
type shape struct {
	name  string
	file  string
	with  func(*Deploy) // another wish than the usual one
	has   []string      // texts that come of it
	lacks []string      // and that do not
	notes []string      // all of them, whole
	said  string        // why it is refused, whole
}

// checkShapes also holds each shape to the promises of every file.
func checkShapes(t *testing.T, shapes []shape) {
	t.Helper()
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			w := wanted
			if s.with != nil {
				s.with(&w)
			}
			d, err := w.apply([]byte(s.file))
			if s.said != "" || err != nil {
				said := ""
				if err != nil {
					said, _, _ = strings.Cut(err.Error(), "; it is left as it is")
				}
				if said != s.said {
					t.Fatalf("refused:\n got %s\nwant %s", said, s.said)
				}
				return
			}
			if !slices.Equal(d.notes, s.notes) {
				t.Errorf("notes:\n got %s\nwant %s", strings.Join(d.notes, "\n     "), strings.Join(s.notes, "\n     "))
			}
			for _, text := range s.has {
				if !strings.Contains(string(d.text), text) {
					t.Errorf("it lacks %q:\n%s", text, d.text)
				}
			}
			for _, text := range append(s.lacks, "EEEE") {
				if strings.Contains(string(d.text)+strings.Join(d.notes, "\n"), text) {
					t.Errorf("it has %q:\n%s", text, d.text)
				}
			}
			if again, err := w.Apply(d.text); err != nil || string(again) != string(d.text) {
				t.Errorf("a second time it becomes (%v)\n%s", err, again)
			}
		})
	}
}

// after is a file that is as it is to be, with more behind it; its line 18 is the
// last of the env section, which more may go on with.
func after(more string) string {
	return `service: running_calendar
image: octocat/running_calendar
servers:
  web:
    - 203.0.113.7
proxy:
  ssl: true
  hosts: [mxcorre.com, www.mxcorre.com]
registry:
  server: ghcr.io
  username: octocat
  password: [KAMAL_REGISTRY_PASSWORD]
env:
  clear:
    DB_HOST: running_calendar-db
  secret:
    - RAILS_MASTER_KEY
    - POSTGRES_PASSWORD
` + more
}

// accessory is a database that is as it is to be, of an image and with more lines.
func accessory(name, image, volume, more string) string {
	return `accessories:
  ` + name + `:
    image: ` + image + `
    host: 203.0.113.7
    port: "127.0.0.1:5432:5432"
    env: {secret: [POSTGRES_PASSWORD, POSTGRES_DB]}
    volumes: ["` + volume + `"]
` + more
}
