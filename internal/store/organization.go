package store

import (
	"context"
	"fmt"

	"lanyard"
)

// NewAccount is an organization with its owner and, where one is wanted, the owner's first API key. Ids are the
// caller's; the times are set here.
type NewAccount struct {
	Organization lanyard.Organization
	Owner        lanyard.User
	PasswordHash lanyard.Secret  // of the owner; zero: none
	Key          *lanyard.APIKey // nil: none
	KeyHash      []byte          // SHA-256 of the key
	Audit        lanyard.AuditEntry
}

// Empty says whether there is no organization yet.
func (s *Store) Empty(ctx context.Context) (bool, error) { return empty(ctx, s.reads) }

// Organization gives an organization; not_found when there is none.
func (s *Store) Organization(ctx context.Context, id lanyard.OrganizationID) (*lanyard.Organization, error) {
	scan := func(row scanner) (o lanyard.Organization, err error) {
		err = row.Scan(&o.ID, &o.Name, instant{&o.CreatedAt})
		return o, err
	}
	return find(ctx, s.reads, "organization", scan, `SELECT id, name, created_at FROM organizations WHERE id = $1`, id)
}

// Organizations lists all organizations, the oldest first, for whoever runs this Lanyard: no caller of an organization is
// ever given it.
func (s *Store) Organizations(ctx context.Context) ([]OrganizationSummary, error) {
	scan := func(row scanner) (o OrganizationSummary, err error) {
		err = row.Scan(&o.ID, &o.Name, instant{&o.CreatedAt}, &o.Users)
		return o, err
	}
	const query = `SELECT o.id, o.name, o.created_at, (SELECT count(*) FROM users u WHERE u.organization_id = o.id) FROM organizations o ORDER BY o.created_at, o.id`
	found, err := all(ctx, s.reads, scan, query)
	if err != nil {
		return nil, fmt.Errorf("list the organizations: %w", err)
	}
	return found, nil
}

// OrganizationSummary is a line of the list of all organizations.
type OrganizationSummary struct {
	lanyard.Organization
	Users int
}

// RenameOrganization gives an organization another name.
func (s *Store) RenameOrganization(ctx context.Context, id lanyard.OrganizationID, name string, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, `UPDATE organizations SET name = $2 WHERE id = $1`, id, name); err != nil {
			return fmt.Errorf("rename organization %s: %w", id, err)
		}
		return t.audit(ctx, id, audit)
	})
}

// CountedUpTo is how far [Store.CountOrganization] counts: beyond it the exact number is of no use to a person, and
// counting would take time.
const CountedUpTo = 10_000

// OrganizationCounts says how much an organization has. One more than [CountedUpTo] stands for all larger numbers.
type OrganizationCounts struct{ Users, Connections, Services int }

// CountOrganization counts what an organization has. Services are its own, custom ones.
func (s *Store) CountOrganization(ctx context.Context, id lanyard.OrganizationID) (OrganizationCounts, error) {
	scan := func(row scanner) (c OrganizationCounts, err error) {
		err = row.Scan(&c.Users, &c.Connections, &c.Services)
		return c, err
	}
	const query = `SELECT
		(SELECT count(*) FROM (SELECT 1 FROM users WHERE organization_id = $1 LIMIT $2) AS u),
		(SELECT count(*) FROM (SELECT 1 FROM connections WHERE organization_id = $1 LIMIT $2) AS c),
		(SELECT count(*) FROM (SELECT 1 FROM services WHERE organization_id = $1 LIMIT $2) AS s)`
	counts, err := one(ctx, s.reads, scan, query, id, CountedUpTo+1)
	if err != nil {
		return OrganizationCounts{}, fmt.Errorf("count what organization %s has: %w", id, err)
	}
	return counts, nil
}

func empty(ctx context.Context, on querier) (bool, error) {
	none, err := one(ctx, on, column[bool], `SELECT count(*) = 0 FROM (SELECT 1 FROM organizations LIMIT 1) AS found`)
	if err != nil {
		return false, fmt.Errorf("look for organizations: %w", err)
	}
	return none, nil
}

// CreateAccount makes an organization and all that begins with it. With the hash of a setup link it makes the first
// one: the link is consumed, by exactly one caller (not_found for an unknown, used or expired link), and a store that
// has an organization already refuses with conflict.
func (s *Store) CreateAccount(ctx context.Context, a NewAccount, setupLinkHash []byte) error {
	now, org := s.Now(), a.Organization.ID
	return s.tx(ctx, func(t *tx) error {
		if setupLinkHash != nil {
			if err := t.useSetupLink(ctx, setupLinkHash); err != nil {
				return err
			}
		}
		const insert = `INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3)`
		if _, err := t.exec(ctx, insert, org, a.Organization.Name, millis(now)); err != nil {
			return fmt.Errorf("create organization %s: %w", org, err)
		}
		a.Owner.OrganizationID = org
		if err := t.insertUser(ctx, a.Owner); err != nil {
			return err
		}
		if !a.PasswordHash.IsZero() {
			if err := t.setPassword(ctx, org, a.Owner.ID, "", a.PasswordHash); err != nil {
				return err
			}
		}
		if a.Key != nil {
			key := *a.Key
			key.OrganizationID = org
			if err := t.insertAPIKey(ctx, key, a.KeyHash); err != nil {
				return err
			}
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		return t.audit(ctx, org, a.Audit)
	})
}

// useSetupLink consumes a setup link, for one caller at a time.
func (t *tx) useSetupLink(ctx context.Context, hash []byte) error {
	// The one row that every store has serves as the lock: on PostgreSQL two of these could both find the store empty.
	if _, err := one(ctx, t.sql, column[string], `SELECT k.id FROM keysets k WHERE k.id = 'main'`+t.store.dialect.lock("k")); err != nil {
		return fmt.Errorf("lock the store: %w", err)
	}
	const use = `DELETE FROM one_time_links WHERE hash = $1 AND purpose = 'setup' AND expires_at > $2`
	used, err := t.exec(ctx, use, hash, millis(t.store.Now()))
	if err != nil {
		return fmt.Errorf("use the setup link: %w", err)
	}
	if used == 0 {
		return lanyard.Errorf(lanyard.CodeNotFound, "This setup link is unknown, used or expired.")
	}
	none, err := empty(ctx, t.sql)
	if err != nil {
		return err
	}
	if !none {
		return lanyard.Errorf(lanyard.CodeConflict, "This Lanyard has an organization already, so a setup link no longer works.")
	}
	return nil
}
