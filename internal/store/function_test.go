package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
)

// function makes a function of the owner.
func (w *world) function(name lanyard.LinkName, change ...func(*lanyard.Function)) *lanyard.Function {
	w.t.Helper()
	f := &lanyard.Function{OrganizationID: w.org, LinkName: name, Name: "Function " + string(name), Author: w.owner.ID, SavedBy: w.owner.ID, Script: "info 1;"}
	for _, c := range change {
		c(f)
	}
	w.must(w.CreateFunction(w.t.Context(), f, 1000, entry(lanyard.ActionFunctionCreate)))
	return f
}

// daily is due an hour after every world began.
func daily(f *lanyard.Function) {
	f.Schedule, f.NextRunAt = lanyard.Schedule{Cron: "0 13 * * *", Zone: "Europe/Berlin"}, start.Add(time.Hour)
}

// run begins a run of a function that ends within a minute.
func (w *world) run(f *lanyard.Function, user lanyard.UserID) *lanyard.FunctionRun {
	w.t.Helper()
	r := &lanyard.FunctionRun{OrganizationID: w.org, FunctionID: f.ID, Function: f.LinkName, Version: f.Version, Cause: lanyard.CauseAPI, User: user, Deadline: w.Now().Add(time.Minute)}
	w.must(w.BeginRun(w.t.Context(), r))
	return r
}

func TestFunctionIsReadAsItWasSaved(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		f := w.function("sync", daily, func(f *lanyard.Function) {
			f.Connections = []lanyard.LinkName{"acme", "slack"}
			f.Signature = lanyard.Signature{Parameters: []lanyard.ScriptParameter{{Name: "n", Type: "int"}}, Returns: "map"}
		})
		read := func() *lanyard.Function {
			t.Helper()
			got, err := w.Function(t.Context(), w.org, "sync")
			check(t, err)
			return got
		}
		if diff := gocmp.Diff(f, read()); diff != "" || f.Version != 1 || !f.CreatedAt.Equal(start) {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		w.now.add(time.Second)
		f.Name, f.Schedule, f.NextRunAt = "Another", lanyard.Schedule{}, time.Time{}
		check(t, w.UpdateFunction(t.Context(), 1, f, entry(lanyard.ActionFunctionEdit)))
		f.Version, f.SavedBy, f.Script, f.Connections, f.Signature = 2, w.member.ID, "info 2;", []lanyard.LinkName{}, lanyard.Signature{}
		check(t, w.UpdateFunction(t.Context(), 1, f, entry(lanyard.ActionFunctionEdit)))
		if diff := gocmp.Diff(f, read()); diff != "" || !f.UpdatedAt.Equal(start.Add(time.Second)) {
			t.Errorf("edited (-want +got):\n%s", diff)
		}
		versions, _, err := w.FunctionVersions(t.Context(), w.org, f.ID, store.Page{Limit: 200})
		check(t, err)
		want := []lanyard.FunctionVersion{{Version: 2, SavedBy: w.member.ID, SavedAt: start.Add(time.Second)}, {Version: 1, SavedBy: w.owner.ID, SavedAt: start}}
		if diff := gocmp.Diff(want, versions); diff != "" {
			t.Errorf("the versions (-want +got):\n%s", diff)
		}
		first, err := w.FunctionVersion(t.Context(), w.org, f.ID, 1)
		check(t, err)
		if want[1].Script = "info 1;"; *first != want[1] {
			t.Errorf("the first version is %+v", first)
		}
		if w.audited(lanyard.ActionFunctionCreate) != 1 || w.audited(lanyard.ActionFunctionEdit) != 2 {
			t.Error("it is not in the audit log")
		}
	})
}

