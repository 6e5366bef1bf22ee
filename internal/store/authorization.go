package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"lanyard"
)

const authorizationColumns = `a.organization_id, a.id, a.connection_id, a.user_id, a.status, a.status_reason, a.scopes, a.granted_scope,
	a.account, a.service_version, a.generation, a.expires_at, a.lifetime, a.refresh_due_at, a.refreshed_at, a.forced_at,
	a.attempt_at, a.retry_at, a.refresh_failures, a.last_error, a.last_used_at, a.created_at, a.updated_at`

func authorizationTargets(a *lanyard.Authorization) []any {
	return []any{
		&a.OrganizationID, &a.ID, &a.ConnectionID, &a.UserID, &a.Status, &a.StatusReason, decoded{&a.Scopes}, &a.GrantedScope,
		&a.Account, &a.ServiceVersion, &a.Generation, instant{&a.ExpiresAt}, duration{&a.Lifetime, time.Millisecond},
		instant{&a.RefreshDue}, instant{&a.RefreshedAt}, instant{&a.ForcedAt},
		instant{&a.AttemptAt}, instant{&a.RetryAt}, &a.RefreshFailure, &a.LastError, instant{&a.LastUsedAt}, instant{&a.CreatedAt}, instant{&a.UpdatedAt},
	}
}

func scanAuthorization(row scanner) (a lanyard.Authorization, err error) {
	err = row.Scan(authorizationTargets(&a)...)
	return a, err
}

// sealedAuthorization is an authorization with its credential as it is stored.
type sealedAuthorization struct {
	lanyard.Authorization
	sealed []byte // nil unless connected
}

func scanSealedAuthorization(row scanner) (a sealedAuthorization, err error) {
	err = row.Scan(append(authorizationTargets(&a.Authorization), &a.sealed)...)
	return a, err
}

// erased is what every authorization loses with its credential. The generation grows, so that a refresh that is under
// way cannot bring a credential back.
const erased = `credential_sealed = NULL, refresh_fingerprint = '', generation = generation + 1, expires_at = 0, lifetime = 0, refresh_due_at = 0,
	lease_until = 0, attempt_at = 0, retry_at = 0, refresh_failures = 0, last_error = ''`

// Authorization gives a user's standing on a connection; not_found when there is none.
func (s *Store) Authorization(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, user lanyard.UserID) (*lanyard.Authorization, error) {
	const query = `SELECT ` + authorizationColumns + ` FROM authorizations a
		WHERE a.organization_id = $1 AND a.connection_id = $2 AND a.user_id = $3`
	return find(ctx, s.reads, "authorization", scanAuthorization, query, org, connection, user)
}

// UserAuthorization is one user's standing on a connection, as its owner sees it.
type UserAuthorization struct {
	User        lanyard.UserID
	Name        string
	ExternalID  string // the host application's own id for that user; may be empty
	Status      lanyard.Status
	Reason      string    // in plain words; empty while connected
	ConnectedAt time.Time // last credential stored; zero: none yet
	LastUsedAt  time.Time // as of the authorization
}

const userAuthorizations = `SELECT a.user_id, u.name, coalesce(u.external_id, ''), a.status, a.status_reason, a.refreshed_at, a.last_used_at
	FROM authorizations a JOIN users u ON u.organization_id = a.organization_id AND u.id = a.user_id
	WHERE a.organization_id = $1 AND a.connection_id = $2`

func scanUserAuthorization(row scanner) (a UserAuthorization, err error) {
	err = row.Scan(&a.User, &a.Name, &a.ExternalID, &a.Status, &a.Reason, instant{&a.ConnectedAt}, instant{&a.LastUsedAt})
	return a, err
}

// AuthorizationOf gives one user's standing on a connection as its owner sees it; not_found when there is none.
func (s *Store) AuthorizationOf(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, user lanyard.UserID) (*UserAuthorization, error) {
	return find(ctx, s.reads, "authorization", scanUserAuthorization, userAuthorizations+` AND a.user_id = $3`, org, connection, user)
}

