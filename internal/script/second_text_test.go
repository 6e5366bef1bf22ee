package script

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// The second opinion on texts: each function again, letter by letter, in the plainest way there is.

// textCase is what a function is given: two texts, and two numbers.
type textCase struct {
	s, t []rune
	n, m int
}

// at says whether t stands in s at a position.
func (l textCase) at(i int) bool {
	if i < 0 || i+len(l.t) > len(l.s) {
		return false
	}
	for j := range l.t {
		if l.s[i+j] != l.t[j] {
			return false
		}
	}
	return true
}

func (l textCase) first() int {
	for i := 0; i <= len(l.s); i++ {
		if l.at(i) {
			return i
		}
	}
	return -1
}

func (l textCase) last() int {
	for i := len(l.s); i >= 0; i-- {
		if l.at(i) {
			return i
		}
	}
	return -1
}

// pieces are what stands between the places of t, which do not overlap. t is not empty.
func (l textCase) pieces() []string {
	var list []string
	piece := ""
	for i := 0; i < len(l.s); {
		if l.at(i) {
			list, piece = append(list, piece), ""
			i += len(l.t)
			continue
		}
		piece += string(l.s[i])
		i++
	}
	return append(list, piece)
}

// without is s without the letters from a position on, as many as t has.
func (l textCase) without(i int) string {
	if i < 0 {
		return string(l.s)
	}
	return string(l.s[:i]) + string(l.s[i+len(l.t):])
}

func (l textCase) kept(keep func(r rune) bool) string {
	out := ""
	for _, r := range l.s {
		if keep(r) {
			out += string(r)
		}
	}
	return out
}

func (l textCase) trimmed(left, right bool) string {
	from, to := 0, len(l.s)
	for left && from < to && unicode.IsSpace(l.s[from]) {
		from++
	}
	for right && to > from && unicode.IsSpace(l.s[to-1]) {
		to--
	}
	return string(l.s[from:to])
}

func (l textCase) padded(left bool) string {
	out := string(l.s)
	for n := len(l.s); n < l.n; n++ {
		if left {
			out = " " + out
		} else {
			out += " "
		}
	}
	return out
}

const (
	isError = "\x00error"
	isNone  = "null"
)

// secondText is what each call prints. A function that is not asked for an empty t leaves it out.
var secondText = []struct {
	call  string
	empty bool // t may be empty
	want  func(l textCase) string
}{
	{"s.length()", true, func(l textCase) string { return fmt.Sprint(len(l.s)) }},
	{"s.subString(n, m)", true, func(l textCase) string {
		if l.m < 0 {
			l.m = len(l.s)
		}
		if l.n < 0 || l.n > l.m || l.m > len(l.s) {
			return isError
		}
		return string(l.s[l.n:l.m])
	}},
	{"s.mid(n)", true, func(l textCase) string {
		if l.n < 0 || l.n > len(l.s) {
			return isError
		}
		return string(l.s[l.n:])
	}},
	{"s.left(n)", true, func(l textCase) string {
		switch {
		case l.n > len(l.s):
			return isError
		case l.n < 0:
			return string(l.s)
		}
		return string(l.s[:l.n])
	}},
	{"s.right(n)", true, func(l textCase) string {
		if l.n < 0 || l.n > len(l.s) {
			return isError
		}
		return string(l.s[len(l.s)-l.n:])
	}},
	{"s.indexOf(t)", true, func(l textCase) string { return fmt.Sprint(l.first()) }},
	{"s.lastIndexOf(t)", true, func(l textCase) string { return fmt.Sprint(l.last()) }},
	{"s.contains(t)", true, func(l textCase) string { return fmt.Sprint(l.first() >= 0) }},
	{"s.notContains(t)", true, func(l textCase) string { return fmt.Sprint(l.first() < 0) }},
	{"s.startsWith(t)", true, func(l textCase) string { return fmt.Sprint(l.at(0)) }},
	{"s.endsWith(t)", true, func(l textCase) string { return fmt.Sprint(l.at(len(l.s) - len(l.t))) }},
	{"s.getPrefix(t)", true, func(l textCase) string {
		if l.first() < 0 {
			return isNone
		}
		return string(l.s[:l.first()])
	}},
	{"s.getSuffix(t)", true, func(l textCase) string {
		if l.first() < 0 {
			return isNone
		}
		return string(l.s[l.first()+len(l.t):])
	}},
	{"s.remove(t)", false, func(l textCase) string { return strings.Join(l.pieces(), "") }},
	{"s.removeFirstOccurence(t)", true, func(l textCase) string { return l.without(l.first()) }},
	{"s.removeLastOccurence(t)", true, func(l textCase) string { return l.without(l.last()) }},
	{"s.getOccurenceCount(t)", false, func(l textCase) string { return fmt.Sprint(len(l.pieces()) - 1) }},
	{"s.replaceAll(t, \"<$1>\", true)", false, func(l textCase) string { return strings.Join(l.pieces(), "<$1>") }},
	{"s.replaceFirst(t, \"\", true)", false, func(l textCase) string { return l.without(l.first()) }},
	{"s.toList(t).size()", false, func(l textCase) string { return fmt.Sprint(len(l.pieces())) }},
	{"s.toList(t)", false, func(l textCase) string { return strings.Join(l.pieces(), ",") }},
	{"s.trim()", true, func(l textCase) string { return l.trimmed(true, true) }},
	{"s.ltrim()", true, func(l textCase) string { return l.trimmed(true, false) }},
	{"s.rtrim()", true, func(l textCase) string { return l.trimmed(false, true) }},
	{"s.leftpad(n)", true, func(l textCase) string { return l.padded(true) }},
	{"s.rightpad(n)", true, func(l textCase) string { return l.padded(false) }},
	{"s.reverse()", true, func(l textCase) string {
		out := ""
		for _, r := range l.s {
			out = string(r) + out
		}
		return out
	}},
	{"s.repeat(n)", true, func(l textCase) string {
		if l.n < 0 {
			return isError
		}
		out := ""
		for range l.n {
			out += string(l.s)
		}
		return out
	}},
	{"s.concat(t)", true, func(l textCase) string { return string(append(append([]rune(nil), l.s...), l.t...)) }},
	{"s.toUpperCase()", true, func(l textCase) string {
		for i := range l.s {
			l.s[i] = unicode.ToUpper(l.s[i])
		}
		return string(l.s)
	}},
	{"s.toLowerCase()", true, func(l textCase) string {
		for i := range l.s {
			l.s[i] = unicode.ToLower(l.s[i])
		}
		return string(l.s)
	}},
	{"s.getAlpha()", true, func(l textCase) string { return l.kept(unicode.IsLetter) }},
	{"s.removeAllAlpha()", true, func(l textCase) string { return l.kept(func(r rune) bool { return !unicode.IsLetter(r) }) }},
	{"s.getAlphaNumeric()", true, func(l textCase) string {
		return l.kept(func(r rune) bool { return unicode.IsLetter(r) || unicode.Is(unicode.Nd, r) })
	}},
	{"s.isAscii()", true, func(l textCase) string { return fmt.Sprint(len(string(l.s)) == len(l.s)) }},
	{"s.textToHex()", true, func(l textCase) string { return fmt.Sprintf("%x", string(l.s)) }},
	{"s.textToHex().hexToText()", true, func(l textCase) string { return string(l.s) }},
	{"zoho.encryption.urlDecode(s.encodeUrl())", true, func(l textCase) string { return string(l.s) }},
	{"zoho.encryption.base64Decode(zoho.encryption.base64Encode(s))", true, func(l textCase) string { return string(l.s) }},
	{"s.xmlEncode().xmlDecode()", true, func(l textCase) string { return string(l.s) }},
	{"s == t", true, func(l textCase) string { return fmt.Sprint(string(l.s) == string(l.t)) }},
	{"{\"k\": s}.toString().toMap().get(\"k\")", true, func(l textCase) string { return string(l.s) }},
}

