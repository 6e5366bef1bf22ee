package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lanyard"
	"lanyard/internal/egress"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// world is an organization with a connection, in a store whose clock the test moves.
type world struct {
	*Webhooks
	t          *testing.T
	open       storetest.Opener
	caller     *lanyard.Caller
	service    *lanyard.Service
	connection *lanyard.Connection

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// until moves the clock.
func (w *world) until(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = at
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		t.Helper()
		// The time is today's: the library that checks signatures refuses a message that is old.
		w := &world{t: t, open: open, now: time.Now().UTC().Truncate(time.Second)}
		w.Webhooks = w.replica()
		org, owner := lanyard.NewOrganizationID(), lanyard.NewUserID()
		w.must(w.Store.CreateAccount(t.Context(), store.NewAccount{
			Organization: lanyard.Organization{ID: org, Name: "Acme"},
			Owner:        lanyard.User{ID: owner, Email: "owner@acme.example", Name: "The owner", Role: lanyard.RoleOwner},
		}, nil))
		w.caller = &lanyard.Caller{Organization: org, User: owner, KeyOwner: owner, Role: lanyard.RoleOwner, Session: "s"}
		w.service = &lanyard.Service{OrganizationID: org, Author: owner, Kind: lanyard.KindCustom, LinkName: "acme", Name: "Acme", Hosts: []string{"a.example"}, Auth: lanyard.Auth{Type: lanyard.AuthBasic}}
		w.must(w.Store.CreateService(t.Context(), w.service, lanyard.AuditEntry{}))
		w.connection = &lanyard.Connection{OrganizationID: org, LinkName: "acme", Name: "Acme", Service: "acme", ServiceID: w.service.ID, Origin: lanyard.OriginUser, Owner: owner, UsableBy: lanyard.UsableByOrganization}
		w.must(w.Store.CreateConnection(t.Context(), w.connection, lanyard.AuditEntry{}))
		run(t, w)
	})
}

// replica is another process on the same database.
func (w *world) replica() *Webhooks {
	w.t.Helper()
	var hooks *Webhooks
	s := w.open(func(c *store.Config) {
		c.Now = w.clock
		c.OnChange = func(ch store.Change) {
			if hooks != nil {
				hooks.Changed(ch)
			}
		}
	})
	hooks = New(Config{Store: s, Client: egress.New(egress.Config{AllowNetworks: loopback}).Client(), PlainHTTP: true, Every: 10 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	return hooks
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// webhook makes a webhook to a receiver.
func (w *world) webhook(url string) (*lanyard.Webhook, string) {
	w.t.Helper()
	hook, secret, err := w.Create(w.t.Context(), w.caller, Input{URL: url, Enabled: true})
	w.must(err)
	return hook, secret.Reveal()
}

// happens makes an event.
func (w *world) happens() {
	w.t.Helper()
	a := &lanyard.Authorization{OrganizationID: w.caller.Organization, ConnectionID: w.connection.ID, UserID: w.caller.User, ServiceVersion: w.service.Version}
	ok, _, err := w.Store.SaveAuthorization(w.t.Context(), a, &lanyard.Credential{Username: lanyard.NewSecret("user"), Password: lanyard.NewSecret("password")}, lanyard.AuditEntry{Action: lanyard.ActionConnect})
	w.must(err)
	if !ok {
		w.t.Fatal("nothing was saved")
	}
}

// round makes every attempt that is due, and waits for them.
func (w *Webhooks) round(ctx context.Context) {
	var under sync.WaitGroup
	for w.begin(ctx, &under) {
	}
	under.Wait()
}

// last is the newest delivery of a webhook.
func (w *world) last(hook *lanyard.Webhook) *store.DeliveryView {
	w.t.Helper()
	list, _, err := w.Deliveries(w.t.Context(), w.caller, hook.ID, store.Page{})
	w.must(err)
	if len(list) == 0 {
		w.t.Fatal("there is no delivery")
	}
	return &list[0]
}

// receiver answers as the test says and keeps what it got.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	header http.Header
	got    []message
}

type message struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: 204, header: http.Header{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, message{req.Header, body})
		for name, values := range r.header {
			w.Header()[name] = values
		}
		w.WriteHeader(r.status)
		if r.status != 204 {
			_, _ = io.WriteString(w, "marked answer")
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(status int, header ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.header = status, http.Header{}
	for i := 0; i < len(header); i += 2 {
		r.header.Set(header[i], header[i+1])
	}
}

func (r *receiver) messages() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message(nil), r.got...)
}

// verifies checks a message with the reference library of Standard Webhooks.
func verifies(t *testing.T, secret string, m message) error {
	t.Helper()
	v, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return v.Verify(m.body, m.header)
}

func TestMessagesAreSigned(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := newReceiver(t)
		hook, secret := w.webhook(r.URL)
		w.happens()
		w.round(t.Context())
		got := r.messages()
		if len(got) != 1 {
			t.Fatalf("%d messages came", len(got))
		}
		w.must(verifies(t, secret, got[0]))
		var p struct{ Type string }
		w.must(json.Unmarshal(got[0].body, &p))
		d := w.last(hook)
		if p.Type != "authorization.connected" || got[0].header.Get("Content-Type") != "application/json" || got[0].header.Get("Webhook-Id") != string(d.Event) {
			t.Errorf("got %s with %v", got[0].body, got[0].header)
		}
		if d.Status != lanyard.DeliveryDelivered || len(d.Tried) != 1 || d.Tried[0].Status != 204 || d.Tried[0].Error != "" {
			t.Errorf("the delivery is %+v", d)
		}
		changed := got[0]
		changed.body = append([]byte(nil), changed.body...)
		changed.body[len(changed.body)-2] ^= 1
		if verifies(t, secret, changed) == nil {
			t.Error("a message that was changed is taken")
		}

		// For a day after another secret was made, either is good.
		rotated, until, err := w.Rotate(t.Context(), w.caller, hook.ID)
		w.must(err)
		w.happens()
		w.round(t.Context())
		second := r.messages()[1]
		w.must(verifies(t, secret, second))
		w.must(verifies(t, rotated.Reveal(), second))
		d2 := store.DueDelivery{Organization: hook.OrganizationID, Webhook: hook.ID, Event: "evt_x", Payload: "{}"}
		secrets, err := w.Store.WebhookSecrets(t.Context(), hook.OrganizationID, hook.ID)
		w.must(err)
		for at, want := range map[time.Time]int{until.Add(-time.Second): 2, until: 1} {
			if s, err := sign(secrets, &d2, at); err != nil || len(strings.Fields(s)) != want {
				t.Errorf("at %s there are %d signatures, want %d", at, len(strings.Fields(s)), want)
			}
		}
	})
}

