package registry

import (
	"context"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// ConnectionDetail is what a person is told before a connection is edited, revoked or deleted.
type ConnectionDetail struct {
	ConnectionView
	Definition *lanyard.Service // of its service; nil when that was deleted
	OwnerName  string
	// Connected are the people whose accounts are connected, the first ones by name; for whoever may edit.
	Connected store.Connected
}

// ConnectionToEdit is a connection that the caller may edit and delete.
func (r *Registry) ConnectionToEdit(ctx context.Context, c *lanyard.Caller, name string) (*ConnectionDetail, error) {
	d, err := r.detail(ctx, c, name, access.EditConnection)
	if err != nil {
		return nil, err
	}
	d.Connected, err = r.store.Connected(ctx, c.Organization, d.ID, c.User)
	return d, err
}

// ConnectionToRevoke is a connection on which the caller may take back an account.
func (r *Registry) ConnectionToRevoke(ctx context.Context, c *lanyard.Caller, name string) (*ConnectionDetail, error) {
	return r.detail(ctx, c, name, access.Connect)
}

func (r *Registry) detail(ctx context.Context, c *lanyard.Caller, name string, may func(*lanyard.Caller, *lanyard.Connection) error) (*ConnectionDetail, error) {
	con, err := r.connection(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if err := may(c, con); err != nil {
		return nil, err
	}
	v, err := r.viewConnection(ctx, c, con)
	if err != nil {
		return nil, err
	}
	d := &ConnectionDetail{ConnectionView: *v}
	d.Definition, err = r.services.Of(ctx, con)
	if err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
		return nil, err
	}
	owner, err := r.store.User(ctx, c.Organization, con.Owner)
	if err != nil {
		return nil, err
	}
	d.OwnerName = owner.Name
	return d, nil
}