func TestFunctionConflicts(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		f := w.function("sync")
		again := *f
		again.ID = ""
		wantField(t, w.CreateFunction(t.Context(), &again, 1000, entry("x")), lanyard.CodeConflict, "/link_name")
		again.LinkName = "another"
		wantCode(t, w.CreateFunction(t.Context(), &again, 1, entry("x")), lanyard.CodeConflict)

		mine, theirs := *f, *f
		mine.Version, mine.Script = 2, "info \"mine\";"
		check(t, w.UpdateFunction(t.Context(), 1, &mine, entry("x")))
		theirs.Version, theirs.Script = 2, "info \"theirs\";"
		wantCode(t, w.UpdateFunction(t.Context(), 1, &theirs, entry("x")), lanyard.CodeConflict)
		wantCode(t, w.SetHook(t.Context(), f, hash("token"), entry("x")), lanyard.CodeConflict)
		if got, err := w.Function(t.Context(), w.org, "sync"); err != nil || got.Script != mine.Script || got.HookSet {
			t.Errorf("it is %+v, %v", got, err)
		}
		check(t, w.DeleteFunction(t.Context(), w.org, f.ID, entry("x")))
		wantCode(t, w.UpdateFunction(t.Context(), 2, &mine, entry("x")), lanyard.CodeNotFound)
		wantCode(t, w.DeleteFunction(t.Context(), w.org, f.ID, entry("x")), lanyard.CodeNotFound)
		wantCode(t, w.BeginRun(t.Context(), &lanyard.FunctionRun{OrganizationID: w.org, FunctionID: f.ID}), lanyard.CodeNotFound)
	})
}

func TestTheLastVersionsAreKept(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		f := w.function("sync")
		for range store.KeepVersions + 4 {
			f.Version++
			f.Script = fmt.Sprint("info ", f.Version, ";")
			check(t, w.UpdateFunction(t.Context(), f.Version-1, f, entry("x")))
		}
		versions, _, err := w.FunctionVersions(t.Context(), w.org, f.ID, store.Page{Limit: 200})
		check(t, err)
		if len(versions) != store.KeepVersions || versions[0].Version != f.Version {
			t.Errorf("there are %d versions, from %d on", len(versions), versions[0].Version)
		}
		page, next, err := w.FunctionVersions(t.Context(), w.org, f.ID, store.Page{Limit: 99})
		check(t, err)
		rest, _, err := w.FunctionVersions(t.Context(), w.org, f.ID, store.Page{Cursor: next})
		check(t, err)
		if len(page) != 99 || len(rest) != 1 || rest[0].Version != page[98].Version-1 {
			t.Errorf("in pages they are %d and %d", len(page), len(rest))
		}
		_, err = w.FunctionVersion(t.Context(), w.org, f.ID, f.Version-store.KeepVersions)
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.FunctionVersion(t.Context(), w.org, f.ID, f.Version-store.KeepVersions+1)
		check(t, err)
	})
}

func TestFunctionsAreListedSearchedAndFoundByConnection(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for _, name := range []lanyard.LinkName{"copy_deals", "copyxdeals", "sync"} {
			w.function(name, func(f *lanyard.Function) {
				f.Name = "Größe " + string(name)
				f.Connections = []lanyard.LinkName{"a_b", "only_" + name}
			})
		}
		names := func(list []lanyard.Function, err error) string {
			t.Helper()
			check(t, err)
			var all []lanyard.LinkName
			for _, f := range list {
				if all = append(all, f.LinkName); f.Script != "" {
					t.Error("a list has scripts")
				}
			}
			return fmt.Sprint(all)
		}
		list := func(query string, page store.Page) string {
			t.Helper()
			found, _, err := w.Functions(t.Context(), w.org, query, page)
			return names(found, err)
		}
		for query, want := range map[string]string{
			"": "[copy_deals copyxdeals sync]", "GRÖSSE": "[]", "GRÖßE": "[copy_deals copyxdeals sync]", "copy_": "[copy_deals]", "nothing": "[]", "%": "[]",
		} {
			if got := list(query, store.Page{}); got != want {
				t.Errorf("%q finds %s, want %s", query, got, want)
			}
		}
		_, next, err := w.Functions(t.Context(), w.org, "", store.Page{Limit: 2})
		check(t, err)
		if got := list("", store.Page{Cursor: next}); got != "[sync]" {
			t.Errorf("the second page is %s", got)
		}
		for connection, want := range map[lanyard.LinkName]string{
			"a_b": "[copy_deals copyxdeals sync]", "only_copy_deals": "[copy_deals]", "a": "[]", "axb": "[]",
		} {
			if got := names(w.FunctionsWith(t.Context(), w.org, connection)); got != want {
				t.Errorf("with %s there are %s, want %s", connection, got, want)
			}
		}
		other, _, _ := w.account("other")
		if got := names(w.FunctionsWith(t.Context(), other, "a_b")); got != "[]" {
			t.Errorf("another organization finds %s", got)
		}
	})
}

