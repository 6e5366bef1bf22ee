// Package webhook tells host applications what happens to authorizations, by signed messages as Standard Webhooks has
// them (https://www.standardwebhooks.com).
//
//	happens     in the store: the event and one delivery for each webhook that wants it are written in the very transaction
//	            that changes the authorization, so neither is ever without the other
//	claim       one delivery after the other (deliver.go), by a lease: of several replicas one has it, and when that one
//	            dies it is due again
//	send        sign.go, through the guarded client; no transaction is held meanwhile
//	finish      the attempt is stored, and when it is tried again
//
// A message comes at least once, and in no promised order.
package webhook

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

const (
	// mostWebhooks is how many an organization has: each event is written once for every one of them.
	mostWebhooks = 20
	// previousLife is how long a secret signs along after it was replaced.
	previousLife = 24 * time.Hour
	secretPrefix = "whsec_"
	secretBytes  = 32
)

// Config is what [New] needs.
type Config struct {
	Store  *store.Store
	Client *http.Client // the guarded one of package egress
	// PlainHTTP lets addresses begin with http://. Only networks that the operator opened are spoken to like that, so it is
	// of use only where there are some.
	PlainHTTP bool
	// Every is the time between two looks for what is due; two seconds when zero. What is new is looked for at once.
	Every  time.Duration
	Logger *slog.Logger
}

// Webhooks keeps the webhooks of organizations and delivers to them. It is safe for concurrent use.
type Webhooks struct {
	Config
	wake chan struct{}

	mu      sync.Mutex
	running map[store.WebhookRef]int // deliveries under way in this process
	total   int
}

// New makes Webhooks; [Webhooks.Run] delivers.
func New(c Config) *Webhooks {
	if c.Every == 0 {
		c.Every = 2 * time.Second
	}
	return &Webhooks{Config: c, wake: make(chan struct{}, 1), running: map[store.WebhookRef]int{}}
}

// Changed is told of every change in the store.
func (w *Webhooks) Changed(ch store.Change) {
	if ch.Kind == store.ChangeWebhooks || ch.Kind == store.ChangeAll {
		w.look()
	}
}

// look has Run look for what is due.
func (w *Webhooks) look() {
	select {
	case w.wake <- struct{}{}:
	default: // it will anyway
	}
}

// Input is what a person gives of a webhook.
type Input struct {
	URL         string
	Description string
	Events      []lanyard.EventType // empty: every one
	Enabled     bool
}

// Edit is what to change; nil leaves it as it is.
type Edit struct {
	URL         *string
	Description *string
	Events      *[]lanyard.EventType
	Enabled     *bool
}

// List gives the webhooks of the caller's organization.
func (w *Webhooks) List(ctx context.Context, c *lanyard.Caller, p store.Page) ([]lanyard.Webhook, string, error) {
	if err := access.EditOrganization(c); err != nil {
		return nil, "", err
	}
	return w.Store.Webhooks(ctx, c.Organization, p)
}

// Read gives one webhook.
func (w *Webhooks) Read(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID) (*lanyard.Webhook, error) {
	if err := access.EditOrganization(c); err != nil {
		return nil, err
	}
	return w.Store.Webhook(ctx, c.Organization, id)
}

// Create makes a webhook. Its secret is returned this once.
func (w *Webhooks) Create(ctx context.Context, c *lanyard.Caller, in Input) (*lanyard.Webhook, lanyard.Secret, error) {
	if err := access.EditOrganization(c); err != nil {
		return nil, lanyard.Secret{}, err
	}
	hook := &lanyard.Webhook{
		OrganizationID: c.Organization, URL: in.URL, Description: in.Description, Events: in.Events, Enabled: in.Enabled, CreatedBy: c.User,
	}
	if err := w.check(hook); err != nil {
		return nil, lanyard.Secret{}, err
	}
	secret := newSecret()
	if err := w.Store.CreateWebhook(ctx, hook, secret, mostWebhooks, c.Audit(lanyard.ActionWebhookCreate, "", hook.Host())); err != nil {
		return nil, lanyard.Secret{}, err
	}
	return hook, secret, nil
}

// check judges a webhook by every rule.
func (w *Webhooks) check(hook *lanyard.Webhook) error {
	if err := hook.Validate(); err != nil {
		return err
	}
	var f lanyard.FieldErrors
	if !w.PlainHTTP && strings.HasPrefix(strings.ToLower(hook.URL), "http:") {
		f.Add("/url", "this begins with https://: the operator of this Lanyard opened no network for http")
	}
	return f.Err()
}

