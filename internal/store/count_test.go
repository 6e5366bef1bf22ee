package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

// randomCalls makes calls of the last two days of three connections by three users, some without either.
func randomCalls(org lanyard.OrganizationID, random *rand.Rand, n int) []lanyard.Invocation {
	pick := func(prefix string) string {
		if i := random.IntN(4); i > 0 {
			return fmt.Sprint(prefix, i)
		}
		return ""
	}
	list := make([]lanyard.Invocation, n)
	for i := range list {
		v := lanyard.Invocation{
			OrganizationID: org, At: start.Add(-time.Duration(random.Int64N(int64(48 * time.Hour)))).Truncate(time.Millisecond),
			Connection: lanyard.LinkName(pick("c")), User: lanyard.UserID(pick("usr_")), Status: []int{0, 101, 200, 302, 399, 400, 404, 499, 500, 503}[random.IntN(10)],
			BytesSent: random.Int64N(1000), BytesReceived: random.Int64N(1 << 40),
		}
		// On the bounds, beside them, and between.
		bound := store.TookBounds[random.IntN(len(store.TookBounds))]
		v.Duration = bound + []time.Duration{-time.Microsecond, 0, 1, time.Microsecond, -bound, bound}[random.IntN(6)]
		if v.Connection != "" {
			v.Service = "s1"
			if v.Connection == "c3" {
				v.Service = "s2"
			}
		}
		if random.IntN(5) == 0 {
			v.Code = lanyard.CodeUpstreamTimeout
		}
		list[i] = v
	}
	return list
}

// counted is what CountSeries should give, by another way.
func counted(list []lanyard.Invocation, matches func(*lanyard.Invocation) bool, span store.Span) []store.Slot {
	type key struct {
		index   int
		outcome lanyard.Outcome
	}
	sums := map[key]*store.Slot{}
	for i := range list {
		v := &list[i]
		index := int(v.At.Sub(span.From) / span.Width)
		if v.At.Before(span.From) || index >= span.Slots || !matches(v) {
			continue
		}
		k := key{index, v.Outcome()}
		if sums[k] == nil {
			sums[k] = &store.Slot{Index: index, Outcome: v.Outcome()}
		}
		c := &sums[k].Counts
		c.Calls++
		c.BytesSent += v.BytesSent
		c.BytesReceived += v.BytesReceived
		c.Duration += time.Duration(v.Duration.Microseconds()) * time.Microsecond
		step := 0
		for step < len(store.TookBounds) && v.Duration/time.Microsecond > store.TookBounds[step]/time.Microsecond {
			step++
		}
		c.Took[step]++
	}
	var slots []store.Slot
	for _, s := range sums {
		slots = append(slots, *s)
	}
	slices.SortFunc(slots, func(a, b store.Slot) int {
		if a.Index != b.Index {
			return a.Index - b.Index
		}
		return strings.Compare(string(a.Outcome), string(b.Outcome))
	})
	return slots
}

// spans are an hour by minutes, a day by half hours, and two days by hours.
var spans = map[string]store.Span{
	"hour": {From: start.Add(-time.Hour), Width: time.Minute, Slots: 60},
	"day":  {From: start.Add(-24 * time.Hour), Width: 30 * time.Minute, Slots: 48},
	"days": {From: start.Add(-48 * time.Hour), Width: time.Hour, Slots: 48},
}

