package settings

import (
	"strings"

	"golang.org/x/crypto/ssh"
)

// publicKeys reads keys given as text or as paths of .pub files.
func (r *reader) publicKeys(key string, fallback []string) []string {
	items := r.list(key)
	if len(items) == 0 {
		items = fallback
	}
	var keys []string
	for _, item := range items {
		if line, ok := r.publicKey(key, item); ok {
			keys = append(keys, line)
		}
	}
	return keys
}

func (r *reader) publicKey(key, item string) (string, bool) {
	text := item
	if !strings.Contains(item, " ") {
		content, err := r.env.ReadFile(r.expand(item))
		if err != nil {
			r.mistake("%s: cannot read %s; accepted are public keys or paths of .pub files; make a key with: ssh-keygen -t ed25519, or name yours with: pulumi config set %s ~/.ssh/NAME.pub", key, item, key)
			return "", false
		}
		text = string(content)
	}
	if strings.Contains(text, "PRIVATE KEY") {
		r.mistake("%s: %s is a private key, which must never leave your machine; accepted is the public one: pulumi config set %s %s.pub", key, shown(item), key, shown(item))
		return "", false
	}
	parsed, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		r.mistake("%s: %s holds no public key; accepted is a line such as \"ssh-ed25519 AAAA... you@laptop\"; mend it with: pulumi config set %s ~/.ssh/id_ed25519.pub", key, shown(item), key)
		return "", false
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(parsed)))
	return strings.TrimSpace(line + " " + comment), true
}

// shown is what a message may say of an entry: paths whole, key texts never.
func shown(item string) string {
	if strings.Contains(item, " ") || strings.Contains(item, "\n") {
		return "the key text given"
	}
	return item
}