func TestSchedule(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := newReceiver(t)
		r.answers(500)
		hook, _ := w.webhook(r.URL)
		w.happens()
		first := w.clock()
		for step := range len(schedule) + 1 {
			w.round(t.Context())
			d := w.last(hook)
			if len(d.Tried) != step+1 || d.Tried[step].Error != "It answered 500." {
				t.Fatalf("after step %d the delivery is %+v", step, d)
			}
			if step == len(schedule) {
				if d.Status != lanyard.DeliveryFailed || !d.NextAt.IsZero() {
					t.Errorf("after the last step the delivery is %+v", d)
				}
				break
			}
			after := d.NextAt.Sub(d.Tried[step].At)
			if d.Status != lanyard.DeliveryPending || after < schedule[step] || after > schedule[step]+schedule[step]/10 {
				t.Errorf("after step %d it waits for %s, want %s and at most a tenth more", step, after, schedule[step])
			}
			w.until(d.NextAt)
		}
		if got, err := w.Read(t.Context(), w.caller, hook.ID); err != nil || !got.Enabled || !got.FailingSince.Equal(first) {
			t.Errorf("the webhook is %+v, %v", got, err)
		}
		// Sent again by hand it begins anew, and a success makes it well.
		r.answers(200)
		_, err := w.Retry(t.Context(), w.caller, hook.ID, w.last(hook).Event)
		w.must(err)
		w.round(t.Context())
		if got, err := w.Read(t.Context(), w.caller, hook.ID); err != nil || !got.FailingSince.IsZero() || w.last(hook).Status != lanyard.DeliveryDelivered {
			t.Errorf("afterwards the webhook is %+v, %v", got, err)
		}
	})
}

func TestWhatAReceiverAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		header  []string
		waits   time.Duration // at least
		atMost  time.Duration
		on      bool
		problem string
	}{
		{"200", 200, nil, 0, 0, true, ""},
		{"299", 299, nil, 0, 0, true, ""},
		{"a redirect", 302, []string{"Location", "/elsewhere"}, 5 * time.Second, 6 * time.Second, true, "It answered 302, and redirects are not followed."},
		{"not found", 404, nil, 5 * time.Second, 6 * time.Second, true, "It answered 404."},
		{"gone", 410, nil, 0, 0, false, "It answered 410."},
		{"asks for an hour", 429, []string{"Retry-After", "3600"}, time.Hour, time.Hour * 11 / 10, true, "It answered 429."},
		{"asks for a year", 503, []string{"Retry-After", "31536000"}, 24 * time.Hour, 24 * time.Hour * 11 / 10, true, "It answered 503."},
		{"asks for nonsense", 503, []string{"Retry-After", "soon"}, 5 * time.Second, 6 * time.Second, true, "It answered 503."},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				r := newReceiver(t)
				r.answers(c.status, c.header...)
				hook, _ := w.webhook(r.URL)
				w.happens()
				w.round(t.Context())
				d := w.last(hook)
				if n := len(r.messages()); n != 1 || d.Tried[0].Error != c.problem || d.Tried[0].Status != c.status {
					t.Errorf("%d messages came, and the attempt is %+v", n, d.Tried[0])
				}
				var waits time.Duration
				if !d.NextAt.IsZero() {
					waits = d.NextAt.Sub(d.Tried[0].At)
				}
				if waits < c.waits || waits > c.atMost {
					t.Errorf("it waits for %s, want %s to %s", waits, c.waits, c.atMost)
				}
				got, err := w.Read(t.Context(), w.caller, hook.ID)
				if err != nil || got.Enabled != c.on || c.on != (got.SwitchedOff == "") {
					t.Errorf("the webhook is %+v, %v", got, err)
				}
			})
		})
	}
}

func TestSwitchedOffAfterFiveDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := newReceiver(t)
		r.answers(500)
		hook, _ := w.webhook(r.URL)
		begun := w.clock()
		fails := func(after time.Duration) *lanyard.Webhook {
			t.Helper()
			w.until(begun.Add(after))
			w.happens()
			w.round(t.Context())
			got, err := w.Read(t.Context(), w.caller, hook.ID)
			w.must(err)
			return got
		}
		fails(0)
		if got := fails(failsFor - time.Second); !got.Enabled {
			t.Error("it was switched off before five days")
		}
		if got := fails(failsFor); got.Enabled || !strings.Contains(got.SwitchedOff, "It has failed since") || !strings.Contains(got.SwitchedOff, "It answered 500.") {
			t.Errorf("after five days it is %+v", got)
		}
		mail, ok, err := w.Store.DueMail(t.Context())
		if err != nil || !ok || mail.User.ID != w.caller.User || len(mail.Notices) != 1 {
			t.Errorf("the owner's mail is %+v, %v", mail, err)
		}
		entries, _, err := w.Store.Audit(t.Context(), w.caller.Organization, store.AuditFilter{Actions: []lanyard.Action{lanyard.ActionWebhookSwitchOff}}, store.Page{})
		if err != nil || len(entries) != 1 || entries[0].Object != string(hook.ID) {
			t.Errorf("the audit log has %+v, %v", entries, err)
		}
	})
}

// C-rows: a webhook is no way into the network, and what is answered is kept nowhere.
func TestInsideAddressesAreNotCalled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := newReceiver(t)
		closed := New(Config{Store: w.Store, Client: egress.New(egress.Config{}).Client(), PlainHTTP: true, Logger: slog.New(slog.DiscardHandler)})
		hook, _ := w.webhook(r.URL)
		d, err := closed.Test(t.Context(), w.caller, hook.ID)
		if err != nil || d.Status != lanyard.DeliveryFailed || !strings.Contains(d.Tried[0].Error, "does not call 127.0.0.1") {
			t.Errorf("got %+v, %v", d, err)
		}
		if n := len(r.messages()); n != 0 {
			t.Errorf("%d messages came", n)
		}
		closed.PlainHTTP = false
		_, _, err = closed.Create(t.Context(), w.caller, Input{URL: r.URL})
		if lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
			t.Errorf("http is taken where no network was opened: %v", err)
		}
	})
}

func TestTest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := newReceiver(t)
		r.answers(500)
		hook, secret := w.webhook(r.URL)
		d, err := w.Test(t.Context(), w.caller, hook.ID)
		if err != nil || d.Status != lanyard.DeliveryFailed || d.Type != lanyard.EventTest || d.Tried[0].Status != 500 {
			t.Errorf("got %+v, %v", d, err)
		}
		w.must(verifies(t, secret, r.messages()[0]))
		w.until(w.clock().Add(time.Hour))
		w.round(t.Context())
		if n := len(r.messages()); n != 1 {
			t.Errorf("a test was sent %d times", n)
		}
		if got, err := w.Read(t.Context(), w.caller, hook.ID); err != nil || !got.FailingSince.IsZero() {
			t.Errorf("the webhook is %+v, %v", got, err)
		}
	})
}

