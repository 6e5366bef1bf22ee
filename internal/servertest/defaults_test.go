package servertest_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"lanyard"
	"lanyard/internal/catalog"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// Default services, over catalogues made for the test: found, connected and called like custom ones, with the client of
// the one organization that set it.

// withCatalog makes files the catalogue of a server; a file's name is category/link_name.
func withCatalog(t testing.TB, files map[string]string) func(*server.Config) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name+".yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	c, err := catalog.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return func(config *server.Config) { config.Catalog = c }
}

// defaultKey is a file of a service whose API is at address and takes a key.
func defaultKey(name, linkName, address string) string {
	u, _ := url.Parse(address)
	return fmt.Sprintf(`name: %s
description: A service of this test.
docs_url: https://docs.example.com
aliases: [also known]
ways:
  - definition:
      link_name: %s
      base_url: %s
      hosts: ["%s"]
      auth:
        type: api_key
        parameters: [{name: X-Api-Key, display_name: API key, param_type: header}]
`, name, linkName, address, u.Host)
}

// defaultOAuth is a file of a service that peer grants access to, with a second way in.
func defaultOAuth(peer *providertest.OIDCPeer) string {
	return fmt.Sprintf(`name: Acme
description: A service of this test.
docs_url: https://docs.example.com
ways:
  - name: OAuth app
    register_url: https://acme.example/apps
    register: In Acme, open Settings, Apps.
    definition:
      link_name: acme
      base_url: %[1]s
      hosts: ["%[2]s"]
      auth:
        type: oauth2
        grant_type: authorization_code
        authorize_url: %[3]s
        access_token_url: %[4]s
        revoke_token_url: %[5]s
        authorize_params: {prompt: consent}
        scopes: [{name: Who you are, value: openid}, {name: Stay connected, value: offline_access}]
  - name: Token
    definition:
      link_name: acme_token
      base_url: %[1]s
      hosts: ["%[2]s"]
      auth:
        type: api_key
        parameters: [{name: Authorization, display_name: Token, param_type: header, prefix: "Bearer "}]
`, peer.Issuer, strings.TrimPrefix(peer.Issuer, "http://"), peer.AuthorizeURL, peer.TokenURL, peer.RevokeURL)
}

func TestDefaultServiceWithAKey(t *testing.T) {
	up := newTenancyUpstream(t)
	l := servertest.Start(t, withCatalog(t, map[string]string{"tools/acme": defaultKey("Acme", "acme", up.URL)}))
	l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme"))
	l.Must(t, 200, "POST /v1/connections/mine/connect", tenancyKey("the key"))
	l.Must(t, 200, "POST /v1/invoke", object("connection", "mine", "url", "/x"))
	if got := up.header().Get("X-Api-Key"); got != "the key" {
		t.Errorf("the call carried %q", got)
	}
	// It stands while the server is started anew, with the same catalogue and with another text in it.
	l.Stop(t)
	withCatalog(t, map[string]string{"tools/acme": strings.Replace(defaultKey("Acme", "acme", up.URL), "of this test", "of a later Lanyard", 1)})(&l.Config)
	l.Serve(t)
	l.Must(t, 200, "POST /v1/invoke", object("connection", "mine", "url", "/x"))
	// A later Lanyard may not have it any more.
	l.Stop(t)
	withCatalog(t, nil)(&l.Config)
	l.Serve(t)
	if a := l.API(t, "POST /v1/invoke", object("connection", "mine", "url", "/x")); a.Status != 409 || a.Code() != "not_connected" || !strings.Contains(string(a.Body), "The service acme of the connection mine was deleted") {
		t.Errorf("without the service: %d %s", a.Status, a.Body)
	}
	l.Must(t, 204, "DELETE /v1/connections/mine", nil)
}

