package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"lanyard"
)

const extensionColumns = `e.organization_id, e.id, e.name, e.title, e.version, e.publisher_id, e.publisher_name, e.digest, e.when_gone, e.gone_at, e.installed_by,
	e.revision, e.created_at, e.updated_at`

func extensionTargets(e *lanyard.Extension) []any {
	return []any{
		&e.OrganizationID, &e.ID, &e.Name, &e.Title, &e.Version, &e.Publisher, &e.PublisherName, &e.Digest, &e.WhenGone, instant{&e.GoneAt}, &e.InstalledBy,
		&e.Revision, instant{&e.CreatedAt}, instant{&e.UpdatedAt},
	}
}

func scanExtension(row scanner) (e lanyard.Extension, err error) {
	err = row.Scan(extensionTargets(&e)...)
	return e, err
}

func scanWithPackage(row scanner) (e lanyard.Extension, err error) {
	err = row.Scan(append(extensionTargets(&e), &e.Package)...)
	return e, err
}

// CreateExtension stores an extension that is being installed. It sets revision, times and, when there is none, the id.
// Conflict when one of its name is installed already, or most of them. What it brings is made with the same [Changes].
func (s *Store) CreateExtension(ctx context.Context, e *lanyard.Extension, most int, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(c *Changes) error { return c.CreateExtension(ctx, e, most, audit) })
}

// CreateExtension is [Store.CreateExtension].
func (c *Changes) CreateExtension(ctx context.Context, e *lanyard.Extension, most int, audit lanyard.AuditEntry) error {
	t := c.tx
	made := *e
	if made.ID == "" {
		made.ID = lanyard.NewExtensionID()
	}
	made.Revision, made.CreatedAt = 1, t.store.Now()
	made.UpdatedAt = made.CreatedAt
	n, err := t.countOf(ctx, "extensions", made.OrganizationID)
	if err != nil {
		return err
	}
	if n >= most {
		return lanyard.Errorf(lanyard.CodeConflict, "An organization has at most %d extensions: uninstall one that is not needed any more.", most)
	}
	const insert = `INSERT INTO extensions (organization_id, id, name, title, version, publisher_id, publisher_name, digest, package, when_gone, gone_at, installed_by,
		revision, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)`
	_, err = t.exec(ctx, insert, made.OrganizationID, made.ID, made.Name, made.Title, made.Version, string(made.Publisher), made.PublisherName, made.Digest,
		made.Package, made.WhenGone, millis(made.GoneAt), made.InstalledBy, made.Revision, millis(made.CreatedAt))
	if errors.Is(err, errTaken) {
		return lanyard.Errorf(lanyard.CodeConflict, "An extension %s is installed already. Nothing was changed.", made.Name)
	}
	if err != nil {
		return fmt.Errorf("install %s: %w", made.Name, err)
	}
	t.tell(Change{Kind: ChangeExtension, Organization: made.OrganizationID})
	if err := t.audit(ctx, made.OrganizationID, audit); err != nil {
		return err
	}
	*e = made
	return nil
}

// UpdateExtension stores all of an extension but its id, name and publisher over the revision that the caller read;
// conflict when it moved on, not_found when it was uninstalled. Without a package the one that is stored stays.
func (s *Store) UpdateExtension(ctx context.Context, revision int64, e *lanyard.Extension, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(c *Changes) error { return c.UpdateExtension(ctx, revision, e, audit) })
}

