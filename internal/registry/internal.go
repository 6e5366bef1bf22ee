package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// internalTries is how often an internal connection is looked for again when somebody else was faster. Each time that
// somebody's change went through, so this many in a row do not happen.
const internalTries = 10

// errFaster: somebody else made or changed the same thing at the same moment, so it has to be read again.
var errFaster = errors.New("somebody else was faster")

// InternalConnection gives the connection that integration tasks of a default service use when they name none: the
// acting user's own, usable by nobody else. It is made when a task first asks for it, once however many ask, and is not
// connected then. Scopes that it does not have yet are added; what was authorized without them is erased, because consent
// is needed again. Warm, it asks the database nothing.
//
// Errors: login_user_required when the call is for nobody, forbidden for a key that is limited to other connections,
// not_found for a service that there is not, conflict with the remedy for one that is not ready to be connected,
// invalid_request as by [lanyard.Connection.Validate].
func (r *Registry) InternalConnection(ctx context.Context, c *lanyard.Caller, service lanyard.LinkName, scopes []string) (*lanyard.Connection, error) {
	if err := access.Internal(c); err != nil {
		return nil, err
	}
	key := internalKey{c.Organization, c.User, service}
	if con := r.internal.of(r.store, key); con != nil && holds(con.Scopes, scopes) && access.Invoke(c, con) == nil {
		return con, nil
	}
	for try := range internalTries {
		began := r.internal.epoch.Load()
		con, err := r.store.InternalConnection(ctx, c.Organization, c.User, lanyard.ServiceID(service))
		switch {
		case lanyard.CodeOf(err) == lanyard.CodeNotFound:
			con, err = r.makeInternal(ctx, c, service, scopes, try)
		case err == nil:
			con, err = r.widenInternal(ctx, c, con, scopes)
		}
		if errors.Is(err, errFaster) {
			continue
		} else if err != nil {
			return nil, err
		}
		r.internal.keep(key, con, began)
		return con, nil
	}
	return nil, lanyard.Errorf(lanyard.CodeConflict, "The internal connection with %s is being changed by others at this very moment: try again.", service)
}

// makeInternal makes the connection, not connected yet.
func (r *Registry) makeInternal(ctx context.Context, c *lanyard.Caller, service lanyard.LinkName, scopes []string, try int) (*lanyard.Connection, error) {
	if err := access.MakeInternal(c); err != nil {
		return nil, err
	}
	s, err := r.service(ctx, c, string(service))
	if err != nil {
		return nil, err
	}
	if s.Kind != lanyard.KindDefault {
		// A member defined it, so what a task of the default service would send is not for its hosts.
		return nil, lanyard.Errorf(lanyard.CodeConflict, "In this organization %s is a custom service, and only the services that come with Lanyard get internal connections: name a connection in the integration task.", service)
	}
	if err := s.CheckClient(); err != nil {
		return nil, err
	}
	con := &lanyard.Connection{
		ID: lanyard.NewConnectionID(), OrganizationID: c.Organization, Name: nameOfInternal(s), Service: s.LinkName, ServiceID: s.ID,
		Scopes: withScopes(nil, scopes), Origin: lanyard.OriginInternal, Owner: c.User, UsableBy: lanyard.UsableByOwner,
	}
	base := internalPrefix + s.LinkName
	if try == 0 {
		if con.LinkName, err = r.freeLinkName(ctx, c.Organization, base); err != nil {
			return nil, err
		}
	} else {
		con.LinkName = apart(base) // others are after the same names
	}
	if err := con.Validate(s); err != nil {
		return nil, err
	}
	err = r.store.CreateConnection(ctx, con, auditInternal(c, lanyard.ActionConnectionCreate, con, con.Scopes))
	if lanyard.CodeOf(err) == lanyard.CodeConflict {
		return nil, errFaster
	}
	return con, err
}

