package servertest_test

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// A credential is seen by nobody but the hosts of its service: not by the server that a redirect leads to, not by
// whoever reads an answer, a page, a log, a record, a metric or the disk.

// keyAt is an api_key service whose one value stands under a name of its own.
func keyAt(name, base, host, param, at string) map[string]any {
	return object("link_name", name, "base_url", base, "hosts", []string{host}, "auth", object("type", "api_key", "parameters", []any{object("name", param, "param_type", at)}))
}

// codeAt is an oauth2 service of the evil provider whose API is elsewhere.
func codeAt(evil *providertest.EvilProvider, name, base, host, at string) map[string]any {
	return object("link_name", name, "base_url", base, "hosts", []string{host}, "auth", object("type", "oauth2", "grant_type", "authorization_code",
		"client_id", providertest.EvilClientID, "client_secret", providertest.EvilClientSecret, "authorize_url", evil.Authorize.URL,
		"access_token_url", evil.Token.URL, "revoke_token_url", evil.Revoke.URL, "param_type", at))
}

// signedAt is an oauth1 service of the evil provider whose API is elsewhere.
func signedAt(evil *providertest.EvilProvider, name, base, host, at, method string) map[string]any {
	return object("link_name", name, "base_url", base, "hosts", []string{host}, "auth", object("type", "oauth1", "consumer_key", providertest.EvilConsumerKey,
		"consumer_secret", providertest.EvilConsumerSecret, "request_token_url", evil.RequestToken.URL, "authorize_url", evil.AuthorizeRequestToken.URL,
		"access_token_url", evil.AccessToken.URL, "param_type", at, "signature_method", method))
}

// agreed is where the evil provider, which consents at once, sends the browser back to.
func agreed(t testing.TB) func(authorizeURL string) string {
	return func(authorizeURL string) string {
		t.Helper()
		to := servertest.Get(t, servertest.Stranger(t), authorizeURL).Header.Get("Location")
		if to == "" {
			t.Fatalf("no consent at %s", authorizeURL)
		}
		return to
	}
}

const basicSecret = "basic-password-5678"

// everyType connects a connection of each kind of credential to the same API, and gives their names with how they are
// to be called.
func everyType(t testing.TB, l *servertest.Lanyard, browser *http.Client, evil *providertest.EvilProvider, base, host string) map[string]string {
	t.Helper()
	l.Connect(t, keyAt("header", base, host, "X-Api-Key", "header"), object("credentials", object("X-Api-Key", "header-secret-1234")))
	l.Connect(t, keyAt("query", base, host, "api_key", "query"), object("credentials", object("api_key", "query-secret-1234")))
	l.Connect(t, keyAt("form", base, host, "api_key", "form"), object("credentials", object("api_key", "form-secret-1234")))
	l.Connect(t, object("link_name", "basic", "base_url", base, "hosts", []string{host}, "auth", object("type", "basic")),
		object("credentials", object("username", "basic-user", "password", basicSecret)))
	l.Connect(t, object("link_name", "sigv4", "base_url", base, "hosts", []string{host}, "auth", object("type", "aws_sigv4", "aws_service", "s3", "aws_region", "us-east-1")),
		object("credentials", object("access_key_id", "AKIDEXAMPLE", "secret_access_key", "aws-secret-1234567890", "session_token", "aws-session-1234567890")))
	for name, definition := range map[string]map[string]any{
		"bearer":       codeAt(evil, "bearer", base, host, "header"),
		"bearer_query": codeAt(evil, "bearer_query", base, host, "query"),
		"oauth1":       signedAt(evil, "oauth1", base, host, "header", "HMAC-SHA1"),
		"oauth1_query": signedAt(evil, "oauth1_query", base, host, "query", "PLAINTEXT"),
		"oauth1_form":  signedAt(evil, "oauth1_form", base, host, "form", "HMAC-SHA256"),
	} {
		l.Connect(t, definition, nil)
		if back := consent(t, l, browser, name, nil, agreed(t)); back.Status != 303 {
			t.Fatalf("%s: %d %s", name, back.Status, back.Body)
		}
		if c := l.Must(t, 200, "GET /v1/connections/"+name, nil); c.Field(t, "status") != "connected" {
			t.Fatalf("%s: %s", name, c.Body)
		}
	}
	return map[string]string{
		"header": "GET", "query": "GET", "form": "POST", "basic": "GET", "sigv4": "GET", "bearer": "GET", "bearer_query": "GET",
		"oauth1": "GET", "oauth1_query": "GET", "oauth1_form": "POST",
	}
}

// signed credentials belong to one URL and body, so a request with one is led nowhere.
var signedTypes = []string{"form", "sigv4", "oauth1", "oauth1_query", "oauth1_form"}

func TestF01_F02_F03_F04_RedirectsCarryNoCredential(t *testing.T) {
	nginx := providertest.Nginx(t)
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	methods := everyType(t, l, l.Browser(t), evil, nginx.URL, hostOf(t, nginx.URL))
	calls := 0
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		for _, path := range []string{"/redirect/other", "/redirect/host", "/redirect/slash", "/redirect/post"} {
			for _, follow := range []bool{false, true} {
				// What the caller sets itself is meant for the host in the URL, too.
				got := l.Must(t, 200, "POST /v1/invoke", object("connection", name, "url", path, "type", methods[name], "follow_redirects", follow,
					"headers", object("Cookie", "caller-cookie-1234", "X-Caller", "caller-header-1234", "Referer", "http://caller.example/caller-referer-1234")))
				status, led := got.Field(t, "status").(float64), follow && !slices.Contains(signedTypes, name)
				if led != (status == 200) || !led && (status < 300 || status > 399) {
					t.Errorf("%s %s, follow %t: got %s", name, path, follow, got.Body)
				}
				calls++
			}
		}
		// 307 and 308 ask for the body again, and the body is for the first host alone.
		for _, path := range []string{"/redirect/host", "/redirect/post"} {
			got := l.Must(t, 200, "POST /v1/invoke", object("connection", name, "url", path, "type", "POST", "follow_redirects", true, "parameters", object("a", "form-body-1234")))
			if status := got.Field(t, "status"); status != 307.0 && status != 308.0 {
				t.Errorf("F03 %s %s: got %s", name, path, got.Body)
			}
		}
		// The proxy follows nothing.
		if got := l.API(t, methods[name]+" /v1/proxy/"+name+"/redirect/other", nil); got.Status != 302 {
			t.Errorf("%s through the proxy: got %d %s", name, got.Status, got.Body)
		}
	}
	sink := nginx.Sink()
	if want := (len(methods) - len(signedTypes)) * 4; len(sink) != want {
		t.Errorf("the other server got %d requests, want %d", len(sink), want)
	}
	for _, r := range sink {
		if r.Authorization != "" || r.APIKey != "" || r.Cookie != "" || r.Referer != "" || r.URI != "/sink" || r.ContentLength != "" && r.ContentLength != "0" {
			t.Errorf("the other server got %+v", r)
		}
	}
	// The first server got each credential with each call.
	if wire := nginx.Wire(); len(wire) < calls {
		t.Errorf("the first server got %d requests of %d", len(wire), calls)
	}
}

