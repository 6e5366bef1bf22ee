package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

func TestScheduleWords(t *testing.T) {
	for cron, want := range map[string]string{
		"* * * * *":           "Every minute, UTC",
		"*/15 * * * *":        "Every 15 minutes, UTC",
		"5 * * * *":           "At minute 5 of each hour, UTC",
		"0 */6 * * *":         "Every 6 hours, UTC",
		"30 */2 * * *":        "Every 2 hours, at minute 30, UTC",
		"0 9 * * *":           "At 09:00 every day, UTC",
		"0 9 * * 1-5":         "At 09:00 from Monday to Friday, UTC",
		"0 9 * * MON-fri":     "At 09:00 from Monday to Friday, UTC",
		"5 7 * * 1,3,6":       "At 07:05 on Monday, Wednesday and Saturday, UTC",
		"0 0 1 * *":           "At 00:00 on day 1 of each month, UTC",
		"0 9 * JAN *":         "0 9 * JAN *, UTC",
		"0 9 1 * 1":           "0 9 1 * 1, UTC",
		"0,30 9-17/2 1-7 * *": "0,30 9-17/2 1-7 * *, UTC",
	} {
		if got := scheduleWords(lanyard.Schedule{Cron: cron}); got != want {
			t.Errorf("%s: got %q, want %q", cron, got, want)
		}
	}
	if got, want := scheduleWords(lanyard.Schedule{Cron: "0 9 * * *", Zone: "Asia/Kolkata"}), "At 09:00 every day, Asia/Kolkata"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// applied is what a difference makes of the text before.
func applied(changes []lineChange) (before, after []string) {
	for _, c := range changes {
		if c.Sign != "+" {
			before = append(before, c.Text)
		}
		if c.Sign != "-" {
			after = append(after, c.Text)
		}
	}
	return before, after
}

func TestLineDiff(t *testing.T) {
	many := func(line string, n int) string { return strings.Repeat(line+"\n", n) + line }
	for name, c := range map[string]struct {
		before, after string
		changed       int
	}{
		"the same":             {"a\nb\nc", "a\nb\nc", 0},
		"empty":                {"", "", 0},
		"a line came in":       {"a\nc", "a\nb\nc", 1},
		"a line went":          {"a\nb\nc", "a\nc", 1},
		"a line changed":       {"a\nb\nc", "a\nB\nc", 2},
		"at both ends":         {"a\nb\nc", "x\nb\ny", 4},
		"moved":                {"a\nb\nc\nd", "b\nc\nd\na", 2},
		"the shortest way":     {"a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc", 5},
		"everything":           {"a\nb", "c\nd", 4},
		"from nothing":         {"", "a\nb", 3},
		"more than is counted": {many("a", 2000), many("b", 2000), 4002},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := strings.Split(c.before, "\n"), strings.Split(c.after, "\n")
			changes := lineDiff(before, after)
			gotBefore, gotAfter := applied(changes)
			if diff := cmp.Diff(before, gotBefore); diff != "" {
				t.Errorf("before (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(after, gotAfter); diff != "" {
				t.Errorf("after (-want +got):\n%s", diff)
			}
			changed := 0
			for _, change := range changes {
				if change.Sign != "" {
					changed++
				}
				if change.Old > 0 && before[change.Old-1] != change.Text || change.New > 0 && after[change.New-1] != change.Text {
					t.Errorf("the numbers of %+v are wrong", change)
				}
			}
			if changed != c.changed {
				t.Errorf("%d lines changed, want %d", changed, c.changed)
			}
		})
	}
}

func TestShortDiffKeepsThreeLinesAround(t *testing.T) {
	before := strings.Split("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12", "\n")
	after := strings.Split("1\n2\n3\n4\n5\nx\n7\n8\n9\n10\n11\n12", "\n")
	parts := shortDiff(lineDiff(before, after))
	if len(parts) != 1 || parts[0].Skipped != 2 || len(parts[0].Lines) != 8 {
		t.Errorf("got %+v", parts)
	}
}

