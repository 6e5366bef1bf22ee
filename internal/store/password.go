package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lanyard"
)

// SignInCandidate is a user whom an e-mail address may mean, with what decides whether it is they.
type SignInCandidate struct {
	lanyard.User
	PasswordHash lanyard.Secret // zero: none
	Known        bool           // they signed in with this browser before
}

// maxCandidates bounds the users of one address, who each belong to another organization.
const maxCandidates = 10

// SignInCandidates finds the users of an e-mail address in all organizations, the longest known first; disabled ones
// are not among them, nor those of organizations that switched sign-in by password off. An address is unique in an organization only. Browser is the hash of a [KnownBrowser], or empty.
func (s *Store) SignInCandidates(ctx context.Context, email, browser string) ([]SignInCandidate, error) {
	scan := func(row scanner) (v SignInCandidate, err error) {
		var hash string
		err = row.Scan(append(userTargets(&v.User), &hash, &v.Known)...)
		v.PasswordHash = lanyard.NewSecret(hash)
		return v, err
	}
	const query = `SELECT ` + userColumns + `, u.password_hash, EXISTS (SELECT 1 FROM known_browsers b
			WHERE b.organization_id = u.organization_id AND b.user_id = u.id AND b.hash = $2 AND b.expires_at > $3)
		FROM users u WHERE u.email = $1 AND NOT u.disabled AND ` + mayHavePassword + ` ORDER BY u.created_at, u.organization_id LIMIT $4`
	found, err := all(ctx, s.reads, scan, query, strings.ToLower(email), browser, millis(s.Now()), maxCandidates)
	if err != nil {
		return nil, fmt.Errorf("find the users of an address: %w", err)
	}
	return found, nil
}

// Password gives the hash of a user's password, zero when there is none, and when it was last set.
func (s *Store) Password(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) (hash lanyard.Secret, changed time.Time, err error) {
	type password struct {
		hash    string
		changed time.Time
	}
	scan := func(row scanner) (p password, err error) {
		err = row.Scan(&p.hash, instant{&p.changed})
		return p, err
	}
	const query = `SELECT password_hash, password_changed_at FROM users WHERE organization_id = $1 AND id = $2`
	p, err := find(ctx, s.reads, "user", scan, query, org, user)
	if err != nil {
		return lanyard.Secret{}, time.Time{}, err
	}
	return lanyard.NewSecret(p.hash), p.changed, nil
}

// NewPassword is a password to set, and the session in which it is done.
type NewPassword struct {
	Organization lanyard.OrganizationID
	User         lanyard.UserID
	Before       lanyard.Secret // the hash that is replaced; zero: there was none
	Hash         lanyard.Secret
	Session      string  // the hash of the session that sets it; it ends
	Next         Session // takes its place
	// EndAccess ends what may have been made with the password before: all other sessions, all API keys and sign-in
	// links of the user, and what is remembered of browsers.
	EndAccess bool
	// Revoke, when it is set, ends the user's connected authorizations too.
	Revoke *AccessRevocation
	Audit  func(EndedAccess) lanyard.AuditEntry
}

// EndedAccess is how much ended with a password.
type EndedAccess struct{ Sessions, Keys, Connected int64 }

// AccessRevocation is how all that a user connected comes to its end.
type AccessRevocation struct {
	Reason string // for people, as the authorizations' status reason
	// Request says what to tell the provider of an authorization that ended; nil for nothing. It is called in the
	// transaction and must not ask the store.
	Request func(RevokedAuthorization) []byte
}

