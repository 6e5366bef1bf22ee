package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/definitions"
	"lanyard/internal/extension"
	"lanyard/internal/function"
	"lanyard/internal/invoke"
	"lanyard/internal/registry"
	"lanyard/internal/store"
	"lanyard/internal/webhook"
)

// Accounts says who a browser is; [account.Accounts] does.
type Accounts interface {
	SetupOpen(ctx context.Context, token string) error
	Setup(ctx context.Context, token string, in account.Setup, b account.Browser) (*account.SignedIn, error)
	SignIn(ctx context.Context, token string, b account.Browser) (*account.SignedIn, error)
	SignInWithPassword(ctx context.Context, email string, password lanyard.Secret, b account.Browser) (*account.SignedIn, error)
	SignOut(ctx context.Context, cookie string) error
	CallerBySession(ctx context.Context, cookie string) (*lanyard.Caller, *lanyard.User, error)
	Memberships(ctx context.Context, cookies []string) ([]account.Membership, error)
	MayMakeOrganizations(c *lanyard.Caller) error
	NewOrganization(ctx context.Context, c *lanyard.Caller, name string, b account.Browser) (*account.SignedIn, error)
	Invite(ctx context.Context, c *lanyard.Caller, in account.NewInvitation) (*account.Invited, error)
	Invitations(ctx context.Context, c *lanyard.Caller, p store.Page) ([]lanyard.Invitation, string, error)
	Invitation(ctx context.Context, c *lanyard.Caller, id lanyard.InvitationID) (*lanyard.Invitation, error)
	RevokeInvitation(ctx context.Context, c *lanyard.Caller, id lanyard.InvitationID) error
	InvitationOpen(ctx context.Context, token string) (*account.OpenInvitation, error)
	AcceptInvitation(ctx context.Context, token string, in account.Acceptance, b account.Browser) (*account.SignedIn, error)
	Own(ctx context.Context, c *lanyard.Caller, sessions, keys store.Page) (*account.Own, error)
	ChangePassword(ctx context.Context, c *lanyard.Caller, current, next lanyard.Secret, revokeAccess bool, b account.Browser) (*account.PasswordChange, error)
	CanMail() bool
	RequestReset(ctx context.Context, email string, b account.Browser) error
	Reset(ctx context.Context, token string) (*account.Reset, error)
	ResetPassword(ctx context.Context, token string, next lanyard.Secret, revokeAccess bool, b account.Browser) (*account.PasswordChange, error)
	PersonToReset(ctx context.Context, c *lanyard.Caller, id lanyard.UserID) (*lanyard.User, error)
	CreateResetLink(ctx context.Context, c *lanyard.Caller, id lanyard.UserID, revokeAccess bool) (*account.ResetLink, error)
	SignOnOf(ctx context.Context, email string) (lanyard.OrganizationID, error)
	SignOnOrganization(ctx context.Context, org lanyard.OrganizationID) (*lanyard.Organization, error)
	StartSignOn(ctx context.Context, org lanyard.OrganizationID) (*account.SignOnStart, error)
	FinishSignOn(ctx context.Context, org lanyard.OrganizationID, query url.Values, cookie lanyard.Secret, b account.Browser) (*account.SignedIn, error)
	SingleSignOn(ctx context.Context, c *lanyard.Caller) (*account.SignOnSettings, error)
	SetSingleSignOn(ctx context.Context, c *lanyard.Caller, in lanyard.SingleSignOn) (*account.SignOnSettings, error)
	DeleteSingleSignOn(ctx context.Context, c *lanyard.Caller) error
	EndSession(ctx context.Context, c *lanyard.Caller, id string) error
	EndOtherSessions(ctx context.Context, c *lanyard.Caller) (int, error)
	CreateKey(ctx context.Context, c *lanyard.Caller, in account.NewKey) (*lanyard.APIKey, lanyard.Secret, error)
	Key(ctx context.Context, c *lanyard.Caller, id lanyard.APIKeyID) (*lanyard.APIKey, error)
	RotateKey(ctx context.Context, c *lanyard.Caller, id lanyard.APIKeyID, in account.Rotate) (*lanyard.APIKey, lanyard.Secret, error)
	EndPreviousKey(ctx context.Context, c *lanyard.Caller, id lanyard.APIKeyID) error
	DeleteKey(ctx context.Context, c *lanyard.Caller, id lanyard.APIKeyID) error
	Organization(ctx context.Context, c *lanyard.Caller) (*account.Organization, error)
	RenameOrganization(ctx context.Context, c *lanyard.Caller, name string) error
	Users(ctx context.Context, c *lanyard.Caller, f store.UserFilter, p store.Page) ([]lanyard.User, string, error)
	Person(ctx context.Context, c *lanyard.Caller, id lanyard.UserID) (*account.Person, error)
	Successors(ctx context.Context, c *lanyard.Caller, of lanyard.UserID) ([]lanyard.User, error)
	EditUser(ctx context.Context, c *lanyard.Caller, id lanyard.UserID, in account.UserEdit) (*lanyard.User, error)
	HandOver(ctx context.Context, c *lanyard.Caller, id, to lanyard.UserID) (store.Owned, error)
	RemovePerson(ctx context.Context, c *lanyard.Caller, id lanyard.UserID, with store.Removal) error
	Me(ctx context.Context, c *lanyard.Caller) (*lanyard.User, *lanyard.Organization, error)
	Names(ctx context.Context, c *lanyard.Caller, users []lanyard.UserID, keys []lanyard.APIKeyID) (store.Names, error)
	People(ctx context.Context, c *lanyard.Caller) ([]lanyard.User, error)
	Audit(ctx context.Context, c *lanyard.Caller, f store.AuditFilter, p store.Page) ([]lanyard.AuditEntry, string, error)
}

