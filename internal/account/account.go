// Package account knows who is there: organizations, their users, and the ways a request says who makes it — an API key
// or a browser session, which a password or a one-time link begins. It turns each into a [lanyard.Caller].
//
// Signing in with a password is in signin.go: how often may be tried (tries.go), what is hashed and where (hash.go),
// and what a password may be (password.go); a forgotten one is reset in reset.go. Signing in through an organization's
// own OpenID provider is in signon.go.
package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/mail"
	"lanyard/internal/store"
)

const (
	setupLinkLife  = 24 * time.Hour
	invitationLife = 7 * 24 * time.Hour
	signInLinkLife = 15 * time.Minute
	sessionLife    = 30 * 24 * time.Hour
	sessionIdle    = 7 * 24 * time.Hour
	browserLife    = 180 * 24 * time.Hour // of what is remembered of a browser
	keyPrefix      = "lanyard_"
	maxTokenLength = 200 // of what a stranger sends to be looked up
	maxWarmKeys    = 10000
	maxWarmUsers   = 10000 // of one key
	maxEmail       = 254   // RFC 5321 §4.5.3.1.3, less the angle brackets
)

// Config is what [New] needs.
type Config struct {
	Store     *store.Store
	PublicURL string // of this deployment, without a final slash
	// Revoker tells providers of what is erased with a person or a password. It may be nil where neither happens.
	Revoker Revoker
	// Mailer may be nil: then links are shown to whoever makes them, and nothing is sent.
	Mailer *mail.Mailer
	// NoNewOrganizations: owners do not make further organizations; whoever runs this Lanyard does.
	NoNewOrganizations bool
	// Client is the guarded one of package egress, for sign-in providers.
	Client *http.Client
	Logger *slog.Logger // nil: nobody is told
}

// Accounts is safe for concurrent use.
type Accounts struct {
	store     *store.Store
	publicURL string
	revoker   Revoker
	keys      *keyCache
	hasher    *hasher
	tries     *tries
	failed    *failed
	mailer    *mail.Mailer
	log       *slog.Logger
	resets    *tries // requests for a new password
	errands   chan struct{}
	running   sync.WaitGroup
	providers *providers
	signOns   *rate.Limiter // of all strangers together

	noNewOrganizations bool
}

func New(c Config) *Accounts {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Accounts{
		store: c.Store, publicURL: c.PublicURL, keys: newKeyCache(), hasher: newHasher(), tries: newTries(c.Store.Now()), failed: newFailed(),
		mailer: c.Mailer, revoker: c.Revoker, log: c.Logger, resets: newTries(c.Store.Now()), errands: make(chan struct{}, maxResetErrand),
		providers: newProviders(c.Client), signOns: rate.NewLimiter(allPerSecond, allBurst), noNewOrganizations: c.NoNewOrganizations,
	}
}

// token makes a value that cannot be guessed (256 bits) and the hash that is stored in its place. Each kind of token
// has its own prefix inside the hash, so that one kind is never taken for another.
func token(kind string) (value string, hash []byte) {
	value = rand.Text() + rand.Text()
	return value, hashToken(kind, value)
}

func hashToken(kind, value string) []byte {
	sum := sha256.Sum256([]byte(kind + "\x00" + value))
	return sum[:]
}

// SetupLink makes the one-time link that sets up the first organization, valid for a day. On a store that has one
// already the link is empty. Making a link ends the one before.
func (a *Accounts) SetupLink(ctx context.Context) (string, error) {
	if empty, err := a.store.Empty(ctx); err != nil || !empty {
		return "", err
	}
	value, hash := token("setup")
	err := a.store.CreateLink(ctx, store.Link{Purpose: "setup", ExpiresAt: a.store.Now().Add(setupLinkLife)}, hash, nil)
	return a.publicURL + "/setup/" + value, err
}

// SetupOpen reports, as not_found, a set-up link that cannot be used any more.
func (a *Accounts) SetupOpen(ctx context.Context, value string) error {
	if empty, err := a.store.Empty(ctx); err != nil {
		return err
	} else if !empty || len(value) > maxTokenLength {
		return linkUsed()
	}
	_, err := a.store.Link(ctx, "setup", hashToken("setup", value))
	return err
}

func linkUsed() error {
	return lanyard.Errorf(lanyard.CodeNotFound, "This link was used already, or is too old. A fresh one is printed when Lanyard starts on an empty store; otherwise run: lanyard sign-in")
}

// Setup is what a person gives to set up the first organization.
type Setup struct {
	Organization string
	Name         string
	Email        string
	Password     lanyard.Secret
}