// textPrograms are the calls of secondText as functions, parsed once.
func textPrograms(t testing.TB) []*Script {
	t.Helper()
	var list []*Script
	for _, c := range secondText {
		s, err := Parse("void f(string s, string t, int n, int m) { info " + c.call + "; }")
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func checkText(t *testing.T, programs []*Script, s, by string, n, m int) {
	t.Helper()
	if !utf8.ValidString(s) || !utf8.ValidString(by) || len(s)+len(by) > 1000 {
		return
	}
	for i, c := range secondText {
		if by == "" && !c.empty {
			continue
		}
		want := c.want(textCase{[]rune(s), []rune(by), n, m})
		got, err := programs[i].Run(t.Context(), Settings{}, Text(s), Text(by), Number(int64(n)), Number(int64(m)))
		switch {
		case want == isError && err == nil, want != isError && err != nil:
			t.Errorf("%s with %q, %q, %d, %d: printed %q, %v, want %q", c.call, s, by, n, m, got.Output, err, want)
		case err == nil && got.Output[0] != want:
			t.Errorf("%s with %q, %q, %d, %d: printed %q, want %q", c.call, s, by, n, m, got.Output[0], want)
		}
	}
}

func TestO16_TextFunctions(t *testing.T) {
	programs := textPrograms(t)
	alphabet := []string{"a", "b", "ab", "A", " ", "\t", ",", "ü", "İ", "😀", "1", "$", "\\", "&", "&amp;", "\"", "'", "\n", "\u00a0", "e\u0301", "ß", "."}
	for seed := range uint64(400) {
		b := &bytesOf{randomBytes(seed, 30)}
		word := func(n int) (s string) {
			for range b.choose(n) {
				s += alphabet[b.choose(len(alphabet))]
			}
			return s
		}
		checkText(t, programs, word(10), word(3), b.choose(14)-2, b.choose(14)-2)
	}
}

func FuzzTextFunctions(f *testing.F) {
	f.Add("banana", "an", 2, 4)
	f.Add(" Zürich 😀 ", "", -1, 3)
	f.Add("a.b.c", ".", 0, -1)
	programs := textPrograms(f)
	f.Fuzz(func(t *testing.T, s, by string, n, m int) {
		checkText(t, programs, s, by, n%200, m%200)
	})
}
