package kamalfiles

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

const (
	masterKey        = "RAILS_MASTER_KEY"
	databasePassword = "POSTGRES_PASSWORD"
)

// env gives the app the database's host and its secrets. Docker reads the clear
// variables after the secret ones, so a clear one of the same name would win
// (https://kamal-deploy.org/docs/configuration/environment-variables/).
func (w Deploy) env(d *document) error {
	found, err := d.find("env")
	if err != nil {
		return err
	}
	if found != nil && isFlatEnv(resolved(found.value)) {
		return refuse(found.key, "`env:` has neither `clear:` nor `secret:`, so Kamal takes all of it as clear; move its variables below `clear:`")
	}
	for _, secret := range w.AppSecrets {
		name, _, _ := strings.Cut(secret, ":")
		if err := d.takeOutClear(name, "env"); err != nil {
			return err
		}
	}
	if w.hasAccessory() {
		w.hostNote(d)
		if err := d.require(word(w.databaseHost()), "env", "clear", "DB_HOST"); err != nil {
			return err
		}
	}
	return d.requireItems(w.AppSecrets, sameVariable, "env", "secret")
}

// hostNote tells of a DB_HOST that is replaced, unless it led to the same accessory:
// by its container, or, in a stack of several servers, by a private address.
func (w Deploy) hostNote(d *document) {
	before := d.at("env", "clear", "DB_HOST")
	if before == nil || before.Kind != yaml.ScalarNode || d.tag(before) != "" {
		return
	}
	itsOwn := []string{"", w.databaseHost(), w.databaseContainer()}
	ours := isPrivate(before.Value) && (w.DatabaseAddress != "" || len(w.Former) > 0)
	if !slices.Contains(itsOwn, before.Value) && !ours {
		d.note(before, "DB_HOST was %s and becomes %s, the accessory on this stack's server; if the app's data lies on %[1]s: pulumi config set database external", before.Value, w.databaseHost())
	}
}

// takeOutClear deletes a clear variable whose secret is listed: it would win, and
// it is in the repository for all to read.
func (d *document) takeOutClear(name string, env ...string) error {
	section := append(slices.Clone(env), "clear")
	found, err := d.find(append(slices.Clone(section), name)...)
	if err != nil || found == nil {
		return err
	}
	d.note(found.key, "%s stood there in clear and would win over the secret of that name; the line is taken out, and the value, which the repository remembers, should serve nowhere any more", name)
	if all, err := d.find(section...); err == nil && len(resolved(all.value).Content) == 2 && !isFlow(resolved(all.value)) {
		return d.remove(all) // Kamal rejects an empty `clear:`
	}
	return d.remove(found)
}

// isFlatEnv follows Kamal's own rule (configuration/env.rb).
func isFlatEnv(env *yaml.Node) bool {
	if env.Kind != yaml.MappingNode || len(env.Content) == 0 {
		return false
	}
	for i := 0; i < len(env.Content); i += 2 {
		if slices.Contains([]string{"clear", "secret", "tags"}, env.Content[i].Value) {
			return false
		}
	}
	return true
}

// sameVariable compares the variable that the app will see: NAME or NAME:SECRET.
func sameVariable(item, wanted string) bool {
	name, _, _ := strings.Cut(item, ":")
	want, _, _ := strings.Cut(wanted, ":")
	return name == want
}

// envNotes tells of variables that win over the ones written here: a role's or a
// tag's over the root's, DATABASE_URL over config/database.yml.
func (w Deploy) envNotes(d *document) {
	for name, env := range envs(d) {
		clear := clearOf(env)
		if host := valueOf(clear, "DB_HOST"); host != nil && w.hasAccessory() && name != "env" && host.Value != w.databaseHost() {
			d.note(host, "`%s` sets DB_HOST to %s, which wins over `env.clear.DB_HOST`; delete the line, or write %s", name, strings.Trim(d.said(host), `"`), w.databaseHost())
		}
		for _, secret := range w.AppSecrets {
			variable, _, _ := strings.Cut(secret, ":")
			if value := valueOf(clear, variable); value != nil && name != "env" {
				d.note(value, "`%s` sets %s in clear, which wins over the secret of that name; delete the line", name, variable)
			}
		}
		w.urlNotes(d, name, env)
		if item := secretOf(env, "DB_HOST"); item != nil && w.hasAccessory() {
			d.note(item, "DB_HOST stands among the secrets of `%s` too; the clear one, %s, wins; delete this line, or if the app's database is elsewhere: pulumi config set database external", name, w.databaseHost())
		}
	}
}

// urlNotes tells of DATABASE_URL, which Rails prefers to config/database.yml
// (https://guides.rubyonrails.org/configuring.html#configuring-a-database).
func (w Deploy) urlNotes(d *document, name string, env *yaml.Node) {
	if !w.hasAccessory() {
		return
	}
	if url := valueOf(clearOf(env), "DATABASE_URL"); url != nil {
		d.note(url, "`%s` sets DATABASE_URL, which Rails prefers to config/database.yml, in clear; delete the line: host and password come as DB_HOST and POSTGRES_PASSWORD; if the app's database is elsewhere: pulumi config set database external", name)
	}
	if item := secretOf(env, "DATABASE_URL"); item != nil {
		d.note(item, "DATABASE_URL is among the secrets of `%s`, and Rails prefers it to config/database.yml; see that it leads to the host %s with the password POSTGRES_PASSWORD, or delete the line; if the app's database is elsewhere: pulumi config set database external", name, w.databaseHost())
	}
}

// envs goes through the environments of the app: the root's, its tags' and the roles'.
func envs(d *document) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		if root := d.at("env"); root != nil {
			if !yield("env", root) {
				return
			}
			if tags := valueOf(root, "tags"); tags != nil {
				for tag, env := range pairs(tags) {
					if !yield("env.tags."+tag, env) {
						return
					}
				}
			}
		}
		if all := d.at("servers"); all != nil {
			for role, section := range pairs(all) {
				if env := valueOf(section, "env"); env != nil && !yield("servers."+role+".env", env) {
					return
				}
			}
		}
	}
}

// clearOf are the variables in clear; all of them where neither is told apart.
func clearOf(env *yaml.Node) *yaml.Node {
	if isFlatEnv(env) {
		return env
	}
	if clear := valueOf(env, "clear"); clear != nil {
		return clear
	}
	return &yaml.Node{}
}

func secretOf(env *yaml.Node, variable string) *yaml.Node {
	secrets := valueOf(env, "secret")
	if secrets == nil {
		return nil
	}
	for _, item := range secrets.Content {
		if sameVariable(resolved(item).Value, variable) {
			return resolved(item)
		}
	}
	return nil
}