// TestF01_RedirectChains leads from the listed host a to b and on: to b again, back to a, from https to http.
func TestF01_RedirectChains(t *testing.T) {
	a, b := providertest.Evil(t), providertest.Evil(t)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", b.Open.URL+"/from-https")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	secure.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	l := servertest.Start(t, func(c *server.Config) { c.CAFile = ca })
	methods := everyType(t, l, l.Browser(t), a, a.Open.URL, hostOf(t, a.URL))
	l.Connect(t, keyAt("secure", secure.URL, hostOf(t, secure.URL), "X-Api-Key", "header"), object("credentials", object("X-Api-Key", "https-secret-1234")))

	to := func(e *providertest.EvilProvider, path string) *providertest.Answer {
		return &providertest.Answer{Status: 307, Header: http.Header{"Location": {e.Open.URL + path}}}
	}
	steps := func(self *providertest.EvilProvider, next map[string]*providertest.Answer) func(providertest.Request) *providertest.Answer {
		return func(r providertest.Request) *providertest.Answer {
			path, _, _ := strings.Cut(strings.TrimPrefix(r.URI, strings.TrimPrefix(self.Open.URL, self.URL)), "?")
			if answer := next[path]; answer != nil {
				return new(*answer)
			}
			return nil
		}
	}
	a.Open.Before(steps(a, map[string]*providertest.Answer{"/abb": to(b, "/abb"), "/aba": to(b, "/aba"), "/abab": to(b, "/abab"), "/2": to(b, "/3")}))
	b.Open.Before(steps(b, map[string]*providertest.Answer{"/abb": to(b, "/end"), "/aba": to(a, "/end"), "/abab": to(a, "/2"), "/3": to(b, "/end")}))
	for name, method := range methods {
		for _, path := range []string{"/abb", "/aba", "/abab"} {
			l.Must(t, 200, "POST /v1/invoke", object("connection", name, "url", path+"?mine=1", "type", method, "follow_redirects", true, "headers", object("Cookie", "c=1", "Accept", "text/x")))
		}
	}
	l.Must(t, 200, "POST /v1/invoke", object("connection", "secure", "url", "/x", "follow_redirects", true))
	reached := map[string]int{}
	for _, r := range b.Open.Requests() {
		path, query, _ := strings.Cut(r.URI, "?")
		reached[path[strings.LastIndexByte(path, '/'):]]++
		for name := range r.Header {
			if !slices.Contains([]string{"Accept", "Accept-Language", "User-Agent", "Content-Length", "Accept-Encoding"}, name) {
				t.Errorf("%s reached the other host with %s: %q", r.URI, name, r.Header[name])
			}
		}
		if query != "" || len(r.Body) > 0 || r.Header.Get("User-Agent") != "Lanyard" {
			t.Errorf("%s reached the other host with %q, body %q", r.URI, r.Header, r.Body)
		}
	}
	unsigned := len(methods) - len(signedTypes)
	want := map[string]int{"/abb": unsigned, "/aba": unsigned, "/abab": unsigned, "/3": unsigned, "/end": 2 * unsigned, "/from-https": 1}
	if !maps.Equal(reached, want) {
		t.Errorf("the other host was reached %v, want %v", reached, want)
	}
	// Back at the listed host the credential is there again.
	for _, r := range a.Open.Requests() {
		carried := r.Header.Get("X-Api-Key") + r.Header.Get("Authorization") + r.Query().Get("api_key") + r.Query().Get("access_token")
		if strings.Contains(r.URI, "/end") && carried == "" {
			t.Errorf("%s came back without a credential: %v", r.URI, r.Header)
		}
	}
}

// TestF05_EndpointRedirects: whatever carries a client secret, a code or a token to a provider goes where it was meant
// to go, or nowhere.
func TestF05_EndpointRedirects(t *testing.T) {
	evil, sink := providertest.Evil(t), providertest.Evil(t)
	l := servertest.Start(t)
	browser := l.Browser(t)
	host := hostOf(t, evil.URL)
	for _, status := range []int{301, 302, 303, 307, 308} {
		away := func(e *providertest.Endpoint) {
			e.Always(providertest.Answer{Status: status, Header: http.Header{"Location": {sink.Open.URL + "/taken"}}})
		}
		name := func(s string) string { return fmt.Sprintf("%s%d", s, status) }
		page := func(back *servertest.Answer) string {
			return string(servertest.Get(t, browser, l.URL+back.Header.Get("Location")).Body)
		}
		t.Run(fmt.Sprint("F05 ", status), func(t *testing.T) {
			away(evil.Token)
			for _, how := range []string{"client_secret_basic", "client_secret_post", ""} {
				d := object("link_name", name("machine"+how), "hosts", []string{host}, "auth", object("type", "oauth2", "grant_type", "client_credentials",
					"client_id", providertest.EvilClientID, "client_secret", providertest.EvilClientSecret, "access_token_url", evil.Token.URL, "client_authentication", how))
				l.Connect(t, d, nil)
				got := l.API(t, "POST /v1/connections/"+name("machine"+how)+"/connect", object())
				if got.Status != 502 || !strings.Contains(string(got.Body), "redirect, which is not followed") {
					t.Errorf("client credentials, %q: got %d %s", how, got.Status, got.Body)
				}
			}
			l.Connect(t, codeAt(evil, name("code"), evil.Bearer.URL, host, "header"), nil)
			if body := page(consent(t, l, browser, name("code"), nil, agreed(t))); !strings.Contains(body, "redirect, which is not followed") {
				t.Errorf("exchange: %s", body)
			}
			evil.Token.Honest()
			consent(t, l, browser, name("code"), nil, agreed(t))
			away(evil.Token)
			evil.ExpireAccessTokens()
			if got := l.Must(t, 200, "POST /v1/invoke", object("connection", name("code"), "url", "/")); got.Field(t, "status") != 401.0 {
				t.Errorf("refresh: got %s", got.Body)
			}
			evil.Token.Honest()
			away(evil.Revoke)
			if got := l.Must(t, 200, "POST /v1/connections/"+name("code")+"/revoke", nil); got.Field(t, "provider_confirmed") != false {
				t.Errorf("revoke: got %s", got.Body)
			}
			evil.Revoke.Honest()
			l.Connect(t, signedAt(evil, name("signed"), evil.Signed.URL, host, "header", "PLAINTEXT"), nil)
			away(evil.RequestToken)
			asked := l.Must(t, 200, "POST /v1/connections/"+name("signed")+"/connect", object())
			if got := servertest.Get(t, browser, asked.Field(t, "connect_url").(string)+"/go"); !strings.Contains(string(got.Body), "redirect, which is not followed") {
				t.Errorf("request token: got %d %s", got.Status, got.Body)
			}
			evil.RequestToken.Honest()
			away(evil.AccessToken)
			if body := page(consent(t, l, browser, name("signed"), nil, agreed(t))); !strings.Contains(body, "redirect, which is not followed") {
				t.Errorf("access token: %s", body)
			}
			evil.AccessToken.Honest()
			d := keyAt(name("verified"), evil.Open.URL, host, "X-Api-Key", "header")
			d["verify_url"] = evil.Open.URL + "/verify"
			l.Connect(t, d, nil)
			away(evil.Open)
			if got := l.API(t, "POST /v1/connections/"+name("verified")+"/connect", object("credentials", object("X-Api-Key", "k-123456"))); got.Status != 400 {
				t.Errorf("verification: got %d %s", got.Status, got.Body)
			}
			evil.Open.Honest()
		})
	}
	for _, e := range []*providertest.Endpoint{sink.Open, sink.Token, sink.Bearer} {
		if r := e.Requests(); len(r) > 0 {
			t.Errorf("the other server got %+v", r)
		}
	}
}

// TestF06_ChallengesAreNotAnswered: an upstream that asks for another scheme or realm gets nothing that it did not have.
func TestF06_ChallengesAreNotAnswered(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	methods := everyType(t, l, l.Browser(t), evil, evil.Open.URL, hostOf(t, evil.URL))
	evil.Open.Always(providertest.Answer{Status: 401, Header: http.Header{
		"Www-Authenticate": {`Basic realm="elsewhere"`, `Digest realm="x", nonce="y", qop="auth"`, "Negotiate", "NTLM", `Bearer realm="z"`},
	}})
	own := map[string]string{"basic": "Basic ", "sigv4": "AWS4-HMAC-SHA256 ", "bearer": "Bearer ", "oauth1": "OAuth "} // the others have no Authorization
	for name, method := range methods {
		for _, call := range []string{"POST /v1/invoke", method + " /v1/proxy/" + name + "/x"} {
			before := len(evil.Open.Requests())
			var body any
			if strings.HasSuffix(call, "invoke") {
				body = object("connection", name, "url", "/x", "type", method)
			}
			got := l.API(t, call, body)
			if got.Status != 401 && got.Field(t, "status") != 401.0 {
				t.Errorf("%s %s: got %d %s", name, call, got.Status, got.Body)
			}
			requests := evil.Open.Requests()[before:]
			// A refused OAuth 2 token is refreshed and tried once more, and then never within a minute.
			if want := 1; len(requests) != want && (len(requests) != 2 || !strings.HasPrefix(name, "bearer")) {
				t.Errorf("%s %s: %d requests", name, call, len(requests))
			}
			for _, r := range requests {
				if authorization := r.Header.Get("Authorization"); !strings.HasPrefix(authorization, own[name]) || own[name] == "" && authorization != "" {
					t.Errorf("%s %s: Authorization %q", name, call, authorization)
				}
			}
		}
	}
}

