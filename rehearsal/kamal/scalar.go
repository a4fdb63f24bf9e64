package kamal

import (
	"regexp"
	"strconv"
	"strings"
)

// Scalars without quotes, as Ruby's YAML 1.1 understands them
// (psych/scalar_scanner.rb).

var (
	decimal     = regexp.MustCompile(`^[-+]?(?:0|[1-9](?:[0-9]|[,_][0-9])*)$`)
	octal       = regexp.MustCompile(`^[-+]?0[0-7_,]+$`)
	otherBase   = regexp.MustCompile(`^[-+]?0(?:x[0-9a-fA-F_,]+|b[01_]+)$`)
	sexagesimal = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}$`)
	float       = regexp.MustCompile(`^[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?$`)
)

// rubyNumber prints what looks like a number as the number that Ruby's YAML makes
// of it: 0644 is 420, 1.50 is 1.5, and 2222:22 without quotes is 8000520.
func rubyNumber(text string) string {
	digits := strings.NewReplacer("_", "", ",", "").Replace(text)
	switch {
	case decimal.MatchString(text):
		return strings.TrimPrefix(digits, "+")
	case octal.MatchString(text), otherBase.MatchString(text):
		if n, err := strconv.ParseInt(digits, 0, 64); err == nil {
			return strconv.FormatInt(n, 10)
		}
	case sexagesimal.MatchString(text):
		total := 0
		for i, part := range strings.Split(digits, ":") { // hours:minutes:seconds, also when there are two
			n, _ := strconv.Atoi(part)
			total += n * []int{3600, 60, 1}[i]
		}
		return strconv.Itoa(total)
	case float.MatchString(text) && text != ".":
		if f, err := strconv.ParseFloat(digits, 64); err == nil {
			printed := strconv.FormatFloat(f, 'f', -1, 64)
			if !strings.Contains(printed, ".") {
				printed += ".0"
			}
			return printed
		}
	}
	return text
}
