package cloud

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// storageBox is one of Hetzner's API of that name, which is another than the
// cloud's (https://docs.hetzner.cloud/reference/hetzner#storage-boxes); only the
// actions are shared.
type storageBox struct {
	schema.StorageBox
	password  string
	accounts  map[int64]*storageBoxAccount
	snapshots map[int64]*schema.StorageBoxSnapshot
}

func (c *Cloud) storageBoxRoutes() map[string]handle {
	routes := kind[schema.StorageBox]{
		one: "storage_box", many: "storage_boxes",
		all: func() (all []schema.StorageBox) {
			for _, box := range c.hetzner.boxes {
				all = append(all, box.StorageBox)
			}
			return all
		},
		id:      func(b schema.StorageBox) int64 { return b.ID },
		labels:  func(b schema.StorageBox) map[string]string { return b.Labels },
		filters: map[string]func(schema.StorageBox) string{"name": func(b schema.StorageBox) string { return b.Name }},
	}.routes()
	routes["POST /v1/storage_boxes"] = c.createStorageBox
	routes["PUT /v1/storage_boxes/{id}"] = c.updateStorageBox
	routes["DELETE /v1/storage_boxes/{id}"] = c.deleteStorageBox
	for action, do := range map[string]func(*storageBox, *http.Request) (then func(), err error){
		"change_protection": protectStorageBox, "change_type": changeStorageBoxType,
		"reset_password":         func(box *storageBox, r *http.Request) (func(), error) { return resetPassword(&box.password, r) },
		"update_access_settings": openStorageBox, "enable_snapshot_plan": planSnapshots, "disable_snapshot_plan": planNoSnapshots,
	} {
		routes["POST /v1/storage_boxes/{id}/actions/"+action] = func(r *http.Request) (answer, error) {
			box, err := c.idleStorageBox(r)
			if err != nil {
				return answer{}, err
			}
			then, err := do(box, r)
			if err != nil {
				return answer{}, err
			}
			return c.begun(c.begin(action, "storage_box", box.ID, task{then: then}))
		}
	}
	return routes
}

func (c *Cloud) createStorageBox(r *http.Request) (answer, error) {
	var wanted schema.StorageBoxCreateRequest
	if err := read(r, &wanted); err != nil {
		return answer{}, err
	}
	if err := checkStorageBoxPassword(wanted.Password); err != nil {
		return answer{}, err
	}
	where, err := findLocation(wanted.Location.Name)
	if err != nil {
		return answer{}, err
	}
	made := &storageBox{password: wanted.Password, accounts: map[int64]*storageBoxAccount{}, snapshots: map[int64]*schema.StorageBoxSnapshot{}}
	made.Status, made.Location, made.Created = "initializing", where, time.Now()
	if made.StorageBoxType, err = findStorageBoxType(wanted.StorageBoxType, where.Name); err != nil {
		return answer{}, err
	}
	if made.Labels, err = checkLabels(wanted.Labels); err != nil {
		return answer{}, err
	}
	if err := c.nameStorageBox(made, wanted.Name); err != nil {
		return answer{}, err
	}
	if open := wanted.AccessSettings; open != nil {
		made.open(schema.StorageBoxUpdateAccessSettingsRequest(*open))
	}
	made.ID = c.id()
	c.hetzner.boxes[made.ID] = made
	begun := c.begin("create", "storage_box", made.ID, task{
		do: func(context.Context) error { return c.makeStorageBox(made.ID) },
		then: func() {
			user := fmt.Sprintf("u%d", made.ID)
			server, system := user+".your-storagebox.de", strings.ToUpper(where.Name)+"-BX355"
			made.Status, made.Username, made.Server, made.System = "active", &user, &server, &system
		},
	})
	return answer{http.StatusCreated, schema.StorageBoxCreateResponse{StorageBox: made.StorageBox, Action: c.show(begun)}}, nil
}

// checkStorageBoxPassword is Hetzner's policy:
// https://docs.hetzner.cloud/reference/hetzner#storage-boxes-password-policy
func checkStorageBoxPassword(password string) error {
	var upper, lower, digit, other bool
	for _, c := range password {
		switch {
		case unicode.IsUpper(c):
			upper = true
		case unicode.IsLower(c):
			lower = true
		case unicode.IsDigit(c):
			digit = true
		case strings.ContainsRune("^°!§$%/()=?+#-.,;:~*@{}_&", c):
			other = true
		default:
			return invalid("password", "contains a character that is not allowed")
		}
	}
	if n := len([]rune(password)); n < 12 || n > 128 || !upper || !lower || !digit || !other {
		return invalid("password", "does not fulfil the password policy")
	}
	return nil
}

