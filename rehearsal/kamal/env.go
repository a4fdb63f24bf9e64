package kamal

import (
	"slices"
	"strconv"
	"strings"
)

// env are a container's variables: those in clear, which stand in commands, and
// the names of those that come from the secrets, which go in a file
// (lib/kamal/configuration/env.rb).
type env struct {
	clear  []pair
	secret []string // NAME, or NAME:SECRET
}

// envOf reads an env section: one without clear, secret and tags is all clear.
func envOf(root value) env {
	e := env{secret: root.get("secret").texts()}
	switch {
	case root.has("clear"):
		e.clear = root.get("clear").pairs()
	case !root.has("secret") && !root.has("tags"):
		e.clear = root.pairs()
	}
	return e
}

// merged has other's variables over its own.
func (e env) merged(other env) env {
	all := env{clear: slices.Clone(e.clear), secret: unique(append(slices.Clone(e.secret), other.secret...))}
	for _, p := range other.clear {
		all.clear = withPair(all.clear, p)
	}
	return all
}

// file is the text of the secrets' file; an error when a secret is not there.
func (e env) file(s *secrets) (string, error) {
	var pairs [][2]string
	for _, entry := range e.secret {
		name, from, renamed := strings.Cut(entry, ":")
		if !renamed {
			from = name
		}
		text, err := s.get(from)
		if err != nil {
			return "", err
		}
		pairs = append(pairs, [2]string{name, text})
	}
	return envFile(pairs), nil
}

// loggingArgs is how Docker keeps a container's log
// (lib/kamal/configuration/logging.rb).
func loggingArgs(root value) string {
	driver, opts := root.get("driver"), root.get("options")
	if driver.isBlank() && opts.isBlank() {
		return `--log-opt max-size="10m"`
	}
	parts := []string{}
	if !driver.isBlank() {
		parts = append(parts, "--log-driver", quoted(driver.text()))
	}
	return words(append(parts, arguments("--log-opt", opts.pairs()))...)
}

func textOf(number int) string { return strconv.Itoa(number) }
