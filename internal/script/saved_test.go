package script

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// saved makes a run's functions of sources by name.
func saved(t *testing.T, sources map[string]string) func(context.Context, string, string) (*Script, error) {
	t.Helper()
	scripts := map[string]*Script{}
	for name, source := range sources {
		s, err := Parse(source)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		scripts[name] = s
	}
	return func(_ context.Context, _, name string) (*Script, error) {
		if s, ok := scripts[name]; ok {
			return s, nil
		}
		return nil, fmt.Errorf("Not able to find '%s' function", name)
	}
}

func TestSavedFunctions(t *testing.T) {
	functions := saved(t, map[string]string{
		"greet":   "string standalone.greet(string name)\n{\n  x = \"Hello \" + name;\n  return x;\n}",
		"fact":    "int fact(int n) { if (n < 2) { return 1; } return n * thisapp.fact(n - 1); }",
		"note":    "void note(map m) { m.put(\"noted\", true); info \"noting\"; }",
		"fails":   "int fails(int n)\n{\n\n  return n / 0;\n}",
		"deeper":  "int deeper(int n) { x = standalone.fails(n); return x; }",
		"wrong":   "int wrong() { return \"text\"; }",
		"nothing": "int nothing() { x = 1; }",
		"body":    "return 7;",
	})
	for _, c := range []struct{ name, source, want string }{
		{"a value", `info standalone.greet("you");`, "Hello you"},
		{"any case of the prefix", `info ThisApp.greet("you") + STANDALONE.greet("me");`, "Hello youHello me"},
		{"itself", "info thisapp.fact(10);", "3628800"},
		{"variables are its own", `x = 1; y = thisapp.greet("a"); info x;`, "1"},
		{"maps are the same", `m = Map(); thisapp.note(m); info m;`, "noting|{\"noted\":true}"},
		{"a result that is not used", `thisapp.greet("a"); info "on";`, "on"},
		{"one without a header", `info thisapp.body();`, "7"},
		{"one that there is not", `try { x = thisapp.none(); } catch (e) { info e; }`, "Error at line : 1, Not able to find 'none' function"},
		{"too few arguments", "try { x = thisapp.greet(); } catch (e) { info e; }", "Error at line : 1, No. of arguments mismatches for the function greet: it takes 1, and 0 were given"},
		{"another type", "try { x = thisapp.fact(\"a\"); } catch (e) { info e; }", "Error at line : 1, Argument type mismatches for the function fact at index 0: n takes int, and this is TEXT"},
		{"an error inside", "try { x = thisapp.fails(1); } catch (e) { info e; info e.lineNo; }", "Error at line : 4 of the function fails, Error in performing the Operation / : Divide by zero error|4"},
		{"an error further inside", "try { x = thisapp.deeper(1); } catch (e) { info e; }", "Error at line : 4 of the function fails, Error in performing the Operation / : Divide by zero error"},
		{"none of the type", "try { x = thisapp.wrong(); } catch (e) { info e; }", "Error at line : 1 of the function wrong, The function wrong returns int, and this is TEXT"},
		{"no result", "try { x = thisapp.nothing(); } catch (e) { info e; }", "Error at line : 1 of the function nothing, Missing return statement: Provide INT expression to return"},
		{"void in an expression", "try { x = thisapp.note({\"a\": 1}); } catch (e) { info e; }", "Error at line : 1, note function cant be assigned to variable or used in expression"},
	} {
		s, err := Parse(c.source)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := s.Run(t.Context(), Settings{Functions: functions})
		if a := strings.Join(got.Output, "|"); err != nil || a != c.want {
			t.Errorf("%s: printed %q, %v; want %q", c.name, a, err, c.want)
		}
	}
}

func TestWithoutSavedFunctions(t *testing.T) {
	if _, err := ran(t, "x = thisapp.greet();", Limits{}); err == nil || !strings.Contains(err.Error(), "there are no saved functions here") {
		t.Errorf("got %v", err)
	}
}

// O01: functions that call each other without end are stopped, and try does not catch that.
func TestO01_RecursionStops(t *testing.T) {
	functions := saved(t, map[string]string{
		"self": "int self(int n) { info n; try { return thisapp.self(n + 1); } catch (e) { info \"caught\"; } return 0; }",
		"ping": "void ping() { thisapp.pong(); }",
		"pong": "void pong() { thisapp.ping(); }",
		"wide": "void wide(int n) { if (n > 0) { thisapp.wide(n - 1); thisapp.wide(n - 1); } }",
	})
	for _, c := range []struct{ name, source, want string }{
		{"itself", "x = thisapp.self(1);", "line : 1 of the function self, The script was stopped: functions have called each other 75 deep"},
		{"in turn", "thisapp.ping();", "functions have called each other 75 deep"},
		{"often rather than deep", "thisapp.wide(60);", "it has executed 5000 statements"},
	} {
		s, err := Parse(c.source)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		got, err := s.Run(t.Context(), Settings{Functions: functions})
		if err == nil || !strings.Contains(err.Error(), c.want) || slices.Contains(got.Output, "caught") {
			t.Errorf("%s: printed %q, %v", c.name, got.Output, err)
		}
		if c.name == "itself" && len(got.Output) != 75 {
			t.Errorf("it was called %d times", len(got.Output))
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s took %s", c.name, took)
		}
	}
}

// What a script uses is known without running it.
func TestWhatAScriptUses(t *testing.T) {
	s, err := Parse(`
		a = thisapp.greet(1); standalone.other.name(); b = thisapp.greet(2);
		c = invokeurl [ url: "https://acme.example" connection: "acme" ];
		d = invokeurl [ url: "https://acme.example" connection: a ];
		e = zoho.crm.getRecords("Leads", 1, "crm");
		slack.postMessage("x", a);
		f = zoho.loginuserid;
		g = {"connection": "not_one"};`)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.Connections, s.Functions); got != "[acme] [greet other.name]" {
		t.Errorf("connections and functions: %s", got)
	}
	if got := fmt.Sprint(s.Tasks); got != "[{5:7 zoho.crm.getRecords 3 crm} {6:3 slack.postMessage 2 }]" {
		t.Errorf("tasks: %s", got)
	}
}

// A host is told which function its call stands in.
func TestCallsFromSavedFunctions(t *testing.T) {
	s, err := Parse("x = thisapp.ask();")
	if err != nil {
		t.Fatal(err)
	}
	host := &outside{}
	functions := saved(t, map[string]string{"ask": "map ask()\n{\n return zoho.crm.getRecords(\"Leads\");\n}"})
	if _, err := s.Run(t.Context(), Settings{Functions: functions, Host: host}); err != nil {
		t.Fatal(err)
	}
	if c := host.calls[0]; c.Function != "ask" || c.Pos.Line != 3 {
		t.Errorf("the call is in %q, line %d", c.Function, c.Pos.Line)
	}
}

// Saved functions share what a run may use up: here the calls of the world outside.
func TestO08_SharedLimits(t *testing.T) {
	functions := saved(t, map[string]string{"ask": `void ask() { x = zoho.crm.getRecords("a"); }`})
	s, err := Parse(`l = "x".leftpad(10).toList(" "); for each i in l { thisapp.ask(); }`)
	if err != nil {
		t.Fatal(err)
	}
	host := &outside{}
	_, err = s.Run(t.Context(), Settings{Functions: functions, Host: host, Limits: Limits{Calls: 3}})
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "it has made 3 calls") || len(host.calls) != 3 {
		t.Errorf("%d calls, %v", len(host.calls), err)
	}
}
