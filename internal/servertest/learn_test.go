package servertest_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// What a provider, or somebody between it and Lanyard, says for a parameter and should not: quirks_test.go has what goes
// well.

// saying is a token answer that says something for an instance; nothing when empty.
func saying(instance string) func(access, refresh string) (string, string) {
	return func(access, refresh string) (string, string) {
		return providertest.JSONAnswer("access_token", access, "refresh_token", refresh, "expires_in", 3600, "instance_url", instance)
	}
}

// sweeps has the background tell providers at once what they were not told yet.
func sweeps(c *server.Config) { c.SweepEvery = 20 * time.Millisecond }

// atInstance is a service whose API is at the instance that the token answer names.
func atInstance(t testing.TB, p *providertest.Imitation, name string, hosts ...string) map[string]any {
	t.Helper()
	return custom(imitated(t, p, name, object("base_url", "http://{instance}:PORT/api", "hosts", hosts, "dynamic_parameters", []any{
		object("key", "instance", "name", "Instance", "format", "host", "example", "localhost", "pattern", "localhost|127\\.0\\.0\\.1|evil", "learn", object("from", "token", "at", "instance_url", "take", "host"))}), nil), name)
}

func TestForgedDataCentre(t *testing.T) {
	l := servertest.Start(t)
	browser := l.Browser(t)
	p := providertest.Imitate(t, providertest.Manners{Callback: map[string]string{"location": "eu"}})
	l.Connect(t, custom(imitated(t, p, "acme", object("dynamic_parameters", []any{
		object("key", "dc", "name", "Data centre", "default", "eu", "choices", []string{"eu", "com"}, "learn", object("from", "callback", "at", "location")),
		object("key", "host", "name", "Host", "format", "host", "follows", "dc", "values", object("eu", "127.0.0.1", "com", "localhost"))}),
		object("access_token_url", "http://{host}:PORT/token")), "acme"), nil)
	for _, location := range []string{"evil.example", "EU", "eu\r\n", "eu/../com"} {
		callback := edited(t, allow(t, begin(t, l, browser, "acme")), func(q url.Values) { q.Set("location", location) })
		page := resultOf(t, l, browser, servertest.Get(t, browser, callback))
		says(t, page, "acme is not connected", "acme came back with something for the parameter Data centre that the service does not take: Data centre ")
		if strings.Contains(page, location) {
			t.Errorf("the page repeats %q", location)
		}
		// It is used up: the true answer comes too late.
		callback = edited(t, callback, func(q url.Values) { q.Set("location", "eu") })
		says(t, resultOf(t, l, browser, servertest.Get(t, browser, callback)), "acme is not connected")
	}
	if got := p.Tokens(); len(got) > 0 {
		t.Errorf("the code and the client's secret left with %v", got)
	}
	// One that is named twice says nothing: what the person chose stays.
	callback := edited(t, allow(t, begin(t, l, browser, "acme")), func(q url.Values) { q["location"] = []string{"com", "com"} })
	p.Change(func(m *providertest.Manners) { m.TokenHost = "127.0.0.1" })
	says(t, resultOf(t, l, browser, servertest.Get(t, browser, callback)), "is connected")
	if faults := p.Faults(); len(faults) > 0 {
		t.Errorf("the provider refused: %q", faults)
	}
	a := l.API(t, "POST /v1/connections/acme/connect", object("parameters", object("host", "evil.example")))
	if a.Status != 400 || !strings.Contains(string(a.Body), "/parameters/host") || !strings.Contains(string(a.Body), "follows from Data centre") {
		t.Errorf("a value that follows from another is taken: %d %s", a.Status, a.Body)
	}
}

