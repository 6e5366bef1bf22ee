package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"lanyard"
)

// userColumns: who has no e-mail address has their id in its column.
const userColumns = `u.organization_id, u.id, CASE WHEN u.email = u.id THEN '' ELSE u.email END, u.name, u.role, coalesce(u.external_id, ''),
	u.disabled, u.created_at`

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
	const insert = `INSERT INTO users (organization_id, id, email, name, role, external_id, disabled, created_at, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	_, err := t.exec(ctx, insert, u.OrganizationID, u.ID, emailColumn(&u), u.Name, u.Role, externalIDColumn(&u), u.Disabled, millis(t.store.Now()), userSearch(&u))
	if err != nil {
		return fmt.Errorf("create user %s: %w", u.ID, err)
	}
	return nil
}

// emailColumn is what stands in the column of e-mail addresses, which orders the lists.
func emailColumn(u *lanyard.User) string {
	if u.Email == "" {
		return string(u.ID)
	}
	return strings.ToLower(u.Email)
}

func externalIDColumn(u *lanyard.User) sql.NullString {
	return sql.NullString{String: u.ExternalID, Valid: u.ExternalID != ""}
}

// userSearch is what a search of a list looks through. Lower case is made here: SQLite's own knows ASCII only.
func userSearch(u *lanyard.User) string {
	return strings.ToLower(u.Name + " " + u.Email + " " + u.ExternalID)
}

// userConflict finds out which of the two keys was taken: the database's error says it only in text.
func (s *Store) userConflict(ctx context.Context, u lanyard.User, cause error) error {
	const query = `SELECT count(*) > 0 FROM users WHERE organization_id = $1 AND email = $2 AND id <> $3`
	email, err := one(ctx, s.writes, column[bool], query, u.OrganizationID, emailColumn(&u), u.ID)
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

// UserNamed gives a person by id, or by the host application's own id for that person; not_found otherwise.
func (s *Store) UserNamed(ctx context.Context, org lanyard.OrganizationID, name string) (*lanyard.User, error) {
	user, err := s.User(ctx, org, lanyard.UserID(name))
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return s.UserByExternalID(ctx, org, name)
	}
	return user, err
}

// UserFilter narrows a list of people; its zero value is everybody.
type UserFilter struct {
	Query      string // a part of the name, e-mail address or external id, in any case
	Role       lanyard.Role
	ExternalID string // exactly
}

// Users lists the people of an organization by e-mail address; those who have none stand where their id would.
func (s *Store) Users(ctx context.Context, org lanyard.OrganizationID, f UserFilter, page Page) ([]lanyard.User, string, error) {
	const list = "users"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{`u.organization_id = $1`, []any{org}}
	if f.Query != "" {
		w.and(`u.search LIKE `, "%"+escapeLike(strings.ToLower(f.Query))+"%")
		w.text += ` ESCAPE '!'`
	}
	if f.Role != "" {
		w.and(`u.role = `, f.Role)
	}
	if f.ExternalID != "" {
		w.and(`u.external_id = `, f.ExternalID)
	}
	if after != "" {
		w.and(`u.email > `, after)
	}
	users, err := all(ctx, s.reads, scanUser, `SELECT `+userColumns+` FROM users u WHERE `+w.limit(`u.email`, rows), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list users: %w", err)
	}
	users, next := Cut(list, org, users, rows, emailColumn)
	return users, next, nil
}
