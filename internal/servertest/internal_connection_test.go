package servertest_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/browsertest"
	"lanyard/internal/credential"
	"lanyard/internal/providertest"
	"lanyard/internal/registry"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
	"lanyard/internal/store"
)

// The connections that Lanyard makes for integration tasks which name none, from the first task to the end, with real
// providers and in a browser.

// internalOf makes the internal connection of a user, as a task does that asks for it.
func internalOf(t *testing.T, l *servertest.Lanyard, user lanyard.UserID, service lanyard.LinkName, scopes ...string) lanyard.LinkName {
	t.Helper()
	var name lanyard.LinkName
	l.InStore(t, func(s *store.Store) {
		services := registry.NewDirectory(s, l.Config.Catalog)
		keeper := credential.New(credential.Config{Store: s, Services: services, Logger: slog.New(slog.DiscardHandler)})
		r := registry.New(registry.Config{Store: s, Services: services, Revoker: keeper, PublicURL: l.URL})
		caller := &lanyard.Caller{Organization: l.OrganizationID, User: user, KeyOwner: user, Key: "key_of_a_test"}
		con, err := r.InternalConnection(t.Context(), caller, service, scopes)
		if err != nil {
			t.Fatal(err)
		}
		name = con.LinkName
	})
	return name
}

// acmeWorld is a server whose default service acme is a real OpenID provider, with the organization's client set.
func acmeWorld(t *testing.T) (*servertest.Lanyard, *providertest.OIDCPeer) {
	t.Helper()
	l := servertest.New(t)
	made, err := server.Init(t.Context(), l.Config, "owner@example.com", "The owner")
	if err != nil {
		t.Fatal(err)
	}
	l.Key, l.OrganizationID, l.UserID = made.APIKey.Reveal(), made.OrganizationID, made.UserID
	peer := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
	withCatalog(t, map[string]string{"tools/acme": defaultOAuth(peer)})(&l.Config)
	l.Serve(t)
	l.Must(t, 200, "PUT /v1/services/acme/client", object("client_id", providertest.WebBasicID, "client_secret", providertest.WebBasicSecret))
	return l, peer
}

func TestInternalConnectionByConsent(t *testing.T) {
	l, peer := acmeWorld(t)
	memberID, memberKey := member(t, l, "member")
	other := l.Organization(t, "zweite")
	owners := internalOf(t, l, l.UserID, "acme", "openid")
	name := string(internalOf(t, l, memberID, "acme", "openid"))
	if owners != "internal_acme" || name != "internal_acme_2" {
		t.Fatalf("they are called %s and %s", owners, name)
	}
	call := object("connection", name, "url", "/api/whoami")
	consents := func(link, who string) {
		t.Helper()
		browser := signIn(t, l, memberKey)
		page := servertest.Get(t, browser, link)
		if page.Status != 200 || !strings.Contains(string(page.Body), "Your own integration tasks") {
			t.Fatalf("the page to connect: %d %s", page.Status, page.Body)
		}
		back := servertest.Get(t, browser, peer.Consent(t, servertest.Stranger(t), l.Leave(t, browser, link+"/go"), who))
		if got := standing(t, l, memberKey, name); got != "connected" {
			t.Fatalf("after the consent it is %s: %d %s", got, back.Status, back.Body)
		}
	}

	asked := l.As(t, memberKey, "POST /v1/invoke", call)
	if asked.Status != 409 || asked.Code() != "authorization_required" || !strings.Contains(string(asked.Body), "integration tasks with Acme") {
		t.Fatalf("before it is connected: %d %s", asked.Status, asked.Body)
	}
	link := asked.Field(t, "connect_url").(string)

	// It is nobody else's: not an owner's of the organization, not another organization's, nor a stranger's.
	for caller, key := range map[string]string{"the organization's owner": l.Key, "another organization": other.Key} {
		for _, what := range []string{"POST /v1/invoke", "GET /v1/connections/" + name, "PATCH /v1/connections/" + name, "DELETE /v1/connections/" + name, "POST /v1/connections/" + name + "/connect", "POST /v1/connections/" + name + "/revoke", "GET /v1/proxy/" + name + "/api/whoami"} {
			var body any
			switch {
			case what == "POST /v1/invoke":
				body = call
			case strings.HasPrefix(what, "PATCH"):
				body = object("name", "Stolen")
			case strings.HasSuffix(what, "/connect"):
				body = object()
			}
			if a := l.As(t, key, what, body); a.Status != 404 {
				t.Errorf("%s, %s: %d %s", caller, what, a.Status, a.Body)
			}
		}
		for _, item := range tenancyItems(t, l, key, "/v1/connections?view=internal") {
			if item["link_name"] == name {
				t.Errorf("%s has it in the list", caller)
			}
		}
	}
	for visitor, v := range map[string]struct {
		browser *http.Client
		status  int
	}{"the organization's owner": {signIn(t, l, l.Key), 403}, "somebody of another organization": {signIn(t, l, other.Key), 404}, "a stranger": {servertest.Stranger(t), 401}} {
		if a := servertest.Get(t, v.browser, link); a.Status != v.status {
			t.Errorf("%s at the page to connect: %d %s", visitor, a.Status, a.Body)
		}
	}

	consents(link, "alice")
	if a := l.As(t, memberKey, "POST /v1/invoke", call); a.Status != 200 || a.Field(t, "body.sub") != "alice" {
		t.Errorf("connected: %d %s", a.Status, a.Body)
	}
	shown := l.As(t, memberKey, "GET /v1/connections/"+name, nil)
	if shown.Field(t, "origin") != "internal" || shown.Field(t, "usable_by") != "owner" || shown.Field(t, "name") != "Acme (internal)" {
		t.Errorf("shown: %s", shown.Body)
	}
	for _, refused := range []string{"PATCH", "DELETE"} {
		var body any
		if refused == "PATCH" {
			body = object("usable_by", "organization")
		}
		if a := l.As(t, memberKey, refused+" /v1/connections/"+name, body); a.Status != 403 || !strings.Contains(string(a.Body), "it can be revoked, but neither edited nor deleted") {
			t.Errorf("%s: %d %s", refused, a.Status, a.Body)
		}
	}

	// Another task needs more: consent is asked for anew, with the link at hand.
	internalOf(t, l, memberID, "acme", "offline_access")
	asked = l.As(t, memberKey, "POST /v1/invoke", call)
	if asked.Status != 409 || asked.Code() != "reconnect_required" || !strings.Contains(string(asked.Body), "An integration task needs more scopes") {
		t.Fatalf("with more scopes: %d %s", asked.Status, asked.Body)
	}
	consents(asked.Field(t, "connect_url").(string), "alice")
	if a := l.As(t, memberKey, "POST /v1/invoke", call); a.Status != 200 {
		t.Errorf("connected anew: %d %s", a.Status, a.Body)
	}

	if a := l.As(t, memberKey, "POST /v1/connections/"+name+"/revoke", nil); a.Status != 200 || a.Field(t, "provider_confirmed") != true {
		t.Errorf("revoked: %d %s", a.Status, a.Body)
	}
	if a := l.As(t, memberKey, "POST /v1/invoke", call); a.Status != 409 || a.Code() != "authorization_required" || a.Field(t, "connect_url") == nil {
		t.Errorf("after revoking: %d %s", a.Status, a.Body)
	}
	page := servertest.Get(t, signIn(t, l, l.Key), l.URL+"/activity/audit")
	for _, want := range []string{"For integration tasks that name no connection. Scopes: openid.", "For integration tasks that name no connection. Scopes: offline_access."} {
		if !strings.Contains(string(page.Body), want) {
			t.Errorf("the audit log does not say %q", want)
		}
	}
}

