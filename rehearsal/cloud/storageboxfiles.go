package cloud

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// connectionsOfABox is how many one account may have at once:
// https://docs.hetzner.com/storage/storage-box/general
const connectionsOfABox = 10

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

// ServeBoxes has the files of the boxes be reached by SFTP at an address. The
// keys that it shows are of the kinds of Hetzner's, and written to a file as in
// authorized_keys. It ends with Close.
func (c *Cloud) ServeBoxes(address netip.AddrPort, keys string) error {
	config := &ssh.ServerConfig{PasswordCallback: func(conn ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if _, known := c.filesFor(conn.User(), string(password)); !known {
			return nil, errors.New("no such user and password")
		}
		return &ssh.Permissions{Extensions: map[string]string{"password": string(password)}}, nil
	}}
	public, err := addHostKeys(config)
	if err != nil {
		return err
	}
	if err := os.WriteFile(keys, public, 0o644); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address.String())
	if err != nil {
		return fmt.Errorf("starting the Storage Boxes: %w", err)
	}
	context.AfterFunc(c.ctx, func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			go c.serveBox(conn, config)
		}
	}()
	return nil
}

func addHostKeys(config *ssh.ServerConfig) (public []byte, err error) {
	_, ed, edErr := ed25519.GenerateKey(rand.Reader)
	ec, ecErr := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	rs, rsErr := rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(edErr, ecErr, rsErr); err != nil {
		return nil, err
	}
	for _, key := range []any{ed, ec, rs} {
		signer, err := ssh.NewSignerFromKey(key)
		if err != nil {
			return nil, err
		}
		config.AddHostKey(signer)
		public = append(public, ssh.MarshalAuthorizedKey(signer.PublicKey())...)
	}
	return public, nil
}

// serveBox serves one connection: the subsystem sftp alone. On the real port 23
// there are a few commands besides.
func (c *Cloud) serveBox(conn net.Conn, config *ssh.ServerConfig) {
	defer context.AfterFunc(c.ctx, func() { conn.Close() })()
	defer conn.Close()
	session, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	if !c.countConnection(session.User(), 1) {
		c.countConnection(session.User(), -1)
		return
	}
	defer c.countConnection(session.User(), -1)
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			defer channel.Close()
			for request := range requests {
				wanted := request.Type == "subsystem" && string(request.Payload[min(4, len(request.Payload)):]) == "sftp"
				_ = request.Reply(wanted, nil)
				if wanted {
					if files, known := c.filesFor(session.User(), session.Permissions.Extensions["password"]); known {
						files.serve(channel)
					}
					return
				}
			}
		}()
	}
}

func (c *Cloud) countConnection(user string, change int) (allowed bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.hetzner.boxConnections[user] += change
	return c.hetzner.boxConnections[user] <= connectionsOfABox
}

// filesFor are what the user sees, as long as the password is theirs.
func (c *Cloud) filesFor(user, password string) (*boxFiles, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, box := range c.hetzner.boxes {
		if box.Username != nil && *box.Username == user && box.password == password && box.AccessSettings.SSHEnabled {
			files := &boxFiles{home: c.homeOf(box.ID)}
			if box.AccessSettings.ZFSEnabled {
				files.snapshots = c.snapshotsOf(box.ID, "")
			}
			return files, true
		}
		for _, account := range box.accounts {
			if account.Username == user && account.password == password && account.AccessSettings.SSHEnabled {
				return &boxFiles{home: filepath.Join(c.homeOf(box.ID), account.HomeDirectory), readOnly: account.AccessSettings.Readonly}, true
			}
		}
	}
	return nil, false
}

// HasBox tells whether a host's name is that of a box or of an account.
func (c *Cloud) HasBox(host string) bool {
	user, _ := strings.CutSuffix(host, ".your-storagebox.de")
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, box := range c.hetzner.boxes {
		if box.Username != nil && (user == *box.Username || strings.HasPrefix(user, *box.Username+"-sub")) && user != host {
			return true
		}
	}
	return false
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
