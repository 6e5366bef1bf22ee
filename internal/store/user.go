package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"lanyard"
)

const userColumns = `u.organization_id, u.id, u.email, u.name, u.role, coalesce(u.external_id, ''), u.disabled, u.created_at`

func userTargets(u *lanyard.User) []any {
	return []any{&u.OrganizationID, &u.ID, &u.Email, &u.Name, &u.Role, &u.ExternalID, &u.Disabled, instant{&u.CreatedAt}}
}

func scanUser(row scanner) (u lanyard.User, err error) {
	err = row.Scan(userTargets(&u)...)
	return u, err
}

// CreateUser adds a person to an organization; the time is set here. An e-mail address, compared in lower case, or
// external id that somebody of the organization has gives conflict and names the field.
func (s *Store) CreateUser(ctx context.Context, u lanyard.User, audit lanyard.AuditEntry) error {
	err := s.tx(ctx, func(t *tx) error {
		if err := t.insertUser(ctx, u); err != nil {
			return err
		}
		t.tell(Change{Kind: ChangeKeys, Organization: u.OrganizationID})
		return t.audit(ctx, u.OrganizationID, audit)
	})
	if errors.Is(err, errTaken) {
		return s.userConflict(ctx, u, err)
	}
	return err
}

func (t *tx) insertUser(ctx context.Context, u lanyard.User) error {
	const insert = `INSERT INTO users (organization_id, id, email, name, role, external_id, disabled, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	externalID := sql.NullString{String: u.ExternalID, Valid: u.ExternalID != ""}
	_, err := t.exec(ctx, insert, u.OrganizationID, u.ID, strings.ToLower(u.Email), u.Name, u.Role, externalID, u.Disabled, millis(t.store.Now()))
	if err != nil {
		return fmt.Errorf("create user %s: %w", u.ID, err)
	}
	return nil
}

// userConflict finds out which of the two keys was taken: the database's error says it only in text.
func (s *Store) userConflict(ctx context.Context, u lanyard.User, cause error) error {
	const query = `SELECT count(*) > 0 FROM users WHERE organization_id = $1 AND email = $2`
	email, err := one(ctx, s.writes, column[bool], query, u.OrganizationID, strings.ToLower(u.Email))
	if err != nil {
		return fmt.Errorf("find the user in the way: %w", errors.Join(err, cause))
	}
	if email {
		return conflict("/email", "Somebody of this organization has that e-mail address already.", "this e-mail address is taken")
	}
	return conflict("/external_id", "Somebody of this organization has that external id already.", "this external id is taken")
}

// User gives one person of an organization, disabled or not; not_found otherwise.
func (s *Store) User(ctx context.Context, org lanyard.OrganizationID, id lanyard.UserID) (*lanyard.User, error) {
	const query = `SELECT ` + userColumns + ` FROM users u WHERE u.organization_id = $1 AND u.id = $2`
	return find(ctx, s.reads, "user", scanUser, query, org, id)
}

// Administrators lists the owners and admins of an organization who can sign in, oldest first, twenty at most.
func (s *Store) Administrators(ctx context.Context, org lanyard.OrganizationID) ([]lanyard.User, error) {
	const query = `SELECT ` + userColumns + ` FROM users u
		WHERE u.organization_id = $1 AND u.role IN ('owner', 'admin') AND NOT u.disabled ORDER BY u.created_at, u.id LIMIT 20`
	users, err := all(ctx, s.reads, scanUser, query, org)
	if err != nil {
		return nil, fmt.Errorf("list the administrators: %w", err)
	}
	return users, nil
}

// UserByExternalID gives the person whom the host application calls externalID; not_found otherwise, and for "".
func (s *Store) UserByExternalID(ctx context.Context, org lanyard.OrganizationID, externalID string) (*lanyard.User, error) {
	const query = `SELECT ` + userColumns + ` FROM users u WHERE u.organization_id = $1 AND u.external_id = $2`
	return find(ctx, s.reads, "user", scanUser, query, org, externalID)
}

// Users lists the people of an organization by e-mail address.
func (s *Store) Users(ctx context.Context, org lanyard.OrganizationID, page Page) ([]lanyard.User, string, error) {
	const list = "users"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{`u.organization_id = $1`, []any{org}}
	if after != "" {
		w.and(`u.email > `, after)
	}
	users, err := all(ctx, s.reads, scanUser, `SELECT `+userColumns+` FROM users u WHERE `+w.limit(`u.email`, rows), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list users: %w", err)
	}
	users, next := Cut(list, org, users, rows, func(u *lanyard.User) string { return u.Email })
	return users, next, nil
}
