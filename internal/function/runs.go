package function

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/script"
	"lanyard/internal/store"
)

const (
	// maxRecordedResult is how many bytes of a result are kept in the record of a run.
	maxRecordedResult = 256 << 10
	// runGrace is what a run may take beyond its time, to be recorded, before it counts as cut.
	runGrace = 10 * time.Second
	// maxSaved is how many bytes of scripts are kept parsed.
	maxSaved = 16 << 20
)

// version names what is parsed: a saved script never changes.
type version struct {
	function lanyard.FunctionID
	number   int64
	bytes    int // of its source
}

// parsed gives a function's script as it is run, read once. The error is [script.Problems].
func (f *Functions) parsed(fn *lanyard.Function, parse func(source string) (*script.Script, error)) (*script.Script, error) {
	key := version{fn.ID, fn.Version, len(fn.Script)}
	if s, ok := f.saved.GetIfPresent(key); ok {
		return s, nil
	}
	s, err := parse(fn.Script)
	if err == nil {
		f.saved.Set(key, s)
	}
	return s, err
}

// RunRequest is how a saved function is to be run.
type RunRequest struct {
	Arguments map[string]json.RawMessage // by the names of the parameters; variables of a script without a header
	Cause     lanyard.RunCause
	Depth     int // as in [RunInput]
}

// Run runs a function for the caller and gives the record of it. What goes wrong in the script is in the record; an
// error is one of the request, or there are too many runs at once.
func (f *Functions) Run(ctx context.Context, c *lanyard.Caller, name string, in RunRequest) (*lanyard.FunctionRun, error) {
	if err := access.RunFunctions(c); err != nil {
		return nil, err
	}
	if err := checkDepth(in.Depth); err != nil {
		return nil, err
	}
	fn, err := f.find(ctx, c.Organization, name)
	if err != nil {
		return nil, err
	}
	release, err := f.admit(c.Organization)
	if err != nil {
		return nil, err
	}
	defer release()
	run := f.newRun(c, fn, in.Cause)
	if err := f.Store.BeginRun(ctx, run); err != nil {
		return nil, err
	}
	return run, f.perform(ctx, c, fn, run, in)
}

// newRun is the record of a run that is about to begin.
func (f *Functions) newRun(c *lanyard.Caller, fn *lanyard.Function, cause lanyard.RunCause) *lanyard.FunctionRun {
	return &lanyard.FunctionRun{
		OrganizationID: fn.OrganizationID, FunctionID: fn.ID, Function: fn.LinkName, Version: fn.Version, Cause: cause, User: c.User, Key: c.Key,
		Deadline: f.Store.Now().Add(cmp.Or(f.Limits.Time, time.Minute) + runGrace),
	}
}

// perform makes a run that was begun, and records what came of it, also when nobody waits for it any more.
func (f *Functions) perform(ctx context.Context, c *lanyard.Caller, fn *lanyard.Function, run *lanyard.FunctionRun, in RunRequest) error {
	s, err := f.parsed(fn, func(source string) (*script.Script, error) { return f.parse(ctx, fn.OrganizationID, source, nil) })
	if err == nil && s.Result == "" && len(in.Arguments) > 0 {
		// Without a header, the arguments are the variables that it begins with.
		s, err = f.parse(ctx, fn.OrganizationID, fn.Script, in.Arguments)
	}
	if err != nil { // it could be read when it was saved: by another Lanyard, or with other variables
		out, err := unread(err)
		if err != nil {
			return err
		}
		return f.record(ctx, run, out)
	}
	return f.record(ctx, run, f.execute(ctx, c, s, fn.Extension, in.Arguments, in.Depth))
}

// failed is the outcome of a run that did not begin.
func failed(message string) *Outcome {
	return &Outcome{RunReport: lanyard.RunReport{Output: []string{}, Error: &lanyard.RunError{Message: message, Line: 1}}}
}

// record stores what a run came to. A result too large for a record is in the answer alone.
func (f *Functions) record(ctx context.Context, run *lanyard.FunctionRun, out *Outcome) error {
	run.Status, run.Duration, run.Statements, run.Report = lanyard.RunOK, out.Duration, out.Statements, out.RunReport
	if out.Error != nil {
		run.Status = lanyard.RunFailed
	}
	kept := *run
	if len(kept.Report.Result) > maxRecordedResult {
		kept.Report.Result, kept.Report.ResultCut = nil, true
	}
	return f.Store.FinishRun(context.WithoutCancel(ctx), &kept)
}

// Runs lists the runs of a function, newest first and without their reports: those that the caller may see.
func (f *Functions) Runs(ctx context.Context, c *lanyard.Caller, name string, p store.Page) ([]lanyard.FunctionRun, string, error) {
	if err := access.RunFunctions(c); err != nil {
		return nil, "", err
	}
	fn, err := f.find(ctx, c.Organization, name)
	if err != nil {
		return nil, "", err
	}
	return f.Store.Runs(ctx, c.Organization, fn.ID, visible(c, fn), p)
}

// visible says which runs of a function the caller may see: all, those made for the user, or, with a key that is limited
// to some connections or acts for nobody, those made with that key.
func visible(c *lanyard.Caller, fn *lanyard.Function) store.RunFilter {
	switch {
	case access.SeeRuns(c, fn):
		return store.RunFilter{}
	case len(c.Rights.Connections) > 0 || c.User == "":
		return store.RunFilter{User: c.User, Key: c.Key}
	}
	return store.RunFilter{User: c.User}
}

// RunOf gives one run with its report.
func (f *Functions) RunOf(ctx context.Context, c *lanyard.Caller, id lanyard.RunID) (*lanyard.FunctionRun, error) {
	if err := access.RunFunctions(c); err != nil {
		return nil, err
	}
	run, err := f.Store.Run(ctx, c.Organization, id)
	if err != nil {
		return nil, err
	}
	fn, err := f.find(ctx, c.Organization, string(run.Function))
	if err != nil {
		return nil, err
	}
	if see := visible(c, fn); see.User != "" && see.User != run.User || see.Key != "" && see.Key != run.Key {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no such run.")
	}
	return run, nil
}
