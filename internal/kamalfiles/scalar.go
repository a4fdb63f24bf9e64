package kamalfiles

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// scalar is a value as it is to be.
type scalar struct {
	value string
	tag   string // "!!str" or "!!bool"
}

func word(value string) scalar { return scalar{value, "!!str"} }

var yes = scalar{"true", "!!bool"}

var plainSafe = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./@-]*$|^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$`)

// written is the scalar as a careful person writes it: quoted only where YAML
// might take it for something else.
func (s scalar) written() string {
	plain := plainSafe.MatchString(s.value) || imageName.MatchString(s.value)
	if s.tag != "!!str" || plain && !yamlWords[strings.ToLower(s.value)] {
		return s.value
	}
	return `"` + s.value + `"`
}

var (
	imageName = regexp.MustCompile(`^[a-z][a-z0-9._/-]*:[0-9][a-z0-9._-]*$`)
	yamlWords = map[string]bool{"true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "null": true, "y": true, "n": true}
)

func (s scalar) is(node *yaml.Node) bool {
	node = resolved(node)
	return node.Kind == yaml.ScalarNode && node.Value == s.value && (node.Tag == "!!bool") == (s.tag == "!!bool")
}

// setScalar puts the scalar in a node's place, in the quotes that it had.
func (d *document) setScalar(node *yaml.Node, want scalar) error {
	if want.is(node) {
		return nil
	}
	start, end, err := d.span(node)
	if err != nil {
		return err
	}
	text := want.written()
	if quote := d.masked[start]; want.tag == "!!str" && (quote == '"' || quote == '\'') {
		text = string(quote) + want.value + string(quote)
	}
	return d.splice(start, end, text)
}
