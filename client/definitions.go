package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"lanyard"
)

// Plan is what applying definitions changes, or has changed.
type Plan struct {
	Document
	Steps []PlanStep `json:"steps"` // in the order in which they are made
	// Drift is what is in the organization and not in the document, of the kinds that the document has.
	Drift []PlanDrift `json:"drift"`
	Notes []string    `json:"notes"` // what applying does not do, and who can
	// Digest stands for the plan; see [Client.ApplyDefinitions].
	Digest string    `json:"digest"`
	Keys   []MadeKey `json:"keys"` // API keys that applying made
}

// PlanStep is one change.
type PlanStep struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	Action string   `json:"action"` // create or change
	Words  []string `json:"words"`
	Ends   int      `json:"ends"` // authorizations that it revokes
}

// PlanDrift is one thing that a document does not name.
type PlanDrift struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// MadeKey is an API key that was just made.
type MadeKey struct {
	Name string         `json:"name"`
	Key  lanyard.Secret `json:"key"`
}

// Definitions reads everything of the organization that is not a secret, as YAML for people.
func (c *Client) Definitions(ctx context.Context) ([]byte, error) {
	return c.exchangeAs(ctx, "application/yaml", http.MethodGet, "/v1/definitions", nil, nil)
}

// DefinitionsJSON is [Client.Definitions] as JSON.
func (c *Client) DefinitionsJSON(ctx context.Context) (json.RawMessage, error) {
	return c.exchange(ctx, http.MethodGet, "/v1/definitions", nil, nil)
}

// PlanDefinitions says what applying a document, in JSON, would change.
func (c *Client) PlanDefinitions(ctx context.Context, document json.RawMessage) (*Plan, error) {
	return call[Plan](ctx, c, http.MethodPost, "/v1/definitions/plan", nil, document)
}

// ApplyDefinitions applies a document, all of it or nothing. Digest is that of the plan that somebody read; empty: whatever
// the plan is by now.
func (c *Client) ApplyDefinitions(ctx context.Context, document json.RawMessage, digest string) (*Plan, error) {
	q := url.Values{}
	if digest != "" {
		q.Set("digest", digest)
	}
	return call[Plan](ctx, c, http.MethodPost, "/v1/definitions/apply", q, document)
}
