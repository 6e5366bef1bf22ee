package web

import (
	"net/http"

	"lanyard"
	"lanyard/internal/account"
)

// keyPage shows a new API key, this once.
type keyPage struct {
	frame
	Name    string
	Command command
}

func (keyPage) template() string { return "key" }

func newKeyPage(v visitor, name string, key lanyard.Secret, publicURL string) keyPage {
	return keyPage{frame: newShellFrame(v, "Your API key", "/account"), Name: name,
		Command: newCommand("command-key", "For your shell", "export LANYARD_URL="+shellWord(publicURL)+"\nexport LANYARD_API_KEY="+shellWord(key.Reveal()))}
}

// makeKey makes an API key for the person who is signed in, with the right to manage. Opening the answer again makes
// another one: the first is shown to nobody any more.
func (s *site) makeKey(w http.ResponseWriter, r *http.Request, v visitor) error {
	key, value, err := s.accounts.CreateKey(r.Context(), v.caller, account.NewKey{Name: "Made on the page"})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newKeyPage(v, key.Name, value, s.publicURL))
}
