package servertest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// What a provider answers, by way of the browser and at its token endpoint.

func TestA19_ErrorCallback(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	denied := func(callback, code, description string) string {
		return edited(t, callback, func(q url.Values) {
			q.Del("code")
			q.Set("error", code)
			if description != "" {
				q.Set("error_description", description)
			}
		})
	}
	const script = `<script>alert("x")</script>`
	for _, c := range []struct{ name, code, description, want string }{
		{"denied", "access_denied", "", "access_denied"},
		{"unknown to every RFC", "no_such_luck", "Ask again", "no_such_luck (Ask again)"},
		{"markup", "access_denied", script, "&lt;script&gt;"},
		{"markup as the code", script, "", "&lt;script&gt;"},
		{"long", "access_denied", strings.Repeat("a long text ", 1000), "a long text"},
		{"long code", strings.Repeat("denied_", 1000), "", "denied_"},
		{"line breaks", "access_denied", "one\r\nSet-Cookie: a=b\r\n\r\ntwo", "one  Set-Cookie: a=b    two"},
		{"NUL and half a letter", "access_denied", "a\x00b\xffc", "a bc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			callback := allow(t, begin(t, l, browser, "acme"))
			back := servertest.Get(t, browser, denied(callback, c.code, c.description))
			page := resultOf(t, l, browser, back)
			says(t, page, "acme is not connected", c.want, "What to do")
			if strings.Contains(page, "<script>alert") {
				t.Error("the page holds the provider's markup")
			}
			if n := len(content(page)); n > 4000 {
				t.Errorf("the page has %d bytes: the text was not cut", n)
			}
			if _, ok := back.Header["Set-Cookie"]; ok {
				t.Errorf("the answer sets a cookie: %v", back.Header)
			}
			// The consent has ended: the code that comes late is not used.
			says(t, resultOf(t, l, browser, servertest.Get(t, browser, callback)), "acme is not connected")
			exchanged(t, evil, 0)
			if got := standing(t, l, l.Key, "acme"); got != "not_connected" {
				t.Errorf("the connection is %s", got)
			}
		})
	}
	t.Run("bad state", func(t *testing.T) {
		callback := denied(allow(t, begin(t, l, browser, "acme")), "access_denied", "words of a stranger")
		a := servertest.Get(t, browser, edited(t, callback, func(q url.Values) { q.Set("state", "bad") }))
		refused(t, a, 400, unknownAnswer)
		for _, text := range []string{"words of a stranger", "access_denied"} {
			if strings.Contains(string(a.Body), text) {
				t.Errorf("the page says %q", text)
			}
		}
		says(t, resultOf(t, l, browser, servertest.Get(t, browser, callback)), "words of a stranger")
	})
	if audit := l.Must(t, 200, "GET /v1/audit?action=authorization.connect_failed", nil); !strings.Contains(string(audit.Body), "access_denied") {
		t.Errorf("the audit log does not tell of the refusals: %s", audit.Body)
	}
}

