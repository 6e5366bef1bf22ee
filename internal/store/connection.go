package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"lanyard"
)

const connectionColumns = `c.organization_id, c.id, c.link_name, c.name, c.service_link_name, c.service_id, c.scopes, c.use_login_user,
	c.origin, c.extension_id, c.owner_id, c.usable_by, c.version, c.created_at, c.updated_at,
	CASE WHEN c.extension_id = '' THEN '' ELSE COALESCE((SELECT e.name FROM extensions e WHERE e.organization_id = c.organization_id AND e.id = c.extension_id), '') END`

func connectionTargets(c *lanyard.Connection) []any {
	return []any{
		&c.OrganizationID, &c.ID, &c.LinkName, &c.Name, &c.Service, &c.ServiceID, decoded{&c.Scopes}, &c.UseLoginUserCredentials,
		&c.Origin, &c.Extension, &c.Owner, &c.UsableBy, &c.Version, instant{&c.CreatedAt}, instant{&c.UpdatedAt},
		&c.ExtensionName,
	}
}

func scanConnection(row scanner) (c lanyard.Connection, err error) {
	err = row.Scan(connectionTargets(&c)...)
	return c, err
}

// CreateConnection stores a connection. It sets the version, the times and, when there is none, the id. A link name
// that a connection of the organization has gives conflict and names the field; so does an internal connection beside
// another of the same owner and service.
func (s *Store) CreateConnection(ctx context.Context, c *lanyard.Connection, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(changes *Changes) error { return changes.CreateConnection(ctx, c, audit) })
}

// CreateConnection is [Store.CreateConnection].
func (c *Changes) CreateConnection(ctx context.Context, con *lanyard.Connection, audit lanyard.AuditEntry) error {
	t, s := c.tx, c.tx.store
	created := *con
	if created.ID == "" {
		created.ID = lanyard.NewConnectionID()
	}
	created.Version, created.CreatedAt = 1, s.Now()
	created.UpdatedAt = created.CreatedAt
	scopes, err := encodeList(created.Scopes)
	if err != nil {
		return err
	}
	const insert = `INSERT INTO connections
		(organization_id, id, link_name, name, service_id, service_link_name, scopes, use_login_user, origin, extension_id, owner_id, usable_by,
		version, created_at, updated_at, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15)`
	_, err = t.exec(ctx, insert, created.OrganizationID, created.ID, created.LinkName, created.Name, created.ServiceID, created.Service,
		scopes, created.UseLoginUserCredentials, created.Origin, created.Extension, created.Owner, created.UsableBy, created.Version,
		millis(created.CreatedAt), searchText(&created))
	if errors.Is(err, errTaken) {
		return conflict("/link_name", fmt.Sprintf("There is a connection with the link name %s already.", created.LinkName), "this link name is taken")
	}
	if err != nil {
		return fmt.Errorf("create connection %s: %w", created.ID, err)
	}
	t.tell(Change{Kind: ChangeConnection, Organization: created.OrganizationID, Connection: created.ID, LinkName: created.LinkName})
	if err := t.audit(ctx, created.OrganizationID, audit); err != nil {
		return err
	}
	*con = created
	return nil
}

// searchText is what a search of a list looks through. Lower case is made here: SQLite's own knows ASCII only.
func searchText(c *lanyard.Connection) string {
	return strings.ToLower(c.Name) + " " + string(c.LinkName) + " " + string(c.Service)
}

// Connection gives a connection by its link name; not_found otherwise.
func (s *Store) Connection(ctx context.Context, org lanyard.OrganizationID, linkName lanyard.LinkName) (*lanyard.Connection, error) {
	const query = `SELECT ` + connectionColumns + ` FROM connections c WHERE c.organization_id = $1 AND c.link_name = $2`
	return find(ctx, s.reads, "connection", scanConnection, query, org, linkName)
}

// ConnectionByID gives a connection by its id; not_found otherwise.
func (s *Store) ConnectionByID(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectionID) (*lanyard.Connection, error) {
	const query = `SELECT ` + connectionColumns + ` FROM connections c WHERE c.organization_id = $1 AND c.id = $2`
	return find(ctx, s.reads, "connection", scanConnection, query, org, id)
}

// InternalConnection gives the internal connection of a user with a service; not_found when there is none yet.
func (s *Store) InternalConnection(ctx context.Context, org lanyard.OrganizationID, owner lanyard.UserID, service lanyard.ServiceID) (*lanyard.Connection, error) {
	const query = `SELECT ` + connectionColumns + ` FROM connections c
		WHERE c.organization_id = $1 AND c.owner_id = $2 AND c.service_id = $3 AND c.origin = 'internal'`
	return find(ctx, s.reads, "connection", scanConnection, query, org, owner, service)
}

