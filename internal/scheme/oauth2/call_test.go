package oauth2_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	xoauth2 "golang.org/x/oauth2"

	"lanyard"
	"lanyard/internal/scheme/oauth2"
)

// provider answers by a function and remembers what it was asked.
type provider struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seenRequest
}

type seenRequest struct {
	path, query, body string
	header            http.Header
}

// form reads the body, of which every name stands once.
func (r seenRequest) form(t *testing.T) map[string]string {
	t.Helper()
	values, err := url.ParseQuery(r.body)
	if err != nil {
		t.Fatal(err)
	}
	once := map[string]string{}
	for name, v := range values {
		if len(v) != 1 {
			t.Errorf("%s stands %d times", name, len(v))
		}
		once[name] = v[0]
	}
	return once
}

func newProvider(t *testing.T, answer func(w http.ResponseWriter, r seenRequest)) *provider {
	t.Helper()
	p := &provider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen := seenRequest{r.URL.Path, r.URL.RawQuery, string(body), r.Header}
		p.mu.Lock()
		p.seen = append(p.seen, seen)
		p.mu.Unlock()
		answer(w, seen)
	}))
	t.Cleanup(p.Close)
	return p
}

func says(status int, body string) func(http.ResponseWriter, seenRequest) {
	return func(w http.ResponseWriter, _ seenRequest) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const bearer = `{"access_token":"at","token_type":"bearer","expires_in":60,"refresh_token":"rt2"}`

// requests returns what the provider saw, after checking how many that were.
func (p *provider) requests(t *testing.T, n int) []seenRequest {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) != n {
		t.Fatalf("the provider saw %d requests, want %d", len(p.seen), n)
	}
	return p.seen
}

func (p *provider) config(style oauth2.ClientAuthentication) oauth2.Config {
	return oauth2.Config{ClientID: "id", ClientSecret: lanyard.NewSecret("client-secret"), ClientAuthentication: style,
		TokenURL: p.URL + "/token?tenant=a%20b", RevokeURL: p.URL + "/revoke", Now: func() time.Time { return received }}
}

var grant = oauth2.Grant{Code: lanyard.NewSecret("the code"), Verifier: lanyard.NewSecret("the-verifier"), RedirectURI: "https://l.example/cb"}

func equalForms(t *testing.T, got, want map[string]string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the provider was sent\n     %v\nwant %v", got, want)
	}
}

func TestExchange(t *testing.T) {
	p := newProvider(t, says(200, bearer))
	c := p.config(oauth2.Post)
	c.TokenParams = map[string]string{"resource": "r 1", "code": "theirs", "client_id": "theirs", "grant_type": "theirs"}
	c.RefreshParams = map[string]string{"never": "x"}
	token, err := oauth2.Exchange(t.Context(), p.Client(), c, grant)
	if err != nil || token.AccessToken.Reveal() != "at" || token.RefreshToken.Reveal() != "rt2" || token.ClientAuthentication != oauth2.Post {
		t.Fatalf("got %+v, %v", token, err)
	}
	seen := p.requests(t, 1)[0]
	equalForms(t, seen.form(t), map[string]string{"grant_type": "authorization_code", "code": "the code", "redirect_uri": "https://l.example/cb",
		"code_verifier": "the-verifier", "client_id": "id", "client_secret": "client-secret", "resource": "r 1"})
	if seen.path != "/token" || seen.query != "tenant=a%20b" || seen.header.Get("Accept") != "application/json" ||
		seen.header.Get("Content-Type") != "application/x-www-form-urlencoded" || seen.header.Get("Authorization") != "" {
		t.Errorf("the provider saw %+v", seen)
	}
}

