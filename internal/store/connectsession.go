package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lanyard"
)

// SessionStatus is where a connect session stands in the store. One that is over without a confirmation is told by its
// ExpiresAt.
type SessionStatus string

const (
	SessionOpen      SessionStatus = "open"    // nobody connected yet
	SessionPending   SessionStatus = "pending" // connected, and not yet confirmed
	SessionConfirmed SessionStatus = "confirmed"
	SessionFailed    SessionStatus = "failed" // the last try did not work; while WrongCodes is low there may be another
)

// MaxWrongCodes is how many wrong codes end a connect session.
const MaxWrongCodes = 3

// ConnectSession is the connecting of one end user of a host application.
type ConnectSession struct {
	ID           lanyard.ConnectSessionID
	Organization lanyard.OrganizationID
	Connection   lanyard.ConnectionID
	User         lanyard.UserID
	ReturnTo     string
	Display      string // "page" or "popup"
	Status       SessionStatus
	Reason       string // why it failed, in words for the person
	Error        string // and for the application
	Flow         string // hash of the cookie of the browser that it is bound to; empty before it was opened
	CodeHash     []byte // nil unless pending
	CodeUntil    time.Time
	WrongCodes   int
	CreatedAt    time.Time
	ExpiresAt    time.Time
	Parameters   map[string]string // dynamic parameter values; only [Store.ConnectSessionByHash] opens them

	grantVersion int64
}

const connectSessionColumns = `organization_id, id, connection_id, user_id, return_to, display, status, reason, error, flow_hash,
	code_hash, code_expires_at, wrong_codes, created_at, expires_at, grant_version`

func connectSessionTargets(v *ConnectSession) []any {
	return []any{
		&v.Organization, &v.ID, &v.Connection, &v.User, &v.ReturnTo, &v.Display, &v.Status, &v.Reason, &v.Error, &v.Flow,
		&v.CodeHash, instant{&v.CodeUntil}, &v.WrongCodes, instant{&v.CreatedAt}, instant{&v.ExpiresAt}, &v.grantVersion,
	}
}

func scanConnectSession(row scanner) (v ConnectSession, err error) {
	err = row.Scan(connectSessionTargets(&v)...)
	return v, err
}

