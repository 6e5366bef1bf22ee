package script

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// The second opinion on statements (O16): programs are made of bytes, written as scripts, and run by the plainest evaluator
// there is, which knows nothing of the interpreter. Both print the same, execute the same number of statements, and end by
// an error in the same line or by none.

// pExpr is an expression of a program. What it does is its kind; a, b and c are what it works on.
type pExpr struct {
	kind    string // int, text, bool, null, var, list, map, or an operator or function
	n       int64
	s       string
	a, b, c *pExpr
	items   []*pExpr // of a list; keys and values of a map
}

// pStatement is a statement; line is where it was written, and lines are those of its further conditions.
type pStatement struct {
	kind   string // set, info, add, put, remove, sort, if, each, index, try, break, continue
	name   string
	x, y   *pExpr
	z      *pExpr
	blocks [][]*pStatement
	conds  []*pExpr // of if: one for each block but that of else
	lines  []int
	caught int // of try: the line of the info that the writer puts into catch
}

// maker makes a program of bytes. Each variable mostly holds what its name says, so that programs get somewhere.
type maker struct {
	*bytesOf
	loops int
	tries int
}

// The variables by what they hold; "any" are those of loops.
var plainNames = map[string][]string{"number": {"n", "k"}, "text": {"t", "u"}, "bool": {"b"}, "list": {"l", "h"}, "map": {"m", "o"}, "any": {"v", "w"}}

// plainKinds are the expressions that give something. What stands first is made where nothing may be nested.
var plainKinds = map[string][]string{
	"number": {"int", "var", "+", "-", "*", "%", "/", "size", "length", "get", "if", "neg"},
	"text":   {"text", "var", "var", "join", "join", "if"},
	"bool":   {"bool", "var", "==", "<", "!=", "!", "&&", "||", "contains", "=="},
	"list":   {"list", "var", "var", "if"},
	"map":    {"map", "var", "var", "if"},
	"any":    {"null", "var", "number", "text", "list", "map", "bool", "get", "ifNull"},
}

func (m *maker) expr(want string, depth int) *pExpr {
	wants := []string{"number", "text", "bool", "list", "map", "any"}
	if m.choose(24) == 1 {
		want = wants[m.choose(len(wants))]
	}
	kinds := plainKinds[want]
	if depth <= 0 || len(m.data) == 0 {
		kinds = kinds[:2]
	}
	e := &pExpr{kind: kinds[m.choose(len(kinds))]}
	deeper := func(want string) *pExpr { return m.expr(want, depth-1) }
	switch e.kind {
	case "number", "text", "list", "map", "bool":
		if want == "any" {
			return deeper(e.kind)
		}
	}
	switch e.kind {
	case "int":
		e.n = int64(m.choose(9))
	case "text":
		e.s = []string{"", "a", "b", "a,b", "b, a,", "x y", "1"}[m.choose(7)]
	case "bool":
		e.n = int64(m.choose(2))
	case "var":
		e.s = plainNames[want][m.choose(len(plainNames[want]))]
	case "list":
		for range 1 + m.choose(3) {
			e.items = append(e.items, deeper("any"))
		}
	case "map":
		for range 1 + m.choose(2) {
			e.items = append(e.items, &pExpr{kind: "text", s: []string{"a", "b", "1"}[m.choose(3)]}, deeper("any"))
		}
	case "!":
		e.a = deeper("bool")
	case "neg":
		e.a = deeper("number")
	case "size":
		e.a = deeper([]string{"list", "map"}[m.choose(2)])
	case "length":
		e.a = deeper("text")
	case "get":
		if m.choose(2) == 0 {
			e.a, e.b = deeper("list"), deeper("number")
		} else {
			e.a, e.b = deeper("map"), deeper("text")
		}
	case "contains":
		if m.choose(2) == 0 {
			e.a, e.b = deeper("list"), deeper("any")
		} else {
			e.a, e.b = deeper("text"), deeper("text")
		}
	case "==", "!=":
		want := wants[m.choose(len(wants))]
		e.a, e.b = deeper(want), deeper(want)
	case "join":
		e.kind, e.a, e.b = "+", deeper("text"), deeper("any")
		if m.choose(3) == 1 {
			e.a, e.b = e.b, e.a
		}
	case "ifNull":
		e.a, e.b = deeper("any"), deeper("any")
	case "if":
		e.a, e.b, e.c = deeper("bool"), deeper(want), deeper(want)
	case "+", "-", "*", "/", "%", "<":
		e.a, e.b = deeper("number"), deeper("number")
	case "&&", "||":
		e.a, e.b = deeper("bool"), deeper("bool")
	}
	return e
}

