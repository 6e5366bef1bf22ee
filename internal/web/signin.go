package web

import (
	"net/http"
	"net/url"
)

// signInPage says how to sign in.
type signInPage struct {
	frame
	// ComeBack is the page that opens afterwards; empty when none was asked for.
	ComeBack string
}

func (signInPage) template() string { return "sign_in" }

func newSignInPage(comeBack string) signInPage {
	return signInPage{frame: newFrame(visitor{}, "Sign in"), ComeBack: comeBack}
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
	_, session, err := s.accounts.SignIn(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	return s.begin(w, r, session)
}

// signOut ends the session here and in the browser.
func (s *site) signOut(w http.ResponseWriter, r *http.Request, _ visitor) error {
	if session := s.cookie(r, sessionCookie); session != "" {
		if err := s.accounts.SignOut(r.Context(), session); err != nil {
			return err
		}
		s.setCookie(w, sessionCookie, "", -1)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