func TestInstanceThatDoesNotFit(t *testing.T) {
	l := servertest.Start(t, sweeps)
	browser := l.Browser(t)
	p := providertest.Imitate(t, providertest.Manners{})
	l.Connect(t, atInstance(t, p, "acme", "{instance}:PORT"), nil)
	l.Connect(t, atInstance(t, p, "listed", "localhost:PORT"), nil)
	for _, c := range []struct{ name, connection, instance, want string }{
		{"against the pattern", "acme", "https://evil.example/", "came back with something for the parameter Instance"},
		{"no URL", "acme", "file:///etc/passwd", "came back with something for the parameter Instance"},
		{"an address inside", "acme", "http://169.254.169.254/", "came back with something for the parameter Instance"},
		{"no host of the service", "listed", "http://127.0.0.1/", "came back with something for Instance that the service does not take: The base URL would lead to a host that the service does not list"},
		{"nothing", "acme", "", "acme did not say the Instance (instance_url)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(p.Revoked())
			p.Change(func(m *providertest.Manners) { m.Answer = saying(c.instance) })
			says(t, goes(t, l, browser, c.connection, nil), "is not connected", c.want)
			if got := standing(t, l, l.Key, c.connection); got != "not_connected" {
				t.Errorf("the connection is %s", got)
			}
			// What was granted is given back, in the background.
			await(t, "the grant is given back", func() bool { return len(p.Revoked()) == before+1 })
		})
	}

	// What works is not lost over a second try, nor its grant at the provider.
	p.Change(func(m *providertest.Manners) { m.Answer, m.APIHost = saying("https://localhost"), "localhost" })
	says(t, goes(t, l, browser, "acme", nil), "is connected")
	revoked := len(p.Revoked())
	p.Change(func(m *providertest.Manners) { m.Answer = saying("https://evil.example/") })
	says(t, goes(t, l, browser, "acme", nil), "is not connected")
	calls := func(host string) {
		t.Helper()
		a := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x"))
		if all := p.Calls(); a.Field(t, "status") != 200.0 || all[len(all)-1] != "GET "+host+"/api/x" {
			t.Fatalf("called %q, want %s: %s", all, host, a.Body)
		}
	}
	calls("localhost")
	// A refresh that says nonsense, or nothing, renews the token and nothing else.
	p.Expire()
	calls("localhost")
	if got := len(p.Revoked()); got != revoked {
		t.Errorf("%d grants were given back", got-revoked)
	}
}

// Slack refuses with status 200, and "ok" is not the only word that it has for it.
func TestTokenAnswersThatRefuse(t *testing.T) {
	l := servertest.Start(t)
	browser := l.Browser(t)
	p := providertest.Imitate(t, providertest.Manners{})
	l.Connect(t, custom(imitated(t, p, "acme", nil, object("token_answer", object("access_token", "authed_user.access_token"))), "acme"), nil)
	for _, c := range []struct {
		name, want string
		answer     []any
	}{
		{"with a reason", "acme refused to exchange the code (invalid_code", []any{"ok", false, "error", "invalid_code"}},
		{"without one", "the answer holds no access token", []any{"ok", false}},
		{"with the token elsewhere", "the answer holds no access token", []any{"ok", true, "access_token", "of a bot"}},
		{"of another kind", "is not Bearer, and no other is supported", []any{"authed_user.access_token", "a", "token_type", "mac"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.Change(func(m *providertest.Manners) {
				m.Answer = func(string, string) (string, string) { return providertest.JSONAnswer(c.answer...) }
			})
			says(t, goes(t, l, browser, "acme", nil), "acme is not connected", c.want)
		})
	}
}

func TestInstanceMovesWithARefresh(t *testing.T) {
	l := servertest.Start(t)
	browser := l.Browser(t)
	p := providertest.Imitate(t, providertest.Manners{Answer: saying("https://localhost"), APIHost: "localhost"})
	l.Connect(t, atInstance(t, p, "acme", "{instance}:PORT"), nil)
	says(t, goes(t, l, browser, "acme", nil), "is connected")
	p.Change(func(m *providertest.Manners) { m.Answer, m.APIHost = saying("https://127.0.0.1"), "127.0.0.1" })
	p.Expire()
	a := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x"))
	if all := p.Calls(); len(all) > 0 && all[len(all)-1] != "GET 127.0.0.1/api/x" || p.Tokens()[1]["grant_type"] != "refresh_token" {
		t.Errorf("called %q, %s", all, a.Body)
	}
	a = l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/y"))
	if all := p.Calls(); a.Field(t, "status") != 200.0 || len(all) == 0 || all[len(all)-1] != "GET 127.0.0.1/api/y" {
		t.Errorf("afterwards called %q, %s", all, a.Body)
	}
}

