package web

import "net/http"

// welcomePage is the first page of a stranger.
type welcomePage struct {
	frame
	signInForm
}

func (welcomePage) template() string { return "welcome" }

func newWelcomePage() welcomePage {
	return welcomePage{newFrame(visitor{}, "Lanyard"), newSignInForm("", nil)}
}

// home welcomes a stranger, and leads everybody else to their connections.
func (s *site) home(w http.ResponseWriter, r *http.Request, v visitor) error {
	if v.caller == nil {
		return s.write(w, http.StatusOK, newWelcomePage())
	}
	http.Redirect(w, r, "/connections", http.StatusSeeOther)
	return nil
}