func TestDefaultServiceNeedsAClientFirst(t *testing.T) {
	peer := providertest.OIDC(t, providertest.OIDCConfig{})
	l := servertest.New(t, withCatalog(t, map[string]string{"tools/acme": defaultOAuth(peer)}))
	made, err := server.Init(t.Context(), l.Config, "owner@example.com", "The owner")
	if err != nil {
		t.Fatal(err)
	}
	l.Key, l.OrganizationID = made.APIKey.Reveal(), made.OrganizationID
	_, member := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	if a := l.As(t, member, "GET /v1/services/acme", nil); a.Field(t, "client_set") != false || a.Field(t, "register_url") != "https://acme.example/apps" ||
		a.Field(t, "callback_url") != callbackOf(l, "acme") || a.Field(t, "affected") != nil || a.Field(t, "author") != "" || a.Field(t, "created_at") != nil {
		t.Errorf("the service: %s", a.Body)
	}
	if a := l.As(t, member, "GET /v1/services/acme_token", nil); strings.Contains(string(a.Body), "client_set") {
		t.Errorf("a way without a client: %s", a.Body)
	}
	if a := l.As(t, member, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme")); a.Status != 201 {
		t.Fatalf("make a connection: %d %s", a.Status, a.Body)
	}
	a := l.As(t, member, "POST /v1/connections/mine/connect", object())
	if a.Status != 409 || a.Code() != "conflict" || !strings.Contains(string(a.Body), "an owner or admin of the organization registers an application with Acme and sets its client id and secret") {
		t.Errorf("connect without a client: %d %s", a.Status, a.Body)
	}
	a = l.As(t, member, "PUT /v1/services/acme/client", object("client_id", "id", "client_secret", "s"))
	if a.Status != 403 || !strings.Contains(string(a.Body), "Only owners and admins") {
		t.Errorf("a member sets the client: %d %s", a.Status, a.Body)
	}
	if a := l.As(t, member, "GET /v1/services/acme", nil); a.Field(t, "client_set") != false {
		t.Errorf("it was set: %s", a.Body)
	}
}

