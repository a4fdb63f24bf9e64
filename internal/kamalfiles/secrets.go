package kamalfiles

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Secret is an entry of .kamal/secrets: never a value that is secret, always a
// reference that Kamal resolves when it runs (`$VARIABLE` or `$(command)`).
type Secret struct {
	Name      string
	Reference string
	Why       string // a comment for a new entry; "" for none
	// Outdated tells the references that earlier runs wrote and that lead
	// elsewhere than they shall now; they become Reference. nil for none.
	Outdated func(reference string) bool
}

// addSecrets adds the entries that are not defined yet, here or in the files
// read before (common). What the developer defined, in whatever way, is left
// alone. A commented entry of that very name and reference is uncommented.
func addSecrets(text, common []byte, wanted []Secret) []byte {
	text = renewReferences(text, wanted)
	newline := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		newline = "\r\n"
	}
	var added strings.Builder
	for _, secret := range wanted {
		if defines(text, secret.Name) || defines(common, secret.Name) {
			continue
		}
		entry := secret.Name + "=" + secret.Reference
		commented := regexp.MustCompile(`(?m)^[ \t]*#[ \t]*` + regexp.QuoteMeta(entry) + `[ \t]*(\r?)$`)
		if place := commented.FindIndex(text); place != nil {
			line := bytes.TrimRight(text[place[0]:place[1]], "\r")
			text = bytes.Join([][]byte{text[:place[0]], []byte(entry), text[place[0]+len(line):]}, nil)
			continue
		}
		if secret.Why != "" {
			added.WriteString(newline + "# " + secret.Why + newline)
		}
		added.WriteString(entry + newline)
	}
	if added.Len() == 0 {
		return text
	}
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(bytes.Clone(text), newline...)
	}
	if len(text) == 0 {
		return []byte(strings.TrimPrefix(added.String(), newline))
	}
	return append(bytes.Clone(text), added.String()...)
}

// renewReferences rewrites, where they stand, the references that an earlier
// run wrote and that lead elsewhere than they shall now.
func renewReferences(text []byte, wanted []Secret) []byte {
	for _, found := range slices.Backward(definition.FindAllSubmatchIndex(text, -1)) {
		name, value := string(text[found[2]:found[3]]), string(text[found[4]:found[5]])
		for _, secret := range wanted {
			if secret.Name == name && secret.Outdated != nil && secret.Outdated(value) {
				text = replaced(text, found[4], found[5], secret.Reference)
			}
		}
	}
	return text
}

// definition is a line that dotenv reads as one, perhaps after `export`.
var definition = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:][ \t]*(.*?)[ \t]*\r?$`)

func defines(text []byte, name string) bool {
	for _, found := range definition.FindAllSubmatch(text, -1) {
		if string(found[1]) == name {
			return true
		}
	}
	return false
}

// literals are the entries whose value stands in the file itself: neither
// `$VARIABLE` nor `$(command)`, and not one of the names that are no secret.
func literals(path string, text []byte) []string {
	var told []string
	for _, found := range definition.FindAllSubmatchIndex(text, -1) {
		name, value := string(text[found[2]:found[3]]), strings.Trim(string(text[found[4]:found[5]]), `"'`)
		if value == "" || strings.Contains(value, "$") || !soundsSecret.MatchString(name) {
			continue
		}
		line := 1 + bytes.Count(text[:found[2]], []byte("\n"))
		told = append(told, fmt.Sprintf("%s: line %d: %s stands there in clear, and this file is committed; write a reference instead, such as %s=$%s, and change the secret", path, line, name, name, name))
	}
	return told
}

var soundsSecret = regexp.MustCompile(`PASSWORD|SECRET|TOKEN|KEY|PEM|DATABASE_URL|CREDENTIAL`)
