package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// A change here was judged and is not made yet: Make stores it, alone or together with others in one transaction, and
// Made is called once that was committed, to tell the providers of what was erased.

// ServiceChange is another definition in the place of a stored one.
type ServiceChange struct {
	lanyard.Edit
	Old, New *lanyard.Service
	Keep     bool // the authorizations of its connections; never where the edit moves something

	by       *lanyard.Caller
	registry *Registry
	erased   []store.RevokedAuthorization
}

// RedefineService judges a whole definition, as the API takes it, in the place of a stored one: what it leaves out goes
// back to its default. The stored secret stays where the definition has none. Authorizations are kept unless the edit
// moves something.
func (r *Registry) RedefineService(c *lanyard.Caller, old *lanyard.Service, definition []byte) (*ServiceChange, error) {
	s, err := lanyard.ParseService(definition)
	if err != nil {
		return nil, err
	}
	if s.Kind == "" {
		s.Kind = old.Kind
	}
	carryOver(old, s)
	if s.Auth.Type == old.Auth.Type && s.Auth.Secret().IsZero() {
		s.Auth.SetSecret(old.Auth.Secret())
	}
	edit, err := r.judgeEdit(old, s)
	if err != nil {
		return nil, err
	}
	if edit.Changed {
		if err := access.EditService(c, old); err != nil {
			return nil, err
		}
	}
	return &ServiceChange{Edit: edit, Old: old, New: s, Keep: len(edit.Moves) == 0, by: c, registry: r}, nil
}

// Make stores it; conflict when the stored definition moved on.
func (ch *ServiceChange) Make(ctx context.Context, changes *store.Changes) (err error) {
	s := ch.New
	entry := ch.by.Audit(lanyard.ActionServiceEdit, string(s.ID), string(s.LinkName))
	entry.Detail = map[string]string{"changed": strings.Join(ch.Moves, " "), "keep_connections": fmt.Sprint(ch.Keep)}
	reason := fmt.Sprintf("The service %s was edited, so its connections have to be connected again.", s.Name)
	ch.erased, err = changes.UpdateService(ctx, ch.Old.Version, s, ch.Keep, reason, entry)
	return err
}

// Made tells the providers.
func (ch *ServiceChange) Made(ctx context.Context) { ch.registry.revoker.Erased(ctx, ch.Old, ch.erased) }

// ClientChange is another OAuth client of a service.
type ClientChange struct {
	Changed bool
	Before  *lanyard.OAuthClient // version 0: none
	After   *lanyard.OAuthClient
	Keep    bool             // the authorizations of the service's connections
	Service *lanyard.Service // as it is with the client that is set now

	definition *lanyard.Service // without one
	by         *lanyard.Caller
	registry   *Registry
	erased     []store.RevokedAuthorization
}

// Make stores it; conflict when the client moved on.
func (ch *ClientChange) Make(ctx context.Context, changes *store.Changes) (err error) {
	entry := ch.by.Audit(lanyard.ActionClientSet, string(ch.Service.ID), string(ch.Service.LinkName))
	entry.Detail = map[string]string{"client_id": ch.After.ClientID, "keep_connections": fmt.Sprint(ch.Keep)}
	for key, value := range ch.After.Parameters {
		entry.Detail["parameters."+key] = value
	}
	reason := fmt.Sprintf("The organization's OAuth client for %s was replaced by another one, so its connections have to be connected again.", ch.Service.Name)
	ch.erased, err = changes.SetOAuthClient(ctx, ch.After, ch.Keep, reason, entry)
	return err
}

// Made tells the providers: what was given to the old client is given back as that client.
func (ch *ClientChange) Made(ctx context.Context) {
	ch.registry.revoker.Erased(ctx, ch.Service, ch.erased)
}

