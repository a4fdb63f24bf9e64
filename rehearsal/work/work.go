// Package work does what takes minutes side by side, and shows how far it is.
package work

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Step is one thing to do. What it tells, line by line, is how far it is.
type Step struct {
	Name  string
	Lines int           // it tells where nothing is kept from before, roughly
	Alone time.Duration // it then takes by itself on two cores, roughly
	Do    func(ctx context.Context, tell func(line string)) error

	Opens  chan struct{}   // optional: closed when it is done
	Behind <-chan struct{} // optional: it begins when this is closed, by a step of another lane
}

// A Lane is steps that are done one after the other.
type Lane []Step

// SideBySide does the lanes at once and returns when all have ended. The first
// that fails ends the others. show gets what a person wants to know meanwhile,
// now and then, and nothing when it is over at once.
func SideBySide(ctx context.Context, show func(line string), lanes ...Lane) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	board := newBoard(lanes)
	stop := board.display(show)
	defer stop()
	failures := make([]error, len(lanes))
	var running sync.WaitGroup
	for l, lane := range lanes {
		running.Go(func() {
			for s, step := range lane {
				if !step.mayBegin(ctx) {
					return
				}
				board.begin(l, s)
				if err := step.Do(ctx, func(line string) { board.told(l, s) }); err != nil {
					if ctx.Err() == nil { // not only because another one failed
						failures[l] = err
					}
					cancel()
					return
				}
				board.end(l, s)
				if step.Opens != nil {
					close(step.Opens)
				}
			}
		})
	}
	running.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	return ctx.Err()
}

// mayBegin waits for what the step is behind; it is false when another one failed meanwhile.
func (s Step) mayBegin(ctx context.Context) bool {
	if s.Behind == nil {
		return true
	}
	select {
	case <-s.Behind:
		return true
	case <-ctx.Done():
		return false
	}
}