// UpdateConnection stores name, scopes, the switch and usable_by over the version that the caller read; conflict when
// it moved on, not_found when the connection is gone. Nothing else of a connection changes. With erase its connected
// authorizations have to reconnect, for the reason given: their credentials are erased and returned, and consents that
// were begun before are dropped.
func (s *Store) UpdateConnection(ctx context.Context, version int64, c *lanyard.Connection, erase bool, reason string, audit lanyard.AuditEntry) (revoked []RevokedAuthorization, err error) {
	err = s.Together(ctx, func(changes *Changes) error {
		revoked, err = changes.UpdateConnection(ctx, version, c, erase, reason, audit)
		return err
	})
	return revoked, err
}

// UpdateConnection is [Store.UpdateConnection].
func (c *Changes) UpdateConnection(ctx context.Context, version int64, con *lanyard.Connection, erase bool, reason string, audit lanyard.AuditEntry) ([]RevokedAuthorization, error) {
	t, s := c.tx, c.tx.store
	updated := *con
	updated.Version, updated.UpdatedAt = version+1, s.Now()
	scopes, err := encodeList(updated.Scopes)
	if err != nil {
		return nil, err
	}
	const update = `UPDATE connections SET name = $4, scopes = $5, use_login_user = $6, usable_by = $7, version = $8, updated_at = $9, search = $10
		WHERE organization_id = $1 AND id = $2 AND version = $3`
	changed, err := t.exec(ctx, update, con.OrganizationID, con.ID, version,
		updated.Name, scopes, updated.UseLoginUserCredentials, updated.UsableBy, updated.Version, millis(updated.UpdatedAt), searchText(&updated))
	if err != nil {
		return nil, fmt.Errorf("update connection %s: %w", con.ID, err)
	}
	if changed == 0 {
		return nil, t.movedOn(ctx, "connection", `SELECT count(*) > 0 FROM connections WHERE organization_id = $1 AND id = $2`, con.OrganizationID, con.ID)
	}
	var revoked []RevokedAuthorization
	if erase {
		const open = `DELETE FROM consent_requests WHERE organization_id = $1 AND connection_id = $2 AND used_at = 0`
		if _, err := t.exec(ctx, open, con.OrganizationID, con.ID); err != nil {
			return nil, fmt.Errorf("drop the open consent requests of connection %s: %w", con.ID, err)
		}
		revoked, err = t.endAuthorizations(ctx, con.OrganizationID, ofConnection, string(con.ID), lanyard.StatusReconnectRequired, reason)
		if err != nil {
			return nil, err
		}
	}
	t.tell(Change{Kind: ChangeConnection, Organization: con.OrganizationID, Connection: con.ID, LinkName: con.LinkName})
	if err := t.audit(ctx, con.OrganizationID, audit); err != nil {
		return nil, err
	}
	*con = updated
	return revoked, nil
}

// DeleteConnection deletes a connection with all that belongs to it, and returns the credentials of those
// authorizations that were connected. Not_found when there is none.
func (s *Store) DeleteConnection(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectionID, audit lanyard.AuditEntry) (revoked []RevokedAuthorization, err error) {
	err = s.Together(ctx, func(c *Changes) error {
		revoked, err = c.DeleteConnection(ctx, org, id, audit)
		return err
	})
	return revoked, err
}

// DeleteConnection is [Store.DeleteConnection].
func (c *Changes) DeleteConnection(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectionID, audit lanyard.AuditEntry) ([]RevokedAuthorization, error) {
	t := c.tx
	// Locked first, as everybody does who changes a connection's authorizations.
	const query = `SELECT c.link_name FROM connections c WHERE c.organization_id = $1 AND c.id = $2`
	linkName, err := find(ctx, t.sql, "connection", column[lanyard.LinkName], query+t.store.dialect.lock("c"), org, id)
	if err != nil {
		return nil, err
	}
	revoked, err := t.endAuthorizations(ctx, org, ofConnection, string(id), lanyard.StatusRevoked, "The connection was deleted.")
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `DELETE FROM connections WHERE organization_id = $1 AND id = $2`, org, id); err != nil {
		return nil, fmt.Errorf("delete connection %s: %w", id, err)
	}
	t.tell(Change{Kind: ChangeConnection, Organization: org, Connection: id, LinkName: *linkName})
	return revoked, t.audit(ctx, org, audit)
}

// UsableConnections gives those of the link names that are connections which the user may call through.
func (s *Store) UsableConnections(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, names []lanyard.LinkName) ([]lanyard.LinkName, error) {
	w := where{`SELECT c.link_name FROM connections c WHERE c.organization_id = $1 AND (c.usable_by <> $2 OR c.owner_id = $3)`,
		[]any{org, lanyard.UsableByOwner, user}}
	in(&w, `c.link_name`, names)
	usable, err := all(ctx, s.reads, column[lanyard.LinkName], w.text, w.args...)
	if err != nil {
		return nil, fmt.Errorf("find connections by their names: %w", err)
	}
	return usable, nil
}
