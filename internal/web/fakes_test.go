package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/catalog"
	"lanyard/internal/credential"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// The real workrooms fit the doors.
var (
	_ Accounts = (*account.Accounts)(nil)
	_ Registry = (*registry.Registry)(nil)
	_ Keeper   = (*credential.Keeper)(nil)
)

// rooms stand in for the workrooms: they answer what a test says, so that every outcome can be had, and note what
// changed something.
type rooms struct {
	mu    sync.Mutex
	calls []string // of methods that change something

	page      *credential.ConnectPage
	pageErr   error
	outcome   *credential.Outcome
	submitErr error
	submitted credential.ConnectInput
	provider  string
	startErr  error
	back      func(c *lanyard.Caller, org lanyard.OrganizationID, service string, query url.Values) (*credential.Outcome, error)
	result    *credential.ConsentResult
	link      string
	err       error // of every other method
	setup     account.Setup
	setupErr  error
	list      []registry.ConnectionView
	services  []registry.ServiceView
	next      string
	asked     store.Page
	connectionRooms
	embedRooms
	accountRooms
	peopleRooms
	organizationRooms
	tryRoom
	records
	told
	signInRoom
	scriptRooms
	extensionRooms
}

const (
	goodToken   = "GOODTOKEN"   // of set-up and sign-in links
	goodSession = "goodsession" // the cookie of visiting
)

func (f *rooms) changed(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, what)
}

func (f *rooms) changes() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.calls, " ")
}

func linkUsed() error { return lanyard.Errorf(lanyard.CodeNotFound, "This link was used already.") }

func (f *rooms) SetupOpen(_ context.Context, token string) error {
	if token != goodToken {
		return linkUsed()
	}
	return f.err
}

func (f *rooms) SignOut(_ context.Context, cookie string) error {
	f.changed("SignOut:" + cookie)
	return nil
}

func (f *rooms) CallerBySession(_ context.Context, cookie string) (*lanyard.Caller, *lanyard.User, error) {
	switch cookie {
	case goodSession:
		v := visiting()
		return v.caller, v.user, nil
	case otherSession:
		v := abroad()
		return v.caller, v.user, nil
	case "broken":
		return nil, nil, io.ErrUnexpectedEOF
	}
	return nil, nil, lanyard.Errorf(lanyard.CodeUnauthenticated, "The session has ended: sign in again.")
}

func (f *rooms) Me(_ context.Context, c *lanyard.Caller) (*lanyard.User, *lanyard.Organization, error) {
	if c.Organization == abroad().organization.ID {
		return abroad().user, abroad().organization, f.err
	}
	return visiting().user, &lanyard.Organization{ID: "org_zylker", Name: "Zylker Instruments"}, f.err
}

func (f *rooms) Connections(_ context.Context, _ *lanyard.Caller, _ registry.ConnectionFilter, p store.Page) ([]registry.ConnectionView, string, error) {
	f.asked = p
	return f.list, f.next, f.err
}

func (f *rooms) Services(_ context.Context, _ *lanyard.Caller, filter registry.ServiceFilter, p store.Page) ([]registry.ServiceView, string, error) {
	f.asked = p
	return f.services, f.next, f.err
}

func (f *rooms) ConnectLink(_ context.Context, _ *lanyard.Caller, connection string) (string, error) {
	f.changed("ConnectLink:" + connection)
	return f.link, f.err
}

func (f *rooms) ConnectPage(_ context.Context, c *lanyard.Caller, _ string) (*credential.ConnectPage, error) {
	if err := f.knows(c); err != nil {
		return nil, err
	}
	return f.page, f.pageErr
}

func (f *rooms) SubmitConnect(_ context.Context, _ *lanyard.Caller, token string, in credential.ConnectInput) (*credential.Outcome, error) {
	f.changed("SubmitConnect:" + token)
	f.submitted = in
	return f.outcome, f.submitErr
}

