package store

import (
	"sync/atomic"
	"time"
)

// clock gives the database's time without asking the database each time.
type clock struct {
	override func() time.Time // for tests
	start    time.Time        // when the store was opened, by this machine
	// measured is the last reading of a PostgreSQL server's clock; nil on SQLite.
	measured atomic.Pointer[reading]
}

// reading is what the server's clock showed at a moment of this machine's monotonic clock.
type reading struct{ server, local time.Time }

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
		t = m.server.Add(time.Since(m.local))
	default:
		// The wall clock follows corrections and counts time asleep; the monotonic one does not step back.
		wall, steady := time.Now().Round(0), c.start.Round(0).Add(time.Since(c.start))
		t = wall
		if steady.After(wall) {
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
	c.measured.Store(&reading{server: server, local: asked.Add(trip / 2)})
}
