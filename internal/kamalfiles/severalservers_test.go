package kamalfiles

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	onDisk     = "Rails.application.configure do\n  config.assume_ssl = true\n  config.force_ssl = true\n  config.active_storage.service = :local\nend\n"
	storage    = "local:\n  service: Disk\n  root: <%= Rails.root.join(\"storage\") %>\namazon:\n  service: S3\n"
	sqlite     = "default: &default\n  adapter: sqlite3\nproduction:\n  primary:\n    <<: *default\n    database: storage/production.sqlite3\n  queue:\n    <<: *default\n"
	sqliteRest = "default: &default\n  adapter: sqlite3\nproduction:\n  primary:\n    adapter: postgresql\n    host: <%= ENV[\"DB_HOST\"] %>\n    username: postgres\n    password: <%= ENV[\"POSTGRES_PASSWORD\"] %>\n  cache:\n    <<: *default\n"
)

func TestSeveralServers_WhatStaysOnOneOfThemIsToldOf(t *testing.T) {
	three := func(w *Deploy) { w.WebHosts = []string{"203.0.113.7", "203.0.113.8", "203.0.113.9"} }
	jobs := func(w *Deploy) { w.JobHosts = []string{"203.0.113.20"} }
	apart := func(w *Deploy) { w.DatabaseServer, w.DatabaseAddress = "203.0.113.30", "10.0.1.3" }
	files := map[string]string{productionFile: onDisk, "config/storage.yml": storage, "bin/jobs": "#!/usr/bin/env ruby\n"}
	const (
		disk   = "config/environments/production.rb: config.active_storage.service is :local, which is the server's own disk"
		lite   = "config/database.yml: production is on SQLite, so that each"
		volume = "config/deploy.yml: line 50: `volumes` mounts running_calendar_storage:/rails/storage, which is another on each server"
	)
	for name, c := range map[string]struct {
		with  func(*Deploy)
		files map[string]string
		notes []string
	}{
		"one server":                 {func(*Deploy) {}, nil, nil},
		"three":                      {three, nil, []string{disk, volume}},
		"jobs elsewhere":             {jobs, nil, []string{disk}},
		"only the database":          {apart, nil, nil},
		"set for all environments":   {three, map[string]string{productionFile: strings.Replace(onDisk, "  config.active_storage.service = :local\n", "", 1), "config/application.rb": onDisk}, []string{strings.Replace(disk, productionFile, "config/application.rb", 1), volume}},
		"S3":                         {three, map[string]string{productionFile: strings.Replace(onDisk, ":local", ":amazon", 1)}, nil},
		"SQLite":                     {three, map[string]string{productionFile: strings.Replace(onDisk, ":local", ":amazon", 1), "config/database.yml": sqlite}, []string{lite, volume}},
		"SQLite for the cache alone": {three, map[string]string{productionFile: strings.Replace(onDisk, ":local", ":amazon", 1), "config/database.yml": sqliteRest}, nil},
		"no bin/jobs":                {jobs, map[string]string{productionFile: strings.Replace(onDisk, ":local", ":amazon", 1), "bin/jobs": ""}, []string{"bin/jobs: there is none, and the role job starts it"}},
	} {
		app := newApp(t)
		all := maps.Clone(files)
		maps.Copy(all, c.files)
		for path, text := range all {
			if text != "" {
				put(t, app, path, text)
			}
		}
		w := wanted
		c.with(&w)
		got := (&Plan{dir: app}).severalServers(w)
		if !slices.EqualFunc(got, c.notes, strings.HasPrefix) {
			t.Errorf("%s: got\n%s", name, strings.Join(got, "\n"))
		}
	}
	app := newApp(t)
	put(t, app, deployFile, "service: running_calendar\nservers:\n  web:\n    hosts: [203.0.113.7]\n    options:\n      volume: [\"uploads:/rails/uploads\"]\nvolumes:\n  - \"running_calendar_storage:/rails/storage\"\n")
	w := wanted
	three(&w)
	const own = "config/deploy.yml: line 6: `servers.web.options.volume` mounts uploads:/rails/uploads, which is another on each server: what one of them writes there, the others do not see; keep it in the database or in a service such as S3; or keep the app on one server: pulumi config set webServers 1"
	if got := (&Plan{dir: app}).severalServers(w); !slices.Equal(got, []string{own}) {
		t.Errorf("a volume of one's own: got %q", got)
	}
}
