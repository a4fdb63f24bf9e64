package kamalfiles

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// severalServers tells what keeps an app's data on one server's own disk, where the
// others do not find it.
func (p *Plan) severalServers(w Deploy) []string {
	if !w.spread() {
		return nil
	}
	told := slices.Concat(p.filesOnDisk(w), p.databaseOnDisk(w))
	return slices.Concat(told, p.volumesApart(w, len(told) > 0), p.noJobCommand(w))
}

// spread tells whether the app itself runs on more than one server.
func (w Deploy) spread() bool {
	return len(w.WebHosts) > 1 || slices.ContainsFunc(w.JobHosts, func(host string) bool { return !slices.Contains(w.WebHosts, host) })
}

// onOne is how to have the app on one server again.
func (w Deploy) onOne() string {
	var settings []string
	if len(w.WebHosts) > 1 {
		settings = append(settings, "pulumi config set webServers 1")
	}
	if len(w.JobHosts) > 0 {
		settings = append(settings, "pulumi config set jobServers 0")
	}
	return strings.Join(settings, " && ")
}

var storageService = regexp.MustCompile(`(?m)^\s*config\.active_storage\.service\s*=\s*[:"'](\w+)`)

// filesOnDisk looks at where Active Storage keeps what visitors upload.
func (p *Plan) filesOnDisk(w Deploy) []string {
	const ofAll = "config/application.rb" // which production.rb's own wins over
	file := productionFile
	set := storageService.FindAllStringSubmatch(string(p.read(file)), -1)
	if set == nil {
		file = ofAll
		set = storageService.FindAllStringSubmatch(string(p.read(file)), -1)
	}
	if set == nil {
		return nil
	}
	name := set[len(set)-1][1]
	services, err := readMasked(p.read("config/storage.yml"))
	if err != nil || lookup(services, []string{name, "service"}) != "Disk" {
		return nil
	}
	return []string{fmt.Sprintf("%s: config.active_storage.service is :%s, which is the server's own disk (config/storage.yml): what one of the app's servers stores there, the others, and the jobs on them, do not find; name a service that all of them reach, such as S3 (https://guides.rubyonrails.org/active_storage_overview.html); or keep the app on one server: %s", file, name, w.onOne())}
}

// databaseOnDisk looks at whether production's first database is a file.
func (p *Plan) databaseOnDisk(w Deploy) []string {
	read, err := readMasked(p.read("config/database.yml"))
	if err != nil {
		return nil
	}
	adapter := at(read, "production.primary.adapter")
	if adapter == nil {
		adapter = at(read, "production.adapter")
	}
	if adapter != "sqlite3" && adapter != "litedb" {
		return nil
	}
	return []string{"config/database.yml: production is on SQLite, so that each of the app's servers would have a database of its own; " + toPostgres + "; or keep the app on one server: " + w.onOne()}
}

// volumesApart looks at what is mounted into the app. Rails' own volume is for
// the two above, and said nothing of where neither is told.
func (p *Plan) volumesApart(w Deploy, told bool) []string {
	if len(w.WebHosts) < 2 {
		return nil
	}
	d, err := parse(p.read(deployFile))
	if err != nil {
		return nil
	}
	role, err := primaryRole(d)
	if err != nil {
		return nil
	}
	for _, path := range [][]string{{"volumes"}, {"servers", role, "volumes"}, {"servers", role, "options", "volume"}} {
		var mounts []string
		if found := d.at(path...); found != nil {
			for _, mount := range addresses(found) {
				mounts = append(mounts, mount.Value)
			}
		}
		mounts = slices.DeleteFunc(mounts, func(mount string) bool {
			return mount == "" || !told && mount == w.Service+"_storage:/rails/storage"
		})
		if len(mounts) > 0 {
			d.noteKey(path, "`%s` mounts %s, which is another on each server: what one of them writes there, the others do not see; keep it in the database or in a service such as S3; or keep the app on one server: %s", dotted(path), strings.Join(mounts, " and "), w.onOne())
		}
	}
	var notes []string
	for _, note := range d.notes {
		notes = append(notes, deployFile+": "+note)
	}
	return notes
}

// noJobCommand looks for what the role job starts, whether it is there or will be made.
func (p *Plan) noJobCommand(w Deploy) []string {
	if len(w.JobHosts) == 0 || p.read(jobCommand) != nil {
		return nil
	}
	d, err := parse(p.read(deployFile))
	if err != nil {
		return nil
	}
	if role := d.at(jobRole...); role != nil && !isNull(role) {
		if command := valueOf(role, "cmd"); command == nil || !strings.Contains(command.Value, jobCommand) {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: there is none, and the role job starts it; Solid Queue makes it: bin/rails solid_queue:install; with another queue write its command in %s: servers.job.cmd", jobCommand, deployFile)}
}
