package kamalfiles

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A block is lines of YAML, the first at indentation 0, without line ends.
type block []string

// at is the block's text at an indentation, with a level's two spaces turned
// into the file's own step.
func (b block) at(indent, step int, newline string) string {
	var text strings.Builder
	for _, line := range b {
		bare := strings.TrimLeft(line, " ")
		text.WriteString(strings.Repeat(" ", indent+(len(line)-len(bare))/2*step) + bare + newline)
	}
	return text.String()
}

func (b block) below(key string) block {
	lines := block{key + ":"}
	for _, line := range b {
		lines = append(lines, "  "+line)
	}
	return lines
}

func items(values []string) block {
	var lines block
	for _, value := range values {
		lines = append(lines, "- "+word(value).written())
	}
	return lines
}

// require makes the scalar at a path what it is to be, wherever it stands now:
// in place, in the place of a commented stub, or as a new line.
func (d *document) require(want scalar, path ...string) error {
	found, err := d.find(path...)
	switch {
	case err != nil:
		return err
	case found == nil:
		return d.insert(block{path[len(path)-1] + ": " + want.written()}, path...)
	case isNull(found.value):
		return d.replace(found, block{found.key.Value + ": " + want.written()})
	case resolved(found.value).Kind != yaml.ScalarNode:
		return refuse(found.key, "`%s:` holds more than one value", strings.Join(path, "."))
	}
	return d.setScalar(found.value, want)
}

// requireMapping makes sure that there is a section to put keys into.
func (d *document) requireMapping(path ...string) error {
	if len(path) == 0 {
		return nil
	}
	found, err := d.find(path...)
	switch {
	case err != nil:
		return err
	case found == nil:
		return d.insert(block{path[len(path)-1] + ":"}, path...)
	case isNull(found.value) || resolved(found.value).Kind == yaml.MappingNode:
		return nil
	}
	return refuse(found.key, "`%s:` is not a section with keys of its own", strings.Join(path, "."))
}

