package servertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// newSignOn starts a certified OpenID provider and a server whose organization signs in through it.
func newSignOn(t *testing.T, change map[string]any) (*servertest.Lanyard, *providertest.OIDCPeer) {
	t.Helper()
	l := servertest.Start(t)
	p := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{l.URL + "/sign-in/callback/" + string(l.OrganizationID)}})
	body := object("issuer", p.Issuer, "client_id", providertest.WebBasicID, "client_secret", providertest.WebBasicSecret, "domains", []string{"example.com"})
	for name, value := range change {
		body[name] = value
	}
	if got := l.Must(t, 200, "PUT /v1/organization/single_sign_on", body); got.Field(t, "client_secret_set") != true || strings.Contains(string(got.Body), providertest.WebBasicSecret) {
		t.Errorf("set up: %s", got.Body)
	}
	return l, p
}

// discovery is where an OpenID provider would be, for those who only ask whether there is one.
func discovery(t *testing.T) (issuer string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%[1]q,"token_endpoint":%[1]q,"jwks_uri":%[1]q}`, issuer)
	}))
	t.Cleanup(s.Close)
	issuer = s.URL
	return issuer
}

// leadTo opens the organization's address for signing in, and gives where the provider sends the browser back to.
func leadTo(t *testing.T, l *servertest.Lanyard, p *providertest.OIDCPeer, browser *http.Client, login string) string {
	t.Helper()
	a := servertest.Get(t, browser, l.URL+"/sign-in/organization/"+string(l.OrganizationID))
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), p.AuthorizeURL) {
		t.Fatalf("the address for signing in: %d to %s", a.Status, a.Header.Get("Location"))
	}
	return p.Consent(t, browser, a.Header.Get("Location"), login)
}

// TestSignOnWithACertifiedProvider: joining, a role by claim, a replay, another browser, and somebody who was shut out.
func TestSignOnWithACertifiedProvider(t *testing.T) {
	l, p := newSignOn(t, map[string]any{"role_claim": "groups", "admin_values": []string{"lanyard-admins"}, "may_join": true})
	p.SetClaims(t, "new@example.com", map[string]any{"email": "new@example.com", "email_verified": true, "name": "Somebody new", "groups": []string{"staff"}})

	browser := servertest.Stranger(t)
	back := leadTo(t, l, p, browser, "new@example.com")
	if a := servertest.Get(t, servertest.Stranger(t), back); a.Status != 400 || !strings.Contains(string(a.Body), "not begun in this browser") {
		t.Errorf("in another browser: %d %s", a.Status, mainOf(a))
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	if a := servertest.Get(t, browser, back); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		t.Fatalf("back from the provider: %d %s", a.Status, mainOf(a))
	}
	account := func() string { return string(servertest.Get(t, browser, l.URL+"/account").Body) }
	if page := account(); !strings.Contains(page, "Somebody new") || !strings.Contains(page, "member of") {
		t.Errorf("the account is %s", page)
	}
	if a := servertest.Get(t, browser, back); a.Status != 400 || !strings.Contains(string(a.Body), "finished already") {
		t.Errorf("the state once more: %d %s", a.Status, mainOf(a))
	}
	for _, secret := range []string{u.Query().Get("code"), u.Query().Get("state"), providertest.WebBasicSecret} {
		if strings.Contains(l.Log.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}

	p.SetClaims(t, "new@example.com", map[string]any{"email": "renamed@example.com", "groups": []string{"lanyard-admins"}})
	browser = servertest.Stranger(t)
	servertest.Get(t, browser, leadTo(t, l, p, browser, "new@example.com"))
	if page := account(); !strings.Contains(page, "admin of") || !strings.Contains(page, "new@example.com") {
		t.Errorf("as an admin, with another address there: %s", page)
	}

	audit := string(l.Must(t, 200, "GET /v1/audit", nil).Body)
	for _, action := range []lanyard.Action{lanyard.ActionSingleSignOnSet, lanyard.ActionSingleSignOnJoin, lanyard.ActionSingleSignOnRole} {
		if !strings.Contains(audit, string(action)) {
			t.Errorf("%s is not in the audit log: %s", action, audit)
		}
	}
}

// TestA27_CookiesOfSigningOnAreNoOthers: the cookie of a sign-in that was begun is no session, and a session is none.
func TestA27_CookiesOfSigningOnAreNoOthers(t *testing.T) {
	l, p := newSignOn(t, nil)
	browser := servertest.Stranger(t)
	back := leadTo(t, l, p, browser, "owner@example.com")
	address, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	var begun string
	for _, c := range browser.Jar.Cookies(address) {
		if c.Name == "lanyard_sign_on" {
			begun = c.Value
		}
	}
	if begun == "" {
		t.Fatal("the browser keeps nothing of the sign-in that it began")
	}
	stranger := servertest.Stranger(t)
	stranger.Jar.SetCookies(address, []*http.Cookie{{Name: "lanyard_session", Value: begun}})
	if isSignedIn(t, l, stranger) {
		t.Error("the cookie of a sign-in is a session")
	}
	owner := l.Browser(t)
	for _, c := range owner.Jar.Cookies(address) {
		if c.Name == "lanyard_session" {
			owner.Jar.SetCookies(address, []*http.Cookie{{Name: "lanyard_sign_on", Value: c.Value}})
		}
	}
	if a := servertest.Get(t, owner, back); a.Status != 400 {
		t.Errorf("a session as the cookie of a sign-in: %d", a.Status)
	}
	if a := servertest.Get(t, browser, back); a.Status != http.StatusSeeOther {
		t.Errorf("the browser that began: %d %s", a.Status, mainOf(a))
	}
}

// TestBrowserSetsUpSingleSignOn: an owner sets it up, signs in through it, and only then switches passwords off.
func TestBrowserSetsUpSingleSignOn(t *testing.T) {
	l, _ := newAccount(t)
	tab := browsertest.Start(t)
	tab.Open(l.URL + "/organization/single-sign-on")
	tab.Fill("E-mail address", "owner@example.com")
	tab.Fill("Password", ownersPassword)
	tab.Press("Sign in")
	tab.Shows("The provider")
	callback := browsertest.Value[string](tab, `document.querySelector("#callback-url").textContent`)
	p := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callback}})
	tab.Fill("Issuer", p.Issuer+"/")
	tab.Fill("Client ID", providertest.WebPostID)
	tab.Fill("Client secret", providertest.WebPostSecret)
	tab.Fill("E-mail domains", "example.com")
	tab.Press("Save")
	tab.Shows("enter exactly that")
	tab.Fill("Issuer", p.Issuer)
	tab.Fill("Client secret", providertest.WebPostSecret)
	tab.Press("Save")
	tab.Shows("Single sign-on is saved")
	tab.Lacks(providertest.WebPostSecret)
	tab.Shows("sign in through the provider once")
	signOut(tab, 1440)
	tab.Shows("Use an account without holding its keys")

	tab.Open(l.URL + "/sign-in")
	tab.Press("Sign in with single sign-on")
	tab.Fill("E-mail address", "owner@elsewhere.example")
	tab.Press("Go on")
	tab.Shows("No organization here has single sign-on for this address")
	tab.Fill("E-mail address", "owner@example.com")
	tab.Press("Go on")
	consentsAs(tab, "owner@example.com")
	tab.Shows("No connections yet")

	tab.Open(l.URL + "/organization/single-sign-on")
	tab.Press("Sign-in by password is switched off")
	tab.Press("Save")
	tab.Shows("People sign in through the provider only.")
	if a := withPassword(t, l, servertest.Stranger(t), ownersPassword); a.Status != 400 {
		t.Errorf("with the password: %d", a.Status)
	}
}

// TestI12_ResetRevokesAccess: a forgotten password is reset by mail; whoever asks for it ends all that was connected,
// the next call says so, and connecting again makes the same call work.
func TestI12_ResetRevokesAccess(t *testing.T) {
	post := providertest.SMTP(t, providertest.SMTPConfig{})
	l := servertest.Start(t, func(c *server.Config) {
		c.SMTPURL, c.MailFrom = lanyard.NewSecret("smtp://"+post.Addr), "Lanyard <lanyard@example.com>"
	})
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "mine"), tenancyKey("k"))
	browser := servertest.Stranger(t)
	ask := func(email string) string {
		a := servertest.Post(t, browser, l.URL+"/sign-in/forgot", url.Values{"email": {email}})
		if a.Status != 200 {
			t.Fatalf("asking for a link: %d", a.Status)
		}
		return strings.ReplaceAll(mainOf(a), email, "EMAIL")
	}
	if known, unknown := ask("owner@example.com"), ask("nobody@example.com"); known != unknown {
		t.Errorf("the page tells who is here: %s and %s", known, unknown)
	}
	sent := post.Next(t)
	_, text := sent.Parse(t)
	at := strings.Index(text, l.URL+"/reset/")
	if at < 0 {
		t.Fatalf("the mail is %q", text)
	}
	link := strings.Fields(text[at:])[0]
	if a := servertest.Get(t, browser, link); a.Status != 200 || !strings.Contains(string(a.Body), "1 connected account") {
		t.Fatalf("the link: %d %s", a.Status, mainOf(a))
	}
	a := servertest.Post(t, browser, link, url.Values{"new": {nextPassword}, "revoke_access": {"on"}})
	if a.Status != http.StatusSeeOther || !isSignedIn(t, l, browser) {
		t.Fatalf("resetting: %d %s", a.Status, mainOf(a))
	}
	if a := l.API(t, "GET /v1/me", nil); a.Status != 401 {
		t.Errorf("the API key goes on: %d", a.Status)
	}
	made := servertest.Post(t, browser, l.URL+"/account/keys", url.Values{"name": {"new"}, "manage": {"on"}, "life": {"30"}})
	key := regexp.MustCompile(`lanyard_[A-Z0-9]{20,}`).FindString(string(made.Body))
	refused := l.As(t, key, "POST /v1/invoke", object("connection", "mine", "url", "/x"))
	if refused.Code() != "reconnect_required" || !strings.Contains(string(refused.Body), "The password was reset and access granted to all connected apps was revoked.") || refused.Field(t, "connect_url") == nil {
		t.Errorf("the next call: %d %s", refused.Status, refused.Body)
	}
	if a := l.As(t, key, "POST /v1/connections/mine/connect", tenancyKey("k")); a.Status != 200 {
		t.Fatalf("connecting again: %d %s", a.Status, a.Body)
	}
	if a := l.As(t, key, "POST /v1/invoke", object("connection", "mine", "url", "/x")); a.Status != 200 {
		t.Errorf("the same call then: %d %s", a.Status, a.Body)
	}
	if token := link[strings.LastIndex(link, "/")+1:]; strings.Contains(l.Log.String(), token) || strings.Contains(l.Log.String(), nextPassword) {
		t.Error("the log has the link or the password")
	}
}
