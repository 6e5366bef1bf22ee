package script

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits bound a run. A zero field takes its default.
type Limits struct {
	Statements int           // executed ones; 5,000. The header of a loop counts once for each round
	Depth      int           // how deep saved functions may call each other; 75
	Calls      int           // of the world outside: invokeurl, integration tasks; 500
	Memory     int64         // bytes of texts, lists and maps that the run makes, whether or not it lets go of them; 64 MiB
	Output     int           // bytes that info prints; 500,000. What is more is cut off, and the result says so
	Time       time.Duration // of the whole run; one minute
}

func (l *Limits) fill() {
	for _, f := range []struct {
		field *int
		value int
	}{{&l.Statements, 5000}, {&l.Depth, 75}, {&l.Calls, 500}, {&l.Output, 500_000}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if l.Memory == 0 {
		l.Memory = 64 << 20
	}
	if l.Time == 0 {
		l.Time = time.Minute
	}
}

// Host is what a script reaches of the world: nothing but this.
type Host interface {
	// Call runs a function of the world outside, such as zoho.crm.getRecords or invokeurl. An error is for the script to
	// catch.
	Call(ctx context.Context, c *HostCall) (Value, error)
}

// HostCall is a call of the world outside.
type HostCall struct {
	Name string  // with its dots; "invokeurl" and "sendmail" for the blocks in square brackets
	Args []Value // positional; nil for a block
	// Attributes are those of a block, in their order.
	Attributes []Attribute
	Pos        Pos
	Function   string // the saved function that the call stands in; empty for the script itself
}

// Attribute is one of a block.
type Attribute struct {
	Name  string // in lower case, with hyphens: "response-format"
	Value Value
}

// Settings are what a run is given besides the script.
type Settings struct {
	Host   Host
	Limits Limits
	Now    func() time.Time // time.Now when nil
	Zone   *time.Location   // of the account; UTC when nil
	// Functions finds a saved function for thisapp.name(…) and standalone.name(…). It is asked at each call, and is told the
	// saved function that the call stands in, as [HostCall.Function]: what one may call is not for all. In a run a name has
	// to mean the same function throughout. An error is for the script to catch. Nil: there are none.
	Functions func(ctx context.Context, from, name string) (*Script, error)
	// System are the values of zoho.loginuser and the like, by their names in lower case.
	System map[string]Value
	// Pace is asked again and again, also within a statement that takes long, so that other runs get their turn; nil:
	// nobody waits.
	Pace func()
}

// Result is what a run came to.
type Result struct {
	Value      Value    // of return; null without one
	Output     []string // each info line
	Cut        bool     // there was more output than the limit
	Statements int      // executed
	Duration   time.Duration
}

// Error is what ends a script, or is caught in it.
type Error struct {
	Pos
	Message  string
	Function string // the saved function that it happened in, whose line it is; empty for the script itself
	final    bool   // a limit: try does not catch it
	cause    error
}

func (e *Error) Error() string {
	if e.Function != "" {
		return fmt.Sprintf("Error at line : %d of the function %s, %s", e.Line, e.Function, e.Message)
	}
	return fmt.Sprintf("Error at line : %d, %s", e.Line, e.Message)
}

func (e *Error) Unwrap() error { return e.cause }

func (e *Error) shown() string { return e.Error() }

// run is one run of a script.
type run struct {
	Settings
	frame
	ctx context.Context

	statements int
	calls      int
	deep       int // operators and methods that wait; see deeper
	memory     int64
	output     []string
	printed    int
	cut        bool
	started    time.Time
}

// frame is what a function has to itself: one that calls another finds its own as it was.
type frame struct {
	script *Script
	name   string // of the saved function; empty for the script itself
	vars   []Value
	result Value
	// returned is where the result was given.
	returned Pos
	depth    int
}

// Run executes the script with arguments, one for each parameter. The error is an [*Error]; what was printed until then
// is in the result all the same.
func (s *Script) Run(ctx context.Context, settings Settings, args ...Value) (*Result, error) {
	settings.Limits.fill()
	if settings.Now == nil {
		settings.Now = time.Now
	}
	if settings.Zone == nil {
		settings.Zone = time.UTC
	}
	ctx, cancel := context.WithTimeoutCause(ctx, settings.Limits.Time, errTime)
	defer cancel()
	r := &run{Settings: settings, ctx: ctx, started: time.Now()}
	for _, v := range args {
		if err := r.grow(Pos{1, 1}, measure(v, settings.Limits.Memory-r.memory)); err != nil {
			return &Result{Duration: time.Since(r.started)}, err
		}
	}
	vars, err := s.variables(Pos{1, 1}, s.Name, args)
	if err == nil {
		r.frame = frame{script: s, vars: vars}
		err = r.body()
	}
	return &Result{Value: r.result, Output: r.output, Cut: r.cut, Statements: r.statements, Duration: time.Since(r.started)}, err
}

// variables are those of a frame, with the arguments in their places.
func (s *Script) variables(at Pos, name string, args []Value) ([]Value, error) {
	if len(args) != len(s.Parameters) {
		return nil, failure(at, "No. of arguments mismatches for the function %s: it takes %d, and %d were given", name, len(s.Parameters), len(args))
	}
	vars := make([]Value, s.slots)
	for i, p := range s.Parameters {
		v, ok := typed(p.Type, args[i])
		if !ok {
			return nil, failure(at, "Argument type mismatches for the function %s at index %d: %s takes %s, and this is %s", name, i, p.Name, p.Type, args[i].Kind())
		}
		vars[p.slot] = v
	}
	return vars, nil
}

// body executes the script of the frame. Its result is in the frame, as the type that the script declares.
func (r *run) body() error {
	flow, err := r.block(r.script.body)
	if err != nil || r.script.Result == "" || r.script.Result == "void" {
		return err
	}
	if flow != flowReturn {
		return failure(Pos{1, 1}, "Missing return statement: Provide %s expression to return", strings.ToUpper(r.script.Result))
	}
	v, ok := typed(r.script.Result, r.result)
	if !ok {
		return failure(r.returned, "The function %s returns %s, and this is %s", r.script.Name, r.script.Result, r.result.Kind())
	}
	r.result = v
	return nil
}

// typed is a value as a parameter or result of a declared type.
func typed(typ string, v Value) (Value, bool) {
	if v.isNull() {
		return v, true
	}
	k := v.Kind()
	switch typ {
	case "":
		return v, true
	case "string":
		return v, k == KindText
	case "int":
		return v, k == KindNumber
	case "float":
		return v, k == KindNumber || k == KindDecimal
	case "bool":
		return v, k == KindBool
	case "date":
		return v, k == KindDate
	case "map":
		return v, k == KindMap || v.isEmptyBraces()
	case "list":
		return v, k == KindList
	case "file":
		return v, k == KindFile
	}
	return v, false
}

// step counts a statement, and ends a run that has had its share or its time.
func (r *run) step(at Pos) error {
	if r.statements++; r.statements > r.Limits.Statements {
		return &Error{Pos: at, Message: fmt.Sprintf("The script was stopped: it has executed %d statements, which is the limit", r.Limits.Statements), final: true}
	}
	return r.late(at)
}

var errTime = errors.New("the time of the run is over")

// late says that the time is over, or that nobody waits for the run any more. Whatever may take long asks it on its way.
func (r *run) late(at Pos) error {
	if r.over() {
		err := r.ctx.Err()
		message := "The script was stopped: nobody waits for it any more"
		if errors.Is(context.Cause(r.ctx), errTime) {
			message = fmt.Sprintf("The script was stopped: it has run for %s, which is the limit", r.Limits.Time)
		}
		return &Error{Pos: at, Message: message, final: true, cause: err}
	}
	return nil
}

// over is late without the words. Others have their turn meanwhile.
func (r *run) over() bool {
	if r.Pace != nil {
		r.Pace()
	}
	return r.ctx.Err() != nil
}

// grow counts memory that a value takes, before it is made.
func (r *run) grow(at Pos, bytes int64) error {
	if r.memory += bytes; r.memory > r.Limits.Memory || bytes < 0 {
		return &Error{Pos: at, Message: fmt.Sprintf("The script was stopped: its values take more than %d MiB, which is the limit", r.Limits.Memory>>20), final: true}
	}
	return nil
}

// room says whether so many bytes may be used for a while, without counting them.
func (r *run) room(at Pos, bytes int64) error {
	err := r.grow(at, bytes)
	r.memory -= bytes
	return err
}

// print adds a line of output, as long as there is room.
func (r *run) print(line string) {
	if r.cut {
		return
	}
	if room := r.Limits.Output - r.printed; len(line) > room {
		line, r.cut = strings.ToValidUTF8(line[:max(room, 0)], ""), true
	}
	r.printed += len(line) + 1
	r.output = append(r.output, line)
}
