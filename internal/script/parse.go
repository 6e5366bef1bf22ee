package script

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxDepth bounds how deep a script may be nested, blocks and expressions alike.
const maxDepth = 200

// Parse reads a script. The error is [Problems]: all that is wrong, in the order of the lines.
func Parse(source string) (*Script, error) {
	l := lex(source)
	p := &parser{lexer: l, script: &Script{}, slots: map[string]int{}, connections: map[string]bool{}, functions: map[string]bool{}}
	p.source()
	if len(l.problems) > 0 {
		slices.SortStableFunc(l.problems, func(a, b Problem) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		})
		return nil, l.problems
	}
	p.script.slots = len(p.script.names)
	p.script.Connections = slices.Sorted(maps.Keys(p.connections))
	p.script.Functions = slices.Sorted(maps.Keys(p.functions))
	return p.script, nil
}

type parser struct {
	*lexer
	i     int // of the token that is next
	depth int
	loops int

	script      *Script
	slots       map[string]int
	connections map[string]bool
	functions   map[string]bool
}

// bail ends the statement that cannot be read; the parser goes on behind it.
type bail struct{}

func (p *parser) peek() token  { return p.tokens[p.i] }
func (p *parser) after() token { return p.tokens[min(p.i+1, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.tokens[p.i]
	if t.kind != tokEnd {
		p.i++
	}
	return t
}

func (p *parser) here() place { return place{p.pos(p.peek().at)} }

// is reports whether the next token is this sign.
func (p *parser) is(sign string) bool { t := p.peek(); return t.kind == tokSign && t.text == sign }

// isWord reports whether the next token is this keyword, in any case.
func (p *parser) isWord(word string) bool { return isWord(p.peek(), word) }

func isWord(t token, word string) bool {
	return t.kind == tokName && len(t.text) == len(word) && strings.EqualFold(t.text, word)
}

func isSign(t token, sign string) bool { return t.kind == tokSign && t.text == sign }

func (p *parser) accept(sign string) bool {
	if p.is(sign) {
		p.i++
		return true
	}
	return false
}

// full: there are as many problems as are listed, so nothing needs to be found out for another.
func (p *parser) full() bool { return len(p.problems) >= maxProblems }

func (p *parser) fail(at int, format string, args ...any) {
	p.problem(at, format, args...)
	panic(bail{})
}

func (p *parser) expect(sign string) token {
	t := p.peek()
	if !p.is(sign) {
		p.fail(t.at, "Expecting '%s' but found '%s'", sign, shown(t))
	}
	return p.take()
}

// shown is a token as a message quotes it.
func shown(t token) string {
	if t.kind == tokText {
		return `"` + cut(t.text, 20) + `"`
	}
	return cut(t.text, 20)
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// enter goes one level deeper; the caller defers leave.
func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.peek().at, "This is nested too deep")
	}
}

func (p *parser) leave() { p.depth-- }

// source reads a whole script: a function with its header, or the body of one.
func (p *parser) source() {
	defer p.recover(func() { p.i = len(p.tokens) - 1 })
	if p.header() {
		p.script.body = p.block()
	} else {
		p.script.body = p.statements(false)
	}
	if t := p.peek(); t.kind != tokEnd {
		p.problem(t.at, "Expecting the end of the script but found '%s'", shown(t))
	}
}

var types = []string{"void", "string", "int", "float", "bool", "date", "map", "list", "file"}

// header reads "string greet(string name)", if the script begins so.
func (p *parser) header() bool {
	begin := p.i
	if p.peek().kind != tokName || !slices.ContainsFunc(types, func(t string) bool { return p.isWord(t) }) {
		return false
	}
	result := strings.ToLower(p.take().text)
	name := p.take()
	if name.kind != tokName {
		p.i = begin
		return false
	}
	full := name.text
	for p.accept(".") {
		full += "." + p.take().text
	}
	if !p.accept("(") {
		p.i = begin
		return false
	}
	if space, name, ok := strings.Cut(full, "."); ok && isSpace(space) {
		full = name
	}
	p.script.Name, p.script.Result = full, result
	func() {
		defer p.recover(func() {
			for t := p.peek(); t.kind != tokEnd && !p.is("{"); t = p.peek() {
				p.i++
			}
		})
		for !p.is(")") {
			typ := p.take()
			if typ.kind != tokName || !slices.ContainsFunc(types[1:], func(t string) bool { return isWord(typ, t) }) {
				p.fail(typ.at, "Expecting a type (%s) but found '%s'", strings.Join(types[1:], ", "), shown(typ))
			}
			n := p.take()
			if n.kind != tokName {
				p.fail(n.at, "Expecting the name of a parameter but found '%s'", shown(n))
			}
			if _, twice := p.slots[n.text]; twice {
				p.problem(n.at, "The parameter '%s' stands twice", n.text)
			}
			p.script.Parameters = append(p.script.Parameters, Parameter{strings.ToLower(typ.text), n.text, p.assign(n.text)})
			if !p.accept(",") {
				break
			}
		}
		p.expect(")")
	}()
	return true
}

