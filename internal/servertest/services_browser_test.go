package servertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lanyard/internal/browsertest"
	"lanyard/internal/servertest"
)

// fill types into inputs by their names, in pairs of name and text.
func fill(tab *browsertest.Tab, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		tab.Do(chromedp.SendKeys(chromedp.CSS(`[name="`+pairs[i]+`"]`), pairs[i+1]))
	}
}

func press(tab *browsertest.Tab, selector string) { tab.Do(chromedp.Click(chromedp.CSS(selector))) }

// TestBrowserServiceOfEachType makes one of each as a person does, at a desk and on a telephone.
func TestBrowserServiceOfEachType(t *testing.T) {
	l := servertest.Start(t)
	for _, width := range []int64{1280, 390} {
		tab := signedInTab(t, l)
		tab.Look("light", width)
		for kind, typed := range map[string][]string{
			"api_key":   {"api_key.0.name", "X-Api-Key", "api_key.0.display_name", "API key"},
			"basic":     {},
			"oauth1":    {"oauth1.consumer_key", "ck", "oauth1.consumer_secret", "cs", "oauth1.request_token_url", "https://acme.example/r", "oauth1.authorize_url", "https://acme.example/a", "oauth1.access_token_url", "https://acme.example/t"},
			"oauth2":    {"oauth2.client_id", "id", "oauth2.client_secret", "cs", "oauth2.authorize_url", "https://acme.example/a", "oauth2.access_token_url", "https://acme.example/t"},
			"aws_sigv4": {"aws_sigv4.aws_service", "s3", "aws_sigv4.aws_region", "us-east-1"},
		} {
			t.Run(fmt.Sprintf("%s at %d", kind, width), func(t *testing.T) {
				tab.Open(l.URL + "/services/new")
				tab.Shows("New service")
				press(tab, `input[name=type][value="`+kind+`"]`)
				if open := browsertest.Value[string](tab, `[...document.querySelectorAll(".block:not([hidden])")].map(b => b.dataset.type).join()`); open != kind {
					t.Fatalf("the fields of %s are shown", open)
				}
				// Wrong input first: nothing typed is lost.
				fill(tab, typed...)
				press(tab, `#save`)
				tab.Shows("The service was not created")
				for i := 0; i < len(typed); i += 2 {
					if got := browsertest.Value[string](tab, `document.querySelector('[name="`+typed[i]+`"]').value`); got != typed[i+1] && !strings.Contains(typed[i], "secret") {
						t.Errorf("%s is now %q, want %q", typed[i], got, typed[i+1])
					}
				}
				for i := 0; i < len(typed); i += 2 {
					if strings.Contains(typed[i], "secret") {
						fill(tab, typed[i], typed[i+1])
					}
				}
				name := fmt.Sprintf("Acme %s %d", kind, width)
				fill(tab, "name", name, "base_url", "https://api.acme.example/v1")
				press(tab, `#save`)
				tab.Shows(name + " is created")
				if over := browsertest.Value[int](tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
					t.Errorf("the page is %d pixels too wide", over)
				}
				link := strings.ToLower(strings.ReplaceAll(name, " ", "_")) // proposed from the name
				made := l.Must(t, 200, "GET /v1/services/"+link, nil)
				if !strings.Contains(string(made.Body), `"hosts":["api.acme.example"]`) { // proposed from the URL
					t.Errorf("got %s", made.Body)
				}
			})
		}
	}
}

