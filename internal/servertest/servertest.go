// Package servertest starts a whole Lanyard for a test: a real server on a real port with a throw-away store, its owner
// signed in by key and by browser. Start at [Start]; [Lanyard.API] is a call of its API.
package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/server"
	"lanyard/internal/store"
)

// Lanyard is a running server and its owner.
type Lanyard struct {
	URL            string
	Key            string // of the owner, with every right
	OrganizationID lanyard.OrganizationID
	UserID         lanyard.UserID
	Config         server.Config
	Log            *Buffer // at debug level

	signInURL string
	stop      context.CancelFunc
	stopped   chan error
}

// Buffer is a log that can be read while it is written.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Loopback are the networks that a test opens, as an operator would for an intranet.
var Loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// Start serves until the test ends. Each change may alter the configuration before.
func Start(t testing.TB, changes ...func(*server.Config)) *Lanyard {
	t.Helper()
	l := New(t, changes...)
	made, err := server.Init(t.Context(), l.Config, "owner@example.com", "The owner")
	if err != nil {
		t.Fatalf("init: %v", err)
	}
	l.Key, l.OrganizationID, l.UserID, l.signInURL = made.APIKey.Reveal(), made.OrganizationID, made.UserID, made.SignInURL
	l.Serve(t)
	return l
}

// New prepares a server with an empty store and does not start it.
func New(t testing.TB, changes ...func(*server.Config)) *Lanyard {
	t.Helper()
	l := &Lanyard{Log: &Buffer{}}
	dir := filepath.Join(t.TempDir(), "data")
	l.Config = server.Config{
		DataDir: dir, Listen: FreeAddr(t), AllowNetworks: Loopback, Stdout: io.Discard, Stderr: l.Log, LogLevel: -4, Version: "test",
		ShutdownGrace: 10 * time.Second,
		SweepEvery:    time.Hour, // a test that wants the sweep asks for it
	}
	for _, change := range changes {
		change(&l.Config)
	}
	l.URL = "http://" + l.Config.Listen
	if l.Config.PublicURL != "" {
		l.URL = l.Config.PublicURL
	}
	return l
}

// Serve starts a prepared or stopped server.
func (l *Lanyard) Serve(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l.stop, l.stopped = stop, make(chan error, 1)
	ready := make(chan struct{})
	config := l.Config
	config.Ready = func(string) { close(ready) }
	stopped := l.stopped
	go func() { stopped <- server.Run(ctx, config) }()
	select {
	case <-ready:
	case err := <-stopped:
		stop()
		t.Fatalf("serve: %v", err)
	}
	t.Cleanup(func() { l.Stop(t) })
}

// Stop ends the server in good order, and fails the test if that took an error.
func (l *Lanyard) Stop(t testing.TB) {
	t.Helper()
	l.stop()
	if l.stopped == nil {
		return
	}
	if err := <-l.stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	l.stopped = nil
}

// Replica is another server on the same PostgreSQL, for the same owner.
func (l *Lanyard) Replica(t testing.TB) *Lanyard {
	t.Helper()
	r := &Lanyard{Log: l.Log, Config: l.Config, Key: l.Key, OrganizationID: l.OrganizationID, UserID: l.UserID}
	r.Config.Listen = FreeAddr(t)
	r.Config.KeyFile = filepath.Join(l.Config.DataDir, "key")
	r.Config.PublicURL = l.URL
	r.URL = "http://" + r.Config.Listen
	r.Serve(t)
	return r
}

// FreeAddr is a loopback address on which nothing listens.
func FreeAddr(t testing.TB) string {
	t.Helper()
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	return n.Addr().String()
}

// Answer is an answer of the API.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON decodes the answer.
func (a *Answer) JSON(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, into); err != nil {
		t.Fatalf("answer %d is not JSON that fits: %v\n%s", a.Status, err, a.Body)
	}
}

// Field gives a member of a JSON answer by its path, such as "body.headers"; nil when there is none.
func (a *Answer) Field(t testing.TB, path string) any {
	t.Helper()
	var v any
	a.JSON(t, &v)
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// Code is the code of a problem document, and empty for any other answer.
func (a *Answer) Code() string {
	var p struct {
		Code string `json:"code"`
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(a.Body, &p) != nil {
		return ""
	}
	return p.Code
}

// API calls "METHOD /path" as the owner. Body is nothing, a string as it stands, or anything else as JSON.
func (l *Lanyard) API(t testing.TB, call string, body any, headers ...string) *Answer {
	t.Helper()
	return l.As(t, l.Key, call, body, headers...)
}

// As is API with another key.
func (l *Lanyard) As(t testing.TB, key, call string, body any, headers ...string) *Answer {
	t.Helper()
	method, path, ok := strings.Cut(call, " ")
	if !ok {
		t.Fatalf("call %q is not METHOD /path", call)
	}
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	case []byte:
		content = bytes.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, l.URL+path, content)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	return &Answer{resp.StatusCode, resp.Header, data}
}

// Must is API that fails the test unless the answer has the status.
func (l *Lanyard) Must(t testing.TB, status int, call string, body any, headers ...string) *Answer {
	t.Helper()
	a := l.API(t, call, body, headers...)
	if a.Status != status {
		t.Fatalf("%s: got %d, want %d: %s", call, a.Status, status, a.Body)
	}
	return a
}

// Connect makes a service of the given definition and a connection with the same link name, and connects it with the
// body of connect (nil: leaves it unconnected). It gives the answer of connect.
func (l *Lanyard) Connect(t testing.TB, definition map[string]any, connect any) *Answer {
	t.Helper()
	name := definition["link_name"].(string)
	if definition["name"] == nil {
		definition["name"] = name
	}
	l.Must(t, 201, "POST /v1/services", definition)
	scopes := []string{}
	if auth, ok := definition["auth"].(map[string]any); ok {
		if list, ok := auth["scopes"].([]map[string]any); ok {
			for _, s := range list {
				scopes = append(scopes, s["value"].(string))
			}
		}
	}
	l.Must(t, 201, "POST /v1/connections", map[string]any{"link_name": name, "name": name, "service": name, "scopes": scopes})
	if connect == nil {
		return nil
	}
	return l.Must(t, 200, "POST /v1/connections/"+name+"/connect", connect)
}

// Browser is a client with cookies, signed in as the owner, that follows no redirect.
func (l *Lanyard) Browser(t testing.TB) *http.Client {
	t.Helper()
	signIn := l.signInURL
	l.signInURL = ""
	if signIn == "" {
		signIn = l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
	}
	return SignIn(t, signIn)
}

// SignIn is a client with cookies that opened a sign-in link.
func SignIn(t testing.TB, signInURL string) *http.Client {
	t.Helper()
	b := Stranger(t)
	if resp := Get(t, b, signInURL); resp.Status != http.StatusSeeOther {
		t.Fatalf("sign in: got %d, want 303: %s", resp.Status, resp.Body)
	}
	return b
}

// Stranger is a client with cookies that is not signed in. It follows no redirect.
func Stranger(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// Get opens an address in a browser.
func Get(t testing.TB, browser *http.Client, address string) *Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, browser, req)
}

