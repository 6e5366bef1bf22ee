package scheme_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/scheme"
)

const canary = "CaNaRy-7f3e"

var clock = func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// service is a definition with one auth, given as JSON.
func service(t testing.TB, auth string) *lanyard.Service {
	t.Helper()
	s, err := lanyard.ParseService([]byte(`{"link_name": "acme", "name": "Acme", "hosts": ["api.acme.com"], "auth": ` + auth + `}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	return s
}

func bind(t testing.TB, auth string, c *lanyard.Credential) scheme.Placer {
	t.Helper()
	p, err := scheme.Bind(service(t, auth), c, clock)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// credential has material of every type.
func credential() *lanyard.Credential {
	s := lanyard.NewSecret
	return &lanyard.Credential{
		Values:   map[string]lanyard.Secret{"X-Api-Key": s("k1"), "api_key": s("k&2= é"), "X-App": s("app"), "Authorization": s("k3"), `na"me`: s("v")},
		Username: s("Aladdin"), Password: s("open sesame"), AccessToken: s("tok"), Token: s("otok"), TokenSecret: s("osec"),
		AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: s("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
	}
}

const (
	keyInHeader = `{"type": "api_key", "parameters": [{"name": "X-Api-Key", "param_type": "header"}]}`
	keyInQuery  = `{"type": "api_key", "parameters": [{"name": "api_key", "param_type": "query"}]}`
	keyInForm   = `{"type": "api_key", "parameters": [{"name": "api_key", "param_type": "form"}]}`
	basic       = `{"type": "basic"}`
	oauth2      = `{"type": "oauth2", "grant_type": "client_credentials", "client_id": "id", "access_token_url": "https://acme.com/t"}`
	oauth2Query = `{"type": "oauth2", "grant_type": "client_credentials", "client_id": "id", "access_token_url": "https://acme.com/t", "param_type": "query"}`
	oauth1      = `{"type": "oauth1", "consumer_key": "ck", "consumer_secret": "cs", "request_token_url": "https://acme.com/r", "authorize_url": "https://acme.com/a", "access_token_url": "https://acme.com/t"}`
	sqs         = `{"type": "aws_sigv4", "aws_service": "sqs", "aws_region": "us-east-1"}`
	s3          = `{"type": "aws_sigv4", "aws_service": "s3", "aws_region": "us-east-1"}`
)

// in is an auth with one member replaced or added.
func in(auth, member, value string) string {
	return strings.TrimSuffix(auth, "}") + fmt.Sprintf(`, %q: %q}`, member, value)
}

// call is a caller's request, before a credential is on it.
type call struct {
	method  string
	url     string
	headers []string // "Name: value"
	body    string
}

// request makes the request the way the caller of a placer does: URL read by lanyard, canonical header names, a body
// that the placer needs held in memory.
func (c call) request(t testing.TB, p scheme.Placer) *http.Request {
	t.Helper()
	u, _, err := lanyard.ParseURL(c.url)
	if err != nil {
		t.Fatal(err)
	}
	req := &http.Request{Method: c.method, URL: u, Host: u.Host, Header: http.Header{"User-Agent": {""}}}
	for _, h := range c.headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	if c.body != "" {
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(c.body)), int64(len(c.body))
		if p.NeedsBody(req) {
			hold(req, c.body)
		}
	}
	return req
}

func hold(req *http.Request, body string) {
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	req.Body, _ = req.GetBody()
	req.ContentLength = int64(len(body))
}

// wire is the request as net/http sends it, with lines ending in \n and the body after "| ".
func wire(t testing.TB, req *http.Request) string {
	t.Helper()
	var b bytes.Buffer
	if err := req.Write(&b); err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	text := strings.ReplaceAll(head, "\r\n", "\n") + "\n"
	if body != "" {
		text += "| " + strings.ReplaceAll(body, "\r\n", "\n| ")
	}
	return text
}

// place puts the credential on the call and gives what goes over the wire.
func (c call) place(t testing.TB, p scheme.Placer) string {
	t.Helper()
	req := c.request(t, p)
	if err := p.Place(req); err != nil {
		t.Fatal(err)
	}
	return wire(t, req)
}

func lines(l ...string) string { return strings.Join(l, "\n") + "\n" }

func diff(t *testing.T, got, want string) {
	t.Helper()
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("on the wire (-got +want):\n%s", d)
	}
}

