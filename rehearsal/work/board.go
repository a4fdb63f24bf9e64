package work

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// board is how far each step is.
type board struct {
	mutex sync.Mutex
	began time.Time
	lanes []Lane
	steps [][]progress
}

type progress struct {
	began, ended time.Time
	lines        int
}

func newBoard(lanes []Lane) *board {
	b := &board{began: time.Now(), lanes: lanes}
	for _, lane := range lanes {
		b.steps = append(b.steps, make([]progress, len(lane)))
	}
	return b
}

func (b *board) begin(lane, step int) {
	b.change(lane, step, func(p *progress) { p.began = time.Now() })
}
func (b *board) told(lane, step int) { b.change(lane, step, func(p *progress) { p.lines++ }) }
func (b *board) end(lane, step int)  { b.change(lane, step, func(p *progress) { p.ended = time.Now() }) }

func (b *board) change(lane, step int, how func(*progress)) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	how(&b.steps[lane][step])
}

// display shows the first line when it becomes clear that this takes a while.
func (b *board) display(show func(string)) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for wait := 4 * time.Second; ; wait = 10 * time.Second {
			select {
			case <-time.After(wait):
				show(b.String())
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// String is one line: what is done, what remains, and how long that may take.
func (b *board) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	now := time.Now()
	var left time.Duration
	var parts []string
	for l, lane := range b.lanes {
		var laneLeft time.Duration
		pace := 1.0 // how many times as long as alone
		for s, step := range lane {
			p := b.steps[l][s]
			part := p.part(step, now)
			if !p.began.IsZero() && p.ended.IsZero() && part > 0.05 {
				pace = float64(now.Sub(p.began)) / (float64(step.Alone) * part)
			}
			laneLeft += time.Duration(float64(step.Alone) * (1 - part) * pace)
			parts = append(parts, step.Name+" "+p.text(part))
		}
		left = max(left, laneLeft)
	}
	return fmt.Sprintf("%s, about %s left: %s", clock(now.Sub(b.began)), clock(left.Round(10*time.Second)), strings.Join(parts, ", "))
}

// part is from 0 to 1; 1 only when it has ended. Time counts as well as lines:
// one line may stand for a minute.
func (p progress) part(step Step, now time.Time) float64 {
	switch {
	case !p.ended.IsZero():
		return 1
	case p.began.IsZero():
		return 0
	}
	spent := now.Sub(p.began)
	return min(0.97, max(float64(p.lines)/float64(max(step.Lines, 1)), float64(spent)/float64(spent+step.Alone/2)))
}

func (p progress) text(part float64) string {
	switch {
	case !p.ended.IsZero():
		return "done"
	case p.began.IsZero():
		return "waits"
	}
	return fmt.Sprintf("%.0f%%", part*100)
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
