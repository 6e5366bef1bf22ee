package function

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/script"
)

// MaxDepth is how many runs of scripts may start one another over HTTP.
const MaxDepth = 5

// RunInput is a script to be run once.
type RunInput struct {
	Script string
	// Arguments are by the names of the parameters; a script without a header has them as variables.
	Arguments map[string]json.RawMessage
	// Depth is how many runs of scripts, one started by another over HTTP, stand behind this one.
	Depth int
}

// Outcome is what a run came to.
type Outcome struct {
	lanyard.RunReport
	Statements int
	Duration   time.Duration
}

// RunScript runs a script for the caller. What goes wrong in the script is in the outcome; an error is one of the
// request, or there are too many runs at once.
func (f *Functions) RunScript(ctx context.Context, c *lanyard.Caller, in RunInput) (*Outcome, error) {
	if err := access.RunFunctions(c); err != nil {
		return nil, err
	}
	if err := lanyard.CheckScript(in.Script); err != nil {
		var faults lanyard.FieldErrors
		faults.Check("/script", err)
		return nil, faults.Err()
	}
	if err := checkDepth(in.Depth); err != nil {
		return nil, err
	}
	release, err := f.admit(c.Organization)
	if err != nil {
		return nil, err
	}
	defer release()
	s, err := f.parse(ctx, c.Organization, in.Script, in.Arguments)
	if err != nil {
		return unread(err)
	}
	return f.execute(ctx, c, s, "", in.Arguments, in.Depth), nil
}

// checkDepth ends a circle of scripts that start one another.
func checkDepth(depth int) error {
	if depth > MaxDepth {
		return lanyard.Errorf(lanyard.CodeInvalidRequest, "This run was started by a script that was started by a script, and so on %d times: they start each other in a circle.", MaxDepth)
	}
	return nil
}

// parse reads a script in its turn, since a large one takes a while. It never panics, either.
func (f *Functions) parse(ctx context.Context, org lanyard.OrganizationID, source string, arguments map[string]json.RawMessage) (*script.Script, error) {
	return f.taking(ctx, func() (*script.Script, error) {
		return f.read(ctx, org, source, slices.Sorted(maps.Keys(arguments))...)
	})
}

// taking reads a script in a turn of its own.
func (f *Functions) taking(ctx context.Context, read func() (*script.Script, error)) (s *script.Script, err error) {
	defer func() {
		if r := recover(); r != nil {
			f.Logger.Error("reading a script panicked", "panic", r, "stack", string(debug.Stack()))
			s, err = nil, lanyard.Errorf(lanyard.CodeInternal, "Something went wrong inside Lanyard.")
		}
	}()
	t := f.newTurn(ctx)
	t.begin(ctx)
	defer t.end()
	return read()
}

// unread is the outcome of a script that cannot be read.
func unread(err error) (*Outcome, error) {
	var problems script.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		return nil, err
	}
	first := problems[0]
	e := &lanyard.RunError{Message: first.Message, Line: first.Line, Column: first.Column, Problems: Problems(problems)}
	return &Outcome{RunReport: lanyard.RunReport{Output: []string{}, Error: e}}, nil
}

// Problems are those of a script, for whoever shows them.
func Problems(list script.Problems) []lanyard.ScriptProblem {
	all := make([]lanyard.ScriptProblem, len(list))
	for i, p := range list {
		all[i] = lanyard.ScriptProblem{Line: p.Line, Column: p.Column, Message: p.Message}
	}
	return all
}

// maxResult bounds the result of a run, in bytes of JSON.
const maxResult = 4 << 20

// execute runs a script that was read, which came with the extension where there is one. It never panics: a fault of the
// interpreter ends the run alone.
func (f *Functions) execute(ctx context.Context, c *lanyard.Caller, s *script.Script, extension lanyard.ExtensionID, arguments map[string]json.RawMessage, depth int) (o *Outcome) {
	defer func() {
		if r := recover(); r != nil {
			f.Logger.Error("running a script panicked", "organization", c.Organization, "panic", r, "stack", string(debug.Stack()))
			o = &Outcome{RunReport: lanyard.RunReport{Output: []string{}, Error: &lanyard.RunError{Message: "Something went wrong inside Lanyard", Line: 1, Code: lanyard.CodeInternal}}}
		}
	}()
	args, err := argumentsOf(s, arguments)
	if err != nil {
		return &Outcome{RunReport: lanyard.RunReport{Output: []string{}, Error: &lanyard.RunError{Message: err.Error(), Line: 1}}}
	}
	h := &host{Functions: f, caller: c, script: s, extension: extension, turn: f.newTurn(ctx), depth: depth, began: time.Now()}
	h.turn.begin(ctx)
	defer h.turn.end()
	result, err := s.Run(ctx, script.Settings{Host: h, Limits: f.Limits, Pace: h.turn.pace, Functions: h.function}, args...)
	o = &Outcome{RunReport: lanyard.RunReport{Output: result.Output, Cut: result.Cut, Calls: h.calls}, Statements: result.Statements, Duration: result.Duration}
	if o.Output == nil {
		o.Output = []string{}
	}
	if err == nil {
		if text, ok := result.Value.JSONWithin(maxResult); ok {
			o.Result = []byte(text)
		} else {
			o.Error = &lanyard.RunError{Message: "The result of the script is larger than 4 MiB", Line: 1}
		}
		return o
	}
	o.Error = runError(err)
	return o
}

// runError is what ended a script, with what a person has to do about it.
func runError(err error) *lanyard.RunError {
	told := &lanyard.RunError{Message: err.Error(), Line: 1}
	var e *script.Error
	if errors.As(err, &e) {
		told.Message, told.Line, told.Column = e.Message, e.Line, e.Column
	}
	var known *lanyard.Error
	if errors.As(err, &known) {
		told.Code, told.ConnectURL = known.Code, known.ConnectURL
	}
	return told
}

// argumentsOf are the values of the parameters, in their order. Where a parameter has a type, a text that can be read
// as one is taken for it.
func argumentsOf(s *script.Script, given map[string]json.RawMessage) ([]script.Value, error) {
	var args []script.Value
	known := map[string]bool{}
	for _, p := range s.Parameters {
		known[p.Name] = true
		data, ok := given[p.Name]
		if !ok {
			return nil, fmt.Errorf("The argument %s is missing", p.Name) //nolint:staticcheck // a sentence for people
		}
		v, err := script.FromJSON(data)
		if err != nil {
			return nil, fmt.Errorf("The argument %s cannot be read: %w", p.Name, err) //nolint:staticcheck // a sentence for people
		}
		args = append(args, as(p.Type, v))
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !known[name] {
			return nil, fmt.Errorf("The function has no parameter %s", name) //nolint:staticcheck // a sentence for people
		}
	}
	return args, nil
}

// as reads a text as the type that a parameter has, which is how a command line gives it. What cannot be read so stays
// a text, and the function refuses it.
func as(typ string, v script.Value) script.Value {
	text, ok := v.AsText()
	if !ok {
		return v
	}
	switch typ {
	case "int":
		if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
			return script.Number(n)
		}
	case "float", "bool", "map", "list":
		if parsed, err := script.FromJSON([]byte(text)); err == nil && parsed.Kind() != script.KindText {
			return parsed
		}
	case "date":
		if d, ok := script.ParseDate(text); ok {
			return d
		}
	}
	return v
}
