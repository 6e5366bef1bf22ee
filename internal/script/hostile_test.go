package script

import (
	"strings"
	"testing"
	"time"
)

// O01, O02: a chain of operators takes a part of the stack for each, and so does each function that is called in the
// innermost. A stack that is full ends the whole process, so the run ends before.
func TestO01_ChainsInFunctionsThatCallEachOther(t *testing.T) {
	long := "thisapp.f()"
	for range 120 {
		long = "(" + long + strings.Repeat("+1", maxLinks) + ")"
	}
	functions := saved(t, map[string]string{"f": "int f() { return " + long + "; }"})
	s, err := Parse("info thisapp.f();")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Run(t.Context(), Settings{Functions: functions}); err == nil || !strings.Contains(err.Error(), "too many operators and methods follow each other") {
		t.Errorf("it ended with %.200v", err)
	}
}

// O10: reading takes time in proportion to the source, all of it on one line too.
func TestO10_OneLongLine(t *testing.T) {
	long := "1"
	for range 120 {
		long = "(" + long + strings.Repeat("+1", maxLinks) + ")"
	}
	began := time.Now()
	if _, err := Parse("x = " + long + ";"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second { // a tenth of a second on a machine that does nothing else
		t.Errorf("it took %s", took)
	}
	// The place of an operator is told when what stands behind it was read.
	s, err := Parse("\n  y = \"é\"; x = 1 + (2 * 3 - 4) / (5 - 5) + 6;")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Run(t.Context(), Settings{})
	if e, ok := err.(*Error); !ok || e.Pos != (Pos{2, 32}) {
		t.Errorf("%#v", err)
	}
}

// O02, O04: a short expression that repeats a thousand places a hundred times takes as long for each letter.
func TestO02_PatternsThatRepeat(t *testing.T) {
	for pattern, fine := range map[string]bool{
		strings.Repeat("(.?){999}", 100): false,
		`((a{100}){10}){6}`:              false,
		`[a-z]{1,999}@\p{L}{1,999}`:      true,
		strings.Repeat("abc|", 200):      true,
	} {
		s, err := Parse(`s = "a".repeat(4000); x = s.matches("` + strings.ReplaceAll(pattern, `\`, `\\`) + `");`)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Run(t.Context(), Settings{}); (err == nil) != fine {
			t.Errorf("%.40s: %v", pattern, err)
		}
	}
	s, err := Parse(`s = "a".repeat(4000); x = s.replaceAll("(.?){999}(.?){999}(.?){999}(.?){999}b", "");`)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err = s.Run(t.Context(), Settings{Limits: Limits{Time: 100 * time.Millisecond}})
	if took := time.Since(began); err == nil || took > 3*time.Second {
		t.Errorf("%v after %s", err, took)
	}
}

// O03: a single statement that takes long gives others their turn, as many do.
func TestO03_OthersHaveTheirTurnWithinAStatement(t *testing.T) {
	const text = `s = "xy".repeat(50000); s = s + s + s + s; a = s + "1"; b = s + "1"; l = {a, b, a, b}; for each i in "1,2,3,4,5" { l.addAll(l.subList(0)); } `
	for name, statement := range map[string]string{
		"a regular expression": `x = s.matches("(x*)*(a|b|y)*x(.*)*[^j]$");`,
		"sorting":              `l.sort();`,
		"looking for a value":  `x = l.indexOf(s);`,
		"printing":             `x = s.toList("y").toString();`,
		"an XPath":             `x = ("<a>" + "<b/>".repeat(20000) + "</a>").executeXPath("//b[. = //b]");`,
	} {
		t.Run(name, func(t *testing.T) {
			paces := func(source string) (n int) {
				s, err := Parse(source)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = s.Run(t.Context(), Settings{Pace: func() { n++ }}) // some of them end at a limit
				return n
			}
			if before, all := paces(text), paces(text+statement); all < before+8 {
				t.Errorf("asked %d times, %d before that statement", all, before)
			}
		})
	}
}

// O01: what is equal takes no longer than a comparison may.
func TestO01_LongTextsInLongLists(t *testing.T) {
	s, err := Parse(`s = "x".repeat(100000); s = s + s + s + s; a = s + "1"; b = s + "1"; l = {a, a}; m = {b, b};
		for each i in "1,2,3,4,5,6,7,8,9,10,11,12" { l.addAll(l.subList(0)); m.addAll(m.subList(0)); }
		info {a} == {b};
		x = {l, l, l, l, l, l, l, l, l, l, l, l} == {m, m, m, m, m, m, m, m, m, m, m, m};`)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	got, err := s.Run(t.Context(), Settings{})
	if took := time.Since(began); err != nil || got.Output[0] != "true" || took > 3*time.Second {
		t.Errorf("%v, %v after %s", got.Output, err, took)
	}
}
