package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"lanyard"
)

// Instance says which Lanyard a store belongs to. Replicas are one instance; a restored store is another than its origin.
type Instance struct {
	ID        string
	PublicURL string // by which it was served last; empty: it never was
	// Origin is set where the store was restored from a backup.
	Origin Origin
	// RestoredAt is when that was, WentOnAt when the operator let it go on.
	RestoredAt, WentOnAt time.Time
}

// Paused says whether it was restored and has not gone on yet.
func (i *Instance) Paused() bool { return !i.RestoredAt.IsZero() && i.WentOnAt.IsZero() }

// Origin is what a backup was made of.
type Origin struct {
	ID        string // of the instance; empty: a Lanyard that had none yet
	PublicURL string
	BackupAt  time.Time
}

// goOnEvery is how soon a running server notices that it may go on.
const goOnEvery = 500 * time.Millisecond

// Paused says that the store was restored from a backup and that nothing may happen by itself until the operator lets it
// go on: the original may be running still, and what it did since the backup is not known here. Then nothing in the store
// is ever due: no refresh, revocation, delivery, mail or run of a function is handed out, and no lease for a refresh is
// given. Once it is false it stays false.
func (s *Store) Paused() bool { return s.paused.Load() }

// resting refuses a refresh while the store is paused.
func (s *Store) resting() error {
	if !s.Paused() {
		return nil
	}
	e := lanyard.Errorf(lanyard.CodeRefreshUnavailable, "This Lanyard was restored from a backup and refreshes no access token until whoever runs it lets it go on (lanyard restore go-on).")
	e.RetryAfter = time.Minute
	return e
}

// Instance says which Lanyard this is.
func (s *Store) Instance(ctx context.Context) (Instance, error) { return readInstance(ctx, s.reads) }

func readInstance(ctx context.Context, on querier) (Instance, error) {
	scan := func(row scanner) (i Instance, err error) {
		err = row.Scan(&i.ID, &i.PublicURL, &i.Origin.ID, &i.Origin.PublicURL, instant{&i.Origin.BackupAt}, instant{&i.RestoredAt}, instant{&i.WentOnAt})
		return i, err
	}
	const query = `SELECT instance_id, public_url, origin_id, origin_url, backup_at, restored_at, went_on_at FROM instances WHERE id = 'main'`
	i, err := one(ctx, on, scan, query)
	if err != nil {
		return Instance{}, fmt.Errorf("read which instance this is: %w", err)
	}
	return i, nil
}

// ServedAs notes the public URL that the store is served by.
func (s *Store) ServedAs(ctx context.Context, publicURL string) error {
	if _, err := exec(ctx, s.writes, `UPDATE instances SET public_url = $1 WHERE id = 'main' AND public_url <> $1`, publicURL); err != nil {
		return fmt.Errorf("note the public URL: %w", err)
	}
	return nil
}

// startInstance gives a new store its instance id. One that waits for its operator watches for the word.
func (s *Store) startInstance(ctx context.Context) error {
	const insert = `INSERT INTO instances (id, instance_id, created_at) VALUES ('main', $1, $2) ON CONFLICT DO NOTHING`
	if _, err := exec(ctx, s.writes, insert, newInstanceID(), millis(s.Now())); err != nil {
		return fmt.Errorf("name the instance: %w", err)
	}
	i, err := s.Instance(ctx)
	if err != nil {
		return err
	}
	if s.paused.Store(i.Paused()); i.Paused() {
		s.inBackground(ctx, s.awaitGoingOn)
	}
	return nil
}

func newInstanceID() string { return "ins_" + rand.Text() }

func (s *Store) awaitGoingOn(ctx context.Context) {
	tick := time.NewTicker(goOnEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		i, err := s.Instance(ctx)
		if err != nil {
			s.log.Debug("cannot ask whether to go on", slog.Any("error", err))
			continue
		}
		if !i.Paused() {
			s.paused.Store(false)
			s.log.Info("this Lanyard, which was restored from a backup, goes on")
			s.onChange(Change{Kind: ChangeAll})
			return
		}
	}
}

// inBackground does something until the store is closed, which waits for it.
func (s *Store) inBackground(ctx context.Context, do func(context.Context)) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	before := s.stop
	s.stop = func() { before(); cancel() }
	s.background.Go(func() { do(ctx) })
}

// TokenRotation says what a provider does with a refresh token that was used.
type TokenRotation int

const (
	RotationUnknown TokenRotation = 0
	RotationNone    TokenRotation = 1 // it goes on working
	RotationEach    TokenRotation = 2 // another one comes with each refresh, and the one before ends
)