// Registry keeps definitions; [registry.Registry] does.
type Registry interface {
	Services(ctx context.Context, c *lanyard.Caller, f registry.ServiceFilter, p store.Page) ([]registry.ServiceView, string, error)
	Service(ctx context.Context, c *lanyard.Caller, name string) (*registry.ServiceView, error)
	Cards(ctx context.Context, c *lanyard.Caller, f registry.CardFilter) (*registry.Cards, error)
	OAuthClientPage(ctx context.Context, c *lanyard.Caller, name string) (*registry.OAuthClientPage, error)
	CatalogFile(ctx context.Context, c *lanyard.Caller, name string) (*registry.CatalogFile, error)
	SetOAuthClient(ctx context.Context, c *lanyard.Caller, name string, in registry.OAuthClientInput) (v *registry.ServiceView, revoked int, err error)
	CreateService(ctx context.Context, c *lanyard.Caller, definition []byte) (*registry.ServiceView, error)
	EditService(ctx context.Context, c *lanyard.Caller, name string, in registry.ServiceEdit) (v *registry.ServiceView, revoked int, err error)
	DeleteService(ctx context.Context, c *lanyard.Caller, name string) (revoked int, err error)
	DraftService(ctx context.Context, c *lanyard.Caller, definition []byte) (*registry.ServiceDraft, error)
	DraftEdit(ctx context.Context, c *lanyard.Caller, name string, in registry.ServiceEdit) (*registry.ServiceDraft, error)
	Connections(ctx context.Context, c *lanyard.Caller, f registry.ConnectionFilter, p store.Page) ([]registry.ConnectionView, string, error)
	ConnectionList(ctx context.Context, c *lanyard.Caller, f registry.ConnectionFilter, p store.Page) (*registry.ConnectionList, error)
	FreeLinkName(ctx context.Context, c *lanyard.Caller, name, service string) (lanyard.LinkName, error)
	CreateConnection(ctx context.Context, c *lanyard.Caller, in registry.ConnectionInput) (*registry.ConnectionView, error)
	ConnectionToEdit(ctx context.Context, c *lanyard.Caller, name string) (*registry.ConnectionDetail, error)
	EditConnection(ctx context.Context, c *lanyard.Caller, name string, patch []byte) (*registry.ConnectionView, error)
	ConnectionToRevoke(ctx context.Context, c *lanyard.Caller, name string) (*registry.ConnectionDetail, error)
	DeleteConnection(ctx context.Context, c *lanyard.Caller, name string) error
}

