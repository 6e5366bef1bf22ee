package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// world is a Lanyard, a provider that people have accounts with, and the application between them.
type world struct {
	*servertest.Lanyard
	application *httptest.Server
	provider    *providertest.OIDCPeer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	l := servertest.Start(t)
	w := &world{Lanyard: l, provider: providertest.OIDC(t, providertest.OIDCConfig{Rotate: true,
		Callbacks: []string{l.URL + "/oauth/callback/" + string(l.OrganizationID) + "/files"}})}
	l.Connect(t, map[string]any{
		"link_name": "files", "base_url": w.provider.Issuer, "hosts": []string{strings.TrimPrefix(w.provider.Issuer, "http://")},
		"auth": map[string]any{
			"type": "oauth2", "grant_type": "authorization_code", "client_id": providertest.WebBasicID, "client_secret": providertest.WebBasicSecret,
			"authorize_url": w.provider.AuthorizeURL, "access_token_url": w.provider.TokenURL, "revoke_token_url": w.provider.RevokeURL,
			"scopes":           []map[string]any{{"name": "Who you are", "value": "openid"}, {"name": "Stay connected", "value": "offline_access"}},
			"authorize_params": map[string]any{"prompt": "consent"},
		},
	}, nil)
	l.Must(t, 200, "PATCH /v1/connections/files", map[string]any{"use_login_user_credentials": true})

	a := &application{Lanyard: l.URL, Connection: "files", Path: "/api/whoami"}
	w.application = httptest.NewUnstartedServer(a.handler())
	w.application.Start()
	t.Cleanup(w.application.Close)
	// Another origin and another site than Lanyard's.
	a.URL = strings.Replace(w.application.URL, "127.0.0.1", "localhost", 1)
	w.application.URL = a.URL
	a.Key = l.Must(t, 201, "POST /v1/api_keys", map[string]any{"name": "application", "act_for_users": true, "return_to_origins": []string{a.URL}}).Field(t, "key").(string)
	return w
}

// consents signs in at the provider, whose fields have no labels, and agrees.
func consents(tab *browsertest.Tab, login string) {
	tab.Await(`document.querySelector("input[name=login]") !== null`)
	tab.Do(chromedp.SendKeys(chromedp.CSS("input[name=login]"), login), chromedp.SendKeys(chromedp.CSS("input[name=password]"), "x"))
	tab.Press("Sign-in")
	tab.Shows("Authorize")
	// A little later, for with it the pop-up may close under the mouse.
	browsertest.Value[bool](tab, `setTimeout(() => [...document.querySelectorAll("button")].find(b => b.innerText.includes("Continue")).click(), 100) > 0`)
}

func TestBrowserACustomerConnectsInAPopUp(t *testing.T) {
	w := newWorld(t)
	tab := browsertest.Start(t)
	tab.Open(w.application.URL)
	tab.Press("Sign in as The first customer")
	tab.Shows("You are The first customer.")
	tab.Press("Show my files")
	tab.Shows("knows no such connection or user")
	tab.Open(w.application.URL)

	tab.Press("Connect my files")
	popup := tab.Popup()
	popup.Shows("You are known there as The first customer")
	popup.Press("Connect")
	consents(popup, "alice")
	tab.Shows("It is connected.")
	tab.Press("Show my files")
	tab.Shows(`"sub":"alice"`)
}

