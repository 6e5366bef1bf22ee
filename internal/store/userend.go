package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lanyard"
)

// Owned is what became of the connections and custom services of a user.
type Owned struct {
	Connections, Services int
	Names                 []lanyard.LinkName     // of the connections, in their order, at most [MaxNames]
	Erased                []RevokedAuthorization // whose providers are to be told
	Deleted               []lanyard.Service      // with their secrets; none when they were handed over
}

// HandOver gives every connection and custom service of a user to somebody else of the organization, who must not be
// disabled (invalid_request at /to). Internal connections stay: Lanyard makes such ones for everybody. A credential that others would go on using is erased and returned: the new owner
// connects with an account of their own. Where each user has an account of their own, these stay, and the former owner's
// becomes one of them. Conflict when the user moved on from what the caller read.
func (s *Store) HandOver(ctx context.Context, from *lanyard.User, to lanyard.UserID, audit func(Owned) lanyard.AuditEntry) (Owned, error) {
	var o Owned
	err := s.tx(ctx, func(t *tx) error {
		people, err := t.lockAsRead(ctx, from, to)
		if err != nil {
			return err
		}
		if o, err = t.handOver(ctx, people, from, to, "/to", ""); err != nil {
			return err
		}
		return t.audit(ctx, from.OrganizationID, audit(o))
	})
	if err != nil {
		return Owned{}, err
	}
	return o, nil
}

// handedOver are the connections that pass to a new owner, runsForOthers those of them whose one credential would pass
// along.
const (
	handedOver    = `c.origin <> 'internal'`
	runsForOthers = handedOver + ` AND (NOT c.use_login_user OR c.usable_by = 'owner')`
)

// ofExtensions narrows what is handed over down to what came with extensions, in connections c and in services.
const ofExtensions = ` AND extension_id <> ''`

func (t *tx) handOver(ctx context.Context, people map[lanyard.UserID]lanyard.User, from *lanyard.User, to lanyard.UserID, pointer, which string) (Owned, error) {
	if next, there := people[to]; !there || next.Disabled || to == from.ID {
		var f lanyard.FieldErrors
		f.Add(pointer, "choose somebody else in the organization, who is not deactivated")
		return Owned{}, f.Err()
	}
	org := from.OrganizationID
	o, err := t.lockConnectionsOf(ctx, org, from.ID, handedOver+which)
	if err != nil {
		return Owned{}, err
	}
	if o.Erased, err = t.deleteAuthorizations(ctx, org, `c.owner_id = $2 AND `+runsForOthers+which, from.ID); err != nil {
		return Owned{}, err
	}
	those := `connection_id IN (SELECT c.id FROM connections c WHERE c.organization_id = $1 AND c.owner_id = $2 AND ` + runsForOthers + which + `)`
	for _, query := range []string{
		`DELETE FROM connect_links WHERE organization_id = $1 AND ` + those,
		`DELETE FROM consent_requests WHERE organization_id = $1 AND used_at = 0 AND ` + those,
	} {
		if _, err := t.exec(ctx, query, org, from.ID); err != nil {
			return Owned{}, fmt.Errorf("end the flows of what is handed over: %w", err)
		}
	}
	share := `UPDATE authorizations SET shared_link_name = CASE WHEN user_id = $3 THEN NULL ELSE link_name END
		WHERE organization_id = $1 AND connection_id IN (SELECT c.id FROM connections c WHERE c.organization_id = $1 AND c.owner_id = $2 AND ` + handedOver + which + `)`
	if _, err := t.exec(ctx, share, org, from.ID, to); err != nil {
		return Owned{}, fmt.Errorf("share what is handed over: %w", err)
	}
	now := millis(t.store.Now())
	connections := `UPDATE connections AS c SET owner_id = $3, version = version + 1, updated_at = $4 WHERE organization_id = $1 AND owner_id = $2 AND ` + handedOver + which
	if _, err := t.exec(ctx, connections, org, from.ID, to, now); err != nil {
		return Owned{}, fmt.Errorf("hand the connections of %s over: %w", from.ID, err)
	}
	services, err := t.exec(ctx, `UPDATE services SET author_id = $3, updated_at = $4 WHERE organization_id = $1 AND author_id = $2`+which, org, from.ID, to, now)
	if err != nil {
		return Owned{}, fmt.Errorf("hand the services of %s over: %w", from.ID, err)
	}
	o.Services = int(services)
	const installed = `UPDATE extensions SET installed_by = $3, revision = revision + 1, updated_at = $4 WHERE organization_id = $1 AND installed_by = $2`
	if _, err := t.exec(ctx, installed, org, from.ID, to, now); err != nil {
		return Owned{}, fmt.Errorf("hand the extensions of %s over: %w", from.ID, err)
	}
	t.tell(Change{Kind: ChangeUser, Organization: org, User: from.ID})
	t.tell(Change{Kind: ChangeUser, Organization: org, User: to})
	return o, nil
}

