// Package scripts holds the shell that runs on the server, as plain files.
package scripts

import (
	"embed"
	"fmt"
	"strings"
)

var (
	//go:embed server/common.sh
	common string
	//go:embed server/harden.sh
	harden string
	//go:embed server/verify.sh
	verify string
	//go:embed server/confirm.sh
	confirm string
	//go:embed server/backup
	backup embed.FS
)

// Harden secures the server and arms its own undo; its inputs stand at its top.
func Harden() string { return common + "\n" + harden }

// Confirm keeps what Harden did, called over a new connection.
func Confirm() string { return common + "\n" + verify + "\n" + confirm }

// InstallBackup sets up the daily backup: install.sh, whose inputs stand at its
// top, and attached to it all that it is to install.
func InstallBackup() string {
	const directory, installer = "server/backup", "install.sh"
	files, err := backup.ReadDir(directory)
	if err != nil {
		panic(fmt.Sprintf("the scripts that were compiled in: %v", err))
	}
	var names, cases strings.Builder
	for _, file := range files {
		if file.Name() != installer {
			fmt.Fprintf(&names, " %s", file.Name())
			cases.WriteString(attached(file.Name(), text(directory+"/"+file.Name())))
		}
	}
	return common + "\nATTACHED=(" + names.String() + ")\nattached() {\n    case $1 in\n" + cases.String() + "    esac\n}\n" + text(directory+"/"+installer)
}

// attached makes a case of a shell function that prints a file, for a script that
// is to write it on the server: one connection carries them all.
func attached(name, text string) string {
	const end = "END-OF-ATTACHED-FILE"
	return name + ")\n    cat <<'" + end + "'\n" + text + end + "\n    ;;\n"
}

func text(path string) string {
	content, err := backup.ReadFile(path)
	if err != nil {
		panic(fmt.Sprintf("the scripts that were compiled in: %v", err))
	}
	return string(content)
}
