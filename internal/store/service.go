package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"lanyard"
)

const serviceColumns = `s.organization_id, s.id, s.link_name, s.author_id, s.extension_id, s.definition, s.version, s.created_at, s.updated_at,
	CASE WHEN s.extension_id = '' THEN '' ELSE COALESCE((SELECT e.name FROM extensions e WHERE e.organization_id = s.organization_id AND e.id = s.extension_id), '') END`

// maxServiceName is the longest display or link name, in characters; a longer query finds nothing.
const maxServiceName = 50

// scanService reads serviceColumns and what a query selects beyond them.
func scanService(row scanner, more ...any) (lanyard.Service, error) {
	var (
		columns    lanyard.Service
		definition string
	)
	err := row.Scan(append([]any{
		&columns.OrganizationID, &columns.ID, &columns.LinkName, &columns.Author, &columns.Extension, &definition,
		&columns.Version, instant{&columns.CreatedAt}, instant{&columns.UpdatedAt}, &columns.ExtensionName,
	}, more...)...)
	if err != nil {
		return lanyard.Service{}, err
	}
	v, err := lanyard.ParseService([]byte(definition))
	if err != nil {
		return lanyard.Service{}, fmt.Errorf("read the definition of service %s: %w", columns.ID, err)
	}
	v.OrganizationID, v.ID, v.LinkName, v.Author = columns.OrganizationID, columns.ID, columns.LinkName, columns.Author
	v.Extension, v.ExtensionName = columns.Extension, columns.ExtensionName
	v.Version, v.CreatedAt, v.UpdatedAt = columns.Version, columns.CreatedAt, columns.UpdatedAt
	return *v, nil
}

// CreateService stores a custom service. It sets the version, the times and, when there is none, the id. A link name
// that a custom service of the organization has gives conflict and names the field.
func (s *Store) CreateService(ctx context.Context, v *lanyard.Service, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(c *Changes) error { return c.CreateService(ctx, v, audit) })
}

// CreateService is [Store.CreateService].
func (c *Changes) CreateService(ctx context.Context, v *lanyard.Service, audit lanyard.AuditEntry) error {
	t, s := c.tx, c.tx.store
	created := *v
	if created.ID == "" {
		created.ID = lanyard.NewServiceID()
	}
	created.Version, created.CreatedAt = 1, s.Now()
	created.UpdatedAt = created.CreatedAt
	definition, sealed, err := s.encodeService(&created)
	if err != nil {
		return err
	}
	const insert = `INSERT INTO services
		(organization_id, id, link_name, name, author_id, extension_id, definition, secret_sealed, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`
	_, err = t.exec(ctx, insert, created.OrganizationID, created.ID, created.LinkName, strings.ToLower(created.Name), created.Author, created.Extension,
		definition, sealed, created.Version, millis(created.CreatedAt))
	if errors.Is(err, errTaken) {
		return conflict("/link_name", fmt.Sprintf("There is a service with the link name %s already.", created.LinkName), "this link name is taken")
	}
	if err != nil {
		return fmt.Errorf("create service %s: %w", created.ID, err)
	}
	t.tell(Change{Kind: ChangeService, Organization: created.OrganizationID, LinkName: created.LinkName})
	if err := t.audit(ctx, created.OrganizationID, audit); err != nil {
		return err
	}
	*v = created
	return nil
}

// encodeService gives what is stored of a service beside its columns: the definition, which has no secret, and the
// secret, sealed for the service's version.
func (s *Store) encodeService(v *lanyard.Service) (definition string, sealed []byte, err error) {
	if definition, err = encode(v); err != nil {
		return "", nil, err
	}
	sealed, err = s.sealSecret(v.Auth.Secret(), serviceCell(v.OrganizationID, v.ID, v.Version))
	return definition, sealed, err
}

// Service gives a custom service with its secret; not_found otherwise.
func (s *Store) Service(ctx context.Context, org lanyard.OrganizationID, linkName lanyard.LinkName) (*lanyard.Service, error) {
	const query = `SELECT ` + serviceColumns + `, s.secret_sealed FROM services s WHERE s.organization_id = $1 AND s.link_name = $2`
	return find(ctx, s.reads, "service", s.openService, query, org, linkName)
}

// ServiceByID gives a custom service with its secret; not_found otherwise.
func (s *Store) ServiceByID(ctx context.Context, org lanyard.OrganizationID, id lanyard.ServiceID) (*lanyard.Service, error) {
	const query = `SELECT ` + serviceColumns + `, s.secret_sealed FROM services s WHERE s.organization_id = $1 AND s.id = $2`
	return find(ctx, s.reads, "service", s.openService, query, org, id)
}