func TestF07_CookiesAreNotKept(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	other := l.Organization(t, "other")
	evil.Open.After(func(_ providertest.Request, a *providertest.Answer) {
		a.Header["Set-Cookie"] = []string{"lanyard_session=planted; Path=/", "sid=upstream-cookie-1; Path=/; HttpOnly"}
	})
	for _, who := range []*servertest.Lanyard{l, other, l} {
		name := fmt.Sprintf("acme%d", len(evil.Open.Requests()))
		d := keyAt(name, evil.Open.URL, hostOf(t, evil.URL), "X-Api-Key", "header")
		d["verify_url"] = evil.Open.URL + "/verify"
		who.Connect(t, d, someKey)
		for range 2 {
			proxied := who.Must(t, 200, "GET /v1/proxy/"+name+"/x", nil)
			if cookies := proxied.Header.Values("Set-Cookie"); len(cookies) > 0 {
				t.Errorf("the proxy passed on %q, which a browser would take for Lanyard's own", cookies)
			}
			// A program that invokes may read it: it is text in a JSON document, and no cookie.
			invoked := who.Must(t, 200, "POST /v1/invoke", object("connection", name, "url", "/y"))
			if invoked.Header.Get("Set-Cookie") != "" || !strings.Contains(fmt.Sprint(invoked.Field(t, "headers.set-cookie")), "upstream-cookie-1") {
				t.Errorf("invoke: %v %s", invoked.Header, invoked.Body)
			}
		}
	}
	for _, r := range evil.Open.Requests() {
		if r.Header.Get("Cookie") != "" {
			t.Errorf("%s arrived with the cookie %q", r.URI, r.Header.Get("Cookie"))
		}
	}
}

// TestF08_TheCredentialWins: what the caller sets under the credential's own name is replaced, however it is spelled,
// and the key that the caller shows Lanyard is Lanyard's alone.
func TestF08_TheCredentialWins(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	methods := everyType(t, l, l.Browser(t), evil, evil.Open.URL, hostOf(t, evil.URL))
	for name, method := range methods {
		body := object("connection", name, "url", "/x?api_key=mine&API_KEY=kept&api%5Fkey=mine&access_token=mine&oauth_token=mine", "type", method,
			"headers", object("x-api-key", "mine", "Authorization", "Bearer mine", "X-Amz-Security-Token", "mine", "x-amz-date", "mine"))
		if method == "POST" {
			body["parameters"] = object("api_key", "mine", "oauth_token", "mine", "a", "1")
		}
		l.Must(t, 200, "POST /v1/invoke", body)
		l.Must(t, 200, method+" /v1/proxy/"+name+"/x?api_key=mine&api%5Fkey=mine&access_token=mine&oauth_token=mine", nil, "X-Api-Key", "mine", "Proxy-Authorization", "Basic bWluZQ==",
			"X-Forwarded-For", "10.0.0.1", "Forwarded", "for=10.0.0.1", "Lanyard-Anything", "x", "Connection", "X-Hop", "X-Hop", "hop", "Cookie", "lanyard_session=mine")
		requests := evil.Open.Requests()
		for _, r := range requests[len(requests)-2:] {
			own := map[string][]string{
				"header": r.Header["X-Api-Key"], "query": r.Query()["api_key"], "form": r.Form["api_key"], "basic": r.Header["Authorization"], "sigv4": r.Header["X-Amz-Security-Token"],
				"bearer": r.Header["Authorization"], "bearer_query": r.Query()["access_token"],
				"oauth1": r.Header["Authorization"], "oauth1_query": r.Query()["oauth_token"], "oauth1_form": r.Form["oauth_token"],
			}[name]
			if len(own) != 1 || strings.Contains(own[0], "mine") {
				t.Errorf("%s: %s arrived with %q", name, r.URI, own)
			}
			for _, h := range []string{"Proxy-Authorization", "X-Forwarded-For", "Forwarded", "Lanyard-Anything", "X-Hop", "Cookie"} {
				if v := r.Header[h]; len(v) > 0 {
					t.Errorf("%s: %s was passed on: %q", name, h, v)
				}
			}
			if strings.Contains(fmt.Sprint(r.Header, r.URI, string(r.Body)), l.Key) {
				t.Errorf("%s: the caller's own API key reached the upstream", name)
			}
		}
	}
}

// TestF12_FailuresKeepTheURL: net/http's own errors repeat the whole URL, and a credential may be in its query.
func TestF12_FailuresKeepTheURL(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	browser := l.Browser(t)
	host := hostOf(t, evil.URL)
	seen := newCanaries()
	values := object("api_key", seen.plant("key in the query"))
	d := keyAt("key", evil.Open.URL, host, "api_key", "query")
	d["verify_url"] = evil.Open.URL + "/verify?first=1"
	l.Connect(t, d, nil)
	token := codeAt(evil, "token", evil.Open.URL, host, "query")
	token["verify_url"] = evil.Open.URL + "/verify"
	l.Connect(t, token, nil)
	access := seen.plant("token in the query")
	evil.Token.Before(func(providertest.Request) *providertest.Answer {
		return jsonOf(200, object("access_token", access, "token_type", "Bearer"))
	})
	signed := signedAt(evil, "signed", evil.Open.URL, host, "query", "PLAINTEXT")
	signed["verify_url"] = evil.Open.URL + "/verify"
	signedToken, signedSecret := seen.plant("OAuth 1 token in the query"), seen.plant("OAuth 1 token secret in the query")
	evil.AccessToken.Before(func(providertest.Request) *providertest.Answer {
		return formOf("oauth_token", signedToken, "oauth_token_secret", signedSecret)
	})
	l.Connect(t, signed, nil)
	evil.Open.Always(providertest.Answer{Reset: true})
	var answers []*servertest.Answer
	answers = append(answers, l.API(t, "POST /v1/connections/key/connect", object("credentials", values)))
	for _, name := range []string{"token", "signed"} {
		back := consent(t, l, browser, name, nil, agreed(t))
		answers = append(answers, back, servertest.Get(t, browser, l.URL+back.Header.Get("Location")))
	}
	evil.Open.Honest()
	l.Must(t, 200, "POST /v1/connections/key/connect", object("credentials", values))
	for _, name := range []string{"token", "signed"} {
		consent(t, l, browser, name, nil, agreed(t))
	}
	for _, fault := range []providertest.Answer{{Reset: true}, {Hang: true}, {Write: func(w http.ResponseWriter) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = conn.Write([]byte("no HTTP at all\r\n\r\n"))
			_ = conn.Close()
		}
	}}} {
		evil.Open.Always(fault)
		for _, name := range []string{"key", "token", "signed"} {
			answers = append(answers, l.API(t, "POST /v1/invoke", object("connection", name, "url", "/x", "timeout_ms", 100)))
			if !fault.Hang {
				answers = append(answers, l.API(t, "GET /v1/proxy/"+name+"/x", nil))
			}
		}
	}
	l.Stop(t)
	for _, a := range answers {
		seen.absent(t, "an answer", fmt.Sprint(a.Status, a.Header, string(a.Body)))
	}
	seen.absent(t, "the log", l.Log.String())
	for _, r := range evil.Open.Requests() {
		seen.arrive(r)
	}
	seen.arrived(t, regexp.MustCompile(`^$`))
}

func TestF13_QueriesAreNotLogged(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, keyAt("acme", evil.Open.URL, hostOf(t, evil.URL), "X-Api-Key", "header"), someKey)
	seen := newCanaries()
	value := func(what string) string { return url.QueryEscape(seen.plant(what)) }
	l.Must(t, 200, "GET /v1/proxy/acme/x?api_key="+value("query of a proxied call"), nil)
	l.API(t, "GET /v1/proxy/nothing/"+value("path of a proxied call")+"?token="+value("query of a proxied call that fails"), nil)
	l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x?token="+value("query of an invoke"), "parameters", object("token", seen.plant("parameter of an invoke"))))
	l.API(t, "POST /v1/invoke", object("connection", "acme", "url", "https://evil.example/?token="+value("query of a refused invoke")))
	l.API(t, "GET /v1/me?api_key="+value("API key in the query"), nil)
	l.API(t, "GET /v1/services?q="+value("what was searched for"), nil)
	l.As(t, seen.plant("unknown API key"), "GET /v1/me", nil)
	for who, browser := range map[string]*http.Client{"owner": l.Browser(t), "stranger": servertest.Stranger(t)} {
		value := func(what string) string { return value(what + ", opened by the " + who) }
		callback := callbackOf(l, "acme") + "?state=" + value("state of a callback") + "&code=" + value("code of a callback")
		for _, address := range []string{
			callback, callback + "&error=x", callbackOf(l, "acme") + "?oauth_token=" + value("request token of a callback") + "&oauth_verifier=" + value("verifier of a callback"),
			l.URL + "/sign-in/" + value("sign-in link"), l.URL + "/connect/" + value("connect link"), l.URL + "/setup/" + value("set-up link"),
			l.URL + "/" + value("path of no page") + "?x=" + value("query of no page"),
		} {
			servertest.Get(t, browser, address)
		}
	}
	records := l.Must(t, 200, "GET /v1/invocations?limit=200", nil)
	l.Stop(t)
	seen.absent(t, "the records", string(records.Body))
	seen.absent(t, "the log", l.Log.String())
	for _, what := range []string{"GET /oauth/callback/{organization}/{service}", "/v1/proxy/{link_name}/{path...}", "POST /v1/invoke"} {
		if !strings.Contains(l.Log.String(), what) {
			t.Errorf("the access log has no line of %s", what)
		}
	}
}