// TestBrowserI08_AnotherOpenerLearnsNothing: a hostile page opens the pop-up in the application's place. The message is for the
// application's origin alone, so the pop-up goes there by itself, where the person is signed in.
func TestBrowserI08_AnotherOpenerLearnsNothing(t *testing.T) {
	w := newWorld(t)
	var link string
	hostile := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(rw, `<!doctype html><link rel="icon" href="data:,"><button onclick="window.open('`+link+`')">Open</button>
			<script>var heard = []; addEventListener("message", (e) => heard.push(e.data));</script>`)
	}))
	t.Cleanup(hostile.Close)
	tab := browsertest.Start(t)
	tab.Open(w.application.URL)
	tab.Press("Sign in as The first customer")
	tab.Shows("You are The first customer.")
	link = browsertest.Value[string](tab, `fetch("/lanyard/connect", {method: "POST"}).then(r => r.json()).then(made => made.connect_url)`)
	tab.Open(hostile.URL)
	tab.Press("Open")
	popup := tab.Popup()
	popup.Shows("You are known there as The first customer")
	popup.Press("Connect")
	consents(popup, "alice")
	popup.Shows("It is connected.")
	if at := popup.Address(); !strings.HasPrefix(at, w.application.URL) || strings.Contains(at, "code=") {
		t.Errorf("the pop-up ended at %s", at)
	}
	if heard := browsertest.Value[int](tab, "heard.length"); heard != 0 {
		t.Errorf("the hostile page heard %d messages", heard)
	}
}

// client is a browser that follows redirects by hand.
func (w *world) client(t *testing.T, customer string) *http.Client {
	t.Helper()
	c := servertest.Stranger(t)
	servertest.Post(t, c, w.application.URL+"/sign-in", url.Values{"customer": {customer}})
	return c
}

// TestA10_ALinkSentToSomebodyElse: the first customer sends a link of their own to the second one, who opens it first,
// in a browser that is signed in to the application, and connects.
func TestA10_ALinkSentToSomebodyElse(t *testing.T) {
	w := newWorld(t)
	attacker, victim := w.client(t, "customer-1"), w.client(t, "customer-2")
	made := servertest.Post(t, attacker, w.application.URL+"/lanyard/connect", nil)
	link := made.Field(t, "connect_url").(string)
	if a := servertest.Get(t, victim, link); a.Status != 200 || !strings.Contains(string(a.Body), "The first customer") {
		t.Fatalf("the page does not say for whom it is: %d %s", a.Status, a.Body)
	}
	callback := w.provider.Consent(t, victim, w.Leave(t, victim, link+"/go"), "victim")
	end := servertest.Get(t, victim, callback).Header.Get("Location")
	back := servertest.Get(t, victim, w.URL+end) // as a page, which a pop-up without its opener leads on from
	_, href, _ := strings.Cut(string(back.Body), `id="back" data-size="lg" href="`)
	href, _, _ = strings.Cut(href, `"`)
	to := strings.ReplaceAll(href, "&amp;", "&")
	if !strings.HasPrefix(to, w.application.URL+"/lanyard/return?") {
		t.Fatalf("the end leads to %q", to)
	}
	if a := servertest.Get(t, victim, to); a.Status != http.StatusBadGateway || !strings.Contains(string(a.Body), "begun for another user") {
		t.Errorf("the application: %d %s", a.Status, a.Body)
	}
	// Nor can the attacker make use of the code afterwards.
	if a := servertest.Get(t, attacker, to); a.Status != http.StatusBadGateway {
		t.Errorf("the attacker confirms: %d %s", a.Status, a.Body)
	}
	for name, c := range map[string]*http.Client{"attacker": attacker, "victim": victim} {
		if a := servertest.Post(t, c, w.application.URL+"/files", nil); strings.Contains(string(a.Body), "sub") {
			t.Errorf("the %s has got files: %s", name, a.Body)
		}
	}
}

func TestAReturnWithoutAPopUp(t *testing.T) {
	w := newWorld(t)
	customer := w.client(t, "customer-1")
	made := servertest.Post(t, customer, w.application.URL+"/lanyard/connect", nil)
	link := made.Field(t, "connect_url").(string)
	servertest.Get(t, customer, link)
	end := servertest.Get(t, customer, w.provider.Deny(t, customer, w.Leave(t, customer, link+"/go"))).Header.Get("Location")
	if a := servertest.Get(t, customer, w.URL+end); !strings.Contains(string(a.Body), "error=access_denied") {
		t.Errorf("after a refusal: %d %s", a.Status, a.Body)
	}
	if a := servertest.Post(t, servertest.Stranger(t), w.application.URL+"/lanyard/connect", nil); a.Status != http.StatusUnauthorized {
		t.Errorf("who is not signed in: %d", a.Status)
	}
}
