package registry

import (
	"context"
	"errors"
	"maps"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// OAuthClientInput is what an owner or admin gives: what the provider showed when an application was registered there.
type OAuthClientInput struct {
	ClientID string `json:"client_id"`
	// ClientSecret may be left out (nil) while the client id stays: the stored one stays too. An empty one is for a client
	// that has none.
	ClientSecret *lanyard.Secret `json:"client_secret"`
	// Parameters are values of the service's client parameters. Left out (nil), the stored ones stay.
	Parameters map[string]string `json:"parameters"`
}

const maxClientID = 500

// SetOAuthClient sets the organization's client for a default service and says how many authorizations that revoked.
// Tokens belong to the client they were given to: another client id, or another value that comes with it, ends every
// authorization of every connection of the service, and their providers are told with the old client. Another secret of
// the same client ends none. Setting what is set already does nothing.
func (r *Registry) SetOAuthClient(ctx context.Context, c *lanyard.Caller, name string, in OAuthClientInput) (*ServiceView, int, error) {
	change, err := r.ClientChange(ctx, c, name, in)
	if err != nil {
		return nil, 0, err
	}
	if !change.Changed {
		v, err := r.view(ctx, c, change.Service)
		return v, 0, err
	}
	if err := r.store.Together(ctx, func(changes *store.Changes) error { return change.Make(ctx, changes) }); err != nil {
		return nil, 0, err
	}
	change.Made(ctx)
	v, err := r.view(ctx, c, change.definition.For(c.Organization, change.After))
	return v, len(change.erased), err
}

// ClientChange judges a client as SetOAuthClient does, and stores nothing.
func (r *Registry) ClientChange(ctx context.Context, c *lanyard.Caller, name string, in OAuthClientInput) (*ClientChange, error) {
	if err := access.SetOAuthClient(c); err != nil {
		return nil, err
	}
	old, err := r.service(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if old.Kind != lanyard.KindDefault {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The service %s is a custom one and carries its own client: its author edits it there.", old.LinkName)
	}
	if !old.NeedsClient() {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The service %s is not used with an OAuth client: it can be connected as it is.", old.LinkName)
	}
	definition := r.services.Catalog().Service(old.LinkName)
	if definition == nil {
		return nil, access.NoService(name)
	}
	client, err := r.store.OAuthClient(ctx, c.Organization, old.LinkName)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		client = &lanyard.OAuthClient{Organization: c.Organization, Service: old.LinkName}
	} else if err != nil {
		return nil, err
	}
	set, err := in.check(definition, client)
	if err != nil {
		return nil, err
	}
	keep := client.ClientID == set.ClientID && maps.Equal(client.Parameters, set.Parameters)
	return &ClientChange{
		Changed: client.Version == 0 || !keep || !client.ClientSecret.Equal(set.ClientSecret),
		Before:  client, After: set, Keep: keep, Service: old, definition: definition, by: c, registry: r,
	}, nil
}

// check judges the input for a service as the catalogue has it against the client that is set now, and gives the client
// that is meant.
func (in OAuthClientInput) check(s *lanyard.Service, now *lanyard.OAuthClient) (*lanyard.OAuthClient, error) {
	set := *now
	set.ClientID = in.ClientID
	var f lanyard.FieldErrors
	switch {
	case in.ClientID == "":
		f.Add("/client_id", "this is required")
	case len(in.ClientID) > maxClientID:
		f.Add("/client_id", "a client id has at most %d characters", maxClientID)
	case strings.ContainsFunc(in.ClientID, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		f.Add("/client_id", "a client id holds no blanks or line breaks: look for one at its beginning or end")
	}
	given := in.Parameters
	if given == nil {
		given = map[string]string{}
		for _, p := range s.ClientParameters() {
			given[p.Key] = now.Parameters[p.Key]
		}
	}
	values, err := s.CheckClientValues(given)
	var faults *lanyard.Error
	if errors.As(err, &faults) {
		f = append(f, faults.Fields...)
	}
	set.Parameters = values
	switch {
	case in.ClientSecret != nil:
		set.ClientSecret = *in.ClientSecret
		value := in.ClientSecret.Reveal()
		if len(value) > lanyard.MaxSecret {
			f.Add("/client_secret", "a secret has at most %d bytes", lanyard.MaxSecret)
		}
		if strings.TrimSpace(value) != value {
			f.Add("/client_secret", "a blank or line break stands at its beginning or end")
		}
	case now.Version == 0 || in.ClientID != now.ClientID:
		f.Add("/client_secret", "give the secret that belongs to this client id")
	case err == nil && !maps.Equal(values, now.Parameters):
		// Who may set a client may not read its secret, so it is not sent where they say.
		f.Add("/client_secret", "give the secret that belongs to these values: the one that is set was for others")
	}
	return &set, f.Err()
}

// clientValues are the values that came with the organization's client for a service as the catalogue has it; none for
// whoever may not set them.
func (r *Registry) clientValues(ctx context.Context, c *lanyard.Caller, s *lanyard.Service) (map[string]string, error) {
	if len(s.ClientParameters()) == 0 || access.SetOAuthClient(c) != nil {
		return nil, nil //nolint:nilnil,nilerr // none, or none for this caller
	}
	client, err := r.store.OAuthClient(ctx, c.Organization, s.LinkName)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, nil //nolint:nilnil // none yet
	} else if err != nil {
		return nil, err
	}
	return client.Parameters, nil
}

// OAuthClientPage is what the page of a default service says of the organization's client.
type OAuthClientPage struct {
	*ServiceView
	// MaySet: the caller is an owner or admin. Administrators are those who could, for everybody else.
	MaySet         bool
	Administrators []lanyard.User
}

// OAuthClientPage gives the facts for setting the client of a default service, or for asking somebody who may.
func (r *Registry) OAuthClientPage(ctx context.Context, c *lanyard.Caller, name string) (*OAuthClientPage, error) {
	v, err := r.Service(ctx, c, name)
	if err != nil {
		return nil, err
	}
	p := &OAuthClientPage{ServiceView: v, MaySet: access.SetOAuthClient(c) == nil}
	if !p.MaySet && v.NeedsClient() {
		p.Administrators, err = r.store.Administrators(ctx, c.Organization)
	}
	return p, err
}

// affected counts what the caller would end by an edit, a deletion or another client; nil for whoever may do none of it.
func (r *Registry) affected(ctx context.Context, c *lanyard.Caller, v *ServiceView) (*store.Affected, error) {
	if !v.Editable && !(v.NeedsClient() && access.SetOAuthClient(c) == nil) {
		return nil, nil //nolint:nilnil // nothing to say, and no fault
	}
	affected, err := r.store.ServiceAffected(ctx, c.Organization, v.ID)
	return &affected, err
}
