package store

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"lanyard"
)

// Session is a browser that is signed in. Hash is the SHA-256 of its cookie, in hex; it names the session.
type Session struct {
	Hash      string
	Browser   string // what it is, in a few words; may be empty
	WithLink  bool   // begun by a one-time link, not by a password
	CreatedAt time.Time
	SeenAt    time.Time // kept within a minute
	ExpiresAt time.Time // the end, however much it is used
	// Known is a browser to remember for the user when the session begins; zero for none, and in what is read.
	Known KnownBrowser
}

// KnownBrowser is a browser in which a person signed in before. Hash is the SHA-256 of the cookie that it keeps, in hex.
type KnownBrowser struct {
	Hash      string
	Replaces  string // the hash of the cookie that it had before; empty: none
	ExpiresAt time.Time
}

const sessionColumns = `s.hash, s.browser, s.with_link, s.created_at, s.seen_at, s.expires_at`

func sessionTargets(s *Session) []any {
	return []any{&s.Hash, &s.Browser, &s.WithLink, instant{&s.CreatedAt}, instant{&s.SeenAt}, instant{&s.ExpiresAt}}
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
	const insert = `INSERT INTO sessions (organization_id, hash, user_id, browser, with_link, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	if _, err := t.exec(ctx, insert, org, session.Hash, user, clean(session.Browser), session.WithLink, now, now, millis(session.ExpiresAt)); err != nil {
		return fmt.Errorf("create a session: %w", err)
	}
	return t.knowBrowser(ctx, org, user, session.Known)
}

func (t *tx) knowBrowser(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, b KnownBrowser) error {
	if b.Hash == "" {
		return nil
	}
	if _, err := t.exec(ctx, `DELETE FROM known_browsers WHERE organization_id = $1 AND user_id = $2 AND hash = $3`, org, user, b.Replaces); err != nil {
		return fmt.Errorf("forget a browser: %w", err)
	}
	const insert = `INSERT INTO known_browsers (organization_id, user_id, hash, expires_at) VALUES ($1, $2, $3, $4)`
	if _, err := t.exec(ctx, insert, org, user, b.Hash, millis(b.ExpiresAt)); err != nil {
		return fmt.Errorf("remember a browser: %w", err)
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
		err = row.Scan(append(userTargets(&v.user), sessionTargets(&v.session)...)...)
		return v, err
	}
	now := s.Now()
	seenSince := int64(0)
	if idle > 0 {
		seenSince = millis(now.Add(-idle))
	}
	const query = `SELECT ` + userColumns + `, ` + sessionColumns + `
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

// Membership is an organization in which a session holds, and who is signed in there.
type Membership struct {
	Session      string // its hash
	User         lanyard.User
	Organization lanyard.Organization
}

// Memberships gives the organizations of those sessions that hold, by name. Idle is as for [Store.UserBySession].
func (s *Store) Memberships(ctx context.Context, hashes []string, idle time.Duration) ([]Membership, error) {
	scan := func(row scanner) (m Membership, err error) {
		err = row.Scan(append(userTargets(&m.User), &m.Session, &m.Organization.ID, &m.Organization.Name, instant{&m.Organization.CreatedAt})...)
		return m, err
	}
	now := s.Now()
	args := []any{millis(now), millis(now.Add(-idle))}
	var in []string
	for _, hash := range hashes {
		args = append(args, hash)
		in = append(in, "$"+strconv.Itoa(len(args)))
	}
	query := `SELECT ` + userColumns + `, s.hash, o.id, o.name, o.created_at
		FROM sessions s JOIN users u ON u.organization_id = s.organization_id AND u.id = s.user_id JOIN organizations o ON o.id = s.organization_id
		WHERE s.expires_at > $1 AND s.seen_at > $2 AND NOT u.disabled AND s.hash IN (` + strings.Join(in, ", ") + `) ORDER BY lower(o.name), o.id`
	found, err := all(ctx, s.reads, scan, query, args...)
	if err != nil {
		return nil, fmt.Errorf("find the organizations of sessions: %w", err)
	}
	return found, nil
}

// Sessions lists the sessions of a user that still hold, newest first. Idle is as for [Store.UserBySession].
func (s *Store) Sessions(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, idle time.Duration, page Page) ([]Session, string, error) {
	list := "sessions " + string(user)
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	scan := func(row scanner) (v Session, err error) {
		err = row.Scan(sessionTargets(&v)...)
		return v, err
	}
	now := s.Now()
	w := where{`s.organization_id = $1`, []any{org}}
	w.and(`s.user_id = `, user)
	w.and(`s.expires_at > `, millis(now))
	w.and(`s.seen_at > `, millis(now.Add(-idle)))
	if created, hash, ok := strings.Cut(after, " "); ok {
		ms, err := strconv.ParseInt(created, 10, 64)
		if err != nil {
			return nil, "", fmt.Errorf("read a cursor: %w", err)
		}
		w.args = append(w.args, ms)
		w.and(fmt.Sprintf(`(s.created_at, s.hash) < ($%d, `, len(w.args)), hash)
		w.text += `)`
	}
	query := `SELECT ` + sessionColumns + ` FROM sessions s WHERE ` + w.limit(`s.created_at DESC, s.hash DESC`, rows)
	found, err := all(ctx, s.reads, scan, query, w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list sessions: %w", err)
	}
	found, next := Cut(list, org, found, rows, func(v *Session) string {
		return strconv.FormatInt(millis(v.CreatedAt), 10) + " " + v.Hash
	})
	return found, next, nil
}

// Session gives one session of a user, whether it holds or not; not_found otherwise.
func (s *Store) Session(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, hash string) (*Session, error) {
	scan := func(row scanner) (v Session, err error) {
		err = row.Scan(sessionTargets(&v)...)
		return v, err
	}
	const query = `SELECT ` + sessionColumns + ` FROM sessions s WHERE s.organization_id = $1 AND s.user_id = $2 AND s.hash = $3`
	return find(ctx, s.reads, "session", scan, query, org, user, hash)
}

// EndSession ends one session of a user; not_found when the user has no such session.
func (s *Store) EndSession(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, hash string, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		ended, err := t.exec(ctx, `DELETE FROM sessions WHERE organization_id = $1 AND user_id = $2 AND hash = $3`, org, user, hash)
		if err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
		if ended == 0 {
			return notFound("session")
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		return t.audit(ctx, org, audit)
	})
}

// EndOtherSessions ends every session of a user but the one that is kept, and gives their number; with none to end it
// writes nothing.
func (s *Store) EndOtherSessions(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, keep string, audit func(ended int64) lanyard.AuditEntry) (int64, error) {
	var ended int64
	err := s.tx(ctx, func(t *tx) (err error) {
		if ended, err = t.endSessions(ctx, org, user, keep); err != nil || ended == 0 {
			return err
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		return t.audit(ctx, org, audit(ended))
	})
	return ended, err
}

func (t *tx) endSessions(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, keep string) (int64, error) {
	ended, err := t.exec(ctx, `DELETE FROM sessions WHERE organization_id = $1 AND user_id = $2 AND hash <> $3`, org, user, keep)
	if err != nil {
		return 0, fmt.Errorf("end the sessions of %s: %w", user, err)
	}
	return ended, nil
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
