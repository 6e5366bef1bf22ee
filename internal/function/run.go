package function

import (
	"context"
	"encoding/json"
	"time"

	"lanyard"
)

// RunInput is a script to be run once.
type RunInput struct {
	Script string `json:"script"`
	// Arguments are by the names of the parameters; a script without a header has them as variables.
	Arguments map[string]json.RawMessage `json:"arguments"`
	// Depth is how many runs of scripts, one started by another over HTTP, stand behind this one.
	Depth int `json:"-"`
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
	return nil, lanyard.Errorf(lanyard.CodeInternal, "not built yet")
}
