package servertest_test

import (
	"fmt"
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

// TestBrowserFindsADefaultService does what a person does with the catalogue: types a name wrongly, chooses a category,
// opens a service, reads how its definition was established, and begins to connect.
func TestBrowserFindsADefaultService(t *testing.T) {
	up := newTenancyUpstream(t)
	files := map[string]string{
		"crm/hubspot": defaultKey("HubSpot", "hubspot", up.URL), "crm/zoho_crm": defaultKey("Zoho CRM", "zoho_crm", up.URL), "accounting/zoho_books": defaultKey("Zoho Books", "zoho_books", up.URL),
		"monitoring/pagerduty": defaultKey("PagerDuty", "pagerduty", up.URL) + "evidence: {checked: 2026-11-26, reviewed: true, sources: [a, b, vendor], agree: 3}\n",
	}
	for i := range cardsOfATest {
		name := fmt.Sprintf("tool_%02d", i)
		files["tools/"+name] = defaultKey(fmt.Sprintf("Tool %02d", i), name, up.URL)
	}
	l := servertest.Start(t, withCatalog(t, files))
	l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "zoho_books"))
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/services")
	tab.Shows("In use here")
	tab.Shows("1 connection")
	lists := func(want string) {
		t.Helper()
		tab.Await(`[...document.querySelectorAll("#list h3 a")].map(a => a.textContent).join(", ") === "` + want + `"`)
	}
	tab.Look("light", 390) // where the categories are a list to unfold
	tab.Choose("Category", "CRM (2)")
	lists("HubSpot, Zoho CRM")
	tab.Look("light", 1440)
	tab.Open(l.URL + "/services")
	browsertest.Value[string](tab, `window.kept = "the same page"`)
	tab.Fill("Search default services", "zohoo")
	lists("Zoho Books, Zoho CRM")
	if at, on := tab.Address(), browsertest.Value[string](tab, `window.kept ?? "another page"`); !strings.Contains(at, "q=zohoo") || on != "the same page" {
		t.Errorf("the browser is at %s, on %s", at, on)
	}
	tab.PressIn(".rail", "CRM 1") // of what was found
	lists("Zoho CRM")
	if browsertest.Value[string](tab, `document.querySelector("main input[name=q]").value + document.querySelector("select[name=category]").value`) != "zohoocrm" {
		t.Error("the filter is not in the form of a page that is opened by its address")
	}
	tab.Fill("Search default services", "pagerdtuy")
	tab.Shows("Nothing found")
	tab.Press("Search all categories")
	lists("PagerDuty")

	tab.Fill("Search default services", "tool")
	tab.Await(`document.querySelectorAll("#list h3 a").length === 60`)
	browsertest.Value[string](tab, `window.kept = "the same page"`)
	tab.Press("Show 5 more")
	tab.Await(`document.querySelectorAll("#list h3 a").length === 65 && window.kept === "the same page"`)

	tab.Fill("Search default services", "pagerduti")
	lists("PagerDuty")
	tab.PressIn("#list", "PagerDuty")
	tab.Shows("How this definition was established")
	tab.Shows("Reviewed field by field on 26 November 2026; 3 independent sources agree on its addresses.")
	tab.Shows("Not verified in this deployment yet.")
	tab.Press("Create connection")
	tab.Shows("Connection details")

	// Without JavaScript the form, the categories and "show more" do the same, and a service that is not there leads on.
	browser := l.Browser(t)
	for path, want := range map[string][]string{
		"/services?category=&q=zohoo":           {`href="/services/zoho_crm"`, `href="/services/zoho_books"`, `<form class="filters" method="get" action="/services"`},
		"/services?category=tools":              {`href="/services?category=tools&amp;show=120#card-61"`, `href="/services/tool_59"`},
		"/services?category=tools&show=120":     {`id="card-61"`, `href="/services/tool_64"`},
		"/services?category=tools&show=9999999": {`href="/services/tool_64"`},
		"/services?show=-1&category=%3Cscript":  {"There is no default service of this category."},
		"/services?q=%3Cscript%3E":              {"Nothing found", "“<bdi>&lt;script&gt;</bdi>”"},
	} {
		page := string(servertest.Get(t, browser, l.URL+path).Body)
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: it does not say %q", path, w)
			}
		}
		if strings.Contains(page, `href="/services/hubspot"`) || strings.Contains(page, "<script>") {
			t.Errorf("%s: it says more", path)
		}
	}
}

const cardsOfATest = 65 // more than are shown at a time

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
