package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/problem"
	"lanyard/internal/store"
	"lanyard/internal/webhook"
)

const webhooksPath = "/organization/webhooks"

func webhookPath(id lanyard.WebhookID) string { return webhooksPath + "/" + url.PathEscape(string(id)) }

// eventWords are what each event is called on pages, and when it is sent.
var eventWords = map[lanyard.EventType]struct{ name, help string }{
	lanyard.EventConnected:         {"Connected", "Somebody connected an account, or connected it again."},
	lanyard.EventRefreshFailed:     {"Refresh failed", "A token could not be refreshed and is tried again. Sent once, not at every try."},
	lanyard.EventReconnectRequired: {"Reconnect required", "Calls fail until a person connects again; the message says why."},
	lanyard.EventRevoked:           {"Revoked", "An account was taken back, or its connection or service was deleted."},
	lanyard.EventTest:              {"Test", ""},
}

// webhooksPage lists the organization's webhooks.
type webhooksPage struct {
	frame
	Rows []webhookRow
	Next string
}

func (webhooksPage) template() string { return "webhooks" }

// webhookRow is a webhook, and how it stands.
type webhookRow struct {
	ID          string
	Path        string
	Host        string
	URL         string
	Description string
	Events      string // in words
	State       hookState
}

type hookState struct {
	Tone   string
	Words  string
	Reason string
	At     time.Time // since when; zero: it does not matter
}

func newWebhookRow(w *lanyard.Webhook) webhookRow {
	return webhookRow{
		ID: string(w.ID), Path: webhookPath(w.ID), Host: said(w.Host()), URL: said(w.URL), Description: said(w.Description), Events: eventList(w.Events), State: newHookState(w),
	}
}

func newHookState(w *lanyard.Webhook) hookState {
	switch {
	case w.SwitchedOff != "":
		return hookState{"bad", "Switched off by Lanyard", said(w.SwitchedOff), w.SwitchedOffAt}
	case !w.Enabled:
		return hookState{"quiet", "Off", "", time.Time{}}
	case !w.FailingSince.IsZero():
		return hookState{"warn", "Failing", "It is tried again, and switched off after five days.", w.FailingSince}
	}
	return hookState{"ok", "On", "", time.Time{}}
}

func eventList(types []lanyard.EventType) string {
	if len(types) == 0 {
		return "Every event"
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = eventWords[t].name
	}
	return strings.Join(names, ", ")
}

const webhooksLimit = 50

func newWebhooksPage(v visitor, hooks []lanyard.Webhook, next string) webhooksPage {
	p := webhooksPage{frame: newShellFrame(v, "Webhooks", "/organization")}
	for i := range hooks {
		p.Rows = append(p.Rows, newWebhookRow(&hooks[i]))
	}
	if next != "" {
		p.Next = webhooksPath + "?cursor=" + url.QueryEscape(next)
	}
	return p
}

func (s *site) listWebhooks(w http.ResponseWriter, r *http.Request, v visitor) error {
	hooks, next, err := s.webhooks.List(r.Context(), v.caller, store.Page{Cursor: r.URL.Query().Get("cursor"), Limit: webhooksLimit})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newWebhooksPage(v, hooks, next))
}

// webhookForm makes or edits a webhook.
type webhookForm struct {
	frame
	form
	Headline    string
	Action      string
	Back        string
	Button      string
	URL         field
	Description field
	Events      []eventChoice
	Enabled     field
}

func (webhookForm) template() string { return "webhook_form" }

type eventChoice struct {
	ID, Value, Name, Help string
	Chosen                bool
}

// newWebhookForm is for a webhook with an id, or for a new one.
func newWebhookForm(v visitor, id lanyard.WebhookID, in webhook.Input, d *problem.Document) webhookForm {
	p := webhookForm{
		frame: newShellFrame(v, "Make a webhook", "/organization"), form: newForm(d, "The webhook was not made"), Headline: "Make a webhook",
		Action: webhooksPath, Back: webhooksPath, Button: "Make the webhook",
	}
	if id != "" {
		p.frame, p.form = newShellFrame(v, "Edit a webhook", "/organization"), newForm(d, "The webhook is as it was")
		p.Headline, p.Action, p.Back, p.Button = "Edit a webhook", webhookPath(id)+"/edit", webhookPath(id), "Save"
	}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.URL = p.field(field{ID: "url", Name: "url", Label: "URL", Type: "url", Value: in.URL, Placeholder: "https://app.example.com/lanyard", Mono: true,
		Help: "Messages are sent to it with POST. Redirects are not followed."}, "/url")
	p.Description = p.field(field{ID: "description", Name: "description", Label: "Description", Value: in.Description, Optional: true}, "/description")
	for _, t := range lanyard.EventTypes {
		p.Events = append(p.Events, eventChoice{"event-" + slug(string(t)), string(t), eventWords[t].name, eventWords[t].help, slices.Contains(in.Events, t)})
	}
	p.Enabled = field{ID: "enabled", Name: "enabled", Label: "Send messages", Type: "switch", Help: "Switched off, it is told nothing; what waits for it is kept."}
	if in.Enabled {
		p.Enabled.Value = "on"
	}
	p.rest()
	return p
}

