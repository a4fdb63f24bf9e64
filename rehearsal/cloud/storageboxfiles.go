package cloud

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/sftp"
)

// The directories of a box's files and of its snapshots.
func (c *Cloud) homeOf(box int64) string {
	return filepath.Join(c.config.Boxes, strconv.FormatInt(box, 10), "home")
}
func (c *Cloud) snapshotsOf(box int64, name string) string {
	return filepath.Join(c.config.Boxes, strconv.FormatInt(box, 10), "snapshots", name)
}

func (c *Cloud) makeStorageBox(box int64) error {
	return errors.Join(os.MkdirAll(c.homeOf(box), 0o700), os.MkdirAll(c.snapshotsOf(box, ""), 0o700))
}

func (c *Cloud) removeStorageBox(box int64) error {
	return os.RemoveAll(filepath.Dir(c.homeOf(box)))
}

// homes makes the directory that an account sees.
func (c *Cloud) homes(box int64, account *storageBoxAccount) func(context.Context) error {
	return func(context.Context) error {
		return os.MkdirAll(filepath.Join(c.homeOf(box), account.HomeDirectory), 0o700)
	}
}

// boxFiles answers SFTP's requests for one user, as OpenSSH does.
type boxFiles struct {
	home      string
	snapshots string // of the box, which can only be read; empty: they are not shown
	readOnly  bool
}

func (f *boxFiles) serve(channel io.ReadWriteCloser) {
	server := sftp.NewRequestServer(channel, sftp.Handlers{FileGet: f, FilePut: f, FileCmd: f, FileList: f})
	_ = server.Serve() // until the client goes
	_ = server.Close()
}

const snapshotDirectory = ".zfs/snapshot"

// at opens the directory that a path lies in; nothing leads out of it.
func (f *boxFiles) at(path string, write bool) (root *os.Root, name string, err error) {
	name = cmp.Or(strings.Trim(path, "/"), ".")
	directory := f.home
	if inside, in := strings.CutPrefix(name, snapshotDirectory); in && f.snapshots != "" {
		directory, name = f.snapshots, cmp.Or(strings.Trim(inside, "/"), ".")
		if write {
			return nil, "", sftp.ErrSSHFxPermissionDenied
		}
	}
	if write && f.readOnly {
		return nil, "", sftp.ErrSSHFxPermissionDenied
	}
	root, err = os.OpenRoot(directory)
	return root, name, err
}

// Fileread opens a file.
func (f *boxFiles) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	root, name, err := f.at(r.Filepath, false)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Open(name)
}

// Filewrite opens or makes one.
func (f *boxFiles) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	root, name, err := f.at(r.Filepath, true)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	flags, given := os.O_WRONLY, r.Pflags()
	for _, flag := range []struct {
		given bool
		means int
	}{{given.Creat, os.O_CREATE}, {given.Trunc, os.O_TRUNC}, {given.Excl, os.O_EXCL}} {
		if flag.given {
			flags |= flag.means
		}
	}
	return root.OpenFile(name, flags, 0o600)
}

// Filecmd does what has no content. Rename, unlike PosixRename, replaces nothing.
func (f *boxFiles) Filecmd(r *sftp.Request) error {
	root, name, err := f.at(r.Filepath, true)
	if err != nil {
		return err
	}
	defer root.Close()
	switch r.Method {
	case "Setstat":
		return setAttributes(root, name, r)
	case "Mkdir":
		return root.Mkdir(name, 0o700)
	case "Rmdir", "Remove":
		return root.Remove(name)
	case "Rename", "PosixRename":
		target := strings.Trim(r.Target, "/")
		if _, err := root.Lstat(target); err == nil && r.Method == "Rename" {
			return sftp.ErrSSHFxFailure
		}
		return root.Rename(name, target)
	}
	return sftp.ErrSSHFxOpUnsupported
}

// PosixRename is OpenSSH's own, which replaces.
func (f *boxFiles) PosixRename(r *sftp.Request) error { return f.Filecmd(r) }

func setAttributes(root *os.Root, name string, r *sftp.Request) error {
	given, flags := r.Attributes(), r.AttrFlags()
	if flags.Acmodtime {
		if err := root.Chtimes(name, given.AccessTime(), given.ModTime()); err != nil {
			return err
		}
	}
	if flags.Size {
		file, err := root.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(file.Truncate(int64(given.Size)), file.Close())
	}
	return nil
}

// Filelist lists a directory, or tells about one file.
func (f *boxFiles) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	root, name, err := f.at(r.Filepath, false)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if r.Method == "Stat" {
		info, err := root.Stat(name)
		return found{info}, err
	}
	entries, err := fs.ReadDir(root.FS(), name)
	if err != nil {
		return nil, err
	}
	var all found
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil { // else it has just gone
			all = append(all, info)
		}
	}
	return all, nil
}

type found []os.FileInfo

// ListAt gives out what is left from a place on.
func (l found) ListAt(into []os.FileInfo, from int64) (int, error) {
	left := slices.Clone(l[min(int(from), len(l)):])
	if copied := copy(into, left); copied < len(into) {
		return copied, io.EOF
	}
	return len(into), nil
}