func TestLookupThatDoesNotWork(t *testing.T) {
	l := servertest.Start(t, sweeps)
	browser := l.Browser(t)
	p := providertest.Imitate(t, providertest.Manners{})
	l.Connect(t, custom(imitated(t, p, "acme", object("base_url", "http://127.0.0.1:PORT/api/{site}", "dynamic_parameters", []any{
		object("key", "site", "name", "Site", "pattern", "[a-z0-9-]+", "learn", object("from", "lookup", "url", "http://127.0.0.1:PORT/api/sites", "at", "0.id"))}), nil), "acme"), nil)
	for _, c := range []struct{ name, answer, want string }{
		{"an empty list", `[]`, "acme did not say the Site (0.id)"},
		{"null", `[{"id": null}]`, "acme did not say the Site (0.id)"},
		{"an object in its place", `[{"id": {"a": 1}}]`, "acme did not say the Site (0.id)"},
		{"no JSON", `<html>`, "answered in a way that cannot be read"},
		{"against the pattern", `[{"id": "../../admin"}]`, "Site does not have the form"},
		{"larger than is read", `[{"id": "` + strings.Repeat("x", 2<<20) + `"}]`, "answered in a way that cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(p.Revoked())
			p.Change(func(m *providertest.Manners) { m.API = map[string]string{"GET /api/sites": c.answer} })
			says(t, goes(t, l, browser, "acme", nil), "acme is not connected", c.want)
			await(t, "the grant is given back", func() bool { return len(p.Revoked()) == before+1 })
		})
	}
	t.Run("it repeats the credential", func(t *testing.T) {
		p.Change(func(m *providertest.Manners) {
			m.Answer = func(access, refresh string) (string, string) {
				m.API = map[string]string{"GET /api/sites": `[{"id": "` + access + `"}]`}
				return providertest.UsualAnswer(access, refresh)
			}
		})
		says(t, goes(t, l, browser, "acme", nil), "acme is not connected", "acme did not say the Site (0.id)")
	})
	t.Run("a grant without the right", func(t *testing.T) {
		p.Change(func(m *providertest.Manners) { m.Answer, m.APIHost = nil, "nowhere" })
		says(t, goes(t, l, browser, "acme", nil), "acme is not connected", "it answered 404 and said: api: this is 127.0.0.1")
	})
}