// CreateConnectSession keeps a session by the SHA-256 of its token; CreatedAt is set here. A user has at most fifty that
// wait for somebody: the oldest is dropped. Not_found when there is no such connection or user.
func (s *Store) CreateConnectSession(ctx context.Context, v ConnectSession, hash []byte, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		const insert = `INSERT INTO connect_sessions (organization_id, id, hash, connection_id, user_id, return_to, display, status, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
		_, err := t.exec(ctx, insert, v.Organization, v.ID, hash, v.Connection, v.User, v.ReturnTo, v.Display, SessionOpen, millis(s.Now()), millis(v.ExpiresAt))
		if err != nil {
			return fmt.Errorf("create connect session %s: %w", v.ID, err)
		}
		const drop = `DELETE FROM connect_sessions WHERE organization_id = $1 AND user_id = $2 AND id IN
			(SELECT id FROM connect_sessions WHERE organization_id = $1 AND user_id = $2 AND status = $3 ORDER BY created_at DESC, id LIMIT 1000 OFFSET $4)`
		if _, err := t.exec(ctx, drop, v.Organization, v.User, SessionOpen, maxOpenPerUser); err != nil {
			return fmt.Errorf("drop the oldest connect sessions: %w", err)
		}
		return t.audit(ctx, v.Organization, audit)
	})
}

// ConnectSession gives a session, ended ones too; not_found when the organization has none of this id.
func (s *Store) ConnectSession(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectSessionID) (*ConnectSession, error) {
	const query = `SELECT ` + connectSessionColumns + ` FROM connect_sessions WHERE organization_id = $1 AND id = $2`
	return find(ctx, s.reads, "connect session", scanConnectSession, query, org, id)
}

// ConnectSessionByHash gives a session by its token, with the parameter values that were typed; not_found when it is
// unknown or over.
func (s *Store) ConnectSessionByHash(ctx context.Context, hash []byte) (*ConnectSession, error) {
	scan := func(row scanner) (v ConnectSession, err error) {
		var sealed []byte
		if err := row.Scan(append(connectSessionTargets(&v), &sealed)...); err != nil {
			return v, err
		}
		v.Parameters, err = s.openTexts(sealed, sessionParametersCell(v.Organization, v.ID))
		return v, err
	}
	const query = `SELECT ` + connectSessionColumns + `, parameters_sealed FROM connect_sessions WHERE hash = $1 AND expires_at > $2`
	return find(ctx, s.reads, "connect session", scan, query, hash, millis(s.Now()))
}

// BindConnectSession binds a session to the first browser that opens it. It is false when another was first.
func (s *Store) BindConnectSession(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectSessionID, flow string) (bool, error) {
	const query = `UPDATE connect_sessions SET flow_hash = $3 WHERE organization_id = $1 AND id = $2 AND flow_hash = ''`
	bound, err := exec(ctx, s.writes, query, org, id, flow)
	if err != nil {
		return false, fmt.Errorf("bind connect session %s to a browser: %w", id, err)
	}
	return bound == 1, nil
}

// SetSessionParameters keeps the dynamic parameter values that were typed before the browser goes on to the provider.
func (s *Store) SetSessionParameters(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectSessionID, values map[string]string) error {
	sealed, err := s.sealTexts(values, sessionParametersCell(org, id))
	if err != nil {
		return err
	}
	const query = `UPDATE connect_sessions SET parameters_sealed = $3 WHERE organization_id = $1 AND id = $2`
	kept, err := exec(ctx, s.writes, query, org, id, sealed)
	if err != nil {
		return fmt.Errorf("keep the parameter values of connect session %s: %w", id, err)
	}
	if kept == 0 {
		return notFound("connect session")
	}
	return nil
}

// Pending is what was granted in a connect session and waits to be confirmed.
type Pending struct {
	Authorization lanyard.Authorization
	Credential    *lanyard.Credential
}

// HoldPending keeps what an end user granted, sealed, and gives the application until then to confirm it. It is false,
// and nothing is kept, when the session is over, confirmed or has something pending already: then the caller gives the
// credential back.
func (s *Store) HoldPending(ctx context.Context, v *ConnectSession, p Pending, until time.Time) (bool, error) {
	sealed, err := s.sealCredential(p.Credential, pendingCell(v.Organization, v.ID, v.grantVersion+1))
	if err != nil {
		return false, err
	}
	granted, err := encode(p.Authorization)
	if err != nil {
		return false, err
	}
	const query = `UPDATE connect_sessions SET status = $3, reason = '', error = '', granted = $4, credential_sealed = $5, grant_version = grant_version + 1,
		parameters_sealed = NULL, expires_at = CASE WHEN expires_at < $6 THEN $6 ELSE expires_at END
		WHERE organization_id = $1 AND id = $2 AND grant_version = $7 AND status IN ($8, $9) AND wrong_codes < $10 AND expires_at > $11`
	held, err := exec(ctx, s.writes, query, v.Organization, v.ID, SessionPending, granted, sealed, millis(until),
		v.grantVersion, SessionOpen, SessionFailed, MaxWrongCodes, millis(s.Now()))
	if err != nil {
		return false, fmt.Errorf("hold what was granted in connect session %s: %w", v.ID, err)
	}
	return held == 1, nil
}

// SetSessionCode gives a pending session a code, in the place of the one before. It is false when it is not pending.
func (s *Store) SetSessionCode(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectSessionID, hash []byte, until time.Time) (bool, error) {
	const query = `UPDATE connect_sessions SET code_hash = $3, code_expires_at = $4 WHERE organization_id = $1 AND id = $2 AND status = $5 AND expires_at > $6`
	set, err := exec(ctx, s.writes, query, org, id, hash, millis(until), SessionPending, millis(s.Now()))
	if err != nil {
		return false, fmt.Errorf("give connect session %s a code: %w", id, err)
	}
	return set == 1, nil
}

// FailConnectSession notes that a try did not work. It is false for a session that is pending or confirmed, which stays so.
func (s *Store) FailConnectSession(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectSessionID, code, reason string) (bool, error) {
	const query = `UPDATE connect_sessions SET status = $3, error = $4, reason = $5 WHERE organization_id = $1 AND id = $2 AND status IN ($3, $6)`
	failed, err := exec(ctx, s.writes, query, org, id, SessionFailed, code, clean(reason), SessionOpen)
	if err != nil {
		return false, fmt.Errorf("note the failure of connect session %s: %w", id, err)
	}
	return failed == 1, nil
}

// CountWrongCode counts a wrong code and gives how many there were.
func (s *Store) CountWrongCode(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectSessionID) (int, error) {
	const query = `UPDATE connect_sessions SET wrong_codes = wrong_codes + 1 WHERE organization_id = $1 AND id = $2 RETURNING wrong_codes`
	n, err := find(ctx, s.writes, "connect session", column[int], query, org, id)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

// EndPending ends a pending session without binding anything, and gives back what waited in it: nil when somebody else
// ended or confirmed it. With an audit entry it is audited.
func (s *Store) EndPending(ctx context.Context, v *ConnectSession, code, reason string, audit *lanyard.AuditEntry) (ended *Pending, err error) {
	err = s.tx(ctx, func(t *tx) error {
		const query = `UPDATE connect_sessions SET status = $3, error = $4, reason = $5, wrong_codes = $6, ` + pendingErased + `
			WHERE organization_id = $1 AND id = $2 AND status = $7`
		p, err := t.openPending(ctx, v)
		if err != nil || p == nil {
			return err
		}
		if _, err := t.exec(ctx, query, v.Organization, v.ID, SessionFailed, code, reason, MaxWrongCodes, SessionPending); err != nil {
			return fmt.Errorf("end connect session %s: %w", v.ID, err)
		}
		ended = p
		if audit == nil {
			return nil
		}
		return t.audit(ctx, v.Organization, *audit)
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// pendingErased is what a session loses when it stops being pending.
const pendingErased = `credential_sealed = NULL, granted = '{}', code_hash = NULL, code_expires_at = 0`

// openPending locks a session and opens what waits in it; nil when nothing does.
func (t *tx) openPending(ctx context.Context, v *ConnectSession) (*Pending, error) {
	type sealedPending struct {
		granted lanyard.Authorization
		sealed  []byte
		version int64
	}
	scan := func(row scanner) (p sealedPending, err error) {
		err = row.Scan(decoded{&p.granted}, &p.sealed, &p.version)
		return p, err
	}
	query := `SELECT c.granted, c.credential_sealed, c.grant_version FROM connect_sessions c
		WHERE c.organization_id = $1 AND c.id = $2 AND c.status = $3` + t.store.dialect.lock("c")
	p, err := one(ctx, t.sql, scan, query, v.Organization, v.ID, SessionPending)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // nothing waits, which is no fault
	} else if err != nil {
		return nil, fmt.Errorf("find what waits in connect session %s: %w", v.ID, err)
	}
	c, err := t.store.openCredential(p.sealed, pendingCell(v.Organization, v.ID, p.version))
	if err != nil {
		return nil, err
	}
	return &Pending{p.granted, c}, nil
}

// ConfirmPending makes what waits in a session the user's authorization, if the code with this hash still confirms it:
// it works once, and the pending is nil when it does not. As with [Store.SaveAuthorization] nothing is stored when the
// connection or its service changed meanwhile: then saved is false, and the session failed.
func (s *Store) ConfirmPending(ctx context.Context, v *ConnectSession, codeHash []byte, audit lanyard.AuditEntry) (p *Pending, saved bool, err error) {
	err = s.tx(ctx, func(t *tx) error {
		var err error
		if p, err = t.openPending(ctx, v); err != nil || p == nil {
			return err
		}
		const query = `UPDATE connect_sessions SET status = $3, ` + pendingErased + `
			WHERE organization_id = $1 AND id = $2 AND code_hash = $4 AND code_expires_at > $5`
		used, err := t.exec(ctx, query, v.Organization, v.ID, SessionConfirmed, codeHash, millis(s.Now()))
		if err != nil {
			return fmt.Errorf("confirm connect session %s: %w", v.ID, err)
		}
		if used == 0 {
			p = nil
			return nil
		}
		if saved, _, err = t.saveAuthorization(ctx, &p.Authorization, p.Credential, audit); err != nil || saved {
			return err
		}
		const fail = `UPDATE connect_sessions SET status = $3, error = $4, reason = $5, wrong_codes = $6 WHERE organization_id = $1 AND id = $2`
		_, err = t.exec(ctx, fail, v.Organization, v.ID, SessionFailed, "connect_failed", "The connection or its service was changed meanwhile.", MaxWrongCodes)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return p, saved, nil
}

// HasPending reports whether something waits to be confirmed for the user on the connection.
func (s *Store) HasPending(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, user lanyard.UserID) (bool, error) {
	const query = `SELECT count(*) > 0 FROM connect_sessions
		WHERE organization_id = $1 AND user_id = $2 AND connection_id = $3 AND status = $4 AND expires_at > $5`
	return one(ctx, s.reads, column[bool], query, org, user, connection, SessionPending, millis(s.Now()))
}

// OverduePending lists sessions of all organizations that nobody confirmed in time.
func (s *Store) OverduePending(ctx context.Context, limit int) ([]ConnectSession, error) {
	if s.Paused() {
		return nil, nil
	}
	const query = `SELECT ` + connectSessionColumns + ` FROM connect_sessions WHERE expires_at <= $1 AND status = $2 ORDER BY expires_at LIMIT $3`
	return all(ctx, s.reads, scanConnectSession, query, millis(s.Now()), SessionPending, limit)
}
