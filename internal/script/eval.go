package script

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
		r.result, r.returned = Value{}, s.Pos
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
		_, err := r.outside(&HostCall{Name: s.name, Pos: s.Pos, Function: r.name}, s.attributes)
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
	if err := r.grow(s.Pos, int64(len(items))*valueSize); err != nil {
		return flowOn, err
	}
	items = slices.Clone(items) // the loop goes through them as they are now, whatever it does to them
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
		if err := r.deeper(x.Pos); err != nil {
			return Value{}, err
		}
		v, err := r.binary(x)
		r.deep--
		return v, err
	case *call:
		if err := r.deeper(x.Pos); err != nil {
			return Value{}, err
		}
		v, err := r.call(x)
		r.deep--
		return v, err
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
	case *dateLiteral:
		return Date(x.date.in(r.Zone), x.date.dayOnly), nil
	case *functionCall:
		return r.function(x)
	case *hostCall:
		args, err := r.evalAll(x.args)
		if err != nil {
			return Value{}, err
		}
		return r.outside(&HostCall{Name: x.name, Args: args, Pos: x.Pos, Function: r.name}, nil)
	case *invokeURL:
		return r.outside(&HostCall{Name: "invokeurl", Pos: x.Pos, Function: r.name}, x.attributes)
	}
	return Value{}, failure(x.at(), "This expression cannot be worked out")
}

// maxDeep bounds how many operators and methods wait for what stands before them, in all functions that have called
// each other: each takes a part of the stack, and a goroutine whose stack is full takes the whole process with it.
const maxDeep = 20_000

func (r *run) deeper(at Pos) error {
	if r.deep++; r.deep > maxDeep {
		return &Error{Pos: at, Message: "The script was stopped: too many operators and methods follow each other in one expression, or in functions that call each other", final: true}
	}
	return nil
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
		if err := r.countKey(x.Pos, key); err != nil {
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