func TestRefresh(t *testing.T) {
	p := newProvider(t, says(200, bearer))
	c := p.config(oauth2.Basic)
	c.RefreshURL = p.URL + "/refresh?x=1"
	c.TokenParams = map[string]string{"never": "x"}
	c.RefreshParams = map[string]string{"refresh_token": "theirs", "audience": "a"}
	if _, err := oauth2.Refresh(t.Context(), p.Client(), c, lanyard.NewSecret("rt1"), nil); err != nil {
		t.Fatal(err)
	}
	c.RefreshURL, c.ScopeDelimiter = "", "+"
	if _, err := oauth2.Refresh(t.Context(), p.Client(), c, lanyard.NewSecret("rt1"), []string{"a", "b:c"}); err != nil {
		t.Fatal(err)
	}
	seen := p.requests(t, 2)
	equalForms(t, seen[0].form(t), map[string]string{"grant_type": "refresh_token", "refresh_token": "rt1", "audience": "a"})
	if seen[0].path != "/refresh" || seen[0].query != "x=1" || seen[1].path != "/token" {
		t.Errorf("paths %s, %s", seen[0].path, seen[1].path)
	}
	if !strings.Contains(seen[1].body, "&scope=a+b%3Ac&") {
		t.Errorf("body %s: a plus delimiter stands bare on the wire", seen[1].body)
	}
}

