package script

import (
	"fmt"
	"slices"
	"strings"
)

// maxDepth bounds how deep a script may be nested, blocks and expressions alike.
const maxDepth = 200

// Parse reads a script. The error is [Problems]: all that is wrong, in the order of the lines.
func Parse(source string) (*Script, error) {
	l := lex(source)
	p := &parser{lexer: l, script: &Script{}, slots: map[string]int{}, connections: map[string]bool{}}
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
	for name := range p.connections {
		p.script.Connections = append(p.script.Connections, name)
	}
	slices.Sort(p.script.Connections)
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
			}
			p.end()
			return s
		case "info":
			if !isSign(next, "=") && !isSign(next, ".") {
				p.i++
				s := &infoStatement{at, p.expression()}
				p.end()
				return s
			}
		case "sendmail":
			if isSign(next, "[") {
				p.i++
				s := &taskStatement{at, "sendmail", p.attributes()}
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

// The binary operators by how tight they bind, the loosest first.
var precedence = [][]string{{"||"}, {"&&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"+", "-"}, {"*", "/", "%"}}

func (p *parser) expression() expression {
	p.enter()
	defer p.leave()
	return p.binary(0)
}

func (p *parser) binary(level int) expression {
	if level == len(precedence) {
		return p.unary()
	}
	x := p.binary(level + 1)
	for links := 0; ; links++ {
		p.notTooLong(links)
		t := p.peek()
		if t.kind != tokSign || !slices.Contains(precedence[level], t.text) {
			return x
		}
		p.i++
		y := p.binary(level + 1)
		p.returnsSomething(x)
		p.returnsSomething(y)
		x = &binary{place{p.pos(t.at)}, t.text, x, y}
	}
}

// maxLinks bounds how many operators or methods follow each other in one expression.
const maxLinks = 2000

func (p *parser) notTooLong(links int) {
	if links > maxLinks {
		p.fail(p.peek().at, "This expression is too long: divide it")
	}
}

func (p *parser) unary() expression {
	t := p.peek()
	if t.kind != tokSign || t.text != "-" && t.text != "!" {
		return p.postfix(p.primary())
	}
	p.enter()
	defer p.leave()
	p.i++
	return &unary{place{p.pos(t.at)}, t.text, p.unary()}
}

// postfix reads the methods behind a value.
func (p *parser) postfix(x expression) expression {
	for links := 0; p.is("."); links++ {
		p.notTooLong(links)
		dot := p.take()
		name := p.take()
		if name.kind != tokName {
			p.fail(name.at, "Expecting the name of a function but found '%s'", shown(name))
		}
		if !p.is("(") {
			x = &member{place{p.pos(dot.at)}, x, name.text}
			continue
		}
		p.returnsSomething(x)
		args := append([]expression{x}, p.arguments()...)
		x = p.function(name, args, true)
	}
	return x
}

// arguments reads "(a, b)".
func (p *parser) arguments() []expression {
	p.expect("(")
	var args []expression
	for !p.is(")") {
		arg := p.expression()
		p.returnsSomething(arg)
		args = append(args, arg)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return args
}

// function makes a call of a built-in function, found by its name and the number of its arguments.
func (p *parser) function(name token, args []expression, method bool) expression {
	c := &call{place: place{p.pos(name.at)}, name: name.text, method: method, args: args}
	named := builtins()[strings.ToLower(name.text)]
	if len(named) == 0 {
		p.problem(name.at, "Not able to find '%s' function%s", name.text, similar(name.text))
		return c
	}
	for _, b := range named {
		if len(args) >= b.min && (b.max < 0 || len(args) <= b.max) {
			c.found = append(c.found, b)
		}
	}
	if len(c.found) == 0 {
		p.problem(name.at, "No. of arguments mismatches for the function %s: %s", name.text, named[0].usage())
	}
	return c
}

// returnsSomething complains of a call without a result where a value is wanted.
func (p *parser) returnsSomething(x expression) {
	c, ok := x.(*call)
	if ok && len(c.found) > 0 && !slices.ContainsFunc(c.found, func(b *builtin) bool { return b.result != nothing }) {
		p.problems = append(p.problems, Problem{c.Pos, fmt.Sprintf("%s function cant be assigned to variable or used in expression", c.name)})
	}
}

func (p *parser) primary() expression {
	t, at := p.peek(), p.here()
	switch {
	case t.kind == tokNumber:
		p.i++
		v, err := parseNumber(t.text)
		if err != nil {
			p.problem(t.at, "%s", err)
		}
		return &literal{at, v}
	case t.kind == tokText:
		p.i++
		return &literal{at, Text(t.text)}
	case t.kind == tokDate:
		p.i++
		return p.dateLiteral(t, at)
	case p.accept("("):
		x := p.expression()
		p.returnsSomething(x)
		p.expect(")")
		return x
	case p.is("{"):
		return p.braces()
	case p.is("["):
		return p.list("[", "]")
	case t.kind == tokName:
		return p.named(t, at)
	}
	p.fail(t.at, "Expecting a value but found '%s'", shown(t))
	return nil
}

// dateLiteral: what is no date is a text, in a list or anywhere.
func (p *parser) dateLiteral(t token, at place) expression {
	if v, ok := parseDateLiteral(t.text); ok {
		return &literal{at, v}
	}
	return &literal{at, Text(t.text)}
}

// braces reads {}, {a, b} or {k: v}.
func (p *parser) braces() expression {
	at := p.here()
	if isSign(p.after(), "}") {
		p.i += 2
		return &emptyBraces{at}
	}
	p.i++
	first := p.expression()
	if !p.is(":") {
		return &listLiteral{at, p.items(first, "}")}
	}
	m := &mapLiteral{place: at, keys: []expression{first}}
	for {
		p.expect(":")
		value := p.expression()
		p.returnsSomething(value)
		m.values = append(m.values, value)
		if !p.accept(",") || p.is("}") {
			break
		}
		m.keys = append(m.keys, p.expression())
	}
	p.expect("}")
	return m
}

func (p *parser) list(open, end string) expression {
	at := p.here()
	p.expect(open)
	if p.accept(end) {
		return &listLiteral{place: at}
	}
	return &listLiteral{at, p.items(p.expression(), end)}
}

// items reads the rest of a list behind its first element.
func (p *parser) items(first expression, end string) []expression {
	items := []expression{first}
	for p.accept(",") && !p.is(end) {
		items = append(items, p.expression())
	}
	p.expect(end)
	for _, item := range items {
		p.returnsSomething(item)
	}
	return items
}

// named reads what begins with a name: a constant, a variable, a function, or something of the world outside.
func (p *parser) named(t token, at place) expression {
	p.i++
	lower := strings.ToLower(t.text)
	switch lower {
	case "true", "false":
		return &literal{at, Bool(lower == "true")}
	case "null":
		return &literal{at, Value{}}
	case "if":
		args := p.arguments()
		if len(args) != 3 {
			p.fail(t.at, "Number of Arguments mismatches: if(condition, value, otherwise)")
		}
		return &ternary{at, args[0], args[1], args[2]}
	case "ifnull":
		args := p.arguments()
		if len(args) != 2 {
			p.fail(t.at, "Number of Arguments mismatches: ifNull(value, otherwise)")
		}
		return &orElse{at, args[0], args[1]}
	case "invokeurl":
		if p.is("[") {
			return &invokeURL{at, p.attributes()}
		}
	case "today", "now":
		if _, taken := p.slots[t.text]; !taken {
			if p.is("(") {
				p.i++
				p.expect(")")
			}
			return p.function(t, nil, false)
		}
	}
	if slot, ok := p.slots[t.text]; ok && !p.is("(") {
		return &variable{at, slot}
	}
	if p.is(".") && p.after().kind == tokName {
		if x := p.outside(t, at); x != nil {
			return x
		}
	}
	if p.is("(") {
		return p.function(t, p.arguments(), false)
	}
	if p.is(":") && lower == "list" { // List:String()
		p.i++
		typ := p.take()
		return p.function(token{tokName, t.at, "list:" + typ.text}, p.arguments(), false)
	}
	return &variable{at, p.use(t)}
}

// outside reads zoho.currentdate, zoho.encryption.md5(…) or slack.postMessage(…): names with dots that begin with no
// variable. It gives nil where the first name is just a variable that was never assigned.
func (p *parser) outside(t token, at place) expression {
	begin, name, ends := p.i, t.text, 1
	for p.is(".") && p.after().kind == tokName {
		p.i++
		name += "." + p.take().text
		ends++
		if p.is("(") {
			full := strings.ToLower(name)
			if named := builtins()[full]; len(named) > 0 {
				return p.function(token{tokName, t.at, name}, p.arguments(), false)
			}
			return &hostCall{at, name, p.arguments()}
		}
		if named := builtins()[strings.ToLower(name)]; len(named) > 0 && named[0].min == 0 {
			return p.function(token{tokName, t.at, name}, nil, false)
		}
	}
	if strings.EqualFold(t.text, "zoho") && ends > 1 {
		return &hostCall{at, name, nil} // zoho.loginuserid
	}
	p.i = begin
	return nil
}

// attributes reads "[ url: "…" type: POST ]". There are no commas between; each line is a name, a colon and a value.
func (p *parser) attributes() []attribute {
	p.expect("[")
	var list []attribute
	for !p.is("]") {
		at := p.here()
		p.accept(":") // ":file: f"
		t := p.take()
		if t.kind != tokName {
			p.fail(t.at, "Expecting the name of an attribute but found '%s'", shown(t))
		}
		name := strings.ToLower(t.text)
		for p.accept("-") || p.peek().kind == tokName {
			name += "-" + strings.ToLower(p.take().text)
		}
		p.expect(":")
		a := attribute{place: at, name: name}
		if next := p.peek(); next.kind == tokName && (name == "type" || name == "response-format" || name == "content-type") && p.bareWord() {
			p.i++
			a.value = &literal{place{p.pos(next.at)}, Text(next.text)}
		} else {
			a.value = p.expression()
		}
		if name == "connection" {
			if c, ok := a.value.(*literal); ok && c.value.kind == KindText {
				p.connections[c.value.text()] = true
			}
		}
		p.accept(",") // people write them
		list = append(list, a)
	}
	p.expect("]")
	return list
}

// bareWord: is the next name a constant such as POST, and no variable or function?
func (p *parser) bareWord() bool {
	t, next := p.peek(), p.after()
	_, known := p.slots[t.text]
	return !known && (next.kind == tokName || next.kind == tokEnd || isSign(next, "]") || isSign(next, ",") || isSign(next, ":"))
}