// AuthorizationsOf lists the authorizations of a connection, those of its owner included, in the order of users' ids.
func (s *Store) AuthorizationsOf(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, page Page) ([]UserAuthorization, string, error) {
	list := "authorizations " + string(connection)
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{userAuthorizations, []any{org, connection}}
	if after != "" {
		w.and(`a.user_id > `, after)
	}
	found, err := all(ctx, s.reads, scanUserAuthorization, w.limit(`a.user_id`, rows), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list the authorizations of connection %s: %w", connection, err)
	}
	found, next := Cut(list, org, found, rows, func(a *UserAuthorization) string { return string(a.User) })
	return found, next, nil
}

// OpenAuthorization is [Store.Authorization] with the credential; that is nil unless the status is connected.
func (s *Store) OpenAuthorization(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, user lanyard.UserID) (*lanyard.Authorization, *lanyard.Credential, error) {
	const query = `SELECT ` + authorizationColumns + `, a.credential_sealed FROM authorizations a
		WHERE a.organization_id = $1 AND a.connection_id = $2 AND a.user_id = $3`
	return s.openAuthorization(find(ctx, s.reads, "authorization", scanSealedAuthorization, query, org, connection, user))
}

// OpenAuthorizationByID is [Store.OpenAuthorization] for a known id.
func (s *Store) OpenAuthorizationByID(ctx context.Context, org lanyard.OrganizationID, id lanyard.AuthorizationID) (*lanyard.Authorization, *lanyard.Credential, error) {
	const query = `SELECT ` + authorizationColumns + `, a.credential_sealed FROM authorizations a
		WHERE a.organization_id = $1 AND a.id = $2`
	return s.openAuthorization(find(ctx, s.reads, "authorization", scanSealedAuthorization, query, org, id))
}

func (s *Store) openAuthorization(a *sealedAuthorization, err error) (*lanyard.Authorization, *lanyard.Credential, error) {
	if err != nil {
		return nil, nil, err
	}
	if a.Status != lanyard.StatusConnected {
		return &a.Authorization, nil, nil
	}
	c, err := s.openCredential(a.sealed, credentialCell(a.OrganizationID, a.ID, a.Generation))
	if err != nil {
		return nil, nil, err
	}
	return &a.Authorization, c, nil
}

// openForRevoking opens a credential that is about to be erased. One that does not open is erased all the same: the
// provider cannot be told, and the log says so.
func (s *Store) openForRevoking(ctx context.Context, a *sealedAuthorization) *lanyard.Credential {
	if a.sealed == nil {
		return nil
	}
	c, err := s.openCredential(a.sealed, credentialCell(a.OrganizationID, a.ID, a.Generation))
	if err != nil {
		s.log.ErrorContext(ctx, "a credential that is being erased does not open, so its provider is not told",
			slog.String("organization", string(a.OrganizationID)), slog.String("authorization", string(a.ID)), slog.Any("error", err))
		return nil
	}
	return c
}

// Authorizations lists everybody's standing on a connection, oldest first.
func (s *Store) Authorizations(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID) ([]lanyard.Authorization, error) {
	const query = `SELECT ` + authorizationColumns + ` FROM authorizations a
		WHERE a.organization_id = $1 AND a.connection_id = $2 ORDER BY a.created_at, a.id`
	list, err := all(ctx, s.reads, scanAuthorization, query, org, connection)
	if err != nil {
		return nil, fmt.Errorf("list the authorizations of connection %s: %w", connection, err)
	}
	return list, nil
}

// refreshFingerprint tells equal refresh tokens of one organization without opening them; empty when there is none.
func refreshFingerprint(org lanyard.OrganizationID, c *lanyard.Credential) string {
	if c.RefreshToken.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte("refresh token\x00" + string(org) + "\x00" + c.RefreshToken.Reveal()))
	return hex.EncodeToString(sum[:16])
}

