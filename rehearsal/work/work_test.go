package work

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestSideBySide_AStepBehindAnotherWaitsForIt(t *testing.T) {
	var mutex sync.Mutex
	var order []string
	step := func(name string) Step {
		return Step{Name: name, Do: func(context.Context, func(string)) error {
			mutex.Lock()
			defer mutex.Unlock()
			order = append(order, name)
			return nil
		}}
	}
	gate := make(chan struct{})
	first, second := step("first"), step("second")
	first.Opens, second.Behind = gate, gate
	if err := SideBySide(t.Context(), func(string) {}, Lane{second}, Lane{first}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(order, []string{"first", "second"}) {
		t.Errorf("the order was %v", order)
	}
}

func TestSideBySide_TheFirstFailureEndsTheOthers(t *testing.T) {
	broken := errors.New("broken")
	err := SideBySide(t.Context(), func(string) {},
		Lane{{Name: "fails", Do: func(context.Context, func(string)) error { return broken }}},
		Lane{{Name: "waits", Do: func(ctx context.Context, _ func(string)) error { <-ctx.Done(); return ctx.Err() }}},
		Lane{{Name: "never begins", Behind: make(chan struct{}), Do: func(context.Context, func(string)) error { t.Error("it began"); return nil }}},
	)
	if !errors.Is(err, broken) || errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRun_TellsWhyItFailed(t *testing.T) {
	lines := 0
	err := Run(exec.CommandContext(t.Context(), "sh", "-c", "echo a/package; echo the reason why >&2; for i in $(seq 30); do echo another/package; done; exit 3"), func(string) { lines++ })
	if err == nil || !strings.HasSuffix(err.Error(), "\nthe reason why") || lines != 32 {
		t.Errorf("%d lines, got %v", lines, err)
	}
}
