package kamalfiles

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// insertFlow adds `key: value` to a mapping written in braces.
func (d *document) insertFlow(mapping *yaml.Node, lines block) error {
	if len(lines) != 1 || strings.HasSuffix(lines[0], ":") {
		return refuse(mapping, "a section is wanted here, which does not fit into braces")
	}
	return d.intoBrackets(mapping, []string{lines[0]})
}

func (d *document) appendFlow(list *yaml.Node, words []string) error {
	var written []string
	for _, value := range words {
		written = append(written, word(value).written())
	}
	return d.intoBrackets(list, written)
}

func (d *document) intoBrackets(collection *yaml.Node, parts []string) error {
	text := strings.Join(parts, ", ")
	if len(collection.Content) == 0 {
		at := d.offset(collection) + 1
		if anchor := anchorAt.Find(d.masked[at-1:]); anchor != nil {
			at += len(anchor)
		}
		return d.splice(at, at, text)
	}
	_, end, err := d.span(collection.Content[len(collection.Content)-1])
	if err != nil {
		return err
	}
	return d.splice(end, end, ", "+text)
}
