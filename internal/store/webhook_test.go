package store_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// webhook makes a webhook of the organization that is told of some events, or of all.
func (w *world) webhook(events ...lanyard.EventType) *lanyard.Webhook {
	w.t.Helper()
	hook := &lanyard.Webhook{OrganizationID: w.org, URL: "https://host.example.com/hook", Events: events, Enabled: true, CreatedBy: w.owner.ID}
	w.must(w.CreateWebhook(w.t.Context(), hook, lanyard.NewSecret("whsec_x"), 20, entry(lanyard.ActionWebhookCreate)))
	return hook
}

// deliveries are those of a webhook, newest first.
func (w *world) deliveries(id lanyard.WebhookID) []store.DeliveryView {
	w.t.Helper()
	list, _, err := w.Deliveries(w.t.Context(), w.org, id, store.Page{Limit: 200})
	w.must(err)
	return list
}

// due hands out what is due, one after the other.
func (w *world) due() (all []store.DueDelivery) {
	w.t.Helper()
	for {
		d, ok, err := w.DueDelivery(w.t.Context(), nil)
		w.must(err)
		if !ok {
			return all
		}
		all = append(all, d)
	}
}

func TestWebhookEventOfEveryChange(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		hook := w.webhook()
		s := w.service("acme")
		c := w.connection("acme_live", s, ofEachUser)
		did := func(err error) {
			t.Helper()
			check(t, err)
			w.now.add(time.Second) // so that the order of the events is known
		}
		connect := func(user lanyard.UserID) *lanyard.Authorization {
			t.Helper()
			a := w.connect(c, s, user)
			did(nil)
			return a
		}
		a := connect(w.member.ID)
		fail := func() {
			t.Helper()
			l, _ := w.lease(a, time.Minute, false)
			did(w.ReleaseLease(t.Context(), l, w.Now(), "503 from the provider", false))
		}
		fail()
		fail() // an outage is told once
		l, _ := w.lease(a, time.Minute, false)
		_, err := w.StoreRefreshed(t.Context(), l, hour, entry(lanyard.ActionRefresh))
		did(err) // a refresh that works is nobody's business
		a.Generation++
		fail() // another outage
		_, err = w.RequireReconnect(t.Context(), w.org, a.ID, a.Generation, "The provider refused the refresh token.", entry("x"))
		did(err)
		connect(w.member.ID)
		_, err = w.RevokeAuthorization(t.Context(), w.org, c.ID, w.member.ID, "It was revoked.", entry("x"))
		did(err)
		_, err = w.RevokeAuthorization(t.Context(), w.org, c.ID, w.member.ID, "It was revoked.", entry("x"))
		did(err) // there was nothing left to end
		connect(w.member.ID)
		_, err = w.RemoveAuthorization(t.Context(), w.org, c.ID, w.member.ID, entry("x"))
		did(err)
		connect(w.owner.ID)
		_, err = w.UpdateService(t.Context(), s.Version, s, false, "The service was edited.", entry("x"))
		did(err)
		_, err = w.DeleteConnection(t.Context(), w.org, c.ID, entry("x"))
		did(err)

		type event struct{ Type, User, External, Status, Reason string }
		var got []event
		for _, d := range w.due() {
			var p struct {
				Type      string
				Timestamp time.Time
				Data      struct {
					Organization string `json:"organization_id"`
					Connection   string
					Service      string
					User         struct {
						ID       string
						External string `json:"external_id"`
					}
					Status    string
					Reason    string     `json:"status_reason"`
					ExpiresAt *time.Time `json:"expires_at"`
				}
			}
			check(t, json.Unmarshal([]byte(d.Payload), &p))
			if p.Data.Organization != string(w.org) || p.Data.Connection != "acme_live" || p.Data.Service != "acme" || p.Timestamp.IsZero() {
				t.Errorf("the payload is %s", d.Payload)
			}
			if connected := p.Data.Status == "connected"; connected != (p.Data.ExpiresAt != nil) {
				t.Errorf("the expiry in %s", d.Payload)
			}
			for _, secret := range []string{"access", "refresh acme", "@acme.example", "olive", "Olive"} {
				if strings.Contains(d.Payload, secret) {
					t.Errorf("%q stands in %s", secret, d.Payload)
				}
			}
			got = append(got, event{p.Type, p.Data.User.ID, p.Data.User.External, p.Data.Status, p.Data.Reason})
		}
		member, owner := string(w.member.ID), string(w.owner.ID)
		want := []event{
			{"authorization.connected", member, "ext-member", "connected", ""},
			{"authorization.refresh_failed", member, "ext-member", "connected", "503 from the provider"},
			{"authorization.refresh_failed", member, "ext-member", "connected", "503 from the provider"},
			{"authorization.reconnect_required", member, "ext-member", "reconnect_required", "The provider refused the refresh token."},
			{"authorization.connected", member, "ext-member", "connected", ""},
			{"authorization.revoked", member, "ext-member", "revoked", "It was revoked."},
			{"authorization.connected", member, "ext-member", "connected", ""},
			{"authorization.revoked", member, "ext-member", "revoked", "The owner of the connection took it away."},
			{"authorization.connected", owner, "", "connected", ""},
			{"authorization.reconnect_required", owner, "", "reconnect_required", "The service was edited."},
			{"authorization.revoked", owner, "", "revoked", "The connection was deleted."},
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("the events (-want +got):\n%s", diff)
		}
		if n := len(w.deliveries(hook.ID)); n != len(want) {
			t.Errorf("%d deliveries are listed", n)
		}
	})
}