// lockConnectionsOf locks, counts and names those connections c of a user that meet a condition.
func (t *tx) lockConnectionsOf(ctx context.Context, org lanyard.OrganizationID, owner lanyard.UserID, condition string) (o Owned, err error) {
	query := `SELECT c.link_name FROM connections c WHERE c.organization_id = $1 AND c.owner_id = $2 AND ` + condition + ` ORDER BY c.link_name`
	names, err := all(ctx, t.sql, column[lanyard.LinkName], query+t.store.dialect.lock("c"), org, owner)
	if err != nil {
		return o, fmt.Errorf("lock the connections of %s: %w", owner, err)
	}
	return Owned{Connections: len(names), Names: names[:min(len(names), MaxNames)]}, nil
}

// deleteAuthorizations deletes the authorizations a, of connections c, that meet a condition with $2 in it, and returns
// those that were connected. Whoever uses it has locked the connections that the condition names.
func (t *tx) deleteAuthorizations(ctx context.Context, org lanyard.OrganizationID, condition string, id lanyard.UserID) ([]RevokedAuthorization, error) {
	from := ` FROM authorizations a JOIN connections c ON c.organization_id = a.organization_id AND c.id = a.connection_id
		WHERE a.organization_id = $1 AND ` + condition
	query := `SELECT ` + connectionColumns + `, ` + authorizationColumns + `, a.credential_sealed` + from + ` AND a.status = 'connected' ORDER BY a.id` + t.store.dialect.lock("a")
	endings, err := all(ctx, t.sql, scanEnding, query, org, id)
	if err != nil {
		return nil, fmt.Errorf("lock the authorizations to delete: %w", err)
	}
	// Revoked first, so that who is told of it hears how it ended; those that had to reconnect anyway too.
	revoke := `UPDATE authorizations SET status = 'revoked', updated_at = $3 WHERE organization_id = $1 AND status IN ('connected', 'reconnect_required')
		AND id IN (SELECT a.id` + from + `) RETURNING id`
	moved, err := all(ctx, t.sql, column[lanyard.AuthorizationID], revoke, org, id, millis(t.store.Now()))
	if err == nil {
		err = t.authorizationsMoved(ctx, org, lanyard.EventRevoked, moved...)
	}
	if err != nil {
		return nil, fmt.Errorf("revoke authorizations: %w", err)
	}
	if _, err := t.exec(ctx, `DELETE FROM authorizations WHERE organization_id = $1 AND id IN (SELECT a.id`+from+`)`, org, id); err != nil {
		return nil, fmt.Errorf("delete authorizations: %w", err)
	}
	erased := make([]RevokedAuthorization, len(endings))
	for i := range endings {
		e := &endings[i]
		erased[i] = e.ended(lanyard.StatusRevoked, "", t.store.Now())
		erased[i].Credential = t.store.openForRevoking(ctx, &e.authorization)
		t.tell(Change{Kind: ChangeAuthorization, Organization: org, Connection: e.connection.ID, LinkName: e.connection.LinkName, User: e.authorization.UserID})
	}
	return erased, nil
}

