package account

import (
	"context"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/store"
)

// Browser is what is known of the browser that makes a request.
type Browser struct {
	Address netip.Addr     // of the client
	Agent   string         // its User-Agent header
	Known   lanyard.Secret // what [SignedIn] gave it to keep, if it did
}

// SignedIn is a session that has begun.
type SignedIn struct {
	User    *lanyard.User
	Session lanyard.Secret // for the session cookie
	// Known is for a cookie that the browser keeps beyond the session: with it, it has an allowance of its own for
	// signing in, so that nobody who guesses at the password keeps the person out.
	Known lanyard.Secret
	// Others are sessions that began with it, each in another organization where the same person was recognized.
	Others []SignedIn
}

// newSession makes a session for the browser, with a new id, and remembers the browser.
func (a *Accounts) newSession(user *lanyard.User, b Browser) (*SignedIn, store.Session) {
	value, hash := token("session")
	known, knownHash := token("browser")
	now := a.store.Now()
	return &SignedIn{User: user, Session: lanyard.NewSecret(value), Known: lanyard.NewSecret(known)}, store.Session{
		Hash: hex.EncodeToString(hash), Browser: browserLabel(b.Agent), CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sessionLife),
		Known: store.KnownBrowser{Hash: hex.EncodeToString(knownHash), Replaces: knownHashOf(b), ExpiresAt: now.Add(browserLife)},
	}
}

// knownHashOf is what the store has in place of the browser's cookie; empty when it has none.
func knownHashOf(b Browser) string {
	value := b.Known.Reveal()
	if value == "" || len(value) > maxTokenLength {
		return ""
	}
	return hex.EncodeToString(hashToken("browser", value))
}

func signInEntry(user *lanyard.User, b Browser) lanyard.AuditEntry {
	return lanyard.AuditEntry{
		OrganizationID: user.OrganizationID, Actor: user.ID, Action: lanyard.ActionSignIn, Object: string(user.ID), ObjectName: user.Email,
		Detail: where(b),
	}
}

// where says for the audit log from where somebody signs in.
func where(b Browser) map[string]string {
	detail := map[string]string{}
	if b.Address.IsValid() {
		detail["address"] = b.Address.String()
	}
	if label := browserLabel(b.Agent); label != "" {
		detail["browser"] = label
	}
	return detail
}

// SignOut ends the session that the cookie belongs to, if there is one.
func (a *Accounts) SignOut(ctx context.Context, cookie string) error {
	c, _, err := a.CallerBySession(ctx, cookie)
	if lanyard.CodeOf(err) == lanyard.CodeUnauthenticated {
		return nil
	} else if err != nil {
		return err
	}
	return a.store.DeleteSession(ctx, c.Organization, c.Session)
}

// CallerBySession says who the browser with this cookie is.
func (a *Accounts) CallerBySession(ctx context.Context, cookie string) (*lanyard.Caller, *lanyard.User, error) {
	if cookie == "" || len(cookie) > maxTokenLength {
		return nil, nil, lanyard.Errorf(lanyard.CodeUnauthenticated, "Sign in first.")
	}
	user, session, err := a.store.UserBySession(ctx, hex.EncodeToString(hashToken("session", cookie)), sessionIdle)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, nil, lanyard.Errorf(lanyard.CodeUnauthenticated, "The session has ended: sign in again.")
	} else if err != nil {
		return nil, nil, err
	}
	return &lanyard.Caller{Organization: user.OrganizationID, User: user.ID, Role: user.Role, KeyOwner: user.ID, Session: session.Hash}, user, nil
}

// Membership is an organization that a browser is signed in to, and as whom.
type Membership struct {
	Session      lanyard.Secret // of the cookie
	User         lanyard.User
	Organization lanyard.Organization
}