// Whoever goes takes their internal connections along, without being asked about them.
func TestInternalConnectionGoesWithItsUser(t *testing.T) {
	l, peer := acmeWorld(t)
	memberID, memberKey := member(t, l, "member")
	name := string(internalOf(t, l, memberID, "acme", "openid"))
	browser := signIn(t, l, memberKey)
	servertest.Get(t, browser, peer.Consent(t, servertest.Stranger(t), l.Leave(t, browser, connectURL(t, l, memberKey, name)), "alice"))
	if got := standing(t, l, memberKey, name); got != "connected" {
		t.Fatalf("it is %s", got)
	}
	l.Must(t, 200, "PATCH /v1/users/"+string(memberID), object("disabled", true))
	if a := l.As(t, memberKey, "POST /v1/invoke", object("connection", name, "url", "/api/whoami")); a.Status != 401 {
		t.Errorf("deactivated: %d %s", a.Status, a.Body)
	}
	l.Must(t, 200, "POST /v1/users/"+string(memberID)+"/hand_over", object("to", string(l.UserID)))
	if a := l.API(t, "GET /v1/connections/"+name, nil); a.Status != 404 {
		t.Errorf("it was handed over: %d %s", a.Status, a.Body)
	}
	if a := l.API(t, "DELETE /v1/users/"+string(memberID), nil); a.Status != 200 && a.Status != 204 {
		t.Errorf("removed: %d %s", a.Status, a.Body)
	}
	l.InStore(t, func(s *store.Store) {
		if con, err := s.Connection(t.Context(), l.OrganizationID, lanyard.LinkName(name)); lanyard.CodeOf(err) != lanyard.CodeNotFound {
			t.Errorf("left: %+v, %v", con, err)
		}
	})
}

