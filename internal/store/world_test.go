package store_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

// world is an organization with an owner and a member, in a store whose clock the test moves.
type world struct {
	*store.Store
	t      testing.TB
	config store.Config
	now    *clock
	org    lanyard.OrganizationID
	owner  lanyard.User
	member lanyard.User
}

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// start is when every world begins.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func eachWorld(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, open storetest.Opener) {
		t.Helper()
		run(t, newWorld(t, open))
	})
}

func newWorld(t testing.TB, open storetest.Opener, change ...func(*store.Config)) *world {
	t.Helper()
	w := &world{t: t, now: &clock{t: start}}
	w.Store = open(append(change, func(c *store.Config) {
		c.Now = w.now.now
		w.config = *c
	})...)
	w.org, w.owner, w.member = w.account("acme")
	return w
}

// account makes an organization whose people have addresses like owner@acme.example.
func (w *world) account(name string) (lanyard.OrganizationID, lanyard.User, lanyard.User) {
	w.t.Helper()
	a := store.NewAccount{
		Organization: lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: name},
		Owner:        lanyard.User{ID: lanyard.NewUserID(), Email: "owner@" + name + ".example", Name: "Olive Owner", Role: lanyard.RoleOwner},
		Audit:        entry(lanyard.ActionOrganizationCreate),
	}
	w.must(w.CreateAccount(w.t.Context(), a, nil))
	member := lanyard.User{
		ID: lanyard.NewUserID(), OrganizationID: a.Organization.ID, Email: "member@" + name + ".example", Name: "Max Member",
		Role: lanyard.RoleMember, ExternalID: "ext-member",
	}
	w.must(w.CreateUser(w.t.Context(), member, entry("user.create")))
	a.Owner.OrganizationID = a.Organization.ID
	a.Owner.CreatedAt, member.CreatedAt = w.Now(), w.Now()
	return a.Organization.ID, a.Owner, member
}

func entry(action lanyard.Action) lanyard.AuditEntry {
	return lanyard.AuditEntry{Action: action, Object: "object", ObjectName: "name"}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// service makes a custom service with OAuth 2 and a client secret.
func (w *world) service(linkName lanyard.LinkName) *lanyard.Service {
	w.t.Helper()
	s := oauth2Service(w.org, w.owner.ID, linkName)
	w.must(w.CreateService(w.t.Context(), s, entry(lanyard.ActionServiceCreate)))
	return s
}

func oauth2Service(org lanyard.OrganizationID, author lanyard.UserID, linkName lanyard.LinkName) *lanyard.Service {
	return &lanyard.Service{
		OrganizationID: org, Author: author, Kind: lanyard.KindCustom, LinkName: linkName, Name: "Service " + string(linkName),
		BaseURL: "https://api.example.com", Hosts: []string{"api.example.com"},
		Auth: lanyard.Auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{
			GrantType: lanyard.AuthorizationCode, PKCE: true, ClientID: "client", ClientSecret: lanyard.NewSecret("client secret of " + string(linkName)),
			AuthorizeURL: "https://example.com/authorize", AccessTokenURL: "https://example.com/token",
			ParamType: lanyard.ParamHeader, ScopeDelimiter: " ", Scopes: []lanyard.Scope{{Name: "Read", Value: "read"}},
		}},
	}
}

// connection makes a connection of the owner with a service.
func (w *world) connection(linkName lanyard.LinkName, s *lanyard.Service, change ...func(*lanyard.Connection)) *lanyard.Connection {
	w.t.Helper()
	c := &lanyard.Connection{
		OrganizationID: w.org, LinkName: linkName, Name: "Connection " + string(linkName), Service: s.LinkName, ServiceID: s.ID,
		Scopes: []string{"read"}, Origin: lanyard.OriginUser, Owner: w.owner.ID, UsableBy: lanyard.UsableByOrganization,
	}
	for _, f := range change {
		f(c)
	}
	w.must(w.CreateConnection(w.t.Context(), c, entry(lanyard.ActionConnectionCreate)))
	return c
}

// ofEachUser turns on "use credentials of login user".
func ofEachUser(c *lanyard.Connection) { c.UseLoginUserCredentials = true }

// connect stores a credential of user, which lives for an hour.
func (w *world) connect(c *lanyard.Connection, s *lanyard.Service, user lanyard.UserID) *lanyard.Authorization {
	w.t.Helper()
	a := &lanyard.Authorization{
		OrganizationID: c.OrganizationID, ConnectionID: c.ID, UserID: user, Scopes: []string{"read"}, GrantedScope: "read", Account: "olive@example.com",
		ServiceVersion: s.Version, ExpiresAt: w.Now().Add(time.Hour), Lifetime: time.Hour, RefreshDue: w.Now().Add(55 * time.Minute),
	}
	ok, _, err := w.SaveAuthorization(w.t.Context(), a, credential(string(c.LinkName)+" of "+string(user)), entry(lanyard.ActionConnect))
	w.must(err)
	if !ok {
		w.t.Fatalf("the authorization of %s was not saved", c.LinkName)
	}
	return a
}

