package servertest_test

import (
	"database/sql"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
	"lanyard/internal/storetest"
)

// Providers mixed up: a code may leave for the token endpoint of the service that it was asked of, and for no other.

// TestA_HonestProvider has the rows that say what a real provider makes of it.
func TestA_HonestProvider(t *testing.T) {
	l, evil := servertest.Start(t), providertest.Evil(t)
	peer := providertest.OIDC(t, providertest.OIDCConfig{Rotate: true, Callbacks: []string{
		callbackOf(l, "again"), callbackOf(l, "injected"), callbackOf(l, "honest"), callbackOf(l, "issuer"),
	}})
	browser := l.Browser(t)
	service := func(name string) map[string]any {
		return oauth2Service(l, name, peer, providertest.WebBasicID, providertest.WebBasicSecret)
	}
	consentAs := func(t *testing.T, authorizeURL, login string) string {
		t.Helper()
		return peer.Consent(t, servertest.Stranger(t), authorizeURL, login)
	}
	sub := func(t *testing.T, connection string) any {
		t.Helper()
		return l.Must(t, 200, "POST /v1/invoke", object("connection", connection, "url", "/api/whoami")).Field(t, "body.sub")
	}
	exchanges := func(t *testing.T, want int) {
		t.Helper()
		if got := peer.TokenRequests("authorization_code"); len(got) != want {
			t.Errorf("the provider got %d codes, want %d: %+v", len(got), want, got)
		}
	}

	t.Run("A02 callback twice", func(t *testing.T) {
		before := len(peer.TokenRequests("authorization_code"))
		l.Connect(t, service("again"), nil)
		callback := consentAs(t, begin(t, l, browser, "again"), "alice")
		first := servertest.Get(t, browser, callback)
		says(t, resultOf(t, l, browser, first), "is connected")
		for _, address := range []string{callback, callback, edited(t, callback, func(q url.Values) { q.Set("code", "another") })} {
			repeated := servertest.Get(t, browser, address)
			says(t, resultOf(t, l, browser, repeated), "is connected")
			if repeated.Header.Get("Location") != first.Header.Get("Location") {
				t.Errorf("repeated, it leads to %q, want %q", repeated.Header.Get("Location"), first.Header.Get("Location"))
			}
		}
		exchanges(t, before+1)
		if revoked := peer.Events("grant.revoked"); len(revoked) != 0 {
			t.Errorf("the provider ended the grant: %+v", revoked)
		}
		if got := sub(t, "again"); got != "alice" {
			t.Errorf("the API sees %v", got)
		}
		if got := standing(t, l, l.Key, "again"); got != "connected" {
			t.Errorf("the connection is %s", got)
		}
	})

	t.Run("A06 the code of another consent", func(t *testing.T) {
		l.Connect(t, service("injected"), nil)
		newConnection(t, l, l.Key, "mallorys", "injected", "scopes", []string{"openid", "offline_access", "read"})
		servertest.Get(t, browser, consentAs(t, begin(t, l, browser, "injected"), "alice"))
		if got := sub(t, "injected"); got != "alice" {
			t.Fatalf("the API sees %v", got)
		}
		expires := l.Must(t, 200, "GET /v1/connections/injected", nil).Field(t, "expires_at")

		mine := consentAs(t, begin(t, l, browser, "injected"), "alice")
		hers := consentAs(t, begin(t, l, browser, "mallorys"), "mallory")
		before := len(peer.TokenRequests("authorization_code"))
		mixed := edited(t, mine, func(q url.Values) { q.Set("code", queryOf(t, hers, "code")) })
		says(t, resultOf(t, l, browser, servertest.Get(t, browser, mixed)), "invalid_grant", "injected is not connected")
		exchanges(t, before+1)
		if got := sub(t, "injected"); got != "alice" {
			t.Errorf("the API sees %v", got)
		}
		if got := l.Must(t, 200, "GET /v1/connections/injected", nil); got.Field(t, "status") != "connected" || got.Field(t, "expires_at") != expires {
			t.Errorf("the connection has changed: %s, before it expired at %v", got.Body, expires)
		}
		if got := standing(t, l, l.Key, "mallorys"); got != "not_connected" {
			t.Errorf("the other connection is %s", got)
		}
	})

	t.Run("A11 a code carried to another service", func(t *testing.T) {
		before := len(peer.TokenRequests("authorization_code"))
		l.Connect(t, service("honest"), nil)
		l.Connect(t, evilOAuth2(t, evil, "carrier"), nil)
		// Asked for consent, evil sends the browser on to the honest provider, as the honest service would, with the
		// state and challenge of its own flow.
		evil.Authorize.Before(func(r providertest.Request) *providertest.Answer {
			q := r.Query()
			q.Set("client_id", providertest.WebBasicID)
			q.Set("redirect_uri", callbackOf(l, "honest"))
			q.Set("scope", "openid offline_access read")
			q.Set("prompt", "consent")
			return &providertest.Answer{Status: 302, Header: http.Header{"Location": {peer.AuthorizeURL + "?" + q.Encode()}}}
		})
		callback := consentAs(t, allow(t, begin(t, l, browser, "carrier")), "alice")
		if !strings.HasPrefix(callback, callbackOf(l, "honest")+"?") || queryOf(t, callback, "code") == "" {
			t.Fatalf("the honest provider sends the browser to %s", callback)
		}
		refused(t, servertest.Get(t, browser, callback), 400, otherService)
		// Nor does its own path help: the honest provider does not know it.
		own := strings.Replace(allow(t, begin(t, l, browser, "carrier")), url.QueryEscape(callbackOf(l, "honest")), url.QueryEscape(callbackOf(l, "carrier")), 1)
		if a := servertest.Get(t, servertest.Stranger(t), own); a.Status != 400 || a.Header.Get("Location") != "" {
			t.Errorf("the honest provider takes the callback of another service: %d to %q", a.Status, a.Header.Get("Location"))
		}
		exchanged(t, evil, 0)
		exchanges(t, before)
		for _, name := range []string{"honest", "carrier"} {
			if got := standing(t, l, l.Key, name); got != "not_connected" {
				t.Errorf("%s is %s", name, got)
			}
		}
	})

	t.Run("A14 the promised issuer", func(t *testing.T) {
		s := service("issuer")
		s["auth"].(map[string]any)["issuer"] = peer.Issuer
		l.Connect(t, s, nil)
		says(t, resultOf(t, l, browser, servertest.Get(t, browser, consentAs(t, begin(t, l, browser, "issuer"), "alice"))), "is connected")
	})
}

