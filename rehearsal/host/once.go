package host

import (
	"os"
	"path/filepath"
)

// Once makes a directory that is kept, unless it is there, whole or not at all: build
// gets an empty one beside it to work in, and returns what there is to become final.
func Once(final string, build func(building string) (made string, err error)) error {
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return err
	}
	building, err := os.MkdirTemp(filepath.Dir(final), ".building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(building)
	made, err := build(building)
	if err != nil {
		return err
	}
	if err := os.Rename(made, final); err != nil && !os.IsExist(err) { // or somebody else was quicker
		return err
	}
	return nil
}
