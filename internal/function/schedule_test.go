package function

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lanyard"
)

func TestWhenASchedulesRuns(t *testing.T) {
	at := func(text string) time.Time {
		t.Helper()
		v, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name, cron, zone, after string
		want                    []string // in UTC
	}{
		{"each quarter of an hour", "*/15 * * * *", "", "2026-03-01 12:01", []string{"2026-03-01 12:15", "2026-03-01 12:30"}},
		{"not at the very time", "0 12 * * *", "", "2026-03-01 12:00", []string{"2026-03-02 12:00"}},
		{"workdays, by name", "0 9 * * mon-FRI", "", "2026-03-06 09:00", []string{"2026-03-09 09:00"}},
		{"months by name", "0 0 1 JAN,jul *", "", "2026-03-01 00:00", []string{"2026-07-01 00:00", "2027-01-01 00:00"}},
		{"Sunday is 0 and 7", "0 0 * * 7", "", "2026-03-01 12:00", []string{"2026-03-08 00:00"}},
		{"either day is enough", "0 0 13 * 5", "", "2026-03-01 00:00", []string{"2026-03-06 00:00", "2026-03-13 00:00"}},
		{"in leap years", "0 0 29 2 *", "", "2026-03-01 00:00", []string{"2028-02-29 00:00"}},
		{"in its zone", "0 9 * * *", "Asia/Kolkata", "2026-03-01 00:00", []string{"2026-03-01 03:30", "2026-03-02 03:30"}},
		{"a day changes earlier in the east", "0 0 1 * *", "Pacific/Auckland", "2026-03-01 00:00", []string{"2026-03-31 11:00"}},
		{"the clock is put forward: an hour later by the clock", "30 2 * * *", "Europe/Berlin", "2026-03-28 02:00",
			[]string{"2026-03-29 01:30", "2026-03-30 00:30"}},
		{"the clock is put back: the first time only", "30 2 * * *", "Europe/Berlin", "2026-10-24 12:00",
			[]string{"2026-10-25 00:30", "2026-10-26 01:30"}},
		{"the clock is put back: each hour that passes", "0 * * * *", "Europe/Berlin", "2026-10-24 23:30",
			[]string{"2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 02:00"}},
		{"the clock was put forward a moment ago", "30 2 * * *", "Europe/Berlin", "2026-03-29 01:10", []string{"2026-03-29 01:30"}},
		{"the clock was put back a moment ago", "30 2 * * *", "Europe/Berlin", "2026-10-25 01:10", []string{"2026-10-26 01:30"}},
		{"half an hour is left out", "15 2 * * *", "Australia/Lord_Howe", "2026-10-02 16:00", []string{"2026-10-03 15:45", "2026-10-04 15:15"}},
		{"midnight is left out", "0 0 * * *", "America/Asuncion", "2024-10-05 12:00", []string{"2024-10-06 04:00", "2024-10-07 03:00"}},
	} {
		got, err := NextRuns(lanyard.Schedule{Cron: c.cron, Zone: c.zone}, at(c.after), len(c.want))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, want := range c.want {
			if i >= len(got) || !got[i].Equal(at(want)) {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}

func TestSchedulesThatAreNone(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "sync", "info 1;")
	w.function(w.member, "greet", greet)
	for _, c := range []struct{ name, cron, zone, want string }{
		{"sync", "* * * *", "", "/schedule/cron: a schedule has five fields"},
		{"sync", "* * * * * *", "", "/schedule/cron: a schedule has five fields"},
		{"sync", "@daily", "", "/schedule/cron: a schedule has five fields"},
		{"sync", "TZ=Asia/Tokyo 0 9 * * *", "", "/schedule/cron: a schedule has five fields"},
		{"sync", "TZ=Asia/Tokyo 9 * * *", "", "/schedule/cron: the minute is"},
		{"sync", "60 * * * *", "", "/schedule/cron: the minute is"},
		{"sync", "*/0 * * * *", "", "/schedule/cron: the minute is"},
		{"sync", "* 24 * * *", "", "/schedule/cron: the hour is"},
		{"sync", "* * 0 * *", "", "/schedule/cron: the day of the month is"},
		{"sync", "* * L * *", "", "/schedule/cron: the day of the month is"},
		{"sync", "* * * MAI *", "", "/schedule/cron: the month is"},
		{"sync", "* * * * ?", "", "/schedule/cron: the day of the week is"},
		{"sync", "* * * * " + strings.Repeat("1,", 100_000), "", "/schedule/cron: the day of the week is"},
		{"sync", "0 0 30 2 *", "", "/schedule/cron: there is no such day"},
		{"sync", "0 0 * * *", "Local", "/schedule/zone: this is no time zone"},
		{"sync", "0 0 * * *", "Europe/Nowhere", "/schedule/zone: this is no time zone"},
		{"sync", "0 0 * * *", "../../etc/passwd", "/schedule/zone: this is no time zone"},
		{"greet", "0 0 * * *", "", "/schedule/cron: a function with parameters"},
	} {
		_, err := w.Edit(t.Context(), w.member, c.name, Edit{Schedule: &lanyard.Schedule{Cron: c.cron, Zone: c.zone}})
		wantCode(t, err, lanyard.CodeInvalidRequest)
		if !strings.HasPrefix(faults(err), c.want) || strings.Contains(faults(err), "\n") {
			t.Errorf("%.40q in %q: got %s, want %s", c.cron, c.zone, faults(err), c.want)
		}
	}
	w.scheduled(w.member, "sync", "0 0 * * *", "")
	script := greet
	_, err := w.Edit(t.Context(), w.member, "sync", Edit{Script: &script})
	wantCode(t, err, lanyard.CodeInvalidRequest)
}

// due runs what is due, and waits until it has run.
func (w *world) due() {
	w.t.Helper()
	var under sync.WaitGroup
	w.runDue(w.t.Context(), make(chan struct{}, mostScheduled), &under)
	under.Wait()
}

func TestAScheduleRunsAsWhoeverSavedIt(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "hourly", `info "ran";`)
	if fn := w.scheduled(w.member, "hourly", "0  * * * *", "Europe/Berlin"); fn.Schedule.Cron != "0 * * * *" || !fn.NextRunAt.Equal(begin.Add(time.Hour)) {
		t.Errorf("it is %+v", fn)
	}
	w.due()
	if list := w.runs("hourly"); len(list) != 0 {
		t.Errorf("it ran before it was due: %+v", list)
	}
	w.pass(time.Hour)
	w.due()
	w.due()
	list := w.runs("hourly")
	if len(list) != 1 || list[0].Status != lanyard.RunOK || list[0].Cause != lanyard.CauseSchedule || list[0].User != w.member.User || list[0].Key != "" {
		t.Fatalf("the runs are %+v", list)
	}
	if r, err := w.RunOf(t.Context(), w.member, list[0].ID); err != nil || fmt.Sprint(r.Report.Output) != "[ran]" {
		t.Errorf("the run is %+v, %v", r, err)
	}
	if fn, err := w.Function(t.Context(), w.member, "hourly"); err != nil || !fn.NextRunAt.Equal(begin.Add(2*time.Hour)) {
		t.Errorf("it is due next at %v, %v", fn.NextRunAt, err)
	}
	w.scheduled(w.member, "hourly", "", "")
	w.pass(24 * time.Hour)
	w.due()
	if list := w.runs("hourly"); len(list) != 1 {
		t.Errorf("without a schedule it ran: %+v", list)
	}
}

func TestWhatWasMissedRunsOnce(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "minutely", "info 1;")
	w.scheduled(w.member, "minutely", "* * * * *", "")
	w.pass(3*time.Hour + 30*time.Second)
	w.due()
	w.due()
	if list := w.runs("minutely"); len(list) != 1 {
		t.Errorf("it ran %d times", len(list))
	}
	w.pass(30 * time.Second)
	w.due()
	if list := w.runs("minutely"); len(list) != 2 {
		t.Errorf("afterwards it ran %d times", len(list))
	}
}

