package web

import (
	"context"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/invoke"
	"lanyard/internal/store"
)

var _ Invoker = (*invoke.Invoker)(nil)

// tryRoom is what the workrooms say of one connection, and what they were asked to call.
type tryRoom struct {
	facts   *credential.Detail
	others  []store.UserAuthorization
	tried   *invoke.Tried
	tryErr  error
	request *invoke.Request // the last that was tried
}

func (f *rooms) Detail(context.Context, *lanyard.Caller, string) (*credential.Detail, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.facts, nil
}

func (f *rooms) Authorizations(_ context.Context, _ *lanyard.Caller, _ string, p store.Page) ([]store.UserAuthorization, string, error) {
	f.asked = p
	return f.others, f.next, f.err
}

func (f *rooms) UserOf(context.Context, *lanyard.Caller, string, lanyard.UserID) (*store.UserAuthorization, error) {
	if f.err != nil {
		return nil, f.err
	}
	return &f.others[0], nil
}

func (f *rooms) RemoveUser(_ context.Context, _ *lanyard.Caller, connection string, user lanyard.UserID) (*store.UserAuthorization, bool, error) {
	f.changed("RemoveUser:" + connection + " " + string(user))
	if f.err != nil {
		return nil, false, f.err
	}
	return &f.others[0], true, nil
}

func (f *rooms) Try(_ context.Context, _ *lanyard.Caller, r *invoke.Request) (*invoke.Tried, error) {
	f.changed("Try:" + r.Type + " " + r.URL)
	f.request = r
	return f.tried, f.tryErr
}