// TestBrowserConnectsAnInternalConnection: with a key, from the list; what cannot be done with it is not offered.
func TestBrowserConnectsAnInternalConnection(t *testing.T) {
	up := newTenancyUpstream(t)
	l := servertest.Start(t, withCatalog(t, map[string]string{"tools/acme": defaultKey("Acme", "acme", up.URL)}))
	internalOf(t, l, l.UserID, "acme")
	tab := signedInTab(t, l)
	tab.Open(l.URL + "/connections/internal")
	tab.Shows("Acme (internal)")
	tab.Press("Connect Acme (internal)")
	tab.Shows("Your own integration tasks")
	tab.Fill("API key", "the key")
	tab.Press("Connect")
	tab.Shows("Acme (internal) is connected")
	listed(tab, l.URL+"/connections/internal", "Acme (internal)", "Connected")
	listed(tab, l.URL+"/connections", "Acme (internal)", "")
	l.Must(t, 200, "POST /v1/invoke", object("connection", "internal_acme", "url", "/x"))
	if got := up.header().Get("X-Api-Key"); got != "the key" {
		t.Errorf("the call carried %q", got)
	}
	tab.Open(l.URL + "/connections/internal_acme")
	tab.Shows("It cannot be edited or deleted")
	for _, link := range []string{"edit", "delete"} {
		if browsertest.Value[bool](tab, `!!document.querySelector("a[href='/connections/internal_acme/`+link+`']")`) {
			t.Errorf("the page offers to %s it", link)
		}
		tab.Open(l.URL + "/connections/internal_acme/" + link)
		tab.Shows("neither edited nor deleted")
		tab.Open(l.URL + "/connections/internal_acme")
	}
	tab.Open(l.URL + "/connections/internal_acme/revoke")
	tab.Press("Revoke")
	tab.Shows("Acme (internal) was revoked")
}

// TestScriptUsesAnInternalConnection: a task that names no connection fails with the address where its user connects one,
// and works from then on; other tasks of the service use the same.
func TestScriptUsesAnInternalConnection(t *testing.T) {
	up := newTenancyUpstream(t)
	l := tenancyPrepare(t, withCatalog(t, map[string]string{"tools/acme": defaultKey("Acme", "acme", up.URL) + `tasks:
  - {name: acme.first, about: Reads the first., url: /first}
  - {name: acme.second, about: Reads the second., url: /second}
`}))
	_, runner := l.Member(t, "runner@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	memberID, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	run := func(key, script string, headers ...string) *servertest.Answer {
		t.Helper()
		a := l.As(t, key, "POST /v1/scripts/run", object("script", script), headers...)
		if a.Status != 200 {
			t.Fatalf("run: %d %s", a.Status, a.Body)
		}
		return a
	}

	asked := run(memberKey, "return acme.first();")
	if asked.Field(t, "error.code") != "authorization_required" || asked.Field(t, "error.line") != 1.0 {
		t.Fatalf("before it is connected: %s", asked.Body)
	}
	page := servertest.Get(t, signIn(t, l, memberKey), asked.Field(t, "error.connect_url").(string))
	if page.Status != 200 || !strings.Contains(string(page.Body), "Acme (internal)") {
		t.Errorf("the page to connect: %d %s", page.Status, page.Body)
	}
	if a := l.As(t, memberKey, "POST /v1/connections/internal_acme/connect", tenancyKey("the member's key")); a.Status != 200 {
		t.Fatalf("connect: %d %s", a.Status, a.Body)
	}
	for _, script := range []string{"return acme.first();", "return acme.second();", `return acme.first("internal_acme");`} {
		if a := run(memberKey, script); strings.Contains(string(a.Body), `"error"`) || up.header().Get("X-Api-Key") != "the member's key" {
			t.Errorf("%s: %s", script, a.Body)
		}
	}
	// H07: somebody else, without the right to manage, is asked for an account of their own.
	if a := run(runner, "return acme.first();"); a.Field(t, "error.code") != "authorization_required" || !strings.Contains(string(a.Body), "internal_acme_2") {
		t.Errorf("for somebody else: %s", a.Body)
	}
	if a := run(runner, `return acme.first("internal_acme");`); a.Field(t, "error.code") != "not_found" {
		t.Errorf("through another person's: %s", a.Body)
	}
	// H21: a key that acts for users stands for nobody until it says for whom.
	acting := l.Must(t, 201, "POST /v1/api_keys", object("name", "acting", "act_for_users", true)).Field(t, "key").(string)
	if a := run(acting, "return acme.first();"); a.Field(t, "error.code") != "login_user_required" {
		t.Errorf("for nobody: %s", a.Body)
	}
	if a := run(acting, "return acme.first();", "Lanyard-User", string(memberID)); strings.Contains(string(a.Body), `"error"`) || up.header().Get("X-Api-Key") != "the member's key" {
		t.Errorf("in the member's name: %s", a.Body)
	}
	// H14: a key that is limited to others gets none.
	newConnection(t, l, l.Key, "mine", "acme")
	limited := l.Must(t, 201, "POST /v1/api_keys", object("name", "limited", "connections", []string{"mine"}))
	if a := run(limited.Field(t, "key").(string), "return acme.first();"); a.Field(t, "error.code") != "forbidden" {
		t.Errorf("with a key that is limited: %s", a.Body)
	}
}