func (f *rooms) StartConsent(_ context.Context, _ *lanyard.Caller, token string) (string, error) {
	f.changed("StartConsent:" + token)
	return f.provider, f.startErr
}

func (f *rooms) Callback(_ context.Context, c *lanyard.Caller, _ lanyard.Secret, org lanyard.OrganizationID, service string, query url.Values) (*credential.Outcome, error) {
	f.changed("Callback")
	return f.back(c, org, service, query)
}

func (f *rooms) ConsentResult(_ context.Context, c *lanyard.Caller, _ string) (*credential.ConsentResult, error) {
	if err := f.knows(c); err != nil {
		return nil, err
	}
	return f.result, f.err
}

// door is the pages over rooms, on a server of their own, with a browser's cookies.
type door struct {
	*rooms
	t      *testing.T
	server *httptest.Server
	client *http.Client
	log    *bytes.Buffer
}

// newDoor serves the pages on loopback; public is the URL they believe to have, the server's own when empty.
func newDoor(t *testing.T, public string) *door {
	t.Helper()
	d := &door{rooms: &rooms{}, t: t, log: &bytes.Buffer{}}
	var pages http.Handler
	d.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { pages.ServeHTTP(w, r) }))
	t.Cleanup(d.server.Close)
	if public == "" {
		public = d.server.URL
	}
	pages = newPages(t, d.rooms, public, d.log)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	d.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return d
}

func newPages(t *testing.T, f *rooms, public string, log io.Writer) http.Handler {
	t.Helper()
	pages, err := New(Config{Accounts: f, Registry: f, Keeper: f, Invoker: f, Webhooks: hookRoom{f}, Notices: noticeRoom{f}, Functions: functionRoom{f}, Extensions: extensionRoom{f}, Catalog: catalog.Default, PublicURL: public, Version: "1.0.0", Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// signIn gives the browser visiting's session.
func (d *door) signIn() *door {
	u, err := url.Parse(d.server.URL)
	if err != nil {
		d.t.Fatal(err)
	}
	d.client.Jar.SetCookies(u, []*http.Cookie{{Name: "lanyard_session", Value: goodSession, Path: "/"}})
	return d
}

// answer is what a page came to.
type answer struct {
	status   int
	header   http.Header
	body     string
	location string
	cookies  map[string]*http.Cookie // that were set
}

// send makes a request. Headers come in pairs of name and value.
func (d *door) send(method, path, body string, headers ...string) answer {
	d.t.Helper()
	req, err := http.NewRequest(method, d.server.URL+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := d.client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	a := answer{res.StatusCode, res.Header, string(got), res.Header.Get("Location"), map[string]*http.Cookie{}}
	for _, c := range res.Cookies() {
		a.cookies[c.Name] = c
	}
	return a
}

func (d *door) get(path string, headers ...string) answer {
	d.t.Helper()
	return d.send(http.MethodGet, path, "", headers...)
}

// post sends a form as a browser sends one of our own.
func (d *door) post(path string, form url.Values) answer {
	d.t.Helper()
	return d.send(http.MethodPost, path, form.Encode(), "Sec-Fetch-Site", "same-origin")
}

// main is what the page is about, for messages.
func (a answer) main() string {
	if _, rest, ok := strings.Cut(a.body, "<main"); ok {
		main, _, _ := strings.Cut(rest, "</main>")
		return "<main" + main
	}
	return a.body
}

// want fails when the answer is not of the status, or lacks one of the texts.
func (a answer) want(t *testing.T, status int, texts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status: got %d, want %d; %s", a.status, status, a.main())
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page does not say %q:\n%s", text, a.main())
		}
	}
}

func (a answer) lacks(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("the page says %q:\n%s", text, a.main())
		}
	}
}

// goesTo fails when the answer is not a redirect to the place.
func (a answer) goesTo(t *testing.T, place string) {
	t.Helper()
	if a.status != http.StatusSeeOther || a.location != place {
		t.Errorf("got %d to %q, want 303 to %q; %s", a.status, a.location, place, a.main())
	}
}