func TestWebhooksAreToldWhatTheyWant(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_live", s)
		w.connect(c, s, w.owner.ID)
		if n := len(dump(t, raw(t, w.config), `SELECT id FROM webhook_events`)); n != 0 {
			t.Errorf("without a webhook %d events were written", n)
		}
		all, some, off := w.webhook(), w.webhook(lanyard.EventRevoked), w.webhook()
		off.Enabled = false
		check(t, w.UpdateWebhook(t.Context(), off, entry("x")))
		w.connect(c, s, w.owner.ID)
		_, err := w.RevokeAuthorization(t.Context(), w.org, c.ID, w.owner.ID, "x", entry("x"))
		check(t, err)
		for _, v := range []struct {
			hook *lanyard.Webhook
			want int
		}{{all, 2}, {some, 1}, {off, 0}} {
			if n := len(w.deliveries(v.hook.ID)); n != v.want {
				t.Errorf("the webhook with %v, enabled %v, has %d deliveries, want %d", v.hook.Events, v.hook.Enabled, n, v.want)
			}
		}
	})
}

func TestWebhookLimit(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		create := func() error {
			return w.CreateWebhook(t.Context(), &lanyard.Webhook{OrganizationID: w.org}, lanyard.NewSecret("x"), 2, entry("x"))
		}
		check(t, create())
		check(t, create())
		wantCode(t, create(), lanyard.CodeConflict)
	})
}

func TestWebhookSecretRotates(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		hook := w.webhook()
		until := w.Now().Add(24 * time.Hour)
		check(t, w.RotateWebhookSecret(t.Context(), w.org, hook.ID, lanyard.NewSecret("whsec_y"), until, entry("x")))
		got, err := w.WebhookSecrets(t.Context(), w.org, hook.ID)
		if err != nil || got.Current.Reveal() != "whsec_y" || got.Previous.Reveal() != "whsec_x" || !got.PreviousUntil.Equal(until) {
			t.Errorf("the secrets are not those, %v, until %v", err, got.PreviousUntil)
		}
		check(t, w.RotateWebhookSecret(t.Context(), w.org, hook.ID, lanyard.NewSecret("whsec_z"), until, entry("x")))
		if got, err = w.WebhookSecrets(t.Context(), w.org, hook.ID); err != nil || got.Previous.Reveal() != "whsec_y" {
			t.Errorf("the secret before the last one is kept: %v", err)
		}
		wantCode(t, w.RotateWebhookSecret(t.Context(), w.org, "whk_unknown", lanyard.NewSecret("x"), until, entry("x")), lanyard.CodeNotFound)
	})
}

