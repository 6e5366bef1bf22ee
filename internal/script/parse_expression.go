package script

import (
	"fmt"
	"slices"
	"strings"
)

// binds says how tight a binary operator binds; 0 for what is none.
func binds(t token) int {
	if t.kind != tokSign {
		return 0
	}
	switch t.text {
	case "||":
		return 1
	case "&&":
		return 2
	case "==", "!=":
		return 3
	case "<", ">", "<=", ">=":
		return 4
	case "+", "-":
		return 5
	case "*", "/", "%":
		return 6
	}
	return 0
}

func (p *parser) expression() expression {
	p.enter()
	defer p.leave()
	return p.binary(1)
}

// binary reads operators that bind at least as tight as least; equal ones from left to right.
func (p *parser) binary(least int) expression {
	x := p.unary()
	for links := 0; ; links++ {
		p.notTooLong(links)
		t := p.peek()
		level := binds(t)
		if level < least {
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

// arguments reads "(a, b)". Keys with their values, "(k: v)", come as one map.
func (p *parser) arguments() []expression {
	p.expect("(")
	var args []expression
	var keyed *mapLiteral
	for !p.is(")") {
		at := p.here()
		arg := p.expression()
		p.returnsSomething(arg)
		if p.is(":") {
			if keyed == nil {
				keyed = &mapLiteral{place: at, bare: true}
				args = append(args, keyed)
			}
			p.i++
			value := p.expression()
			p.returnsSomething(value)
			keyed.keys, keyed.values = append(keyed.keys, arg), append(keyed.values, value)
		} else {
			args = append(args, arg)
		}
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
	if len(named) == 0 && p.full() {
		return c
	}
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
	p.checkArguments(c)
	return c
}

// checkArguments finds those that stand there as they are and are not of the type that the function takes.
func (p *parser) checkArguments(c *call) {
	wrong := func(at Pos, format string, args ...any) {
		if !p.full() {
			p.problems = append(p.problems, Problem{at, fmt.Sprintf(format, args...)})
		}
	}
	may := c.found
	if len(c.args) > 0 {
		if receiver, ok := c.args[0].(*literal); ok {
			may = slices.DeleteFunc(slices.Clone(may), func(b *builtin) bool { return b.on&(1<<receiver.value.kind) == 0 })
		}
	}
	for i, arg := range c.args {
		switch arg := arg.(type) {
		case *mapLiteral:
			if arg.bare && !c.takesKeys() {
				wrong(arg.Pos, "The function %s takes no keys with values: a map is written {key: value}", c.name)
			}
		case *literal:
			if i > 0 && len(may) > 0 && !slices.ContainsFunc(may, func(b *builtin) bool { return b.mayTake(i, arg.value.kind) }) {
				wrong(arg.Pos, "Argument type mismatches for the function %s at index %d: %s", c.name, i, may[0].usage())
			}
		}
	}
}

// takesKeys: only collections are made of keys with their values, and take them.
func (c *call) takesKeys() bool {
	return slices.ContainsFunc(c.found, func(b *builtin) bool { return b.max < 0 }) && (len(c.args) == 1 || c.method && len(c.args) == 2)
}

// returnsSomething complains of a call without a result where a value is wanted.
func (p *parser) returnsSomething(x expression) {
	c, ok := x.(*call)
	if ok && !p.full() && len(c.found) > 0 && !slices.ContainsFunc(c.found, func(b *builtin) bool { return b.result != nothing }) {
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

// dateLiteral: what is no date is a text, but one with a day or month that there is not is a mistake.
func (p *parser) dateLiteral(t token, at place) expression {
	if d, ok := parseDate(t.text); ok {
		return &dateLiteral{at, d}
	}
	if looksLikeDate.MatchString(t.text) {
		p.problem(t.at, "UnParsable date '%s': there is no such day", cut(t.text, 30))
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
			return &invokeURL{at, p.attributes(t)}
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
		return p.function(token{tokName, t.at, t.text + ":" + typ.text}, p.arguments(), false)
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
			if len(builtins()[strings.ToLower(name)]) > 0 {
				return p.function(token{tokName, t.at, name}, p.arguments(), false)
			}
			if isSpace(t.text) {
				_, name, _ = strings.Cut(name, ".")
				p.functions[name] = true
				return &functionCall{place: at, name: name, args: p.arguments()}
			}
			return p.task(at, name)
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

// task reads the arguments of a function of the world outside.
func (p *parser) task(at place, name string) expression {
	c := &hostCall{at, name, p.arguments()}
	use := TaskUse{Name: name, Pos: at.Pos, Arguments: len(c.args)}
	if n := len(c.args); n > 0 {
		if last, ok := c.args[n-1].(*literal); ok && last.value.kind == KindText {
			use.Last = last.value.text()
		}
	}
	p.script.Tasks = append(p.script.Tasks, use)
	return c
}
