package credential

import (
	"context"
	"net/url"
	"sync/atomic"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/scheme"
	"lanyard/internal/store"
)

// Connection is a connection with its service, ready for use. It is shared and never changed.
type Connection struct {
	lanyard.Connection
	Service *lanyard.Service
	epoch   uint64
}

// Live is one user's authorization of a connection with its opened credential, ready for use. It is shared and never
// changed: a refresh makes another one.
type Live struct {
	On            *Connection
	Authorization lanyard.Authorization
	Credential    *lanyard.Credential // its Parameters are complete
	Placer        scheme.Placer
	Hosts         lanyard.HostRules
	BaseURL       *url.URL // filled; nil when the service has none
	BaseAllowed   bool     // its host is one that the service lists
	// Answers and Words take the credential out of what others say: a whole answer, and a few words for a person.
	Answers, Words lanyard.Masker
}

type connectionKey struct {
	organization lanyard.OrganizationID
	linkName     lanyard.LinkName
}

type liveKey struct {
	organization lanyard.OrganizationID
	connection   lanyard.ConnectionID
	user         lanyard.UserID
}

// epoch ends every warm connection at once when it moves: a service's definition stands behind any number of them.
type epoch struct{ atomic.Uint64 }

// Find gives the connection of that link name in the organization. Warm, it asks the database nothing. The error for
// one that is absent is access.NoConnection's.
func (k *Keeper) Find(ctx context.Context, org lanyard.OrganizationID, name lanyard.LinkName) (*Connection, error) {
	key := connectionKey{org, name}
	if !k.Store.Listening() {
		// What other replicas change would go unnoticed.
		return k.load(ctx, key)
	}
	if con, ok := k.connections.GetIfPresent(key); ok {
		if con.epoch == k.epoch.Load() {
			return con, nil
		}
		k.connections.Invalidate(key)
	}
	return k.connections.Get(ctx, key, connectionLoader{k})
}

type connectionLoader struct{ *Keeper }

func (l connectionLoader) Load(ctx context.Context, key connectionKey) (*Connection, error) {
	return l.load(ctx, key)
}

func (l connectionLoader) Reload(ctx context.Context, key connectionKey, _ *Connection) (*Connection, error) {
	return l.load(ctx, key)
}

func (k *Keeper) load(ctx context.Context, key connectionKey) (*Connection, error) {
	began := k.epoch.Load()
	con, err := k.Store.Connection(ctx, key.organization, key.linkName)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, access.NoConnection(string(key.linkName))
	} else if err != nil {
		return nil, err
	}
	return k.withService(ctx, con, began)
}

func (k *Keeper) withService(ctx context.Context, con *lanyard.Connection, began uint64) (*Connection, error) {
	s, err := k.Services.Of(ctx, con)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, lanyard.Errorf(lanyard.CodeNotConnected, "The service %s of the connection %s was deleted: make a new connection.", con.Service, con.LinkName)
	} else if err != nil {
		return nil, err
	}
	return &Connection{Connection: *con, Service: s, epoch: began}, nil
}

// Live gives the user's authorization of the connection, opened. One that cannot be used is an error that says why,
// with the URL that mends it.
func (k *Keeper) Live(ctx context.Context, con *Connection, user lanyard.UserID) (*Live, error) {
	key := liveKey{con.OrganizationID, con.ID, user}
	if !k.Store.Listening() {
		return k.open(ctx, con, user)
	}
	if live, ok := k.live.GetIfPresent(key); ok {
		if live.On == con {
			return live, nil
		}
		k.live.Invalidate(key) // it belongs to an earlier definition
	}
	live, err := k.live.Get(ctx, key, liveLoader{k, con})
	if err == nil && live.On != con {
		return k.open(ctx, con, user) // joined the load of a caller who held an earlier definition
	}
	return live, err
}

type liveLoader struct {
	*Keeper
	con *Connection
}

func (l liveLoader) Load(ctx context.Context, key liveKey) (*Live, error) {
	return l.open(ctx, l.con, key.user)
}

func (l liveLoader) Reload(ctx context.Context, key liveKey, _ *Live) (*Live, error) {
	return l.open(ctx, l.con, key.user)
}

func (k *Keeper) open(ctx context.Context, con *Connection, user lanyard.UserID) (*Live, error) {
	if !con.UseLoginUserCredentials { // otherwise it is the acting user's own, who would not have come this far
		if err := k.ownerIsActive(ctx, con); err != nil {
			return nil, err
		}
	}
	a, c, err := k.Store.OpenAuthorization(ctx, con.OrganizationID, con.ID, user)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		if con.UseLoginUserCredentials && user != con.Owner {
			// From now on the connection stands in this user's shared list, waiting to be connected.
			if err := k.Store.AddAuthorization(ctx, con.OrganizationID, con.ID, user); err != nil {
				return nil, err
			}
		}
		return nil, k.notConnected(ctx, con, user, nil)
	} else if err != nil {
		return nil, err
	}
	return k.ready(ctx, con, a, c)
}