// A delivery is handed out to one caller; who dies with it loses nothing, and comes back too late for it.
func TestDeliveryLease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		s := w.service("acme")
		c := w.connection("acme_live", s)
		hook := w.webhook()
		const events, callers = 8, 4
		for range events {
			w.connect(c, s, w.owner.ID)
		}
		var mu sync.Mutex
		seen := map[lanyard.WebhookEventID]int{}
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for {
					d, ok, err := w.DueDelivery(t.Context(), nil)
					if err != nil {
						t.Error(err)
					}
					if !ok {
						return // of several that compete for one, all but one may be told that there is none
					}
					mu.Lock()
					seen[d.Event]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, d := range w.due() { // what was passed over in the race
			seen[d.Event]++
		}
		if len(seen) != events {
			t.Errorf("%d of %d deliveries were handed out", len(seen), events)
		}
		for event, n := range seen {
			if n != 1 {
				t.Errorf("the delivery of %s was handed out %d times", event, n)
			}
		}
		w.now.add(2*time.Minute - time.Millisecond)
		if again := w.due(); len(again) != 0 {
			t.Errorf("%d deliveries were handed out while somebody was at them", len(again))
		}
		w.now.add(time.Millisecond)
		again := w.due()
		if len(again) != events || again[0].Attempt != 2 {
			t.Fatalf("after the lease %d deliveries were handed out: %+v", len(again), again)
		}
		// The first caller was only slow.
		late := again[0]
		late.Attempt = 1
		_, err := w.FinishDelivery(t.Context(), late, store.Finished{Status: lanyard.DeliveryDelivered, Judges: true})
		check(t, err)
		if d, err := w.Delivery(t.Context(), w.org, hook.ID, late.Event); err != nil || d.Status != lanyard.DeliveryPending || len(d.Tried) != 0 {
			t.Errorf("an attempt that had been taken over was stored: %+v, %v", d, err)
		}
	})
}

func TestDeliveryFinished(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_live", s)
		hook := w.webhook()
		w.connect(c, s, w.owner.ID)
		attempt := func(d store.DueDelivery, failure string, next time.Time) time.Time {
			t.Helper()
			f := store.Finished{Attempt: lanyard.DeliveryAttempt{At: w.Now(), Status: 200, Duration: 12 * time.Millisecond, Error: failure}, Status: lanyard.DeliveryDelivered, NextAt: next, Judges: true}
			if failure != "" {
				f.Status = lanyard.DeliveryPending
			}
			since, err := w.FinishDelivery(t.Context(), d, f)
			check(t, err)
			return since
		}
		first := w.due()[0]
		if since := attempt(first, "It answered 500.", w.Now().Add(5*time.Second)); !since.Equal(start) {
			t.Errorf("it fails since %v, want %v", since, start)
		}
		if n := len(w.due()); n != 0 {
			t.Errorf("%d deliveries are due before their time", n)
		}
		w.now.add(5 * time.Second)
		second := w.due()[0]
		if since := attempt(second, "It answered 500.", w.Now().Add(time.Minute)); second.Attempt != 2 || second.Step != 2 || !since.Equal(start) {
			t.Errorf("the second attempt is %+v, failing since %v", second, since)
		}
		check(t, w.RetryDelivery(t.Context(), w.org, hook.ID, first.Event))
		third := w.due()[0]
		if since := attempt(third, "", time.Time{}); third.Attempt != 3 || third.Step != 1 || !since.IsZero() {
			t.Errorf("the attempt that was asked for is %+v, failing since %v", third, since)
		}
		d, err := w.Delivery(t.Context(), w.org, hook.ID, first.Event)
		check(t, err)
		if d.Status != lanyard.DeliveryDelivered || d.Attempts != 3 || len(d.Tried) != 3 || d.Tried[0].Error != "It answered 500." || d.Tried[2].Duration != 12*time.Millisecond || d.Type != lanyard.EventConnected {
			t.Errorf("the delivery is %+v", d)
		}
		wantCode(t, w.RetryDelivery(t.Context(), w.org, hook.ID, "evt_unknown"), lanyard.CodeNotFound)
	})
}