// SameRefreshToken lists the connections whose stored refresh token is the same as this authorization's: where one of
// them is refreshed, a provider that rotates refresh tokens ends the others.
func (s *Store) SameRefreshToken(ctx context.Context, org lanyard.OrganizationID, id lanyard.AuthorizationID) ([]lanyard.LinkName, error) {
	const query = `SELECT c.link_name FROM authorizations a
		JOIN authorizations b ON b.organization_id = a.organization_id AND b.refresh_fingerprint = a.refresh_fingerprint AND b.id <> a.id
		JOIN connections c ON c.organization_id = b.organization_id AND c.id = b.connection_id
		WHERE a.organization_id = $1 AND a.id = $2 AND a.refresh_fingerprint <> '' AND b.refresh_fingerprint <> '' ORDER BY c.link_name LIMIT 10`
	list, err := all(ctx, s.reads, column[lanyard.LinkName], query, org, id)
	if err != nil {
		return nil, fmt.Errorf("look for the same refresh token: %w", err)
	}
	return list, nil
}

// AddAuthorization notes, as not_connected, that a user was asked to connect; from then on the connection is in that
// user's shared list. Where the user has a standing already, nothing changes. Not_found when connection or user are.
func (s *Store) AddAuthorization(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, user lanyard.UserID) error {
	return s.tx(ctx, func(t *tx) error {
		const query = `SELECT ` + connectionColumns + ` FROM connections c WHERE c.organization_id = $1 AND c.id = $2`
		c, err := find(ctx, t.sql, "connection", scanConnection, query, org, connection)
		if err != nil {
			return err
		}
		const insert = `INSERT INTO authorizations (organization_id, id, connection_id, user_id, shared_link_name, link_name, status, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, 'not_connected', $7, $7) ON CONFLICT (organization_id, connection_id, user_id) DO NOTHING`
		added, err := t.exec(ctx, insert, org, lanyard.NewAuthorizationID(), connection, user, sharedLinkName(c, user), c.LinkName, millis(s.Now()))
		if err != nil {
			return fmt.Errorf("add an authorization to connection %s: %w", connection, err)
		}
		if added > 0 {
			t.tell(Change{Kind: ChangeAuthorization, Organization: org, Connection: connection, LinkName: c.LinkName, User: user})
		}
		return nil
	})
}

// sharedLinkName is the copy of the link name by which somebody else's connection is found in a user's shared list. One
// that came with an extension is in a list of its own.
func sharedLinkName(c *lanyard.Connection, user lanyard.UserID) sql.NullString {
	return sql.NullString{String: string(c.LinkName), Valid: c.Owner != user && c.Origin != lanyard.OriginExtension}
}

// SaveAuthorization stores a credential that a user got by connecting, in the place of the one before, which is
// returned as previous. Of a it takes ids, scopes, granted scope, account, service version, expiry, lifetime and when
// to refresh; what it stored is in a afterwards. A refresh that is under way for the older credential has no effect.
//
// Ok is false, and nothing is stored, when the connection was deleted meanwhile, or its custom service is no longer of
// a.ServiceVersion: then the caller revokes the new credential at the provider. An audit entry without an object gets
// the authorization's id.
func (s *Store) SaveAuthorization(ctx context.Context, a *lanyard.Authorization, c *lanyard.Credential, audit lanyard.AuditEntry) (ok bool, previous *lanyard.Credential, err error) {
	saved := *a
	err = s.tx(ctx, func(t *tx) (err error) {
		ok, previous, err = t.saveAuthorization(ctx, &saved, c, audit)
		return err
	})
	if err != nil || !ok {
		return false, nil, err
	}
	*a = saved
	return true, previous, nil
}

func (t *tx) saveAuthorization(ctx context.Context, a *lanyard.Authorization, c *lanyard.Credential, audit lanyard.AuditEntry) (ok bool, previous *lanyard.Credential, err error) {
	connection, there, err := t.lockConnectable(ctx, a)
	if !there || err != nil {
		return false, nil, err
	}
	const query = `SELECT ` + authorizationColumns + `, a.credential_sealed FROM authorizations a
		WHERE a.organization_id = $1 AND a.connection_id = $2 AND a.user_id = $3`
	before, err := one(ctx, t.sql, scanSealedAuthorization, query+t.store.dialect.lock("a"), a.OrganizationID, a.ConnectionID, a.UserID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, nil, fmt.Errorf("find the authorization to replace: %w", err)
	}
	*a = connected(a, &before.Authorization, t.store.Now())
	if err := t.writeAuthorization(ctx, a, c, &connection, before.ID == ""); err != nil {
		return false, nil, err
	}
	if audit.Object == "" {
		audit.Object = string(a.ID)
	}
	t.tell(Change{Kind: ChangeAuthorization, Organization: a.OrganizationID, Connection: a.ConnectionID, LinkName: connection.LinkName, User: a.UserID})
	return true, t.store.openForRevoking(ctx, &before), t.audit(ctx, a.OrganizationID, audit)
}

