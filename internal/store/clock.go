package store

import (
	"sync/atomic"
	"time"
)

// clock gives the database's time without asking the database each time.
type clock struct {
	override func() time.Time // for tests
	opened   reading          // of this machine's own clock, when the store was opened
	// measured is the last reading of a PostgreSQL server's clock; nil on SQLite.
	measured atomic.Pointer[reading]
}

// reading is what some clock showed at a moment of this machine's monotonic clock.
type reading struct{ shown, local time.Time }

func readLocal() reading {
	now := time.Now()
	return reading{shown: now.Round(0), local: now}
}

// now is what that clock shows now, if it goes on as this machine's monotonic clock does.
func (r *reading) now() time.Time { return r.shown.Add(time.Since(r.local)) }

// slowReading is a round trip that says too little about when in between the server looked at its clock.
const slowReading = time.Second

// now is the time for every stored time and every comparison with one: leases, expiries, links. It is bound to the
// queries as a parameter rather than written as an SQL function, so that one value holds for a whole step, the two
// databases need no expressions of their own, and tests can move it.
func (c *clock) now() time.Time {
	var t time.Time
	switch m := c.measured.Load(); {
	case c.override != nil:
		t = c.override()
	case m != nil:
		t = m.now()
	default:
		// The wall clock follows corrections and counts time asleep; the monotonic one does not step back.
		t = time.Now().Round(0)
		if steady := c.opened.now(); steady.After(t) {
			t = steady
		}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// measure takes a reading: the server is assumed to have looked halfway through the round trip.
func (c *clock) measure(server time.Time, asked time.Time) {
	trip := time.Since(asked)
	if trip > slowReading && c.measured.Load() != nil {
		return
	}
	c.measured.Store(&reading{shown: server, local: asked.Add(trip / 2)})
}
