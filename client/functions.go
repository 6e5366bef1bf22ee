package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"lanyard"
)

// Function is a saved script. In a list it has no script and no warnings.
type Function struct {
	Document
	LinkName    string                    `json:"link_name"`
	Name        string                    `json:"name"`
	Script      string                    `json:"script"`
	Version     int64                     `json:"version"`
	Parameters  []lanyard.ScriptParameter `json:"parameters"`
	Returns     string                    `json:"returns"` // empty: the script has no header
	Connections []string                  `json:"connections"`
	Schedule    *lanyard.Schedule         `json:"schedule"` // nil: it does not run by itself
	NextRunAt   time.Time                 `json:"next_run_at"`
	HookSet     bool                      `json:"hook_set"`
	Extension   string                    `json:"extension"` // name of the one that it came with; empty: none
	Author      string                    `json:"author"`
	SavedBy     string                    `json:"saved_by"` // as whom it runs where nobody asks
	CreatedAt   time.Time                 `json:"created_at"`
	UpdatedAt   time.Time                 `json:"updated_at"`
	Warnings    []lanyard.ScriptProblem   `json:"warnings"` // what looks like a secret in the script
}

// NewFunction is what saving a function needs.
type NewFunction struct {
	LinkName string            `json:"link_name,omitempty"` // made from the name when empty
	Name     string            `json:"name"`
	Script   string            `json:"script"`
	Schedule *lanyard.Schedule `json:"schedule,omitempty"`
}

// Functions lists the functions of the organization. Query, when it is not empty, is a part of a name or link name.
func (c *Client) Functions(query string) *List[Function] {
	q := url.Values{}
	if query != "" {
		q.Set("q", query)
	}
	return &List[Function]{c, "/v1/functions", q}
}

// CreateFunction saves a function.
func (c *Client) CreateFunction(ctx context.Context, f NewFunction) (*Function, error) {
	return call[Function](ctx, c, http.MethodPost, "/v1/functions", nil, f)
}

func functionPath(linkName string) string { return "/v1/functions/" + url.PathEscape(linkName) }

// Function reads one function with its script.
func (c *Client) Function(ctx context.Context, linkName string) (*Function, error) {
	return call[Function](ctx, c, http.MethodGet, functionPath(linkName), nil, nil)
}

// EditFunction changes a function by a merge patch: anything that encodes to the fields to change.
func (c *Client) EditFunction(ctx context.Context, linkName string, patch any) (*Function, error) {
	return call[Function](ctx, c, http.MethodPatch, functionPath(linkName), nil, patch)
}

// DeleteFunction deletes a function with its versions and the records of its runs.
func (c *Client) DeleteFunction(ctx context.Context, linkName string) error {
	_, err := c.exchange(ctx, http.MethodDelete, functionPath(linkName), nil, nil)
	return err
}

// FunctionVersion is a script as it was saved once. In a list it has no script.
type FunctionVersion struct {
	Document
	Version int64     `json:"version"`
	SavedBy string    `json:"saved_by"`
	SavedAt time.Time `json:"saved_at"`
	Script  string    `json:"script"`
}

// FunctionVersions lists the versions of a function that are kept, newest first.
func (c *Client) FunctionVersions(linkName string) *List[FunctionVersion] {
	return &List[FunctionVersion]{c, functionPath(linkName) + "/versions", nil}
}

// FunctionVersion reads one version of a function.
func (c *Client) FunctionVersion(ctx context.Context, linkName string, version int64) (*FunctionVersion, error) {
	return call[FunctionVersion](ctx, c, http.MethodGet, functionPath(linkName)+"/versions/"+strconv.FormatInt(version, 10), nil, nil)
}

// FunctionOutcome is what a run of a function came to.
type FunctionOutcome struct {
	Outcome
	RunID string `json:"run_id"` // of its record
}

// RunFunction runs a function. Arguments are by the names of its parameters, and encode as JSON. What goes wrong in the
// script is in the outcome and no error.
func (c *Client) RunFunction(ctx context.Context, linkName string, arguments map[string]any) (*FunctionOutcome, error) {
	return call[FunctionOutcome](ctx, c, http.MethodPost, functionPath(linkName)+"/run", nil, struct {
		Arguments map[string]any `json:"arguments,omitempty"`
	}{arguments})
}

// FunctionRun is the record of a run. In a list it has nothing from Output on.
type FunctionRun struct {
	Document
	ID         string            `json:"id"`
	Function   string            `json:"function"`
	Version    int64             `json:"version"`
	Cause      lanyard.RunCause  `json:"cause"`
	User       string            `json:"user"` // for whom it ran
	Key        string            `json:"key"`
	Status     lanyard.RunStatus `json:"status"`
	StartedAt  time.Time         `json:"started_at"`
	DurationMS int64             `json:"duration_ms"`
	Statements int               `json:"statements"`
	Output     []string          `json:"output"`
	OutputCut  bool              `json:"output_cut"`
	Result     json.RawMessage   `json:"result"`
	ResultCut  bool              `json:"result_cut"`
	Error      *lanyard.RunError `json:"error"`
	Calls      []lanyard.RunCall `json:"calls"`
}

// FunctionRuns lists the runs of a function that one may see, newest first.
func (c *Client) FunctionRuns(linkName string) *List[FunctionRun] {
	return &List[FunctionRun]{c, functionPath(linkName) + "/runs", nil}
}

// FunctionRun reads one run with what it came to.
func (c *Client) FunctionRun(ctx context.Context, id string) (*FunctionRun, error) {
	return call[FunctionRun](ctx, c, http.MethodGet, "/v1/function_runs/"+url.PathEscape(id), nil, nil)
}

// FunctionHook is the address of a function.
type FunctionHook struct {
	Document
	URL lanyard.Secret `json:"url"`
}

// CreateFunctionHook gives a function an address of its own, in place of the one it had. It is told this once.
func (c *Client) CreateFunctionHook(ctx context.Context, linkName string) (*FunctionHook, error) {
	return call[FunctionHook](ctx, c, http.MethodPost, functionPath(linkName)+"/hook", nil, nil)
}

// DeleteFunctionHook ends the address of a function.
func (c *Client) DeleteFunctionHook(ctx context.Context, linkName string) error {
	_, err := c.exchange(ctx, http.MethodDelete, functionPath(linkName)+"/hook", nil, nil)
	return err
}

// CheckedScript is what is known of a script without running it.
type CheckedScript struct {
	Document
	Problems    []lanyard.ScriptProblem   `json:"problems"` // why it cannot be run; none: it can
	Warnings    []lanyard.ScriptProblem   `json:"warnings"` // what looks like a secret in it
	Parameters  []lanyard.ScriptParameter `json:"parameters"`
	Returns     string                    `json:"returns"`
	Connections []string                  `json:"connections"`
	Functions   []string                  `json:"functions"` // saved ones that it calls
}

// CheckScript reads a script and runs nothing.
func (c *Client) CheckScript(ctx context.Context, source string) (*CheckedScript, error) {
	return call[CheckedScript](ctx, c, http.MethodPost, "/v1/scripts/check", nil, struct {
		Script string `json:"script"`
	}{source})
}
