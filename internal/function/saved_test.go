package function

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/script"
	"lanyard/internal/store"
)

const greet = `map greet(string name, int times)
{
	answer = Map();
	answer.put("greeting", "Hello " + name);
	answer.put("times", times);
	info "greeting " + name;
	return answer;
}
`

func TestSavingReadsTheScript(t *testing.T) {
	w := newWorld(t)
	fn, err := w.Create(t.Context(), w.member, Input{Name: "Daily Report", Script: greet})
	w.must(err)
	want := lanyard.Signature{Parameters: []lanyard.ScriptParameter{{Name: "name", Type: "string"}, {Name: "times", Type: "int"}}, Returns: "map"}
	if diff := gocmp.Diff(want, fn.Signature); diff != "" || fn.LinkName != "daily_report" || fn.Version != 1 || fn.Author != w.member.User {
		t.Errorf("it is %+v\n%s", fn, diff)
	}
	called := w.function(w.member, "calls", `r = invokeurl [url: "https://api.example.com/" type: GET connection: "acme_live"]; info r;`)
	if fmt.Sprint(called.Connections) != "[acme_live]" {
		t.Errorf("its connections are %v", called.Connections)
	}
	for connection, want := range map[lanyard.LinkName]int{"acme_live": 1, "acme": 0} {
		if list, err := w.UsedBy(t.Context(), w.another, connection); err != nil || len(list) != want {
			t.Errorf("%s is used by %d functions, %v", connection, len(list), err)
		}
	}
}

func TestAScriptThatCannotBeReadIsNotSaved(t *testing.T) {
	w := newWorld(t)
	const bad = "info 1;\ninfo ;\nx = = 2;\n"
	_, err := w.Create(t.Context(), w.member, Input{LinkName: "Bad Name", Script: bad, Schedule: lanyard.Schedule{Cron: "never"}})
	wantCode(t, err, lanyard.CodeInvalidRequest)
	for _, want := range []string{"/name: ", "/link_name: ", "/script: line 2, column 6: ", "/script: line 3, column 5: ", "/schedule/cron: "} {
		if !strings.Contains(faults(err), want) {
			t.Errorf("%q is missing in:\n%s", want, faults(err))
		}
	}
	w.function(w.member, "good", "info 1;")
	script := bad
	_, err = w.Edit(t.Context(), w.member, "good", Edit{Script: &script})
	wantCode(t, err, lanyard.CodeInvalidRequest)
	if fn, err := w.Function(t.Context(), w.member, "good"); err != nil || fn.Version != 1 || fn.Script != "info 1;" {
		t.Errorf("it became %+v, %v", fn, err)
	}
	_, err = w.Create(t.Context(), w.member, Input{LinkName: "good", Name: "Another", Script: "info 1;"})
	wantCode(t, err, lanyard.CodeConflict)
}

func TestVersionsAndRestore(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "sync", "info 1;")
	edit := func(c *lanyard.Caller, e Edit) *lanyard.Function {
		t.Helper()
		fn, err := w.Edit(t.Context(), c, "sync", e)
		w.must(err)
		return fn
	}
	text := func(s string) *string { return &s }
	if fn := edit(w.owner, Edit{Script: text("info 2;"), Version: 1}); fn.Version != 2 || fn.SavedBy != w.owner.User || fn.Author != w.member.User {
		t.Errorf("the second version is %+v", fn)
	}
	if fn := edit(w.member, Edit{Script: text("info 2;"), Name: text("Another name")}); fn.Version != 2 || fn.SavedBy != w.owner.User || fn.Name != "Another name" {
		t.Errorf("another name made it %+v", fn)
	}
	_, err := w.Edit(t.Context(), w.member, "sync", Edit{Script: text("info 3;"), Version: 1})
	wantCode(t, err, lanyard.CodeConflict)
	restored, err := w.Restore(t.Context(), w.member, "sync", 1)
	w.must(err)
	if restored.Version != 3 || restored.Script != "info 1;" || restored.SavedBy != w.member.User {
		t.Errorf("restored it is %+v", restored)
	}
	list, _, err := w.Versions(t.Context(), w.another, "sync", store.Page{})
	w.must(err)
	second, err := w.Version(t.Context(), w.another, "sync", 2)
	w.must(err)
	if len(list) != 3 || list[0].Version != 3 || second.Script != "info 2;" {
		t.Errorf("the versions are %+v, the second %+v", list, second)
	}
}

