package credential

import (
	"context"
	"encoding/json"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// revokeTimeout bounds telling a provider; giveUpAfter is how long the background keeps trying.
const (
	revokeTimeout = 15 * time.Second
	giveUpAfter   = 24 * time.Hour
)

// Revoke erases the credential of the caller's user on the connection and tells the provider, where the service has a
// revoke URL. It reports whether the provider confirmed; if not, the background goes on trying for a day.
func (k *Keeper) Revoke(ctx context.Context, c *lanyard.Caller, name string) (bool, error) {
	con, err := k.findDefined(ctx, c, name)
	if err != nil {
		return false, err
	}
	if err := access.Connect(c, &con.Connection); err != nil {
		return false, err
	}
	revoked, err := k.Store.RevokeAuthorization(ctx, c.Organization, con.ID, c.User, "It was revoked.", c.Audit(lanyard.ActionRevoke, string(con.ID), string(con.LinkName)))
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return false, lanyard.Errorf(lanyard.CodeNotConnected, "The connection %s is not connected, so there is nothing to revoke.", con.LinkName)
	} else if err != nil {
		return false, err
	}
	return k.tellNow(ctx, con, revoked.Credential), nil
}

// tellNow tells the provider of a credential that was just erased, and reports whether it confirmed. If not, the
// background goes on.
func (k *Keeper) tellNow(ctx context.Context, con *Connection, erased *lanyard.Credential) bool {
	req := revocationOf(con.Service, erased)
	if req == nil {
		return false
	}
	ctx, done := k.detach(ctx)
	defer done()
	if k.tellProvider(ctx, req) == nil {
		return true
	}
	k.queue(ctx, con.OrganizationID, con.LinkName, req)
	return false
}

// UserOf is one user's standing on a connection, for the connection's owner. Not_found when that user has none.
func (k *Keeper) UserOf(ctx context.Context, c *lanyard.Caller, name string, user lanyard.UserID) (*store.UserAuthorization, error) {
	con, err := k.seen(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if err := access.SeeUsers(c, con); err != nil {
		return nil, err
	}
	return k.userOf(ctx, con, user)
}

func (k *Keeper) userOf(ctx context.Context, con *lanyard.Connection, user lanyard.UserID) (*store.UserAuthorization, error) {
	of, err := k.Store.AuthorizationOf(ctx, con.OrganizationID, con.ID, user)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "The connection %s has no such user.", con.LinkName)
	}
	return of, err
}

// RemoveUser takes somebody else's copy of the caller's own connection away: the credential is erased, the provider is
// told as by Revoke, and the connection leaves that user's shared list until a call is made for them again.
func (k *Keeper) RemoveUser(ctx context.Context, c *lanyard.Caller, name string, user lanyard.UserID) (*store.UserAuthorization, bool, error) {
	con, err := k.findDefined(ctx, c, name)
	if err != nil {
		return nil, false, err
	}
	if err := access.SeeUsers(c, &con.Connection); err != nil {
		return nil, false, err
	}
	if err := access.Manage(c); err != nil {
		return nil, false, err
	}
	if user == con.Owner {
		return nil, false, lanyard.Errorf(lanyard.CodeConflict, "This is your own account: revoke the connection %s instead.", con.LinkName)
	}
	of, err := k.userOf(ctx, &con.Connection, user)
	if err != nil {
		return nil, false, err
	}
	entry := c.Audit(lanyard.ActionRemoveUser, string(con.ID), string(con.LinkName))
	entry.Detail = map[string]string{"user": string(user), "name": of.Name}
	removed, err := k.Store.RemoveAuthorization(ctx, c.Organization, con.ID, user, entry)
	if err != nil {
		return nil, false, err
	}
	return of, k.tellNow(ctx, con, removed.Credential), nil
}

// findDefined is find for a connection whose service may have been deleted: Service is nil then.
func (k *Keeper) findDefined(ctx context.Context, c *lanyard.Caller, name string) (*Connection, error) {
	con, err := k.find(ctx, c, name)
	if lanyard.CodeOf(err) != lanyard.CodeNotConnected {
		return con, err
	}
	bare, err := k.Store.Connection(ctx, c.Organization, lanyard.LinkName(name))
	if err != nil {
		return nil, err
	}
	return &Connection{Connection: *bare}, nil
}

// Erased tells the provider of credentials that were erased with a service or a connection, in the background.
func (k *Keeper) Erased(ctx context.Context, s *lanyard.Service, erased []store.RevokedAuthorization) {
	for _, e := range erased {
		if req := revocationOf(s, e.Credential); req != nil {
			k.queue(ctx, e.Connection.OrganizationID, e.Connection.LinkName, req)
		}
	}
}

