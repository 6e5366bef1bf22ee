package script

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pos is a place in a script: line and column, both from 1; columns count letters, not bytes.
type Pos struct{ Line, Column int }

func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Problem is one thing that keeps a script from being run.
type Problem struct {
	Pos
	Message string
}

// Problems are all of a script, in their order.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, q := range p {
		lines[i] = fmt.Sprintf("(Line no: %d, column %d) %s", q.Line, q.Column, q.Message)
	}
	return strings.Join(lines, "\n")
}

const (
	maxSource   = 1 << 20 // bytes of a script
	maxProblems = 100     // further ones are not listed
)

type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokName             // identifier or keyword
	tokNumber           // text has its digits
	tokText             // text has its value
	tokDate             // in single quotes; text has what stands between
	tokSign             // operator or bracket
)

// token is a piece of a script. At is its offset in bytes.
type token struct {
	kind tokenKind
	at   int
	text string
}

// lexer divides a script into tokens. It never stops: what is no token is a problem, and left out.
type lexer struct {
	src      string
	at       int
	lines    []int // offsets at which lines begin
	tokens   []token
	problems Problems
	broken   bool // a text or comment runs on to the end, so what is missing behind it is no news

	// Where the last place was found: the next one is mostly near it, in the same line.
	lastLine, lastAt, lastColumn int
}

func lex(src string) *lexer {
	src = strings.TrimPrefix(src, "\ufeff")
	l := &lexer{src: src, lines: []int{0}, tokens: make([]token, 0, min(len(src), maxSource)/4+1), lastColumn: 1}
	if len(src) > maxSource {
		l.problem(0, "The script has more than %d KiB", maxSource>>10)
		l.src = ""
	}
	for i := 0; i < len(l.src); i++ {
		if l.src[i] == '\n' {
			l.lines = append(l.lines, i+1)
		}
	}
	for l.next() {
	}
	l.tokens = append(l.tokens, token{tokEnd, len(l.src), "<EOF>"})
	return l
}

// pos finds the place of an offset.
func (l *lexer) pos(at int) Pos {
	line, exact := slices.BinarySearch(l.lines, at)
	if !exact {
		line--
	}
	begin, column := l.lines[line], 1
	letters := func(from, to int) int {
		return utf8.RuneCountInString(l.src[min(from, len(l.src)):min(to, len(l.src))])
	}
	switch known := line == l.lastLine && l.lastAt >= begin; {
	case known && at >= l.lastAt:
		column = l.lastColumn + letters(l.lastAt, at)
	case known && l.lastAt-at < at-begin: // an operator, of which is told when what stands behind it was read
		column = l.lastColumn - letters(at, l.lastAt)
	default:
		column += letters(begin, at)
	}
	l.lastLine, l.lastAt, l.lastColumn = line, at, column
	return Pos{line + 1, column}
}

func (l *lexer) problem(at int, format string, args ...any) {
	if len(l.problems) < maxProblems {
		l.problems = append(l.problems, Problem{l.pos(at), fmt.Sprintf(format, args...)})
	}
}

func (l *lexer) add(kind tokenKind, at int, text string) {
	l.tokens = append(l.tokens, token{kind, at, text})
}

// sign gives the operator or bracket at the beginning of a text; empty where there is none.
func sign(s string) string {
	if len(s) > 1 && (s[1] == '=' && strings.IndexByte("=!<>+-*/%", s[0]) >= 0 || s[:2] == "&&" || s[:2] == "||") {
		return s[:2]
	}
	if strings.IndexByte("{}()[];,:.+-*/%<>=!", s[0]) >= 0 {
		return s[:1]
	}
	return ""
}

// next reads one token, or what stands between two; false at the end.
func (l *lexer) next() bool {
	if l.at >= len(l.src) {
		return false
	}
	begin := l.at
	switch c := l.src[l.at]; {
	case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		l.at++
	case c >= utf8.RuneSelf && blank(l.src[l.at:]) > 0:
		l.at += blank(l.src[l.at:])
	case c == '"':
		l.text()
	case c == '\'':
		l.date()
	case c >= '0' && c <= '9', c == '.' && l.digitAt(l.at+1) && !l.afterValue():
		l.number()
	case c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf:
		l.name()
	case strings.HasPrefix(l.src[l.at:], "//"):
		if i := strings.IndexByte(l.src[l.at:], '\n'); i >= 0 {
			l.at += i
		} else {
			l.at = len(l.src)
		}
	case strings.HasPrefix(l.src[l.at:], "/*"):
		if i := strings.Index(l.src[l.at+2:], "*/"); i >= 0 {
			l.at += i + 4
		} else {
			l.problem(begin, "Comment Task is not closed properly")
			l.broken = true
			l.at = len(l.src)
		}
	default:
		if s := sign(l.src[l.at:]); s != "" {
			l.at += len(s)
			l.add(tokSign, begin, s)
			return true
		}
		l.problem(begin, "%q has no meaning here", c)
		l.at++
	}
	return true
}