// paths are what servers, proxies and libraries like to change.
var paths = []string{"/", "/a%20b", "/a+b", "/a%2Bb", "/100%25", "/c%2Fd", "/c%2fd", "//e//", "/f/../g/./", "/%E2%98%83", "/%7e~", "/a;b=c,d", "/[x]", "/@:$&'()*", "/%2e%2e/", "/a%00b"}

func TestD02_PathsArriveAsTheyAre(t *testing.T) {
	for _, auth := range []string{keyInHeader, keyInQuery, keyInForm, basic, oauth2, oauth2Query, oauth1, in(oauth1, "param_type", "query"), in(oauth1, "param_type", "form"), sqs} {
		p := bind(t, auth, credential())
		for _, path := range paths {
			got, _, _ := strings.Cut(call{method: "POST", url: "https://api.acme.com" + path}.place(t, p), " HTTP/1.1\n")
			got, _, _ = strings.Cut(got, "?")
			if got != "POST "+path {
				t.Errorf("%s: %q became %q", auth, path, got)
			}
		}
	}
}

func TestPlaceTwiceIsPlaceOnce(t *testing.T) {
	for _, auth := range []string{keyInHeader, keyInQuery, keyInForm, basic, oauth2, oauth2Query, sqs, s3} {
		p := bind(t, auth, credential())
		req := call{method: "POST", url: "https://api.acme.com/x?a=b", headers: []string{"Content-Type: application/x-www-form-urlencoded"}, body: "c=d"}.request(t, p)
		if err := p.Place(req); err != nil {
			t.Fatal(err)
		}
		once := wire(t, req)
		if req.GetBody != nil {
			req.Body, _ = req.GetBody()
		} else {
			req.Body = io.NopCloser(strings.NewReader("c=d"))
		}
		if err := p.Place(req); err != nil {
			t.Fatal(err)
		}
		diff(t, wire(t, req), once)
	}
}

func TestPlaceTwiceInMultipart(t *testing.T) {
	for _, auth := range []string{keyInForm, `{"type": "api_key", "parameters": [{"name": "na\"me", "param_type": "form"}]}`} {
		p := bind(t, auth, credential())
		c := call{method: "POST", url: "https://api.acme.com/x", headers: []string{"Content-Type: multipart/form-data; boundary=B"}, body: "--B\r\n\r\nx\r\n--B--\r\n"}
		req := c.request(t, p)
		if err := p.Place(req); err != nil {
			t.Fatal(err)
		}
		once := wire(t, req)
		if err := p.Place(req); err != nil {
			t.Fatal(err)
		}
		diff(t, wire(t, req), once)
	}
}

func TestSigned(t *testing.T) {
	for auth, want := range map[string]bool{
		keyInHeader: false, keyInQuery: false, keyInForm: true, basic: false, oauth2: false, oauth2Query: false, oauth1: true, in(oauth1, "param_type", "query"): true, sqs: true, s3: true,
	} {
		if got := bind(t, auth, credential()).Signed(); got != want {
			t.Errorf("%s: signed %v, want %v", auth, got, want)
		}
	}
}