// UpdateExtension is [Store.UpdateExtension].
func (c *Changes) UpdateExtension(ctx context.Context, revision int64, e *lanyard.Extension, audit lanyard.AuditEntry) error {
	t := c.tx
	updated := *e
	updated.Revision, updated.UpdatedAt = revision+1, t.store.Now()
	const update = `UPDATE extensions SET title = $4, version = $5, publisher_name = $6, digest = $7, package = COALESCE($8, package), when_gone = $9,
		gone_at = $10, installed_by = $11, revision = $12, updated_at = $13 WHERE organization_id = $1 AND id = $2 AND revision = $3`
	changed, err := t.exec(ctx, update, e.OrganizationID, e.ID, revision, updated.Title, updated.Version, updated.PublisherName, updated.Digest, updated.Package,
		updated.WhenGone, millis(updated.GoneAt), updated.InstalledBy, updated.Revision, millis(updated.UpdatedAt))
	if err != nil {
		return fmt.Errorf("update extension %s: %w", e.ID, err)
	}
	if changed == 0 {
		return t.movedOn(ctx, "extension", `SELECT count(*) > 0 FROM extensions WHERE organization_id = $1 AND id = $2`, e.OrganizationID, e.ID)
	}
	t.tell(Change{Kind: ChangeExtension, Organization: e.OrganizationID})
	if err := t.audit(ctx, e.OrganizationID, audit); err != nil {
		return err
	}
	*e = updated
	return nil
}

// DeleteExtension deletes an extension over the revision that the caller read, as [Store.UpdateExtension] changes one.
// What it brought is deleted with the same [Changes]. With ifGone it is conflict while the publisher offers it.
func (s *Store) DeleteExtension(ctx context.Context, e *lanyard.Extension, ifGone bool, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(c *Changes) error { return c.DeleteExtension(ctx, e, ifGone, audit) })
}

// DeleteExtension is [Store.DeleteExtension].
func (c *Changes) DeleteExtension(ctx context.Context, e *lanyard.Extension, ifGone bool, audit lanyard.AuditEntry) error {
	t := c.tx
	if ifGone {
		const query = `SELECT count(*) > 0 FROM publications p WHERE p.organization_id = $2 AND p.name = $3 AND ` + offeredTo
		offered, err := one(ctx, t.sql, column[bool], query, string(e.OrganizationID), string(e.Publisher), e.Name)
		if err != nil {
			return fmt.Errorf("look whether %s is offered: %w", e.Name, err)
		}
		if offered {
			return lanyard.Errorf(lanyard.CodeConflict, "The extension %s is offered again. Nothing was changed.", e.Name)
		}
	}
	deleted, err := t.exec(ctx, `DELETE FROM extensions WHERE organization_id = $1 AND id = $2 AND revision = $3`, e.OrganizationID, e.ID, e.Revision)
	if err != nil {
		return fmt.Errorf("uninstall extension %s: %w", e.ID, err)
	}
	if deleted == 0 {
		return t.movedOn(ctx, "extension", `SELECT count(*) > 0 FROM extensions WHERE organization_id = $1 AND id = $2`, e.OrganizationID, e.ID)
	}
	t.tell(Change{Kind: ChangeExtension, Organization: e.OrganizationID})
	return t.audit(ctx, e.OrganizationID, audit)
}

// Extensions lists the extensions of an organization by name, without their packages.
func (s *Store) Extensions(ctx context.Context, org lanyard.OrganizationID) ([]lanyard.Extension, error) {
	list, err := all(ctx, s.reads, scanExtension, `SELECT `+extensionColumns+` FROM extensions e WHERE e.organization_id = $1 ORDER BY e.name`, org)
	if err != nil {
		return nil, fmt.Errorf("list extensions: %w", err)
	}
	return list, nil
}

// ExtensionPackages gives the extensions of an organization by name, with their packages.
func (s *Store) ExtensionPackages(ctx context.Context, org lanyard.OrganizationID) ([]lanyard.Extension, error) {
	list, err := all(ctx, s.reads, scanWithPackage, `SELECT `+extensionColumns+`, e.package FROM extensions e WHERE e.organization_id = $1 ORDER BY e.name`, org)
	if err != nil {
		return nil, fmt.Errorf("read the packages of extensions: %w", err)
	}
	return list, nil
}