// Keeper connects; [credential.Keeper] does.
type Keeper interface {
	ConnectLink(ctx context.Context, c *lanyard.Caller, connection string) (path string, err error)
	Connect(ctx context.Context, c *lanyard.Caller, connection string, in credential.ConnectInput) (*credential.ConnectResult, error)
	ConnectPage(ctx context.Context, c *lanyard.Caller, token string) (*credential.ConnectPage, error)
	SubmitConnect(ctx context.Context, c *lanyard.Caller, token string, in credential.ConnectInput) (*credential.Outcome, error)
	StartConsent(ctx context.Context, c *lanyard.Caller, token string) (providerURL string, err error)
	OpenConnectSession(ctx context.Context, token string, flow lanyard.Secret, first bool) (*credential.Opened, error)
	EndConnectSession(ctx context.Context, org lanyard.OrganizationID, id lanyard.ConnectSessionID, flow lanyard.Secret) (*credential.SessionEnd, error)
	Callback(ctx context.Context, c *lanyard.Caller, flow lanyard.Secret, org lanyard.OrganizationID, service string, query url.Values) (*credential.Outcome, error)
	Revoke(ctx context.Context, c *lanyard.Caller, connection string) (confirmed bool, err error)
	ConsentResult(ctx context.Context, c *lanyard.Caller, id string) (*credential.ConsentResult, error)
	Detail(ctx context.Context, c *lanyard.Caller, connection string) (*credential.Detail, error)
	Authorizations(ctx context.Context, c *lanyard.Caller, connection string, p store.Page) ([]store.UserAuthorization, string, error)
	UserOf(ctx context.Context, c *lanyard.Caller, connection string, user lanyard.UserID) (*store.UserAuthorization, error)
	RemoveUser(ctx context.Context, c *lanyard.Caller, connection string, user lanyard.UserID) (of *store.UserAuthorization, confirmed bool, err error)
}

// Invoker calls through connections, and knows what was called; [invoke.Invoker] does.
type Invoker interface {
	Try(ctx context.Context, c *lanyard.Caller, r *invoke.Request) (*invoke.Tried, error)
	Preview(ctx context.Context, c *lanyard.Caller, s *lanyard.Service, r *invoke.Request, parameters map[string]string) (*invoke.Preview, error)
	Activity(ctx context.Context, c *lanyard.Caller, f invoke.ActivityFilter) (*invoke.Activity, error)
	Invocations(ctx context.Context, c *lanyard.Caller, f store.InvocationFilter, p store.Page) ([]lanyard.Invocation, string, error)
}

// Webhooks tells host applications what happens; [webhook.Webhooks] does.
type Webhooks interface {
	List(ctx context.Context, c *lanyard.Caller, p store.Page) ([]lanyard.Webhook, string, error)
	Read(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID) (*lanyard.Webhook, error)
	Create(ctx context.Context, c *lanyard.Caller, in webhook.Input) (*lanyard.Webhook, lanyard.Secret, error)
	Edit(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID, in webhook.Edit) (*lanyard.Webhook, error)
	Delete(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID) error
	Rotate(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID) (secret lanyard.Secret, previousUntil time.Time, err error)
	Test(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID) (*store.DeliveryView, error)
	Deliveries(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID, p store.Page) ([]store.DeliveryView, string, error)
	Retry(ctx context.Context, c *lanyard.Caller, id lanyard.WebhookID, event lanyard.WebhookEventID) (*store.DeliveryView, error)
}

