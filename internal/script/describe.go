package script

import (
	"strings"
)

// This file tells editors and documentation what the language is.

//go:generate go run ./generate

// Class is what a stretch of a script is, for its colour.
type Class string

const (
	ClassKeyword   Class = "keyword" // if, for, return, true, invokeurl, …
	ClassText      Class = "text"    // in double or single quotes
	ClassNumber    Class = "number"
	ClassComment   Class = "comment"
	ClassFunction  Class = "function"  // with its dots: zoho.encryption.md5
	ClassName      Class = "name"      // a variable, or a name that means nothing yet
	ClassAttribute Class = "attribute" // url, connection, … in a block
	ClassSign      Class = "sign"      // an operator or bracket
)

// Span is a stretch of a script, from one offset in bytes up to another.
type Span struct {
	Start, End int
	Class      Class
}

// Highlight divides a script into stretches, in their order. Blanks, and what means nothing, are in none. A script with
// mistakes is divided as far as it can be read.
func Highlight(source string) []Span {
	l := lex(source)
	h := highlighter{lexer: l, shift: len(source) - len(strings.TrimPrefix(source, "\ufeff")), variables: map[string]bool{}}
	for i := range l.tokens[:len(l.tokens)-1] {
		if t, next := l.tokens[i], l.tokens[i+1]; t.kind == tokName && (isSign(next, "=") || isWord(next, "in")) {
			h.variables[t.text] = true
		}
	}
	for h.i < len(l.tokens)-1 {
		h.next()
	}
	h.comments(len(l.src))
	return h.spans
}

type highlighter struct {
	*lexer
	spans []Span
	i     int // of the token that is next
	end   int // of the last span
	shift int // bytes before the source that the tokens know nothing of

	variables map[string]bool // that get a value somewhere

	block int // brackets that are open since a block began; 0 outside of one
}

func (h *highlighter) peek(n int) token {
	if i := h.i + n; i >= 0 && i < len(h.tokens) {
		return h.tokens[i]
	}
	return token{kind: tokEnd}
}

func (h *highlighter) next() {
	t := h.peek(0)
	switch t.kind {
	case tokText, tokDate:
		h.add(h.peek(0), ClassText)
	case tokNumber:
		h.add(t, ClassNumber)
	case tokName:
		h.name(t)
	default:
		h.brackets(t)
		h.add(t, ClassSign)
	}
}

// brackets counts those of a block, in which attributes stand.
func (h *highlighter) brackets(t token) {
	before := h.peek(-1)
	switch {
	case h.block == 0 && t.text == "[" && (isWord(before, "invokeurl") || isWord(before, "sendmail")):
		h.block = 1
	case h.block > 0 && strings.Contains("{[(", t.text):
		h.block++
	case h.block > 0 && strings.Contains("}])", t.text):
		h.block--
	}
}

// mostWords is how many an attribute has at most, with the hyphens between: response-format.
const mostWords = 3

// name takes a name, or several with dots between that mean one function.
func (h *highlighter) name(t token) {
	if h.block == 1 {
		n := 1
		for n < mostWords && (h.peek(n).kind == tokName || isSign(h.peek(n), "-")) {
			n++
		}
		if last := h.peek(n - 1); isSign(h.peek(n), ":") && last.kind == tokName {
			h.to(t.at, h.endOf(last), ClassAttribute)
			h.i += n
			return
		}
	}
	if h.keyword(t) {
		h.add(t, ClassKeyword)
		return
	}
	n := 1
	if !isSign(h.peek(-1), ".") && !h.variables[t.text] {
		for isSign(h.peek(n), ".") && h.peek(n+1).kind == tokName {
			n += 2
		}
	}
	path := strings.ToLower(h.src[t.at:h.endOf(h.peek(n-1))])
	last, known := h.peek(n-1), builtins()[path]
	// A parameter, perhaps, with a method called on it: name.length().
	method := n > 1 && len(known) == 0 && !isSpace(t.text) && !isWord(t, "zoho") && len(builtins()[strings.ToLower(last.text)]) > 0
	if !method && (isSign(h.peek(n), "(") || len(known) > 0 && known[0].min == 0 || n > 1 && isWord(t, "zoho")) {
		h.to(t.at, h.endOf(last), ClassFunction)
		h.i += n
		return
	}
	h.add(t, ClassName)
}

var keywords = map[string]bool{
	"if": true, "else": true, "for": true, "each": true, "in": true, "try": true, "catch": true, "return": true, "break": true, "continue": true,
	"true": true, "false": true, "null": true, "void": true,
}

// keyword: some words are keywords only where they stand so.
func (h *highlighter) keyword(t token) bool {
	word, next, before := strings.ToLower(t.text), h.peek(1), h.peek(-1)
	if isSign(before, ".") {
		return false
	}
	switch word {
	case "info":
		return h.i == 0 || isSign(before, ";") || isSign(before, "{") || isSign(before, "}")
	case "index":
		return isWord(before, "each") && next.kind == tokName && !isWord(next, "in")
	case "invokeurl", "sendmail":
		return isSign(next, "[")
	}
	return keywords[word]
}

func (h *highlighter) add(t token, class Class) {
	h.to(t.at, h.endOf(t), class)
	h.i++
}

func (h *highlighter) to(begin, end int, class Class) {
	h.comments(begin)
	h.spans = append(h.spans, Span{begin + h.shift, end + h.shift, class})
	h.end = end
}

// endOf is the offset behind a token.
func (h *highlighter) endOf(t token) int {
	switch t.kind {
	case tokText:
		for i := t.at + 1; i < len(h.src); i++ {
			switch h.src[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(h.src)
	case tokDate:
		return t.at + len(t.text) + 2
	}
	return t.at + len(t.text)
}

// comments finds those between the last span and an offset.
func (h *highlighter) comments(until int) {
	for h.end < until {
		gap := h.src[h.end:until]
		begin, end := strings.Index(gap, "/"), "\n"
		if begin < 0 || begin+1 >= len(gap) {
			return
		}
		if gap[begin+1] == '*' {
			end = "*/"
		}
		length := len(gap) - begin
		if i := strings.Index(gap[begin+2:], end); i >= 0 {
			length = 2 + i + len(strings.TrimSpace(end))
		}
		h.spans = append(h.spans, Span{h.end + begin + h.shift, h.end + begin + length + h.shift, ClassComment})
		h.end += begin + length
	}
}

// FunctionInfo is a function of the language, as its documentation has it.
type FunctionInfo struct {
	Name    string
	Aliases []string
	Group   string   // the heading that it stands under
	On      []string // the types that it is called on: "TEXT", "LIST"; "ANY" for all of them, and nothing for what is called on none
	Takes   string   // the other arguments: "start, [end]"; those in brackets may be left out
	About   string   // a sentence
	Example string   // a script
	Prints  string   // what the example prints
	Result  bool     // it gives something back
}

// Functions are all functions of the language, by their groups.
func Functions() []FunctionInfo {
	var all []FunctionInfo
	for _, g := range groups() {
		for _, b := range g.functions {
			all = append(all, FunctionInfo{
				Name: b.names[0], Aliases: b.names[1:], Group: g.name, On: b.on.words(),
				Takes: b.takes, About: b.about, Example: b.example, Prints: b.prints, Result: b.result != nothing,
			})
		}
	}
	return all
}

// words are the names of kinds.
func (s kinds) words() []string {
	if s|on(KindNull) == anyKind {
		return []string{"ANY"}
	}
	var words []string
	for k := KindNull; k < kindBraces; k++ {
		if s&(1<<k) != 0 {
			words = append(words, k.String())
		}
	}
	return words
}
