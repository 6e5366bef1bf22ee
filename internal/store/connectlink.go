package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"lanyard"
)

// maxOpenPerUser is how many connect links, and how many consent requests, one user can have; the oldest give way.
const maxOpenPerUser = 50

// ConnectLink is a page for connecting, opened by its token. Only its user may use it.
type ConnectLink struct {
	Organization lanyard.OrganizationID
	Connection   lanyard.ConnectionID
	User         lanyard.UserID
	Direct       bool // asked for by this very user: opening it leads straight to the provider
	ReturnTo     string
	Parameters   map[string]string // dynamic parameter values given beforehand; sealed at rest
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// CreateConnectLink keeps a link by the SHA-256 of its token; CreatedAt is set here. A user has at most fifty: the
// oldest is dropped. Not_found when there is no such connection or user.
func (s *Store) CreateConnectLink(ctx context.Context, l ConnectLink, hash []byte) error {
	sealed, err := s.sealTexts(l.Parameters, connectLinkCell(l.Organization, hex.EncodeToString(hash)))
	if err != nil {
		return err
	}
	return s.tx(ctx, func(t *tx) error {
		const insert = `INSERT INTO connect_links
			(organization_id, hash, connection_id, user_id, direct, return_to, parameters_sealed, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
		_, err := t.exec(ctx, insert, l.Organization, hash, l.Connection, l.User, l.Direct, l.ReturnTo, sealed, millis(s.Now()), millis(l.ExpiresAt))
		if err != nil {
			return fmt.Errorf("create a connect link: %w", err)
		}
		const drop = `DELETE FROM connect_links WHERE organization_id = $1 AND user_id = $2 AND hash IN
			(SELECT hash FROM connect_links WHERE organization_id = $1 AND user_id = $2 ORDER BY created_at DESC, hash LIMIT 1000 OFFSET $3)`
		if _, err := t.exec(ctx, drop, l.Organization, l.User, maxOpenPerUser); err != nil {
			return fmt.Errorf("drop the oldest connect links: %w", err)
		}
		return nil
	})
}

// ConnectLink gives a link with its parameters; not_found when it is unknown or expired.
func (s *Store) ConnectLink(ctx context.Context, hash []byte) (*ConnectLink, error) {
	scan := func(row scanner) (l ConnectLink, err error) {
		var sealed []byte
		err = row.Scan(&l.Organization, &l.Connection, &l.User, &l.Direct, &l.ReturnTo, &sealed, instant{&l.CreatedAt}, instant{&l.ExpiresAt})
		if err != nil {
			return l, err
		}
		l.Parameters, err = s.openTexts(sealed, connectLinkCell(l.Organization, hex.EncodeToString(hash)))
		return l, err
	}
	const query = `SELECT organization_id, connection_id, user_id, direct, return_to, parameters_sealed, created_at, expires_at
		FROM connect_links WHERE hash = $1 AND expires_at > $2`
	return find(ctx, s.reads, "connect link", scan, query, hash, millis(s.Now()))
}

// DeleteConnectLink ends a link; not_found when the organization has no such link.
func (s *Store) DeleteConnectLink(ctx context.Context, org lanyard.OrganizationID, hash []byte) error {
	deleted, err := exec(ctx, s.writes, `DELETE FROM connect_links WHERE organization_id = $1 AND hash = $2`, org, hash)
	if err != nil {
		return fmt.Errorf("delete a connect link: %w", err)
	}
	if deleted == 0 {
		return notFound("connect link")
	}
	return nil
}
