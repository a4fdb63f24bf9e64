package kamalfiles

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// Items of lists, in brackets or below each other. An item's comment behind it is
// part of it, a comment above it is not.

// insertItem puts a word before an item of a list, or behind all of them.
func (d *document) insertItem(list *yaml.Node, at int, value string) error {
	return d.insertRaw(list, at, word(value).written(), "- "+word(value).written()+d.newline)
}

// insertRaw puts an item into a list as it is written in brackets, or as a line
// with its dash and further ones.
func (d *document) insertRaw(list *yaml.Node, at int, inBrackets, asLines string) error {
	behind := at == len(list.Content)
	if isFlow(list) && behind {
		_, end, err := d.itemSpan(list.Content[at-1])
		if err != nil {
			return err
		}
		return d.splice(end, end, ", "+inBrackets)
	}
	if isFlow(list) {
		start, _, err := d.itemSpan(list.Content[at])
		if err != nil {
			return err
		}
		return d.splice(start, start, inBrackets+", ")
	}
	if behind {
		at--
	}
	first, last, dash, err := d.itemLines(list.Content[at])
	if err != nil {
		return err
	}
	if behind {
		first = last + 1
	}
	return d.insertLines(first, strings.Repeat(" ", dash)+asLines)
}

// removeItem takes an item out of a list that keeps others.
func (d *document) removeItem(list *yaml.Node, at int) error {
	if !isFlow(list) {
		first, last, _, err := d.itemLines(list.Content[at])
		if err != nil {
			return err
		}
		return d.splice(d.line(first), d.line(last+1), "")
	}
	start, end, err := d.itemSpan(list.Content[at])
	if err != nil {
		return err
	}
	if at > 0 {
		_, start, err = d.itemSpan(list.Content[at-1])
	} else {
		end, _, err = d.itemSpan(list.Content[at+1])
	}
	if err != nil {
		return err
	}
	return d.splice(start, end, "")
}

// moveItem puts an item before another that stands above it.
func (d *document) moveItem(list *yaml.Node, from, to int, path ...string) error {
	inBrackets, asLines := "", ""
	if isFlow(list) {
		start, end, err := d.itemSpan(list.Content[from])
		if err != nil {
			return err
		}
		inBrackets = string(d.text[start:end])
	} else {
		first, last, dash, err := d.itemLines(list.Content[from])
		if err != nil {
			return err
		}
		text := string(d.text[d.line(first)+dash : d.line(last+1)])
		asLines = strings.TrimSuffix(text, d.newline) + d.newline
	}
	if err := d.removeItem(list, from); err != nil {
		return err
	}
	return d.insertRaw(d.at(path...), to, inBrackets, asLines)
}

// itemLines are an item's lines, from 1, and where its dash stands.
func (d *document) itemLines(item *yaml.Node) (first, last, dash int, err error) {
	text := d.lineText(item.Line)
	bare := strings.TrimLeft(text, " ")
	if !strings.HasPrefix(bare, "-") {
		return 0, 0, 0, refuse(item, "this item does not stand behind a dash on a line of its own")
	}
	dash = len(text) - len(bare)
	return item.Line, d.lastLine(item, dash), dash, nil
}

// itemSpan finds the bytes of an item in brackets: a word, or a word with another
// behind a colon.
func (d *document) itemSpan(item *yaml.Node) (start, end int, err error) {
	if item.Kind != yaml.MappingNode {
		return d.span(item)
	}
	key := hostOf(item)
	if key == item || d.masked[d.offset(item)] == '{' {
		return 0, 0, refuse(item, "this item is more than a host with a tag; write the list with a dash before each")
	}
	if start, _, err = d.span(key); err != nil {
		return 0, 0, err
	}
	_, end, err = d.span(item.Content[1])
	return start, end, err
}
