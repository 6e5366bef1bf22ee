package lanyard

import (
	"slices"
	"strings"
	"time"
)

// EventType names what a webhook tells.
type EventType string

const (
	EventConnected         EventType = "authorization.connected"
	EventRefreshFailed     EventType = "authorization.refresh_failed"
	EventReconnectRequired EventType = "authorization.reconnect_required"
	EventRevoked           EventType = "authorization.revoked"
	// EventTest is sent when somebody asks for it, and to that webhook alone; nobody subscribes to it.
	EventTest EventType = "webhook.test"
)

// EventTypes are those that a webhook can be narrowed down to.
var EventTypes = []EventType{EventConnected, EventRefreshFailed, EventReconnectRequired, EventRevoked}

// Webhook is an address of a host application that is told what happens to the authorizations of an organization. Its
// secret, with which each message is signed, is sealed beside it and opened separately.
type Webhook struct {
	ID             WebhookID
	OrganizationID OrganizationID
	URL            string
	Description    string
	Events         []EventType // the only ones it is told; empty: every one, and those that are added later
	Enabled        bool
	// SwitchedOff says in words why Lanyard itself switched it off; empty when it did not.
	SwitchedOff   string
	SwitchedOffAt time.Time
	FailingSince  time.Time // the first failure since it last worked; zero: it works, or was never tried
	CreatedBy     UserID
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Wants reports whether the webhook is told of events of a type.
func (w *Webhook) Wants(t EventType) bool {
	return len(w.Events) == 0 || slices.Contains(w.Events, t)
}

// Validate checks what a person gives. All faults are reported at once.
func (w *Webhook) Validate() error {
	var f FieldErrors
	switch _, _, err := ParseURL(w.URL); {
	case w.URL == "":
		f.Add("/url", "this is required")
	case len(w.URL) > maxURL:
		f.Add("/url", "a URL has at most %d characters", maxURL)
	case err != nil:
		f.Check("/url", err)
	case strings.Contains(w.URL, "#"):
		f.Add("/url", "a URL that is called has no part after a #")
	}
	f.Check("/description", checkText(w.Description, maxText))
	for i, t := range w.Events {
		switch {
		case !slices.Contains(EventTypes, t):
			f.Add(pointer("/events", i), "there is no such event")
		case slices.Index(w.Events, t) < i:
			f.Add(pointer("/events", i), "this event stands twice")
		}
	}
	return f.Err()
}

// WebhookSecrets are what messages are signed with.
type WebhookSecrets struct {
	Current Secret // whsec_ and the key in base 64
	// Previous signs along until PreviousUntil, so that a receiver can take the new one over without a gap.
	Previous      Secret
	PreviousUntil time.Time
}

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

const (
	DeliveryPending   DeliveryStatus = "pending"
	DeliveryDelivered DeliveryStatus = "delivered"
	DeliveryFailed    DeliveryStatus = "failed" // not tried again by itself
)

// Delivery is one event on its way to one webhook.
type Delivery struct {
	OrganizationID OrganizationID
	Webhook        WebhookID
	Event          WebhookEventID // names the delivery too: an event goes to a webhook once
	Type           EventType
	Status         DeliveryStatus
	Attempts       int       // so far
	NextAt         time.Time // when it is tried next; zero: not by itself
	CreatedAt      time.Time
}

// DeliveryAttempt is one request. The answer's body is not kept: nobody but its sender knows what is in it.
type DeliveryAttempt struct {
	Number   int
	At       time.Time
	Status   int // of the answer; 0: there was none
	Duration time.Duration
	Error    string // in words; empty when it was delivered
}

// Host is the host of its address, for where the whole of it would tell too much: a path or query may hold a token.
func (w *Webhook) Host() string {
	_, t, err := ParseURL(w.URL)
	if err != nil {
		return ""
	}
	return t.Host
}
