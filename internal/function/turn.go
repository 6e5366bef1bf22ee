package function

import (
	"context"
	"runtime"
	"sync"
	"time"

	"lanyard"
)

// How many scripts run at once: of one organization, and of all in this process, since each may fill its memory.
const (
	maxRuns    = 20
	maxRunsAll = 100
)

// running counts the runs of each organization.
type running struct {
	sync.Mutex
	of  map[lanyard.OrganizationID]int
	all int
}

// admit takes one of the organization's places; rate_limited when there is none.
func (f *Functions) admit(org lanyard.OrganizationID) (release func(), err error) {
	f.running.Lock()
	defer f.running.Unlock()
	if whose := "of this organization "; f.running.of[org] >= maxRuns || f.running.all >= maxRunsAll {
		if f.running.of[org] < maxRuns {
			whose = ""
		}
		return nil, &lanyard.Error{Code: lanyard.CodeRateLimited, RetryAfter: time.Second,
			Message: "Too many scripts " + whose + "run at the moment: try again when some have ended."}
	}
	f.running.of[org]++
	f.running.all++
	return func() {
		f.running.Lock()
		defer f.running.Unlock()
		f.running.all--
		if f.running.of[org]--; f.running.of[org] == 0 {
			delete(f.running.of, org)
		}
	}, nil
}

// Scripts that reckon share a part of the processors, so that other calls find the rest free: half of them, and one at
// least. A run has its turn for a few milliseconds, and while it waits for an answer others have theirs.
const turnFor = 5 * time.Millisecond

func newTurns() chan struct{} { return make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)) }

// turn is the share of one run. It belongs to one goroutine.
type turn struct {
	turns chan struct{}
	ctx   context.Context //nolint:containedctx // of the run, whose end ends the waiting
	has   bool
	since time.Time
}

func (f *Functions) newTurn(ctx context.Context) *turn { return &turn{turns: f.turns, ctx: ctx} }

// begin waits for a turn. It comes back without one when nobody waits for the run any more, which then ends by itself.
func (t *turn) begin(ctx context.Context) {
	select {
	case t.turns <- struct{}{}:
		t.has, t.since = true, time.Now()
	case <-ctx.Done():
	}
}

func (t *turn) end() {
	if t.has {
		<-t.turns
		t.has = false
	}
}

// pace gives others their turn when this one has lasted.
func (t *turn) pace() {
	if t.has && time.Since(t.since) > turnFor {
		t.end()
		t.begin(t.ctx)
	}
}
