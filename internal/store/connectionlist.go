package store

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"lanyard"
)

// View is one of the four lists of connections.
type View string

const (
	ViewMy         View = "my"         // made by the user
	ViewShared     View = "shared"     // of others, used with the user's own credentials
	ViewInternal   View = "internal"   // made for the user when an integration task ran without one
	ViewExtensions View = "extensions" // came with an extension, for the user to authenticate
)

// ConnectionView is a connection as one user sees it.
type ConnectionView struct {
	lanyard.Connection
	Authorization *lanyard.Authorization // that user's own; nil: none
	// ServiceName is the display name of its service; empty when that was deleted.
	ServiceName string
}

// Status is where the user stands on the connection.
func (v *ConnectionView) Status() lanyard.Status {
	if v.Authorization == nil {
		return lanyard.StatusNotConnected
	}
	return v.Authorization.Status
}

// ConnectionFilter says which list, as which user sees it, and what of it. Empty fields do not narrow it down.
type ConnectionFilter struct {
	View      View
	User      lanyard.UserID
	LinkNames []lanyard.LinkName // the only ones to show
	Service   lanyard.ServiceID  // made with it
	Status    lanyard.Status     // of the user's own authorization
	Query     string             // a part of the name, the link name or the service's link name
}

// views says which connections a list has.
var views = map[View]string{
	ViewMy:         `c.owner_id = $2 AND c.origin = 'user'`,
	ViewInternal:   `c.owner_id = $2 AND c.origin = 'internal'`,
	ViewExtensions: `c.origin = 'extension' AND (c.owner_id = $2 OR c.use_login_user AND c.usable_by = 'organization')`,
	ViewShared:     `a.shared_link_name IS NOT NULL AND c.use_login_user AND c.usable_by = 'organization' AND c.origin <> 'extension'`,
}

// A list is walked in the order of link names along an index, in one of two ways, so that a page costs the same however
// many connections the organization has: by the connections, or by the user's own authorizations of one status. CROSS
// JOIN is an ordinary join to PostgreSQL; SQLite keeps its order.
const (
	byConnection = `FROM connections c
		LEFT JOIN authorizations a ON a.organization_id = c.organization_id AND a.connection_id = c.id AND a.user_id = $2
		WHERE c.organization_id = $1 AND `
	byAuthorization = `FROM authorizations a CROSS JOIN connections c
		WHERE a.organization_id = $1 AND a.user_id = $2 AND c.organization_id = a.organization_id AND c.id = a.connection_id AND `
)

// where gives the condition of a list, and the column that orders it.
func (f *ConnectionFilter) where(org lanyard.OrganizationID) (w where, order string, err error) {
	view, ok := views[f.View]
	if !ok {
		var faults lanyard.FieldErrors
		faults.Add("view", "this is my, shared, internal or extensions")
		return where{}, "", faults.Err()
	}
	w.args = []any{org, f.User}
	switch {
	case f.View == ViewShared && (f.Status == "" || f.Status == lanyard.StatusNotConnected):
		w.text, order = byAuthorization+view, `a.shared_link_name`
		if f.Status != "" {
			w.and(`a.status = `, f.Status)
		}
	case f.Status == "":
		w.text, order = byConnection+view, `c.link_name`
	case f.Status == lanyard.StatusNotConnected: // also those that the user never connected
		w.text, order = byConnection+view, `c.link_name`
		w.and(`coalesce(a.status, 'not_connected') = `, f.Status)
	default:
		w.text, order = byAuthorization+view, `a.link_name`
		w.and(`a.status = `, f.Status)
	}
	if len(f.LinkNames) > 0 {
		in(&w, `c.link_name`, f.LinkNames)
	}
	if f.Service != "" {
		w.and(`c.service_id = `, f.Service)
	}
	if f.Query != "" {
		w.and(`c.search LIKE `, "%"+escapeLike(strings.ToLower(f.Query))+"%")
		w.text += ` ESCAPE '!'`
	}
	return w, order, nil
}

