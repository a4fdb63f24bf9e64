package kamalfiles

import (
	"regexp"
	"strings"
)

// A stub is a section or a key that the file's template ships commented out.
// The live one takes its place instead of piling up beside it.
type stub struct{ first, last int } // lines, from 1

var commentLine = regexp.MustCompile(`^( *)#( *)(.*?)\s*$`)

// commented takes a comment apart. Its indentation is the one that the text
// would have if `# ` were taken away.
func commented(line string) (indent int, text string, ok bool) {
	parts := commentLine.FindStringSubmatch(line)
	if parts == nil {
		return 0, "", false
	}
	return len(parts[1]) + max(len(parts[2])-1, 0), parts[3], true
}

var (
	commentedKey  = regexp.MustCompile(`^[A-Za-z_]+:$`)
	commentedPair = regexp.MustCompile(`^[A-Za-z_]+: +("[^"]*"|'[^']*'|[^\s#]+( / [^\s#]+)*)( +#.*)?$`)
	asSection     = map[string][]string{"hosts": {"host"}, "volumes": {"directories"}} // stubs that serve for another key
)

// findStub looks for the commented form of a key in its section. Lines that
// are to replace it tell how much of it goes: a bare `key:` is a section whose
// other keys stay commented, anything else takes the whole stub's place.
func (d *document) findStub(parent *entry, indent int, key string, lines block) *stub {
	first, last, own := 1, d.lineCount(), indent
	if parent.key != nil {
		first = parent.key.Line + 1
		last = d.regionEnd(parent, indent)
		own = d.stubIndent(parent, first, last, indent)
	}
	for number := first; number <= last; number++ {
		depth, text, ok := commented(d.lineText(number))
		if !ok || depth != indent && depth != own || !isStubOf(key, text, len(lines) > 1 || strings.HasSuffix(lines[0], ":")) {
			continue
		}
		found := &stub{number, number}
		if len(lines) > 1 || !strings.HasSuffix(lines[0], ":") {
			found.last = d.stubEnd(number, depth)
		}
		return found
	}
	return nil
}

// stubIndent is where the commented keys of a section begin: where its live ones
// do, or, in a file indented otherwise than its template, less or more.
func (d *document) stubIndent(parent *entry, first, last, indent int) int {
	least := -1
	for number := first; number <= last; number++ {
		depth, text, ok := commented(d.lineText(number))
		isKey := commentedKey.MatchString(text) || commentedPair.MatchString(text)
		if ok && isKey && depth > parent.key.Column-1 && (least < 0 || depth < least) {
			least = depth
		}
	}
	if least < 0 {
		return indent
	}
	return least
}

func isStubOf(key, text string, section bool) bool {
	name, _, _ := strings.Cut(text, ":")
	if name != key && !contains(asSection[key], name) {
		return false
	}
	// A sentence that begins with the word is none: a section's key stands
	// alone, a value is one word.
	return commentedKey.MatchString(text) || (!section || name != key) && commentedPair.MatchString(text)
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// stubEnd is the last line of a stub: of the comments indented deeper than its key.
func (d *document) stubEnd(first, indent int) int {
	last := first
	for number := first + 1; number <= d.lineCount(); number++ {
		depth, text, ok := commented(d.lineText(number))
		if !ok || text == "" || depth <= indent {
			break
		}
		last = number
	}
	return last
}

// regionEnd is the last line, comments included, before the next section of
// the same rank, live or commented.
func (d *document) regionEnd(parent *entry, indent int) int {
	last := d.lastLine(parent.key, parent.key.Column-1)
	for number := last + 1; number <= d.lineCount(); number++ {
		line := d.lineText(number)
		if strings.TrimSpace(line) == "" {
			continue
		}
		depth, text, ok := commented(line)
		if !ok || depth < indent && commentedKey.MatchString(text) {
			break
		}
		last = number
	}
	return last
}
