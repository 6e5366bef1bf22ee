package function

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/script"
	"lanyard/internal/store"
)

// mostFunctions is how many an organization has.
const mostFunctions = 1000

// Input is what a person gives of a function.
type Input struct {
	LinkName string // made from the name when empty
	Name     string
	Script   string
	Schedule lanyard.Schedule // its zero value: none
}

// Edit is what to change; nil leaves it as it is.
type Edit struct {
	Name     *string
	Script   *string
	Schedule *lanyard.Schedule // without a cron text: none any more
	// Version, when it is not zero, is the one that was read: conflict when another was saved meanwhile.
	Version int64
}

// Checked is what is known of a script without running it.
type Checked struct {
	lanyard.Signature
	Problems    []lanyard.ScriptProblem // why it cannot be run; empty: it can
	Warnings    []lanyard.ScriptProblem // what looks like a secret in it
	Declared    bool                    // it has a header, which names its parameters
	Connections []lanyard.LinkName      // that stand in it
	Functions   []string                // saved ones that it calls
}

// Check reads a script and runs nothing.
func (f *Functions) Check(ctx context.Context, c *lanyard.Caller, source string) (*Checked, error) {
	if err := access.RunFunctions(c); err != nil {
		return nil, err
	}
	if err := lanyard.CheckScript(source); err != nil {
		var faults lanyard.FieldErrors
		faults.Check("/script", err)
		return nil, faults.Err()
	}
	checked := &Checked{Warnings: Warnings(source)}
	s, err := f.parse(ctx, source, nil)
	if err != nil {
		checked.Problems = problems(err)
		return checked, nil
	}
	checked.Signature, checked.Connections, checked.Declared = signature(s), f.connections(s), s.Result != ""
	checked.Functions = s.Functions
	return checked, nil
}

// problems are those of a script that cannot be read.
func problems(err error) []lanyard.ScriptProblem {
	var found script.Problems
	errors.As(err, &found)
	return Problems(found)
}

func signature(s *script.Script) lanyard.Signature {
	sig := lanyard.Signature{Parameters: make([]lanyard.ScriptParameter, len(s.Parameters)), Returns: s.Result}
	for i, p := range s.Parameters {
		sig.Parameters[i] = lanyard.ScriptParameter{Name: p.Name, Type: p.Type}
	}
	return sig
}

// take reads a script into a function, or adds every problem to the faults.
func (f *Functions) take(ctx context.Context, fn *lanyard.Function, source string, faults *lanyard.FieldErrors) {
	if err := lanyard.CheckScript(source); err != nil {
		faults.Check("/script", err)
		return
	}
	if strings.TrimSpace(source) == "" {
		faults.Add("/script", "a script is required")
		return
	}
	s, err := f.parse(ctx, source, nil)
	for _, p := range problems(err) {
		faults.Add("/script", "line %d, column %d: %s", p.Line, p.Column, p.Message)
	}
	if err == nil {
		fn.Script, fn.Signature, fn.Connections = source, signature(s), f.connections(s)
	}
}

