package function

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// world is functions over a store whose clock the test moves, in an organization with an owner and two members.
type world struct {
	*Functions
	t   *testing.T
	dir string // of the store
	mu  sync.Mutex
	now time.Time
	org lanyard.OrganizationID

	owner, member, another *lanyard.Caller
}

// begin is when every world begins: a Sunday.
var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: begin, org: lanyard.NewOrganizationID()}
	s := storetest.Open(t, func(c *store.Config) { c.Now, w.dir = w.clock, c.Dir })
	owner := lanyard.User{ID: lanyard.NewUserID(), Email: "owner@example.com", Name: "The owner", Role: lanyard.RoleOwner}
	w.must(s.CreateAccount(t.Context(), store.NewAccount{
		Organization: lanyard.Organization{ID: w.org, Name: "Zylker"}, Owner: owner, Audit: lanyard.AuditEntry{Action: lanyard.ActionOrganizationCreate},
	}, nil))
	w.owner = w.caller(owner.ID, owner.Role)
	for _, c := range []struct {
		to   **lanyard.Caller
		name string
	}{{&w.member, "member"}, {&w.another, "another"}} {
		u := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: w.org, Email: c.name + "@example.com", Name: "The " + c.name, Role: lanyard.RoleMember}
		w.must(s.CreateUser(t.Context(), u, lanyard.AuditEntry{Action: lanyard.ActionUserCreate}))
		*c.to = w.caller(u.ID, u.Role)
	}
	w.Functions = New(Config{Store: s, Logger: slog.New(slog.DiscardHandler), PublicURL: "https://lanyard.example"})
	return w
}

// caller is a user in a browser.
func (w *world) caller(id lanyard.UserID, role lanyard.Role) *lanyard.Caller {
	return &lanyard.Caller{Organization: w.org, User: id, Role: role, KeyOwner: id, Session: "session"}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// function saves a function as somebody.
func (w *world) function(c *lanyard.Caller, name, source string) *lanyard.Function {
	w.t.Helper()
	fn, err := w.Create(w.t.Context(), c, Input{LinkName: name, Name: "Function " + name, Script: source})
	w.must(err)
	return fn
}

// scheduled gives a function a schedule as somebody.
func (w *world) scheduled(c *lanyard.Caller, name, cron, zone string) *lanyard.Function {
	w.t.Helper()
	fn, err := w.Edit(w.t.Context(), c, name, Edit{Schedule: &lanyard.Schedule{Cron: cron, Zone: zone}})
	w.must(err)
	return fn
}

// run runs a function as somebody, with arguments in JSON by name.
func (w *world) run(c *lanyard.Caller, name string, arguments ...string) *lanyard.FunctionRun {
	w.t.Helper()
	in := RunRequest{Cause: lanyard.CauseAPI, Arguments: map[string]json.RawMessage{}}
	for i := 0; i < len(arguments); i += 2 {
		in.Arguments[arguments[i]] = json.RawMessage(arguments[i+1])
	}
	r, err := w.Run(w.t.Context(), c, name, in)
	w.must(err)
	return r
}

// runs are those of a function that the owner sees, newest first.
func (w *world) runs(name string) []lanyard.FunctionRun {
	w.t.Helper()
	list, _, err := w.Runs(w.t.Context(), w.owner, name, store.Page{})
	w.must(err)
	return list
}

func (w *world) disable(c *lanyard.Caller) {
	w.t.Helper()
	u, err := w.Store.User(w.t.Context(), w.org, c.User)
	w.must(err)
	after := *u
	after.Disabled = true
	w.must(w.Store.UpdateUser(w.t.Context(), u, &after, func(int64) lanyard.AuditEntry { return lanyard.AuditEntry{Action: lanyard.ActionUserDisable} }))
}

func wantCode(t *testing.T, err error, code lanyard.Code) {
	t.Helper()
	if err == nil || lanyard.CodeOf(err) != code {
		t.Errorf("got the error %v, want the code %s", err, code)
	}
}

// faults are the fields that an error names, with what it says of them.
func faults(err error) string {
	var e *lanyard.Error
	if !errors.As(err, &e) {
		return ""
	}
	var all []string
	for _, f := range e.Fields {
		all = append(all, f.Pointer+": "+f.Detail)
	}
	return strings.Join(all, "\n")
}
