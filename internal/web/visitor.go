package web

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/credential"
)

// visitor is who opened a page. Somebody who is not signed in has neither caller, user nor organization.
type visitor struct {
	caller       *lanyard.Caller
	user         *lanyard.User
	organization *lanyard.Organization
	notice       notice // what this browser's step before came to
	// memberships are all organizations that this browser is signed in to, by name; nil when it is the one above alone.
	memberships []account.Membership
	founds      bool               // may make another organization
	session     *credential.Opened // of an end user, who has a caller and is signed in to nothing; nil otherwise
	waiting     int                // how much needs this person
	restored    *account.Restored  // nil: not from a backup, or it goes on, or this person need not know
}

// handler is a page's handler. An error that it returns is answered by its wrapper.
type handler func(w http.ResponseWriter, r *http.Request, v visitor) error

// open lets anybody in, and says who it is where that is known.
func (s *site) open(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visitor(r)
		if err == nil {
			v, err = s.ofForm(w, r, v)
		}
		if rec, ok := w.(*recorder); ok {
			rec.caller = v.caller // for the access log
		}
		if err == nil {
			err = h(w, r, v)
		}
		if err != nil {
			s.fail(w, r, v, err)
		}
	})
}

// signedIn lets in only who is signed in; everybody else is told how, and comes back here afterwards.
func (s *site) signedIn(h handler) http.Handler {
	return s.open(func(w http.ResponseWriter, r *http.Request, v visitor) error {
		if v.caller == nil {
			return lanyard.Errorf(lanyard.CodeUnauthenticated, "Sign in first.")
		}
		return h(w, r, v)
	})
}

// once keeps a GET that changes something from happening unasked: a HEAD changes nothing, and a browser that fetches
// pages ahead is sent away.
func (s *site) once(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodHead:
			w.Header().Set("Allow", http.MethodGet)
			s.fail(w, r, visitor{}, lanyard.Errorf(lanyard.CodeMethodNotAllowed, "This address is opened, not looked at."))
		case strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch"):
			s.fail(w, r, visitor{}, lanyard.Errorf(lanyard.CodeUnavailable, "This page is not fetched ahead: open it."))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// orNothing answers an address or a method that there is not with a page, where the mux would with a line of text.
func (s *site) orNothing(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		s.open(func(w http.ResponseWriter, r *http.Request, _ visitor) error {
			var answer discarded
			mux.ServeHTTP(&answer, r)
			if answer.status == http.StatusMethodNotAllowed {
				w.Header().Set("Allow", answer.Header().Get("Allow"))
				return lanyard.Errorf(lanyard.CodeMethodNotAllowed, "This address cannot be used in this way.")
			}
			return noPage()
		}).ServeHTTP(w, r)
	})
}

func noPage() error {
	return lanyard.Errorf(lanyard.CodeNotFound, "There is no page at this address.")
}

// discarded is an answer of which only status and headers are of interest.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}
func (d *discarded) WriteHeader(status int)      { d.status = status }
func (d *discarded) Write(p []byte) (int, error) { return len(p), nil }

// visitor reads the session cookies. A session that has ended is no error: the visitor is then whoever the browser is
// signed in as in another organization, or nobody.
func (s *site) visitor(r *http.Request) (visitor, error) {
	sessions := s.sessions(r)
	var memberships []account.Membership
	if len(sessions) > 1 {
		var err error
		if memberships, err = s.accounts.Memberships(r.Context(), sessions); err != nil {
			return visitor{}, err
		}
		if len(memberships) < 2 {
			memberships = nil
		}
	}
	for _, session := range sessions {
		v, err := s.visitorBy(r, session)
		if lanyard.CodeOf(err) == lanyard.CodeUnauthenticated {
			continue
		}
		v.memberships = memberships
		return v, err
	}
	return visitor{}, nil
}

// visitorBy is who one session belongs to.
func (s *site) visitorBy(r *http.Request, session string) (visitor, error) {
	caller, user, err := s.accounts.CallerBySession(r.Context(), session)
	if err != nil {
		return visitor{}, err
	}
	_, organization, err := s.accounts.Me(r.Context(), caller)
	if err != nil {
		return visitor{}, err
	}
	waiting, err := s.notices.Count(r.Context(), caller)
	if err != nil {
		return visitor{}, err
	}
	var restored *account.Restored
	if s.restored != nil {
		restored, err = s.restored(r.Context(), caller)
	}
	return visitor{caller: caller, user: user, organization: organization, restored: restored, notice: s.told(r), founds: s.accounts.MayMakeOrganizations(caller) == nil, waiting: waiting}, err
}