// program sets all variables, and goes on with as many statements as there are bytes for.
func (m *maker) program() []*pStatement {
	number := func(n int64) *pExpr { return &pExpr{kind: "int", n: n} }
	text := func(s string) *pExpr { return &pExpr{kind: "text", s: s} }
	begin := map[string]*pExpr{
		"n": number(0), "k": number(2), "t": text("b"), "u": text("a,c"), "b": {kind: "bool"}, "v": {kind: "null"}, "w": number(1),
		"l": {kind: "list", items: []*pExpr{number(3), number(1), number(2)}}, "h": {kind: "list", items: []*pExpr{text("b"), text("a")}},
		"m": {kind: "map", items: []*pExpr{text("a"), number(1), text("b"), text("x")}}, "o": {kind: "map", items: []*pExpr{text("a"), number(1)}},
	}
	names := []string{"n", "k", "t", "u", "b", "l", "h", "m", "o", "v", "w"}
	var list []*pStatement
	for _, name := range names {
		list = append(list, &pStatement{kind: "set", name: name, x: begin[name]})
	}
	for len(list) < 40 && len(m.data) > 0 {
		s := m.statement(3)
		if m.choose(4) > 0 { // an error ends what follows it, and there shall be more than one
			m.tries++
			s = &pStatement{kind: "try", name: fmt.Sprint("e", m.tries), blocks: [][]*pStatement{{s}, nil}}
		}
		list = append(list, s)
	}
	for _, name := range names {
		list = append(list, &pStatement{kind: "info", x: &pExpr{kind: "var", s: name}})
	}
	return list
}

func (m *maker) block(depth int) []*pStatement {
	var list []*pStatement
	for range 1 + m.choose(4) {
		list = append(list, m.statement(depth))
	}
	return list
}

func (m *maker) statement(depth int) *pStatement {
	kinds := []string{"info", "set", "set", "info", "add", "put", "remove", "sort", "set", "if", "each", "each", "index", "try", "break", "continue"}
	if depth == 0 || len(m.data) == 0 {
		kinds = kinds[:9]
	}
	s := &pStatement{kind: kinds[m.choose(len(kinds))]}
	if (s.kind == "break" || s.kind == "continue") && m.loops == 0 {
		s.kind = "info"
	}
	variable := func(kind string) *pExpr {
		if m.choose(10) == 1 {
			kind = "any"
		}
		return &pExpr{kind: "var", s: plainNames[kind][m.choose(len(plainNames[kind]))]}
	}
	switch s.kind {
	case "info":
		s.x = m.expr("any", 3)
	case "set":
		kind := []string{"number", "text", "list", "map", "bool"}[m.choose(5)]
		s.x, s.name = m.expr(kind, 3), plainNames[kind][m.choose(len(plainNames[kind]))]
	case "add":
		s.x, s.y = variable("list"), m.expr("any", 2)
	case "remove":
		if m.choose(3) > 0 {
			s.x, s.y = variable("list"), m.expr("number", 1)
		} else {
			s.x, s.y = variable("map"), m.expr("text", 1)
		}
	case "sort":
		s.x = variable("list")
	case "put":
		s.x, s.y, s.z = variable("map"), m.expr([]string{"text", "number"}[m.choose(2)], 1), m.expr("any", 2)
	case "if":
		for range 1 + m.choose(2) {
			s.conds = append(s.conds, m.expr("bool", 2))
			s.blocks = append(s.blocks, m.block(depth-1))
		}
		if m.choose(2) == 1 {
			s.blocks = append(s.blocks, m.block(depth-1))
		}
	case "each", "index":
		s.x, s.name = m.expr([]string{"list", "list", "map", "text"}[m.choose(4)], 1), plainNames["any"][m.choose(2)]
		m.loops++
		s.blocks = [][]*pStatement{m.block(depth - 1)}
		m.loops--
	case "try":
		m.tries++
		s.name = fmt.Sprint("e", m.tries)
		s.blocks = [][]*pStatement{m.block(depth - 1), m.block(depth - 1)}
	}
	return s
}

// writer writes a program as a script, one statement in a line, and notes the lines.
type writer struct {
	strings.Builder
	line int
}

func (w *writer) put(format string, args ...any) int {
	w.line++
	fmt.Fprintf(w, format+"\n", args...)
	return w.line
}

func (w *writer) block(list []*pStatement) {
	for _, s := range list {
		w.statement(s)
	}
}