// TestF15_EchoesAreMasked: go-httpbin answers with whatever it was sent. The proxy is left out: it passes bytes on as
// they are, which the documentation says.
func TestF15_EchoesAreMasked(t *testing.T) {
	peer := providertest.HTTPBin(t)
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	browser := l.Browser(t)
	host := hostOf(t, peer.URL)
	seen := newCanaries()
	l.Connect(t, keyAt("header", peer.URL, host, "X-Api-Key", "header"), object("credentials", object("X-Api-Key", seen.plant("header"))))
	l.Connect(t, keyAt("query", peer.URL, host, "api_key", "query"), object("credentials", object("api_key", seen.plant("query"))))
	l.Connect(t, keyAt("form", peer.URL, host, "api_key", "form"), object("credentials", object("api_key", seen.plant("form"))))
	l.Connect(t, object("link_name", "basic", "base_url", peer.URL, "hosts", []string{host}, "auth", object("type", "basic")),
		object("credentials", object("username", "bob", "password", seen.plant("password"))))
	token := seen.plant("access token")
	evil.Token.Before(func(providertest.Request) *providertest.Answer {
		return jsonOf(200, object("access_token", token, "token_type", "Bearer"))
	})
	for _, at := range []string{"header", "query"} {
		l.Connect(t, codeAt(evil, "bearer_"+at, peer.URL, host, at), nil)
		consent(t, l, browser, "bearer_"+at, nil, agreed(t))
	}
	l.Connect(t, object("link_name", "sigv4", "base_url", peer.URL, "hosts", []string{host}, "auth", object("type", "aws_sigv4", "aws_service", "s3", "aws_region", "us-east-1")),
		object("credentials", object("access_key_id", "AKIDEXAMPLE", "secret_access_key", "aws-secret-1234567890", "session_token", seen.plantPlain("session token"))))
	masked := 0
	for _, name := range []string{"header", "query", "form", "basic", "bearer_header", "bearer_query", "sigv4"} {
		for _, path := range []string{"/anything", "/anything/deeper?x=1", "/headers", "/response-headers?x=1"} {
			request := object("connection", name, "url", path)
			if name == "form" {
				if !strings.HasPrefix(path, "/anything") {
					continue
				}
				request["type"] = "POST"
			}
			got := l.Must(t, 200, "POST /v1/invoke", request)
			if got.Field(t, "status") != 200.0 {
				t.Errorf("%s %s: %s", name, path, got.Body)
			}
			seen.absent(t, name+" "+path, string(got.Body))
			masked += strings.Count(string(got.Body), "[redacted]")
		}
	}
	if masked < 14 {
		t.Errorf("only %d places were masked: does the peer echo?", masked)
	}
}

// TestF16_NothingReadsASecretBack asks for everything that can be read after each kind of secret was given.
func TestF16_NothingReadsASecretBack(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	host := hostOf(t, evil.URL)
	seen := newCanaries()
	secrets := map[string]string{"client": seen.plant("client secret"), "consumer": seen.plant("consumer secret")}
	machine := object("link_name", "machine", "name", "Machine", "hosts", []string{host}, "auth", object("type", "oauth2", "grant_type", "client_credentials",
		"client_id", providertest.EvilClientID, "client_secret", secrets["client"], "access_token_url", evil.Token.URL))
	signed := signedAt(evil, "signed", evil.Signed.URL, host, "header", "HMAC-SHA1")
	signed["name"], signed["auth"].(map[string]any)["consumer_secret"] = "Signed", secrets["consumer"]
	answers := map[string]*servertest.Answer{
		"create machine": l.Must(t, 201, "POST /v1/services", machine),
		"create signed":  l.Must(t, 201, "POST /v1/services", signed),
		"create again":   l.Must(t, 409, "POST /v1/services", machine),
		"edit":           l.Must(t, 200, "PATCH /v1/services/machine", object("auth", object("client_secret", seen.plant("second client secret")))),
		"edit badly":     l.Must(t, 400, "PATCH /v1/services/machine", object("auth", object("client_secret", seen.plant("third client secret"), "access_token_url", "x"))),
		"edit what is frozen": l.Must(t, 409, "PATCH /v1/services/machine",
			object("auth", object("client_secret", seen.plant("fourth client secret"), "grant_type", "authorization_code", "authorize_url", evil.Authorize.URL))),
		"read":  l.Must(t, 200, "GET /v1/services/machine", nil),
		"list":  l.Must(t, 200, "GET /v1/services", nil),
		"audit": l.Must(t, 200, "GET /v1/audit?limit=200", nil),
	}
	for what, a := range answers {
		seen.absent(t, what, fmt.Sprint(a.Header, string(a.Body)))
	}
	for what, fields := range map[string][]string{
		"create machine": {"auth.client_secret_set", "auth.client_secret_fingerprint"}, "read": {"auth.client_secret_set", "auth.client_secret_fingerprint"},
		"create signed": {"auth.consumer_secret_set", "auth.consumer_secret_fingerprint"},
	} {
		if set, print := answers[what].Field(t, fields[0]), answers[what].Field(t, fields[1]); set != true || len(fmt.Sprint(print)) != 8 {
			t.Errorf("%s: set %v, fingerprint %v", what, set, print)
		}
	}
	if answers["create machine"].Field(t, "auth.client_secret_fingerprint") == answers["read"].Field(t, "auth.client_secret_fingerprint") {
		t.Error("another secret has the same fingerprint")
	}
	key := l.Must(t, 201, "POST /v1/api_keys", object("name", "k"))
	seen.know("API key", key.Field(t, "key").(string))
	l.As(t, key.Field(t, "key").(string), "GET /v1/me", nil)
	for _, call := range []string{"GET /v1/api_keys", "GET /v1/me", "GET /v1/audit?limit=200"} {
		seen.absent(t, call, string(l.Must(t, 200, call, nil).Body))
	}
	if hint := key.Field(t, "hint").(string); len(hint) != 4 {
		t.Errorf("the hint %q is more than enough to tell keys apart", hint)
	}
}

func jsonOf(status int, value any) *providertest.Answer {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // the values are the test's own
	}
	return &providertest.Answer{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: string(body)}
}

func formOf(pairs ...string) *providertest.Answer {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return &providertest.Answer{Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: form.Encode()}
}

// canaries are values that only the upstreams and providers they belong to may see. Each holds a core of random letters
// and digits, which percent-encoding, JSON and HTML leave as it is, beside characters that they do not, so that every
// spelling of it is found and each of them has to be masked.
type canaries struct {
	came         map[string]bool       // each by what it is, with whether it was seen where it belongs
	exact, lower map[uint64][]spelling // by their beginning; the latter are looked for in whatever case they stand
}

func newCanaries() *canaries {
	return &canaries{map[string]bool{}, map[uint64][]spelling{}, map[uint64][]spelling{}}
}

// plant makes a value that may stand in a header, a password or a token.
func (c *canaries) plant(what string) string {
	core := rand.Text()
	c.know(what, core)
	return "a&" + core + ` +/%25="<é>'z`
}

// plantPlain is for a place that takes fewer characters, such as those of base64.
func (c *canaries) plantPlain(what string) string {
	core := rand.Text()
	c.know(what, core)
	return core + "/+="
}

// know is for a value that Lanyard made.
func (c *canaries) know(what, value string) {
	if _, twice := c.came[what]; twice {
		panic("two canaries are called " + what)
	}
	c.came[what] = false
	core := strings.TrimPrefix(value, "lanyard_")
	add := func(to map[uint64][]spelling, text string) {
		to[beginning(text)] = append(to[beginning(text)], spelling{what, text})
	}
	for _, half := range []string{core[:12], core[len(core)-12:]} {
		add(c.lower, strings.ToLower(half)) // also percent-encoded, in JSON and in HTML
		add(c.lower, hex.EncodeToString([]byte(half)))
		for shift := range 3 {
			// In a longer text it may begin at any of three places of a base64 group.
			encoded := base64.StdEncoding.EncodeToString([]byte("xxx"[:shift] + half))
			add(c.exact, encoded[(shift*8+5)/6:len(encoded)-4])
		}
	}
}

