package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lanyard"
	"lanyard/internal/vault"
)

const webhookColumns = `w.organization_id, w.id, w.url, w.description, w.events, w.enabled, w.switched_off, w.switched_off_at, w.failing_since,
	w.created_by, w.created_at, w.updated_at`

func webhookTargets(w *lanyard.Webhook) []any {
	return []any{
		&w.OrganizationID, &w.ID, &w.URL, &w.Description, decoded{&w.Events}, &w.Enabled, &w.SwitchedOff, instant{&w.SwitchedOffAt},
		instant{&w.FailingSince}, &w.CreatedBy, instant{&w.CreatedAt}, instant{&w.UpdatedAt},
	}
}

func scanWebhook(row scanner) (w lanyard.Webhook, err error) {
	err = row.Scan(webhookTargets(&w)...)
	return w, err
}

func webhookCell(org lanyard.OrganizationID, id lanyard.WebhookID, version int64) vault.Cell {
	return vault.Cell{Organization: string(org), Table: "webhooks", Row: string(id), Column: "secrets_sealed", Version: version}
}

// sealedSecrets is the plaintext of a webhook's secrets.
type sealedSecrets struct {
	Current       string `json:"current"`
	Previous      string `json:"previous,omitempty"`
	PreviousUntil int64  `json:"previous_until,omitempty"`
}

func (s *Store) sealSecrets(secrets lanyard.WebhookSecrets, at vault.Cell) ([]byte, error) {
	plaintext, err := json.Marshal(sealedSecrets{secrets.Current.Reveal(), secrets.Previous.Reveal(), millis(secrets.PreviousUntil)})
	if err != nil {
		return nil, errors.New("the secrets of a webhook cannot be encoded") // err could quote them
	}
	return s.seal(plaintext, at)
}

func (s *Store) openSecrets(sealed []byte, at vault.Cell) (lanyard.WebhookSecrets, error) {
	plaintext, err := s.vault.Open(sealed, at)
	if err != nil {
		return lanyard.WebhookSecrets{}, err
	}
	defer clear(plaintext)
	var v sealedSecrets
	if json.Unmarshal(plaintext, &v) != nil {
		return lanyard.WebhookSecrets{}, errors.New("the opened secrets of a webhook cannot be read") // the cause could quote them
	}
	secrets := lanyard.WebhookSecrets{Current: lanyard.NewSecret(v.Current), Previous: lanyard.NewSecret(v.Previous)}
	return secrets, instant{&secrets.PreviousUntil}.Scan(v.PreviousUntil)
}

// encodeEvents writes what a webhook wants to be told.
func encodeEvents(events []lanyard.EventType) (string, error) {
	if events == nil {
		events = []lanyard.EventType{}
	}
	return encode(events)
}

// CreateWebhook stores a webhook and its secret. It sets the times and, when there is none, the id. Conflict when the
// organization has most of them already.
func (s *Store) CreateWebhook(ctx context.Context, w *lanyard.Webhook, secret lanyard.Secret, most int, audit lanyard.AuditEntry) error {
	created := *w
	if created.ID == "" {
		created.ID = lanyard.NewWebhookID()
	}
	created.CreatedAt = s.Now()
	created.UpdatedAt = created.CreatedAt
	const version = 1
	sealed, err := s.sealSecrets(lanyard.WebhookSecrets{Current: secret}, webhookCell(created.OrganizationID, created.ID, version))
	if err != nil {
		return err
	}
	events, err := encodeEvents(created.Events)
	if err != nil {
		return err
	}
	err = s.tx(ctx, func(t *tx) error {
		const lock = `SELECT o.id FROM organizations o WHERE o.id = $1`
		if _, err := find(ctx, t.sql, "organization", column[string], lock+s.dialect.lock("o"), created.OrganizationID); err != nil {
			return err
		}
		n, err := one(ctx, t.sql, column[int], `SELECT count(*) FROM webhooks WHERE organization_id = $1`, created.OrganizationID)
		if err != nil {
			return fmt.Errorf("count webhooks: %w", err)
		}
		if n >= most {
			return lanyard.Errorf(lanyard.CodeConflict, "An organization has at most %d webhooks: delete one that is not needed any more.", most)
		}
		const insert = `INSERT INTO webhooks (organization_id, id, url, description, events, enabled, secrets_sealed, secrets_version, created_by, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`
		_, err = t.exec(ctx, insert, created.OrganizationID, created.ID, created.URL, created.Description, events, created.Enabled, sealed, version,
			created.CreatedBy, millis(created.CreatedAt))
		if err != nil {
			return fmt.Errorf("create webhook %s: %w", created.ID, err)
		}
		audit.Object = string(created.ID)
		return t.audit(ctx, created.OrganizationID, audit)
	})
	if err != nil {
		return err
	}
	*w = created
	return nil
}

