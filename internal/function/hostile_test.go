package function

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/script"
)

// O02: a value that stands in a request many times is counted each time, before it is written.
func TestO02_RequestsAreBounded(t *testing.T) {
	const times = 40
	large := script.Text(strings.Repeat("x", 1<<20))
	file := script.NewFile(&script.File{Name: "a", Content: []byte(large.String())})
	keyed := func(v script.Value) script.Value {
		m := script.NewMap()
		keys, _ := m.AsMap()
		for i := range times {
			keys.Put(script.Text(fmt.Sprint(i)), v)
		}
		return m
	}
	many := func(v script.Value) script.Value {
		var list []script.Value
		for range times {
			list = append(list, v)
		}
		return script.NewList(list...)
	}
	pairs := keyed(large)
	for name, attribute := range map[string]script.Attribute{
		"headers":                {Name: "headers", Value: pairs},
		"a query":                {Name: "parameters", Value: pairs},
		"a query of a list":      {Name: "parameters", Value: keyed(many(large))},
		"parts":                  {Name: "body", Value: pairs},
		"parts that are files":   {Name: "body", Value: keyed(file)},
		"files":                  {Name: "files", Value: many(file)},
		"texts among the files":  {Name: "files", Value: many(large)},
		"JSON":                   {Name: "body", Value: many(large)},
		"lists that hold others": {Name: "files", Value: keyed(pairs)},
	} {
		t.Run(name, func(t *testing.T) {
			attributes := []script.Attribute{{Name: "url", Value: script.Text("https://service.example/")}, attribute}
			if r, _, err := invokeURL(attributes); err == nil || !strings.Contains(err.Error(), "32 MiB") && !strings.Contains(err.Error(), "has a name") {
				t.Errorf("%d files, %v", len(r.Files), err)
			}
		})
	}
	task := &lanyard.Task{Name: "a.b", URL: "/x", Query: json.RawMessage(`{"...": "{all}"}`), Parameters: []lanyard.TaskParameter{{Name: "all", Type: lanyard.TypeMap}}}
	args, err := bind(task, []script.Value{keyed(many(large))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := args.request(); err == nil {
		t.Error("a task sends anything")
	}
}

// O02: arguments are values like all others.
func TestO02_ArgumentsAreCounted(t *testing.T) {
	w := newWorld(t)
	w.Limits = script.Limits{Memory: 1 << 20}
	o, err := w.RunScript(t.Context(), w.owner, RunInput{Script: "return 1;", Arguments: map[string]json.RawMessage{"a": json.RawMessage("[" + strings.Repeat("[],", 9_000) + "1]"), "b": json.RawMessage("[" + strings.Repeat("[],", 9_000) + "1]")}})
	if err != nil || o.Error == nil || !strings.Contains(o.Error.Message, "1 MiB") {
		t.Errorf("%+v, %v", o, err)
	}
}

// O03: while a call waits, others have the turn; what is made of its answer has its own turn again.
func TestO03_TurnsOfCalls(t *testing.T) {
	w := newWorld(t)
	w.turns = make(chan struct{}, 1)
	w.Invoker = invoke.New(invoke.Config{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if len(w.turns) != 0 {
			t.Error("a call that waits has the turn")
		}
		answer := httptest.NewRecorder()
		answer.WriteString(`{"a": 1}`)
		return answer.Result(), nil
	}), Store: w.Store, Logger: w.Logger})
	o, err := w.RunScript(t.Context(), w.owner, RunInput{Script: `for each i in "1,2,3" { r = invokeurl [ url: "https://service.example/" ]; info r.get("a"); } x = zoho.loginuser; y = 1 / 0;`})
	if err != nil || strings.Join(o.Output, "") != "111" || o.Error == nil {
		t.Errorf("%+v, %v", o, err)
	}
	if len(w.turns) != 0 || len(w.running.of) != 0 {
		t.Error("a run that ended has a turn")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// O03, O11: a run that nobody waits for gives back what it has, wherever it is: before its turn, in a call, in a panic.
func TestO11_NothingIsKeptByRunsThatEnd(t *testing.T) {
	w := newWorld(t)
	w.turns = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	panics := true
	w.Invoker = invoke.New(invoke.Config{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if panics {
			panic("a fault")
		}
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	}), Store: w.Store, Logger: w.Logger})
	const call = `r = invokeurl [ url: "https://service.example/" ];`
	if o, err := w.RunScript(ctx, w.owner, RunInput{Script: call}); err != nil || o.Error == nil || o.Error.Code != lanyard.CodeInternal {
		t.Errorf("after a panic: %+v, %v", o, err)
	}
	panics = false
	if o, err := w.RunScript(ctx, w.owner, RunInput{Script: "try { " + call + " } catch (e) { info e; }"}); err != nil || o.Error == nil || len(o.Output) > 0 {
		t.Errorf("in a call: %+v, %v", o, err)
	}
	w.turns <- struct{}{} // somebody else's
	began := time.Now()
	if o, err := w.RunScript(ctx, w.owner, RunInput{Script: "info 1;"}); err != nil || o.Error == nil || time.Since(began) > 5*time.Second {
		t.Errorf("before its turn: %+v, %v", o, err)
	}
	if len(w.turns) != 1 || len(w.running.of) != 0 {
		t.Errorf("%d turns and %d organizations are left", len(w.turns), len(w.running.of))
	}
}

// O03: an organization has its places, and all together have theirs.
func TestO03_Places(t *testing.T) {
	f := New(Config{})
	var releases []func()
	take := func(org lanyard.OrganizationID) error {
		release, err := f.admit(org)
		if err == nil {
			releases = append(releases, release)
		}
		return err
	}
	for i := range maxRunsAll {
		if err := take(lanyard.OrganizationID(rune('a' + i/maxRuns))); err != nil {
			t.Fatalf("run %d: %v", i, err)
		}
	}
	for org, want := range map[lanyard.OrganizationID]string{"a": "of this organization", "other": "Too many scripts run"} {
		if err := take(org); lanyard.CodeOf(err) != lanyard.CodeRateLimited || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", org, err)
		}
	}
	for _, release := range releases {
		release()
	}
	if err := take("other"); err != nil || len(f.running.of) != 1 {
		t.Errorf("afterwards: %v; %v", err, f.running.of)
	}
}

// O09: a script that was read is run by many at once: a run writes to none of what it is made of. It stands here because
// the race detector watches here.
func TestO09_ManyRunsOfOneScript(t *testing.T) {
	sources := []string{`a = 1.50; b = -2.5; x = a + b * a; y = a == b; m = {a: b, 'x': a}; l = {a, b, 1}; l.sort(); info m; info l; info a.round(1); d = '17-Jan-2018'; info d.addDay(1);`}
	for _, f := range script.Functions() {
		sources = append(sources, f.Example)
	}
	var all []*script.Script
	for _, source := range sources {
		s, err := script.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for _, s := range all {
				if _, err := s.Run(t.Context(), script.Settings{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
}

// What went wrong inside is for the log: a script could print it.
func TestErrorsFromInsideAreNotTold(t *testing.T) {
	var log strings.Builder
	f := New(Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	err := f.explained(t.Context(), errors.New("dial tcp 10.0.0.1: refused"))
	if err.Error() != "Something went wrong inside Lanyard." || lanyard.CodeOf(err) != lanyard.CodeInternal || !strings.Contains(log.String(), "10.0.0.1") {
		t.Errorf("told %q; log %s", err, log.String())
	}
}
