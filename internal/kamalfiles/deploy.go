package kamalfiles

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// setHost makes ip the only host of the role web in a deploy.yml. The file is
// parsed to find the place, and only the bytes of that place are replaced:
// writing the parsed file would lose blank lines and indentation.
func setHost(text []byte, ip string) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("it cannot be read as YAML, perhaps because of ERB: %w; set the address by hand:\n%s", err, byHand(ip))
	}
	host, err := webHost(&document)
	if err != nil {
		return nil, fmt.Errorf("%w; set the address by hand:\n%s", err, byHand(ip))
	}
	if host.Value == ip {
		return text, nil
	}
	return splice(text, host, ip)
}

func byHand(ip string) string { return "servers:\n  web:\n    - " + ip }

// webHost finds the one host of the role web in the shapes Kamal accepts:
// servers: [host], servers: {web: [host]} and servers: {web: {hosts: [host]}}.
func webHost(document *yaml.Node) (*yaml.Node, error) {
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it holds no settings")
	}
	node := value(document.Content[0], "servers")
	if node == nil {
		return nil, errors.New("there is no `servers:`")
	}
	for _, key := range []string{"web", "hosts"} {
		if node.Kind == yaml.MappingNode {
			if node = value(node, key); node == nil {
				return nil, fmt.Errorf("there is no `%s:` below `servers:`", key)
			}
		}
	}
	if node.Kind != yaml.SequenceNode || len(node.Content) != 1 || node.Content[0].Kind != yaml.ScalarNode {
		return nil, fmt.Errorf("line %d: the role web does not have exactly one plain host", node.Line)
	}
	return node.Content[0], nil
}

func value(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// splice puts a word in a scalar's place. If the bytes there are not the scalar
// that the parser told of (an anchor, a tag, an escape), it refuses.
func splice(text []byte, scalar *yaml.Node, word string) ([]byte, error) {
	start := offset(text, scalar.Line, scalar.Column)
	for _, quote := range []string{"", `"`, "'"} {
		old := []byte(quote + scalar.Value + quote)
		if start >= 0 && bytes.HasPrefix(text[start:], old) {
			return bytes.Join([][]byte{text[:start], []byte(quote + word + quote), text[start+len(old):]}, nil), nil
		}
	}
	return nil, fmt.Errorf("line %d: %q is not written plainly; set the address by hand:\n%s", scalar.Line, scalar.Value, byHand(word))
}

// offset turns a line and column, both from 1 and the column in characters,
// into an index of bytes; -1 when there is no such place.
func offset(text []byte, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		next := bytes.IndexByte(text[at:], '\n')
		if next < 0 {
			return -1
		}
		at += next + 1
	}
	for ; column > 1; column-- {
		if at >= len(text) || text[at] == '\n' {
			return -1
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	return at
}
