package sigv4

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"lanyard"
)

// sdkSign signs with the AWS SDK what Sign signed, given only the headers that both cover.
func sdkSign(t *testing.T, ours *http.Request, c Credential, s Scope, hash string) string {
	t.Helper()
	theirs := newRequest(t, ours.Method, "https://h/")
	address := *ours.URL
	theirs.URL, theirs.Host = &address, ours.Host
	for name, v := range ours.Header {
		if isSigned(name) {
			theirs.Header[name] = slices.Clone(v)
		}
	}
	err := sdk.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal()},
		theirs, hash, s.Service, s.Region, noon, func(o *sdk.SignerOptions) { o.DisableURIPathEscaping = s.S3() })
	if err != nil {
		t.Fatal(err)
	}
	return theirs.Header.Get("Authorization")
}

func TestDifferential_SDK(t *testing.T) {
	texts := []string{"a", "a b", "+", "%", "%41", "&=", "é☃", "~-._", "!*'():@$,?#[]", "\x7f", "a\tb  c"}
	temporary := keys
	temporary.SessionToken = lanyard.NewSecret("session+token/==")
	for i, text := range texts {
		for j, value := range texts {
			for _, s := range []Scope{s3, {"execute-api", "eu-west-1"}} {
				for _, c := range []Credential{keys, temporary} {
					rawURL := "https://H.example:8443/" + url.PathEscape(text) + "/" + url.PathEscape(value) + "?" + url.Values{text: {value, ""}, "q": {text}}.Encode()
					req := newRequest(t, "PUT", rawURL)
					req.Header.Set("Content-Type", "text/plain;  charset=utf-8")
					req.Header["X-Amz-Meta-A"] = []string{" x " + hex.EncodeToString([]byte(text)), "y  z"}
					hash := HashPayload([]byte(value))
					if err := sign(req, c, s, hash, noon); err != nil {
						t.Fatal(err)
					}
					if got, want := req.Header.Get("Authorization"), sdkSign(t, req, c, s, hash); got != want {
						t.Errorf("%d/%d %s %s\n got %s\nwant %s", i, j, s.Service, req.URL, got, want)
					}
				}
			}
		}
	}
}

// FuzzSign holds Sign against the SDK for any path and query, and checks that signing what was signed changes nothing.
func FuzzSign(f *testing.F) {
	f.Add("/a b/../c//%2F+", "b=2&a=%zz&a=+&;=&&c")
	f.Add("//", "=&%3d=%00")
	f.Add("/\xff%ff", "\xff&é")
	f.Fuzz(func(t *testing.T, path, query string) {
		for _, s := range []Scope{s3, {"execute-api", "eu-west-1"}} {
			decoded, err := url.PathUnescape(path)
			if err != nil || !strings.HasPrefix(decoded, "/") {
				t.Skip("no path that a URL can hold")
			}
			req := newRequest(t, "GET", "https://h.example/")
			req.URL.Path, req.URL.RawPath, req.URL.RawQuery = decoded, path, query
			if err := sign(req, keys, s, EmptyPayload, noon); err != nil {
				t.Fatal(err)
			}
			signed := req.Header.Get("Authorization")
			// The SDK cleans no path, and leaves an escaped slash of S3 to fail.
			if s.S3() && !strings.Contains(req.URL.RawPath, "%2F") || !s.S3() && cleanPath(req.URL.EscapedPath()) == req.URL.EscapedPath() {
				if want := sdkSign(t, req, keys, s, EmptyPayload); signed != want {
					t.Fatalf("%s\n got %s\nwant %s", req.URL, signed, want)
				}
			}
			target := req.URL.RequestURI()
			if strings.ContainsAny(target, " \r\n\x00") {
				t.Fatalf("target %q", target)
			}
			if err := sign(req, keys, s, EmptyPayload, noon); err != nil || req.Header.Get("Authorization") != signed || req.URL.RequestURI() != target {
				t.Fatalf("signed again, %q became %q (%v)", target, req.URL.RequestURI(), err)
			}
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for _, c := range []struct {
		name, url string
		scope     Scope
	}{
		{"s3", "https://examplebucket.s3.amazonaws.com/photos/2026/05/01.jpg", s3},
		{"dynamodb", "https://dynamodb.us-east-1.amazonaws.com/", Scope{"dynamodb", "us-east-1"}},
		{"query", "https://api.example.com/prod?b=2&a=1&name=a%20b", Scope{"execute-api", "us-east-1"}},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			ours, err := New(keys, c.scope)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				address := *u
				req := &http.Request{Method: "GET", URL: &address, Header: make(http.Header, 8)}
				if err := ours.Sign(req, EmptyPayload, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/sdk", func(b *testing.B) {
			b.ReportAllocs()
			signer := sdk.NewSigner()
			cred := aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey.Reveal()}
			for b.Loop() {
				address := *u
				req := &http.Request{Method: "GET", URL: &address, Header: make(http.Header, 8)}
				req.Header.Set("X-Amz-Content-Sha256", EmptyPayload)
				if err := signer.SignHTTP(b.Context(), cred, req, EmptyPayload, c.scope.Service, c.scope.Region, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
