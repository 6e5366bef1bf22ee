package client

import (
	"context"
	"net/http"
	"time"

	"lanyard"
)

// Invitation lets one person join the organization. Its link is told once, in [CreatedInvitation].
type Invitation struct {
	Document
	ID        string       `json:"id"`
	Email     string       `json:"email"` // of the person it is for; empty: whoever has the link
	Role      lanyard.Role `json:"role"`
	CreatedBy string       `json:"created_by"` // id of a user
	CreatedAt time.Time    `json:"created_at"`
	ExpiresAt time.Time    `json:"expires_at"`
}

// CreatedInvitation is a new invitation. The server keeps a hash of its link, so this is the only time that it is seen.
type CreatedInvitation struct {
	Invitation
	URL    lanyard.Secret `json:"url"`
	Mailed bool           `json:"mailed"` // the mail server took a message with the link
}

// NewInvitation says whom to invite.
type NewInvitation struct {
	Email string       `json:"email,omitempty"` // empty: whoever has the link
	Role  lanyard.Role `json:"role"`
}

// Invitations lists the invitations that can still be accepted, newest first.
func (c *Client) Invitations() *List[Invitation] { return &List[Invitation]{c, "/v1/invitations", nil} }

// Invite makes a link with which one person joins the organization.
func (c *Client) Invite(ctx context.Context, n NewInvitation) (*CreatedInvitation, error) {
	return call[CreatedInvitation](ctx, c, http.MethodPost, "/v1/invitations", nil, n)
}

// RevokeInvitation takes an invitation back: its link does not work any more.
func (c *Client) RevokeInvitation(ctx context.Context, id string) error {
	_, err := c.exchange(ctx, http.MethodDelete, "/v1/invitations/"+link(id), nil, nil)
	return err
}