// The whole life of a client: set, used, its secret changed, replaced by another one.
func TestDefaultServiceWithAClient(t *testing.T) {
	l := servertest.New(t)
	l.OrganizationID = "" // known after the first start, as the callback URL is
	made, err := server.Init(t.Context(), l.Config, "owner@example.com", "The owner")
	if err != nil {
		t.Fatal(err)
	}
	l.Key, l.OrganizationID, l.UserID = made.APIKey.Reveal(), made.OrganizationID, made.UserID
	peer := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
	withCatalog(t, map[string]string{"tools/acme": defaultOAuth(peer)})(&l.Config)
	l.Serve(t)
	browser := l.Browser(t)
	set := func(id, secret string) *servertest.Answer {
		t.Helper()
		return l.Must(t, 200, "PUT /v1/services/acme/client", object("client_id", id, "client_secret", secret))
	}
	connected := func() string {
		t.Helper()
		return l.Must(t, 200, "GET /v1/connections/mine", nil).Field(t, "status").(string)
	}
	connect := func() {
		t.Helper()
		consent(t, l, browser, "mine", nil, func(u string) string { return peer.Consent(t, servertest.Stranger(t), u, "alice") })
		if got := connected(); got != "connected" {
			t.Fatalf("after the consent it is %s", got)
		}
	}

	if a := set(providertest.WebBasicID, "not the secret yet"); a.Field(t, "client_set") != true || a.Field(t, "auth.client_id") != providertest.WebBasicID ||
		a.Field(t, "auth.client_secret_set") != true || a.Field(t, "revoked_authorizations") != 0.0 || strings.Contains(string(a.Body), "not the secret") {
		t.Errorf("set: %s", a.Body)
	}
	set(providertest.WebBasicID, providertest.WebBasicSecret)
	l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme", "scopes", []string{"openid", "offline_access"}))
	connect()
	if got := l.Must(t, 200, "POST /v1/invoke", object("connection", "mine", "url", "/api/whoami")); got.Field(t, "body.client") != providertest.WebBasicID {
		t.Errorf("invoke: %s", got.Body)
	}

	// What would end is known before, and the same client again ends nothing.
	before := l.Must(t, 200, "GET /v1/services/acme", nil)
	if before.Field(t, "affected.authorizations") != 1.0 || before.Field(t, "affected.people") != 1.0 {
		t.Errorf("before: %s", before.Body)
	}
	for _, body := range []map[string]any{
		object("client_id", providertest.WebBasicID, "client_secret", providertest.WebBasicSecret),
		object("client_id", providertest.WebBasicID),
		object("client_id", providertest.WebBasicID, "client_secret", "a new secret"),
	} {
		if a := l.Must(t, 200, "PUT /v1/services/acme/client", body); a.Field(t, "revoked_authorizations") != 0.0 || connected() != "connected" {
			t.Errorf("%v: %s", body, a.Body)
		}
	}
	// Refreshed with the new secret, which the provider does not know: warm connections learn of it at once, and when the
	// right one is set, what was put off meanwhile is tried again.
	l.Expire(t)
	if a := l.API(t, "POST /v1/invoke", object("connection", "mine", "url", "/api/whoami")); a.Status == 200 {
		t.Errorf("a refresh with a wrong secret: %s", a.Body)
	}
	set(providertest.WebBasicID, providertest.WebBasicSecret)
	if got := l.Must(t, 200, "POST /v1/invoke", object("connection", "mine", "url", "/api/whoami")); got.Field(t, "body.sub") != "alice" {
		t.Errorf("with the right secret again: %s", got.Body)
	}

	// Another client makes the tokens of the old one useless.
	if a := set(providertest.WebPostID, providertest.WebPostSecret); a.Field(t, "revoked_authorizations") != 1.0 {
		t.Errorf("another client: %s", a.Body)
	}
	got := l.API(t, "POST /v1/invoke", object("connection", "mine", "url", "/api/whoami"))
	if got.Status != 409 || got.Code() != "reconnect_required" || !strings.Contains(string(got.Body), "OAuth client for Acme was replaced") {
		t.Errorf("after another client: %d %s", got.Status, got.Body)
	}
	connect()
	if got := l.Must(t, 200, "POST /v1/invoke", object("connection", "mine", "url", "/api/whoami")); got.Field(t, "body.client") != providertest.WebPostID {
		t.Errorf("with the other client: %s", got.Body)
	}

	// A consent that was begun under one client is not finished under another.
	start := l.Must(t, 200, "POST /v1/connections/mine/connect", object())
	back := peer.Consent(t, servertest.Stranger(t), l.Leave(t, browser, start.Field(t, "connect_url").(string)), "bob")
	set(providertest.WebBasicID, providertest.WebBasicSecret)
	if a := servertest.Get(t, browser, back); a.Status != 409 || !strings.Contains(string(a.Body), "was changed while you were at the provider") {
		t.Errorf("the callback after the change: %d %s", a.Status, a.Body)
	}
	entries := tenancyItems(t, l, l.Key, "/v1/audit?action=service.client.set")
	for _, e := range entries {
		if text := fmt.Sprint(e); strings.Contains(text, providertest.WebBasicSecret) || strings.Contains(text, "a new secret") {
			t.Errorf("F: a secret is in the audit log: %s", text)
		}
	}
	if len(entries) != 6 {
		t.Errorf("%d changes of the client are in the audit log, want 6", len(entries))
	}
}