// in lists which of them a text holds, each with what stands around it. Half of one counts: a secret that was cut is
// still most of a secret.
func (c *canaries) in(text string) map[string]string {
	found := map[string]string{}
	look := func(text string, spellings map[uint64][]spelling, around string) {
		for i := 0; i+8 <= len(text); i++ {
			for _, s := range spellings[beginning(text[i:])] {
				if strings.HasPrefix(text[i:], s.text) {
					found[s.of] = around[max(0, i-60):min(len(around), i+60)]
				}
			}
		}
	}
	look(text, c.exact, text)
	look(lowerASCII(text), c.lower, text)
	return found
}

// spelling is a way in which half of a canary can stand in a text.
type spelling struct{ of, text string }

// beginning is the part of a text by which a spelling is looked up, so that a long text is read once for all of them.
func beginning(text string) uint64 { return binary.LittleEndian.Uint64([]byte(text[:8])) }

// lowerASCII keeps every byte at its place.
func lowerASCII(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + ('a' - 'A')
		}
	}
	return string(b)
}

func (c *canaries) absent(t testing.TB, where, text string, but ...string) {
	t.Helper()
	for what, around := range c.in(text) {
		if !slices.Contains(but, what) {
			t.Errorf("%s holds the %s: …%q…", where, what, around)
		}
	}
}

// arrive notes those that a request brought where they belong.
func (c *canaries) arrive(r providertest.Request) {
	for what := range c.in(fmt.Sprint(r.URI, r.Header, string(r.Body))) {
		c.came[what] = true
	}
}

func (c *canaries) arrived(t testing.TB, but *regexp.Regexp) {
	t.Helper()
	for what, came := range c.came {
		if !came && !but.MatchString(what) {
			t.Errorf("the %s was never sent, so nothing is proven", what)
		}
	}
}

func TestCanariesAreFound(t *testing.T) {
	c := newCanaries()
	value := c.plant("one")
	for name, text := range map[string]string{
		"plain": value, "query": url.QueryEscape(value), "path": url.PathEscape(value), "html": html.EscapeString(value), "lower": strings.ToLower(value),
		"json": jsonOf(200, value).Body, "base64": base64.StdEncoding.EncodeToString([]byte(value)),
		"base64 in the middle": base64.URLEncoding.EncodeToString([]byte("bob:" + value + "!")),
		"base64 further on":    base64.RawStdEncoding.EncodeToString([]byte("bobby:" + value)), "hex": fmt.Sprintf("%X", value), "cut": value[:16], "the end": value[len(value)-30:],
	} {
		if found := c.in("… " + text + " …"); len(found) != 1 {
			t.Errorf("%s: not found in %q", name, text)
		}
	}
	if found := c.in(rand.Text() + base64.StdEncoding.EncodeToString([]byte(rand.Text()))); len(found) != 0 {
		t.Errorf("found in something else: %v", found)
	}
}

// walk goes through a whole Lanyard with canaries for secrets, and keeps every answer.
type walk struct {
	*canaries
	t       *testing.T
	l       *servertest.Lanyard
	browser *http.Client
	evil    *providertest.EvilProvider
	answers int
	masked  int
}

// note looks into an answer. A page may show a person again what that very person typed, where it is no secret field.
func (w *walk) note(where string, a *servertest.Answer, but ...string) *servertest.Answer {
	w.t.Helper()
	w.answers++
	text := fmt.Sprint(a.Status, a.Header, string(a.Body))
	w.masked += strings.Count(text, "[redacted]")
	w.absent(w.t, where, text, but...)
	return a
}

func (w *walk) api(status int, call string, body any, headers ...string) *servertest.Answer {
	w.t.Helper()
	a := w.note(call, w.l.API(w.t, call, body, headers...))
	if status != 0 && a.Status != status {
		w.t.Errorf("%s: got %d, want %d: %s", call, a.Status, status, a.Body)
	}
	return a
}

func (w *walk) page(status int, address string, but ...string) *servertest.Answer {
	w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = w.l.URL + address
	}
	a := w.note("GET "+address, servertest.Get(w.t, w.browser, address), but...)
	if status != 0 && a.Status != status {
		w.t.Errorf("GET %s: got %d, want %d", address, a.Status, status)
	}
	return a
}

// link is a fresh connect URL.
func (w *walk) link(connection string, body map[string]any) string {
	w.t.Helper()
	return w.api(200, "POST /v1/connections/"+connection+"/connect", body).Field(w.t, "connect_url").(string)
}

// leave opens the connect page and goes on to the provider, whose URL it gives.
func (w *walk) leave(connection string, body map[string]any, but ...string) string {
	w.t.Helper()
	connect := w.link(connection, body)
	w.page(0, connect, but...)
	to := w.page(303, connect+"/go", but...).Header.Get("Location")
	u, err := url.Parse(to)
	if err != nil {
		w.t.Fatal(err)
	}
	if state := u.Query().Get("state"); state != "" {
		w.know(fmt.Sprintf("state %d of %s", len(w.came), connection), state)
	}
	return to
}

// back opens the callback of an authorize URL with further parameters, and the result page.
func (w *walk) back(service, authorizeURL string, query url.Values, but ...string) string {
	w.t.Helper()
	u, err := url.Parse(authorizeURL)
	if err != nil {
		w.t.Fatal(err)
	}
	if state := u.Query().Get("state"); state != "" {
		query.Set("state", state)
	}
	callback := callbackOf(w.l, service) + "?" + query.Encode()
	result := w.page(303, callback, but...).Header.Get("Location")
	page := w.page(200, result, but...)
	w.page(303, callback, but...)
	w.note("callback of a stranger", servertest.Get(w.t, servertest.Stranger(w.t), callback), but...)
	return string(page.Body)
}

// echoes are the ways in which a provider may repeat what it was sent.
var echoes = []func(r providertest.Request) string{
	func(r providertest.Request) string { return strings.Join(r.Header["Authorization"], " ") },
	func(r providertest.Request) string { return strings.Join(r.Header["X-Api-Key"], " ") },
	func(r providertest.Request) string { return r.URI },
	func(r providertest.Request) string { return "you sent " + string(r.Body) },
	func(r providertest.Request) string {
		_, encoded, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return "not Basic"
		}
		_, password, _ := strings.Cut(string(decoded), ":")
		if plain, err := url.QueryUnescape(password); err == nil && r.Form.Has("grant_type") && !strings.ContainsAny(password, " &") {
			password = plain // RFC 6749 §2.3.1
		}
		return "wrong password: " + password
	},
	func(r providertest.Request) string { return fmt.Sprint(r.Query()) + fmt.Sprint(r.Form) },
	// Long enough that whoever cuts it before looking for secrets leaves half of one.
	func(r providertest.Request) string {
		return strings.Repeat("x", 300-16) + r.Header.Get("X-Api-Key") + r.Query().Get("api_key") + r.Form.Get("client_secret") + r.Form.Get("refresh_token")
	},
	func(r providertest.Request) string { return html.EscapeString(fmt.Sprint(r.Header, r.Query(), r.Form)) },
}

// refusal answers with an error that repeats the request.
func refusal(status int, code string, echo func(providertest.Request) string) func(providertest.Request) *providertest.Answer {
	return func(r providertest.Request) *providertest.Answer {
		return jsonOf(status, object("error", code, "error_description", echo(r)))
	}
}

