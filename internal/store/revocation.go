package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"lanyard"
)

const (
	// revocationClaim is how long a revocation that was handed out is not handed out again.
	revocationClaim = 2 * time.Minute
	// revocationLife is how long a provider is told again and again, when the caller does not say.
	revocationLife = 24 * time.Hour
	// keepRevocation is how long after that one is deleted which nobody finished, as when it does not open.
	keepRevocation = 24 * time.Hour
)

// ProviderRevocation is a credential that was erased here and whose provider still has to be told (RFC 7009).
type ProviderRevocation struct {
	Organization lanyard.OrganizationID
	ID           string
	Connection   lanyard.LinkName // for the audit log
	Request      []byte           // what to send, in the caller's own form; sealed at rest
	Attempts     int              // including the one that this is handed out for
	NextAt       time.Time        // when it is due
	GiveUpAt     time.Time
}

// QueueRevocation notes a revocation. It makes the id when there is none; a zero NextAt means at once, a zero GiveUpAt a
// day from now.
func (s *Store) QueueRevocation(ctx context.Context, r ProviderRevocation) error {
	return s.queueRevocation(ctx, s.writes, r)
}

func (s *Store) queueRevocation(ctx context.Context, on querier, r ProviderRevocation) error {
	now := s.Now()
	if r.ID == "" {
		r.ID = "rev_" + recordID(now)
	}
	if r.NextAt.IsZero() {
		r.NextAt = now
	}
	if r.GiveUpAt.IsZero() {
		r.GiveUpAt = now.Add(revocationLife)
	}
	sealed, err := s.vault.Seal(r.Request, revocationCell(r.Organization, r.ID))
	if err != nil {
		return err
	}
	const insert = `INSERT INTO provider_revocations (organization_id, id, connection, request_sealed, next_at, give_up_at) VALUES ($1, $2, $3, $4, $5, $6)`
	if _, err := exec(ctx, on, insert, r.Organization, r.ID, r.Connection, sealed, millis(r.NextAt), millis(r.GiveUpAt)); err != nil {
		return fmt.Errorf("queue a revocation for connection %s: %w", r.Connection, err)
	}
	return nil
}

// DueRevocations hands out revocations of all organizations that are due, each to one caller, for two minutes: then it
// is due again unless [Store.FinishRevocation] or [Store.RetryRevocation] was called. One that does not open is passed
// over; the log says so.
func (s *Store) DueRevocations(ctx context.Context, limit int) ([]ProviderRevocation, error) {
	if s.Paused() {
		return nil, nil
	}
	type sealedRevocation struct {
		ProviderRevocation
		sealed []byte
	}
	scan := func(row scanner) (r sealedRevocation, err error) {
		err = row.Scan(&r.Organization, &r.ID, &r.Connection, &r.sealed, &r.Attempts, instant{&r.NextAt}, instant{&r.GiveUpAt})
		return r, err
	}
	now := s.Now()
	// The condition stands twice: on PostgreSQL the outer one is judged again when another replica was quicker.
	const claim = `UPDATE provider_revocations SET next_at = $2, attempts = attempts + 1
		WHERE next_at <= $1 AND (organization_id, id) IN
		(SELECT organization_id, id FROM provider_revocations WHERE next_at <= $1 ORDER BY next_at LIMIT $3)
		RETURNING organization_id, id, connection, request_sealed, attempts, next_at, give_up_at`
	claimed, err := all(ctx, s.writes, scan, claim, millis(now), millis(now.Add(revocationClaim)), limit)
	if err != nil {
		return nil, fmt.Errorf("claim revocations: %w", err)
	}
	var due []ProviderRevocation
	for _, r := range claimed {
		if r.Request, err = s.vault.Open(r.sealed, revocationCell(r.Organization, r.ID)); err != nil {
			s.log.ErrorContext(ctx, "a revocation does not open, so its provider is not told",
				slog.String("organization", string(r.Organization)), slog.String("connection", string(r.Connection)), slog.Any("error", err))
			continue
		}
		due = append(due, r.ProviderRevocation)
	}
	return due, nil
}

// FinishRevocation ends a revocation, whatever came of it; audit says what. Not_found when somebody else ended it.
func (s *Store) FinishRevocation(ctx context.Context, org lanyard.OrganizationID, id string, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		finished, err := t.exec(ctx, `DELETE FROM provider_revocations WHERE organization_id = $1 AND id = $2`, org, id)
		if err != nil {
			return fmt.Errorf("finish revocation %s: %w", id, err)
		}
		if finished == 0 {
			return notFound("revocation")
		}
		return t.audit(ctx, org, audit)
	})
}

// RetryRevocation makes a revocation due again at nextAt. Not_found when somebody else ended it.
func (s *Store) RetryRevocation(ctx context.Context, org lanyard.OrganizationID, id string, nextAt time.Time) error {
	put, err := exec(ctx, s.writes, `UPDATE provider_revocations SET next_at = $3 WHERE organization_id = $1 AND id = $2`, org, id, millis(nextAt))
	if err != nil {
		return fmt.Errorf("put off revocation %s: %w", id, err)
	}
	if put == 0 {
		return notFound("revocation")
	}
	return nil
}
