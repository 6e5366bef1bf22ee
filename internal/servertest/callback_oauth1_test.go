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

// evilOAuth1 is a service at an evil provider that speaks OAuth 1.0a.
func evilOAuth1(t testing.TB, evil *providertest.EvilProvider, name string) map[string]any {
	return object("link_name", name, "name", name, "base_url", evil.URL, "hosts", []string{hostOf(t, evil.URL)},
		"auth", object("type", "oauth1", "consumer_key", providertest.EvilConsumerKey, "consumer_secret", providertest.EvilConsumerSecret,
			"request_token_url", evil.RequestToken.URL, "authorize_url", evil.AuthorizeRequestToken.URL, "access_token_url", evil.AccessToken.URL))
}

func oauth1World(t testing.TB, name string, changes ...func(*server.Config)) (*servertest.Lanyard, *providertest.EvilProvider, *http.Client) {
	t.Helper()
	evil, l := providertest.Evil(t), servertest.Start(t, changes...)
	l.Connect(t, evilOAuth1(t, evil, name), nil)
	return l, evil, l.Browser(t)
}

// traded checks how many request tokens the access token endpoint was ever given.
func traded(t testing.TB, evil *providertest.EvilProvider, want int) {
	t.Helper()
	if n := len(evil.AccessToken.Requests()); n != want {
		t.Errorf("the access token endpoint got %d requests, want %d", n, want)
	}
}

func TestC03_CallbackNotConfirmed(t *testing.T) {
	l, evil, browser := oauth1World(t, "acme")
	for name, confirmed := range map[string]string{"missing": "", "false": "&oauth_callback_confirmed=false", "another case": "&oauth_callback_confirmed=True", "false, then true": "&oauth_callback_confirmed=false&oauth_callback_confirmed=true"} {
		t.Run(name, func(t *testing.T) {
			evil.RequestToken.After(func(_ providertest.Request, a *providertest.Answer) {
				a.Body = strings.Replace(a.Body, "oauth_callback_confirmed=true&", "", 1) + confirmed
			})
			a := servertest.Get(t, browser, connectURL(t, l, l.Key, "acme")+"/go")
			if a.Status < 400 || a.Header.Get("Location") != "" {
				t.Errorf("the browser is sent on: %d to %q", a.Status, a.Header.Get("Location"))
			}
			says(t, string(a.Body), "oauth_callback_confirmed", "acme is not connected")
		})
	}
	if n := len(evil.AuthorizeRequestToken.Requests()); n != 0 {
		t.Errorf("the provider was asked for consent %d times", n)
	}
	traded(t, evil, 0)
	evil.RequestToken.Honest()
	connected(t, l, browser, "acme")
}