func readWebhookForm(r *http.Request) webhook.Input {
	in := webhook.Input{URL: strings.TrimSpace(r.PostForm.Get("url")), Description: strings.TrimSpace(r.PostForm.Get("description")), Enabled: r.PostForm.Get("enabled") != ""}
	for _, e := range r.PostForm["events"] {
		in.Events = append(in.Events, lanyard.EventType(e))
	}
	return in
}

func (s *site) newWebhook(w http.ResponseWriter, r *http.Request, v visitor) error {
	// Who may not make one is told here, and not after filling in a form.
	if _, _, err := s.webhooks.List(r.Context(), v.caller, store.Page{Limit: 1}); err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newWebhookForm(v, "", webhook.Input{Enabled: true}, nil))
}

func (s *site) createWebhook(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := readWebhookForm(r)
	hook, secret, err := s.webhooks.Create(r.Context(), v.caller, in)
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newWebhookForm(v, "", in, d))
	} else if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newWebhookSecretPage(v, hook, secret, time.Time{}))
}

// webhookSecretPage shows a secret, this once.
type webhookSecretPage struct {
	frame
	Host    string
	Path    string
	Command command
	Until   time.Time // the one before signs along; zero: there is none
}

func (webhookSecretPage) template() string { return "webhook_secret" }

func newWebhookSecretPage(v visitor, hook *lanyard.Webhook, secret lanyard.Secret, until time.Time) webhookSecretPage {
	return webhookSecretPage{
		frame: newShellFrame(v, "The secret of your webhook", "/organization"), Host: said(hook.Host()), Path: webhookPath(hook.ID),
		Command: newCommand("webhook-secret", "Secret", secret.Reveal()), Until: until,
	}
}

// webhookPage is one webhook, and what was sent to it.
type webhookPage struct {
	frame
	Webhook    webhookRow
	Created    time.Time
	Deliveries []deliveryRow
	First      string
	Next       string
	On         bool
}

func (webhookPage) template() string { return "webhook" }

// deliveryRow is an event on its way, with its attempts.
type deliveryRow struct {
	ID       string
	Event    string
	At       time.Time
	Tone     string
	Words    string
	NextAt   time.Time // zero: not by itself
	Attempts []attemptRow
	Retry    string // where the form goes that sends it again; empty: it cannot be
}

type attemptRow struct {
	At     time.Time
	Result string
	Took   string
	Bad    bool
}

func newDeliveryRow(d *store.DeliveryView, on bool) deliveryRow {
	row := deliveryRow{ID: string(d.Event), Event: eventWords[d.Type].name, At: d.CreatedAt, NextAt: d.NextAt}
	switch d.Status {
	case lanyard.DeliveryDelivered:
		row.Tone, row.Words = "ok", "Delivered"
	case lanyard.DeliveryFailed:
		row.Tone, row.Words = "bad", "Not delivered"
	default:
		row.Tone, row.Words = "warn", "Waiting"
		if len(d.Tried) == 0 {
			row.Tone = "quiet"
		}
	}
	if on {
		row.Retry = webhookPath(d.Webhook) + "/deliveries/" + url.PathEscape(string(d.Event)) + "/retry"
	}
	for _, a := range d.Tried {
		result := said(a.Error)
		if result == "" {
			result = fmt.Sprintf("It answered %d.", a.Status)
		}
		row.Attempts = append(row.Attempts, attemptRow{At: a.At, Result: result, Took: fmt.Sprintf("%s ms", thousands(a.Duration.Milliseconds())), Bad: a.Error != ""})
	}
	return row
}

const deliveriesLimit = 20

func newWebhookPage(v visitor, hook *lanyard.Webhook, deliveries []store.DeliveryView, cursor, next string) webhookPage {
	p := webhookPage{frame: newShellFrame(v, "Webhook to "+said(hook.Host()), "/organization"), Webhook: newWebhookRow(hook), Created: hook.CreatedAt, On: hook.Enabled}
	for i := range deliveries {
		p.Deliveries = append(p.Deliveries, newDeliveryRow(&deliveries[i], hook.Enabled))
	}
	if cursor != "" {
		p.First = webhookPath(hook.ID)
	}
	if next != "" {
		p.Next = webhookPath(hook.ID) + "?cursor=" + url.QueryEscape(next)
	}
	return p
}