// Setup makes the first organization, its owner and a browser session for them, and uses up the link.
func (a *Accounts) Setup(ctx context.Context, value string, in Setup, b Browser) (*SignedIn, error) {
	// Whoever has no link costs no hashing.
	if err := a.SetupOpen(ctx, value); err != nil {
		return nil, err
	}
	account, err := a.newAccount(in, &in.Password)
	if err != nil {
		return nil, err
	}
	if account.PasswordHash, err = a.hasher.hash(ctx, in.Password); err != nil {
		return nil, err
	}
	if err := a.store.CreateAccount(ctx, account, hashToken("setup", value)); err != nil {
		return nil, err
	}
	signedIn, session := a.newSession(&account.Owner, b)
	return signedIn, a.store.CreateSession(ctx, account.Owner.OrganizationID, account.Owner.ID, session, signInEntry(&account.Owner, b))
}

// newAccount checks what was given. Without a password the owner has none.
func (a *Accounts) newAccount(in Setup, password *lanyard.Secret) (store.NewAccount, error) {
	var f lanyard.FieldErrors
	f.Check("/organization", lanyard.CheckName(in.Organization))
	f.Check("/name", lanyard.CheckName(in.Name))
	email := strings.ToLower(in.Email)
	f.Check("/email", checkEmail(email))
	if password != nil {
		f.Check("/password", checkPassword(*password, email, in.Name, in.Organization))
	}
	if err := f.Err(); err != nil {
		return store.NewAccount{}, err
	}
	now := a.store.Now()
	org := lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: in.Organization, CreatedAt: now}
	owner := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: org.ID, Email: email, Name: in.Name, Role: lanyard.RoleOwner, CreatedAt: now}
	return store.NewAccount{Organization: org, Owner: owner, Audit: lanyard.AuditEntry{
		OrganizationID: org.ID, Actor: owner.ID, Action: lanyard.ActionOrganizationCreate, Object: string(org.ID), ObjectName: org.Name,
	}}, nil
}

func isEmail(text string) bool {
	addr, err := netmail.ParseAddress(text)
	return err == nil && addr.Address == text && len(text) <= maxEmail
}

// Initialized is what `lanyard init` prints.
type Initialized struct {
	OrganizationID lanyard.OrganizationID
	UserID         lanyard.UserID
	APIKey         lanyard.Secret
	SignInURL      string
}

// Init makes the first organization and its owner without a browser, with an API key that has every right and a
// one-time link that signs a browser in. It refuses a store that has an organization (conflict).
func (a *Accounts) Init(ctx context.Context, email, name string) (*Initialized, error) {
	if name == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	if empty, err := a.store.Empty(ctx); err != nil {
		return nil, err
	} else if !empty {
		return nil, lanyard.Errorf(lanyard.CodeConflict, "This store has an organization already: sign in with lanyard sign-in, or use another data directory.")
	}
	account, err := a.newAccount(Setup{Organization: "My organization", Name: name, Email: email}, nil)
	if err != nil {
		return nil, err
	}
	value, hash := token("key")
	account.Key = a.newKey(&account.Owner, "init", value, lanyard.KeyRights{ActForUsers: true, Manage: true})
	account.KeyHash = hash
	if err := a.store.CreateAccount(ctx, account, nil); err != nil {
		return nil, err
	}
	url, _, err := a.signInLink(ctx, &account.Owner, lanyard.AuditEntry{Actor: account.Owner.ID, Key: account.Key.ID})
	if err != nil {
		return nil, err
	}
	return &Initialized{OrganizationID: account.Organization.ID, UserID: account.Owner.ID, APIKey: lanyard.NewSecret(keyPrefix + value), SignInURL: url}, nil
}

// Me gives the caller's own user and organization.
func (a *Accounts) Me(ctx context.Context, c *lanyard.Caller) (*lanyard.User, *lanyard.Organization, error) {
	user, err := a.store.User(ctx, c.Organization, c.User)
	if err != nil {
		return nil, nil, err
	}
	org, err := a.store.Organization(ctx, c.Organization)
	return user, org, err
}

// Audit lists who changed what, newest first.
func (a *Accounts) Audit(ctx context.Context, c *lanyard.Caller, f store.AuditFilter, p store.Page) ([]lanyard.AuditEntry, string, error) {
	if err := access.ReadAudit(c); err != nil {
		return nil, "", err
	}
	return a.store.Audit(ctx, c.Organization, f, p)
}
