package account

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// world is accounts over a store whose clock the test moves, with an owner who has a password and a member who has none.
type world struct {
	*Accounts
	t      *testing.T
	mu     sync.Mutex
	time   time.Time
	config store.Config
	owner  *lanyard.User
	member *lanyard.User
}

const ownersPassword = "four plain words here"

// someone is a browser of the owner's, somewhere.
var someone = Browser{Address: netip.MustParseAddr("192.0.2.7"), Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s := storetest.Open(t, func(c *store.Config) {
		c.Now = w.now
		c.OnChange = func(ch store.Change) {
			if w.Accounts != nil {
				w.Changed(ch)
			}
		}
		w.config = *c
	})
	w.Accounts = New(Config{Store: s, PublicURL: "https://lanyard.example"})
	link, err := w.SetupLink(t.Context())
	w.must(err)
	in := Setup{Organization: "Zylker", Name: "The owner", Email: "owner@example.com", Password: lanyard.NewSecret(ownersPassword)}
	_, token, _ := strings.Cut(link, "/setup/")
	signedIn, err := w.Setup(t.Context(), token, in, someone)
	w.must(err)
	w.owner = signedIn.User
	w.member = &lanyard.User{ID: lanyard.NewUserID(), OrganizationID: w.owner.OrganizationID, Email: "member@example.com", Name: "The member", Role: lanyard.RoleMember}
	w.must(s.CreateUser(t.Context(), *w.member, lanyard.AuditEntry{Action: "user.create"}))
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// signIn tries a password and gives the code of the error, or nothing.
func (w *world) signIn(email, password string, b Browser) (*SignedIn, lanyard.Code) {
	w.t.Helper()
	signedIn, err := w.SignInWithPassword(w.t.Context(), email, lanyard.NewSecret(password), b)
	if err != nil {
		return nil, lanyard.CodeOf(err)
	}
	return signedIn, ""
}

// in signs the owner in.
func (w *world) in(b Browser) *SignedIn {
	w.t.Helper()
	signedIn, err := w.SignInWithPassword(w.t.Context(), w.owner.Email, lanyard.NewSecret(ownersPassword), b)
	w.must(err)
	return signedIn
}

func (w *world) caller(s *SignedIn) *lanyard.Caller {
	w.t.Helper()
	c, _, err := w.CallerBySession(w.t.Context(), s.Session.Reveal())
	w.must(err)
	return c
}

// holds reports whether a session is good for anything.
func (w *world) holds(s *SignedIn) bool {
	w.t.Helper()
	_, _, err := w.CallerBySession(w.t.Context(), s.Session.Reveal())
	if err != nil && lanyard.CodeOf(err) != lanyard.CodeUnauthenticated {
		w.t.Fatal(err)
	}
	return err == nil
}

func (w *world) audit(action lanyard.Action) []lanyard.AuditEntry {
	w.t.Helper()
	w.must(w.SaveUse(context.WithoutCancel(w.t.Context())))
	entries, _, err := w.store.Audit(w.t.Context(), w.owner.OrganizationID, store.AuditFilter{Actions: []lanyard.Action{action}}, store.Page{Limit: 200})
	w.must(err)
	return entries
}
