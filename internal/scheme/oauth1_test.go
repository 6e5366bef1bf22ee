package scheme_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/scheme"
)

var (
	nonce     = regexp.MustCompile(`(oauth_nonce="?)([A-Z2-7]{26})`)
	signature = regexp.MustCompile(`(oauth_signature="?)([A-Za-z0-9%]+)`)
)

// escape is the percent-encoding of RFC 5849 §3.6.
func escape(s string) string {
	return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(s))
}

// signed is the HMAC-SHA1 signature of a request with these parameters, computed apart from the code under test.
func signed(method, uri string, params url.Values) string {
	var pairs []string
	for name, values := range params {
		for _, v := range values {
			pairs = append(pairs, escape(name)+"="+escape(v))
		}
	}
	slices.Sort(pairs)
	mac := hmac.New(sha1.New, []byte("cs&osec"))
	mac.Write([]byte(method + "&" + escape(uri) + "&" + escape(strings.Join(pairs, "&"))))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestOAuth1OnTheWire(t *testing.T) {
	query, form := in(oauth1, "param_type", "query"), in(oauth1, "param_type", "form")
	const (
		header = `Authorization: OAuth oauth_consumer_key="ck", oauth_token="otok", oauth_signature_method="HMAC-SHA1", oauth_timestamp="1772600767", oauth_nonce="NONCE", oauth_version="1.0", oauth_signature="SIGNATURE"`
		params = `oauth_consumer_key=ck&oauth_token=otok&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1772600767&oauth_nonce=NONCE&oauth_version=1.0&oauth_signature=SIGNATURE`
	)
	length := "Content-Length: " // of a form, checked by net/http against what it writes
	for _, c := range []struct {
		name, auth string
		call       call
		uri        string
		others     string // parameters that are signed besides the protocol's
		want       string
	}{
		{"header", oauth1, call{method: "GET", url: "https://API.acme.com:443/x?b=1&a=%2F+"}, "https://api.acme.com/x", "b=1&a=%2F+", lines("GET /x?b=1&a=%2F+ HTTP/1.1", "Host: api.acme.com", header)},
		{"header, the caller's own replaced", oauth1, call{method: "GET", url: "https://api.acme.com:8443/?oauth_token=t&a", headers: []string{"Authorization: Bearer t", "Authorization: OAuth x"}}, "https://api.acme.com:8443/", "a=", lines("GET /?a HTTP/1.1", "Host: api.acme.com:8443", header)},
		{"header, form body signed", oauth1, call{method: "POST", url: "https://api.acme.com/x?q=1", headers: []string{formType}, body: "a=%C3%A9&a="}, "https://api.acme.com/x", "q=1&a=%C3%A9&a=",
			lines("POST /x?q=1 HTTP/1.1", "Host: api.acme.com", length+"11", header, formType) + "| a=%C3%A9&a="},
		{"header, JSON body not signed", oauth1, call{method: "POST", url: "https://api.acme.com/x", headers: []string{"Content-Type: application/json"}, body: "{}"}, "https://api.acme.com/x", "",
			lines("POST /x HTTP/1.1", "Host: api.acme.com", length+"2", header, "Content-Type: application/json") + "| {}"},
		{"query", query, call{method: "DELETE", url: "https://api.acme.com/a%2Fb?a=1&oauth_nonce=theirs"}, "https://api.acme.com/a%2Fb", "a=1", lines("DELETE /a%2Fb?a=1&"+params+" HTTP/1.1", "Host: api.acme.com")},
		{"form, none there", form, call{method: "POST", url: "https://api.acme.com/x?a=1"}, "https://api.acme.com/x", "a=1", lines("POST /x?a=1 HTTP/1.1", "Host: api.acme.com", length+"LENGTH", formType) + "| " + params},
		{"form, none there but spoken of as JSON", form, call{method: "PUT", url: "https://api.acme.com/x", headers: []string{"Content-Type: application/json"}}, "https://api.acme.com/x", "", lines("PUT /x HTTP/1.1", "Host: api.acme.com", length+"LENGTH", formType) + "| " + params},
		{"form, added", form, call{method: "POST", url: "https://api.acme.com/x", headers: []string{formType}, body: "a=%2f&oauth_signature=theirs&b"}, "https://api.acme.com/x", "a=/&b=", lines("POST /x HTTP/1.1", "Host: api.acme.com", length+"LENGTH", formType) + "| a=%2f&b&" + params},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.call.place(t, bind(t, c.auth, credential()))
			n, s := nonce.FindStringSubmatch(text), signature.FindStringSubmatch(text)
			if n == nil || s == nil {
				t.Fatalf("no nonce or signature in %s", text)
			}
			all, err := url.ParseQuery(c.others)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{"oauth_consumer_key": "ck", "oauth_token": "otok", "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": "1772600767", "oauth_nonce": n[2], "oauth_version": "1.0"} {
				all.Set(name, value)
			}
			if got, _ := url.PathUnescape(s[2]); got != signed(c.call.method, c.uri, all) {
				t.Errorf("the signature is %q, want %q", got, signed(c.call.method, c.uri, all))
			}
			text = nonce.ReplaceAllString(signature.ReplaceAllString(text, "${1}SIGNATURE"), "${1}NONCE")
			if strings.Contains(c.want, "LENGTH") {
				text = regexp.MustCompile(`(Content-Length: )\d+`).ReplaceAllString(text, "${1}LENGTH")
			}
			diff(t, text, c.want)
		})
	}
}

