package store

import (
	"context"
	"errors"
	"fmt"

	"lanyard"
)

const connectionColumns = `c.organization_id, c.id, c.link_name, c.name, c.service_link_name, c.service_id, c.scopes, c.use_login_user,
	c.origin, c.owner_id, c.usable_by, c.version, c.created_at, c.updated_at`

func connectionTargets(c *lanyard.Connection) []any {
	return []any{
		&c.OrganizationID, &c.ID, &c.LinkName, &c.Name, &c.Service, &c.ServiceID, decoded{&c.Scopes}, &c.UseLoginUserCredentials,
		&c.Origin, &c.Owner, &c.UsableBy, &c.Version, instant{&c.CreatedAt}, instant{&c.UpdatedAt},
	}
}

func scanConnection(row scanner) (c lanyard.Connection, err error) {
	err = row.Scan(connectionTargets(&c)...)
	return c, err
}

// CreateConnection stores a connection. It sets the version, the times and, when there is none, the id. A link name
// that a connection of the organization has gives conflict and names the field.
func (s *Store) CreateConnection(ctx context.Context, c *lanyard.Connection, audit lanyard.AuditEntry) error {
	created := *c
	if created.ID == "" {
		created.ID = lanyard.NewConnectionID()
	}
	created.Version, created.CreatedAt = 1, s.Now()
	created.UpdatedAt = created.CreatedAt
	scopes, err := encodeList(created.Scopes)
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(t *tx) error {
		const insert = `INSERT INTO connections
			(organization_id, id, link_name, name, service_id, service_link_name, scopes, use_login_user, origin, owner_id, usable_by,
			version, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)`
		_, err := t.exec(ctx, insert, created.OrganizationID, created.ID, created.LinkName, created.Name, created.ServiceID, created.Service,
			scopes, created.UseLoginUserCredentials, created.Origin, created.Owner, created.UsableBy, created.Version, millis(created.CreatedAt))
		if err != nil {
			return fmt.Errorf("create connection %s: %w", created.ID, err)
		}
		t.tell(Change{Kind: ChangeConnection, Organization: created.OrganizationID, Connection: created.ID, LinkName: created.LinkName})
		return t.audit(ctx, created.OrganizationID, audit)
	})
	if errors.Is(err, errTaken) {
		return conflict("/link_name", fmt.Sprintf("There is a connection with the link name %s already.", created.LinkName), "this link name is taken")
	}
	if err != nil {
		return err
	}
	*c = created
	return nil
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

// View is one of the four lists of connections.
type View string

const (
	ViewMy         View = "my"         // made by the user
	ViewShared     View = "shared"     // of others, used with the user's own credentials
	ViewInternal   View = "internal"   // made for the user when an integration task ran without one
	ViewExtensions View = "extensions" // came with an extension
)

// ConnectionView is a connection as one user sees it.
type ConnectionView struct {
	lanyard.Connection
	Authorization *lanyard.Authorization // that user's own; nil: none
}

// ConnectionFilter says which list, as which user sees it.
type ConnectionFilter struct {
	View      View
	User      lanyard.UserID
	LinkNames []lanyard.LinkName // the only ones to show; empty: all
}

// Each view is walked in the order of link names along an index of its own, so that a page costs the same however many
// connections the organization has. CROSS JOIN is an ordinary join to PostgreSQL; SQLite keeps its order.
var viewQueries = map[View]struct{ text, order string }{
	ViewMy: {`FROM connections c ` + joinOwn + `
		WHERE c.organization_id = $1 AND c.owner_id = $2 AND c.origin = 'user'`, `c.link_name`},
	ViewInternal: {`FROM connections c ` + joinOwn + `
		WHERE c.organization_id = $1 AND c.owner_id = $2 AND c.origin = 'internal'`, `c.link_name`},
	ViewExtensions: {`FROM connections c ` + joinOwn + `
		WHERE c.organization_id = $1 AND c.origin = 'extension'`, `c.link_name`},
	ViewShared: {`FROM authorizations a CROSS JOIN connections c
		WHERE a.organization_id = $1 AND a.user_id = $2 AND a.shared_link_name IS NOT NULL
		AND c.organization_id = a.organization_id AND c.id = a.connection_id AND c.use_login_user`, `a.shared_link_name`},
}

const joinOwn = `LEFT JOIN authorizations a ON a.organization_id = c.organization_id AND a.connection_id = c.id AND a.user_id = $2`