func TestArguments(t *testing.T) {
	for _, c := range []struct{ typ, text, want string }{
		{"string", "", `""`}, {"string", "42", `"42"`}, {"string", "a\nb", `"a\nb"`},
		{"int", "42", "42"}, {"int", " -7 ", "-7"}, {"int", "", "null"}, {"int", "many", "wrong"}, {"int", `"42"`, "wrong"},
		{"float", "1.5", "1.5"}, {"bool", "true", "true"}, {"bool", "yes", "wrong"},
		{"map", `{"a": 1}`, `{"a": 1}`}, {"map", "[1]", "wrong"}, {"map", "{", "wrong"}, {"list", "[1, 2]", "[1, 2]"}, {"list", "{}", "wrong"},
		{"date", "31-Dec-2026", `"31-Dec-2026"`}, {"date", "", "null"}, {"file", "anything", "null"},
		{"", "42", "42"}, {"", "zylker", `"zylker"`}, {"", `{"a":1}`, `{"a":1}`}, {"", "{a", `"{a"`}, {"", "", "null"},
	} {
		got, err := argument(c.typ, c.text)
		if err != nil {
			got = json.RawMessage("wrong")
		}
		if string(got) != c.want {
			t.Errorf("%s %q: got %s, want %s", c.typ, c.text, got, c.want)
		}
	}
}

func TestListingHasEveryLetterInItsLine(t *testing.T) {
	for _, source := range []string{"", "info 1;", inventedSource, "\ufeffinfo \"ä\";\n/* a\nb */ x = 'c\n", "a\n\n\n\"\n"} {
		var lines []string
		for i, l := range newListing(source, nil, nil) {
			text := ""
			for _, part := range l.Parts {
				text += part.Text
			}
			if lines = append(lines, text); l.Number != i+1 {
				t.Errorf("line %d has the number %d", i+1, l.Number)
			}
		}
		if diff := cmp.Diff(strings.TrimSuffix(source, "\n"), strings.Join(lines, "\n")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestExecute(t *testing.T) {
	arguments := url.Values{"argument.customer": {"zylker"}, "argument.most": {"10"}, "version": {"4"}}
	form := func(source string) url.Values {
		f := url.Values{"script": {strings.ReplaceAll(source, "\n", "\r\n")}} // as browsers send it
		for name, value := range arguments {
			f[name] = value
		}
		return f
	}
	want := map[string]json.RawMessage{"customer": json.RawMessage(`"zylker"`), "most": json.RawMessage("10")}

	t.Run("the saved version is run as such, and recorded", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.report = *inventedReport()
		a := d.post("/scripts/daily_report/run", form(inventedSource))
		a.want(t, 200, "Succeeded", "Order 1002: 250", `href="/scripts/daily_report/runs/run_1"`, `value="zylker"`)
		a.lacks(t, "which is not saved")
		if diff := cmp.Diff(want, d.ranSaved.Arguments); diff != "" || d.ranSaved.Cause != lanyard.CausePage || d.changes() != "RunFunction:daily_report" {
			t.Errorf("%s: %+v\n%s", d.changes(), d.ranSaved, diff)
		}
	})
	t.Run("another text is run as it stands, and nothing is saved", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.post("/scripts/daily_report/run", form("info 1;\n")).want(t, 200, "which is not saved", "info 1;")
		if diff := cmp.Diff(want, d.ran.Arguments); diff != "" || d.ran.Script != "info 1;\n" || d.changes() != "RunScript" {
			t.Errorf("%s: %+v\n%s", d.changes(), d.ran, diff)
		}
	})
	t.Run("an argument of a wrong type runs nothing", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		f := form(inventedSource)
		f.Set("argument.most", "many")
		d.post("/scripts/daily_report/run", f).want(t, 400, "It was not run", "The argument most: this is not of the type int.", `value="many"`)
		if d.changes() != "" {
			t.Errorf("this was done: %s", d.changes())
		}
	})
	t.Run("a script without a header takes rows", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.checked.Declared, d.checked.Parameters = false, nil
		f := url.Values{"script": {"info a;"}, "argument_name": {"a", "", "b"}, "argument_value": {"42", "", "text"}}
		d.post("/scripts/run", f).want(t, 200, `value="a"`, `value="42"`)
		if diff := cmp.Diff(map[string]json.RawMessage{"a": json.RawMessage("42"), "b": json.RawMessage(`"text"`)}, d.ran.Arguments); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		f.Set("argument_name", "")
		d.post("/scripts/run", f).want(t, 400, "An argument has no name")
	})
	t.Run("what has to be connected has the button, and only to a page of ours", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.report = lanyard.RunReport{Error: &lanyard.RunError{Message: "Nobody has connected it.", Line: 4, Code: lanyard.CodeAuthorizationRequired, ConnectURL: d.server.URL + "/connect/TOKEN"}}
		d.post("/scripts/run", form("x")).want(t, 200, "Failed", `href="/connect/TOKEN"`, `data-error-line="4"`)
		for _, elsewhere := range []string{"https://evil.example/connect/TOKEN", d.server.URL + "//evil.example/", "javascript:alert(1)"} {
			d.report.Error.ConnectURL = elsewhere
			a := d.post("/scripts/run", form("x"))
			a.want(t, 200, "Failed")
			a.lacks(t, "Connect it</a>", "evil.example/", "javascript:")
		}
	})
	t.Run("too many at once", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.runErr = lanyard.Errorf(lanyard.CodeRateLimited, "Too many scripts run at once.")
		d.post("/scripts/run", form("info 1;")).want(t, 429, "It was not run", "Too many scripts run at once.", "info 1;")
	})
}