// Webhook gives one of an organization's webhooks; not_found otherwise.
func (s *Store) Webhook(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID) (*lanyard.Webhook, error) {
	const query = `SELECT ` + webhookColumns + ` FROM webhooks w WHERE w.organization_id = $1 AND w.id = $2`
	return find(ctx, s.reads, "webhook", scanWebhook, query, org, id)
}

// Webhooks lists the webhooks of an organization by id.
func (s *Store) Webhooks(ctx context.Context, org lanyard.OrganizationID, page Page) ([]lanyard.Webhook, string, error) {
	const list = "webhooks"
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{`w.organization_id = $1`, []any{org}}
	if after != "" {
		w.and(`w.id > `, after)
	}
	hooks, err := all(ctx, s.reads, scanWebhook, `SELECT `+webhookColumns+` FROM webhooks w WHERE `+w.limit(`w.id`, rows), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list webhooks: %w", err)
	}
	hooks, next := Cut(list, org, hooks, rows, func(w *lanyard.Webhook) string { return string(w.ID) })
	return hooks, next, nil
}

// UpdateWebhook stores address, description, events and the switch of a webhook. One that is switched on begins with a
// clean slate, and what waited for it is due; for one that is off nothing is. Not_found when it is gone.
func (s *Store) UpdateWebhook(ctx context.Context, w *lanyard.Webhook, audit lanyard.AuditEntry) error {
	events, err := encodeEvents(w.Events)
	if err != nil {
		return err
	}
	now := s.Now()
	return s.tx(ctx, func(t *tx) error {
		const query = `SELECT w.enabled FROM webhooks w WHERE w.organization_id = $1 AND w.id = $2`
		was, err := find(ctx, t.sql, "webhook", column[bool], query+s.dialect.lock("w"), w.OrganizationID, w.ID)
		if err != nil {
			return err
		}
		const update = `UPDATE webhooks SET url = $3, description = $4, events = $5, enabled = $6, updated_at = $7 WHERE organization_id = $1 AND id = $2`
		if _, err := t.exec(ctx, update, w.OrganizationID, w.ID, w.URL, w.Description, events, w.Enabled, millis(now)); err != nil {
			return fmt.Errorf("update webhook %s: %w", w.ID, err)
		}
		switch {
		case w.Enabled && !*was:
			const clean = `UPDATE webhooks SET switched_off = '', switched_off_at = 0, failing_since = 0 WHERE organization_id = $1 AND id = $2`
			if _, err := t.exec(ctx, clean, w.OrganizationID, w.ID); err != nil {
				return fmt.Errorf("switch webhook %s on: %w", w.ID, err)
			}
			err = t.holdDeliveries(ctx, w.OrganizationID, w.ID, now)
			t.tell(Change{Kind: ChangeWebhooks, Organization: w.OrganizationID})
		case !w.Enabled && *was:
			err = t.holdDeliveries(ctx, w.OrganizationID, w.ID, time.Time{})
		}
		if err != nil {
			return err
		}
		return t.audit(ctx, w.OrganizationID, audit)
	})
}

