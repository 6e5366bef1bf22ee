package lanyard_test

import (
	"errors"
	"strings"
	"testing"

	"lanyard"
)

func TestWebhookValidate(t *testing.T) {
	long := "https://app.example/" + strings.Repeat("x", 2048)
	for _, c := range []struct {
		name    string
		webhook lanyard.Webhook
		pointer string // of the fault; empty: there is none
	}{
		{"https", lanyard.Webhook{URL: "https://app.example/hook?tenant=7"}, ""},
		{"http, which a network may allow", lanyard.Webhook{URL: "http://10.0.0.7:8080/hook"}, ""},
		{"some events", lanyard.Webhook{URL: "https://app.example", Events: lanyard.EventTypes}, ""},
		{"nothing", lanyard.Webhook{}, "/url"},
		{"no URL", lanyard.Webhook{URL: "app.example/hook"}, "/url"},
		{"another scheme", lanyard.Webhook{URL: "ftp://app.example"}, "/url"},
		{"a password", lanyard.Webhook{URL: "https://user:password@app.example"}, "/url"},
		{"a fragment", lanyard.Webhook{URL: "https://app.example/#part"}, "/url"},
		{"a line break", lanyard.Webhook{URL: "https://app.example/\nx"}, "/url"},
		{"too long", lanyard.Webhook{URL: long}, "/url"},
		{"a long description", lanyard.Webhook{URL: "https://app.example", Description: strings.Repeat("x", 501)}, "/description"},
		{"an event that there is not", lanyard.Webhook{URL: "https://app.example", Events: []lanyard.EventType{"authorization.deleted"}}, "/events/0"},
		{"a test is not subscribed to", lanyard.Webhook{URL: "https://app.example", Events: []lanyard.EventType{lanyard.EventTest}}, "/events/0"},
		{"an event twice", lanyard.Webhook{URL: "https://app.example", Events: []lanyard.EventType{lanyard.EventRevoked, lanyard.EventRevoked}}, "/events/1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.webhook.Validate()
			var e *lanyard.Error
			switch {
			case c.pointer == "" && err != nil:
				t.Errorf("got %v", err)
			case c.pointer != "" && (!errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Pointer != c.pointer):
				t.Errorf("got %v, want a fault of %s", err, c.pointer)
			}
		})
	}
}
