package script

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

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
	if err != nil {
		return Value{}, r.told(c.Pos, err)
	}
	return v, r.grow(c.Pos, measure(v, r.Limits.Memory-r.memory))
}

const maxMessage = 2000 // letters of an error of the world outside

// told is an error of the world outside as one of the script. It is counted like a value, since a script can keep it.
func (r *run) told(at Pos, err error) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	message := err.Error()
	if err := r.grow(at, int64(len(message))); err != nil {
		return err
	}
	return &Error{Pos: at, Message: cut(message, maxMessage), cause: err}
}

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
	if err := r.late(x.Pos); err != nil {
		return Value{}, err
	}
	if len(args) > 0 && args[0].isEmptyBraces() {
		if b := forBraces(x.found, args); b != nil {
			return b.do(&calling{r, x.Pos, x.name, x.bare()}, args)
		}
	}
	for _, b := range x.found {
		if len(x.args) == 0 || b.on&(1<<first) != 0 {
			return b.do(&calling{r, x.Pos, x.name, x.bare()}, args)
		}
	}
	if len(args) > 0 && args[0].isNull() {
		return Value{}, failure(x.Pos, "Null value occurred while performing %s operation", x.name)
	}
	return Value{}, failure(x.Pos, "'%s' can not be cast to '%s' for the function %s", first, wanted(x.found), x.name)
}

// forBraces finds the function for {} that is neither a list nor a map yet: one for both, or the one that its arguments
// are for. What only reads gets an empty list or map, and leaves {} undecided.
func forBraces(found []*builtin, args []Value) *builtin {
	var best *builtin
	for _, b := range found {
		list, keyed := b.on&(1<<KindList) != 0, b.on&(1<<KindMap) != 0
		switch {
		case list && keyed:
			return b
		case list && (best == nil || len(args) == 2 && args[1].kind == KindNumber), keyed && (best == nil || len(args) == 2 && args[1].kind != KindNumber):
			best = b
		}
	}
	if best != nil && best.result == must {
		if args[0] = NewList(); best.on&(1<<KindMap) != 0 {
			args[0] = NewMap()
		}
	}
	return best
}

// bare: do keys with their values stand among the arguments, without braces?
func (x *call) bare() bool {
	if len(x.args) == 0 {
		return false
	}
	m, ok := x.args[len(x.args)-1].(*mapLiteral)
	return ok && m.bare
}

// function runs a saved function in a frame of its own. Everything is counted together with what calls it.
func (r *run) function(x *functionCall) (Value, error) {
	args, err := r.evalAll(x.args)
	if err != nil {
		return Value{}, err
	}
	if r.Functions == nil {
		return Value{}, failure(x.Pos, "Not able to find '%s' function: there are no saved functions here", x.name)
	}
	if r.depth >= r.Limits.Depth {
		return Value{}, &Error{Pos: x.Pos, Message: fmt.Sprintf("The script was stopped: functions have called each other %d deep, which is the limit", r.Limits.Depth), final: true}
	}
	s, err := r.Functions(r.ctx, r.name, x.name)
	if late := r.late(x.Pos); late != nil {
		return Value{}, late
	}
	if err != nil {
		return Value{}, r.told(x.Pos, err)
	}
	if s.Result == "void" && !x.statement {
		return Value{}, failure(x.Pos, "%s function cant be assigned to variable or used in expression", x.name)
	}
	vars, err := s.variables(x.Pos, x.name, args)
	if err == nil {
		err = r.grow(x.Pos, int64(len(vars)+1)*valueSize)
	}
	if err != nil {
		return Value{}, err
	}
	outer := r.frame
	r.frame = frame{script: s, name: x.name, vars: vars, depth: outer.depth + 1}
	err = r.body()
	result := r.result
	r.frame = outer
	var e *Error
	if errors.As(err, &e) && e.Function == "" {
		e.Function = x.name
	}
	return result, err
}

// calling is what a function gets besides its arguments.
type calling struct {
	*run
	Pos
	name  string
	pairs bool // the last argument is keys with their values, without braces
}

func (c *calling) fail(format string, args ...any) (Value, error) {
	return Value{}, failure(c.Pos, format, args...)
}

// now is the moment in the account's zone.
func (c *calling) now() time.Time { return c.Now().In(c.Zone) }
