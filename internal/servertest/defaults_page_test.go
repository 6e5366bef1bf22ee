package servertest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// TestBrowserFiltersDefaultServices filters as one types and by category, and finds the filter in the address.
func TestBrowserFiltersDefaultServices(t *testing.T) {
	l := servertest.Start(t)
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/services")
	tab.Shows("Zoho CRM")
	lists := func(want string) {
		tab.Await(`[...document.querySelectorAll("#list h3 a")].map(a => a.textContent).join(", ") === "` + want + `"`)
	}
	browsertest.Value[string](tab, `window.kept = "the same page"`)
	tab.Fill("Search default services by name", "zoho")
	lists("Zoho Books, Zoho CRM")
	if at, on := tab.Address(), browsertest.Value[string](tab, `window.kept ?? "another page"`); !strings.HasSuffix(at, "q=zoho") || on != "the same page" {
		t.Errorf("the browser is at %s, on %s", at, on)
	}
	tab.Choose("Category", "CRM")
	lists("Zoho CRM")
	address := tab.Address()
	if !strings.Contains(address, "category=crm") || !strings.Contains(address, "q=zoho") {
		t.Errorf("the browser is at %s", address)
	}
	tab.Open(address)
	lists("Zoho CRM")
	if browsertest.Value[string](tab, `document.querySelector("main input[name=q]").value + document.querySelector("select[name=category]").value`) != "zohocrm" {
		t.Error("the filter is not in the form of a page that is opened by its address")
	}

	// Without JavaScript the form does the same, and a service that is not there leads on.
	browser := l.Browser(t)
	page := string(servertest.Get(t, browser, l.URL+"/services?category=&q=zoho").Body)
	if !strings.Contains(page, `href="/services/zoho_crm"`) || strings.Contains(page, `href="/services/github"`) || !strings.Contains(page, `<form class="filters" method="get" action="/services"`) {
		t.Error("without JavaScript the form does not filter")
	}
	if page := string(servertest.Get(t, browser, l.URL+"/services?q=%3Cscript%3E").Body); !strings.Contains(page, "Nothing found") || strings.Contains(page, "“<bdi><script>") {
		t.Errorf("what is not found: %s", page)
	}
}

// The OAuth client on the page: an owner sets it, replaces it knowing what that ends, and a member reads who can.
func TestOAuthClientOnThePage(t *testing.T) {
	l := servertest.New(t)
	made, err := server.Init(t.Context(), l.Config, "owner@example.com", "The owner")
	if err != nil {
		t.Fatal(err)
	}
	l.Key, l.OrganizationID, l.UserID = made.APIKey.Reveal(), made.OrganizationID, made.UserID
	_, member := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	provider := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
	withCatalog(t, map[string]string{"tools/acme": defaultOAuth(provider)})(&l.Config)
	l.Serve(t)
	owner := l.Browser(t)
	other := servertest.SignIn(t, l.As(t, member, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
	says := func(browser *http.Client, path string, want ...string) {
		t.Helper()
		a := servertest.Get(t, browser, l.URL+path)
		for _, w := range want {
			if !strings.Contains(string(a.Body), w) {
				t.Errorf("%s: %d, it does not say %q", path, a.Status, w)
			}
		}
		if strings.Contains(string(a.Body), providertest.WebBasicSecret) {
			t.Errorf("F16: %s shows the secret", path)
		}
	}
	post := func(browser *http.Client, id, secret, replace string) *servertest.Answer {
		t.Helper()
		return servertest.Post(t, browser, l.URL+"/services/acme/client", url.Values{"client_id": {id}, "client_secret": {secret}, "replace": {replace}})
	}
	says(other, "/services/acme", "An admin has to set this up", "The owner")
	if a := post(other, "stolen", "secret", ""); a.Status != 403 {
		t.Errorf("a member sets the client: %d", a.Status)
	}
	says(owner, "/services/acme", "https://acme.example/apps", callbackOf(l, "acme"), `name="client_secret"`)
	if a := post(owner, "with blank", providertest.WebBasicSecret, ""); a.Status != 400 || !strings.Contains(string(a.Body), `value="with blank"`) || strings.Contains(string(a.Body), providertest.WebBasicSecret) {
		t.Errorf("a fault: %d %s", a.Status, a.Body)
	}
	if a := post(owner, providertest.WebBasicID, providertest.WebBasicSecret, ""); a.Status != 303 || a.Header.Get("Location") != "/services/acme" {
		t.Fatalf("set: %d %s", a.Status, a.Body)
	}
	says(owner, "/services/acme", "The OAuth client for Acme is set", "fingerprint")
	says(other, "/services/acme", "It is set: you can connect")
	l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme", "scopes", []string{"openid", "offline_access"}))
	consent(t, l, owner, "mine", nil, func(u string) string { return provider.Consent(t, servertest.Stranger(t), u, "alice") })
	says(owner, "/services/acme/client", "ends 1 authorization of 1 connection, given by 1 person")
	if a := post(owner, "another", "secret", ""); a.Status != 400 || !strings.Contains(string(a.Body), `id="replace-error"`) || !strings.Contains(string(a.Body), `value="another"`) {
		t.Errorf("replaced without being asked: %d %s", a.Status, a.Body)
	}
	if got := l.Must(t, 200, "GET /v1/connections/mine", nil); got.Field(t, "status") != "connected" {
		t.Errorf("it is %s", got.Body)
	}
	if a := post(owner, "another", "secret", "on"); a.Status != 303 {
		t.Errorf("replaced: %d %s", a.Status, a.Body)
	}
	says(owner, "/services/acme", "1 authorization ended")
	if got := l.Must(t, 200, "GET /v1/connections/mine", nil); got.Field(t, "status") != "reconnect_required" {
		t.Errorf("it is %s", got.Body)
	}
	if a := servertest.Get(t, owner, l.URL+"/services/acme_token/client"); a.Status != 404 {
		t.Errorf("a service without a client: %d", a.Status)
	}
	// I04: another site cannot send the form.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL+"/services/acme/client", strings.NewReader("client_id=x&client_secret=y"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://evil.example")
	resp, err := owner.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", resp.StatusCode)
	}
}