func TestF11_CanariesAreNowhere(t *testing.T) {
	w := &walk{canaries: newCanaries(), t: t, l: servertest.Start(t), evil: providertest.Evil(t)}
	w.browser = w.l.Browser(t)
	address, err := url.Parse(w.l.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range w.browser.Jar.Cookies(address) {
		if cookie.Value == string(w.l.OrganizationID) {
			continue // the organization that was used last; its id is no secret
		}
		w.know(strings.TrimPrefix(cookie.Name, "lanyard_")+" cookie", cookie.Value)
	}
	w.know("owner's API key", w.l.Key)

	w.typed()
	w.machines()
	w.codes()
	w.oauth1()
	w.strangers()
	w.everythingElse()

	for _, e := range []*providertest.Endpoint{w.evil.Open, w.evil.Token, w.evil.Revoke, w.evil.RequestToken, w.evil.AccessToken} {
		for _, r := range e.Requests() {
			w.arrive(r)
		}
	}
	// What is Lanyard's own, what signs and is not sent, and what is kept for later.
	w.arrived(t, regexp.MustCompile(`API key$|^(session|browser) cookie|^state |^stranger's |^link |`+
		`^secret access key|secret .*of signed$|^id token|^session handle|^renewed refresh|that is denied`))
	w.disk("while it runs")
	w.l.Stop(t)
	w.absent(t, "the log", w.l.Log.String())
	size := w.disk("after it stopped")
	if w.answers < 2000 || w.masked < 500 || size < 500_000 {
		t.Errorf("%d answers were looked into and hold %d masked places, and %d bytes of the data directory: does the walk still go everywhere?", w.answers, w.masked, size)
	}
}

// disk looks into everything that the process has on the disk, free pages and journals included (K01).
func (w *walk) disk(when string) (size int) {
	w.t.Helper()
	err := filepath.WalkDir(w.l.Config.DataDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		size += len(content)
		w.absent(w.t, "K01: the file "+d.Name()+", "+when+",", string(content))
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	return size
}

// define makes a service and a connection of one name, and tries to once more, which is refused.
func (w *walk) define(definition map[string]any) {
	w.t.Helper()
	name := definition["link_name"].(string)
	definition["name"] = name
	w.api(201, "POST /v1/services", definition)
	w.api(409, "POST /v1/services", definition)
	w.api(201, "POST /v1/connections", object("link_name", name, "name", name, "service", name))
	bad := maps.Clone(definition)
	bad["hosts"] = []string{"https://not-a-host/"}
	w.api(400, "POST /v1/services", bad)
}

// typed walks through the types whose credential is typed in, by API and by page.
func (w *walk) typed() {
	w.t.Helper()
	open, host := w.evil.Open, hostOf(w.t, w.evil.URL)
	for _, c := range []struct {
		definition  map[string]any
		credentials map[string]any
		parameters  map[string]any
		shown       []string // what a form shows again to the person who typed it
	}{
		{definition: object("link_name", "header", "auth", object("type", "api_key", "parameters", []any{
			object("name", "X-Api-Key", "display_name", "Key", "param_type", "header", "prefix", "Key "), object("name", "X-Second", "display_name", "Second", "param_type", "header")})),
			credentials: object("X-Api-Key", w.plant("header key"), "X-Second", w.plant("second header key"))},
		{definition: keyAt("query", "", "", "api_key", "query"), credentials: object("api_key", w.plant("query key"))},
		{definition: keyAt("dynamic", "", "", "api_key", "query"), credentials: object("api_key", w.plant("key of the dynamic one")),
			parameters: object("tenant", w.plant("parameter in the query"), "box", w.plant("parameter in the path")), shown: []string{"parameter in the query", "parameter in the path"}},
		{definition: object("link_name", "basic", "auth", object("type", "basic")), credentials: object("username", "bob", "password", w.plant("password"))},
		{definition: object("link_name", "sigv4", "auth", object("type", "aws_sigv4", "aws_service", "s3", "aws_region", "us-east-1")),
			credentials: object("access_key_id", "AKIDEXAMPLE", "secret_access_key", w.plantPlain("secret access key"), "session_token", w.plantPlain("session token"))},
	} {
		name := c.definition["link_name"].(string)
		c.definition["base_url"], c.definition["hosts"], c.definition["verify_url"] = open.URL, []string{host}, open.URL+"/verify"
		if c.parameters != nil {
			c.definition["base_url"], c.definition["verify_url"] = open.URL+"/{box}?tenant={tenant}", open.URL+"/verify/{box}?tenant={tenant}"
			c.definition["dynamic_parameters"] = []any{object("key", "tenant", "name", "Tenant"), object("key", "box", "name", "Box")}
		}
		w.define(c.definition)
		connect := object("credentials", c.credentials)
		form := url.Values{}
		for field, value := range c.credentials {
			form.Set("credential."+field, value.(string))
		}
		if c.parameters != nil {
			connect["parameters"] = c.parameters
			for key, value := range c.parameters {
				form.Set("parameter."+key, value.(string))
			}
		}
		path := "POST /v1/connections/" + name + "/connect"
		for _, echo := range echoes {
			for _, answer := range []func(providertest.Request) *providertest.Answer{
				refusal(401, "denied", echo),
				func(r providertest.Request) *providertest.Answer {
					return &providertest.Answer{Status: 403, Body: echo(r)}
				},
			} {
				if c.parameters != nil {
					break // their values are no credential, and a provider may name its own tenant
				}
				open.Before(answer)
				w.api(400, path, connect)
				w.note("form of "+name, servertest.Post(w.t, w.browser, w.link(name, object()), form), c.shown...)
			}
		}
		for _, fault := range []providertest.Answer{{Reset: true}, {Status: 500, Body: "<html>"}, {Status: 302, Header: http.Header{"Location": {"/elsewhere"}}}} {
			open.Always(fault)
			w.api(0, path, connect)
			w.note("form of "+name, servertest.Post(w.t, w.browser, w.link(name, object()), form), c.shown...)
		}
		open.Honest()
		for _, wrong := range []map[string]any{
			object("credentials", object("nothing_of_this_name", slices.Collect(maps.Values(c.credentials))[0])), object("credentials", slices.Collect(maps.Values(c.credentials))),
			object("credentials", c.credentials, "parameters", object("nothing", "x")), object("credentials", c.credentials, "return_to", "//evil.example"),
			object("credentials", []any{c.credentials}),
		} {
			w.api(400, path, wrong)
		}
		raw := jsonOf(200, connect).Body
		w.api(400, path, raw[:len(raw)-1])
		w.api(400, path, raw+raw)
		w.api(415, path, raw, "Content-Type", "text/plain")
		posted := w.note("form of "+name, servertest.Post(w.t, w.browser, w.link(name, object()), form), c.shown...)
		if posted.Status != 303 {
			w.t.Fatalf("%s is not connected by the form: %d %s", name, posted.Status, posted.Body)
		}
		w.page(200, posted.Header.Get("Location"))
		w.page(200, w.link(name, object()))
		w.api(200, path, connect)
		w.calls(name, c.parameters != nil)
		w.api(200, "POST /v1/connections/"+name+"/revoke", nil)
		w.api(409, "POST /v1/invoke", object("connection", name, "url", "/"))
	}
	// A key in a form goes into a body, so there is nothing to verify it with.
	w.define(keyAt("form", open.URL, host, "api_key", "form"))
	w.api(200, "POST /v1/connections/form/connect", object("credentials", object("api_key", w.plant("form key"))))
	w.calls("form", false)
}

// calls invokes through a connection in every way that can end differently. What an upstream says through the proxy is
// its own business, so there it does not echo.
func (w *walk) calls(name string, parameters bool) {
	w.t.Helper()
	open := w.evil.Open
	request := func(path string, pairs ...any) map[string]any {
		r := object("connection", name, "url", path, "type", "POST")
		for i := 0; i < len(pairs); i += 2 {
			r[pairs[i].(string)] = pairs[i+1]
		}
		return r
	}
	for _, echo := range echoes {
		if parameters {
			break // what an upstream says about its own tenant is its answer
		}
		for _, status := range []int{200, 302, 401, 500} {
			open.Before(func(r providertest.Request) *providertest.Answer {
				text := echo(r)
				h := http.Header{"X-Echo": {strings.Map(func(c rune) rune { return max(c, ' ') }, text)}}
				if !r.Query().Has("oauth_signature") { // which is encoded twice by itself
					h.Set("Location", "/sign-in?next="+url.QueryEscape(r.URI))
				}
				return &providertest.Answer{Status: status, Header: h, Body: text}
			})
			w.api(200, "POST /v1/invoke", request("/x"))
		}
		open.Before(func(r providertest.Request) *providertest.Answer {
			return jsonOf(200, object("echo", html.UnescapeString(echo(r))))
		})
		w.api(200, "POST /v1/invoke", request("/x"))
	}
	open.Always(providertest.Answer{Body: "quiet"})
	w.api(200, "POST /v1/proxy/"+name+"/x", "a=1", "Content-Type", "application/x-www-form-urlencoded")
	w.api(200, "POST /v1/invoke", request("/x"))
	for _, fault := range []providertest.Answer{
		{Reset: true}, {Header: http.Header{"Content-Length": {"1000"}}, Body: "cut"}, {Status: 302, Header: http.Header{"Location": {"file:///"}}},
	} {
		open.Always(fault)
		w.api(0, "POST /v1/invoke", request("/x", "follow_redirects", true))
		if fault.Reset {
			w.api(502, "POST /v1/proxy/"+name+"/x", nil)
		}
	}
	open.Always(providertest.Answer{Hang: true})
	w.api(504, "POST /v1/invoke", request("/x", "timeout_ms", 20))
	open.Honest()
	w.api(403, "POST /v1/invoke", request("https://evil.example/"))
	w.api(400, "POST /v1/invoke", request("/../x"))
	w.api(400, "POST /v1/invoke", request("/x", "headers", object("Host", "x")))
	w.api(400, "POST /v1/proxy/"+name+"/%2e%2e/x", nil)
}

// machines are client credentials: the provider is called when connecting, and again instead of a refresh.
func (w *walk) machines() {
	w.t.Helper()
	secret := w.plant("client secret of a machine")
	tenant := w.plant("parameter in a token URL")
	for i, how := range []string{"", "client_secret_basic", "client_secret_basic_raw", "client_secret_post"} {
		name := fmt.Sprintf("machine%d", i)
		auth := object("type", "oauth2", "grant_type", "client_credentials", "client_id", "machine", "client_secret", secret,
			"access_token_url", w.evil.Token.URL+"?tenant={tenant}", "client_authentication", how)
		w.define(object("link_name", name, "base_url", w.evil.Open.URL, "hosts", []string{hostOf(w.t, w.evil.URL)}, "auth", auth,
			"dynamic_parameters", []any{object("key", "tenant", "name", "Tenant")}))
		path, connect := "POST /v1/connections/"+name+"/connect", object("parameters", object("tenant", tenant))
		for _, echo := range echoes {
			w.evil.Token.Before(func(r providertest.Request) *providertest.Answer {
				r.URI = "/token" // a provider may name its own tenant
				return refusal(400, "invalid_client", echo)(r)
			})
			w.api(400, path, connect)
		}
		w.evil.Token.Always(providertest.Answer{Reset: true})
		w.api(502, path, connect)
		token := w.plant("access token of machine " + how)
		for _, odd := range []*providertest.Answer{
			jsonOf(200, object("access_token", token, "error", "no")), jsonOf(200, object("access_token", token+"\n")), jsonOf(200, object("token", token)),
			jsonOf(200, token), {Body: "<p>" + token},
			jsonOf(200, object("access_token", token, "token_type", "mac")), jsonOf(500, object("access_token", token)),
			jsonOf(200, []string{token}), {Body: "{" + token}, formOf("oauth_token", token),
		} {
			w.evil.Token.Always(*odd)
			w.api(0, path, connect)
		}
		w.evil.Token.Always(*jsonOf(200, object("access_token", token, "token_type", "Bearer", "expires_in", 3600)))
		w.api(200, path, connect)
		w.calls(name, false)
		w.api(200, "POST /v1/connections/"+name+"/revoke", nil)
	}
	second := w.plant("second client secret of a machine")
	w.api(200, "PATCH /v1/services/machine3?keep_connections=true", object("auth", object("client_secret", second)))
	w.api(409, "PATCH /v1/services/machine3", object("auth", object("client_secret", second, "grant_type", "authorization_code", "authorize_url", w.evil.Authorize.URL)))
	w.api(409, "PATCH /v1/services/machine3", object("auth", object("client_secret", second, "type", "basic")))
	w.api(400, "PATCH /v1/services/machine3", object("auth", object("client_secret", []string{second})))
	w.api(400, "PATCH /v1/services/machine3", object("client_secret", second))
	w.api(200, "POST /v1/connections/machine3/connect", object("parameters", object("tenant", tenant)))
	w.evil.Token.Honest()
}

// codes are the authorization code grant, from the first page to the refresh that the provider refuses.
func (w *walk) codes() {
	w.t.Helper()
	evil, host := w.evil, hostOf(w.t, w.evil.URL)
	secret, tenant := w.plant("client secret"), w.plant("parameter in an authorize URL")
	define := func(name, how, at string) {
		d := codeAt(evil, name, evil.Open.URL, host, at)
		auth := d["auth"].(map[string]any)
		auth["client_secret"], auth["client_authentication"] = secret, how
		auth["authorize_url"], auth["revoke_token_url"] = evil.Authorize.URL+"?tenant={tenant}", evil.Revoke.URL+"?tenant={tenant}"
		d["dynamic_parameters"] = []any{object("key", "tenant", "name", "Tenant")}
		if strings.HasPrefix(name, "code") {
			d["verify_url"] = evil.Open.URL + "/verify"
		}
		w.define(d)
	}
	typed := object("parameters", object("tenant", tenant))
	code := func(what string) url.Values { return url.Values{"code": {w.plant("code " + what)}} }
	const shown = "parameter in an authorize URL" // on the way to the provider, and in the form of the person who typed it
	grant := func(name, access, refresh string, life int) {
		evil.Token.Always(*jsonOf(200, object("access_token", access, "refresh_token", refresh, "id_token", w.plant("id token of "+name), "token_type", "Bearer", "expires_in", life)))
	}
	for i, how := range []string{"client_secret_basic", "client_secret_post"} {
		name := fmt.Sprintf("code%d", i)
		define(name, how, []string{"header", "query"}[i])
		w.page(200, w.link(name, object()))
		w.note("form of "+name, servertest.Post(w.t, w.browser, w.link(name, object()), url.Values{"parameter.tenant": {tenant}}), shown)
		// The provider sends back an error, by way of the browser.
		at := w.leave(name, typed, shown)
		_, state, _ := strings.Cut(at, "&state=")
		state, _, _ = strings.Cut(state, "&")
		w.back(name, at, url.Values{"error": {"access_denied"}, "error_description": {"not with " + state}})
		for n, echo := range echoes {
			evil.Token.Before(refusal(400, "invalid_grant", echo))
			w.back(name, w.leave(name, typed, shown), code(fmt.Sprintf("%d of %s", n, name)))
		}
		for n, odd := range []providertest.Answer{{Reset: true}, {Status: 200, Body: "{"}, {Status: 503}, {Status: 307, Header: http.Header{"Location": {"/elsewhere"}}}} {
			evil.Token.Always(odd)
			w.back(name, w.leave(name, typed, shown), code(fmt.Sprintf("that meets fault %d of %s", n, name)))
		}
		access, refresh := w.plant("access token of "+name), w.plant("refresh token of "+name)
		grant(name, access, refresh, 3600)
		for n, echo := range append(slices.Clone(echoes), func(providertest.Request) string { return "there is " + refresh + " too, and " + secret }) {
			evil.Open.Before(refusal(401, "denied", echo))
			w.back(name, w.leave(name, typed, shown), code(fmt.Sprintf("verified %d of %s", n, name)))
		}
		evil.Open.Honest()
		if page := w.back(name, w.leave(name, typed, shown), code("that works of "+name)); !strings.Contains(page, "is connected") {
			w.t.Errorf("%s is not connected: %s", name, page)
		}
		w.page(200, w.link(name, object()))
		w.calls(name, false)
		evil.Revoke.Before(refusal(400, "unsupported_token_type", echoes[3]))
		w.api(200, "POST /v1/connections/"+name+"/revoke", nil)
	}
	for _, r := range evil.Token.Grants("authorization_code") {
		if verifier := r.Form.Get("code_verifier"); verifier != "" {
			w.know(fmt.Sprintf("code verifier %d", len(w.came)), verifier)
		}
	}
	// Each connection meets one way in which a refresh fails, when the upstream says 401.
	for i, c := range []struct {
		status int
		code   string
	}{{400, "invalid_grant"}, {401, "invalid_client"}, {503, "temporarily_unavailable"}, {200, "invalid_grant"}, {429, "slow_down"}} {
		for n, echo := range []func(r providertest.Request, access string) string{
			func(r providertest.Request, _ string) string { return echoes[3](r) },
			func(r providertest.Request, _ string) string { return echoes[5](r) },
			func(r providertest.Request, _ string) string { return echoes[6](r) },
			// A provider knows its tokens without being shown them.
			func(_ providertest.Request, access string) string { return "the grant of " + access + " has ended" },
			func(_ providertest.Request, access string) string { return strings.Repeat("x", 300-16) + access },
		} {
			name := fmt.Sprintf("refresh%d_%d", i, n)
			define(name, "client_secret_post", "header")
			access, refresh := w.plant("access token of "+name), w.plant("refresh token of "+name)
			grant(name, access, refresh, 3600)
			w.back(name, w.leave(name, typed, shown), code("of "+name))
			evil.Token.Before(refusal(c.status, c.code, func(r providertest.Request) string { return echo(r, access) }))
			evil.Open.Always(providertest.Answer{Status: 401})
			w.api(0, "POST /v1/invoke", object("connection", name, "url", "/x"))
			w.api(0, "POST /v1/invoke", object("connection", name, "url", "/x"))
			evil.Open.Honest()
			w.api(200, "GET /v1/connections/"+name, nil)
			w.page(200, w.link(name, object()))
		}
	}
	// A token that is over: the caller is told what the provider said.
	define("over", "client_secret_post", "header")
	grant("over", w.plant("access token that ends"), w.plant("refresh token after the end"), 1)
	w.back("over", w.leave("over", typed, shown), code("of what is over"))
	evil.Token.Before(refusal(503, "temporarily_unavailable", echoes[3]))
	for ended := false; !ended; time.Sleep(20 * time.Millisecond) {
		got := w.l.API(w.t, "POST /v1/invoke", object("connection", "over", "url", "/x"))
		if ended = got.Status == 503; !ended && got.Status != 200 {
			w.t.Fatalf("waiting for the end of a token: %d %s", got.Status, got.Body)
		}
		w.note("refresh_unavailable", got)
	}
	// One that is refreshed, by the honest answer.
	define("renewed", "client_secret_basic", "header")
	grant("renewed", w.plant("access token to renew"), w.plant("refresh token to use"), 3600)
	w.back("renewed", w.leave("renewed", typed, shown), code("of what is renewed"))
	grant("renewed again", w.plant("renewed access token"), w.plant("renewed refresh token"), 3600)
	evil.Open.Always(providertest.Answer{Status: 401})
	w.api(200, "POST /v1/invoke", object("connection", "renewed", "url", "/x"))
	evil.Open.Honest()
	w.api(204, "DELETE /v1/connections/renewed", nil)
	w.api(200, "DELETE /v1/services/refresh2_0", nil)
	evil.Token.Honest()
	evil.Revoke.Honest()
}

// oauth1 is the three legs, with each way of signing.
func (w *walk) oauth1() {
	w.t.Helper()
	evil, host := w.evil, hostOf(w.t, w.evil.URL)
	for _, c := range []struct{ name, at, method string }{
		{"signed", "header", "HMAC-SHA1"}, {"plain", "header", "PLAINTEXT"}, {"plain_query", "query", "PLAINTEXT"}, {"plain_form", "form", "PLAINTEXT"},
	} {
		d := signedAt(evil, c.name, evil.Open.URL, host, c.at, c.method)
		d["auth"].(map[string]any)["consumer_secret"] = w.plant("consumer secret of " + c.name)
		if c.at != "form" {
			d["verify_url"] = evil.Open.URL + "/verify"
		}
		w.define(d)
		// Each way begins with a request token of its own, which the browser carries to the provider and back.
		way := func(what string, query url.Values) string {
			what += " of " + c.name
			token := w.plantPlain("request token " + what)
			evil.RequestToken.Always(*formOf("oauth_token", token, "oauth_token_secret", w.plant("request token secret "+what), "oauth_callback_confirmed", "true"))
			at := w.leave(c.name, object(), "request token "+what)
			query.Set("oauth_token", token)
			return w.back(c.name, at, query, "request token "+what)
		}
		verifier := func(what string) url.Values {
			return url.Values{"oauth_verifier": {w.plant("verifier " + what + " of " + c.name)}}
		}
		for n, echo := range echoes {
			said := func(r providertest.Request) *providertest.Answer {
				return &providertest.Answer{Status: 401, Body: echo(r)}
			}
			evil.RequestToken.Before(said)
			w.page(0, w.link(c.name, object())+"/go")
			evil.AccessToken.Before(said)
			way(fmt.Sprint(n), verifier(fmt.Sprint(n)))
		}
		evil.AccessToken.Always(providertest.Answer{Reset: true})
		way("that meets a fault", verifier("that meets a fault"))
		way("that is denied", url.Values{"denied": {"yes"}})
		evil.AccessToken.Always(*formOf("oauth_token", w.plant("OAuth 1 token of "+c.name), "oauth_token_secret", w.plant("OAuth 1 token secret of "+c.name),
			"oauth_session_handle", w.plant("session handle of "+c.name)))
		for n, echo := range echoes {
			if c.at == "form" {
				break // there is no form in the request that verifies
			}
			evil.Open.Before(refusal(401, "denied", echo))
			way(fmt.Sprint("verified ", n), verifier(fmt.Sprint("verified ", n)))
		}
		evil.Open.Honest()
		if page := way("that works", verifier("that works")); !strings.Contains(page, "is connected") {
			w.t.Errorf("%s is not connected: %s", c.name, page)
		}
		w.calls(c.name, false)
	}
	evil.RequestToken.Honest()
	evil.AccessToken.Honest()
}

// strangers bring secrets to where they do not belong.
func (w *walk) strangers() {
	w.t.Helper()
	value := func(what string) string { return w.plant("stranger's " + what) }
	for what, call := range map[string]string{
		"key in the query": "GET /v1/me?api_key=", "token in the query": "GET /v1/proxy/header/x?access_token=",
		"search": "GET /v1/services?q=", "cursor": "GET /v1/audit?cursor=",
	} {
		w.api(0, call+url.QueryEscape(value(what)), nil)
	}
	key := value("key")
	w.note("unknown key", w.l.As(w.t, key, "GET /v1/me", nil))
	w.note("unknown key", w.l.As(w.t, key, "GET /v1/proxy/header/x", nil))
	w.note("key in the query alone", w.l.As(w.t, "", "GET /v1/me?api_key="+url.QueryEscape(key), nil))
	w.api(0, "GET /v1/me", nil, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(key)))
	w.api(0, "GET /v1/me", nil, "Lanyard-User", hex.EncodeToString([]byte(value("user"))))
	for what, path := range map[string]string{"sign-in link": "/sign-in/", "set-up link": "/setup/", "page": "/nothing/", "cookie": ""} {
		if path == "" {
			req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.l.URL+"/", nil)
			if err != nil {
				w.t.Fatal(err)
			}
			req.AddCookie(&http.Cookie{Name: "lanyard_session", Value: url.QueryEscape(value(what))})
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				w.t.Fatal(err)
			}
			_ = resp.Body.Close()
			continue
		}
		w.page(0, path+url.PathEscape(value(what)))
	}
	w.page(0, callbackOf(w.l, "code0")+"?code="+url.QueryEscape(value("code"))+"&state="+url.QueryEscape(value("state")))
	made := w.l.Must(w.t, 201, "POST /v1/api_keys", object("name", "another"))
	w.know("another API key", made.Field(w.t, "key").(string)) // shown this once
	w.note("another key", w.l.As(w.t, made.Field(w.t, "key").(string), "GET /v1/me", nil))
	w.api(204, "DELETE /v1/api_keys/"+made.Field(w.t, "id").(string), nil)
	// Links are shown to whoever may use them, and kept nowhere.
	link := w.l.Must(w.t, 201, "POST /v1/sign_in_links", nil).Field(w.t, "url").(string)
	w.know("link to sign in", link[strings.LastIndexByte(link, '/')+1:])
	other := servertest.SignIn(w.t, link)
	w.note("used link", servertest.Get(w.t, other, link))
	w.note("signed out", servertest.Post(w.t, other, w.l.URL+"/sign-out", nil))
	connect := w.l.Must(w.t, 200, "POST /v1/connections/header/connect", object()).Field(w.t, "connect_url").(string)
	servertest.Get(w.t, w.browser, connect)
	w.know("link to connect", connect[strings.LastIndexByte(connect, '/')+1:])
}

