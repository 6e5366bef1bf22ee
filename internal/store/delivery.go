package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lanyard"
)

const (
	// deliveryLease is how long a delivery that was handed out is not handed out again. It outlives a request by far.
	deliveryLease = 2 * time.Minute
	// KeepDeliveries is how long events are kept, and with them what became of them.
	KeepDeliveries = 30 * 24 * time.Hour
)

const deliveryColumns = `d.organization_id, d.webhook_id, d.event_id, e.type, d.status, d.attempts, d.next_at, e.at`

func deliveryTargets(d *lanyard.Delivery) []any {
	return []any{&d.OrganizationID, &d.Webhook, &d.Event, &d.Type, &d.Status, &d.Attempts, instant{&d.NextAt}, instant{&d.CreatedAt}}
}

func scanDelivery(row scanner) (d lanyard.Delivery, err error) {
	err = row.Scan(deliveryTargets(&d)...)
	return d, err
}

// DueDelivery is a delivery that was handed out, with what to send.
type DueDelivery struct {
	Organization lanyard.OrganizationID
	Webhook      lanyard.WebhookID
	Event        lanyard.WebhookEventID
	Attempt      int    // this one's number, from 1
	Step         int    // this one's number since the delivery was last begun anew
	Payload      string // to the byte
}

// WebhookRef names a webhook.
type WebhookRef struct {
	Organization lanyard.OrganizationID
	ID           lanyard.WebhookID
}

// DueDelivery hands out the delivery of any organization that has been due longest, to one caller, for two minutes:
// then it is due again unless [Store.FinishDelivery] was called. Those to the busy webhooks are passed over. Ok is false
// when none is due.
func (s *Store) DueDelivery(ctx context.Context, busy []WebhookRef) (_ DueDelivery, ok bool, err error) {
	if s.Paused() {
		return DueDelivery{}, false, nil
	}
	now := s.Now()
	w := where{`SELECT organization_id, event_id, webhook_id FROM webhook_deliveries WHERE next_at > 0 AND next_at <= $1 AND lease_until <= $1`,
		[]any{millis(now), millis(now.Add(deliveryLease))}}
	for _, ref := range busy {
		w.args = append(w.args, string(ref.Organization), ref.ID) // as text: this is not for that organization (see wall.go)
		w.text += fmt.Sprintf(` AND NOT (organization_id = $%d AND webhook_id = $%d)`, len(w.args)-1, len(w.args))
	}
	// The condition stands twice: on PostgreSQL the outer one is judged again when another replica was quicker.
	claim := `UPDATE webhook_deliveries SET lease_until = $2, attempts = attempts + 1, step = step + 1
		WHERE next_at > 0 AND next_at <= $1 AND lease_until <= $1 AND (organization_id, event_id, webhook_id) IN (` + w.limit(`next_at`, 1) + `)
		RETURNING organization_id, webhook_id, event_id, attempts, step,
			(SELECT e.payload FROM webhook_events e WHERE e.organization_id = webhook_deliveries.organization_id AND e.id = webhook_deliveries.event_id)`
	scan := func(row scanner) (d DueDelivery, err error) {
		err = row.Scan(&d.Organization, &d.Webhook, &d.Event, &d.Attempt, &d.Step, &d.Payload)
		return d, err
	}
	claimed, err := all(ctx, s.writes, scan, claim, w.args...)
	if err != nil {
		return DueDelivery{}, false, fmt.Errorf("claim a delivery: %w", err)
	}
	if len(claimed) == 0 {
		return DueDelivery{}, false, nil
	}
	return claimed[0], true, nil
}