// Extension gives an extension of an organization with its package; not_found otherwise.
func (s *Store) Extension(ctx context.Context, org lanyard.OrganizationID, name lanyard.LinkName) (*lanyard.Extension, error) {
	const query = `SELECT ` + extensionColumns + `, e.package FROM extensions e WHERE e.organization_id = $1 AND e.name = $2`
	return find(ctx, s.reads, "extension", scanWithPackage, query, org, name)
}

// StrayCopies gives installed extensions of any organization, without their packages, which say of their publisher what is
// not so any more: that it offers them, or that it does not. The longest unchanged come first.
func (s *Store) StrayCopies(ctx context.Context, most int) ([]lanyard.Extension, error) {
	if s.Paused() {
		return nil, nil
	}
	offered := strings.ReplaceAll(offeredTo, `$1`, `e.organization_id`)
	query := `SELECT ` + extensionColumns + ` FROM extensions e WHERE e.publisher_id <> '' AND (e.gone_at > 0) = EXISTS (
		SELECT 1 FROM publications p WHERE p.organization_id = e.publisher_id AND p.name = e.name AND ` + offered + `) ORDER BY e.updated_at, e.id LIMIT $1`
	list, err := all(ctx, s.reads, scanExtension, query, most)
	if err != nil {
		return nil, fmt.Errorf("find copies whose publisher is gone: %w", err)
	}
	return list, nil
}

// Brought is what an extension brought to its organization, as it is now: in the order of link names, services with their
// secrets, functions with their scripts.
type Brought struct {
	Services    []lanyard.Service
	Connections []lanyard.Connection
	Functions   []lanyard.Function
}

// Brought gives what an extension brought.
func (s *Store) Brought(ctx context.Context, org lanyard.OrganizationID, id lanyard.ExtensionID) (b Brought, err error) {
	const services = `SELECT ` + serviceColumns + `, s.secret_sealed FROM services s WHERE s.organization_id = $1 AND s.extension_id = $2 ORDER BY s.link_name`
	if b.Services, err = all(ctx, s.reads, s.openService, services, org, id); err != nil {
		return Brought{}, fmt.Errorf("read the services of extension %s: %w", id, err)
	}
	const connections = `SELECT ` + connectionColumns + ` FROM connections c WHERE c.organization_id = $1 AND c.extension_id = $2 ORDER BY c.link_name`
	if b.Connections, err = all(ctx, s.reads, scanConnection, connections, org, id); err != nil {
		return Brought{}, fmt.Errorf("read the connections of extension %s: %w", id, err)
	}
	const functions = withScript + ` WHERE f.organization_id = $1 AND f.extension_id = $2 ORDER BY f.link_name`
	if b.Functions, err = all(ctx, s.reads, s.openFunction, functions, org, id); err != nil {
		return Brought{}, fmt.Errorf("read the functions of extension %s: %w", id, err)
	}
	return b, nil
}

// WaitingConnection is a connection of an extension that a user has to authenticate.
type WaitingConnection struct {
	Extension lanyard.ExtensionID
	LinkName  lanyard.LinkName
}

// WaitingConnections gives those connections of extensions that wait for a user, by link name.
func (s *Store) WaitingConnections(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) ([]WaitingConnection, error) {
	scan := func(row scanner) (w WaitingConnection, err error) {
		err = row.Scan(&w.Extension, &w.LinkName)
		return w, err
	}
	query := `SELECT c.extension_id, c.link_name ` + byConnection + views[ViewExtensions] + ` AND c.extension_id <> '' AND coalesce(a.status, '') <> 'connected' ORDER BY c.link_name`
	list, err := all(ctx, s.reads, scan, query, org, user)
	if err != nil {
		return nil, fmt.Errorf("list the connections that wait for %s: %w", user, err)
	}
	return list, nil
}

// Reach is whom and what something touches.
type Reach struct {
	Authorizations int                // connected ones
	People         int                // whose these are
	Connected      []lanyard.LinkName // connections that have such ones, in their order
}

