package web

import (
	"html/template"
	"strings"
	"unicode/utf8"
)

const maxIndent = 40 // levels; what is nested deeper stands no further to the right

// prettyJSON lays out one JSON value for reading, with its parts in spans of classes: k for names, s for texts, n for
// numbers, l for true, false and null. Nothing is decoded, so order, numbers and escapes stay as they came. It ends after
// limit bytes; whole says whether that was all.
func prettyJSON(text string, limit int) (_ template.HTML, whole bool) {
	p := jsonPrinter{left: limit}
	for i := 0; i < len(text) && p.left > 0; {
		i = p.token(text, i)
	}
	return template.HTML(p.html.String()), p.left > 0 //nolint:gosec // each piece of the text was escaped
}

type jsonPrinter struct {
	html  strings.Builder
	depth int
	left  int // bytes that may still be shown; 0: the end was reached
}

// token writes the token at i, in a text that is valid JSON, and gives where the next one begins.
func (p *jsonPrinter) token(text string, i int) int {
	switch c := text[i]; c {
	case ' ', '\t', '\r', '\n':
		return i + 1
	case '{', '[':
		if end := skipBlanks(text, i+1); end < len(text) && (text[end] == '}' || text[end] == ']') {
			p.write("", string(c)+string(text[end]))
			return end + 1
		}
		p.depth++
		p.write("", string(c))
		p.newline()
		return i + 1
	case '}', ']':
		p.depth--
		p.newline()
		p.write("", string(c))
		return i + 1
	case ',':
		p.write("", ",")
		p.newline()
		return i + 1
	case ':':
		p.write("", ": ")
		return i + 1
	case '"':
		end := i + 1
		for end < len(text) && text[end] != '"' {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(text))
		class := "s"
		if next := skipBlanks(text, end); next < len(text) && text[next] == ':' {
			class = "k"
		}
		p.write(class, text[i:end])
		return end
	}
	end := i + 1
	for end < len(text) && strings.IndexByte(" \t\r\n,]}", text[end]) < 0 {
		end++
	}
	class := "n"
	if c := text[i]; c == 't' || c == 'f' || c == 'n' {
		class = "l"
	}
	p.write(class, text[i:end])
	return end
}

func skipBlanks(text string, i int) int {
	for i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
		i++
	}
	return i
}

func (p *jsonPrinter) newline() {
	p.write("", "\n"+strings.Repeat("  ", min(max(p.depth, 0), maxIndent)))
}

func (p *jsonPrinter) write(class, token string) {
	token, whole := cut(token, p.left)
	p.left -= len(token)
	if !whole {
		p.left = 0
	}
	if class == "" {
		p.html.WriteString(token) // braces, commas, blanks
		return
	}
	p.html.WriteString(`<span class="` + class + `">`)
	template.HTMLEscape(&p.html, []byte(token))
	p.html.WriteString("</span>")
}

// cut gives at most limit bytes of a text, and no half character.
func cut(text string, limit int) (_ string, whole bool) {
	if len(text) <= limit {
		return text, true
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit], false
}