// Removal says what becomes of what a user owns. Its zero value removes only who owns nothing.
type Removal struct {
	HandOverTo lanyard.UserID // gets it all, as by [Store.HandOver]; an error names it /hand_over_to
	Delete     bool           // the connections and custom services are deleted, with everybody's authorizations
	// ExtensionsTo gets what came with extensions where the rest is deleted: it is the organization's. Without it, that is
	// a reason not to delete.
	ExtensionsTo lanyard.UserID
}

// RemoveUser deletes a user with their sessions, keys, links, flows, authorizations and internal connections, and returns
// the credentials that were erased. Conflict when they own something and with does not say what becomes of it, when they are the last owner
// who can sign in, or when they moved on from what the caller read.
func (s *Store) RemoveUser(ctx context.Context, user *lanyard.User, with Removal, audit func(Owned) lanyard.AuditEntry) (Owned, error) {
	org := user.OrganizationID
	var o Owned
	err := s.tx(ctx, func(t *tx) error {
		people, err := t.lockAsRead(ctx, user, with.HandOverTo, with.ExtensionsTo)
		if err != nil {
			return err
		}
		if ownsNow(user) {
			if err := keepAnOwner(people, user); err != nil {
				return err
			}
		}
		internal, err := t.deleteInternal(ctx, org, user.ID)
		if err != nil {
			return err
		}
		switch {
		case with.HandOverTo != "":
			o, err = t.handOver(ctx, people, user, with.HandOverTo, "hand_over_to", "")
		case with.Delete:
			o, err = t.deleteOwned(ctx, people, user, with.ExtensionsTo)
		default:
			err = t.ownsNothing(ctx, user)
		}
		if err != nil {
			return err
		}
		own, err := t.deleteAuthorizations(ctx, org, `a.user_id = $2`, user.ID)
		if err != nil {
			return err
		}
		o.Erased = slices.Concat(o.Erased, internal, own)
		if err := t.endOneTimeLinks(ctx, org, user.ID); err != nil {
			return err
		}
		// Sessions, keys, links, flows and what is remembered of browsers go with the row.
		if _, err := t.exec(ctx, `DELETE FROM users WHERE organization_id = $1 AND id = $2`, org, user.ID); lanyard.CodeOf(err) == lanyard.CodeNotFound {
			return lanyard.Errorf(lanyard.CodeConflict, "This person made a connection or service at this very moment: try again. Nothing was changed.").With(err)
		} else if err != nil {
			return fmt.Errorf("remove user %s: %w", user.ID, err)
		}
		t.tell(Change{Kind: ChangeUser, Organization: org, User: user.ID})
		return t.audit(ctx, org, audit(o))
	})
	if err != nil {
		return Owned{}, err
	}
	return o, nil
}

// deleteInternal deletes the internal connections of a user, which nobody else ever used, and returns the credentials.
func (t *tx) deleteInternal(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID) ([]RevokedAuthorization, error) {
	if _, err := t.lockConnectionsOf(ctx, org, user, `c.origin = 'internal'`); err != nil {
		return nil, err
	}
	erased, err := t.deleteAuthorizations(ctx, org, `c.owner_id = $2 AND c.origin = 'internal'`, user)
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(ctx, `DELETE FROM connections WHERE organization_id = $1 AND owner_id = $2 AND origin = 'internal'`, org, user); err != nil {
		return nil, fmt.Errorf("delete the internal connections of %s: %w", user, err)
	}
	return erased, nil
}