// Post sends a form from a browser.
func Post(t testing.TB, browser *http.Client, address string, form url.Values) *Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(t, browser, req)
}

func do(t testing.TB, browser *http.Client, req *http.Request) *Answer {
	t.Helper()
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &Answer{resp.StatusCode, resp.Header, data}
}

// Leave opens a connect URL in the browser and follows Lanyard's own redirects until one leads away: to the provider.
func (l *Lanyard) Leave(t testing.TB, browser *http.Client, connectURL string) string {
	t.Helper()
	address := connectURL
	for range 5 {
		a := Get(t, browser, address)
		to := a.Header.Get("Location")
		if a.Status != http.StatusSeeOther || to == "" {
			t.Fatalf("open %s: got %d, want a redirect: %s", address, a.Status, a.Body)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		if u.Host != "" && !strings.HasPrefix(to, l.URL) {
			return to
		}
		address = l.URL + u.RequestURI()
	}
	t.Fatal("the connect URL leads nowhere")
	return ""
}

// Member adds a user to the owner's organization, straight in the store, and gives a key of theirs. The server must
// not run on an embedded store at that moment, so it is stopped and started again there.
func (l *Lanyard) Member(t testing.TB, email string, role lanyard.Role, rights lanyard.KeyRights) (lanyard.UserID, string) {
	t.Helper()
	var id lanyard.UserID
	var key string
	l.InStore(t, func(s *store.Store) {
		user := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: l.OrganizationID, Email: email, Name: email, Role: role, ExternalID: "ext-" + email}
		if err := s.CreateUser(t.Context(), user, lanyard.AuditEntry{OrganizationID: l.OrganizationID, Action: "test", Object: string(user.ID)}); err != nil {
			t.Fatal(err)
		}
		id, key = user.ID, l.keyOf(t, s, &user, rights)
	})
	return id, key
}

// Organization adds another organization with its owner, and gives a key of theirs.
func (l *Lanyard) Organization(t testing.TB, name string) *Lanyard {
	t.Helper()
	other := *l
	l.InStore(t, func(s *store.Store) {
		org := lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: name}
		user := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: org.ID, Email: "owner@" + name + ".example", Name: "Owner of " + name, Role: lanyard.RoleOwner}
		err := s.CreateAccount(t.Context(), store.NewAccount{Organization: org, Owner: user, Audit: lanyard.AuditEntry{OrganizationID: org.ID, Action: "test", Object: string(org.ID)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		other.OrganizationID, other.UserID, other.signInURL = org.ID, user.ID, ""
		other.Key = l.keyOf(t, s, &user, lanyard.KeyRights{Manage: true, ActForUsers: true})
	})
	other.stop, other.stopped = func() {}, nil
	return &other
}

// keyOf makes a key by the same way as the API does.
func (l *Lanyard) keyOf(t testing.TB, s *store.Store, user *lanyard.User, rights lanyard.KeyRights) string {
	t.Helper()
	accounts := account.New(account.Config{Store: s, PublicURL: l.URL})
	admin := &lanyard.Caller{Organization: user.OrganizationID, User: user.ID, KeyOwner: user.ID, Role: lanyard.RoleOwner}
	var connections []string
	for _, c := range rights.Connections {
		connections = append(connections, string(c))
	}
	_, key, err := accounts.CreateKey(t.Context(), admin, account.NewKey{Name: "test", ActForUsers: rights.ActForUsers, Manage: &rights.Manage, Connections: connections})
	if err != nil {
		t.Fatal(err)
	}
	return key.Reveal()
}

// InStore does something with the store itself. An embedded store belongs to one process, so the server is stopped
// meanwhile.
func (l *Lanyard) InStore(t testing.TB, do func(*store.Store)) {
	t.Helper()
	running := l.stopped != nil
	if running && l.Config.Database == "" {
		l.Stop(t)
		defer l.Serve(t)
	}
	keyFile := l.Config.KeyFile
	if keyFile == "" {
		keyFile = filepath.Join(l.Config.DataDir, "key")
	}
	s, err := store.Open(t.Context(), store.Config{Dir: l.Config.DataDir, Database: l.Config.Database, KeyFile: keyFile})
	if err != nil {
		t.Fatal(fmt.Errorf("open the store of the test server: %w", err))
	}
	defer s.Close()
	do(s)
}
