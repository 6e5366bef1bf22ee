package invoke

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"lanyard"
)

func parsed(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, _, err := lanyard.ParseURL(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestG20_BelowTheBaseURL: a path is joined to the base URL, its bytes are kept, and it cannot climb.
func TestG20_BelowTheBaseURL(t *testing.T) {
	for _, c := range []struct{ base, rest, want string }{
		{"https://a.example/api", "/x?q=1", "https://a.example/api/x?q=1"},
		{"https://a.example/api/", "/x", "https://a.example/api/x"},
		{"https://a.example", "/x", "https://a.example/x"},
		{"https://a.example/api", "", "https://a.example/api"},
		{"https://a.example/api", "?q=1", "https://a.example/api?q=1"},
		{"https://a.example/api?v=2", "/x?q=1", "https://a.example/api/x?v=2&q=1"},
		{"https://a.example/api?v=2", "/x", "https://a.example/api/x?v=2"},
		{"https://a.example/api", "/a%2Fb/%E2%98%83", "https://a.example/api/a%2Fb/%E2%98%83"},
		{"https://a.example/api", "//evil.com/x", "https://a.example/api//evil.com/x"},
		{"https://a.example", "/@evil.com", "https://a.example/@evil.com"},
		{"https://a.example", "/https://evil.com/", "https://a.example/https://evil.com/"},
		{"https://a.example/api", "/x#fragment?q", "https://a.example/api/x"},
		{"https://a.example/api", "/v1...2/.hidden/a..b", "https://a.example/api/v1...2/.hidden/a..b"},
		{"https://a.example/api", "/x?", "https://a.example/api/x?"},
		{"https://a.example/api", "/{literal}|é", "https://a.example/api/%7Bliteral%7D%7C%C3%A9"},
	} {
		u, err := below(parsed(t, c.base), c.rest)
		if err != nil || u.String() != c.want {
			t.Errorf("below(%s, %s): got %v (%v), want %s", c.base, c.rest, u, err, c.want)
		}
	}
	for _, rest := range []string{
		"/../x", "/a/../../x", "/.", "/./x", "/..", "/%2e%2e/x", "/%2E%2e%2fx", "/a%2f..%2fx", "/..;/x", "/..;a=b/x", "/a/%2e%2e;x/y",
		`/\evil.com`, "/a b", "/a\x00", "/%00", "/%zz", "/%", "/%5c..%5cx", "/a\r\nx",
	} {
		if u, err := below(parsed(t, "https://a.example/api"), rest); err == nil {
			t.Errorf("below(%q) = %s, want a refusal", rest, u)
		}
	}
}

func FuzzBelow(f *testing.F) {
	for _, s := range []string{"/x", "/../x", "/%2e%2e%2f", "//evil.com", "/..;/", "?q=../", "/é|{}", "/a%2Fb"} {
		f.Add(s)
	}
	base := parsed(f, "https://a.example/api")
	f.Fuzz(func(t *testing.T, rest string) {
		if rest != "" && rest[0] != '/' && rest[0] != '?' {
			return // neither door hands on anything else
		}
		u, err := below(base, rest)
		if err != nil {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Host != "a.example" || again.User != nil || again.Scheme != "https" {
			t.Fatalf("below(%q) = %q leads elsewhere (%v)", rest, u, err)
		}
		if p := path.Clean(again.Path); p != "/api" && !strings.HasPrefix(p, "/api/") {
			t.Fatalf("below(%q) = %q climbs to %q", rest, u, p)
		}
	})
}

// TestRequestBody pins the rules of invokeurl for parameters and body.
func TestRequestBody(t *testing.T) {
	for _, c := range []struct {
		name, request, url, contentType, body string
	}{
		{"GET appends parameters", `{"url":"https://a.example/x?a=1","parameters":{"b":"2 3","c":[1,2]}}`, "https://a.example/x?a=1&b=2+3&c=1&c=2", "", ""},
		{"GET with a text", `{"url":"https://a.example/x","parameters":"a=b c"}`, "https://a.example/x?a=b%20c", "", ""},
		{"DELETE too", `{"url":"https://a.example/x","type":"delete","parameters":{"a":true}}`, "https://a.example/x?a=true", "", ""},
		{"POST form-encodes an object", `{"url":"https://a.example/x","type":"POST","parameters":{"b":"é","a":1.50}}`, "https://a.example/x", "application/x-www-form-urlencoded", "a=1.50&b=%C3%A9"},
		{"POST sends a text raw", `{"url":"https://a.example/x","type":"POST","parameters":"raw & text"}`, "https://a.example/x", "text/plain; charset=utf-8", "raw & text"},
		{"an object as JSON", `{"url":"https://a.example/x","type":"POST","body":{"n":12345678901234567890,"s":"<é>"}}`, "https://a.example/x", "application/json", `{"n":12345678901234567890,"s":"<é>"}`},
		{"a list as JSON", `{"url":"https://a.example/x","type":"POST","body":[1,2]}`, "https://a.example/x", "application/json", `[1,2]`},
		{"a text raw", `{"url":"https://a.example/x","type":"PUT","body":"hello","content_type":"text/csv"}`, "https://a.example/x", "text/csv", "hello"},
		{"both: parameters to the query", `{"url":"https://a.example/x","type":"POST","parameters":{"a":"b"},"body":"hello"}`, "https://a.example/x?a=b", "text/plain; charset=utf-8", "hello"},
		{"a header's type wins", `{"url":"https://a.example/x","type":"POST","headers":{"content-type":"application/json"},"parameters":{"a":"b"}}`, "https://a.example/x", "application/json", `{"a":"b"}`},
		{"a DELETE with a body", `{"url":"https://a.example/x","type":"DELETE","body":{"a":1}}`, "https://a.example/x", "application/json", `{"a":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := built(t, c.request)
			if got := req.URL.String(); got != c.url {
				t.Errorf("URL %s, want %s", got, c.url)
			}
			if got := req.Header.Get("Content-Type"); got != c.contentType {
				t.Errorf("content type %q, want %q", got, c.contentType)
			}
			body := ""
			if req.Body != nil {
				b, err := io.ReadAll(req.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = string(b)
			}
			if body != c.body || req.ContentLength != int64(len(body)) {
				t.Errorf("body %q of %d bytes, want %q", body, req.ContentLength, c.body)
			}
		})
	}
}

func built(t *testing.T, text string) *http.Request {
	t.Helper()
	var r Request
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	req, err := r.build(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestRequestMultipart(t *testing.T) {
	req := built(t, `{"url":"https://a.example/x","type":"POST","parameters":{"title":"a \"quoted\" one"},
		"files":[{"name":"file","filename":"naïve \"x\".txt","content_type":"text/plain","content_base64":"aGVsbG8="}]}`)
	if err := req.ParseMultipartForm(1 << 20); err != nil {
		t.Fatal(err)
	}
	file, header, err := req.FormFile("file")
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(file)
	if err != nil || string(content) != "hello" || header.Filename != `naïve "x".txt` || header.Header.Get("Content-Type") != "text/plain" || req.FormValue("title") != `a "quoted" one` {
		t.Errorf("file %q %q %v, title %q (%v)", content, header.Filename, header.Header, req.FormValue("title"), err)
	}
}

func TestRequestFaultsNameTheirField(t *testing.T) {
	for request, pointer := range map[string]string{
		`{"url":""}`: "/url", `{"url":"ftp://a.example"}`: "/url", `{"url":"/x"}`: "/url", `{"url":"https://u:p@a.example"}`: "/url",
		`{"url":"https://a.example","type":"TRACE"}`:                                                       "/type",
		`{"url":"https://a.example","headers":{"Host":"b.example"}}`:                                       "/headers/Host",
		`{"url":"https://a.example","headers":{"a b":"c"}}`:                                                "/headers/a b",
		`{"url":"https://a.example","headers":{"X/Y":"c\r\nd"}}`:                                           "/headers/X~1Y",
		`{"url":"https://a.example","type":"POST","files":[{"name":"f","content_base64":"%%"}]}`:           "/files/0/content_base64",
		`{"url":"https://a.example","type":"POST","files":[{"name":"f\r\nX: y","content_base64":"aGk="}]}`: "/files/0/name",
	} {
		var r Request
		if err := json.Unmarshal([]byte(request), &r); err != nil {
			t.Fatal(err)
		}
		_, err := r.build(t.Context(), nil)
		e, ok := err.(*lanyard.Error)
		if !ok || e.Code != lanyard.CodeInvalidRequest || len(e.Fields) != 1 || e.Fields[0].Pointer != pointer {
			t.Errorf("%s: got %v, want a fault of %s", request, err, pointer)
		}
	}
}

// TestAnswer pins how an upstream's answer becomes JSON.
func TestAnswer(t *testing.T) {
	for _, c := range []struct{ name, contentType, body, decoding, want string }{
		{"JSON as it is", "application/json", `{"n": 12345678901234567890, "s": "<&>"}`, "", `"body":{"n":12345678901234567890,"s":"<&>"}`},
		{"JSON whatever its type", "text/html", `[1, 2]`, "", `"body":[1,2]`},
		{"a bare number by its type", "application/json", ` 7 `, "", `"body":7`},
		{"a bare number as text", "text/plain", `7`, "", `"body":"7"`},
		{"broken JSON is text", "application/json", `{"a":`, "", `"body":"{\"a\":"`},
		{"text", "text/plain; charset=utf-8", "é\n", "", `"body":"é\n"`},
		{"another charset", "text/plain; charset=iso-8859-1", "\xe9", "", `"body":"é"`},
		{"a charset of the caller's", "text/plain", "\xe9", "latin1", `"body":"é"`},
		{"binary by its type", "image/png", "text?", "", `"body_base64":"dGV4dD8="`},
		{"binary by its bytes", "text/plain", "\xff\xfe", "", `"body_base64":"//4="`},
		{"nothing", "text/plain", "", "", `"body":""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &Request{ResponseDecoding: c.decoding}
			upstream := &received{200, http.Header{"Content-Type": {c.contentType}, "X-Two": {"a", "b"}}, []byte(c.body)}
			response, err := r.response(upstream, &call{})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := response.answer()
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			if err := e.Encode(answer); err != nil {
				t.Fatal(err)
			}
			got := b.String()
			if !strings.Contains(got, c.want) || !strings.Contains(got, `"x-two":"a, b"`) {
				t.Errorf("got %s, want %s in it", got, c.want)
			}
		})
	}
}
