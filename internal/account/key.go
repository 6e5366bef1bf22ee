package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// maxKeyConnections is how many connections a key can be limited to. They are read with each of its calls.
const maxKeyConnections = 200

// NewKey describes an API key to make.
type NewKey struct {
	Name        string
	ActForUsers bool
	Manage      *bool     // nil: true
	Connections []string  // link names, at most 200; empty: all
	ExpiresAt   time.Time // zero: never
	// ReturnToOrigins are exact origins, at most 20, that connect sessions of the key may lead back to. For a key that
	// acts for users only.
	ReturnToOrigins []string
}

func (a *Accounts) newKey(user *lanyard.User, name, value string, rights lanyard.KeyRights) *lanyard.APIKey {
	return &lanyard.APIKey{
		ID: lanyard.NewAPIKeyID(), OrganizationID: user.OrganizationID, UserID: user.ID,
		Name: name, Hint: value[len(value)-4:], Rights: rights, CreatedAt: a.store.Now(),
	}
}

// CreateKey makes an API key for the caller's user. The key itself is returned this once; a hash of it is kept. A key
// cannot make one that may do more than itself.
func (a *Accounts) CreateKey(ctx context.Context, c *lanyard.Caller, in NewKey) (*lanyard.APIKey, lanyard.Secret, error) {
	draft, err := a.DraftKey(ctx, c, in, nil)
	if err != nil {
		return nil, lanyard.Secret{}, err
	}
	if err := a.store.Together(ctx, func(changes *store.Changes) error { return draft.Make(ctx, changes) }); err != nil {
		return nil, lanyard.Secret{}, err
	}
	return draft.Key, draft.Secret, nil
}

// KeyDraft is an API key that was judged and is not stored yet.
type KeyDraft struct {
	Key    *lanyard.APIKey
	Secret lanyard.Secret // the key itself

	by   *lanyard.Caller
	hash []byte
}

// DraftKey judges an API key as CreateKey does. Coming are connections that are made before it is.
func (a *Accounts) DraftKey(ctx context.Context, c *lanyard.Caller, in NewKey, coming []lanyard.LinkName) (*KeyDraft, error) {
	rights, err := a.judgeKey(ctx, c, in, coming)
	if err != nil {
		return nil, err
	}
	user, err := a.store.User(ctx, c.Organization, c.User)
	if err != nil {
		return nil, err
	}
	value, hash := token("key")
	key := a.newKey(user, in.Name, value, *rights)
	key.ExpiresAt = in.ExpiresAt
	return &KeyDraft{Key: key, Secret: lanyard.NewSecret(keyPrefix + value), by: c, hash: hash}, nil
}

// Make stores it.
func (d *KeyDraft) Make(ctx context.Context, changes *store.Changes) error {
	return changes.CreateAPIKey(ctx, *d.Key, d.hash, d.by.Audit(lanyard.ActionKeyCreate, string(d.Key.ID), d.Key.Name))
}

// RightsChange is other rights of an API key.
type RightsChange struct {
	Key *lanyard.APIKey // as it is
	lanyard.KeyRights

	by *lanyard.Caller
}

// DraftRights judges other rights of one of the caller's own keys, by the rules for a new one. Coming are connections that
// are made before.
func (a *Accounts) DraftRights(ctx context.Context, c *lanyard.Caller, key *lanyard.APIKey, in NewKey, coming []lanyard.LinkName) (*RightsChange, error) {
	rights, err := a.judgeKey(ctx, c, in, coming)
	if err != nil {
		return nil, err
	}
	if key.UserID != c.User {
		return nil, lanyard.Errorf(lanyard.CodeForbidden, "Only its owner changes the rights of the API key %s.", key.Name)
	}
	return &RightsChange{Key: key, KeyRights: *rights, by: c}, nil
}

// Make stores them; conflict when the key was changed in the meantime.
func (ch *RightsChange) Make(ctx context.Context, changes *store.Changes) error {
	entry := ch.by.Audit(lanyard.ActionKeyEdit, string(ch.Key.ID), ch.Key.Name)
	entry.Detail = map[string]string{"manage": strconv.FormatBool(ch.Manage), "act_for_users": strconv.FormatBool(ch.ActForUsers)}
	if n := len(ch.Connections); n > 0 {
		entry.Detail["connections"] = strconv.Itoa(n)
	}
	return changes.SetKeyRights(ctx, ch.Key, ch.KeyRights, entry)
}

