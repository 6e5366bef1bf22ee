package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lanyard"
)

// webhookBatch is how many authorizations are told of at once.
const webhookBatch = 100

// payload is what is sent: the form of Standard Webhooks. It holds ids, names and standings: no credential, no token,
// no e-mail address and no value of a parameter.
type payload struct {
	Type      lanyard.EventType `json:"type"`
	Timestamp time.Time         `json:"timestamp"`
	Data      any               `json:"data"`
}

type authorizationData struct {
	Organization lanyard.OrganizationID `json:"organization_id"`
	Connection   lanyard.LinkName       `json:"connection"`
	Service      lanyard.LinkName       `json:"service"`
	User         userData               `json:"user"`
	Status       lanyard.Status         `json:"status"`
	Reason       string                 `json:"status_reason"`
	ExpiresAt    *time.Time             `json:"expires_at"`
}

type userData struct {
	ID         lanyard.UserID `json:"id"`
	ExternalID string         `json:"external_id"`
}

// authorizationsMoved is what every change of a standing passes through, in its own transaction: what becomes of it is
// told to webhooks, and a person who has to connect again is told by mail. In an organization without webhooks, and
// where nobody has to do anything, it writes nothing.
func (t *tx) authorizationsMoved(ctx context.Context, org lanyard.OrganizationID, event lanyard.EventType, ids ...lanyard.AuthorizationID) error {
	if len(ids) == 0 {
		return nil
	}
	hooks, err := t.webhooksFor(ctx, org, event)
	if err != nil {
		return err
	}
	for len(ids) > 0 {
		batch := ids[:min(len(ids), webhookBatch)]
		ids = ids[len(batch):]
		if err := t.tellWebhooks(ctx, org, event, hooks, batch); err != nil {
			return err
		}
		if event == lanyard.EventReconnectRequired {
			if err := t.mailReconnects(ctx, org, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// webhooksFor gives the webhooks that are told of an event.
func (t *tx) webhooksFor(ctx context.Context, org lanyard.OrganizationID, event lanyard.EventType) ([]lanyard.WebhookID, error) {
	const query = `SELECT ` + webhookColumns + ` FROM webhooks w WHERE w.organization_id = $1 AND w.enabled ORDER BY w.id`
	found, err := all(ctx, t.sql, scanWebhook, query+t.store.dialect.keep("w"), org)
	if err != nil {
		return nil, fmt.Errorf("find the webhooks to tell: %w", err)
	}
	var ids []lanyard.WebhookID
	for i := range found {
		if found[i].Wants(event) {
			ids = append(ids, found[i].ID)
		}
	}
	return ids, nil
}

func (t *tx) tellWebhooks(ctx context.Context, org lanyard.OrganizationID, event lanyard.EventType, hooks []lanyard.WebhookID, ids []lanyard.AuthorizationID) error {
	if len(hooks) == 0 {
		return nil
	}
	type standing struct {
		authorizationData
		lastError string
	}
	scan := func(row scanner) (v standing, err error) {
		var expires time.Time
		err = row.Scan(&v.Organization, &v.Connection, &v.Service, &v.User.ID, &v.User.ExternalID, &v.Status, &v.Reason, instant{&expires}, &v.lastError)
		if !expires.IsZero() {
			v.ExpiresAt = &expires
		}
		return v, err
	}
	w := where{`SELECT a.organization_id, c.link_name, c.service_link_name, a.user_id, coalesce(u.external_id, ''), a.status, a.status_reason, a.expires_at, a.last_error
		FROM authorizations a JOIN connections c ON c.organization_id = a.organization_id AND c.id = a.connection_id
		JOIN users u ON u.organization_id = a.organization_id AND u.id = a.user_id
		WHERE a.organization_id = $1`, []any{org}}
	in(&w, `a.id`, ids)
	found, err := all(ctx, t.sql, scan, w.text+` ORDER BY a.id`, w.args...)
	if err != nil {
		return fmt.Errorf("read what to tell webhooks: %w", err)
	}
	data := make([]any, len(found))
	for i := range found {
		if event == lanyard.EventRefreshFailed {
			found[i].Reason = found[i].lastError
		}
		data[i] = found[i].authorizationData
	}
	_, err = t.addEvents(ctx, org, event, data, hooks)
	return err
}

// addEvents stores events and, for each of them, a delivery to every one of the webhooks, due at once.
func (t *tx) addEvents(ctx context.Context, org lanyard.OrganizationID, event lanyard.EventType, data []any, hooks []lanyard.WebhookID) ([]lanyard.WebhookEventID, error) {
	now := t.store.Now()
	var ids []lanyard.WebhookEventID
	var events, deliveries values
	for _, d := range data {
		body, err := json.Marshal(payload{event, now, d})
		if err != nil {
			return nil, fmt.Errorf("encode an event: %w", err)
		}
		id := lanyard.WebhookEventID("evt_" + recordID(now))
		ids = append(ids, id)
		events.row(org, id, event, millis(now), string(body))
		for _, hook := range hooks {
			deliveries.row(org, id, hook, lanyard.DeliveryPending, millis(now))
		}
	}
	for _, insert := range []struct {
		into string
		rows values
	}{
		{`INSERT INTO webhook_events (organization_id, id, type, at, payload) VALUES `, events},
		{`INSERT INTO webhook_deliveries (organization_id, event_id, webhook_id, status, next_at) VALUES `, deliveries},
	} {
		if len(insert.rows.args) == 0 {
			continue
		}
		if _, err := t.exec(ctx, insert.into+insert.rows.text, insert.rows.args...); err != nil {
			return nil, fmt.Errorf("note what to tell webhooks: %w", err)
		}
	}
	t.tell(Change{Kind: ChangeWebhooks, Organization: org})
	return ids, nil
}

// values are the rows of one INSERT.
type values struct {
	text string
	args []any
}

func (v *values) row(columns ...any) {
	marks := make([]string, len(columns))
	for i, c := range columns {
		v.args = append(v.args, c)
		marks[i] = fmt.Sprintf("$%d", len(v.args))
	}
	if v.text != "" {
		v.text += ", "
	}
	v.text += "(" + strings.Join(marks, ", ") + ")"
}
