package invoke_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// looked is when the activity is looked at.
var looked = time.Date(2026, 3, 10, 12, 10, 30, 0, time.UTC)

const org lanyard.OrganizationID = "org_x"

// recording gives an Invoker over a store with these calls, and an owner.
func recording(t *testing.T, open storetest.Opener, calls []lanyard.Invocation) (*invoke.Invoker, *lanyard.Caller) {
	t.Helper()
	s := open(func(c *store.Config) { c.Now = func() time.Time { return looked } })
	for i := range calls {
		calls[i].OrganizationID = org
	}
	if err := s.InsertInvocations(t.Context(), calls); err != nil {
		t.Fatal(err)
	}
	i := invoke.New(invoke.Config{Store: s, Logger: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); i.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return i, &lanyard.Caller{Organization: org, User: "usr_owner", Role: lanyard.RoleOwner}
}

func call(ago time.Duration, connection lanyard.LinkName, user lanyard.UserID, status int, took time.Duration) lanyard.Invocation {
	return lanyard.Invocation{At: looked.Add(-ago), Connection: connection, Service: "acme", User: user, Status: status, Duration: took}
}

func activity(t *testing.T, i *invoke.Invoker, c *lanyard.Caller, f invoke.ActivityFilter) *invoke.Activity {
	t.Helper()
	a, err := i.Activity(t.Context(), c, f)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestActivityRanges(t *testing.T) {
	for r, want := range map[invoke.Range]struct {
		points      int
		width       time.Duration
		first, last time.Time
		total       int64 // of a call every ten minutes
		before      int64
	}{
		invoke.LastHour:   {60, time.Minute, looked.Add(-59*time.Minute - 30*time.Second), looked.Truncate(time.Minute), 6, 6},
		invoke.LastDay:    {48, 30 * time.Minute, looked.Truncate(30 * time.Minute).Add(-47 * 30 * time.Minute), looked.Truncate(30 * time.Minute), 143, 143},
		invoke.LastWeek:   {56, 3 * time.Hour, looked.Truncate(3 * time.Hour).Add(-55 * 3 * time.Hour), looked.Truncate(3 * time.Hour), 992, 996},
		invoke.LastMonth:  {60, 12 * time.Hour, looked.Truncate(12 * time.Hour).Add(-59 * 12 * time.Hour), looked.Truncate(12 * time.Hour), 4250, 4254},
		"of another sort": {48, 30 * time.Minute, looked.Truncate(30 * time.Minute).Add(-47 * 30 * time.Minute), looked.Truncate(30 * time.Minute), 143, 143},
	} {
		t.Run(string(r), func(t *testing.T) {
			var calls []lanyard.Invocation
			for ago := 30 * time.Second; ago < 70*24*time.Hour; ago += 10 * time.Minute {
				calls = append(calls, call(ago, "crm", "usr_owner", 200, time.Millisecond))
			}
			storetest.SQLite(t, func(t *testing.T, open storetest.Opener) {
				t.Helper()
				i, c := recording(t, open, calls)
				a := activity(t, i, c, invoke.ActivityFilter{Range: r})
				if len(a.Points) != want.points || a.Width != want.width || !a.Points[0].At.Equal(want.first) || !a.Points[len(a.Points)-1].At.Equal(want.last) {
					t.Errorf("%d points of %v from %v to %v, want %+v", len(a.Points), a.Width, a.Points[0].At, a.Points[len(a.Points)-1].At, want)
				}
				var sum int64
				for _, p := range a.Points {
					sum += p.Calls
				}
				if a.Total.Calls != want.total || sum != want.total || a.Before.Calls != want.before || !a.Compared {
					t.Errorf("%d calls (%d by points), %d before, want %d and %d", a.Total.Calls, sum, a.Before.Calls, want.total, want.before)
				}
			})
		})
	}
}

func TestActivityFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		timeOut := call(4*time.Minute, "crm", "usr_member", 0, 40*time.Second)
		timeOut.Code = lanyard.CodeUpstreamTimeout
		i, owner := recording(t, open, []lanyard.Invocation{
			call(time.Minute, "crm", "usr_owner", 200, 10*time.Millisecond), call(2*time.Minute, "crm", "usr_member", 404, 10*time.Millisecond),
			call(3*time.Minute, "files", "usr_member", 500, 10*time.Millisecond), timeOut, call(50*time.Minute, "crm", "usr_member", 200, 10*time.Millisecond),
		})
		member := &lanyard.Caller{Organization: org, User: "usr_member", Role: lanyard.RoleMember}
		elsewhere := &lanyard.Caller{Organization: "org_y", User: "usr_owner", Role: lanyard.RoleOwner}
		for name, test := range map[string]struct {
			caller            *lanyard.Caller
			filter            invoke.ActivityFilter
			calls, ok, failed int64
		}{
			"an owner sees everybody's":                    {owner, invoke.ActivityFilter{}, 5, 2, 1},
			"a member sees their own":                      {member, invoke.ActivityFilter{}, 4, 1, 1},
			"and asks for another's in vain":               {member, invoke.ActivityFilter{User: "usr_owner"}, 4, 1, 1},
			"nothing of another organization":              {elsewhere, invoke.ActivityFilter{}, 0, 0, 0},
			"a connection":                                 {owner, invoke.ActivityFilter{Connection: "crm"}, 4, 2, 1},
			"a service":                                    {owner, invoke.ActivityFilter{Service: "acme"}, 5, 2, 1},
			"a user":                                       {owner, invoke.ActivityFilter{User: "usr_member"}, 4, 1, 1},
			"an outcome":                                   {owner, invoke.ActivityFilter{Outcome: lanyard.OutcomeFailed}, 1, 0, 1},
			"a connection and a user":                      {owner, invoke.ActivityFilter{Connection: "crm", User: "usr_member"}, 3, 1, 1},
			"a service and a user, from the records":       {owner, invoke.ActivityFilter{Service: "acme", User: "usr_member"}, 4, 1, 1},
			"a member's own calls through a connection":    {member, invoke.ActivityFilter{Connection: "crm"}, 3, 1, 1},
			"a connection and an outcome, from the counts": {owner, invoke.ActivityFilter{Connection: "crm", Outcome: lanyard.OutcomeClientError}, 1, 0, 0},
			"since a connection was made":                  {owner, invoke.ActivityFilter{Connection: "crm", Since: looked.Add(-10 * time.Minute)}, 3, 1, 1},
		} {
			test.filter.Range = invoke.LastHour
			a := activity(t, i, test.caller, test.filter)
			if a.Total.Calls != test.calls || a.Total.By[lanyard.OutcomeOK] != test.ok || a.Total.By[lanyard.OutcomeFailed] != test.failed {
				t.Errorf("%s: %+v, want %d calls, %d ok, %d failed", name, a.Total, test.calls, test.ok, test.failed)
			}
			list, _, err := i.Invocations(t.Context(), test.caller, test.filter.Invocations(a.Now), store.Page{})
			if err != nil || len(list) != int(test.calls) {
				t.Errorf("%s: the list has %d calls, want %d (%v)", name, len(list), test.calls, err)
			}
		}
		if _, err := i.Activity(t.Context(), &lanyard.Caller{Organization: org}, invoke.ActivityFilter{}); lanyard.CodeOf(err) != lanyard.CodeForbidden {
			t.Errorf("for nobody: %v", err)
		}
	})
}

