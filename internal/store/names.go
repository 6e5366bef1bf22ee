package store

import (
	"context"
	"fmt"

	"lanyard"
)

// Names are how people call what records hold the ids of. Who or what is gone has none.
type Names struct {
	Users map[lanyard.UserID]string
	Keys  map[lanyard.APIKeyID]string
}

// Names gives the names of users and API keys of an organization.
func (s *Store) Names(ctx context.Context, org lanyard.OrganizationID, users []lanyard.UserID, keys []lanyard.APIKeyID) (Names, error) {
	var n Names
	var err error
	if n.Users, err = namesOf(ctx, s, org, "users", users); err != nil {
		return Names{}, err
	}
	n.Keys, err = namesOf(ctx, s, org, "api_keys", keys)
	return n, err
}

func namesOf[T ~string](ctx context.Context, s *Store, org lanyard.OrganizationID, table string, ids []T) (map[T]string, error) {
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // no names, which is no error
	}
	w := where{`organization_id = $1`, []any{org}}
	in(&w, `id`, ids)
	type named struct {
		id   T
		name string
	}
	scan := func(row scanner) (n named, err error) { err = row.Scan(&n.id, &n.name); return n, err }
	found, err := all(ctx, s.reads, scan, `SELECT id, name FROM `+table+` WHERE `+w.text, w.args...)
	if err != nil {
		return nil, fmt.Errorf("find the names of %s: %w", table, err)
	}
	if len(found) == 0 {
		return nil, nil //nolint:nilnil // as above
	}
	names := map[T]string{}
	for _, n := range found {
		names[n.id] = n.name
	}
	return names, nil
}

// People gives the users of an organization by name, limit at most.
func (s *Store) People(ctx context.Context, org lanyard.OrganizationID, limit int) ([]lanyard.User, error) {
	const query = `SELECT ` + userColumns + ` FROM users u WHERE u.organization_id = $1 ORDER BY u.name, u.id LIMIT $2`
	people, err := all(ctx, s.reads, scanUser, query, org, limit)
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	return people, nil
}
