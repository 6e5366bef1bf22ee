package servertest_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// byKeyboard presses Enter on an element. What scrolls meanwhile, as after typing, does not matter to a key.
func byKeyboard(tab *browsertest.Tab, selector string) {
	tab.Await("(e => { e.focus(); return document.activeElement === e; })(document.querySelector(`" + selector + "`))")
	tab.Key("Enter")
}

// answered presses Send, waits until the answer says something, and gives all that it says.
func answered(tab *browsertest.Tab, text string) string {
	byKeyboard(tab, "#send")
	tab.Await(`document.readyState === "complete" && document.querySelector("#answer").innerText.includes(` + "`" + text + "`" + `)`)
	return browsertest.Value[string](tab, `document.querySelector("#answer").innerText`)
}

// TestBrowserTries makes a call through each kind of connection on its page, with scripts and without, on a desk and on
// a telephone, against real servers.
func TestBrowserTries(t *testing.T) {
	l := servertest.Start(t)
	httpbin, nginx, s3, oauth1 := providertest.HTTPBin(t), providertest.Nginx(t), providertest.Versitygw(t), providertest.OAuth1(t)
	oidc := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "oidc")}, Rotate: true})
	person := l.Browser(t)
	l.Connect(t, keyAt("httpbin", httpbin.URL, hostOf(t, httpbin.URL), "X-Api-Key", "header"), object("credentials", object("X-Api-Key", "header-secret-1234")))
	l.Connect(t, object("link_name", "nginx", "base_url", nginx.URL, "hosts", []string{hostOf(t, nginx.URL)}, "auth", object("type", "basic")),
		object("credentials", object("username", providertest.NginxUser, "password", providertest.NginxPassword)))
	l.Connect(t, s3Service(s3, "s3", s3.Region), object("credentials", object("access_key_id", s3.AccessKeyID, "secret_access_key", s3.SecretAccessKey)))
	l.Connect(t, oauth2Service(l, "oidc", oidc, providertest.WebBasicID, providertest.WebBasicSecret), nil)
	consent(t, l, person, "oidc", nil, func(u string) string { return oidc.Consent(t, servertest.Stranger(t), u, "alice") })
	l.Connect(t, object("link_name", "oauth1", "base_url", oauth1.APIURL, "hosts", []string{hostOf(t, oauth1.APIURL)},
		"auth", object("type", "oauth1", "consumer_key", providertest.ConsumerKey, "consumer_secret", providertest.ConsumerSecret, "request_token_url", oauth1.RequestTokenURL,
			"authorize_url", oauth1.AuthorizeURL, "access_token_url", oauth1.AccessTokenURL)), nil)
	consent(t, l, person, "oauth1", nil, func(u string) string { return oauth1.Approve(t, u) })

	calls := []struct{ connection, method, url, says, sent string }{
		{"httpbin", "GET", "/anything?a=1", `"X-Api-Key": [`, "X-Api-Key\n[redacted]"},
		{"nginx", "GET", "/basic", "200 OK", "Basic [redacted]"},
		{"s3", "PUT", "/bucket-", "200 OK", "Signature=[redacted]"},
		{"oidc", "GET", "/api/whoami", `"sub": "alice"`, "Bearer [redacted]"},
		{"oauth1", "GET", "/things?a=1", `"ok": true`, `oauth_signature="[redacted]"`},
	}
	for _, way := range []struct {
		name    string
		start   func(testing.TB) *browsertest.Tab
		width   int64
		scripts bool
	}{
		{"desk", func(t testing.TB) *browsertest.Tab { return browsertest.Start(t) }, 1440, true},
		{"telephone", func(t testing.TB) *browsertest.Tab { return browsertest.Start(t) }, 390, true},
		{"unscripted", browsertest.WithoutScripts, 1440, false},
	} {
		t.Run(way.name, func(t *testing.T) {
			tab := way.start(t)
			tab.Look("light", way.width)
			tab.Open(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
			tab.Shows("My connections")
			for _, c := range calls {
				target := c.url
				if c.method == "PUT" {
					target += way.name // each makes a bucket of its own
				}
				tab.Open(l.URL + "/connections/" + c.connection)
				tab.Choose("Method", c.method)
				tab.Fill("URL or path", target)
				byKeyboard(tab, "#try-fields summary")
				tab.Fill("Headers", "X-Typed: "+way.name)
				said := answered(tab, c.says)
				for _, want := range []string{c.sent, "X-Typed\n" + way.name, "The request as it was sent"} {
					if !strings.Contains(said, want) {
						t.Errorf("%s: the answer does not say %q:\n%s", c.connection, want, said)
					}
				}
				page := browsertest.Value[string](tab, `document.documentElement.outerHTML`)
				for _, secret := range []string{"header-secret-1234", providertest.NginxPassword, s3.SecretAccessKey, s3.AccessKeyID} {
					if strings.Contains(page, secret) {
						t.Errorf("%s: %s is on the page", c.connection, secret)
					}
				}
				if got := browsertest.Value[string](tab, `document.querySelector("#try-url").value + " " + document.querySelector("#try-headers").value`); got != target+" X-Typed: "+way.name {
					t.Errorf("%s: the fields hold %q now", c.connection, got)
				}
				tab.Fits()
				// With scripts only a part of the page is exchanged, so the address stays.
				if at := tab.Address(); strings.HasSuffix(at, "/try#answer") == way.scripts {
					t.Errorf("%s: the browser is at %s", c.connection, at)
				}
			}
		})
	}
}