// Everybody reads and runs; who made it, admins and owners edit; a key needs the right to manage, its owner's own name, and
// no list of connections.
func TestWhoMayDoWhatWithAFunction(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "sync", "info 1;")
	key := func(change func(*lanyard.Caller)) *lanyard.Caller {
		c := *w.member
		c.Session, c.Key = "", "key_x"
		change(&c)
		return &c
	}
	admin := *w.another
	admin.Role = lanyard.RoleAdmin
	name := "Another"
	for _, c := range []struct {
		who                     string
		caller                  *lanyard.Caller
		read, run, create, edit bool
	}{
		{"the author", w.member, true, true, true, true},
		{"another member", w.another, true, true, true, false},
		{"an admin", &admin, true, true, true, true},
		{"the owner", w.owner, true, true, true, true},
		{"a key that manages", key(func(c *lanyard.Caller) { c.Rights.Manage = true }), true, true, true, true},
		{"a key that only calls", key(func(*lanyard.Caller) {}), true, true, false, false},
		{"a key for some connections", key(func(c *lanyard.Caller) {
			c.Rights = lanyard.KeyRights{Manage: true, Connections: []lanyard.LinkName{"acme"}}
		}), false, true, false, false},
		{"a key for another user", key(func(c *lanyard.Caller) {
			c.Rights = lanyard.KeyRights{Manage: true, ActForUsers: true}
			c.ForUser, c.KeyOwner = true, w.owner.User
		}), true, true, false, false},
		{"an end user who connects", key(func(c *lanyard.Caller) { c.Key, c.ConnectSession = "", "cse_x" }), false, false, false, false},
	} {
		may := func(what string, want bool, err error) {
			t.Helper()
			if want != (err == nil) || err != nil && lanyard.CodeOf(err) != lanyard.CodeForbidden {
				t.Errorf("%s: %s: %v", c.who, what, err)
			}
		}
		_, err := w.Function(t.Context(), c.caller, "sync")
		may("read", c.read, err)
		_, _, err = w.List(t.Context(), c.caller, "", store.Page{})
		may("list", c.read, err)
		_, _, err = w.Versions(t.Context(), c.caller, "sync", store.Page{})
		may("versions", c.read, err)
		_, err = w.UsedBy(t.Context(), c.caller, "acme")
		may("used by", c.read, err)
		_, err = w.Run(t.Context(), c.caller, "sync", RunRequest{})
		may("run", c.run, err)
		_, _, err = w.Runs(t.Context(), c.caller, "sync", store.Page{})
		may("runs", c.run, err)
		_, err = w.Create(t.Context(), c.caller, Input{Name: c.who, Script: "info 1;"})
		may("create", c.create, err)
		_, err = w.Edit(t.Context(), c.caller, "sync", Edit{Name: &name})
		may("edit", c.edit, err)
		_, err = w.NewHook(t.Context(), c.caller, "sync")
		may("hook", c.edit, err)
		may("end the hook", c.edit, w.RemoveHook(t.Context(), c.caller, "sync"))
	}
	wantCode(t, w.Delete(t.Context(), w.another, "sync"), lanyard.CodeForbidden)
	w.must(w.Delete(t.Context(), &admin, "sync"))
	wantCode(t, w.Delete(t.Context(), w.member, "sync"), lanyard.CodeNotFound)
}

func TestRunIsRecorded(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "greet", greet)
	r := w.run(w.another, "GREET", "name", `"Ada"`, "times", `"3"`)
	if r.Status != lanyard.RunOK || string(r.Report.Result) != `{"greeting":"Hello Ada","times":3}` || fmt.Sprint(r.Report.Output) != "[greeting Ada]" || r.Statements == 0 {
		t.Errorf("the run is %+v", r)
	}
	kept, err := w.RunOf(t.Context(), w.another, r.ID)
	w.must(err)
	kept.Duration = r.Duration // stored in microseconds
	if diff := gocmp.Diff(r, kept); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
	if r := w.run(w.another, "greet", "name", `1`); r.Status != lanyard.RunFailed || r.Report.Error == nil || !strings.Contains(r.Report.Error.Message, "times") {
		t.Errorf("without an argument it is %+v", r.Report.Error)
	}
}

func TestRunOfAScriptWithoutAHeaderTakesVariables(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "bare", `n = 1; return n;`)
	if r := w.run(w.member, "bare", "a", "1"); string(r.Report.Result) != "1" {
		t.Errorf("it is %+v", r.Report)
	}
}

