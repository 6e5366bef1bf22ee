package function

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // where the machine has no zones of its own

	cron "github.com/netresearch/go-cron"

	"lanyard"
)

const (
	// mostScheduled is how many functions one process runs at once because their schedule says so.
	mostScheduled = 16
	// dueBatch is how many are looked at at once. It is larger, so that an organization whose runs have to wait does not
	// keep those of others from being seen.
	dueBatch = 500
	// stopGrace is how long these runs may go on when the process stops.
	stopGrace = 3 * time.Second
)

// cronFields are the fields of a cron text.
var cronFields = []struct{ name, takes string }{
	{"minute", "0 to 59"}, {"hour", "0 to 23"}, {"day of the month", "1 to 31"}, {"month", "1 to 12 or JAN to DEC"}, {"day of the week", "0 to 7 or SUN to SAT"},
}

// cronParser reads cron texts as crontab(5) has them: with both days restricted, either is enough.
var cronParser = cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom)

// timetable says when a function runs.
type timetable struct {
	spec cron.Schedule
	zone *time.Location
	// everyHour: the hours are those that pass, not those that the clock shows.
	everyHour bool
}

func newTimetable(s lanyard.Schedule) (*timetable, error) {
	zone, err := zoneOf(s.Zone)
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(s.Cron)
	if len(fields) != len(cronFields) {
		return nil, fmt.Errorf("a schedule has five fields: minute, hour, day of the month, month, day of the week; 0 9 * * MON-FRI is nine o'clock on workdays")
	}
	for i, field := range fields {
		alone := []string{"*", "*", "*", "*", "*"}
		alone[i] = field
		if _, err := cronParser.Parse(strings.Join(alone, " ")); err != nil || strings.Contains(field, "?") {
			return nil, fmt.Errorf("the %s is *, or made of %s: one, a list such as 1,3, a range such as 1-3, or each with a step such as */2", cronFields[i].name, cronFields[i].takes)
		}
	}
	spec, err := cronParser.Parse(strings.Join(fields, " "))
	if err != nil {
		return nil, fmt.Errorf("this is not a schedule")
	}
	return &timetable{spec, zone, strings.HasPrefix(fields[1], "*")}, nil
}

// zoneOf finds a zone of the IANA database; an empty name is UTC. Local, which is the server's own, is none.
func zoneOf(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || zone == time.Local {
		return nil, fmt.Errorf("this is no time zone: give its IANA name, such as Europe/Berlin")
	}
	return zone, nil
}

// shift is more than a clock is ever put forward or back at once.
const shift = 3 * time.Hour

// next is the first time after t; the zero time when there is none. Where the clock is put forward, what would have run in
// the time that is left out runs that much later; where it is put back, what runs at certain hours runs the first time only.
func (tt *timetable) next(t time.Time) time.Time {
	if tt.everyHour {
		n := tt.spec.Next(t.In(tt.zone))
		return n.UTC()
	}
	// What the clock shows is reckoned with as if it were UTC, which leaves nothing out, and is found in the zone then.
	local := t.In(tt.zone)
	shown := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC).Add(-shift)
	for {
		if shown = tt.spec.Next(shown); shown.IsZero() {
			return shown
		}
		if n := tt.when(shown); n.After(t) {
			return n
		}
	}
}

// when is the first time at which the clock of the zone shows this; where it never does, it is reckoned with the offset
// from before the clock was put forward.
func (tt *timetable) when(shown time.Time) time.Time {
	with := func(at time.Time) (n time.Time, right bool) {
		_, offset := at.In(tt.zone).Zone()
		n = shown.Add(-time.Duration(offset) * time.Second)
		local := n.In(tt.zone)
		return n, local.Hour() == shown.Hour() && local.Minute() == shown.Minute()
	}
	before, right := with(shown.Add(-24 * time.Hour))
	if right {
		return before
	}
	if after, right := with(shown.Add(24 * time.Hour)); right {
		return after
	}
	return before
}

