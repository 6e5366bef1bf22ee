package script

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// flow says how a block ended.
type flow uint8

const (
	flowOn flow = iota
	flowBreak
	flowContinue
	flowReturn
)

func failure(at Pos, format string, args ...any) error {
	return &Error{Pos: at, Message: fmt.Sprintf(format, args...)}
}

func (r *run) block(list []statement) (flow, error) {
	for _, s := range list {
		if f, err := r.statement(s); err != nil || f != flowOn {
			return f, err
		}
	}
	return flowOn, nil
}

func (r *run) statement(s statement) (flow, error) {
	if err := r.step(s.at()); err != nil {
		return flowOn, err
	}
	switch s := s.(type) {
	case *assignStatement:
		return flowOn, r.assign(s)
	case *callStatement:
		_, err := r.eval(s.call)
		return flowOn, err
	case *infoStatement:
		v, err := r.eval(s.value)
		if err != nil {
			return flowOn, err
		}
		line, err := r.show(s.value.at(), v)
		if err == nil {
			r.print(line)
		}
		return flowOn, err
	case *ifStatement:
		for _, b := range s.branches {
			if b.condition != nil {
				yes, err := r.condition(b.condition)
				if err != nil {
					return flowOn, err
				}
				if !yes {
					continue
				}
			}
			return r.block(b.body)
		}
		return flowOn, nil
	case *forStatement:
		return r.loop(s)
	case *tryStatement:
		return r.try(s)
	case *returnStatement:
		r.result = Value{}
		if s.value != nil {
			v, err := r.eval(s.value)
			if err != nil {
				return flowOn, err
			}
			r.result = v
		}
		return flowReturn, nil
	case *breakStatement:
		return flowBreak, nil
	case *continueStatement:
		return flowContinue, nil
	case *taskStatement:
		_, err := r.outside(&HostCall{Name: s.name, Pos: s.Pos}, s.attributes)
		return flowOn, err
	}
	return flowOn, failure(s.at(), "This statement cannot be run")
}

func (r *run) assign(s *assignStatement) error {
	v, err := r.eval(s.value)
	if err != nil {
		return err
	}
	if s.op != "=" {
		if v, err = r.operate(s.Pos, s.op[:1], r.vars[s.slot], v); err != nil {
			return err
		}
	}
	r.vars[s.slot] = v
	return nil
}

func (r *run) condition(x expression) (bool, error) {
	v, err := r.eval(x)
	if err != nil {
		return false, err
	}
	if v.kind != KindBool {
		return false, failure(x.at(), "A condition is true or false, and this is a %s", v.Kind())
	}
	return v.bool(), nil
}

// loop goes through what can be gone through, as it is at the beginning.
func (r *run) loop(s *forStatement) (flow, error) {
	over, err := r.eval(s.over)
	if err != nil {
		return flowOn, err
	}
	items, err := r.elements(s.over.at(), over)
	if err != nil {
		return flowOn, err
	}
	for i, item := range items {
		if i > 0 {
			if err := r.step(s.Pos); err != nil {
				return flowOn, err
			}
		}
		if s.index {
			item = Number(int64(i))
		}
		r.vars[s.slot] = item
		switch f, err := r.block(s.body); {
		case err != nil, f == flowReturn:
			return f, err
		case f == flowBreak:
			return flowOn, nil
		}
	}
	return flowOn, nil
}

