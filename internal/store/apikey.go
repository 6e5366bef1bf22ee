package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"lanyard"
)

const keyColumns = `k.organization_id, k.id, k.user_id, k.name, k.hint, k.rights, k.created_at, k.expires_at, k.last_used_at,
	k.previous_hint, k.previous_expires_at, k.previous_used_at`

func keyTargets(k *lanyard.APIKey) []any {
	return []any{
		&k.OrganizationID, &k.ID, &k.UserID, &k.Name, &k.Hint, decoded{&k.Rights},
		instant{&k.CreatedAt}, instant{&k.ExpiresAt}, instant{&k.LastUsedAt},
		&k.Previous.Hint, instant{&k.Previous.ExpiresAt}, instant{&k.Previous.LastUsedAt},
	}
}

// scanKey reads a key. A previous secret that has ended is none any more.
func (s *Store) scanKey(row scanner) (k lanyard.APIKey, err error) {
	err = row.Scan(keyTargets(&k)...)
	if !s.Now().Before(k.Previous.ExpiresAt) {
		k.Previous = lanyard.PreviousKey{}
	}
	return k, err
}

// CreateAPIKey keeps a key by the SHA-256 of its text; the time is set here. Not_found when there is no such user.
func (s *Store) CreateAPIKey(ctx context.Context, k lanyard.APIKey, hash []byte, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(c *Changes) error { return c.CreateAPIKey(ctx, k, hash, audit) })
}

// CreateAPIKey is [Store.CreateAPIKey].
func (c *Changes) CreateAPIKey(ctx context.Context, k lanyard.APIKey, hash []byte, audit lanyard.AuditEntry) error {
	if err := c.tx.insertAPIKey(ctx, k, hash); err != nil {
		return err
	}
	c.tx.tell(Change{Kind: ChangeKeys, Organization: k.OrganizationID})
	return c.tx.audit(ctx, k.OrganizationID, audit)
}

// SetKeyRights stores the rights of a key over those that the caller read; conflict when they moved on, not_found when the
// key is gone.
func (s *Store) SetKeyRights(ctx context.Context, k *lanyard.APIKey, rights lanyard.KeyRights, audit lanyard.AuditEntry) error {
	return s.Together(ctx, func(c *Changes) error { return c.SetKeyRights(ctx, k, rights, audit) })
}

// SetKeyRights is [Store.SetKeyRights].
func (c *Changes) SetKeyRights(ctx context.Context, k *lanyard.APIKey, rights lanyard.KeyRights, audit lanyard.AuditEntry) error {
	before, err := encode(k.Rights)
	if err != nil {
		return err
	}
	after, err := encode(rights)
	if err != nil {
		return err
	}
	const update = `UPDATE api_keys SET rights = $5 WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND rights = $4`
	changed, err := c.tx.exec(ctx, update, k.OrganizationID, k.UserID, k.ID, before, after)
	if err != nil {
		return fmt.Errorf("set the rights of API key %s: %w", k.ID, err)
	}
	if changed == 0 {
		return c.tx.movedOn(ctx, "API key", `SELECT count(*) > 0 FROM api_keys WHERE organization_id = $1 AND user_id = $2 AND id = $3`, k.OrganizationID, k.UserID, k.ID)
	}
	c.tx.tell(Change{Kind: ChangeKeys, Organization: k.OrganizationID})
	return c.tx.audit(ctx, k.OrganizationID, audit)
}

