package cloud

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

func (c *Cloud) storageBoxSnapshotRoutes() map[string]handle {
	const all, one = "/v1/storage_boxes/{id}/snapshots", "/v1/storage_boxes/{id}/snapshots/{snapshot}"
	return map[string]handle{
		"GET " + all: func(r *http.Request) (answer, error) {
			box, err := find(r, c.hetzner.boxes)
			if err != nil {
				return answer{}, err
			}
			return kind[*schema.StorageBoxSnapshot]{
				many: "snapshots", id: func(s *schema.StorageBoxSnapshot) int64 { return s.ID }, all: values(box.snapshots),
				filters: map[string]func(*schema.StorageBoxSnapshot) string{"name": func(s *schema.StorageBoxSnapshot) string { return s.Name }},
			}.list(r)
		},
		"POST " + all:   c.createSnapshot,
		"DELETE " + one: c.deleteSnapshot,
	}
}

func (c *Cloud) createSnapshot(r *http.Request) (answer, error) {
	box, wanted, err := idleAndRead[storageBox, schema.StorageBoxSnapshotCreateRequest](r, c.idleStorageBox)
	if err != nil {
		return answer{}, err
	}
	if len(box.snapshots) >= *box.StorageBoxType.SnapshotLimit {
		return answer{}, &refusal{status: http.StatusForbidden, code: "resource_limit_exceeded", message: "snapshot limit exceeded"}
	}
	made := &schema.StorageBoxSnapshot{ID: c.id(), StorageBox: box.ID, Created: time.Now(), Description: wanted.Description, Labels: map[string]string{}}
	made.Name = fmt.Sprintf("%s-%d", made.Created.UTC().Format("2006-01-02T15-04-05"), made.ID)
	box.snapshots[made.ID] = made
	begun := c.begin("create_snapshot", "storage_box", box.ID, task{do: func(context.Context) error {
		return os.CopyFS(c.snapshotsOf(box.ID, made.Name), os.DirFS(c.homeOf(box.ID)))
	}})
	return answer{http.StatusCreated, schema.StorageBoxSnapshotCreateResponse{Snapshot: *made, Action: c.show(begun)}}, nil
}

func (c *Cloud) deleteSnapshot(r *http.Request) (answer, error) {
	box, err := c.idleStorageBox(r)
	if err != nil {
		return answer{}, err
	}
	id, _ := strconv.ParseInt(r.PathValue("snapshot"), 10, 64)
	snapshot := box.snapshots[id]
	if snapshot == nil {
		return answer{}, notFound("storage_box_snapshot")
	}
	return c.begun(c.begin("delete_snapshot", "storage_box", box.ID, task{
		do:   func(context.Context) error { return os.RemoveAll(c.snapshotsOf(box.ID, snapshot.Name)) },
		then: func() { delete(box.snapshots, id) },
	}))
}