// Connections lists the connections of one view by link name, each with the user's own authorization.
func (s *Store) Connections(ctx context.Context, org lanyard.OrganizationID, f ConnectionFilter, page Page) ([]ConnectionView, string, error) {
	w, order, err := f.where(org)
	if err != nil {
		return nil, "", err
	}
	list := "connections " + string(f.View)
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	if utf8.RuneCountInString(f.Query) > maxServiceName {
		return nil, "", nil
	}
	if after != "" {
		w.and(order+` > `, after)
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
	query := `SELECT ` + connectionColumns + `, ` + authorizationColumns + ` ` + w.limit(order, rows)
	found, err := all(ctx, s.reads, scan, query, w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list connections: %w", err)
	}
	found, next := Cut(list, org, found, rows, func(v *ConnectionView) string { return string(v.LinkName) })
	ids := make([]lanyard.ServiceID, len(found))
	for i := range found {
		ids[i] = found[i].ServiceID
	}
	names, err := s.ServiceNames(ctx, org, ids)
	for i := range found {
		found[i].ServiceName = names[found[i].ServiceID]
	}
	return found, next, err
}

// CountConnections counts what [Store.Connections] lists, as far as most.
func (s *Store) CountConnections(ctx context.Context, org lanyard.OrganizationID, f ConnectionFilter, most int) (int, error) {
	w, _, err := f.where(org)
	if err != nil {
		return 0, err
	}
	w.args = append(w.args, most)
	query := fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 %s LIMIT $%d) AS counted`, w.text, len(w.args))
	n, err := one(ctx, s.reads, column[int], query, w.args...)
	if err != nil {
		return 0, fmt.Errorf("count connections: %w", err)
	}
	return n, nil
}

// ServiceOf names the service of a connection.
type ServiceOf struct {
	ID       lanyard.ServiceID
	LinkName lanyard.LinkName
	Name     string // of a custom service that is there; empty for any other
}

// ConnectionServices lists the services that the connections of a list are made with, by link name, as far as most. A
// service that was deleted is one of its own beside another that got its link name.
func (s *Store) ConnectionServices(ctx context.Context, org lanyard.OrganizationID, f ConnectionFilter, most int) ([]ServiceOf, error) {
	w, _, err := f.where(org)
	if err != nil {
		return nil, err
	}
	scan := func(row scanner) (v ServiceOf, err error) {
		err = row.Scan(&v.LinkName, &v.ID)
		return v, err
	}
	query := `SELECT DISTINCT c.service_link_name, c.service_id ` + w.limit(`c.service_link_name, c.service_id`, most)
	services, err := all(ctx, s.reads, scan, query, w.args...)
	if err != nil {
		return nil, fmt.Errorf("list the services of connections: %w", err)
	}
	ids := make([]lanyard.ServiceID, len(services))
	for i := range services {
		ids[i] = services[i].ID
	}
	names, err := s.ServiceNames(ctx, org, ids)
	for i := range services {
		services[i].Name = names[services[i].ID]
	}
	return services, err
}

// maxConnectedNames is how many people a [Connected] names.
const maxConnectedNames = 10

// Connected says whose accounts are connected on a connection.
type Connected struct {
	Own    bool     // the asking user's
	Others int      // how many other people's
	Names  []string // of others, the first ten by name
}

// Connected counts and names the people whose authorization of a connection is connected, as one of them sees it.
func (s *Store) Connected(ctx context.Context, org lanyard.OrganizationID, connection lanyard.ConnectionID, user lanyard.UserID) (Connected, error) {
	scan := func(row scanner) (v Connected, err error) {
		err = row.Scan(&v.Own, &v.Others)
		return v, err
	}
	const counts = `SELECT count(CASE WHEN a.user_id = $3 THEN 1 END) > 0, count(CASE WHEN a.user_id <> $3 THEN 1 END) FROM authorizations a
		WHERE a.organization_id = $1 AND a.connection_id = $2 AND a.status = 'connected'`
	v, err := one(ctx, s.reads, scan, counts, org, connection, user)
	if err != nil {
		return Connected{}, fmt.Errorf("count whose accounts are connected on %s: %w", connection, err)
	}
	const names = `SELECT u.name FROM authorizations a JOIN users u ON u.organization_id = a.organization_id AND u.id = a.user_id
		WHERE a.organization_id = $1 AND a.connection_id = $2 AND a.status = 'connected' AND a.user_id <> $3 ORDER BY u.name, u.id LIMIT $4`
	if v.Names, err = all(ctx, s.reads, column[string], names, org, connection, user, maxConnectedNames); err != nil {
		return Connected{}, fmt.Errorf("name whose accounts are connected on %s: %w", connection, err)
	}
	return v, nil
}
