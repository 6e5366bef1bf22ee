package web

import (
	"net/http"
	"net/url"

	"lanyard"
	"lanyard/internal/problem"
)

// signInForm asks for e-mail address and password.
type signInForm struct {
	form
	Email    field
	Password field
}

func newSignInForm(email string, d *problem.Document) signInForm {
	f := signInForm{form: newForm(d, "You are not signed in")}
	f.Email = f.field(field{ID: "email", Name: "email", Label: "E-mail address", Type: "email", Value: email, Autocomplete: "username"}, "/email")
	f.Password = f.field(field{ID: "password", Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"}, "/password")
	f.Secrets = f.Failed
	f.rest()
	return f
}

// signInPage is where somebody signs in.
type signInPage struct {
	frame
	signInForm
	// Needed: something was asked for that is for people who are signed in. ComeBack is the page that opens afterwards;
	// empty when it was no page.
	Needed   bool
	ComeBack string
}

func (signInPage) template() string { return "sign_in" }

func newSignInPage(comeBack string, needed bool, email string, d *problem.Document) signInPage {
	p := signInPage{frame: newFrame(visitor{}, "Sign in"), signInForm: newSignInForm(email, d), Needed: needed, ComeBack: comeBack}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	return p
}

func (s *site) signInForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	if v.caller != nil && !r.URL.Query().Has("another") {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	return s.write(w, http.StatusOK, newSignInPage("", false, "", nil))
}

func (s *site) signInWithPassword(w http.ResponseWriter, r *http.Request, _ visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	email := r.PostForm.Get("email")
	signedIn, err := s.accounts.SignInWithPassword(r.Context(), email, lanyard.NewSecret(r.PostForm.Get("password")), s.browser(r))
	if d := s.onForm(r, err); d != nil {
		retryAfter(w, d)
		return s.write(w, d.Status, newSignInPage("", false, email, d))
	} else if err != nil {
		return err
	}
	return s.begin(w, r, signedIn)
}

// confirmSignInPage asks before a link of another site signs this browser in.
type confirmSignInPage struct {
	frame
	Action string // where the form goes
}

func (confirmSignInPage) template() string { return "confirm_sign_in" }

func newConfirmSignInPage(v visitor, token string) confirmSignInPage {
	return confirmSignInPage{frame: newFrame(v, "Sign in"), Action: "/sign-in/" + url.PathEscape(token)}
}

// openSignIn signs the browser in by opening the link. Where another site led here, a person presses a button first:
// otherwise any site could sign a browser in as somebody else unnoticed, and a mail program's preview could use up the
// link.
func (s *site) openSignIn(w http.ResponseWriter, r *http.Request, v visitor) error {
	if otherSite(r) {
		return s.write(w, http.StatusOK, newConfirmSignInPage(v, r.PathValue("token")))
	}
	return s.signIn(w, r, v)
}

func (s *site) signIn(w http.ResponseWriter, r *http.Request, _ visitor) error {
	signedIn, err := s.accounts.SignIn(r.Context(), r.PathValue("token"), s.browser(r))
	if err != nil {
		return err
	}
	return s.begin(w, r, signedIn)
}

// signOut ends the sessions of all organizations, here and in the browser, and has the browser drop the pages that it
// keeps. What it stores for us is the choice of colours, which stays.
func (s *site) signOut(w http.ResponseWriter, r *http.Request, _ visitor) error {
	for _, session := range s.sessions(r) {
		if err := s.accounts.SignOut(r.Context(), session); err != nil {
			return err
		}
	}
	for _, name := range []string{sessionCookie, othersCookie, noticeCookie} { // a notice is not for whoever signs in next
		if s.cookie(r, name) != "" || name == noticeCookie {
			s.setCookie(w, name, "", -1)
		}
	}
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
