package script

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// Searching again and again gives what the library gives in one go, in short texts and in those that are read piece by
// piece.
func TestReplacingIsAsTheLibraryDoes(t *testing.T) {
	r := &run{ctx: t.Context(), Settings: Settings{Limits: Limits{Memory: 1 << 40, Time: time.Hour}}}
	c := &calling{run: r}
	for _, source := range []string{"", "a", "a*", "a+?", "^", "$", "^a", "a$", `\b`, `\B`, `\ba`, "(?m)^", "(?m)$", "(?m)^a|b$", "a|", "|a", "(a)(b)?", "(a|ab)(c|bcd)?", ".", "(?s:.)", "ü*", `\Aa`, `a\z`, "(?i)A", "[^a]", "a{2}", "(?U)a+"} {
		for _, text := range []string{"", "a", "b", "aa", "abab", "aabaa", "a b a\nab\n", "\n\n", "üaüü", "abcd abc", "€a€"} {
			for _, s := range []string{text, strings.Repeat(text, aLongText/max(len(text), 1)+1)} {
				got, err := c.replace(s, source, "<${0}|${1}>", -1)
				if want := regexp.MustCompile(source).ReplaceAllString(s, "<${0}|${1}>"); err != nil || got.text() != want {
					t.Errorf("%q in %.20q: got %.60q, %v; want %.60q", source, s, got.text(), err, want)
				}
			}
		}
	}
}

func TestReplacing(t *testing.T) {
	printsAll(t, [][2]string{
		{`info "a1b22".replaceAll("([0-9]+)", "<$1>"); info "a1".replaceAll("([0-9])", "$1x");`, "a<1>b<22>|a1x"},
		{`info "a.b.c".replaceFirst(".", "-", true); info "a.b".replaceAll(".", "$1", true); info "aA".replaceAllIgnoreCase("A", "$", true);`, "a-b.c|a$1b|$$"},
		{`info "abc".replaceAll("", "-"); info "abc".replaceAll("", "-", true); info "aAa".replaceFirstIgnoreCase("A", "x");`, "-a-b-c-|-a-b-c-|xAa"},
		{`x = "a".replaceAll("(", "b");`, "error: This is no regular expression that can be read"},
		{`x = "a".replaceAll("a".repeat(1001), "b");`, "error: A regular expression has at most 1000 letters"},
	})
}
