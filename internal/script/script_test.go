package script

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// ran is what a script prints, and its error.
func ran(t testing.TB, source string, limits Limits) (string, error) {
	t.Helper()
	s, err := Parse(source)
	if err != nil {
		return "", err
	}
	got, err := s.Run(t.Context(), Settings{Limits: limits})
	return strings.Join(got.Output, "\n"), err
}

// Everything that is wrong with a script is said at once, each with its place.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"a missing semicolon", "x = 1\ny = 2;", "1:6 Improper Statement Error might be due to missing ';' at end of the line or incomplete expression"},
		{"several", "x = ;\ny = 1 +;\ninfo z;", "1:5 Expecting a value but found ';'|2:8 Expecting a value but found ';'|3:6 Variable 'z' is not defined"},
		{"a variable in another case", "Total = 1; info total;", "1:17 Variable 'total' is not defined: there is 'Total', and names tell capitals from small letters"},
		{"a function that there is not", `info "a".lengt();`, "1:10 Not able to find 'lengt' function: is length meant?"},
		{"too many arguments", `info "a".trim(1);`, "1:10 No. of arguments mismatches for the function trim: trim()"},
		{"a block that is not closed", "if (true) { info 1;", "1:20 Expecting '}' but found '<EOF>'"},
		{"a comment that is not closed", "info 1; /* and", "1:9 Comment Task is not closed properly"},
		{"a text that is not closed", `info "a;`, `1:6 This text has no " at its end`},
		{"letters of another script", "ｘ = 1;", "1:1 'ｘ' has no meaning here: a name has the letters A to Z, digits and _"},
		{"a result thrown away", `"a".trim();`, "1:1 trim function needs to be assigned to a variable"},
		{"a call without a result in an expression", "l = List(); x = l.add(1);", "1:19 add function cant be assigned to variable or used in expression"},
		{"break outside of a loop", "break;", "1:1 'break' stands in a loop"},
		{"a loop of another language", "while (true) { }", "1:1 There is no while: a loop is written 'for each item in list { … }'"},
		{"if with two values", "x = if(true, 1);", "1:5 Number of Arguments mismatches: if(condition, value, otherwise)"},
		{"a number too large", "x = 9999999999999999999;", "1:5 The number 9999999999999999999 is larger than 9223372036854775807"},
		{"a reserved name", "true = 1;", "1:1 'true' is reserved and no name of a variable"},
		{"else alone", "else { }", "1:1 Expecting a statement but found 'else', which has no if before it"},
		{"a function without a body", "int f()", "1:8 Expecting '{' but found '<EOF>'"},
		{"something behind a function", "int f() { return 1; } info 2;", "1:23 Expecting the end of the script but found 'info'"},
		{"lines that end as on Windows", "x = 1;\r\ninfo y;\r\n", "2:6 Variable 'y' is not defined"},
	} {
		_, err := Parse(c.source)
		var problems Problems
		errors.As(err, &problems)
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%s %s", p.Pos, p.Message))
		}
		if a := strings.Join(got, "|"); a != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, a, c.want)
		}
	}
}

func TestRuntimeErrors(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"x = null;\ny = x + 1;", "Error at line : 2, Null value occurred while performing + operation"},
		{"x = null; y = x.length();", "Error at line : 1, Null value occurred while performing length operation"},
		{"x = 5; y = x.trim();", "Error at line : 1, 'NUMBER' can not be cast to 'TEXT' for the function trim"},
		{"x = 1 / 0;", "Error at line : 1, Error in performing the Operation / : Divide by zero error"},
		{`x = {"a"}.get(5);`, "Error at line : 1, Given index 5 is greater than the list size"},
		{`x = "abc".left(9);`, "Error at line : 1, Given string is lesser than the applied boundary, so index out of bounds exception arisen"},
		{`x = "{".toMap();`, "Error at line : 1, Invalid JSON Format String"},
		{`if (1) { }`, "Error at line : 1, A condition is true or false, and this is a NUMBER"},
		{`x = "a" < "b";`, "Error at line : 1, An error occurred while performing this action: < compares numbers or dates, and these are TEXT and TEXT"},
		{"m = Map(); m.put(\"m\", m);", "Error at line : 1, A map cannot hold itself"},
		{"l = List(); m = {\"l\": l}; l.add(m);", "Error at line : 1, A list cannot hold itself"},
	} {
		_, err := ran(t, c.source, Limits{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s\n got %v\nwant %s", c.source, err, c.want)
		}
	}
}

func TestFunctionWithHeader(t *testing.T) {
	s, err := Parse("string greet(string name, int n)\n{\n  return name.repeat(n);\n}")
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Run(t.Context(), Settings{}, Text("ab"), Number(2))
	if err != nil || got.Value.String() != "abab" || s.Name != "greet" || s.Result != "string" || len(s.Parameters) != 2 {
		t.Errorf("got %v, %v; %+v", got.Value, err, s)
	}
	if _, err := s.Run(t.Context(), Settings{}, Text("ab")); err == nil || !strings.Contains(err.Error(), "it takes 2, and 1 were given") {
		t.Errorf("one argument: %v", err)
	}
	if _, err := s.Run(t.Context(), Settings{}, Text("ab"), Text("2")); err == nil || !strings.Contains(err.Error(), "Argument type mismatches for the function greet at index 1") {
		t.Errorf("a text for a number: %v", err)
	}
	s, err = Parse("int f(string s) { if (s == \"x\") { return 1; } }")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(t.Context(), Settings{}, Text("y")); err == nil || !strings.Contains(err.Error(), "Missing return statement: Provide INT expression to return") {
		t.Errorf("no result: %v", err)
	}
}