func TestWebhookSwitchedOffHoldsItsDeliveries(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_live", s)
		hook := w.webhook()
		w.connect(c, s, w.owner.ID)
		w.connect(c, s, w.owner.ID)
		running, _, err := w.DueDelivery(t.Context(), nil)
		check(t, err)
		check(t, w.SwitchOffWebhook(t.Context(), w.org, hook.ID, "It answered 410.", entry(lanyard.ActionWebhookSwitchOff)))
		wantCode(t, w.SwitchOffWebhook(t.Context(), w.org, hook.ID, "again", entry(lanyard.ActionWebhookSwitchOff)), lanyard.CodeNotFound)
		_, err = w.FinishDelivery(t.Context(), running, store.Finished{Status: lanyard.DeliveryPending, NextAt: w.Now().Add(time.Second), Judges: true, Attempt: lanyard.DeliveryAttempt{Error: "x"}})
		check(t, err)
		w.now.add(time.Hour)
		if n := len(w.due()); n != 0 {
			t.Errorf("%d deliveries are due to a webhook that is off", n)
		}
		wantCode(t, w.RetryDelivery(t.Context(), w.org, hook.ID, running.Event), lanyard.CodeConflict)
		got, err := w.Webhook(t.Context(), w.org, hook.ID)
		if err != nil || got.Enabled || got.SwitchedOff != "It answered 410." || !got.SwitchedOffAt.Equal(start) || w.audited(lanyard.ActionWebhookSwitchOff) != 1 {
			t.Errorf("the webhook is %+v, %v", got, err)
		}
		got.Enabled = true
		check(t, w.UpdateWebhook(t.Context(), got, entry("x")))
		if n := len(w.due()); n != 2 {
			t.Errorf("%d deliveries are due once it is on again", n)
		}
		if got, err = w.Webhook(t.Context(), w.org, hook.ID); err != nil || got.SwitchedOff != "" || !got.FailingSince.IsZero() {
			t.Errorf("afterwards the webhook is %+v, %v", got, err)
		}
	})
}

func TestBusyWebhooksArePassedOver(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_live", s)
		slow, quick := w.webhook(), w.webhook()
		w.connect(c, s, w.owner.ID)
		d, ok, err := w.DueDelivery(t.Context(), []store.WebhookRef{{Organization: w.org, ID: slow.ID}})
		if err != nil || !ok || d.Webhook != quick.ID {
			t.Errorf("got %+v, %v, %v; want the delivery to the other webhook", d, ok, err)
		}
		// Nor do those of other organizations wait for it.
		foreign, _, _ := w.account("foreign")
		other := &lanyard.Webhook{OrganizationID: foreign, URL: "https://host.example.com", Enabled: true}
		check(t, w.CreateWebhook(t.Context(), other, lanyard.NewSecret("whsec_x"), 20, entry("x")))
		test, err := w.BeginTest(t.Context(), foreign, other.ID)
		check(t, err)
		check(t, w.RetryDelivery(t.Context(), foreign, other.ID, test.Event))
		if d, ok, err = w.DueDelivery(t.Context(), []store.WebhookRef{{Organization: w.org, ID: slow.ID}}); err != nil || !ok || d.Webhook != other.ID {
			t.Errorf("got %+v, %v, %v; want the delivery of the other organization", d, ok, err)
		}
		_, ok, err = w.DueDelivery(t.Context(), []store.WebhookRef{{Organization: w.org, ID: slow.ID}})
		if err != nil || ok {
			t.Errorf("a delivery to a busy webhook was handed out: %v", err)
		}
	})
}

func TestWebhookTest(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		hook, other := w.webhook(lanyard.EventRevoked), w.webhook()
		d, err := w.BeginTest(t.Context(), w.org, hook.ID)
		if err != nil || !strings.Contains(d.Payload, `"webhook.test"`) || !strings.Contains(d.Payload, string(hook.ID)) {
			t.Errorf("the test is %+v, %v", d, err)
		}
		w.now.add(time.Hour)
		if n := len(w.due()); n != 0 {
			t.Errorf("%d deliveries are due: a test is made by whoever asked for it", n)
		}
		if n := len(w.deliveries(other.ID)); n != 0 {
			t.Errorf("the other webhook has %d deliveries", n)
		}
		_, err = w.BeginTest(t.Context(), w.org, "whk_unknown")
		wantCode(t, err, lanyard.CodeNotFound)
	})
}

func TestDeliveriesAreKeptThirtyDays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_live", s)
		hook := w.webhook()
		w.connect(c, s, w.owner.ID)
		d := w.due()[0]
		_, err := w.FinishDelivery(t.Context(), d, store.Finished{Status: lanyard.DeliveryDelivered})
		check(t, err)
		w.now.add(store.KeepDeliveries - time.Second)
		check(t, w.DeleteExpired(t.Context()))
		if n := len(w.deliveries(hook.ID)); n != 1 {
			t.Errorf("before that %d deliveries are there", n)
		}
		w.now.add(time.Second)
		check(t, w.DeleteExpired(t.Context()))
		for _, table := range []string{"webhook_events", "webhook_deliveries", "webhook_attempts"} {
			if rows := dump(t, raw(t, w.config), `SELECT organization_id FROM `+table); len(rows) != 0 {
				t.Errorf("afterwards %s has %d rows", table, len(rows))
			}
		}
	})
}