// Notices knows what waits for a person; [notice.Notices] does.
type Notices interface {
	Count(ctx context.Context, c *lanyard.Caller) (int, error)
	List(ctx context.Context, c *lanyard.Caller) ([]store.Notice, error)
	ByMail(ctx context.Context, c *lanyard.Caller) (on, possible bool, err error)
	SetByMail(ctx context.Context, c *lanyard.Caller, on bool) error
}

// Functions keeps scripts, and runs them; [function.Functions] does.
type Functions interface {
	Check(ctx context.Context, c *lanyard.Caller, source string) (*function.Checked, error)
	List(ctx context.Context, c *lanyard.Caller, query string, p store.Page) ([]lanyard.Function, string, error)
	Function(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Function, error)
	Create(ctx context.Context, c *lanyard.Caller, in function.Input) (*lanyard.Function, error)
	Edit(ctx context.Context, c *lanyard.Caller, name string, in function.Edit) (*lanyard.Function, error)
	Delete(ctx context.Context, c *lanyard.Caller, name string) error
	Versions(ctx context.Context, c *lanyard.Caller, name string, p store.Page) ([]lanyard.FunctionVersion, string, error)
	Version(ctx context.Context, c *lanyard.Caller, name string, version int64) (*lanyard.FunctionVersion, error)
	Restore(ctx context.Context, c *lanyard.Caller, name string, version int64) (*lanyard.Function, error)
	Run(ctx context.Context, c *lanyard.Caller, name string, in function.RunRequest) (*lanyard.FunctionRun, error)
	RunScript(ctx context.Context, c *lanyard.Caller, in function.RunInput) (*function.Outcome, error)
	Runs(ctx context.Context, c *lanyard.Caller, name string, p store.Page) ([]lanyard.FunctionRun, string, error)
	RunOf(ctx context.Context, c *lanyard.Caller, id lanyard.RunID) (*lanyard.FunctionRun, error)
	NewHook(ctx context.Context, c *lanyard.Caller, name string) (address lanyard.Secret, err error)
	RemoveHook(ctx context.Context, c *lanyard.Caller, name string) error
	UsedBy(ctx context.Context, c *lanyard.Caller, connection lanyard.LinkName) ([]lanyard.Function, error)
	Tasks(ctx context.Context, c *lanyard.Caller) ([]registry.Task, error)
}

// Extensions publishes and installs packages; [extension.Extensions] does.
type Extensions interface {
	Publish(ctx context.Context, c *lanyard.Caller, in extension.PublishInput) (*lanyard.Publication, error)
	SetAudience(ctx context.Context, c *lanyard.Caller, name string, to extension.Audience) (*lanyard.Publication, error)
	Withdraw(ctx context.Context, c *lanyard.Caller, name string) error
	Publications(ctx context.Context, c *lanyard.Caller) ([]lanyard.Publication, error)
	Publication(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Publication, *extension.Package, error)
	Offers(ctx context.Context, c *lanyard.Caller, p store.Page) ([]extension.Offer, string, error)
	Review(ctx context.Context, c *lanyard.Caller, from extension.Source) (*extension.Review, error)
	Install(ctx context.Context, c *lanyard.Caller, in extension.InstallInput) (*lanyard.Extension, error)
	Update(ctx context.Context, c *lanyard.Caller, name string, in extension.InstallInput) (*lanyard.Extension, *extension.Ends, error)
	SetWhenGone(ctx context.Context, c *lanyard.Caller, name string, when lanyard.WhenGone) (*lanyard.Extension, error)
	Uninstall(ctx context.Context, c *lanyard.Caller, name string) (*extension.Ends, error)
	List(ctx context.Context, c *lanyard.Caller) ([]extension.Installed, error)
	Extension(ctx context.Context, c *lanyard.Caller, name string) (*extension.Installed, *extension.Contents, *extension.Ends, error)
}