// widenInternal adds the scopes that the connection does not have yet.
func (r *Registry) widenInternal(ctx context.Context, c *lanyard.Caller, old *lanyard.Connection, scopes []string) (*lanyard.Connection, error) {
	if err := access.Invoke(c, old); err != nil {
		return nil, err
	}
	if holds(old.Scopes, scopes) {
		return old, nil
	}
	s, err := r.services.Of(ctx, old)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, access.NoService(string(old.Service))
	} else if err != nil {
		return nil, err
	}
	con := *old
	var asked []lanyard.Scope // so far
	if o := s.Auth.OAuth2; o != nil {
		asked = o.Asks(old.Scopes)
		// One that left the catalogue is of no use to anybody, and would not let the rest be connected.
		con.Scopes = slices.DeleteFunc(slices.Clone(old.Scopes), func(scope string) bool { return !hasScope(o.Scopes, scope) })
	}
	con.Scopes = withScopes(con.Scopes, scopes)
	if err := con.Validate(s); err != nil {
		return nil, err
	}
	added := slices.DeleteFunc(slices.Clone(con.Scopes), func(scope string) bool { return slices.Contains(old.Scopes, scope) })
	// What every connection of the service asks for was consented to before it was named.
	erase := slices.ContainsFunc(added, func(scope string) bool { return !hasScope(asked, scope) })
	erased, err := r.store.UpdateConnection(ctx, old.Version, &con, erase, "An integration task needs more scopes than were asked for: consent is needed again.",
		auditInternal(c, lanyard.ActionConnectionEdit, &con, added))
	switch lanyard.CodeOf(err) {
	case lanyard.CodeConflict, lanyard.CodeNotFound:
		return nil, errFaster
	}
	if err != nil {
		return nil, err
	}
	r.revoker.Erased(ctx, s, erased)
	return &con, nil
}

func auditInternal(c *lanyard.Caller, action lanyard.Action, con *lanyard.Connection, scopes []string) lanyard.AuditEntry {
	entry := c.Audit(action, string(con.ID), string(con.LinkName))
	entry.Detail = map[string]string{"origin": string(lanyard.OriginInternal), "scopes": strings.Join(scopes, " ")}
	return entry
}

func holds(scopes, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(scope string) bool { return !slices.Contains(scopes, scope) })
}

func hasScope(scopes []lanyard.Scope, value string) bool {
	return slices.ContainsFunc(scopes, func(s lanyard.Scope) bool { return s.Value == value })
}

// withScopes adds those scopes that are not in the list, each once.
func withScopes(list, more []string) []string {
	list = slices.Clone(list)
	for _, scope := range more {
		if !slices.Contains(list, scope) {
			list = append(list, scope)
		}
	}
	return list
}

// nameOfInternal is the display name of an internal connection.
func nameOfInternal(s *lanyard.Service) string {
	const after, most = " (internal)", 50
	name := []rune(s.Name)
	return strings.TrimSpace(string(name[:min(len(name), most-len(after))])) + after
}

const internalPrefix = "internal_"

// KeptForInternal reports whether a link name could be that of an internal connection. Nobody else gets it: a script that
// names it would use somebody's connection and be taken for one that uses its caller's own.
func (d *Directory) KeptForInternal(link lanyard.LinkName) bool {
	name, ok := strings.CutPrefix(string(link), internalPrefix)
	if !ok {
		return false
	}
	known := d.Catalog()
	service := name[:max(strings.LastIndexByte(name, '_'), 0)] // without the number
	return known.Has(lanyard.LinkName(name)) || known.Has(lanyard.LinkName(service))
}

// internalCache keeps internal connections in memory. They change so seldom that a change of any forgets all.
type internalCache struct {
	cache *otter.Cache[internalKey, internalEntry]
	epoch atomic.Uint64 // moves with each change; entries of an earlier one count for nothing
}

type internalKey struct {
	organization lanyard.OrganizationID
	user         lanyard.UserID
	service      lanyard.LinkName
}

type internalEntry struct {
	con   *lanyard.Connection
	epoch uint64
}

func newInternalCache() *internalCache {
	return &internalCache{cache: otter.Must(&otter.Options[internalKey, internalEntry]{MaximumSize: 10_000})}
}

// of gives what is kept; nil when nothing is. What is given is shared and never changed.
func (i *internalCache) of(s *store.Store, key internalKey) *lanyard.Connection {
	if !s.Listening() {
		return nil // what other replicas change would go unnoticed
	}
	entry, ok := i.cache.GetIfPresent(key)
	if !ok || entry.epoch != i.epoch.Load() {
		return nil
	}
	return entry.con
}

// keep keeps what was read or stored after the epoch was looked at.
func (i *internalCache) keep(key internalKey, con *lanyard.Connection, began uint64) {
	i.cache.Set(key, internalEntry{con, began})
}

func (i *internalCache) changed(ch store.Change) {
	switch ch.Kind {
	case store.ChangeAll, store.ChangeUser:
		i.epoch.Add(1)
	case store.ChangeConnection:
		if strings.HasPrefix(string(ch.LinkName), internalPrefix) {
			i.epoch.Add(1)
		}
	}
}
