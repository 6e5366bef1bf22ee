package oauth1

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	dghubble "github.com/dghubble/oauth1"

	"lanyard"
)

// vector is one case of testdata/vectors.json; see testdata/ORIGIN.
type vector struct {
	Name           string            `json:"name"`
	Method         string            `json:"method"`
	URL            string            `json:"url"`
	OAuth          map[string]string `json:"oauth"`
	FormBody       *string           `json:"form_body"`
	ConsumerSecret string            `json:"consumer_secret"`
	TokenSecret    string            `json:"token_secret"`
	BaseStringURI  string            `json:"base_string_uri"`
	Normalized     string            `json:"normalized_parameters"`
	BaseString     string            `json:"base_string"`
	Signature      string            `json:"signature"`
}

func vectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 28 {
		t.Fatalf("%d vectors, want 28", len(file.Cases))
	}
	return file.Cases
}

// consumer is the vector's, with its nonce and time.
func (v vector) consumer(t *testing.T) (*Consumer, Token, []Param) {
	t.Helper()
	c := &Consumer{
		Key: v.OAuth["oauth_consumer_key"], Secret: lanyard.NewSecret(v.ConsumerSecret),
		Method: SignatureMethod(v.OAuth["oauth_signature_method"]),
		Nonce:  func() string { return v.OAuth["oauth_nonce"] },
		Now: func() time.Time {
			var sec int64
			if _, err := fmt.Sscan(v.OAuth["oauth_timestamp"], &sec); err != nil {
				t.Fatal(err)
			}
			return time.Unix(sec, 0)
		},
	}
	var more []Param
	for _, name := range []string{"oauth_callback", "oauth_verifier"} {
		if value, ok := v.OAuth[name]; ok {
			more = append(more, Param{name, value})
		}
	}
	return c, Token{lanyard.NewSecret(v.OAuth["oauth_token"]), lanyard.NewSecret(v.TokenSecret)}, more
}

// The vectors say exactly which protocol parameters there are (some have no oauth_version), so each step is checked
// with those; then those that Sign would send as well go through Sign itself, in every placement.
func TestC01_C11_Vectors(t *testing.T) {
	signed := 0
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			u, err := url.Parse(v.URL)
			if err != nil {
				t.Fatal(err)
			}
			uri := baseURI(u)
			if uri != v.BaseStringURI {
				t.Errorf("base string URI\n got %s\nwant %s", uri, v.BaseStringURI)
			}
			pairs := appendPairs(nil, u.RawQuery)
			if v.FormBody != nil {
				pairs = appendPairs(pairs, *v.FormBody)
			}
			for name, value := range v.OAuth {
				pairs = append(pairs, pair{encode(name), encode(value)})
			}
			base := string(baseString(v.Method, uri, pairs))
			if got := join("", pairs); got != v.Normalized {
				t.Errorf("normalized parameters\n got %s\nwant %s", got, v.Normalized)
			}
			if v.OAuth["oauth_signature_method"] != "PLAINTEXT" && base != v.BaseString {
				t.Errorf("base string\n got %s\nwant %s", base, v.BaseString)
			}
			c, token, more := v.consumer(t)
			signature, err := c.sign(token, func() []byte { return []byte(base) })
			if err != nil || signature != v.Signature {
				t.Errorf("signature %s, %v; want %s", signature, err, v.Signature)
			}
			if v.OAuth["oauth_version"] != "1.0" {
				return
			}
			signed++
			placements := []Placement{Header, Query}
			if v.FormBody != nil {
				placements = append(placements, Form)
			}
			for _, p := range placements {
				c.Placement = p
				req, body := v.request(t)
				if err := c.Sign(req, token, body, more...); err != nil {
					t.Fatalf("%s: %v", p, err)
				}
				if got := placed(t, req, p)["oauth_signature"]; got != v.Signature {
					t.Errorf("%s: signature %s, want %s", p, got, v.Signature)
				}
			}
		})
	}
	if signed != 24 {
		t.Errorf("%d vectors went through Sign, want 24: all but four without oauth_version", signed)
	}
}

func (v vector) request(t *testing.T) (*http.Request, []byte) {
	t.Helper()
	if v.FormBody == nil {
		return newRequest(t, v.Method, v.URL, "", ""), nil
	}
	return newRequest(t, v.Method, v.URL, formEncoded, *v.FormBody), []byte(*v.FormBody)
}

func newRequest(t *testing.T, method, rawURL, contentType, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, rawURL, r)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