// ReachOf tells whom ending the authorizations of connections, and of all connections with custom services, would touch.
func (s *Store) ReachOf(ctx context.Context, org lanyard.OrganizationID, services []lanyard.ServiceID, connections []lanyard.ConnectionID) (r Reach, err error) {
	w := where{`FROM connections c JOIN authorizations a ON a.organization_id = c.organization_id AND a.connection_id = c.id
		WHERE c.organization_id = $1 AND a.status = 'connected'`, []any{org}}
	in2(&w, `c.service_id`, services, `c.id`, connections)
	scan := func(row scanner) (r Reach, err error) { err = row.Scan(&r.Authorizations, &r.People); return r, err }
	if r, err = one(ctx, s.reads, scan, `SELECT count(*), count(DISTINCT a.user_id) `+w.text, w.args...); err == nil {
		r.Connected, err = all(ctx, s.reads, column[lanyard.LinkName], `SELECT DISTINCT c.link_name `+w.text+` ORDER BY c.link_name`, w.args...)
	}
	if err != nil {
		return Reach{}, fmt.Errorf("count what an extension reaches: %w", err)
	}
	return r, nil
}

// in2 adds a condition that one of two columns has one of its values. Without any value nothing meets it.
func in2[A, B any](w *where, a string, as []A, b string, bs []B) {
	list := func(column string, values []any) string {
		if len(values) == 0 {
			return `1 = 0`
		}
		of := where{args: w.args}
		in(&of, column, values)
		w.args = of.args
		return strings.TrimPrefix(of.text, ` AND `)
	}
	w.text += ` AND (` + list(a, anys(as)) + ` OR ` + list(b, anys(bs)) + `)`
}

func anys[T any](values []T) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}

// MadeWith gives the connections with custom services that did not come with an extension, by link name.
func (s *Store) MadeWith(ctx context.Context, org lanyard.OrganizationID, services []lanyard.ServiceID) ([]lanyard.LinkName, error) {
	w := where{`SELECT c.link_name FROM connections c WHERE c.organization_id = $1 AND c.extension_id = ''`, []any{org}}
	in2(&w, `c.service_id`, services, `c.id`, []lanyard.ConnectionID(nil))
	list, err := all(ctx, s.reads, column[lanyard.LinkName], w.text+` ORDER BY c.link_name`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("list the connections with services: %w", err)
	}
	return list, nil
}

// TakenNames are link names of an organization.
type TakenNames struct{ Services, Connections, Functions []lanyard.LinkName }

// NotOf gives those link names that an organization's services, connections and functions have and that did not come with
// the extension; with none, all of them that are taken.
func (s *Store) NotOf(ctx context.Context, org lanyard.OrganizationID, id lanyard.ExtensionID, names TakenNames) (taken TakenNames, err error) {
	for _, kind := range []struct {
		table string
		names []lanyard.LinkName
		into  *[]lanyard.LinkName
	}{{"services", names.Services, &taken.Services}, {"connections", names.Connections, &taken.Connections}, {"functions", names.Functions, &taken.Functions}} {
		if len(kind.names) == 0 {
			continue
		}
		// Without an extension every row is another's.
		w := where{`SELECT link_name FROM ` + kind.table + ` WHERE organization_id = $1 AND (extension_id = '' OR extension_id <> $2)`, []any{org, id}}
		in(&w, `link_name`, kind.names)
		if *kind.into, err = all(ctx, s.reads, column[lanyard.LinkName], w.text+` ORDER BY link_name`, w.args...); err != nil {
			return TakenNames{}, fmt.Errorf("find the names that are taken: %w", err)
		}
	}
	return taken, nil
}

// CountFunctions counts the functions of an organization.
func (s *Store) CountFunctions(ctx context.Context, org lanyard.OrganizationID) (int, error) {
	n, err := one(ctx, s.reads, column[int], `SELECT count(*) FROM functions WHERE organization_id = $1`, org)
	if err != nil {
		return 0, fmt.Errorf("count functions: %w", err)
	}
	return n, nil
}
