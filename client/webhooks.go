package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"lanyard"
)

// Webhook is an address that is told what happens to the authorizations of an organization.
type Webhook struct {
	Document
	ID            string              `json:"id"`
	URL           string              `json:"url"`
	Description   string              `json:"description"`
	Events        []lanyard.EventType `json:"events"` // the only ones; empty: every one
	Enabled       bool                `json:"enabled"`
	SwitchedOff   string              `json:"switched_off"`    // why Lanyard itself did that; empty when it did not
	SwitchedOffAt time.Time           `json:"switched_off_at"` // zero: it did not
	FailingSince  time.Time           `json:"failing_since"`   // zero: it works, or was never tried
	CreatedAt     time.Time           `json:"created_at"`
	UpdatedAt     time.Time           `json:"updated_at"`

	Secret lanyard.Secret `json:"secret"` // only where it was just made
}

// NewWebhook is what making a webhook needs.
type NewWebhook struct {
	URL         string              `json:"url"`
	Description string              `json:"description,omitempty"`
	Events      []lanyard.EventType `json:"events,omitempty"`  // none: every one
	Enabled     *bool               `json:"enabled,omitempty"` // nil: true
}

// Webhooks lists the webhooks of the organization.
func (c *Client) Webhooks() *List[Webhook] { return &List[Webhook]{c, "/v1/webhooks", nil} }

// CreateWebhook makes a webhook. Its secret is told this once.
func (c *Client) CreateWebhook(ctx context.Context, w NewWebhook) (*Webhook, error) {
	return call[Webhook](ctx, c, http.MethodPost, "/v1/webhooks", nil, w)
}

func webhookPath(id string) string { return "/v1/webhooks/" + url.PathEscape(id) }

// Webhook reads one webhook.
func (c *Client) Webhook(ctx context.Context, id string) (*Webhook, error) {
	return call[Webhook](ctx, c, http.MethodGet, webhookPath(id), nil, nil)
}

// EditWebhook changes a webhook by a merge patch: anything that encodes to the fields to change.
func (c *Client) EditWebhook(ctx context.Context, id string, patch any) (*Webhook, error) {
	return call[Webhook](ctx, c, http.MethodPatch, webhookPath(id), nil, patch)
}

// DeleteWebhook ends a webhook.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	_, err := c.exchange(ctx, http.MethodDelete, webhookPath(id), nil, nil)
	return err
}

// WebhookSecret is what the messages of a webhook are signed with from now on.
type WebhookSecret struct {
	Document
	Secret        lanyard.Secret `json:"secret"`
	PreviousUntil time.Time      `json:"previous_until"` // until then they are signed with the one before, too
}

// RotateWebhookSecret gives a webhook another secret.
func (c *Client) RotateWebhookSecret(ctx context.Context, id string) (*WebhookSecret, error) {
	return call[WebhookSecret](ctx, c, http.MethodPost, webhookPath(id)+"/rotate_secret", nil, nil)
}

// Delivery is one event on its way to one webhook.
type Delivery struct {
	Document
	ID        string                 `json:"id"`
	Type      lanyard.EventType      `json:"type"`
	Status    lanyard.DeliveryStatus `json:"status"`
	NextAt    time.Time              `json:"next_at"` // zero: it is not tried again by itself
	CreatedAt time.Time              `json:"created_at"`
	Attempts  []DeliveryAttempt      `json:"attempts"`
}

// DeliveryAttempt is one request of a delivery.
type DeliveryAttempt struct {
	At         time.Time `json:"at"`
	Status     int       `json:"status"` // 0: there was no answer
	DurationMS int64     `json:"duration_ms"`
	Error      string    `json:"error"` // empty: it was delivered
}

// TestWebhook sends a test event and says what came of it.
func (c *Client) TestWebhook(ctx context.Context, id string) (*Delivery, error) {
	return call[Delivery](ctx, c, http.MethodPost, webhookPath(id)+"/test", nil, nil)
}

// Deliveries lists what was and will be sent to a webhook, newest first.
func (c *Client) Deliveries(id string) *List[Delivery] {
	return &List[Delivery]{c, webhookPath(id) + "/deliveries", nil}
}

// RetryDelivery sends a delivery again.
func (c *Client) RetryDelivery(ctx context.Context, id, delivery string) (*Delivery, error) {
	return call[Delivery](ctx, c, http.MethodPost, webhookPath(id)+"/deliveries/"+url.PathEscape(delivery)+"/retry", nil, nil)
}