// lockConnectable locks the connection and what its service is made of here, the definition of a custom one or the OAuth
// client of a default one, so that neither can change before the authorization is stored. There is none when they are no
// longer what the person consented to.
func (t *tx) lockConnectable(ctx context.Context, a *lanyard.Authorization) (c lanyard.Connection, there bool, err error) {
	const query = `SELECT ` + connectionColumns + ` FROM connections c WHERE c.organization_id = $1 AND c.id = $2`
	c, err = one(ctx, t.sql, scanConnection, query+t.store.dialect.lock("c"), a.OrganizationID, a.ConnectionID)
	there = true
	switch {
	case err != nil:
	case c.WithDefault():
		var version int64
		version, err = t.clientVersion(ctx, a.OrganizationID, c.Service)
		there = version == lanyard.ClientVersion(a.ServiceVersion)
	default:
		const service = `SELECT s.id FROM services s WHERE s.organization_id = $1 AND s.id = $2 AND s.version = $3`
		_, err = one(ctx, t.sql, column[string], service+t.store.dialect.lock("s"), a.OrganizationID, c.ServiceID, a.ServiceVersion)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("lock connection %s and its service: %w", a.ConnectionID, err)
	}
	return c, there, nil
}

// connected is the authorization that given becomes when it takes the place of before.
func connected(given, before *lanyard.Authorization, now time.Time) lanyard.Authorization {
	a := lanyard.Authorization{
		ID: before.ID, OrganizationID: given.OrganizationID, ConnectionID: given.ConnectionID, UserID: given.UserID,
		Status: lanyard.StatusConnected, Scopes: given.Scopes, GrantedScope: clean(given.GrantedScope), Account: clean(given.Account),
		ServiceVersion: given.ServiceVersion, Generation: before.Generation + 1,
		ExpiresAt: given.ExpiresAt, Lifetime: given.Lifetime, RefreshDue: given.RefreshDue, RefreshedAt: now,
		LastUsedAt: before.LastUsedAt, CreatedAt: before.CreatedAt, UpdatedAt: now,
	}
	if a.ID == "" {
		a.ID, a.CreatedAt = given.ID, now
	}
	if a.ID == "" {
		a.ID = lanyard.NewAuthorizationID()
	}
	return a
}

func (t *tx) writeAuthorization(ctx context.Context, a *lanyard.Authorization, c *lanyard.Credential, of *lanyard.Connection, insert bool) error {
	sealed, err := t.store.sealCredential(c, credentialCell(a.OrganizationID, a.ID, a.Generation))
	if err != nil {
		return err
	}
	scopes, err := encodeList(a.Scopes)
	if err != nil {
		return err
	}
	now := millis(a.UpdatedAt)
	args := []any{a.OrganizationID, a.ID, scopes, a.GrantedScope, a.Account, a.ServiceVersion, sealed, a.Generation,
		millis(a.ExpiresAt), a.Lifetime.Milliseconds(), millis(a.RefreshDue), now, refreshFingerprint(a.OrganizationID, c)}
	query := `UPDATE authorizations SET status = 'connected', status_reason = '', scopes = $3, granted_scope = $4, account = $5,
		service_version = $6, credential_sealed = $7, generation = $8, expires_at = $9, lifetime = $10, refresh_due_at = $11,
		refreshed_at = $12, updated_at = $12, refresh_fingerprint = $13, forced_at = 0, lease_until = 0, attempt_at = 0, retry_at = 0, refresh_failures = 0, last_error = ''
		WHERE organization_id = $1 AND id = $2`
	if insert {
		query = `INSERT INTO authorizations (organization_id, id, scopes, granted_scope, account, service_version, credential_sealed, generation,
			expires_at, lifetime, refresh_due_at, refreshed_at, updated_at, created_at, refresh_fingerprint, connection_id, user_id, shared_link_name, link_name, status)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $12, $13, $14, $15, $16, $17, 'connected')`
		args = append(args, a.ConnectionID, a.UserID, sharedLinkName(of, a.UserID), of.LinkName)
	}
	if _, err := t.exec(ctx, query, args...); err != nil {
		return fmt.Errorf("save authorization %s: %w", a.ID, err)
	}
	return t.authorizationsMoved(ctx, a.OrganizationID, lanyard.EventConnected, a.ID)
}

