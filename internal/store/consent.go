package store

import (
	"context"
	"fmt"
	"time"

	"lanyard"
)

// keepConsent is how long a consent request is kept after it expired, so that a late or repeated callback can be told
// what became of it.
const keepConsent = 24 * time.Hour

const consentColumns = `organization_id, id, connection_id, user_id, session_hash, connect_session_id, service_id, service_link_name, service_version,
	return_to, created_at, expires_at, used_at, failed, outcome`

func consentTargets(r *lanyard.ConsentRequest) []any {
	return []any{
		&r.OrganizationID, &r.ID, &r.ConnectionID, &r.UserID, &r.Session, &r.ConnectSession, &r.ServiceID, &r.Service, &r.ServiceVersion,
		&r.ReturnTo, instant{&r.CreatedAt}, instant{&r.ExpiresAt}, instant{&r.UsedAt}, &r.Failed, &r.Outcome,
	}
}

// CreateConsentRequest keeps a consent that begins, by the SHA-256 of its state (OAuth 2) or request token (OAuth 1).
// It sets CreatedAt and, when there is none, the id. A user has at most fifty: the oldest is dropped. Not_found when
// there is no such connection or user.
func (s *Store) CreateConsentRequest(ctx context.Context, r *lanyard.ConsentRequest, stateHash []byte) error {
	created := *r
	if created.ID == "" {
		created.ID = lanyard.NewConsentRequestID()
	}
	created.CreatedAt = s.Now()
	sealed, err := s.sealConsent(created.Secrets, consentCell(created.OrganizationID, created.ID))
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(t *tx) error {
		const insert = `INSERT INTO consent_requests
			(organization_id, id, state_hash, connection_id, user_id, session_hash, connect_session_id, service_id, service_link_name, service_version,
			return_to, secrets_sealed, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
		_, err := t.exec(ctx, insert, created.OrganizationID, created.ID, stateHash, created.ConnectionID, created.UserID, created.Session, created.ConnectSession,
			created.ServiceID, created.Service, created.ServiceVersion, created.ReturnTo, sealed, millis(created.CreatedAt), millis(created.ExpiresAt))
		if err != nil {
			return fmt.Errorf("create consent request %s: %w", created.ID, err)
		}
		const drop = `DELETE FROM consent_requests WHERE organization_id = $1 AND user_id = $2 AND id IN
			(SELECT id FROM consent_requests WHERE organization_id = $1 AND user_id = $2 ORDER BY created_at DESC, id LIMIT 1000 OFFSET $3)`
		if _, err := t.exec(ctx, drop, created.OrganizationID, created.UserID, maxOpenPerUser); err != nil {
			return fmt.Errorf("drop the oldest consent requests: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	*r = created
	return nil
}

// ConsentRequest gives a request by its state, used and expired ones too; its secrets are there until it is used.
// Not_found when the organization has none.
func (s *Store) ConsentRequest(ctx context.Context, org lanyard.OrganizationID, stateHash []byte) (*lanyard.ConsentRequest, error) {
	scan := func(row scanner) (r lanyard.ConsentRequest, err error) {
		var sealed []byte
		if err := row.Scan(append(consentTargets(&r), &sealed)...); err != nil {
			return r, err
		}
		r.Secrets, err = s.openConsent(sealed, consentCell(r.OrganizationID, r.ID))
		return r, err
	}
	const query = `SELECT ` + consentColumns + `, secrets_sealed FROM consent_requests WHERE organization_id = $1 AND state_hash = $2`
	return find(ctx, s.reads, "consent request", scan, query, org, stateHash)
}

// ConsentRequestByID gives a request without its secrets; not_found when there is none.
func (s *Store) ConsentRequestByID(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConsentRequestID) (*lanyard.ConsentRequest, error) {
	scan := func(row scanner) (r lanyard.ConsentRequest, err error) {
		err = row.Scan(consentTargets(&r)...)
		return r, err
	}
	const query = `SELECT ` + consentColumns + ` FROM consent_requests WHERE organization_id = $1 AND id = $2`
	return find(ctx, s.reads, "consent request", scan, query, org, id)
}

// UseConsentRequest uses a request up and erases its secrets. It is true for exactly one of all who try, and false once
// the request expired.
func (s *Store) UseConsentRequest(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConsentRequestID) (bool, error) {
	const query = `UPDATE consent_requests SET used_at = $3, secrets_sealed = $4
		WHERE organization_id = $1 AND id = $2 AND used_at = 0 AND expires_at > $3`
	used, err := exec(ctx, s.writes, query, org, id, millis(s.Now()), []byte{})
	if err != nil {
		return false, fmt.Errorf("use consent request %s: %w", id, err)
	}
	return used == 1, nil
}

// FinishConsentRequest notes what came of a request, in words for the person, and uses it up if nobody did. Not_found
// when there is none.
func (s *Store) FinishConsentRequest(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConsentRequestID, failed bool, outcome string) error {
	const query = `UPDATE consent_requests SET failed = $3, outcome = $4, secrets_sealed = $6, used_at = CASE WHEN used_at = 0 THEN $5 ELSE used_at END
		WHERE organization_id = $1 AND id = $2`
	finished, err := exec(ctx, s.writes, query, org, id, failed, clean(outcome), millis(s.Now()), []byte{})
	if err != nil {
		return fmt.Errorf("finish consent request %s: %w", id, err)
	}
	if finished == 0 {
		return notFound("consent request")
	}
	return nil
}