// judgeKey judges a key that the caller makes or changes, and gives its rights.
func (a *Accounts) judgeKey(ctx context.Context, c *lanyard.Caller, in NewKey, coming []lanyard.LinkName) (*lanyard.KeyRights, error) {
	if err := access.ManageAlone(c); err != nil {
		return nil, err
	}
	var f lanyard.FieldErrors
	f.Check("/name", lanyard.CheckName(in.Name))
	rights := lanyard.KeyRights{ActForUsers: in.ActForUsers, Manage: in.Manage == nil || *in.Manage}
	if len(in.Connections) > maxKeyConnections {
		f.Add("/connections", "a key is limited to %d connections at most, and these are %d", maxKeyConnections, len(in.Connections))
		return nil, f.Err()
	}
	for i, name := range in.Connections {
		link, err := lanyard.ParseLinkName(name)
		f.Check(fmt.Sprintf("/connections/%d", i), err)
		rights.Connections = append(rights.Connections, link)
	}
	checkOrigins(&f, in)
	rights.ReturnToOrigins = in.ReturnToOrigins
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(a.store.Now()) {
		f.Add("/expires_at", "this time has passed")
	}
	if len(f) == 0 {
		if err := a.checkConnections(ctx, c, &f, rights.Connections, coming); err != nil {
			return nil, err
		}
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if rights.ActForUsers && !mayGrantActForUsers(c) {
		return nil, lanyard.Errorf(lanyard.CodeForbidden, "A key that acts for users is made by an owner or admin, with a session or key that may do so itself.")
	}
	return &rights, nil
}

func checkOrigins(f *lanyard.FieldErrors, in NewKey) {
	switch {
	case len(in.ReturnToOrigins) == 0:
	case !in.ActForUsers:
		f.Add("/return_to_origins", "only a key that acts for users connects the users of an application: give it that right, or leave the origins out")
	case len(in.ReturnToOrigins) > lanyard.MaxReturnToOrigins:
		f.Add("/return_to_origins", "a key names %d origins at most, and these are %d", lanyard.MaxReturnToOrigins, len(in.ReturnToOrigins))
	default:
		for i, origin := range in.ReturnToOrigins {
			f.Check(fmt.Sprintf("/return_to_origins/%d", i), lanyard.CheckOrigin(origin))
		}
	}
}

// checkConnections notes link names of connections that the caller's user has no use for. One that is not there and one
// that is not the user's to know read alike.
func (a *Accounts) checkConnections(ctx context.Context, c *lanyard.Caller, f *lanyard.FieldErrors, names, coming []lanyard.LinkName) error {
	if len(names) == 0 {
		return nil
	}
	usable, err := a.store.UsableConnections(ctx, c.Organization, c.User, names)
	if err != nil {
		return err
	}
	for i, name := range names {
		if !slices.Contains(usable, name) && !slices.Contains(coming, name) {
			f.Add(fmt.Sprintf("/connections/%d", i), "there is no connection %s here", name)
		}
	}
	return nil
}

func mayGrantActForUsers(c *lanyard.Caller) bool {
	return access.Has(c.Role, access.RightActForUsers) && (c.Key == "" || c.Rights.ActForUsers)
}

// Keys lists the caller's own keys.
func (a *Accounts) Keys(ctx context.Context, c *lanyard.Caller, p store.Page) ([]lanyard.APIKey, string, error) {
	if err := access.ManageAlone(c); err != nil {
		return nil, "", err
	}
	return a.store.APIKeys(ctx, c.Organization, c.User, p)
}

// Key gives one of the caller's own keys.
func (a *Accounts) Key(ctx context.Context, c *lanyard.Caller, id lanyard.APIKeyID) (*lanyard.APIKey, error) {
	if err := access.ManageAlone(c); err != nil {
		return nil, err
	}
	return a.store.APIKey(ctx, c.Organization, c.User, id)
}

// DeleteKey ends one of the caller's own keys at once, on every replica.
func (a *Accounts) DeleteKey(ctx context.Context, c *lanyard.Caller, id lanyard.APIKeyID) error {
	if err := access.ManageAlone(c); err != nil {
		return err
	}
	return a.store.DeleteAPIKey(ctx, c.Organization, id, c.User, c.Audit(lanyard.ActionKeyDelete, string(id), ""))
}

// CallerByKey says who presents an API key, and for whom: loginUser holds the values of the Lanyard-User header. It
// costs no query while the key is warm.
func (a *Accounts) CallerByKey(ctx context.Context, key string, loginUser []string) (*lanyard.Caller, error) {
	e, err := a.keyEntry(ctx, key)
	if err != nil {
		return nil, err
	}
	switch {
	case len(loginUser) == 0:
		return &e.caller, nil
	case len(loginUser) > 1:
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "Lanyard-User stands twice: a call acts for one user.")
	case !e.caller.Rights.ActForUsers:
		return nil, lanyard.Errorf(lanyard.CodeForbidden, "This API key may not act for users: leave out Lanyard-User, or use a key made with act_for_users.")
	}
	return a.actFor(ctx, e, loginUser[0])
}