// RevokedAuthorization is an authorization that just lost its credential, and that credential, so that the provider
// can be told.
type RevokedAuthorization struct {
	Connection    lanyard.Connection
	Authorization lanyard.Authorization // as it is now
	Credential    *lanyard.Credential   // nil: there was none, or it did not open
}

// RevokeAuthorization erases a user's credential on a connection: status revoked, for the reason given. Not_found when
// the user has no standing on it.
func (s *Store) RevokeAuthorization(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, user lanyard.UserID, reason string, audit lanyard.AuditEntry) (RevokedAuthorization, error) {
	return s.endOne(ctx, org, connection, user, reason, audit, func(*tx, lanyard.AuthorizationID) error { return nil })
}

// RemoveAuthorization is [Store.RevokeAuthorization], and nothing stays of the user's standing: the connection leaves
// that user's shared list, and the consents that were begun for it are dropped.
func (s *Store) RemoveAuthorization(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, user lanyard.UserID, audit lanyard.AuditEntry) (RevokedAuthorization, error) {
	const reason = "The owner of the connection took it away."
	return s.endOne(ctx, org, connection, user, reason, audit, func(t *tx, id lanyard.AuthorizationID) error {
		if _, err := t.exec(ctx, `DELETE FROM authorizations WHERE organization_id = $1 AND id = $2`, org, id); err != nil {
			return err
		}
		for _, begun := range []string{
			`DELETE FROM consent_requests WHERE organization_id = $1 AND connection_id = $2 AND user_id = $3 AND used_at = 0`,
			`DELETE FROM connect_links WHERE organization_id = $1 AND connection_id = $2 AND user_id = $3`,
		} {
			if _, err := t.exec(ctx, begun, org, connection, user); err != nil {
				return err
			}
		}
		return nil
	})
}

// endOne takes one user's credential away, tells it, then does what else there is to do, and returns what it was.
func (s *Store) endOne(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, user lanyard.UserID, reason string, audit lanyard.AuditEntry,
	then func(t *tx, id lanyard.AuthorizationID) error,
) (RevokedAuthorization, error) {
	var revoked RevokedAuthorization
	err := s.tx(ctx, func(t *tx) error {
		const query = `SELECT ` + connectionColumns + `, ` + authorizationColumns + `, a.credential_sealed
			FROM authorizations a JOIN connections c ON c.organization_id = a.organization_id AND c.id = a.connection_id
			WHERE a.organization_id = $1 AND a.connection_id = $2 AND a.user_id = $3`
		before, err := find(ctx, t.sql, "authorization", scanEnding, query+t.store.dialect.lock("a"), org, connection, user)
		if err != nil {
			return err
		}
		now := s.Now()
		revoked = before.ended(lanyard.StatusRevoked, clean(reason), now)
		revoked.Credential = s.openForRevoking(ctx, &before.authorization)
		const update = `UPDATE authorizations SET status = 'revoked', status_reason = $3, updated_at = $4, ` + erased + `
			WHERE organization_id = $1 AND id = $2`
		_, err = t.exec(ctx, update, org, before.authorization.ID, clean(reason), millis(now))
		if s := before.authorization.Status; err == nil && (s == lanyard.StatusConnected || s == lanyard.StatusReconnectRequired) {
			err = t.authorizationsMoved(ctx, org, lanyard.EventRevoked, before.authorization.ID)
		}
		if err == nil {
			err = then(t, before.authorization.ID)
		}
		if err != nil {
			return fmt.Errorf("end authorization %s: %w", before.authorization.ID, err)
		}
		t.tell(Change{Kind: ChangeAuthorization, Organization: org, Connection: connection, LinkName: before.connection.LinkName, User: user})
		return t.audit(ctx, org, audit)
	})
	if err != nil {
		return RevokedAuthorization{}, err
	}
	return revoked, nil
}