func (c *Cloud) nameStorageBox(box *storageBox, name string) error {
	return setName(c.hetzner.boxes, box, func(b *storageBox) *string { return &b.Name }, name, "storage box with the same name already exists")
}

func (c *Cloud) updateStorageBox(r *http.Request) (answer, error) {
	box, wanted, err := findAndRead[storageBox, schema.StorageBoxUpdateRequest](r, c.hetzner.boxes)
	if err != nil {
		return answer{}, err
	}
	if wanted.Labels != nil {
		if box.Labels, err = checkLabels(wanted.Labels); err != nil {
			return answer{}, err
		}
	}
	if wanted.Name != "" {
		err = c.nameStorageBox(box, wanted.Name)
	}
	return answer{body: map[string]any{"storage_box": box.StorageBox}}, err
}

func (c *Cloud) deleteStorageBox(r *http.Request) (answer, error) {
	box, err := c.idleStorageBox(r)
	if err != nil {
		return answer{}, err
	}
	if box.Protection.Delete {
		return answer{}, errProtected
	}
	return c.begun(c.begin("delete", "storage_box", box.ID, task{
		do:   func(context.Context) error { return c.removeStorageBox(box.ID) },
		then: func() { delete(c.hetzner.boxes, box.ID) },
	}))
}

// idleStorageBox finds the box on which no action runs.
func (c *Cloud) idleStorageBox(r *http.Request) (*storageBox, error) {
	return idle(c, r, c.hetzner.boxes, "storage box")
}

func protectStorageBox(box *storageBox, r *http.Request) (func(), error) {
	var wanted schema.StorageBoxChangeProtectionRequest
	err := read(r, &wanted)
	return func() { box.Protection.Delete = wanted.Delete != nil && *wanted.Delete }, err
}

func changeStorageBoxType(box *storageBox, r *http.Request) (func(), error) {
	var wanted schema.StorageBoxChangeTypeRequest
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	found, err := findStorageBoxType(wanted.StorageBoxType, box.Location.Name)
	return func() { box.StorageBoxType = found }, err
}

// resetPassword is for a box and for an account, which are asked in the same words.
func resetPassword(password *string, r *http.Request) (func(), error) {
	var wanted schema.StorageBoxResetPasswordRequest
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	return func() { *password = wanted.Password }, checkStorageBoxPassword(wanted.Password)
}

func openStorageBox(box *storageBox, r *http.Request) (func(), error) {
	var wanted schema.StorageBoxUpdateAccessSettingsRequest
	err := read(r, &wanted)
	return func() { box.open(wanted) }, err
}

func (box *storageBox) open(wanted schema.StorageBoxUpdateAccessSettingsRequest) {
	now := &box.AccessSettings
	change(&now.ReachableExternally, wanted.ReachableExternally)
	change(&now.SambaEnabled, wanted.SambaEnabled)
	change(&now.SSHEnabled, wanted.SSHEnabled)
	change(&now.WebDAVEnabled, wanted.WebDAVEnabled)
	change(&now.ZFSEnabled, wanted.ZFSEnabled)
}

func change(setting, wanted *bool) {
	if wanted != nil {
		*setting = *wanted
	}
}

// planSnapshots notes the plan; nobody takes snapshots by it here, as a rehearsal
// does not last a day.
func planSnapshots(box *storageBox, r *http.Request) (func(), error) {
	var wanted schema.StorageBoxEnableSnapshotPlanRequest
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	switch limit := *box.StorageBoxType.AutomaticSnapshotLimit; {
	case wanted.MaxSnapshots < 1 || wanted.MaxSnapshots > limit:
		return nil, invalid("max_snapshots", fmt.Sprintf("must be between 1 and %d", limit))
	case wanted.Minute < 0 || wanted.Minute > 59:
		return nil, invalid("minute", "must be between 0 and 59")
	case wanted.Hour < 0 || wanted.Hour > 23:
		return nil, invalid("hour", "must be between 0 and 23")
	}
	plan := schema.StorageBoxSnapshotPlan(wanted)
	return func() { box.SnapshotPlan = &plan }, nil
}

func planNoSnapshots(box *storageBox, _ *http.Request) (func(), error) {
	return func() { box.SnapshotPlan = nil }, nil
}