func TestA20_MalformedCallback(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	good := allow(t, begin(t, l, browser, "acme"))
	const malformed = "neither one code nor one error"
	for name, c := range map[string]struct {
		edit func(url.Values)
		says string
	}{
		"code and error":           {func(q url.Values) { q.Set("error", "access_denied") }, malformed},
		"code and an empty error":  {func(q url.Values) { q.Set("error", "") }, malformed},
		"two codes":                {func(q url.Values) { q.Add("code", "another") }, malformed},
		"the same code twice":      {func(q url.Values) { q.Add("code", q.Get("code")) }, malformed},
		"empty code":               {func(q url.Values) { q.Set("code", "") }, malformed},
		"no code":                  {func(q url.Values) { q.Del("code") }, malformed},
		"two errors":               {func(q url.Values) { q.Del("code"); q["error"] = []string{"a", "b"} }, malformed},
		"code of 10 kB":            {func(q url.Values) { q.Set("code", strings.Repeat("a", 10<<10)) }, malformed},
		"two states":               {func(q url.Values) { q.Add("state", "another") }, unknownAnswer},
		"an OAuth 1 answer's form": {func(q url.Values) { q.Set("oauth_token", q.Get("state")); q.Set("oauth_verifier", "x"); q.Del("state") }, unknownAnswer},
	} {
		t.Run(name, func(t *testing.T) { refused(t, servertest.Get(t, browser, edited(t, good, c.edit)), 400, c.says) })
	}
	t.Run("in the fragment", func(t *testing.T) {
		// A browser keeps it to itself, so nothing arrives.
		refused(t, servertest.Get(t, browser, strings.Replace(good, "?", "#", 1)), 400, unknownAnswer)
	})
	t.Run("POST", func(t *testing.T) {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, servertest.Post(t, browser, callbackOf(l, "acme"), u.Query()), 405, "cannot be used in this way")
		refused(t, servertest.Post(t, browser, good, nil), 405, "cannot be used in this way")
		refused(t, send(t, browser, "POST", good, u.RawQuery, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site", "Origin", evil.URL), 403, "Another site")
	})
	t.Run("HEAD and prefetch", func(t *testing.T) {
		if a := send(t, browser, "HEAD", good, ""); a.Status != 405 {
			t.Errorf("HEAD: %d", a.Status)
		}
		refused(t, send(t, browser, "GET", good, "", "Sec-Purpose", "prefetch;prerender"), 503, "not fetched ahead")
	})
	exchanged(t, evil, 0)
	says(t, resultOf(t, l, browser, servertest.Get(t, browser, good)), "is connected")
	exchanged(t, evil, 1)
}

// tokenAnswer makes the token endpoint answer that, with the code used up.
func tokenAnswer(evil *providertest.EvilProvider, change func(*providertest.Answer)) {
	evil.Token.After(func(_ providertest.Request, a *providertest.Answer) { change(a) })
}

// withMembers changes members of a JSON answer; nil removes one.
func withMembers(t testing.TB, a *providertest.Answer, pairs ...any) {
	var members map[string]any
	if err := json.Unmarshal([]byte(a.Body), &members); err != nil {
		t.Errorf("the token answer is %q", a.Body)
		return
	}
	for name, value := range object(pairs...) {
		if members[name] = value; value == nil {
			delete(members, name)
		}
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Error(err)
	}
	a.Body = string(body)
}

func TestA21_TokenAnswers(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	connected(t, l, browser, "acme")
	before := bearerOf(t, l, evil, "acme")
	body := func(contentType, text string) func(*providertest.Answer) {
		return func(a *providertest.Answer) { a.Header.Set("Content-Type", contentType); a.Body = text }
	}
	const jsonType = "application/json"
	for _, c := range []struct {
		name   string
		change func(*providertest.Answer)
		says   []string
	}{
		{"200 with an error", body(jsonType, `{"error":"invalid_grant","error_description":"so sorry"}`), []string{"invalid_grant", "so sorry"}},
		{"200 with an error beside a token", func(a *providertest.Answer) { withMembers(t, a, "error", "invalid_scope") }, []string{"invalid_scope"}},
		{"200 with a page", body("text/html", "<html><body>Maintenance</body></html>"), []string{"cannot be read", "page or XML"}},
		{"200 and empty", body(jsonType, ""), []string{"the answer is empty"}},
		{"JSON array", body(jsonType, `[{"access_token":"at.array","token_type":"Bearer"}]`), []string{"not an object"}},
		{"JSON text", body(jsonType, `"at.text"`), []string{"not an object"}},
		{"no access token", func(a *providertest.Answer) { withMembers(t, a, "access_token", nil) }, []string{"no access token"}},
		{"line break in the token", func(a *providertest.Answer) { withMembers(t, a, "access_token", "at.x\r\nX-Evil: 1") }, []string{"control characters"}},
		{"broken off", func(a *providertest.Answer) { a.Body = a.Body[:len(a.Body)/2] }, []string{"neither JSON nor a form"}},
		{"302", func(a *providertest.Answer) { a.Status = 302; a.Header.Set("Location", evil.Open.URL+"/moved") }, []string{"status 302"}},
		{"307", func(a *providertest.Answer) { a.Status = 307; a.Header.Set("Location", evil.Open.URL+"/moved") }, []string{"status 307"}},
		{"500", func(a *providertest.Answer) { a.Status = 500 }, []string{"status 500"}},
		{"2 MiB", func(a *providertest.Answer) { withMembers(t, a, "more", strings.Repeat("x", 2<<20)) }, []string{"acme"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tokenAnswer(evil, c.change)
			n := len(evil.Token.Requests())
			page := resultOf(t, l, browser, servertest.Get(t, browser, allow(t, begin(t, l, browser, "acme"))))
			says(t, page, "acme is not connected")
			says(t, page, c.says...)
			exchanged(t, evil, n+1)
			if strings.Contains(page, "at.") {
				t.Errorf("the page shows a token: %s", content(page))
			}
			// The credential from before is as it was, and in use.
			if got := standing(t, l, l.Key, "acme"); got != "connected" {
				t.Errorf("the connection is %s", got)
			}
			if got := bearerOf(t, l, evil, "acme"); got != before {
				t.Error("the API got another token than before")
			}
		})
	}
	if all := evil.Open.Requests(); len(all) != 0 {
		t.Errorf("a redirect of the token endpoint was followed: %s", all[0].URI)
	}
	for name, change := range map[string]func(*providertest.Answer){
		"form-encoded": func(a *providertest.Answer) {
			var members map[string]any
			if err := json.Unmarshal([]byte(a.Body), &members); err != nil {
				t.Error(err)
				return
			}
			body("application/x-www-form-urlencoded", url.Values{"access_token": {members["access_token"].(string)}, "token_type": {"bearer"}, "scope": {"read,write"}}.Encode())(a)
		},
		"byte order mark":        func(a *providertest.Answer) { a.Body = "\ufeff" + a.Body },
		"JSON called text":       func(a *providertest.Answer) { a.Header.Set("Content-Type", "text/html") },
		"201":                    func(a *providertest.Answer) { a.Status = 201 },
		"error that is null":     func(a *providertest.Answer) { withMembers(t, a, "error", json.RawMessage("null")) },
		"members of other kinds": func(a *providertest.Answer) { withMembers(t, a, "scope", 7, "refresh_token", 7, "expires_in", "soon") },
	} {
		t.Run(name, func(t *testing.T) {
			tokenAnswer(evil, change)
			says(t, resultOf(t, l, browser, servertest.Get(t, browser, allow(t, begin(t, l, browser, "acme")))), "is connected")
			now := bearerOf(t, l, evil, "acme")
			if now == before {
				t.Error("the API got the token from before")
			}
			before = now
		})
	}
}

func TestA22_TokenTypes(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	for _, c := range []struct {
		name string
		kind any
		ok   bool
	}{
		{"lower case", "bearer", true}, {"as the RFC has it", "Bearer", true}, {"missing", nil, true},
		{"mac", "mac", false}, {"DPoP", "DPoP", false}, {"N_A", "N_A", false}, {"a number", 7, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tokenAnswer(evil, func(a *providertest.Answer) { withMembers(t, a, "token_type", c.kind) })
			page := resultOf(t, l, browser, servertest.Get(t, browser, allow(t, begin(t, l, browser, "acme"))))
			if c.ok {
				says(t, page, "is connected")
				if got := bearerOf(t, l, evil, "acme"); !strings.HasPrefix(got, "Bearer at.") {
					t.Errorf("the API got %q", got)
				}
				return
			}
			says(t, page, "acme is not connected", "token_type")
		})
	}
}

