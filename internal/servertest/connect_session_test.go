package servertest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

const hostReturn = "https://app.example.com/settings?tab=apps"

// hostApp is a host application: its key, and the connection acme that its users connect.
type hostApp struct {
	*servertest.Lanyard
	key      string
	alice    lanyard.UserID
	provider *providertest.OIDCPeer
}

// newHostApp is a server with a service that asks for consent, a connection that uses each user's own account, and the
// users alice and bob of an application, who never sign in here.
func newHostApp(t *testing.T, changes ...func(*server.Config)) *hostApp {
	t.Helper()
	l := tenancyPrepare(t, changes...)
	alice, _ := l.Member(t, "alice@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	l.Member(t, "bob@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	l.Serve(t)
	h := &hostApp{Lanyard: l, alice: alice}
	h.provider = providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "acme")}, Rotate: true})
	definition := oauth2Service(l, "acme", h.provider, providertest.WebBasicID, providertest.WebBasicSecret)
	definition["auth"].(map[string]any)["revoke_token_url"] = h.provider.RevokeURL
	l.Connect(t, definition, nil)
	l.Must(t, 200, "PATCH /v1/connections/acme", object("use_login_user_credentials", true))
	h.key = l.Must(t, 201, "POST /v1/api_keys", object("name", "application", "act_for_users", true, "manage", false, "connections", []string{"acme"},
		"return_to_origins", []string{"https://app.example.com"})).Field(t, "key").(string)
	return h
}

// begin makes a connect session for alice.
func (h *hostApp) begin(t *testing.T) (id, connectURL string) {
	t.Helper()
	a := h.As(t, h.key, "POST /v1/connect_sessions", object("connection", "acme", "user", "ext-alice@example.com", "return_to", hostReturn))
	if a.Status != 201 {
		t.Fatalf("begin: %d %s", a.Status, a.Body)
	}
	return a.Field(t, "id").(string), a.Field(t, "connect_url").(string)
}

// connects opens the link in a browser, consents as login, and gives where the browser ends: at the application.
func (h *hostApp) connects(t *testing.T, browser *http.Client, connectURL, login string) url.Values {
	t.Helper()
	if a := servertest.Get(t, browser, connectURL); a.Status != 200 {
		t.Fatalf("open: %d %s", a.Status, mainOf(a))
	}
	return h.comesBack(t, browser, h.provider.Consent(t, browser, h.Leave(t, browser, connectURL+"/go"), login))
}

func (h *hostApp) comesBack(t *testing.T, browser *http.Client, callback string) url.Values {
	t.Helper()
	a := servertest.Get(t, browser, callback)
	end := a.Header.Get("Location")
	if a.Status != 303 || !strings.HasPrefix(end, "/connect/ended/") {
		t.Fatalf("the callback: %d to %q: %s", a.Status, end, mainOf(a))
	}
	a = servertest.Get(t, browser, h.URL+end)
	to, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != 303 || to.Host != "app.example.com" || to.Query().Get("tab") != "apps" {
		t.Fatalf("the end: %d to %q: %s", a.Status, to, mainOf(a))
	}
	return to.Query()
}

func (h *hostApp) confirm(t *testing.T, id, code, user string) *servertest.Answer {
	t.Helper()
	return h.As(t, h.key, "POST /v1/connect_sessions/"+id+"/confirm", object("code", code, "user", user))
}

func (h *hostApp) whoami(t *testing.T) *servertest.Answer {
	t.Helper()
	return h.As(t, h.key, "POST /v1/invoke", object("connection", "acme", "url", "/api/whoami"), "Lanyard-User", "ext-alice@example.com")
}

func (h *hostApp) status(t *testing.T, id string) string {
	t.Helper()
	a := h.As(t, h.key, "GET /v1/connect_sessions/"+id, nil)
	return a.Field(t, "status").(string)
}

