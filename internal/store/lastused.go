package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"lanyard"
)

// AuthorizationRef names an authorization.
type AuthorizationRef struct {
	Organization lanyard.OrganizationID
	ID           lanyard.AuthorizationID
}

// touchBatch is how many uses one transaction writes, so that nobody waits long for the writer.
const touchBatch = 200

// TouchAuthorizations notes when authorizations were last used. A time never goes back, and an authorization that is
// gone is passed over.
func (s *Store) TouchAuthorizations(ctx context.Context, used map[AuthorizationRef]time.Time) error {
	for refs := range slices.Chunk(sortedRefs(used), touchBatch) {
		err := s.tx(ctx, func(t *tx) error {
			for _, ref := range refs {
				const query = `UPDATE authorizations SET last_used_at = $3 WHERE organization_id = $1 AND id = $2 AND last_used_at < $3`
				if _, err := t.exec(ctx, query, ref.Organization, ref.ID, millis(used[ref])); err != nil {
					return fmt.Errorf("note the use of authorization %s: %w", ref.ID, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sortedRefs is one order for all replicas, so that two of them never wait for each other.
func sortedRefs(used map[AuthorizationRef]time.Time) []AuthorizationRef {
	return slices.SortedFunc(maps.Keys(used), func(a, b AuthorizationRef) int {
		return cmp.Or(cmp.Compare(a.Organization, b.Organization), cmp.Compare(a.ID, b.ID))
	})
}
