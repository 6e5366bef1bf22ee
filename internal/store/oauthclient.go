package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lanyard"
)

// SetOAuthClient stores a client over the version of it that the caller read, 0 where there was none; conflict when it
// moved on. It sets version and time. Unless keep, every connected authorization of the default service's connections
// has to reconnect, for the reason given: its credential is erased and returned, so that the provider can be told.
func (s *Store) SetOAuthClient(ctx context.Context, c *lanyard.OAuthClient, keep bool, reason string, audit lanyard.AuditEntry) (revoked []RevokedAuthorization, err error) {
	err = s.Together(ctx, func(changes *Changes) error {
		revoked, err = changes.SetOAuthClient(ctx, c, keep, reason, audit)
		return err
	})
	return revoked, err
}

// SetOAuthClient is [Store.SetOAuthClient].
func (c *Changes) SetOAuthClient(ctx context.Context, client *lanyard.OAuthClient, keep bool, reason string, audit lanyard.AuditEntry) ([]RevokedAuthorization, error) {
	t, s := c.tx, c.tx.store
	set := *client
	set.Version, set.UpdatedAt = client.Version+1, s.Now()
	if set.Parameters == nil {
		set.Parameters = map[string]string{}
	}
	sealed, err := s.sealSecret(set.ClientSecret, clientCell(set.Organization, set.Service, set.Version))
	if err != nil {
		return nil, err
	}
	parameters, err := encode(set.Parameters)
	if err != nil {
		return nil, err
	}
	query := `UPDATE oauth_clients SET client_id = $3, client_secret_sealed = $4, version = $5, updated_at = $6, parameters = $7
		WHERE organization_id = $1 AND service_link_name = $2 AND version = $8`
	args := []any{set.Organization, set.Service, set.ClientID, sealed, set.Version, millis(set.UpdatedAt), parameters, client.Version}
	if client.Version == 0 {
		query = `INSERT INTO oauth_clients (organization_id, service_link_name, client_id, client_secret_sealed, version, updated_at, parameters)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (organization_id, service_link_name) DO NOTHING`
		args = args[:7]
	}
	changed, err := t.exec(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("set the OAuth client for %s: %w", set.Service, err)
	}
	if changed == 0 {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The OAuth client was changed by somebody else in the meantime: read it again and repeat the change. Nothing was changed.")
	}
	// A default service's connections carry its link name in the place of an id.
	var revoked []RevokedAuthorization
	if keep {
		err = t.retryNow(ctx, &set)
	} else {
		revoked, err = t.endAuthorizations(ctx, set.Organization, ofService, string(set.Service), lanyard.StatusReconnectRequired, reason)
	}
	if err != nil {
		return nil, err
	}
	t.tell(Change{Kind: ChangeService, Organization: set.Organization, LinkName: set.Service})
	if err := t.audit(ctx, set.Organization, audit); err != nil {
		return nil, err
	}
	*client = set
	return revoked, nil
}

// retryNow ends the waiting of refreshes that the provider put off: it may have been the secret that it did not like.
func (t *tx) retryNow(ctx context.Context, c *lanyard.OAuthClient) error {
	const query = `UPDATE authorizations SET retry_at = 0, updated_at = $3 WHERE organization_id = $1 AND status = 'connected' AND retry_at > 0
		AND connection_id IN (SELECT id FROM connections WHERE organization_id = $1 AND service_id = $2)`
	if _, err := t.exec(ctx, query, c.Organization, c.Service, millis(c.UpdatedAt)); err != nil {
		return fmt.Errorf("let the refreshes for %s be tried again: %w", c.Service, err)
	}
	return nil
}

// OAuthClient gives the organization's client for a default service, with its secret; not_found otherwise.
func (s *Store) OAuthClient(ctx context.Context, org lanyard.OrganizationID, service lanyard.LinkName) (*lanyard.OAuthClient, error) {
	scan := func(row scanner) (c lanyard.OAuthClient, err error) {
		var sealed []byte
		if err := row.Scan(&c.Organization, &c.Service, &c.ClientID, &sealed, &c.Version, instant{&c.UpdatedAt}, decoded{&c.Parameters}); err != nil {
			return c, err
		}
		c.ClientSecret, err = s.openSecret(sealed, clientCell(c.Organization, c.Service, c.Version))
		return c, err
	}
	const query = `SELECT organization_id, service_link_name, client_id, client_secret_sealed, version, updated_at, parameters
		FROM oauth_clients WHERE organization_id = $1 AND service_link_name = $2`
	return find(ctx, s.reads, "OAuth client", scan, query, org, service)
}

// ClientSet is what a list says of an OAuth client.
type ClientSet struct {
	Service    lanyard.LinkName
	ClientID   string
	SecretSet  bool
	Parameters map[string]string
}

// OAuthClients lists the organization's clients, without their secrets. There are as many as default services at most.
func (s *Store) OAuthClients(ctx context.Context, org lanyard.OrganizationID) ([]ClientSet, error) {
	scan := func(row scanner) (c ClientSet, err error) {
		err = row.Scan(&c.Service, &c.ClientID, &c.SecretSet, decoded{&c.Parameters})
		return c, err
	}
	const query = `SELECT service_link_name, client_id, client_secret_sealed IS NOT NULL, parameters FROM oauth_clients WHERE organization_id = $1 ORDER BY service_link_name`
	clients, err := all(ctx, s.reads, scan, query, org)
	if err != nil {
		return nil, fmt.Errorf("list the OAuth clients: %w", err)
	}
	return clients, nil
}

// clientVersion locks the organization's client for a default service and gives its version; 0 when there is none.
func (t *tx) clientVersion(ctx context.Context, org lanyard.OrganizationID, service lanyard.LinkName) (int64, error) {
	const query = `SELECT o.version FROM oauth_clients o WHERE o.organization_id = $1 AND o.service_link_name = $2`
	version, err := one(ctx, t.sql, column[int64], query+t.store.dialect.lock("o"), org, service)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return version, err
}
