package sigv4

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard"
)

func signAt(c Credential, s Scope, date string, canonicalRequest []byte) string {
	key := signingKey(c.SecretAccessKey, s, date[:8])
	return signature(&key, stringToSign(s, date, canonicalRequest))
}

func sign(req *http.Request, c Credential, s Scope, payloadHash string, now time.Time) error {
	signer, err := New(c, s)
	if err != nil {
		return err
	}
	return signer.Sign(req, payloadHash, now)
}

func newRequest(t *testing.T, method, rawURL string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

var (
	keys  = Credential{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: lanyard.NewSecret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")}
	s3    = Scope{"s3", "us-east-1"}
	noon  = time.Date(2026, 5, 1, 12, 0, 0, 0, time.FixedZone("", 7200))
	atten = "20260501T100000Z"
)

func TestD06_CallersHeadersAreReplaced(t *testing.T) {
	signed := func(h http.Header, host string, c Credential) *http.Request {
		req := newRequest(t, "GET", "https://Bucket.s3.amazonaws.com:443/k")
		req.Header, req.Host = h, host
		if err := sign(req, c, s3, EmptyPayload, noon); err != nil {
			t.Fatal(err)
		}
		return req
	}
	temporary := keys
	temporary.SessionToken = lanyard.NewSecret("session+token/==")
	for name, c := range map[string]Credential{"long-lived": keys, "temporary": temporary} {
		t.Run("D06 "+name, func(t *testing.T) {
			want := signed(http.Header{}, "", c)
			got := signed(http.Header{
				"Authorization": {"AWS4-HMAC-SHA256 Credential=theirs", "Bearer x"}, "authorization": {"x"}, "Host": {"evil.example"},
				"X-Amz-Date": {"19990101T000000Z"}, "x-amz-date": {"19990101T000000Z"}, "X-Amz-Security-Token": {"theirs"},
				"X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"}, "X-amz-content-SHA256": {"x"},
			}, "evil.example", c)
			if len(got.Header) != len(want.Header) {
				t.Errorf("headers %v\nwant %v", got.Header, want.Header)
			}
			for name, v := range want.Header {
				if !slices.Equal(got.Header[name], v) {
					t.Errorf("%s = %q, want %q", name, got.Header[name], v)
				}
			}
			if got.Host != "bucket.s3.amazonaws.com" || got.Header.Get("X-Amz-Date") != atten || got.Header.Get("X-Amz-Security-Token") != c.SessionToken.Reveal() {
				t.Errorf("host %q, headers %v", got.Host, got.Header)
			}
		})
	}
}

func TestD08_Scope(t *testing.T) {
	for _, bad := range []string{"", "us-east-1/s3", "us-east-1\n", "us east", "US-EAST-1", "é", "../", strings.Repeat("a", 65), "us_east"} {
		for _, s := range []Scope{{"s3", bad}, {bad, "us-east-1"}} {
			req := newRequest(t, "GET", "https://h/")
			err := sign(req, keys, s, EmptyPayload, noon)
			if !errors.Is(err, ErrScope) || len(req.Header) != 0 {
				t.Errorf("%+v: err = %v, headers %v", s, err, req.Header)
			}
		}
	}
	if err := (Scope{"execute-api", strings.Repeat("a", 64)}).Check(); err != nil {
		t.Error(err)
	}
}

func TestD10_OnlySteadyHeadersAreSigned(t *testing.T) {
	req := newRequest(t, "POST", "https://sqs.eu-west-1.amazonaws.com/")
	for name, value := range map[string]string{
		"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ListQueues", "X-Amz-Meta-A": " a  b ",
		"User-Agent": "x", "Accept": "*/*", "Content-Md5": "x", "Content-Length": "3", "X-Amzn-Trace-Id": "Root=1", "X-Forwarded-For": "1", "Date": "x", "Range": "bytes=0-1",
	} {
		req.Header.Set(name, value)
	}
	req.Header["X-Amz-Nothing"] = nil // net/http sends no such line
	if err := sign(req, keys, Scope{"sqs", "eu-west-1"}, EmptyPayload, noon); err != nil {
		t.Fatal(err)
	}
	want := "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-target,"
	if got := req.Header.Get("Authorization"); !strings.Contains(got, want) {
		t.Errorf("Authorization %s, want %s in it", got, want)
	}
	before := req.Header.Get("Authorization")
	for _, name := range []string{"User-Agent", "Accept", "Content-Md5", "X-Amzn-Trace-Id", "X-Forwarded-For", "Date", "Range"} {
		req.Header.Set(name, "changed by a proxy")
	}
	if err := sign(req, keys, Scope{"sqs", "eu-west-1"}, EmptyPayload, noon); err != nil || req.Header.Get("Authorization") != before {
		t.Errorf("the signature depends on a header that is not signed: %v", err)
	}
}

// What a server receives, in the bytes of the wire, must be what was signed: the server's side here is a plain HTTP
// server that hands out the raw target, and canonical forms that were written down by hand from the AWS rules.
func TestD02_D11_SignsTheBytesSent(t *testing.T) {
	var target string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { target = r.RequestURI }))
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		service, sent                string // the caller's path and query
		target, path, canonicalQuery string
	}{
		"D02 s3 blank":            {"s3", "/b/a%20b", "/b/a%20b", "/b/a%20b", ""},
		"D02 s3 plus":             {"s3", "/b/a+b", "/b/a%2Bb", "/b/a%2Bb", ""},
		"D02 s3 plus, escaped":    {"s3", "/b/a%2bb", "/b/a%2Bb", "/b/a%2Bb", ""},
		"D02 s3 percent":          {"s3", "/b/100%25", "/b/100%25", "/b/100%25", ""},
		"D02 s3 double slash":     {"s3", "/b//a//", "/b//a//", "/b//a//", ""},
		"D02 s3 dots":             {"s3", "/b/../a/./c", "/b/../a/./c", "/b/../a/./c", ""},
		"D02 s3 snowman":          {"s3", "/b/%e2%98%83", "/b/%E2%98%83", "/b/%E2%98%83", ""},
		"D02 s3 reserved":         {"s3", "/b/!$&'()*,:;=@[]~", "/b/%21%24%26%27%28%29%2A%2C%3A%3B%3D%40%5B%5D~", "/b/%21%24%26%27%28%29%2A%2C%3A%3B%3D%40%5B%5D~", ""},
		"D02 s3 escaped slash":    {"s3", "/b/a%2fc", "/b/a%2Fc", "/b/a/c", ""},
		"D02 s3 needless escape":  {"s3", "/b/%61", "/b/a", "/b/a", ""},
		"s3 no path":              {"s3", "", "/", "/", ""},
		"s3 sub-resource":         {"s3", "/b?lifecycle", "/b?lifecycle", "/b", "lifecycle="},
		"s3 outposts":             {"s3-outposts", "/a//b", "/a//b", "/a//b", ""},
		"general blank":           {"execute-api", "/p/a%20b", "/p/a%20b", "/p/a%2520b", ""},
		"general plus":            {"execute-api", "/p/a+b@c", "/p/a+b@c", "/p/a%2Bb%40c", ""},
		"general dots":            {"execute-api", "/p/./a/../b//c/", "/p/./a/../b//c/", "/p/b/c/", ""},
		"general above the root":  {"execute-api", "/../../a", "/../../a", "/a", ""},
		"general dots at the end": {"execute-api", "/a/b/..", "/a/b/..", "/a", ""},
		"general hidden file":     {"execute-api", "/.well-known/...", "/.well-known/...", "/.well-known/...", ""},
		"general no path":         {"execute-api", "", "/", "/", ""},
		"D11 repeated, unsorted":  {"s3", "/?b=2&a=2&a=1&B=0", "/?b=2&a=2&a=1&B=0", "/", "B=0&a=1&a=2&b=2"},
		"D11 plus is a blank":     {"s3", "/?q=a+b%20c%2Bd", "/?q=a%20b%20c%2Bd", "/", "q=a%20b%20c%2Bd"},
		"D11 empty value":         {"s3", "/?x=&y&=z", "/?x=&y&=z", "/", "=z&x=&y="},
		"D11 empty parameters":    {"s3", "/?&&a=1&&b=2&", "/?a=1&b=2", "/", "a=1&b=2"},
		"D11 semicolon, equals":   {"s3", "/?a=1;b=2&c=d=e", "/?a=1%3Bb%3D2&c=d%3De", "/", "a=1%3Bb%3D2&c=d%3De"},
		"D11 stray percent":       {"s3", "/?a=100%&b=%zz&c=%4", "/?a=100%25&b=%25zz&c=%254", "/", "a=100%25&b=%25zz&c=%254"},
		"D11 sorted encoded":      {"s3", "/?a-b=2&a.b=3&a/b=1", "/?a-b=2&a.b=3&a%2Fb=1", "/", "a%2Fb=1&a-b=2&a.b=3"},
	} {
		t.Run(name, func(t *testing.T) {
			req := newRequest(t, "GET", server.URL+c.sent)
			scope := Scope{c.service, "us-east-1"}
			if err := sign(req, keys, scope, EmptyPayload, noon); err != nil {
				t.Fatal(err)
			}
			resp, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			equal(t, "target", target, c.target)
			canonical := strings.Join([]string{"GET", c.path, c.canonicalQuery,
				"host:" + req.URL.Host, "x-amz-content-sha256:" + EmptyPayload, "x-amz-date:" + atten, "",
				"host;x-amz-content-sha256;x-amz-date", EmptyPayload}, "\n")
			want := "Signature=" + signAt(keys, scope, atten, []byte(canonical))
			if got := req.Header.Get("Authorization"); !strings.HasSuffix(got, want) {
				t.Errorf("%s does not sign\n%s", got, canonical)
			}
		})
	}
}

