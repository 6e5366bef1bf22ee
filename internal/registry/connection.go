package registry

import (
	"context"
	"encoding/json"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// ConnectionInput is what a person gives to make a connection.
type ConnectionInput struct {
	Name                    string   `json:"name"`
	LinkName                string   `json:"link_name"`
	Service                 string   `json:"service"`
	Scopes                  []string `json:"scopes"`
	UseLoginUserCredentials bool     `json:"use_login_user_credentials"`
	UsableBy                string   `json:"usable_by"`
}

// ConnectionView is a connection as one user sees it: the status is the asking user's own.
type ConnectionView = store.ConnectionView

// CreateConnection makes a connection with a default or custom service. It is not connected yet.
func (r *Registry) CreateConnection(ctx context.Context, c *lanyard.Caller, in ConnectionInput) (*ConnectionView, error) {
	if err := access.ManageAll(c); err != nil {
		return nil, err
	}
	s, err := r.service(ctx, c, in.Service)
	if err != nil {
		if lanyard.CodeOf(err) != lanyard.CodeNotFound {
			return nil, err
		}
		var f lanyard.FieldErrors
		f.Add("/service", "there is no service of this link name")
		return nil, f.Err()
	}
	con, err := r.NewConnection(c, c.User, s, in)
	if err != nil {
		return nil, err
	}
	if err := r.store.CreateConnection(ctx, con, c.Audit(lanyard.ActionConnectionCreate, string(con.ID), string(con.LinkName))); err != nil {
		return nil, err
	}
	return &ConnectionView{Connection: *con, ServiceName: s.Name}, nil
}

// Connection reads one.
func (r *Registry) Connection(ctx context.Context, c *lanyard.Caller, name string) (*ConnectionView, error) {
	con, err := r.connection(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if err := access.SeeConnection(c, con); err != nil {
		return nil, err
	}
	return r.viewConnection(ctx, c, con)
}

func (r *Registry) viewConnection(ctx context.Context, c *lanyard.Caller, con *lanyard.Connection) (*ConnectionView, error) {
	v := &ConnectionView{Connection: *con}
	names, err := r.store.ServiceNames(ctx, c.Organization, []lanyard.ServiceID{con.ServiceID})
	if err != nil {
		return nil, err
	}
	v.ServiceName = r.serviceName(con.ServiceID, con.Service, names[con.ServiceID])
	a, err := r.store.Authorization(ctx, c.Organization, con.ID, c.User)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return v, nil
	}
	v.Authorization = a
	return v, err
}

func (r *Registry) connection(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Connection, error) {
	link, err := lanyard.ParseLinkName(name)
	if err != nil {
		return nil, access.NoConnection(name)
	}
	con, err := r.store.Connection(ctx, c.Organization, link)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, access.NoConnection(name)
	}
	return con, err
}

// EditConnection applies a JSON merge patch to the display name, the scopes, the switch and who may use it. A scope
// that was not asked for before needs consent again, and so does the switch: it changes whose credentials run.
func (r *Registry) EditConnection(ctx context.Context, c *lanyard.Caller, name string, patch []byte) (*ConnectionView, error) {
	old, err := r.connection(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if err := access.EditConnection(c, old); err != nil {
		return nil, err
	}
	edited, err := patched(inputOf(old), patch)
	if err != nil {
		return nil, err
	}
	after := ConnectionInput{Scopes: []string{}, UsableBy: string(lanyard.UsableByOrganization)} // where a field that the patch removes goes back to
	if err := lanyard.DecodeKnown(edited, &after); err != nil {
		return nil, err
	}
	s, err := r.services.Of(ctx, old)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The service %s of this connection was deleted: the connection can only be deleted.", old.Service)
	} else if err != nil {
		return nil, err
	}
	change, err := r.RedefineConnection(c, old, s, after)
	if err != nil {
		return nil, err
	}
	if !change.Changed {
		return r.viewConnection(ctx, c, old)
	}
	if err := r.store.Together(ctx, func(changes *store.Changes) error { return change.Make(ctx, changes) }); err != nil {
		return nil, err
	}
	change.Made(ctx)
	return r.viewConnection(ctx, c, change.New)
}

func same(a, b ConnectionInput) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// DeleteConnection deletes a connection with every user's authorization of it, and tells the providers.
func (r *Registry) DeleteConnection(ctx context.Context, c *lanyard.Caller, name string) error {
	con, err := r.connection(ctx, c, name)
	if err != nil {
		return err
	}
	if err := access.EditConnection(c, con); err != nil {
		return err
	}
	// Read before the deletion: afterwards nothing says where its tokens have to be revoked.
	s, err := r.services.Of(ctx, con)
	if err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
		return err
	}
	erased, err := r.store.DeleteConnection(ctx, c.Organization, con.ID, c.Audit(lanyard.ActionConnectionDelete, string(con.ID), string(con.LinkName)))
	if err != nil {
		return err
	}
	if s != nil {
		r.revoker.Erased(ctx, s, erased)
	}
	return nil
}