// placed reads the protocol parameters back from where they were put, by means of net/url alone. A parameter that
// stands twice fails the test.
func placed(t *testing.T, req *http.Request, p Placement) map[string]string {
	t.Helper()
	var values url.Values
	var err error
	switch p {
	case Query:
		values, err = url.ParseQuery(req.URL.RawQuery)
	case Form:
		values, err = url.ParseQuery(bodyOf(t, req))
	default:
		values = url.Values{}
		text, ok := strings.CutPrefix(req.Header.Get("Authorization"), "OAuth ")
		if !ok {
			t.Fatalf("Authorization is %q", req.Header.Get("Authorization"))
		}
		for part := range strings.SplitSeq(text, ", ") {
			name, quoted, _ := strings.Cut(part, "=")
			value, err := url.PathUnescape(strings.Trim(quoted, `"`))
			if err != nil {
				t.Fatal(err)
			}
			values.Add(name, value)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for name, vs := range values {
		if !strings.HasPrefix(name, "oauth_") && name != "realm" {
			continue
		}
		if len(vs) != 1 {
			t.Errorf("%s stands %d times", name, len(vs))
		}
		found[name] = vs[0]
	}
	return found
}

func bodyOf(t *testing.T, req *http.Request) string {
	t.Helper()
	if req.Body == nil {
		return ""
	}
	b, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	if req.GetBody != nil {
		if req.Body, err = req.GetBody(); err != nil {
			t.Fatal(err)
		}
	}
	if int64(len(b)) != req.ContentLength {
		t.Errorf("body of %d bytes, ContentLength %d", len(b), req.ContentLength)
	}
	return string(b)
}

func fixed(p Placement, m SignatureMethod) *Consumer {
	return &Consumer{
		Key: "ck", Secret: lanyard.NewSecret("cs"), Placement: p, Method: m,
		Now: func() time.Time { return time.Unix(1700000000, 0) }, Nonce: func() string { return "n0nce" },
	}
}

var token = Token{lanyard.NewSecret("tk"), lanyard.NewSecret("ts")}

func TestC08_WhatIsSigned(t *testing.T) {
	sign := func(t *testing.T, contentType, body string) string {
		req := newRequest(t, "POST", "https://api.example.com/p?x=1", contentType, body)
		if err := fixed(Header, HMACSHA1).Sign(req, token, []byte(body)); err != nil {
			t.Fatal(err)
		}
		if got := bodyOf(t, req); got != body {
			t.Errorf("body became %q", got)
		}
		return placed(t, req, Header)["oauth_signature"]
	}
	unsigned := sign(t, "", "")
	for name, c := range map[string]struct {
		contentType, body string
		signed            bool
	}{
		"C08 form":                 {formEncoded, "y=2", true},
		"C08 form with charset":    {"Application/X-WWW-Form-Urlencoded; charset=UTF-8", "y=2", true},
		"C08 form, faulty charset": {formEncoded + "; charset", "y=2", true},
		"C08 json":                 {"application/json", `{"y":2}`, false},
		"C08 multipart":            {"multipart/form-data; boundary=x", "--x--", false},
		"C08 text that looks like": {"text/plain", "y=2", false},
		"C08 no type":              {"", "y=2", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sign(t, c.contentType, c.body) != unsigned; got != c.signed {
				t.Errorf("body is part of the signature: %v, want %v", got, c.signed)
			}
		})
	}
	t.Run("C08 compressed form", func(t *testing.T) {
		req := newRequest(t, "POST", "https://api.example.com/p?x=1", formEncoded, "\x1f\x8b&oauth_token=y")
		req.Header.Set("Content-Encoding", "gzip")
		if err := fixed(Header, HMACSHA1).Sign(req, token, nil); err != nil || placed(t, req, Header)["oauth_signature"] != unsigned {
			t.Errorf("err = %v, or the body was signed", err)
		}
		if err := fixed(Form, HMACSHA1).Sign(req, token, nil); !errors.Is(err, ErrPlacement) {
			t.Errorf("form placement: err = %v, want ErrPlacement", err)
		}
	})
	t.Run("C08 streamed form is refused", func(t *testing.T) {
		req := newRequest(t, "POST", "https://api.example.com/p", formEncoded, "y=2")
		if err := fixed(Header, HMACSHA1).Sign(req, token, nil); !errors.Is(err, ErrBody) {
			t.Errorf("err = %v, want ErrBody", err)
		}
	})
}

func TestFormPlacement(t *testing.T) {
	for name, c := range map[string]struct {
		method, contentType, body string
		err                       error
		keeps                     string
	}{
		"form body":             {"POST", formEncoded, "y=2&x=%20", nil, "y=2&x=%20&"},
		"form body, charset":    {"PUT", formEncoded + "; charset=UTF-8", "y=2", nil, "y=2&"},
		"form body of a DELETE": {"DELETE", formEncoded, "y=2", nil, "y=2&"},
		"POST without body":     {"POST", "", "", nil, ""},
		"PUT without body":      {"PUT", "", "", nil, ""},
		"PATCH without body":    {"PATCH", formEncoded, "", nil, ""},
		"GET":                   {"GET", "", "", ErrPlacement, ""},
		"GET that says form":    {"GET", formEncoded, "", ErrPlacement, ""},
		"DELETE without body":   {"DELETE", "", "", ErrPlacement, ""},
		"json":                  {"POST", "application/json", "{}", ErrPlacement, ""},
		"json without body":     {"POST", "application/json", "", ErrPlacement, ""},
		"multipart":             {"POST", "multipart/form-data; boundary=x", "--x--", ErrPlacement, ""},
	} {
		t.Run(name, func(t *testing.T) {
			req := newRequest(t, c.method, "https://api.example.com/p", c.contentType, c.body)
			err := fixed(Form, HMACSHA1).Sign(req, token, []byte(c.body))
			if !errors.Is(err, c.err) {
				t.Fatalf("err = %v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			if got := bodyOf(t, req); !strings.HasPrefix(got, c.keeps+"oauth_consumer_key=ck&") {
				t.Errorf("body = %q", got)
			}
			if got := req.Header.Get("Content-Type"); got != c.contentType && (c.contentType != "" || got != formEncoded) {
				t.Errorf("Content-Type = %q", got)
			}
			if placed(t, req, Form)["oauth_signature"] == "" {
				t.Error("no signature in the body")
			}
		})
	}
}

// What the caller put in the way of a protocol parameter is gone; all else stays as it was.
func TestCallersOwnParametersAreRemoved(t *testing.T) {
	const dirtyURL = "https://api.example.com/p?b=%7e&oauth_token=theirs&oauth%5Fnonce=x&a=1&oauth_signature&empty="
	const dirtyBody = "y=2&oauth_consumer_key=theirs&z=+"
	for _, p := range []Placement{Header, Query, Form} {
		t.Run(string(p), func(t *testing.T) {
			sign := func(rawURL, body string) *http.Request {
				req := newRequest(t, "POST", rawURL, formEncoded, body)
				req.Header["authorization"] = []string{"oauth oauth_token=theirs"}
				req.Header["Authorization"] = []string{"OAuth oauth_token=theirs", "Basic dTpw"}
				if err := fixed(p, HMACSHA1).Sign(req, token, []byte(body)); err != nil {
					t.Fatal(err)
				}
				return req
			}
			dirty, clean := sign(dirtyURL, dirtyBody), sign("https://api.example.com/p?b=%7e&a=1&empty=", "y=2&z=+")
			got, want := placed(t, dirty, p), placed(t, clean, p)
			if got["oauth_signature"] != want["oauth_signature"] || got["oauth_token"] != "tk" {
				t.Errorf("got %v\nwant %v", got, want)
			}
			if a, b := dirty.URL.RawQuery, clean.URL.RawQuery; a != b {
				t.Errorf("query\n got %s\nwant %s", a, b)
			}
			if a, b := bodyOf(t, dirty), bodyOf(t, clean); a != b {
				t.Errorf("body\n got %s\nwant %s", a, b)
			}
			if _, ok := dirty.Header["authorization"]; ok { //nolint:staticcheck // as a caller may have put it there
				t.Error("an OAuth header in lower case is left")
			}
			if p != Header && dirty.Header.Get("Authorization") != "Basic dTpw" {
				t.Errorf("Authorization = %q: another scheme is not ours to remove", dirty.Header["Authorization"])
			}
			again, err := io.ReadAll(dirty.Body)
			if err != nil {
				t.Fatal(err)
			}
			if err := fixed(p, HMACSHA1).Sign(dirty, token, again); err != nil {
				t.Fatal(err)
			}
			if twice := placed(t, dirty, p); twice["oauth_signature"] != want["oauth_signature"] {
				t.Error("signing twice gave another signature")
			}
		})
	}
}

// C05 and the header's encoding: the key is encoded by hand here, the reference being RFC 5849 §3.6.
func TestC05_SecretsWithReservedCharacters(t *testing.T) {
	c := fixed(Header, PLAINTEXT)
	c.Key, c.Secret, c.Realm = "c k", lanyard.NewSecret("&%=+/~ é"), `Photos "A\B"`
	req := newRequest(t, "GET", "https://api.example.com/p", "", "")
	if err := c.Sign(req, Token{lanyard.NewSecret("t&k"), lanyard.NewSecret("~ *")}, nil); err != nil {
		t.Fatal(err)
	}
	want := `OAuth realm="Photos \"A\\B\"", oauth_consumer_key="c%20k", oauth_token="t%26k", oauth_signature_method="PLAINTEXT", ` +
		`oauth_timestamp="1700000000", oauth_nonce="n0nce", oauth_version="1.0", ` +
		`oauth_signature="%2526%2525%253D%252B%252F~%2520%25C3%25A9%26~%2520%252A"`
	if got := req.Header.Get("Authorization"); got != want {
		t.Errorf("Authorization\n got %s\nwant %s", got, want)
	}
}

func TestC06_NoNonceTwice(t *testing.T) {
	c := Consumer{Key: "ck"}
	seen := make(map[string]bool, 10_000)
	for range 10_000 {
		n := c.nonce()
		if seen[n] || len(n) < 26 || strings.Trim(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Fatalf("nonce %q is short, odd or repeated", n)
		}
		seen[n] = true
	}
}

func TestRSASHA1(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	const uri = "https://api.example.com/p"
	for name, block := range map[string]*pem.Block{
		"PKCS 1": {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)},
		"PKCS 8": {Type: "PRIVATE KEY", Bytes: pkcs8},
	} {
		t.Run(name, func(t *testing.T) {
			c := fixed(Header, RSASHA1)
			c.Secret = lanyard.NewSecret(string(pem.EncodeToMemory(block)))
			req := newRequest(t, "GET", uri, "", "")
			if err := c.Sign(req, token, nil); err != nil {
				t.Fatal(err)
			}
			got := placed(t, req, Header)
			signature, err := base64.StdEncoding.DecodeString(got["oauth_signature"])
			if err != nil {
				t.Fatal(err)
			}
			base := "GET&https%3A%2F%2Fapi.example.com%2Fp&oauth_consumer_key%3Dck%26oauth_nonce%3Dn0nce%26oauth_signature_method%3DRSA-SHA1" +
				"%26oauth_timestamp%3D1700000000%26oauth_token%3Dtk%26oauth_version%3D1.0"
			sum := sha1.Sum([]byte(base))
			if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA1, sum[:], signature); err != nil {
				t.Error(err)
			}
		})
	}
	for name, secret := range map[string]string{
		"no key":      "",
		"no PEM":      "s3cret-key-material",
		"not a key":   "-----BEGIN RSA PRIVATE KEY-----\nczNjcmV0\n-----END RSA PRIVATE KEY-----\n",
		"another key": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := fixed(Header, RSASHA1)
			c.Secret = lanyard.NewSecret(secret)
			req := newRequest(t, "GET", uri, "", "")
			if err := c.Sign(req, token, nil); err != ErrKey { // nothing may be wrapped into it
				t.Errorf("err = %v, want ErrKey alone", err)
			}
			if req.Header.Get("Authorization") != "" {
				t.Error("an unsigned request got a header")
			}
		})
	}
}

func TestSignRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		consumer *Consumer
		url      *url.URL
	}{
		"unknown method":    {fixed(Header, "HMAC-MD5"), &url.URL{Scheme: "https", Host: "h"}},
		"unknown placement": {fixed("cookie", HMACSHA1), &url.URL{Scheme: "https", Host: "h"}},
		"no host":           {fixed(Header, HMACSHA1), &url.URL{Scheme: "https", Path: "/p"}},
		"opaque URL":        {fixed(Header, HMACSHA1), &url.URL{Scheme: "https", Host: "h", Opaque: "//h/p"}},
	} {
		t.Run(name, func(t *testing.T) {
			req := &http.Request{Method: "GET", URL: c.url, Header: http.Header{}}
			if err := c.consumer.Sign(req, token, nil); err == nil {
				t.Errorf("signed: %v", req.Header)
			}
		})
	}
}

// dghubble/oauth1 signs into the header only and keeps one value of a name; within that the two must agree.
func TestDifferential_dghubble(t *testing.T) {
	texts := []string{"", "a", "a b", "+", "%", "&=", "é☃", "~-._", "!*'();:@$,/?#[]", "\x00\x7f", "a\nb"}
	for i, value := range texts {
		for j, secret := range texts[1:] {
			for _, m := range []SignatureMethod{HMACSHA1, HMACSHA256} {
				t.Run(fmt.Sprintf("%d/%d/%s", i, j, m), func(t *testing.T) {
					form := url.Values{"f" + value: {secret}, "status": {value}}.Encode()
					rawURL := "HTTPS://Api.Example.COM:8443/p%20q/" + url.PathEscape(value) + "?" + url.Values{"q": {value}, secret + "x": {"1"}}.Encode()
					theirs := newRequest(t, "POST", rawURL, formEncoded, form)
					config := &dghubble.Config{ConsumerKey: "ck" + value, ConsumerSecret: secret, Noncer: fixedNoncer{}}
					if m == HMACSHA256 {
						config.Signer = &dghubble.HMAC256Signer{ConsumerSecret: secret}
					}
					var sent *http.Request
					client := dghubble.NewClient(t.Context(), config, dghubble.NewToken("tk"+secret, value))
					client.Transport.(*dghubble.Transport).Base = roundTripper(func(r *http.Request) (*http.Response, error) {
						sent = r
						return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
					})
					resp, err := client.Do(theirs)
					if err != nil {
						t.Fatal(err)
					}
					_ = resp.Body.Close()
					want := placed(t, sent, Header)

					c := &Consumer{Key: "ck" + value, Secret: lanyard.NewSecret(secret), Method: m,
						Nonce: func() string { return want["oauth_nonce"] },
						Now: func() time.Time {
							var sec int64
							if _, err := fmt.Sscan(want["oauth_timestamp"], &sec); err != nil {
								t.Fatal(err)
							}
							return time.Unix(sec, 0)
						}}
					ours := newRequest(t, "POST", rawURL, formEncoded, form)
					if err := c.Sign(ours, Token{lanyard.NewSecret("tk" + secret), lanyard.NewSecret(value)}, []byte(form)); err != nil {
						t.Fatal(err)
					}
					got := placed(t, ours, Header)
					for name := range want {
						if got[name] != want[name] {
							t.Errorf("%s = %q, want %q", name, got[name], want[name])
						}
					}
				})
			}
		}
	}
}