func (s *Store) openService(row scanner) (lanyard.Service, error) {
	var sealed []byte
	v, err := scanService(row, &sealed)
	if err != nil {
		return v, err
	}
	secret, err := s.openSecret(sealed, serviceCell(v.OrganizationID, v.ID, v.Version))
	if err != nil {
		return v, err
	}
	v.Auth.SetSecret(secret)
	return v, nil
}

// CountedPerService is the largest number of connections that is counted exactly: CountedPerService+1 stands for any larger one, so
// that a list costs the same however much its services are used.
const CountedPerService = 1000

// ServiceUse is who made a service, and how much it is used.
type ServiceUse struct {
	AuthorName  string // empty where no such user is left
	Connections int    // made with it, by anybody; up to CountedPerService+1
}

// serviceUse is the columns of a ServiceUse for services s.
const serviceUse = `COALESCE((SELECT u.name FROM users u WHERE u.organization_id = s.organization_id AND u.id = s.author_id), ''),
	(SELECT count(*) FROM (SELECT 1 AS one FROM connections c WHERE c.organization_id = s.organization_id AND c.service_id = s.id LIMIT 1001) counted)`

// ServiceUse gives the use of a custom service; not_found when there is none.
func (s *Store) ServiceUse(ctx context.Context, org lanyard.OrganizationID, id lanyard.ServiceID) (*ServiceUse, error) {
	scan := func(row scanner) (u ServiceUse, err error) {
		err = row.Scan(&u.AuthorName, &u.Connections)
		return u, err
	}
	const query = `SELECT ` + serviceUse + ` FROM services s WHERE s.organization_id = $1 AND s.id = $2`
	return find(ctx, s.reads, "service", scan, query, org, id)
}

// ListedService is a service as it stands in a list.
type ListedService struct {
	lanyard.Service
	ServiceUse
}

// Services lists the custom services of an organization by link name, without their secrets. Query, when there is one,
// is a part of the name or of the link name, in any case.
func (s *Store) Services(ctx context.Context, org lanyard.OrganizationID, query string, page Page) ([]ListedService, string, error) {
	after, rows, err := page.Open(ServiceList, org)
	if err != nil {
		return nil, "", err
	}
	if utf8.RuneCountInString(query) > maxServiceName {
		return nil, "", nil
	}
	w := where{`s.organization_id = $1`, []any{org}}
	if query != "" {
		// The column holds the name in lower case, made by the same function: SQLite's own knows ASCII only.
		w.and(`(s.name LIKE `, "%"+escapeLike(strings.ToLower(query))+"%")
		w.text += fmt.Sprintf(` ESCAPE '!' OR s.link_name LIKE $%d ESCAPE '!')`, len(w.args))
	}
	if after != "" {
		w.and(`s.link_name > `, after)
	}
	scan := func(row scanner) (v ListedService, err error) {
		var secretSet bool
		v.Service, err = scanService(row, &secretSet, &v.AuthorName, &v.Connections)
		v.SecretSet = secretSet
		return v, err
	}
	text := `SELECT ` + serviceColumns + `, s.secret_sealed IS NOT NULL, ` + serviceUse + ` FROM services s WHERE ` + w.limit(`s.link_name`, rows)
	services, err := all(ctx, s.reads, scan, text, w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list services: %w", err)
	}
	services, next := Cut(ServiceList, org, services, rows, func(v *ListedService) string { return string(v.LinkName) })
	return services, next, nil
}

// CustomLinkNames gives the link names of the organization's custom services.
func (s *Store) CustomLinkNames(ctx context.Context, org lanyard.OrganizationID) ([]lanyard.LinkName, error) {
	names, err := all(ctx, s.reads, column[lanyard.LinkName], `SELECT link_name FROM services WHERE organization_id = $1`, org)
	if err != nil {
		return nil, fmt.Errorf("list the link names of custom services: %w", err)
	}
	return names, nil
}

// ConnectionsPerService counts the organization's connections by what they know their service by: the id of a custom
// one, the link name of a default one.
func (s *Store) ConnectionsPerService(ctx context.Context, org lanyard.OrganizationID) (map[lanyard.ServiceID]int, error) {
	type count struct {
		service lanyard.ServiceID
		n       int
	}
	scan := func(row scanner) (c count, err error) { err = row.Scan(&c.service, &c.n); return c, err }
	list, err := all(ctx, s.reads, scan, `SELECT service_id, COUNT(*) FROM connections WHERE organization_id = $1 GROUP BY service_id`, org)
	if err != nil {
		return nil, fmt.Errorf("count the connections of services: %w", err)
	}
	if len(list) == 0 {
		return nil, nil //nolint:nilnil // no connections, which is no error
	}
	counts := make(map[lanyard.ServiceID]int, len(list))
	for _, c := range list {
		counts[c.service] = c.n
	}
	return counts, nil
}

