package store

import (
	"context"
	"fmt"
	"slices"

	"lanyard"
)

// CredentialsOf opens every credential of an organization, for telling the providers before it is deleted. One that does
// not open is nil.
func (s *Store) CredentialsOf(ctx context.Context, org lanyard.OrganizationID) ([]RevokedAuthorization, error) {
	const query = `SELECT ` + connectionColumns + `, ` + authorizationColumns + `, a.credential_sealed FROM authorizations a
		JOIN connections c ON c.organization_id = a.organization_id AND c.id = a.connection_id
		WHERE a.organization_id = $1 AND a.status = 'connected' ORDER BY a.id`
	found, err := all(ctx, s.reads, scanEnding, query, org)
	if err != nil {
		return nil, fmt.Errorf("list the credentials of organization %s: %w", org, err)
	}
	list := make([]RevokedAuthorization, len(found))
	for i := range found {
		list[i] = RevokedAuthorization{Connection: found[i].connection, Authorization: found[i].authorization.Authorization, Credential: s.openForRevoking(ctx, &found[i].authorization)}
	}
	return list, nil
}

// RevocationsOf opens what providers still have to be told for an organization. What does not open is left out.
func (s *Store) RevocationsOf(ctx context.Context, org lanyard.OrganizationID) ([]ProviderRevocation, error) {
	var sealed []byte
	scan := func(row scanner) (r ProviderRevocation, err error) {
		err = row.Scan(&r.ID, &r.Connection, &sealed)
		r.Organization = org
		if err == nil {
			r.Request, _ = s.vault.Open(sealed, revocationCell(org, r.ID)) // nil where it does not open
		}
		return r, err
	}
	found, err := all(ctx, s.reads, scan, `SELECT id, connection, request_sealed FROM provider_revocations WHERE organization_id = $1`, org)
	if err != nil {
		return nil, fmt.Errorf("list the revocations of organization %s: %w", org, err)
	}
	return slices.DeleteFunc(found, func(r ProviderRevocation) bool { return r.Request == nil }), nil
}

// CountConnected counts the authorizations of an organization that are connected.
func (s *Store) CountConnected(ctx context.Context, org lanyard.OrganizationID) (int, error) {
	n, err := one(ctx, s.reads, column[int], `SELECT count(*) FROM authorizations WHERE organization_id = $1 AND status = 'connected'`, org)
	if err != nil {
		return 0, fmt.Errorf("count the connected accounts of organization %s: %w", org, err)
	}
	return n, nil
}

// DeleteOrganization deletes an organization and every row of it in every table; not_found when there is none. What others
// hold of it stays theirs: installed copies of its extensions, and that they wanted to offer it something.
func (s *Store) DeleteOrganization(ctx context.Context, org lanyard.OrganizationID) error {
	return s.tx(ctx, func(t *tx) error {
		tables, err := s.dialect.tables(ctx, t.sql)
		if err != nil {
			return err
		}
		slices.Reverse(tables) // children first
		for _, table := range tables {
			if !table.has("organization_id") {
				continue
			}
			if _, err := t.exec(ctx, `DELETE FROM `+quote(table.Name)+` WHERE organization_id = $1`, org); err != nil {
				return fmt.Errorf("delete organization %s from %s: %w", org, table.Name, err)
			}
		}
		deleted, err := t.exec(ctx, `DELETE FROM organizations WHERE id = $1`, org)
		if err != nil {
			return fmt.Errorf("delete organization %s: %w", org, err)
		}
		if deleted == 0 {
			return notFound("organization")
		}
		t.tell(Change{Kind: ChangeAll}) // everything that anybody keeps of it
		return nil
	})
}
