package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lanyard"
	"lanyard/internal/browsertest"
	"lanyard/internal/credential"
	"lanyard/internal/registry"
)

// person is somebody with a browser at the pages.
type person struct {
	*door
	tab *browsertest.Tab
}

// newPerson signs visiting in.
func newPerson(t *testing.T, tab *browsertest.Tab) *person {
	t.Helper()
	p := &person{newDoor(t, "").invented(), tab}
	p.open("/sign-in/" + goodToken)
	return p
}

func (p *person) open(path string) {
	p.t.Helper()
	p.tab.Open(p.server.URL + path)
}

// focus is the id of the element with the focus, or its text where it has no id.
func (p *person) focus() string {
	p.t.Helper()
	return browsertest.Value[string](p.tab, focused)
}

// enterLink presses Enter on a link. A link acts when the key goes down, and the browser then drops the character; sent
// by itself, as press does, it would reach the field that the link led to.
func (p *person) enterLink() {
	p.t.Helper()
	for _, what := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		_, err := chromedp.Call(p.tab.Context, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: what, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13})
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// tabTo presses the tabulator until the element has the focus.
func (p *person) tabTo(id string) {
	p.t.Helper()
	var passed []string
	for range 40 {
		p.tab.Key(kb.Tab)
		at := p.focus()
		if at == id {
			return
		}
		passed = append(passed, at)
	}
	p.t.Fatalf("the tabulator does not lead to %s, but past %q", id, passed)
}

// sees waits until a script's value in the page is the one wanted, through any change of pages on the way.
func (p *person) sees(script, want string) {
	p.t.Helper()
	p.tab.Await(fmt.Sprintf("(%s) === %q", script, want))
}

// arrives waits until the page with the heading is there.
func (p *person) arrives(heading string) {
	p.t.Helper()
	p.sees(`document.querySelector("h1").textContent.trim()`, heading)
}

const focused = `document.activeElement.id || document.activeElement.textContent.trim()`

// asks gives the connect page two parameters and two credentials.
func (d *door) asks() *door {
	d.page.Parameters = []lanyard.DynamicParameter{{Key: "domain", Name: "Your Acme domain", Help: "The first part of the address."},
		{Key: "region", Name: "Data centre", Choices: []lanyard.Choice{{Value: "eu", Name: "Europe"}, {Value: "us", Name: "United States"}}}}
	d.page.Fields = []lanyard.CredentialField{{Name: "username", Label: "User name"}, {Name: "password", Label: "Password", Secret: true}}
	return d
}

// TestBrowserKeyboardConnects fills in and sends the form for connecting without a mouse: first wrongly, then rightly.
func TestBrowserKeyboardConnects(t *testing.T) {
	p := newPerson(t, browsertest.Start(t))
	p.asks()
	p.submitErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/parameters/domain", Detail: "Your Acme domain is required"},
		{Pointer: "/credentials/password", Detail: "Password is required"}}}
	p.open("/connect/T")

	p.tab.Key(kb.Tab)
	if got := p.focus(); got != "Skip to the content" {
		t.Errorf("the first stop is %q", got)
	}
	p.enterLink()
	p.tab.Key(kb.Tab)
	if got := p.focus(); got != "parameter-0" {
		t.Errorf("after skipping, the first stop is %q", got)
	}
	p.tabTo("credential-0")
	p.tab.Key("visiting")
	p.tab.Key(kb.Enter)
	p.sees(focused, "summary")
	if got := browsertest.Value[string](p.tab, `document.querySelector("#credential-0").value`); got != "visiting" {
		t.Errorf("the user name came back as %q", got)
	}
	if got := browsertest.Value[string](p.tab, `[...document.querySelectorAll("[aria-invalid=true]")].map(e => e.id + ": " + document.getElementById(e.getAttribute("aria-describedby").split(" ")[0]).textContent).join(", ")`); got != "parameter-0: Your Acme domain is required., credential-1: Password is required." {
		t.Errorf("the faulty fields are %s", got)
	}
	// The summary's first line leads to its field.
	p.tab.Key(kb.Tab)
	p.enterLink()
	p.sees(focused, "parameter-0")

	p.submitErr = nil
	p.tab.Key("zylker")
	p.tab.Key(kb.Tab)
	p.tab.Key("United")
	p.tabTo("credential-1")
	p.tab.Key("sk_secret")
	p.tabTo("connect")
	p.tab.Key(kb.Enter)
	p.arrives("Acme CRM is connected")
	if got := p.submitted; got.Parameters["domain"] != "zylker" || got.Parameters["region"] != "us" || got.Credentials["username"].Reveal() != "visiting" || got.Credentials["password"].Reveal() != "sk_secret" {
		t.Errorf("the keeper got %v, user %q, a secret of %d characters", got.Parameters, got.Credentials["username"].Reveal(), len(got.Credentials["password"].Reveal()))
	}
}