// elements are those of a list or collection, the keys of a map, the parts of a text between commas.
func (r *run) elements(at Pos, v Value) ([]Value, error) {
	switch v.Kind() {
	case KindList:
		items := v.list().items
		return items[:len(items):len(items)], nil
	case KindMap:
		var keys []Value
		for key := range v.keyed().All() {
			keys = append(keys, key)
		}
		return keys, r.grow(at, int64(len(keys))*valueSize)
	case KindCollection:
		c := v.collection()
		if c.list != nil {
			return c.list.items[:len(c.list.items):len(c.list.items)], nil
		}
		var values []Value
		if c.keys != nil {
			for _, value := range c.keys.All() {
				values = append(values, value)
			}
		}
		return values, r.grow(at, int64(len(values))*valueSize)
	case KindText:
		if v.text() == "" {
			return nil, nil
		}
		parts := strings.Split(v.text(), ",")
		items := make([]Value, len(parts))
		for i, part := range parts {
			items[i] = Text(strings.TrimSpace(part))
		}
		return items, r.grow(at, int64(len(items))*valueSize)
	case KindNull:
		return nil, failure(at, "Null value occurred while performing for each operation")
	}
	return nil, failure(at, "A %s has no elements to go through", v.Kind())
}

const valueSize = 40 // bytes that an element of a list takes

func (r *run) try(s *tryStatement) (flow, error) {
	f, err := r.block(s.body)
	var e *Error
	if err == nil || !errors.As(err, &e) || e.final {
		return f, err
	}
	r.vars[s.slot] = Value{kind: KindException, ref: e}
	return r.block(s.catch)
}

func (r *run) eval(x expression) (Value, error) {
	switch x := x.(type) {
	case *literal:
		return x.value, nil
	case *variable:
		return r.vars[x.slot], nil
	case *binary:
		return r.binary(x)
	case *call:
		return r.call(x)
	case *unary:
		return r.unary(x)
	case *ternary:
		yes, err := r.condition(x.condition)
		if err != nil {
			return Value{}, err
		}
		if yes {
			return r.eval(x.yes)
		}
		return r.eval(x.no)
	case *orElse:
		v, err := r.eval(x.x)
		if err != nil || !v.isNull() {
			return v, err
		}
		return r.eval(x.y)
	case *emptyBraces:
		return Value{kind: kindBraces, ref: &braces{}}, r.grow(x.Pos, valueSize)
	case *listLiteral:
		items, err := r.evalAll(x.items)
		if err != nil {
			return Value{}, err
		}
		return NewList(items...), r.grow(x.Pos, int64(len(items)+1)*valueSize)
	case *mapLiteral:
		return r.mapLiteral(x)
	case *member:
		return r.member(x)
	case *hostCall:
		args, err := r.evalAll(x.args)
		if err != nil {
			return Value{}, err
		}
		return r.outside(&HostCall{Name: x.name, Args: args, Pos: x.Pos}, nil)
	case *invokeURL:
		return r.outside(&HostCall{Name: "invokeurl", Pos: x.Pos}, x.attributes)
	}
	return Value{}, failure(x.at(), "This expression cannot be worked out")
}

