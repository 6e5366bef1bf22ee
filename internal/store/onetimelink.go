package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lanyard"
)

// LinkPurpose is what a one-time link does.
type LinkPurpose string

const (
	PurposeSetup  LinkPurpose = "setup"   // makes the first organization
	PurposeSignIn LinkPurpose = "sign_in" // signs a browser in as its user
	PurposeReset  LinkPurpose = "reset"   // lets its user set a new password
)

// Link is a link that works once. A setup link belongs to nobody.
type Link struct {
	Purpose      LinkPurpose
	Organization lanyard.OrganizationID
	User         lanyard.UserID
	ExpiresAt    time.Time
	RevokeAccess bool // of a reset link: with the password, the user's connected accounts end too
}

// linkColumns are what [scanLink] reads.
const linkColumns = `purpose, organization_id, user_id, expires_at, revoke_access`

func scanLink(row scanner) (l Link, err error) {
	err = row.Scan(&l.Purpose, &l.Organization, &l.User, instant{&l.ExpiresAt}, &l.RevokeAccess)
	return l, err
}

// CreateLink keeps a link by the SHA-256 of its token. A new setup link ends the older ones. Audit may be nil; there is
// no organization yet when a setup link is made.
func (s *Store) CreateLink(ctx context.Context, l Link, hash []byte, audit *lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		if l.Purpose == PurposeSetup {
			if _, err := t.exec(ctx, `DELETE FROM one_time_links WHERE purpose = 'setup'`); err != nil {
				return fmt.Errorf("end the older setup links: %w", err)
			}
		} else if _, err := find(ctx, t.sql, "user", column[bool], `SELECT disabled FROM users WHERE organization_id = $1 AND id = $2`, l.Organization, l.User); err != nil {
			return err
		}
		const insert = `INSERT INTO one_time_links (hash, purpose, organization_id, user_id, expires_at, revoke_access) VALUES ($1, $2, $3, $4, $5, $6)`
		if _, err := t.exec(ctx, insert, hash, l.Purpose, l.Organization, l.User, millis(l.ExpiresAt), l.RevokeAccess); err != nil {
			return fmt.Errorf("create a one-time link: %w", err)
		}
		if audit == nil {
			return nil
		}
		return t.audit(ctx, l.Organization, *audit)
	})
}

// Link reads a link without using it up; not_found when it is unknown, used or expired.
func (s *Store) Link(ctx context.Context, purpose LinkPurpose, hash []byte) (*Link, error) {
	const query = `SELECT ` + linkColumns + ` FROM one_time_links WHERE hash = $1 AND purpose = $2 AND expires_at > $3`
	return find(ctx, s.reads, "one-time link", scanLink, query, hash, purpose, millis(s.Now()))
}

// UseSignInLink consumes a link and begins a session for its user. Not_found when the link is unknown, used or
// expired, or the user disabled; of several callers with one link exactly one succeeds.
func (s *Store) UseSignInLink(ctx context.Context, hash []byte, session Session, audit func(Link) lanyard.AuditEntry) (*lanyard.User, error) {
	var user *lanyard.User
	err := s.tx(ctx, func(t *tx) error {
		link, err := t.useLink(ctx, PurposeSignIn, hash)
		if errors.Is(err, sql.ErrNoRows) {
			return errBadSignInLink()
		}
		if err != nil {
			return err
		}
		const query = `SELECT ` + userColumns + ` FROM users u WHERE u.organization_id = $1 AND u.id = $2 AND NOT u.disabled`
		if user, err = find(ctx, t.sql, "user", scanUser, query, link.Organization, link.User); err != nil {
			return errBadSignInLink().With(err)
		}
		if err := t.insertSession(ctx, link.Organization, link.User, session); err != nil {
			return err
		}
		t.tell(Change{Kind: ChangeKeys, Organization: link.Organization})
		return t.audit(ctx, link.Organization, audit(link))
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

// useLink consumes a link. The error is [sql.ErrNoRows] when it is unknown, used or expired.
func (t *tx) useLink(ctx context.Context, purpose LinkPurpose, hash []byte) (Link, error) {
	const use = `DELETE FROM one_time_links WHERE hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING ` + linkColumns
	link, err := one(ctx, t.sql, scanLink, use, hash, purpose, millis(t.store.Now()))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return link, fmt.Errorf("use a one-time link: %w", err)
	}
	return link, err
}

func errBadSignInLink() *lanyard.Error {
	return lanyard.Errorf(lanyard.CodeNotFound, "This sign-in link is unknown, used or expired.")
}
