package servertest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// signedIn opens a browser in which the owner is signed in.
func signedIn(t *testing.T, l *servertest.Lanyard) context.Context {
	t.Helper()
	tab := chromium(t)
	inTab(t, tab, chromedp.Navigate(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)))
	shows(t, tab, "My connections")
	return tab
}

// inPage waits until a script in the page gives true.
func inPage(t *testing.T, tab context.Context, what, script string) {
	t.Helper()
	await(t, what, func() bool {
		is, err := chromedp.Run(tab, chromedp.Evaluate[bool](script))
		return err == nil && is
	})
}

func click(t *testing.T, tab context.Context, selector string) {
	t.Helper()
	inTab(t, tab, chromedp.Click(chromedp.CSS(selector)))
}

func enter(t *testing.T, tab context.Context, selector, text string) {
	t.Helper()
	inTab(t, tab, chromedp.Clear(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// createsAndConnects picks a service, gives the details and goes on to the page for connecting.
func createsAndConnects(t *testing.T, tab context.Context, l *servertest.Lanyard, service, name string) {
	t.Helper()
	inTab(t, tab, chromedp.Navigate(l.URL+"/connections"))
	click(t, tab, "#create")
	shows(t, tab, "Pick your service")
	click(t, tab, `a[href="/connections/new?service=`+service+`"]`)
	shows(t, tab, "Connection details")
	enter(t, tab, "#name", name)
	if checked, err := chromedp.Run(tab, chromedp.Evaluate[int](`(document.querySelectorAll("input[name=scope]").forEach(e => e.checked = true), document.querySelectorAll("input[name=scope]").length)`)); err != nil || checked < 0 {
		t.Fatal(err)
	}
	click(t, tab, "#create-and-connect")
	shows(t, tab, "Connect "+name)
}

// atTheProvider signs in and consents at the real OpenID provider.
func atTheProvider(t *testing.T, tab context.Context) {
	t.Helper()
	shows(t, tab, "Sign-in")
	inTab(t, tab, chromedp.SendKeys(chromedp.CSS(`input[name=login]`), "alice"), chromedp.SendKeys(chromedp.CSS(`input[name=password]`), "x"), chromedp.Click(chromedp.CSS(`button[type=submit]`)))
	shows(t, tab, "Authorize")
	click(t, tab, `button[type=submit]`)
}

// TestBrowserCreatesConnectionsOfEveryType makes a connection of each authentication type on the pages, connects it at
// a real peer, and calls through it.
func TestBrowserCreatesConnectionsOfEveryType(t *testing.T) {
	l := servertest.Start(t)
	oidc := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "oidc")}, Rotate: true})
	oauth1 := providertest.OAuth1(t)
	nginx := providertest.Nginx(t)
	s3 := providertest.Versitygw(t)
	bin := providertest.HTTPBin(t)
	for _, definition := range []map[string]any{
		oauth2Service(l, "oidc", oidc, providertest.WebBasicID, providertest.WebBasicSecret),
		object("link_name", "tumbler", "name", "tumbler", "base_url", oauth1.APIURL, "hosts", []string{hostOf(t, oauth1.APIURL)}, "auth", object("type", "oauth1", "consumer_key", providertest.ConsumerKey,
			"consumer_secret", providertest.ConsumerSecret, "request_token_url", oauth1.RequestTokenURL, "authorize_url", oauth1.AuthorizeURL, "access_token_url", oauth1.AccessTokenURL)),
		object("link_name", "nginx", "name", "nginx", "base_url", nginx.URL, "hosts", []string{hostOf(t, nginx.URL)}, "auth", object("type", "basic")),
		object("link_name", "echo", "name", "echo", "base_url", bin.URL, "hosts", []string{hostOf(t, bin.URL)}, "auth", object("type", "api_key",
			"parameters", []any{object("name", "X-Api-Key", "display_name", "API key", "param_type", "header")})),
		func() map[string]any { d := s3Service(s3, "s3", s3.Region); d["name"] = "s3"; return d }(),
	} {
		l.Must(t, 201, "POST /v1/services", definition)
	}
	tab := signedIn(t, l)
	connected := func(name string) {
		t.Helper()
		shows(t, tab, name+" is connected")
		click(t, tab, `a[href="/connections"]`) // the way back to the list
		shows(t, tab, name)
		inPage(t, tab, "the row says Connected", fmt.Sprintf(`[...document.querySelectorAll(".connection-rows > li")].some(e => e.innerText.includes(%q) && e.innerText.includes("Connected"))`, name))
	}
	t.Run("OAuth 2", func(t *testing.T) {
		createsAndConnects(t, tab, l, "oidc", "By consent")
		shows(t, tab, "Stay connected")
		click(t, tab, "#connect")
		atTheProvider(t, tab)
		connected("By consent")
		if got := l.Must(t, 200, "GET /v1/proxy/by_consent/api/whoami", nil); got.Field(t, "sub") != "alice" {
			t.Errorf("invoke: %s", got.Body)
		}
	})
	t.Run("OAuth 1", func(t *testing.T) {
		createsAndConnects(t, tab, l, "tumbler", "Signed calls")
		click(t, tab, "#connect")
		await(t, "the browser is at the provider", func() bool { return strings.HasPrefix(addressOf(t, tab), oauth1.AuthorizeURL) })
		click(t, tab, "button, input[type=submit]")
		connected("Signed calls")
		l.Must(t, 200, "GET /v1/proxy/signed_calls/things", nil)
	})
	t.Run("user name and password", func(t *testing.T) {
		createsAndConnects(t, tab, l, "nginx", "Übersicht")
		enter(t, tab, "#credential-0", providertest.NginxUser)
		enter(t, tab, "#credential-1", providertest.NginxPassword)
		click(t, tab, "#connect")
		connected("Übersicht")
		l.Must(t, 200, "GET /v1/proxy/ubersicht/basic", nil)
	})
	t.Run("API key", func(t *testing.T) {
		createsAndConnects(t, tab, l, "echo", "Echo")
		enter(t, tab, "#credential-0", "sk_browser")
		click(t, tab, "#connect")
		connected("Echo")
		if got := l.Must(t, 200, "GET /v1/proxy/echo/headers", nil); !strings.Contains(string(got.Body), "sk_browser") {
			t.Errorf("invoke: %s", got.Body)
		}
	})
	t.Run("AWS keys", func(t *testing.T) {
		createsAndConnects(t, tab, l, "s3", "Bucket")
		enter(t, tab, "#credential-0", s3.AccessKeyID)
		enter(t, tab, "#credential-1", s3.SecretAccessKey)
		click(t, tab, "#connect")
		connected("Bucket")
		l.Must(t, 200, "PUT /v1/proxy/bucket/bucket-one", nil)
	})
	t.Run("the list is narrowed down while one types", func(t *testing.T) {
		inTab(t, tab, chromedp.Navigate(l.URL+"/connections"), chromedp.SendKeys(chromedp.CSS("#q"), "ÜBER"))
		inPage(t, tab, "one row is left", `document.querySelectorAll(".connection-rows > li").length === 1`)
		inPage(t, tab, "what was typed, and where", `document.activeElement.id === "q" && document.activeElement.value === "ÜBER" && location.search.includes("q=%C3%9CBER")`)
		enter(t, tab, "#q", "nothing of this name")
		shows(t, tab, "No connection matches")
	})
}

