package settings

import (
	"fmt"
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
		keys = append(keys, r.publicKeysIn(key, item)...)
	}
	return keys
}

// publicKeysIn returns every key of a file or of a text, as lines of
// authorized_keys, with the options that restrict what it may do.
func (r *reader) publicKeysIn(key, item string) []string {
	text := item
	if !strings.Contains(item, " ") {
		content, err := r.env.ReadFile(r.expand(item))
		if err != nil {
			r.mistake("%s: cannot read %s; accepted are public keys or paths of .pub files; make a key with: ssh-keygen -t ed25519, or name yours with: pulumi config set %s ~/.ssh/NAME.pub", key, item, key)
			return nil
		}
		text = string(content)
	}
	if strings.Contains(text, "PRIVATE KEY") {
		r.mistake("%s: %s is a private key, which must never leave your machine; accepted is the public one: pulumi config set %s %s.pub", key, shown(item), key, shown(item))
		return nil
	}
	var keys []string
	// Line by line: by itself the parser passes over what it cannot read.
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parsed, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil {
			r.noPublicKey(key, fmt.Sprintf("line %d of %s", number+1, shown(item)))
			return nil
		}
		words := []string{strings.Join(options, ","), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(parsed))), comment}
		keys = append(keys, strings.TrimSpace(strings.Join(words, " ")))
	}
	if len(keys) == 0 {
		r.noPublicKey(key, shown(item))
	}
	return keys
}

func (r *reader) noPublicKey(key, where string) {
	r.mistake("%s: %s holds no public key; accepted is a line such as \"ssh-ed25519 AAAA... you@laptop\"; mend it with: pulumi config set %s ~/.ssh/id_ed25519.pub", key, where, key)
}

// shown is what a message may say of an entry: paths whole, key texts never.
func shown(item string) string {
	if strings.Contains(item, " ") || strings.Contains(item, "\n") {
		return "the key text given"
	}
	return item
}

// restricted lets keys run commands, and nothing else: no terminal, no forwarding
// (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
func restricted(keys []string) []string {
	var lines []string
	for _, key := range keys {
		separator := ","
		if _, _, options, _, err := ssh.ParseAuthorizedKey([]byte(key)); err == nil && len(options) == 0 {
			separator = " "
		}
		lines = append(lines, "restrict"+separator+key)
	}
	return lines
}
