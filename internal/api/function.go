package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"lanyard"
	"lanyard/internal/function"
)

// ListedFunction is a function as it is listed: everything but its script. Like the other structs that stand inside others
// here, it is exported for the reason that [Page] is.
type ListedFunction struct {
	LinkName    string            `json:"link_name" doc:"How scripts call it: thisapp.link_name(…)" example:"daily_report"`
	Name        string            `json:"name" doc:"For people" example:"Daily report"`
	Version     int64             `json:"version" doc:"The current version; one more with every change of the script" example:"3"`
	Parameters  []parameter       `json:"parameters" doc:"What it takes, in this order"`
	Returns     string            `json:"returns" doc:"The type of its result; empty where the script has no header" example:"map"`
	Connections []string          `json:"connections" doc:"The link names of connections that stand in the script"`
	Schedule    *functionSchedule `json:"schedule" doc:"When it runs by itself; null: it does not"`
	NextRunAt   *time.Time        `json:"next_run_at" doc:"When that is next"`
	HookSet     bool              `json:"hook_set" doc:"Whether it has an address of its own"`
	Extension   string            `json:"extension,omitempty" doc:"The name of the extension that it came with, which alone changes its script"`
	Author      string            `json:"author" doc:"The user who made it" example:"usr_C6B3YV2ZPTLWQ7DKXN4H"`
	SavedBy     string            `json:"saved_by" doc:"The user who saved the current version; on a schedule and by its address it runs as this user" example:"usr_C6B3YV2ZPTLWQ7DKXN4H"`
	CreatedAt   time.Time         `json:"created_at" doc:"When it was made"`
	UpdatedAt   time.Time         `json:"updated_at" doc:"When it was last changed"`
}

type parameter struct {
	Name string `json:"name" doc:"How an argument names it" example:"name"`
	Type string `json:"type" doc:"string, int, float, bool, date, map, list or file; empty where any will do" example:"string"`
}

type functionSchedule struct {
	Cron string `json:"cron" doc:"Five fields: minute, hour, day of the month, month, day of the week" example:"0 9 * * MON-FRI"`
	Zone string `json:"zone,omitempty" doc:"IANA name of the time zone; UTC when empty" example:"Europe/Berlin"`
}

func (r *functionSchedule) schedule() lanyard.Schedule {
	if r == nil {
		return lanyard.Schedule{}
	}
	return lanyard.Schedule{Cron: r.Cron, Zone: r.Zone}
}

func encodeListedFunction(f *lanyard.Function) ListedFunction {
	out := ListedFunction{
		LinkName: string(f.LinkName), Name: f.Name, Version: f.Version, Parameters: parameters(f.Signature), Returns: f.Signature.Returns,
		Connections: texts(f.Connections), NextRunAt: when(f.NextRunAt), HookSet: f.HookSet, Extension: string(f.ExtensionName), Author: string(f.Author), SavedBy: string(f.SavedBy),
		CreatedAt: f.CreatedAt.UTC(), UpdatedAt: f.UpdatedAt.UTC(),
	}
	if f.Schedule.Cron != "" {
		out.Schedule = &functionSchedule{f.Schedule.Cron, f.Schedule.Zone}
	}
	return out
}

func parameters(s lanyard.Signature) []parameter {
	list := make([]parameter, len(s.Parameters))
	for i, p := range s.Parameters {
		list[i] = parameter{p.Name, p.Type}
	}
	return list
}

// savedFunction is a function with its script.
type savedFunction struct {
	ListedFunction
	Script   string                  `json:"script" doc:"The source of the current version, which everybody in the organization can read"`
	Warnings []lanyard.ScriptProblem `json:"warnings,omitempty" doc:"What looks like a secret in it"`
}

func encodeFunction(f *lanyard.Function) savedFunction {
	return savedFunction{encodeListedFunction(f), f.Script, function.Warnings(f.Script)}
}

// FunctionName is exported for the reason that [Page] is.
type FunctionName struct {
	LinkName string `path:"link_name" doc:"The function's link name" example:"daily_report"`
}

