package web

import (
	"net/http"
	"net/url"

	"lanyard"
	"lanyard/internal/credential"
)

const (
	flowCookie  = "flow" // of an end user who connects: see [credential.Keeper.OpenConnectSession]
	flowSeconds = 60 * 60
)

// sessionPath is the address of a connect session's link.
func sessionPath(token string) string { return "/connect/session/" + url.PathEscape(token) }

// linkPath is the address of the link that the visitor opened: a connect session's, or a signed-in user's.
func (v visitor) linkPath(token string) string {
	if v.session != nil {
		return sessionPath(token)
	}
	return connectPath(token)
}

// endUser lets in the one browser that a connect session is bound to: the first that opens it. Whoever is signed in to
// Lanyard there as well is not asked.
func (s *site) endUser(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		flow := lanyard.NewSecret(s.cookie(r, flowCookie))
		opened, err := s.keeper.OpenConnectSession(r.Context(), r.PathValue("token"), flow, r.Method == http.MethodGet && r.PathValue("go") == "")
		if err != nil {
			s.fail(w, r, visitor{}, err)
			return
		}
		if rec, ok := w.(*recorder); ok {
			rec.caller = opened.Caller // for the access log
		}
		s.setCookie(w, flowCookie, opened.Flow.Reveal(), flowSeconds)
		if opened.Popup {
			keepOpener(w)
		}
		v := visitor{caller: opened.Caller, session: opened}
		if err := h(w, r, v); err != nil {
			s.fail(w, r, v, err)
		}
	})
}

// keepOpener lets the page that opened a pop-up and the pop-up know each other, which our own policy would end. The
// opener learns nothing by that: it can send the pop-up elsewhere, and hear what the last page posts to its origin.
func keepOpener(w http.ResponseWriter) {
	w.Header().Set("Cross-Origin-Opener-Policy", "unsafe-none")
}

// connectEndedPage is the end of a connect session: in a pop-up it tells the page that opened it; elsewhere it is seen
// only when connecting did not work.
type connectEndedPage struct {
	frame
	credential.SessionEnd
	Host string // of the application, for people
	Code string
}

func (connectEndedPage) template() string { return "connect_ended" }

func newConnectEndedPage(e *credential.SessionEnd) connectEndedPage {
	name := e.Connection.Name
	p := connectEndedPage{frame: newFrame(visitor{}, name+" is connected"), SessionEnd: *e, Host: hostOf(e.ReturnTo), Code: e.Code.Reveal()}
	p.Outcome, p.Remedy = said(e.Outcome), said(e.Remedy)
	if e.Error != "" {
		p.Title = name + " is not connected"
	}
	if e.Popup {
		p.Scripts = []string{"connect_ended.js"}
	}
	return p
}

func (s *site) connectEnded(w http.ResponseWriter, r *http.Request, _ visitor) error {
	flow := lanyard.NewSecret(s.cookie(r, flowCookie))
	e, err := s.keeper.EndConnectSession(r.Context(), lanyard.OrganizationID(r.PathValue("organization")), lanyard.ConnectSessionID(r.PathValue("id")), flow)
	if err != nil {
		return err
	}
	if e.Popup {
		keepOpener(w)
	} else if e.Error == "" {
		http.Redirect(w, r, e.ReturnTo, http.StatusSeeOther) // the origin was compared with the key's list when the session was made
		return nil
	}
	return s.write(w, http.StatusOK, newConnectEndedPage(e))
}