// isSpace: the names before the dot that mean the saved functions.
func isSpace(name string) bool {
	return strings.EqualFold(name, "thisapp") || strings.EqualFold(name, "standalone")
}

// recover catches a bail and lets skip find the place to go on from.
func (p *parser) recover(skip func()) {
	if r := recover(); r != nil {
		if _, ok := r.(bail); !ok {
			panic(r)
		}
		skip()
	}
}

// block reads "{ … }".
func (p *parser) block() []statement {
	p.expect("{")
	list := p.statements(true)
	if !p.broken || p.peek().kind != tokEnd {
		p.expect("}")
	}
	return list
}

// statements reads up to a closing brace, or to the end.
func (p *parser) statements(inBlock bool) []statement {
	p.enter()
	defer p.leave()
	var list []statement
	for {
		t := p.peek()
		switch {
		case t.kind == tokEnd:
			if inBlock && !p.broken {
				p.fail(t.at, "Expecting '}' but found '<EOF>'")
			}
			return list
		case p.is("}"):
			if inBlock {
				return list
			}
			p.problem(t.at, "Expecting a statement but found '}'")
			p.i++
		case p.accept(";"):
		default:
			if s := p.oneStatement(); s != nil {
				list = append(list, s)
			}
		}
	}
}

// oneStatement reads a statement; nil when it could not be read, and the tokens behind it are next.
func (p *parser) oneStatement() (s statement) {
	depth, loops, begin := p.depth, p.loops, p.i
	defer p.recover(func() {
		p.depth, p.loops = depth, loops
		p.skip(begin)
		s = nil
	})
	return p.statement()
}

// skip goes on behind the statement that began at a token: behind its semicolon or its block.
func (p *parser) skip(begin int) {
	open := 0
	if p.i == begin {
		p.i++
	}
	for ; p.peek().kind != tokEnd; p.i++ {
		switch t := p.peek(); {
		case isSign(t, "{"):
			open++
		case isSign(t, "}"):
			if open == 0 {
				return
			}
			if open--; open == 0 {
				p.i++
				return
			}
		case isSign(t, ";") && open == 0:
			p.i++
			return
		}
	}
}

func (p *parser) statement() statement {
	t, at := p.peek(), p.here()
	if t.kind == tokName {
		switch next := p.after(); strings.ToLower(t.text) {
		case "if":
			return p.ifStatement()
		case "for":
			return p.forStatement()
		case "try":
			return p.tryStatement()
		case "else", "catch":
			p.fail(t.at, "Expecting a statement but found '%s', which has no %s before it", t.text, map[string]string{"else": "if", "catch": "try"}[strings.ToLower(t.text)])
		case "break", "continue":
			p.i++
			if p.loops == 0 {
				p.problem(t.at, "'%s' stands in a loop", t.text)
			}
			p.end()
			if strings.EqualFold(t.text, "break") {
				return &breakStatement{at}
			}
			return &continueStatement{at}
		case "return":
			p.i++
			s := &returnStatement{place: at}
			if !p.is(";") {
				s.value = p.expression()
				p.returnsSomething(s.value)
			}
			switch result := p.script.Result; {
			case result == "void" && s.value != nil:
				p.problem(t.at, "The function is void: it returns nothing")
			case result != "" && result != "void" && s.value == nil:
				p.problem(t.at, "Missing return statement: Provide %s expression to return", strings.ToUpper(result))
			}
			p.end()
			return s
		case "info":
			if !isSign(next, "=") && !isSign(next, ".") {
				p.i++
				s := &infoStatement{at, p.expression()}
				p.returnsSomething(s.value)
				p.end()
				return s
			}
		case "sendmail":
			if isSign(next, "[") {
				p.i++
				s := &taskStatement{at, "sendmail", p.attributes(t)}
				p.accept(";")
				return s
			}
		case "while":
			if isSign(next, "(") {
				p.fail(t.at, "There is no while: a loop is written 'for each item in list { … }'")
			}
		case "throw", "switch", "function":
			if next.kind == tokName || next.kind == tokText || isSign(next, "(") {
				p.fail(t.at, "There is no %s in this language", strings.ToLower(t.text))
			}
		}
		if next := p.after(); next.kind == tokName && slices.ContainsFunc(declared, func(typ string) bool { return isWord(t, typ) }) && p.i+2 < len(p.tokens) && isSign(p.tokens[p.i+2], "=") {
			p.i++ // String s = …: the type says nothing that the value does not
			t, at = p.peek(), p.here()
		}
		if next := p.after(); next.kind == tokSign && slices.Contains([]string{"=", "+=", "-=", "*=", "/=", "%="}, next.text) {
			return p.assignment(t, at, next.text)
		}
	}
	return p.callStatement(at)
}