func TestD05_Payload(t *testing.T) {
	for name, c := range map[string]struct {
		url   string
		scope Scope
		hash  string
		err   error
	}{
		"empty":                       {"https://h/", s3, EmptyPayload, nil},
		"one byte":                    {"http://h/", s3, HashPayload([]byte("a")), nil},
		"D05 unsigned, s3 over https": {"https://h/", s3, UnsignedPayload, nil},
		"D05 unsigned, s3 over http":  {"http://h/", s3, UnsignedPayload, ErrUnsigned},
		"D05 unsigned, another":       {"https://h/", Scope{"sqs", "us-east-1"}, UnsignedPayload, ErrUnsigned},
		"no hash":                     {"https://h/", s3, "", ErrPayload},
		"upper case":                  {"https://h/", s3, strings.ToUpper(EmptyPayload), ErrPayload},
		"chunks":                      {"https://h/", s3, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", ErrPayload},
		"line break":                  {"https://h/", s3, EmptyPayload[:63] + "\n", ErrPayload},
	} {
		t.Run(name, func(t *testing.T) {
			req := newRequest(t, "PUT", c.url)
			err := sign(req, keys, c.scope, c.hash, noon)
			if !errors.Is(err, c.err) {
				t.Fatalf("err = %v, want %v", err, c.err)
			}
			if got := req.Header.Get("X-Amz-Content-Sha256"); err == nil && got != c.hash || err != nil && got != "" {
				t.Errorf("X-Amz-Content-Sha256 = %q", got)
			}
		})
	}
	if HashPayload(nil) != EmptyPayload || HashPayload([]byte("a")) != "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" {
		t.Error("HashPayload is not SHA-256 in hex")
	}
}

func TestD12_NoSecretInErrors(t *testing.T) {
	const secret = "secret-value"
	good := func() Credential {
		return Credential{"AKIDEXAMPLE", lanyard.NewSecret(secret), lanyard.NewSecret(secret)}
	}
	for name, change := range map[string]func(*Credential){
		"no id":            func(c *Credential) { c.AccessKeyID = "" },
		"id with slash":    func(c *Credential) { c.AccessKeyID = secret + "/20260501" },
		"id with comma":    func(c *Credential) { c.AccessKeyID = secret + ", Signature=0" },
		"id with newline":  func(c *Credential) { c.AccessKeyID = secret + "\r\nX: y" },
		"no secret":        func(c *Credential) { c.SecretAccessKey = lanyard.Secret{} },
		"token with break": func(c *Credential) { c.SessionToken = lanyard.NewSecret(secret + "\r\nX: y") },
		"token with blank": func(c *Credential) { c.SessionToken = lanyard.NewSecret(secret + " x") },
		"token not ASCII":  func(c *Credential) { c.SessionToken = lanyard.NewSecret(secret + "é") },
	} {
		t.Run("D12 "+name, func(t *testing.T) {
			c := good()
			change(&c)
			req := newRequest(t, "GET", "https://h/")
			err := sign(req, c, s3, EmptyPayload, noon)
			if !errors.Is(err, ErrCredential) || strings.Contains(err.Error(), secret) || len(req.Header) != 0 {
				t.Errorf("err = %v, headers %v", err, req.Header)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", c, c, c), secret) && !strings.HasPrefix(c.AccessKeyID, secret) {
				t.Error("a credential prints its secret")
			}
		})
	}
	for id, want := range map[string]string{"": "…", "short": "…", "AKIDEXAMPLE": "…", "AKIDEXAMPLEX": "AKID…PLEX", "AKIAIOSFODNN7EXAMPLE": "AKIA…MPLE"} {
		if got := MaskKeyID(id); got != want {
			t.Errorf("MaskKeyID(%q) = %q, want %q", id, got, want)
		}
	}
}

func TestSignRefusesURLs(t *testing.T) {
	for name, u := range map[string]*url.URL{
		"no host":   {Scheme: "https", Path: "/p"},
		"opaque":    {Scheme: "https", Host: "h", Opaque: "//h/p"},
		"not ASCII": {Scheme: "https", Host: "é.example"},
		"zone":      {Scheme: "https", Host: "[fe80::1%eth0]"},
	} {
		req := &http.Request{URL: u}
		if err := sign(req, keys, s3, EmptyPayload, noon); !errors.Is(err, ErrURL) {
			t.Errorf("%s: err = %v, want ErrURL", name, err)
		}
	}
	req := &http.Request{URL: &url.URL{Scheme: "https", Host: "h"}}
	if err := sign(req, keys, s3, EmptyPayload, noon); err != nil || req.Header.Get("Authorization") == "" {
		t.Errorf("a request without method and headers: %v", err)
	}
}

// A kept signer signs across midnight UTC, and from many goroutines, as a fresh one does.
func TestSignerIsKept(t *testing.T) {
	kept, err := New(keys, s3)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 64 {
		wait.Go(func() {
			at := time.Date(2026, 5, 1, 23, 59, 59, 0, time.UTC).Add(time.Duration(i%3) * time.Second)
			got, want := newRequest(t, "GET", "https://h/k"), newRequest(t, "GET", "https://h/k")
			if err := errors.Join(kept.Sign(got, EmptyPayload, at), sign(want, keys, s3, EmptyPayload, at)); err != nil {
				t.Error(err)
			}
			if g, w := got.Header.Get("Authorization"), want.Header.Get("Authorization"); g != w {
				t.Errorf("%v\n got %s\nwant %s", at, g, w)
			}
		})
	}
	wait.Wait()
}