// Who gives somebody else's script a schedule or an address answers for what runs: it never acts for the other person.
func TestWhoeverSchedulesAnswersForIt(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "hourly", "info 1;")
	if fn := w.scheduled(w.owner, "hourly", "0 * * * *", ""); fn.SavedBy != w.owner.User || fn.Version != 2 {
		t.Errorf("scheduled by the owner it is %+v", fn)
	}
	if fn := w.scheduled(w.member, "hourly", "", ""); fn.SavedBy != w.owner.User || fn.Version != 2 {
		t.Errorf("ending the schedule made it %+v", fn)
	}
	_, err := w.NewHook(t.Context(), w.member, "hourly")
	w.must(err)
	if fn, err := w.Function(t.Context(), w.member, "hourly"); err != nil || fn.SavedBy != w.member.User || fn.Version != 3 || fn.Script != "info 1;" {
		t.Errorf("with the member's address it is %+v, %v", fn, err)
	}
}

func TestNothingRunsForSomebodyWhoIsGone(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "hourly", "info 1;")
	w.scheduled(w.member, "hourly", "0 * * * *", "")
	url, err := w.NewHook(t.Context(), w.member, "hourly")
	w.must(err)
	w.disable(w.member)
	w.pass(time.Hour)
	w.due()
	_, err = w.RunHook(t.Context(), url.Reveal()[len("https://lanyard.example/hooks/"):], Message{Method: "POST"})
	wantCode(t, err, lanyard.CodeFunctionFailed)
	list := w.runs("hourly")
	if len(list) != 2 {
		t.Fatalf("the runs are %+v", list)
	}
	for _, r := range list {
		full, err := w.RunOf(t.Context(), w.owner, r.ID)
		w.must(err)
		if r.Status != lanyard.RunFailed || full.Report.Error == nil || !strings.Contains(full.Report.Error.Message, "deactivated") || len(full.Report.Output) != 0 {
			t.Errorf("by %s: %+v", r.Cause, full.Report)
		}
	}
}

// An organization whose places are taken waits; it loses no run.
func TestWhatFindsNoPlaceStaysDue(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "hourly", "info 1;")
	w.scheduled(w.member, "hourly", "0 * * * *", "")
	w.pass(time.Hour)
	var release []func()
	for range maxRuns {
		r, err := w.admit(w.org)
		w.must(err)
		release = append(release, r)
	}
	w.due()
	if list := w.runs("hourly"); len(list) != 0 {
		t.Errorf("it ran: %+v", list)
	}
	for _, r := range release {
		r()
	}
	w.due()
	if list := w.runs("hourly"); len(list) != 1 {
		t.Errorf("it did not run: %+v", list)
	}
}

func TestRunSchedulesLooksAgainAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.function(w.member, "hourly", "info 1;")
		w.scheduled(w.member, "hourly", "0 * * * *", "")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.RunSchedules(ctx)
		}()
		synctest.Wait()
		w.pass(time.Hour)
		time.Sleep(5 * time.Second) // of the bubble: until it looks again
		synctest.Wait()
		if list := w.runs("hourly"); len(list) != 1 || list[0].Status != lanyard.RunOK {
			t.Errorf("the runs are %+v", list)
		}
		stop()
		<-ended
	})
}