func TestClientThatCannotBeSet(t *testing.T) {
	peer := providertest.OIDC(t, providertest.OIDCConfig{})
	up := newTenancyUpstream(t)
	l := servertest.Start(t, withCatalog(t, map[string]string{"tools/acme": defaultOAuth(peer), "tools/keys": defaultKey("Keys", "keys", up.URL)}))
	l.Must(t, 201, "POST /v1/services", tenancyService(t, up, "own"))
	for _, c := range []struct {
		name, call string
		body       any
		status     int
		want       string
	}{
		{"a custom service", "PUT /v1/services/own/client", object("client_id", "id", "client_secret", "s"), 409, "carries its own client"},
		{"a service without a client", "PUT /v1/services/keys/client", object("client_id", "id", "client_secret", "s"), 409, "is not used with an OAuth client"},
		{"no such service", "PUT /v1/services/nothing/client", object("client_id", "id", "client_secret", "s"), 404, "There is no service"},
		{"no client id", "PUT /v1/services/acme/client", object("client_id", "", "client_secret", "s"), 400, `"/client_id"`},
		{"a client id with a line break", "PUT /v1/services/acme/client", object("client_id", "id\n", "client_secret", "s"), 400, `"/client_id"`},
		{"no secret the first time", "PUT /v1/services/acme/client", object("client_id", "id"), 400, `"/client_secret"`},
		{"a secret with a blank", "PUT /v1/services/acme/client", object("client_id", "id", "client_secret", "s "), 400, `"/client_secret"`},
		{"a secret that is too long", "PUT /v1/services/acme/client", object("client_id", "id", "client_secret", strings.Repeat("x", 20_000)), 400, `"/client_secret"`},
		{"another field", "PUT /v1/services/acme/client", object("client_id", "id", "client_secret", "s", "hosts", []string{"evil.example"}), 400, `"/hosts"`},
		{"editing it", "PATCH /v1/services/acme", object("hosts", []string{"evil.example"}), 403, "comes with Lanyard"},
		{"deleting it", "DELETE /v1/services/acme", nil, 403, "comes with Lanyard"},
		{"taking its name", "POST /v1/services", tenancyService(t, up, "acme_token"), 409, `"/link_name"`},
	} {
		if a := l.API(t, c.call, c.body); a.Status != c.status || !strings.Contains(string(a.Body), c.want) {
			t.Errorf("%s: got %d %s, want %d with %s", c.name, a.Status, a.Body, c.status, c.want)
		}
	}
	// A client without a secret is set by an empty one.
	if a := l.Must(t, 200, "PUT /v1/services/acme/client", object("client_id", "public", "client_secret", "")); a.Field(t, "auth.client_secret_set") != false || a.Field(t, "client_set") != true {
		t.Errorf("a public client: %s", a.Body)
	}
	if a := l.API(t, "PUT /v1/services/acme/client", object("client_id", "other")); a.Status != 400 || !strings.Contains(string(a.Body), "belongs to this client id") {
		t.Errorf("another id without its secret: %d %s", a.Status, a.Body)
	}
}

// H01 to H03: what one organization does with a default service is not there for another.
func TestH01_ClientsBelongToOneOrganization(t *testing.T) {
	peer := providertest.OIDC(t, providertest.OIDCConfig{})
	up := newTenancyUpstream(t)
	l := tenancyPrepare(t, withCatalog(t, map[string]string{"tools/acme": defaultOAuth(peer), "tools/keys": defaultKey("Keys", "keys", up.URL)}))
	other := l.Organization(t, "zweite")
	l.Serve(t)
	seen := func() string {
		var all []string
		for _, call := range []string{"GET /v1/services", "GET /v1/services/acme", "GET /v1/services/keys", "GET /v1/audit?action=service.client.set"} {
			all = append(all, string(l.Must(t, 200, call, nil).Body))
		}
		return strings.Join(all, "\n")
	}
	before := seen()
	other.Must(t, 200, "PUT /v1/services/acme/client", object("client_id", "foreign-client", "client_secret", "foreign-secret"))
	other.Must(t, 201, "POST /v1/connections", object("link_name", "theirs", "name", "Theirs", "service", "keys"))
	other.Must(t, 200, "POST /v1/connections/theirs/connect", tenancyKey("k"))
	if after := seen(); after != before {
		t.Errorf("another organization's client or counts show: before\n%s\nafter\n%s", before, after)
	}
	l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme"))
	if a := l.API(t, "POST /v1/connections/mine/connect", object()); a.Status != 409 || a.Code() != "conflict" {
		t.Errorf("connecting with the other organization's client: %d %s", a.Status, a.Body)
	}
	l.Must(t, 200, "PUT /v1/services/acme/client", object("client_id", "own-client", "client_secret", "own-secret"))
	if a := other.Must(t, 200, "GET /v1/services/acme", nil); a.Field(t, "auth.client_id") != "foreign-client" {
		t.Errorf("the other organization's client was changed: %s", a.Body)
	}
	if a := other.Must(t, 200, "GET /v1/connections/theirs", nil); a.Field(t, "status") != "connected" {
		t.Errorf("the other organization's connection: %s", a.Body)
	}
}