func TestCountsAreThoseOfTheRecords(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		random := rand.New(rand.NewPCG(1, 2))
		other, _, _ := w.account("zylker")
		var list []lanyard.Invocation
		for _, n := range []int{1, 31, 500, 2, 64} { // a row is added to by several batches
			batch := randomCalls(w.org, random, n)
			list = append(list, batch...)
			check(t, w.InsertInvocations(t.Context(), append(batch, randomCalls(other, random, 3)...)))
		}
		for name, span := range spans {
			for _, c := range []struct {
				dimension store.Dimension
				subject   string
				filter    store.InvocationFilter
				matches   func(*lanyard.Invocation) bool
			}{
				{store.ByTotal, "", store.InvocationFilter{}, func(*lanyard.Invocation) bool { return true }},
				{store.ByConnection, "c1", store.InvocationFilter{Connection: "c1"}, func(v *lanyard.Invocation) bool { return v.Connection == "c1" }},
				{store.ByService, "s1", store.InvocationFilter{Service: "s1"}, func(v *lanyard.Invocation) bool { return v.Service == "s1" }},
				{store.ByUser, "usr_2", store.InvocationFilter{User: "usr_2"}, func(v *lanyard.Invocation) bool { return v.User == "usr_2" }},
				{store.ByUser, "absent", store.InvocationFilter{User: "absent"}, func(*lanyard.Invocation) bool { return false }},
			} {
				want := counted(list, c.matches, span)
				got, err := w.CountSeries(t.Context(), w.org, c.dimension, c.subject, span)
				check(t, err)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: %s %q by the counts (-want +got):\n%s", name, c.dimension, c.subject, diff)
				}
				got, since, err := w.RecordSeries(t.Context(), w.org, c.filter, span, 1000)
				check(t, err)
				if diff := cmp.Diff(want, got); diff != "" || !since.IsZero() {
					t.Errorf("%s: %s %q by the records, since %v (-want +got):\n%s", name, c.dimension, c.subject, since, diff)
				}
			}
			pair, err := w.CountSeries(t.Context(), w.org, store.ByConnectionUser, store.ConnectionUser("c1", "usr_2"), span)
			check(t, err)
			both := func(v *lanyard.Invocation) bool { return v.Connection == "c1" && v.User == "usr_2" }
			got, _, err := w.RecordSeries(t.Context(), w.org, store.InvocationFilter{Connection: "c1", User: "usr_2"}, span, 1000)
			check(t, err)
			for how, got := range map[string][]store.Slot{"counts": pair, "records": got} {
				if diff := cmp.Diff(counted(list, both, span), got); diff != "" {
					t.Errorf("%s: a connection and a user by the %s (-want +got):\n%s", name, how, diff)
				}
			}
		}
	})
}

func TestRecordSeriesReadsNoMoreThanItMay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var list []lanyard.Invocation
		for i := range 30 {
			list = append(list, lanyard.Invocation{OrganizationID: w.org, At: start.Add(-time.Duration(i) * time.Minute), Connection: "c", Status: 200})
		}
		check(t, w.InsertInvocations(t.Context(), list))
		span := store.Span{From: start.Add(-time.Hour + time.Minute), Width: time.Minute, Slots: 60}
		slots, since, err := w.RecordSeries(t.Context(), w.org, store.InvocationFilter{Connection: "c"}, span, 10)
		check(t, err)
		if len(slots) != 10 || !since.Equal(start.Add(-9*time.Minute)) {
			t.Errorf("got %d slots since %v; want the last 10, since %v", len(slots), since, start.Add(-9*time.Minute))
		}
	})
}

// TestMigrationCountsOldRecords empties the counts and lets the migration make them from the records.
func TestMigrationCountsOldRecords(t *testing.T) {
	file, err := os.ReadFile("migrations/0003_activity.sql")
	check(t, err)
	_, rest, found := strings.Cut(string(file), "INSERT INTO invocation_counts")
	fill, _, ended := strings.Cut(rest, ";\n")
	if !found || !ended {
		t.Fatal("the migration does not fill the counts")
	}
	eachWorld(t, func(t *testing.T, w *world) {
		random := rand.New(rand.NewPCG(3, 4))
		list := randomCalls(w.org, random, 300)
		list[0].At = start // two days back from the newest are all of them
		check(t, w.InsertInvocations(t.Context(), list))
		db := raw(t, w.config)
		const everything = `SELECT * FROM invocation_counts ORDER BY organization_id, dimension, subject, grain, at, outcome`
		want := dump(t, db, everything)
		for _, statement := range []string{`DELETE FROM invocation_counts`, `INSERT INTO invocation_counts` + fill} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, dump(t, db, everything)); diff != "" || len(want) == 0 {
			t.Errorf("%d counts (-as they were written +as they were filled):\n%s", len(want), diff)
		}
	})
}

