package scheme_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanyard"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

func TestAPIKeyOnTheWire(t *testing.T) {
	three := `{"type": "api_key", "parameters": [{"name": "X-Api-Key", "param_type": "header", "prefix": "Key "}, {"name": "api_key", "param_type": "query"}, {"name": "X-App", "param_type": "header"}]}`
	mixed := `{"type": "api_key", "parameters": [{"name": "X-Api-Key", "param_type": "form", "prefix": "p:"}, {"name": "api_key", "param_type": "form"}, {"name": "X-App", "param_type": "query", "prefix": "a b"}]}`
	quoted := `{"type": "api_key", "parameters": [{"name": "na\"me", "param_type": "form"}]}`
	part := "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
	for _, c := range []struct {
		name string
		auth string
		call call
		want string
	}{
		{"header", keyInHeader, call{method: "GET", url: "https://api.acme.com/x?a=b"}, lines("GET /x?a=b HTTP/1.1", "Host: api.acme.com", "X-Api-Key: k1")},
		{"header in canonical form", strings.Replace(keyInHeader, "X-Api-Key", "authorization", 1), call{method: "GET", url: "https://api.acme.com"}, ""},
		{"header with a prefix", strings.Replace(keyInHeader, `"header"`, `"header", "prefix": "Bearer "`, 1), call{method: "DELETE", url: "https://api.acme.com:8443/"}, lines("DELETE / HTTP/1.1", "Host: api.acme.com:8443", "X-Api-Key: Bearer k1")},
		{"several", three, call{method: "POST", url: "https://api.acme.com/x", headers: []string{"Content-Type: application/json"}, body: "{}"},
			lines("POST /x?api_key=k%262%3D%20%C3%A9 HTTP/1.1", "Host: api.acme.com", "Content-Length: 2", "Content-Type: application/json", "X-Api-Key: Key k1", "X-App: app") + "| {}"},

		{"G14 query, none there", keyInQuery, call{method: "GET", url: "https://api.acme.com/x"}, lines("GET /x?api_key=k%262%3D%20%C3%A9 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, no path", keyInQuery, call{method: "GET", url: "https://api.acme.com"}, lines("GET /?api_key=k%262%3D%20%C3%A9 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, ? at the end", keyInQuery, call{method: "GET", url: "https://api.acme.com/x?"}, lines("GET /x?api_key=k%262%3D%20%C3%A9 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, & at the end", keyInQuery, call{method: "GET", url: "https://api.acme.com/x?a&"}, lines("GET /x?a&api_key=k%262%3D%20%C3%A9 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, with a fragment", keyInQuery, call{method: "GET", url: "https://api.acme.com/x?a=b#api_key=c"}, lines("GET /x?a=b&api_key=k%262%3D%20%C3%A9 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, with a fragment alone", keyInQuery, call{method: "GET", url: "https://api.acme.com/x#y?z"}, lines("GET /x?api_key=k%262%3D%20%C3%A9 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, others kept as they are", keyInQuery, call{method: "GET", url: "https://api.acme.com/x?b=%2f+%20&a=%zz&&c;d&=e&%C3%A9=é"}, lines("GET /x?b=%2f+%20&a=%zz&&c;d&=e&%C3%A9=é&api_key=k%262%3D%20%C3%A9 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, replaced in place", keyInQuery, call{method: "GET", url: "https://api.acme.com/x?z=1&api_key=theirs&a=2"}, lines("GET /x?z=1&api_key=k%262%3D%20%C3%A9&a=2 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, every other one removed", keyInQuery, call{method: "GET", url: "https://api.acme.com/x?api_key&z=1&api%5Fkey=2&%61pi_key=3=4&api_key="}, lines("GET /x?api_key=k%262%3D%20%C3%A9&z=1 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, like names stay", keyInQuery, call{method: "GET", url: "https://api.acme.com/x?API_KEY=1&api_key2=2&xapi_key=3&api_key%=4&api%255Fkey=5"}, lines("GET /x?API_KEY=1&api_key2=2&xapi_key=3&api_key%=4&api%255Fkey=5&api_key=k%262%3D%20%C3%A9 HTTP/1.1", "Host: api.acme.com")},
		{"G14 query, 8 kB", keyInQuery, call{method: "GET", url: "https://api.acme.com/x?" + strings.Repeat("a=1&", 2048) + "api_key=x&b"}, lines("GET /x?"+strings.Repeat("a=1&", 2048)+"api_key=k%262%3D%20%C3%A9&b HTTP/1.1", "Host: api.acme.com")},

		{"G13 form, POST without a body", keyInForm, call{method: "POST", url: "https://api.acme.com/x"}, lines("POST /x HTTP/1.1", "Host: api.acme.com", "Content-Length: 25", "Content-Type: application/x-www-form-urlencoded") + "| api_key=k%262%3D%20%C3%A9"},
		{"G13 form, PUT", keyInForm, call{method: "PUT", url: "https://api.acme.com/x"}, lines("PUT /x HTTP/1.1", "Host: api.acme.com", "Content-Length: 25", "Content-Type: application/x-www-form-urlencoded") + "| api_key=k%262%3D%20%C3%A9"},
		{"G13 form, PATCH that speaks of JSON and has none", keyInForm, call{method: "PATCH", url: "https://api.acme.com/x", headers: []string{"Content-Type: application/json"}}, lines("PATCH /x HTTP/1.1", "Host: api.acme.com", "Content-Length: 25", "Content-Type: application/x-www-form-urlencoded") + "| api_key=k%262%3D%20%C3%A9"},
		{"G13 form, added", keyInForm, call{method: "POST", url: "https://api.acme.com/x", headers: []string{"Content-Type: application/x-www-form-urlencoded; charset=UTF-8"}, body: "b=%2f+&a"},
			lines("POST /x HTTP/1.1", "Host: api.acme.com", "Content-Length: 34", "Content-Type: application/x-www-form-urlencoded; charset=UTF-8") + "| b=%2f+&a&api_key=k%262%3D%20%C3%A9"},
		{"G13 form, replaced in place", keyInForm, call{method: "POST", url: "https://api.acme.com/x", headers: []string{formType}, body: "z=1&api%5fkey=theirs&a=2&api_key"},
			lines("POST /x HTTP/1.1", "Host: api.acme.com", "Content-Length: 33", formType) + "| z=1&api_key=k%262%3D%20%C3%A9&a=2"},
		{"G13 form, GET with a form body", keyInForm, call{method: "GET", url: "https://api.acme.com/x", headers: []string{formType}, body: "a=1"}, lines("GET /x HTTP/1.1", "Host: api.acme.com", "Content-Length: 29", formType) + "| a=1&api_key=k%262%3D%20%C3%A9"},
		{"G13 form, the query is not touched", keyInForm, call{method: "POST", url: "https://api.acme.com/x?api_key=theirs", headers: []string{formType}, body: "a"}, lines("POST /x?api_key=theirs HTTP/1.1", "Host: api.acme.com", "Content-Length: 27", formType) + "| a&api_key=k%262%3D%20%C3%A9"},
		{"G13 several, form and query", mixed, call{method: "POST", url: "https://api.acme.com/x"}, lines("POST /x?X-App=a%20bapp HTTP/1.1", "Host: api.acme.com", "Content-Length: 42", formType) + "| X-Api-Key=p%3Ak1&api_key=k%262%3D%20%C3%A9"},
		{"G13 multipart", keyInForm, call{method: "POST", url: "https://api.acme.com/x", headers: []string{"Content-Type: multipart/form-data; boundary=B"}, body: part + "--B--\r\n"},
			lines("POST /x HTTP/1.1", "Host: api.acme.com", "Content-Length: 123", "Content-Type: multipart/form-data; boundary=B") +
				`| --B
| Content-Disposition: form-data; name="a"
| 
| 1
| --B
| Content-Disposition: form-data; name="api_key"
| 
| k&2= é
| --B--
| `},
		{"G13 multipart, several", mixed, call{method: "POST", url: "https://api.acme.com/x", headers: []string{`Content-Type: Multipart/Form-Data; charset=x; boundary="B"`}, body: part + "--B--"},
			lines("POST /x?X-App=a%20bapp HTTP/1.1", "Host: api.acme.com", "Content-Length: 184", `Content-Type: Multipart/Form-Data; charset=x; boundary="B"`) +
				`| --B
| Content-Disposition: form-data; name="a"
| 
| 1
| --B
| Content-Disposition: form-data; name="X-Api-Key"
| 
| p:k1
| --B
| Content-Disposition: form-data; name="api_key"
| 
| k&2= é
| --B--`},
		{"G13 multipart, replaced", keyInForm, call{method: "POST", url: "https://api.acme.com/x", headers: []string{"Content-Type: multipart/form-data; boundary=B"},
			body: strings.ReplaceAll(part, `"a"`, `"api_key"`) + part + "--B\r\ncontent-disposition: form-data;\r\n name=api_key; filename=x\r\n\r\nx\r\n--B\r\n\r\napi_key\r\n--B--"},
			lines("POST /x HTTP/1.1", "Host: api.acme.com", "Content-Length: LENGTH", "Content-Type: multipart/form-data; boundary=B") +
				`| --B
| Content-Disposition: form-data; name="a"
| 
| 1
| --B
| 
| api_key
| --B
| Content-Disposition: form-data; name="api_key"
| 
| k&2= é
| --B--`},
		{"G13 multipart, a name with a quote", quoted, call{method: "POST", url: "https://api.acme.com/x", headers: []string{"Content-Type: multipart/form-data; boundary=B"}, body: "--B--"},
			lines("POST /x HTTP/1.1", "Host: api.acme.com", "Content-Length: 63", "Content-Type: multipart/form-data; boundary=B") +
				`| --B
| Content-Disposition: form-data; name="na%22me"
| 
| v
| --B--`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "" {
				c.want = lines("GET / HTTP/1.1", "Host: api.acme.com", "Authorization: k3")
				cred := credential()
				cred.Values["authorization"] = cred.Values["Authorization"]
				diff(t, c.call.place(t, bind(t, c.auth, cred)), c.want)
				return
			}
			got := c.call.place(t, bind(t, c.auth, credential()))
			if strings.Contains(c.want, "LENGTH") { // net/http checks it against the body
				got = regexp.MustCompile(`(Content-Length: )\d+`).ReplaceAllString(got, "${1}LENGTH")
			}
			diff(t, got, c.want)
		})
	}
}

func TestG13_RefusedBodies(t *testing.T) {
	multipartType := "Content-Type: multipart/form-data; boundary=B"
	part := "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
	p := bind(t, keyInForm, credential())
	for _, c := range []struct {
		name  string
		call  call
		needs bool
	}{
		{"GET", call{method: "GET"}, false},
		{"HEAD", call{method: "HEAD"}, false},
		{"DELETE", call{method: "DELETE"}, false},
		{"OPTIONS", call{method: "OPTIONS"}, false},
		{"GET that speaks of a form and has none", call{method: "GET", headers: []string{formType}}, false},
		{"JSON", call{method: "POST", headers: []string{"Content-Type: application/json"}, body: "{}"}, false},
		{"no content type", call{method: "POST", body: "a=1"}, false},
		{"text", call{method: "PUT", headers: []string{"Content-Type: text/plain"}, body: "a=1"}, false},
		{"like a form", call{method: "POST", headers: []string{"Content-Type: application/x-www-form-urlencoded2"}, body: "a=1"}, false},
		{"two content types", call{method: "POST", headers: []string{formType, "Content-Type: application/json"}, body: "a=1"}, false},
		{"compressed", call{method: "POST", headers: []string{formType, "Content-Encoding: gzip"}, body: "a=1"}, false},
		{"compressed twice", call{method: "POST", headers: []string{multipartType, "Content-Encoding: identity", "Content-Encoding: gzip"}, body: part + "--B--"}, false},
		{"multipart/mixed", call{method: "POST", headers: []string{"Content-Type: multipart/mixed; boundary=B"}, body: part + "--B--"}, false},
		{"multipart/related", call{method: "POST", headers: []string{"Content-Type: multipart/related; boundary=B"}, body: part + "--B--"}, false},
		{"multipart without a boundary", call{method: "POST", headers: []string{"Content-Type: multipart/form-data"}, body: part + "--B--"}, false},
		{"multipart with an empty boundary", call{method: "POST", headers: []string{`Content-Type: multipart/form-data; boundary=""`}, body: part + "--B--"}, false},
		{"multipart with two boundaries", call{method: "POST", headers: []string{`Content-Type: multipart/form-data; boundary=B; boundary=C`}, body: part + "--B--"}, false},
		{"multipart with another boundary", call{method: "POST", headers: []string{"Content-Type: multipart/form-data; boundary=C"}, body: part + "--B--"}, true},
		{"multipart that does not end", call{method: "POST", headers: []string{multipartType}, body: part}, true},
		{"multipart that ends inside a line", call{method: "POST", headers: []string{multipartType}, body: part + "x--B--"}, true},
		{"multipart whose end goes on", call{method: "POST", headers: []string{multipartType}, body: part + "--B--x"}, true},
		{"multipart that ends after a bare line feed", call{method: "POST", headers: []string{multipartType}, body: part + "x\n--B--\r\n"}, true},
		{"text under a multipart header", call{method: "POST", headers: []string{multipartType}, body: "a=1"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.call.url = "https://api.acme.com/x?a=b"
			req := c.call.request(t, p)
			if got := p.NeedsBody(req); got != c.needs {
				t.Errorf("needs the body: %v, want %v", got, c.needs)
			}
			before := wire(t, c.call.request(t, p))
			err := p.Place(req)
			var e *lanyard.Error
			if !errors.As(err, &e) || e.Code != lanyard.CodeInvalidRequest || !strings.Contains(e.Message, "acme") || !strings.Contains(e.Message, "form data") {
				t.Fatalf("got %v", err)
			}
			diff(t, wire(t, req), before)

			// The same when the caller holds the body anyway.
			if c.call.body != "" {
				req = c.call.request(t, p)
				hold(req, c.call.body)
				if err := p.Place(req); lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
					t.Errorf("held: %v", err)
				}
				diff(t, wire(t, req), before)
			}
		})
	}
	// A body that the caller should have held is our fault, not the request's.
	req := call{method: "POST", url: "https://api.acme.com/", headers: []string{formType}, body: "a=1"}.request(t, p)
	req.GetBody = nil
	if err := p.Place(req); lanyard.CodeOf(err) != lanyard.CodeInternal {
		t.Errorf("a body that is not held gives %v", err)
	}
	broken := errors.New("broken")
	req.GetBody = func() (io.ReadCloser, error) { return nil, broken }
	if err := p.Place(req); !errors.Is(err, broken) {
		t.Errorf("a body that cannot be had gives %v", err)
	}
}

func TestG13_BodyIsConsistent(t *testing.T) {
	p := bind(t, keyInForm, credential())
	c := call{method: "POST", url: "https://api.acme.com/x", headers: []string{formType, "Content-Length: 3"}, body: "a=1"}
	req := c.request(t, p)
	closed := false
	req.Body = closer{strings.NewReader("a=1"), &closed}
	req.TransferEncoding = []string{"chunked"}
	req.Header["Transfer-Encoding"] = []string{"chunked"}
	if err := p.Place(req); err != nil {
		t.Fatal(err)
	}
	if !closed {
		t.Error("the old body is not closed")
	}
	const want = "a=1&api_key=k%262%3D%20%C3%A9"
	for range 2 {
		body, err := req.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(body); string(b) != want {
			t.Errorf("GetBody gives %q", b)
		}
	}
	if b, _ := io.ReadAll(req.Body); string(b) != want || req.ContentLength != int64(len(want)) {
		t.Errorf("the body is %q with Content-Length %d", b, req.ContentLength)
	}
	if req.TransferEncoding != nil || req.Header["Transfer-Encoding"] != nil || req.Header["Content-Length"] != nil {
		t.Errorf("the old framing is still there: %v %v", req.TransferEncoding, req.Header)
	}
}

type closer struct {
	io.Reader
	closed *bool
}

func (c closer) Close() error { *c.closed = true; return nil }

// An empty body that is held is none.
func TestG13_EmptyHeldBody(t *testing.T) {
	for _, auth := range []string{keyInForm, in(oauth1, "param_type", "form")} {
		p := bind(t, auth, credential())
		for _, contentType := range []string{"", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B"} {
			req := call{method: "POST", url: "https://api.acme.com/x", headers: []string{"Content-Type: " + contentType}}.request(t, p)
			hold(req, "")
			if err := p.Place(req); err != nil || req.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || req.ContentLength == 0 {
				t.Errorf("%s %q: %v, %v with %d bytes", auth, contentType, err, req.Header, req.ContentLength)
			}
		}
		req := call{method: "GET", url: "https://api.acme.com/x"}.request(t, p)
		hold(req, "")
		if err := p.Place(req); lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
			t.Errorf("%s: a GET gives %v", auth, err)
		}
	}
}

func FuzzQueryEditing(f *testing.F) {
	for _, q := range []string{"", "&", "a=b", "api_key=x", "a&api_key&b&api%5fkey=1", "%61pi_key", "a=%zz&;&=&==", "+=+&%20", "a&&", "access_token=1&X-App=2&api_key=3", "é=\xff"} {
		f.Add(q)
	}
	names := []string{"api_key", "X-App"}
	p := bind(f, `{"type": "api_key", "parameters": [{"name": "api_key", "param_type": "query"}, {"name": "X-App", "param_type": "query"}]}`, credential())
	form := bind(f, `{"type": "api_key", "parameters": [{"name": "api_key", "param_type": "form"}, {"name": "X-App", "param_type": "form"}]}`, credential())
	f.Fuzz(func(t *testing.T, raw string) {
		edited := func(raw string) string {
			req := &http.Request{Method: "GET", URL: &url.URL{Scheme: "https", Host: "api.acme.com", RawQuery: raw}, Header: http.Header{}}
			if err := p.Place(req); err != nil {
				t.Fatal(err)
			}
			return req.URL.RawQuery
		}
		got := edited(raw)
		// What is not ours is there, byte for byte and in its order.
		others := func(raw string) (kept []string) {
			for _, piece := range strings.Split(raw, "&") {
				name, _, _ := strings.Cut(piece, "=")
				if decoded, err := url.QueryUnescape(name); err != nil || !slices.Contains(names, decoded) {
					kept = append(kept, piece)
				}
			}
			return kept
		}
		want := strings.Join(others(raw), "&")
		// An & at the end is the one before ours.
		kept := func(got string) bool { return got == want || got == strings.TrimSuffix(want, "&") }
		if !kept(strings.Join(others(got), "&")) {
			t.Fatalf("%q became %q, which keeps %q", raw, got, others(got))
		}
		// Ours are there once, as every server reads it.
		q, _ := url.ParseQuery(got)
		if !cmp.Equal(q["api_key"], []string{"k&2= é"}) || !cmp.Equal(q["X-App"], []string{"app"}) {
			t.Fatalf("%q became %q, which reads %q and %q", raw, got, q["api_key"], q["X-App"])
		}
		if again := edited(got); again != got {
			t.Fatalf("%q became %q and then %q", raw, got, again)
		}
		u := &url.URL{RawQuery: got}
		p.Strip(http.Header{}, u)
		if !kept(u.RawQuery) {
			t.Fatalf("%q became %q and stripped %q", raw, got, u.RawQuery)
		}
		// A form-encoded body is edited in the same way.
		if raw == "" {
			return
		}
		req := &http.Request{Method: "POST", URL: &url.URL{}, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
		hold(req, raw)
		if err := form.Place(req); err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(req.Body); string(body) != got || req.ContentLength != int64(len(got)) {
			t.Fatalf("the form %q became %q of %d bytes, want %q", raw, body, req.ContentLength, got)
		}
	})
}

// parts reads a multipart body to its end; ok is false when it is not one.
func parts(body []byte, boundary string) (all []string, ok bool) {
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return all, true
		}
		if err != nil {
			return nil, false
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, false
		}
		text := string(content)
		for _, name := range slices.Sorted(maps.Keys(part.Header)) {
			text = name + ": " + strings.Join(part.Header[name], "\x00") + "\n" + text
		}
		all = append(all, text)
	}
}

func FuzzMultipart(f *testing.F) {
	part := "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
	for _, body := range []string{
		part + "--B--\r\n", part + part + "--B--", "--B--", "preamble\r\n" + part + "--B-- \t\r\nepilogue --B--\r\n--B--", strings.ReplaceAll(part, "\r\n", "\n") + "--B--\n", part + "--B-x\r\n--B--",
		"--B\r\n\r\n\n--B--\r\n--B--\r\n", "--B\n\r\n\r\n--B\r\n\r\nx\n--B--", "x--B\r\n--B \r\n\r\n--B--", "--Bx\n" + part + "--B--", "\r\n--B--", "\n--B\n\nx\n--B--\n", "\n--B\n\nx\n-\n--B\n", "--B\r\r\n\n\n--B--\r\n--B--\r\n",
	} {
		f.Add("B", []byte(body))
	}
	f.Add("a b", []byte("--a b\r\n\r\n1\r\n--a b--"))
	p := bind(f, keyInForm, credential())
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		contentType := mime.FormatMediaType("multipart/form-data", map[string]string{"boundary": boundary})
		if contentType == "" || boundary == "" || len(boundary) > 70 || len(body) == 0 {
			return
		}
		if _, params, err := mime.ParseMediaType(contentType); err != nil || params["boundary"] != boundary {
			return
		}
		before, readable := parts(body, boundary)
		req := &http.Request{Method: "POST", URL: &url.URL{}, Header: http.Header{"Content-Type": {contentType}}}
		hold(req, string(body))
		err := p.Place(req)
		if err != nil {
			if lanyard.CodeOf(err) != lanyard.CodeInvalidRequest {
				t.Fatal(err)
			}
			// The reader takes a body that breaks off after a delimiter for one that ended.
			if ends := bytes.Contains(body, []byte("\r\n--"+boundary+"--\r\n")); readable && ends && len(before) > 0 {
				t.Fatalf("a multipart body with %d parts is refused: %q", len(before), body)
			}
			return
		}
		got, _ := io.ReadAll(req.Body)
		if int64(len(got)) != req.ContentLength {
			t.Fatalf("%d bytes with Content-Length %d", len(got), req.ContentLength)
		}
		if !readable {
			return // nothing that a server would take, before or after
		}
		after, ok := parts(got, boundary)
		want := slices.DeleteFunc(before, func(part string) bool {
			_, disposition, _ := strings.Cut("\n"+part, "\nContent-Disposition: ")
			disposition, _, _ = strings.Cut(disposition, "\n")
			disposition, _, _ = strings.Cut(disposition, "\x00") // between several headers of that name
			_, params, _ := mime.ParseMediaType(disposition)
			return params["name"] == "api_key"
		})
		want = append(want, "Content-Disposition: form-data; name=\"api_key\"\nk&2= é")
		if d := cmp.Diff(after, want); d != "" || !ok {
			t.Fatalf("%q became %q: parts (-got +want):\n%s", body, got, d)
		}
	})
}

func TestNeedsBodyOnlyForForms(t *testing.T) {
	for _, c := range []struct {
		auth string
		want map[string]bool // by content type
	}{
		{keyInHeader, map[string]bool{"application/x-www-form-urlencoded": false, "multipart/form-data; boundary=B": false, "application/json": false, "": false}},
		{keyInQuery, map[string]bool{"application/x-www-form-urlencoded": false, "multipart/form-data; boundary=B": false, "application/json": false}},
		{keyInForm, map[string]bool{"application/x-www-form-urlencoded": true, "APPLICATION/X-WWW-FORM-URLENCODED ; charset": true, "multipart/form-data; boundary=B": true, "application/json": false, "": false}},
		{basic, map[string]bool{"application/x-www-form-urlencoded": false}},
		{oauth2, map[string]bool{"application/x-www-form-urlencoded": false}},
		{oauth1, map[string]bool{"application/x-www-form-urlencoded": true, "application/x-www-form-urlencoded; x": true, "multipart/form-data; boundary=B": false, "application/json": false, "": false}},
	} {
		p := bind(t, c.auth, credential())
		for contentType, want := range c.want {
			req := &http.Request{Method: "POST", URL: &url.URL{}, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader("x")), ContentLength: 1}
			if got := p.NeedsBody(req); got != want {
				t.Errorf("%s with %q: needs the body %v, want %v", c.auth, contentType, got, want)
			}
			for _, body := range []io.ReadCloser{nil, http.NoBody} {
				req.Body = body
				if p.NeedsBody(req) {
					t.Errorf("%s with %q needs a body that is not there", c.auth, contentType)
				}
			}
		}
	}
}