// O11: whoever asked and went away does not leave a run that seems to run on.
func TestO11_ARunIsRecordedThoughNobodyWaits(t *testing.T) {
	w := newWorld(t)
	fn := w.function(w.member, "sync", "info 1;")
	r := w.newRun(w.member, fn, lanyard.CauseAPI)
	w.must(w.Store.BeginRun(t.Context(), r))
	gone, leave := context.WithCancel(t.Context())
	leave()
	w.must(w.perform(gone, w.member, fn, r, RunRequest{}))
	if list := w.runs("sync"); len(list) != 1 || list[0].Status != lanyard.RunFailed {
		t.Errorf("the runs are %+v", list)
	}
}

func TestALargeResultIsAnsweredAndNotKept(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "large", `list large(string text) { l = List(); for each i in {1,2,3,4,5,6,7,8} { l.add(text); } return l; }`)
	text, err := json.Marshal(strings.Repeat("x", maxRecordedResult/4))
	w.must(err)
	r := w.run(w.member, "large", "text", string(text))
	kept, err := w.RunOf(t.Context(), w.member, r.ID)
	w.must(err)
	if len(r.Report.Result) < 2*maxRecordedResult || kept.Report.Result != nil || !kept.Report.ResultCut || r.Report.ResultCut {
		t.Errorf("answered %d bytes, kept %d", len(r.Report.Result), len(kept.Report.Result))
	}
}

func TestWhoSeesWhichRuns(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "sync", "info 1;")
	key := *w.another
	key.Session, key.Key, key.Rights.Connections = "", "key_x", []lanyard.LinkName{"acme"}
	byKey := w.run(&key, "sync")
	byOther := w.run(w.another, "sync")
	byOwner := w.run(w.owner, "sync")
	nobody := key
	nobody.User, nobody.Key, nobody.Rights = "", "key_y", lanyard.KeyRights{ActForUsers: true}
	byNobody := w.run(&nobody, "sync")
	stranger := w.caller(lanyard.NewUserID(), lanyard.RoleMember)
	for who, c := range map[string]struct {
		caller *lanyard.Caller
		sees   []*lanyard.FunctionRun
	}{
		"the author":    {w.member, []*lanyard.FunctionRun{byNobody, byOwner, byOther, byKey}},
		"the owner":     {w.owner, []*lanyard.FunctionRun{byNobody, byOwner, byOther, byKey}},
		"another":       {w.another, []*lanyard.FunctionRun{byOther, byKey}},
		"their key":     {&key, []*lanyard.FunctionRun{byKey}},
		"a key alone":   {&nobody, []*lanyard.FunctionRun{byNobody}},
		"one with none": {stranger, nil},
	} {
		list, _, err := w.Runs(t.Context(), c.caller, "sync", store.Page{})
		w.must(err)
		listed := map[lanyard.RunID]bool{}
		for _, r := range list {
			listed[r.ID] = true
		}
		want := map[lanyard.RunID]bool{}
		for _, r := range c.sees {
			want[r.ID] = true
		}
		if diff := gocmp.Diff(want, listed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who, diff)
		}
		for _, r := range []*lanyard.FunctionRun{byKey, byOther, byOwner, byNobody} {
			if _, err := w.RunOf(t.Context(), c.caller, r.ID); (err == nil) != want[r.ID] || err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
				t.Errorf("%s reads %s: %v", who, r.ID, err)
			}
		}
	}
}

func TestSavedFunctionsAreFoundForOthers(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "greet", greet)
	in := func(org lanyard.OrganizationID) func(context.Context, string, string) (*script.Script, error) {
		return (&host{Functions: w.Functions, caller: &lanyard.Caller{Organization: org}}).function // of a run that begins now
	}
	running := in(w.org)
	s, err := running(t.Context(), "", "Greet")
	w.must(err)
	again, err := in(w.org)(t.Context(), "", "greet")
	w.must(err)
	if s.Name != "greet" || s != again {
		t.Errorf("it is %+v, and read twice", s)
	}
	edited := "void greet() { info 2; }"
	_, err = w.Edit(t.Context(), w.member, "greet", Edit{Script: &edited})
	w.must(err)
	if s, err := running(t.Context(), "", "greet"); err != nil || s != again {
		t.Errorf("in a run that has called it before the edit it is %+v, %v", s, err)
	}
	if s, err = in(w.org)(t.Context(), "", "greet"); err != nil || len(s.Parameters) != 0 {
		t.Errorf("after an edit it is %+v, %v", s, err)
	}
	for _, name := range []string{"nothing", "", "../greet", strings.Repeat("x", 1000)} {
		_, err := running(t.Context(), "", name)
		wantCode(t, err, lanyard.CodeNotFound)
	}
	_, err = in(lanyard.NewOrganizationID())(t.Context(), "", "greet")
	wantCode(t, err, lanyard.CodeNotFound)
}

