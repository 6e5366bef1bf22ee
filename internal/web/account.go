package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

// accountPage is a person's own account: who they are, where they are signed in, and their API keys.
type accountPage struct {
	frame
	User         *lanyard.User
	Organization string
	HasPassword  bool
	Changed      time.Time // of the password
	Others       string    // how many other sessions there are, in words; empty for none
	Sessions     list[sessionRow]
	Keys         list[keyRow]
	ByMail       field // whether the person is told by mail what needs them
	NoMail       bool  // mail cannot be sent at all
}

func (accountPage) template() string { return "account" }

// list is one page of a list among others.
type list[T any] struct {
	Of    string // what it lists
	Items []T
	First string // address of the first page; empty on it
	Next  string // of the next; empty on the last
}

// sessionRow is a browser that is signed in.
type sessionRow struct {
	Browser string
	Created time.Time
	Seen    time.Time
	Expires time.Time
	Here    bool
	Action  string // where the form goes that ends it
}

// keyRow is an API key in the list.
type keyRow struct {
	Name    string
	Hint    string
	May     string // what it may do, in words
	Only    []lanyard.LinkName
	Created time.Time
	Used    time.Time
	Expires time.Time // zero: never
	Expired bool
	Delete  string // address of the page that asks
	Rotate  string
	Origins []string
	// Previous is the secret before a rotation, while it works; without a hint there is none.
	Previous    lanyard.PreviousKey
	EndPrevious string // address of the page that asks
}

const accountLimit = 20 // of sessions and of keys on one page

func newAccountPage(v visitor, own *account.Own, cursors url.Values, now time.Time) accountPage {
	p := accountPage{
		frame: newShellFrame(v, "Your account", "/account"), User: own.User, Organization: own.Organization.Name,
		HasPassword: own.HasPassword, Changed: own.PasswordChanged,
		Sessions: list[sessionRow]{Of: "sessions"}, Keys: list[keyRow]{Of: "API keys"},
	}
	if n := own.Access.Sessions - 1; n > 0 {
		p.Others = counted(n, "other session")
	}
	for _, session := range own.Sessions {
		p.Sessions.Items = append(p.Sessions.Items, sessionRow{
			Browser: session.Browser, Created: session.CreatedAt, Seen: session.SeenAt, Expires: session.ExpiresAt,
			Here: v.caller.Session == session.Hash, Action: "/account/sessions/" + url.PathEscape(session.Hash) + "/end",
		})
	}
	for _, key := range own.Keys {
		p.Keys.Items = append(p.Keys.Items, newKeyRow(&key, now))
	}
	// Going on in one list keeps the place in the other.
	part := func(name, cursor string) string {
		q := url.Values{}
		for _, n := range []string{"sessions", "keys"} {
			if c := cursors.Get(n); c != "" && n != name {
				q.Set(n, c)
			}
		}
		if cursor != "" {
			q.Set(name, cursor)
		}
		return "/account?" + q.Encode() + "#" + name
	}
	for name, l := range map[string]struct {
		next    string
		of, end *string
	}{"sessions": {own.NextSessions, &p.Sessions.First, &p.Sessions.Next}, "keys": {own.NextKeys, &p.Keys.First, &p.Keys.Next}} {
		if cursors.Get(name) != "" {
			*l.of = part(name, "")
		}
		if l.next != "" {
			*l.end = part(name, l.next)
		}
	}
	return p
}

func newKeyRow(k *lanyard.APIKey, now time.Time) keyRow {
	may := "Calls and reads"
	if k.Rights.Manage {
		may = "Everything you may do"
	}
	if k.Rights.ActForUsers {
		may += ", for other users too"
	}
	return keyRow{
		Name: k.Name, Hint: k.Hint, May: may, Only: k.Rights.Connections, Created: k.CreatedAt, Used: k.LastUsedAt, Expires: k.ExpiresAt,
		Expired: !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now),
		Delete:  "/account/keys/" + url.PathEscape(string(k.ID)) + "/delete",
		Rotate:  "/account/keys/" + url.PathEscape(string(k.ID)) + "/rotate",
		Origins: k.Rights.ReturnToOrigins, Previous: k.Previous,
		EndPrevious: "/account/keys/" + url.PathEscape(string(k.ID)) + "/end-previous",
	}
}

func (s *site) account(w http.ResponseWriter, r *http.Request, v visitor) error {
	q := r.URL.Query()
	own, err := s.accounts.Own(r.Context(), v.caller, store.Page{Cursor: q.Get("sessions"), Limit: accountLimit}, store.Page{Cursor: q.Get("keys"), Limit: accountLimit})
	if err != nil {
		return err
	}
	byMail, mail, err := s.notices.ByMail(r.Context(), v.caller)
	if err != nil {
		return err
	}
	p := newAccountPage(v, own, q, time.Now())
	p.tellByMail(byMail, mail)
	return s.write(w, http.StatusOK, p)
}