// What Place puts on headers and URL, Strip takes off again, and with it what the caller set under the same names.
func TestStripLeavesNothing(t *testing.T) {
	c := credential()
	c.SessionToken = lanyard.NewSecret("stok")
	all := []string{keyInHeader, keyInQuery, keyInForm, basic, oauth2, oauth2Query, in(oauth2, "token_name", "X-Token"), oauth1, in(oauth1, "param_type", "query"), in(oauth1, "param_type", "form"), sqs, s3,
		`{"type": "api_key", "parameters": [{"name": "X-Api-Key", "param_type": "header"}, {"name": "api_key", "param_type": "query"}, {"name": "X-App", "param_type": "header"}]}`}
	for _, auth := range all {
		p := bind(t, auth, c)
		plain := call{method: "POST", url: "https://api.acme.com/x?a=%2f+&&b", headers: []string{"X-Other: 1", "Content-Type: application/x-www-form-urlencoded"}, body: "c=d"}.request(t, p)
		req := plain.Clone(t.Context())
		if plain.GetBody != nil {
			hold(req, "c=d")
		}
		if err := p.Place(req); err != nil {
			t.Fatal(err)
		}
		p.Strip(req.Header, req.URL)
		if d := cmp.Diff(req.Header, plain.Header); d != "" {
			t.Errorf("%s: headers after stripping (-got +want):\n%s", auth, d)
		}
		// Signing may have respelled the query, but nothing of ours is left in it.
		if got := req.URL.Query(); !cmp.Equal(got, plain.URL.Query()) || !p.Signed() && req.URL.RawQuery != plain.URL.RawQuery {
			t.Errorf("%s: query after stripping is %q", auth, req.URL.RawQuery)
		}
	}
	for auth, name := range map[string]string{keyInQuery: "api_key", oauth2Query: "access_token"} {
		u, _ := url.Parse("https://x.example/?" + name + "=caller&a=b&%" + fmt.Sprintf("%x", name[0]) + name[1:] + "=again&" + name)
		h := http.Header{"Authorization": {"caller's"}}
		bind(t, auth, c).Strip(h, u)
		if u.RawQuery != "a=b" || len(h) != 1 {
			t.Errorf("%s: stripped to %q and %v", auth, u.RawQuery, h)
		}
	}
	u, _ := url.Parse("https://x.example/?oauth_token=caller&a=b&%6fauth_nonce=1")
	h := http.Header{"Authorization": {"caller's"}, "X": {"y"}}
	bind(t, oauth1, c).Strip(h, u)
	if u.RawQuery != "a=b" || len(h) != 1 {
		t.Errorf("OAuth 1: stripped to %q and %v", u.RawQuery, h)
	}
	h = http.Header{"Authorization": {"c"}, "X-Amz-Date": {"c"}, "X-Amz-Content-Sha256": {"c"}, "X-Amz-Security-Token": {"c"}, "X-Amz-Acl": {"private"}}
	bind(t, s3, credential()).Strip(h, u)
	if len(h) != 1 || h.Get("X-Amz-Acl") == "" {
		t.Errorf("SigV4: stripped to %v", h)
	}
}

