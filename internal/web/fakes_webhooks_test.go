package web

import (
	"context"
	"fmt"
	"time"

	"lanyard"
	waiting "lanyard/internal/notice"
	"lanyard/internal/store"
	"lanyard/internal/webhook"
)

var (
	_ Webhooks = (*webhook.Webhooks)(nil)
	_ Notices  = (*waiting.Notices)(nil)
)

// told is what the rooms of webhooks and notices answer with.
type told struct {
	hook       *lanyard.Webhook // nil: there is none
	hookErr    error
	input      webhook.Input
	deliveries []store.DeliveryView
	notices    []store.Notice
	byMail     bool
}

type hookRoom struct{ f *rooms }

func (h hookRoom) List(context.Context, *lanyard.Caller, store.Page) ([]lanyard.Webhook, string, error) {
	if h.f.hook == nil {
		return nil, "", h.f.hookErr
	}
	return []lanyard.Webhook{*h.f.hook}, h.f.next, h.f.hookErr
}

func (h hookRoom) Read(context.Context, *lanyard.Caller, lanyard.WebhookID) (*lanyard.Webhook, error) {
	if h.f.hook == nil {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no such webhook.")
	}
	return h.f.hook, nil
}

func (h hookRoom) Create(_ context.Context, _ *lanyard.Caller, in webhook.Input) (*lanyard.Webhook, lanyard.Secret, error) {
	h.f.input = in
	if h.f.hookErr != nil {
		return nil, lanyard.Secret{}, h.f.hookErr
	}
	h.f.changed("CreateWebhook:" + in.URL)
	return inventedWebhook(), lanyard.NewSecret("whsec_marked"), nil
}

func (h hookRoom) Edit(_ context.Context, _ *lanyard.Caller, id lanyard.WebhookID, in webhook.Edit) (*lanyard.Webhook, error) {
	h.f.input = webhook.Input{URL: *in.URL, Description: *in.Description, Events: *in.Events, Enabled: *in.Enabled}
	if h.f.hookErr != nil {
		return nil, h.f.hookErr
	}
	h.f.changed("EditWebhook:" + string(id))
	return h.f.hook, nil
}

func (h hookRoom) Delete(_ context.Context, _ *lanyard.Caller, id lanyard.WebhookID) error {
	h.f.changed("DeleteWebhook:" + string(id))
	return nil
}

func (h hookRoom) Rotate(_ context.Context, _ *lanyard.Caller, id lanyard.WebhookID) (lanyard.Secret, time.Time, error) {
	h.f.changed("RotateWebhook:" + string(id))
	return lanyard.NewSecret("whsec_marked"), inventedNow().Add(24 * time.Hour), nil
}

func (h hookRoom) Test(_ context.Context, _ *lanyard.Caller, id lanyard.WebhookID) (*store.DeliveryView, error) {
	h.f.changed("TestWebhook:" + string(id))
	if len(h.f.deliveries) > 0 {
		return &h.f.deliveries[0], nil
	}
	return &store.DeliveryView{Delivery: lanyard.Delivery{Webhook: id}}, nil
}

func (h hookRoom) Deliveries(context.Context, *lanyard.Caller, lanyard.WebhookID, store.Page) ([]store.DeliveryView, string, error) {
	return h.f.deliveries, h.f.next, nil
}

func (h hookRoom) Retry(_ context.Context, _ *lanyard.Caller, id lanyard.WebhookID, event lanyard.WebhookEventID) (*store.DeliveryView, error) {
	h.f.changed(fmt.Sprintf("RetryDelivery:%s/%s", id, event))
	return &store.DeliveryView{Delivery: lanyard.Delivery{Webhook: id, Event: event}}, h.f.hookErr
}

type noticeRoom struct{ f *rooms }

func (n noticeRoom) Count(context.Context, *lanyard.Caller) (int, error) {
	return len(n.f.notices), nil
}

func (n noticeRoom) List(context.Context, *lanyard.Caller) ([]store.Notice, error) {
	return n.f.notices, nil
}

func (n noticeRoom) ByMail(context.Context, *lanyard.Caller) (on, possible bool, err error) {
	return n.f.byMail, true, nil
}

func (n noticeRoom) SetByMail(_ context.Context, _ *lanyard.Caller, on bool) error {
	n.f.changed(fmt.Sprintf("SetByMail:%v", on))
	return nil
}
