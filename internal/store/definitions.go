package store

import (
	"context"
	"fmt"

	"lanyard"
)

// ConnectionsByHand gives every connection of an organization that a person made, whoever that was, by link name.
func (s *Store) ConnectionsByHand(ctx context.Context, org lanyard.OrganizationID) ([]lanyard.Connection, error) {
	const query = `SELECT ` + connectionColumns + ` FROM connections c WHERE c.organization_id = $1 AND c.origin = 'user' ORDER BY c.link_name`
	list, err := all(ctx, s.reads, scanConnection, query, org)
	if err != nil {
		return nil, fmt.Errorf("list the connections made by hand: %w", err)
	}
	return list, nil
}
