package kamalfiles

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Kamal takes a secret whose command failed for an empty one and carries on: a
// locked Pulumi stack would mean a database with an empty password. Its
// pre-connect hook runs before it first connects, sees the secrets in its
// environment, and stops the run when it fails
// (https://kamal-deploy.org/docs/hooks/pre-connect/).

const (
	hookBegins = "# Written by the deployment program: no deploy with an empty secret."
	hookEnds   = "# End of what the deployment program wrote."
)

// writtenGuard is what an earlier run wrote, to the end of its last line or of the file.
var writtenGuard = regexp.MustCompile(`(?ms)^` + regexp.QuoteMeta(hookBegins) + `.*?^` + regexp.QuoteMeta(hookEnds) + `[^\n]*(\n|\z)`)

// shellScript is a first line that names a shell which reads what is written
// here (fish, csh and pwsh do not).
var shellScript = regexp.MustCompile(`^#!\s*(\S+/)?(env\s+(-S\s+)?)?(\S+/)?(sh|bash|dash|ash|ksh|mksh|zsh)(\s+-\S+)*$`)

// guardSecrets puts the check into the hook, before anything that the
// developer has it do. It refuses hooks that are not shell scripts.
func guardSecrets(text []byte, names []string) ([]byte, error) {
	guard := hookGuard(names)
	if len(text) == 0 {
		return []byte("#!/bin/sh\n" + guard), nil
	}
	if written := writtenGuard.FindIndex(text); written != nil {
		return replaced(text, written[0], written[1], guard), nil
	}
	if start := bytes.Index(text, []byte(hookBegins)); start >= 0 {
		return nil, lineRefusal(text, start, "what was written here has lost its last line (%q); delete what is left of it, and it is written anew", hookEnds)
	}
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	interpreter := strings.TrimSpace(string(first))
	if !shellScript.MatchString(interpreter) {
		return nil, refusal{1, fmt.Sprintf("it is run by %q, and only shell scripts are added to; it is left as it is, see to it that it exits with an error when one of these is empty: %s", interpreter, strings.Join(names, " "))}
	}
	// Joined by parts, not by positions: the first line may be the last, without an end.
	return slices.Concat(first, []byte("\n"+guard), rest), nil
}

// hookGuard tells an unset variable of the environment from a command that
// failed: what mends the one does not mend the other.
func hookGuard(names []string) string {
	return hookBegins + `
for name in ` + strings.Join(names, " ") + `; do
  [ -z "$(printenv "$name")" ] || continue
  line=$(cat .kamal/secrets* 2>/dev/null | grep "^$name=" | tail -n 1)
  echo "The secret $name is empty, so nothing is deployed." >&2
  if grep -qs '$(pulumi ' .kamal/secrets* && ! command -v pulumi >/dev/null; then
    echo "pulumi, which .kamal/secrets asks, is not on your PATH; to Kamal the whole file is then empty. Install it: https://www.pulumi.com/docs/install/" >&2
    exit 1
  fi
  case $line in
    *'$('*) echo "The command in its line of .kamal/secrets failed: run that by hand to see why (is Pulumi installed, logged in, the passphrase set?)." >&2 ;;
    *'$'*) echo "It comes from your environment, where it is not set: export $(printf %s "${line#*=}" | tr -cd A-Za-z0-9_)=..." >&2 ;;
    *) echo "Give it a value in .kamal/secrets, by a command or from your environment." >&2 ;;
  esac
  exit 1
done
` + hookEnds + "\n"
}
