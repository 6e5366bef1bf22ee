package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"lanyard"
)

// ResetLink sets a new password for a user, once. Whoever has the URL can take the account over.
type ResetLink struct {
	Document
	URL       lanyard.Secret `json:"url"`
	ExpiresAt time.Time      `json:"expires_at"`
	Mailed    bool           `json:"mailed"` // it was sent to the user too
}

// ResetPassword makes a reset link for a user of the organization. With revokeAccess everything that the user has
// connected ends when the link is used; otherwise the user decides.
func (c *Client) ResetPassword(ctx context.Context, user string, revokeAccess bool) (*ResetLink, error) {
	body := struct {
		RevokeAccess bool `json:"revoke_access"`
	}{revokeAccess}
	return call[ResetLink](ctx, c, http.MethodPost, "/v1/users/"+url.PathEscape(user)+"/reset_password", nil, body)
}

// SignOnProvider is the OpenID provider by which an organization's people sign in.
type SignOnProvider struct {
	Issuer       string   `json:"issuer"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret,omitempty"` // never in answers; empty keeps the one that is stored
	Domains      []string `json:"domains"`                 // of e-mail addresses
	RoleClaim    string   `json:"role_claim,omitempty"`    // empty: roles are given in Lanyard
	AdminValues  []string `json:"admin_values,omitempty"`
	MemberValues []string `json:"member_values,omitempty"` // empty: whoever is no admin by the claim is a member
	MayJoin      bool     `json:"may_join,omitempty"`
	PasswordOff  bool     `json:"password_off,omitempty"`
}

// SingleSignOn is a [SignOnProvider] as it is set up.
type SingleSignOn struct {
	Document
	SignOnProvider
	ClientSecretSet bool      `json:"client_secret_set"`
	CallbackURL     string    `json:"callback_url"` // to be registered with the provider
	SignInURL       string    `json:"sign_in_url"`  // where people can begin
	UpdatedAt       time.Time `json:"updated_at"`
}

// SingleSignOn reads the organization's single sign-on; not_found when there is none.
func (c *Client) SingleSignOn(ctx context.Context) (*SingleSignOn, error) {
	return call[SingleSignOn](ctx, c, http.MethodGet, "/v1/organization/single_sign_on", nil, nil)
}

// SetSingleSignOn sets it up. The provider is asked for its metadata.
func (c *Client) SetSingleSignOn(ctx context.Context, p SignOnProvider) (*SingleSignOn, error) {
	return call[SingleSignOn](ctx, c, http.MethodPut, "/v1/organization/single_sign_on", nil, p)
}

// DeleteSingleSignOn ends it: people sign in with their passwords.
func (c *Client) DeleteSingleSignOn(ctx context.Context) error {
	_, err := c.exchange(ctx, http.MethodDelete, "/v1/organization/single_sign_on", nil, nil)
	return err
}