// BeginTest stores an event that goes to one webhook and hands its delivery out, as [Store.DueDelivery] does; it is not
// due otherwise.
func (s *Store) BeginTest(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID) (d DueDelivery, err error) {
	err = s.tx(ctx, func(t *tx) error {
		const there = `SELECT w.id FROM webhooks w WHERE w.organization_id = $1 AND w.id = $2`
		if _, err := find(ctx, t.sql, "webhook", column[lanyard.WebhookID], there+s.dialect.keep("w"), org, id); err != nil {
			return err
		}
		data := struct {
			Organization lanyard.OrganizationID `json:"organization_id"`
			Webhook      lanyard.WebhookID      `json:"webhook_id"`
		}{org, id}
		events, err := t.addEvents(ctx, org, lanyard.EventTest, []any{data}, []lanyard.WebhookID{id})
		if err != nil {
			return err
		}
		const begin = `UPDATE webhook_deliveries SET next_at = 0, attempts = 1, step = 1 WHERE organization_id = $1 AND webhook_id = $2 AND event_id = $3`
		if _, err := t.exec(ctx, begin, org, id, events[0]); err != nil {
			return fmt.Errorf("begin a test of webhook %s: %w", id, err)
		}
		const read = `SELECT e.payload FROM webhook_events e WHERE e.organization_id = $1 AND e.id = $2`
		body, err := one(ctx, t.sql, column[string], read, org, events[0])
		d = DueDelivery{Organization: org, Webhook: id, Event: events[0], Attempt: 1, Step: 1, Payload: body}
		return err
	})
	return d, err
}

// Finished is what an attempt came to.
type Finished struct {
	Attempt lanyard.DeliveryAttempt
	Status  lanyard.DeliveryStatus
	NextAt  time.Time // while it is pending
	// Judges: the webhook's health is judged by it.
	Judges bool
}

