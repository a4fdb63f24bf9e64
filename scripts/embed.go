// Package scripts holds the shell that runs on the server, as plain files.
package scripts

import (
	_ "embed" // the scripts are read at compile time
)

//go:embed server/common.sh
var common string

//go:embed server/harden.sh
var harden string

//go:embed server/confirm.sh
var confirm string

// Harden secures the server and arms its own undo; its inputs stand at its top.
func Harden() string { return common + "\n" + harden }

// Confirm keeps what Harden did, called over a new connection.
func Confirm() string { return common + "\n" + confirm }