// ownsNothing is conflict, in words, for whoever owns something.
func (t *tx) ownsNothing(ctx context.Context, user *lanyard.User) error {
	type counts struct{ connections, services int }
	scan := func(row scanner) (c counts, err error) { err = row.Scan(&c.connections, &c.services); return c, err }
	const query = `SELECT (SELECT count(*) FROM connections WHERE organization_id = $1 AND owner_id = $2),
		(SELECT count(*) FROM services WHERE organization_id = $1 AND author_id = $2)`
	c, err := one(ctx, t.sql, scan, query, user.OrganizationID, user.ID)
	if err != nil {
		return fmt.Errorf("count what %s owns: %w", user.ID, err)
	}
	var owns []string
	for _, of := range []struct {
		n    int
		noun string
	}{{c.connections, "connection"}, {c.services, "custom service"}} {
		switch {
		case of.n == 1:
			owns = append(owns, "1 "+of.noun)
		case of.n > 1:
			owns = append(owns, fmt.Sprintf("%d %ss", of.n, of.noun))
		}
	}
	if len(owns) == 0 {
		return nil
	}
	return lanyard.Errorf(lanyard.CodeConflict, "This person owns %s: hand them over to somebody (hand_over_to), or have them deleted too (delete_connections). Nothing was changed.", strings.Join(owns, " and "))
}

// deleteOwned deletes the connections and the custom services of a user. Others' connections with these services stay,
// as they do whenever a service is deleted. What came with extensions passes to somebody else.
func (t *tx) deleteOwned(ctx context.Context, people map[lanyard.UserID]lanyard.User, user *lanyard.User, extensionsTo lanyard.UserID) (Owned, error) {
	org := user.OrganizationID
	var passed Owned
	has, err := t.hasOfExtensions(ctx, user)
	if err == nil && has {
		passed, err = t.handOver(ctx, people, user, extensionsTo, "/delete_connections", ofExtensions)
	}
	if err != nil {
		return Owned{}, err
	}
	o, err := t.lockConnectionsOf(ctx, org, user.ID, handedOver)
	if err != nil {
		return Owned{}, err
	}
	const services = `SELECT ` + serviceColumns + `, s.secret_sealed FROM services s WHERE s.organization_id = $1 AND s.author_id = $2 ORDER BY s.id`
	if o.Deleted, err = all(ctx, t.sql, t.store.openService, services+t.store.dialect.lock("s"), org, user.ID); err != nil {
		return Owned{}, fmt.Errorf("lock the services of %s: %w", user.ID, err)
	}
	if o.Erased, err = t.deleteAuthorizations(ctx, org, `c.owner_id = $2`, user.ID); err != nil {
		return Owned{}, err
	}
	if _, err := t.exec(ctx, `DELETE FROM connections WHERE organization_id = $1 AND owner_id = $2`, org, user.ID); err != nil {
		return Owned{}, fmt.Errorf("delete the connections of %s: %w", user.ID, err)
	}
	for i := range o.Deleted {
		erased, err := t.deleteService(ctx, org, o.Deleted[i].ID)
		if err != nil {
			return Owned{}, err
		}
		o.Erased = append(o.Erased, erased...)
	}
	o.Services, o.Erased = len(o.Deleted), append(o.Erased, passed.Erased...)
	return o, nil
}

// hasOfExtensions reports whether a user has connections or services that came with extensions, or installed one.
func (t *tx) hasOfExtensions(ctx context.Context, user *lanyard.User) (bool, error) {
	const query = `SELECT EXISTS (SELECT 1 FROM connections WHERE organization_id = $1 AND owner_id = $2 AND extension_id <> '')
		OR EXISTS (SELECT 1 FROM services WHERE organization_id = $1 AND author_id = $2 AND extension_id <> '')
		OR EXISTS (SELECT 1 FROM extensions WHERE organization_id = $1 AND installed_by = $2)`
	has, err := one(ctx, t.sql, column[bool], query, user.OrganizationID, user.ID)
	if err != nil {
		return false, fmt.Errorf("look for what %s has of extensions: %w", user.ID, err)
	}
	return has, nil
}