func TestF08_CallersOwnNeverReplacesNorDuplicates(t *testing.T) {
	theirs := []string{
		"Authorization: Basic caller", "authorization: Bearer caller", "X-Api-Key: caller", "x-api-key: caller2", "X-Amz-Date: 19990101T000000Z", "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD", "X-Amz-Security-Token: caller",
		"Cookie: a=b", "Proxy-Authorization: Basic x",
	}
	for _, c := range []struct {
		auth string
		ours []string // names that hold exactly one value, and not the caller's
	}{
		{keyInHeader, []string{"X-Api-Key"}},
		{basic, []string{"Authorization"}},
		{oauth2, []string{"Authorization"}},
		{in(oauth2, "token_name", "x-api-key"), []string{"X-Api-Key"}},
		{oauth1, []string{"Authorization"}},
		{sqs, []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256"}},
		{s3, []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256"}},
		{keyInQuery, nil},
	} {
		p := bind(t, c.auth, credential())
		req := call{method: "GET", url: "https://api.acme.com/x", headers: theirs}.request(t, p)
		before := req.Header.Clone()
		if err := p.Place(req); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(c.auth, "aws") {
			// The caller does not pick the session either.
			if v := req.Header["X-Amz-Security-Token"]; v != nil {
				t.Errorf("%s: the caller's session token stays: %q", c.auth, v)
			}
			delete(before, "X-Amz-Security-Token")
		}
		for _, name := range c.ours {
			if v := req.Header[name]; len(v) != 1 || strings.Contains(v[0], "caller") || v[0] == before.Get(name) {
				t.Errorf("%s: %s is %q", c.auth, name, v)
			}
			delete(before, name)
			delete(req.Header, name)
		}
		if d := cmp.Diff(req.Header, before); d != "" {
			t.Errorf("%s: other headers (-got +want):\n%s", c.auth, d)
		}
	}
}

// The slices of headers belong to the request: a transport that changes one must not change the next request.
func TestHeaderSlicesAreNotShared(t *testing.T) {
	p := bind(t, basic, credential())
	a, b := call{method: "GET", url: "https://api.acme.com/"}.request(t, p), call{method: "GET", url: "https://api.acme.com/"}.request(t, p)
	if err := p.Place(a); err != nil {
		t.Fatal(err)
	}
	a.Header["Authorization"][0] = "changed"
	if err := p.Place(b); err != nil || b.Header.Get("Authorization") == "changed" {
		t.Errorf("the second request has %q, %v", b.Header.Get("Authorization"), err)
	}
}

func TestRequestWithoutHeaderMap(t *testing.T) {
	for _, auth := range []string{keyInHeader, keyInQuery, keyInForm, basic, oauth2, oauth1, in(oauth1, "param_type", "form"), sqs} {
		p := bind(t, auth, credential())
		if err := p.Place(&http.Request{Method: "POST", URL: &url.URL{Scheme: "https", Host: "api.acme.com", Path: "/"}}); err != nil {
			t.Errorf("%s: %v", auth, err)
		}
		if err := p.Place(&http.Request{Method: "POST", URL: &url.URL{Scheme: "https", Host: "api.acme.com", Path: "/"}, Body: http.NoBody}); err != nil {
			t.Errorf("%s without a body: %v", auth, err)
		}
	}
}

func TestPlacersAreSafeForConcurrentUse(t *testing.T) {
	for _, auth := range []string{keyInHeader, keyInQuery, keyInForm, basic, oauth2, oauth1, sqs} {
		p := bind(t, auth, credential())
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 20 {
					c := call{method: "POST", url: "https://api.acme.com/x?a=b", headers: []string{"Content-Type: application/x-www-form-urlencoded"}, body: "c=d"}
					req := c.request(t, p)
					if err := p.Place(req); err != nil {
						t.Errorf("%s: %v", auth, err)
					}
					p.Strip(req.Header, req.URL)
				}
			})
		}
		wg.Wait()
	}
}