var escapeLike = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace

// ServiceNames gives the display names of custom services; one that is not there any more has none.
func (s *Store) ServiceNames(ctx context.Context, org lanyard.OrganizationID, ids []lanyard.ServiceID) (map[lanyard.ServiceID]string, error) {
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // none
	}
	w := where{`s.organization_id = $1`, []any{org}}
	in(&w, `s.id`, ids)
	scan := func(row scanner) (lanyard.Service, error) { return scanService(row) }
	services, err := all(ctx, s.reads, scan, `SELECT `+serviceColumns+` FROM services s WHERE `+w.text, w.args...)
	if err != nil {
		return nil, fmt.Errorf("find the names of services: %w", err)
	}
	if len(services) == 0 {
		return nil, nil //nolint:nilnil // none of them is there
	}
	names := make(map[lanyard.ServiceID]string, len(services))
	for i := range services {
		names[services[i].ID] = services[i].Name
	}
	return names, nil
}

// Affected is what an edit or deletion of a service would end: connected authorizations, of how many connections and
// people, and the names of the first of these.
type Affected struct {
	Connections, People, Authorizations int
	Names                               []string // in their order, at most MaxNames
}

// MaxNames is how many people an Affected names.
const MaxNames = 10

// ServiceAffected is that of a custom service, or of a default one, whose id is its link name.
func (s *Store) ServiceAffected(ctx context.Context, org lanyard.OrganizationID, id lanyard.ServiceID) (Affected, error) {
	scan := func(row scanner) (a Affected, err error) {
		err = row.Scan(&a.Connections, &a.People, &a.Authorizations)
		return a, err
	}
	const query = `SELECT count(DISTINCT a.connection_id), count(DISTINCT a.user_id), count(*)
		FROM connections c JOIN authorizations a ON a.organization_id = c.organization_id AND a.connection_id = c.id
		WHERE c.organization_id = $1 AND c.service_id = $2 AND a.status = 'connected'`
	a, err := one(ctx, s.reads, scan, query, org, id)
	if err != nil {
		return Affected{}, fmt.Errorf("count what service %s affects: %w", id, err)
	}
	const names = `SELECT u.name FROM users u WHERE u.organization_id = $1 AND u.id IN (
		SELECT a.user_id FROM connections c JOIN authorizations a ON a.organization_id = c.organization_id AND a.connection_id = c.id
		WHERE c.organization_id = $1 AND c.service_id = $2 AND a.status = 'connected')
		ORDER BY u.name, u.id LIMIT $3`
	if a.Names, err = all(ctx, s.reads, column[string], names, org, id, MaxNames); err != nil {
		return Affected{}, fmt.Errorf("name whom service %s affects: %w", id, err)
	}
	return a, nil
}

// UpdateService stores a new definition and secret over the version that the caller read; conflict when it moved on,
// not_found when the service is gone. Link name and author never change. The version grows, and so consents that were
// begun with the old one are dropped. Unless keep, every connected authorization of its connections has to reconnect,
// for the reason given: its credential is erased and returned, so that the provider can be told. With keep they go on
// with the new version.
func (s *Store) UpdateService(ctx context.Context, oldVersion int64, v *lanyard.Service, keep bool, reason string, audit lanyard.AuditEntry) (revoked []RevokedAuthorization, err error) {
	err = s.Together(ctx, func(c *Changes) error {
		revoked, err = c.UpdateService(ctx, oldVersion, v, keep, reason, audit)
		return err
	})
	return revoked, err
}