const (
	sessionCookie = "session"
	returnCookie  = "return"  // the page to come back to after signing in
	browserCookie = "browser" // that somebody signed in here before: see [account.SignedIn]
	othersCookie  = "others"  // the sessions of the organizations that this browser is signed in to besides
	lastCookie    = "last"    // the organization that was used last in this browser

	sessionSeconds = 30 * 24 * 60 * 60 // the account decides when a session ends; a browser need not keep it longer
	returnSeconds  = 15 * 60           // as long as a sign-in link lasts
	browserSeconds = 180 * 24 * 60 * 60
)

// cookieName is __Host-lanyard_session over https: a browser takes such a cookie only from this very host, over https,
// for every path (RFC 6265bis §4.1.3.2), so no neighbour can plant one. Plain http cannot have the prefix.
func (s *site) cookieName(name string) string {
	if s.secure {
		return "__Host-lanyard_" + name
	}
	return "lanyard_" + name
}

// cookie is the value of a cookie of ours; empty when the browser has none.
func (s *site) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie gives the browser a cookie for seconds; a negative number takes it away. SameSite is Lax, because Strict
// would leave the session behind when a provider sends the browser back.
func (s *site) setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the public URL: over plain http such a cookie would not come back
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: seconds, Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// browser is what the account wants to know of a browser that signs in.
func (s *site) browser(r *http.Request) account.Browser {
	return account.Browser{Address: clientAddress(r, s.proxies), Agent: r.UserAgent(), Known: lanyard.NewSecret(s.cookie(r, browserCookie))}
}

// hold gives the browser the cookies of a session.
func (s *site) hold(w http.ResponseWriter, in *account.SignedIn) {
	s.setCookie(w, sessionCookie, in.Session.Reveal(), sessionSeconds)
	s.setCookie(w, browserCookie, in.Known.Reveal(), browserSeconds)
}

// begin starts a session in this browser, and those that began with it in other organizations, ends the ones before in
// the same organizations, and goes where the person wanted to be.
func (s *site) begin(w http.ResponseWriter, r *http.Request, in *account.SignedIn) error {
	if err := s.join(w, r, in); err != nil {
		return err
	}
	to := "/"
	if wanted := s.cookie(r, returnCookie); wanted != "" {
		s.setCookie(w, returnCookie, "", -1)
		if path, err := url.QueryUnescape(wanted); err == nil && credential.SafePath(path) {
			to = path
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther) // "/", or a path that SafePath lets pass
	return nil
}

// comeBack remembers the page that was asked for, for after signing in. Only a page can be come back to, not a form
// that was posted; and not a provider's answer, which is of no use in another session.
func (s *site) comeBack(w http.ResponseWriter, r *http.Request) (path string) {
	path = r.URL.RequestURI()
	if r.Method != http.MethodGet || strings.HasPrefix(path, "/oauth/") || !credential.SafePath(path) {
		return ""
	}
	s.setCookie(w, returnCookie, url.QueryEscape(path), returnSeconds) // a cookie's value has no room for ; and "
	return path
}

// otherSite reports that another site made the browser come here: by a link, a redirect, an image. Programs and old
// browsers do not say (Fetch Metadata).
func otherSite(r *http.Request) bool {
	from := r.Header.Get("Sec-Fetch-Site")
	return from == "cross-site" || from == "same-site"
}

// leave sends the browser on after a form was posted. To a page of ours that is a redirect. To another site it is a
// page that goes on by itself, for browsers apply form-action to the redirect that follows a post. Anything that is
// neither leads home.
func (s *site) leave(w http.ResponseWriter, r *http.Request, v visitor, to string) error {
	to = destination(to)
	if credential.SafePath(to) {
		http.Redirect(w, r, to, http.StatusSeeOther) // a path that SafePath lets pass
		return nil
	}
	return s.write(w, http.StatusOK, newGoOnPage(v, to))
}

// destination is where a browser may be sent: a path of ours, or a complete URL of another site, which the keeper has
// compared with the operator's list. Everything else is the home page.
func destination(to string) string {
	if credential.SafePath(to) || httpURL(to) {
		return to
	}
	return "/"
}

// httpURL reports whether the text is a complete http or https URL, by a rule narrow enough for all browsers to agree.
func httpURL(text string) bool {
	u, t, err := lanyard.ParseURL(text)
	return err == nil && t.Host != "" && strings.HasPrefix(text, u.Scheme+"://")
}