func TestConnectSession(t *testing.T) {
	h := newHostApp(t, func(c *server.Config) { c.SweepEvery = 100 * time.Millisecond })
	t.Run("an end user connects without signing in, and is bound when the application confirms", func(t *testing.T) {
		if a := h.whoami(t); a.Code() != "authorization_required" || !strings.Contains(string(a.Body), "POST /v1/connect_sessions") {
			t.Errorf("before: %d %s", a.Status, a.Body)
		}
		id, link := h.begin(t)
		if got := h.status(t, id); got != "open" {
			t.Errorf("at first it is %s", got)
		}
		back := h.connects(t, servertest.Stranger(t), link, "alice")
		if back.Get("session") != id || back.Get("code") == "" {
			t.Errorf("the browser brought %v", back)
		}
		if got := h.status(t, id); got != "pending" {
			t.Errorf("after consent it is %s", got)
		}
		if a := h.whoami(t); a.Status != 409 || a.Code() != "pending_confirmation" {
			t.Errorf("before it is confirmed: %d %s", a.Status, a.Body)
		}
		a := h.confirm(t, id, back.Get("code"), "ext-alice@example.com")
		if a.Status != 200 || a.Field(t, "status") != "connected" || a.Field(t, "connection") != "acme" || a.Field(t, "user") != string(h.alice) {
			t.Errorf("confirm: %d %s", a.Status, a.Body)
		}
		if a := h.whoami(t); a.Status != 200 || a.Field(t, "body.sub") != "alice" {
			t.Errorf("afterwards: %d %s", a.Status, a.Body)
		}
		for what, secret := range map[string]string{"code": back.Get("code"), "token": link[strings.LastIndex(link, "/")+1:]} {
			if strings.Contains(h.Log.String(), secret) {
				t.Errorf("the log has the %s", what)
			}
		}
		if a := h.confirm(t, id, back.Get("code"), ""); a.Status != 409 || h.status(t, id) != "confirmed" {
			t.Errorf("the same code again: %d %s", a.Status, a.Body)
		}
		entry := tenancyItems(t, h.Lanyard, h.Key, "/v1/audit?action="+string(lanyard.ActionConnect))[0]
		if entry["on_behalf_of"] != string(h.alice) || entry["key"] == "" || entry["detail"].(map[string]any)["connect_session"] != id {
			t.Errorf("the audit log says %v", entry)
		}
	})
	t.Run("A10: a second browser is refused, before and after", func(t *testing.T) {
		_, link := h.begin(t)
		first, second := servertest.Stranger(t), servertest.Stranger(t)
		servertest.Get(t, first, link)
		for _, browser := range []*http.Client{second, h.Browser(t)} {
			if a := servertest.Get(t, browser, link); a.Status != 403 || !strings.Contains(string(a.Body), "another browser") {
				t.Errorf("the second browser: %d %s", a.Status, mainOf(a))
			}
			if a := servertest.Get(t, browser, link+"/go"); a.Status != 403 {
				t.Errorf("the second browser goes on: %d", a.Status)
			}
		}
		callback := h.provider.Consent(t, first, h.Leave(t, first, link+"/go"), "alice")
		for _, browser := range []*http.Client{second, h.Browser(t), servertest.Stranger(t)} {
			if a := servertest.Get(t, browser, callback); a.Status != 403 {
				t.Errorf("the callback in another browser: %d %s", a.Status, mainOf(a))
			}
		}
		// A27: the flow cookie under the name of a session, and the other way round.
		u, _ := url.Parse(h.URL)
		flow := first.Jar.Cookies(u)[0]
		swapped := servertest.Stranger(t)
		swapped.Jar.SetCookies(u, []*http.Cookie{{Name: "lanyard_session", Value: flow.Value, Path: "/"}})
		if a := servertest.Get(t, swapped, h.URL+"/connections"); a.Status != 401 {
			t.Errorf("A27: a flow as a session: %d", a.Status)
		}
		if a := h.As(t, "lanyard_"+flow.Value, "GET /v1/me", nil); a.Status != 401 {
			t.Errorf("A27: a flow as an API key: %d", a.Status)
		}
		owner := h.Browser(t)
		for _, c := range owner.Jar.Cookies(u) {
			if c.Name == "lanyard_session" {
				swapped.Jar.SetCookies(u, []*http.Cookie{{Name: "lanyard_flow", Value: c.Value, Path: "/"}})
			}
		}
		if a := servertest.Get(t, swapped, link); a.Status != 403 {
			t.Errorf("A27: a session as a flow: %d", a.Status)
		}
		// The first one still gets there.
		if back := h.comesBack(t, first, callback); back.Get("code") == "" {
			t.Errorf("the first browser brought %v", back)
		}
	})
	t.Run("A10: an account of somebody who was sent a link is never bound", func(t *testing.T) {
		id, link := h.begin(t)
		back := h.connects(t, servertest.Stranger(t), link, "bob")
		// The application sees that bob is signed in, in whose browser it ended.
		if a := h.confirm(t, id, back.Get("code"), "ext-bob@example.com"); a.Status != 403 {
			t.Errorf("confirm for bob: %d %s", a.Status, a.Body)
		}
		if a := h.confirm(t, id, back.Get("code"), "ext-alice@example.com"); a.Status != 409 || h.status(t, id) != "failed" {
			t.Errorf("afterwards for alice: %d %s, and it is %s", a.Status, a.Body, h.status(t, id))
		}
		if a := h.whoami(t); a.Field(t, "body.sub") != "alice" {
			t.Errorf("alice's account is now %s", a.Body)
		}
		comesTrue(t, "what bob granted is given back", func() bool { return len(h.provider.Events("revocation_request")) == 1 })
	})
	t.Run("the third wrong code ends the session", func(t *testing.T) {
		id, link := h.begin(t)
		if a := h.confirm(t, id, "early", ""); a.Status != 409 {
			t.Errorf("before anybody connected: %d %s", a.Status, a.Body)
		}
		back := h.connects(t, servertest.Stranger(t), link, "alice")
		for range 3 {
			if a := h.confirm(t, id, "wrong", ""); a.Status != 403 {
				t.Errorf("a wrong code: %d %s", a.Status, a.Body)
			}
		}
		if a := h.confirm(t, id, back.Get("code"), ""); a.Status != 409 || h.status(t, id) != "failed" {
			t.Errorf("the right code afterwards: %d %s", a.Status, a.Body)
		}
	})
	t.Run("a refusal at the provider comes back in words, and can be tried again", func(t *testing.T) {
		id, link := h.begin(t)
		browser := servertest.Stranger(t)
		servertest.Get(t, browser, link)
		a := servertest.Get(t, browser, h.provider.Deny(t, browser, h.Leave(t, browser, link+"/go")))
		page := servertest.Get(t, browser, h.URL+a.Header.Get("Location"))
		if page.Status != 200 || !strings.Contains(string(page.Body), "is not connected") || !strings.Contains(string(page.Body), "error=access_denied") {
			t.Errorf("the end: %d %s", page.Status, mainOf(page))
		}
		if got := h.As(t, h.key, "GET /v1/connect_sessions/"+id, nil); got.Field(t, "status") != "failed" || got.Field(t, "error") != "access_denied" {
			t.Errorf("the session: %s", got.Body)
		}
		if back := h.connects(t, browser, link, "alice"); back.Get("code") == "" {
			t.Errorf("the second try brought %v", back)
		}
		// Each look at the end makes another code, and the one before is worth nothing.
		end := servertest.Get(t, browser, h.URL+a.Header.Get("Location"))
		to, _ := url.Parse(end.Header.Get("Location"))
		if got := h.confirm(t, id, to.Query().Get("code"), ""); got.Status != 200 {
			t.Errorf("the latest code: %d %s", got.Status, got.Body)
		}
	})
	t.Run("a connection that is kept for its owner meanwhile binds nobody", func(t *testing.T) {
		id, link := h.begin(t)
		back := h.connects(t, servertest.Stranger(t), link, "bob")
		h.Must(t, 200, "PATCH /v1/connections/acme", object("use_login_user_credentials", false))
		if a := h.confirm(t, id, back.Get("code"), ""); a.Status != 409 || h.status(t, id) != "failed" {
			t.Errorf("confirm: %d %s", a.Status, a.Body)
		}
		h.Must(t, 200, "PATCH /v1/connections/acme", object("use_login_user_credentials", true))
	})
	t.Run("what nobody confirms is given back and erased", func(t *testing.T) {
		id, link := h.begin(t)
		h.connects(t, servertest.Stranger(t), link, "alice")
		before := len(h.provider.Events("revocation_request"))
		h.SQL(t, `UPDATE connect_sessions SET expires_at = $2 WHERE id = $1`, id, time.Now().Add(-time.Minute).UnixMilli())
		comesTrue(t, "what was granted is given back", func() bool { return len(h.provider.Events("revocation_request")) > before })
		if got := h.status(t, id); got != "expired" {
			t.Errorf("it is %s", got)
		}
	})
	for _, action := range []lanyard.Action{lanyard.ActionConnectSession, lanyard.ActionConnectRefused} {
		if entries := tenancyItems(t, h.Lanyard, h.Key, "/v1/audit?action="+string(action)); len(entries) == 0 || entries[0]["on_behalf_of"] == "" || entries[0]["object_name"] != "acme" {
			t.Errorf("the audit log of %s: %v", action, entries)
		}
	}
}