// ownerIsActive: while the owner of a connection is deactivated, nobody else's calls run with their account. What is kept
// warm is forgotten when that changes, so this is asked only when an authorization is loaded.
func (k *Keeper) ownerIsActive(ctx context.Context, con *Connection) error {
	owner, err := k.Store.User(ctx, con.OrganizationID, con.Owner)
	if err != nil || !owner.Disabled {
		return err
	}
	return lanyard.Errorf(lanyard.CodeNotConnected, "The connection %s runs with the account of %s, who was deactivated. An owner or admin can hand the connection over to somebody else, or reactivate that person.", con.LinkName, owner.Name)
}

// ready makes an authorization as it was read usable, or says why it is not.
func (k *Keeper) ready(ctx context.Context, con *Connection, a *lanyard.Authorization, c *lanyard.Credential) (*Live, error) {
	if a.Status != lanyard.StatusConnected || c == nil {
		return nil, k.notConnected(ctx, con, a.UserID, a)
	}
	filled := *c
	filled.Parameters = con.Service.Complete(c.Parameters)
	c = &filled
	live := &Live{On: con, Authorization: *a, Credential: c}
	live.maskers()
	var err error
	if live.Hosts, err = con.Service.HostRules(c.Parameters); err != nil {
		return nil, lanyard.Errorf(lanyard.CodeReconnectRequired, "The connection %s cannot be used: %s.", con.LinkName, err)
	}
	if con.Service.BaseURL != "" {
		if live.BaseURL, err = con.Service.FillURL(con.Service.BaseURL, c.Parameters); err != nil {
			return nil, lanyard.Errorf(lanyard.CodeReconnectRequired, "The connection %s cannot be used: %s.", con.LinkName, err)
		}
		_, target, err := lanyard.ParseURL(live.BaseURL.String())
		live.BaseAllowed = err == nil && live.Hosts.Allow(target)
	}
	if live.Placer, err = scheme.Bind(con.Service, c, k.Store.Now); err != nil {
		return nil, err
	}
	return live, nil
}

func (l *Live) maskers() {
	secrets := append(l.On.Service.SecretsOf(l.Credential), l.On.Service.Auth.Secret()) // OAuth 1 with PLAINTEXT sends that along (RFC 5849 §3.4.4)
	l.Answers, l.Words = lanyard.NewMasker(lanyard.MaskAnswers, secrets...), lanyard.NewMasker(lanyard.MaskWords, secrets...)
}

// notConnected is the error for an authorization that cannot be used: absent (a is nil), revoked, or to be renewed.
func (k *Keeper) notConnected(ctx context.Context, con *Connection, user lanyard.UserID, a *lanyard.Authorization) error {
	if waits, err := k.Store.HasPending(ctx, con.OrganizationID, con.ID, user); err != nil {
		return err
	} else if waits {
		return lanyard.Errorf(lanyard.CodePendingConfirmation, "This user connected an account to %s, and the application that asked for it has not confirmed it yet: confirm the connect session.", con.LinkName)
	}
	e := &lanyard.Error{ConnectURL: k.connectURL(ctx, con, user)}
	switch {
	case a != nil && a.Status == lanyard.StatusReconnectRequired:
		e.Code, e.Message = lanyard.CodeReconnectRequired, "The connection "+string(con.LinkName)+" has to be connected again. "+a.StatusReason
	case con.UseLoginUserCredentials:
		e.Code, e.Message = lanyard.CodeAuthorizationRequired, "The connection "+string(con.LinkName)+" uses each user's own account, and this user has not connected one yet."
	case con.Origin == lanyard.OriginInternal: // it is the acting user's own too
		e.Code, e.Message = lanyard.CodeAuthorizationRequired, "The connection "+string(con.LinkName)+" is for this user's integration tasks with "+con.Service.Name+", and no account is connected: connect one."
	case a != nil && a.Status == lanyard.StatusRevoked:
		e.Code, e.Message = lanyard.CodeNotConnected, "The connection "+string(con.LinkName)+" was revoked: connect it again."
	default:
		e.Code, e.Message = lanyard.CodeNotConnected, "The connection "+string(con.LinkName)+" is not connected yet."
	}
	return e
}

// Changed forgets what a change in the store made stale, on this replica or another.
func (k *Keeper) Changed(ch store.Change) {
	switch ch.Kind {
	case store.ChangeAll, store.ChangeService, store.ChangeUser:
		k.epoch.Add(1) // a person, too, stands behind any number of connections
	case store.ChangeConnection:
		k.connections.Invalidate(connectionKey{ch.Organization, ch.LinkName})
	case store.ChangeAuthorization:
		k.live.Invalidate(liveKey{ch.Organization, ch.Connection, ch.User})
	}
	k.links.forget(ch)
}
