package web

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
)

// newRevokeField asks whether connected accounts end with the password.
func newRevokeField(connected int, on bool) field {
	f := field{ID: "revoke", Name: "revoke_access", Label: "Revoke access granted to all connected apps", Type: "switch",
		Help: "Ends what you have connected (" + counted(connected, "account") + "): the credentials are erased, their providers are told, and each has to be connected again when it is next used. " +
			"Choose it if somebody else may have had your password."}
	if on {
		f.Value = "on"
	}
	return f
}

// forgotPage asks where to send a link that sets a new password, and says that it was sent.
type forgotPage struct {
	frame
	form
	Email   field
	CanMail bool
	Sent    bool
}

func (forgotPage) template() string { return "forgot" }

func newForgotPage(email string, canMail bool, d *problem.Document) forgotPage {
	p := forgotPage{frame: newFrame(visitor{}, "Forgot your password?"), form: newForm(d, "No link was sent"), CanMail: canMail}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.Email = p.field(field{ID: "email", Name: "email", Label: "E-mail address", Type: "email", Value: email, Autocomplete: "username"}, "/email")
	p.rest()
	return p
}

func (s *site) forgotForm(w http.ResponseWriter, _ *http.Request, _ visitor) error {
	return s.write(w, http.StatusOK, newForgotPage("", s.accounts.CanMail(), nil))
}

// forgot answers the same whoever is asked for.
func (s *site) forgot(w http.ResponseWriter, r *http.Request, _ visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	email := strings.TrimSpace(r.PostForm.Get("email"))
	err := s.accounts.RequestReset(r.Context(), email, s.browser(r))
	if d := s.onForm(r, err); d != nil {
		retryAfter(w, d)
		return s.write(w, d.Status, newForgotPage(email, s.accounts.CanMail(), d))
	} else if err != nil {
		return err
	}
	p := newForgotPage(email, true, nil)
	p.Sent = true
	return s.write(w, http.StatusOK, p)
}

// resetPage sets a new password with a link.
type resetPage struct {
	frame
	form
	Action       string
	Email        string
	Organization string
	New          field
	Connected    string // what is connected, in words; empty for nothing
	Revoke       *field // nil: there is nothing to decide
	Revoked      bool   // whoever made the link decided that it ends
}

func (resetPage) template() string { return "reset" }

func newResetPage(token string, r *account.Reset, revoke bool, d *problem.Document) resetPage {
	p := resetPage{frame: newFrame(visitor{}, "Set a new password"), form: newForm(d, "Your password is as it was"),
		Action: "/reset/" + url.PathEscape(token), Email: r.User.Email, Organization: r.Organization.Name, Revoked: r.RevokeAccess}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.New = p.field(field{ID: "new", Name: "new", Label: "New password", Type: "password", Autocomplete: "new-password", Help: passwordHelp}, "/new_password")
	if r.Access.Connected > 0 {
		p.Connected = counted(r.Access.Connected, "connected account")
		if !r.RevokeAccess {
			f := newRevokeField(r.Access.Connected, revoke)
			p.Revoke = &f
		}
	}
	p.Secrets = p.Failed
	p.rest()
	return p
}

func (s *site) resetForm(w http.ResponseWriter, r *http.Request, _ visitor) error {
	return s.writeReset(w, r, http.StatusOK, false, nil)
}

func (s *site) writeReset(w http.ResponseWriter, r *http.Request, status int, revoke bool, d *problem.Document) error {
	token := r.PathValue("token")
	reset, err := s.accounts.Reset(r.Context(), token)
	if err != nil {
		return err
	}
	return s.write(w, status, newResetPage(token, reset, revoke, d))
}

func (s *site) reset(w http.ResponseWriter, r *http.Request, _ visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	revoke := r.PostForm.Get("revoke_access") != ""
	changed, err := s.accounts.ResetPassword(r.Context(), r.PathValue("token"), lanyard.NewSecret(r.PostForm.Get("new")), revoke, s.browser(r))
	if d := s.onForm(r, err); d != nil {
		retryAfter(w, d)
		return s.writeReset(w, r, d.Status, revoke, d)
	} else if err != nil {
		return err
	}
	s.tell(w, passwordChanged(changed))
	return s.begin(w, r, &changed.SignedIn)
}

// resetLinkPage makes a link with which somebody else sets a new password, and shows it, once.
type resetLinkPage struct {
	frame
	Person  lanyard.User
	Action  string
	Revoke  field
	CanMail bool
	Link    command // of the link that was made
	Mailed  bool
}

func (resetLinkPage) template() string { return "reset_link" }

func newResetLinkPage(v visitor, person *lanyard.User, canMail bool) resetLinkPage {
	return resetLinkPage{
		frame: newShellFrame(v, "Reset a password", "/organization"), Person: *person, CanMail: canMail,
		Action: "/organization/people/" + url.PathEscape(string(person.ID)) + "/reset",
		Revoke: field{ID: "revoke", Name: "revoke_access", Label: "Revoke access granted to all connected apps", Type: "switch",
			Help: "When the new password is set, everything that this person has connected ends: credentials are erased, providers are told, and each connection has to be connected again. Without it, the person decides."},
	}
}

func (s *site) resetLinkForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	person, err := s.accounts.PersonToReset(r.Context(), v.caller, lanyard.UserID(r.PathValue("user")))
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newResetLinkPage(v, person, s.accounts.CanMail()))
}

// makeResetLink shows the link, this once. Sending the form again makes another one; the first works too, until one of
// them is used.
func (s *site) makeResetLink(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	link, err := s.accounts.CreateResetLink(r.Context(), v.caller, lanyard.UserID(r.PathValue("user")), r.PostForm.Get("revoke_access") != "")
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newMadeResetLinkPage(v, link, s.accounts.CanMail()))
}

func newMadeResetLinkPage(v visitor, link *account.ResetLink, canMail bool) resetLinkPage {
	p := newResetLinkPage(v, &link.User, canMail)
	// This is the one page that shows it.
	p.Link, p.Mailed = newCommand("reset-link", "Link that sets a new password", link.URL.Reveal()), link.Mailed
	return p
}