// requireItems adds the words that a list lacks. serves tells whether an item
// that is there stands for a wanted one; it becomes the wanted one where that
// says more (NAME:SECRET), or where it is another secret than the database's.
func (d *document) requireItems(wanted []string, serves func(item, wanted string) bool, path ...string) error {
	found, err := d.find(path...)
	if err != nil {
		return err
	}
	if found == nil {
		return d.insert(items(wanted).below(path[len(path)-1]), path...)
	}
	list := resolved(found.value)
	if isNull(list) {
		return d.replace(found, items(wanted).below(found.key.Value))
	}
	if list.Kind != yaml.SequenceNode {
		return refuse(found.key, "`%s:` is not a list", strings.Join(path, "."))
	}
	var missing []string
	for _, want := range wanted {
		there := slices.IndexFunc(list.Content, func(item *yaml.Node) bool { return serves(resolved(item).Value, want) })
		if there < 0 {
			missing = append(missing, want)
		} else if item := list.Content[there]; saysMore(resolved(item).Value, want) {
			if name, secret, alias := strings.Cut(resolved(item).Value, ":"); alias {
				d.note(item, "%s came from the secret %s, and comes from %s now, which the stack knows", name, secret, databasePassword)
			}
			if err := d.setScalar(item, word(want)); err != nil {
				return err
			}
			return d.requireItems(wanted, serves, path...) // a cut moves the rest
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if isFlow(list) {
		return d.appendFlow(list, missing)
	}
	last := list.Content[len(list.Content)-1]
	dash := list.Column - 1
	return d.insertLines(d.lastLine(last, dash)+1, items(missing).at(dash, d.step, d.newline))
}

func saysMore(item, wanted string) bool {
	return item != wanted && (strings.Contains(wanted, ":") || wanted == databasePassword)
}

func same(item, wanted string) bool { return item == wanted }

// requireList makes a list hold these words and no others.
func (d *document) requireList(wanted []string, path ...string) error {
	found, err := d.find(path...)
	if err != nil {
		return err
	}
	if found == nil {
		return d.insert(items(wanted).below(path[len(path)-1]), path...)
	}
	list := resolved(found.value)
	if list.Kind == yaml.MappingNode {
		return refuse(found.key, "`%s:` is not a list", strings.Join(path, "."))
	}
	if list.Kind == yaml.SequenceNode && len(list.Content) == len(wanted) {
		for i, want := range wanted {
			found, err := d.find(path...) // each cut moves the rest
			if err != nil {
				return err
			}
			if err := d.setScalar(resolved(found.value).Content[i], word(want)); err != nil {
				return err
			}
		}
		return nil
	}
	if found.value.Kind == yaml.AliasNode {
		return refuse(found.value, "`%s:` repeats what is written elsewhere (*%s)", strings.Join(path, "."), found.value.Value)
	}
	return d.replace(found, items(wanted).below(found.key.Value))
}

// insert puts a new key into its section, making the section if need be. The
// block's first line is the key's.
func (d *document) insert(lines block, path ...string) error {
	parentPath, key := path[:len(path)-1], path[len(path)-1]
	if err := d.requireMapping(parentPath...); err != nil {
		return err
	}
	parent, err := d.find(parentPath...)
	if err != nil {
		return err
	}
	if parent == nil {
		return refusal{0, fmt.Sprintf("`%s:` found no place; perhaps a text in the file looks like YAML", strings.Join(parentPath, "."))}
	}
	mapping := resolved(parent.value)
	if mapping.Kind == yaml.MappingNode && isFlow(mapping) {
		return d.insertFlow(mapping, lines)
	}
	indent := d.childIndent(parent)
	if stub := d.findStub(parent, indent, key, lines); stub != nil {
		return d.splice(d.line(stub.first), d.line(stub.last+1), lines.at(indent, d.step, d.newline))
	}
	switch {
	case len(path) == 1:
		return d.insertSection(lines)
	case precedes(mapping, key) != nil:
		return d.insertLines(precedes(mapping, key).Line, lines.at(indent, d.step, d.newline))
	case mapping.Kind == yaml.MappingNode && len(mapping.Content) > 0:
		last := mapping.Content[len(mapping.Content)-2]
		return d.insertLines(d.lastLine(last, indent)+1, lines.at(indent, d.step, d.newline))
	}
	return d.insertLines(parent.key.Line+1, lines.at(indent, d.step, d.newline))
}

// precedes is the key of the registry before which a new one stands in Kamal's
// template; nil where it comes last.
func precedes(mapping *yaml.Node, key string) *yaml.Node {
	order := []string{"server", "username", "password"}
	at := slices.Index(order, key)
	if mapping.Kind != yaml.MappingNode || at < 0 {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if slices.Index(order, mapping.Content[i].Value) > at {
			return mapping.Content[i]
		}
	}
	return nil
}

// childIndent is where the keys of a section begin, or would.
func (d *document) childIndent(parent *entry) int {
	if mapping := resolved(parent.value); mapping.Kind == yaml.MappingNode && len(mapping.Content) > 0 {
		return mapping.Content[0].Column - 1
	}
	if parent.key == nil {
		return 0
	}
	return parent.key.Column - 1 + d.step
}

// sections is the order of Kamal's own template.
var sections = []string{"service", "image", "servers", "proxy", "registry", "env", "aliases", "volumes", "asset_path", "builder", "ssh", "accessories"}

// insertSection puts a new top-level section after the one that precedes it in
// Kamal's template, with a blank line between where the file keeps one.
func (d *document) insertSection(lines block) error {
	name := strings.TrimSuffix(strings.Fields(lines[0])[0], ":")
	after := 0
	for _, section := range sections[:slices.Index(sections, name)] {
		if found, err := d.find(section); err != nil {
			return err
		} else if found != nil {
			if last := d.lastLine(found.key, 0); !d.conditional[last] {
				after = max(after, last)
			}
		}
	}
	for strings.HasPrefix(strings.TrimLeft(d.lineText(after+1), " "), "#") && strings.HasPrefix(d.lineText(after+1), " ") {
		after++ // an indented comment belongs to what precedes it
	}
	text := lines.at(0, d.step, d.newline)
	if bytes.Contains(d.text, []byte("\n\n")) || bytes.Contains(d.text, []byte("\n\r\n")) {
		text = d.newline + text
	}
	return d.insertLines(after+1, text)
}

// insertLines puts whole lines before a line.
func (d *document) insertLines(before int, lines string) error {
	for d.conditional[before] && d.conditional[before-1] {
		before++ // behind what an ERB block decides
	}
	at := d.line(before)
	if at > 0 && d.text[at-1] != '\n' {
		lines = d.newline + strings.TrimSuffix(lines, d.newline) // the file's end had no line end, and keeps none
	}
	return d.splice(at, at, lines)
}

// replace puts a block in the place of a key and all that it holds.
func (d *document) replace(old *entry, lines block) error {
	start := d.offset(old.key)
	indent := old.key.Column - 1
	if strings.TrimSpace(string(d.masked[d.line(old.key.Line):start])) != "" {
		return refuse(old.key, "`%s:` does not stand on a line of its own", old.key.Value)
	}
	end := d.line(d.lastLine(old.key, indent) + 1)
	text := d.withComment(lines, old).at(indent, d.step, d.newline)
	if end > 0 && d.text[end-1] != '\n' {
		text = strings.TrimSuffix(text, d.newline)
	}
	return d.splice(d.line(old.key.Line), end, text)
}

// withComment is a block that keeps the comment behind the key which it replaces.
func (d *document) withComment(lines block, old *entry) block {
	from := d.offset(old.key)
	if _, end, err := d.span(old.value); err == nil && old.value.Line == old.key.Line {
		from = end
	}
	rest, _, _ := bytes.Cut(d.text[from:], []byte("\n"))
	comment := lineComment.FindString(strings.TrimRight(string(rest), "\r"))
	if len(lines) == 0 || comment == "" {
		return lines
	}
	return append(block{lines[0] + comment}, lines[1:]...)
}

var lineComment = regexp.MustCompile(`[ \t]+#.*$`)

// remove deletes a key and all that it holds.
func (d *document) remove(old *entry) error { return d.replace(old, nil) }

// lastLine is the last line of the entry that begins at node and at indentation
// indent: of what is indented deeper, without the blank lines and comments that follow.
func (d *document) lastLine(node *yaml.Node, indent int) int {
	last := node.Line
	for line := node.Line + 1; line <= d.lineCount(); line++ {
		text := d.lineText(line)
		trimmed := strings.TrimLeft(text, " ")
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		depth := len(text) - len(trimmed)
		isItem := trimmed == "-" || strings.HasPrefix(trimmed, "- ")
		if depth < indent || depth == indent && (!isItem || d.isItemAt(node, indent)) {
			break
		}
		last = line
	}
	return last
}

// isItemAt tells a list's item from a key: the item after it, at the same
// indentation, is not part of it, whereas a list may stand at its key's own.
func (d *document) isItemAt(node *yaml.Node, indent int) bool {
	text := d.lineText(node.Line)
	return len(text) > indent && text[indent] == '-'
}
