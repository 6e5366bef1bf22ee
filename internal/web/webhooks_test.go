package web

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/webhook"
)

func TestWebhookForm(t *testing.T) {
	typed := url.Values{"url": {" https://app.example/hook "}, "description": {"Ours"}, "events": {"authorization.revoked", "authorization.connected"}, "enabled": {"on"}}
	want := webhook.Input{URL: "https://app.example/hook", Description: "Ours", Events: []lanyard.EventType{lanyard.EventRevoked, lanyard.EventConnected}, Enabled: true}
	t.Run("made, and its secret is shown", func(t *testing.T) {
		d := newDoor(t, "").signIn()
		d.post("/organization/webhooks", typed).want(t, 200, "whsec_marked", "shows it this once")
		if diff := cmp.Diff(want, d.input); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("faults keep what was typed", func(t *testing.T) {
		d := newDoor(t, "").signIn()
		d.hookErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/url", Detail: "this begins with https://"}}}
		d.post("/organization/webhooks", typed).want(t, 400, `value="https://app.example/hook"`, `value="Ours"`, `value="authorization.revoked" checked`, `name="enabled" value="on" checked`,
			`<p class="wrong" id="url-error">This begins with https://.</p>`, `role="alert"`, "The webhook was not made")
	})
	t.Run("too many", func(t *testing.T) {
		d := newDoor(t, "").signIn()
		d.hookErr = lanyard.Errorf(lanyard.CodeConflict, "An organization has at most 20 webhooks: delete one that is not needed any more.")
		d.post("/organization/webhooks", typed).want(t, 409, "at most 20 webhooks", `value="https://app.example/hook"`)
	})
	t.Run("edited: what is left out of the form is switched off", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.post("/organization/webhooks/whk_1/edit", url.Values{"url": {"https://app.example/hook"}}).goesTo(t, "/organization/webhooks/whk_1")
		if diff := cmp.Diff(webhook.Input{URL: "https://app.example/hook"}, d.input); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("who may not make one gets no form", func(t *testing.T) {
		d := newDoor(t, "").signIn()
		d.hookErr = lanyard.Errorf(lanyard.CodeForbidden, "Only owners and admins may change the organization.")
		d.get("/organization/webhooks/new").want(t, 403, "Only owners and admins")
	})
}

func TestWebhookActions(t *testing.T) {
	for _, c := range []struct{ path, to, change string }{
		{"/organization/webhooks/whk_1/test", "/organization/webhooks/whk_1", "TestWebhook:whk_1"},
		{"/organization/webhooks/whk_1/delete", "/organization/webhooks", "DeleteWebhook:whk_1"},
		{"/organization/webhooks/whk_1/deliveries/evt_1/retry", "/organization/webhooks/whk_1", "RetryDelivery:whk_1/evt_1"},
	} {
		d := newDoor(t, "").invented().signIn()
		d.post(c.path, nil).goesTo(t, c.to)
		if got := d.changes(); got != c.change {
			t.Errorf("%s: got %q, want %q", c.path, got, c.change)
		}
	}
	d := newDoor(t, "").invented().signIn()
	d.post("/organization/webhooks/whk_1/rotate", nil).want(t, 200, "whsec_marked")
	d.deliveries = inventedDeliveries()[3:]
	d.post("/organization/webhooks/whk_1/test", nil).goesTo(t, "/organization/webhooks/whk_1")
	d.get("/organization/webhooks/whk_1").want(t, 200, "The test was delivered", "It answered 204.")
}

func TestNoticesStandOnEveryPage(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.get("/connections").lacks(t, "Needs you")
	d.notices = inventedNotices()
	d.get("/connections").want(t, 200, `<a class="waiting" href="/notices">`, "<span>Needs you</span><b>4</b>")
	d.get("/notices").want(t, 200, `action="/connections/acme_crm/connect"`, `aria-label="Reconnect Acme CRM"`, "Acme refused the refresh token (invalid_grant).")
}

func TestNoticesByMail(t *testing.T) {
	for _, c := range []struct {
		form url.Values
		want string
	}{{url.Values{"by_mail": {"on"}}, "SetByMail:true"}, {nil, "SetByMail:false"}} {
		d := newDoor(t, "").signIn()
		d.post("/account/notices", c.form).goesTo(t, "/account#notices")
		if got := d.changes(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
