package web

import (
	"context"
	"fmt"
	"time"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/function"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

var _ Functions = (*function.Functions)(nil)

// scriptRooms is what the room of functions answers with, and what it was asked to run.
type scriptRooms struct {
	function *lanyard.Function // nil: there is none
	saveErr  error
	checked  function.Checked
	runs     []lanyard.FunctionRun
	runErr   error
	report   lanyard.RunReport
	ranSaved function.RunRequest // the last for a saved one
	ran      function.RunInput   // the last for another script
	usedBy   []lanyard.Function
	versions []lanyard.FunctionVersion
}

type functionRoom struct{ f *rooms }

func (r functionRoom) found() (*lanyard.Function, error) {
	if r.f.function == nil {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no such function here.")
	}
	return r.f.function, nil
}

func (r functionRoom) saved(what string) (*lanyard.Function, error) {
	r.f.changed(what)
	if r.f.saveErr != nil {
		return nil, r.f.saveErr
	}
	return r.found()
}

func (r functionRoom) Check(context.Context, *lanyard.Caller, string) (*function.Checked, error) {
	checked := r.f.checked
	return &checked, nil
}

func (r functionRoom) List(context.Context, *lanyard.Caller, string, store.Page) ([]lanyard.Function, string, error) {
	if r.f.function == nil {
		return nil, "", nil
	}
	return []lanyard.Function{*r.f.function}, r.f.next, nil
}

func (r functionRoom) Function(context.Context, *lanyard.Caller, string) (*lanyard.Function, error) {
	return r.found()
}

func (r functionRoom) Create(_ context.Context, _ *lanyard.Caller, in function.Input) (*lanyard.Function, error) {
	return r.saved("CreateFunction:" + in.Name)
}

func (r functionRoom) Edit(_ context.Context, _ *lanyard.Caller, name string, _ function.Edit) (*lanyard.Function, error) {
	return r.saved("EditFunction:" + name)
}

func (r functionRoom) Delete(_ context.Context, _ *lanyard.Caller, name string) error {
	r.f.changed("DeleteFunction:" + name)
	return nil
}

func (r functionRoom) Versions(context.Context, *lanyard.Caller, string, store.Page) ([]lanyard.FunctionVersion, string, error) {
	return r.f.versions, "", nil
}

func (r functionRoom) Version(_ context.Context, _ *lanyard.Caller, _ string, version int64) (*lanyard.FunctionVersion, error) {
	for i := range r.f.versions {
		if r.f.versions[i].Version == version {
			return &r.f.versions[i], nil
		}
	}
	return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no such version.")
}

func (r functionRoom) Restore(_ context.Context, _ *lanyard.Caller, name string, version int64) (*lanyard.Function, error) {
	return r.saved(fmt.Sprintf("RestoreFunction:%s/%d", name, version))
}

func (r functionRoom) Run(_ context.Context, _ *lanyard.Caller, name string, in function.RunRequest) (*lanyard.FunctionRun, error) {
	r.f.changed("RunFunction:" + name)
	r.f.ranSaved = in
	if r.f.runErr != nil {
		return nil, r.f.runErr
	}
	return &lanyard.FunctionRun{ID: "run_1", FunctionID: r.f.function.ID, Function: r.f.function.LinkName, Status: lanyard.RunOK, Duration: 20 * time.Millisecond, Report: r.f.report}, nil
}

func (r functionRoom) RunScript(_ context.Context, _ *lanyard.Caller, in function.RunInput) (*function.Outcome, error) {
	r.f.changed("RunScript")
	r.f.ran = in
	if r.f.runErr != nil {
		return nil, r.f.runErr
	}
	return &function.Outcome{RunReport: r.f.report, Duration: 20 * time.Millisecond}, nil
}

func (r functionRoom) Runs(context.Context, *lanyard.Caller, string, store.Page) ([]lanyard.FunctionRun, string, error) {
	return r.f.runs, "", nil
}

func (r functionRoom) RunOf(_ context.Context, _ *lanyard.Caller, id lanyard.RunID) (*lanyard.FunctionRun, error) {
	for i := range r.f.runs {
		if r.f.runs[i].ID == id {
			return &r.f.runs[i], nil
		}
	}
	return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no such run.")
}

func (r functionRoom) NewHook(_ context.Context, _ *lanyard.Caller, name string) (lanyard.Secret, error) {
	r.f.changed("NewHook:" + name)
	return lanyard.NewSecret(inventedURL + "/hooks/INVENTEDTOKENINVENTEDTOKEN"), nil
}

func (functionRoom) Tasks(context.Context, *lanyard.Caller) ([]registry.Task, error) {
	return []registry.Task{{Task: catalog.Task{Task: &lanyard.Task{Name: "acme.getOrders", About: "Lists the orders."}}}}, nil
}

func (r functionRoom) RemoveHook(_ context.Context, _ *lanyard.Caller, name string) error {
	r.f.changed("RemoveHook:" + name)
	return nil
}

func (r functionRoom) UsedBy(context.Context, *lanyard.Caller, lanyard.LinkName) ([]lanyard.Function, error) {
	return r.f.usedBy, nil
}