// outside is a host that notes what it is asked.
type outside struct{ calls []*HostCall }

func (o *outside) Call(_ context.Context, c *HostCall) (Value, error) {
	o.calls = append(o.calls, c)
	if c.Name == "zoho.crm.fails" {
		return Value{}, errors.New("The connection crm is not connected")
	}
	return FromJSON([]byte(`{"data": [1]}`))
}

func TestTheWorldOutside(t *testing.T) {
	s, err := Parse(`
		id = 7;
		r = invokeurl
		[
			url :"https://{domain}.acme.com/" + id
			type :POST
			headers: {"A": "b"}
			response-format: FILE
			detailed: true
			connection:"acme_live"
		];
		info r.get("data");
		x = zoho.crm.getRecords("Leads", 1, 200, {"a": 1}, "crm");
		try { y = zoho.crm.fails("z"); } catch (e) { info e.message + " in line " + e.lineNo; }
		sendmail [ from: "a" to: "b" subject: "c" message: "d" ]
		info zoho.loginuserid;`)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Connections, ","); got != "acme_live" {
		t.Errorf("connections: %s", got)
	}
	host := &outside{}
	got, err := s.Run(t.Context(), Settings{Host: host, System: map[string]Value{"zoho.loginuserid": Text("me@example.com")}})
	if err != nil || strings.Join(got.Output, "|") != "1|The connection crm is not connected in line 14|me@example.com" {
		t.Errorf("printed %q, %v", got.Output, err)
	}
	if len(host.calls) != 4 {
		t.Fatalf("%d calls", len(host.calls))
	}
	var said []string
	for _, a := range host.calls[0].Attributes {
		said = append(said, a.Name+"="+a.Value.String())
	}
	if a := strings.Join(said, " "); a != `url=https://{domain}.acme.com/7 type=POST headers={"A":"b"} response-format=FILE detailed=true connection=acme_live` {
		t.Errorf("invokeurl: %s", a)
	}
	if c := host.calls[1]; c.Name != "zoho.crm.getRecords" || len(c.Args) != 5 || c.Args[4].String() != "crm" {
		t.Errorf("task: %+v", c)
	}
}