// TestBrowserEndsConnections edits, revokes, connects again and deletes a connection.
func TestBrowserEndsConnections(t *testing.T) {
	l := servertest.Start(t)
	provider := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
	l.Must(t, 201, "POST /v1/services", oauth2Service(l, "acme", provider, providertest.WebBasicID, providertest.WebBasicSecret))
	l.Must(t, 201, "POST /v1/connections", object("name", "Acme", "link_name", "acme", "service", "acme", "scopes", []string{"openid", "offline_access"}))
	tab := signedIn(t, l)
	list := func() { t.Helper(); inTab(t, tab, chromedp.Navigate(l.URL+"/connections")) }
	status := func(want string) {
		t.Helper()
		await(t, "the status is "+want, func() bool { return l.Must(t, 200, "GET /v1/connections/acme", nil).Field(t, "status") == want })
	}
	connect := func() {
		t.Helper()
		list()
		click(t, tab, `.do > form[action="/connections/acme/connect"] button`)
		shows(t, tab, "asks for your consent")
		click(t, tab, "#connect")
		await(t, "the browser is at the provider", func() bool { return strings.HasPrefix(addressOf(t, tab), provider.Issuer) })
		if body, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.body.innerText`)); err == nil && strings.Contains(body, "Authorize") {
			click(t, tab, `button[type=submit]`) // still signed in there
		} else {
			atTheProvider(t, tab)
		}
		shows(t, tab, "is connected")
		status("connected")
	}
	connect()

	// By keyboard alone: the three dots, then Edit.
	list()
	inTab(t, tab, chromedp.Focus(chromedp.CSS(`.connection-rows .menu > summary`)), chromedp.KeyEvent(kb.Enter))
	inPage(t, tab, "the menu is open", `document.querySelector(".connection-rows .menu a").checkVisibility()`)
	inTab(t, tab, chromedp.KeyEvent(kb.Tab))
	inPage(t, tab, "Reconnect has the focus", `document.activeElement.textContent.trim() === "Reconnect"`)
	inTab(t, tab, chromedp.KeyEvent(kb.Tab))
	inPage(t, tab, "Edit has the focus", `document.activeElement.textContent.trim() === "Edit"`)
	inTab(t, tab, chromedp.KeyEvent(kb.Enter))
	shows(t, tab, "Edit Acme")
	enter(t, tab, "#name", "Acme, renamed")
	click(t, tab, `label[for="scope-2"]`)
	click(t, tab, "#save")
	shows(t, tab, "Nothing is saved yet")
	if got := l.Must(t, 200, "GET /v1/connections/acme", nil); got.Field(t, "name") != "Acme" || got.Field(t, "status") != "connected" {
		t.Errorf("it was saved before it was confirmed: %s", got.Body)
	}
	click(t, tab, "#save")
	status("reconnect_required")
	list()
	shows(t, tab, "Acme, renamed")
	shows(t, tab, "Scopes were added to the connection")
	shows(t, tab, "1 needs to be connected again")
	connect()

	list()
	inTab(t, tab, chromedp.Focus(chromedp.CSS(`a[aria-label="Revoke Acme, renamed"]`)), chromedp.KeyEvent(kb.Enter))
	shows(t, tab, "The provider is asked to end the access, too.")
	click(t, tab, "#confirm")
	status("revoked")
	list()
	shows(t, tab, "It was revoked.")

	inTab(t, tab, chromedp.Focus(chromedp.CSS(`a[aria-label="Delete Acme, renamed"]`)), chromedp.KeyEvent(kb.Enter))
	shows(t, tab, "The connection is gone for good.")
	click(t, tab, "#confirm")
	shows(t, tab, "Acme, renamed was deleted")
	shows(t, tab, "No connections yet")
	l.Must(t, 404, "GET /v1/connections/acme", nil)
}

// TestBrowserCreatesConnectionsWithoutScripts does it on a telephone and without JavaScript, with faults on the way.
func TestBrowserCreatesConnectionsWithoutScripts(t *testing.T) {
	l := servertest.Start(t)
	nginx := providertest.Nginx(t)
	l.Must(t, 201, "POST /v1/services", object("link_name", "nginx", "name", "Web server", "base_url", nginx.URL, "hosts", []string{hostOf(t, nginx.URL)}, "auth", object("type", "basic")))
	l.Must(t, 201, "POST /v1/connections", object("name", "Taken", "link_name", "web_server", "service", "nginx"))
	tab := signedIn(t, l)
	if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	inTab(t, tab, chromedp.EmulateViewport(390, 844), chromedp.Navigate(l.URL+"/connections/new"))
	enter(t, tab, "#q", "web")
	click(t, tab, "form[role=search] button")
	click(t, tab, `a[href="/connections/new?service=nginx"]`)
	shows(t, tab, "Connection details")
	enter(t, tab, "#link-name", "web_server")
	click(t, tab, "#create-and-connect")
	shows(t, tab, "Another connection has this link name; web_server_2 is free.")
	inTab(t, tab, chromedp.Clear(chromedp.CSS("#link-name")))
	enter(t, tab, "#name", "Seite für alle")
	click(t, tab, `label[for="login-user"]`)
	click(t, tab, "#create-and-connect")
	shows(t, tab, "Connect Seite für alle")
	enter(t, tab, "#credential-0", providertest.NginxUser)
	enter(t, tab, "#credential-1", providertest.NginxPassword)
	click(t, tab, "#connect")
	shows(t, tab, "Seite für alle is connected")
	got := l.Must(t, 200, "GET /v1/connections/seite_fur_alle", nil)
	if got.Field(t, "use_login_user_credentials") != true || got.Field(t, "status") != "connected" {
		t.Errorf("the connection is %s", got.Body)
	}
	inTab(t, tab, chromedp.Navigate(l.URL+"/connections"))
	enter(t, tab, "#q", "seite")
	click(t, tab, "form[role=search] button")
	await(t, "the list is narrowed down", func() bool { return strings.Contains(addressOf(t, tab), "q=seite") })
	if wide, err := chromedp.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)); err != nil || wide {
		t.Errorf("the page is wider than the telephone: %t %v", wide, err)
	}
	click(t, tab, ".connection-rows .menu > summary")
	click(t, tab, `.connection-rows .menu a[href="/connections/seite_fur_alle/delete"]`)
	shows(t, tab, "Delete Seite für alle?")
}