// TestBrowserServiceForm walks through what the form's script does, with the keyboard where focus matters.
func TestBrowserServiceForm(t *testing.T) {
	l := servertest.Start(t)
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/services/new")
	tab.Shows("New service")
	focus := func() string { t.Helper(); return browsertest.Value[string](tab, `document.activeElement.name`) }
	press(tab, `input[name=type][value=oauth2]`)
	fill(tab, "name", "Ünïted Acme!", "oauth2.client_secret", "s3cr3t", "oauth2.client_id", "id", "oauth2.authorize_url", "https://acme.example/a", "oauth2.access_token_url", "https://acme.example/t")
	if got := browsertest.Value[string](tab, `document.querySelector("[name=link_name]").value`); got != "united_acme" {
		t.Errorf("the link name proposed is %q", got)
	}
	if got := browsertest.Value[string](tab, `document.querySelector(".block:not([hidden]) .callback code").textContent`); !strings.HasSuffix(got, "/united_acme") {
		t.Errorf("the callback URL shown is %q", got)
	}

	press(tab, `button[value="add scope"]`)
	if got := focus(); got != "scope.0.name" {
		t.Errorf("after adding a row the focus is on %q", got)
	}
	fill(tab, "scope.0.value", "read")
	press(tab, `button[value="add scope"]`)
	fill(tab, "scope.1.value", "write")
	press(tab, `button[value="remove scope 0"]`)
	if got := focus(); got != "scope.1.name" {
		t.Errorf("after removing a row the focus is on %q", got)
	}

	// Another type and back: what was typed is there, the secret too.
	press(tab, `input[name=type][value=basic]`)
	press(tab, `input[name=type][value=oauth2]`)
	if got := browsertest.Value[string](tab, `document.querySelector("[name='oauth2.client_secret']").value`); got != "s3cr3t" {
		t.Error("the secret is gone after looking at another type")
	}

	press(tab, `button[value="add parameter"]`)
	fill(tab, "parameter.0.key", "site", "base_url", "https://{site}.acme.example/api")
	tab.Shows("Proposed from the URLs: {site}.acme.example")
	press(tab, `[formaction="/services/preview"]`)
	tab.Shows("It would be sent to sample.acme.example")
	tab.Shows("Bearer ‹access token›")
	tab.Shows("client_id=id")
	if got := browsertest.Value[string](tab, `document.querySelector("[name='oauth2.client_secret']").value`); got != "s3cr3t" {
		t.Error("the secret is gone after trying the definition")
	}

	tab.Do(chromedp.SendKeys(chromedp.CSS(`[name="name"]`), kb.Enter)) // saves: it does not add a row
	tab.Shows("Ünïted Acme! is created")
	made := l.Must(t, 200, "GET /v1/services/united_acme", nil)
	if !strings.Contains(string(made.Body), `"scopes":[{"name":"write","value":"write"}]`) || made.Field(t, "auth.client_secret_set") != true {
		t.Errorf("got %s", made.Body)
	}
}

// TestBrowserServiceEdit: saving asks, in a dialog that keeps the secret that was typed, and what it warned of comes true.
func TestBrowserServiceEdit(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(upstream.Close)
	l := servertest.Start(t)
	l.Must(t, 201, "POST /v1/services", object("name", "Acme", "link_name", "acme", "base_url", upstream.URL, "hosts", []string{hostOf(t, upstream.URL)}, "auth", object("type", "basic")))
	l.Must(t, 201, "POST /v1/connections", object("name", "Acme, live", "link_name", "acme_live", "service", "acme"))
	l.Must(t, 200, "POST /v1/connections/acme_live/connect", object("credentials", object("username", "u", "password", "p")))
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/services/custom")
	tab.Shows("1 connection")
	tab.Press("More for Acme")
	tab.Press("Edit")
	tab.Shows("It decides what a credential is, so it never changes.")
	press(tab, `#save`)
	tab.Shows("Nothing was changed")

	tab.Open(l.URL + "/services/acme/edit")
	tab.Shows("Edit Acme")
	fill(tab, "verify_url", upstream.URL+"/me")
	press(tab, `#save`)
	tab.Shows("Save this change?")
	tab.Shows("This revokes 1 authorization of 1 connection")
	press(tab, `#ask [data-close]`)
	if got := l.Must(t, 200, "GET /v1/connections/acme_live", nil).Field(t, "status"); got != "connected" {
		t.Errorf("cancelling left the connection %v", got)
	}
	press(tab, `#save`)
	tab.Shows("Save this change?")
	press(tab, `#ask button[value=revoke]`)
	tab.Shows("1 authorization had to be revoked")
	if got := l.Must(t, 200, "GET /v1/connections/acme_live", nil).Field(t, "status"); got != "reconnect_required" {
		t.Errorf("after saving the connection is %v", got)
	}

	tab.Press("More for Acme")
	tab.Press("Delete")
	tab.Shows("Delete Acme?")
	tab.Press("Delete Acme")
	tab.Shows("Acme is deleted")
	tab.Shows("No custom services yet")
}
