package web

import (
	"context"
	"encoding/json"
	"fmt"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// connectionRooms stand in for the rooms of connections.
type connectionRooms struct {
	filter    registry.ConnectionFilter // that was asked for last
	found     *registry.ConnectionList
	service   *registry.ServiceView
	free      lanyard.LinkName
	created   registry.ConnectionInput
	createErr error
	detail    *registry.ConnectionDetail
	patch     map[string]any
	editErr   error
	confirmed bool
}

func (f *rooms) ConnectionList(_ context.Context, _ *lanyard.Caller, filter registry.ConnectionFilter, p store.Page) (*registry.ConnectionList, error) {
	f.filter, f.asked = filter, p
	if f.found == nil {
		return &registry.ConnectionList{}, f.err
	}
	return f.found, f.err
}

func (f *rooms) Service(context.Context, *lanyard.Caller, string) (*registry.ServiceView, error) {
	if f.service == nil {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no service here.")
	}
	return f.service, f.err
}

func (f *rooms) FreeLinkName(_ context.Context, _ *lanyard.Caller, name, service string) (lanyard.LinkName, error) {
	return f.free, f.err
}

func (f *rooms) CreateConnection(_ context.Context, _ *lanyard.Caller, in registry.ConnectionInput) (*registry.ConnectionView, error) {
	f.created = in
	if f.createErr != nil {
		return nil, f.createErr
	}
	f.changed("CreateConnection:" + in.LinkName)
	return &registry.ConnectionView{Connection: lanyard.Connection{Name: in.Name, LinkName: lanyard.LinkName(in.LinkName)}}, nil
}

func (f *rooms) ConnectionToEdit(_ context.Context, _ *lanyard.Caller, name string) (*registry.ConnectionDetail, error) {
	if f.detail == nil {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no connection %q here.", name)
	}
	return f.detail, f.err
}

func (f *rooms) ConnectionToRevoke(ctx context.Context, c *lanyard.Caller, name string) (*registry.ConnectionDetail, error) {
	return f.ConnectionToEdit(ctx, c, name)
}

func (f *rooms) EditConnection(_ context.Context, _ *lanyard.Caller, name string, patch []byte) (*registry.ConnectionView, error) {
	if f.editErr != nil {
		return nil, f.editErr
	}
	f.changed("EditConnection:" + name)
	f.patch = nil
	if err := json.Unmarshal(patch, &f.patch); err != nil {
		return nil, fmt.Errorf("the patch %s: %w", patch, err)
	}
	v := f.detail.ConnectionView
	v.Name, v.Version = fmt.Sprint(f.patch["name"]), v.Version+1
	return &v, nil
}

func (f *rooms) Revoke(_ context.Context, _ *lanyard.Caller, name string) (bool, error) {
	f.changed("Revoke:" + name)
	return f.confirmed, f.err
}

func (f *rooms) DeleteConnection(_ context.Context, _ *lanyard.Caller, name string) error {
	f.changed("DeleteConnection:" + name)
	return f.err
}
