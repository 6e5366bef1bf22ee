package api

import (
	"context"
	"encoding/json"

	"lanyard"
	"lanyard/internal/function"
)

type runScriptInput struct {
	Depth int `header:"Lanyard-Depth" hidden:"true"`
	Body  struct {
		Script    string                     `json:"script" doc:"The source, at most 512 KiB"`
		Arguments map[string]json.RawMessage `json:"arguments,omitempty" doc:"By the names of the parameters; a script without a header has them as variables. Where a parameter is an int, float, bool, date, map or list, a text that reads as one is taken for it"`
	}
}

// RunOutcome is what a script came to.
type RunOutcome struct {
	Output     []string          `json:"output" doc:"Each line that info printed"`
	OutputCut  bool              `json:"output_cut,omitempty" doc:"More was printed than is kept: 500 kB"`
	Result     json.RawMessage   `json:"result" doc:"What the script returned; null without a return"`
	Error      *lanyard.RunError `json:"error,omitempty" doc:"What ended the script. Its code and connect_url are those of the call that failed"`
	Calls      []lanyard.RunCall `json:"calls" doc:"The calls that it made, in their order; times count from the beginning of the run"`
	Statements int               `json:"statements" doc:"How many statements were executed"`
	DurationMS int64             `json:"duration_ms" doc:"How long it ran, in milliseconds"`
}

func outcomeOf(o *function.Outcome) RunOutcome {
	out := RunOutcome{Output: o.Output, OutputCut: o.Cut, Result: o.Result, Error: o.Error, Calls: o.Calls, Statements: o.Statements, DurationMS: o.Duration.Milliseconds()}
	if out.Result == nil {
		out.Result = json.RawMessage("null")
	}
	if out.Calls == nil {
		out.Calls = []lanyard.RunCall{}
	}
	return out
}

func (a *API) runScript(ctx context.Context, c *lanyard.Caller, in *runScriptInput) (*answer[RunOutcome], error) {
	o, err := a.Functions.RunScript(ctx, c, function.RunInput{Script: in.Body.Script, Arguments: in.Body.Arguments, Depth: in.Depth})
	if err != nil {
		return nil, err
	}
	return &answer[RunOutcome]{outcomeOf(o)}, nil
}