// Create saves a new function. With a script that cannot be read nothing is saved, and each problem is named at /script.
func (f *Functions) Create(ctx context.Context, c *lanyard.Caller, in Input) (*lanyard.Function, error) {
	draft, err := f.Draft(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return draft.Function, f.Store.Together(ctx, func(changes *store.Changes) error { return draft.Make(ctx, changes) })
}

// Draft is a function as it is to be; it was judged and is not stored yet.
type Draft struct {
	*lanyard.Function
	Changed []string // of one that is there: name, script, schedule; none: nothing would change

	by     *lanyard.Caller
	before int64 // the version that is stored; 0: it is new
}

// Make stores it; conflict when somebody else saved the function meanwhile.
func (d *Draft) Make(ctx context.Context, changes *store.Changes) error {
	if d.before == 0 {
		return changes.CreateFunction(ctx, d.Function, mostFunctions, d.by.Audit(lanyard.ActionFunctionCreate, "", string(d.LinkName)))
	}
	return changes.UpdateFunction(ctx, d.before, d.Function, edited(d.by, d.Function, d.Changed...))
}

// Draft judges a new function as Create does.
func (f *Functions) Draft(ctx context.Context, c *lanyard.Caller, in Input) (*Draft, error) {
	if err := access.SaveFunction(c); err != nil {
		return nil, err
	}
	var faults lanyard.FieldErrors
	fn := &lanyard.Function{OrganizationID: c.Organization, Name: in.Name, Author: c.User, SavedBy: c.User}
	faults.Check("/name", lanyard.CheckName(in.Name))
	name, err := lanyard.ParseLinkName(cmp.Or(in.LinkName, string(lanyard.ProposeLinkName(in.Name))))
	faults.Check("/link_name", err)
	fn.LinkName = name
	f.take(ctx, fn, in.Script, &faults)
	f.schedule(fn, in.Schedule, &faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return &Draft{Function: fn, by: c}, nil
}

// Edit changes a function. Who gives it a schedule answers for what then runs: where somebody else saved its script, it
// is saved anew in the caller's name.
func (f *Functions) Edit(ctx context.Context, c *lanyard.Caller, name string, in Edit) (*lanyard.Function, error) {
	fn, err := f.editable(ctx, c, name)
	if err != nil {
		return nil, err
	}
	draft, err := f.DraftEdit(ctx, c, fn, in)
	if err != nil {
		return nil, err
	}
	if len(draft.Changed) == 0 {
		return fn, nil
	}
	return draft.Function, f.Store.Together(ctx, func(changes *store.Changes) error { return draft.Make(ctx, changes) })
}

// DraftEdit judges an edit of a function that was read, as Edit does.
func (f *Functions) DraftEdit(ctx context.Context, c *lanyard.Caller, stored *lanyard.Function, in Edit) (*Draft, error) {
	if err := access.SaveFunction(c); err != nil {
		return nil, err
	}
	made := *stored
	fn, before := &made, stored.Version
	if in.Version != 0 && in.Version != before {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "Version %d of the function %s was saved meanwhile: read it again. Nothing was changed.", before, fn.LinkName)
	}
	var changed []string
	var faults lanyard.FieldErrors
	if in.Name != nil && *in.Name != fn.Name {
		faults.Check("/name", lanyard.CheckName(*in.Name))
		fn.Name, changed = *in.Name, append(changed, "name")
	}
	if in.Script != nil && *in.Script != fn.Script {
		f.take(ctx, fn, *in.Script, &faults)
		fn.SavedBy, fn.Version, changed = c.User, before+1, append(changed, "script")
	}
	if fn.Schedule.Cron != "" && in.Schedule == nil && len(fn.Signature.Parameters) > 0 {
		faults.Add("/script", "the function runs on a schedule, where nobody gives it parameters: end the schedule first")
	}
	if in.Schedule != nil && *in.Schedule != fn.Schedule {
		f.schedule(fn, *in.Schedule, &faults)
		changed = append(changed, "schedule")
		if fn.Schedule.Cron != "" {
			answerFor(c, fn, before)
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if len(changed) > 0 {
		if err := access.EditFunction(c, stored); err != nil {
			return nil, err
		}
	}
	return &Draft{Function: fn, Changed: changed, by: c, before: before}, nil
}

// answerFor has a function act as the caller where nobody asks: it is saved anew, unless it is the caller's already.
func answerFor(c *lanyard.Caller, fn *lanyard.Function, before int64) {
	if fn.SavedBy != c.User {
		fn.SavedBy, fn.Version = c.User, before+1
	}
}

func edited(c *lanyard.Caller, fn *lanyard.Function, changed ...string) lanyard.AuditEntry {
	e := c.Audit(lanyard.ActionFunctionEdit, string(fn.ID), string(fn.LinkName))
	e.Detail = map[string]string{"changed": strings.Join(changed, " "), "version": strconv.FormatInt(fn.Version, 10)}
	return e
}

// Restore saves an earlier version anew, as the next one. The one that is current stays as it is.
func (f *Functions) Restore(ctx context.Context, c *lanyard.Caller, name string, version int64) (*lanyard.Function, error) {
	v, err := f.Version(ctx, c, name, version)
	if err != nil {
		return nil, err
	}
	return f.Edit(ctx, c, name, Edit{Script: &v.Script})
}

// Delete deletes a function with its versions and the records of its runs. Its schedule and its address end.
func (f *Functions) Delete(ctx context.Context, c *lanyard.Caller, name string) error {
	fn, err := f.editable(ctx, c, name)
	if err != nil {
		return err
	}
	return f.Store.DeleteFunction(ctx, c.Organization, fn.ID, c.Audit(lanyard.ActionFunctionDelete, string(fn.ID), string(fn.LinkName)))
}

// Function gives one function with its script.
func (f *Functions) Function(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Function, error) {
	if err := access.ReadFunctions(c); err != nil {
		return nil, err
	}
	return f.find(ctx, c.Organization, name)
}

// editable gives a function that the caller may edit.
func (f *Functions) editable(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Function, error) {
	if err := access.SaveFunction(c); err != nil {
		return nil, err
	}
	fn, err := f.find(ctx, c.Organization, name)
	if err != nil {
		return nil, err
	}
	return fn, access.EditFunction(c, fn)
}

// find gives a function by its link name, in any case.
func (f *Functions) find(ctx context.Context, org lanyard.OrganizationID, name string) (*lanyard.Function, error) {
	link, err := lanyard.ParseLinkName(strings.ToLower(name))
	if err != nil {
		return nil, noFunction()
	}
	fn, err := f.Store.Function(ctx, org, link)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, noFunction()
	}
	return fn, err
}

func noFunction() error {
	return lanyard.Errorf(lanyard.CodeNotFound, "There is no such function here.")
}

// List gives the organization's functions by link name, without their scripts. Query, when there is one, is a part of
// the name or of the link name.
func (f *Functions) List(ctx context.Context, c *lanyard.Caller, query string, p store.Page) ([]lanyard.Function, string, error) {
	if err := access.ReadFunctions(c); err != nil {
		return nil, "", err
	}
	return f.Store.Functions(ctx, c.Organization, query, p)
}

// UsedBy gives the functions whose current version names a connection, without their scripts.
func (f *Functions) UsedBy(ctx context.Context, c *lanyard.Caller, connection lanyard.LinkName) ([]lanyard.Function, error) {
	if err := access.ReadFunctions(c); err != nil {
		return nil, err
	}
	return f.Store.FunctionsWith(ctx, c.Organization, connection)
}

// Versions lists the last hundred versions of a function, newest first, without their scripts.
func (f *Functions) Versions(ctx context.Context, c *lanyard.Caller, name string, p store.Page) ([]lanyard.FunctionVersion, string, error) {
	fn, err := f.Function(ctx, c, name)
	if err != nil {
		return nil, "", err
	}
	return f.Store.FunctionVersions(ctx, c.Organization, fn.ID, p)
}

// Version gives one version of a function with its script.
func (f *Functions) Version(ctx context.Context, c *lanyard.Caller, name string, version int64) (*lanyard.FunctionVersion, error) {
	fn, err := f.Function(ctx, c, name)
	if err != nil {
		return nil, err
	}
	return f.Store.FunctionVersion(ctx, c.Organization, fn.ID, version)
}
