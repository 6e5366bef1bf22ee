package account

import (
	"context"
	"errors"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/mail"
	"lanyard/internal/store"
)

// NewInvitation says whom to invite. Without an e-mail address the link is good for whoever has it.
type NewInvitation struct {
	Email string
	Role  lanyard.Role
}

// Invited is an invitation that was made just now.
type Invited struct {
	lanyard.Invitation
	URL lanyard.Secret // told this once
	// Mailed: the mail server took a message with the link to the person whom it is for.
	Mailed bool
	// MailErr is why the mail server did not; nil where there is none, or nobody to send to.
	MailErr error
}

// Invite makes a link with which one person joins the caller's organization within a week, and sends it to their address
// where there is one and mail is set up. It is good as long as its
// maker could make it: not when they are disabled or gone, or their role is below the one it gives. Conflict at /email
// when that person has an account with a password here.
func (a *Accounts) Invite(ctx context.Context, c *lanyard.Caller, in NewInvitation) (*Invited, error) {
	if err := access.ManagePeople(c); err != nil {
		return nil, err
	}
	email := strings.ToLower(strings.TrimSpace(in.Email))
	var f lanyard.FieldErrors
	if email != "" {
		f.Check("/email", checkEmail(email))
	}
	if !slices.Contains([]lanyard.Role{lanyard.RoleOwner, lanyard.RoleAdmin, lanyard.RoleMember}, in.Role) {
		f.Add("/role", "this is owner, admin or member")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := access.GrantRole(c, in.Role); err != nil {
		return nil, err
	}
	if email != "" {
		if err := a.checkInvitee(ctx, c, email); err != nil {
			return nil, err
		}
	}
	value, hash := token("invitation")
	now := a.store.Now()
	made := &Invited{
		Invitation: lanyard.Invitation{
			ID: lanyard.NewInvitationID(), OrganizationID: c.Organization, Email: email, Role: in.Role, CreatedBy: c.User,
			CreatedAt: now, ExpiresAt: now.Add(invitationLife),
		},
		URL: lanyard.NewSecret(a.publicURL + "/invitation/" + value),
	}
	if err := a.store.CreateInvitation(ctx, made.Invitation, hash, invitationEntry(c, lanyard.ActionInvitationCreate, &made.Invitation)); err != nil {
		return nil, err
	}
	if email != "" && a.mailer.Configured() {
		made.MailErr = a.mailInvitation(ctx, c, made)
		made.Mailed = made.MailErr == nil
	}
	return made, nil
}

func (a *Accounts) mailInvitation(ctx context.Context, c *lanyard.Caller, made *Invited) error {
	inviter, org, err := a.Me(ctx, c)
	if err != nil {
		return err
	}
	return a.mailer.Send(ctx, mail.Message{
		To:      made.Email,
		Subject: inviter.Name + " invites you to " + org.Name,
		Text: inviter.Name + " (" + inviter.Email + ") invites you to join the organization “" + org.Name + "” on this Lanyard:\n" + a.publicURL + "\n\n" +
			"Make your account with this link:\n\n" + made.URL.Reveal() + "\n\n" +
			"It is for you alone, and works once, until " + made.ExpiresAt.UTC().Format("2 January 2006, 15:04 UTC") + ".\n\n" +
			"If you do not know why you were invited, do nothing: no account is made without you.\n",
	})
}

// checkInvitee judges whoever has the address in the organization already.
func (a *Accounts) checkInvitee(ctx context.Context, c *lanyard.Caller, email string) error {
	there, err := a.store.Invitee(ctx, c.Organization, email)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil
	} else if err != nil {
		return err
	}
	if there.HasPassword || there.Disabled {
		e := lanyard.Errorf(lanyard.CodeConflict, "Somebody of this organization has that e-mail address already.")
		e.Fields = []lanyard.FieldError{{Pointer: "/email", Detail: "somebody of this organization has this address already"}}
		return e
	}
	return access.ManagePerson(c, &there.User)
}

func invitationEntry(c *lanyard.Caller, action lanyard.Action, v *lanyard.Invitation) lanyard.AuditEntry {
	audit := c.Audit(action, string(v.ID), invited(v))
	audit.Detail = map[string]string{"role": string(v.Role)}
	return audit
}

// invited names an invitation by whom it is for.
func invited(v *lanyard.Invitation) string {
	if v.Email == "" {
		return "whoever has the link"
	}
	return v.Email
}

// Invitations lists what was made and not accepted yet, newest first.
func (a *Accounts) Invitations(ctx context.Context, c *lanyard.Caller, p store.Page) ([]lanyard.Invitation, string, error) {
	if err := access.ManagePeople(c); err != nil {
		return nil, "", err
	}
	return a.store.Invitations(ctx, c.Organization, p)
}

// Invitation gives one that was not accepted yet; not_found otherwise.
func (a *Accounts) Invitation(ctx context.Context, c *lanyard.Caller, id lanyard.InvitationID) (*lanyard.Invitation, error) {
	if err := access.ManagePeople(c); err != nil {
		return nil, err
	}
	return a.store.Invitation(ctx, c.Organization, id)
}

