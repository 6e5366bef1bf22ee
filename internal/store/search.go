package store

import (
	"context"
	"strconv"
	"time"

	"lanyard"
)

// What one page of a search may cost at most.
const (
	maxSearched = 20_000 // records read
	maxHours    = 24     // hours looked into
)

// invocationSearch looks for records of a filter that no index serves: among those that one does, hour by hour, past
// the hours whose counts say that there is nothing.
type invocationSearch struct {
	store   *Store
	org     lanyard.OrganizationID
	filter  InvocationFilter
	indexed InvocationFilter // the part of the filter that an index serves
	before  string           // everything from this id on was seen; empty: nothing was
	found   []lanyard.Invocation
	more    bool // there may be more below before
}

// run searches until limit records are found, or it has cost enough, or everything was seen.
func (s *invocationSearch) run(ctx context.Context, limit int) error {
	s.more = true
	searched := 0
	for range maxHours {
		begin, end, err := s.nextHour(ctx)
		if err != nil {
			return err
		}
		if begin.IsZero() {
			s.more = false
			return nil
		}
		read, err := s.within(ctx, begin, end, limit-len(s.found), maxSearched-searched)
		if err != nil {
			return err
		}
		if searched += read; len(s.found) == limit || searched == maxSearched {
			return nil
		}
		s.before = recordIDsFrom(begin)
	}
	return nil
}

// nextHour gives the newest stretch, of an hour at most, that may hold something not seen yet: the last hour in which
// each thing that is asked for was counted, or one a little later. The zero time says that there is none.
func (s *invocationSearch) nextHour(ctx context.Context) (begin, end time.Time, err error) {
	f := &s.filter
	end = f.Until
	if at, ok := seenFrom(s.before); ok && (end.IsZero() || at.Before(end)) {
		end = at
	}
	if end.IsZero() {
		end = s.store.Now().Add(hourGrain) // the clock of another replica may be ahead
	}
	for _, of := range []struct {
		dimension Dimension
		subject   string
		asked     bool
	}{
		{ByConnection, string(f.Connection), f.Connection != ""}, {ByService, string(f.Service), f.Service != ""}, {ByUser, string(f.User), f.User != ""},
		{ByTotal, "", f.Connection == "" && f.Service == "" && f.User == ""},
	} {
		if !of.asked {
			continue
		}
		hour, err := s.store.lastHour(ctx, s.org, of.dimension, of.subject, f.Outcome, end)
		if err != nil || hour.IsZero() {
			return time.Time{}, time.Time{}, err
		}
		if begin = hour; hour.Add(hourGrain).Before(end) {
			end = hour.Add(hourGrain)
		}
	}
	if !end.After(f.From) {
		return time.Time{}, time.Time{}, nil
	}
	if begin.Before(f.From) {
		begin = f.From
	}
	return begin, end, nil
}

// seenFrom is the moment from which on everything was seen, by an id or the beginning of one.
func seenFrom(before string) (time.Time, bool) {
	const digits = len("0123456789abc")
	if len(before) < digits {
		return time.Time{}, false
	}
	ms, err := strconv.ParseInt(before[:digits], 16, 64)
	if err != nil {
		return time.Time{}, false
	}
	if len(before) > digits {
		ms++ // others of the same millisecond are below it
	}
	return time.UnixMilli(ms), true
}

// within searches one stretch, reading no more records than most, and says how many it read: when it was most, before
// is where it stopped.
func (s *invocationSearch) within(ctx context.Context, begin, end time.Time, limit, most int) (read int, err error) {
	indexed := s.indexed
	indexed.From, indexed.Until = begin, end
	w := indexed.where(s.org, s.before)
	among := ` FROM invocations WHERE ` + w.limit(`id DESC`, most)
	counted := len(w.args)
	w.text = `organization_id = $1`
	s.filter.narrow(&w)
	query := `SELECT ` + invocationColumns + ` FROM (SELECT ` + invocationColumns + among + `) newest WHERE ` + w.limit(`id DESC`, limit)
	found, err := all(ctx, s.store.reads, scanInvocation, query, w.args...)
	if err != nil {
		return 0, err
	}
	s.found = append(s.found, found...)
	if len(found) == limit {
		s.before = string(found[limit-1].ID)
		return 0, nil
	}
	type stretch struct {
		read   int
		lowest string
	}
	scan := func(row scanner) (v stretch, err error) { err = row.Scan(&v.read, &v.lowest); return v, err }
	seen, err := one(ctx, s.store.reads, scan, `SELECT count(*), coalesce(min(id), '') FROM (SELECT id`+among+`) newest`, w.args[:counted]...)
	if err != nil {
		return 0, err
	}
	if seen.read == most {
		s.before = seen.lowest
	}
	return seen.read, nil
}
