package web

import (
	"time"

	"lanyard"
	"lanyard/internal/problem"
	"lanyard/internal/store"
	"lanyard/internal/webhook"
)

func inventedWebhook() *lanyard.Webhook {
	return &lanyard.Webhook{ID: "whk_1", URL: "https://app.zylker.example/lanyard?tenant=7", Description: "Production", Enabled: true, CreatedAt: inventedNow().Add(-40 * 24 * time.Hour)}
}

func inventedDeliveries() []store.DeliveryView {
	now := inventedNow()
	at := func(id string, t lanyard.EventType, status lanyard.DeliveryStatus, ago, next time.Duration, tried ...lanyard.DeliveryAttempt) store.DeliveryView {
		d := lanyard.Delivery{Webhook: "whk_1", Event: lanyard.WebhookEventID(id), Type: t, Status: status, Attempts: len(tried), CreatedAt: now.Add(-ago)}
		if next > 0 {
			d.NextAt = now.Add(next)
		}
		return store.DeliveryView{Delivery: d, Tried: tried}
	}
	attempt := func(ago time.Duration, status int, failure string) lanyard.DeliveryAttempt {
		return lanyard.DeliveryAttempt{At: now.Add(-ago), Status: status, Duration: 87 * time.Millisecond, Error: failure}
	}
	return []store.DeliveryView{
		at("evt_019ab8000003", lanyard.EventReconnectRequired, lanyard.DeliveryPending, time.Second, time.Second),
		at("evt_019ab8000002", lanyard.EventRefreshFailed, lanyard.DeliveryPending, 7*time.Minute, 25*time.Minute,
			attempt(7*time.Minute, 503, "It answered 503."), attempt(6*time.Minute, 0, "It did not answer within 15 seconds.")),
		at("evt_019ab8000001", lanyard.EventRevoked, lanyard.DeliveryFailed, 6*24*time.Hour, 0,
			attempt(5*24*time.Hour, 0, "Lanyard does not call "+longName+".example: its address is not one that may be called.")),
		at("evt_019ab8000000", lanyard.EventConnected, lanyard.DeliveryDelivered, 9*24*time.Hour, 0, attempt(9*24*time.Hour, 204, "")),
	}
}

func webhooksStates() []state {
	on, failing, off, gone := *inventedWebhook(), *inventedWebhook(), *inventedWebhook(), *inventedWebhook()
	failing.URL, failing.FailingSince = "https://staging.zylker.example/hooks", inventedNow().Add(-26*time.Hour)
	off.URL, off.Enabled, off.Description, off.Events = "https://"+longName+".zylker.example/", false, "", []lanyard.EventType{lanyard.EventReconnectRequired, lanyard.EventConnected}
	gone.Enabled, gone.SwitchedOff, gone.SwitchedOffAt = false, "It answered 410 (Gone), which says that it wants no more messages.", inventedNow().Add(-3*time.Hour)
	faults := &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{
		{Pointer: "/url", Detail: "a URL begins with https:// or http://"}, {Pointer: "/events/0", Detail: "there is no such event"}}}
	typed := webhook.Input{URL: "app.zylker.example", Description: "Production", Events: []lanyard.EventType{lanyard.EventRevoked}}
	filled := webhook.Input{URL: on.URL, Description: on.Description, Events: off.Events, Enabled: true}
	v := visiting()
	tested := newWebhookPage(v, &on, inventedDeliveries(), "", "next")
	tested.Notice = newNotice("warning", "The test was not delivered", "It answered 500.")
	return []state{
		{"webhooks", 200, newWebhooksPage(v, []lanyard.Webhook{on, failing, off, gone}, "next")},
		{"webhooks-none", 200, newWebhooksPage(v, nil, "")},
		{"webhook-new", 200, newWebhookForm(v, "", webhook.Input{Enabled: true}, nil)},
		{"webhook-new-faults", 400, newWebhookForm(v, "", typed, problem.Of(faults, ""))},
		{"webhook-edit", 200, newWebhookForm(v, "whk_1", filled, nil)},
		{"webhook-secret", 200, newWebhookSecretPage(v, &on, lanyard.NewSecret("whsec_aW52ZW50ZWQgaW52ZW50ZWQgaW52ZW50ZWQgaW4="), time.Time{})},
		{"webhook-secret-rotated", 200, newWebhookSecretPage(v, &on, lanyard.NewSecret("whsec_aW52ZW50ZWQgaW52ZW50ZWQgaW52ZW50ZWQgaW4="), inventedNow().Add(24*time.Hour))},
		{"webhook", 200, newWebhookPage(v, &on, nil, "", "")},
		{"webhook-messages", 200, tested},
		{"webhook-switched-off", 200, newWebhookPage(v, &gone, inventedDeliveries()[1:3], "", "")},
		{"webhook-no-more", 200, newWebhookPage(v, &on, nil, "x", "")},
		{"webhook-rotate", 200, newWebhookAskPage(v, &on, false)},
		{"webhook-delete", 200, newWebhookAskPage(v, &on, true)},
	}
}

func inventedNotices() []store.Notice {
	now := inventedNow()
	return []store.Notice{
		{Kind: store.NoticeReconnect, LinkName: "acme_crm", Name: "Acme CRM", Service: "acme", Reason: "Acme refused the refresh token (invalid_grant).", Since: now.Add(-2 * time.Hour)},
		{Kind: store.NoticeReconnect, LinkName: "ledger", Name: longName, Service: "ledger", Reason: "The service Ledger was edited, so its connections have to be connected again.", Since: now.Add(-6 * 24 * time.Hour)},
		{Kind: store.NoticeConnect, LinkName: "team_files", Name: "Team files", Service: "files", Since: now.Add(-20 * time.Minute)},
		{Kind: store.NoticeWebhook, Webhook: "whk_1", URL: "https://app.zylker.example/lanyard", Reason: "It answered 410 (Gone), which says that it wants no more messages.", Since: now.Add(-3 * time.Hour)},
	}
}

func noticesStates() []state {
	v := visiting()
	v.waiting = len(inventedNotices())
	some := newNoticesPage(v, inventedNotices(), true, true)
	many := newNoticesPage(v, inventedNotices()[:1], false, true)
	many.More, many.Shell.Waiting = true, "99+"
	account := newAccountPage(visiting(), inventedOwn(), nil, inventedNow())
	account.tellByMail(true, false)
	return []state{
		{"notices", 200, some},
		{"notices-many", 200, many},
		{"notices-none", 200, newNoticesPage(visiting(), nil, false, false)},
		{"account-notices", 200, account},
	}
}
