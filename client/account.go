package client

import (
	"context"
	"net/http"
	"time"

	"lanyard"
)

// Me is who asks: the acting user, the organization, and what the API key may do.
type Me struct {
	Document
	Organization Organization `json:"organization"`
	User         User         `json:"user"`
	Key          KeyRights    `json:"key"`
}

// Organization is the tenant that a user belongs to.
type Organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// KeyRights say whose key it is and what it may do.
type KeyRights struct {
	ID          string   `json:"id"`
	Owner       string   `json:"owner"` // id; another than the acting user's where the key acts for that user
	ActForUsers bool     `json:"act_for_users"`
	Manage      bool     `json:"manage"`
	Connections []string `json:"connections"` // link names; empty: all
}

// Me says who asks.
func (c *Client) Me(ctx context.Context) (*Me, error) {
	return call[Me](ctx, c, http.MethodGet, "/v1/me", nil, nil)
}

// SignInLink signs a browser in as the user of the key, once. Whoever has the URL can use it.
type SignInLink struct {
	Document
	URL       lanyard.Secret `json:"url"`
	ExpiresAt time.Time      `json:"expires_at"`
}

// CreateSignInLink makes a sign-in link for the user of the key.
func (c *Client) CreateSignInLink(ctx context.Context) (*SignInLink, error) {
	return call[SignInLink](ctx, c, http.MethodPost, "/v1/sign_in_links", nil, nil)
}
