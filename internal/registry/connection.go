package registry

import (
	"context"
	"encoding/json"
	"slices"

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
	now := r.store.Now()
	con := &lanyard.Connection{
		ID: lanyard.NewConnectionID(), OrganizationID: c.Organization, LinkName: lanyard.LinkName(in.LinkName), Name: in.Name,
		Service: s.LinkName, ServiceID: s.ID, Scopes: in.Scopes, UseLoginUserCredentials: in.UseLoginUserCredentials,
		Origin: lanyard.OriginUser, Owner: c.User, UsableBy: lanyard.UsableBy(in.UsableBy), Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if con.UsableBy == "" {
		con.UsableBy = lanyard.UsableByOrganization
	}
	if err := con.Validate(s); err != nil {
		return nil, err
	}
	if r.services.KeptForInternal(con.LinkName) {
		var f lanyard.FieldErrors
		f.Add("/link_name", "names that begin so are kept for the connections that Lanyard makes for integration tasks: choose another")
		return nil, f.Err()
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

// editable is what a patch may name of a connection.
type editable struct {
	Name                    string   `json:"name"`
	LinkName                string   `json:"link_name"`
	Service                 string   `json:"service"`
	Scopes                  []string `json:"scopes"`
	UseLoginUserCredentials bool     `json:"use_login_user_credentials"`
	UsableBy                string   `json:"usable_by"`
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
	before := editable{Name: old.Name, LinkName: string(old.LinkName), Service: string(old.Service), Scopes: append([]string{}, old.Scopes...),
		UseLoginUserCredentials: old.UseLoginUserCredentials, UsableBy: string(old.UsableBy)}
	edited, err := patched(before, patch)
	if err != nil {
		return nil, err
	}
	after := editable{Scopes: []string{}, UsableBy: string(lanyard.UsableByOrganization)} // where a field that the patch removes goes back to
	if err := lanyard.DecodeKnown(edited, &after); err != nil {
		return nil, err
	}
	var frozen lanyard.FieldErrors
	if after.LinkName != before.LinkName {
		frozen.Add("/link_name", "the link name of a connection never changes")
	}
	if after.Service != before.Service {
		frozen.Add("/service", "the service of a connection never changes: make another connection")
	}
	if len(frozen) > 0 {
		return nil, &lanyard.Error{Code: lanyard.CodeNotEditable, Message: "This cannot be edited; nothing was changed.", Fields: frozen}
	}
	s, err := r.services.Of(ctx, old)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The service %s of this connection was deleted: the connection can only be deleted.", old.Service)
	} else if err != nil {
		return nil, err
	}
	con := *old
	con.Name, con.Scopes, con.UseLoginUserCredentials, con.UsableBy = after.Name, after.Scopes, after.UseLoginUserCredentials, lanyard.UsableBy(after.UsableBy)
	if err := con.Validate(s); err != nil {
		return nil, err
	}
	if same(before, after) {
		return r.viewConnection(ctx, c, old)
	}
	con.Version, con.UpdatedAt = old.Version+1, r.store.Now()
	erase, reason := false, ""
	switch {
	case con.UseLoginUserCredentials != old.UseLoginUserCredentials && !con.UseLoginUserCredentials:
		// The copies of other users would never be used again: end them rather than keep them asleep. The owner's own
		// was given under the other rule too, so the owner connects anew, knowing who uses it from now on.
		erase, reason = true, "Use credentials of login user was switched off: from now on everybody's calls run with the owner's account."
	case con.UseLoginUserCredentials && con.UsableBy == lanyard.UsableByOwner && old.UsableBy != lanyard.UsableByOwner:
		// Others could neither use nor see their credentials any more, nor take them back.
		erase, reason = true, "The connection was kept for its owner alone, so the accounts that others had connected were let go."
	case slices.ContainsFunc(con.Scopes, func(scope string) bool { return !slices.Contains(old.Scopes, scope) }):
		erase, reason = true, "Scopes were added to the connection: consent is needed again."
	}
	erased, err := r.store.UpdateConnection(ctx, old.Version, &con, erase, reason, c.Audit(lanyard.ActionConnectionEdit, string(con.ID), string(con.LinkName)))
	if err != nil {
		return nil, err
	}
	r.revoker.Erased(ctx, s, erased)
	return r.viewConnection(ctx, c, &con)
}

func same(a, b editable) bool {
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
