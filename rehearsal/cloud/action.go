package cloud

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// action is work that goes on after its request was answered.
type action struct {
	schema.Action
	done chan struct{}
}

// task is the work of an action: do runs without the lock, then runs with it,
// once do has succeeded. Either may be nil.
type task struct {
	after *action // optional: starts only when this one has succeeded
	do    func(ctx context.Context) error
	then  func()
}

// begin starts an action, which takes at least ActionTime. The caller holds the
// lock. A server or a box is locked as long as an action on it runs.
func (c *Cloud) begin(command, kind string, id int64, work task) *action {
	begun := &action{done: make(chan struct{}), Action: schema.Action{
		ID: c.id(), Status: "running", Command: command, Started: time.Now(),
		Resources: []schema.ActionResourceReference{{ID: id, Type: kind}},
	}}
	c.hetzner.actions[begun.ID] = begun
	c.hetzner.busy[id]++
	c.work.Go(func() {
		err := c.perform(work)
		c.mutex.Lock()
		defer c.mutex.Unlock()
		defer close(begun.done)
		c.hetzner.busy[id]--
		if err == nil && work.then != nil {
			work.then()
		}
		begun.finish(err)
	})
	return begun
}

func (c *Cloud) perform(work task) error {
	if work.after != nil {
		<-work.after.done
		if work.after.Error != nil {
			return errors.New("the action before it failed")
		}
	}
	select {
	case <-time.After(c.config.ActionTime):
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	if work.do == nil {
		return nil
	}
	return work.do(c.ctx)
}

func (a *action) finish(err error) {
	now := time.Now()
	a.Finished, a.Progress, a.Status = &now, 100, "success"
	if err != nil {
		a.Status, a.Error = "error", &schema.ActionError{Code: "action_failed", Message: err.Error()}
	}
}

// show is the action as the API shows it just now.
func (c *Cloud) show(a *action) schema.Action {
	shown := a.Action
	if shown.Status == "running" && c.config.ActionTime > 0 {
		shown.Progress = int(min(99, 100*time.Since(shown.Started)/c.config.ActionTime))
	}
	return shown
}

// begun answers with an action that has just begun.
func (c *Cloud) begun(a *action) (answer, error) {
	return answer{http.StatusCreated, map[string]any{"action": c.show(a)}}, nil
}

func (c *Cloud) actionRoutes() map[string]handle {
	return map[string]handle{
		"GET /v1/actions/{id}": func(r *http.Request) (answer, error) {
			found, err := find(r, c.hetzner.actions)
			if err != nil {
				return answer{}, err
			}
			return answer{body: map[string]any{"action": c.show(found)}}, nil
		},
		"GET /v1/actions": func(r *http.Request) (answer, error) {
			wanted := r.URL.Query()["id"]
			if len(wanted) == 0 { // listing all was removed in January 2025
				return answer{}, &refusal{status: http.StatusGone, code: "deprecated_api_endpoint", message: "API functionality was removed"}
			}
			shown := kind[schema.Action]{many: "actions", id: func(a schema.Action) int64 { return a.ID }, all: func() (all []schema.Action) {
				for _, a := range c.hetzner.actions {
					if slices.Contains(wanted, strconv.FormatInt(a.ID, 10)) {
						all = append(all, c.show(a))
					}
				}
				return all
			}}
			return shown.list(r)
		},
	}
}
