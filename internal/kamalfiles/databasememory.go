package kamalfiles

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"
)

// PostgreSQL is told how much memory there is, of which it would else use 128 MB,
// and gets shared memory for what several of its processes work on together:
// Docker gives a container 64 MB of that, and a parallel query that needs more
// fails (https://github.com/docker-library/docs/blob/master/postgres/README.md, Caveats).
//
// On a server of its own that is what
// https://www.postgresql.org/docs/current/runtime-config-resource.html proposes;
// where it shares the server with the app, half of it.

// UnknownMemory leaves what the accessory is told as it is.
const UnknownMemory = -1

// databaseCommand starts PostgreSQL with a quarter of the memory for its own cache, or
// an eighth.
func (w Deploy) databaseCommand() string {
	share, cached := w.databaseShare(), w.MemoryMB/2
	if w.databaseAlone() {
		cached = w.MemoryMB * 3 / 4
	}
	return fmt.Sprintf("postgres -c shared_buffers=%dMB -c effective_cache_size=%dMB -c maintenance_work_mem=%dMB",
		min(share/4, 8192), cached, min(share/16, 1024))
}

func (w Deploy) sharedMemory() string { return fmt.Sprintf("%dm", max(w.databaseShare()/8, 64)) }

// databaseShare is the memory that PostgreSQL may count on, in MB.
func (w Deploy) databaseShare() int {
	if w.databaseAlone() {
		return w.MemoryMB
	}
	return w.MemoryMB / 2
}

func (w Deploy) databaseAlone() bool {
	return w.DatabaseServer != "" && !slices.Contains(w.WebHosts, w.DatabaseServer)
}

// memorySettings are the two for a new accessory.
func (w Deploy) memorySettings() block {
	if w.MemoryMB <= 0 || !takesCommand.MatchString(w.databaseImage()) {
		return nil
	}
	return append(block{"cmd: " + word(w.databaseCommand()).written()}, block{"shm-size: " + word(w.sharedMemory()).written()}.below("options")...)
}

var (
	// Images whose entrypoint takes the command so: the official one, and those made of it.
	takesCommand = regexp.MustCompile(`^(docker\.io/)?((library/)?postgres|postgis/postgis|pgvector/pgvector)(:|@|$)`)

	ownCommand = regexp.MustCompile(`^postgres -c shared_buffers=\d+MB -c effective_cache_size=\d+MB -c maintenance_work_mem=\d+MB$`)
)

// databaseMemory brings both up to date, or takes them out. Who says anything of
// the kind himself is left alone.
func (w Deploy) databaseMemory(d *document) error {
	command, shared := w.db("cmd"), w.db("options", "shm-size")
	given, image := d.at(command...), d.at(w.db("image")...)
	ours := given != nil && ownCommand.MatchString(given.Value)
	switch {
	case w.MemoryMB == UnknownMemory:
		return nil
	case w.MemoryMB == 0 && ours:
		d.noteKey(w.db(), "the accessory %s is told of the server's memory no more; %s", w.db()[1], w.takesEffect())
		return errors.Join(d.takeOut(command...), d.takeOut(shared...))
	case w.MemoryMB == 0, given != nil && !ours, given == nil && d.at(shared...) != nil, image == nil || !takesCommand.MatchString(image.Value):
		return nil
	case !ours || given.Value != w.databaseCommand():
		d.noteKey(w.db(), "the accessory %s is told of the server's memory; %s; to leave it out: pulumi config set databaseMemory false", w.db()[1], w.takesEffect())
	}
	return errors.Join(d.require(word(w.databaseCommand()), command...), d.require(word(w.sharedMemory()), shared...))
}

// withoutMemory does all else where memory is what does not fit into the file: no
// file is refused for that.
func (w Deploy) withoutMemory(text []byte, reason error) (*document, error) {
	byHand := fmt.Sprintf("cmd: %s, and below options: shm-size: %s", w.databaseCommand(), w.sharedMemory())
	w.MemoryMB = UnknownMemory
	d, err := w.editedTwice(text)
	if err != nil {
		return nil, reason
	}
	d.notes = append(d.notes, fmt.Sprintf("the database's accessory cannot be told of the server's memory here (%v); put it in by hand, %s; or leave it out: pulumi config set databaseMemory false", reason, byHand))
	return d, nil
}

func (w Deploy) takesEffect() string {
	return fmt.Sprintf("where it runs already, that takes effect with `kamal accessory reboot %s`, for which the database is away some seconds", w.db()[1])
}

// takeOut removes a key, and the section that would be left empty.
func (d *document) takeOut(path ...string) error {
	found, err := d.find(path...)
	if err != nil || found == nil {
		return err
	}
	if section, err := d.find(path[:len(path)-1]...); err == nil && section.key != nil && resolved(section.value).Kind == yaml.MappingNode && len(resolved(section.value).Content) == 2 {
		found = section
	}
	return d.remove(found)
}

// forgetMemory takes out what databaseMemory may have written.
func (w Deploy) forgetMemory(read map[string]any) {
	if text, ok := lookup(read, w.db("cmd")).(string); ok && ownCommand.MatchString(text) {
		drop(read, w.db("cmd"))
		drop(read, w.db("options", "shm-size"))
	}
}
