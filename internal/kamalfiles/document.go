package kamalfiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// document is a YAML file under the knife. It is parsed to find places, and
// bytes are replaced at those places: writing the parsed file would lose blank
// lines, comments and indentation. After every cut it is parsed again.
type document struct {
	text        []byte       // as in the file
	masked      []byte       // the same length, without ERB
	conditional map[int]bool // lines inside ERB blocks
	root        *yaml.Node   // the top mapping
	origin      []int        // for each line, which one it was in the file
	newline     string
	step        int      // spaces that a level is indented by
	notes       []string // what the developer should know of the edit, each with its line
}

// refusal is a reason to leave the file to its owner.
type refusal struct {
	line   int // from 1; 0 for the file as a whole
	reason string
}

func (r refusal) Error() string {
	if r.line == 0 {
		return r.reason
	}
	return fmt.Sprintf("line %d: %s", r.line, r.reason)
}

func refuse(at *yaml.Node, format string, args ...any) error {
	return refusal{at.Line, fmt.Sprintf(format, args...)}
}

// note tells the developer of something at a node, once.
func (d *document) note(at *yaml.Node, format string, args ...any) {
	d.noteLine(at.Line, format, args...)
}

// noteKey is note at the key of a path that is there, and there once.
func (d *document) noteKey(path []string, format string, args ...any) {
	if found, err := d.find(path...); err == nil && found != nil {
		d.note(found.key, format, args...)
	}
}

func (d *document) noteLine(line int, format string, args ...any) {
	text := fmt.Sprintf("line %d: ", d.origin[line]) + fmt.Sprintf(format, args...)
	if !slices.Contains(d.notes, text) {
		d.notes = append(d.notes, text)
	}
}

func parse(text []byte) (*document, error) {
	d := &document{newline: "\n"}
	if bytes.Contains(text, []byte("\r\n")) {
		d.newline = "\r\n"
	}
	if bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		return nil, refusal{1, "it begins with a byte order mark; save it as UTF-8 without one"}
	}
	if err := d.reparse(text); err != nil {
		return nil, err
	}
	for line := range 2 + bytes.Count(text, []byte("\n")) {
		d.origin = append(d.origin, line)
	}
	d.step = indentStep(d.root)
	return d, nil
}

// indentStep is how far the file's first nested section is indented.
func indentStep(root *yaml.Node) int {
	for _, value := range root.Content {
		if value.Kind == yaml.MappingNode && !isFlow(value) && len(value.Content) > 0 && value.Column > 2 {
			return value.Content[0].Column - 1
		}
	}
	return 2
}

func (d *document) reparse(text []byte) error {
	masked, conditional := maskERB(text)
	decoder, err := yaml.NewLoader(bytes.NewReader(masked))
	if err != nil {
		return err
	}
	var tree, more yaml.Node
	if err := decoder.Load(&tree); errors.Is(err, io.EOF) {
		return refusal{0, "all of it is commented out or empty; take the # from what Kamal needs (service, image, servers, registry), or have it made anew: kamal init"}
	} else if err != nil {
		return refusal{0, fmt.Sprintf("it cannot be read as YAML: %v", err)}
	}
	if err := decoder.Load(&more); err == nil {
		return refuse(&more, "a second YAML document begins here; Kamal reads one")
	}
	if len(tree.Content) == 0 || tree.Content[0].Kind != yaml.MappingNode {
		return refusal{0, "it holds no settings"}
	}
	d.text, d.masked, d.conditional, d.root = text, masked, conditional, tree.Content[0]
	return nil
}

// entry is a key with its value in a mapping.
type entry struct{ key, value *yaml.Node }

// find follows a path of keys; nil when something on the way is not there.
func (d *document) find(path ...string) (*entry, error) {
	found := &entry{value: d.root}
	for _, key := range path {
		mapping := resolved(found.value)
		if mapping.Kind != yaml.MappingNode {
			return nil, nil
		}
		var next *entry
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if mapping.Content[i].Value != key {
				continue
			}
			if next != nil {
				return nil, refuse(mapping.Content[i], "`%s:` is written a second time (first on line %d), and Kamal takes the last", key, next.key.Line)
			}
			next = &entry{mapping.Content[i], mapping.Content[i+1]}
		}
		if next == nil {
			return nil, nil
		}
		found = next
	}
	return found, nil
}

func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

func isFlow(node *yaml.Node) bool { return node.Style&yaml.FlowStyle != 0 }