// ErasedOf does the same for credentials that were erased with a person, of any services. Gone are the definitions of
// those custom ones that were deleted at the same time.
func (k *Keeper) ErasedOf(ctx context.Context, erased []store.RevokedAuthorization, gone []lanyard.Service) {
	services := map[lanyard.ServiceID]*lanyard.Service{}
	for i := range gone {
		services[gone[i].ID] = &gone[i]
	}
	for i := range erased {
		con := &erased[i].Connection
		s, known := services[con.ServiceID]
		if !known {
			var err error
			if s, err = k.Services.Of(ctx, con); err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
				k.Logger.ErrorContext(ctx, "find where to revoke", "organization", con.OrganizationID, "connection", con.LinkName, "error", err)
				continue
			}
			services[con.ServiceID] = s
		}
		k.Erased(ctx, s, erased[i:i+1])
	}
}

// giveBack revokes tokens that were granted and have no place here.
func (k *Keeper) giveBack(ctx context.Context, con *Connection, c *lanyard.Credential) {
	if req := revocationOf(con.Service, c); req != nil {
		k.queue(ctx, con.OrganizationID, con.LinkName, req)
	}
}

// revocation is what a provider has to be told. It is sealed while it waits.
type revocation struct {
	URL                  string                       `json:"url"`
	ClientID             string                       `json:"client_id"`
	ClientSecret         string                       `json:"client_secret"`
	ClientAuthentication lanyard.ClientAuthentication `json:"client_authentication"`
	ClientIDName         string                       `json:"client_id_name,omitempty"`
	ClientSecretName     string                       `json:"client_secret_name,omitempty"`
	JSON                 bool                         `json:"json,omitempty"`
	Token                string                       `json:"token"`
	TokenTypeHint        string                       `json:"token_type_hint"`
}

// revocationOf says what to tell the provider of a credential; nil when there is nothing to tell.
func revocationOf(s *lanyard.Service, c *lanyard.Credential) *revocation {
	if s == nil || c == nil || s.Auth.OAuth2 == nil || s.Auth.OAuth2.RevokeTokenURL == "" {
		return nil
	}
	a := s.Auth.OAuth2
	u, err := s.FillURL(a.RevokeTokenURL, s.Complete(c.Parameters))
	if err != nil {
		return nil
	}
	r := &revocation{URL: u.String(), ClientID: a.ClientID, ClientSecret: a.ClientSecret.Reveal(), ClientAuthentication: clientAuthentication(a, c),
		ClientIDName: a.ClientIDName, ClientSecretName: a.ClientSecretName, JSON: a.TokenBody == "json"}
	// RFC 7009 §2: revoking a refresh token should end the access tokens of its grant too.
	switch {
	case !c.RefreshToken.IsZero():
		r.Token, r.TokenTypeHint = c.RefreshToken.Reveal(), "refresh_token"
	case !c.AccessToken.IsZero():
		r.Token, r.TokenTypeHint = c.AccessToken.Reveal(), "access_token"
	default:
		return nil
	}
	return r
}

func (k *Keeper) queue(ctx context.Context, org lanyard.OrganizationID, connection lanyard.LinkName, r *revocation) {
	request, err := json.Marshal(r)
	if err == nil {
		now := k.Store.Now()
		err = k.Store.QueueRevocation(ctx, store.ProviderRevocation{Organization: org, Connection: connection, Request: request, NextAt: now, GiveUpAt: now.Add(giveUpAfter)})
	}
	if err != nil {
		k.Logger.ErrorContext(ctx, "note a revocation for the provider", "organization", org, "connection", connection, "error", err)
	}
}

// retryRevocation tells a provider what it was not told yet, and notes what came of it.
func (k *Keeper) retryRevocation(ctx context.Context, due store.ProviderRevocation) {
	ctx, done := k.detach(ctx)
	defer done()
	var r revocation
	err := json.Unmarshal(due.Request, &r)
	if err == nil {
		err = k.tellProvider(ctx, &r)
	}
	now := k.Store.Now()
	if err != nil && now.Before(due.GiveUpAt) {
		if err := k.Store.RetryRevocation(ctx, due.Organization, due.ID, now.Add(backoff(due.Attempts))); err != nil {
			k.Logger.ErrorContext(ctx, "note a revocation for the provider", "organization", due.Organization, "error", err)
		}
		return
	}
	entry := lanyard.AuditEntry{OrganizationID: due.Organization, Action: lanyard.ActionProviderRevocation, ObjectName: string(due.Connection), Detail: map[string]string{"confirmed": "true"}}
	if err != nil {
		entry.Detail["confirmed"] = "false"
	}
	if err := k.Store.FinishRevocation(ctx, due.Organization, due.ID, entry); err != nil {
		k.Logger.ErrorContext(ctx, "note a revocation for the provider", "organization", due.Organization, "error", err)
	}
}