func TestOAuth1Refuses(t *testing.T) {
	form := bind(t, in(oauth1, "param_type", "form"), credential())
	for _, c := range []call{
		{method: "GET"}, {method: "HEAD"}, {method: "DELETE"}, {method: "POST", headers: []string{"Content-Type: application/json"}, body: "{}"},
		{method: "POST", headers: []string{"Content-Type: multipart/form-data; boundary=B"}, body: "--B--"}, {method: "POST", body: "a=1"},
	} {
		c.url = "https://api.acme.com/x?a=b"
		req := c.request(t, form)
		before := wire(t, c.request(t, form))
		err := form.Place(req)
		var e *lanyard.Error
		if !errors.As(err, &e) || e.Code != lanyard.CodeInvalidRequest || !strings.Contains(e.Message, "form data") {
			t.Errorf("%s %q: %v", c.method, c.headers, err)
		}
		diff(t, wire(t, req), before)
	}
	// A form-encoded body that the caller should have held.
	p := bind(t, oauth1, credential())
	req := call{method: "POST", url: "https://api.acme.com/", headers: []string{formType}, body: "a=1"}.request(t, p)
	req.GetBody = nil
	if err := p.Place(req); lanyard.CodeOf(err) != lanyard.CodeInternal {
		t.Errorf("a body that is not held gives %v", err)
	}
	// The service's key is not one: nothing of it is in the error.
	s := service(t, in(oauth1, "signature_method", "RSA-SHA1"))
	s.Auth.SetSecret(lanyard.NewSecret(canary))
	p, err := scheme.Bind(s, credential(), clock)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Place(call{method: "GET", url: "https://api.acme.com/"}.request(t, p))
	if lanyard.CodeOf(err) != lanyard.CodeInternal || strings.Contains(err.Error(), canary) {
		t.Errorf("a consumer secret that is no key gives %v", err)
	}
}

// A body that is not signed is streamed through untouched.
func TestOAuth1StreamsWhatIsNotSigned(t *testing.T) {
	p := bind(t, oauth1, credential())
	body := io.NopCloser(unread{})
	req := &http.Request{Method: "POST", URL: &url.URL{Scheme: "https", Host: "api.acme.com", Path: "/"}, Header: http.Header{"Content-Type": {"application/octet-stream"}}, Body: body, ContentLength: -1}
	if err := p.Place(req); err != nil || req.Body != body || req.ContentLength != -1 || req.GetBody != nil {
		t.Errorf("got %v, body %v of %d bytes", err, req.Body, req.ContentLength)
	}
}

// unread is a body that must not be read.
type unread struct{}

func (unread) Read([]byte) (int, error) { panic("the body is read") }
