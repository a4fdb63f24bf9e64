package toolchain

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/modfile"
)

// What the CLI and the program both need is compiled once only where its version
// is the same: otherwise a first rehearsal takes minutes longer.
func TestProgramAndToolchainNameTheSameVersions(t *testing.T) {
	ours, program := versions(t, filepath.Join("..", "go.mod")), versions(t, filepath.Join("..", "..", "go.mod"))
	shared := 0
	for module, version := range program {
		if other, both := ours[module]; both {
			shared++
			if other != version {
				t.Errorf("%s: go.mod has %s and rehearsal/go.mod %s; bring both to the newer one", module, version, other)
			}
		}
	}
	if shared < 50 {
		t.Errorf("only %d modules are in both, so this proves nothing", shared)
	}
}

func versions(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.Parse(path, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, require := range file.Require {
		found[require.Mod.Path] = require.Mod.Version
	}
	for _, replace := range file.Replace {
		if _, needed := found[replace.Old.Path]; needed {
			found[replace.Old.Path] = replace.New.Path + " " + replace.New.Version
		}
	}
	return found
}
