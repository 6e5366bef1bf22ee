package servertest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// ownServerFile is defaultOAuth for a service that each organization runs itself: its host comes with the OAuth client.
func ownServerFile(peer *providertest.OIDCPeer) string {
	u, _ := url.Parse(peer.Issuer)
	file := strings.ReplaceAll(defaultOAuth(peer), u.Host, "{server}:"+u.Port())
	return strings.Replace(file, "      auth:\n        type: oauth2", "      dynamic_parameters: [{key: server, name: Your server, format: host, example: localhost, with_client: true}]\n      auth:\n        type: oauth2", 1)
}

// The host of an own server is given with the OAuth client, by whoever may set that, and by nobody who connects.
func TestClientOfAnOwnServer(t *testing.T) {
	l := servertest.New(t)
	made, err := server.Init(t.Context(), l.Config, "owner@example.com", "The owner")
	if err != nil {
		t.Fatal(err)
	}
	l.Key, l.OrganizationID, l.UserID = made.APIKey.Reveal(), made.OrganizationID, made.UserID
	_, member := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	peer := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
	withCatalog(t, map[string]string{"tools/acme": strings.Split(ownServerFile(peer), "  - name: Token")[0]})(&l.Config)
	l.Serve(t)
	set := func(status int, pairs ...any) *servertest.Answer {
		t.Helper()
		return l.Must(t, status, "PUT /v1/services/acme/client", object(append([]any{"client_id", providertest.WebBasicID}, pairs...)...))
	}
	secret, here := []any{"client_secret", providertest.WebBasicSecret}, object("server", "127.0.0.1")

	// Without the value there is no client: nobody connects, and nobody is asked for it.
	if a := set(400, secret...); !strings.Contains(string(a.Body), `"/parameters/server"`) {
		t.Errorf("without the host: %s", a.Body)
	}
	l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme", "scopes", []string{"openid", "offline_access"}))
	for _, parameters := range []map[string]any{{}, {"server": "127.0.0.1"}} {
		if a := l.API(t, "POST /v1/connections/mine/connect", object("parameters", parameters)); a.Status != 409 || !strings.Contains(string(a.Body), "client id and secret, Your server") {
			t.Errorf("connecting with %v before the client is set: %d %s", parameters, a.Status, a.Body)
		}
	}
	for _, bad := range []string{"https://127.0.0.1", "{server}", "a b", "127.0.0.1/x"} {
		if a := set(400, append(secret, "parameters", object("server", bad))...); !strings.Contains(string(a.Body), `"/parameters/server"`) {
			t.Errorf("%q: %s", bad, a.Body)
		}
	}
	if a := l.As(t, member, "PUT /v1/services/acme/client", object("client_id", "id", "client_secret", "s", "parameters", here)); a.Status != 403 {
		t.Errorf("a member sets it: %d", a.Status)
	}

	a := set(200, append(secret, "parameters", here)...)
	if a.Field(t, "client_set") != true || a.Field(t, "client_parameters.server") != "127.0.0.1" || !strings.HasPrefix(a.Field(t, "auth.access_token_url").(string), peer.Issuer) {
		t.Errorf("set: %s", a.Body)
	}
	if a := l.As(t, member, "GET /v1/services/acme", nil); strings.Contains(string(a.Body), "client_parameters") || strings.Contains(string(a.Body), "{server}") {
		t.Errorf("a member reads %s", a.Body)
	}
	if a := l.Must(t, 200, "GET /v1/services?q=acme", nil); !strings.Contains(string(a.Body), `"base_url":"`+peer.Issuer+`"`) || !strings.Contains(string(a.Body), `"client_set":true`) {
		t.Errorf("in the list: %s", a.Body)
	}

	// Whoever connects cannot lead the organization's client secret elsewhere.
	if a := l.API(t, "POST /v1/connections/mine/connect", object("parameters", object("server", "localhost"))); a.Status != 400 || !strings.Contains(string(a.Body), `"/parameters/server"`) {
		t.Errorf("with a host of one's own: %d %s", a.Status, a.Body)
	}
	browser := l.Browser(t)
	if a := consent(t, l, browser, "mine", nil, func(u string) string { return peer.Consent(t, servertest.Stranger(t), u, "alice") }); a.Status >= 400 {
		t.Fatalf("connect: %d %s", a.Status, a.Body)
	}
	if got := l.Must(t, 200, "POST /v1/invoke", object("connection", "mine", "url", "/api/whoami")); got.Field(t, "body.sub") != "alice" {
		t.Errorf("the call: %s", got.Body)
	}

	// Left out, the value stays; another one wants the secret again, ends what was connected, and is asked about first.
	if a := set(200, secret...); a.Field(t, "revoked_authorizations") != 0.0 || a.Field(t, "client_parameters.server") != "127.0.0.1" {
		t.Errorf("left out: %s", a.Body)
	}
	if a := set(400, "parameters", object("server", "localhost")); !strings.Contains(string(a.Body), `"/client_secret"`) {
		t.Errorf("the stored secret for another host: %s", a.Body)
	}
	page := servertest.Get(t, browser, l.URL+"/services/acme/client")
	for _, want := range []string{`name="parameter.server" value="127.0.0.1"`, "Your server", "or another of these values,"} {
		if !strings.Contains(string(page.Body), want) {
			t.Errorf("the form does not say %q", want)
		}
	}
	form := url.Values{"client_id": {providertest.WebBasicID}, "client_secret": {providertest.WebBasicSecret}, "parameter.server": {"localhost"}}
	if a := servertest.Post(t, browser, l.URL+"/services/acme/client", form); a.Status != 400 || !strings.Contains(string(a.Body), `id="replace-error"`) {
		t.Errorf("another host, without being asked: %d", a.Status)
	}
	form.Set("replace", "on")
	if a := servertest.Post(t, browser, l.URL+"/services/acme/client", form); a.Status != 303 {
		t.Errorf("another host: %d %s", a.Status, a.Body)
	}
	if got := l.Must(t, 200, "GET /v1/connections/mine", nil); got.Field(t, "status") != "reconnect_required" {
		t.Errorf("it is %s", got.Body)
	}
	if got := l.Must(t, 200, "GET /v1/services/acme", nil); !strings.Contains(string(got.Body), `"hosts":["localhost:`) {
		t.Errorf("the hosts: %s", got.Body)
	}
}

