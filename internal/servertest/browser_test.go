package servertest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/internal/providertest"
	"lanyard/internal/providertest/peer"
	"lanyard/internal/servertest"
)

// chromium starts a browser with one tab.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		peer.Missing(t, "chromium is not installed", "apt-get install -y --no-install-recommends chromium")
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"))
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	inTab(t, tab, chromedp.EmulateViewport(1280, 860))
	return tab
}

func inTab(t *testing.T, tab context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, steps...); err != nil {
		t.Fatal(err)
	}
}

// shows waits until the page in the tab says something.
func shows(t *testing.T, tab context.Context, text string) {
	t.Helper()
	await(t, "the page says "+text, func() bool {
		body, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
		return err == nil && strings.Contains(body, text)
	})
}

func addressOf(t *testing.T, tab context.Context) string {
	t.Helper()
	address, err := chromedp.Run(tab, chromedp.Evaluate[string](`location.href`))
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// TestBrowserConnectsByConsent is what a person does: signs in by the link, presses Connect at home and on the page for
// connecting, signs in at the provider, consents, and reads that it worked. I03: the button works under the policy in a
// real browser; I09: code and state leave the address bar.
func TestBrowserConnectsByConsent(t *testing.T) {
	l := servertest.Start(t)
	provider := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
	l.Connect(t, oauth2Service(l, "acme", provider, providertest.WebBasicID, providertest.WebBasicSecret), nil)
	signIn := l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
	tab := chromium(t)
	inTab(t, tab, chromedp.Navigate(signIn))
	shows(t, tab, "acme")
	inTab(t, tab, chromedp.Click(chromedp.CSS(`form[action="/connections/acme/connect"] button`)))
	shows(t, tab, "Stay connected") // a scope, in words
	inTab(t, tab, chromedp.Click(chromedp.CSS(`main a[href$="/go"]`)))
	shows(t, tab, "Sign-in")
	inTab(t, tab, chromedp.SendKeys(chromedp.CSS(`input[name=login]`), "alice"), chromedp.SendKeys(chromedp.CSS(`input[name=password]`), "x"), chromedp.Click(chromedp.CSS(`button[type=submit]`)))
	shows(t, tab, "Authorize")
	inTab(t, tab, chromedp.Click(chromedp.CSS(`button[type=submit]`)))
	shows(t, tab, "is connected")
	if at := addressOf(t, tab); !strings.HasPrefix(at, l.URL+"/connect/result/") || strings.ContainsAny(at, "?#") {
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
	tab := chromium(t)
	inTab(t, tab, chromedp.Navigate(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)))
	link := l.Must(t, 200, "POST /v1/connections/evil/connect", object()).Field(t, "connect_url").(string)
	inTab(t, tab, chromedp.Navigate(link))
	shows(t, tab, "Your team")
	if file := os.Getenv("LANYARD_SCREENSHOTS"); file != "" {
		picture, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(file, "connect.png"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inTab(t, tab, chromedp.SendKeys(chromedp.CSS(`input[name]`), "red team"), chromedp.Click(chromedp.CSS(`main form button`)))
	shows(t, tab, "is connected")
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
	tab := chromium(t)
	inTab(t, tab, chromedp.Navigate(link))
	shows(t, tab, "Sign in")
	// After signing in the person comes back to the link by itself, and types the credential.
	inTab(t, tab, chromedp.Navigate(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)))
	shows(t, tab, "Password")
	inTab(t, tab, chromedp.SendKeys(chromedp.CSS(`input[autocomplete=new-password]`), providertest.NginxPassword), chromedp.Click(chromedp.CSS(`main form button`)))
	shows(t, tab, "User name")
	inTab(t, tab, chromedp.SendKeys(chromedp.CSS(`input[type=text], input:not([type])`), providertest.NginxUser),
		chromedp.SendKeys(chromedp.CSS(`input[autocomplete=new-password]`), providertest.NginxPassword), chromedp.Click(chromedp.CSS(`main form button`)))
	shows(t, tab, "is connected")
	l.Must(t, 200, "GET /v1/proxy/nginx/basic", nil)
}