// comesTrue waits for something that the background does.
func comesTrue(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come true that %s", what)
		}
	}
}

func TestConnectSessionWithTypedCredentials(t *testing.T) {
	l := tenancyPrepare(t)
	l.Member(t, "alice@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	l.Serve(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "typed"), nil)
	l.Must(t, 200, "PATCH /v1/connections/typed", object("use_login_user_credentials", true))
	key := l.Must(t, 201, "POST /v1/api_keys", object("name", "application", "act_for_users", true, "return_to_origins", []string{"http://localhost:3000"})).Field(t, "key").(string)
	made := l.As(t, key, "POST /v1/connect_sessions", object("connection", "typed", "return_to", "http://localhost:3000/back"), "Lanyard-User", "ext-alice@example.com")
	id, link := made.Field(t, "id").(string), made.Field(t, "connect_url").(string)
	browser := servertest.Stranger(t)
	// Nobody sends the form before the page was opened.
	if a := servertest.Post(t, servertest.Stranger(t), link, url.Values{"credential.X-Api-Key": {"planted"}}); a.Status != 403 {
		t.Errorf("a form without its page: %d", a.Status)
	}
	servertest.Get(t, browser, link)
	a := servertest.Post(t, browser, link, url.Values{"credential.X-Api-Key": {"typed-secret"}})
	if a.Status != 200 || !strings.Contains(string(a.Body), "/connect/ended/") || strings.Contains(string(a.Body), "typed-secret") {
		t.Fatalf("the form: %d %s", a.Status, mainOf(a))
	}
	end := servertest.Get(t, browser, l.URL+"/connect/ended/"+string(l.OrganizationID)+"/"+id)
	to, err := url.Parse(end.Header.Get("Location"))
	if err != nil || to.Host != "localhost:3000" || to.Query().Get("session") != id {
		t.Fatalf("the end leads to %q", to)
	}
	if a := servertest.Get(t, browser, link); a.Status != 409 || !strings.Contains(string(a.Body), "connected here already") {
		t.Errorf("the link once more: %d %s", a.Status, mainOf(a))
	}
	if a := l.As(t, key, "POST /v1/connect_sessions/"+id+"/confirm", object("code", to.Query().Get("code")), "Lanyard-User", "ext-alice@example.com"); a.Status != 200 {
		t.Fatalf("confirm: %d %s", a.Status, a.Body)
	}
	got := l.As(t, key, "POST /v1/invoke", object("connection", "typed", "url", "/x"), "Lanyard-User", "ext-alice@example.com")
	if up.header().Get("X-Api-Key") != "typed-secret" {
		t.Errorf("invoke: %d %s", got.Status, got.Body)
	}
}

func TestWhoMakesConnectSessions(t *testing.T) {
	l := tenancyPrepare(t)
	l.Member(t, "alice@example.com", lanyard.RoleMember, lanyard.KeyRights{})
	_, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	other := l.Organization(t, "zweite")
	l.Serve(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "acme"), nil)
	l.Must(t, 200, "PATCH /v1/connections/acme", object("use_login_user_credentials", true))
	l.Must(t, 201, "POST /v1/connections", object("link_name", "owners", "name", "Owner's", "service", "acme"))
	key := func(body map[string]any) string {
		body["name"] = "k"
		return l.Must(t, 201, "POST /v1/api_keys", body).Field(t, "key").(string)
	}
	origins := []string{"https://app.example.com"}
	whole := key(object("act_for_users", true, "return_to_origins", origins))
	good := func(pairs ...any) map[string]any {
		body := object("connection", "acme", "user", "ext-alice@example.com", "return_to", "https://app.example.com/back")
		for i := 0; i < len(pairs); i += 2 {
			body[pairs[i].(string)] = pairs[i+1]
		}
		return body
	}
	for _, c := range []struct {
		name   string
		key    string
		body   map[string]any
		status int
		says   string
	}{
		{"a good one", whole, good(), 201, "/connect/session/"},
		{"the owner for himself, on his own connection", whole, good("connection", "owners", "user", string(l.UserID)), 201, ""},
		{"a key that does not act for users", key(object()), good(), 403, "acts for users"},
		{"a member's key", memberKey, good(), 403, "acts for users"},
		{"a key for another connection", key(object("act_for_users", true, "connections", []string{"owners"}, "return_to_origins", origins)), good(), 403, "may not use the connection"},
		{"another organization's key", other.Key, good(), 404, "no connection"},
		{"a connection that is not there", whole, good("connection", "none"), 404, "no connection"},
		{"a connection that runs with its owner's account", whole, good("connection", "owners"), 400, "runs every call with its owner"},
		{"nobody", whole, good("user", ""), 400, "name the user"},
		{"somebody unknown", whole, good("user", "ext-nobody"), 404, "no user"},
		{"another organization's user", whole, good("user", string(other.UserID)), 404, "no user"},
		{"an unknown display", whole, good("display", "frame"), 400, ""},
	} {
		if a := l.As(t, c.key, "POST /v1/connect_sessions", c.body); a.Status != c.status || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
	}
	for _, to := range []string{
		"", "/back", "//evil.com", "https:evil.com", `/\evil.com`, "/%09/evil.com", "https://app.example.com.evil.com", "javascript:alert(1)", "https://evil.com",
		"http://app.example.com/back", "https://app.example.com:8443/back", "https://user@app.example.com/", "https://app.example.com\t/", `https://app.example.com\@evil.com`,
		"https://app.example.com/#f", "https://app.example.com/?code=x", "https://app.example.com/?session=x", "https://app.example.com@evil.com/", "https://xapp.example.com/",
	} {
		if a := l.As(t, whole, "POST /v1/connect_sessions", good("return_to", to)); a.Status != 400 || !strings.Contains(string(a.Body), "/return_to") {
			t.Errorf("A18 return_to %q: %d %s", to, a.Status, a.Body)
		}
	}
	// A session is nobody's but the organization's, and a key's that may use its connection.
	id := l.As(t, whole, "POST /v1/connect_sessions", good()).Field(t, "id").(string)
	narrow := key(object("act_for_users", true, "connections", []string{"owners"}))
	for name, k := range map[string]string{"another organization's": other.Key, "one for another connection": narrow} {
		for _, call := range []string{"GET /v1/connect_sessions/" + id, "POST /v1/connect_sessions/" + id + "/confirm"} {
			var body any
			if strings.HasPrefix(call, "POST") {
				body = object("code", "x")
			}
			if a := l.As(t, k, call, body); a.Status != 404 {
				t.Errorf("%s key, %s: %d %s", name, call, a.Status, a.Body)
			}
		}
	}
}

