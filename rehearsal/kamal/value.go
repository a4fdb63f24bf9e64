package kamal

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// value is a place in deploy.yml, read as Ruby's YAML 1.1 reads it; the zero
// value is a place where nothing is.
type value struct{ node *yaml.Node }

// pair is a key and its value, in the order of the file.
type pair struct {
	key   string
	value value
}

// textValue is a string that did not come from the file.
func textValue(text string) value {
	return value{&yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle, Value: text}}
}

// trueValue is true, from elsewhere than the file.
var trueValue = value{&yaml.Node{Kind: yaml.ScalarNode, Value: "true"}}

// listValue is a list of strings from elsewhere than the file.
func listValue(texts []string) value {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, text := range texts {
		list.Content = append(list.Content, textValue(text).node)
	}
	return value{list}
}

func (v value) resolved() *yaml.Node {
	n := v.node
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func (v value) kind() yaml.Kind {
	if n := v.resolved(); n != nil {
		return n.Kind
	}
	return 0
}

func (v value) isMap() bool    { return v.kind() == yaml.MappingNode }
func (v value) isList() bool   { return v.kind() == yaml.SequenceNode }
func (v value) isScalar() bool { return v.kind() == yaml.ScalarNode && !v.isNull() }

// plain is the text of a scalar that stands without quotes.
func (v value) plain() (string, bool) {
	n := v.resolved()
	if n == nil || n.Kind != yaml.ScalarNode || n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 || n.Tag == "!!str" && n.Style&yaml.TaggedStyle != 0 {
		return "", false
	}
	return n.Value, true
}

// isNull tells nil, and a key that is not there at all.
func (v value) isNull() bool {
	if v.resolved() == nil {
		return true
	}
	text, plain := v.plain()
	return plain && (text == "" || text == "~" || strings.EqualFold(text, "null"))
}

// Ruby's words for true and false are those of YAML 1.1 (psych/scalar_scanner.rb).
func (v value) isTrue() bool  { return v.isWord("yes", "true", "on") }
func (v value) isFalse() bool { return v.isWord("no", "false", "off") }

func (v value) isWord(words ...string) bool {
	text, plain := v.plain()
	return plain && slices.Contains(words, strings.ToLower(text))
}

// isBlank is Ruby on Rails' blank?: nil, false, and what is empty.
func (v value) isBlank() bool {
	switch n := v.resolved(); {
	case v.isNull() || v.isFalse():
		return true
	case n.Kind == yaml.ScalarNode:
		return strings.TrimSpace(n.Value) == ""
	default:
		return len(n.Content) == 0
	}
}

// text is a scalar as Ruby's to_s prints it: numbers and words lose the way
// they were written.
func (v value) text() string {
	n := v.resolved()
	if n == nil || n.Kind != yaml.ScalarNode || v.isNull() {
		return ""
	}
	plain, ok := v.plain()
	switch {
	case !ok:
		return n.Value
	case v.isTrue():
		return "true"
	case v.isFalse():
		return "false"
	}
	return rubyNumber(plain)
}

// number is a scalar's number, or otherwise when there is none.
func (v value) number(otherwise int) int {
	if n, err := strconv.Atoi(v.text()); err == nil {
		return n
	}
	return otherwise
}

// or is the text, or otherwise when the key is not there.
func (v value) or(otherwise string) string {
	if v.node == nil {
		return otherwise
	}
	return v.text()
}

// get is the value of a key; of keys that stand twice the last one counts.
func (v value) get(path ...string) value {
	for _, key := range path {
		found := value{}
		for _, p := range v.pairs() {
			if p.key == key {
				found = p.value
			}
		}
		v = found
	}
	return v
}

// has tells whether a key is there, even without a value.
func (v value) has(key string) bool { return v.get(key).node != nil }

// pairs are a mapping's keys and values, those of its merge keys (<<) too.
func (v value) pairs() []pair {
	n := v.resolved()
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var all []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := value{n.Content[i]}, value{n.Content[i+1]}
		if text, plain := key.plain(); plain && text == "<<" {
			for _, source := range append(val.list(), val) {
				for _, p := range source.pairs() {
					all = withPair(all, p)
				}
			}
			continue
		}
		all = withPair(all, pair{key.text(), val})
	}
	return all
}

// withPair sets a key as a Ruby hash does: one that is there keeps its place.
func withPair(all []pair, p pair) []pair {
	for i := range all {
		if all[i].key == p.key {
			all[i].value = p.value
			return all
		}
	}
	return append(all, p)
}

// list are the entries of a list, none when it is something else.
func (v value) list() []value {
	n := v.resolved()
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	var all []value
	for _, entry := range n.Content {
		all = append(all, value{entry})
	}
	return all
}

// texts are the entries of a list of scalars.
func (v value) texts() []string {
	var all []string
	for _, entry := range v.list() {
		all = append(all, entry.text())
	}
	return all
}

// mapValue is a mapping of these pairs.
func mapValue(pairs []pair) value {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, p := range pairs {
		n.Content = append(n.Content, textValue(p.key).node, p.value.node)
	}
	return value{n}
}

// merged is Ruby on Rails' deep_merge: other's values win, mappings are merged.
func (v value) merged(other value) value {
	all := slices.Clone(v.pairs())
	for _, p := range other.pairs() {
		if mine := v.get(p.key); mine.isMap() && p.value.isMap() {
			p.value = mine.merged(p.value)
		}
		all = withPair(all, p)
	}
	return mapValue(all)
}