// TestBrowserTriesAgain: an error stands beside its field while it is one, and where connecting is the way out, the
// answer has the button.
func TestBrowserTriesAgain(t *testing.T) {
	m := newMirror(t)
	l := servertest.Start(t)
	l.Connect(t, keyAt("acme", m.URL, hostOf(t, m.URL), "X-Api-Key", "header"), object("credentials", object("X-Api-Key", "header-secret-1234")))
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/connections/acme")
	tab.Fill("URL or path", "https://elsewhere.example/")
	answered(tab, "does not list the host")
	tab.Fill("URL or path", "/get")
	byKeyboard(tab, "#try-fields summary")
	tab.Fill("Headers", "Host: elsewhere.example")
	answered(tab, "this header is set by Lanyard itself")
	tab.Await(`document.activeElement.id === "summary" && document.querySelector("#try-headers-error").innerText.includes("set by Lanyard itself")`)
	tab.Accessible()
	tab.Fill("Headers", "Accept: text/plain")
	answered(tab, "200 OK")
	tab.Await(`document.querySelector("#try-headers-error") === null && !document.querySelector("#try-fields").disabled`)
	tab.Accessible()
	l.Must(t, 200, "POST /v1/connections/acme/revoke", nil)
	answered(tab, "was revoked")
	tab.Await(`document.activeElement.id === "summary"`) // where it goes by itself
	byKeyboard(tab, ".remedy a")
	tab.Shows("Connect acme")
}

// TestBrowserChoosesSnippets: the tabs work by mouse and keyboard, without scripts.
func TestBrowserChoosesSnippets(t *testing.T) {
	l := servertest.Start(t)
	l.Connect(t, keyAt("acme", "https://api.acme.com", "api.acme.com", "X-Api-Key", "header"), object("credentials", object("X-Api-Key", "header-secret-1234")))
	tab := browsertest.WithoutScripts(t)
	tab.Open(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	tab.Shows("My connections")
	tab.Open(l.URL + "/connections/acme")
	shown := func(id string) string {
		return `[...document.querySelectorAll(".panel")].filter(p => p.checkVisibility()).map(p => p.querySelector("code").id).join(" ") === "` + id + `"`
	}
	tab.Await(shown("snippet-curl"))
	tab.Do(chromedp.Click(chromedp.CSS(`label[for="snippet-javascript-tab"]`))) // its radio button is out of sight
	tab.Await(shown("snippet-javascript"))
	tab.Key("ArrowDown")
	tab.Await(shown("snippet-python"))
}
