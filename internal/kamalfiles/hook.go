package kamalfiles

import (
	"bytes"
	"fmt"
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

// guardSecrets puts the check into the hook, before anything that the
// developer has it do. It refuses hooks that are not shell scripts.
func guardSecrets(text []byte, names []string) ([]byte, error) {
	guard := hookGuard(names)
	if len(text) == 0 {
		return []byte("#!/bin/sh\n" + guard), nil
	}
	start, end := bytes.Index(text, []byte(hookBegins)), bytes.Index(text, []byte(hookEnds))
	if start >= 0 && end > start {
		return replaced(text, start, end+len(hookEnds)+1, guard), nil
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if interpreter := string(bytes.TrimSpace(first)); !strings.HasPrefix(interpreter, "#!") || !strings.HasSuffix(interpreter, "sh") {
		return nil, refusal{1, fmt.Sprintf("it is run by %q, and only shell scripts are added to; it is left as it is, see to it that it exits with an error when one of these is empty: %s", interpreter, strings.Join(names, " "))}
	}
	return replaced(text, len(first)+1, len(first)+1, guard), nil
}

func hookGuard(names []string) string {
	return hookBegins + `
for name in ` + strings.Join(names, " ") + `; do
  if [ -z "$(printenv "$name")" ]; then
    echo "The secret $name is empty, so nothing is deployed. Its line in .kamal/secrets failed:" >&2
    echo "run the command there by hand to see why (is Pulumi installed, logged in, the passphrase set?)." >&2
    exit 1
  fi
done
` + hookEnds + "\n"
}