// FinishDelivery stores an attempt and what becomes of the delivery, unless a later one was begun meanwhile. It says
// since when the webhook fails; zero when it works.
func (s *Store) FinishDelivery(ctx context.Context, d DueDelivery, f Finished) (failingSince time.Time, err error) {
	err = s.tx(ctx, func(t *tx) error {
		// The webhook is locked first, as everybody does who changes its deliveries. When it was switched off meanwhile, the
		// delivery waits until it is on again.
		const lock = `SELECT w.enabled FROM webhooks w WHERE w.organization_id = $1 AND w.id = $2`
		enabled, err := one(ctx, t.sql, column[bool], lock+s.dialect.lock("w"), d.Organization, d.Webhook)
		if errors.Is(err, sql.ErrNoRows) { // it was deleted meanwhile, and its deliveries with it
			return nil
		}
		if err != nil {
			return fmt.Errorf("find the webhook of a delivery: %w", err)
		}
		if !enabled {
			f.NextAt = time.Time{}
		}
		const update = `UPDATE webhook_deliveries SET status = $5, next_at = $6, lease_until = 0
			WHERE organization_id = $1 AND webhook_id = $2 AND event_id = $3 AND attempts = $4`
		changed, err := t.exec(ctx, update, d.Organization, d.Webhook, d.Event, d.Attempt, f.Status, millis(f.NextAt))
		if err != nil || changed == 0 {
			return err
		}
		const insert = `INSERT INTO webhook_attempts (organization_id, event_id, webhook_id, number, at, status, duration, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
		a := f.Attempt
		if _, err := t.exec(ctx, insert, d.Organization, d.Event, d.Webhook, d.Attempt, millis(a.At), a.Status, a.Duration.Milliseconds(), clean(a.Error)); err != nil {
			return fmt.Errorf("note an attempt: %w", err)
		}
		if !f.Judges {
			return nil
		}
		since := int64(0)
		if a.Error != "" {
			since = millis(a.At)
		}
		const judge = `UPDATE webhooks SET failing_since = CASE WHEN CAST($3 AS BIGINT) = 0 THEN 0 WHEN failing_since = 0 THEN $3 ELSE failing_since END
			WHERE organization_id = $1 AND id = $2 RETURNING failing_since`
		scan := func(row scanner) (at time.Time, err error) {
			err = row.Scan(instant{&at})
			return at, err
		}
		failingSince, err = one(ctx, t.sql, scan, judge, d.Organization, d.Webhook, since)
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("finish a delivery of %s: %w", d.Event, err)
	}
	return failingSince, nil
}

// RetryDelivery makes a delivery due at once, however often it was tried, and begins its schedule anew. Not_found when
// there is none, conflict when its webhook is off.
func (s *Store) RetryDelivery(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID, event lanyard.WebhookEventID) error {
	return s.tx(ctx, func(t *tx) error {
		const lock = `SELECT w.enabled FROM webhooks w WHERE w.organization_id = $1 AND w.id = $2`
		enabled, err := find(ctx, t.sql, "webhook", column[bool], lock+s.dialect.lock("w"), org, id)
		if err != nil {
			return err
		}
		if !*enabled {
			return lanyard.Errorf(lanyard.CodeConflict, "The webhook is switched off: switch it on first.")
		}
		const query = `UPDATE webhook_deliveries SET status = 'pending', step = 0, next_at = $4 WHERE organization_id = $1 AND webhook_id = $2 AND event_id = $3`
		changed, err := t.exec(ctx, query, org, id, event, millis(s.Now()))
		if err != nil {
			return fmt.Errorf("retry a delivery: %w", err)
		}
		if changed == 0 {
			return notFound("delivery")
		}
		t.tell(Change{Kind: ChangeWebhooks, Organization: org})
		return nil
	})
}

// DeliveryView is a delivery with its attempts, the first one first.
type DeliveryView struct {
	lanyard.Delivery
	Tried []lanyard.DeliveryAttempt
}

// Delivery gives one delivery of a webhook; not_found otherwise.
func (s *Store) Delivery(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID, event lanyard.WebhookEventID) (*DeliveryView, error) {
	const query = `SELECT ` + deliveryColumns + ` FROM webhook_deliveries d JOIN webhook_events e ON e.organization_id = d.organization_id AND e.id = d.event_id
		WHERE d.organization_id = $1 AND d.webhook_id = $2 AND d.event_id = $3`
	d, err := find(ctx, s.reads, "delivery", scanDelivery, query, org, id, event)
	if err != nil {
		return nil, err
	}
	views := []DeliveryView{{Delivery: *d}}
	return &views[0], s.addAttempts(ctx, org, id, views)
}

// Deliveries lists what was and will be told to a webhook, newest first.
func (s *Store) Deliveries(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID, page Page) ([]DeliveryView, string, error) {
	list := "deliveries " + string(id)
	after, rows, err := page.Open(list, org)
	if err != nil {
		return nil, "", err
	}
	w := where{`SELECT ` + deliveryColumns + ` FROM webhook_deliveries d JOIN webhook_events e ON e.organization_id = d.organization_id AND e.id = d.event_id
		WHERE d.organization_id = $1 AND d.webhook_id = $2`, []any{org, id}}
	if after != "" {
		w.and(`d.event_id < `, after)
	}
	found, err := all(ctx, s.reads, scanDelivery, w.limit(`d.event_id DESC`, rows), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list the deliveries of webhook %s: %w", id, err)
	}
	found, next := Cut(list, org, found, rows, func(d *lanyard.Delivery) string { return string(d.Event) })
	views := make([]DeliveryView, len(found))
	for i := range found {
		views[i].Delivery = found[i]
	}
	return views, next, s.addAttempts(ctx, org, id, views)
}

func (s *Store) addAttempts(ctx context.Context, org lanyard.OrganizationID, id lanyard.WebhookID, views []DeliveryView) error {
	if len(views) == 0 {
		return nil
	}
	type attempt struct {
		event lanyard.WebhookEventID
		lanyard.DeliveryAttempt
	}
	scan := func(row scanner) (a attempt, err error) {
		err = row.Scan(&a.event, &a.Number, instant{&a.At}, &a.Status, duration{&a.Duration, time.Millisecond}, &a.Error)
		return a, err
	}
	w := where{`SELECT event_id, number, at, status, duration, error FROM webhook_attempts WHERE organization_id = $1 AND webhook_id = $2`, []any{org, id}}
	events, at := make([]lanyard.WebhookEventID, len(views)), map[lanyard.WebhookEventID]int{}
	for i := range views {
		events[i], at[views[i].Event] = views[i].Event, i
	}
	in(&w, `event_id`, events)
	attempts, err := all(ctx, s.reads, scan, w.text+` ORDER BY event_id, number`, w.args...)
	if err != nil {
		return fmt.Errorf("list the attempts of deliveries: %w", err)
	}
	for _, a := range attempts {
		v := &views[at[a.event]]
		v.Tried = append(v.Tried, a.DeliveryAttempt)
	}
	return nil
}
