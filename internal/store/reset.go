package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lanyard"
)

// maxResetLinks is how many links to reset a password one user can have open that nobody vouched for: as many mails
// can a stranger cause in the life of a link.
const maxResetLinks = 3

// CreateRequestedReset keeps a reset link that somebody asked for on the page, like [Store.CreateLink]. Rate_limited
// when the user has some open already.
func (s *Store) CreateRequestedReset(ctx context.Context, l Link, hash []byte, audit lanyard.AuditEntry) error {
	const query = `SELECT count(*) FROM one_time_links WHERE organization_id = $1 AND user_id = $2 AND purpose = 'reset' AND expires_at > $3`
	open, err := one(ctx, s.writes, column[int], query, l.Organization, l.User, millis(s.Now()))
	if err != nil {
		return fmt.Errorf("count the reset links of %s: %w", l.User, err)
	}
	if open >= maxResetLinks {
		return lanyard.Errorf(lanyard.CodeRateLimited, "There are %d links to reset this password already.", open)
	}
	return s.CreateLink(ctx, l, hash, &audit)
}

// PasswordReset is a password set with a reset link, and the session that begins with it.
type PasswordReset struct {
	Link   []byte         // the hash of its token
	Hash   lanyard.Secret // of the new password
	Next   Session
	Revoke *AccessRevocation // as for [NewPassword]
	Audit  func(Link, EndedAccess) lanyard.AuditEntry
}

// ResetPassword consumes a reset link, sets its user's password, ends everything that may have been made with the one
// before, as [Store.SetPassword] does, and begins a session. Not_found when the link is unknown, used or expired, the
// user is disabled, or the organization's people do not sign in with a password; of several callers with one link
// exactly one succeeds.
func (s *Store) ResetPassword(ctx context.Context, r PasswordReset) (*lanyard.User, EndedAccess, error) {
	var user *lanyard.User
	var ended EndedAccess
	err := s.tx(ctx, func(t *tx) error {
		link, err := t.useLink(ctx, PurposeReset, r.Link)
		if errors.Is(err, sql.ErrNoRows) {
			return notFound("link")
		}
		if err != nil {
			return err
		}
		const query = `SELECT ` + userColumns + ` FROM users u WHERE u.organization_id = $1 AND u.id = $2 AND NOT u.disabled AND ` + mayHavePassword
		if user, err = find(ctx, t.sql, "user", scanUser, query+t.store.dialect.lock("u"), link.Organization, link.User); err != nil {
			return err
		}
		const set = `UPDATE users SET password_hash = $3, password_changed_at = $4 WHERE organization_id = $1 AND id = $2`
		if _, err := t.exec(ctx, set, link.Organization, link.User, r.Hash.Reveal(), millis(s.Now())); err != nil {
			return fmt.Errorf("reset the password of %s: %w", link.User, err)
		}
		if ended, err = t.endAccess(ctx, link.Organization, link.User); err != nil {
			return err
		}
		if r.Revoke != nil {
			if ended.Connected, err = t.revokeAccess(ctx, link.Organization, link.User, r.Revoke); err != nil {
				return err
			}
		}
		if err := t.insertSession(ctx, link.Organization, link.User, r.Next); err != nil {
			return err
		}
		t.tell(Change{Kind: ChangeKeys, Organization: link.Organization})
		return t.audit(ctx, link.Organization, r.Audit(link, ended))
	})
	if err != nil {
		return nil, EndedAccess{}, err
	}
	return user, ended, nil
}

// UsersOfAddress finds the users of an e-mail address, disabled or not: of one organization, or of all when org is
// empty.
func (s *Store) UsersOfAddress(ctx context.Context, email string, org lanyard.OrganizationID) ([]lanyard.User, error) {
	w := where{`u.email = $1`, []any{email}}
	if org != "" {
		w.and(`u.organization_id = `, org)
	}
	users, err := all(ctx, s.reads, scanUser, `SELECT `+userColumns+` FROM users u WHERE `+w.limit(`u.organization_id`, maxCandidates), w.args...)
	if err != nil {
		return nil, fmt.Errorf("find the users of an address: %w", err)
	}
	return users, nil
}

// ConnectedBy gives one connection for each service with which a user has connected an account.
func (s *Store) ConnectedBy(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) ([]lanyard.Connection, error) {
	const query = `SELECT ` + connectionColumns + ` FROM connections c WHERE c.organization_id = $1 AND c.id IN
		(SELECT min(d.id) FROM authorizations a JOIN connections d ON d.organization_id = a.organization_id AND d.id = a.connection_id
			WHERE a.organization_id = $1 AND a.user_id = $2 AND a.status = 'connected' GROUP BY d.service_id)`
	list, err := all(ctx, s.reads, scanConnection, query, org, user)
	if err != nil {
		return nil, fmt.Errorf("list what %s has connected: %w", user, err)
	}
	return list, nil
}

// revokeAccess erases the credential of every authorization that a user has connected: each has to be connected again.
// What its provider has to be told is queued with it, so that a crash after the commit forgets none.
func (t *tx) revokeAccess(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, r *AccessRevocation) (int64, error) {
	const query = `SELECT ` + connectionColumns + `, ` + authorizationColumns + `, a.credential_sealed
		FROM authorizations a JOIN connections c ON c.organization_id = a.organization_id AND c.id = a.connection_id
		WHERE a.organization_id = $1 AND a.user_id = $2 AND a.status = 'connected' ORDER BY a.id`
	endings, err := all(ctx, t.sql, scanEnding, query+t.store.dialect.lock("a"), org, user)
	if err != nil {
		return 0, fmt.Errorf("lock the authorizations of %s: %w", user, err)
	}
	now := t.store.Now()
	moved := make([]lanyard.AuthorizationID, len(endings))
	for i := range endings {
		e := &endings[i]
		moved[i] = e.authorization.ID
		revoked := e.ended(lanyard.StatusReconnectRequired, r.Reason, now)
		revoked.Credential = t.store.openForRevoking(ctx, &e.authorization)
		const update = `UPDATE authorizations SET status = 'reconnect_required', status_reason = $3, updated_at = $4, ` + erased + `
			WHERE organization_id = $1 AND id = $2`
		if _, err := t.exec(ctx, update, org, e.authorization.ID, r.Reason, millis(now)); err != nil {
			return 0, fmt.Errorf("end authorization %s: %w", e.authorization.ID, err)
		}
		if request := r.Request(revoked); request != nil {
			queued := ProviderRevocation{Organization: org, Connection: e.connection.LinkName, Request: request}
			if err := t.store.queueRevocation(ctx, t.sql, queued); err != nil {
				return 0, err
			}
		}
		t.tell(Change{Kind: ChangeAuthorization, Organization: org, Connection: e.connection.ID, LinkName: e.connection.LinkName, User: user})
	}
	// What waits to be confirmed was granted before, too: as if its time were over, it is given back to the provider.
	const sessions = `UPDATE connect_sessions SET expires_at = $3 WHERE organization_id = $1 AND user_id = $2 AND status IN ('open', 'pending') AND expires_at > $3`
	if _, err := t.exec(ctx, sessions, org, user, millis(now)); err != nil {
		return 0, fmt.Errorf("end the connect sessions of %s: %w", user, err)
	}
	return int64(len(endings)), t.authorizationsMoved(ctx, org, lanyard.EventReconnectRequired, moved...)
}
