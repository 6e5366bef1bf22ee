package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lanyard"
)

// Lease is the right to refresh one credential. It ends by itself; nothing is held in the database meanwhile.
type Lease struct {
	Organization  lanyard.OrganizationID
	Authorization lanyard.AuthorizationID
	Number        int64 // grows with every lease of the authorization
	Generation    int64 // of the credential to refresh
	// LostAttempt is when somebody began a refresh of this credential and never said how it ended: an answer of the
	// provider may have been lost. Zero: nobody did.
	LostAttempt time.Time
}

// TakeLease takes the lease on the refresh of a credential for a length that is longer than the call to the provider
// can take, and notes that an attempt begins; that note outlives the lease. Forced says that an upstream's answer asked
// for it. Ok is false when somebody else holds the lease, or the authorization is no longer connected with this
// generation.
func (s *Store) TakeLease(ctx context.Context, org lanyard.OrganizationID, id lanyard.AuthorizationID, generation int64, length time.Duration, forced bool) (_ Lease, ok bool, err error) {
	if err := s.resting(); err != nil {
		return Lease{}, false, err
	}
	lease, now := Lease{Organization: org, Authorization: id, Generation: generation}, s.Now()
	scan := func(row scanner) (l Lease, err error) {
		l = lease
		err = row.Scan(&l.Number, instant{&l.LostAttempt})
		return l, err
	}
	const query = `UPDATE authorizations SET lease = lease + 1, lease_until = $4,
		attempt_at = CASE WHEN attempt_at = 0 THEN $5 ELSE attempt_at END, forced_at = CASE WHEN $6 THEN $5 ELSE forced_at END
		WHERE organization_id = $1 AND id = $2 AND generation = $3 AND status = 'connected' AND lease_until <= $5
		RETURNING lease, attempt_at`
	lease, err = one(ctx, s.writes, scan, query, org, id, generation, millis(now.Add(length)), millis(now), forced)
	if errors.Is(err, sql.ErrNoRows) {
		return Lease{}, false, nil
	}
	if err != nil {
		return Lease{}, false, fmt.Errorf("take the lease on authorization %s: %w", id, err)
	}
	if lease.LostAttempt.Equal(now) { // it is this one
		lease.LostAttempt = time.Time{}
	}
	return lease, true, nil
}

// Refreshed is what a provider answered.
type Refreshed struct {
	Credential   *lanyard.Credential
	Known        bool          // whether the provider, or the service's default, says how long the access token lives
	Lifetime     time.Duration // of the access token, from when the answer came
	Elapsed      time.Duration // since the answer came
	Renewable    bool          // it can be refreshed again without a person
	GrantedScope string        // empty: as before (RFC 6749 §6)
}

// StoreRefreshed stores the result of a refresh. It asks only that the authorization is connected with the generation
// that the lease was taken for: a result is not thrown away because the lease ran out. Ok is false, and nothing is
// stored, when the row moved on.
func (s *Store) StoreRefreshed(ctx context.Context, l Lease, r Refreshed, audit lanyard.AuditEntry) (ok bool, err error) {
	generation := l.Generation + 1
	sealed, err := s.sealCredential(r.Credential, credentialCell(l.Organization, l.Authorization, generation))
	if err != nil {
		return false, err
	}
	now := s.Now()
	var expires, due time.Time
	if r.Known {
		expires = now.Add(r.Lifetime - r.Elapsed)
		if r.Renewable {
			due = lanyard.SweepAt(expires, r.Lifetime)
		}
	}
	const query = `UPDATE authorizations SET generation = $4, credential_sealed = $5, expires_at = $6, lifetime = $7, refresh_due_at = $8,
		refreshed_at = $9, updated_at = $9, refresh_fingerprint = $11,
		rotation = CASE WHEN refresh_fingerprint = '' OR $11 = '' THEN rotation WHEN refresh_fingerprint = $11 THEN 1 ELSE 2 END, granted_scope = CASE WHEN $10 = '' THEN granted_scope ELSE $10 END,
		lease_until = 0, attempt_at = 0, retry_at = 0, refresh_failures = 0, last_error = ''
		WHERE organization_id = $1 AND id = $2 AND generation = $3 AND status = 'connected' RETURNING connection_id, user_id`
	return s.moveOn(ctx, l.Organization, l.Authorization, "", audit, query, l.Organization, l.Authorization, l.Generation, generation, sealed,
		millis(expires), r.Lifetime.Milliseconds(), millis(due), millis(now), clean(r.GrantedScope), refreshFingerprint(l.Organization, r.Credential))
}

