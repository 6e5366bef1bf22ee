package api

import (
	"context"
	"time"

	"lanyard"
	"lanyard/internal/account"
)

// Invitation is an invitation as it is listed: everything but its link.
type Invitation struct {
	ID        string    `json:"id" doc:"The invitation's id"`
	Email     string    `json:"email" doc:"Whom it is for; empty: whoever has the link"`
	Role      string    `json:"role" enum:"owner,admin,member" doc:"The role of whoever accepts it"`
	CreatedBy string    `json:"created_by" doc:"The id of the user who made it"`
	CreatedAt time.Time `json:"created_at" doc:"When it was made"`
	ExpiresAt time.Time `json:"expires_at" doc:"When it stops working"`
}

func encodeInvitation(i *lanyard.Invitation) Invitation {
	return Invitation{
		ID: string(i.ID), Email: i.Email, Role: string(i.Role), CreatedBy: string(i.CreatedBy), CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(),
	}
}

type listInvitationsInput struct{ Page }

func (a *API) listInvitations(ctx context.Context, c *lanyard.Caller, in *listInvitationsInput) (*answer[list[Invitation]], error) {
	invitations, next, err := a.Accounts.Invitations(ctx, c, in.store())
	if err != nil {
		return nil, err
	}
	return listAnswer(invitations, next, encodeInvitation), nil
}

type newInvitation struct {
	Email string `json:"email,omitempty" doc:"Whom it is for; whoever has the link when left out" example:"new@zylker.example"`
	Role  string `json:"role" enum:"owner,admin,member" doc:"The role of whoever accepts it, not above one's own"`
}

// createdInvitation is the one place where the link of an invitation is told.
type createdInvitation struct {
	Invitation
	URL    string `json:"url" doc:"Where the person joins, this once" example:"https://lanyard.example.com/invitation/…"`
	Mailed bool   `json:"mailed" doc:"Whether the mail server took a message with the link"`
}

type inviteInput struct{ Body newInvitation }

func (a *API) invite(ctx context.Context, c *lanyard.Caller, in *inviteInput) (*answer[createdInvitation], error) {
	made, err := a.Accounts.Invite(ctx, c, account.NewInvitation{Email: in.Body.Email, Role: lanyard.Role(in.Body.Role)})
	if err != nil {
		return nil, err
	}
	if made.MailErr != nil {
		a.Logger.WarnContext(ctx, "an invitation was not sent", "organization", c.Organization, "error", made.MailErr)
	}
	return &answer[createdInvitation]{createdInvitation{encodeInvitation(&made.Invitation), made.URL.Reveal(), made.Mailed}}, nil
}

type invitationID struct {
	ID string `path:"id" doc:"The invitation's id" example:"inv_B5WQX7LKZTPN2D3HRVJ4"`
}

func (a *API) revokeInvitation(ctx context.Context, c *lanyard.Caller, in *invitationID) (*struct{}, error) {
	return nil, a.Accounts.RevokeInvitation(ctx, c, lanyard.InvitationID(in.ID))
}