// holdDeliveries makes what waits for a webhook due at a time, or not at all.
func (t *tx) holdDeliveries(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID, until time.Time) error {
	const query = `UPDATE webhook_deliveries SET next_at = $3, step = 0 WHERE organization_id = $1 AND webhook_id = $2 AND status = 'pending'`
	if _, err := t.exec(ctx, query, org, id, millis(until)); err != nil {
		return fmt.Errorf("hold the deliveries of webhook %s: %w", id, err)
	}
	return nil
}

// WebhookSecrets opens what a webhook's messages are signed with; not_found when it is gone.
func (s *Store) WebhookSecrets(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID) (lanyard.WebhookSecrets, error) {
	secrets, _, err := s.webhookSecrets(ctx, s.reads, "", org, id)
	return secrets, err
}

func (s *Store) webhookSecrets(ctx context.Context, on querier, lock string, org lanyard.OrganizationID, id lanyard.WebhookID) (lanyard.WebhookSecrets, int64, error) {
	type row struct {
		sealed  []byte
		version int64
	}
	scan := func(from scanner) (r row, err error) {
		err = from.Scan(&r.sealed, &r.version)
		return r, err
	}
	const query = `SELECT w.secrets_sealed, w.secrets_version FROM webhooks w WHERE w.organization_id = $1 AND w.id = $2`
	r, err := find(ctx, on, "webhook", scan, query+lock, org, id)
	if err != nil {
		return lanyard.WebhookSecrets{}, 0, err
	}
	secrets, err := s.openSecrets(r.sealed, webhookCell(org, id, r.version))
	return secrets, r.version, err
}

// RotateWebhookSecret gives a webhook another secret. The one before signs along until the time given, and the one
// before that no more. Not_found when the webhook is gone.
func (s *Store) RotateWebhookSecret(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID, secret lanyard.Secret, previousUntil time.Time, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		before, version, err := s.webhookSecrets(ctx, t.sql, s.dialect.lock("w"), org, id)
		if err != nil {
			return err
		}
		version++
		after := lanyard.WebhookSecrets{Current: secret, Previous: before.Current, PreviousUntil: previousUntil}
		sealed, err := s.sealSecrets(after, webhookCell(org, id, version))
		if err != nil {
			return err
		}
		const update = `UPDATE webhooks SET secrets_sealed = $3, secrets_version = $4, updated_at = $5 WHERE organization_id = $1 AND id = $2`
		if _, err := t.exec(ctx, update, org, id, sealed, version, millis(s.Now())); err != nil {
			return fmt.Errorf("rotate the secret of webhook %s: %w", id, err)
		}
		return t.audit(ctx, org, audit)
	})
}

// DeleteWebhook deletes a webhook, what waits for it and what was told to it. Not_found when there is none.
func (s *Store) DeleteWebhook(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID, audit lanyard.AuditEntry) error {
	return s.tx(ctx, func(t *tx) error {
		deleted, err := t.exec(ctx, `DELETE FROM webhooks WHERE organization_id = $1 AND id = $2`, org, id)
		if err != nil {
			return fmt.Errorf("delete webhook %s: %w", id, err)
		}
		if deleted == 0 {
			return notFound("webhook")
		}
		return t.audit(ctx, org, audit)
	})
}

// SwitchOffWebhook is Lanyard's own doing, for the reason given. The owners and admins of the organization are told.
// Not_found when there is none that is on.
func (s *Store) SwitchOffWebhook(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID, reason string, audit lanyard.AuditEntry) error {
	now := s.Now()
	return s.tx(ctx, func(t *tx) error {
		const update = `UPDATE webhooks SET enabled = FALSE, switched_off = $3, switched_off_at = $4, updated_at = $4
			WHERE organization_id = $1 AND id = $2 AND enabled`
		changed, err := t.exec(ctx, update, org, id, clean(reason), millis(now))
		if err != nil {
			return fmt.Errorf("switch webhook %s off: %w", id, err)
		}
		if changed == 0 {
			return notFound("webhook")
		}
		if err := t.holdDeliveries(ctx, org, id, time.Time{}); err != nil {
			return err
		}
		if err := t.mailAdministrators(ctx, org, string(id)); err != nil {
			return err
		}
		return t.audit(ctx, org, audit)
	})
}