// splice replaces bytes and reads the result. Lines inside ERB blocks are not touched.
func (d *document) splice(start, end int, with string) error {
	first := 1 + bytes.Count(d.text[:start], []byte("\n"))
	last := first + bytes.Count(bytes.TrimSuffix(d.text[start:end], []byte("\n")), []byte("\n"))
	if whole := start == d.line(first); whole && start == end {
		last = first - 1 // between two lines, none of which is touched
	}
	for line := first; line <= last; line++ {
		if d.conditional[line] {
			return refusal{line, "this stands inside an ERB block"}
		}
	}
	if err := d.replaceTags(start, end, with); err != nil {
		return err
	}
	added, taken := strings.Count(with, "\n"), bytes.Count(d.text[start:end], []byte("\n"))
	kept := first + 1 // the first line's beginning stays, and so its number
	if start == d.line(first) && end == d.line(first+taken) {
		kept = first
	}
	origin := slices.Concat(d.origin[:kept], slices.Repeat(d.origin[first:first+1], added), d.origin[kept+taken:])
	if err := d.reparse(bytes.Join([][]byte{d.text[:start], []byte(with), d.text[end:]}, nil)); err != nil {
		return err
	}
	d.origin = origin
	return nil
}

// inFile turns a refusal's line into the one that the developer sees.
func (d *document) inFile(err error) error {
	if r := (refusal{}); errors.As(err, &r) && r.line < len(d.origin) {
		return refusal{d.origin[r.line], r.reason}
	}
	return err
}

// offset turns a node's line and column, both from 1 and the column in
// characters, into an index of bytes.
func (d *document) offset(node *yaml.Node) int {
	at := d.line(node.Line)
	for column := node.Column; column > 1 && at < len(d.masked); column-- {
		_, size := utf8.DecodeRune(d.masked[at:])
		at += size
	}
	return at
}

// line is where a line (from 1) begins; the end of the text when there is none.
func (d *document) line(number int) int {
	at := 0
	for ; number > 1; number-- {
		next := bytes.IndexByte(d.text[at:], '\n')
		if next < 0 {
			return len(d.text)
		}
		at += next + 1
	}
	return at
}

func (d *document) lineText(number int) string {
	text, _, _ := bytes.Cut(d.masked[d.line(number):], []byte("\n"))
	return strings.TrimRight(string(text), "\r")
}

func (d *document) lineCount() int {
	count := bytes.Count(d.text, []byte("\n"))
	if len(d.text) > 0 && !bytes.HasSuffix(d.text, []byte("\n")) {
		count++
	}
	return count
}

var anchorAt = regexp.MustCompile(`^&[^\s,\[\]{}]+[ \t]+`)

// span finds the bytes of a scalar or an alias. If the bytes at its position
// are not what the parser told of (a tag, several lines), it refuses.
func (d *document) span(node *yaml.Node) (start, end int, err error) {
	start = d.offset(node)
	rest := d.masked[start:]
	if anchor := anchorAt.Find(rest); node.Anchor != "" && anchor != nil {
		start += len(anchor)
		rest = rest[len(anchor):]
	}
	length := -1
	switch {
	case node.Kind == yaml.AliasNode && bytes.HasPrefix(rest, []byte("*"+node.Value)):
		length = 1 + len(node.Value)
	case node.Kind != yaml.ScalarNode || len(rest) == 0:
	case rest[0] == '\'':
		length = quotedLength(rest, '\'')
	case rest[0] == '"':
		length = quotedLength(rest, '"')
	case node.Value != "" && bytes.HasPrefix(rest, []byte(node.Value)):
		length = len(node.Value)
	}
	if length < 0 {
		return 0, 0, refuse(node, "%s is not written as one plain or quoted word", d.said(node))
	}
	return start, start + length, nil
}

func quotedLength(text []byte, quote byte) int {
	for i := 1; i < len(text) && text[i] != '\n'; i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case quote == '\'' && text[i] == '\'' && i+1 < len(text) && text[i+1] == '\'':
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return -1
}

// pairs goes through a mapping in its order, what its anchors merge left out.
func pairs(mapping *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		for i := 0; mapping.Kind == yaml.MappingNode && i+1 < len(mapping.Content); i += 2 {
			if key := mapping.Content[i]; key.Value != "<<" && !yield(key.Value, resolved(mapping.Content[i+1])) {
				return
			}
		}
	}
}

// valueOf is what a mapping holds for a key, nil for none.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for name, value := range pairs(mapping) {
		if name == key {
			return value
		}
	}
	return nil
}

// at is the value at a path, nil when there is none.
func (d *document) at(path ...string) *yaml.Node {
	found, err := d.find(path...)
	if err != nil || found == nil {
		return nil
	}
	return resolved(found.value)
}

// below is the path of what is further down.
func below(path []string, keys ...string) []string { return slices.Concat(path, keys) }

// dotted is a path as a message says it.
func dotted(path []string) string { return strings.Join(path, ".") }