// TestBrowserI03_ConsentUnderThePolicy goes from the form to a provider of another origin and back, in a browser that obeys
// form-action, with and without parameters to give first.
func TestBrowserI03_ConsentUnderThePolicy(t *testing.T) {
	p := newPerson(t, browsertest.Start(t))
	p.asks()
	p.page.Consent, p.page.Fields = true, nil
	var referrer, fetchSite string
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		referrer, fetchSite = r.Referer(), r.Header.Get("Sec-Fetch-Site")
		http.Redirect(w, r, p.server.URL+"/oauth/callback/org_zylker/acme?code=C&state=S", http.StatusFound)
	}))
	t.Cleanup(provider.Close)
	p.provider, p.page.ProviderHost = provider.URL+"/authorize", "accounts.acme.example"
	p.outcome = &credential.Outcome{Continue: "/connect/NEW/go"}

	try := func(t *testing.T) {
		referrer, fetchSite = "none", ""
		p.open("/connect/T")
		p.tab.PressIn("main", "Connect")
		p.arrives("Acme CRM is connected")
		if got := p.tab.Address(); got != p.server.URL+"/connect/result/cns_1" { // I09
			t.Errorf("the address is %s", got)
		}
		if referrer != "" || fetchSite == "" { // F23
			t.Errorf("the provider was told %q", referrer)
		}
	}
	t.Run("by a form", try)
	p.page.Parameters = nil
	t.Run("by a link", try)
	t.Run("and back to where the person came from", func(t *testing.T) {
		app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><h1>The application</h1>`))
		}))
		t.Cleanup(app.Close)
		p.page.Consent = false
		p.outcome = &credential.Outcome{Result: app.URL + "/settings?tab=1"}
		p.open("/connect/T")
		p.tab.PressIn("main", "Connect")
		p.arrives("The application")
		if got := p.tab.Address(); got != app.URL+"/settings?tab=1" {
			t.Errorf("the address is %s", got)
		}
	})
}

// TestBrowserI09_RefusedAnswerLeavesTheAddress: code and state of an answer that was not used are not in the address bar.
func TestBrowserI09_RefusedAnswerLeavesTheAddress(t *testing.T) {
	p := newPerson(t, browsertest.Start(t))
	p.back = func(*lanyard.Caller, lanyard.OrganizationID, string, url.Values) (*credential.Outcome, error) {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "Nothing is known of this answer of a provider.")
	}
	p.open("/oauth/callback/org_zylker/acme?code=C&state=S")
	p.arrives("The request is not valid")
	if got, want := p.tab.Address(), p.server.URL+"/oauth/callback/org_zylker/acme"; got != want {
		t.Errorf("the address is %s, want %s", got, want)
	}
}

// TestBrowserTryAgain presses the button of a connection in the list and of a result that went wrong.
func TestBrowserTryAgain(t *testing.T) {
	p := newPerson(t, browsertest.Start(t))
	p.found = &registry.ConnectionList{Total: 1, Connections: []registry.ConnectionView{inventedView("Acme CRM", "acme_crm", "Acme", lanyard.StatusReconnectRequired)}}
	p.open("/")
	p.tab.Press("Reconnect Acme CRM")
	p.arrives("Connect Acme CRM")
	p.result.OK, p.result.Outcome = false, "Access was denied."
	p.open("/connect/result/cns_1")
	p.tab.Press("Try again")
	p.arrives("Connect Acme CRM")
	p.tab.Press("Sign out")
	p.arrives("Use an account without holding its keys")
}

// TestBrowserTheme: the system's colours, until a person chooses, and again when the choice is the system's.
func TestBrowserTheme(t *testing.T) {
	p := newPerson(t, browsertest.Start(t))
	want := func(scheme, stored string) {
		t.Helper()
		p.sees(`getComputedStyle(document.body).colorScheme`, scheme)
		p.sees(`localStorage.getItem("lanyard-theme") ?? ""`, stored)
	}
	p.tab.Look("dark", 1440)
	p.open("/")
	want("dark", "")
	p.tabTo("theme")
	if got := browsertest.Value[string](p.tab, `document.activeElement.getAttribute("aria-label")`); got != "Use light colours" {
		t.Errorf("the button is called %q", got)
	}
	p.tab.Key(kb.Enter)
	want("light", "light")
	p.open("/nowhere")
	want("light", "light")
	p.tab.Press("Use dark colours")
	want("dark", "")
	p.tab.Look("light", 1440)
	want("light", "")
}

// TestBrowserI17_WithoutScripts: the facts are there, the colours follow the system, and what needs a script does not show.
func TestBrowserI17_WithoutScripts(t *testing.T) {
	p := newPerson(t, browsertest.WithoutScripts(t))
	p.tab.Look("dark", 390)
	p.open("/connect/T")
	if got := browsertest.Value[string](p.tab, `getComputedStyle(document.documentElement).getPropertyValue("color-scheme") + " " + getComputedStyle(document.body).backgroundColor`); !strings.HasPrefix(got, "light dark oklch(0.17") {
		t.Errorf("the colours are %s", got)
	}
	if !browsertest.Value[bool](p.tab, `document.querySelector("#theme").checkVisibility() === false`) {
		t.Error("a button shows that does nothing")
	}
	p.tab.Do(chromedp.SendKeys(chromedp.CSS("#credential-0"), "sk"), chromedp.Click(chromedp.CSS("#connect")))
	p.arrives("Acme CRM is connected")
	if !browsertest.Value[bool](p.tab, `[...document.querySelectorAll("[data-copy]")].length === 2 && [...document.querySelectorAll("[data-copy]")].every(e => !e.checkVisibility())`) {
		t.Error("a button shows that does nothing")
	}
}

func TestBrowserCopy(t *testing.T) {
	p := newPerson(t, browsertest.Start(t))
	p.open("/connect/result/cns_1")
	copyLine := func() {
		t.Helper()
		p.tab.Do(chromedp.Click(chromedp.CSS(`[data-copy="command-invoke"]`)))
	}
	const status = `document.getElementById("status").textContent`
	for _, raw := range []bool{false, true} {
		if _, err := chromedp.CallBrowser(p.tab.Context, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: "clipboard-write", AllowWithoutSanitization: raw}, Setting: "granted", Origin: p.server.URL}); err != nil {
			t.Fatal(err)
		}
	}
	copyLine()
	p.sees(status, "Copied.")
	p.tab.Do(chromedp.Evaluate[chromedp.Void](`Object.defineProperty(navigator, "clipboard", {value: undefined})`)) // as over plain http
	copyLine()
	p.sees(status, "Selected. Copy it with the keyboard.")
	p.sees(`getSelection().toString()`, "lanyard invoke acme_crm /me")
}
