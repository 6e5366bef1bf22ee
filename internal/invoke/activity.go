package invoke

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// maxCounted is how many records are read for a count that no counter was kept for.
const maxCounted = 2000

// Range is how far back an activity looks.
type Range string

const (
	LastHour  Range = "hour"
	LastDay   Range = "day"
	LastWeek  Range = "week"
	LastMonth Range = "month" // 30 days
)

// span ends with the slot that holds now, and begins with a whole one. The slots are as long as a plot has room for.
func (r Range) span(now time.Time) store.Span {
	width, slots := 30*time.Minute, 48
	switch r {
	case LastHour:
		width, slots = time.Minute, 60
	case LastWeek:
		width, slots = 3*time.Hour, 56
	case LastMonth:
		width, slots = 12*time.Hour, 60
	case LastDay:
	}
	last := now.UTC().Truncate(width)
	return store.Span{From: last.Add(-time.Duration(slots-1) * width), Width: width, Slots: slots}
}

// ActivityFilter says which calls are counted; empty fields do not narrow.
type ActivityFilter struct {
	Connection lanyard.LinkName
	Service    lanyard.LinkName
	User       lanyard.UserID
	Outcome    lanyard.Outcome
	Range      Range     // LastDay when it is none of the others
	Since      time.Time // nothing earlier: a connection of the same link name may have been there before
}

// Invocations is the same filter for the list of calls.
func (f ActivityFilter) Invocations(now time.Time) store.InvocationFilter {
	from := f.Range.span(now).From
	if f.Since.After(from) {
		from = f.Since
	}
	return store.InvocationFilter{Connection: f.Connection, Service: f.Service, User: f.User, Outcome: f.Outcome, From: from}
}

// subject gives by what the calls are counted, and whether counters were kept for it.
func (f *ActivityFilter) subject() (d store.Dimension, subject string, kept bool) {
	switch {
	case f.Connection != "" && f.User != "":
		return store.ByConnectionUser, store.ConnectionUser(f.Connection, f.User), f.Service == ""
	case f.Connection != "":
		return store.ByConnection, string(f.Connection), f.Service == ""
	case f.Service != "":
		return store.ByService, string(f.Service), f.User == ""
	case f.User != "":
		return store.ByUser, string(f.User), true
	}
	return store.ByTotal, "", true
}

// Figures sum calls up.
type Figures struct {
	Calls int64
	By    map[lanyard.Outcome]int64
	// Median and P95 are of how long calls took that the service answered; of failed ones only when nothing else was
	// asked for. They are estimated from a dozen steps, and zero when there were none.
	Median, P95 time.Duration
}

// Errors is how many calls did not go well.
func (f *Figures) Errors() int64 { return f.Calls - f.By[lanyard.OutcomeOK] }

// Point is the calls of one slot.
type Point struct {
	At time.Time // when it begins
	Figures
}

// Activity is how much was called, how it ended, and how long it took.
type Activity struct {
	Now    time.Time
	Points []Point // one for every slot, oldest first; the last is still going on
	Width  time.Duration
	Total  Figures
	Before Figures // of the stretch of the same length before, up to the same moment
	// Compared: Before is known.
	Compared bool
	// Since is zero, or the moment before which calls were not counted, because there were too many.
	Since time.Time
}

// Activity counts calls over time: everybody's for owners and admins, their own for others. A service together with a
// user or a connection is counted from the records themselves, of which no more than 2,000 are read.
func (i *Invoker) Activity(ctx context.Context, c *lanyard.Caller, f ActivityFilter) (*Activity, error) {
	if err := ownOnly(c, &f.User); err != nil {
		return nil, err
	}
	i.recorder.settle(ctx)
	now := i.Store.Now()
	span := f.Range.span(now)
	span.Since = f.Since
	slots, since, err := i.count(ctx, c, &f, span)
	if err != nil {
		return nil, err
	}
	a := &Activity{Now: now, Width: span.Width, Since: since}
	all := sums{}
	for n := range span.Slots {
		point := sums{}
		for len(slots) > 0 && slots[0].Index == n {
			point.add(slots[0].Outcome, &slots[0].Counts)
			all.add(slots[0].Outcome, &slots[0].Counts)
			slots = slots[1:]
		}
		a.Points = append(a.Points, Point{span.From.Add(time.Duration(n) * span.Width), point.figures(f.Outcome)})
	}
	a.Total = all.figures(f.Outcome)
	if !since.IsZero() {
		return a, nil
	}
	// What is counted by the hour ends with the hour.
	whole := time.Minute
	if span.Width%time.Hour == 0 {
		whole = time.Hour
	}
	before := store.Span{From: span.From.Add(-time.Duration(span.Slots) * span.Width), Width: now.Sub(span.From).Truncate(whole) + whole, Slots: 1, Since: f.Since}
	slots, since, err = i.count(ctx, c, &f, before)
	if err != nil {
		return nil, err
	}
	past := sums{}
	for n := range slots {
		past.add(slots[n].Outcome, &slots[n].Counts)
	}
	a.Before, a.Compared = past.figures(f.Outcome), since.IsZero()
	return a, nil
}

// count counts by the counters, where there are some, and otherwise by the records; since is when it had to begin later.
func (i *Invoker) count(ctx context.Context, c *lanyard.Caller, f *ActivityFilter, span store.Span) ([]store.Slot, time.Time, error) {
	if d, subject, kept := f.subject(); kept {
		slots, err := i.Store.CountSeries(ctx, c.Organization, d, subject, span)
		return slots, time.Time{}, err
	}
	filter := store.InvocationFilter{Connection: f.Connection, Service: f.Service, User: f.User}
	return i.Store.RecordSeries(ctx, c.Organization, filter, span, maxCounted)
}

// sums are counts by outcome.
type sums map[lanyard.Outcome]*store.Counts

func (s sums) add(o lanyard.Outcome, c *store.Counts) {
	if s[o] == nil {
		s[o] = &store.Counts{}
	}
	s[o].Add(c)
}

// figures sums up one outcome, or all when only is empty.
func (s sums) figures(only lanyard.Outcome) Figures {
	f := Figures{By: map[lanyard.Outcome]int64{}}
	var answered store.Counts
	for outcome, c := range s {
		if only != "" && outcome != only {
			continue
		}
		f.Calls += c.Calls
		f.By[outcome] = c.Calls
		if outcome != lanyard.OutcomeFailed || only == lanyard.OutcomeFailed {
			answered.Add(c)
		}
	}
	f.Median, f.P95 = quantile(&answered, 0.5), quantile(&answered, 0.95)
	return f
}

// quantile estimates how long a share of the calls took at most, as if the durations within a step were spread evenly.
func quantile(c *store.Counts, share float64) time.Duration {
	rank := share * float64(c.Calls)
	var below float64
	var lower time.Duration
	for i, bound := range store.TookBounds {
		n := float64(c.Took[i])
		if n > 0 && below+n >= rank {
			return lower + time.Duration(float64(bound-lower)*(rank-below)/n)
		}
		below += n
		lower = bound
	}
	if c.Calls == 0 {
		return 0
	}
	return lower
}

// ownOnly narrows what a caller reads to their own calls, unless they see everybody's.
func ownOnly(c *lanyard.Caller, user *lanyard.UserID) error {
	if access.SeeAllRecords(c) {
		return nil
	}
	if c.User == "" {
		return lanyard.Errorf(lanyard.CodeForbidden, "This call acts for nobody, and nobody has no calls to list.")
	}
	*user = c.User
	return nil
}
