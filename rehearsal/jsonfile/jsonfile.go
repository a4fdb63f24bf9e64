// Package jsonfile keeps small values in files that only their owner can read.
package jsonfile

import (
	"encoding/json"
	"os"
)

// Write replaces the file at path whole, or not at all.
func Write(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// Read fills value from the file at path.
func Read(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, value)
}