// NewConnection judges a new connection with a service, which may be one that is not stored yet. It is not stored yet.
func (r *Registry) NewConnection(c *lanyard.Caller, owner lanyard.UserID, s *lanyard.Service, in ConnectionInput) (*lanyard.Connection, error) {
	if err := access.ManageAll(c); err != nil {
		return nil, err
	}
	now := r.store.Now()
	con := &lanyard.Connection{
		ID: lanyard.NewConnectionID(), OrganizationID: c.Organization, LinkName: lanyard.LinkName(in.LinkName), Name: in.Name,
		Service: s.LinkName, ServiceID: s.ID, Scopes: in.Scopes, UseLoginUserCredentials: in.UseLoginUserCredentials,
		Origin: lanyard.OriginUser, Owner: owner, UsableBy: lanyard.UsableBy(in.UsableBy), Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if con.UsableBy == "" {
		con.UsableBy = lanyard.UsableByOrganization
	}
	if err := con.Validate(s); err != nil {
		return nil, err
	}
	if r.keptForInternal(con.LinkName) {
		var f lanyard.FieldErrors
		f.Add("/link_name", "names that begin so are kept for the connections that Lanyard makes for integration tasks: choose another")
		return nil, f.Err()
	}
	return con, nil
}

// ConnectionChange is an edit of a connection.
type ConnectionChange struct {
	Changed  bool
	Old, New *lanyard.Connection
	Erases   string // why every authorization of it ends; empty: none does

	by       *lanyard.Caller
	registry *Registry
	service  *lanyard.Service
	erased   []store.RevokedAuthorization
}

// RedefineConnection judges a connection as it is to be, where s is its service.
func (r *Registry) RedefineConnection(c *lanyard.Caller, old *lanyard.Connection, s *lanyard.Service, in ConnectionInput) (*ConnectionChange, error) {
	before := inputOf(old)
	in.Scopes = append([]string{}, in.Scopes...)
	var frozen lanyard.FieldErrors
	if in.LinkName != before.LinkName {
		frozen.Add("/link_name", "the link name of a connection never changes")
	}
	if in.Service != before.Service {
		frozen.Add("/service", "the service of a connection never changes: make another connection")
	}
	if len(frozen) > 0 {
		return nil, &lanyard.Error{Code: lanyard.CodeNotEditable, Message: "This cannot be edited; nothing was changed.", Fields: frozen}
	}
	con := *old
	con.Name, con.Scopes, con.UseLoginUserCredentials, con.UsableBy = in.Name, in.Scopes, in.UseLoginUserCredentials, lanyard.UsableBy(in.UsableBy)
	if err := con.Validate(s); err != nil {
		return nil, err
	}
	ch := &ConnectionChange{Changed: !same(before, in), Old: old, New: &con, by: c, registry: r, service: s}
	if !ch.Changed {
		return ch, nil
	}
	if err := access.EditConnection(c, old); err != nil {
		return nil, err
	}
	con.Version, con.UpdatedAt = old.Version+1, r.store.Now()
	switch {
	case con.UseLoginUserCredentials != old.UseLoginUserCredentials && !con.UseLoginUserCredentials:
		// The copies of other users would never be used again: end them rather than keep them asleep. The owner's own
		// was given under the other rule too, so the owner connects anew, knowing who uses it from now on.
		ch.Erases = "Use credentials of login user was switched off: from now on everybody's calls run with the owner's account."
	case con.UseLoginUserCredentials && con.UsableBy == lanyard.UsableByOwner && old.UsableBy != lanyard.UsableByOwner:
		// Others could neither use nor see their credentials any more, nor take them back.
		ch.Erases = "The connection was kept for its owner alone, so the accounts that others had connected were let go."
	case slices.ContainsFunc(con.Scopes, func(scope string) bool { return !slices.Contains(old.Scopes, scope) }):
		ch.Erases = "Scopes were added to the connection: consent is needed again."
	}
	return ch, nil
}

// inputOf is what a person would give to make a connection as it is.
func inputOf(con *lanyard.Connection) ConnectionInput {
	return ConnectionInput{
		Name: con.Name, LinkName: string(con.LinkName), Service: string(con.Service), Scopes: append([]string{}, con.Scopes...),
		UseLoginUserCredentials: con.UseLoginUserCredentials, UsableBy: string(con.UsableBy),
	}
}

// Make stores it; conflict when the connection moved on.
func (ch *ConnectionChange) Make(ctx context.Context, changes *store.Changes) (err error) {
	entry := ch.by.Audit(lanyard.ActionConnectionEdit, string(ch.New.ID), string(ch.New.LinkName))
	ch.erased, err = changes.UpdateConnection(ctx, ch.Old.Version, ch.New, ch.Erases != "", ch.Erases, entry)
	return err
}

// Made tells the providers.
func (ch *ConnectionChange) Made(ctx context.Context) {
	ch.registry.revoker.Erased(ctx, ch.service, ch.erased)
}
