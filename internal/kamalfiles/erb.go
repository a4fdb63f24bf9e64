package kamalfiles

import (
	"bytes"
	"regexp"
	"strings"
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