// A default service is verified by the first call that works, for the deployment, and by nothing else.
func TestVerifiedInThisDeployment(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(up.Close)
	file := func(more string) map[string]string {
		return map[string]string{"tools/acme": defaultKey("Acme", "acme", up.URL) + more, "tools/other": strings.Replace(defaultKey("Other", "other", up.URL), "      auth:", "      verify_url: "+up.URL+"/me\n      auth:", 1)}
	}
	l := tenancyPrepare(t, withCatalog(t, file("")))
	other := l.Organization(t, "zweite")
	l.Serve(t)
	browser := l.Browser(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	verified := func(of *servertest.Lanyard, name string, want bool, words string) {
		t.Helper()
		l.Must(t, 200, "GET /v1/invocations", nil) // what ended before is on record then
		for _, call := range []string{"GET /v1/services/" + name, "GET /v1/services?kind=default&q=" + name} {
			a := of.Must(t, 200, call, nil)
			if strings.Contains(string(a.Body), `"verified_at":"`+today.Format(time.RFC3339)+`"`) != want || !want && strings.Contains(string(a.Body), "verified_at") {
				t.Errorf("%s: %s", call, a.Body)
			}
		}
		if page := servertest.Get(t, browser, l.URL+"/services/"+name); !strings.Contains(string(page.Body), words) {
			t.Errorf("the page of %s does not say %q", name, words)
		}
	}
	verified(l, "acme", false, "Not verified in this deployment yet.")
	l.Must(t, 201, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme"))
	l.Must(t, 200, "POST /v1/connections/mine/connect", tenancyKey("k"))
	verified(l, "acme", false, "Not verified") // nothing was sent to it yet
	l.Must(t, 200, "POST /v1/invoke", object("connection", "mine", "url", "/missing"))
	verified(l, "acme", false, "Not verified")
	l.Must(t, 200, "POST /v1/invoke", object("connection", "mine", "url", "/found"))
	words := "Verified in this deployment on " + today.Format("2 January 2006")
	verified(l, "acme", true, words)
	verified(other, "acme", true, words)

	// A verification request that is answered well does it, too.
	l.Must(t, 201, "POST /v1/connections", object("link_name", "checked", "name", "Checked", "service", "other"))
	verified(l, "other", false, "Not verified")
	l.Must(t, 200, "POST /v1/connections/checked/connect", tenancyKey("k"))
	verified(l, "other", true, words)

	// Another definition has to work by itself.
	l.Stop(t)
	withCatalog(t, file("    # \n"))(&l.Config)
	l.Serve(t)
	verified(l, "acme", true, words)
	l.Stop(t)
	changed := file("")
	changed["tools/acme"] = strings.Replace(changed["tools/acme"], "X-Api-Key", "Api-Key", 1)
	withCatalog(t, changed)(&l.Config)
	l.Serve(t)
	verified(l, "acme", false, "with an earlier definition")
}