// Definitions takes what was read from elsewhere in; [definitions.Definitions] does.
type Definitions interface {
	Plan(ctx context.Context, c *lanyard.Caller, doc *definitions.Document) (*definitions.Plan, error)
	Apply(ctx context.Context, c *lanyard.Caller, doc *definitions.Document, digest string) (*definitions.Plan, error)
}

// Config is what [New] needs.
type Config struct {
	Accounts Accounts
	Registry Registry
	Keeper   Keeper
	Invoker  Invoker
	Webhooks Webhooks
	Notices  Notices
	// Functions keeps and runs scripts.
	Functions   Functions
	Extensions  Extensions
	Definitions Definitions
	// Catalog gives the default services of the moment, for the colours and marks of their tiles.
	Catalog func() *catalog.Catalog
	// PublicURL is the address of this deployment, without a final slash. When it is https, cookies are Secure.
	PublicURL string
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Of anybody else the address is the connection's.
	TrustedProxies []netip.Prefix
	Version        string // shown at the foot of each page
	// Restored says that this Lanyard was restored from a backup and waits; nil for whom that is no business of, and otherwise.
	Restored func(context.Context, *lanyard.Caller) (*account.Restored, error)
	Logger   *slog.Logger
}

// site answers every page.
type site struct {
	accounts    Accounts
	registry    Registry
	keeper      Keeper
	invoker     Invoker
	webhooks    Webhooks
	notices     Notices
	functions   Functions
	extensions  Extensions
	definitions Definitions
	catalog     func() *catalog.Catalog
	pages       *renderer
	log         *slog.Logger

	restored  func(context.Context, *lanyard.Caller) (*account.Restored, error)
	publicURL string
	proxies   []netip.Prefix
	secure    bool // the public URL is https
}

// New gives the handler of every page and of the files that pages need. It answers every address that nobody else
// does, with a page that says so, so it belongs at "/".
func New(c Config) (http.Handler, error) {
	public, err := url.Parse(c.PublicURL)
	if err != nil || public.Host == "" || public.Scheme != "https" && public.Scheme != "http" {
		return nil, fmt.Errorf("read the public URL %q: it is https:// or http:// and a host", c.PublicURL)
	}
	files := loadAssets()
	pages, err := newRenderer(files.url, c.Catalog, c.PublicURL, c.Version, time.Now)
	if err != nil {
		return nil, err
	}
	s := &site{
		accounts: c.Accounts, registry: c.Registry, keeper: c.Keeper, invoker: c.Invoker, webhooks: c.Webhooks, notices: c.Notices, functions: c.Functions,
		extensions: c.Extensions, definitions: c.Definitions, restored: c.Restored, catalog: c.Catalog, pages: pages, log: c.Logger,
		publicURL: c.PublicURL, proxies: c.TrustedProxies, secure: public.Scheme == "https",
	}

	guard := http.NewCrossOriginProtection()
	// For browsers that send no Sec-Fetch-Site, behind a proxy that changes the Host header.
	if err := guard.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, fmt.Errorf("trust the public URL %q: %w", c.PublicURL, err)
	}
	guard.SetDenyHandler(http.HandlerFunc(s.fromElsewhere))

	all := http.NewServeMux()
	all.Handle("GET /assets/", files)
	all.HandleFunc("GET /embed.js", serveEmbed)
	all.Handle("/", guard.Handler(s.routes()))
	return withHeaders(s.serve(all), referrerPolicy(public)), nil
}

// referrerPolicy is no-referrer, except where that would make our own forms look like another site's: from a page
// with no-referrer a browser posts `Origin: null` (Fetch, "serializing a request origin"), and over plain http to a
// host that is not loopback it sends no Sec-Fetch-Site that would say better. There it is same-origin, which tells
// other sites no more.
func referrerPolicy(public *url.URL) string {
	host := public.Hostname()
	if public.Scheme == "https" || host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasPrefix(host, "127.") || host == "::1" {
		return "no-referrer"
	}
	return "same-origin"
}