type listFunctionsInput struct {
	Page
	Query string `query:"q" doc:"Only functions whose name or link name holds this text"`
}

func (a *API) listFunctions(ctx context.Context, c *lanyard.Caller, in *listFunctionsInput) (*answer[list[ListedFunction]], error) {
	functions, next, err := a.Functions.List(ctx, c, in.Query, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(functions, next, encodeListedFunction), nil
}

type newFunction struct {
	LinkName string            `json:"link_name,omitempty" doc:"A lower-case letter, then lower-case letters, digits and underscores, at most 50; made from the name when left out. Never changes"`
	Name     string            `json:"name" doc:"For people; 1 to 50 characters" example:"Daily report"`
	Script   string            `json:"script" doc:"The source, at most 512 KiB"`
	Schedule *functionSchedule `json:"schedule,omitempty" doc:"When it runs by itself; never when left out"`
}

type createFunctionInput struct{ Body newFunction }

func (a *API) createFunction(ctx context.Context, c *lanyard.Caller, in *createFunctionInput) (*created[savedFunction], error) {
	b := in.Body
	f, err := a.Functions.Create(ctx, c, function.Input{LinkName: b.LinkName, Name: b.Name, Script: b.Script, Schedule: b.Schedule.schedule()})
	if err != nil {
		return nil, err
	}
	return &created[savedFunction]{Location: "/v1/functions/" + string(f.LinkName), Body: encodeFunction(f)}, nil
}

func (a *API) readFunction(ctx context.Context, c *lanyard.Caller, in *FunctionName) (*answer[savedFunction], error) {
	f, err := a.Functions.Function(ctx, c, in.LinkName)
	if err != nil {
		return nil, err
	}
	return &answer[savedFunction]{encodeFunction(f)}, nil
}

type editFunctionInput struct {
	FunctionName
	Body json.RawMessage
}

func (a *API) editFunction(ctx context.Context, c *lanyard.Caller, in *editFunctionInput) (*answer[savedFunction], error) {
	edit, err := readFunctionPatch(in.Body)
	if err != nil {
		return nil, err
	}
	f, err := a.Functions.Edit(ctx, c, in.LinkName, edit)
	if err != nil {
		return nil, err
	}
	return &answer[savedFunction]{encodeFunction(f)}, nil
}

// readFunctionPatch reads a merge patch that was compared with its schema before.
func readFunctionPatch(data []byte) (function.Edit, error) {
	var patch struct {
		Name     *string                 `json:"name"`
		Script   *string                 `json:"script"`
		Schedule given[lanyard.Schedule] `json:"schedule"`
		Version  int64                   `json:"version"`
	}
	err := json.Unmarshal(data, &patch)
	return function.Edit{Name: patch.Name, Script: patch.Script, Schedule: patch.Schedule.value, Version: patch.Version}, err
}

func (a *API) deleteFunction(ctx context.Context, c *lanyard.Caller, in *FunctionName) (*struct{}, error) {
	return nil, a.Functions.Delete(ctx, c, in.LinkName)
}

type ListedVersion struct {
	Version int64     `json:"version" doc:"Its number" example:"3"`
	SavedBy string    `json:"saved_by" doc:"The user who saved it" example:"usr_C6B3YV2ZPTLWQ7DKXN4H"`
	SavedAt time.Time `json:"saved_at" doc:"When that was"`
}

func encodeListedVersion(v *lanyard.FunctionVersion) ListedVersion {
	return ListedVersion{v.Version, string(v.SavedBy), v.SavedAt.UTC()}
}

type listVersionsInput struct {
	FunctionName
	Page
}

func (a *API) listVersions(ctx context.Context, c *lanyard.Caller, in *listVersionsInput) (*answer[list[ListedVersion]], error) {
	versions, next, err := a.Functions.Versions(ctx, c, in.LinkName, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(versions, next, encodeListedVersion), nil
}

type functionVersion struct {
	ListedVersion
	Script string `json:"script" doc:"The source as it was then"`
}

type readVersionInput struct {
	FunctionName
	Version string `path:"version" doc:"The number of the version" example:"3"`
}

func (a *API) readVersion(ctx context.Context, c *lanyard.Caller, in *readVersionInput) (*answer[functionVersion], error) {
	number, _ := strconv.ParseInt(in.Version, 10, 64) // what is no number is none that there is
	v, err := a.Functions.Version(ctx, c, in.LinkName, number)
	if err != nil {
		return nil, err
	}
	return &answer[functionVersion]{functionVersion{encodeListedVersion(v), v.Script}}, nil
}

type runFunctionInput struct {
	FunctionName
	Depth int `header:"Lanyard-Depth" hidden:"true"`
	Body  struct {
		Arguments map[string]json.RawMessage `json:"arguments,omitempty" doc:"By the names of the parameters; a script without a header has them as variables. Where a parameter is an int, float, bool, date, map or list, a text that reads as one is taken for it"`
	}
}

type functionOutcome struct {
	RunID string `json:"run_id" doc:"The record of this run" example:"run_018d5f0c3a1b2c7"`
	RunOutcome
}

func (a *API) runFunction(ctx context.Context, c *lanyard.Caller, in *runFunctionInput) (*answer[functionOutcome], error) {
	r, err := a.Functions.Run(ctx, c, in.LinkName, function.RunRequest{Arguments: in.Body.Arguments, Cause: lanyard.CauseAPI, Depth: in.Depth})
	if err != nil {
		return nil, err
	}
	return &answer[functionOutcome]{functionOutcome{string(r.ID), encodeOutcome(r)}}, nil
}

func encodeOutcome(r *lanyard.FunctionRun) RunOutcome {
	return outcomeOf(&function.Outcome{RunReport: r.Report, Statements: r.Statements, Duration: r.Duration})
}

// ListedRun is a run as it is listed: everything but what it came to.
type ListedRun struct {
	ID         string    `json:"id" doc:"The run's id" example:"run_018d5f0c3a1b2c7"`
	Function   string    `json:"function" doc:"The function's link name" example:"daily_report"`
	Version    int64     `json:"version" doc:"Which version ran" example:"3"`
	Cause      string    `json:"cause" enum:"api,page,schedule,hook" doc:"What started it"`
	User       string    `json:"user" doc:"The user it ran for" example:"usr_C6B3YV2ZPTLWQ7DKXN4H"`
	Key        string    `json:"key" doc:"The API key it was asked for with; empty without one"`
	Status     string    `json:"status" enum:"running,ok,failed,cut" doc:"How it stands; cut: the server stopped before it ended"`
	StartedAt  time.Time `json:"started_at" doc:"When it began"`
	DurationMS int64     `json:"duration_ms" doc:"How long it ran, in milliseconds"`
	Statements int       `json:"statements" doc:"How many statements were executed"`
}

func encodeListedRun(r *lanyard.FunctionRun) ListedRun {
	return ListedRun{
		ID: string(r.ID), Function: string(r.Function), Version: r.Version, Cause: string(r.Cause), User: string(r.User), Key: string(r.Key),
		Status: string(r.Status), StartedAt: r.StartedAt.UTC(), DurationMS: r.Duration.Milliseconds(), Statements: r.Statements,
	}
}

type listRunsInput struct {
	FunctionName
	Page
}

func (a *API) listRuns(ctx context.Context, c *lanyard.Caller, in *listRunsInput) (*answer[list[ListedRun]], error) {
	runs, next, err := a.Functions.Runs(ctx, c, in.LinkName, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(runs, next, encodeListedRun), nil
}

// functionRun is a run with what it came to.
type functionRun struct {
	ListedRun
	Output    []string          `json:"output" doc:"Each line that info printed"`
	OutputCut bool              `json:"output_cut,omitempty" doc:"More was printed than is kept"`
	Result    json.RawMessage   `json:"result" doc:"What the function returned; null without a return"`
	ResultCut bool              `json:"result_cut,omitempty" doc:"The result was larger than is kept: 256 KiB"`
	Error     *lanyard.RunError `json:"error,omitempty" doc:"What ended it"`
	Calls     []lanyard.RunCall `json:"calls" doc:"The calls that it made, in their order; times count from the beginning of the run"`
}

// RunID is exported for the reason that [Page] is.
type RunID struct {
	ID string `path:"id" doc:"The run's id" example:"run_018d5f0c3a1b2c7"`
}

func (a *API) readRun(ctx context.Context, c *lanyard.Caller, in *RunID) (*answer[functionRun], error) {
	r, err := a.Functions.RunOf(ctx, c, lanyard.RunID(in.ID))
	if err != nil {
		return nil, err
	}
	o := encodeOutcome(r)
	return &answer[functionRun]{functionRun{encodeListedRun(r), o.Output, o.OutputCut, o.Result, r.Report.ResultCut, o.Error, o.Calls}}, nil
}

type functionHook struct {
	URL string `json:"url" doc:"The address, this once: whoever knows it runs the function" example:"https://lanyard.example.com/hooks/…"`
}

func (a *API) createHook(ctx context.Context, c *lanyard.Caller, in *FunctionName) (*answer[functionHook], error) {
	url, err := a.Functions.NewHook(ctx, c, in.LinkName)
	if err != nil {
		return nil, err
	}
	return &answer[functionHook]{functionHook{url.Reveal()}}, nil
}

func (a *API) deleteHook(ctx context.Context, c *lanyard.Caller, in *FunctionName) (*struct{}, error) {
	return nil, a.Functions.RemoveHook(ctx, c, in.LinkName)
}

type checkScriptInput struct {
	Body struct {
		Script string `json:"script" doc:"The source, at most 512 KiB"`
	}
}

type checkedScript struct {
	Problems    []lanyard.ScriptProblem `json:"problems" doc:"Why it cannot be run; empty when it can"`
	Warnings    []lanyard.ScriptProblem `json:"warnings" doc:"What looks like a secret in it"`
	Parameters  []parameter             `json:"parameters" doc:"What it takes, in this order"`
	Returns     string                  `json:"returns" doc:"The type of its result; empty where the script has no header" example:"map"`
	Connections []string                `json:"connections" doc:"The link names of connections that stand in it"`
	Functions   []string                `json:"functions" doc:"The saved functions that it calls"`
}

func (a *API) checkScript(ctx context.Context, c *lanyard.Caller, in *checkScriptInput) (*answer[checkedScript], error) {
	s, err := a.Functions.Check(ctx, c, in.Body.Script)
	if err != nil {
		return nil, err
	}
	out := checkedScript{Problems: s.Problems, Warnings: s.Warnings, Parameters: parameters(s.Signature), Returns: s.Returns, Connections: texts(s.Connections), Functions: texts(s.Functions)}
	if out.Problems == nil {
		out.Problems = []lanyard.ScriptProblem{}
	}
	if out.Warnings == nil {
		out.Warnings = []lanyard.ScriptProblem{}
	}
	return &answer[checkedScript]{out}, nil
}

// hook takes a message to the address of a function, and answers with the function's result: a text as it is, anything
// else as JSON. The token in the path is the only key there is to it, so it stands in no log.
func (a *API) hook(w http.ResponseWriter, r *http.Request) {
	body, err := readWithin(w, r, function.MaxHookBody)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	depth, _ := strconv.Atoi(r.Header.Get("Lanyard-Depth")) // only our own scripts send it
	m := function.Message{Method: r.Method, Header: r.Header, Query: r.URL.Query(), Body: body, Depth: depth}
	run, err := a.Functions.RunHook(r.Context(), r.PathValue("token"), m)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	result := run.Report.Result
	var text string
	switch {
	case len(result) == 0 || string(result) == "null":
		w.WriteHeader(http.StatusNoContent)
		return
	case json.Unmarshal(result, &text) == nil:
		h.Set("Content-Type", "text/plain; charset=utf-8")
		result = []byte(text)
	default:
		h.Set("Content-Type", "application/json")
	}
	_, _ = w.Write(result) //nolint:gosec // text or JSON, which nosniff keeps from being taken for a page
}
