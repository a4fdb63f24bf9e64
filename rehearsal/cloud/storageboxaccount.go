package cloud

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// storageBoxAccount is another user of a box, who sees one directory of it.
type storageBoxAccount struct {
	schema.StorageBoxSubaccount
	password string
}

func (c *Cloud) storageBoxAccountRoutes() map[string]handle {
	const all, one = "/v1/storage_boxes/{id}/subaccounts", "/v1/storage_boxes/{id}/subaccounts/{account}"
	routes := map[string]handle{
		"GET " + all: func(r *http.Request) (answer, error) {
			box, err := find(r, c.hetzner.boxes)
			if err != nil {
				return answer{}, err
			}
			return kind[schema.StorageBoxSubaccount]{
				many: "subaccounts", id: func(a schema.StorageBoxSubaccount) int64 { return a.ID },
				all: func() (shown []schema.StorageBoxSubaccount) {
					for _, account := range box.accounts {
						shown = append(shown, account.StorageBoxSubaccount)
					}
					return shown
				},
				filters: map[string]func(schema.StorageBoxSubaccount) string{
					"username": func(a schema.StorageBoxSubaccount) string { return a.Username },
					"name":     func(a schema.StorageBoxSubaccount) string { return a.Name },
				},
			}.list(r)
		},
		"POST " + all: c.createStorageBoxAccount,
		"GET " + one: c.withAccount(func(_ *storageBox, account *storageBoxAccount, _ *http.Request) (answer, error) {
			return answer{body: map[string]any{"subaccount": account.StorageBoxSubaccount}}, nil
		}),
		"PUT " + one: c.withAccount(updateStorageBoxAccount),
		"DELETE " + one: c.withAccount(func(box *storageBox, account *storageBoxAccount, _ *http.Request) (answer, error) {
			return c.begun(c.begin("delete_subaccount", "storage_box", box.ID, task{then: func() { delete(box.accounts, account.ID) }}))
		}),
	}
	for action, do := range map[string]func(*storageBoxAccount, *http.Request) (then func(), err error){
		"update_access_settings": openAccount, "change_home_directory": moveAccount,
		"reset_subaccount_password": func(account *storageBoxAccount, r *http.Request) (func(), error) {
			return resetPassword(&account.password, r)
		},
	} {
		routes["POST "+one+"/actions/"+action] = c.withAccount(func(box *storageBox, account *storageBoxAccount, r *http.Request) (answer, error) {
			then, err := do(account, r)
			if err != nil {
				return answer{}, err
			}
			return c.begun(c.begin(action, "storage_box", box.ID, task{do: c.homes(box.ID, account), then: then}))
		})
	}
	return routes
}

// withAccount finds the account; what changes it waits for its box.
func (c *Cloud) withAccount(do func(*storageBox, *storageBoxAccount, *http.Request) (answer, error)) handle {
	return func(r *http.Request) (answer, error) {
		box, err := find(r, c.hetzner.boxes)
		if err == nil && r.Method != http.MethodGet {
			box, err = c.idleStorageBox(r)
		}
		if err != nil {
			return answer{}, err
		}
		id, _ := strconv.ParseInt(r.PathValue("account"), 10, 64)
		account := box.accounts[id]
		if account == nil {
			return answer{}, notFound("storage_box_subaccount")
		}
		return do(box, account, r)
	}
}

func (c *Cloud) createStorageBoxAccount(r *http.Request) (answer, error) {
	box, wanted, err := idleAndRead[storageBox, schema.StorageBoxSubaccountCreateRequest](r, c.idleStorageBox)
	if err != nil {
		return answer{}, err
	}
	if err := checkStorageBoxPassword(wanted.Password); err != nil {
		return answer{}, err
	}
	if err := checkHome(wanted.HomeDirectory); err != nil {
		return answer{}, err
	}
	made := &storageBoxAccount{password: wanted.Password}
	if made.Labels, err = checkLabels(&wanted.Labels); err != nil {
		return answer{}, err
	}
	number := len(box.accounts) + 1
	for _, other := range box.accounts { // a number that was given is not given again
		var theirs int
		if _, err := fmt.Sscanf(other.Username, *box.Username+"-sub%d", &theirs); err == nil {
			number = max(number, theirs+1)
		}
	}
	made.ID, made.StorageBox, made.Created, made.Description = c.id(), box.ID, time.Now(), wanted.Description
	made.Username = fmt.Sprintf("%s-sub%d", *box.Username, number)
	made.Server, made.HomeDirectory, made.Name = made.Username+".your-storagebox.de", wanted.HomeDirectory, wanted.Name
	if made.Name == "" {
		made.Name = made.Username
	}
	if open := wanted.AccessSettings; open != nil {
		made.open(schema.StorageBoxSubaccountUpdateAccessSettingsRequest(*open))
	}
	box.accounts[made.ID] = made
	begun := c.begin("create_subaccount", "storage_box", box.ID, task{do: c.homes(box.ID, made)})
	return answer{http.StatusCreated, schema.StorageBoxSubaccountCreateResponse{
		Subaccount: schema.StorageBoxSubaccountCreateResponseSubaccount{ID: made.ID, StorageBox: box.ID}, Action: c.show(begun),
	}}, nil
}

func checkHome(directory string) error {
	if directory == "" || strings.HasPrefix(directory, "/") || path.Clean(directory) != strings.TrimSuffix(directory, "/") || strings.HasPrefix(directory, "..") {
		return invalid("home_directory", "must be a path without a leading slash")
	}
	return nil
}

func updateStorageBoxAccount(_ *storageBox, account *storageBoxAccount, r *http.Request) (answer, error) {
	var wanted schema.StorageBoxSubaccountUpdateRequest
	err := read(r, &wanted)
	if err != nil {
		return answer{}, err
	}
	if wanted.Labels != nil {
		if account.Labels, err = checkLabels(wanted.Labels); err != nil {
			return answer{}, err
		}
	}
	if wanted.Name != "" {
		account.Name = wanted.Name
	}
	if wanted.Description != nil {
		account.Description = *wanted.Description
	}
	return answer{body: map[string]any{"subaccount": account.StorageBoxSubaccount}}, nil
}

func openAccount(account *storageBoxAccount, r *http.Request) (func(), error) {
	var wanted schema.StorageBoxSubaccountUpdateAccessSettingsRequest
	err := read(r, &wanted)
	return func() { account.open(wanted) }, err
}

func (a *storageBoxAccount) open(wanted schema.StorageBoxSubaccountUpdateAccessSettingsRequest) {
	now := &a.AccessSettings
	change(&now.ReachableExternally, wanted.ReachableExternally)
	change(&now.Readonly, wanted.Readonly)
	change(&now.SambaEnabled, wanted.SambaEnabled)
	change(&now.SSHEnabled, wanted.SSHEnabled)
	change(&now.WebDAVEnabled, wanted.WebDAVEnabled)
}

func moveAccount(account *storageBoxAccount, r *http.Request) (func(), error) {
	var wanted schema.StorageBoxSubaccountChangeHomeDirectoryRequest
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	if err := checkHome(wanted.HomeDirectory); err != nil {
		return nil, err
	}
	account.HomeDirectory = wanted.HomeDirectory
	return nil, nil
}