func webhookID(r *http.Request) lanyard.WebhookID { return lanyard.WebhookID(r.PathValue("webhook")) }

func (s *site) webhook(w http.ResponseWriter, r *http.Request, v visitor) error {
	hook, err := s.webhooks.Read(r.Context(), v.caller, webhookID(r))
	if err != nil {
		return err
	}
	cursor := r.URL.Query().Get("cursor")
	deliveries, next, err := s.webhooks.Deliveries(r.Context(), v.caller, hook.ID, store.Page{Cursor: cursor, Limit: deliveriesLimit})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newWebhookPage(v, hook, deliveries, cursor, next))
}

func (s *site) editWebhookForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	hook, err := s.webhooks.Read(r.Context(), v.caller, webhookID(r))
	if err != nil {
		return err
	}
	in := webhook.Input{URL: hook.URL, Description: hook.Description, Events: hook.Events, Enabled: hook.Enabled}
	return s.write(w, http.StatusOK, newWebhookForm(v, hook.ID, in, nil))
}

func (s *site) editWebhook(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := readWebhookForm(r)
	hook, err := s.webhooks.Edit(r.Context(), v.caller, webhookID(r), webhook.Edit{URL: &in.URL, Description: &in.Description, Events: &in.Events, Enabled: &in.Enabled})
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newWebhookForm(v, webhookID(r), in, d))
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The webhook was saved", ""))
	http.Redirect(w, r, webhookPath(hook.ID), http.StatusSeeOther)
	return nil
}

// testWebhook sends a test, and says what came of it.
func (s *site) testWebhook(w http.ResponseWriter, r *http.Request, v visitor) error {
	d, err := s.webhooks.Test(r.Context(), v.caller, webhookID(r))
	if err != nil {
		return err
	}
	n := newNotice("warning", "The test was not delivered", "")
	if len(d.Tried) > 0 {
		last := newDeliveryRow(d, false).Attempts[len(d.Tried)-1]
		n.Text = last.Result
		if !last.Bad {
			n = newNotice("ok", "The test was delivered", last.Result)
		}
	}
	s.tell(w, n)
	http.Redirect(w, r, webhookPath(d.Webhook), http.StatusSeeOther)
	return nil
}

func (s *site) retryDelivery(w http.ResponseWriter, r *http.Request, v visitor) error {
	d, err := s.webhooks.Retry(r.Context(), v.caller, webhookID(r), lanyard.WebhookEventID(r.PathValue("delivery")))
	if err != nil {
		return err
	}
	s.tell(w, newNotice("info", "It is sent again", "Open this page anew in a moment to see what came of it."))
	http.Redirect(w, r, webhookPath(d.Webhook), http.StatusSeeOther)
	return nil
}

// webhookAskPage asks before a secret is replaced or a webhook deleted.
type webhookAskPage struct {
	frame
	Host        string
	Delete      bool
	Action      string
	Back        string
	Description string
}

func (webhookAskPage) template() string { return "webhook_ask" }

func newWebhookAskPage(v visitor, hook *lanyard.Webhook, del bool) webhookAskPage {
	p := webhookAskPage{frame: newShellFrame(v, "Another secret for a webhook", "/organization"), Host: said(hook.Host()), Delete: del, Description: said(hook.Description),
		Action: webhookPath(hook.ID) + "/rotate", Back: webhookPath(hook.ID)}
	if del {
		p.Title, p.Action = "Delete a webhook", webhookPath(hook.ID)+"/delete"
	}
	return p
}

func (s *site) askRotateWebhook(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.askWebhook(w, r, v, false)
}

func (s *site) askDeleteWebhook(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.askWebhook(w, r, v, true)
}

func (s *site) askWebhook(w http.ResponseWriter, r *http.Request, v visitor, del bool) error {
	hook, err := s.webhooks.Read(r.Context(), v.caller, webhookID(r))
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newWebhookAskPage(v, hook, del))
}

func (s *site) rotateWebhook(w http.ResponseWriter, r *http.Request, v visitor) error {
	hook, err := s.webhooks.Read(r.Context(), v.caller, webhookID(r))
	if err != nil {
		return err
	}
	secret, until, err := s.webhooks.Rotate(r.Context(), v.caller, hook.ID)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newWebhookSecretPage(v, hook, secret, until))
}

func (s *site) deleteWebhook(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := s.webhooks.Delete(r.Context(), v.caller, webhookID(r)); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The webhook was deleted", ""))
	http.Redirect(w, r, webhooksPath, http.StatusSeeOther)
	return nil
}
