package kamal

import (
	"fmt"
	"strings"

	"github.com/kballard/go-shellquote"
)

// command is one of Kamal's that is known here.
type command struct {
	name  string // such as "app exec"
	flags []flag // besides those that all have
	do    func(r *run) error
}

// group is what hooks see as KAMAL_COMMAND.
func (c *command) group() string { return firstWord(c.name) }

var (
	skipPush  = []flag{{"skip_push", "P", boolean}, {"no_cache", "", boolean}}
	confirmed = flag{"confirmed", "y", boolean}
	inside    = []flag{{"interactive", "i", boolean}, {"reuse", "", boolean}, {"raw", "", boolean}}
	logFlags  = []flag{{"since", "s", text}, {"lines", "n", number}, {"grep", "g", text}, {"grep_options", "", text}, {"follow", "f", text}, {"skip_timestamps", "T", boolean}}
)

// commands are all that is known, in the order in which they are told.
func commands() []command {
	return []command{
		{"setup", skipPush, setup},
		{"deploy", skipPush, deploy},
		{"rollback", nil, rollback},
		{"details", nil, details},
		{"audit", nil, audit},
		{"remove", []flag{confirmed}, remove},
		{"version", nil, version},
		{"app boot", nil, appBoot},
		{"app start", nil, appStart},
		{"app stop", nil, appStop},
		{"app exec", append(inside, flag{"env", "e", hash}, flag{"detach", "", boolean}), appExec},
		{"app details", nil, appDetails},
		{"app containers", nil, appContainers},
		{"app version", nil, appVersion},
		{"app logs", append(logFlags, flag{"container_id", "", text}), appLogs},
		{"accessory boot", nil, onAccessory((*run).bootAccessory)},
		{"accessory reboot", nil, onAccessory((*run).rebootAccessory)},
		{"accessory start", nil, onAccessory((*run).startStoppedAccessory)},
		{"accessory stop", nil, onAccessory((*run).stopAccessory)},
		{"accessory restart", nil, onAccessory(func(r *run, a *accessory) error {
			if err := r.stopAccessory(a); err != nil {
				return err
			}
			return r.startStoppedAccessory(a)
		})},
		{"accessory details", nil, accessoryDetails},
		{"accessory exec", inside, accessoryExec},
		{"accessory logs", logFlags, accessoryLogs},
		{"accessory remove", []flag{confirmed}, accessoryRemove},
		{"proxy boot", nil, bootProxy},
		{"proxy reboot", []flag{confirmed, {"rolling", "", boolean}}, rebootProxy},
		{"proxy details", nil, proxyDetails},
		{"proxy logs", logFlags, proxyLogs},
		{"lock status", nil, lockStatus},
		{"lock acquire", []flag{{"message", "m", text}}, lockAcquire},
		{"lock release", nil, lockRelease},
		{"prune all", nil, prune},
		{"server bootstrap", nil, bootstrap},
	}
}

// invoke carries out a command line, or the one that an alias of deploy.yml
// stands for (lib/kamal/cli/alias/command.rb).
func (r *run) invoke(args []string) error { return r.invokeAs(args, true) }

func (r *run) invokeAs(args []string, mayBeAlias bool) error {
	found, rest := lookUp(args)
	if found == nil {
		if !mayBeAlias || len(args) == 0 {
			return unknown(args)
		}
		line, err := r.alias(args)
		switch {
		case err != nil:
			return err
		case line == nil:
			return unknown(args)
		}
		return r.invokeAs(append(line, args[1:]...), false)
	}
	r.command = found
	var err error
	if r.args, r.given, err = parseArgs(rest, append(found.flags, everywhere...)); err != nil {
		return err
	}
	switch {
	case r.given.is("verbose"):
		r.out.level = debug
	case r.given.is("quiet"):
		r.out.level = errorLevel
	}
	if found.name == "version" {
		return found.do(r)
	}
	if err := r.configure(); err != nil {
		return err
	}
	return found.do(r)
}

// lookUp finds the command that args begin with.
func lookUp(args []string) (*command, []string) {
	for _, c := range commands() {
		n := len(strings.Fields(c.name))
		if len(args) >= n && strings.Join(args[:n], " ") == c.name {
			return &c, args[n:]
		}
	}
	return nil, nil
}

// alias is what deploy.yml says that the first word stands for, nil when it says
// nothing; other words may choose a destination or another file.
func (r *run) alias(args []string) ([]string, error) {
	_, given, _ := parseArgs(args[1:], everywhere)
	root, err := readConfig(r.dir, given.or("config_file", "config/deploy.yml"), given["destination"], environment(r.io.Env))
	if err != nil {
		return nil, err
	}
	line := root.get("aliases", args[0])
	if !line.isScalar() {
		return nil, nil
	}
	return shellquote.Split(line.text())
}

func (f flags) or(name, otherwise string) string {
	if text, ok := f[name]; ok {
		return text
	}
	return otherwise
}

func unknown(args []string) error {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return fmt.Errorf("kamal %s: this is the rehearsal's stand-in for Kamal %s, and it does not know that command; it knows the aliases of deploy.yml and: %s", strings.Join(args, " "), Version, strings.Join(names, ", "))
}