func (l *lexer) digitAt(i int) bool { return i < len(l.src) && l.src[i] >= '0' && l.src[i] <= '9' }

// afterValue: would a dot here belong to the value before it?
func (l *lexer) afterValue() bool {
	if len(l.tokens) == 0 {
		return false
	}
	t := l.tokens[len(l.tokens)-1]
	if isWord(t, "return") || isWord(t, "info") || isWord(t, "in") {
		return false
	}
	return t.kind != tokSign || t.text == ")" || t.text == "]" || t.text == "}"
}

// name reads an identifier. Letters of any script are taken, so that the message can say what is wrong with them.
func (l *lexer) name() {
	begin := l.at
	foreign := rune(0)
	for l.at < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.at:])
		ascii := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !ascii && (r < utf8.RuneSelf || !unicode.IsLetter(r) && l.at > begin) {
			break
		}
		if !ascii && foreign == 0 {
			foreign = r
		}
		l.at += n
	}
	if foreign != 0 {
		l.problem(begin, "%q has no meaning here: a name has the letters A to Z, digits and _", foreign)
	}
	l.add(tokName, begin, l.src[begin:l.at])
}

// number reads digits with at most one dot. A dot before a letter begins a call: 24.isNumber().
func (l *lexer) number() {
	begin, dot := l.at, false
	for l.at < len(l.src) {
		c := l.src[l.at]
		if c == '.' && !dot && !l.letterAt(l.at+1) {
			dot = true
		} else if c < '0' || c > '9' {
			break
		}
		l.at++
	}
	l.add(tokNumber, begin, l.src[begin:l.at])
}

func (l *lexer) letterAt(i int) bool {
	if i >= len(l.src) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(l.src[i:])
	return r == '_' || unicode.IsLetter(r)
}

var escapes = map[byte]string{'"': `"`, '\\': `\`, '/': "/", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", '\'': "'"}

// text reads a text in double quotes, which may run over lines.
func (l *lexer) text() {
	begin := l.at
	l.at++
	plain := l.at
	var b strings.Builder
	for l.at < len(l.src) {
		switch c := l.src[l.at]; c {
		case '"':
			value := l.src[plain:l.at]
			if b.Len() > 0 {
				b.WriteString(value)
				value = b.String()
			}
			if !utf8.ValidString(value) {
				l.problem(begin, "This text is not valid UTF-8")
				value = strings.ToValidUTF8(value, "\ufffd")
			}
			l.at++
			l.add(tokText, begin, value)
			return
		case '\\':
			b.WriteString(l.src[plain:l.at])
			if l.at+1 >= len(l.src) {
				l.at++
				plain = l.at
				continue
			}
			escaped, ok := escapes[l.src[l.at+1]]
			if !ok { // as in a regular expression: "\d"
				escaped = l.src[l.at : l.at+2]
			}
			b.WriteString(escaped)
			l.at += 2
			plain = l.at
			continue
		}
		l.at++
	}
	l.problem(begin, "This text has no \" at its end")
	l.broken = true
	l.add(tokText, begin, "")
}

// date reads what stands in single quotes, on one line.
func (l *lexer) date() {
	begin := l.at
	end := strings.IndexAny(l.src[begin+1:], "'\n")
	if end < 0 || l.src[begin+1+end] == '\n' {
		l.problem(begin, "This has no ' at its end")
		l.at++
		return
	}
	l.at = begin + end + 2
	l.add(tokDate, begin, l.src[begin+1:begin+1+end])
}

// blank is how many bytes of blanks that are no ASCII a text begins with: no-break spaces and the like, which come along
// when a script is copied from a page or a document, and the byte order mark.
func blank(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if r == '\uFEFF' || r == '\u200B' || unicode.IsSpace(r) {
		return n
	}
	return 0
}