// RequireReconnect erases a credential that the provider no longer accepts: status reconnect_required, for the reason
// given. Ok is false, and nothing is changed, when the authorization is no longer connected with this generation.
func (s *Store) RequireReconnect(ctx context.Context, org lanyard.OrganizationID, id lanyard.AuthorizationID, generation int64, reason string, audit lanyard.AuditEntry) (ok bool, err error) {
	const query = `UPDATE authorizations SET status = 'reconnect_required', status_reason = $4, updated_at = $5, ` + erased + `
		WHERE organization_id = $1 AND id = $2 AND generation = $3 AND status = 'connected' RETURNING connection_id, user_id`
	return s.moveOn(ctx, org, id, lanyard.EventReconnectRequired, audit, query, org, id, generation, clean(reason), millis(s.Now()))
}

// moveOn runs an UPDATE that is conditional on the generation, and where it took effect tells and audits it. Without an
// event it is nobody else's business.
func (s *Store) moveOn(ctx context.Context, org lanyard.OrganizationID, id lanyard.AuthorizationID, event lanyard.EventType, audit lanyard.AuditEntry, query string, args ...any) (ok bool, err error) {
	scan := func(row scanner) (c Change, err error) {
		err = row.Scan(&c.Connection, &c.User)
		return c, err
	}
	err = s.tx(ctx, func(t *tx) error {
		change, err := one(ctx, t.sql, scan, query, args...)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("move authorization %s on: %w", id, err)
		}
		const linkName = `SELECT link_name FROM connections WHERE organization_id = $1 AND id = $2`
		if change.LinkName, err = one(ctx, t.sql, column[lanyard.LinkName], linkName, org, change.Connection); err != nil {
			return fmt.Errorf("find the connection of authorization %s: %w", id, err)
		}
		change.Kind, change.Organization = ChangeAuthorization, org
		ok = true
		t.tell(change)
		if event != "" {
			if err := t.authorizationsMoved(ctx, org, event, id); err != nil {
				return err
			}
		}
		return t.audit(ctx, org, audit)
	})
	return ok && err == nil, err
}

// ReleaseLease gives a lease back after a refresh that may be tried again, at retryAt: both by calls, which wait until
// then, and by the sweep. Message says in words what went wrong. KeepAttempt: the provider may have answered, so the
// note of the attempt stays. A lease that somebody else took over meanwhile is left alone.
func (s *Store) ReleaseLease(ctx context.Context, l Lease, retryAt time.Time, message string, keepAttempt bool) error {
	const query = `UPDATE authorizations SET lease_until = 0, retry_at = $5, refresh_failures = refresh_failures + 1, last_error = $6,
		attempt_at = CASE WHEN $7 THEN attempt_at ELSE 0 END, refresh_due_at = CASE WHEN CAST($5 AS BIGINT) = 0 THEN refresh_due_at ELSE $5 END
		WHERE organization_id = $1 AND id = $2 AND lease = $3 AND generation = $4 RETURNING refresh_failures`
	err := s.tx(ctx, func(t *tx) error {
		failures, err := one(ctx, t.sql, column[int], query, l.Organization, l.Authorization, l.Number, l.Generation, millis(retryAt), clean(message), keepAttempt)
		if errors.Is(err, sql.ErrNoRows) || err == nil && failures > 1 { // an outage is told once
			return nil
		}
		if err != nil {
			return err
		}
		return t.authorizationsMoved(ctx, l.Organization, lanyard.EventRefreshFailed, l.Authorization)
	})
	if err != nil {
		return fmt.Errorf("release the lease on authorization %s: %w", l.Authorization, err)
	}
	return nil
}

// DueAuthorization is one that the sweep should refresh.
type DueAuthorization struct {
	Organization lanyard.OrganizationID
	ID           lanyard.AuthorizationID
	Connection   lanyard.ConnectionID
	User         lanyard.UserID
}

// DueAuthorizations lists what is due in all organizations and not leased, the longest due first. What belongs to
// disabled users rests.
func (s *Store) DueAuthorizations(ctx context.Context, limit int) ([]DueAuthorization, error) {
	if s.Paused() {
		return nil, nil
	}
	scan := func(row scanner) (d DueAuthorization, err error) {
		err = row.Scan(&d.Organization, &d.ID, &d.Connection, &d.User)
		return d, err
	}
	const query = `SELECT a.organization_id, a.id, a.connection_id, a.user_id FROM authorizations a
		WHERE a.status = 'connected' AND a.refresh_due_at > 0 AND a.refresh_due_at <= $1 AND a.retry_at <= $1 AND a.lease_until <= $1
		AND NOT EXISTS (SELECT 1 FROM users u WHERE u.organization_id = a.organization_id AND u.id = a.user_id AND u.disabled)
		ORDER BY a.refresh_due_at LIMIT $2`
	due, err := all(ctx, s.reads, scan, query, millis(s.Now()), limit)
	if err != nil {
		return nil, fmt.Errorf("list the authorizations that are due: %w", err)
	}
	return due, nil
}
