package servertest_test

import (
	"fmt"
	"strings"
	"testing"

	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// createsAndConnects picks a service, gives the details and goes on to the page for connecting.
func createsAndConnects(tab *browsertest.Tab, l *servertest.Lanyard, service, name string) {
	tab.Open(l.URL + "/connections")
	tab.Press("Create connection")
	tab.Shows("Pick your service")
	tab.PressIn("main", service)
	tab.Shows("Connection details")
	tab.Fill("Connection name", name)
	browsertest.Value[bool](tab, `(document.querySelectorAll("input[name=scope]").forEach(e => e.checked = true), true)`)
	tab.Press("Create and connect")
	tab.Shows("Connect " + name)
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
	whole := signedInTab(t, l)
	connected := func(tab *browsertest.Tab, name string) {
		tab.Shows(name + " is connected")
		tab.Press("My connections") // the way back to the list
		tab.Await(fmt.Sprintf(`[...document.querySelectorAll(".connection-rows > li")].some(e => e.innerText.includes(%q) && e.innerText.includes("Connected"))`, name))
	}
	t.Run("OAuth 2", func(t *testing.T) {
		tab := whole.In(t)
		createsAndConnects(tab, l, "oidc", "By consent")
		tab.Shows("Stay connected")
		tab.Press("Connect")
		consentsIn(tab)
		connected(tab, "By consent")
		if got := l.Must(t, 200, "GET /v1/proxy/by_consent/api/whoami", nil); got.Field(t, "sub") != "alice" {
			t.Errorf("invoke: %s", got.Body)
		}
	})
	t.Run("OAuth 1", func(t *testing.T) {
		tab := whole.In(t)
		createsAndConnects(tab, l, "tumbler", "Signed calls")
		tab.Press("Connect")
		tab.Press("Allow") // at the provider
		connected(tab, "Signed calls")
		l.Must(t, 200, "GET /v1/proxy/signed_calls/things", nil)
	})
	t.Run("user name and password", func(t *testing.T) {
		tab := whole.In(t)
		createsAndConnects(tab, l, "nginx", "Übersicht")
		tab.Fill("User name", providertest.NginxUser)
		tab.Fill("Password", providertest.NginxPassword)
		tab.Press("Connect")
		connected(tab, "Übersicht")
		l.Must(t, 200, "GET /v1/proxy/ubersicht/basic", nil)
	})
	t.Run("API key", func(t *testing.T) {
		tab := whole.In(t)
		createsAndConnects(tab, l, "echo", "Echo")
		tab.Fill("API key", "sk_browser")
		tab.Press("Connect")
		connected(tab, "Echo")
		if got := l.Must(t, 200, "GET /v1/proxy/echo/headers", nil); !strings.Contains(string(got.Body), "sk_browser") {
			t.Errorf("invoke: %s", got.Body)
		}
	})
	t.Run("AWS keys", func(t *testing.T) {
		tab := whole.In(t)
		createsAndConnects(tab, l, "s3", "Bucket")
		tab.Fill("Access key ID", s3.AccessKeyID)
		tab.Fill("Secret access key", s3.SecretAccessKey)
		tab.Press("Connect")
		connected(tab, "Bucket")
		l.Must(t, 200, "PUT /v1/proxy/bucket/bucket-one", nil)
	})
	t.Run("the list is narrowed down while one types", func(t *testing.T) {
		tab := whole.In(t)
		tab.Open(l.URL + "/connections")
		tab.Fill("Name, link name or service", "ÜBER")
		tab.Await(`document.querySelectorAll(".connection-rows > li").length === 1`)
		// What was typed, and where.
		tab.Await(`document.activeElement.id === "q" && document.activeElement.value === "ÜBER" && location.search.includes("q=%C3%9CBER")`)
		tab.Fill("Name, link name or service", "nothing of this name")
		tab.Shows("No connection matches")
	})
}

// TestBrowserEndsConnections edits, revokes, connects again and deletes a connection.
func TestBrowserEndsConnections(t *testing.T) {
	l := servertest.Start(t)
	provider := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
	l.Must(t, 201, "POST /v1/services", oauth2Service(l, "acme", provider, providertest.WebBasicID, providertest.WebBasicSecret))
	l.Must(t, 201, "POST /v1/connections", object("name", "Acme", "link_name", "acme", "service", "acme", "scopes", []string{"openid", "offline_access"}))
	tab := signedInTab(t, l)
	list := func() { tab.Open(l.URL + "/connections") }
	status := func(want string) {
		t.Helper()
		await(t, "the status is "+want, func() bool { return l.Must(t, 200, "GET /v1/connections/acme", nil).Field(t, "status") == want })
	}
	connect := func(button, name string) {
		t.Helper()
		list()
		tab.PressIn(".do > form", button+" "+name)
		tab.Shows("asks for your consent")
		tab.Press(button)
		consentsIn(tab)
		tab.Shows("is connected")
		status("connected")
	}
	connect("Connect", "Acme")

	// By keyboard alone: the three dots, then Edit.
	list()
	byKeyboard(tab, `.connection-rows .menu > summary`)
	tab.Await(`document.querySelector(".connection-rows .menu a").checkVisibility()`)
	tab.Key("Tab")
	tab.Await(`document.activeElement.textContent.trim() === "Reconnect"`)
	tab.Key("Tab")
	tab.Await(`document.activeElement.textContent.trim() === "Edit"`)
	tab.Key("Enter")
	tab.Shows("Edit Acme")
	tab.Fill("Connection name", "Acme, renamed")
	tab.Press("Read read")
	tab.Press("Save")
	tab.Shows("Nothing is saved yet")
	if got := l.Must(t, 200, "GET /v1/connections/acme", nil); got.Field(t, "name") != "Acme" || got.Field(t, "status") != "connected" {
		t.Errorf("it was saved before it was confirmed: %s", got.Body)
	}
	tab.Press("Save and end them")
	status("reconnect_required")
	list()
	tab.Shows("Acme, renamed")
	tab.Shows("Scopes were added to the connection")
	tab.Shows("1 needs to be connected again")
	connect("Reconnect", "Acme, renamed")

	list()
	byKeyboard(tab, `a[aria-label="Revoke Acme, renamed"]`)
	tab.Shows("The provider is asked to end the access, too.")
	tab.Press("Revoke")
	status("revoked")
	list()
	tab.Shows("It was revoked.")

	byKeyboard(tab, `a[aria-label="Delete Acme, renamed"]`)
	tab.Shows("The connection is gone for good.")
	tab.Press("Delete")
	tab.Shows("Acme, renamed was deleted")
	tab.Shows("No connections yet")
	l.Must(t, 404, "GET /v1/connections/acme", nil)
}

// TestBrowserCreatesConnectionsWithoutScripts does it on a telephone and without JavaScript, with faults on the way.
func TestBrowserCreatesConnectionsWithoutScripts(t *testing.T) {
	l := servertest.Start(t)
	nginx := providertest.Nginx(t)
	l.Must(t, 201, "POST /v1/services", object("link_name", "nginx", "name", "Web server", "base_url", nginx.URL, "hosts", []string{hostOf(t, nginx.URL)}, "auth", object("type", "basic")))
	l.Must(t, 201, "POST /v1/connections", object("name", "Taken", "link_name", "web_server", "service", "nginx"))
	tab := browsertest.WithoutScripts(t)
	tab.Look("light", 390)
	tab.Open(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	tab.Shows("My connections")
	tab.Open(l.URL + "/connections/new")
	tab.Fill("Name of the service", "web")
	tab.PressIn("form[role=search]", "Search")
	tab.Await(`location.search.includes("q=web")`)
	tab.Press("Web server")
	tab.Shows("Connection details")
	tab.Fill("Link name", "web_server")
	tab.Press("Create and connect")
	tab.Shows("Another connection has this link name; web_server_2 is free.")
	tab.Fill("Link name", "")
	tab.Fill("Connection name", "Seite für alle")
	tab.Press("Use credentials of login user")
	tab.Press("Create and connect")
	tab.Shows("Connect Seite für alle")
	tab.Fill("User name", providertest.NginxUser)
	tab.Fill("Password", providertest.NginxPassword)
	tab.Press("Connect")
	tab.Shows("Seite für alle is connected")
	got := l.Must(t, 200, "GET /v1/connections/seite_fur_alle", nil)
	if got.Field(t, "use_login_user_credentials") != true || got.Field(t, "status") != "connected" {
		t.Errorf("the connection is %s", got.Body)
	}
	tab.Open(l.URL + "/connections")
	tab.Fill("Name, link name or service", "seite")
	tab.PressIn("form[role=search]", "Filter")
	tab.Await(`location.search.includes("q=seite")`)
	tab.Fits()
	tab.Press("More for Seite für alle")
	tab.PressIn(".connection-rows", "Delete")
	tab.Shows("Delete Seite für alle?")
}
