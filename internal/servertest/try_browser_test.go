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

// cleanConsole fails the test when a page writes an error or a warning to the console, which is where the browser also
// reports what the Content-Security-Policy stopped. That an answer has an error status is noted there too, and is fine.
func cleanConsole(t *testing.T, tab context.Context) {
	t.Helper()
	ctx, stop := context.WithCancel(tab)
	messages, done := chromedp.Console(ctx), make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range messages {
			switch {
			case err != nil:
				return
			case strings.HasPrefix(m.Text, "Failed to load resource: the server responded with a status of") && m.Source == "network":
			case m.IsException() || m.Type == "error" || m.Type == "warning":
				t.Errorf("console: %s (%s)", m, m.URL)
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
}

func evaluate[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

// fill replaces what a field of the form for a call holds.
func fill(t *testing.T, tab context.Context, field, text string) {
	t.Helper()
	evaluate[bool](t, tab, fmt.Sprintf(`(() => { document.querySelector("#try-%s").value = ""; document.querySelector("#try-fields details").open = true; return true; })()`, field))
	inTab(t, tab, chromedp.SendKeys(chromedp.CSS("#try-"+field), text))
}

func choose(t *testing.T, tab context.Context, method string) {
	t.Helper()
	evaluate[bool](t, tab, fmt.Sprintf(`(document.querySelector("#try-method").value = %q) !== ""`, method))
}

// answered presses Send, by keyboard, and waits until the answer says something.
func answered(t *testing.T, tab context.Context, text string) string {
	t.Helper()
	evaluate[float64](t, tab, `document.querySelector("#send").getBoundingClientRect().top`) // has the page laid out, after what was opened in it
	inTab(t, tab, chromedp.SendKeys(chromedp.CSS("#send"), kb.Enter))
	var said string
	await(t, "the answer says "+text, func() bool {
		var err error
		said, err = chromedp.Run(tab, chromedp.Evaluate[string](`document.querySelector("#answer")?.innerText ?? ""`))
		return err == nil && strings.Contains(said, text)
	})
	return said
}

// TestBrowserTries makes a call through each kind of connection on its page, with a script and without, on a desk and
// on a telephone, against real servers.
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

	tab := chromium(t)
	cleanConsole(t, tab)
	inTab(t, tab, chromedp.Navigate(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)))
	calls := []struct{ connection, method, url, says, sent string }{
		{"httpbin", "GET", "/anything?a=1", `"X-Api-Key": [`, "X-Api-Key\n[redacted]"},
		{"nginx", "GET", "/basic", "200 OK", "Basic [redacted]"},
		{"s3", "PUT", "/bucket-%s", "200 OK", "Signature=[redacted]"},
		{"oidc", "GET", "/api/whoami", `"sub": "alice"`, "Bearer [redacted]"},
		{"oauth1", "GET", "/things?a=1", `"ok": true`, `oauth_signature="[redacted]"`},
	}
	for _, way := range []struct {
		name   string
		script bool
		width  int64
	}{{"desk", true, 1280}, {"phone", true, 390}, {"unscripted", false, 1280}} {
		t.Run(way.name, func(t *testing.T) {
			inTab(t, tab, chromedp.EmulateViewport(way.width, 860))
			if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !way.script}); err != nil {
				t.Fatal(err)
			}
			for _, c := range calls {
				inTab(t, tab, chromedp.Navigate(l.URL+"/connections/"+c.connection))
				choose(t, tab, c.method)
				target := strings.ReplaceAll(c.url, "%s", way.name)
				fill(t, tab, "url", target)
				fill(t, tab, "headers", "X-Typed: "+way.name)
				said := answered(t, tab, c.says)
				for _, want := range []string{c.sent, "X-Typed\n" + way.name, "The request as it was sent"} {
					if !strings.Contains(said, want) {
						t.Errorf("%s: the answer does not say %q:\n%s", c.connection, want, said)
					}
				}
				for _, secret := range []string{"header-secret-1234", providertest.NginxPassword, s3.SecretAccessKey, s3.AccessKeyID, "signature-secret"} {
					if body := evaluate[string](t, tab, `document.documentElement.outerHTML`); strings.Contains(body, secret) {
						t.Errorf("%s: %s is on the page", c.connection, secret)
					}
				}
				if got := evaluate[string](t, tab, `document.querySelector("#try-url").value`); got != target {
					t.Errorf("%s: the field holds %q now, want %q", c.connection, got, target)
				}
				if over := evaluate[int](t, tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
					t.Errorf("%s: the page is %d pixels too wide", c.connection, over)
				}
				// With a script only a part of the page is exchanged, so the address stays.
				if at := addressOf(t, tab); strings.HasSuffix(at, "/try#answer") == way.script {
					t.Errorf("%s: the browser is at %s", c.connection, at)
				}
			}
		})
	}

	t.Run("errors", func(t *testing.T) {
		if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{}); err != nil {
			t.Fatal(err)
		}
		inTab(t, tab, chromedp.Navigate(l.URL+"/connections/httpbin"))
		fill(t, tab, "url", "https://elsewhere.example/")
		answered(t, tab, "does not list the host")
		fill(t, tab, "url", "/get")
		fill(t, tab, "headers", "Host: elsewhere.example")
		answered(t, tab, "this header is set by Lanyard itself")
		if got := evaluate[string](t, tab, `document.querySelector("#try-headers-error").innerText + document.activeElement.id`); !strings.Contains(got, "set by Lanyard itself") || !strings.HasSuffix(got, "summary") {
			t.Errorf("beside the field, and in focus: %q", got)
		}
		fill(t, tab, "headers", "Accept: text/plain")
		answered(t, tab, "200 OK")
		if left := evaluate[bool](t, tab, `document.querySelector("#try-headers-error") !== null || document.querySelector("#try-fields").disabled`); left {
			t.Error("the error stays beside the field, or the form is still disabled")
		}
		// Revoked in between: the page says so, and has the button that leads to the page for connecting.
		l.Must(t, 200, "POST /v1/connections/httpbin/revoke", nil)
		answered(t, tab, "Connect it")
		inTab(t, tab, chromedp.Click(chromedp.CSS(".remedy a.btn")))
		shows(t, tab, "Connect httpbin")
	})
}

// TestBrowserChoosesSnippets: the tabs work by keyboard, without a script.
func TestBrowserChoosesSnippets(t *testing.T) {
	l := servertest.Start(t)
	l.Connect(t, keyAt("acme", "https://api.acme.com", "api.acme.com", "X-Api-Key", "header"), object("credentials", object("X-Api-Key", "header-secret-1234")))
	tab := chromium(t)
	cleanConsole(t, tab)
	inTab(t, tab, chromedp.Navigate(l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)))
	if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	inTab(t, tab, chromedp.Navigate(l.URL+"/connections/acme"))
	visible := func() string {
		return evaluate[string](t, tab, `[...document.querySelectorAll(".panel")].filter(p => p.checkVisibility()).map(p => p.querySelector("code").id).join(" ")`)
	}
	if got := visible(); got != "snippet-curl" {
		t.Errorf("at first: %s", got)
	}
	inTab(t, tab, chromedp.Click(chromedp.CSS(`label[for="snippet-python-tab"]`)))
	if got := visible(); got != "snippet-python" {
		t.Errorf("after choosing Python: %s", got)
	}
	inTab(t, tab, chromedp.KeyEvent(kb.ArrowLeft))
	await(t, "the tab before is chosen", func() bool { return visible() == "snippet-javascript" })
}