// TestActivityLatency estimates from steps, so it allows for as much as a step is wide.
func TestActivityLatency(t *testing.T) {
	var calls []lanyard.Invocation
	for n := range 100 {
		calls = append(calls, call(time.Minute, "crm", "usr_owner", 200, time.Duration(n)*time.Millisecond))
	}
	slow := call(time.Minute, "crm", "usr_owner", 0, 2*time.Minute)
	slow.Code = lanyard.CodeUpstreamTimeout
	calls = append(calls, slow, slow)
	storetest.SQLite(t, func(t *testing.T, open storetest.Opener) {
		t.Helper()
		i, c := recording(t, open, calls)
		total := activity(t, i, c, invoke.ActivityFilter{}).Total
		if total.Median < 49*time.Millisecond || total.Median > 51*time.Millisecond || total.P95 < 94*time.Millisecond || total.P95 > 96*time.Millisecond {
			t.Errorf("median %v and p95 %v, want 50ms and 95ms, without the failed calls", total.Median, total.P95)
		}
		if failed := activity(t, i, c, invoke.ActivityFilter{Outcome: lanyard.OutcomeFailed}).Total; failed.Median != time.Minute || failed.Errors() != 2 {
			t.Errorf("of the failed calls: %+v, want a median of a minute, which is as far as the steps go", failed)
		}
	})
}

func TestActivitySaysWhatItDidNotCount(t *testing.T) {
	calls := make([]lanyard.Invocation, 2001)
	for n := range calls {
		calls[n] = call(time.Duration(n)*time.Millisecond, "crm", "usr_owner", 200, time.Millisecond)
	}
	storetest.SQLite(t, func(t *testing.T, open storetest.Opener) {
		t.Helper()
		i, c := recording(t, open, calls)
		a := activity(t, i, c, invoke.ActivityFilter{Service: "acme", User: "usr_owner", Range: invoke.LastHour})
		if a.Total.Calls != 2000 || !a.Since.Equal(looked.Add(-1999*time.Millisecond)) || a.Compared {
			t.Errorf("%d calls since %v, compared %v", a.Total.Calls, a.Since, a.Compared)
		}
	})
}