func (s *site) endSession(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := s.accounts.EndSession(r.Context(), v.caller, r.PathValue("session")); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The session ended", "That browser is signed out."))
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

func (s *site) endOtherSessions(w http.ResponseWriter, r *http.Request, v visitor) error {
	n, err := s.accounts.EndOtherSessions(r.Context(), v.caller)
	if err != nil {
		return err
	}
	text := "There was no other one."
	if n > 0 {
		text = sentence(counted(n, "session") + " ended. You are signed in here only")
	}
	s.tell(w, newNotice("ok", "You are signed out everywhere else", text))
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

// passwordPage sets or changes a password.
type passwordPage struct {
	frame
	form
	Has     bool   // there is one now
	Forgot  bool   // it need not be known
	Email   string // for password managers
	Current field
	New     field
	Ends    string // what ends with the change, in words; empty for nothing
	Stays   string // what stays connected; empty for nothing
	Revoke  field  // whether that ends too
}

func (passwordPage) template() string { return "password" }

func newPasswordPage(v visitor, own *account.Own, revoke bool, d *problem.Document) passwordPage {
	title := "Set a password"
	if own.HasPassword {
		title = "Change your password"
	}
	p := passwordPage{frame: newShellFrame(v, title, "/account"), Has: own.HasPassword, Forgot: own.HasPassword && !own.NeedsCurrent, Email: own.User.Email, form: newForm(d, "Your password is as it was")}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.Current = p.field(field{ID: "current", Name: "current", Label: "Current password", Type: "password", Autocomplete: "current-password"}, "/current_password")
	p.New = p.field(field{ID: "new", Name: "new", Label: "New password", Type: "password", Autocomplete: "new-password", Help: passwordHelp}, "/new_password")
	p.Revoke = newRevokeField(own.Access.Connected, revoke)
	p.Secrets = p.Failed
	p.rest()
	if own.HasPassword {
		p.Ends = endsWith(own.Access.Sessions-1, own.Access.Keys)
	}
	if own.Access.Connected > 0 {
		p.Stays = counted(own.Access.Connected, "connected account")
	}
	return p
}

// endsWith names what ends with a password; empty for nothing.
func endsWith(sessions, keys int) string {
	var what []string
	if sessions > 0 {
		what = append(what, counted(sessions, "other session"))
	}
	if keys > 0 {
		what = append(what, counted(keys, "API key"))
	}
	return strings.Join(what, " and ")
}

func (s *site) passwordForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.writePassword(w, r, v, http.StatusOK, false, nil)
}

func (s *site) writePassword(w http.ResponseWriter, r *http.Request, v visitor, status int, revoke bool, d *problem.Document) error {
	own, err := s.accounts.Own(r.Context(), v.caller, store.Page{Limit: 1}, store.Page{Limit: 1})
	if err != nil {
		return err
	}
	return s.write(w, status, newPasswordPage(v, own, revoke, d))
}

func (s *site) changePassword(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	current, next := lanyard.NewSecret(r.PostForm.Get("current")), lanyard.NewSecret(r.PostForm.Get("new"))
	revoke := r.PostForm.Get("revoke_access") != ""
	changed, err := s.accounts.ChangePassword(r.Context(), v.caller, current, next, revoke, s.browser(r))
	if d := s.onForm(r, err); d != nil {
		retryAfter(w, d)
		return s.writePassword(w, r, v, d.Status, revoke, d)
	} else if err != nil {
		return err
	}
	s.hold(w, &changed.SignedIn)
	s.tell(w, passwordChanged(changed))
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

// passwordChanged says what ended and what did not.
func passwordChanged(c *account.PasswordChange) notice {
	if c.First && c.Ended.Connected == 0 {
		return newNotice("ok", "You have a password now", "Sign in with it from now on. Nothing else changed.")
	}
	text := "Nothing else was open in your name. "
	if ended := endsWith(int(c.Ended.Sessions), int(c.Ended.Keys)); ended != "" {
		text = sentence(ended+" ended") + " "
	}
	if c.Ended.Connected > 0 {
		text += "Access granted to all connected apps is revoked: " + counted(int(c.Ended.Connected), "account") + " to connect again. "
	}
	if c.Connected > 0 {
		text += sentence(counted(c.Connected, "connected account") + " stayed connected")
	}
	return newNotice("ok", "Your password is changed", strings.TrimSpace(text))
}