func TestC04_RequestTokenOfAnother(t *testing.T) {
	l, evil, browser := oauth1World(t, "acme")
	l.Connect(t, evilOAuth1(t, evil, "second"), nil)
	_, malloryKey := member(t, l, "mallory")
	mallory := signIn(t, l, malloryKey)
	newConnection(t, l, malloryKey, "hers", "acme")

	good := allow(t, begin(t, l, browser, "acme"))
	elsewhere := allow(t, begin(t, l, browser, "second"))
	hers := allow(t, l.Leave(t, mallory, connectURL(t, l, malloryKey, "hers")))
	query := func(callback string) string { return callback[strings.Index(callback, "?"):] }
	const malformed = "neither one code nor one error"
	for name, c := range map[string]struct {
		address string
		status  int
		says    string
	}{
		"another service's flow": {callbackOf(l, "acme") + query(elsewhere), 400, otherService},
		"at another's path":      {callbackOf(l, "second") + query(good), 400, otherService},
		"another user's":         {hers, 403, someoneElse},
		"unknown":                {edited(t, good, func(q url.Values) { q.Set("oauth_token", "unknown") }), 400, unknownAnswer},
		"absent":                 {edited(t, good, func(q url.Values) { q.Del("oauth_token") }), 400, unknownAnswer},
		"twice":                  {edited(t, good, func(q url.Values) { q.Add("oauth_token", q.Get("oauth_token")) }), 400, unknownAnswer},
		"beside a state":         {edited(t, good, func(q url.Values) { q.Set("state", q.Get("oauth_token")) }), 400, unknownAnswer},
		"as a state":             {edited(t, good, func(q url.Values) { q.Set("state", q.Get("oauth_token")); q.Del("oauth_token") }), 400, unknownAnswer},
		"without verifier":       {edited(t, good, func(q url.Values) { q.Del("oauth_verifier") }), 400, malformed},
		"empty verifier":         {edited(t, good, func(q url.Values) { q.Set("oauth_verifier", "") }), 400, malformed},
		"two verifiers":          {edited(t, good, func(q url.Values) { q.Add("oauth_verifier", "x") }), 400, malformed},
		"a code instead":         {edited(t, good, func(q url.Values) { q.Del("oauth_verifier"); q.Set("code", "x") }), 400, malformed},
	} {
		t.Run(name, func(t *testing.T) { refused(t, servertest.Get(t, browser, c.address), c.status, c.says) })
	}
	refused(t, servertest.Get(t, servertest.Stranger(t), good), 401, "Sign in")
	traded(t, evil, 0)
	for _, name := range []string{"acme", "second"} {
		if got := standing(t, l, l.Key, name); got != "not_connected" {
			t.Errorf("%s is %s", name, got)
		}
	}
	t.Run("used before", func(t *testing.T) {
		says(t, resultOf(t, l, browser, servertest.Get(t, browser, good)), "is connected")
		traded(t, evil, 1)
		for range 2 {
			says(t, resultOf(t, l, browser, servertest.Get(t, browser, good)), "is connected")
		}
		traded(t, evil, 1)
	})
	t.Run("the verifier of another", func(t *testing.T) {
		mixed := edited(t, elsewhere, func(q url.Values) { q.Set("oauth_verifier", queryOf(t, hers, "oauth_verifier")) })
		says(t, resultOf(t, l, browser, servertest.Get(t, browser, mixed)), "second is not connected", "wrong oauth_verifier")
		if got := standing(t, l, l.Key, "second"); got != "not_connected" {
			t.Errorf("it is %s", got)
		}
	})
	t.Run("denied", func(t *testing.T) {
		n := len(evil.AccessToken.Requests())
		for name, edit := range map[string]func(url.Values){
			"beside the token": func(q url.Values) { q.Del("oauth_verifier"); q.Set("denied", q.Get("oauth_token")) },
			// As Twitter says it.
			"in its place": func(q url.Values) {
				q.Del("oauth_verifier")
				q.Set("denied", q.Get("oauth_token"))
				q.Del("oauth_token")
			},
		} {
			callback := allow(t, begin(t, l, browser, "second"))
			a := servertest.Get(t, browser, edited(t, callback, edit))
			if a.Status != 303 {
				t.Errorf("%s: %d %s", name, a.Status, content(string(a.Body)))
				continue
			}
			says(t, resultOf(t, l, browser, a), "second is not connected", "access was denied")
		}
		traded(t, evil, n)
	})
}

func TestC09_RedirectsAreNotFollowed(t *testing.T) {
	l, evil, browser := oauth1World(t, "acme")
	thief := providertest.Evil(t)
	for name, endpoint := range map[string]*providertest.Endpoint{"request token": evil.RequestToken, "access token": evil.AccessToken} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			endpoint.Always(providertest.Answer{Status: status, Header: http.Header{"Location": {thief.Open.URL}}})
			address := connectURL(t, l, l.Key, "acme") + "/go"
			if endpoint == evil.AccessToken {
				address = allow(t, l.Leave(t, browser, address))
			}
			a := servertest.Get(t, browser, address)
			if a.Status == 303 {
				says(t, resultOf(t, l, browser, a), "redirect, which is not followed")
			} else {
				says(t, string(a.Body), "redirect, which is not followed")
			}
			if got := standing(t, l, l.Key, "acme"); got != "not_connected" {
				t.Errorf("%s, %d: the connection is %s", name, status, got)
			}
		}
		endpoint.Honest()
	}
	connected(t, l, browser, "acme")
	// The second service lists the thief's host, so that only the signature keeps a call from being led there.
	s := evilOAuth1(t, evil, "both")
	s["hosts"] = []string{hostOf(t, evil.URL), hostOf(t, thief.URL)}
	l.Connect(t, s, nil)
	connected(t, l, browser, "both")
	for _, status := range []int{301, 302, 303, 307, 308} {
		for where, location := range map[string]string{"another host": thief.Open.URL, "the same host": evil.Open.URL} {
			evil.Signed.Always(providertest.Answer{Status: status, Header: http.Header{"Location": {location}}})
			for _, name := range []string{"acme", "both"} {
				for _, method := range []string{"GET", "POST"} {
					a := l.Must(t, 200, "POST /v1/invoke", object("connection", name, "url", evil.Signed.URL, "type", method, "follow_redirects", true))
					if a.Field(t, "status") != float64(status) || a.Field(t, "headers.location") != location {
						t.Errorf("%s, %s %d to %s: %s", name, method, status, where, a.Body)
					}
				}
				if a := l.API(t, "GET /v1/proxy/"+name+strings.TrimPrefix(evil.Signed.URL, evil.URL), nil); a.Status != status || a.Header.Get("Location") != location {
					t.Errorf("proxy %s, %d to %s: %d to %q", name, status, where, a.Status, a.Header.Get("Location"))
				}
			}
		}
	}
	for who, e := range map[string]*providertest.EvilProvider{"the thief": thief, "the provider": evil} {
		if all := e.Open.Requests(); len(all) != 0 {
			t.Errorf("%s got %d requests by redirect, the first %s %s %v", who, len(all), all[0].Method, all[0].URI, all[0].Header)
		}
	}
}