func TestA12_ServiceChangedDuringTheConsent(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	for _, c := range []struct {
		name string
		do   func(t *testing.T, thief *providertest.EvilProvider)
	}{
		{"token URL", func(t *testing.T, thief *providertest.EvilProvider) {
			l.Must(t, 200, "PATCH /v1/services/acme", object("auth", object("access_token_url", thief.Token.URL)))
		}},
		{"token URL, and back", func(t *testing.T, thief *providertest.EvilProvider) {
			l.Must(t, 200, "PATCH /v1/services/acme", object("auth", object("access_token_url", thief.Token.URL)))
			l.Must(t, 200, "PATCH /v1/services/acme", object("auth", object("access_token_url", evil.Token.URL)))
		}},
		{"secret, with the connections kept", func(t *testing.T, _ *providertest.EvilProvider) {
			l.Must(t, 200, "PATCH /v1/services/acme?keep_connections=true", object("auth", object("client_secret", "another")))
		}},
		{"deleted and made again", func(t *testing.T, thief *providertest.EvilProvider) {
			l.Must(t, 200, "DELETE /v1/services/acme", nil)
			l.Must(t, 201, "POST /v1/services", evilOAuth2(t, evil, "acme", "access_token_url", thief.Token.URL))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			thief := providertest.Evil(t)
			callback := allow(t, begin(t, l, browser, "acme"))
			c.do(t, thief)
			// Saving a change ends what was begun with the definition before.
			refused(t, servertest.Get(t, browser, callback), 400, unknownAnswer)
			exchanged(t, evil, 0)
			exchanged(t, thief, 0)
			if got := standing(t, l, l.Key, "acme"); got == "connected" {
				t.Errorf("the connection is %s", got)
			}
		})
	}
	// The connection belongs to the service that was deleted, and the one of the same name does not get it.
	if a := l.API(t, "POST /v1/connections/acme/connect", object()); a.Status != 409 || !strings.Contains(string(a.Body), "was deleted") {
		t.Errorf("connect with the service of the same name: %d %s", a.Status, a.Body)
	}
}