// A custom service that had the name before the catalogue did keeps it.
func TestCustomServiceThatWasThereFirst(t *testing.T) {
	mine, theirs := newTenancyUpstream(t), newTenancyUpstream(t)
	l := servertest.Start(t, withCatalog(t, nil))
	l.Connect(t, tenancyService(t, mine, "acme"), tenancyKey("my key"))
	l.Stop(t)
	withCatalog(t, map[string]string{"tools/acme": defaultKey("Acme", "acme", theirs.URL)})(&l.Config)
	l.Serve(t)
	l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x"))
	if mine.calls.Load() != 1 || theirs.calls.Load() != 0 {
		t.Errorf("%d calls to the custom service, %d to the default one", mine.calls.Load(), theirs.calls.Load())
	}
	kinds := func() (kinds []string) {
		for _, s := range tenancyItems(t, l, l.Key, "/v1/services") {
			kinds = append(kinds, fmt.Sprint(s["link_name"], " ", s["kind"]))
		}
		return kinds
	}
	if got := kinds(); !slices.Equal(got, []string{"acme custom"}) {
		t.Errorf("the list: %q", got)
	}
	if got := tenancyItems(t, l, l.Key, "/v1/services?kind=default"); len(got) != 0 {
		t.Errorf("the default services: %v", got)
	}
	// Once it is gone the default one is there, and gets nothing of what was the other's.
	l.Must(t, 200, "DELETE /v1/services/acme", nil)
	if got := kinds(); !slices.Equal(got, []string{"acme default"}) {
		t.Errorf("the list afterwards: %q", got)
	}
	if a := l.API(t, "POST /v1/invoke", object("connection", "acme", "url", "/x")); a.Status != 409 || theirs.calls.Load() != 0 {
		t.Errorf("the old connection: %d %s", a.Status, a.Body)
	}
}

func TestServicesFiltersAcrossPages(t *testing.T) {
	up := newTenancyUpstream(t)
	files := map[string]string{}
	for i := range 5 {
		files[fmt.Sprintf("tools/b%d", i)] = defaultKey(fmt.Sprintf("Tool %d", i), fmt.Sprintf("b%d", i), up.URL)
		files[fmt.Sprintf("mail/d%d", i)] = defaultKey(fmt.Sprintf("Mail %d", i), fmt.Sprintf("d%d", i), up.URL)
	}
	l := servertest.Start(t, withCatalog(t, files))
	for i := range 4 {
		l.Must(t, 201, "POST /v1/services", tenancyService(t, up, fmt.Sprintf("a%d", i), "category", "tools"))
		l.Must(t, 201, "POST /v1/services", tenancyService(t, up, fmt.Sprintf("c%d", i)))
	}
	for query, want := range map[string]string{
		"":                            "a0 a1 a2 a3 b0 b1 b2 b3 b4 c0 c1 c2 c3 d0 d1 d2 d3 d4",
		"?kind=custom":                "a0 a1 a2 a3 c0 c1 c2 c3",
		"?kind=default":               "b0 b1 b2 b3 b4 d0 d1 d2 d3 d4",
		"?category=tools":             "a0 a1 a2 a3 b0 b1 b2 b3 b4",
		"?kind=custom&category=tools": "a0 a1 a2 a3",
		"?kind=default&category=mail": "d0 d1 d2 d3 d4",
		"?category=none":              "",
		"?q=3":                        "a3 b3 c3 d3",
		"?q=TOOL":                     "b0 b1 b2 b3 b4",
		"?q=also+known&category=mail": "d0 d1 d2 d3 d4",
		"?q=%25":                      "",
	} {
		for _, limit := range []string{"1", "2", "5", "200"} {
			path := "/v1/services?" + strings.TrimPrefix(query+"&limit="+limit, "?")
			var got []string
			for _, s := range tenancyItems(t, l, l.Key, path) {
				got = append(got, s["link_name"].(string))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
	}
}
