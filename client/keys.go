package client

import (
	"context"
	"net/http"
	"time"

	"lanyard"
)

// Key is an API key, without the key itself.
type Key struct {
	Document
	ID   string `json:"id"`
	Name string `json:"name"`
	Hint string `json:"hint"` // the last characters of the key, to tell keys apart
	// ActForUsers, Manage and Connections narrow what the key may do below what its user may.
	ActForUsers bool      `json:"act_for_users"`
	Manage      bool      `json:"manage"`
	Connections []string  `json:"connections"` // link names; empty: all
	CreatedAt   time.Time `json:"created_at"`
	ExpiresAt   time.Time `json:"expires_at"`   // zero: never
	LastUsedAt  time.Time `json:"last_used_at"` // zero: never; kept within a minute
	// ReturnToOrigins are where connect sessions of the key may lead back to.
	ReturnToOrigins []string `json:"return_to_origins"`
	// The key before a rotation, while that still works; otherwise these are zero.
	PreviousHint       string    `json:"previous_hint"`
	PreviousExpiresAt  time.Time `json:"previous_expires_at"`
	PreviousLastUsedAt time.Time `json:"previous_last_used_at"` // zero: never
}

// CreatedKey is a new API key. The server keeps a hash of it, so this is the only time that it is seen.
type CreatedKey struct {
	Key
	Secret lanyard.Secret `json:"key"`
}

// NewKey describes an API key to make for one's own user.
type NewKey struct {
	Name        string     `json:"name"`
	ActForUsers bool       `json:"act_for_users"`         // may name another user (see [Client.ForUser])
	Manage      *bool      `json:"manage,omitempty"`      // nil: true
	Connections []string   `json:"connections,omitempty"` // the only ones it may use; empty: all
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`  // nil: never
	// ReturnToOrigins are exact origins that connect sessions of the key may lead back to; for a key that acts for users.
	ReturnToOrigins []string `json:"return_to_origins,omitempty"`
}

// Keys lists the API keys of one's own user.
func (c *Client) Keys() *List[Key] { return &List[Key]{c, "/v1/api_keys", nil} }

// CreateKey makes an API key, which may do no more than the one that makes it.
func (c *Client) CreateKey(ctx context.Context, n NewKey) (*CreatedKey, error) {
	return call[CreatedKey](ctx, c, http.MethodPost, "/v1/api_keys", nil, n)
}

// RotateKey gives an API key a new secret. The present one goes on working for the overlap, at most 30 days; at zero it
// ends at once.
func (c *Client) RotateKey(ctx context.Context, id string, overlap time.Duration) (*CreatedKey, error) {
	body := map[string]int64{"overlap_seconds": int64(overlap / time.Second)}
	return call[CreatedKey](ctx, c, http.MethodPost, "/v1/api_keys/"+link(id)+"/rotate", nil, body)
}

// EndPreviousKey ends the secret that a key had before it was rotated.
func (c *Client) EndPreviousKey(ctx context.Context, id string) error {
	_, err := c.exchange(ctx, http.MethodDelete, "/v1/api_keys/"+link(id)+"/previous", nil, nil)
	return err
}

// DeleteKey ends an API key at once.
func (c *Client) DeleteKey(ctx context.Context, id string) error {
	_, err := c.exchange(ctx, http.MethodDelete, "/v1/api_keys/"+link(id), nil, nil)
	return err
}