// TestA12_EachBinding changes, one by one, what a consent is bound to, as if it had been begun so.
func TestA12_EachBinding(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	memberID, _ := member(t, l, "mallory")
	l.Connect(t, evilOAuth2(t, evil, "second"), nil)
	const changed = "was changed while you were at the provider"
	bindings := []struct {
		column string
		value  any
		status int
		says   string
	}{
		{"user_id", memberID, 403, someoneElse},
		{"session_hash", strings.Repeat("0", 64), 403, someoneElse},
		{"service_link_name", "second", 400, otherService},
		{"service_id", "svc_another", 409, changed},
		{"service_version", 0, 409, changed},
		{"service_version", 2, 409, changed},
	}
	callbacks := make([]string, len(bindings))
	for i := range bindings {
		callbacks[i] = allow(t, begin(t, l, browser, "acme"))
	}
	elsewhere := allow(t, begin(t, l, browser, "acme"))
	inDatabase(t, l, func(db *sql.DB) {
		const nth = ` WHERE id = (SELECT id FROM consent_requests ORDER BY created_at, rowid LIMIT 1 OFFSET $2)`
		for i, b := range bindings {
			execute(t, db, "UPDATE consent_requests SET "+b.column+" = $1"+nth, b.value, i)
		}
		// The connection of another service.
		execute(t, db, "UPDATE consent_requests SET connection_id = (SELECT id FROM connections WHERE link_name = $1)"+nth, "second", len(bindings))
	})
	for i, b := range bindings {
		t.Run(b.column, func(t *testing.T) { refused(t, servertest.Get(t, browser, callbacks[i]), b.status, b.says) })
	}
	t.Run("connection_id", func(t *testing.T) { refused(t, servertest.Get(t, browser, elsewhere), 409, changed) })
	exchanged(t, evil, 0)
	for _, name := range []string{"acme", "second"} {
		if got := standing(t, l, l.Key, name); got != "not_connected" {
			t.Errorf("%s is %s", name, got)
		}
	}
}

func TestA14_A15_Issuer(t *testing.T) {
	l, evil, browser := consentWorld(t, "silent")
	evil.SetIssuer(evil.URL)
	l.Connect(t, evilOAuth2(t, evil, "promised", "issuer", evil.URL), nil)
	const wrong = "does not come from the issuer"
	for name, issuers := range map[string][]string{
		"absent":              nil,
		"empty":               {""},
		"another":             {"https://evil.example"},
		"with trailing slash": {evil.URL + "/"},
		"twice":               {evil.URL, evil.URL},
		"and another":         {evil.URL, "https://evil.example"},
		"upper case":          {strings.ToUpper(evil.URL)},
	} {
		t.Run("A14 "+name, func(t *testing.T) {
			callback := allow(t, begin(t, l, browser, "promised"))
			refused(t, servertest.Get(t, browser, edited(t, callback, func(q url.Values) { q["iss"] = issuers })), 400, wrong)
			// An error is compared like a code.
			refused(t, servertest.Get(t, browser, edited(t, callback, func(q url.Values) {
				q["iss"] = issuers
				q.Del("code")
				q.Set("error", "access_denied")
			})), 400, wrong)
			exchanged(t, evil, 0)
		})
	}
	if got := standing(t, l, l.Key, "promised"); got != "not_connected" {
		t.Errorf("the connection is %s", got)
	}
	connected(t, l, browser, "promised")
	exchanged(t, evil, 1)
	t.Run("A15 not promised", func(t *testing.T) {
		for i, issuers := range [][]string{nil, {evil.URL}, {evil.Open.URL + "/issuer"}, {evil.Open.URL + "/issuer", "https://evil.example"}} {
			callback := edited(t, allow(t, begin(t, l, browser, "silent")), func(q url.Values) { q["iss"] = issuers })
			says(t, resultOf(t, l, browser, servertest.Get(t, browser, callback)), "is connected")
			exchanged(t, evil, i+2)
		}
		if all := evil.Open.Requests(); len(all) != 0 {
			t.Errorf("the issuer was fetched: %s", all[0].URI)
		}
	})
}

var requestID = regexp.MustCompile(`req_[A-Z0-9]+`)

// withoutRequest is a page without the id of the request, in which alone two pages may differ.
func withoutRequest(page []byte) string { return requestID.ReplaceAllString(string(page), "") }