func TestHookOfAFunction(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		f := w.function("sync")
		check(t, w.SetHook(t.Context(), f, hash("first"), entry(lanyard.ActionFunctionHook)))
		if got, err := w.FunctionByHook(t.Context(), hash("first")); err != nil || got.ID != f.ID || !got.HookSet || got.Script != f.Script {
			t.Fatalf("its token finds %+v, %v", got, err)
		}
		check(t, w.SetHook(t.Context(), f, hash("second"), entry(lanyard.ActionFunctionHook)))
		_, err := w.FunctionByHook(t.Context(), hash("first"))
		wantCode(t, err, lanyard.CodeNotFound)
		check(t, w.SetHook(t.Context(), f, nil, entry(lanyard.ActionFunctionHookEnd)))
		_, err = w.FunctionByHook(t.Context(), hash("second"))
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.FunctionByHook(t.Context(), nil)
		wantCode(t, err, lanyard.CodeNotFound)
	})
}

// O11: what began and never ended was cut.
func TestO11_ARunWithoutAnEndWasCut(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		r := w.run(w.function("sync"), w.member.ID)
		status := func() lanyard.RunStatus {
			t.Helper()
			got, err := w.Run(t.Context(), w.org, r.ID)
			check(t, err)
			list, _, err := w.Runs(t.Context(), w.org, r.FunctionID, store.RunFilter{}, store.Page{})
			check(t, err)
			if len(list) != 1 || list[0].Status != got.Status {
				t.Errorf("the list says %+v", list)
			}
			return got.Status
		}
		w.now.add(time.Minute)
		if s := status(); s != lanyard.RunRunning {
			t.Errorf("until its deadline it is %s", s)
		}
		w.now.add(time.Millisecond)
		if s := status(); s != lanyard.RunCut {
			t.Errorf("after its deadline it is %s", s)
		}
		r.Status, r.Duration, r.Statements = lanyard.RunFailed, 1500*time.Microsecond, 7
		r.Report = lanyard.RunReport{Output: []string{"one"}, Result: []byte(`{"a":1}`), Error: &lanyard.RunError{Message: "x", Line: 2}, Calls: []lanyard.RunCall{{Name: "invokeurl"}}}
		check(t, w.FinishRun(t.Context(), r))
		got, err := w.Run(t.Context(), w.org, r.ID)
		check(t, err)
		if diff := gocmp.Diff(r, got); diff != "" {
			t.Errorf("the run (-want +got):\n%s", diff)
		}
	})
}