func (w *writer) statement(s *pStatement) {
	line := 0
	switch s.kind {
	case "info":
		line = w.put("info %s;", s.x)
	case "set":
		line = w.put("%s = %s;", s.name, s.x)
	case "add", "remove":
		line = w.put("%s.%s(%s);", s.x, s.kind, s.y.given())
	case "sort":
		line = w.put("%s.sort();", s.x)
	case "put":
		line = w.put("%s.put(%s, %s);", s.x, s.y.given(), s.z.given())
	case "break", "continue":
		line = w.put("%s;", s.kind)
	case "if":
		for i, b := range s.blocks {
			switch {
			case i == 0:
				line = w.put("if (%s) {", s.conds[0])
			case i < len(s.conds):
				s.lines = append(s.lines, line)
				line = w.put("} else if (%s) {", s.conds[i])
			default:
				w.put("} else {")
			}
			w.block(b)
		}
		w.put("}")
	case "each", "index":
		line = w.put("for each %s%s in %s {", map[bool]string{true: "index "}[s.kind == "index"], s.name, s.x)
		w.block(s.blocks[0])
		w.put("}")
	case "try":
		line = w.put("try {")
		w.block(s.blocks[0])
		w.put("} catch (%s) {", s.name)
		s.caught = w.put("info \"caught in \" + %s.lineNo;", s.name)
		w.block(s.blocks[1])
		w.put("}")
	}
	s.lines = append(s.lines, line)
}

// given is an expression as an argument. A literal of a wrong type would be refused before the script runs, so it stands
// in something that is none.
func (e *pExpr) given() string {
	switch e.kind {
	case "int", "text", "bool", "null", "list", "map":
		return "ifNull(" + e.String() + ", null)"
	}
	return e.String()
}