func TestA16_SameNameInTwoOrganizations(t *testing.T) {
	ours, evil, browser := consentWorld(t, "acme", func(c *server.Config) { c.Database = storetest.Postgres(t) })
	replica := ours.Replica(t)
	theirs := ours.Organization(t, "other")
	theirs.Connect(t, evilOAuth2(t, evil, "acme"), nil)
	theirBrowser := theirs.Browser(t)
	mine, hers := allow(t, begin(t, ours, browser, "acme")), allow(t, begin(t, theirs, theirBrowser, "acme"))
	if !strings.HasPrefix(mine, callbackOf(ours, "acme")+"?") || !strings.HasPrefix(hers, callbackOf(theirs, "acme")+"?") || callbackOf(ours, "acme") == callbackOf(theirs, "acme") {
		t.Fatalf("the callbacks are %s and %s", mine, hers)
	}
	unknown := servertest.Get(t, browser, edited(t, mine, func(q url.Values) { q.Set("state", strings.Repeat("A", 52)) }))
	refused(t, unknown, 400, unknownAnswer)
	query := func(callback string) string { return callback[strings.Index(callback, "?"):] }
	for name, address := range map[string]string{
		"our path, their state":   callbackOf(ours, "acme") + query(hers),
		"their path, our state":   callbackOf(theirs, "acme") + query(mine),
		"their path, their state": hers,
		"no such organization":    strings.Replace(mine, string(ours.OrganizationID), "org_absent", 1),
		"no such service":         edited(t, strings.Replace(mine, "/acme?", "/absent?", 1), func(q url.Values) { q.Set("state", strings.Repeat("A", 52)) }),
	} {
		for _, at := range []string{ours.URL, replica.URL} {
			a := servertest.Get(t, browser, at+strings.TrimPrefix(address, ours.URL))
			if a.Status != unknown.Status || withoutRequest(a.Body) != withoutRequest(unknown.Body) {
				t.Errorf("%s at %s: not the page for an unknown state: %d\n%s", name, at, a.Status, content(string(a.Body)))
			}
			for header := range maps.Keys(unknown.Header) {
				if _, ok := a.Header[header]; !ok {
					t.Errorf("%s: the header %s tells it from an unknown state", name, header)
				}
			}
		}
	}
	exchanged(t, evil, 0)
	says(t, resultOf(t, replica, browser, servertest.Get(t, browser, replica.URL+strings.TrimPrefix(mine, ours.URL))), "is connected")
	if got := standing(t, theirs, theirs.Key, "acme"); got != "not_connected" {
		t.Errorf("the other organization's connection is %s", got)
	}
	says(t, resultOf(t, theirs, theirBrowser, servertest.Get(t, theirBrowser, hers)), "is connected")
	exchanged(t, evil, 2)
}

func TestA26_PKCE(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	evil.SetPKCERequired(true)
	verified := func(t *testing.T, connection string, want bool) {
		t.Helper()
		authorize := begin(t, l, browser, connection)
		challenge, method := queryOf(t, authorize, "code_challenge"), queryOf(t, authorize, "code_challenge_method")
		if (challenge != "" && method == "S256") != want {
			t.Errorf("the authorize URL has challenge %q by method %q", challenge, method)
		}
		says(t, resultOf(t, l, browser, servertest.Get(t, browser, allow(t, authorize))), "is connected")
		all := evil.Token.Grants("authorization_code")
		if verifier := all[len(all)-1].Form.Get("code_verifier"); (verifier != "") != want || want && len(verifier) < 43 {
			t.Errorf("the token endpoint got the verifier %q", verifier)
		}
	}
	t.Run("by default, with a secret", func(t *testing.T) { verified(t, "acme", true) })
	t.Run("at a provider that ignores it", func(t *testing.T) {
		evil.SetPKCERequired(false)
		evil.Token.Always(providertest.Answer{Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"access_token":"at.ignored","token_type":"Bearer"}`})
		defer evil.Token.Honest()
		verified(t, "acme", true)
	})
	t.Run("switched off in the definition", func(t *testing.T) {
		l.Connect(t, evilOAuth2(t, evil, "forbidden", "pkce", false), nil)
		verified(t, "forbidden", false)
	})
	t.Run("not switched off with the connections kept", func(t *testing.T) {
		if a := l.API(t, "PATCH /v1/services/acme?keep_connections=true", object("auth", object("pkce", false))); a.Status != 400 || !strings.Contains(string(a.Body), "/auth/pkce") {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
	t.Run("nor by parameters", func(t *testing.T) {
		for _, field := range []string{"authorize_params", "token_params"} {
			for _, name := range []string{"code_challenge", "code_challenge_method", "code_verifier", "state", "redirect_uri"} {
				a := l.API(t, "POST /v1/services", evilOAuth2(t, evil, "params", field, object(name, "plain")))
				if a.Status != 400 || !strings.Contains(string(a.Body), "/auth/"+field+"/"+name) {
					t.Errorf("%s %s: got %d %s", field, name, a.Status, a.Body)
				}
			}
		}
	})
}