// everythingElse reads whatever there is to read: every operation of the document, every page without a form.
func (w *walk) everythingElse() {
	w.t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	w.api(200, "GET /openapi.json", nil).JSON(w.t, &document)
	names := strings.NewReplacer("{link_name}", "header", "{id}", "none", "{path}", "x")
	for path, operations := range document.Paths {
		for method := range operations {
			call := strings.ToUpper(method) + " " + names.Replace(path)
			switch {
			case method == "get" || method == "head" || method == "options":
				w.api(0, call, nil)
			case !strings.Contains(path, "{") && path != "/v1/sign_in_links":
				w.api(0, call, object("nothing", "here"))
			}
		}
	}
	for _, list := range []string{"services", "connections", "connections?view=shared", "api_keys", "invocations", "audit"} {
		for next := ""; ; {
			call := "GET /v1/" + list + map[bool]string{true: "&", false: "?"}[strings.Contains(list, "?")] + "limit=200"
			if next != "" {
				call += "&cursor=" + url.QueryEscape(next)
			}
			page := w.api(200, call, nil)
			if next, _ = page.Field(w.t, "next_cursor").(string); next == "" {
				break
			}
		}
	}
	for _, path := range []string{"/", "/account", "/account/password", "/account/keys/new", "/organization", "/docs", "/healthz", "/readyz", "/metrics", "/sign-in/x", "/connect/x", "/connect/result/x", "/nothing"} {
		w.page(0, path)
		w.note("GET "+path+" of a stranger", servertest.Get(w.t, servertest.Stranger(w.t), w.l.URL+path))
	}
	for next := "/connections"; next != ""; {
		page := string(w.page(200, next).Body)
		_, rest, more := strings.Cut(page, `href="/connections?cursor=`)
		cursor, _, _ := strings.Cut(rest, `"`)
		if next = ""; more {
			next = "/connections?cursor=" + html.UnescapeString(cursor)
		}
	}
}