// SetPassword sets a user's password, in one transaction with all that ends. Conflict when the password was changed
// meanwhile, unauthenticated when the session has ended, not_found when there is no such user.
func (s *Store) SetPassword(ctx context.Context, n NewPassword) (EndedAccess, error) {
	var ended EndedAccess
	err := s.tx(ctx, func(t *tx) error {
		if err := t.setPassword(ctx, n.Organization, n.User, n.Before.Reveal(), n.Hash); err != nil {
			return err
		}
		own, err := t.exec(ctx, `DELETE FROM sessions WHERE organization_id = $1 AND user_id = $2 AND hash = $3`, n.Organization, n.User, n.Session)
		if err != nil {
			return fmt.Errorf("end the session: %w", err)
		}
		if own == 0 {
			return lanyard.Errorf(lanyard.CodeUnauthenticated, "The session has ended: sign in again.")
		}
		if n.EndAccess {
			if ended, err = t.endAccess(ctx, n.Organization, n.User); err != nil {
				return err
			}
		}
		if n.Revoke != nil {
			if ended.Connected, err = t.revokeAccess(ctx, n.Organization, n.User, n.Revoke); err != nil {
				return err
			}
		}
		if err := t.insertSession(ctx, n.Organization, n.User, n.Next); err != nil {
			return err
		}
		t.tell(Change{Kind: ChangeKeys, Organization: n.Organization})
		return t.audit(ctx, n.Organization, n.Audit(ended))
	})
	return ended, err
}

// setPassword replaces the hash that was read before, or none.
func (t *tx) setPassword(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, before string, hash lanyard.Secret) error {
	const set = `UPDATE users SET password_hash = $4, password_changed_at = $5 WHERE organization_id = $1 AND id = $2 AND password_hash = $3`
	changed, err := t.exec(ctx, set, org, user, before, hash.Reveal(), millis(t.store.Now()))
	if err != nil {
		return fmt.Errorf("set the password of %s: %w", user, err)
	}
	if changed == 0 {
		if _, err := find(ctx, t.sql, "user", column[string], `SELECT id FROM users WHERE organization_id = $1 AND id = $2`, org, user); err != nil {
			return err
		}
		return lanyard.Errorf(lanyard.CodeConflict, "The password was changed elsewhere at the same moment. Try again with the one that holds now.")
	}
	return nil
}

func (t *tx) endAccess(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) (ended EndedAccess, err error) {
	if ended.Sessions, err = t.endSessions(ctx, org, user, ""); err != nil {
		return ended, err
	}
	if ended.Keys, err = t.exec(ctx, `DELETE FROM api_keys WHERE organization_id = $1 AND user_id = $2`, org, user); err != nil {
		return ended, fmt.Errorf("end the API keys of %s: %w", user, err)
	}
	for _, query := range []string{
		`DELETE FROM one_time_links WHERE organization_id = $1 AND user_id = $2`,
		`DELETE FROM known_browsers WHERE organization_id = $1 AND user_id = $2`,
	} {
		if _, err := t.exec(ctx, query, org, user); err != nil {
			return ended, fmt.Errorf("end the access of %s: %w", user, err)
		}
	}
	return ended, nil
}

// Access is how much stands in a user's name.
type Access struct{ Sessions, Keys, Connected int }

// CountAccess counts a user's sessions that hold, API keys, and authorizations that are connected, each as far as
// [CountedUpTo]. Idle is as for [Store.UserBySession].
func (s *Store) CountAccess(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, idle time.Duration) (Access, error) {
	scan := func(row scanner) (a Access, err error) {
		err = row.Scan(&a.Sessions, &a.Keys, &a.Connected)
		return a, err
	}
	now := s.Now()
	const query = `SELECT
		(SELECT count(*) FROM (SELECT 1 FROM sessions WHERE organization_id = $1 AND user_id = $2 AND expires_at > $3 AND seen_at > $4 LIMIT $5) AS s),
		(SELECT count(*) FROM (SELECT 1 FROM api_keys WHERE organization_id = $1 AND user_id = $2 AND (expires_at = 0 OR expires_at > $3) LIMIT $5) AS k),
		(SELECT count(*) FROM (SELECT 1 FROM authorizations WHERE organization_id = $1 AND user_id = $2 AND status = 'connected' LIMIT $5) AS a)`
	a, err := one(ctx, s.reads, scan, query, org, user, millis(now), millis(now.Add(-idle)), CountedUpTo+1)
	if err != nil {
		return Access{}, fmt.Errorf("count the access of %s: %w", user, err)
	}
	return a, nil
}