// NextRuns gives the next times of a schedule after a time, at most n. The error is a sentence for the person who typed it.
func NextRuns(s lanyard.Schedule, after time.Time, n int) ([]time.Time, error) {
	tt, err := newTimetable(s)
	if err != nil {
		return nil, err
	}
	var times []time.Time
	for len(times) < n {
		if after = tt.next(after); after.IsZero() {
			break
		}
		times = append(times, after)
	}
	return times, nil
}

// schedule gives a function a schedule, or notes what is wrong with it.
func (f *Functions) schedule(fn *lanyard.Function, s lanyard.Schedule, faults *lanyard.FieldErrors) {
	fn.Schedule, fn.NextRunAt = lanyard.Schedule{}, time.Time{}
	if s.Cron == "" {
		return
	}
	if _, err := zoneOf(s.Zone); err != nil {
		faults.Check("/schedule/zone", err)
		return
	}
	next, err := NextRuns(s, f.Store.Now(), 1)
	if err == nil && len(next) == 0 {
		err = fmt.Errorf("there is no such day, so this would never run")
	}
	if err == nil && len(fn.Signature.Parameters) > 0 {
		err = fmt.Errorf("a function with parameters does not run on a schedule, since nobody gives it any: write one without, which calls it")
	}
	if err != nil {
		faults.Check("/schedule/cron", err)
		return
	}
	fn.Schedule, fn.NextRunAt = lanyard.Schedule{Cron: strings.Join(strings.Fields(s.Cron), " "), Zone: s.Zone}, next[0]
}

// RunSchedules runs functions when their schedule says so, until ctx ends. What is due stands in the store: of any number
// of replicas one runs it, and what was missed while none was there runs once.
func (f *Functions) RunSchedules(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	slots := make(chan struct{}, mostScheduled)
	tick := time.NewTicker(f.SchedulesEvery)
	defer tick.Stop()
	for {
		f.runDue(ctx, slots, &under)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// runDue begins what is due, as far as there is room for it. What finds none stays due.
func (f *Functions) runDue(ctx context.Context, slots chan struct{}, under *sync.WaitGroup) {
	due, err := f.Store.DueFunctions(ctx, dueBatch)
	if err != nil {
		if ctx.Err() == nil {
			f.Logger.ErrorContext(ctx, "look for functions that are due", "error", err)
		}
		return
	}
	for i := range due {
		if ctx.Err() != nil {
			return
		}
		select {
		case slots <- struct{}{}:
		default:
			return
		}
		release, err := f.admit(due[i].OrganizationID)
		if err != nil { // too many of this organization's
			<-slots
			continue
		}
		under.Go(func() {
			defer func() { release(); <-slots }()
			f.runScheduled(ctx, &due[i])
		})
	}
}

// runScheduled runs a function that is due, unless another replica was quicker.
func (f *Functions) runScheduled(run context.Context, fn *lanyard.Function) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(run))
	defer cancel()
	stop := context.AfterFunc(run, func() { time.AfterFunc(stopGrace, cancel) })
	defer stop()
	if err := f.beginScheduled(ctx, fn); err != nil {
		f.Logger.ErrorContext(ctx, "run a function on its schedule", "organization", fn.OrganizationID, "function", fn.ID, "error", err)
	}
}

func (f *Functions) beginScheduled(ctx context.Context, fn *lanyard.Function) error {
	var next time.Time
	if tt, err := newTimetable(fn.Schedule); err == nil { // it was judged when it was saved
		next = tt.next(f.Store.Now())
	}
	c, refused, err := f.unattended(ctx, fn)
	if err != nil {
		return err
	}
	r := f.newRun(c, fn, lanyard.CauseSchedule)
	begun, err := f.Store.BeginDueRun(ctx, fn, next, r)
	if err != nil || !begun {
		return err
	}
	if refused != "" {
		return f.record(ctx, r, failed(refused))
	}
	// The version that was claimed: the current one may be somebody else's by now.
	v, err := f.Store.FunctionVersion(ctx, fn.OrganizationID, fn.ID, fn.Version)
	if err != nil {
		return err
	}
	fn.Script = v.Script
	return f.perform(ctx, c, fn, r, RunRequest{})
}
