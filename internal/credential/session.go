package credential

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

const (
	sessionLife = 30 * time.Minute
	codeLife    = 10 * time.Minute
	maxReturnTo = 2000
)

// Displays of a connect session.
const (
	displayPage  = "page"
	displayPopup = "popup"
)

// What ended a connect session, for the application.
const (
	errAccessDenied  = "access_denied"
	errConnectFailed = "connect_failed"
	errWrongCode     = "wrong_code"
	errWrongUser     = "wrong_user"
)

// NewConnectSession is what a host application says to connect one of its users.
type NewConnectSession struct {
	Connection string // link name
	User       string // id or external_id; may be empty where the call acts for a user
	ReturnTo   string
	Display    string // "page" when empty, or "popup"
}

// MadeConnectSession is a session that waits for its user.
type MadeConnectSession struct {
	ID        lanyard.ConnectSessionID
	URL       string
	ExpiresAt time.Time
}

// CreateConnectSession begins the connecting of an end user, who does not sign in here: whoever opens its URL first goes
// on. So nothing that comes of it is bound before the application says for whom it was (see [Keeper.ConfirmConnectSession]).
func (k *Keeper) CreateConnectSession(ctx context.Context, c *lanyard.Caller, in NewConnectSession) (*MadeConnectSession, error) {
	if err := access.ConnectEndUsers(c); err != nil {
		return nil, err
	}
	con, err := k.find(ctx, c, in.Connection)
	if err != nil {
		return nil, err
	}
	var f lanyard.FieldErrors
	user, err := k.endUserNamed(ctx, c, in.User, &f)
	if err != nil {
		return nil, err
	}
	returnTo := checkSessionReturnTo(in.ReturnTo, slices.Concat(c.Rights.ReturnToOrigins, k.ReturnToOrigins), &f)
	if in.Display == "" {
		in.Display = displayPage
	}
	if in.Display != displayPage && in.Display != displayPopup {
		f.Add("/display", "this is page or popup")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	acting := *c
	acting.User = user.ID
	if err := access.Invoke(&acting, &con.Connection); err != nil {
		return nil, err
	}
	if !con.UseLoginUserCredentials && con.Owner != user.ID {
		f.Add("/connection", "the connection %s runs every call with its owner's account, so nobody else connects one: switch Use credentials of login user on, or name another connection", con.LinkName)
		return nil, f.Err()
	}
	if err := con.Validate(con.Service); err != nil {
		return nil, err
	}
	if err := con.Service.CheckClient(); err != nil {
		return nil, err
	}
	token := rand.Text() + rand.Text()
	s := store.ConnectSession{
		ID: lanyard.NewConnectSessionID(), Organization: c.Organization, Connection: con.ID, User: user.ID,
		ReturnTo: returnTo, Display: in.Display, ExpiresAt: k.Store.Now().Add(sessionLife),
	}
	audit := c.Audit(lanyard.ActionConnectSession, string(s.ID), string(con.LinkName))
	audit.OnBehalfOf = user.ID
	if err := k.Store.CreateConnectSession(ctx, s, hashToken("connect session", token), audit); err != nil {
		return nil, err
	}
	return &MadeConnectSession{s.ID, k.PublicURL + sessionPath(token), s.ExpiresAt}, nil
}

func sessionPath(token string) string { return "/connect/session/" + token }

// endUserNamed finds whom a call is about. Where the call also acts for somebody, that has to be the same person.
func (k *Keeper) endUserNamed(ctx context.Context, c *lanyard.Caller, name string, f *lanyard.FieldErrors) (*lanyard.User, error) {
	if name == "" && c.ForUser {
		return k.Store.User(ctx, c.Organization, c.User)
	}
	if name == "" || len(name) > maxToken {
		f.Add("/user", "name the user by id or external_id, here or in Lanyard-User")
		return &lanyard.User{}, nil
	}
	user, err := k.Store.UserNamed(ctx, c.Organization, name)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound || err == nil && user.Disabled {
		return nil, lanyard.Errorf(lanyard.CodeNotFound, "There is no user of this name here.")
	} else if err != nil {
		return nil, err
	}
	if c.ForUser && c.User != user.ID {
		f.Add("/user", "this is not the user whom Lanyard-User names")
	}
	return user, nil
}

// checkSessionReturnTo gives the URL in the form in which its origin was compared, so that a browser reads the same.
func checkSessionReturnTo(to string, origins []string, f *lanyard.FieldErrors) string {
	u, t, err := lanyard.ParseURL(to)
	switch {
	case err != nil || len(to) > maxReturnTo || !strings.HasPrefix(to, u.Scheme+"://"):
		f.Add("/return_to", "this is the complete URL of a page of your application, of at most %d bytes", maxReturnTo)
		return ""
	case !slices.Contains(origins, t.Origin()):
		f.Add("/return_to", "this API key does not name the origin %s: make a key with it among its return_to_origins", t.Origin())
	case strings.Contains(to, "#"):
		f.Add("/return_to", "leave the fragment out: what comes back stands in the query")
	}
	for _, name := range []string{"session", "code", "error"} {
		if u.Query().Has(name) {
			f.Add("/return_to", "leave %s out of the query: what comes back is called so", name)
		}
	}
	return u.String()
}

// EndUserSession is how a connect session stands, for the application.
type EndUserSession struct {
	ID         lanyard.ConnectSessionID
	Connection lanyard.LinkName
	User       lanyard.UserID
	Status     string // open, pending, confirmed, failed or expired
	Error      string
	Reason     string // in words
	ExpiresAt  time.Time
}

// ReadConnectSession says how a session stands.
func (k *Keeper) ReadConnectSession(ctx context.Context, c *lanyard.Caller, id lanyard.ConnectSessionID) (*EndUserSession, error) {
	s, con, err := k.sessionOf(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return k.endUserSession(s, con), nil
}

func (k *Keeper) endUserSession(s *store.ConnectSession, con *lanyard.Connection) *EndUserSession {
	v := &EndUserSession{s.ID, con.LinkName, s.User, string(s.Status), s.Error, s.Reason, s.ExpiresAt}
	if s.Status != store.SessionConfirmed && s.Error == "" && !k.Store.Now().Before(s.ExpiresAt) {
		v.Status = "expired"
	}
	return v
}

// sessionOf is a session that the caller's application may know of, with its connection.
func (k *Keeper) sessionOf(ctx context.Context, c *lanyard.Caller, id lanyard.ConnectSessionID) (*store.ConnectSession, *lanyard.Connection, error) {
	if err := access.ConnectEndUsers(c); err != nil {
		return nil, nil, err
	}
	absent := lanyard.Errorf(lanyard.CodeNotFound, "There is no such connect session here, or it is more than a day old.")
	s, err := k.Store.ConnectSession(ctx, c.Organization, id)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, nil, absent
	} else if err != nil {
		return nil, nil, err
	}
	con, err := k.Store.ConnectionByID(ctx, c.Organization, s.Connection)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound || err == nil && !c.MayUse(con.LinkName) {
		return nil, nil, absent
	}
	return s, con, err
}

// ConfirmConnectSession binds what was granted to the user of the session. The code shows that the browser which
// finished is the one that the application talks to; user, by id or external_id, is who is signed in there, and has to
// be the session's. The third wrong code ends the session, and so does another user: what was granted is given back.
func (k *Keeper) ConfirmConnectSession(ctx context.Context, c *lanyard.Caller, id lanyard.ConnectSessionID, code lanyard.Secret, user string) (*EndUserSession, error) {
	s, con, err := k.sessionOf(ctx, c, id)
	if err != nil {
		return nil, err
	}
	switch stands := k.endUserSession(s, con); stands.Status {
	case string(store.SessionPending):
	case "expired":
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The connect session is over: begin another one.")
	case string(store.SessionConfirmed):
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The connect session was confirmed already: a code works once.")
	case string(store.SessionFailed):
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The connect session failed, so there is nothing to confirm: %s", s.Reason)
	default:
		return nil, lanyard.Errorf(lanyard.CodeConflict, "Nobody connected in this session yet, so there is nothing to confirm.")
	}
	hash := hashToken("connect code", code.Reveal())
	if len(code.Reveal()) > maxToken || !bytes.Equal(hash, s.CodeHash) || !k.Store.Now().Before(s.CodeUntil) {
		return nil, k.wrongCode(ctx, c, s, con)
	}
	if err := k.checkEndUser(ctx, c, s, user); err != nil {
		return nil, k.endPending(ctx, c, s, con, errWrongUser, "It was finished by somebody else than the person for whom it was begun.", err)
	}
	if err := k.checkStillTheirs(ctx, c, s, con); err != nil {
		return nil, k.endPending(ctx, c, s, con, errConnectFailed, "The connection is not one for this user any more.", err)
	}
	audit := c.Audit(lanyard.ActionConnect, string(con.ID), string(con.LinkName))
	audit.OnBehalfOf = s.User
	audit.Detail = map[string]string{"connect_session": string(s.ID)}
	pending, saved, err := k.Store.ConfirmPending(ctx, s, hash, audit)
	switch {
	case err != nil:
		return nil, err
	case pending == nil:
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The connect session was confirmed or ended at this very moment: read it again.")
	case !saved:
		k.giveBackOf(ctx, con, pending.Credential)
		return nil, lanyard.Errorf(lanyard.CodeConflict, "The connection %s or its service was changed meanwhile, so nothing was bound: begin another connect session.", con.LinkName)
	}
	s.Status = store.SessionConfirmed
	return k.endUserSession(s, con), nil
}

// checkEndUser compares who is signed in to the application, where it says so, with whom the session is for.
func (k *Keeper) checkEndUser(ctx context.Context, c *lanyard.Caller, s *store.ConnectSession, name string) error {
	other := lanyard.Errorf(lanyard.CodeForbidden, "The connect session was begun for another user, so nothing was bound. "+
		"Somebody may have been sent a link that was not theirs: let the person who is signed in connect from the beginning.")
	if c.ForUser && c.User != s.User {
		return other
	}
	if name == "" {
		return nil
	}
	user, err := k.Store.UserNamed(ctx, c.Organization, name)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound || err == nil && user.ID != s.User {
		return other
	}
	return err
}

// checkStillTheirs asks again what was asked when the session began: while it lasted, the connection may have been kept
// for its owner, and the user may have lost access.
func (k *Keeper) checkStillTheirs(ctx context.Context, c *lanyard.Caller, s *store.ConnectSession, con *lanyard.Connection) error {
	user, err := k.Store.User(ctx, s.Organization, s.User)
	if err != nil {
		return err
	}
	acting := *c
	acting.User = s.User
	if err := access.SeeConnection(&acting, con); err != nil || user.Disabled {
		return lanyard.Errorf(lanyard.CodeConflict, "The connection %s is not one that this user may connect any more, so nothing was bound.", con.LinkName)
	}
	return nil
}

func (k *Keeper) wrongCode(ctx context.Context, c *lanyard.Caller, s *store.ConnectSession, con *lanyard.Connection) error {
	wrong := lanyard.Errorf(lanyard.CodeForbidden, "This is not the code of the connect session, or it is older than ten minutes.")
	n, err := k.Store.CountWrongCode(ctx, s.Organization, s.ID)
	if err != nil {
		return err
	}
	if n < store.MaxWrongCodes {
		return wrong
	}
	wrong.Message = "This is the third wrong code, so the connect session is over and nothing was bound: begin another one."
	return k.endPending(ctx, c, s, con, errWrongCode, "The application gave three wrong codes.", wrong)
}

// endPending ends a session without binding anything, gives back what was granted, and answers with the reason.
func (k *Keeper) endPending(ctx context.Context, c *lanyard.Caller, s *store.ConnectSession, con *lanyard.Connection, code, words string, reason error) error {
	audit := c.Audit(lanyard.ActionConnectRefused, string(s.ID), string(con.LinkName))
	audit.OnBehalfOf = s.User
	audit.Detail = map[string]string{"reason": words}
	pending, err := k.Store.EndPending(ctx, s, code, words, &audit)
	if err != nil {
		return err
	}
	if pending != nil {
		k.giveBackOf(ctx, con, pending.Credential)
	}
	return reason
}

// giveBackOf is giveBack for a connection whose service may be gone.
func (k *Keeper) giveBackOf(ctx context.Context, con *lanyard.Connection, c *lanyard.Credential) {
	full, err := k.withService(ctx, con, k.epoch.Load())
	if err != nil {
		k.Logger.WarnContext(ctx, "what was granted is erased, and its provider not told", "organization", con.OrganizationID, "connection", con.LinkName, "error", err)
		return
	}
	k.giveBack(ctx, full, c)
}

// endOverdue ends sessions that nobody confirmed in time.
func (k *Keeper) endOverdue(ctx context.Context, s store.ConnectSession) {
	pending, err := k.Store.EndPending(ctx, &s, "", "It was not confirmed in time.", nil)
	if err != nil {
		k.Logger.ErrorContext(ctx, "end a connect session that nobody confirmed", "organization", s.Organization, "error", err)
		return
	}
	if pending == nil {
		return
	}
	con, err := k.Store.ConnectionByID(ctx, s.Organization, s.Connection)
	if err == nil {
		k.giveBackOf(ctx, con, pending.Credential)
	}
}

// returnURL adds what comes back to the URL of the application's page.
func returnURL(to string, add url.Values) string {
	separator := "?"
	if strings.Contains(to, "?") {
		separator = "&"
	}
	return to + separator + add.Encode()
}