// Connections lists the connections of one view by link name, each with the user's own authorization.
func (s *Store) Connections(ctx context.Context, org lanyard.OrganizationID, f ConnectionFilter, page Page) ([]ConnectionView, string, error) {
	view, ok := viewQueries[f.View]
	if !ok {
		var faults lanyard.FieldErrors
		faults.Add("view", "this is my, shared, internal or extensions")
		return nil, "", faults.Err()
	}
	list := "connections " + string(f.View)
	after, rows, err := page.open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{view.text, []any{org, f.User}}
	if len(f.LinkNames) > 0 {
		w.in(`c.link_name`, f.LinkNames)
	}
	if after != "" {
		w.and(view.order+` > `, after)
	}
	scan := func(row scanner) (v ConnectionView, err error) {
		var a lanyard.Authorization
		targets := connectionTargets(&v.Connection)
		for _, to := range authorizationTargets(&a) {
			targets = append(targets, unlessNull{to})
		}
		if err := row.Scan(targets...); err != nil {
			return v, err
		}
		if a.ID != "" {
			v.Authorization = &a
		}
		return v, nil
	}
	query := `SELECT ` + connectionColumns + `, ` + authorizationColumns + ` ` + w.limit(view.order, rows)
	views, err := all(ctx, s.reads, scan, query, w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list connections: %w", err)
	}
	views, next := cut(list, org, views, rows, func(v *ConnectionView) string { return string(v.LinkName) })
	return views, next, nil
}

// UpdateConnection stores name, scopes, the switch and usable_by over the version that the caller read; conflict when
// it moved on, not_found when the connection is gone. Nothing else of a connection changes. With erase its connected
// authorizations have to reconnect, for the reason given: their credentials are erased and returned, and consents that
// were begun before are dropped.
func (s *Store) UpdateConnection(ctx context.Context, version int64, c *lanyard.Connection, erase bool, reason string, audit lanyard.AuditEntry) ([]RevokedAuthorization, error) {
	updated := *c
	updated.Version, updated.UpdatedAt = version+1, s.Now()
	scopes, err := encodeList(updated.Scopes)
	if err != nil {
		return nil, err
	}
	var revoked []RevokedAuthorization
	err = s.tx(ctx, func(t *tx) error {
		const update = `UPDATE connections SET name = $4, scopes = $5, use_login_user = $6, usable_by = $7, version = $8, updated_at = $9
			WHERE organization_id = $1 AND id = $2 AND version = $3`
		changed, err := t.exec(ctx, update, c.OrganizationID, c.ID, version,
			updated.Name, scopes, updated.UseLoginUserCredentials, updated.UsableBy, updated.Version, millis(updated.UpdatedAt))
		if err != nil {
			return fmt.Errorf("update connection %s: %w", c.ID, err)
		}
		if changed == 0 {
			return t.movedOn(ctx, "connection", `SELECT count(*) > 0 FROM connections WHERE organization_id = $1 AND id = $2`, c.OrganizationID, c.ID)
		}
		if erase {
			const open = `DELETE FROM consent_requests WHERE organization_id = $1 AND connection_id = $2 AND used_at = 0`
			if _, err := t.exec(ctx, open, c.OrganizationID, c.ID); err != nil {
				return fmt.Errorf("drop the open consent requests of connection %s: %w", c.ID, err)
			}
			revoked, err = t.endAuthorizations(ctx, c.OrganizationID, ofConnection, string(c.ID), lanyard.StatusReconnectRequired, reason)
			if err != nil {
				return err
			}
		}
		t.tell(Change{Kind: ChangeConnection, Organization: c.OrganizationID, Connection: c.ID, LinkName: c.LinkName})
		return t.audit(ctx, c.OrganizationID, audit)
	})
	if err != nil {
		return nil, err
	}
	*c = updated
	return revoked, nil
}

// DeleteConnection deletes a connection with all that belongs to it, and returns the credentials of those
// authorizations that were connected. Not_found when there is none.
func (s *Store) DeleteConnection(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectionID, audit lanyard.AuditEntry) ([]RevokedAuthorization, error) {
	var revoked []RevokedAuthorization
	err := s.tx(ctx, func(t *tx) error {
		// Locked first, as everybody does who changes a connection's authorizations.
		const query = `SELECT c.link_name FROM connections c WHERE c.organization_id = $1 AND c.id = $2`
		linkName, err := find(ctx, t.sql, "connection", column[lanyard.LinkName], query+t.store.dialect.lock("c"), org, id)
		if err != nil {
			return err
		}
		if revoked, err = t.endAuthorizations(ctx, org, ofConnection, string(id), lanyard.StatusRevoked, "The connection was deleted."); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM connections WHERE organization_id = $1 AND id = $2`, org, id); err != nil {
			return fmt.Errorf("delete connection %s: %w", id, err)
		}
		t.tell(Change{Kind: ChangeConnection, Organization: org, Connection: id, LinkName: *linkName})
		return t.audit(ctx, org, audit)
	})
	if err != nil {
		return nil, err
	}
	return revoked, nil
}
