package store

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestB18_ClockDoesNotStepBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The wall clock showed an hour more when the store was opened, and was then set back.
		c := clock{opened: reading{shown: time.Now().Add(time.Hour), local: time.Now()}}
		first := c.now()
		if want := time.Now().Add(time.Hour).UTC(); !first.Equal(want) {
			t.Errorf("after the step back it is %v, want %v", first, want)
		}
		time.Sleep(10 * time.Minute)
		if got := c.now().Sub(first); got != 10*time.Minute {
			t.Errorf("ten minutes later %v have passed", got)
		}
		// It was set ahead: that is followed.
		c.opened.shown = c.opened.shown.Add(-2 * time.Hour)
		if got, want := c.now(), time.Now().UTC(); !got.Equal(want) {
			t.Errorf("after a step ahead it is %v, want %v", got, want)
		}
	})
}

func TestB17_ClockFollowsTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock{opened: readLocal()}
		server := func() time.Time { return time.Now().Add(-10 * time.Minute) } // ours is ten minutes fast
		read := func(trip time.Duration) {
			asked := time.Now()
			time.Sleep(trip / 2)
			answer := server()
			time.Sleep(trip - trip/2)
			c.measure(answer, asked)
		}
		read(40 * time.Millisecond)
		if got := c.now(); !got.Equal(server().UTC()) {
			t.Errorf("the clock shows %v, the server %v", got, server())
		}
		time.Sleep(time.Hour)
		if got := c.now(); !got.Equal(server().UTC()) {
			t.Errorf("an hour later the clock shows %v, the server %v", got, server())
		}
		before := c.measured.Load()
		read(2 * time.Second)
		if c.measured.Load() != before {
			t.Error("a reading that took two seconds was believed")
		}
		server = func() time.Time { return time.Now().Add(5 * time.Minute) }
		read(0)
		if got := c.now(); !got.Equal(server().UTC()) {
			t.Errorf("after the server was set the clock shows %v, the server %v", got, server())
		}
	})
}
