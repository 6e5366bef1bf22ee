package oauth1

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard"
)

// provider answers every request with one answer and remembers what it was asked.
type provider struct {
	*httptest.Server
	status int
	header http.Header
	body   string
	seen   []seenRequest
}

type seenRequest struct {
	method, query, authorization, contentType, body string
	length                                          []string
}

func newProvider(t *testing.T, status int, body string) *provider {
	t.Helper()
	p := &provider{status: status, body: body, header: http.Header{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.seen = append(p.seen, seenRequest{r.Method, r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(b), r.Header["Content-Length"]})
		for name, v := range p.header {
			w.Header()[name] = v
		}
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, p.body)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) one(t *testing.T) seenRequest {
	t.Helper()
	if len(p.seen) != 1 {
		t.Fatalf("the provider saw %d requests, want exactly one", len(p.seen))
	}
	return p.seen[0]
}

func TestRequestToken(t *testing.T) {
	p := newProvider(t, 200, "oauth_token=r+t%3D&oauth_token_secret=rs&oauth_callback_confirmed=true&note=a%20b;c\n")
	c := fixed(Header, HMACSHA1)
	got, err := c.RequestToken(t.Context(), p.Client(), p.URL+"/request_token?scope=a%20b", "https://lanyard.example/cb?a=1&b=2")
	if err != nil {
		t.Fatal(err)
	}
	if got.Token.Value.Reveal() != "r t=" || got.Token.Secret.Reveal() != "rs" {
		t.Errorf("token %q, %q", got.Token.Value.Reveal(), got.Token.Secret.Reveal())
	}
	if len(got.Extra) != 1 || got.Extra["note"].Reveal() != "a b;c" {
		t.Errorf("extra fields %v", got.Extra)
	}
	seen := p.one(t)
	if seen.method != "POST" || seen.query != "scope=a%20b" || !strings.Contains(seen.authorization, `oauth_callback="https%3A%2F%2Flanyard.example%2Fcb%3Fa%3D1%26b%3D2"`) {
		t.Errorf("the provider saw %+v", seen)
	}
	if strings.Contains(seen.authorization, "oauth_token=") {
		t.Error("a request without a token carries oauth_token")
	}
	if len(seen.length) != 1 || seen.length[0] != "0" {
		t.Errorf("Content-Length %q, want 0: some servers answer 411 otherwise", seen.length)
	}
}

func TestRequestTokenPlacements(t *testing.T) {
	p := newProvider(t, 200, "oauth_token=rt&oauth_token_secret=&oauth_callback_confirmed=true")
	for _, placement := range []Placement{Query, Form} {
		t.Run(string(placement), func(t *testing.T) {
			p.seen = nil
			got, err := fixed(placement, HMACSHA256).RequestToken(t.Context(), p.Client(), p.URL+"/r?x=1", "")
			if err != nil {
				t.Fatal(err)
			}
			if !got.Token.Secret.IsZero() {
				t.Error("an empty secret became one")
			}
			seen := p.one(t)
			text := seen.query
			if placement == Form {
				text = seen.body
				if seen.contentType != formEncoded {
					t.Errorf("Content-Type %q", seen.contentType)
				}
			}
			values, err := url.ParseQuery(text)
			if err != nil {
				t.Fatal(err)
			}
			if values.Get("oauth_callback") != "oob" || values.Get("oauth_signature") == "" || seen.authorization != "" {
				t.Errorf("the provider saw %+v", seen)
			}
		})
	}
}

func TestC03_CallbackNotConfirmed(t *testing.T) {
	for name, body := range map[string]string{
		"missing": "oauth_token=rt&oauth_token_secret=rs",
		"false":   "oauth_token=rt&oauth_token_secret=rs&oauth_callback_confirmed=false",
		"empty":   "oauth_token=rt&oauth_token_secret=rs&oauth_callback_confirmed=",
	} {
		t.Run("C03 "+name, func(t *testing.T) {
			p := newProvider(t, 200, body)
			got, err := fixed(Header, HMACSHA1).RequestToken(t.Context(), p.Client(), p.URL, "oob")
			var e *Error
			if got != nil || !errors.As(err, &e) || !strings.Contains(e.Problem, "oauth_callback_confirmed") {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestC10_AccessToken(t *testing.T) {
	p := newProvider(t, 200, "oauth_token=at&oauth_token_secret=ats&user_id=7&screen_name=al%20ice&oauth_session_handle=h&user_id=8")
	p.header.Set("Content-Type", "text/html")
	got, err := fixed(Header, HMACSHA1).AccessToken(t.Context(), p.Client(), p.URL, Token{lanyard.NewSecret("rt"), lanyard.NewSecret("rs")}, lanyard.NewSecret("v"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Token.Value.Reveal() != "at" || got.Token.Secret.Reveal() != "ats" {
		t.Errorf("token %q, %q", got.Token.Value.Reveal(), got.Token.Secret.Reveal())
	}
	if len(got.Extra) != 3 || got.Extra["screen_name"].Reveal() != "al ice" || got.Extra["user_id"].Reveal() != "7" || got.Extra["oauth_session_handle"].Reveal() != "h" {
		t.Errorf("extra fields: %d", len(got.Extra))
	}
	seen := p.one(t)
	for _, want := range []string{`oauth_token="rt"`, `oauth_verifier="v"`} {
		if !strings.Contains(seen.authorization, want) {
			t.Errorf("no %s in %s", want, seen.authorization)
		}
	}
}

func TestAnswersThatAreNoToken(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header http.Header
		body   string
		want   string
	}{
		"no token":        {200, nil, "oauth_token_secret=s", "no oauth_token"},
		"empty token":     {200, nil, "oauth_token=&oauth_token_secret=s", "no oauth_token"},
		"no secret":       {200, nil, "oauth_token=t", "no oauth_token_secret"},
		"empty":           {200, nil, "", "no oauth_token"},
		"html":            {200, nil, "<html>oauth_token", "no oauth_token"},
		"json":            {200, nil, `{"oauth_token":"t","oauth_token_secret":"s"}`, "no oauth_token"},
		"control":         {200, nil, "oauth_token=a%0Ab&oauth_token_secret=s", "control characters"},
		"not UTF-8":       {200, nil, "oauth_token=a%FF&oauth_token_secret=s", "control characters"},
		"C09 redirect":    {302, http.Header{"Location": {"/elsewhere"}}, "", "redirect"},
		"C09 308":         {308, http.Header{"Location": {"https://evil.example/"}}, "", "redirect"},
		"too large":       {200, nil, strings.Repeat("a", 1<<20+1), "larger than 1048576 bytes"},
		"refused":         {401, nil, "Invalid signature.\nTry again", "(status 401): Invalid signature. Try again"},
		"problem":         {400, nil, "oauth_problem=nonce_used&oauth_problem_advice=wait%20a%20bit&more=x", ": nonce_used wait a bit"},
		"header only":     {401, http.Header{"Www-Authenticate": {`OAuth realm="x", oauth_problem="token_expired"`}}, "", "token_expired"},
		"html refusal":    {403, nil, "\n<!doctype html><p>secret page", "the provider refused (status 403)"},
		"fault":           {503, nil, "busy", "the provider has a fault (status 503): busy"},
		"long words":      {400, nil, strings.Repeat("é", 400), strings.Repeat("é", 300)},
		"control in text": {400, nil, "a\x1b[31mb\x00c\u202ed", "a[31mbcd"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, c.status, c.body)
			p.header = c.header
			got, err := fixed(Header, HMACSHA1).AccessToken(t.Context(), p.Client(), p.URL, token, lanyard.NewSecret("v"))
			var e *Error
			if got != nil || !errors.As(err, &e) || e.Status != c.status {
				t.Fatalf("got %v, %v", got, err)
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret page") || strings.Contains(err.Error(), strings.Repeat("é", 301)) {
				t.Errorf("error %q, want %q in it", err, c.want)
			}
			p.one(t)
		})
	}
}

func TestC07_ClockSkew(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		status int
		offset time.Duration
		want   time.Duration
		text   string
	}{
		"C07 ten minutes ahead":  {401, 10 * time.Minute, 10 * time.Minute, "clock is 10m0s ahead"},
		"C07 ten minutes behind": {401, -10 * time.Minute, -10 * time.Minute, "clock is 10m0s behind"},
		"C07 four minutes":       {401, 4 * time.Minute, 0, ""},
		"C07 another status":     {400, 10 * time.Minute, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, c.status, "timestamp refused")
			p.header.Set("Date", now.Add(c.offset).Format(http.TimeFormat))
			consumer := fixed(Header, HMACSHA1)
			consumer.Now = func() time.Time { return now }
			_, err := consumer.RequestToken(t.Context(), p.Client(), p.URL, "oob")
			var e *Error
			if !errors.As(err, &e) || e.ClockSkew != c.want || !strings.Contains(err.Error(), c.text) || (c.text == "") == strings.Contains(err.Error(), "clock") {
				t.Errorf("error %v", err)
			}
			p.one(t)
		})
	}
}

// A provider that repeats what it was sent must not make the error hold a secret.
func TestEchoedSecretsAreMasked(t *testing.T) {
	const consumerSecret, requestSecret, requestToken, verifier = "c/s&é+1234", "r s=5678", "tok/en9012", "veri/fier3456"
	var echo func(r *http.Request) string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, echo(r))
	}))
	t.Cleanup(server.Close)
	for name, f := range map[string]func(*http.Request) string{
		"plain":       func(*http.Request) string { return consumerSecret + requestSecret + requestToken + verifier },
		"header":      func(r *http.Request) string { return r.Header.Get("Authorization") },
		"base string": func(*http.Request) string { return "POST&x&" + encode("oauth_token="+encode(requestToken)) },
	} {
		t.Run(name, func(t *testing.T) {
			echo = f
			c := fixed(Header, PLAINTEXT)
			c.Secret = lanyard.NewSecret(consumerSecret)
			_, err := c.AccessToken(t.Context(), server.Client(), server.URL, Token{lanyard.NewSecret(requestToken), lanyard.NewSecret(requestSecret)}, lanyard.NewSecret(verifier))
			if err == nil || !strings.Contains(err.Error(), "[redacted]") {
				t.Fatalf("err = %v", err)
			}
			for _, tail := range []string{"1234", "5678", "9012", "3456"} {
				if strings.Contains(err.Error(), tail) {
					t.Errorf("%q is in %q", tail, err)
				}
			}
		})
	}
}

