package api

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/webhook"
)

// Webhook is a webhook as it is listed: everything but its secret.
type Webhook struct {
	ID            string     `json:"id" doc:"The webhook's id" example:"whk_T7ZPQ3XWDN5K2LHRVJ4B"`
	URL           string     `json:"url" doc:"Where messages are sent" example:"https://app.example.com/lanyard"`
	Description   string     `json:"description" doc:"For people"`
	Events        []string   `json:"events" doc:"The only events that are sent; empty: every one, and those that are added later"`
	Enabled       bool       `json:"enabled" doc:"Whether anything is sent"`
	SwitchedOff   string     `json:"switched_off" doc:"Why Lanyard itself switched it off, in plain words; empty when it did not"`
	SwitchedOffAt *time.Time `json:"switched_off_at" doc:"When that was; null: it did not"`
	FailingSince  *time.Time `json:"failing_since" doc:"The first failure since it last worked; null: it works, or was never tried"`
	CreatedAt     time.Time  `json:"created_at" doc:"When it was made"`
	UpdatedAt     time.Time  `json:"updated_at" doc:"When it was last changed"`
}

func encodeWebhook(w *lanyard.Webhook) Webhook {
	return Webhook{
		ID: string(w.ID), URL: w.URL, Description: w.Description, Events: texts(w.Events), Enabled: w.Enabled, SwitchedOff: w.SwitchedOff,
		SwitchedOffAt: when(w.SwitchedOffAt), FailingSince: when(w.FailingSince), CreatedAt: w.CreatedAt.UTC(), UpdatedAt: w.UpdatedAt.UTC(),
	}
}

// WebhookID is exported for the reason that [Page] is.
type WebhookID struct {
	ID string `path:"id" doc:"The webhook's id" example:"whk_T7ZPQ3XWDN5K2LHRVJ4B"`
}

type listWebhooksInput struct{ Page }