// O01, O02: what never ends or grows without end is stopped, and try does not catch that.
func TestO01_O02_LimitsStop(t *testing.T) {
	for _, c := range []struct {
		name, source string
		limits       Limits
		want         string
	}{
		{"statements", `l = "x".leftpad(1000).repeat(50).toList(" "); for each a in l { for each b in l { x = 1; } }`, Limits{}, "it has executed 5000 statements"},
		{"statements in try", `l = "x".leftpad(6000).toList(" "); try { for each a in l { x = a; } } catch (e) { info "caught"; }`, Limits{}, "it has executed 5000 statements"},
		{"a text that doubles", `s = "0123456789"; l = "x".leftpad(60).toList(" "); for each i in l { s = s + s; }`, Limits{}, "its values take more than 64 MiB"},
		{"a list that grows", `s = "x".leftpad(100000); n = "x".leftpad(60).toList(" "); for each i in n { l = s.toList(" "); }`, Limits{}, "its values take more than 64 MiB"},
		{"a replacement that blows up", `s = "a".repeat(100000); x = s.replaceAll("a", s, true);`, Limits{}, "its values take more than 64 MiB"},
		{"lists that hold each other twice", `x = {1}; n = "x".leftpad(60).toList(" "); for each i in n { x = {x, x}; } info x;`, Limits{Memory: 1 << 20}, "its values take more than 1 MiB"},
		{"maps that hold each other twice", `x = {"a": 1}; n = "x".leftpad(60).toList(" "); for each i in n { x = {"a": x, "b": x}; } y = x.toString();`, Limits{Memory: 1 << 20}, "its values take more than 1 MiB"},
		{"printing without end", `x = {1}; n = "x".leftpad(60).toList(" "); for each i in n { x = {x, x}; } info x;`, Limits{Memory: 1 << 40, Time: 100 * time.Millisecond}, "it has run for 100ms"},
		{"time", `l = "x".leftpad(100000).toList(" "); for each a in l { for each b in l { x = 1; } }`, Limits{Statements: 1 << 30, Time: 50 * time.Millisecond}, "it has run for 50ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			got, err := ran(t, c.source, c.limits)
			if err == nil || !strings.Contains(err.Error(), c.want) || got != "" {
				t.Errorf("printed %q, %v", got, err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestO10_SourcesThatAreNone(t *testing.T) {
	for name, source := range map[string]string{
		"nested": strings.Repeat("(", 100_000) + "1", "nested blocks": strings.Repeat("if (true) {", 100_000), "minus signs": "x = " + strings.Repeat("-", 100_000) + "1;",
		"large": strings.Repeat("info 1;\n", 200_000), "NUL": "info \x00;", "not UTF-8": "info \"\xff\";", "methods": "x = 1" + strings.Repeat(".abs()", 100_000) + ";",
		"unknown names": numbered("info a%d;\n", 60_000), "unknown functions": numbered("x = a%d();\n", 60_000), "unknown functions in one statement": "x = {" + numbered("a%d(),", 60_000) + "1};",
		"unknown attributes": "x = invokeurl [" + numbered("a%d: 1\n", 60_000) + "];", "names in a block": "x = invokeurl [" + strings.Repeat("a ", 300_000),
	} {
		began := time.Now()
		if _, err := Parse(source); err == nil {
			t.Errorf("%s was taken", name)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", name, took)
		}
		began = time.Now()
		Highlight(source)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s to colour", name, took)
		}
	}
}

// numbered is a text so many times, each with its number.
func numbered(text string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, text, i)
	}
	return b.String()
}

func TestO14_OutputIsCut(t *testing.T) {
	s, err := Parse(`l = "x".leftpad(4000).toList(" "); for each a in l { info "0123456789"; }`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Run(t.Context(), Settings{Limits: Limits{Output: 105, Statements: 100_000}})
	if err != nil || !got.Cut || len(strings.Join(got.Output, "\n")) > 106 {
		t.Errorf("%d lines, cut %t, %v", len(got.Output), got.Cut, err)
	}
}

// Comparing and nesting what holds itself many times over takes bounded time, too.
func TestO02_WhatIsHeldManyTimes(t *testing.T) {
	began := time.Now()
	source := `x = {1}; y = {1}; n = "x".leftpad(60).toList(" "); for each i in n { x = {x, x}; y = {y, y}; }`
	if got, err := ran(t, source+" info x == y; info x.equals(y);", Limits{}); err != nil || got != "false\nfalse" {
		t.Errorf("printed %q, %v", got, err)
	}
	if got, err := ran(t, source+" m = {x: 1}; info m.size();", Limits{}); err != nil || got != "1" {
		t.Errorf("as a key: printed %q, %v", got, err)
	}
	if _, err := ran(t, source+" l = List(); l.add(x);", Limits{}); err == nil || !strings.Contains(err.Error(), "A list cannot hold itself") {
		t.Errorf("added: %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestACancelledRunStops(t *testing.T) {
	s, err := Parse(`l = "x".leftpad(100000).toList(" "); for each a in l { for each b in l { x = 1; } }`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Run(ctx, Settings{Limits: Limits{Statements: 1 << 30}}); err == nil || !strings.Contains(err.Error(), "nobody waits for it any more") {
		t.Errorf("got %v", err)
	}
}

// Whatever the source is, parsing gives a script or problems with places, and running it ends within its limits.
func FuzzScript(f *testing.F) {
	for _, s := range []string{`info "a".length();`, "x = {1, 2}; for each i in x { info i; }", `m = {"a": {}}; m.get("a").put("b", 1); info m;`, "if (1 < 2) { info 1; } else { info 2; }", "info '01-Jan-2018'.addDay(1);", `try { x = 1 / 0; } catch (e) { info e; }`,
		`c = Collection("a": 1); c.insert("b": 2); info c.sortKey();`, `x = invokeurl [ url: "u" type: GET ];`, `info "aXb".replaceAll("[A-Z]", "$0", true);`, "string f(string a) { return thisapp.f(a); }", `info '1-Jan-2020 16:00:00'.addBusinessHour(2.30, {"Sunday"}, {'2-Jan-2020'}, {"start": 1});`, `info 10.power(9).text("#,##0.00") + 7.toWords();`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		s, err := Parse(source)
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 || problems[0].Line < 1 || problems[0].Column < 1 {
				t.Errorf("%q: %v", source, err)
			}
			return
		}
		var args []Value
		for range s.Parameters {
			args = append(args, Value{})
		}
		began := time.Now()
		_, err = s.Run(t.Context(), Settings{Limits: Limits{Statements: 500, Memory: 4 << 20, Time: time.Second}}, args...)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%q: it took %s", source, took)
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Line < 1) {
			t.Errorf("%q: %v", source, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	source := strings.Repeat("total = 1 + 2 * 3; info \"n = \" + total; if (total > 3) { total = total - 1; }\n", 3334)
	b.ReportMetric(float64(strings.Count(source, ";")), "statements")
	for b.Loop() {
		if _, err := Parse(source); err != nil {
			b.Fatal(err)
		}
	}
}

// A million simple statements.
func BenchmarkLoop(b *testing.B) {
	s, err := Parse(`x = 0; l = "x".leftpad(500000).toList(" "); for each i in l { x = x + 1; } info x;`)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Run(b.Context(), Settings{Limits: Limits{Statements: 1 << 30, Memory: 1 << 30}}); err != nil {
			b.Fatal(err)
		}
	}
	runtime.KeepAlive(s)
}