func TestNetworkErrors(t *testing.T) {
	p := newProvider(t, 200, "")
	address := p.URL + "/r?api_key=hidden"
	p.Close()
	_, err := fixed(Header, HMACSHA1).RequestToken(t.Context(), http.DefaultClient, address, "oob")
	var e *Error
	if !errors.As(err, &e) || e.Status != 0 || strings.Contains(err.Error(), "hidden") {
		t.Errorf("refused connection: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = fixed(Query, HMACSHA1).RequestToken(ctx, http.DefaultClient, address, "oob")
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "oauth_signature") {
		t.Errorf("cancelled: %v", err)
	}
	_, err = fixed(Header, HMACSHA1).RequestToken(t.Context(), http.DefaultClient, "https://h/%zz?api_key=hidden", "oob")
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("bad URL: %v", err)
	}
	_, err = fixed(Header, RSASHA1).RequestToken(t.Context(), http.DefaultClient, address, "oob")
	if !errors.Is(err, ErrKey) {
		t.Errorf("no key: %v", err)
	}
}

func TestAuthorizeURL(t *testing.T) {
	for base, want := range map[string]string{
		"https://p.example/authorize":                              "https://p.example/authorize?oauth_token=t%2F%26k",
		"https://p.example/authorize?name=A%20b&oauth_token=x#top": "https://p.example/authorize?name=A%20b&oauth_token=t%2F%26k",
	} {
		if got, err := AuthorizeURL(base, Token{Value: lanyard.NewSecret("t/&k")}); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", base, got, err, want)
		}
	}
	if got, err := AuthorizeURL("/relative", token); err == nil {
		t.Errorf("a URL without a host gave %s", got)
	}
}

func FuzzParseIssued(f *testing.F) {
	f.Add("oauth_token=a&oauth_token_secret=b&x=%zz")
	f.Add("oauth_token=%00&oauth_token_secret")
	f.Add("&&=&%6fauth_token=a;b&oauth_token_secret=\xff")
	f.Fuzz(func(t *testing.T, body string) {
		issued, problem := parseIssued(body)
		if (issued == nil) == (problem == "") {
			t.Fatalf("issued %v, problem %q", issued, problem)
		}
		if issued != nil && (issued.Token.Value.IsZero() || !printable(issued.Token.Value.Reveal()) || !printable(issued.Token.Secret.Reveal())) {
			t.Fatalf("a token that cannot be sent came out of %q", body)
		}
	})
}
