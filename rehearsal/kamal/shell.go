package kamal

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The words of commands, as Kamal writes them: lib/kamal/utils.rb and
// lib/kamal/commands/base.rb.

// words joins what is not empty with spaces.
func words(parts ...string) string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, " ")
}

func docker(parts ...string) string   { return words(append([]string{"docker"}, parts...)...) }
func all(commands ...string) string   { return joined(" && ", commands) }
func chain(commands ...string) string { return joined(" ; ", commands) }
func pipe(commands ...string) string  { return joined(" | ", commands) }

func joined(by string, commands []string) string {
	var there []string
	for _, command := range commands {
		if command != "" {
			there = append(there, command)
		}
	}
	return strings.Join(there, by)
}

// inShell runs a command by sh -c, in single quotes.
func inShell(command string) string { return "sh -c '" + quotesEscaped(command) + "'" }

func quotesEscaped(command string) string { return strings.ReplaceAll(command, "'", `'\''`) }

// arguments repeats an option for each pair, as option key="value"; a pair
// without a value is the key alone.
func arguments(option string, pairs []pair) string {
	var parts []string
	for _, p := range pairs {
		switch {
		case !p.value.isBlank():
			parts = append(parts, option, p.key+"="+quoted(p.value.text()))
		case p.value.isFalse():
			parts = append(parts, option, p.key+"=false")
		default:
			parts = append(parts, option, p.key)
		}
	}
	return words(parts...)
}

// repeated repeats an option for each text, which stands as it is.
func repeated(option string, texts ...string) string {
	var parts []string
	for _, text := range texts {
		parts = append(parts, option, text)
	}
	return words(parts...)
}

// options are pairs as --key "value", or with something else than a space in
// between; a list repeats its key, and true is the key alone.
func options(pairs []pair, between string) string {
	var parts []string
	for _, p := range pairs {
		entries := p.value.list()
		if !p.value.isList() {
			entries = []value{p.value}
		}
		for _, entry := range entries {
			if entry.isTrue() {
				parts = append(parts, "--"+p.key)
			} else {
				parts = append(parts, "--"+p.key+between+quoted(entry.text()))
			}
		}
	}
	return words(parts...)
}

var (
	asciiOrNot = regexp.MustCompile(`[\x00-\x7F]+|[^\x00-\x7F]+`)
	braced     = regexp.MustCompile(`^\$\{[^}]*\}`)
)

// quoted is a value in double quotes for the server's shell. `${NAME}` is left
// for that shell to expand, and what is not ASCII stands outside the quotes.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return asciiOrNot.ReplaceAllStringFunc(text, func(part string) string {
		if part[0] >= utf8.RuneSelf {
			return part
		}
		dumped := strings.ReplaceAll(dumped(part), "`", "\\`")
		var out strings.Builder
		for i := 0; i < len(dumped); i++ {
			if dumped[i] == '$' && !braced.MatchString(dumped[i:]) {
				out.WriteByte('\\')
			}
			out.WriteByte(dumped[i])
		}
		return out.String()
	})
}

// dumped is an ASCII text as Ruby's String#dump writes it.
func dumped(text string) string {
	short := map[byte]string{'\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\v': `\v`, '\b': `\b`, '\a': `\a`, 0x1b: `\e`, '"': `\"`, '\\': `\\`}
	var out strings.Builder
	out.WriteByte('"')
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch s, ok := short[c]; {
		case ok:
			out.WriteString(s)
		case c == '#' && i+1 < len(text) && strings.IndexByte("$@{", text[i+1]) >= 0:
			out.WriteString(`\#`)
		case c < 0x20 || c == 0x7f:
			fmt.Fprintf(&out, `\x%02X`, c)
		default:
			out.WriteByte(c)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// envFile is a file for Docker's --env-file (lib/kamal/env_file.rb): values
// lose their line breaks and double their backslashes.
func envFile(pairs [][2]string) string {
	var out strings.Builder
	for _, p := range pairs {
		line := asciiOrNot.ReplaceAllStringFunc(p[1], func(part string) string {
			if part[0] >= utf8.RuneSelf {
				return part
			}
			inner := dumped(part)
			return strings.NewReplacer(`\"`, `"`, `\#`, `#`).Replace(inner[1 : len(inner)-1])
		})
		out.WriteString(p[0] + "=" + line + "\n")
	}
	if out.Len() == 0 {
		return "\n"
	}
	return out.String()
}