func (t *tx) insertAPIKey(ctx context.Context, k lanyard.APIKey, hash []byte) error {
	rights, err := encode(k.Rights)
	if err != nil {
		return err
	}
	const insert = `INSERT INTO api_keys (organization_id, id, user_id, name, hint, hash, rights, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	_, err = t.exec(ctx, insert, k.OrganizationID, k.ID, k.UserID, k.Name, k.Hint, hash, rights, millis(t.store.Now()), millis(k.ExpiresAt))
	if err != nil {
		return fmt.Errorf("create API key %s: %w", k.ID, err)
	}
	return nil
}

// APIKeyByHash gives a key that works, with its user, by the hash of its secret or of the one before, while that lasts.
// Not_found when it is unknown or expired, or the user disabled.
func (s *Store) APIKeyByHash(ctx context.Context, hash []byte) (*lanyard.APIKey, *lanyard.User, error) {
	type keyUser struct {
		key  lanyard.APIKey
		user lanyard.User
	}
	scan := func(row scanner) (v keyUser, err error) {
		err = row.Scan(append(append(keyTargets(&v.key), userTargets(&v.user)...), &v.key.Previous.Presented)...)
		return v, err
	}
	const query = `SELECT ` + keyColumns + `, ` + userColumns + `, k.hash <> $1
		FROM api_keys k JOIN users u ON u.organization_id = k.organization_id AND u.id = k.user_id
		WHERE (k.hash = $1 OR k.previous_hash = $1 AND k.previous_expires_at > $2)
			AND (k.expires_at = 0 OR k.expires_at > $2) AND NOT u.disabled`
	v, err := find(ctx, s.reads, "API key", scan, query, hash, millis(s.Now()))
	if err != nil {
		return nil, nil, err
	}
	return &v.key, &v.user, nil
}

// Rotation gives a key a new secret.
type Rotation struct {
	Hash          []byte    // of the new secret
	Hint          string    // its last characters
	PreviousUntil time.Time // how long the one before goes on working; zero: no longer
}

// RotateAPIKey gives a user's key a new secret. The present one becomes the previous one, and the one before that ends.
// Not_found when the user has no such key, or it has expired.
func (s *Store) RotateAPIKey(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, id lanyard.APIKeyID, r Rotation, audit lanyard.AuditEntry) (*lanyard.APIKey, error) {
	var rotated lanyard.APIKey
	err := s.tx(ctx, func(t *tx) error {
		const update = `UPDATE api_keys SET
			previous_expires_at = $6, previous_hash = CASE WHEN $8 THEN hash END, previous_hint = CASE WHEN $8 THEN hint ELSE '' END,
			previous_used_at = CASE WHEN $8 THEN last_used_at ELSE 0 END, hash = $4, hint = $5, last_used_at = 0
			WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND (expires_at = 0 OR expires_at > $7)`
		changed, err := t.exec(ctx, update, org, user, id, r.Hash, r.Hint, millis(r.PreviousUntil), millis(s.Now()), !r.PreviousUntil.IsZero())
		if err != nil {
			return fmt.Errorf("rotate API key %s: %w", id, err)
		} else if changed == 0 {
			return notFound("API key that has not expired")
		}
		const query = `SELECT ` + keyColumns + ` FROM api_keys k WHERE k.organization_id = $1 AND k.id = $2`
		if rotated, err = one(ctx, t.sql, s.scanKey, query, org, id); err != nil {
			return fmt.Errorf("read the rotated API key %s: %w", id, err)
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		audit.ObjectName = rotated.Name
		return t.audit(ctx, org, audit)
	})
	if err != nil {
		return nil, err
	}
	return &rotated, nil
}

// EndPreviousKey ends the secret that a user's key had before. Not_found when there is none.
func (s *Store) EndPreviousKey(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, id lanyard.APIKeyID, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		const query = `UPDATE api_keys SET previous_hash = NULL, previous_hint = '', previous_expires_at = 0, previous_used_at = 0
			WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND previous_expires_at > $4 RETURNING name`
		name, err := one(ctx, t.sql, column[string], query, org, user, id, millis(s.Now()))
		if errors.Is(err, sql.ErrNoRows) {
			return notFound("API key with a previous secret")
		} else if err != nil {
			return fmt.Errorf("end the previous secret of API key %s: %w", id, err)
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		audit.ObjectName = name
		return t.audit(ctx, org, audit)
	})
}

// APIKey gives one key of a user; not_found otherwise.
func (s *Store) APIKey(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, id lanyard.APIKeyID) (*lanyard.APIKey, error) {
	const query = `SELECT ` + keyColumns + ` FROM api_keys k WHERE k.organization_id = $1 AND k.user_id = $2 AND k.id = $3`
	return find(ctx, s.reads, "API key", s.scanKey, query, org, user, id)
}

// APIKeys lists keys, newest first; those of one user, or of all when user is empty.
func (s *Store) APIKeys(ctx context.Context, org lanyard.OrganizationID, user lanyard.UserID, page Page) ([]lanyard.APIKey, string, error) {
	list := "api_keys " + string(user)
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{`k.organization_id = $1`, []any{org}}
	if user != "" {
		w.and(`k.user_id = `, user)
	}
	if created, id, ok := strings.Cut(after, " "); ok {
		ms, err := strconv.ParseInt(created, 10, 64)
		if err != nil {
			return nil, "", fmt.Errorf("read a cursor: %w", err)
		}
		w.args = append(w.args, ms)
		w.and(fmt.Sprintf(`(k.created_at, k.id) < ($%d, `, len(w.args)), id)
		w.text += `)`
	}
	query := `SELECT ` + keyColumns + ` FROM api_keys k WHERE ` + w.limit(`k.created_at DESC, k.id DESC`, rows)
	keys, err := all(ctx, s.reads, s.scanKey, query, w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list API keys: %w", err)
	}
	keys, next := Cut(list, org, keys, rows, func(k *lanyard.APIKey) string {
		return strconv.FormatInt(millis(k.CreatedAt), 10) + " " + string(k.ID)
	})
	return keys, next, nil
}

// DeleteAPIKey ends a key. A user who is named has to be the key's; otherwise, and for an unknown key, not_found.
func (s *Store) DeleteAPIKey(ctx context.Context, org lanyard.OrganizationID, id lanyard.APIKeyID, user lanyard.UserID, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		const query = `DELETE FROM api_keys WHERE organization_id = $1 AND id = $2 AND ($3 = '' OR user_id = $3)`
		deleted, err := t.exec(ctx, query, org, id, user)
		if err != nil {
			return fmt.Errorf("delete API key %s: %w", id, err)
		}
		if deleted == 0 {
			return notFound("API key")
		}
		t.tell(Change{Kind: ChangeKeys, Organization: org})
		return t.audit(ctx, org, audit)
	})
}

// KeyRef names one of a key's two secrets.
type KeyRef struct {
	Organization lanyard.OrganizationID
	ID           lanyard.APIKeyID
	Previous     bool
}

// TouchAPIKeys notes when keys were last used. A time never goes back, and a key that is gone is passed over.
func (s *Store) TouchAPIKeys(ctx context.Context, used map[KeyRef]time.Time) error {
	if len(used) == 0 {
		return nil
	}
	return s.tx(ctx, func(t *tx) error {
		for _, ref := range sortedKeys(used) {
			query := `UPDATE api_keys SET last_used_at = $3 WHERE organization_id = $1 AND id = $2 AND last_used_at < $3`
			if ref.Previous {
				query = `UPDATE api_keys SET previous_used_at = $3 WHERE organization_id = $1 AND id = $2 AND previous_used_at < $3 AND previous_expires_at > 0`
			}
			if _, err := t.exec(ctx, query, ref.Organization, ref.ID, millis(used[ref])); err != nil {
				return fmt.Errorf("note the use of API key %s: %w", ref.ID, err)
			}
		}
		return nil
	})
}

// sortedKeys is one order for all replicas, so that two of them never wait for each other.
func sortedKeys(used map[KeyRef]time.Time) []KeyRef {
	return slices.SortedFunc(maps.Keys(used), func(a, b KeyRef) int {
		return cmp.Or(cmp.Compare(a.Organization, b.Organization), cmp.Compare(a.ID, b.ID))
	})
}