// keyedAPI takes the key "right" and answers by path; who comes with another one is told no, with status where it is not
// 200. It gives the bodies that it got.
func keyedAPI(t *testing.T, answers map[string]string, status int, no string) (address string, bodies func() []string) {
	t.Helper()
	got := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + " " + string(body)
		answer, known := answers[r.Method+" "+r.URL.Path]
		switch {
		case r.Header.Get("X-Api-Key") != "right":
			w.WriteHeader(status)
			_, _ = io.WriteString(w, no)
		case !known:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = io.WriteString(w, answer)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() (all []string) {
		for {
			select {
			case line := <-got:
				all = append(all, line)
			default:
				return all
			}
		}
	}
}

func TestLookupWithATypedKey(t *testing.T) {
	l := servertest.Start(t)
	address, got := keyedAPI(t, map[string]string{"GET /me": `{"account": {"id": 42}}`, "GET /42/x": `{}`}, 401, `{"message": "who are you"}`)
	l.Connect(t, object("link_name", "acme", "base_url", address+"/{account}", "hosts", []string{hostOf(t, address)},
		"dynamic_parameters", []any{object("key", "account", "name", "Account", "learn", object("from", "lookup", "url", address+"/me", "at", "account.id"))},
		"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "display_name", "API key", "param_type", "header")})), nil)
	a := l.API(t, "POST /v1/connections/acme/connect", tenancyKey("wrong"))
	if a.Status != 400 || !strings.Contains(string(a.Body), "acme did not accept the credential: it answered 401 and said: who are you") {
		t.Errorf("a wrong key: %d %s", a.Status, a.Body)
	}
	l.Must(t, 200, "POST /v1/connections/acme/connect", tenancyKey("right"))
	if a := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x")); a.Field(t, "status") != 200.0 {
		t.Errorf("a call: %s", a.Body)
	}
	if all := got(); !slices.Equal(all, []string{"GET /me  ", "GET /me  ", "GET /42/x  "}) {
		t.Errorf("the API got %q", all)
	}
}

// Some verify with a POST, and some answer 200 to a wrong credential.
func TestVerificationOfManyKinds(t *testing.T) {
	l := servertest.Start(t)
	const query = `{"query":"{viewer{id}}"}`
	for _, c := range []struct {
		name, method, body, member string
		yes, no                    string
		status                     int
		sent                       string
		refused                    string // what the page says of a wrong key
	}{
		{"ok_or_not", "POST", "", "ok", `{"ok": true}`, `{"ok": false, "error": "invalid_auth"}`, 200, "POST /verify  ", "its answer has no ok and said: invalid_auth"},
		{"graphql", "POST", query, "data.viewer.id", `{"data": {"viewer": {"id": "1"}}}`, `{"data": {"viewer": null}, "errors": []}`, 200, "POST /verify application/json " + query, "its answer has no data.viewer.id"},
		{"member_is_missing", "", "", "user", `{"user": {"id": 1}}`, `{}`, 200, "GET /verify  ", "its answer has no user"},
		{"a_page_for_an_answer", "", "", "user", `{"user": 0}`, `<html>Sign in</html>`, 200, "GET /verify  ", "its answer has no user"},
		{"by_status", "POST", "", "", ``, `{"detail": "no"}`, 403, "POST /verify  ", "it answered 403 and said: no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, got := keyedAPI(t, map[string]string{c.method + " /verify": c.yes, "GET /verify": c.yes}, c.status, c.no)
			definition := object("link_name", c.name, "base_url", address, "hosts", []string{hostOf(t, address)}, "verify_url", address+"/verify",
				"auth", object("type", "api_key", "parameters", []any{object("name", "X-Api-Key", "display_name", "API key", "param_type", "header")}))
			for field, value := range map[string]string{"verify_method": c.method, "verify_body": c.body, "verify_member": c.member} {
				if value != "" {
					definition[field] = value
				}
			}
			l.Connect(t, definition, nil)
			a := l.API(t, "POST /v1/connections/"+c.name+"/connect", tenancyKey("wrong"))
			if a.Status != 400 || !strings.Contains(string(a.Body), c.refused) {
				t.Errorf("a wrong key: %d %s", a.Status, a.Body)
			}
			l.Must(t, 200, "POST /v1/connections/"+c.name+"/connect", tenancyKey("right"))
			if all := got(); !slices.Equal(all, []string{c.sent, c.sent}) {
				t.Errorf("the API got %q, want %q", all, c.sent)
			}
		})
	}
}

func TestClientCredentialsLearn(t *testing.T) {
	l := servertest.Start(t)
	p := providertest.Imitate(t, providertest.Manners{Token: map[string]string{"scope": "read all", "audience": "acme"}, APIHost: "localhost",
		Answer: func(access, _ string) (string, string) {
			return providertest.JSONAnswer("access_token", access, "expires_in", 3600, "api", "localhost")
		}})
	definition := custom(imitated(t, p, "acme", object("base_url", "http://{api}:PORT/api", "hosts", []string{"{api}:PORT"}, "dynamic_parameters", []any{
		object("key", "audience", "name", "Audience"),
		object("key", "api", "name", "API", "format", "host", "learn", object("from", "token", "at", "api"))}),
		object("grant_type", "client_credentials", "authorize_url", nil, "token_params", object("audience", "{audience}"),
			"scopes", []any{"read", object("value", "all", "name", "All", "always", true)})), "acme")
	l.Must(t, 201, "POST /v1/services", definition)
	l.Must(t, 201, "POST /v1/connections", object("link_name", "acme", "name", "acme", "service", "acme", "scopes", []string{"read"}))
	a := l.API(t, "POST /v1/connections/acme/connect", object())
	if a.Status != 400 || !strings.Contains(string(a.Body), "/parameters/audience") || strings.Contains(string(a.Body), "/parameters/api") {
		t.Errorf("without the audience: %d %s", a.Status, a.Body)
	}
	l.Must(t, 200, "POST /v1/connections/acme/connect", object("parameters", object("audience", "acme")))
	for range 2 {
		if a := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x")); a.Field(t, "status") != 200.0 {
			t.Fatalf("a call: %s", a.Body)
		}
		p.Expire()
	}
	if faults := p.Faults(); len(faults) > 0 {
		t.Errorf("the provider refused: %q", faults)
	}
}