func TestA23_GrantedScope(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	const missing = "Not everything was granted"
	for _, c := range []struct {
		name    string
		scope   any
		missing string
	}{
		{"as asked", "read write", ""},
		{"in another order", "write read", ""},
		{"divided by commas", "write,read", ""},
		{"wider", "read write admin", ""},
		{"not said", nil, ""},
		{"narrower", "read", "Write"},
		{"another", "admin", "Read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tokenAnswer(evil, func(a *providertest.Answer) { withMembers(t, a, "scope", c.scope) })
			page := resultOf(t, l, browser, servertest.Get(t, browser, allow(t, begin(t, l, browser, "acme"))))
			says(t, page, "is connected")
			if c.missing == "" {
				if strings.Contains(page, missing) {
					t.Errorf("the page says that something is missing: %s", content(page))
				}
				return
			}
			says(t, page, missing, c.missing)
		})
	}
}

// TestA29_AnswerAfterTheEnd has the provider answer when the connection is not what it was any more.
func TestA29_AnswerAfterTheEnd(t *testing.T) {
	l, evil, browser := consentWorld(t, "first", func(c *server.Config) { c.SweepEvery = 200 * time.Millisecond })
	for _, c := range []struct {
		name, connection string
		end              func(t *testing.T, name string)
		status           string // of the connection in the end; empty: it is gone
	}{
		{"connection deleted", "gone", func(t *testing.T, name string) { l.Must(t, 204, "DELETE /v1/connections/"+name, nil) }, ""},
		{"connection deleted and made again", "anew", func(t *testing.T, name string) {
			l.Must(t, 204, "DELETE /v1/connections/"+name, nil)
			newConnection(t, l, l.Key, name, name, "scopes", []string{"read"})
		}, "not_connected"},
		{"service edited", "changed", func(t *testing.T, name string) {
			l.Must(t, 200, "PATCH /v1/services/"+name, object("auth", object("revoke_token_url", evil.URL+"/elsewhere", "client_id", "another")))
		}, "not_connected"},
		{"service deleted", "bare", func(t *testing.T, name string) { l.Must(t, 200, "DELETE /v1/services/"+name, nil) }, "not_connected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.Connect(t, evilOAuth2(t, evil, c.connection), nil)
			callback := allow(t, begin(t, l, browser, c.connection))
			asked, answer := make(chan string, 1), make(chan struct{})
			release := sync.OnceFunc(func() { close(answer) })
			defer release()
			tokenAnswer(evil, func(a *providertest.Answer) {
				var granted struct {
					RefreshToken string `json:"refresh_token"`
				}
				if err := json.Unmarshal([]byte(a.Body), &granted); err != nil {
					t.Error(err)
				}
				asked <- granted.RefreshToken
				<-answer
			})
			back := arrive(browser, callback)
			token := <-asked
			c.end(t, c.connection)
			release()
			a := <-back
			if a.err != nil {
				t.Fatal(a.err)
			}
			page := a.body
			if a.status == http.StatusSeeOther {
				page = resultOf(t, l, browser, &servertest.Answer{Status: a.status, Header: http.Header{"Location": {a.location}}})
			} else if a.status != 409 {
				t.Errorf("the callback: %d", a.status)
			}
			says(t, page, "was changed meanwhile")

			// The provider is told, of this very token, by the definition that it was granted by.
			told := func() (n int) {
				for _, r := range evil.Revoke.Requests() {
					if r.Form.Get("token") == token && r.Status == 200 {
						n++
					}
				}
				return n
			}
			for deadline := time.Now().Add(20 * time.Second); told() == 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the provider was not told to revoke the token; it got %d requests", len(evil.Revoke.Requests()))
				}
			}
			if n := told(); n != 1 {
				t.Errorf("the provider was told %d times", n)
			}
			got := l.API(t, "GET /v1/connections/"+c.connection, nil)
			if c.status == "" && got.Status != 404 || c.status != "" && got.Field(t, "status") != c.status {
				t.Errorf("the connection: %d %s, want status %q", got.Status, got.Body, c.status)
			}
			if invoked := l.API(t, "POST /v1/invoke", object("connection", c.connection, "url", evil.Bearer.URL)); invoked.Status == 200 {
				t.Errorf("a call goes through: %s", invoked.Body)
			}
		})
	}
	if n := len(evil.Bearer.Requests()); n != 0 {
		t.Errorf("the API got %d calls", n)
	}
}
