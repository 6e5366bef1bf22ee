package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"lanyard"
)

// User is a person in an organization.
type User struct {
	Document
	ID         string       `json:"id"`
	Email      string       `json:"email"` // empty for somebody whom only a host application knows
	Name       string       `json:"name"`
	Role       lanyard.Role `json:"role"`
	ExternalID string       `json:"external_id"` // the host application's own id for this person
	Disabled   bool         `json:"disabled"`
	CreatedAt  time.Time    `json:"created_at"`
}

// UserFilter narrows a list of users; its zero value is everybody.
type UserFilter struct {
	Query      string // a part of the name, e-mail address or external id
	Role       lanyard.Role
	ExternalID string // exactly
}

// Users lists the people of the organization, by e-mail address.
func (c *Client) Users(f UserFilter) *List[User] {
	return &List[User]{c, "/v1/users", filter("q", f.Query, "role", string(f.Role), "external_id", f.ExternalID)}
}

// NewUser describes a user to add. One of e-mail address and external id may be empty.
type NewUser struct {
	Email      string       `json:"email,omitempty"`
	Name       string       `json:"name"`
	Role       lanyard.Role `json:"role,omitempty"` // member when empty
	ExternalID string       `json:"external_id,omitempty"`
}

// CreateUser adds a user to the organization.
func (c *Client) CreateUser(ctx context.Context, n NewUser) (*User, error) {
	return call[User](ctx, c, http.MethodPost, "/v1/users", nil, n)
}

// User reads one user.
func (c *Client) User(ctx context.Context, id string) (*User, error) {
	return call[User](ctx, c, http.MethodGet, "/v1/users/"+link(id), nil, nil)
}

// EditUser changes name, email, role, external_id or disabled by a JSON merge patch (RFC 7396), a json.RawMessage or any
// value that encodes as one.
func (c *Client) EditUser(ctx context.Context, id string, mergePatch any) (*User, error) {
	return call[User](ctx, c, http.MethodPatch, "/v1/users/"+link(id), nil, mergePatch)
}

// Removal says what becomes of the connections and custom services of a user who is removed. Its zero value removes only
// who has none.
type Removal struct {
	HandOverTo        string // id of the user who gets them
	DeleteConnections bool   // they are deleted, with everybody's authorizations
}

// RemoveUser removes a user, and ends everything that is theirs.
func (c *Client) RemoveUser(ctx context.Context, id string, r Removal) error {
	query := url.Values{}
	if r.HandOverTo != "" {
		query.Set("hand_over_to", r.HandOverTo)
	}
	if r.DeleteConnections {
		query.Set("delete_connections", "true")
	}
	_, err := c.exchange(ctx, http.MethodDelete, "/v1/users/"+link(id), query, nil)
	return err
}

// HandedOver says how much has a new owner.
type HandedOver struct {
	Document
	Connections           int `json:"connections"`
	Services              int `json:"services"`
	RevokedAuthorizations int `json:"revoked_authorizations"` // the new owner connects these anew
}

// HandOver gives every connection and custom service of a user to another one, both by id.
func (c *Client) HandOver(ctx context.Context, id, to string) (*HandedOver, error) {
	return call[HandedOver](ctx, c, http.MethodPost, "/v1/users/"+link(id)+"/hand_over", nil, map[string]string{"to": to})
}
