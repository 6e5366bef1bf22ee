package client

import (
	"context"
	"encoding/json"
	"net/http"

	"lanyard"
)

// Outcome is what a run of a script came to.
type Outcome struct {
	Document
	Output     []string          `json:"output"` // each line that info printed
	OutputCut  bool              `json:"output_cut"`
	Result     json.RawMessage   `json:"result"` // null without a return
	Error      *lanyard.RunError `json:"error"`  // what ended the script; nil when it ran to its end
	Calls      []lanyard.RunCall `json:"calls"`
	Statements int               `json:"statements"`
	DurationMS int64             `json:"duration_ms"`
}

// RunScript runs a script. Arguments are by the names of its parameters, and encode as JSON. What goes wrong in the
// script is in the outcome and no error.
func (c *Client) RunScript(ctx context.Context, source string, arguments map[string]any) (*Outcome, error) {
	return call[Outcome](ctx, c, http.MethodPost, "/v1/scripts/run", nil, struct {
		Script    string         `json:"script"`
		Arguments map[string]any `json:"arguments,omitempty"`
	}{source, arguments})
}
