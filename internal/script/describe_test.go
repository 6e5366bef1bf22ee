package script

import (
	"slices"
	"strings"
	"testing"
)

// classed writes a source with the class of each stretch before it.
func classed(source string) string {
	var b []string
	for _, s := range Highlight(source) {
		b = append(b, string(s.Class)+" "+source[s.Start:s.End])
	}
	return strings.Join(b, "|")
}

func TestHighlight(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"a statement", `x = "a\"b" + 1.5; // sum`, `name x|sign =|text "a\"b"|sign +|number 1.5|sign ;|comment // sum`},
		{"keywords in any case", "IF (true) { Info x; } else { return null; }", "keyword IF|sign (|keyword true|sign )|sign {|keyword Info|name x|sign ;|sign }|keyword else|sign {|keyword return|keyword null|sign ;|sign }"},
		{"loops", "for each index i in index { }", "keyword for|keyword each|keyword index|name i|keyword in|name index|sign {|sign }"},
		{"methods and functions", `a = 1; a.b(c).d(); upper(x);`, `name a|sign =|number 1|sign ;|name a|sign .|function b|sign (|name c|sign )|sign .|function d|sign (|sign )|sign ;|function upper|sign (|name x|sign )|sign ;`},
		{"a method on a variable", `name.length();`, `name name|sign .|function length|sign (|sign )|sign ;`},
		{"functions with dots", `zoho.encryption.md5(t); slack.postMessage(c); thisapp.greet(); x = zoho.loginuserid + today;`,
			`function zoho.encryption.md5|sign (|name t|sign )|sign ;|function slack.postMessage|sign (|name c|sign )|sign ;|function thisapp.greet|sign (|sign )|sign ;|name x|sign =|function zoho.loginuserid|sign +|function today|sign ;`},
		{"a block", "r = invokeurl\n[\n url: \"u\"\n reply to: {k: url}\n response-format: FILE\n];", `name r|sign =|keyword invokeurl|sign [|attribute url|sign :|text "u"|attribute reply to|sign :|sign {|name k|sign :|name url|sign }|attribute response-format|sign :|name FILE|sign ]|sign ;`},
		{"comments between", "/* a */ x /* b\n*/ = '01-Jan-2018';", "comment /* a */|name x|comment /* b\n*/|sign =|text '01-Jan-2018'|sign ;"},
		{"a division is no comment", "x = a / b;", "name x|sign =|name a|sign /|name b|sign ;"},
		{"a text without an end", `x = "abc`, `name x|sign =|text "abc`},
		{"a comment without an end", `x /* abc`, `name x|comment /* abc`},
		{"signs that mean nothing", "x ? y # z", "name x|name y|name z"},
		{"a date without an end", "x = 'abc; y", "name x|sign =|name abc|sign ;|name y"},
		{"behind a byte order mark", "\ufeffinfo 1;", "keyword info|number 1|sign ;"},
		{"nothing", "", ""},
	} {
		if got := classed(c.source); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// Stretches stand in their order, do not overlap, and lie in the source.
func FuzzHighlight(f *testing.F) {
	for _, s := range []string{"x = invokeurl [ a-b: 1 ]; /* c", `"\`, "a.b.c(//", "\ufeff'x", "é/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		end := 0
		for _, s := range Highlight(source) {
			if s.Start < end || s.End <= s.Start || s.End > len(source) {
				t.Fatalf("%q: %+v behind %d", source, s, end)
			}
			end = s.End
		}
	})
}

// Whoever writes the documentation, or completes what is typed, has all that there is to say of a function.
func TestFunctions(t *testing.T) {
	all := Functions()
	for _, f := range all {
		if f.Name == "" || f.Group == "" || !strings.HasSuffix(f.About, ".") || f.Example == "" {
			t.Errorf("%+v", f)
		}
	}
	at := slices.IndexFunc(all, func(f FunctionInfo) bool { return f.Name == "subString" })
	if f := all[at]; strings.Join(f.Aliases, " ") != "subText mid" || f.Group != "Text" || strings.Join(f.On, " ") != "TEXT" || f.Takes != "start, [end]" || !f.Result {
		t.Errorf("%+v", f)
	}
	at = slices.IndexFunc(all, func(f FunctionInfo) bool { return f.Name == "put" })
	if f := all[at]; f.Result || strings.Join(f.On, " ") != "MAP" {
		t.Errorf("%+v", f)
	}
	at = slices.IndexFunc(all, func(f FunctionInfo) bool { return f.Name == "isNull" })
	if f := all[at]; strings.Join(f.On, " ") != "ANY" {
		t.Errorf("%+v", f)
	}
}