func TestBindRefuses(t *testing.T) {
	reconnect, internal := lanyard.CodeReconnectRequired, lanyard.CodeInternal
	s := lanyard.NewSecret
	type auth = lanyard.Auth
	header := func(name, prefix string) auth {
		return auth{Type: lanyard.AuthAPIKey, APIKey: &lanyard.APIKeyAuth{Parameters: []lanyard.APIKeyParameter{{Name: name, DisplayName: "Key", ParamType: lanyard.ParamHeader, Prefix: prefix}}}}
	}
	form := auth{Type: lanyard.AuthAPIKey, APIKey: &lanyard.APIKeyAuth{Parameters: []lanyard.APIKeyParameter{{Name: "k", DisplayName: "Key", ParamType: lanyard.ParamForm}}}}
	token := func(name string) auth {
		return auth{Type: lanyard.AuthOAuth2, OAuth2: &lanyard.OAuth2Auth{TokenName: name, ParamType: lanyard.ParamHeader}}
	}
	aws := func(service string) auth {
		return auth{Type: lanyard.AuthAWSSigV4, AWSSigV4: &lanyard.AWSSigV4Auth{AWSService: service, AWSRegion: "us-east-1"}}
	}
	for _, c := range []struct {
		name string
		auth auth
		c    lanyard.Credential
		want lanyard.Code
	}{
		{"no value", header("X-Api-Key", ""), lanyard.Credential{}, reconnect},
		{"a value of another name", header("X-Api-Key", ""), lanyard.Credential{Values: map[string]lanyard.Secret{"x-api-key": s("k")}}, reconnect},
		{"no user name", auth{Type: lanyard.AuthBasic}, lanyard.Credential{Password: s("p")}, reconnect},
		{"no access token", token(""), lanyard.Credential{}, reconnect},
		{"no OAuth 1 token", auth{Type: lanyard.AuthOAuth1, OAuth1: &lanyard.OAuth1Auth{}}, lanyard.Credential{TokenSecret: s("x")}, reconnect},
		{"no AWS key id", aws("s3"), lanyard.Credential{SecretAccessKey: s("x")}, reconnect},
		{"no AWS secret", aws("s3"), lanyard.Credential{AccessKeyID: "AKID"}, reconnect},
		{"G01 a token that ends the header line", token(""), lanyard.Credential{AccessToken: s(canary + "\r\nX-Evil: 1")}, reconnect},
		{"G01 a token with a NUL", token("X-Token"), lanyard.Credential{AccessToken: s(canary + "\x00")}, reconnect},
		{"G01 a key that ends the header line", header("X-Api-Key", ""), lanyard.Credential{Values: map[string]lanyard.Secret{"X-Api-Key": s(canary + "\nX: 1")}}, reconnect},
		{"G01 a form value that ends its part", form, lanyard.Credential{Values: map[string]lanyard.Secret{"k": s(canary + "\r\n--b--")}}, reconnect},
		{"G01 an AWS session token with a line break", aws("s3"), lanyard.Credential{AccessKeyID: "AKID", SecretAccessKey: s(canary), SessionToken: s("a\nb")}, reconnect},
		{"G02 header name with a blank", header("X Key", ""), lanyard.Credential{Values: map[string]lanyard.Secret{"X Key": s(canary)}}, internal},
		{"G02 header name with a line break", header("X\r\nHost", ""), lanyard.Credential{Values: map[string]lanyard.Secret{"X\r\nHost": s(canary)}}, internal},
		{"G02 Host", header("Host", ""), lanyard.Credential{Values: map[string]lanyard.Secret{"Host": s(canary)}}, internal},
		{"G02 Content-Length", header("content-length", ""), lanyard.Credential{Values: map[string]lanyard.Secret{"content-length": s(canary)}}, internal},
		{"G02 Transfer-Encoding as a token's header", token("Transfer-Encoding"), lanyard.Credential{AccessToken: s(canary)}, internal},
		{"G02 a prefix that ends the header line", header("X-Api-Key", "a\n"), lanyard.Credential{Values: map[string]lanyard.Secret{"X-Api-Key": s(canary)}}, reconnect},
		{"D08 an AWS service with a slash", aws("s3/x"), lanyard.Credential{AccessKeyID: "AKID", SecretAccessKey: s(canary)}, internal},
		{"a type that is not there", auth{Type: "kerberos"}, lanyard.Credential{}, internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := scheme.Bind(&lanyard.Service{LinkName: "acme", Auth: c.auth}, &c.c, clock)
			if p != nil || lanyard.CodeOf(err) != c.want {
				t.Fatalf("got %v, %v; want %s", p, err, c.want)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the error repeats the credential: %v", err)
			}
		})
	}
}

// A placer may be part of something that is printed.
func TestF14_PlacersPrintNoSecret(t *testing.T) {
	s := lanyard.NewSecret(canary)
	c := &lanyard.Credential{Values: map[string]lanyard.Secret{"X-Api-Key": s, "api_key": s}, Username: s, Password: s, AccessToken: s, Token: s, TokenSecret: s, AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: s, SessionToken: s}
	for _, auth := range []string{keyInHeader, keyInQuery, keyInForm, basic, oauth2, oauth2Query, oauth1, sqs} {
		p := bind(t, auth, c)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			for _, v := range []any{p, &p, []scheme.Placer{p}, struct{ p scheme.Placer }{p}} {
				if text := fmt.Sprintf(verb, v); strings.Contains(text, canary) || strings.Contains(text, "Q2FOYVJ5") || strings.Contains(text, "43614e615279") {
					t.Errorf("%s: %s prints %s", auth, verb, text)
				}
			}
		}
	}
}