func TestKeysRotateWithoutAGap(t *testing.T) {
	l := tenancyPrepare(t)
	_, adminKey := l.Member(t, "admin@example.com", lanyard.RoleAdmin, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	first := l.Must(t, 201, "POST /v1/api_keys", object("name", "app"))
	id := first.Field(t, "id").(string)
	works := func(a *servertest.Answer) bool {
		return l.As(t, a.Field(t, "key").(string), "GET /v1/me", nil).Status == 200
	}
	rotate := func(body any) *servertest.Answer { return l.Must(t, 200, "POST /v1/api_keys/"+id+"/rotate", body) }

	second := rotate(nil)
	if second.Field(t, "id") != id || second.Field(t, "key") == first.Field(t, "key") || second.Field(t, "previous_expires_at") == nil {
		t.Errorf("rotated: %s", second.Body)
	}
	if !works(first) || !works(second) {
		t.Error("not both work after a rotation")
	}
	third := rotate(object("overlap_seconds", 3600))
	if works(first) || !works(second) || !works(third) {
		t.Error("after the second rotation the first secret still works, or one of the others does not")
	}
	l.Must(t, 204, "DELETE /v1/api_keys/"+id+"/previous", nil)
	l.Must(t, 404, "DELETE /v1/api_keys/"+id+"/previous", nil)
	if works(second) || !works(third) {
		t.Error("the previous secret outlived its end, or the present one did not")
	}
	fourth := rotate(object("overlap_seconds", 0))
	if works(third) || !works(fourth) {
		t.Error("a secret outlived a rotation without an overlap")
	}
	for _, body := range []map[string]any{
		object("overlap_seconds", 31*24*3600), object("overlap_seconds", -1), object("old_key_expires_at", "2001-01-01T00:00:00Z"),
		object("overlap_seconds", 1, "old_key_expires_at", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)),
	} {
		l.Must(t, 400, "POST /v1/api_keys/"+id+"/rotate", body)
	}
	until := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	if got := rotate(object("old_key_expires_at", until.Format(time.RFC3339))); got.Field(t, "previous_expires_at") != until.Format(time.RFC3339) {
		t.Errorf("until a time: %s", got.Body)
	}
	// Nobody rotates another's key, nor one that may do more than the key that asks.
	if a := l.As(t, adminKey, "POST /v1/api_keys/"+id+"/rotate", nil); a.Status != 404 {
		t.Errorf("another's key: %d", a.Status)
	}
	acting := l.Must(t, 201, "POST /v1/api_keys", object("name", "acting", "act_for_users", true)).Field(t, "id").(string)
	plain := l.Must(t, 201, "POST /v1/api_keys", object("name", "plain")).Field(t, "key").(string)
	if a := l.As(t, plain, "POST /v1/api_keys/"+acting+"/rotate", nil); a.Status != 403 {
		t.Errorf("a key rotates one that may do more: %d %s", a.Status, a.Body)
	}
	// H14: what a key may name.
	for _, body := range []map[string]any{
		object("name", "k", "connections", []string{"nowhere"}),
		object("name", "k", "return_to_origins", []string{"https://app.example.com"}),
		object("name", "k", "act_for_users", true, "return_to_origins", []string{"https://app.example.com/"}),
		object("name", "k", "act_for_users", true, "return_to_origins", []string{"http://app.example.com"}),
	} {
		l.Must(t, 400, "POST /v1/api_keys", body)
	}
}
