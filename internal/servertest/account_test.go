package servertest_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
	"lanyard/internal/storetest"
)

// What people type in these tests.
const (
	ownersPassword = "four plain words here"
	nextPassword   = "other plain words there"
)

// newAccount starts a server on an empty store and sets it up in a browser, which is signed in afterwards.
func newAccount(t *testing.T, changes ...func(*server.Config)) (*servertest.Lanyard, *http.Client) {
	t.Helper()
	printed := &servertest.Buffer{}
	l := servertest.New(t, append(changes, func(c *server.Config) { c.Stdout = printed })...)
	l.Serve(t)
	browser := servertest.Stranger(t)
	form := url.Values{"organization": {"Zylker"}, "name": {"The owner"}, "email": {"owner@example.com"}, "password": {ownersPassword}}
	if a := servertest.Post(t, browser, operationsSetupLink(printed), form); a.Status != http.StatusSeeOther {
		t.Fatalf("set up: %d %s", a.Status, a.Body)
	}
	return l, browser
}

func withPassword(t *testing.T, l *servertest.Lanyard, browser *http.Client, password string) *servertest.Answer {
	t.Helper()
	return servertest.Post(t, browser, l.URL+"/sign-in", url.Values{"email": {"owner@example.com"}, "password": {password}})
}

// isSignedIn reports whether a browser sees its account.
func isSignedIn(t *testing.T, l *servertest.Lanyard, browser *http.Client) bool {
	t.Helper()
	a := servertest.Get(t, browser, l.URL+"/account")
	if a.Status != 200 && a.Status != 401 {
		t.Fatalf("the account: %d %s", a.Status, a.Body)
	}
	return a.Status == 200
}

