// Package scripts holds the shell that runs on the server, as plain files.
package scripts

import (
	_ "embed" // the scripts are read at compile time
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
	//go:embed server/backup/install.sh
	installBackup string
	//go:embed server/backup/postgres.sh
	postgres string
	//go:embed server/backup/sets.sh
	sets string
	//go:embed server/backup/scratch.sh
	scratch string
	//go:embed server/backup/swap.sh
	swap string
	//go:embed server/backup/verify.sh
	verifyBackup string
	//go:embed server/backup/foreign.sh
	foreign string
	//go:embed server/backup/offsite.sh
	offsite string
	//go:embed server/backup/pg-backup
	pgBackup string
	//go:embed server/backup/pg-restore
	pgRestore string
	//go:embed server/backup/pg-import
	pgImport string
)

// Harden secures the server and arms its own undo; its inputs stand at its top.
func Harden() string { return common + "\n" + harden }

// Confirm keeps what Harden did, called over a new connection.
func Confirm() string { return common + "\n" + verify + "\n" + confirm }

// InstallBackup sets up the daily backup; its inputs stand at its top.
func InstallBackup() string {
	return strings.Join([]string{
		common,
		attached("postgres", postgres),
		attached("sets", sets),
		attached("scratch", scratch),
		attached("swap", swap),
		attached("verify", verifyBackup),
		attached("foreign", foreign),
		attached("offsite", offsite),
		attached("pg_backup", pgBackup),
		attached("pg_restore", pgRestore),
		attached("pg_import", pgImport),
		installBackup,
	}, "\n")
}

// attached makes a shell function that prints a file, for a script that is to
// write it on the server: one connection carries both.
func attached(name, text string) string {
	const end = "END-OF-ATTACHED-FILE"
	return "attached_" + name + "() {\n    cat <<'" + end + "'\n" + text + end + "\n}\n"
}
