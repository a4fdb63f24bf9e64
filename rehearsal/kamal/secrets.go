package kamal

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// secrets are the entries of .kamal/secrets-common and of .kamal/secrets (or
// .kamal/secrets.DESTINATION), the second over the first
// (lib/kamal/secrets.rb). They are read when the first of them is wanted, once.
type secrets struct {
	dir, path, destination string
	env                    environment
	stderr                 io.Writer

	once   sync.Once
	values []pair // in the order of the files
	err    error
}

// get is a secret's value: empty when what it refers to is not there. An error
// when no file has it.
func (s *secrets) get(name string) (string, error) {
	all, err := s.all()
	if err != nil {
		return "", err
	}
	for _, p := range all {
		if p.key == name {
			return p.value.node.Value, nil
		}
	}
	if files := s.files(true); len(files) > 0 {
		return "", failed("Kamal::ConfigurationError", "Secret '%s' not found in %s", name, strings.Join(files, ", "))
	}
	return "", failed("Kamal::ConfigurationError", "Secret '%s' not found, no secret files (%s) provided", name, strings.Join(s.files(false), ", "))
}

// all are the secrets; the error is a file that cannot be read or parsed.
func (s *secrets) all() ([]pair, error) {
	s.once.Do(func() {
		for _, file := range s.files(true) {
			text, err := os.ReadFile(s.absolute(file))
			if err != nil {
				s.err = err
				return
			}
			entries, err := parseDotenv(string(text), s.env, s.command)
			if errors.Is(err, exec.ErrNotFound) {
				continue // dotenv takes that for a file that is not there, and none of its entries are
			}
			if err != nil {
				s.err = err
				return
			}
			for _, p := range entries {
				s.values = withPair(s.values, p)
			}
		}
	})
	return s.values, s.err
}

// files are the names of the files, or of those that are there.
func (s *secrets) files(there bool) []string {
	second := s.path
	if s.destination != "" {
		second += "." + s.destination
	}
	var files []string
	for _, file := range []string{s.path + "-common", second} {
		if _, err := os.Stat(s.absolute(file)); err == nil || !there {
			files = append(files, file)
		}
	}
	return files
}

func (s *secrets) absolute(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(s.dir, file)
}

// shellSigns are the characters for which Ruby hands a command to a shell, and
// shellWords the commands; others it starts itself (rb_exec_fillarg in process.c).
const shellSigns = "*?{}[]<>()~&|\\$;'`\"\n#"

var shellWords = strings.Fields("! . : break case continue do done elif else esac eval exec exit export fi for if in readonly return set shift then times trap unset until while")

// command is what a $(command) prints. Whether it failed is not asked, and what
// it says on stderr is the developer's to see: so it is with Kamal. The error is
// exec.ErrNotFound for a program that Ruby starts itself and that is not there;
// a shell would only have said so.
func (s *secrets) command(text string) (string, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return "", nil
	}
	args := []string{"/bin/sh", "-c", text}
	if !strings.ContainsAny(text, shellSigns) && !strings.Contains(words[0], "=") && !slices.Contains(shellWords, words[0]) {
		program, err := s.env.program(words[0])
		if err != nil {
			return "", err
		}
		args = append([]string{program}, words[1:]...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stderr = s.dir, s.env, s.stderr
	printed, _ := cmd.Output()
	return strings.TrimSuffix(strings.TrimSuffix(string(printed), "\n"), "\r"), nil
}
