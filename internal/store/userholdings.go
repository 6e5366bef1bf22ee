package store

import (
	"context"
	"fmt"
	"time"

	"lanyard"
)

// Holdings is what a user has in the organization, each counted as far as [CountedUpTo].
type Holdings struct {
	Access
	Connections int      // that they own; not the internal ones, which nobody decides about
	ForOthers   int      // of these, that run with their account whoever calls, and are connected
	Names       []string // of those, in their order, at most [MaxNames]
	Services    int      // custom ones that they made
	Dependent   int      // connections of other people with these services
	Flows       int      // links and consents that they have begun and not finished
	SeenAt      time.Time
}

// Holdings counts what a user has. Idle is as for [Store.UserBySession]. Seen is the last use of a session or key that
// is there still; zero: not known.
func (s *Store) Holdings(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, idle time.Duration) (Holdings, error) {
	access, err := s.CountAccess(ctx, org, user, idle)
	if err != nil {
		return Holdings{}, err
	}
	scan := func(row scanner) (h Holdings, err error) {
		var session, key time.Time
		err = row.Scan(&h.Connections, &h.ForOthers, &h.Services, &h.Dependent, &h.Flows, instant{&session}, instant{&key})
		h.Access, h.SeenAt = access, session
		if key.After(session) {
			h.SeenAt = key
		}
		return h, err
	}
	const forOthers = `FROM connections c JOIN authorizations a ON a.organization_id = c.organization_id AND a.connection_id = c.id AND a.user_id = c.owner_id
		WHERE c.organization_id = $1 AND c.owner_id = $2 AND NOT c.use_login_user AND c.usable_by = 'organization' AND a.status = 'connected'`
	const query = `SELECT
		(SELECT count(*) FROM (SELECT 1 FROM connections c WHERE c.organization_id = $1 AND c.owner_id = $2 AND ` + handedOver + ` LIMIT $4) AS o),
		(SELECT count(*) FROM (SELECT 1 ` + forOthers + ` LIMIT $4) AS f),
		(SELECT count(*) FROM (SELECT 1 FROM services WHERE organization_id = $1 AND author_id = $2 LIMIT $4) AS s),
		(SELECT count(*) FROM (SELECT 1 FROM connections c JOIN services s ON s.organization_id = c.organization_id AND s.id = c.service_id
			WHERE c.organization_id = $1 AND s.author_id = $2 AND c.owner_id <> $2 LIMIT $4) AS d),
		(SELECT count(*) FROM connect_links WHERE organization_id = $1 AND user_id = $2 AND expires_at > $3)
			+ (SELECT count(*) FROM consent_requests WHERE organization_id = $1 AND user_id = $2 AND used_at = 0 AND expires_at > $3),
		(SELECT coalesce(max(seen_at), 0) FROM sessions WHERE organization_id = $1 AND user_id = $2),
		(SELECT coalesce(max(last_used_at), 0) FROM api_keys WHERE organization_id = $1 AND user_id = $2)`
	h, err := one(ctx, s.reads, scan, query, org, user, millis(s.Now()), CountedUpTo+1)
	if err != nil {
		return Holdings{}, fmt.Errorf("count what %s has: %w", user, err)
	}
	if h.Names, err = all(ctx, s.reads, column[string], `SELECT c.name `+forOthers+` ORDER BY c.name, c.id LIMIT $3`, org, user, MaxNames); err != nil {
		return Holdings{}, fmt.Errorf("name the connections of %s: %w", user, err)
	}
	return h, nil
}

// Successors lists who could take over what a user owns: everybody else who can sign in, by name, limit at most.
func (s *Store) Successors(ctx context.Context, org lanyard.OrganizationID, of lanyard.UserID, limit int) ([]lanyard.User, error) {
	const query = `SELECT ` + userColumns + ` FROM users u
		WHERE u.organization_id = $1 AND u.id <> $2 AND u.email <> u.id AND NOT u.disabled ORDER BY u.name, u.id LIMIT $3`
	users, err := all(ctx, s.reads, scanUser, query, org, of, limit)
	if err != nil {
		return nil, fmt.Errorf("list who could take over: %w", err)
	}
	return users, nil
}
