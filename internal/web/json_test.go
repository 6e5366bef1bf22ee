package web

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrettyJSON(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an object", `{"b":1,"a":[true,null]}`, "{\n  <span class=\"k\">&#34;b&#34;</span>: <span class=\"n\">1</span>,\n  <span class=\"k\">&#34;a&#34;</span>: [\n    <span class=\"l\">true</span>,\n    <span class=\"l\">null</span>\n  ]\n}"},
		{"nothing inside", ` { "a" : { } , "b" : [ ] } `, "{\n  <span class=\"k\">&#34;a&#34;</span>: {},\n  <span class=\"k\">&#34;b&#34;</span>: []\n}"},
		{"a text alone", `"x"`, `<span class="s">&#34;x&#34;</span>`},
		{"numbers as they are written", `[12345678901234567890.10,1E400,-0]`, "[\n  <span class=\"n\">12345678901234567890.10</span>,\n  <span class=\"n\">1E400</span>,\n  <span class=\"n\">-0</span>\n]"},
		{"names that stand twice", `{"a":1,"a":2}`, "{\n  <span class=\"k\">&#34;a&#34;</span>: <span class=\"n\">1</span>,\n  <span class=\"k\">&#34;a&#34;</span>: <span class=\"n\">2</span>\n}"},
		{"what would be HTML", `{"</pre><script>":"<img src=x onerror=\"alert(1)\">"}`, "{\n  <span class=\"k\">&#34;&lt;/pre&gt;&lt;script&gt;&#34;</span>: <span class=\"s\">&#34;&lt;img src=x onerror=\\&#34;alert(1)\\&#34;&gt;&#34;</span>\n}"},
		{"a text with quotes, backslashes and braces", `["a\\","\"]{,:"]`, "[\n  <span class=\"s\">&#34;a\\\\&#34;</span>,\n  <span class=\"s\">&#34;\\&#34;]{,:&#34;</span>\n]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, whole := prettyJSON(c.text, 1<<10)
			if string(got) != c.want || !whole {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// What is too long ends early, at a character, and costs no more than its end.
func TestPrettyJSONEnds(t *testing.T) {
	for name, text := range map[string]string{
		"one long text": `["` + strings.Repeat("é", 5000) + `"]`, "many numbers": "[" + strings.Repeat("1,", 5000) + "1]", "deep": strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
	} {
		got, whole := prettyJSON(text, 1001)
		if shown := html.UnescapeString(tags.ReplaceAllString(string(got), "")); whole || len(shown) > 1001 || len(shown) < 900 || !utf8.ValidString(shown) {
			t.Errorf("%s: %d bytes, whole %t", name, len(shown), whole)
		}
	}
}

var tags = regexp.MustCompile(`</?span[^>]*>`)

// The same value, and no markup but ours, whatever the text.
func FuzzPrettyJSON(f *testing.F) {
	for _, text := range []string{`{"a":[1,"b",{"c":null}],"d":{}}`, `"<b>"`, ` [ 1 , -2.5e3 , true ] `, `{"\u003c/span\u003e":"\\\""}`, `"` + "\u202e" + `"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return
		}
		got, whole := prettyJSON(text, 1<<20)
		plain := tags.ReplaceAllString(string(got), "")
		if strings.ContainsAny(plain, "<>") || !whole {
			t.Fatalf("%q gives %s", text, got)
		}
		var a, b strings.Builder
		compact(t, &a, text)
		compact(t, &b, html.UnescapeString(plain))
		if a.String() != b.String() {
			t.Fatalf("%q became %q", text, b.String())
		}
	})
}

// compact writes the tokens of a JSON text without the blanks between them.
func compact(t *testing.T, to *strings.Builder, text string) {
	t.Helper()
	inText := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inText && c == '\\':
			to.WriteByte(c)
			i++
			to.WriteByte(text[i])
			continue
		case c == '"':
			inText = !inText
		case !inText && strings.IndexByte(" \t\r\n", c) >= 0:
			continue
		}
		to.WriteByte(c)
	}
}
