package internet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// images are the registries, of which each has its images, and where what is in
// these lies.
type images struct {
	log        *log.Logger
	registries map[string]http.Handler
	mutex      sync.Mutex // guards what follows
	places     []string   // directories in the OCI's layout
}

func newImages(log *log.Logger) *images {
	return &images{log: log, registries: map[string]http.Handler{}}
}

func (i *images) registry(host string) http.Handler {
	i.registries[host] = registry.New(registry.Logger(i.log), registry.WithBlobHandler(i))
	return i.registries[host]
}

// offer puts the one image of a directory into the registry that its name says.
func (i *images) offer(reference, directory string) error {
	tag, err := name.NewTag(reference)
	if err != nil {
		return err
	}
	handler := i.registries[registryOf(tag)]
	if handler == nil {
		return fmt.Errorf("%s: there is no registry %s here", reference, tag.RegistryStr())
	}
	index, err := layout.ImageIndexFromPath(directory)
	if err != nil {
		return fmt.Errorf("%s: reading the image: %w", reference, err)
	}
	manifests, err := index.IndexManifest()
	if err != nil || len(manifests.Manifests) != 1 {
		return fmt.Errorf("%s: %s is to hold one image (%v)", reference, directory, err)
	}
	found := manifests.Manifests[0]
	manifest, err := os.ReadFile(blobPath(directory, found.Digest))
	if err != nil {
		return err
	}
	i.mutex.Lock()
	i.places = append(i.places, directory)
	i.mutex.Unlock()
	put := httptest.NewRequest(http.MethodPut, "/v2/"+tag.RepositoryStr()+"/manifests/"+tag.TagStr(), bytes.NewReader(manifest))
	put.Header.Set("Content-Type", string(found.MediaType))
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, put)
	if answer.Code != http.StatusCreated {
		return fmt.Errorf("%s: the registry says %d: %s", reference, answer.Code, answer.Body)
	}
	return nil
}

func registryOf(tag name.Tag) string {
	if tag.RegistryStr() == name.DefaultRegistry {
		return "docker.io"
	}
	return tag.RegistryStr()
}

func blobPath(directory string, h v1.Hash) string {
	return filepath.Join(directory, "blobs", h.Algorithm, h.Hex)
}

// find opens a blob wherever it lies.
func (i *images) find(h v1.Hash) (*os.File, error) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	for _, place := range i.places {
		if file, err := os.Open(blobPath(place, h)); err == nil {
			return file, nil
		}
	}
	return nil, registry.ErrNotFound
}

// Get and Stat are what a registry asks of where its blobs are.
func (i *images) Get(_ context.Context, _ string, h v1.Hash) (io.ReadCloser, error) { return i.find(h) }

func (i *images) Stat(_ context.Context, _ string, h v1.Hash) (int64, error) {
	file, err := i.find(h)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	about, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return about.Size(), nil
}

// withPassword lets in who has it, as whatever user: the rehearsal's ghcr.io
// knows nobody by name.
func withPassword(password string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, given, _ := r.BasicAuth(); user == "" || given != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="ghcr.io"`)
			http.Error(w, `{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}`, http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	})
}
