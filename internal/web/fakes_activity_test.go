package web

import (
	"context"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/store"
)

var _ Invoker = (*invoke.Invoker)(nil)

// records are what was called and changed, for the pages that show it.
type records struct {
	activity *invoke.Activity
	counted  invoke.ActivityFilter // that was asked for
	called   []lanyard.Invocation
	listed   store.InvocationFilter
	people   []lanyard.User
	names    store.Names
	entries  []lanyard.AuditEntry
	audited  store.AuditFilter
}

func (f *rooms) Activity(_ context.Context, _ *lanyard.Caller, filter invoke.ActivityFilter) (*invoke.Activity, error) {
	f.counted = filter
	return f.activity, f.err
}

func (f *rooms) Invocations(_ context.Context, _ *lanyard.Caller, filter store.InvocationFilter, p store.Page) ([]lanyard.Invocation, string, error) {
	f.listed, f.asked = filter, p
	return f.called, f.next, f.err
}

func (f *rooms) Names(context.Context, *lanyard.Caller, []lanyard.UserID, []lanyard.APIKeyID) (store.Names, error) {
	return f.names, f.err
}

func (f *rooms) People(context.Context, *lanyard.Caller) ([]lanyard.User, error) {
	return f.people, f.err
}

func (f *rooms) Audit(_ context.Context, _ *lanyard.Caller, filter store.AuditFilter, p store.Page) ([]lanyard.AuditEntry, string, error) {
	f.audited, f.asked = filter, p
	return f.entries, f.next, f.err
}