// Memberships gives the organizations of those sessions that hold, by name. Whoever has the cookies may know.
func (a *Accounts) Memberships(ctx context.Context, cookies []string) ([]Membership, error) {
	byHash, hashes := map[string]string{}, []string{}
	for _, cookie := range cookies {
		if cookie == "" || len(cookie) > maxTokenLength {
			continue
		}
		hash := hex.EncodeToString(hashToken("session", cookie))
		byHash[hash], hashes = cookie, append(hashes, hash)
	}
	if len(hashes) == 0 {
		return nil, nil
	}
	found, err := a.store.Memberships(ctx, hashes, sessionIdle)
	if err != nil {
		return nil, err
	}
	list := make([]Membership, len(found))
	for i, m := range found {
		list[i] = Membership{lanyard.NewSecret(byHash[m.Session]), m.User, m.Organization}
	}
	return list, nil
}

// EndSession ends one of the caller's own sessions, on every replica at once. Its id is [store.Session.Hash].
func (a *Accounts) EndSession(ctx context.Context, c *lanyard.Caller, id string) error {
	if err := access.OwnAccount(c); err != nil {
		return err
	}
	audit := c.Audit(lanyard.ActionSessionsEnd, string(c.User), "")
	audit.Detail = ended(store.EndedAccess{Sessions: 1})
	return a.store.EndSession(ctx, c.Organization, c.User, id, audit)
}

// EndOtherSessions ends all of the caller's sessions but the one that asks, and says how many those were.
func (a *Accounts) EndOtherSessions(ctx context.Context, c *lanyard.Caller) (int, error) {
	if err := access.OwnAccount(c); err != nil {
		return 0, err
	}
	n, err := a.store.EndOtherSessions(ctx, c.Organization, c.User, c.Session, func(n int64) lanyard.AuditEntry {
		audit := c.Audit(lanyard.ActionSessionsEnd, string(c.User), "")
		audit.Detail = ended(store.EndedAccess{Sessions: n})
		return audit
	})
	return int(n), err
}

// Own is a person's own account.
type Own struct {
	User            *lanyard.User
	Organization    *lanyard.Organization
	HasPassword     bool
	NeedsCurrent    bool      // to change the password
	PasswordChanged time.Time // zero: never set
	Access          store.Access
	Sessions        []store.Session // newest first
	NextSessions    string          // cursor; empty: there are no more
	Keys            []lanyard.APIKey
	NextKeys        string
}

// Own gives the caller's own account, with a part of each list.
func (a *Accounts) Own(ctx context.Context, c *lanyard.Caller, sessions, keys store.Page) (*Own, error) {
	if err := access.OwnAccount(c); err != nil {
		return nil, err
	}
	var own Own
	var err error
	if own.User, own.Organization, err = a.Me(ctx, c); err != nil {
		return nil, err
	}
	hash, changed, err := a.store.Password(ctx, c.Organization, c.User)
	if err != nil {
		return nil, err
	}
	own.HasPassword, own.PasswordChanged = !hash.IsZero(), changed
	if own.HasPassword {
		fresh, err := a.freshByLink(ctx, c)
		if err != nil {
			return nil, err
		}
		own.NeedsCurrent = !fresh
	}
	if own.Access, err = a.store.CountAccess(ctx, c.Organization, c.User, sessionIdle); err != nil {
		return nil, err
	}
	if own.Sessions, own.NextSessions, err = a.store.Sessions(ctx, c.Organization, c.User, sessionIdle, sessions); err != nil {
		return nil, err
	}
	own.Keys, own.NextKeys, err = a.store.APIKeys(ctx, c.Organization, c.User, keys)
	return &own, err
}

// browserLabel names a browser in a few words by its User-Agent, such as "Firefox on Linux"; empty when it says nothing
// that is known. The header can be any text, so none of it is kept.
func browserLabel(agent string) string {
	if len(agent) > 1000 {
		return ""
	}
	// Most browsers also claim to be the ones that stand below them.
	name := firstNamed(agent, []labelled{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	})
	system := firstNamed(agent, []labelled{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Macintosh", "macOS"}, {"Linux", "Linux"},
	})
	switch {
	case name == "":
		return system
	case system == "":
		return name
	}
	return name + " on " + system
}

type labelled struct{ mark, label string }

func firstNamed(agent string, names []labelled) string {
	for _, n := range names {
		if strings.Contains(agent, n.mark) {
			return n.label
		}
	}
	return ""
}
