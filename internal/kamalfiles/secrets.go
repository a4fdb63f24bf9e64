package kamalfiles

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// addSecrets adds the entries that .kamal/secrets does not define yet. What the
// developer defined, in whatever way, is left alone.
func addSecrets(text []byte, wanted map[string]string) []byte {
	newline := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		newline = "\r\n"
	}
	var added strings.Builder
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if !defines(text, name) {
			fmt.Fprintf(&added, "%s=%s%s", name, wanted[name], newline)
		}
	}
	if added.Len() == 0 {
		return text
	}
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(bytes.Clone(text), newline...)
	}
	return append(bytes.Clone(text), added.String()...)
}

// defines tells whether dotenv would find the name: at a line's start, perhaps
// after `export`.
func defines(text []byte, name string) bool {
	return regexp.MustCompile(`(?m)^[ \t]*(export[ \t]+)?` + regexp.QuoteMeta(name) + `[ \t]*=`).Match(text)
}
