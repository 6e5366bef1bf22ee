package web

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
)

// passwordHelp says beforehand what a password has to be.
const passwordHelp = "At least 12 characters. Several words in a row are easy to remember and hard to guess."

// setupPage makes the first organization and its owner.
type setupPage struct {
	frame
	form
	Action       string
	Organization field
	Name         field
	Email        field
	Password     field
}

func (setupPage) template() string { return "setup" }

func newSetupPage(token string, in account.Setup, d *problem.Document) setupPage {
	p := setupPage{frame: newFrame(visitor{}, "Set up Lanyard"), Action: "/setup/" + url.PathEscape(token)}
	p.form = newForm(d, "Lanyard is not set up yet")
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.Organization = p.field(field{ID: "organization", Name: "organization", Label: "Organization", Value: in.Organization, Autocomplete: "organization",
		Help: "Everything in Lanyard belongs to it. Your company's or team's name, for example."}, "/organization")
	p.Name = p.field(field{ID: "name", Name: "name", Label: "Your name", Value: in.Name, Autocomplete: "name"}, "/name")
	p.Email = p.field(field{ID: "email", Name: "email", Label: "Your e-mail address", Type: "email", Value: in.Email, Autocomplete: "email"}, "/email")
	p.Password = p.field(field{ID: "password", Name: "password", Label: "Password", Type: "password", Autocomplete: "new-password", Help: passwordHelp}, "/password")
	p.Secrets = p.Failed
	p.rest()
	return p
}

func (s *site) setupForm(w http.ResponseWriter, r *http.Request, _ visitor) error {
	token := r.PathValue("token")
	if err := s.accounts.SetupOpen(r.Context(), token); err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newSetupPage(token, account.Setup{}, nil))
}

func (s *site) setup(w http.ResponseWriter, r *http.Request, _ visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	token := r.PathValue("token")
	in := account.Setup{
		Organization: strings.TrimSpace(r.PostForm.Get("organization")),
		Name:         strings.TrimSpace(r.PostForm.Get("name")),
		Email:        strings.TrimSpace(r.PostForm.Get("email")),
		Password:     lanyard.NewSecret(r.PostForm.Get("password")),
	}
	signedIn, err := s.accounts.Setup(r.Context(), token, in, s.browser(r))
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newSetupPage(token, in, d))
	} else if err != nil {
		return err
	}
	return s.begin(w, r, signedIn)
}