// TestLargeForms: a script and a text to import of the largest size fit, with every byte percent-encoded, also when it is
// read first whose form it is. Nothing else is as large.
func TestLargeForms(t *testing.T) {
	for path, size := range map[string]int{
		"/scripts": lanyard.MaxScript, "/scripts/check": lanyard.MaxScript, "/scripts/run": lanyard.MaxScript,
		"/scripts/daily_report/edit": lanyard.MaxScript, "/scripts/daily_report/run": lanyard.MaxScript, "/services/import": 1 << 20,
	} {
		form := url.Values{"script": {strings.Repeat("{", size)}}
		if a := newDoor(t, "").invented().signIn().post(path, form); a.status == http.StatusRequestEntityTooLarge {
			t.Errorf("%s refuses %d bytes", path, size)
		}
		form.Set("more", strings.Repeat("x", maxImportForm))
		newDoor(t, "").invented().signIn().post(path, form).want(t, http.StatusRequestEntityTooLarge, "larger than a form can be")
	}
	newDoor(t, "").invented().signIn().post("/services/import/create", url.Values{"document": {strings.Repeat("x", maxForm)}}).want(t, http.StatusRequestEntityTooLarge)
}

func TestSaveScript(t *testing.T) {
	t.Run("what is wrong is listed by line, and what was typed stays", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.saveErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/script", Detail: "line 2, column 3: Expecting a value"}}}
		d.checked.Problems = []lanyard.ScriptProblem{{Line: 2, Column: 3, Message: "Expecting a value"}}
		a := d.post("/scripts/daily_report/edit", url.Values{"script": {"a\r\nb <&>\r\n"}, "version": {"4"}})
		a.want(t, 400, `<a href="#line-2" data-line="2" data-column="3">Line 2, column 3</a>: <bdi>Expecting a value</bdi>`, `id="line-2"`, "b &lt;&amp;&gt;", "Correct the script")
		a.lacks(t, "line 2, column 3:")
	})
	t.Run("somebody else saved meanwhile", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.saveErr = lanyard.Errorf(lanyard.CodeConflict, "Version 5 was saved meanwhile.")
		d.post("/scripts/daily_report/edit", url.Values{"script": {"mine"}, "version": {"4"}}).want(t, 409, "Version 5 was saved meanwhile.", "mine")
	})
	t.Run("a new one needs its name", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.saveErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/name", Detail: "a name is required"}}}
		d.post("/scripts", url.Values{"script": {"info 1;"}}).want(t, 400, `id="name-error"`, "info 1;")
	})
	t.Run("an address is shown once", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.post("/scripts/daily_report/hook", nil).want(t, 200, "/hooks/INVENTEDTOKEN", "this once", "curl -X POST")
		a := d.get("/scripts/daily_report/settings")
		a.want(t, 200, "cannot be shown again")
		a.lacks(t, "INVENTEDTOKEN")
		if strings.Contains(d.log.String(), "INVENTEDTOKEN") {
			t.Errorf("the log says %s", d.log)
		}
	})
}

// The editor's own questions are answered for who is signed in, and as data that no page of another site reads.
func TestScriptChecksAndWords(t *testing.T) {
	d := newDoor(t, "").invented()
	d.post("/scripts/check", url.Values{"script": {"x"}}).want(t, 401)
	d.get("/scripts/words").want(t, 401)
	d.signIn()
	d.checked.Warnings = []lanyard.ScriptProblem{{Line: 1, Column: 2, Message: "a <secret>"}}
	a := d.post("/scripts/check", url.Values{"script": {"x"}})
	a.want(t, 200, `"declared":true`, `"name":"customer"`, `"line":1`)
	if got := a.header.Get("Content-Type"); got != "application/json" || strings.Contains(a.body, "<secret>") {
		t.Errorf("%s: %s", got, a.body)
	}
	d.get("/scripts/words").want(t, 200, `"text":"toUpperCase"`, `"text":"invokeurl"`, `"text":"response-format"`, `"text":"thisapp.daily_report"`)
}

func TestConnectionSaysWhoUsesIt(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.get("/connections/acme_crm").want(t, 200, `<a href="/scripts/daily_report"><bdi>Daily report</bdi></a>`)
	d.get("/connections/acme_crm/delete").want(t, 200, "It is used by 1 saved script: Daily report.")
}
