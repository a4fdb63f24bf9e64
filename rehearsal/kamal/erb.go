package kamal

import (
	"fmt"
	"regexp"
	"strings"
)

// Kamal renders deploy.yml by Ruby's ERB before it reads it, comments and all
// (lib/kamal/configuration.rb). What needs no Ruby is done here: comments, `%%`
// and the environment's variables.

var (
	erbTag      = regexp.MustCompile(`(?s)<%(.*?)%>(\n?)`)
	erbVariable = regexp.MustCompile(`^=\s*ENV(?:\[\s*(?:"(\w+)"|'(\w+)')\s*\]|\.fetch\(\s*(?:"(\w+)"|'(\w+)')\s*\))\s*-?$`)
)

// rendered is a template's text; an error names the first tag that only Ruby
// could run.
func rendered(text string, env environment) (string, error) {
	var problem error
	out := erbTag.ReplaceAllStringFunc(text, func(tag string) string {
		part := erbTag.FindStringSubmatch(tag)
		code, newline := part[1], part[2]
		switch variable := erbVariable.FindStringSubmatch(code); {
		case strings.HasPrefix(code, "%"):
			return "<" + code + "%>" + newline
		case strings.HasPrefix(code, "#"):
			if strings.HasSuffix(code, "-") {
				return ""
			}
			return newline
		case variable != nil:
			if strings.HasSuffix(code, "-") {
				newline = ""
			}
			return env.get(strings.Join(variable[1:], "")) + newline
		}
		if problem == nil {
			problem = fmt.Errorf("only Kamal itself runs Ruby in it; here it may have <%%= ENV[\"NAME\"] %%> and nothing else: %s", strings.TrimSpace(tag))
		}
		return tag
	})
	return out, problem
}