func TestSearchFindsWhatIsThere(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		random := rand.New(rand.NewPCG(5, 6))
		list := randomCalls(w.org, random, 600)
		for i := range list {
			list[i].Path = fmt.Sprint("/", i)
		}
		check(t, w.InsertInvocations(t.Context(), list))
		for _, f := range []store.InvocationFilter{
			{Service: "s2"}, {Service: "s1", User: "usr_1"}, {Connection: "c1", User: "usr_1"}, {Outcome: lanyard.OutcomeFailed},
			{Outcome: lanyard.OutcomeOK, Connection: "c2"}, {Outcome: lanyard.OutcomeClientError, User: "usr_3"}, {Outcome: lanyard.OutcomeServerError, Service: "s1", User: "usr_1"},
			{Service: "absent"}, {Connection: "c3", Service: "s1"}, {From: start.Add(-20 * time.Hour)}, {Connection: "c1", Until: start.Add(-20 * time.Hour)},
			{Outcome: lanyard.OutcomeFailed, From: start.Add(-30*time.Hour - 17*time.Minute), Until: start.Add(-3*time.Hour + 5*time.Millisecond)},
		} {
			var want []string
			for i := range list {
				v := &list[i]
				if (f.Connection == "" || v.Connection == f.Connection) && (f.Service == "" || v.Service == f.Service) && (f.User == "" || v.User == f.User) &&
					(f.Outcome == "" || v.Outcome() == f.Outcome) && !v.At.Before(f.From) && (f.Until.IsZero() || v.At.Before(f.Until)) {
					want = append(want, v.Path)
				}
			}
			var got []string
			last := lanyard.InvocationID("~")
			for page := (store.Page{Limit: 7}); ; {
				found, next, err := w.Invocations(t.Context(), w.org, f, page)
				check(t, err)
				for _, v := range found {
					got = append(got, v.Path)
					if v.ID >= last {
						t.Errorf("%+v: %s stands after %s", f, v.ID, last)
					}
					last = v.ID
				}
				if page.Cursor = next; next == "" {
					break
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", f, diff)
			}
		}
	})
}

// TestSearchEndsAndGoesOn looks for two calls beside 25,000 of the same hour, and for one an hour for four days.
func TestSearchEndsAndGoesOn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var list []lanyard.Invocation
		for i := range 25_000 {
			list = append(list, lanyard.Invocation{OrganizationID: w.org, At: start.Add(time.Duration(i) * time.Millisecond), Connection: "busy", Service: "s", Status: 200})
		}
		list[100].Code, list[200].Code = lanyard.CodeNotConnected, lanyard.CodeNotConnected
		for i := range 100 {
			list = append(list, lanyard.Invocation{OrganizationID: w.org, At: start.Add(-time.Duration(i+1) * time.Hour), Connection: "rare", Service: "r", Status: 500})
		}
		check(t, w.InsertInvocations(t.Context(), list))
		w.now.add(time.Minute)
		for _, test := range []struct {
			filter store.InvocationFilter
			want   []int // on each page
		}{
			{store.InvocationFilter{Outcome: lanyard.OutcomeFailed}, []int{0, 2}},
			{store.InvocationFilter{Service: "r"}, []int{24, 24, 24, 24, 4}},
		} {
			var got []int
			cursor := ""
			for {
				found, next, err := w.Invocations(t.Context(), w.org, test.filter, store.Page{Limit: 60, Cursor: cursor})
				check(t, err)
				if got = append(got, len(found)); next == "" {
					break
				}
				cursor = next
			}
			if !slices.Equal(got, test.want) && !slices.Equal(got, append(test.want, 0)) {
				t.Errorf("%+v gives pages of %v, want %v", test.filter, got, test.want)
			}
		}
	})
}

func TestOldRecordsAreDeleted(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var list []lanyard.Invocation
		for i := range 2500 { // more than one batch
			list = append(list, lanyard.Invocation{OrganizationID: w.org, At: start.Add(time.Duration(i) * time.Second), Connection: lanyard.LinkName(fmt.Sprint("c", i)), Status: 200})
		}
		check(t, w.InsertInvocations(t.Context(), list))
		db := raw(t, w.config)
		left := func() string {
			t.Helper()
			check(t, w.DeleteExpired(t.Context()))
			return fmt.Sprint(dump(t, db, `SELECT count(*) FROM invocations`)[0][0], dump(t, db, `SELECT grain, count(*) > 0 FROM invocation_counts GROUP BY grain ORDER BY grain`))
		}
		at := start
		for _, step := range []struct {
			age  time.Duration
			want string
		}{
			{0, "2500 [[60000 true] [3600000 true]]"},
			{store.KeepMinuteCounts + time.Hour, "2500 [[3600000 true]]"},
			{store.KeepInvocations + 1000*time.Second, "1500 [[3600000 true]]"},
			{store.KeepInvocations + time.Hour, "0 [[3600000 true]]"},
			{store.KeepHourCounts + 2*time.Hour, "0 []"},
		} {
			w.now.add(start.Add(step.age).Sub(at))
			at = start.Add(step.age)
			if got := strings.ReplaceAll(strings.ReplaceAll(left(), " 1]", " true]"), " 0]", " false]"); got != step.want {
				t.Errorf("after %v: %s, want %s", step.age, got, step.want)
			}
		}
	})
}
