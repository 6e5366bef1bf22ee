package store

import (
	"context"
	"fmt"
	"time"

	"lanyard"
)

// OAuthClient is an organization's own client at the provider of a default service.
type OAuthClient struct {
	Organization lanyard.OrganizationID
	Service      lanyard.LinkName
	ClientID     string
	ClientSecret lanyard.Secret
	Version      int64 // grows with every change
	UpdatedAt    time.Time
}

// SetOAuthClient stores a client, in the place of the one before. Version and time are set here.
func (s *Store) SetOAuthClient(ctx context.Context, c OAuthClient, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		// The row is there, and locked, before its secret is sealed: the seal holds the new version.
		const next = `INSERT INTO oauth_clients (organization_id, service_link_name, client_id, version, updated_at) VALUES ($1, $2, $3, 1, $4)
			ON CONFLICT (organization_id, service_link_name)
			DO UPDATE SET client_id = excluded.client_id, version = oauth_clients.version + 1, updated_at = excluded.updated_at
			RETURNING version`
		version, err := one(ctx, t.sql, column[int64], next, c.Organization, c.Service, c.ClientID, millis(s.Now()))
		if err != nil {
			return fmt.Errorf("set the OAuth client for %s: %w", c.Service, err)
		}
		sealed, err := s.sealSecret(c.ClientSecret, clientCell(c.Organization, c.Service, version))
		if err != nil {
			return err
		}
		const secret = `UPDATE oauth_clients SET client_secret_sealed = $3 WHERE organization_id = $1 AND service_link_name = $2`
		if _, err := t.exec(ctx, secret, c.Organization, c.Service, sealed); err != nil {
			return fmt.Errorf("set the OAuth client's secret for %s: %w", c.Service, err)
		}
		t.tell(Change{Kind: ChangeService, Organization: c.Organization, LinkName: c.Service})
		return t.audit(ctx, c.Organization, audit)
	})
}

// OAuthClient gives the organization's client for a default service, with its secret; not_found otherwise.
func (s *Store) OAuthClient(ctx context.Context, org lanyard.OrganizationID, service lanyard.LinkName) (*OAuthClient, error) {
	scan := func(row scanner) (c OAuthClient, err error) {
		var sealed []byte
		if err := row.Scan(&c.Organization, &c.Service, &c.ClientID, &sealed, &c.Version, instant{&c.UpdatedAt}); err != nil {
			return c, err
		}
		c.ClientSecret, err = s.openSecret(sealed, clientCell(c.Organization, c.Service, c.Version))
		return c, err
	}
	const query = `SELECT organization_id, service_link_name, client_id, client_secret_sealed, version, updated_at
		FROM oauth_clients WHERE organization_id = $1 AND service_link_name = $2`
	return find(ctx, s.reads, "OAuth client", scan, query, org, service)
}