type fixedNoncer struct{}

func (fixedNoncer) Nonce() string { return "bm9uY2U=" }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzBaseString checks what holds of every base string: two separators, only characters that the RFC allows, and that
// decoding it twice gives the parameters back, in order.
func FuzzBaseString(f *testing.F) {
	f.Add("GET", "b5=%3D%253D&a3=a&c%40=&a2=r%20b", "c2&a3=2+q")
	f.Add("post", "a=2&a=1&b=&a=%20", "")
	f.Add("PUT", "%&%z=%4&&=&a=b=c;d", "\xff=\x00")
	f.Add("", "oauth_token=x&%6fauth_nonce=y", "oauth%5Fx")
	f.Fuzz(func(t *testing.T, method, query, form string) {
		if strings.ContainsAny(method, "&") {
			t.Skip("no method holds &")
		}
		kept, _ := withoutOAuth(query)
		pairs := appendPairs(appendPairs(nil, kept), form)
		base := string(baseString(method, "https://h/", pairs))
		parts := strings.Split(base, "&")
		if len(parts) != 3 || parts[1] != "https%3A%2F%2Fh%2F" {
			t.Fatalf("base string %q", base)
		}
		if strings.Trim(parts[2], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%") != "" {
			t.Fatalf("characters that are not encoded: %q", parts[2])
		}
		normalized, err := url.PathUnescape(parts[2])
		if err != nil || normalized != join("", pairs) {
			t.Fatalf("%q does not decode to %q: %v", parts[2], join("", pairs), err)
		}
		var last pair
		for _, p := range appendPairs(nil, normalized) {
			if p.name < last.name || p.name == last.name && p.value < last.value {
				t.Fatalf("not sorted: %q", normalized)
			}
			last = p
		}
		for _, p := range appendPairs(nil, kept) {
			if isOAuth(p.name) {
				t.Fatalf("%q kept %q", kept, p.name)
			}
		}
	})
}

func BenchmarkSign(b *testing.B) {
	c := &Consumer{Key: "xvz1evFS4wEEPTGEFPHBog", Secret: lanyard.NewSecret("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw")}
	token := Token{lanyard.NewSecret("370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"), lanyard.NewSecret("LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE")}
	u, err := url.Parse("https://api.twitter.com/1.1/statuses/update.json?include_entities=true&count=20")
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range []Placement{Header, Query} {
		b.Run(string(p), func(b *testing.B) {
			c.Placement = p
			b.ReportAllocs()
			for b.Loop() {
				address := *u
				req := &http.Request{Method: "GET", URL: &address, Header: http.Header{}}
				if err := c.Sign(req, token, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