var declared = []string{"string", "int", "long", "float", "decimal", "bool", "boolean", "date", "datetime", "map", "list", "file", "number", "text", "collection"}

var reserved = []string{"true", "false", "null", "void", "return"}

func (p *parser) assignment(name token, at place, op string) statement {
	if slices.ContainsFunc(reserved, func(r string) bool { return isWord(name, r) }) {
		p.fail(name.at, "'%s' is reserved and no name of a variable", name.text)
	}
	p.i += 2
	if op != "=" {
		p.use(name)
	}
	value := p.expression()
	p.returnsSomething(value)
	p.end()
	return &assignStatement{at, p.assign(name.text), op, value}
}

func (p *parser) callStatement(at place) statement {
	begin := p.peek()
	x := p.expression()
	switch c := x.(type) {
	case *call:
		if !slices.ContainsFunc(c.found, func(b *builtin) bool { return b.result != must }) && len(c.found) > 0 {
			p.problem(begin.at, "%s function needs to be assigned to a variable", c.name)
		}
	case *functionCall:
		c.statement = true
	case *hostCall, *invokeURL:
	default:
		p.fail(begin.at, "Expecting a statement but found an expression: assign it to a variable")
	}
	p.end()
	return &callStatement{at, x}
}

// end is the semicolon at the end of a statement. Where it is missing, the statement is one all the same.
func (p *parser) end() {
	if p.accept(";") {
		return
	}
	t := p.peek()
	if p.broken && t.kind == tokEnd {
		return
	}
	before := p.tokens[max(p.i-1, 0)]
	p.problem(before.at+len(before.text), "Improper Statement Error might be due to missing ';' at end of the line or incomplete expression")
	if t.kind == tokEnd || p.is("}") || p.pos(t.at).Line > p.pos(before.at).Line {
		return
	}
	panic(bail{})
}

func (p *parser) ifStatement() statement {
	s := &ifStatement{place: p.here()}
	for {
		p.i++ // if
		p.expect("(")
		condition := p.expression()
		p.expect(")")
		s.branches = append(s.branches, branch{condition, p.block()})
		if !p.isWord("else") {
			return s
		}
		p.i++
		if !p.isWord("if") {
			s.branches = append(s.branches, branch{nil, p.block()})
			return s
		}
	}
}

func (p *parser) forStatement() statement {
	s := &forStatement{place: p.here()}
	p.i++
	if !p.isWord("each") {
		p.fail(p.peek().at, "Expecting 'each' but found '%s': a loop is written 'for each item in list { … }'", shown(p.peek()))
	}
	p.i++
	if p.isWord("index") && !isWord(p.after(), "in") {
		s.index = true
		p.i++
	}
	name := p.take()
	if name.kind != tokName {
		p.fail(name.at, "Expecting the name of a variable but found '%s'", shown(name))
	}
	if !p.isWord("in") {
		p.fail(p.peek().at, "Expecting 'in' but found '%s'", shown(p.peek()))
	}
	p.i++
	s.over = p.expression()
	s.slot = p.assign(name.text)
	p.loops++
	s.body = p.block()
	p.loops--
	return s
}

func (p *parser) tryStatement() statement {
	s := &tryStatement{place: p.here()}
	p.i++
	s.body = p.block()
	if !p.isWord("catch") {
		p.fail(p.peek().at, "Expecting 'catch' but found '%s'", shown(p.peek()))
	}
	p.i++
	p.expect("(")
	name := p.take()
	if name.kind != tokName {
		p.fail(name.at, "Expecting the name of a variable but found '%s'", shown(name))
	}
	p.expect(")")
	s.slot = p.assign(name.text)
	s.catch = p.block()
	return s
}

// assign gives the slot of a variable that gets a value here.
func (p *parser) assign(name string) int {
	slot, ok := p.slots[name]
	if !ok {
		slot = len(p.script.names)
		p.slots[name] = slot
		p.script.names = append(p.script.names, name)
	}
	return slot
}

// use gives the slot of a variable that must have one already.
func (p *parser) use(name token) int {
	slot, ok := p.slots[name.text]
	if !ok && p.full() {
		return p.assign(name.text)
	}
	if !ok {
		hint := ""
		for known := range p.slots {
			if strings.EqualFold(known, name.text) {
				hint = fmt.Sprintf(": there is '%s', and names tell capitals from small letters", known)
			}
		}
		p.problem(name.at, "Variable '%s' is not defined%s", name.text, hint)
		slot = p.assign(name.text) // said once
	}
	return slot
}