// RevokeInvitation takes an invitation back: its link does not work any more.
func (a *Accounts) RevokeInvitation(ctx context.Context, c *lanyard.Caller, id lanyard.InvitationID) error {
	v, err := a.Invitation(ctx, c, id)
	if err != nil {
		return err
	}
	return a.store.DeleteInvitation(ctx, c.Organization, id, invitationEntry(c, lanyard.ActionInvitationRevoke, v))
}

// OpenInvitation is what somebody with the link is told before they accept.
type OpenInvitation struct {
	Organization string
	InvitedBy    string
	Email        string // empty: they give one
	Role         lanyard.Role
	// HasAccount: the person it is for has an account with a password in this organization, and signs in instead.
	HasAccount bool
}

// InvitationOpen reads an invitation by its token and changes nothing; not_found when it cannot be accepted any more.
func (a *Accounts) InvitationOpen(ctx context.Context, value string) (*OpenInvitation, error) {
	open, err := a.openInvitation(ctx, value)
	if err != nil {
		return nil, err
	}
	v := &OpenInvitation{Organization: open.Organization.Name, InvitedBy: open.Inviter.Name, Email: open.Email, Role: open.Role}
	if open.Invitee != nil {
		v.HasAccount, v.Role = open.Invitee.HasPassword, open.Invitee.Role
	}
	return v, nil
}

func (a *Accounts) openInvitation(ctx context.Context, value string) (*store.OpenInvitation, error) {
	if value == "" || len(value) > maxTokenLength {
		return nil, noInvitation()
	}
	open, err := a.store.InvitationByHash(ctx, hashToken("invitation", value))
	if err != nil {
		return nil, toldOfInvitation(err)
	}
	return open, checkInvitation(open)
}

// checkInvitation judges whether an invitation is as good as on the day it was made.
func checkInvitation(open *store.OpenInvitation) error {
	inviter := &lanyard.Caller{Organization: open.OrganizationID, User: open.Inviter.ID, KeyOwner: open.Inviter.ID, Role: open.Inviter.Role}
	err := access.GrantRole(inviter, open.Role)
	if err == nil && open.Invitee != nil {
		// Somebody of a higher role may have this address by now: what an admin made is not to give an owner's account away.
		err = access.ManagePerson(inviter, &open.Invitee.User)
	}
	if err != nil || open.Inviter.Disabled || open.Invitee != nil && open.Invitee.Disabled {
		return noInvitation()
	}
	return nil
}

func noInvitation() error {
	return lanyard.Errorf(lanyard.CodeNotFound, "This invitation is not good any more: it is too old, or was taken back. Ask whoever sent it for a new one.")
}

func toldOfInvitation(err error) error {
	switch {
	case errors.Is(err, store.ErrUsed):
		return lanyard.Errorf(lanyard.CodeNotFound, "This invitation was accepted already; each is good for one person, once. If it was you who accepted it, sign in. Otherwise ask whoever sent it for a new one.")
	case lanyard.CodeOf(err) == lanyard.CodeNotFound:
		return noInvitation()
	}
	return err
}

// Acceptance is what a person gives to join an organization.
type Acceptance struct {
	Name     string
	Email    string // used where the invitation is for nobody in particular
	Password lanyard.Secret
}

// AcceptInvitation makes the invited person's account and a browser session for it, and uses up the invitation. A user
// who is there already, as the API makes them, and never had a password gets this one, and keeps role and all else. Only
// an invitation made out to their address does that: with another one, anybody could take their account by naming it.
func (a *Accounts) AcceptInvitation(ctx context.Context, value string, in Acceptance, b Browser) (*SignedIn, error) {
	open, err := a.openInvitation(ctx, value) // whoever has no invitation costs no hashing
	if err != nil {
		return nil, err
	}
	email := open.Email
	var f lanyard.FieldErrors
	f.Check("/name", lanyard.CheckName(in.Name))
	if email == "" {
		email = strings.ToLower(strings.TrimSpace(in.Email))
		f.Check("/email", checkEmail(email))
	}
	f.Check("/password", checkPassword(in.Password, email, in.Name, open.Organization.Name))
	if err := f.Err(); err != nil {
		return nil, err
	}
	hash, err := a.hasher.hash(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	signedIn, session := a.newSession(nil, b)
	signedIn.User, err = a.store.AcceptInvitation(ctx, store.Acceptance{
		Hash: hashToken("invitation", value), User: lanyard.NewUserID(), Name: in.Name, Email: email, PasswordHash: hash, Session: session,
		Check: func(open *store.OpenInvitation) error {
			if err := checkInvitation(open); err != nil {
				return err
			}
			if open.Invitee != nil && open.Invitee.HasPassword {
				return lanyard.Errorf(lanyard.CodeConflict, "You have an account in this organization already: sign in with your e-mail address and password.")
			}
			return nil
		},
		Audit: func(open *store.OpenInvitation, user *lanyard.User) lanyard.AuditEntry {
			entry := signInEntry(user, b)
			entry.Action, entry.Object, entry.ObjectName = lanyard.ActionInvitationAccept, string(open.ID), invited(&open.Invitation)
			entry.Detail["role"] = string(user.Role)
			return entry
		},
	})
	if err != nil {
		return nil, toldOfInvitation(err)
	}
	return signedIn, nil
}
