package cloud

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

const boxPassword, accountPassword = "of-The-Main-User-1", "of-The-Server-1"

func TestStorageBox_RefusesWhatHetznerRefuses(t *testing.T) {
	c := start(t, Config{Boxes: t.TempDir()})
	boxes := c.hetzner().StorageBox
	for _, wrong := range []func(*hcloud.StorageBoxCreateOpts){
		func(o *hcloud.StorageBoxCreateOpts) { o.Password = "onlylettersanddigits1A" },
		func(o *hcloud.StorageBoxCreateOpts) { o.Password = "Short-1" },
		func(o *hcloud.StorageBoxCreateOpts) { o.Location.Name = "hil" },
		func(o *hcloud.StorageBoxCreateOpts) { o.StorageBoxType.Name = "bx12" },
	} {
		wanted := boxOrder()
		wrong(&wanted)
		_, _, err := boxes.Create(ctx, wanted)
		refusedAs(t, err, "invalid_input")
	}
	box := c.buyBox(t)
	_, _, err := boxes.Create(ctx, boxOrder())
	refusedAs(t, err, "uniqueness_error")
	_, _, err = boxes.EnableSnapshotPlan(ctx, box, hcloud.StorageBoxEnableSnapshotPlanOpts{MaxSnapshots: 11})
	refusedAs(t, err, "invalid_input")

	protect := true
	action, _, err := boxes.ChangeProtection(ctx, box, hcloud.StorageBoxChangeProtectionOpts{Delete: &protect})
	must(t, err)
	_, _, err = boxes.CreateSubaccount(ctx, box, hcloud.StorageBoxSubaccountCreateOpts{HomeDirectory: "backups", Password: accountPassword})
	refusedAs(t, err, "locked")
	must(t, c.hetzner().Action.WaitFor(ctx, action))
	_, _, err = boxes.Delete(ctx, box)
	refusedAs(t, err, "protected")
}

func TestStorageBox_AnAccountSeesItsDirectoryAndTheMainUserSnapshotsToo(t *testing.T) {
	c := start(t, Config{Boxes: t.TempDir()})
	box := c.buyBox(t)
	open := true
	made, _, err := c.hetzner().StorageBox.CreateSubaccount(ctx, box, hcloud.StorageBoxSubaccountCreateOpts{
		HomeDirectory: "backups", Password: accountPassword, AccessSettings: &hcloud.StorageBoxSubaccountCreateOptsAccessSettings{SSHEnabled: &open},
	})
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, made.Action))
	address, keys := c.serveBoxes(t)

	server := login(t, address, keys, box.Username+"-sub1", accountPassword)
	write(t, server, "day/one", "encrypted")
	if err := server.Rename("day/one", "day/two"); err != nil {
		t.Error(err)
	}
	write(t, server, "day/one", "another")
	if err := server.Rename("day/one", "day/two"); err == nil {
		t.Error("a rename replaced a file")
	}
	for _, outside := range []string{"../x", ".zfs/snapshot", "/etc/passwd"} {
		if _, err := server.Stat(outside); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", outside, err)
		}
	}
	snapshot, _, err := c.hetzner().StorageBox.CreateSnapshot(ctx, box, hcloud.StorageBoxSnapshotCreateOpts{})
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, snapshot.Action))
	must(t, server.Remove("day/two"))

	ours := login(t, address, keys, box.Username, boxPassword)
	if _, err := ours.Stat("backups/day/two"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was deleted: %v", err)
	}
	found, err := ours.ReadDir(".zfs/snapshot")
	must(t, err)
	if len(found) != 1 || found[0].Name() != snapshot.Snapshot.Name {
		t.Fatalf("snapshots: %v", found)
	}
	kept := ".zfs/snapshot/" + found[0].Name() + "/backups/day/two"
	file, err := ours.Open(kept)
	must(t, err)
	if text, err := io.ReadAll(file); string(text) != "encrypted" || err != nil {
		t.Errorf("the snapshot has %q, %v", text, err)
	}
	if err := ours.Remove(kept); err == nil {
		t.Error("a snapshot can be written to")
	}
}

func TestStorageBox_TakesTenConnectionsAtOnceWithTheRightPassword(t *testing.T) {
	c := start(t, Config{Boxes: t.TempDir()})
	box := c.buyBox(t)
	address, keys := c.serveBoxes(t)
	if _, err := dial(address, keys, box.Username, "wrong"); err == nil {
		t.Error("another password was taken")
	}
	for range connectionsOfABox {
		login(t, address, keys, box.Username, boxPassword)
	}
	if client, err := dial(address, keys, box.Username, boxPassword); err == nil {
		if _, err := sftp.NewClient(client); err == nil {
			t.Error("the eleventh was taken")
		}
	}
}

func boxOrder() hcloud.StorageBoxCreateOpts {
	open := true
	return hcloud.StorageBoxCreateOpts{
		Name: "app-backups", StorageBoxType: &hcloud.StorageBoxType{Name: "bx11"}, Location: &hcloud.Location{Name: "hel1"}, Password: boxPassword,
		AccessSettings: &hcloud.StorageBoxCreateOptsAccessSettings{SSHEnabled: &open, ZFSEnabled: &open},
	}
}

func (c testCloud) buyBox(t *testing.T) *hcloud.StorageBox {
	t.Helper()
	made, _, err := c.hetzner().StorageBox.Create(ctx, boxOrder())
	must(t, err)
	must(t, c.hetzner().Action.WaitFor(ctx, made.Action))
	box, _, err := c.hetzner().StorageBox.GetByID(ctx, made.StorageBox.ID)
	must(t, err)
	return box
}

func (c testCloud) serveBoxes(t *testing.T) (address string, keys []ssh.PublicKey) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address = free.Addr().String()
	must(t, free.Close())
	file := filepath.Join(t.TempDir(), "keys")
	must(t, c.ServeBoxes(netip.MustParseAddrPort(address), file))
	text, err := os.ReadFile(file)
	must(t, err)
	for line := range strings.Lines(string(text)) {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		must(t, err)
		keys = append(keys, key)
	}
	return address, keys
}

func dial(address string, keys []ssh.PublicKey, user, password string) (*ssh.Client, error) {
	return ssh.Dial("tcp", address, &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
		if !slices.ContainsFunc(keys, func(k ssh.PublicKey) bool { return string(k.Marshal()) == string(key.Marshal()) }) {
			return errors.New("another host key")
		}
		return nil
	}})
}

func login(t *testing.T, address string, keys []ssh.PublicKey, user, password string) *sftp.Client {
	t.Helper()
	conn, err := dial(address, keys, user, password)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	client, err := sftp.NewClient(conn)
	must(t, err)
	return client
}

func write(t *testing.T, client *sftp.Client, path, text string) {
	t.Helper()
	must(t, client.MkdirAll(filepath.Dir(path)))
	file, err := client.Create(path)
	must(t, err)
	_, err = file.Write([]byte(text))
	must(t, errors.Join(err, file.Close()))
}
