package lanyard

import "time"

// InvitationID names an invitation.
type InvitationID string

func NewInvitationID() InvitationID { return InvitationID(newID("inv")) }

// Invitation lets one person join the organization with a link. Whoever has the link can use it, once, so it is stored
// as a hash and told once.
type Invitation struct {
	ID             InvitationID
	OrganizationID OrganizationID
	Email          string // of the person it is for; empty: whoever has the link gives an address
	Role           Role
	CreatedBy      UserID
	CreatedAt      time.Time
	ExpiresAt      time.Time
}
