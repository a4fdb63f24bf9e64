package kamal

import (
	"slices"
	"strconv"
	"strings"
)

// flagKind says what may follow a flag.
type flagKind int

const (
	boolean flagKind = iota // nothing; --no-NAME and --skip-NAME say false
	text                    // a value; one that is missing is the flag's own name
	number                  // a number
	hash                    // key:value words, as many as follow
)

type flag struct {
	name  string // as in --name
	short string // as in -n, "" for none
	kind  flagKind
}

// everywhere are the flags of every command (class_option in lib/kamal/cli/base.rb).
var everywhere = []flag{
	{"verbose", "v", boolean}, {"quiet", "q", boolean}, {"version", "", text}, {"primary", "p", boolean},
	{"hosts", "h", text}, {"roles", "r", text}, {"config_file", "c", text}, {"destination", "d", text},
	{"skip_hooks", "H", boolean},
}

// flags are those that were given: their values, by name; "true" and "false".
type flags map[string]string

func (f flags) is(name string) bool { return f[name] == "true" }

// parseArgs takes the flags out of what follows a command, wherever they stand,
// as the gem thor does; after -- all is arguments.
func parseArgs(args []string, known []flag) (rest []string, given flags, err error) {
	given = flags{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			return append(rest, args...), given, nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			rest = append(rest, arg)
			continue
		}
		name, value, hasValue := strings.Cut(arg, "=")
		if !strings.HasPrefix(arg, "--") && len(name) > 2 {
			if number, ok := find(known, name[1:2]); ok && number.kind != boolean { // -n5
				name, value, hasValue = name[:2], name[2:]+strings.TrimPrefix(arg, name), true
			} else { // -it
				args = append([]string{"-" + arg[2:]}, args...)
				name, hasValue = name[:2], false
			}
		}
		f, ok := find(known, strings.TrimLeft(name, "-"))
		if !ok {
			if f, ok = find(known, negated(name)); ok && f.kind == boolean {
				given[f.name] = "false"
				continue
			}
			return nil, nil, failed("ArgumentError", "unknown option %s", name)
		}
		switch {
		case f.kind == boolean && !hasValue:
			value = "true"
		case f.kind == hash:
			var pairs []string
			if hasValue {
				pairs = append(pairs, value)
			}
			for len(args) > 0 && args[0] != "--" && !strings.HasPrefix(args[0], "-") && strings.Contains(args[0], ":") {
				pairs, args = append(pairs, args[0]), args[1:]
			}
			value = strings.Join(pairs, "\x00")
		case !hasValue && len(args) > 0 && (!strings.HasPrefix(args[0], "-") || args[0] == "-"):
			value, args = args[0], args[1:]
		case !hasValue && f.kind == text:
			value = f.name
		}
		if f.kind == number {
			if _, err := strconv.Atoi(value); err != nil {
				return nil, nil, failed("ArgumentError", "expected a number for --%s; got %q", dashes(f.name), value)
			}
		}
		given[f.name] = value
	}
	return rest, given, nil
}

func find(known []flag, name string) (flag, bool) {
	at := slices.IndexFunc(known, func(f flag) bool {
		return f.short != "" && f.short == name || f.name == strings.ReplaceAll(name, "-", "_") && len(name) > 1
	})
	if at < 0 {
		return flag{}, false
	}
	return known[at], true
}

func negated(name string) string {
	for _, prefix := range []string{"--no-", "--skip-"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return ""
}

func dashes(name string) string { return strings.ReplaceAll(name, "_", "-") }