func (r *run) evalAll(list []expression) ([]Value, error) {
	values := make([]Value, len(list))
	for i, x := range list {
		var err error
		if values[i], err = r.eval(x); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (r *run) mapLiteral(x *mapLiteral) (Value, error) {
	m := NewMap()
	if err := r.grow(x.Pos, int64(len(x.keys)+1)*4*valueSize); err != nil {
		return Value{}, err
	}
	for i := range x.keys {
		key, err := r.eval(x.keys[i])
		if err != nil {
			return Value{}, err
		}
		value, err := r.eval(x.values[i])
		if err != nil {
			return Value{}, err
		}
		m.keyed().Put(key, value)
	}
	return m, nil
}

// member is what an exception says of itself.
func (r *run) member(x *member) (Value, error) {
	v, err := r.eval(x.x)
	if err != nil {
		return Value{}, err
	}
	if v.kind == KindException {
		e := v.ref.(*Error)
		switch strings.ToLower(x.name) {
		case "message":
			return Text(e.Message), nil
		case "lineno":
			return Number(int64(e.Line)), nil
		}
	}
	return Value{}, failure(x.Pos, "A %s has nothing called %s: a function is called with brackets, %s()", v.Kind(), x.name, x.name)
}

// outside calls the host.
func (r *run) outside(c *HostCall, attributes []attribute) (Value, error) {
	for _, a := range attributes {
		v, err := r.eval(a.value)
		if err != nil {
			return Value{}, err
		}
		c.Attributes = append(c.Attributes, Attribute{a.name, v})
	}
	if v, ok := r.System[strings.ToLower(c.Name)]; ok && len(c.Args)+len(c.Attributes) == 0 {
		return v, nil
	}
	if r.calls++; r.calls > r.Limits.Calls {
		return Value{}, &Error{Pos: c.Pos, Message: fmt.Sprintf("The script was stopped: it has made %d calls, which is the limit", r.Limits.Calls), final: true}
	}
	if r.Host == nil {
		return Value{}, failure(c.Pos, "There is no function %s here", c.Name)
	}
	v, err := r.Host.Call(r.ctx, c)
	if late := r.late(c.Pos); late != nil {
		return Value{}, late
	}
	var e *Error
	if err != nil && !errors.As(err, &e) {
		err = &Error{Pos: c.Pos, Message: err.Error(), cause: err}
	}
	if err != nil {
		return Value{}, err
	}
	return v, r.grow(c.Pos, measure(v, r.Limits.Memory-r.memory))
}

func (r *run) unary(x *unary) (Value, error) {
	v, err := r.eval(x.x)
	if err != nil {
		return Value{}, err
	}
	switch {
	case x.op == "!" && v.kind == KindBool:
		return Bool(!v.bool()), nil
	case x.op == "!":
		return Value{}, failure(x.Pos, "! wants true or false, and this is a %s", v.Kind())
	case v.kind == KindNumber && v.n != math.MinInt64:
		return Number(-v.n), nil
	case v.decimal() != nil:
		var d apd.Decimal
		d.Neg(v.decimal())
		return Decimal(&d), nil
	case v.isNull():
		return Value{}, failure(x.Pos, "Null value occurred while performing - operation")
	}
	return Value{}, failure(x.Pos, "- wants a number, and this is a %s", v.Kind())
}

func (r *run) binary(x *binary) (Value, error) {
	if x.op == "&&" || x.op == "||" {
		a, err := r.condition(x.x)
		if err != nil || a == (x.op == "||") {
			return Bool(a), err
		}
		b, err := r.condition(x.y)
		return Bool(b), err
	}
	a, err := r.eval(x.x)
	if err != nil {
		return Value{}, err
	}
	b, err := r.eval(x.y)
	if err != nil {
		return Value{}, err
	}
	switch x.op {
	case "==":
		return Bool(equal(a, b)), nil
	case "!=":
		return Bool(!equal(a, b)), nil
	case "<", ">", "<=", ">=":
		order, ok := compare(a, b)
		if !ok || a.kind == KindText || a.kind == KindBool {
			return Value{}, failure(x.Pos, "An error occurred while performing this action: %s compares numbers or dates, and these are %s and %s", x.op, a.Kind(), b.Kind())
		}
		return Bool(x.op[0] == '<' && order < 0 || x.op[0] == '>' && order > 0 || len(x.op) == 2 && order == 0), nil
	}
	return r.operate(x.Pos, x.op, a, b)
}

// operate is arithmetic, and + on texts and dates.
func (r *run) operate(at Pos, op string, a, b Value) (Value, error) {
	switch {
	case a.kind == KindNumber && b.kind == KindNumber:
		if v, ok := whole(op, a.n, b.n); ok {
			return v, nil
		}
	case op == "+" && (a.kind == KindText || b.kind == KindText):
		s, err := r.show(at, a)
		if err != nil {
			return Value{}, err
		}
		t, err := r.show(at, b)
		if err != nil {
			return Value{}, err
		}
		return Text(s + t), nil
	case a.isNull() || b.isNull():
		if op == "%" {
			return Value{}, failure(at, "On performing mod operation mismatch of data type expressions found")
		}
		return Value{}, failure(at, "Null value occurred while performing %s operation", op)
	case a.kind == KindDate:
		return dated(at, op, a, b)
	}
	x, y := a.decimal(), b.decimal()
	if x == nil || y == nil {
		return Value{}, failure(at, "%s cannot be done with %s and %s", op, a.Kind(), b.Kind())
	}
	var d apd.Decimal
	var err error
	switch op {
	case "+":
		_, err = decimals.Add(&d, x, y)
	case "-":
		_, err = decimals.Sub(&d, x, y)
	case "*":
		_, err = decimals.Mul(&d, x, y)
	case "/", "%":
		if y.IsZero() {
			return Value{}, failure(at, "Error in performing the Operation %s : Divide by zero error", op)
		}
		if op == "/" {
			_, err = decimals.Quo(&d, x, y)
		} else {
			_, err = decimals.Rem(&d, x, y)
		}
	}
	if err != nil {
		return Value{}, failure(at, "The result of %s has more digits than a number can have", op)
	}
	if op == "/" || op == "%" {
		return plain(&d), nil
	}
	return Decimal(&d), nil
}

// whole is arithmetic on whole numbers; ok is false where the result is none, or needs more than 64 bits.
func whole(op string, a, b int64) (Value, bool) {
	switch op {
	case "+":
		if c := a + b; (c > a) == (b > 0) {
			return Number(c), true
		}
	case "-":
		if c := a - b; (c < a) == (b > 0) {
			return Number(c), true
		}
	case "*":
		if a == 0 || b == 0 {
			return Number(0), true
		}
		if c := a * b; c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64) {
			return Number(c), true
		}
	case "/":
		if b != 0 && a%b == 0 && !(b == -1 && a == math.MinInt64) {
			return Number(a / b), true
		}
	case "%":
		if b != 0 && b != -1 {
			return Number(a % b), true
		}
		if b == -1 {
			return Number(0), true
		}
	}
	return Value{}, false
}

// dated is + and - on a date: with another date the milliseconds between, with a number so many days.
func dated(at Pos, op string, a, b Value) (Value, error) {
	switch {
	case op == "-" && b.kind == KindDate:
		return Number(a.date().at.Sub(b.date().at).Milliseconds()), nil
	case (op == "+" || op == "-") && b.kind == KindNumber && b.n > -maxDays && b.n < maxDays:
		n := int(b.n)
		if op == "-" {
			n = -n
		}
		return Date(a.date().at.AddDate(0, 0, n), a.date().dayOnly), nil
	}
	return Value{}, failure(at, "%s cannot be done with a %s and a %s", op, a.Kind(), b.Kind())
}

// maxDays bounds what is added to a date: ten thousand years.
const maxDays = 3_652_425

// call finds the function for the kind of its first argument, and calls it.
func (r *run) call(x *call) (Value, error) {
	var few [4]Value
	args := few[:0]
	for _, a := range x.args {
		v, err := r.eval(a)
		if err != nil {
			return Value{}, err
		}
		args = append(args, v)
	}
	first := KindNull
	if len(args) > 0 {
		first = args[0].Kind()
	}
	for _, b := range x.found {
		if len(x.args) == 0 || b.on&(1<<first) != 0 || len(args) > 0 && args[0].isEmptyBraces() && b.on&(1<<KindMap|1<<KindList) != 0 {
			return b.do(&calling{r, x.Pos, x.name}, args)
		}
	}
	if len(args) > 0 && args[0].isNull() {
		return Value{}, failure(x.Pos, "Null value occurred while performing %s operation", x.name)
	}
	return Value{}, failure(x.Pos, "'%s' can not be cast to '%s' for the function %s", first, wanted(x.found), x.name)
}

// calling is what a function gets besides its arguments.
type calling struct {
	*run
	Pos
	name string
}

func (c *calling) fail(format string, args ...any) (Value, error) {
	return Value{}, failure(c.Pos, format, args...)
}

// now is the moment in the account's zone.
func (c *calling) now() time.Time { return c.Now().In(c.Zone) }