// credential is an OAuth 2 credential with a parameter; what says whose it is.
func credential(what string) *lanyard.Credential {
	return &lanyard.Credential{
		AccessToken: lanyard.NewSecret("access " + what), RefreshToken: lanyard.NewSecret("refresh " + what),
		Parameters: map[string]string{"domain": "acme"},
	}
}

// token opens the stored credential and gives its access token; "" when there is none.
func (w *world) token(c *lanyard.Connection, user lanyard.UserID) string {
	w.t.Helper()
	_, opened, err := w.OpenAuthorization(w.t.Context(), c.OrganizationID, c.ID, user)
	w.must(err)
	if opened == nil {
		return ""
	}
	return opened.AccessToken.Reveal()
}

// client sets an OAuth client over the one that is there, and keeps the connections.
func (w *world) client(org lanyard.OrganizationID, service lanyard.LinkName, secret lanyard.Secret) {
	w.t.Helper()
	c := &lanyard.OAuthClient{Organization: org, Service: service, ClientID: "id", ClientSecret: secret}
	if before, err := w.OAuthClient(w.t.Context(), org, service); err == nil {
		c.Version = before.Version
	}
	_, err := w.SetOAuthClient(w.t.Context(), c, true, "", entry(lanyard.ActionClientSet))
	w.must(err)
}

func (w *world) authorization(c *lanyard.Connection, user lanyard.UserID) *lanyard.Authorization {
	w.t.Helper()
	a, err := w.Authorization(w.t.Context(), c.OrganizationID, c.ID, user)
	w.must(err)
	return a
}

// audited counts the entries of an action.
func (w *world) audited(action lanyard.Action) int {
	w.t.Helper()
	entries, _, err := w.Audit(w.t.Context(), w.org, store.AuditFilter{Actions: []lanyard.Action{action}}, store.Page{Limit: 200})
	w.must(err)
	return len(entries)
}

func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func wantCode(t testing.TB, err error, code lanyard.Code) {
	t.Helper()
	if err == nil || lanyard.CodeOf(err) != code {
		t.Errorf("got the error %v, want the code %s", err, code)
	}
}

// wantField checks for an error that names one field.
func wantField(t testing.TB, err error, code lanyard.Code, pointer string) {
	t.Helper()
	wantCode(t, err, code)
	var e *lanyard.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Pointer != pointer {
		t.Errorf("got the error %v, want one that names the field %s", err, pointer)
	}
}

// raw opens a store's database beside the store, as a thief or an operator could.
func raw(t testing.TB, c store.Config) *sql.DB {
	t.Helper()
	driver, source := "pgx", storetest.Outside(c.Database)
	if c.Database == "" {
		driver, source = "sqlite", "file:"+filepath.Join(c.Dir, "lanyard.db")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// tables lists the store's own tables.
func tables(t testing.TB, db *sql.DB, c store.Config) []string {
	t.Helper()
	query := `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	if c.Database != "" {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name`
	}
	var names []string
	for _, row := range dump(t, db, query) {
		if name := row[0].(string); !strings.HasPrefix(name, "goose_") {
			names = append(names, name)
		}
	}
	return names
}

// dump gives every row of a query.
func dump(t testing.TB, db *sql.DB, query string, args ...any) (all [][]any) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(any)
		}
		if err := rows.Scan(row...); err != nil {
			t.Fatal(err)
		}
		for i := range row {
			row[i] = *row[i].(*any)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// contents is everything in a store, or everything of one organization, as text.
func contents(t testing.TB, c store.Config, org lanyard.OrganizationID) string {
	t.Helper()
	db := raw(t, c)
	var b strings.Builder
	for _, table := range tables(t, db, c) {
		where, args := "", []any(nil)
		switch {
		case org == "":
		case table == "organizations":
			where, args = " WHERE id = $1", []any{org}
		case table == "keysets", table == "instances", table == "verified_services": // of the deployment
			continue
		default:
			where, args = " WHERE organization_id = $1", []any{org}
		}
		fmt.Fprintf(&b, "%s: %v\n", table, dump(t, db, "SELECT * FROM "+table+where+" ORDER BY 1, 2", args...))
	}
	return b.String()
}

// consent begins a consent of the owner that holds for ten minutes.
func (w *world) consent(s *lanyard.Service, c *lanyard.Connection, state string) *lanyard.ConsentRequest {
	w.t.Helper()
	r := &lanyard.ConsentRequest{
		OrganizationID: w.org, ConnectionID: c.ID, UserID: w.owner.ID, Session: "session", ServiceID: s.ID, Service: s.LinkName, ServiceVersion: s.Version,
		ReturnTo: "/connections", ExpiresAt: w.Now().Add(10 * time.Minute),
		Secrets: lanyard.ConsentSecrets{CodeVerifier: lanyard.NewSecret("verifier of " + state), Parameters: map[string]string{"domain": "acme"}},
	}
	w.must(w.CreateConsentRequest(w.t.Context(), r, hash(state)))
	return r
}
