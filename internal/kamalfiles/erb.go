package kamalfiles

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Kamal runs deploy.yml through ERB, comments included, before it reads YAML.

var (
	erbTag    = regexp.MustCompile(`(?s)<%.*?%>`)
	erbOpens  = regexp.MustCompile(`(^\s*(if|unless|case|while|until|begin|for)\b|\bdo\b\s*(\|[^|]*\|)?\s*$|\{\s*(\|[^|]*\|)?\s*$)`)
	erbCloses = regexp.MustCompile(`^\s*(end\b|\})`)
)

// maskERB gives the YAML parser something to read: every tag becomes a word of
// the same length in bytes, and a tag that prints nothing and stands alone on
// its line becomes a comment. conditional tells the lines (from 1) that stand
// inside an if, a loop or another block: what they come to is not known.
func maskERB(text []byte) (masked []byte, conditional map[int]bool) {
	masked = bytes.Clone(text)
	conditional = map[int]bool{}
	depth, line, at := 0, 1, 0
	for _, tag := range erbTag.FindAllIndex(text, -1) {
		line += countLines(text[at:tag[0]], line, depth, conditional)
		code := string(text[tag[0]+2 : tag[1]-2])
		prints := strings.HasPrefix(code, "=")
		if !prints && !strings.HasPrefix(code, "#") {
			code = strings.Trim(code, "-")
			if erbCloses.MatchString(code) {
				depth--
			}
			if erbOpens.MatchString(code) {
				depth++
			}
		}
		line += countLines(text[tag[0]:tag[1]], line, depth, conditional)
		at = tag[1]
		fill(masked[tag[0]:tag[1]], prints || !nothingBefore(text, tag[0]), nothingAfter(text, tag[1]))
	}
	countLines(text[at:], line, depth, conditional)
	return masked, conditional
}

func countLines(part []byte, line, depth int, conditional map[int]bool) int {
	lines := bytes.Count(part, []byte("\n"))
	if depth > 0 {
		for i := 0; i <= lines; i++ {
			conditional[line+i] = true
		}
	}
	return lines
}

// fill writes a word or a comment over a tag. What it prints stands where it
// begins, so the further lines of a long one are blank.
func fill(tag []byte, isWord, endsItsLine bool) {
	filler := byte('E')
	if !isWord && endsItsLine {
		filler = '#'
	}
	for i := range tag {
		switch {
		case tag[i] == '\n':
			if endsItsLine {
				filler = ' '
			}
		case tag[i] != '\r':
			tag[i] = filler
		}
	}
}

func nothingBefore(text []byte, at int) bool {
	return len(bytes.TrimSpace(text[bytes.LastIndexByte(text[:at], '\n')+1:at])) == 0
}

func nothingAfter(text []byte, at int) bool {
	rest, _, _ := bytes.Cut(text[at:], []byte("\n"))
	return len(bytes.TrimSpace(rest)) == 0
}

// replaceTags lets bytes be replaced that hold ERB tags, if each is a whole
// value: what it stands for is then what the stack knows, and a note says so.
// A tag that is part of a value, or steers lines, stays its owner's.
func (d *document) replaceTags(start, end int, with string) error {
	for _, tag := range erbTag.FindAllIndex(d.text[start:end], -1) {
		from, to := start+tag[0], start+tag[1]
		line := 1 + bytes.Count(d.text[:from], []byte("\n"))
		if strings.HasPrefix(strings.TrimSpace(d.lineText(line)), "#") {
			continue
		}
		if !d.isWholeValue(from, to) {
			return refusal{line, fmt.Sprintf("%s decides this", d.text[from:to])}
		}
		tag, value := string(d.text[from:to]), strings.Trim(with, `"'`)
		if strings.Contains(d.lineText(line), "password") {
			tag = "an ERB tag"
		}
		if value == "" || strings.Contains(value, "\n") {
			value = "what the stack knows"
		}
		d.noteLine(line, "%s stood here; in its place stands %s now", tag, value)
	}
	return nil
}

var (
	beforeValue = regexp.MustCompile(`(:|-|\[|,)[ \t]*["']?$|^[ \t]*["']?$`)
	afterValue  = regexp.MustCompile(`^["']?[ \t]*(\r?$|#|,|\]|\})`)
)

// isWholeValue tells whether a tag that prints is all of a value or an item.
func (d *document) isWholeValue(from, to int) bool {
	lineStart := bytes.LastIndexByte(d.text[:from], '\n') + 1
	rest, _, _ := bytes.Cut(d.text[to:], []byte("\n"))
	return bytes.HasPrefix(d.text[from:to], []byte("<%=")) && beforeValue.Match(d.text[lineStart:from]) && afterValue.Match(rest)
}

// tag is the ERB that all of a scalar's value comes from, or "".
func (d *document) tag(node *yaml.Node) string {
	start := d.offset(node)
	if start < len(d.text) && (d.text[start] == '"' || d.text[start] == '\'') {
		start++
	}
	at := erbTag.FindIndex(d.text[start:])
	if at == nil || at[0] != 0 || !d.isWholeValue(start, start+at[1]) {
		return ""
	}
	return string(d.text[start : start+at[1]])
}

// said is a scalar's value as a message may say it: quoted, and with its ERB
// tags as they stand in the file.
func (d *document) said(node *yaml.Node) string {
	if tag := d.tag(node); tag != "" {
		return tag
	}
	start := d.offset(node)
	if start < len(d.masked) && (d.masked[start] == '"' || d.masked[start] == '\'') {
		start++
	}
	if end := start + len(node.Value); bytes.HasPrefix(d.masked[start:], []byte(node.Value)) {
		return fmt.Sprintf("%q", d.text[start:end])
	}
	return fmt.Sprintf("%q", node.Value)
}
