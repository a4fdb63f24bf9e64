package kamalfiles

import (
	"bytes"
	"testing"
)

func TestDatabase_IsToldOfTheServersMemory(t *testing.T) {
	const (
		place   = "data:/var/lib/postgresql/data"
		start   = "service: running_calendar\n"
		command = `    cmd: "postgres -c shared_buffers=512MB -c effective_cache_size=2048MB -c maintenance_work_mem=128MB"` + "\n"
		options = "    options:\n      shm-size: \"256m\"\n"
		effect  = "where it runs already, that takes effect with `kamal accessory reboot db`, for which the database is away some seconds"
	)
	memory := func(mb int) func(*Deploy) { return func(w *Deploy) { w.MemoryMB = mb } }
	told := "line 3: the accessory db is told of the server's memory; " + effect + "; to leave it out: pulumi config set databaseMemory false"
	checkShapes(t, []shape{
		{name: "a new one", file: start, with: memory(4096), has: []string{command + options}},
		{name: "one that is there", file: start + accessory("db", "postgres:16", place, ""), with: memory(4096), has: []string{command + options}, notes: []string{told}},
		{name: "as it is", file: start + accessory("db", "postgres:16", place, command+options), with: memory(4096), has: []string{command + options}},
		{name: "a larger server", file: start + accessory("db", "pgvector/pgvector:pg16", place, command+options), with: memory(8192), has: []string{"shared_buffers=1024MB", `"512m"`}, lacks: []string{"shared_buffers=512MB", `"256m"`}, notes: []string{told}},
		{name: "a server of its own", file: start, with: func(w *Deploy) {
			w.MemoryMB, w.DatabaseServer, w.DatabaseAddress = 4096, "203.0.113.30", "10.0.1.3"
		}, has: []string{"shared_buffers=1024MB -c effective_cache_size=3072MB -c maintenance_work_mem=256MB", `shm-size: "512m"`}},
		{name: "a very large one", file: start, with: memory(196608), has: []string{"shared_buffers=8192MB", "maintenance_work_mem=1024MB"}},
		{name: "no more", file: start + accessory("db", "postgres:16", place, command+options+"# end\n"), with: memory(0), lacks: []string{"cmd", "shm-size", "options"}, notes: []string{"line 3: the accessory db is told of the server's memory no more; " + effect}},
		{name: "no more, beside another option", file: start + accessory("db", "postgres:16", place, command+"    options:\n      cpus: 2\n      shm-size: \"256m\"\n"), with: memory(0), has: []string{"    options:\n      cpus: 2\n"}, lacks: []string{"shm-size"}, notes: []string{"line 3: the accessory db is told of the server's memory no more; " + effect}},
		{name: "nothing known", file: start + accessory("db", "postgres:16", place, command), with: memory(UnknownMemory), has: []string{command}},
		{name: "a command of one's own", file: start + accessory("db", "postgres:16", place, "    cmd: postgres -c shared_buffers=1GB\n"), with: memory(4096), lacks: []string{"shm-size", "effective"}},
		{name: "shared memory of one's own", file: start + accessory("db", "postgres:16", place, "    options:\n      shm-size: 1g\n"), with: memory(4096), has: []string{"shm-size: 1g\n"}, lacks: []string{"cmd"}},
		{
			name: "in braces", file: start + "accessories: {db: {image: 'postgres:16', host: 203.0.113.7, port: '127.0.0.1:5432:5432', env: {secret: [POSTGRES_PASSWORD, POSTGRES_DB]}, volumes: [\"" + place + "\"]}}\n", with: memory(4096),
			notes: []string{"the database's accessory cannot be told of the server's memory here (line 2: \"\" is not written as one plain or quoted word); put it in by hand, cmd: postgres -c shared_buffers=512MB -c effective_cache_size=2048MB -c maintenance_work_mem=128MB, and below options: shm-size: 256m; or leave it out: pulumi config set databaseMemory false"},
		},
		{name: "an image that takes no command so", file: start + accessory("db", "bitnami/postgresql:16", "data:/bitnami/postgresql", ""), with: memory(4096), lacks: []string{"cmd", "shm-size"}},
	})
}

// In every file: what is written for one size becomes what is written for another,
// and is gone without a trace when it is not wanted.
func TestDatabaseMemory_LeavesNoTrace(t *testing.T) {
	told := 0
	for name, text := range deployFiles(t) {
		without, err := wanted.Apply(text)
		if err != nil {
			continue
		}
		small, large := wanted, wanted
		small.MemoryMB, large.MemoryMB = 4096, 16384
		with, err := small.Apply(without)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if bytes.Equal(with, without) {
			continue
		}
		told++
		if more, err := large.Apply(with); err != nil || !bytes.Contains(with, []byte("512MB")) != !bytes.Contains(more, []byte("2048MB -c")) {
			t.Errorf("%s: with more memory (%v):\n%s", name, err, diff(with, more))
		} else if back, err := small.Apply(more); err != nil || !bytes.Equal(back, with) {
			t.Errorf("%s: there and back (%v):\n%s", name, err, diff(with, back))
		}
		if back, err := wanted.Apply(with); err != nil || !bytes.Equal(back, without) {
			t.Errorf("%s: it leaves a trace (%v):\n%s", name, err, diff(without, back))
		}
	}
	if told < 10 {
		t.Errorf("only %d files are told of it, so this proves little", told)
	}
}