func TestC10_MoreInTheAnswerAndNoExpiry(t *testing.T) {
	l, evil, browser := oauth1World(t, "acme", func(c *server.Config) { c.SweepEvery = 100 * time.Millisecond })
	evil.AccessToken.After(func(_ providertest.Request, a *providertest.Answer) {
		a.Body += "&user_id=42&oauth_expires_in=0&oauth_session_handle=handle&x=1%262&x=2&=&flag\n"
	})
	connected(t, l, browser, "acme")
	call := func(want float64) {
		t.Helper()
		if a := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", evil.Signed.URL)); a.Field(t, "status") != want {
			t.Errorf("invoke: %s", a.Body)
		}
	}
	call(200)
	c := l.Must(t, 200, "GET /v1/connections/acme", nil)
	if c.Field(t, "status") != "connected" || c.Field(t, "expires_at") != nil {
		t.Errorf("the connection: %s", c.Body)
	}
	// Neither a 401, nor the sweep, nor a restart has it ask for another.
	evil.Signed.Always(providertest.Answer{Status: 401, Header: http.Header{"Www-Authenticate": {"OAuth"}}})
	call(401)
	call(401)
	if n := len(evil.Signed.Requests()); n != 3 {
		t.Errorf("the API got %d calls for three", n)
	}
	evil.Signed.Honest()
	l.Stop(t)
	l.Serve(t)
	call(200)
	if n := len(evil.RequestToken.Requests()); n != 1 {
		t.Errorf("%d request tokens were asked for", n)
	}
	traded(t, evil, 1)
	exchanged(t, evil, 0)
}

func TestC12_RequestTokenSecretAtRest(t *testing.T) {
	l, evil, browser := oauth1World(t, "acme")
	fields := func(into *[]url.Values) func(providertest.Request, *providertest.Answer) {
		return func(_ providertest.Request, a *providertest.Answer) {
			form, err := url.ParseQuery(a.Body)
			if err != nil {
				t.Error(err)
			}
			*into = append(*into, form)
		}
	}
	var requested, granted []url.Values
	evil.RequestToken.After(fields(&requested))
	evil.AccessToken.After(fields(&granted))
	one, two := allow(t, begin(t, l, browser, "acme")), allow(t, begin(t, l, browser, "acme"))
	if len(requested) != 2 {
		t.Fatalf("%d request tokens", len(requested))
	}
	secrets := map[string]string{}
	note := func(what string, form url.Values) {
		secrets[what+" token"], secrets[what+" token's secret"] = form.Get("oauth_token"), form.Get("oauth_token_secret")
	}
	note("the first request", requested[0])
	note("the second request", requested[1])
	secrets["the consumer secret"] = providertest.EvilConsumerSecret
	swap := func(db *sql.DB) {
		execute(t, db, "CREATE TEMP TABLE before AS SELECT id, secrets_sealed FROM consent_requests")
		execute(t, db, "UPDATE consent_requests SET secrets_sealed = (SELECT b.secrets_sealed FROM before b WHERE b.id <> consent_requests.id)")
		execute(t, db, "DROP TABLE before")
	}
	inDatabase(t, l, func(db *sql.DB) {
		absentOnDisk(t, l, secrets)
		if n := count(t, db, "SELECT count(*) FROM consent_requests WHERE length(secrets_sealed) > 0"); n != 2 {
			t.Errorf("%d requests hold something sealed, want 2", n)
		}
		swap(db)
	})
	// Sealed for its own row: in another it does not open, and nothing leaves.
	for _, callback := range []string{one, two} {
		if a := servertest.Get(t, browser, callback); a.Status != 500 {
			t.Errorf("with the secret of another request: %d", a.Status)
		}
	}
	traded(t, evil, 0)
	inDatabase(t, l, swap)
	says(t, resultOf(t, l, browser, servertest.Get(t, browser, one)), "is connected")
	traded(t, evil, 1)
	note("the access", granted[0])
	inDatabase(t, l, func(db *sql.DB) {
		if n := count(t, db, "SELECT count(*) FROM consent_requests WHERE length(secrets_sealed) > 0"); n != 1 {
			t.Errorf("%d requests hold something sealed, want only the one that is open", n)
		}
		absentOnDisk(t, l, secrets)
	})
	for what, secret := range secrets {
		if strings.Contains(l.Log.String(), secret) {
			t.Errorf("%s is in the log", what)
		}
	}
}
