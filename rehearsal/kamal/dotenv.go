package kamal

import (
	"regexp"
	"strings"
)

// The format of .kamal/secrets is the gem dotenv's (3.2, lib/dotenv/parser.rb),
// but for $(command), which is Kamal's own
// (lib/kamal/secrets/dotenv/inline_command_substitution.rb).

// dotenvLine is one entry, perhaps over several lines when it is in quotes.
var dotenvLine = regexp.MustCompile(`(?m)^\s*(export\s+)?([\w.]+)(?:(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|[^#\n]+)?)?\s*(?:#.*)?$`)

var (
	lineBreak  = regexp.MustCompile(`\r\n?`)
	backslash  = regexp.MustCompile(`(?s)\\([^$])`)
	quotedText = regexp.MustCompile(`(?s)^(?:'(.*)'|"(.*)")$`)
	variable   = regexp.MustCompile(`(?i)(\\)?\$(?:\{?([A-Z0-9_]+)?\}?)`)
)

// parseDotenv reads the entries in their order. run gives what a command
// prints; $NAME is an entry above in the same file, else the environment's, else
// nothing.
func parseDotenv(text string, env environment, run func(command string) (string, error)) ([]pair, error) {
	text = lineBreak.ReplaceAllString(text, "\n")
	var entries []pair
	lookup := func(name string) string {
		for _, p := range entries {
			if p.key == name {
				return p.value.node.Value
			}
		}
		return env.get(name)
	}
	for _, found := range dotenvLine.FindAllStringSubmatchIndex(text, -1) {
		name := text[found[4]:found[5]]
		if found[2] >= 0 && found[6] < 0 { // export NAME
			if !hasPair(entries, name) {
				return nil, failed("Dotenv::FormatError", "Line %q has an unset variable", text[found[0]:found[1]])
			}
			continue
		}
		raw := ""
		if found[6] >= 0 {
			raw = text[found[6]:found[7]]
		}
		text, err := dotenvValue(raw, lookup, run)
		if err != nil {
			return nil, err
		}
		entries = withPair(entries, pair{name, textValue(text)})
	}
	return entries, nil
}

func hasPair(all []pair, key string) bool {
	for _, p := range all {
		if p.key == key {
			return true
		}
	}
	return false
}

// dotenvValue is what an entry's right side comes to. Nothing is expanded in
// single quotes; elsewhere first commands and then variables, in what the
// commands printed too.
func dotenvValue(raw string, lookup func(string) string, run func(string) (string, error)) (string, error) {
	value, quote := strings.TrimSpace(raw), byte(0)
	if inner := quotedText.FindStringSubmatch(value); inner != nil {
		value, quote = inner[1]+inner[2], value[0]
	}
	if quote == '\'' {
		return value, nil
	}
	if quote == '"' { // what looks like a line break stays two characters
		value = strings.NewReplacer(`\n`, `\\n`, `\r`, `\\r`).Replace(value)
	}
	value, err := withCommands(backslash.ReplaceAllString(value, "$1"), lookup, run)
	return withVariables(value, lookup), err
}

func withVariables(text string, lookup func(string) string) string {
	var out strings.Builder
	last := 0
	for _, found := range variable.FindAllStringSubmatchIndex(text, -1) {
		start, end := found[0], found[1]
		if start < last {
			continue
		}
		out.WriteString(text[last:start])
		last = end
		switch {
		case strings.HasPrefix(text[start:], "$(") || strings.HasPrefix(text[start:], `\$(`): // a command's, left as it is
			out.WriteString(text[start:end])
		case found[2] >= 0:
			out.WriteString(text[start+1 : end])
		case found[4] >= 0:
			out.WriteString(lookup(text[found[4]:found[5]]))
		default:
			out.WriteString(text[start:end])
		}
	}
	return out.String() + text[last:]
}

// withCommands replaces each $(...), with parentheses balanced inside; one with
// a backslash before it only loses that.
func withCommands(text string, lookup func(string) string, run func(string) (string, error)) (string, error) {
	var out strings.Builder
	for i := 0; i < len(text); {
		escaped := strings.HasPrefix(text[i:], `\$(`)
		start := i
		if escaped {
			start++
		}
		end := 0
		if strings.HasPrefix(text[start:], "$(") {
			end = closing(text, start+1)
		}
		switch {
		case end == 0:
			out.WriteByte(text[i])
			i++
		case escaped:
			out.WriteString(text[start:end])
			i = end
		default:
			printed, err := run(withVariables(text[start+2:end-1], lookup))
			if err != nil {
				return "", err
			}
			out.WriteString(printed)
			i = end
		}
	}
	return out.String(), nil
}

// closing is the place after the parenthesis that closes the one at open, 0 if
// none does or nothing is between them.
func closing(text string, open int) int {
	depth := 0
	for i := open; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				if i == open+1 {
					return 0
				}
				return i + 1
			}
		}
	}
	return 0
}