func (a *API) listWebhooks(ctx context.Context, c *lanyard.Caller, in *listWebhooksInput) (*answer[list[Webhook]], error) {
	hooks, next, err := a.Webhooks.List(ctx, c, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(hooks, next, encodeWebhook), nil
}

type newWebhook struct {
	URL         string   `json:"url" doc:"Where messages are sent: https://, or http:// into a network that the operator opened" example:"https://app.example.com/lanyard"`
	Description string   `json:"description,omitempty" doc:"For people; at most 500 characters"`
	Events      []string `json:"events,omitempty" enum:"authorization.connected,authorization.refresh_failed,authorization.reconnect_required,authorization.revoked" doc:"The only events to send; every one, and those that are added later, when left out"`
	Enabled     *bool    `json:"enabled,omitempty" doc:"Whether anything is sent; true when left out"`
}

// createdWebhook is one of the two places where a secret is told.
type createdWebhook struct {
	Webhook
	Secret string `json:"secret" doc:"What messages are signed with, this once" example:"whsec_…"`
}

type createWebhookInput struct{ Body newWebhook }

func (a *API) createWebhook(ctx context.Context, c *lanyard.Caller, in *createWebhookInput) (*created[createdWebhook], error) {
	b := in.Body
	w, secret, err := a.Webhooks.Create(ctx, c, webhook.Input{
		URL: b.URL, Description: b.Description, Events: eventTypes(b.Events), Enabled: b.Enabled == nil || *b.Enabled,
	})
	if err != nil {
		return nil, err
	}
	return &created[createdWebhook]{Location: "/v1/webhooks/" + string(w.ID), Body: createdWebhook{encodeWebhook(w), secret.Reveal()}}, nil
}

func eventTypes(names []string) []lanyard.EventType {
	list := make([]lanyard.EventType, len(names))
	for i, n := range names {
		list[i] = lanyard.EventType(n)
	}
	return list
}

func (a *API) readWebhook(ctx context.Context, c *lanyard.Caller, in *WebhookID) (*answer[Webhook], error) {
	w, err := a.Webhooks.Read(ctx, c, lanyard.WebhookID(in.ID))
	if err != nil {
		return nil, err
	}
	return &answer[Webhook]{encodeWebhook(w)}, nil
}

// webhookPatch is a merge patch: what is left out stays. Nothing of a webhook can be taken away, so null is refused.
type webhookPatch struct {
	URL         *string   `json:"url,omitempty" doc:"Where messages are sent"`
	Description *string   `json:"description,omitempty" doc:"For people; at most 500 characters"`
	Events      *[]string `json:"events,omitempty" enum:"authorization.connected,authorization.refresh_failed,authorization.reconnect_required,authorization.revoked" doc:"The only events to send; empty: every one"`
	Enabled     *bool     `json:"enabled,omitempty" doc:"Whether anything is sent. Switched on, it begins anew: what waited for it is sent"`
}

type editWebhookInput struct {
	WebhookID
	Body webhookPatch
}

func (a *API) editWebhook(ctx context.Context, c *lanyard.Caller, in *editWebhookInput) (*answer[Webhook], error) {
	edit := webhook.Edit{URL: in.Body.URL, Description: in.Body.Description, Enabled: in.Body.Enabled}
	if in.Body.Events != nil {
		events := eventTypes(*in.Body.Events)
		edit.Events = &events
	}
	w, err := a.Webhooks.Edit(ctx, c, lanyard.WebhookID(in.ID), edit)
	if err != nil {
		return nil, err
	}
	return &answer[Webhook]{encodeWebhook(w)}, nil
}

func (a *API) deleteWebhook(ctx context.Context, c *lanyard.Caller, in *WebhookID) (*struct{}, error) {
	return nil, a.Webhooks.Delete(ctx, c, lanyard.WebhookID(in.ID))
}

type rotatedSecret struct {
	Secret        string    `json:"secret" doc:"What messages are signed with from now on, this once" example:"whsec_…"`
	PreviousUntil time.Time `json:"previous_until" doc:"Until then messages carry a signature with the secret before, too"`
}

func (a *API) rotateWebhookSecret(ctx context.Context, c *lanyard.Caller, in *WebhookID) (*answer[rotatedSecret], error) {
	secret, until, err := a.Webhooks.Rotate(ctx, c, lanyard.WebhookID(in.ID))
	if err != nil {
		return nil, err
	}
	return &answer[rotatedSecret]{rotatedSecret{secret.Reveal(), until.UTC()}}, nil
}

type delivery struct {
	ID        string            `json:"id" doc:"The delivery's id, which is the event's and the Webhook-Id of its message" example:"evt_018d5f0c3a1b2c7"`
	Type      string            `json:"type" doc:"What happened" example:"authorization.connected"`
	Status    string            `json:"status" enum:"pending,delivered,failed" doc:"How it stands; failed: it is not tried again by itself"`
	NextAt    *time.Time        `json:"next_at" doc:"When it is tried next; null: not by itself"`
	CreatedAt time.Time         `json:"created_at" doc:"When it happened"`
	Attempts  []deliveryAttempt `json:"attempts" doc:"Each request that was made, the first one first"`
}

type deliveryAttempt struct {
	At         time.Time `json:"at" doc:"When it was made"`
	Status     int       `json:"status" doc:"The HTTP status of the answer; 0 when there was none"`
	DurationMS int64     `json:"duration_ms" doc:"How long it took, in milliseconds"`
	Error      string    `json:"error" doc:"What went wrong, in plain words; empty when it was delivered"`
}

func encodeDelivery(v *store.DeliveryView) delivery {
	d := delivery{ID: string(v.Event), Type: string(v.Type), Status: string(v.Status), NextAt: when(v.NextAt), CreatedAt: v.CreatedAt.UTC(), Attempts: make([]deliveryAttempt, len(v.Tried))}
	for i, t := range v.Tried {
		d.Attempts[i] = deliveryAttempt{At: t.At.UTC(), Status: t.Status, DurationMS: t.Duration.Milliseconds(), Error: t.Error}
	}
	return d
}

func (a *API) testWebhook(ctx context.Context, c *lanyard.Caller, in *WebhookID) (*answer[delivery], error) {
	d, err := a.Webhooks.Test(ctx, c, lanyard.WebhookID(in.ID))
	if err != nil {
		return nil, err
	}
	return &answer[delivery]{encodeDelivery(d)}, nil
}

type listDeliveriesInput struct {
	WebhookID
	Page
}

func (a *API) listDeliveries(ctx context.Context, c *lanyard.Caller, in *listDeliveriesInput) (*answer[list[delivery]], error) {
	views, next, err := a.Webhooks.Deliveries(ctx, c, lanyard.WebhookID(in.ID), in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(views, next, encodeDelivery), nil
}

type retryDeliveryInput struct {
	WebhookID
	Delivery string `path:"delivery" doc:"The delivery's id" example:"evt_018d5f0c3a1b2c7"`
}

func (a *API) retryDelivery(ctx context.Context, c *lanyard.Caller, in *retryDeliveryInput) (*answer[delivery], error) {
	d, err := a.Webhooks.Retry(ctx, c, lanyard.WebhookID(in.ID), lanyard.WebhookEventID(in.Delivery))
	if err != nil {
		return nil, err
	}
	return &answer[delivery]{encodeDelivery(d)}, nil
}