func TestFunctionsCallOneAnother(t *testing.T) {
	w := newWorld(t)
	w.function(w.member, "greet", greet)
	w.function(w.member, "calls", `m = thisapp.greet("Ada", 2); return m.get("greeting");`)
	if r := w.run(w.another, "calls"); string(r.Report.Result) != `"Hello Ada"` {
		t.Errorf("it is %+v", r.Report)
	}
	o, err := w.RunScript(t.Context(), w.member, RunInput{Script: "\nx = thisapp.absent(1);"})
	if err != nil || o.Error == nil || o.Error.Message != "There is no saved function absent here." || o.Error.Line != 2 || o.Error.Code != lanyard.CodeNotFound {
		t.Errorf("one that there is not: %+v, %v", o, err)
	}
	if c, err := w.Check(t.Context(), w.member, `thisapp.greet("Ada", 2);`); err != nil || fmt.Sprint(c.Functions) != "[greet]" {
		t.Errorf("it calls %+v, %v", c, err)
	}
}

// An end user of a host application connects, and runs nothing.
func TestAConnectSessionRunsNothing(t *testing.T) {
	w := newWorld(t)
	c := *w.member
	c.ConnectSession = "cse_x"
	_, err := w.RunScript(t.Context(), &c, RunInput{Script: "info 1;"})
	wantCode(t, err, lanyard.CodeForbidden)
}

func TestCheck(t *testing.T) {
	w := newWorld(t)
	c, err := w.Check(t.Context(), w.member, greet)
	w.must(err)
	if len(c.Problems) != 0 || !c.Declared || len(c.Parameters) != 2 || c.Returns != "map" {
		t.Errorf("it is %+v", c)
	}
	c, err = w.Check(t.Context(), w.member, "info ;")
	w.must(err)
	if len(c.Problems) != 1 || c.Problems[0].Line != 1 || c.Problems[0].Column != 6 || c.Problems[0].Message == "" {
		t.Errorf("its problems are %+v", c.Problems)
	}
	_, err = w.Check(t.Context(), w.member, strings.Repeat("x", lanyard.MaxScript+1))
	wantCode(t, err, lanyard.CodeInvalidRequest)
}

// O15: what looks like a secret is warned of, with its place.
func TestO15_SecretsInScripts(t *testing.T) {
	for line, column := range map[string]int{
		`k = "sk_live_` + `4eC39HqLyjWDarjtT1zdp7dc";`:                  6,
		`h.put("X", "xoxb-` + `123456789012-abcdefABCDEF");`:            13,
		`t = "ghp_` + `16C7e42F292c6912E7710c838347Ae178B4a";`:          6,
		`a = "AKIA` + `IOSFODNN7EXAMPLE";`:                              6,
		`pem = "-----BEGIN RSA PRIVATE KEY-----";`:                      8,
		`apiKey = "3f9a01c2d4e5b6a798877665";`:                          11,
		`m.put("client_secret", "q9Z+x/8Yb3kLmN0pQrStUvWx==");`:         25,
		`url = "https://x.example/?access_token=abcDEF0123456789abcd";`: 40,
		`h = {"Authorization": "Bearer abcdefghijklmnop1234"};`:         24,
		`größe = 1; password = "a1b2c3d4e5f6a7b8c9d0";`:                 24,
		`key = "a_connection_with_a_long_name";`:                        0,
		`secret = zoho.encryption.hmacsha256(a, b);`:                    0,
		`info "the token is missing";`:                                  0,
		`m.put("key", "short1");`:                                       0,
		`connection: "acme_live"`:                                       0,
	} {
		got := Warnings("\n" + line + "\n")
		switch {
		case column == 0 && len(got) != 0:
			t.Errorf("%s: %+v", line, got)
		case column > 0 && (len(got) != 1 || got[0].Line != 2 || got[0].Column != column):
			t.Errorf("%s: %+v, want column %d", line, got, column)
		}
	}
	w := newWorld(t)
	w.function(w.member, "sync", `key = "AKIA`+`IOSFODNN7EXAMPLE";`) // it is saved
}
