package servertest_test

import (
	"database/sql"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// Where browsers and secrets may be sent: by configuration and definition, and by nothing that a request says.

func TestA17_RedirectURIComesFromConfiguration(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	l.Connect(t, evilOAuth1(t, evil, "one"), nil)
	honest := begin(t, l, browser, "acme")
	if got := queryOf(t, honest, "redirect_uri"); got != callbackOf(l, "acme") {
		t.Fatalf("redirect_uri %q, want %q", got, callbackOf(l, "acme"))
	}
	for name, headers := range map[string][]string{
		"Host":              {"Host", "evil.example"},
		"X-Forwarded-Host":  {"X-Forwarded-Host", "evil.example"},
		"X-Forwarded-Proto": {"X-Forwarded-Proto", "https"},
		"Forwarded":         {"Forwarded", "for=10.0.0.1;host=evil.example;proto=https"},
		"all of them": {"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "X-Forwarded-Port", "444", "X-Forwarded-Prefix", "/evil",
			"X-Forwarded-Server", "evil.example", "X-Original-URL", "/evil", "X-Rewrite-URL", "/evil", "Forwarded", "host=evil.example", "Origin", "https://evil.example", "Referer", "https://evil.example/"},
	} {
		t.Run(name, func(t *testing.T) {
			link := connectURL(t, l, l.Key, "acme")
			a := send(t, browser, "GET", link, "", headers...)
			if want := strings.TrimPrefix(link, l.URL) + "/go"; a.Header.Get("Location") != want {
				t.Errorf("the page leads to %q, want %q", a.Header.Get("Location"), want)
			}
			a = send(t, browser, "GET", link+"/go", "", headers...)
			anew := func(u string) string {
				return edited(t, u, func(q url.Values) { q.Del("state"); q.Del("code_challenge") })
			}
			if got := a.Header.Get("Location"); a.Status != 303 || anew(got) != anew(honest) {
				t.Errorf("the authorize URL is\n%s, want\n%s", got, honest)
			}
			// And the way back.
			back := send(t, browser, "GET", allow(t, a.Header.Get("Location")), "", headers...)
			says(t, resultOf(t, l, browser, back), "is connected", l.URL+"/v1/proxy/acme")
			all := evil.Token.Grants("authorization_code")
			if got := all[len(all)-1].Form.Get("redirect_uri"); got != callbackOf(l, "acme") {
				t.Errorf("the token endpoint got redirect_uri %q", got)
			}
			// OAuth 1 says its callback beforehand.
			send(t, browser, "GET", connectURL(t, l, l.Key, "one")+"/go", "", headers...)
			asked := evil.RequestToken.Requests()
			if got := asked[len(asked)-1].Header.Get("Authorization"); !strings.Contains(got, `oauth_callback="`+url.QueryEscape(callbackOf(l, "one"))+`"`) {
				t.Errorf("the request token was asked for with %s", got)
			}
			// Nothing that the API tells follows them either.
			for call, field := range map[string]string{
				"POST /v1/connections/acme/connect": "connect_url", "GET /v1/services/acme": "callback_url", "POST /v1/sign_in_links": "url",
			} {
				method, path, _ := strings.Cut(call, " ")
				body := ""
				if method == "POST" {
					body = "{}"
				}
				got := send(t, http.DefaultClient, method, l.URL+path, body, append([]string{"Authorization", "Bearer " + l.Key, "Content-Type", "application/json"}, headers...)...)
				if address, _ := got.Field(t, field).(string); !strings.HasPrefix(address, l.URL+"/") {
					t.Errorf("%s: %s is %q", call, field, address)
				}
			}
		})
	}
}

func TestA18_ReturnTo(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme", func(c *server.Config) { c.ReturnToOrigins = []string{"https://lanyard.example"} })
	bad := []string{
		"//evil.com", "https:evil.com", `/\evil.com`, "/%09/evil.com", "https://lanyard.example.evil.com", "javascript:alert(1)",
		"https://evil.com", "https:/evil.com", "https:///evil.com", "http://lanyard.example", "https://lanyard.example:444/", "https://lanyard.example@evil.com/",
		"https://evil.com#@lanyard.example", `https://lanyard.example\@evil.com`, `https://evil.com\@lanyard.example`, "HTTPS://evil.com", "///evil.com", "/\t/evil.com", "/\n/evil.com", `\\evil.com`,
		`/%5cevil.com`, "/%2fevil.com", "/%2F%2Fevil.com", " //evil.com", "\t//evil.com", "evil.com", "./evil", "?x", "#x", "data:text/html,x", "vbscript:x", "/\x00/evil.com", "/ /evil.com",
		"https://lanyard.example%2eevil.com", "https://lanyard.example。evil.com", "/" + strings.Repeat("a", 3000),
	}
	for _, to := range bad {
		a := l.API(t, "POST /v1/connections/acme/connect", object("return_to", to))
		if a.Status != 400 || !strings.Contains(string(a.Body), "return_to") {
			t.Errorf("return_to %q: got %d %s", to, a.Status, a.Body)
		}
	}
	for _, to := range []string{"/settings?tab=1&x=%2F%2Fevil.com#there", "/", "https://lanyard.example/done?x=1", "https://lanyard.example"} {
		a := l.Must(t, 200, "POST /v1/connections/acme/connect", object("return_to", to))
		callback := allow(t, l.Leave(t, browser, a.Field(t, "connect_url").(string)))
		if back := servertest.Get(t, browser, callback); back.Status != 303 || back.Header.Get("Location") != to {
			t.Errorf("return_to %q: %d to %q", to, back.Status, back.Header.Get("Location"))
		}
		// What went wrong is told here, with a link.
		a = l.Must(t, 200, "POST /v1/connections/acme/connect", object("return_to", to))
		callback = edited(t, allow(t, l.Leave(t, browser, a.Field(t, "connect_url").(string))), func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") })
		page := resultOf(t, l, browser, servertest.Get(t, browser, callback))
		if want := `href="` + strings.ReplaceAll(to, "&", "&amp;") + `"`; !strings.Contains(page, want) {
			t.Errorf("the page of a refusal has no link %s:\n%s", want, content(page))
		}
	}
	exchanged(t, evil, 4)

	t.Run("after signing in", func(t *testing.T) {
		here, err := url.Parse(l.URL)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range append(bad, "https://lanyard.example/done") {
			link := l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
			planted := servertest.Stranger(t)
			planted.Jar.SetCookies(here, []*http.Cookie{{Name: "lanyard_return", Value: url.QueryEscape(to)}})
			if a := servertest.Get(t, planted, link); a.Status != 303 || a.Header.Get("Location") != "/" {
				t.Errorf("come back to %q: %d to %q", to, a.Status, a.Header.Get("Location"))
			}
		}
	})
}

func TestA24_URLsOfADefinition(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	bad := map[string]string{
		"javascript": "javascript:alert(1)", "data": "data:text/html,x", "plain http": "http://provider.example/authorize", "user and password": "https://u:p@provider.example/",
		"user": "https://u@provider.example/", "fragment": "https://provider.example/authorize#x", "empty fragment": "https://provider.example/authorize#",
		"client_id in the query": "https://provider.example/authorize?client_id=x", "client_id encoded": "https://provider.example/authorize?client%5Fid=x",
		"state in the query": "https://provider.example/?state=x", "redirect_uri in the query": "https://provider.example/?redirect_uri=x",
		"no host": "https:///authorize", "no scheme": "//provider.example/authorize", "a path": "/authorize", "line break": "https://provider.example/\r\nX: y",
		"backslash": `https://provider.example\@evil.example/`, "placeholder that nobody declared": "https://{domain}.provider.example/", "file": "file:///etc/passwd",
		"a loopback look-alike": "http://127.0.0.1.evil.example/",
	}
	for name, address := range bad {
		for _, field := range []string{"authorize_url", "access_token_url", "refresh_token_url", "revoke_token_url"} {
			a := l.API(t, "POST /v1/services", evilOAuth2(t, evil, "bad", field, address))
			if a.Status != 400 || !strings.Contains(string(a.Body), `"/auth/`+field+`"`) {
				t.Errorf("%s as %s of a new service: got %d %s", name, field, a.Status, a.Body)
			}
			a = l.API(t, "PATCH /v1/services/acme", object("auth", object(field, address)))
			if a.Status != 400 || !strings.Contains(string(a.Body), `"/auth/`+field+`"`) {
				t.Errorf("%s as %s by an edit: got %d %s", name, field, a.Status, a.Body)
			}
		}
		for _, field := range []string{"request_token_url", "authorize_url", "access_token_url"} {
			if strings.Contains(name, "in the query") || strings.Contains(name, "client_id") {
				continue // OAuth 1 has no such parameters
			}
			s := evilOAuth1(t, evil, "bad")
			s["auth"].(map[string]any)[field] = address
			if a := l.API(t, "POST /v1/services", s); a.Status != 400 || !strings.Contains(string(a.Body), `"/auth/`+field+`"`) {
				t.Errorf("%s as %s of an OAuth 1 service: got %d %s", name, field, a.Status, a.Body)
			}
		}
	}
	if a := l.Must(t, 200, "GET /v1/services/acme", nil); a.Field(t, "auth.authorize_url") != evil.Authorize.URL {
		t.Errorf("the service was edited: %s", a.Body)
	}

	t.Run("own query parameters are kept and ours win", func(t *testing.T) {
		l.Connect(t, evilOAuth2(t, evil, "query", "authorize_url", evil.Authorize.URL+"?access_type=offline&response_type=token&scope=everything&empty=",
			"authorize_params", object("prompt", "consent")), nil)
		authorize := begin(t, l, browser, "query")
		u, err := url.Parse(authorize)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		for name, want := range map[string]string{
			"access_type": "offline", "empty": "", "response_type": "code", "scope": "read write", "prompt": "consent",
			"client_id": providertest.EvilClientID, "redirect_uri": callbackOf(l, "query"), "code_challenge_method": "S256",
		} {
			if got := q[name]; len(got) != 1 || got[0] != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		says(t, resultOf(t, l, browser, servertest.Get(t, browser, allow(t, authorize))), "is connected")
	})
	t.Run("a value cannot make one", func(t *testing.T) {
		s := evilOAuth2(t, evil, "filled", "authorize_url", "https://{domain}/authorize", "access_token_url", "https://{domain}/token", "revoke_token_url", nil)
		s["dynamic_parameters"] = []any{object("key", "domain", "name", "Domain", "format", "host")}
		s["hosts"], s["base_url"] = []string{"{domain}"}, "https://{domain}"
		l.Connect(t, s, nil)
		for _, value := range []string{"evil.example/#", "u:p@evil.example", "evil.example?client_id=x", "evil.example\r\n", "javascript:alert(1)", "", "evil.example:443:1", "{domain}"} {
			a := l.API(t, "POST /v1/connections/filled/connect", object("parameters", object("domain", value)))
			if a.Status != 400 || !strings.Contains(string(a.Body), "/parameters") {
				t.Errorf("domain %q: got %d %s", value, a.Status, a.Body)
			}
		}
	})
}

func TestA25_AbandonedConsent(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme", func(c *server.Config) { c.SweepEvery = 200 * time.Millisecond })
	begin(t, l, browser, "acme")
	begin(t, l, browser, "acme")
	if got := standing(t, l, l.Key, "acme"); got != "not_connected" {
		t.Errorf("after the window was closed the connection is %s", got)
	}
	tables := []string{"consent_requests", "connect_links"}
	inDatabase(t, l, func(db *sql.DB) {
		for _, table := range tables {
			if n := count(t, db, "SELECT count(*) FROM "+table); n != 2 {
				t.Errorf("%s has %d rows, want 2", table, n)
			}
			execute(t, db, "UPDATE "+table+" SET created_at = created_at - $1, expires_at = expires_at - $1", (25 * time.Hour).Milliseconds())
		}
	})
	for deadline, left := time.Now().Add(20*time.Second), 1; left > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d rows are left", left)
		}
		time.Sleep(300 * time.Millisecond) // a sweep
		inDatabase(t, l, func(db *sql.DB) {
			left = 0
			for _, table := range tables {
				left += count(t, db, "SELECT count(*) FROM "+table)
			}
			if n := count(t, db, "SELECT count(*) FROM authorizations"); n != 0 {
				t.Errorf("there are %d authorizations", n)
			}
		})
	}
	if got := standing(t, l, l.Key, "acme"); got != "not_connected" {
		t.Errorf("the connection is %s", got)
	}
	exchanged(t, evil, 0)
}

// TestA31_CopyOfAService: a definition can be copied, the secret of its client cannot. There are no default services
// yet; what is shown here is that registration and endpoints are one unit for a custom service of another member.
func TestA31_CopyOfAService(t *testing.T) {
	const secret = providertest.EvilClientSecret
	l, _, browser := consentWorld(t, "acme")
	_, malloryKey := member(t, l, "mallory")
	mallory := signIn(t, l, malloryKey)
	thief := providertest.Evil(t)
	withoutSecret := func(t *testing.T) {
		t.Helper()
		for _, r := range thief.Token.Requests() {
			if r.Header.Get("Authorization") != "" || r.Form.Has("client_secret") || strings.Contains(string(r.Body), url.QueryEscape(secret)) {
				t.Errorf("the thief's token endpoint got a secret: %v %s", r.Header, r.Body)
			}
		}
	}

	t.Run("what can be read holds no secret", func(t *testing.T) {
		for _, call := range []string{"GET /v1/services/acme", "GET /v1/services", "GET /v1/connections", "GET /v1/audit"} {
			for _, key := range []string{l.Key, malloryKey} {
				if a := l.As(t, key, call, nil); strings.Contains(string(a.Body), secret) {
					t.Errorf("%s tells the secret: %s", call, a.Body)
				}
			}
		}
	})
	t.Run("copied", func(t *testing.T) {
		var copied map[string]any
		l.As(t, malloryKey, "GET /v1/services/acme", nil).JSON(t, &copied)
		s := evilOAuth2(t, thief, "copied", "client_secret", nil)
		auth := copied["auth"].(map[string]any)
		for name, value := range auth {
			if _, ours := s["auth"].(map[string]any)[name]; !ours {
				s["auth"].(map[string]any)[name] = value // client_secret_set and its fingerprint too
			}
		}
		made := l.As(t, malloryKey, "POST /v1/services", s)
		if made.Status != 201 || made.Field(t, "auth.client_secret_set") == true {
			t.Fatalf("copy: %d %s", made.Status, made.Body)
		}
		newConnection(t, l, malloryKey, "copied", "copied", "scopes", []string{"read"})
		thief.SetClientAuth(providertest.ClientAuthNone)
		back := servertest.Get(t, mallory, allow(t, l.Leave(t, mallory, connectURL(t, l, malloryKey, "copied"))))
		says(t, resultOf(t, l, mallory, back), "is connected")
		exchanged(t, thief, 1)
		withoutSecret(t)
	})
	t.Run("edited by somebody else", func(t *testing.T) {
		for _, patch := range []map[string]any{
			object("auth", object("access_token_url", thief.Token.URL)), object("auth", object("revoke_token_url", thief.Revoke.URL)), object("link_name", "mine"), object("name", "mine"),
		} {
			if a := l.As(t, malloryKey, "PATCH /v1/services/acme", patch); a.Status != 403 {
				t.Errorf("edit %v: got %d %s", patch, a.Status, a.Body)
			}
		}
		if a := l.As(t, malloryKey, "DELETE /v1/services/acme", nil); a.Status != 403 {
			t.Errorf("delete: got %d %s", a.Status, a.Body)
		}
		if a := l.As(t, malloryKey, "POST /v1/services", evilOAuth2(t, thief, "acme")); a.Status != 409 {
			t.Errorf("a second one of the name: got %d %s", a.Status, a.Body)
		}
	})
	t.Run("edited by its author", func(t *testing.T) {
		// The secret is the author's own, and the edit ends every connection, so nothing is led elsewhere unseen.
		connected(t, l, browser, "acme")
		a := l.API(t, "PATCH /v1/services/acme?keep_connections=true", object("auth", object("access_token_url", thief.Token.URL)))
		if a.Status != 400 || !strings.Contains(string(a.Body), "/auth/access_token_url") {
			t.Errorf("with the connections kept: got %d %s", a.Status, a.Body)
		}
		a = l.Must(t, 200, "PATCH /v1/services/acme", object("auth", object("refresh_token_url", thief.Token.URL)))
		if a.Field(t, "revoked_authorizations") != 1.0 || standing(t, l, l.Key, "acme") == "connected" {
			t.Errorf("the connection is still %s: %s", standing(t, l, l.Key, "acme"), a.Body)
		}
	})
	t.Run("deleted, and its name taken", func(t *testing.T) {
		l.Must(t, 200, "DELETE /v1/services/acme", nil)
		made := l.As(t, malloryKey, "POST /v1/services", evilOAuth2(t, thief, "acme", "client_secret", nil))
		if made.Status != 201 || made.Field(t, "auth.client_secret_set") == true {
			t.Fatalf("make: %d %s", made.Status, made.Body)
		}
		if a := l.API(t, "POST /v1/connections/acme/connect", object()); a.Status != 409 || !strings.Contains(string(a.Body), "was deleted") {
			t.Errorf("the connection of the deleted service: %d %s", a.Status, a.Body)
		}
		newConnection(t, l, malloryKey, "taken", "acme", "scopes", []string{"read"})
		says(t, resultOf(t, l, mallory, servertest.Get(t, mallory, allow(t, l.Leave(t, mallory, connectURL(t, l, malloryKey, "taken"))))), "is connected")
		exchanged(t, thief, 2)
		withoutSecret(t)
	})
}
