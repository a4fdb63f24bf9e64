// Package scripts holds the shell that runs on the server, as plain files.
package scripts

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed server
var server embed.FS

var common = text("common.sh")

// Harden secures the server and arms its own undo; its inputs stand at its top.
func Harden() string { return join(common, text("user.sh"), text("door.sh"), text("harden.sh")) }

// Confirm keeps what Harden did, called over a new connection.
func Confirm() string { return join(common, text("watch/hardening.sh"), text("confirm.sh")) }

// InstallBackup sets up the daily backup: install.sh, whose inputs stand at its
// top, and attached to it all that it is to install.
func InstallBackup() string {
	var files []string
	for _, file := range in("backup") {
		if path.Base(file) != installer {
			files = append(files, file)
		}
	}
	return join(common, attached(files...), text("backup/"+installer))
}

// InstallUpkeep sets up what keeps the server running: install.sh, whose inputs
// stand at its top, after its parts, and attached to it all that it is to install.
func InstallUpkeep() string {
	files := append(in("watch"), "common.sh")
	parts := []string{common}
	for _, file := range in("upkeep") {
		switch {
		case path.Base(file) == installer:
		case path.Ext(file) == ".sh":
			parts = append(parts, text(file))
		default:
			files = append(files, file)
		}
	}
	return join(append(parts, attached(files...), text("upkeep/"+installer))...)
}

// ForCommands is a line of authorized_keys that lets a key run commands as the one
// whose file it is in, without a terminal or a tunnel (sshd(8), AUTHORIZED_KEYS FILE
// FORMAT). With a command of its own it also gets in where root else does not
// (sshd_config(5), PermitRootLogin forced-commands-only).
func ForCommands(publicKey string) string {
	return `restrict,command="exec /bin/bash -c \"$SSH_ORIGINAL_COMMAND\"" ` + publicKey
}

// installer is the script in a directory that installs the others.
const installer = "install.sh"

func join(parts ...string) string { return strings.Join(parts, "\n") }

// attached makes a shell function of its name that prints a file, and ATTACHED,
// the files' names: one connection carries them all to where a script writes them.
func attached(files ...string) string {
	const end = "END-OF-ATTACHED-FILE"
	var names, cases strings.Builder
	for _, file := range files {
		name := path.Base(file)
		names.WriteString(" " + name)
		cases.WriteString(name + ")\n    cat <<'" + end + "'\n" + text(file) + end + "\n    ;;\n")
	}
	return "ATTACHED=(" + names.String() + ")\nattached() {\n    case $1 in\n" + cases.String() + "    esac\n}"
}

// in lists the files of a directory.
func in(directory string) []string {
	entries, err := server.ReadDir("server/" + directory)
	if err != nil {
		panic(fmt.Sprintf("the scripts that were compiled in: %v", err))
	}
	var files []string
	for _, entry := range entries {
		files = append(files, directory+"/"+entry.Name())
	}
	return files
}

func text(file string) string {
	content, err := fs.ReadFile(server, "server/"+file)
	if err != nil {
		panic(fmt.Sprintf("the scripts that were compiled in: %v", err))
	}
	return string(content)
}