// UpdateService is [Store.UpdateService].
func (c *Changes) UpdateService(ctx context.Context, oldVersion int64, v *lanyard.Service, keep bool, reason string, audit lanyard.AuditEntry) ([]RevokedAuthorization, error) {
	t, s := c.tx, c.tx.store
	updated := *v
	updated.Version, updated.UpdatedAt = oldVersion+1, s.Now()
	definition, sealed, err := s.encodeService(&updated)
	if err != nil {
		return nil, err
	}
	const update = `UPDATE services SET name = $4, definition = $5, secret_sealed = $6, version = $7, updated_at = $8
		WHERE organization_id = $1 AND id = $2 AND version = $3`
	changed, err := t.exec(ctx, update, v.OrganizationID, v.ID, oldVersion,
		strings.ToLower(updated.Name), definition, sealed, updated.Version, millis(updated.UpdatedAt))
	if err != nil {
		return nil, fmt.Errorf("update service %s: %w", v.ID, err)
	}
	if changed == 0 {
		return nil, t.movedOn(ctx, "service", `SELECT count(*) > 0 FROM services WHERE organization_id = $1 AND id = $2`, v.OrganizationID, v.ID)
	}
	const open = `DELETE FROM consent_requests WHERE organization_id = $1 AND service_id = $2 AND used_at = 0`
	if _, err := t.exec(ctx, open, v.OrganizationID, v.ID); err != nil {
		return nil, fmt.Errorf("drop the open consent requests of service %s: %w", v.ID, err)
	}
	var revoked []RevokedAuthorization
	if keep {
		err = t.keepAuthorizations(ctx, &updated)
	} else {
		revoked, err = t.endAuthorizations(ctx, v.OrganizationID, ofService, string(v.ID), lanyard.StatusReconnectRequired, reason)
	}
	if err != nil {
		return nil, err
	}
	t.tell(Change{Kind: ChangeService, Organization: v.OrganizationID, LinkName: v.LinkName})
	if err := t.audit(ctx, v.OrganizationID, audit); err != nil {
		return nil, err
	}
	*v = updated
	return revoked, nil
}

func (t *tx) keepAuthorizations(ctx context.Context, v *lanyard.Service) error {
	const query = `UPDATE authorizations SET service_version = $3, updated_at = $4
		WHERE organization_id = $1 AND status = 'connected'
		AND connection_id IN (SELECT id FROM connections WHERE organization_id = $1 AND service_id = $2)`
	if _, err := t.exec(ctx, query, v.OrganizationID, v.ID, v.Version, millis(v.UpdatedAt)); err != nil {
		return fmt.Errorf("keep the authorizations of service %s: %w", v.ID, err)
	}
	return nil
}

// movedOn explains why a conditional UPDATE touched nothing.
func (t *tx) movedOn(ctx context.Context, what, exists string, args ...any) error {
	there, err := one(ctx, t.sql, column[bool], exists, args...)
	if err != nil {
		return fmt.Errorf("find the %s: %w", what, err)
	}
	if !there {
		return notFound(what)
	}
	return lanyard.Errorf(lanyard.CodeConflict, "The %s was changed by somebody else in the meantime: read it again and repeat the change. Nothing was changed.", what)
}

// DeleteService deletes a custom service. Its connections stay, with its link name, and say that it was deleted; their
// authorizations are revoked, and the credentials of those that were connected returned. Not_found when there is none.
func (s *Store) DeleteService(ctx context.Context, org lanyard.OrganizationID, id lanyard.ServiceID, audit lanyard.AuditEntry) (revoked []RevokedAuthorization, err error) {
	err = s.Together(ctx, func(c *Changes) error {
		revoked, err = c.DeleteService(ctx, org, id, audit)
		return err
	})
	return revoked, err
}

// DeleteService is [Store.DeleteService].
func (c *Changes) DeleteService(ctx context.Context, org lanyard.OrganizationID, id lanyard.ServiceID, audit lanyard.AuditEntry) ([]RevokedAuthorization, error) {
	revoked, err := c.tx.deleteService(ctx, org, id)
	if err != nil {
		return nil, err
	}
	return revoked, c.tx.audit(ctx, org, audit)
}

func (t *tx) deleteService(ctx context.Context, org lanyard.OrganizationID, id lanyard.ServiceID) ([]RevokedAuthorization, error) {
	const remove = `DELETE FROM services WHERE organization_id = $1 AND id = $2 RETURNING link_name`
	linkName, err := find(ctx, t.sql, "service", column[lanyard.LinkName], remove, org, id)
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `DELETE FROM consent_requests WHERE organization_id = $1 AND service_id = $2`, org, id); err != nil {
		return nil, fmt.Errorf("delete the consent requests of service %s: %w", id, err)
	}
	revoked, err := t.endAuthorizations(ctx, org, ofService, string(id), lanyard.StatusRevoked, fmt.Sprintf("The service %s was deleted.", *linkName))
	if err != nil {
		return nil, err
	}
	t.tell(Change{Kind: ChangeService, Organization: org, LinkName: *linkName})
	return revoked, nil
}