// Doubtful is an authorization of a restored store that the origin has probably refreshed since the backup, if it went on.
type Doubtful struct {
	Organization     lanyard.OrganizationID
	OrganizationName string
	Connection       lanyard.LinkName
	Service          lanyard.LinkName
	User             lanyard.UserID
	UserName         string
	// ExpiresAt is when the access token ends, RefreshedAt when it came.
	ExpiresAt, RefreshedAt time.Time
	// Rotation is what the last refresh of this authorization showed, or, where there was none, those of others of the service.
	Rotation TokenRotation
}

// Words says why it is doubtful.
func (d Doubtful) Words() string {
	switch d.Rotation {
	case RotationEach:
		return "probably dead, for its provider gives another refresh token each time"
	case RotationNone:
		return "probably alive, for its provider keeps the refresh token"
	}
	return "perhaps dead, for nobody knows yet whether its provider gives another refresh token each time"
}

// Doubtful lists the connected authorizations with a refresh token that were due to be refreshed since the backup: those
// that probably ended first, then by names. With an empty organization it lists those of all. The limit is at least 1.
func (s *Store) Doubtful(ctx context.Context, org lanyard.OrganizationID, limit int) ([]Doubtful, error) {
	scan := func(row scanner) (d Doubtful, err error) {
		err = row.Scan(&d.Organization, &d.OrganizationName, &d.Connection, &d.Service, &d.User, &d.UserName, instant{&d.ExpiresAt}, instant{&d.RefreshedAt}, &d.Rotation)
		return d, err
	}
	query := `SELECT a.organization_id, o.name, c.link_name, c.service_link_name, a.user_id, u.name, a.expires_at, a.refreshed_at,
		CASE WHEN a.rotation <> 0 THEN a.rotation ELSE coalesce((SELECT max(x.rotation) FROM authorizations x
			JOIN connections y ON y.organization_id = x.organization_id AND y.id = x.connection_id
			WHERE x.organization_id = a.organization_id AND y.service_id = c.service_id), 0) END AS rotation
		FROM authorizations a JOIN connections c ON c.organization_id = a.organization_id AND c.id = a.connection_id
		JOIN users u ON u.organization_id = a.organization_id AND u.id = a.user_id JOIN organizations o ON o.id = a.organization_id
		WHERE a.status = 'connected' AND a.refresh_fingerprint <> '' 
		AND (a.refresh_due_at > 0 AND a.refresh_due_at <= $1 OR a.expires_at > 0 AND a.expires_at <= $1)`
	args := []any{millis(s.Now()), limit}
	if org != "" {
		query += ` AND a.organization_id = $3`
		args = append(args, org)
	}
	query += ` ORDER BY CASE WHEN a.rotation = 1 THEN 1 ELSE 0 END, o.name, o.id, c.link_name, u.name, a.id LIMIT $2`
	found, err := all(ctx, s.reads, scan, query, args...)
	if err != nil {
		return nil, fmt.Errorf("find the connections that are probably dead: %w", err)
	}
	return found, nil
}

// Beside is a store that a server may have open at the same time, also on SQLite.
type Beside struct{ *besideStore }

// besideStore has those methods alone that need neither keys nor lock.
type besideStore struct{ s *Store }

// OpenBeside opens a store beside its server. It refuses one whose schema is not of this version: lanyard serve brings it
// up to date.
func OpenBeside(ctx context.Context, c Config) (Beside, error) {
	s, version, err := beside(ctx, c)
	if err != nil {
		return Beside{}, err
	}
	if version < instancesSince {
		_ = s.Close()
		return Beside{}, fmt.Errorf("the store has schema version %d, from before it could be restored from a backup: start lanyard serve once, which brings it up to date", version)
	}
	return Beside{&besideStore{s}}, nil
}

// instancesSince is the schema version that says which instance a store is.
const instancesSince = 16

// Instance is [Store.Instance].
func (b *besideStore) Instance(ctx context.Context) (Instance, error) { return b.s.Instance(ctx) }

// Doubtful is [Store.Doubtful] for all organizations.
func (b *besideStore) Doubtful(ctx context.Context, limit int) ([]Doubtful, error) {
	return b.s.Doubtful(ctx, "", limit)
}

// GoOn lets a restored store go on; false when it does already. Servers of it notice within a second.
func (b *besideStore) GoOn(ctx context.Context) (bool, error) {
	n, err := exec(ctx, b.s.writes, `UPDATE instances SET went_on_at = $1 WHERE id = 'main' AND restored_at > 0 AND went_on_at = 0`, millis(b.s.Now()))
	if err != nil {
		return false, fmt.Errorf("let the store go on: %w", err)
	}
	return n > 0, nil
}

// Now is [Store.Now].
func (b *besideStore) Now() time.Time { return b.s.Now() }

// Close closes it.
func (b *besideStore) Close() error { return b.s.Close() }