func TestRunsAreListedByWhomeverTheyActedFor(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		f := w.function("sync")
		w.run(w.function("other"), w.owner.ID)
		var ids []lanyard.RunID
		for _, user := range []lanyard.UserID{w.owner.ID, w.member.ID, w.owner.ID} {
			ids = append(ids, w.run(f, user).ID)
			w.now.add(time.Second)
		}
		for filter, want := range map[store.RunFilter][]lanyard.RunID{
			{}: {ids[2], ids[1], ids[0]}, {User: w.member.ID}: {ids[1]}, {User: w.owner.ID}: {ids[2], ids[0]}, {Key: "key_x"}: nil,
		} {
			list, _, err := w.Runs(t.Context(), w.org, f.ID, filter, store.Page{})
			check(t, err)
			var got []lanyard.RunID
			for _, r := range list {
				got = append(got, r.ID)
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", filter, diff)
			}
		}
		other, _, _ := w.account("other")
		_, err := w.Run(t.Context(), other, ids[0])
		wantCode(t, err, lanyard.CodeNotFound)
	})
}

func TestOldRunsAreForgotten(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		f := w.function("sync")
		count := func() any {
			t.Helper()
			return fmt.Sprint(dump(t, raw(t, w.config), `SELECT count(*) FROM function_runs`)[0][0])
		}
		for range store.MaxRuns + 3 {
			w.run(f, w.owner.ID)
		}
		if got := count(); got != fmt.Sprint(store.MaxRuns) {
			t.Errorf("%s runs are kept", got)
		}
		w.now.add(store.KeepRuns - time.Second)
		w.run(f, w.owner.ID)
		check(t, w.DeleteExpired(t.Context()))
		if got := count(); got != fmt.Sprint(store.MaxRuns) {
			t.Errorf("%s runs are kept before their time is over", got)
		}
		w.now.add(time.Second)
		check(t, w.DeleteExpired(t.Context()))
		if got := count(); got != "1" {
			t.Errorf("%s runs are kept after their time", got)
		}
	})
}

func TestADueRunIsBegunOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		f := w.function("daily", daily)
		w.function("never")
		due := func() []lanyard.Function {
			t.Helper()
			list, err := w.DueFunctions(t.Context(), 10)
			check(t, err)
			return list
		}
		if list := due(); len(list) != 0 {
			t.Errorf("before its time these are due: %+v", list)
		}
		w.now.add(time.Hour)
		list := due()
		if len(list) != 1 || list[0].ID != f.ID {
			t.Fatalf("at its time these are due: %+v", list)
		}
		var replicas sync.WaitGroup
		var mu sync.Mutex
		begun := 0
		for range 8 {
			replicas.Go(func() {
				r := &lanyard.FunctionRun{OrganizationID: w.org, FunctionID: f.ID, Version: 1, Cause: lanyard.CauseSchedule, User: w.owner.ID, Deadline: w.Now().Add(time.Minute)}
				ok, err := w.BeginDueRun(t.Context(), &list[0], start.Add(25*time.Hour), r)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				} else if ok {
					begun++
				}
			})
		}
		replicas.Wait()
		if runs, _, err := w.Runs(t.Context(), w.org, f.ID, store.RunFilter{}, store.Page{}); err != nil || begun != 1 || len(runs) != 1 {
			t.Errorf("%d replicas began %d runs, %v", begun, len(runs), err)
		}
		if list := due(); len(list) != 0 {
			t.Errorf("afterwards these are due: %+v", list)
		}
		if got, err := w.Function(t.Context(), w.org, "daily"); err != nil || !got.NextRunAt.Equal(start.Add(25*time.Hour)) {
			t.Errorf("it is due next at %v, %v", got.NextRunAt, err)
		}
	})
}

func TestFunctionsStayWhenTheirAuthorGoes(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		f := w.function("sync", func(f *lanyard.Function) { f.Author, f.SavedBy = w.member.ID, w.member.ID })
		w.run(f, w.member.ID)
		member, err := w.User(t.Context(), w.org, w.member.ID)
		check(t, err)
		_, err = w.RemoveUser(t.Context(), member, store.Removal{}, func(store.Owned) lanyard.AuditEntry { return entry("x") })
		check(t, err)
		if got, err := w.Function(t.Context(), w.org, "sync"); err != nil || got.SavedBy != w.member.ID {
			t.Errorf("it is %+v, %v", got, err)
		}
	})
}
