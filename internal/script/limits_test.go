package script

import (
	"strings"
	"testing"
	"time"
)

// O01, O02, O04: whatever a single statement does, the run ends soon after its time is over.
func TestO01_O02_TimeIsKeptWithinAStatement(t *testing.T) {
	const text = `s = "abcdefghij".repeat(10000); s = s + s; s = s + s; s = s + s; s = s + s;` // 1.6 MB
	for _, c := range []struct{ name, source string }{
		{"matches", text + ` x = s.matches("(a*)*(b|c|d)*x(.*)*[^j]$");`},
		{"replaceAll with a pattern", text + ` x = s.replaceAll("(a|b|c)+?[^x]*?(z|$)", "");`},
		{"replaceAll with many counted groups", text + ` x = s.replaceAll("((a{0,5}b{0,5}){0,9}[^b]){1,9}", "x");`},
		{"replaceAll of everything", text + ` x = s.replaceAll(".", "ab");`},
		{"replaceAll of nothing", text + ` x = s.replaceAll("", "ab");`},
		{"in any case", text + ` x = s.replaceAllIgnoreCase("J", "k"); y = s.containsIgnoreCase("zz"); y = s.getPrefixIgnoreCase("zz");`},
		{"sorting", text + ` l = s.toList("a"); l.sort(); l.sort(false); x = l.distinct(); x = l.intersect(l);`},
		{"a chain of them", "x = {1}; n = \"x\".leftpad(60).toList(\" \"); for each i in n { x = {x, x}; } y = x" + strings.Repeat(" == x || x", 500) + " == x;"},
		{"a chain of methods", "x = {1}; n = \"x\".leftpad(60).toList(\" \"); for each i in n { x = {x, x}; } y = {x}" + strings.Repeat(".toCollection().values()", 500) + ";"},
		{"reversing", text + ` x = s.reverse().reverse().reverse().reverse().proper().toUpperCase().trim();`},
		{"numbers", `x = 10.power(10).power(10); y = x.power(1000); z = 1.000000001.power(1000); a = 9.99.round(1000000000); b = x.round(-1000000000); c = 1.5.truncate(400);`},
		{"a number by a long pattern", `x = 1.5.text("` + strings.Repeat("0", 90) + `.` + strings.Repeat("0", 9) + `");`},
		{"many digits", `x = "` + strings.Repeat("9", 100) + `".toDecimal(); y = x * x; z = y * y; a = z * z; b = a * a; c = b / 3; d = c % 7; e = c.power(400);`},
		{"long names", text + ` m = Map(); m.put(s, s); m.put(s + "1", s); x = m.toString(); y = x.toMap();`},
		{"parts of a text", text + ` for each x in s.replaceAll("a", ",") { }`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse(c.source)
			if err != nil {
				t.Fatal(err)
			}
			const limit = 300 * time.Millisecond
			began := time.Now()
			got, err := s.Run(t.Context(), Settings{Limits: Limits{Time: limit, Memory: 1 << 30, Statements: 1 << 30}})
			took := time.Since(began)
			t.Logf("%s, %d statements, %v", took, got.Statements, err)
			if took > limit+3*time.Second { // a tenth of a second on a machine that does nothing else
				t.Errorf("it took %s", took)
			}
		})
	}
}
