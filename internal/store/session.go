package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"lanyard"
)

// Session is a browser that is signed in. Hash is the SHA-256 of its cookie, in hex.
type Session struct {
	Hash      string
	CreatedAt time.Time
	SeenAt    time.Time // kept within a minute
	ExpiresAt time.Time // the end, however much it is used
}

// seenWithin is how exactly a session's last use is kept; writing it at every request would cost a commit each.
const seenWithin = time.Minute

// CreateSession signs a browser in; CreatedAt and SeenAt are set here. Not_found when there is no such user.
func (s *Store) CreateSession(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, session Session, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		if err := t.insertSession(ctx, org, user, session); err != nil {
			return err
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		return t.audit(ctx, org, audit)
	})
}

func (t *tx) insertSession(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, session Session) error {
	now := millis(t.store.Now())
	const insert = `INSERT INTO sessions (organization_id, hash, user_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`
	if _, err := t.exec(ctx, insert, org, session.Hash, user, now, now, millis(session.ExpiresAt)); err != nil {
		return fmt.Errorf("create a session: %w", err)
	}
	return nil
}

// UserBySession gives the user of a session that still holds, and notes that it was seen, at most once a minute.
// Not_found when the session is unknown, past its end, unused for idle (0: that does not matter), or its user disabled.
func (s *Store) UserBySession(ctx context.Context, hash string, idle time.Duration) (*lanyard.User, *Session, error) {
	type userSession struct {
		user    lanyard.User
		session Session
	}
	scan := func(row scanner) (v userSession, err error) {
		v.session.Hash = hash
		err = row.Scan(append(userTargets(&v.user), instant{&v.session.CreatedAt}, instant{&v.session.SeenAt}, instant{&v.session.ExpiresAt})...)
		return v, err
	}
	now := s.Now()
	seenSince := int64(0)
	if idle > 0 {
		seenSince = millis(now.Add(-idle))
	}
	const query = `SELECT ` + userColumns + `, s.created_at, s.seen_at, s.expires_at
		FROM sessions s JOIN users u ON u.organization_id = s.organization_id AND u.id = s.user_id
		WHERE s.hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND NOT u.disabled`
	v, err := find(ctx, s.reads, "session", scan, query, hash, millis(now), seenSince)
	if err != nil {
		return nil, nil, err
	}
	if now.Sub(v.session.SeenAt) >= seenWithin {
		const seen = `UPDATE sessions SET seen_at = $3 WHERE organization_id = $1 AND hash = $2 AND seen_at < $3`
		if _, err := exec(ctx, s.writes, seen, v.user.OrganizationID, hash, millis(now)); err != nil {
			// The session holds all the same; it only ends sooner when this goes on.
			s.log.Warn("cannot note that a session was seen", slog.String("organization", string(v.user.OrganizationID)), slog.Any("error", err))
		} else {
			v.session.SeenAt = now
		}
	}
	return &v.user, &v.session, nil
}

// DeleteSession signs a browser out; not_found when the organization has no such session.
func (s *Store) DeleteSession(ctx context.Context, org lanyard.OrganizationID, hash string) error {
	return s.tx(ctx, func(t *tx) error {
		deleted, err := t.exec(ctx, `DELETE FROM sessions WHERE organization_id = $1 AND hash = $2`, org, hash)
		if err != nil {
			return fmt.Errorf("delete a session: %w", err)
		}
		if deleted == 0 {
			return notFound("session")
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		return nil
	})
}