func (a *Accounts) keyEntry(ctx context.Context, key string) (*keyEntry, error) {
	value, ok := strings.CutPrefix(key, keyPrefix)
	if !ok || len(value) > maxTokenLength {
		return nil, unknownKey()
	}
	hash := [32]byte(hashToken("key", value))
	now := a.store.Now()
	if e := a.keys.find(hash, now); e != nil && a.store.Listening() {
		a.keys.used(e, now)
		return e, nil
	}
	seen := a.keys.begin()
	apiKey, user, err := a.store.APIKeyByHash(ctx, hash[:])
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, unknownKey()
	} else if err != nil {
		return nil, err
	}
	ref := store.KeyRef{Organization: apiKey.OrganizationID, ID: apiKey.ID, Previous: apiKey.Previous.Presented}
	e := &keyEntry{ref: ref, expiresAt: apiKey.EndsAt(), caller: lanyard.Caller{
		Organization: apiKey.OrganizationID, User: user.ID, Role: user.Role, KeyOwner: user.ID, Key: apiKey.ID, Rights: apiKey.Rights,
	}}
	a.keys.keep(hash, e, seen)
	a.keys.used(e, now)
	return e, nil
}

func unknownKey() error {
	return lanyard.Errorf(lanyard.CodeUnauthenticated, "The API key is not valid: it is unknown, was deleted or has expired.")
}

// actFor is the caller acting for another user of the same organization, named by id or by the host application's own
// id. It never falls back to the key's owner. Whom a warm key acted for lately costs no query either.
func (a *Accounts) actFor(ctx context.Context, e *keyEntry, name string) (*lanyard.Caller, error) {
	if acting := e.actingFor(name); acting != nil {
		return acting, nil
	}
	if name == "" || len(name) > lanyard.MaxExternalID*utf8.UTFMax {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no user of this name here.")
	}
	user, err := a.store.UserNamed(ctx, e.caller.Organization, name)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound || err == nil && user.Disabled {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no user of this name here.")
	} else if err != nil {
		return nil, err
	}
	acting := e.caller
	acting.User, acting.Role, acting.ForUser = user.ID, user.Role, true
	e.keepActing(name, &acting)
	return &acting, nil
}

// Changed forgets what a change in the store made stale.
func (a *Accounts) Changed(ch store.Change) {
	switch ch.Kind {
	case store.ChangeAll, store.ChangeKeys, store.ChangeUser:
		a.keys.forget(ch.Organization)
	}
}

// SaveUse writes when each key was last used, and which sign-ins failed. It is called now and then, never by a request.
func (a *Accounts) SaveUse(ctx context.Context) error {
	errs := a.saveFailed(ctx)
	if used := a.keys.takeUsed(); len(used) > 0 {
		errs = errors.Join(errs, a.store.TouchAPIKeys(ctx, used))
	}
	return errs
}