// String is an expression as a script has it, each part in brackets.
func (e *pExpr) String() string {
	switch e.kind {
	case "int":
		return strconv.FormatInt(e.n, 10)
	case "text":
		return strconv.Quote(e.s)
	case "bool":
		return strconv.FormatBool(e.n == 1)
	case "null":
		return "null"
	case "var":
		return e.s
	case "list":
		var parts []string
		for _, item := range e.items {
			parts = append(parts, item.String())
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case "map":
		var parts []string
		for i := 0; i < len(e.items); i += 2 {
			parts = append(parts, e.items[i].String()+": "+e.items[i+1].String())
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case "!":
		return "!(" + e.a.String() + ")"
	case "neg":
		return "-(" + e.a.String() + ")"
	case "size", "length":
		return "(" + e.a.given() + ")." + e.kind + "()"
	case "get", "contains":
		return "(" + e.a.given() + ")." + e.kind + "(" + e.b.given() + ")"
	case "ifNull":
		return "ifNull(" + e.a.String() + ", " + e.b.String() + ")"
	case "if":
		return "if(" + e.a.String() + ", " + e.b.String() + ", " + e.c.String() + ")"
	}
	return "(" + e.a.String() + ") " + e.kind + " (" + e.b.String() + ")"
}

var plainNull any

// Values of the plain evaluator: nil, bool, int64, string, *pList and *pMap.
type (
	pList struct{ items []any }
	pMap  struct {
		keys   []any
		values []any
	}
)

var (
	errPlain   = errors.New("an error of the program")
	errStopped = errors.New("too many statements")
	errSkip    = errors.New("nothing to compare: numbers, texts or lists that become too large")
	errBreak   = errors.New("break")
	errNext    = errors.New("continue")
)

// plain runs a program.
type plainRun struct {
	vars       map[string]any
	output     []string
	statements int
	most       int
	work       int // steps until it gives up
	line       int // of the statement or condition that is run
}

func (r *plainRun) count() error {
	if r.work < 0 {
		return errSkip
	}
	if r.statements++; r.statements > r.most {
		return errStopped
	}
	return nil
}

func (r *plainRun) block(list []*pStatement) error {
	for _, s := range list {
		if err := r.statement(s); err != nil {
			return err
		}
	}
	return nil
}

func (r *plainRun) statement(s *pStatement) error {
	r.line = s.lines[0]
	if err := r.count(); err != nil {
		return err
	}
	switch s.kind {
	case "break":
		return errBreak
	case "continue":
		return errNext
	case "info":
		v, err := r.eval(s.x)
		if err == nil {
			r.output = append(r.output, r.text(v))
		}
		return err
	case "set":
		v, err := r.eval(s.x)
		if err == nil {
			r.vars[s.name] = v
		}
		return err
	case "add", "put", "remove", "sort":
		return r.change(s)
	case "if":
		for i, b := range s.blocks {
			if i < len(s.conds) {
				r.line = s.lines[i]
				yes, err := r.truth(s.conds[i])
				if err != nil {
					return err
				}
				if !yes {
					continue
				}
			}
			return r.block(b)
		}
		return nil
	case "try":
		err := r.block(s.blocks[0])
		if !errors.Is(err, errPlain) {
			return err
		}
		line := r.line
		r.line = s.caught
		if err := r.count(); err != nil {
			return err
		}
		r.output = append(r.output, fmt.Sprint("caught in ", line))
		return r.block(s.blocks[1])
	}
	return r.loop(s)
}

func (r *plainRun) loop(s *pStatement) error {
	over, err := r.eval(s.x)
	if err != nil {
		return err
	}
	var items []any
	switch v := over.(type) {
	case *pList:
		items = append(items, v.items...)
	case *pMap:
		items = append(items, v.keys...)
	case string:
		for v != "" {
			part, rest, more := strings.Cut(v, ",")
			items = append(items, strings.Trim(part, " "))
			if v = rest; more && rest == "" {
				items = append(items, "")
			}
		}
	default:
		return errPlain
	}
	for i, item := range items {
		if i > 0 {
			r.line = s.lines[0]
			if err := r.count(); err != nil {
				return err
			}
		}
		if r.vars[s.name] = item; s.kind == "index" {
			r.vars[s.name] = int64(i)
		}
		if err := r.block(s.blocks[0]); errors.Is(err, errBreak) {
			return nil
		} else if err != nil && !errors.Is(err, errNext) {
			return err
		}
	}
	return nil
}

// change is add, put, remove or sort.
func (r *plainRun) change(s *pStatement) error {
	target, err := r.eval(s.x)
	if err != nil {
		return err
	}
	var y, z any
	if s.y != nil {
		if y, err = r.eval(s.y); err != nil {
			return err
		}
	}
	if s.z != nil {
		if z, err = r.eval(s.z); err != nil {
			return err
		}
	}
	list, isList := target.(*pList)
	keyed, isMap := target.(*pMap)
	switch {
	case s.kind == "add" && isList:
		if r.holds(y, list) {
			return errPlain
		}
		list.items = append(list.items, y)
	case s.kind == "put" && isMap:
		if kind := kindOf(y); kind == kindOf(list) || kind == kindOf(keyed) { // what that does is for other tests
			r.work = -1
		}
		if r.holds(z, keyed) {
			return errPlain
		}
		r.put(keyed, y, z)
	case s.kind == "remove" && isList:
		i, ok := y.(int64)
		if !ok || i < 0 || i >= int64(len(list.items)) {
			return errPlain
		}
		list.items = append(append([]any(nil), list.items[:i]...), list.items[i+1:]...)
	case s.kind == "remove" && isMap:
		if i := r.key(keyed, y); i >= 0 {
			keyed.keys = append(append([]any(nil), keyed.keys[:i]...), keyed.keys[i+1:]...)
			keyed.values = append(append([]any(nil), keyed.values[:i]...), keyed.values[i+1:]...)
		}
	case s.kind == "remove":
		// of a text: a value that nobody uses
		if _, ok := target.(string); ok {
			if _, ok := y.(string); ok {
				return nil
			}
		}
		return errPlain
	case s.kind == "sort" && isList:
		list.items = inOrder(list.items)
	default:
		return errPlain
	}
	return nil
}

// inOrder puts numbers, texts or truths in order, one by one; anything else stays as it is.
func inOrder(items []any) []any {
	var out []any
	for _, item := range items {
		at := len(out)
		for i, other := range out {
			var less bool
			switch a := item.(type) {
			case int64:
				b, ok := other.(int64)
				if !ok {
					return items
				}
				less = a < b
			case string:
				b, ok := other.(string)
				if !ok {
					return items
				}
				less = a < b
			case bool:
				b, ok := other.(bool)
				if !ok {
					return items
				}
				less = !a && b
			default:
				return items
			}
			if less {
				at = min(at, i)
			}
		}
		out = append(append(append([]any(nil), out[:at]...), item), out[at:]...)
	}
	return out
}

func (r *plainRun) truth(e *pExpr) (bool, error) {
	v, err := r.eval(e)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, errPlain
	}
	return b, nil
}

func (r *plainRun) eval(e *pExpr) (any, error) {
	switch e.kind {
	case "int":
		return e.n, nil
	case "text":
		return e.s, nil
	case "bool":
		return e.n == 1, nil
	case "null":
		return plainNull, nil
	case "var":
		return r.vars[e.s], nil
	case "list":
		l := &pList{}
		for _, item := range e.items {
			v, err := r.eval(item)
			if err != nil {
				return nil, err
			}
			l.items = append(l.items, v)
		}
		return l, nil
	case "map":
		m := &pMap{}
		for i := 0; i < len(e.items); i += 2 {
			v, err := r.eval(e.items[i+1])
			if err != nil {
				return nil, err
			}
			r.put(m, e.items[i].s, v)
		}
		return m, nil
	case "&&", "||":
		a, err := r.truth(e.a)
		if err != nil || a == (e.kind == "||") {
			return a, err
		}
		return r.truth(e.b)
	case "if":
		yes, err := r.truth(e.a)
		if err != nil {
			return nil, err
		}
		if yes {
			return r.eval(e.b)
		}
		return r.eval(e.c)
	case "ifNull":
		v, err := r.eval(e.a)
		if err != nil || v != nil {
			return v, err
		}
		return r.eval(e.b)
	}
	a, err := r.eval(e.a)
	if err != nil {
		return nil, err
	}
	var b any
	if e.b != nil {
		if b, err = r.eval(e.b); err != nil {
			return nil, err
		}
	}
	return r.operate(e.kind, a, b)
}

func (r *plainRun) operate(op string, a, b any) (any, error) {
	x, aInt := a.(int64)
	y, bInt := b.(int64)
	s, aText := a.(string)
	t, bText := b.(string)
	list, aList := a.(*pList)
	keyed, aMap := a.(*pMap)
	switch op {
	case "!":
		if v, ok := a.(bool); ok {
			return !v, nil
		}
	case "neg":
		if aInt {
			return -x, nil
		}
	case "==":
		return r.same(a, b), nil
	case "!=":
		return !r.same(a, b), nil
	case "<":
		if aInt && bInt {
			return x < y, nil
		}
	case "+":
		if aText || bText {
			return r.text(a) + r.text(b), nil
		}
		if aInt && bInt {
			return r.small(x + y), nil
		}
	case "-":
		if aInt && bInt {
			return r.small(x - y), nil
		}
	case "*":
		if aInt && bInt {
			return r.small(x * y), nil
		}
	case "/":
		if aInt && bInt && y != 0 {
			if x%y != 0 { // a decimal, which is for the other second opinion
				r.work = -1
			}
			return x / y, nil
		}
	case "%":
		if aInt && bInt && y != 0 {
			return x % y, nil
		}
	case "size":
		switch {
		case aList:
			return int64(len(list.items)), nil
		case aMap:
			return int64(len(keyed.keys)), nil
		}
	case "length":
		if aText {
			return int64(len(s)), nil
		}
	case "get":
		switch {
		case aList && bInt && y >= 0 && y < int64(len(list.items)):
			return list.items[y], nil
		case aMap:
			if i := r.key(keyed, b); i >= 0 {
				return keyed.values[i], nil
			}
			return plainNull, nil
		}
	case "contains":
		switch {
		case aText && bText:
			return strings.Contains(s, t), nil
		case aList:
			for _, item := range list.items {
				if kindOf(item) == kindOf(b) && r.same(item, b) {
					return true, nil
				}
			}
			return false, nil
		}
	}
	return nil, errPlain
}

// small gives up on numbers that will not fit much longer.
func (r *plainRun) small(n int64) int64 {
	if n > 1<<30 || n < -1<<30 {
		r.work = -1
	}
	return n
}

func kindOf(v any) string { return fmt.Sprintf("%T", v) }

func (r *plainRun) same(a, b any) bool {
	if r.work--; r.work < 0 {
		return false
	}
	switch a := a.(type) {
	case *pList:
		switch b := b.(type) {
		case string:
			return r.hasText(a, b)
		case *pList:
			if len(a.items) != len(b.items) {
				return false
			}
			for i := range a.items {
				if !r.same(a.items[i], b.items[i]) {
					return false
				}
			}
			return true
		}
		return false
	case *pMap:
		b, ok := b.(*pMap)
		if !ok || len(a.keys) != len(b.keys) {
			return false
		}
		for i, key := range a.keys {
			j := r.key(b, key)
			if j < 0 || !r.same(a.values[i], b.values[j]) {
				return false
			}
		}
		return true
	case string:
		if b, ok := b.(*pList); ok {
			return r.hasText(b, a)
		}
	}
	switch b.(type) {
	case *pList, *pMap:
		return false
	}
	return a == b
}

func (r *plainRun) hasText(l *pList, s string) bool {
	for _, item := range l.items {
		if item == any(s) {
			return true
		}
	}
	return false
}

// asKey is a value as a key: a list or map is the text that it is printed as.
func (r *plainRun) asKey(v any) any {
	switch v.(type) {
	case *pList, *pMap:
		s := r.text(v)
		if len(s) > maxKey {
			r.work = -1
		}
		return s
	}
	return v
}

// key is the position of a key.
func (r *plainRun) key(m *pMap, key any) int {
	key = r.asKey(key)
	for i, k := range m.keys {
		if k == key {
			return i
		}
	}
	return -1
}

func (r *plainRun) put(m *pMap, key, value any) {
	key = r.asKey(key)
	if i := r.key(m, key); i >= 0 {
		m.values[i] = value
		return
	}
	m.keys, m.values = append(m.keys, key), append(m.values, value)
}

// holds reports whether a value is a list or map, or holds it somewhere.
func (r *plainRun) holds(v, what any) bool {
	if r.work--; r.work < 0 {
		return false
	}
	if v == what {
		return true
	}
	switch v := v.(type) {
	case *pList:
		for _, item := range v.items {
			if r.holds(item, what) {
				return true
			}
		}
	case *pMap:
		for _, value := range v.values {
			if r.holds(value, what) {
				return true
			}
		}
	}
	return false
}

// text is a value as it is printed.
func (r *plainRun) text(v any) string {
	if r.work--; r.work < 0 {
		return ""
	}
	switch v := v.(type) {
	case nil:
		return "null"
	case *pList:
		var parts []string
		for _, item := range v.items {
			parts = append(parts, r.text(item))
		}
		return strings.Join(parts, ",")
	case *pMap:
		return r.json(v)
	case string:
		if r.work -= len(v) / 16; len(v) > 20_000 {
			r.work = -1
		}
		return v
	}
	return fmt.Sprint(v)
}

func (r *plainRun) json(v any) string {
	if r.work--; r.work < 0 {
		return ""
	}
	switch v := v.(type) {
	case *pList:
		var parts []string
		for _, item := range v.items {
			parts = append(parts, r.json(item))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case *pMap:
		var parts []string
		for i, key := range v.keys {
			parts = append(parts, strconv.Quote(r.text(key))+":"+r.json(v.values[i]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case string:
		return strconv.Quote(v)
	}
	return r.text(v)
}

// checkProgram runs a program both ways. It reports whether there was anything to compare.
func checkProgram(t *testing.T, data []byte) bool {
	t.Helper()
	program := (&maker{bytesOf: &bytesOf{data}}).program()
	w := &writer{}
	w.block(program)
	const most = 400
	plain := &plainRun{vars: map[string]any{}, most: most, work: 50_000}
	wrong := plain.block(program)
	if plain.work < 0 {
		return false
	}
	s, err := Parse(w.String())
	if err != nil {
		t.Fatalf("%s\n%v", w, err)
	}
	got, err := s.Run(t.Context(), Settings{Limits: Limits{Statements: most}})
	a, b := strings.Join(got.Output, "\n"), strings.Join(plain.output, "\n")
	var e *Error
	line := 0
	if errors.As(err, &e) {
		line = e.Line
	}
	switch {
	case a != b:
		t.Errorf("%s\nprinted\n%s\n%v\nwant\n%s\n%v", w, a, err, b, wrong)
	case (err != nil) != (wrong != nil), err != nil && line != plain.line, e != nil && e.final != errors.Is(wrong, errStopped):
		t.Errorf("%s\nended by %v, want %v in line %d", w, err, wrong, plain.line)
	case got.Statements != plain.statements:
		t.Errorf("%s\nexecuted %d statements, want %d", w, got.Statements, plain.statements)
	}
	return true
}

func TestO16_Programs(t *testing.T) {
	compared := 0
	for seed := range uint64(2000) {
		if checkProgram(t, randomBytes(seed, 120+int(seed%7)*60)) {
			compared++
		}
		if t.Failed() {
			t.Fatalf("the seed is %d", seed)
		}
	}
	if compared < 1500 {
		t.Errorf("only %d programs of 2000 were compared", compared)
	}
}

func FuzzPrograms(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomBytes(seed, 300))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 4000 {
			checkProgram(t, data)
		}
	})
}