// TestI12_PasswordChange over the pages: what ends, what goes on, and what the person is told. No password is in the
// log or in a page.
func TestI12_PasswordChange(t *testing.T) {
	l, here := newAccount(t)
	there := servertest.Stranger(t)
	if a := withPassword(t, l, there, ownersPassword); a.Status != http.StatusSeeOther {
		t.Fatalf("sign in: %d %s", a.Status, a.Body)
	}
	made := servertest.Post(t, here, l.URL+"/account/keys", url.Values{"name": {"nightly"}, "manage": {"on"}, "life": {"30"}})
	key := "lanyard_" + strings.SplitN(strings.SplitN(string(made.Body), "lanyard_", 2)[1], "&#39;", 2)[0]
	key, _, _ = strings.Cut(key, "\n")
	key, _, _ = strings.Cut(key, "<")
	if a := l.As(t, key, "GET /v1/me", nil); a.Status != 200 {
		t.Fatalf("the key %q: %d %s", key, a.Status, a.Body)
	}
	form := servertest.Get(t, here, l.URL+"/account/password")
	if !strings.Contains(string(form.Body), "1 other session and 1 API key") {
		t.Errorf("before, the page does not say what will end: %s", form.Body)
	}
	if a := servertest.Post(t, here, l.URL+"/account/password", url.Values{"current": {"marked wrong one"}, "new": {nextPassword}}); a.Status != 400 || !isSignedIn(t, l, there) {
		t.Errorf("with the wrong one: %d", a.Status)
	}
	before := sessionOf(t, l, here)
	if a := servertest.Post(t, here, l.URL+"/account/password", url.Values{"current": {ownersPassword}, "new": {nextPassword}}); a.Status != http.StatusSeeOther {
		t.Fatalf("change: %d %s", a.Status, a.Body)
	}
	if page := servertest.Get(t, here, l.URL+"/account"); page.Status != 200 || !strings.Contains(string(page.Body), "1 other session and 1 API key ended.") {
		t.Errorf("afterwards the page does not say what ended: %d %s", page.Status, page.Body)
	}
	if sessionOf(t, l, here) == before {
		t.Error("I05: the session has the same id as before")
	}
	if isSignedIn(t, l, there) {
		t.Error("the other session goes on")
	}
	if a := l.As(t, key, "GET /v1/me", nil); a.Status != 401 {
		t.Errorf("the key still works: %d", a.Status)
	}
	if a := withPassword(t, l, servertest.Stranger(t), ownersPassword); a.Status != 400 {
		t.Errorf("the old password: %d", a.Status)
	}
	if a := withPassword(t, l, servertest.Stranger(t), nextPassword); a.Status != http.StatusSeeOther {
		t.Errorf("the new password: %d", a.Status)
	}
	for _, secret := range []string{ownersPassword, nextPassword, "marked wrong one", "$argon2id"} {
		if strings.Contains(l.Log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

// sessionOf is the value of a browser's session cookie.
func sessionOf(t *testing.T, l *servertest.Lanyard, browser *http.Client) string {
	t.Helper()
	return cookieOf(t, l, browser, "session")
}

// cookieOf is the value of a cookie of ours.
func cookieOf(t *testing.T, l *servertest.Lanyard, browser *http.Client, name string) string {
	t.Helper()
	u, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range browser.Jar.Cookies(u) {
		if c.Name == "lanyard_"+name {
			return c.Value
		}
	}
	t.Fatalf("the browser has no cookie %s", name)
	return ""
}

// TestI11 over the pages: whoever kept the cookie of a session that was signed out has nothing.
func TestI11_SigningOutEndsTheSessionItself(t *testing.T) {
	l, browser := newAccount(t)
	kept := sessionOf(t, l, browser)
	a := servertest.Post(t, browser, l.URL+"/sign-out", nil)
	if a.Status != http.StatusSeeOther || a.Header.Get("Clear-Site-Data") != `"cache"` {
		t.Errorf("sign out: %d, Clear-Site-Data %s", a.Status, a.Header.Get("Clear-Site-Data"))
	}
	u, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	thief := servertest.Stranger(t)
	thief.Jar.SetCookies(u, []*http.Cookie{{Name: "lanyard_session", Value: kept, Path: "/"}})
	if isSignedIn(t, l, thief) || isSignedIn(t, l, browser) {
		t.Error("the session goes on after signing out")
	}
}

// TestJ01 over the pages: a flood slows down the account and the address, and the owner's own browser is let in.
func TestJ01_GuessingAtThePagesIsSlowed(t *testing.T) {
	l, home := newAccount(t)
	servertest.Post(t, home, l.URL+"/sign-out", nil)
	stranger, looked := servertest.Stranger(t), 0
	for i := range 300 {
		a := withPassword(t, l, stranger, fmt.Sprint("guess ", i))
		switch a.Status {
		case 400:
			looked++
		case 429:
			if a.Header.Get("Retry-After") == "" || !strings.Contains(string(a.Body), "Try again in") {
				t.Fatalf("it does not say when to come back: %v", a.Header)
			}
		default:
			t.Fatalf("try %d: %d %s", i, a.Status, a.Body)
		}
	}
	if looked < 5 || looked > 20 {
		t.Errorf("%d of 300 passwords were looked at", looked)
	}
	if a := withPassword(t, l, servertest.Stranger(t), ownersPassword); a.Status != 429 {
		t.Errorf("the right password of a stranger: %d, want that it waits like any other", a.Status)
	}
	if a := withPassword(t, l, home, ownersPassword); a.Status != http.StatusSeeOther {
		t.Errorf("the owner, where they signed in before: %d %s", a.Status, a.Body)
	}
	if a := servertest.Get(t, home, l.URL+"/account"); a.Status != 200 {
		t.Errorf("the account: %d", a.Status)
	}
}

// TestJ02 over the pages: an address that is made up counts for nothing, unless the operator's proxy sent it.
func TestJ02_ForwardedAddressesCountOnlyFromTrustedProxies(t *testing.T) {
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		want    bool // whether each address has an allowance of its own
	}{"nobody is trusted": {nil, false}, "the proxy is trusted": {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, true}} {
		t.Run(name, func(t *testing.T) {
			l, _ := newAccount(t, func(c2 *server.Config) { c2.TrustedProxies = c.trusted })
			slowed := false
			for i := range 40 {
				form := url.Values{"email": {fmt.Sprint(i, "@example.com")}, "password": {"guess"}}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL+"/sign-in", strings.NewReader(form.Encode()))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				req.Header.Set("X-Forwarded-For", fmt.Sprint("192.0.2.", i))
				resp, err := servertest.Stranger(t).Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				slowed = slowed || resp.StatusCode == 429
			}
			if slowed == c.want {
				t.Errorf("40 tries from 40 addresses were slowed: %t", slowed)
			}
		})
	}
}

// TestI13 on two replicas: a session begun on one holds on the other, and ends there the moment it ends here.
func TestI13_SessionsOnTwoReplicas(t *testing.T) {
	l := servertest.Start(t, func(c *server.Config) { c.Database = storetest.Postgres(t) })
	replica := l.Replica(t)
	browser := l.Browser(t)
	here, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	there, err := url.Parse(replica.URL)
	if err != nil {
		t.Fatal(err)
	}
	other := servertest.Stranger(t)
	other.Jar.SetCookies(there, browser.Jar.Cookies(here))
	if !isSignedIn(t, replica, other) {
		t.Fatal("the session does not hold on the other replica")
	}
	servertest.Post(t, browser, l.URL+"/sign-out", nil)
	if isSignedIn(t, replica, other) {
		t.Error("the session goes on on the other replica")
	}
}

// A member sees the organization and may not rename it; what is another organization's is not there.
func TestOrganizationOnThePage(t *testing.T) {
	l := servertest.Start(t)
	_, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	other := l.Organization(t, "elsewhere")
	browser := func(key string) *http.Client {
		return servertest.SignIn(t, l.As(t, key, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	}
	owner, member, stranger := browser(l.Key), browser(memberKey), browser(other.Key)
	if a := servertest.Post(t, owner, l.URL+"/organization", url.Values{"name": {"Renamed"}}); a.Status != http.StatusSeeOther {
		t.Errorf("the owner renames: %d %s", a.Status, a.Body)
	}
	if a := servertest.Post(t, member, l.URL+"/organization", url.Values{"name": {"Taken"}}); a.Status != 403 {
		t.Errorf("a member renames: %d", a.Status)
	}
	for name, b := range map[string]*http.Client{"owner": owner, "member": member} {
		a := string(servertest.Get(t, b, l.URL+"/organization").Body) + string(servertest.Get(t, b, l.URL+"/organization/people").Body)
		if !strings.Contains(a, "Renamed") || !strings.Contains(a, "member@example.com") || strings.Contains(a, "elsewhere") {
			t.Errorf("the %s sees %s", name, a)
		}
	}
	if a := string(servertest.Get(t, stranger, l.URL+"/organization").Body) + string(servertest.Get(t, stranger, l.URL+"/organization/people").Body); strings.Contains(a, "Renamed") || strings.Contains(a, "member@example.com") {
		t.Errorf("H01: another organization sees %s", a)
	}
	// Nor can it end what is not its own.
	keys := l.Must(t, 200, "GET /v1/api_keys", nil).Field(t, "items").([]any)
	id := keys[0].(map[string]any)["id"].(string)
	for _, b := range []*http.Client{member, stranger} {
		for _, send := range []*servertest.Answer{
			servertest.Get(t, b, l.URL+"/account/keys/"+id+"/delete"), servertest.Post(t, b, l.URL+"/account/keys/"+id+"/delete", nil),
		} {
			if send.Status != 404 {
				t.Errorf("somebody else's key: %d", send.Status)
			}
		}
	}
	l.Must(t, 200, "GET /v1/me", nil)
}