func TestClientCredentials(t *testing.T) {
	p := newProvider(t, says(200, `{"access_token":"at"}`))
	c := p.config(oauth2.BasicRaw)
	c.TokenParams = map[string]string{"audience": "a"}
	if _, err := oauth2.ClientCredentials(t.Context(), p.Client(), c, []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	equalForms(t, p.requests(t, 1)[0].form(t), map[string]string{"grant_type": "client_credentials", "scope": "a b", "audience": "a"})
}

func TestJSONRequest(t *testing.T) {
	p := newProvider(t, says(200, bearer))
	c := p.config(oauth2.Post)
	c.JSON, c.ScopeDelimiter = true, "+"
	if _, err := oauth2.ClientCredentials(t.Context(), p.Client(), c, []string{"a", `b"`}); err != nil {
		t.Fatal(err)
	}
	seen := p.requests(t, 1)[0]
	var got map[string]string
	if err := json.Unmarshal([]byte(seen.body), &got); err != nil {
		t.Fatal(err)
	}
	equalForms(t, got, map[string]string{"grant_type": "client_credentials", "scope": `a+b"`, "client_id": "id", "client_secret": "client-secret"})
	if seen.header.Get("Content-Type") != "application/json" {
		t.Errorf("Content-Type %q", seen.header.Get("Content-Type"))
	}
}

// The headers were computed by hand: form encoding of each half, a colon, base64.
func TestG12_ClientAuthentication(t *testing.T) {
	p := newProvider(t, says(200, bearer))
	for name, c := range map[string]struct {
		style      oauth2.ClientAuthentication
		id, secret string
		header     string
		form       map[string]string
	}{
		// web+basic%2Bodd:p%40ss%3Aw%2Frd+%25%2B%26%3D
		"G12 basic": {oauth2.Basic, "web basic+odd", "p@ss:w/rd %+&=", "Basic d2ViK2Jhc2ljJTJCb2RkOnAlNDBzcyUzQXclMkZyZCslMjUlMkIlMjYlM0Q=", nil},
		// web basic+odd:p@ss:w/rd %+&=
		"G12 raw":              {oauth2.BasicRaw, "web basic+odd", "p@ss:w/rd %+&=", "Basic d2ViIGJhc2ljK29kZDpwQHNzOncvcmQgJSsmPQ==", nil},
		"G12 post":             {oauth2.Post, "web basic+odd", "p@ss:w/rd %+&=", "", map[string]string{"client_id": "web basic+odd", "client_secret": "p@ss:w/rd %+&="}},
		"post, no secret":      {oauth2.Post, "id", "", "", map[string]string{"client_id": "id"}},
		"none":                 {oauth2.None, "id", "unused", "", map[string]string{"client_id": "id"}},
		"automatic, no secret": {oauth2.Automatic, "id", "", "", map[string]string{"client_id": "id"}},
		// id:s
		"automatic": {oauth2.Automatic, "id", "s", "Basic aWQ6cw==", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p.seen = nil
			config := p.config(c.style)
			config.ClientID, config.ClientSecret = c.id, lanyard.NewSecret(c.secret)
			token, err := oauth2.Refresh(t.Context(), p.Client(), config, lanyard.NewSecret("rt"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.style != oauth2.Automatic && token.ClientAuthentication != c.style || token.ClientAuthentication == oauth2.Automatic {
				t.Errorf("the token says %q", token.ClientAuthentication)
			}
			seen := p.requests(t, 1)[0]
			if got := seen.header.Get("Authorization"); got != c.header {
				t.Errorf("Authorization\n got %q\nwant %q", got, c.header)
			}
			want := map[string]string{"grant_type": "refresh_token", "refresh_token": "rt"}
			for name, value := range c.form {
				want[name] = value
			}
			equalForms(t, seen.form(t), want)
		})
	}
	t.Run("unknown", func(t *testing.T) {
		p.seen = nil
		token, err := oauth2.Refresh(t.Context(), p.Client(), p.config("private_key_jwt"), lanyard.NewSecret("rt"), nil)
		if e := failure(t, token, err); e.Class != oauth2.Misconfigured || !e.NeverSent {
			t.Errorf("err = %v", err)
		}
		p.requests(t, 0)
	})
}

// A second request is made for invalid_client, with 400 or 401, and for nothing else.
func TestAutomaticClientAuthentication(t *testing.T) {
	for name, c := range map[string]struct {
		style    oauth2.ClientAuthentication
		status   int
		body     string
		requests int
	}{
		"invalid_client, 401":         {oauth2.Automatic, 401, `{"error":"invalid_client"}`, 2},
		"invalid_client, 400":         {oauth2.Automatic, 400, `{"error":"invalid_client"}`, 2},
		"invalid_client, 403":         {oauth2.Automatic, 403, `{"error":"invalid_client"}`, 1},
		"invalid_client, 200":         {oauth2.Automatic, 200, `{"error":"invalid_client"}`, 1},
		"invalid_grant":               {oauth2.Automatic, 400, `{"error":"invalid_grant"}`, 1},
		"unauthorized_client":         {oauth2.Automatic, 401, `{"error":"unauthorized_client"}`, 1},
		"invalid_request":             {oauth2.Automatic, 400, `{"error":"invalid_request"}`, 1},
		"401 without body":            {oauth2.Automatic, 401, ``, 1},
		"500":                         {oauth2.Automatic, 500, `{"error":"invalid_client"}`, 1},
		"invalid_client, style known": {oauth2.Basic, 401, `{"error":"invalid_client"}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, func(w http.ResponseWriter, r seenRequest) {
				if r.header.Get("Authorization") == "" {
					says(200, bearer)(w, r)
				} else {
					says(c.status, c.body)(w, r)
				}
			})
			token, err := oauth2.Exchange(t.Context(), p.Client(), p.config(c.style), grant)
			seen := p.requests(t, c.requests)
			if c.requests == 1 {
				failure(t, token, err)
				return
			}
			if err != nil || token.ClientAuthentication != oauth2.Post {
				t.Fatalf("got %+v, %v", token, err)
			}
			if f := seen[1].form(t); f["client_secret"] != "client-secret" || f["code"] != "the code" {
				t.Errorf("second request %v", f)
			}
		})
	}
	t.Run("refused both ways", func(t *testing.T) {
		p := newProvider(t, says(401, `{"error":"invalid_client"}`))
		token, err := oauth2.Exchange(t.Context(), p.Client(), p.config(oauth2.Automatic), grant)
		if e := failure(t, token, err); e.Class != oauth2.Misconfigured || e.Op != "exchange" {
			t.Errorf("err = %v", err)
		}
		p.requests(t, 2)
	})
}

func TestF05_RedirectsAreNotFollowed(t *testing.T) {
	sink := newProvider(t, says(200, bearer))
	for _, status := range []int{301, 302, 303, 307, 308} {
		p := newProvider(t, func(w http.ResponseWriter, _ seenRequest) {
			w.Header().Set("Location", sink.URL+"/token?client-secret")
			w.WriteHeader(status)
		})
		for _, style := range []oauth2.ClientAuthentication{oauth2.Automatic, oauth2.Post} {
			token, err := oauth2.Exchange(t.Context(), p.Client(), p.config(style), grant)
			if e := failure(t, token, err); e.Class != oauth2.Transient || e.Status != status || !strings.Contains(e.Problem, "redirect, which is not followed (to http://127.0.0.1") || strings.Contains(err.Error(), "client-secret") {
				t.Errorf("err = %v", err)
			}
		}
		p.requests(t, 2)
	}
	sink.requests(t, 0)
}

// Whatever a provider repeats of a request, in whatever spelling, must not come back in an error.
func TestF12_EchoedSecretsAreMasked(t *testing.T) {
	const clientSecret, code, verifier = "cl/ient+se&cret-tail1", "co/de+ x-tail2", "ver~ifier-tail3"
	for name, echo := range map[string]func(r seenRequest) string{
		"body":          func(r seenRequest) string { return r.body },
		"body, decoded": func(r seenRequest) string { s, _ := url.QueryUnescape(r.body); return s },
		"header":        func(r seenRequest) string { return r.header.Get("Authorization") + " " + r.body },
	} {
		for _, style := range []oauth2.ClientAuthentication{oauth2.Basic, oauth2.BasicRaw, oauth2.Post} {
			t.Run(name+" "+string(style), func(t *testing.T) {
				var basic string
				p := newProvider(t, func(w http.ResponseWriter, r seenRequest) {
					basic = strings.TrimPrefix(r.header.Get("Authorization"), "Basic ")
					body, err := json.Marshal(map[string]string{"error": "invalid_grant", "error_description": echo(r)})
					if err != nil {
						t.Error(err)
					}
					says(400, string(body))(w, r)
				})
				c := p.config(style)
				c.ClientSecret = lanyard.NewSecret(clientSecret)
				token, err := oauth2.Exchange(t.Context(), p.Client(), c, oauth2.Grant{Code: lanyard.NewSecret(code), Verifier: lanyard.NewSecret(verifier)})
				failure(t, token, err)
				for _, tail := range []string{"tail1", "tail2", "tail3", basic} {
					if tail != "" && strings.Contains(err.Error(), tail) {
						t.Errorf("%q is in %q", tail, err)
					}
				}
				if !strings.Contains(err.Error(), "[redacted]") {
					t.Errorf("nothing was masked in %q", err)
				}
			})
		}
	}
}

func TestB08_B13_NetworkFailures(t *testing.T) {
	release := make(chan struct{})
	p := newProvider(t, func(w http.ResponseWriter, r seenRequest) {
		switch r.path {
		case "/hang":
			<-release
		case "/reset":
			panic(http.ErrAbortHandler)
		case "/cut":
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, bearer[:30])
		case "/cut-error":
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(400)
		case "/large":
			_, _ = io.WriteString(w, `{"access_token":"`+strings.Repeat("a", 2<<20)+`"}`)
		}
	})
	t.Cleanup(func() { close(release) }) // before the server waits for its handlers
	gone := httptest.NewServer(nil)
	gone.Close()
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	t.Cleanup(cancel)
	for name, c := range map[string]struct {
		ctx       context.Context
		url       string
		class     oauth2.Class
		status    int
		neverSent bool
	}{
		"B08 time-out":       {short, p.URL + "/hang?k=hidden", oauth2.Transient, 0, false},
		"B13 reset":          {t.Context(), p.URL + "/reset?k=hidden", oauth2.Transient, 0, false},
		"B13 nobody listens": {t.Context(), gone.URL + "/?k=hidden", oauth2.Transient, 0, true},
		"B13 not TLS":        {t.Context(), strings.Replace(p.URL, "http:", "https:", 1) + "/?k=hidden", oauth2.Transient, 0, false},
		"answer cut off":     {t.Context(), p.URL + "/cut?k=hidden", oauth2.Malformed, 200, false},
		"error cut off":      {t.Context(), p.URL + "/cut-error?k=hidden", oauth2.Transient, 400, false},
		"M03 too large":      {t.Context(), p.URL + "/large?k=hidden", oauth2.Malformed, 200, false},
		"URL cannot be read": {t.Context(), "https://%zz/?k=hidden", oauth2.Misconfigured, 0, true},
		"URL without a host": {t.Context(), "/token?k=hidden", oauth2.Misconfigured, 0, true},
		"no URL":             {t.Context(), "", oauth2.Misconfigured, 0, true},
		"scheme not spoken":  {t.Context(), "ftp://h/?k=hidden", oauth2.Transient, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			p.mu.Lock()
			p.seen = nil
			p.mu.Unlock()
			config := p.config(oauth2.Automatic)
			config.TokenURL = c.url
			token, err := oauth2.Refresh(c.ctx, &http.Client{Transport: &http.Transport{}}, config, lanyard.NewSecret("the-refresh-token"), nil)
			e := failure(t, token, err)
			if e.Class != c.class || e.Status != c.status || e.NeverSent != c.neverSent || e.Op != "refresh" {
				t.Errorf("got %+v", e)
			}
			if strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "the-refresh-token") {
				t.Errorf("error %q", err)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if len(p.seen) > 1 {
				t.Errorf("%d requests were made", len(p.seen))
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := oauth2.Refresh(ctx, http.DefaultClient, p.config(oauth2.Basic), lanyard.NewSecret("rt"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRevoke(t *testing.T) {
	for name, c := range map[string]struct {
		status    int
		body      string
		confirmed bool
		class     oauth2.Class
	}{
		"200":                    {200, "", true, ""},
		"200 with something":     {200, "<html>ok", true, ""},
		"204":                    {204, "", true, ""},
		"200 with an error":      {200, `{"error":"unsupported_token_type"}`, false, oauth2.Refused},
		"unsupported_token_type": {400, `{"error":"unsupported_token_type"}`, false, oauth2.Refused},
		"503":                    {503, "", false, oauth2.Transient},
		"302":                    {302, "", false, oauth2.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, says(c.status, c.body))
			confirmed, err := oauth2.Revoke(t.Context(), p.Client(), p.config(oauth2.Basic), lanyard.NewSecret("rt"), "refresh_token")
			var e *oauth2.Error
			if confirmed != c.confirmed || (err == nil) != c.confirmed || err != nil && (!errors.As(err, &e) || e.Class != c.class || e.Op != "revoke") {
				t.Errorf("got %v, %v", confirmed, err)
			}
			seen := p.requests(t, 1)[0]
			equalForms(t, seen.form(t), map[string]string{"token": "rt", "token_type_hint": "refresh_token"})
			if seen.path != "/revoke" || seen.header.Get("Authorization") != "Basic aWQ6Y2xpZW50LXNlY3JldA==" { // id:client-secret
				t.Errorf("the provider saw %+v", seen)
			}
		})
	}
	t.Run("finds the client authentication", func(t *testing.T) {
		p := newProvider(t, func(w http.ResponseWriter, r seenRequest) {
			if r.header.Get("Authorization") != "" {
				says(401, `{"error":"invalid_client"}`)(w, r)
			}
		})
		if confirmed, err := oauth2.Revoke(t.Context(), p.Client(), p.config(oauth2.Automatic), lanyard.NewSecret("rt"), ""); !confirmed || err != nil {
			t.Errorf("got %v, %v", confirmed, err)
		}
		equalForms(t, p.requests(t, 2)[1].form(t), map[string]string{"token": "rt", "client_id": "id", "client_secret": "client-secret"})
	})
}

// For a standard exchange and refresh the requests are those of golang.org/x/oauth2, and so are the tokens.
func TestOracle_xoauth2(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ seenRequest) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, bearer)
	})
	for _, c := range []struct {
		ours   oauth2.ClientAuthentication
		theirs xoauth2.AuthStyle
	}{{oauth2.Basic, xoauth2.AuthStyleInHeader}, {oauth2.Post, xoauth2.AuthStyleInParams}} {
		t.Run(string(c.ours), func(t *testing.T) {
			p.seen = nil
			ctx := context.WithValue(t.Context(), xoauth2.HTTPClient, p.Client())
			oracle := xoauth2.Config{ClientID: "web basic+odd", ClientSecret: "p@ss:w/rd %+&=", RedirectURL: "https://l.example/cb?a=1",
				Endpoint: xoauth2.Endpoint{AuthURL: p.URL + "/auth?x=1", TokenURL: p.URL + "/token", AuthStyle: c.theirs}, Scopes: []string{"a:b", "c"}}
			config := oauth2.Config{ClientID: oracle.ClientID, ClientSecret: lanyard.NewSecret(oracle.ClientSecret), ClientAuthentication: c.ours,
				AuthorizeURL: oracle.Endpoint.AuthURL, TokenURL: oracle.Endpoint.TokenURL}
			verifier := oauth2.NewVerifier()

			want, err := url.Parse(oracle.AuthCodeURL("st", xoauth2.S256ChallengeOption(verifier.Reveal())))
			if err != nil {
				t.Fatal(err)
			}
			ourURL, err := oauth2.AuthorizeURL(config, oauth2.AuthorizeRequest{RedirectURI: oracle.RedirectURL, State: "st", Scopes: oracle.Scopes, Challenge: oauth2.Challenge(verifier)})
			if err != nil {
				t.Fatal(err)
			}
			got, err := url.Parse(ourURL)
			if err != nil {
				t.Fatal(err)
			}
			if got.Query().Encode() != want.Query().Encode() || got.Path != want.Path {
				t.Errorf("authorize URL\n got %s\nwant %s", got, want)
			}

			theirs, err := oracle.Exchange(ctx, "co de", xoauth2.VerifierOption(verifier.Reveal()))
			if err != nil {
				t.Fatal(err)
			}
			ours, err := oauth2.Exchange(t.Context(), p.Client(), config, oauth2.Grant{Code: lanyard.NewSecret("co de"), Verifier: verifier, RedirectURI: oracle.RedirectURL})
			if err != nil {
				t.Fatal(err)
			}
			if ours.AccessToken.Reveal() != theirs.AccessToken || ours.RefreshToken.Reveal() != theirs.RefreshToken || ours.TokenType != theirs.Type() || int64(ours.Lifetime.For/time.Second) != theirs.ExpiresIn {
				t.Errorf("token %+v, want %+v", ours, theirs)
			}
			if _, err := oracle.TokenSource(ctx, &xoauth2.Token{RefreshToken: "r t"}).Token(); err != nil {
				t.Fatal(err)
			}
			if _, err := oauth2.Refresh(t.Context(), p.Client(), config, lanyard.NewSecret("r t"), nil); err != nil {
				t.Fatal(err)
			}
			seen := p.requests(t, 4)
			for i, pair := range [][2]seenRequest{{seen[0], seen[1]}, {seen[2], seen[3]}} {
				equalForms(t, pair[1].form(t), pair[0].form(t))
				for _, name := range []string{"Authorization", "Content-Type"} {
					if !slices.Equal(pair[0].header[name], pair[1].header[name]) {
						t.Errorf("request %d: %s %q, want %q", i, name, pair[1].header[name], pair[0].header[name])
					}
				}
			}
		})
	}
}
