package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/account"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

// invitePage asks whom to invite.
type invitePage struct {
	frame
	form
	Email field
	Role  field
}

func (invitePage) template() string { return "invite" }

const invitationsPath = "/organization/invitations"

func newInvitePage(v visitor, in account.NewInvitation, d *problem.Document) invitePage {
	p := invitePage{frame: newShellFrame(v, "Invite somebody", "/organization"), form: newForm(d, "Nobody was invited")}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.Email = p.field(field{ID: "email", Name: "email", Label: "E-mail address", Type: "email", Value: in.Email, Optional: true,
		Help: "Whom the invitation is for. Left empty, whoever has the link can use it, once."}, "/email")
	p.Role = p.field(field{ID: "role", Name: "role", Label: "Role", Value: string(in.Role), Choices: rolesToGive(v.caller), Chosen: true,
		Help: "Members connect and call. Admins also manage people and see everybody’s activity. Owners may do everything."}, "/role")
	p.rest()
	return p
}

// rolesToGive are the roles that the visitor may give to others, the least first.
func rolesToGive(c *lanyard.Caller) []lanyard.Choice {
	var roles []lanyard.Choice
	for _, r := range []lanyard.Choice{{Value: "member", Name: "Member"}, {Value: "admin", Name: "Admin"}, {Value: "owner", Name: "Owner"}} {
		if access.GrantRole(c, lanyard.Role(r.Value)) == nil {
			roles = append(roles, r)
		}
	}
	return roles
}

func (s *site) inviteForm(w http.ResponseWriter, _ *http.Request, v visitor) error {
	if err := access.ManagePeople(v.caller); err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newInvitePage(v, account.NewInvitation{Role: lanyard.RoleMember}, nil))
}

// invitedPage shows the link of an invitation, this once.
type invitedPage struct {
	frame
	Email   string
	As      string
	Expires time.Time
	Link    command
	Mail    notice // whether it was sent
}

func (invitedPage) template() string { return "invited" }

func newInvitedPage(v visitor, made *account.Invited) invitedPage {
	p := invitedPage{
		frame: newShellFrame(v, "The invitation", "/organization"), Email: made.Email, As: roleWithArticle(made.Role), Expires: made.ExpiresAt,
		Link: newCommand("invitation-link", "The link", made.URL.Reveal()),
	}
	switch {
	case made.Mailed:
		p.Mail = newNotice("ok", "The mail is on its way", "The link was sent to "+made.Email+". You can give it to them yourself, too.")
	case made.MailErr != nil:
		p.Mail = newNotice("warning", "It could not be sent by mail", "The mail server did not take the message; whoever runs this Lanyard finds the reason in its log. Give the link to them yourself.")
	case made.Email != "":
		p.Mail = newNotice("info", "It was not sent by mail", "This Lanyard is not set up to send mail. Give the link to them yourself.")
	}
	return p
}

// invite makes an invitation and shows its link. Sending the form again makes another one.
func (s *site) invite(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := account.NewInvitation{Email: strings.TrimSpace(r.PostForm.Get("email")), Role: lanyard.Role(r.PostForm.Get("role"))}
	made, err := s.accounts.Invite(r.Context(), v.caller, in)
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newInvitePage(v, in, d))
	} else if err != nil {
		return err
	}
	if made.MailErr != nil {
		s.log.WarnContext(r.Context(), "an invitation was not sent", "organization", v.organization.ID, "error", made.MailErr)
	}
	return s.write(w, http.StatusOK, newInvitedPage(v, made))
}

// invitationsPage lists the invitations that nobody accepted yet.
type invitationsPage struct {
	frame
	List  []invitationRow
	First bool // the list begins here
	Next  string
}

func (invitationsPage) template() string { return "invitations" }

// invitationRow is an invitation in the list.
type invitationRow struct {
	Email   string // empty: for whoever has the link
	Role    lanyard.Role
	By      string
	Created time.Time
	Expires time.Time
	Revoke  string // address of the page that asks
}

func newInvitationRow(i *lanyard.Invitation, names store.Names) invitationRow {
	return invitationRow{
		Email: i.Email, Role: i.Role, By: nameOf(names.Users, i.CreatedBy, "A former user"), Created: i.CreatedAt, Expires: i.ExpiresAt,
		Revoke: invitationsPath + "/" + url.PathEscape(string(i.ID)) + "/revoke",
	}
}

func newInvitationsPage(v visitor, list []lanyard.Invitation, names store.Names, cursor, next string) invitationsPage {
	p := invitationsPage{frame: newShellFrame(v, "Invitations", "/organization"), First: cursor == ""}
	for i := range list {
		p.List = append(p.List, newInvitationRow(&list[i], names))
	}
	if next != "" {
		p.Next = invitationsPath + "?cursor=" + url.QueryEscape(next)
	}
	return p
}

func (s *site) invitations(w http.ResponseWriter, r *http.Request, v visitor) error {
	cursor := r.URL.Query().Get("cursor")
	list, next, err := s.accounts.Invitations(r.Context(), v.caller, store.Page{Cursor: cursor, Limit: peopleLimit})
	if err != nil {
		return err
	}
	var by []lanyard.UserID
	for i := range list {
		by = append(by, list[i].CreatedBy)
	}
	names, err := s.accounts.Names(r.Context(), v.caller, distinct(by), nil)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newInvitationsPage(v, list, names, cursor, next))
}

// revokeInvitationPage asks before an invitation is taken back.
type revokeInvitationPage struct {
	frame
	Invitation invitationRow
}

func (revokeInvitationPage) template() string { return "revoke_invitation" }

func newRevokeInvitationPage(v visitor, i *lanyard.Invitation) revokeInvitationPage {
	return revokeInvitationPage{newShellFrame(v, "Take the invitation back", "/organization"), newInvitationRow(i, store.Names{})}
}

func (s *site) revokeInvitationForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	i, err := s.accounts.Invitation(r.Context(), v.caller, lanyard.InvitationID(r.PathValue("invitation")))
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newRevokeInvitationPage(v, i))
}

func (s *site) revokeInvitation(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := s.accounts.RevokeInvitation(r.Context(), v.caller, lanyard.InvitationID(r.PathValue("invitation"))); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The invitation is taken back", "Its link does not work any more."))
	http.Redirect(w, r, invitationsPath, http.StatusSeeOther)
	return nil
}
