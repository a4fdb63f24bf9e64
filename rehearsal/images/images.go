// Package images makes container images on a machine without a container
// engine: in the OCI's layout, a directory each, as registries can serve them.
package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/stream"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// from is an image without files yet.
func from(config v1.Config) (v1.Image, error) {
	return mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		Architecture: "amd64", OS: "linux", Config: config, RootFS: v1.RootFS{Type: "layers"},
	})
}

// write makes the directory, whole or not at all.
func write(directory string, image v1.Image) error {
	partial, err := os.MkdirTemp(filepath.Dir(directory), ".image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	return writeInto(partial, directory, image)
}

func writeInto(partial, directory string, image v1.Image) error {
	at, err := layout.Write(partial, empty.Index)
	if err != nil {
		return err
	}
	if err := at.AppendImage(image); err != nil {
		return err
	}
	return os.Rename(partial, directory)
}

// read is the one image of a directory.
func read(directory string) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(directory)
	if err != nil {
		return nil, err
	}
	manifests, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return index.Image(manifests.Manifests[0].Digest)
}

// packing is none: the registry is on the same machine, and each server would unpack
// every layer anew.
const packing = gzip.NoCompression

// rootLayer is a whole root file system as a layer, packed as it is read.
func rootLayer(root string) (layer v1.Layer, finish func() error, err error) {
	pack := exec.Command("tar", "-C", root, "-cf", "-", "--one-file-system", ".")
	packed, err := pack.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := pack.Start(); err != nil {
		return nil, nil, err
	}
	return stream.NewLayer(packed, stream.WithCompressionLevel(packing)), pack.Wait, nil
}

// entry is a file or, with mode's type, a directory of a layer.
type entry struct {
	path  string
	mode  fs.FileMode
	owner int
	text  []byte
}

func layerOf(entries []entry) (v1.Layer, error) {
	var packed bytes.Buffer
	files := tar.NewWriter(&packed)
	for _, e := range entries {
		header := &tar.Header{Name: e.path, Mode: int64(e.mode.Perm()), Uid: e.owner, Gid: e.owner, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if e.mode.IsDir() {
			header.Typeflag, header.Size = tar.TypeDir, 0
		}
		if err := files.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := files.Write(e.text); err != nil {
			return nil, err
		}
	}
	if err := files.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil }, tarball.WithCompressionLevel(packing))
}
