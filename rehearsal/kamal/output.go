package kamal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// level is how much is printed: -v prints all, -q errors only.
type level int

const (
	debug level = iota
	info
	warn
	errorLevel
)

var levelNames = []string{"DEBUG", "INFO", "WARN", "ERROR"}

// output prints as SSHKit's pretty formatter does, without colours.
type output struct {
	mu    sync.Mutex
	to    io.Writer
	level level
}

// log prints a message; id is a command's, or "".
func (o *output) log(at level, id, format string, values ...any) {
	if at < o.level {
		return
	}
	if id != "" {
		id = "[" + id + "] "
	}
	o.line("%6s %s%s", levelNames[at], id, fmt.Sprintf(format, values...))
}

// line prints what Kamal prints whatever the level.
func (o *output) line(format string, values ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fmt.Fprintf(o.to, format+"\n", values...)
}

// started says that a command runs, and returns what says that it has ended.
func (o *output) started(at level, shown, place string) (id string, ended func(status int)) {
	start := time.Now()
	id = randomHex(4)
	o.log(at, id, "Running %s %s", shown, place)
	o.log(debug, id, "Command: %s", shown)
	return id, func(status int) {
		word := "successful"
		if status != 0 {
			word = "failed"
		}
		o.log(at, id, "Finished in %.3f seconds with exit status %d (%s).", time.Since(start).Seconds(), status, word)
	}
}

// printed says what a command wrote, at the lowest level.
func (o *output) printed(id string, streams ...string) {
	for _, text := range streams {
		if text != "" {
			o.log(debug, id, "\t%s", strings.TrimSuffix(text, "\n"))
		}
	}
}
