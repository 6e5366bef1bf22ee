package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"lanyard"
)

// Verified says that a default service worked in this deployment, for whomever: times are days in UTC, so that one
// organization does not learn when another was at work.
type Verified struct {
	Service lanyard.LinkName
	Version int64 // of the definition that worked
	First   time.Time
	Last    time.Time
}

// MarkVerified notes that default services worked today. With another definition than before, that one is the first.
func (s *Store) MarkVerified(ctx context.Context, definitions map[lanyard.LinkName]int64) error {
	const query = `INSERT INTO verified_services (link_name, version, first_at, last_at) VALUES ($1, $2, $3, $3)
		ON CONFLICT (link_name) DO UPDATE SET version = $2, last_at = $3,
			first_at = CASE WHEN verified_services.version = $2 THEN verified_services.first_at ELSE $3 END
		WHERE verified_services.version <> $2 OR verified_services.last_at < $3`
	today := millis(s.Now().UTC().Truncate(24 * time.Hour))
	return s.tx(ctx, func(t *tx) error {
		for _, name := range slices.Sorted(maps.Keys(definitions)) {
			if _, err := t.exec(ctx, query, name, definitions[name], today); err != nil {
				return fmt.Errorf("note that %s works: %w", name, err)
			}
		}
		return nil
	})
}

// Verified lists which default services worked in this deployment.
func (s *Store) Verified(ctx context.Context) (map[lanyard.LinkName]Verified, error) {
	scan := func(row scanner) (v Verified, err error) {
		err = row.Scan(&v.Service, &v.Version, instant{&v.First}, instant{&v.Last})
		return v, err
	}
	list, err := all(ctx, s.reads, scan, `SELECT link_name, version, first_at, last_at FROM verified_services`)
	if err != nil {
		return nil, fmt.Errorf("list which services worked: %w", err)
	}
	verified := make(map[lanyard.LinkName]Verified, len(list))
	for _, v := range list {
		verified[v.Service] = v
	}
	return verified, nil
}
