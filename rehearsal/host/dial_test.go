package host

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// A process that stays in a rehearsal's network is killed with it.
func TestWithinLeavesTheProcessWhereItIs(t *testing.T) {
	before, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	path, another := newNetwork(t)
	var visits sync.WaitGroup
	for range 500 {
		visits.Go(func() {
			err := within(path, func() error {
				seen, err := os.Readlink("/proc/thread-self/ns/net")
				if err == nil && seen != another {
					err = fmt.Errorf("it is in %s instead of %s", seen, another)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	visits.Wait()
	if after, err := os.Readlink("/proc/self/ns/net"); after != before {
		t.Errorf("the process was in %s and is in %s now: %v", before, after, err)
	}
}

// newNetwork makes a network that lives as long as the test: a thread is in it.
func newNetwork(t *testing.T) (path, name string) {
	t.Helper()
	made, ended := make(chan error), make(chan struct{})
	t.Cleanup(func() { close(ended) })
	go func() {
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		path = fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())
		made <- err
		<-ended
	}()
	if err := <-made; err != nil {
		t.Fatalf("a new network needs root: %v", err)
	}
	name, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, name
}