// OAuth 1 answers with more than a token, too.
func TestOAuth1Learns(t *testing.T) {
	l, evil := servertest.Start(t), providertest.Evil(t)
	browser := l.Browser(t)
	evil.AccessToken.After(func(_ providertest.Request, a *providertest.Answer) { a.Body += "&user_id=42" })
	definition := evilOAuth1(t, evil, "acme")
	maps.Copy(definition, object("base_url", evil.Signed.URL+"/{user}", "dynamic_parameters", []any{object("key", "user", "name", "User", "learn", object("from", "token", "at", "user_id"))}))
	l.Connect(t, definition, nil)
	says(t, goes(t, l, browser, "acme", nil), "is connected")
	a := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x"))
	if all := evil.Signed.Requests(); a.Field(t, "status") != 200.0 || len(all) != 1 || all[0].URI != "/api/signed/42/x" {
		t.Errorf("the API got %+v: %s", all, a.Body)
	}
}

// The page asks for what nobody else says, and never shows a secret again.
func TestConnectPageAsks(t *testing.T) {
	l := servertest.Start(t)
	browser := l.Browser(t)
	p := providertest.Imitate(t, providertest.Manners{})
	l.Connect(t, custom(imitated(t, p, "acme", object("headers", object("X-Pin", "{pin}", "X-Host", "{host}", "X-Company", "{company}"), "dynamic_parameters", []any{
		object("key", "dc", "name", "The data centre", "choices", []string{"eu", "com"}),
		object("key", "pin", "name", "The pin", "secret", true),
		object("key", "host", "name", "The follower", "format", "host", "follows", "dc", "values", object("eu", "127.0.0.1", "com", "localhost")),
		object("key", "company", "name", "The company", "learn", object("from", "callback", "at", "realmId"))}), nil), "acme"), nil)
	address := connectURL(t, l, l.Key, "acme")
	page := string(servertest.Get(t, browser, address).Body)
	says(t, page, "The data centre", "The pin")
	for _, other := range []string{"The follower", "The company"} {
		if strings.Contains(page, other) {
			t.Errorf("the page asks for %s", other)
		}
	}
	form := url.Values{"parameter.dc": {"eu"}, "parameter.pin": {"1234-secret-pin"}}
	if a := servertest.Post(t, browser, address, form); a.Status != 200 || strings.Contains(string(a.Body), "1234-secret-pin") {
		t.Errorf("the form is answered with %d %s", a.Status, content(string(a.Body)))
	}
	a := l.Must(t, 200, "POST /v1/connections/acme/connect", object("parameters", object("dc", "eu", "pin", "1234-secret-pin")))
	if page := servertest.Get(t, browser, a.Field(t, "connect_url").(string)); strings.Contains(string(page.Body), "1234-secret-pin") {
		t.Error("the page shows a secret that was given beforehand")
	}
}
