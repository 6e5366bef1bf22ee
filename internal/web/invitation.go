package web

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
)

// invitationPage is where an invited person joins the organization.
type invitationPage struct {
	frame
	form
	Action       string
	Organization string
	InvitedBy    string
	As           string // the role, in words
	HasAccount   bool
	Email        field
	Name         field
	Password     field
}

func (invitationPage) template() string { return "invitation" }

func newInvitationPage(v visitor, token string, o *account.OpenInvitation, in account.Acceptance, d *problem.Document) invitationPage {
	p := invitationPage{
		frame: newFrame(v, "Join "+o.Organization), form: newForm(d, "You have not joined yet"), Action: "/invitation/" + url.PathEscape(token),
		Organization: o.Organization, InvitedBy: o.InvitedBy, As: roleWithArticle(o.Role), HasAccount: o.HasAccount,
	}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	email := field{ID: "email", Name: "email", Label: "Your e-mail address", Type: "email", Value: in.Email, Autocomplete: "email"}
	if o.Email != "" {
		email.Value, email.Frozen = o.Email, "The invitation is for this address."
	}
	p.Name = p.field(field{ID: "name", Name: "name", Label: "Your name", Value: in.Name, Autocomplete: "name", Help: "1 to 50 characters. Everybody in the organization sees it."}, "/name")
	p.Email = p.field(email, "/email")
	p.Password = p.field(field{ID: "password", Name: "password", Label: "Password", Type: "password", Autocomplete: "new-password", Help: passwordHelp}, "/password")
	p.Secrets = p.Failed
	p.rest()
	return p
}

func roleWithArticle(role lanyard.Role) string {
	if role == lanyard.RoleMember {
		return "a member"
	}
	return "an " + string(role)
}

// invitationForm shows an invitation. Opening it changes nothing, so whoever looks at it beforehand, a mail program or
// another site, does not use it up.
func (s *site) invitationForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	token := r.PathValue("token")
	open, err := s.accounts.InvitationOpen(r.Context(), token)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newInvitationPage(v, token, open, account.Acceptance{}, nil))
}

func (s *site) acceptInvitation(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	token := r.PathValue("token")
	in := account.Acceptance{
		Name: strings.TrimSpace(r.PostForm.Get("name")), Email: strings.TrimSpace(r.PostForm.Get("email")), Password: lanyard.NewSecret(r.PostForm.Get("password")),
	}
	signedIn, err := s.accounts.AcceptInvitation(r.Context(), token, in, s.browser(r))
	if d := s.onForm(r, err); d != nil {
		open, err := s.accounts.InvitationOpen(r.Context(), token)
		if err != nil {
			return err
		}
		return s.write(w, d.Status, newInvitationPage(v, token, open, in, d))
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "Welcome", "Your account is made. Sign in with your e-mail address and password from now on."))
	return s.begin(w, r, signedIn)
}
