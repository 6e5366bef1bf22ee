package credential

import (
	"context"
	"slices"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// Detail is what the page of a connection tells: the connection as the caller's user sees it, and how that user's own
// authorization stands.
type Detail struct {
	Connection    *lanyard.Connection
	Service       *lanyard.Service       // nil: it was deleted
	Owner         string                 // name of the connection's owner
	ServiceAuthor string                 // name of the member who defined the service; empty for a default one
	Authorization *lanyard.Authorization // nil: none
	Renewable     bool                   // its token is refreshed without anybody's doing
	Hosts         []string               // that the credential may go to, filled with the user's own values where there are any
	AnyHost       bool
	Scopes        []ScopeStanding // the connection's scopes, and what else was granted
}

// ScopeStanding is how a scope was asked for and granted.
type ScopeStanding struct {
	lanyard.Scope
	Asked   bool // the connection asks for it
	Granted bool // what is stored was granted with it; always false while nothing is
}

// Detail gives the facts of a connection's page. It opens the caller's own authorization, for where its values lead,
// but neither refreshes nor changes anything.
func (k *Keeper) Detail(ctx context.Context, c *lanyard.Caller, name string) (*Detail, error) {
	con, err := k.seen(ctx, c, name)
	if err != nil {
		return nil, err
	}
	d := &Detail{Connection: con}
	a, cred, err := k.Store.OpenAuthorization(ctx, c.Organization, con.ID, c.User)
	if err == nil {
		d.Authorization = a
	} else if lanyard.CodeOf(err) != lanyard.CodeNotFound {
		return nil, err
	}
	if d.Owner, err = k.nameOf(ctx, c.Organization, con.Owner); err != nil {
		return nil, err
	}
	s, err := k.Services.Of(ctx, con)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return d, nil // it was deleted
	} else if err != nil {
		return nil, err
	}
	d.Service = s
	if d.ServiceAuthor, err = k.nameOf(ctx, c.Organization, s.Author); err != nil {
		return nil, err
	}
	d.Renewable = cred != nil && renewable(s, cred)
	d.reach(cred)
	d.Scopes = scopeStandings(s, con, d.Authorization, cred != nil)
	return d, nil
}

// seen is the connection of a page, if the caller may see it.
func (k *Keeper) seen(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Connection, error) {
	link, err := lanyard.ParseLinkName(name)
	if err != nil {
		return nil, access.NoConnection(name)
	}
	con, err := k.Store.Connection(ctx, c.Organization, link)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, access.NoConnection(name)
	} else if err != nil {
		return nil, err
	}
	return con, access.SeeConnection(c, con)
}

// nameOf is what a user is called; empty for nobody, and for somebody who is gone.
func (k *Keeper) nameOf(ctx context.Context, org lanyard.OrganizationID, id lanyard.UserID) (string, error) {
	if id == "" {
		return "", nil
	}
	user, err := k.Store.User(ctx, org, id)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return user.Name, nil
}

// reach says where the credential goes. While there are no values, and where they do not fill the service's patterns, as
// after an edit, the patterns stand as they are.
func (d *Detail) reach(cred *lanyard.Credential) {
	d.Hosts = d.Service.ShownHosts()
	if cred != nil {
		if rules, err := d.Service.HostRules(d.Service.Complete(cred.Parameters)); err == nil {
			d.Hosts = rules.Patterns()
		}
	}
	d.AnyHost = slices.ContainsFunc(d.Hosts, func(host string) bool {
		pattern, err := lanyard.ParseHostPattern(host)
		return err == nil && pattern.Any()
	})
}

// scopeStandings compares what the connection asks for with what was granted. A provider that says nothing granted what
// it was asked for then (RFC 6749 §5.1).
func scopeStandings(s *lanyard.Service, con *lanyard.Connection, a *lanyard.Authorization, connected bool) []ScopeStanding {
	if s.Auth.OAuth2 == nil {
		return nil
	}
	var granted []string
	if connected {
		granted = a.Scopes
		if a.GrantedScope != "" {
			granted = splitScopes(a.GrantedScope)
			// Of scopes with a parameter of their own the answer says nothing there.
			for _, scope := range s.Auth.OAuth2.Scopes {
				if scope.Param != "" && slices.Contains(a.Scopes, scope.Value) && !slices.Contains(granted, scope.Value) {
					granted = append(granted, scope.Value)
				}
			}
		}
	}
	named := func(value string) lanyard.Scope {
		i := slices.IndexFunc(s.Auth.OAuth2.Scopes, func(known lanyard.Scope) bool { return known.Value == value })
		if i < 0 {
			return lanyard.Scope{Name: value, Value: value}
		}
		return s.Auth.OAuth2.Scopes[i]
	}
	var all []ScopeStanding
	for _, scope := range s.Auth.OAuth2.Asks(con.Scopes) {
		all = append(all, ScopeStanding{scope, true, slices.Contains(granted, scope.Value)})
	}
	for _, value := range granted {
		if !slices.ContainsFunc(all, func(has ScopeStanding) bool { return has.Value == value }) {
			all = append(all, ScopeStanding{named(value), false, true})
		}
	}
	return all
}

// Authorizations lists who connected a connection with *Use credentials of login user*, for its owner: who they are and
// how they stand, nothing of their accounts.
func (k *Keeper) Authorizations(ctx context.Context, c *lanyard.Caller, name string, p store.Page) ([]store.UserAuthorization, string, error) {
	con, err := k.seen(ctx, c, name)
	if err != nil {
		return nil, "", err
	}
	if err := access.SeeUsers(c, con); err != nil {
		return nil, "", err
	}
	return k.Store.AuthorizationsOf(ctx, c.Organization, con.ID, p)
}
