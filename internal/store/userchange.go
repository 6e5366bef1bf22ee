package store

import (
	"context"
	"errors"
	"fmt"

	"lanyard"
)

// lockPeople locks users of an organization, and with them everybody who is an owner and can sign in, so that of two
// who take that away from each other one sees what the other did. They are locked in one order for everybody, before
// anything else.
func (t *tx) lockPeople(ctx context.Context, org lanyard.OrganizationID, ids ...lanyard.UserID) (map[lanyard.UserID]lanyard.User, error) {
	w := where{`SELECT ` + userColumns + ` FROM users u WHERE u.organization_id = $1 AND (u.role = 'owner' AND NOT u.disabled OR u.organization_id = $1`, []any{org}}
	in(&w, `u.id`, ids)
	people, err := all(ctx, t.sql, scanUser, w.text+`) ORDER BY u.id`+t.store.dialect.lock("u"), w.args...)
	if err != nil {
		return nil, fmt.Errorf("lock people: %w", err)
	}
	locked := make(map[lanyard.UserID]lanyard.User, len(people))
	for _, u := range people {
		locked[u.ID] = u
	}
	return locked, nil
}

// lockAsRead locks a user who is still as the caller read them, and others beside: rules were judged by that.
func (t *tx) lockAsRead(ctx context.Context, before *lanyard.User, others ...lanyard.UserID) (map[lanyard.UserID]lanyard.User, error) {
	people, err := t.lockPeople(ctx, before.OrganizationID, append([]lanyard.UserID{before.ID}, others...)...)
	if err != nil {
		return nil, err
	}
	now, there := people[before.ID]
	if !there {
		return nil, notFound("user")
	}
	now.CreatedAt = before.CreatedAt
	if now != *before {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "Somebody else changed this person in the meantime: read again and repeat the change. Nothing was changed.")
	}
	return people, nil
}

func ownsNow(u *lanyard.User) bool { return u.Role == lanyard.RoleOwner && !u.Disabled }

// keepAnOwner refuses what would leave an organization without an owner who can sign in. People are those of lockPeople.
func keepAnOwner(people map[lanyard.UserID]lanyard.User, before *lanyard.User) error {
	for id, u := range people {
		if id != before.ID && ownsNow(&u) {
			return nil
		}
	}
	return lanyard.Errorf(lanyard.CodeConflict, "This is the last owner of the organization who can sign in: make somebody else an owner first. Nothing was changed.")
}

// UpdateUser stores name, e-mail address, role, external id and whether a user is disabled, over what the caller read;
// conflict when that moved on, when a key is taken (it names the field), or when no owner would be left. Another role
// ends the user's sessions; so does disabling, with open flows and links, while keys stay and do not work until the user
// is enabled again. Another address ends the links that went to the old one. Audit is told how many sessions ended.
func (s *Store) UpdateUser(ctx context.Context, before, after *lanyard.User, audit func(sessions int64) lanyard.AuditEntry) error {
	err := s.Together(ctx, func(c *Changes) error { return c.UpdateUser(ctx, before, after, audit) })
	if errors.Is(err, errTaken) {
		return s.userConflict(ctx, *after, err)
	}
	return err
}

// LockPeople keeps people, and whoever owns the organization, as they are until all changes are made. Whoever changes
// several of them calls it once, first.
func (c *Changes) LockPeople(ctx context.Context, org lanyard.OrganizationID, ids ...lanyard.UserID) error {
	_, err := c.tx.lockPeople(ctx, org, ids...)
	return err
}

// UpdateUser is [Store.UpdateUser], for changes that leave e-mail address and external id.
func (c *Changes) UpdateUser(ctx context.Context, before, after *lanyard.User, audit func(sessions int64) lanyard.AuditEntry) error {
	t, org, id := c.tx, before.OrganizationID, before.ID
	people, err := t.lockAsRead(ctx, before)
	if err != nil {
		return err
	}
	if ownsNow(before) && !ownsNow(after) {
		if err := keepAnOwner(people, before); err != nil {
			return err
		}
	}
	const update = `UPDATE users SET email = $3, name = $4, role = $5, external_id = $6, disabled = $7, search = $8 WHERE organization_id = $1 AND id = $2`
	if _, err := t.exec(ctx, update, org, id, emailColumn(after), after.Name, after.Role, externalIDColumn(after), after.Disabled, userSearch(after)); err != nil {
		return fmt.Errorf("update user %s: %w", id, err)
	}
	var ended int64
	change := Change{Kind: ChangeKeys, Organization: org}
	if before.Disabled != after.Disabled {
		change = Change{Kind: ChangeUser, Organization: org, User: id}
	}
	if before.Role != after.Role || before.Disabled != after.Disabled {
		if ended, err = t.endSessions(ctx, org, id, ""); err != nil {
			return err
		}
	}
	if after.Disabled && !before.Disabled {
		if err := t.endFlows(ctx, org, id); err != nil {
			return err
		}
	}
	if after.Disabled || before.Email != after.Email {
		if err := t.endOneTimeLinks(ctx, org, id); err != nil {
			return err
		}
	}
	t.tell(change)
	return t.audit(ctx, org, audit(ended))
}

// endFlows drops what a user has begun in order to connect.
func (t *tx) endFlows(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) error {
	for _, query := range []string{
		`DELETE FROM connect_links WHERE organization_id = $1 AND user_id = $2`,
		`DELETE FROM consent_requests WHERE organization_id = $1 AND user_id = $2 AND used_at = 0`,
	} {
		if _, err := t.exec(ctx, query, org, user); err != nil {
			return fmt.Errorf("end the flows of %s: %w", user, err)
		}
	}
	return nil
}

func (t *tx) endOneTimeLinks(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) error {
	if _, err := t.exec(ctx, `DELETE FROM one_time_links WHERE organization_id = $1 AND user_id = $2`, org, user); err != nil {
		return fmt.Errorf("end the one-time links of %s: %w", user, err)
	}
	return nil
}