// Edit changes a webhook. One that is switched on begins anew: what waited for it is sent.
func (w *Webhooks) Edit(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID, in Edit) (*lanyard.Webhook, error) {
	hook, err := w.Read(ctx, c, id)
	if err != nil {
		return nil, err
	}
	var changed []string
	set := func(name string, differs bool) {
		if differs {
			changed = append(changed, name)
		}
	}
	if in.URL != nil {
		set("url", hook.URL != *in.URL)
		hook.URL = *in.URL
	}
	if in.Description != nil {
		set("description", hook.Description != *in.Description)
		hook.Description = *in.Description
	}
	if in.Events != nil {
		set("events", strings.Join(texts(hook.Events), " ") != strings.Join(texts(*in.Events), " "))
		hook.Events = *in.Events
	}
	if in.Enabled != nil {
		set("enabled", hook.Enabled != *in.Enabled)
		hook.Enabled = *in.Enabled
	}
	if err := w.check(hook); err != nil {
		return nil, err
	}
	if len(changed) == 0 {
		return hook, nil
	}
	entry := c.Audit(lanyard.ActionWebhookEdit, string(id), hook.Host())
	entry.Detail = map[string]string{"changed": strings.Join(changed, " ")}
	if err := w.Store.UpdateWebhook(ctx, hook, entry); err != nil {
		return nil, err
	}
	return w.Store.Webhook(ctx, c.Organization, id)
}

func texts(events []lanyard.EventType) []string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = string(e)
	}
	return list
}

// Delete ends a webhook; what waited for it is not sent.
func (w *Webhooks) Delete(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID) error {
	hook, err := w.Read(ctx, c, id)
	if err != nil {
		return err
	}
	return w.Store.DeleteWebhook(ctx, c.Organization, id, c.Audit(lanyard.ActionWebhookDelete, string(id), hook.Host()))
}

// Rotate gives a webhook another secret, which is returned this once. The one before signs along until the time that is
// returned.
func (w *Webhooks) Rotate(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID) (lanyard.Secret, time.Time, error) {
	hook, err := w.Read(ctx, c, id)
	if err != nil {
		return lanyard.Secret{}, time.Time{}, err
	}
	secret, until := newSecret(), w.Store.Now().Add(previousLife)
	if err := w.Store.RotateWebhookSecret(ctx, c.Organization, id, secret, until, c.Audit(lanyard.ActionWebhookSecret, string(id), hook.Host())); err != nil {
		return lanyard.Secret{}, time.Time{}, err
	}
	return secret, until, nil
}

// newSecret makes a secret in the form of Standard Webhooks: 24 to 64 random bytes in base 64 behind whsec_.
func newSecret() lanyard.Secret {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // it never fails (crypto/rand)
	return lanyard.NewSecret(secretPrefix + base64.StdEncoding.EncodeToString(key))
}

// Deliveries lists what was and will be told to a webhook, newest first.
func (w *Webhooks) Deliveries(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID, p store.Page) ([]store.DeliveryView, string, error) {
	if _, err := w.Read(ctx, c, id); err != nil {
		return nil, "", err
	}
	return w.Store.Deliveries(ctx, c.Organization, id, p)
}

// Retry sends a delivery once more, and goes on with it as with a new one.
func (w *Webhooks) Retry(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID, event lanyard.WebhookEventID) (*store.DeliveryView, error) {
	if err := access.EditOrganization(c); err != nil {
		return nil, err
	}
	if err := w.Store.RetryDelivery(ctx, c.Organization, id, event); err != nil {
		return nil, err
	}
	return w.Store.Delivery(ctx, c.Organization, id, event)
}

// Test sends an event of the type webhook.test at once, switched on or not, and gives what came of it. It is not tried
// again, and says nothing about the webhook's health.
func (w *Webhooks) Test(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID) (*store.DeliveryView, error) {
	hook, err := w.Read(ctx, c, id)
	if err != nil {
		return nil, err
	}
	due, err := w.Store.BeginTest(ctx, c.Organization, id)
	if err != nil {
		return nil, err
	}
	// Whoever asked and went away harms nobody: the attempt is made and noted.
	ctx = context.WithoutCancel(ctx)
	answer, err := w.send(ctx, hook, &due)
	if err != nil {
		return nil, err
	}
	result := store.Finished{Attempt: answer.attempt, Status: lanyard.DeliveryDelivered}
	if answer.attempt.Error != "" {
		result.Status = lanyard.DeliveryFailed
	}
	if _, err := w.Store.FinishDelivery(ctx, due, result); err != nil {
		return nil, err
	}
	return w.Store.Delivery(ctx, c.Organization, id, due.Event)
}