// ending is an authorization that is about to lose its credential.
type ending struct {
	connection    lanyard.Connection
	authorization sealedAuthorization
}

func scanEnding(row scanner) (e ending, err error) {
	targets := append(connectionTargets(&e.connection), authorizationTargets(&e.authorization.Authorization)...)
	err = row.Scan(append(targets, &e.authorization.sealed)...)
	return e, err
}

// ended is what [erased] makes of it.
func (e ending) ended(status lanyard.Status, reason string, now time.Time) RevokedAuthorization {
	b := e.authorization.Authorization
	return RevokedAuthorization{Connection: e.connection, Authorization: lanyard.Authorization{
		ID: b.ID, OrganizationID: b.OrganizationID, ConnectionID: b.ConnectionID, UserID: b.UserID,
		Status: status, StatusReason: reason, Scopes: b.Scopes, GrantedScope: b.GrantedScope, Account: b.Account,
		ServiceVersion: b.ServiceVersion, Generation: b.Generation + 1,
		RefreshedAt: b.RefreshedAt, ForcedAt: b.ForcedAt, LastUsedAt: b.LastUsedAt, CreatedAt: b.CreatedAt, UpdatedAt: now,
	}}
}

// The connections whose authorizations end, by a column of theirs.
const (
	ofService    = `c.service_id`
	ofConnection = `c.id`
)

// endAuthorizations erases the credentials of every connected authorization of a service's connections, or of one
// connection, and returns them. When it revokes, those that had to reconnect anyway are revoked too.
//
// The caller has locked the service or the connection, so that no authorization is saved meanwhile; the authorizations
// are locked here, in one order for everybody, so that a refresh ends before or finds that its generation is gone.
func (t *tx) endAuthorizations(ctx context.Context, org lanyard.OrganizationID, of, id string, status lanyard.Status, reason string) ([]RevokedAuthorization, error) {
	query := `SELECT ` + connectionColumns + `, ` + authorizationColumns + `, a.credential_sealed
		FROM authorizations a JOIN connections c ON c.organization_id = a.organization_id AND c.id = a.connection_id
		WHERE a.organization_id = $1 AND ` + of + ` = $2 AND a.status = 'connected' ORDER BY a.id` + t.store.dialect.lock("a")
	endings, err := all(ctx, t.sql, scanEnding, query, org, id)
	if err != nil {
		return nil, fmt.Errorf("lock the authorizations to end: %w", err)
	}
	now, also, event := t.store.Now(), lanyard.StatusConnected, lanyard.EventReconnectRequired
	if status == lanyard.StatusRevoked {
		also, event = lanyard.StatusReconnectRequired, lanyard.EventRevoked
	}
	update := `UPDATE authorizations SET status = $3, status_reason = $4, updated_at = $5, ` + erased + `
		WHERE organization_id = $1 AND status IN ('connected', $6)
		AND connection_id IN (SELECT c.id FROM connections c WHERE c.organization_id = $1 AND ` + of + ` = $2) RETURNING id`
	moved, err := all(ctx, t.sql, column[lanyard.AuthorizationID], update, org, id, status, clean(reason), millis(now), also)
	if err == nil {
		err = t.authorizationsMoved(ctx, org, event, moved...)
	}
	if err != nil {
		return nil, fmt.Errorf("end authorizations: %w", err)
	}
	revoked := make([]RevokedAuthorization, len(endings))
	for i := range endings {
		e := &endings[i]
		revoked[i] = e.ended(status, clean(reason), now)
		revoked[i].Credential = t.store.openForRevoking(ctx, &e.authorization)
		t.tell(Change{Kind: ChangeAuthorization, Organization: org, Connection: e.connection.ID, LinkName: e.connection.LinkName, User: e.authorization.UserID})
	}
	return revoked, nil
}