// What was committed is delivered by whoever comes next, and what somebody died with too.
func TestNothingIsLost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := newReceiver(t)
		w.webhook(r.URL)
		w.happens() // and the process ends, before it looked for anything
		w.must(w.Store.Close())
		w.Webhooks = w.replica()
		w.happens()
		claimed, ok, err := w.Store.DueDelivery(t.Context(), nil) // and the process ends with it
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		w.must(w.Store.Close())
		w.Webhooks = w.replica()
		w.round(t.Context())
		if n := len(r.messages()); n != 1 {
			t.Errorf("%d messages came while one was claimed", n)
		}
		w.until(w.clock().Add(3 * time.Minute))
		w.round(t.Context())
		if n := len(r.messages()); n != 2 || r.messages()[1].header.Get("Webhook-Id") != string(claimed.Event) {
			t.Errorf("then %d messages came", n)
		}
	})
}

func TestReplicasDeliverOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.Store.Dialect() == "sqlite" {
			return // one process only
		}
		r := newReceiver(t)
		w.webhook(r.URL)
		const events = 40
		for range events {
			w.happens()
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for _, replica := range []*Webhooks{w.Webhooks, w.replica(), w.replica()} {
			running.Go(func() { replica.Run(ctx) })
		}
		eventually(t, func() bool { return len(r.messages()) >= events })
		stop()
		running.Wait()
		seen := map[string]int{}
		for _, m := range r.messages() {
			seen[m.header.Get("Webhook-Id")]++
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%s came %d times", id, n)
			}
		}
		if len(seen) != events {
			t.Errorf("%d of %d came", len(seen), events)
		}
	})
}

// A receiver that does not answer holds up nobody but itself.
func TestSlowReceiver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		release, waiting := make(chan struct{}), make(chan struct{}, 100)
		slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			waiting <- struct{}{}
			<-release
		}))
		defer slow.Close()
		quick := newReceiver(t)
		w.webhook(slow.URL)
		w.webhook(quick.URL)
		const events = 3 * mostAtOnceEach
		for range events {
			w.happens()
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { w.Run(ctx) })
		eventually(t, func() bool { return len(quick.messages()) == events })
		if n := len(waiting); n > mostAtOnceEach {
			t.Errorf("%d requests wait at the slow one", n)
		}
		close(release)
		eventually(t, func() bool { return len(waiting) == events })
		stop()
		running.Wait()
	})
}

// eventually waits for what other goroutines do.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestOnlyOwnersAndAdmins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hook, _ := w.webhook("https://app.example/hook")
		member := *w.caller
		member.Role = lanyard.RoleMember
		ctx := t.Context()
		for name, call := range map[string]func() error{
			"List":       func() error { _, _, err := w.List(ctx, &member, store.Page{}); return err },
			"Read":       func() error { _, err := w.Read(ctx, &member, hook.ID); return err },
			"Create":     func() error { _, _, err := w.Create(ctx, &member, Input{URL: "https://a.example"}); return err },
			"Edit":       func() error { _, err := w.Edit(ctx, &member, hook.ID, Edit{}); return err },
			"Delete":     func() error { return w.Delete(ctx, &member, hook.ID) },
			"Rotate":     func() error { _, _, err := w.Rotate(ctx, &member, hook.ID); return err },
			"Test":       func() error { _, err := w.Test(ctx, &member, hook.ID); return err },
			"Deliveries": func() error { _, _, err := w.Deliveries(ctx, &member, hook.ID, store.Page{}); return err },
			"Retry":      func() error { _, err := w.Retry(ctx, &member, hook.ID, "evt_x"); return err },
		} {
			if err := call(); lanyard.CodeOf(err) != lanyard.CodeForbidden {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

func TestSecretsAreNotPrinted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hook, secret := w.webhook("https://app.example/hook")
		secrets, err := w.Store.WebhookSecrets(t.Context(), hook.OrganizationID, hook.ID)
		w.must(err)
		if text := fmt.Sprintf("%+v %#v %v", secrets, secrets, hook); strings.Contains(text, strings.TrimPrefix(secret, secretPrefix)) {
			t.Errorf("the secret is printed: %s", text)
		}
	})
}
