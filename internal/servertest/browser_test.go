package servertest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// signedInTab is a browser in which the owner is signed in.
func signedInTab(t *testing.T, l *servertest.Lanyard) *browsertest.Tab {
	t.Helper()
	return tabOf(t, l, l.Key)
}

// tabOf is a browser of its own, in which the user of a key is signed in.
func tabOf(t *testing.T, l *servertest.Lanyard, key string) *browsertest.Tab {
	t.Helper()
	tab := browsertest.Start(t)
	tab.Open(l.As(t, key, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	tab.Shows("My connections")
	return tab
}

// consentsIn is consentsAs of alice.
func consentsIn(tab *browsertest.Tab) { consentsAs(tab, "alice") }

// consentsAs signs in, where that is still to be done, and agrees at the real OpenID provider, whose fields have no labels.
func consentsAs(tab *browsertest.Tab, login string) {
	tab.Await(`document.querySelector("input[name=login]") !== null || document.body.innerText.includes("Authorize")`)
	if browsertest.Value[bool](tab, `document.querySelector("input[name=login]") !== null`) {
		tab.Do(chromedp.SendKeys(chromedp.CSS("input[name=login]"), login), chromedp.SendKeys(chromedp.CSS("input[name=password]"), "x"))
		tab.Press("Sign-in")
		tab.Shows("Authorize")
	}
	tab.Press("Continue")
}

// TestBrowserConnectsByConsent is what a person does: signs in by the link, presses Connect at home and on the page for
// connecting, signs in at the provider, consents, and reads that it worked. I03: the button works under the policy in a
// real browser; I09: code and state leave the address bar.
func TestBrowserConnectsByConsent(t *testing.T) {
	l := servertest.Start(t)
	provider := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
	l.Connect(t, oauth2Service(l, "acme", provider, providertest.WebBasicID, providertest.WebBasicSecret), nil)
	tab := signedInTab(t, l)
	tab.Press("Connect acme")
	tab.Shows("Stay connected") // a scope, in words
	tab.Press("Connect")
	tab.Shows("Sign-in")
	consentsIn(tab)
	tab.Shows("is connected")
	if at := tab.Address(); !strings.HasPrefix(at, l.URL+"/connect/result/") || strings.ContainsAny(at, "?#") {
		t.Errorf("the browser ended at %s", at)
	}
	if got := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/api/whoami")); got.Field(t, "body.sub") != "alice" {
		t.Errorf("invoke: %s", got.Body)
	}
}

// TestBrowserConnectsWithDynamicParameters goes to the provider after a form was posted, which the policy's form-action
// would stop if the answer were a redirect.
func TestBrowserConnectsWithDynamicParameters(t *testing.T) {
	l := servertest.Start(t)
	evil := providertest.Evil(t)
	definition := rotatingService(evil)
	definition["dynamic_parameters"] = []any{object("key", "team", "name", "Your team", "help", "As it stands in the address bar")}
	definition["auth"].(map[string]any)["authorize_params"] = object()
	definition["auth"].(map[string]any)["authorize_url"] = evil.Authorize.URL + "?team={team}"
	l.Connect(t, definition, nil)
	tab := signedInTab(t, l)
	tab.Open(l.Must(t, 200, "POST /v1/connections/evil/connect", object()).Field(t, "connect_url").(string))
	tab.Fill("Your team", "red team")
	if dir := os.Getenv("LANYARD_SCREENSHOTS"); dir != "" {
		tab.Picture(filepath.Join(dir, "connect.png"))
	}
	tab.Press("Connect")
	tab.Shows("is connected")
	if all := evil.Authorize.Requests(); len(all) != 1 || all[0].Query().Get("team") != "red team" {
		t.Errorf("the authorize URL was asked %d times: %+v", len(all), all)
	}
}

// TestBrowserComesBackAfterSigningIn opens a link before signing in, and afterwards types a credential, first half of it.
func TestBrowserComesBackAfterSigningIn(t *testing.T) {
	l := servertest.Start(t)
	peerServer := providertest.Nginx(t)
	l.Connect(t, object("link_name", "nginx", "base_url", peerServer.URL, "hosts", []string{hostOf(t, peerServer.URL)}, "auth", object("type", "basic")), nil)
	link := l.Must(t, 200, "POST /v1/connections/nginx/connect", object()).Field(t, "connect_url").(string)
	tab := browsertest.Start(t)
	tab.Open(link)
	tab.Shows("Sign in to go on")
	// After signing in the person comes back to the link by itself, and types the credential.
	tab.Open(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	tab.Fill("Password", providertest.NginxPassword)
	tab.Press("Connect")
	tab.Shows("User name is required.")
	tab.Fill("User name", providertest.NginxUser)
	tab.Fill("Password", providertest.NginxPassword)
	tab.Press("Connect")
	tab.Shows("is connected")
	l.Must(t, 200, "GET /v1/proxy/nginx/basic", nil)
}
