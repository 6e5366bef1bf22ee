package servertest_test

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// rawRequest sends bytes as they are, for requests that no client would send, and reads one answer.
func rawRequest(t testing.TB, l *servertest.Lanyard, request string) *servertest.Answer {
	t.Helper()
	all := rawRequests(t, l, request)
	if len(all) == 0 {
		t.Fatalf("no answer to %q", request)
	}
	return all[0]
}

// rawRequests reads every answer until the server closes the connection, as the last request should ask it to.
func rawRequests(t testing.TB, l *servertest.Lanyard, request string) []*servertest.Answer {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	var all []*servertest.Answer
	for r := bufio.NewReader(conn); ; {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return all
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &servertest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: body})
	}
}

// TestG01_BadValues gives each kind of credential and parameter, by API and by page, what would end a line or a text.
func TestG01_BadValues(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	browser := l.Browser(t)
	host := hostOf(t, evil.URL)
	services := map[string]map[string]any{
		"header": keyAt("header", evil.Open.URL, host, "X-Api-Key", "header"),
		"query":  keyAt("query", evil.Open.URL, host, "api_key", "query"),
		"form":   keyAt("form", evil.Open.URL, host, "api_key", "form"),
		"basic":  object("auth", object("type", "basic")),
		"sigv4":  object("auth", object("type", "aws_sigv4", "aws_service", "s3", "aws_region", "us-east-1")),
		"filled": keyAt("filled", evil.Open.URL+"/{box}", host, "X-Api-Key", "header"),
	}
	good := map[string]map[string]any{
		"header": object("X-Api-Key", "k"), "query": object("api_key", "k"), "form": object("api_key", "k"), "basic": object("username", "u", "password", "p"),
		"sigv4": object("access_key_id", "AKID", "secret_access_key", "s", "session_token", "t"), "filled": object("X-Api-Key", "k"),
	}
	for name, d := range services {
		d["link_name"], d["base_url"], d["hosts"], d["verify_url"] = name, cmp.Or(d["base_url"], any(evil.Open.URL)), []string{host}, evil.Open.URL+"/verify"
		if name == "form" {
			delete(d, "verify_url")
		}
		if name == "filled" {
			d["dynamic_parameters"] = []any{object("key", "box", "name", "Box")}
		}
		l.Connect(t, d, nil)
	}
	// attempt connects with one value in the place of a good one, and says what came of it.
	attempt := func(t *testing.T, service, field, value string, page bool) *servertest.Answer {
		t.Helper()
		credentials, parameters := maps.Clone(good[service]), object()
		if service == "filled" {
			parameters["box"] = "b"
		}
		if field == "box" {
			parameters[field] = value
		} else {
			credentials[field] = value
		}
		if !page {
			return l.API(t, "POST /v1/connections/"+service+"/connect", object("credentials", credentials, "parameters", parameters))
		}
		form := url.Values{}
		for name, v := range credentials {
			form.Set("credential."+name, v.(string))
		}
		for key, v := range parameters {
			form.Set("parameter."+key, v.(string))
		}
		link := l.Must(t, 200, "POST /v1/connections/"+service+"/connect", object()).Field(t, "connect_url").(string)
		return servertest.Post(t, browser, link, form)
	}
	for service, fields := range map[string][]string{
		"header": {"X-Api-Key"}, "query": {"api_key"}, "form": {"api_key"}, "basic": {"username", "password"},
		"sigv4": {"access_key_id", "secret_access_key", "session_token"}, "filled": {"X-Api-Key", "box"},
	} {
		for _, field := range fields {
			at := "/credentials/" + field
			if field == "box" {
				at = "/parameters/box"
			}
			for what, value := range map[string]string{
				"CR": "a\rb", "LF": "a\nb", "a header of its own": "a\r\nX-Evil: 1", "CR LF at the end": "a\r\n", "NUL": "a\x00b", "DEL": "a\x7fb", "64 kB": strings.Repeat("a", 64<<10),
				"tab": "a\tb", "leading blank": " a", "trailing blank": "a ", "ESC": "a\x1bb",
			} {
				blank := strings.Contains(what, "blank")
				if blank && (service == "basic" || field == "box") {
					continue // it is sent as it is: see below
				}
				t.Run("G01 "+what+" in "+service+" "+field, func(t *testing.T) {
					before := len(evil.Open.Requests())
					if got := attempt(t, service, field, value, false); got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"`+at+`"`) {
						t.Errorf("got %d %s", got.Status, got.Body)
					}
					if field == "box" && strings.HasSuffix(value, "\n") {
						return // the page takes white space around a parameter away, as people paste it
					}
					if got := attempt(t, service, field, value, true); got.Status != 400 || !strings.Contains(string(got.Body), `data-invalid="true"`) {
						t.Errorf("on the page: got %d %.300s", got.Status, got.Body)
					}
					if n := len(evil.Open.Requests()) - before; n != 0 {
						t.Errorf("the upstream was called %d times", n)
					}
				})
			}
			t.Run("G01 not UTF-8 in "+service+" "+field, func(t *testing.T) {
				raw := strings.Replace(jsonOf(200, object("credentials", object(field, "a~b"))).Body, "~", "\xff", 1)
				if got := l.API(t, "POST /v1/connections/"+service+"/connect", raw); got.Status != 400 {
					t.Errorf("got %d %s", got.Status, got.Body)
				}
				if got := attempt(t, service, field, "a\xffb", true); got.Status != 400 {
					t.Errorf("on the page: got %d %.300s", got.Status, got.Body)
				}
			})
		}
	}
	for service, field := range map[string]string{"sigv4 key": "access_key_id", "sigv4 session": "session_token"} {
		for _, value := range []string{"with blank", "é"} {
			t.Run("G01 what AWS does not take, "+service+" "+value, func(t *testing.T) {
				if got := attempt(t, "sigv4", field, value, false); got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"/credentials/`+field+`"`) {
					t.Errorf("got %d %s, want a refusal that names the field", got.Status, got.Body)
				}
			})
		}
	}
	// Everything else is sent byte for byte.
	for _, value := range []string{
		"sp ace+plus%25/=?&é", `"quoted" \ 'text'`, "日本語 🔑", "%0d%0aX-Evil: 1", "a;b,c:d", "a\u2028b", "{box}", "${jndi:ldap://x}", strings.Repeat("x", 16<<10),
	} {
		for _, page := range []bool{false, true} {
			for service, read := range map[string]func(providertest.Request) string{
				"header": func(r providertest.Request) string { return r.Header.Get("X-Api-Key") },
				"query":  func(r providertest.Request) string { return r.Query().Get("api_key") },
				"form":   func(r providertest.Request) string { return r.Form.Get("api_key") },
				"basic": func(r providertest.Request) string {
					_, password, _ := (&http.Request{Header: r.Header}).BasicAuth()
					return password
				},
			} {
				field := map[string]string{"header": "X-Api-Key", "query": "api_key", "form": "api_key", "basic": "password"}[service]
				if got := attempt(t, service, field, value, page); got.Status != 200 && got.Status != 303 {
					t.Errorf("%s %.40q, page %t: got %d %.300s", service, value, page, got.Status, got.Body)
					continue
				}
				l.Must(t, 200, "POST /v1/invoke", object("connection", service, "url", "/x", "type", "POST"))
				requests := evil.Open.Requests()
				if got := read(requests[len(requests)-1]); got != value {
					t.Errorf("%s, page %t: arrived as %.60q, want %.60q", service, page, got, value)
				}
				if h := requests[len(requests)-1].Header; h.Get("X-Evil") != "" {
					t.Errorf("%s %.40q: a header of its own: %v", service, value, h)
				}
			}
		}
	}
}

// TestG01_NothingIsTrimmed: a blank at the end of a credential is a part of it, or is refused. It never disappears in
// silence; nor does one of a parameter value.
func TestG01_NothingIsTrimmed(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	browser := l.Browser(t)
	basic := object("link_name", "basic", "base_url", evil.Open.URL+"/x?box={box}", "hosts", []string{hostOf(t, evil.URL)}, "auth", object("type", "basic"),
		"dynamic_parameters", []any{object("key", "box", "name", "Box")})
	l.Connect(t, basic, nil)
	for _, page := range []bool{false, true} {
		var got *servertest.Answer
		if page {
			link := l.Must(t, 200, "POST /v1/connections/basic/connect", object()).Field(t, "connect_url").(string)
			got = servertest.Post(t, browser, link, url.Values{"credential.username": {" user "}, "credential.password": {" pass "}, "parameter.box": {" box "}})
		} else {
			got = l.API(t, "POST /v1/connections/basic/connect", object("credentials", object("username", " user ", "password", " pass "), "parameters", object("box", " box ")))
		}
		if got.Status == 400 {
			continue
		}
		l.Must(t, 200, "POST /v1/invoke", object("connection", "basic", "url", "/y"))
		requests := evil.Open.Requests()
		last := requests[len(requests)-1]
		user, password, _ := (&http.Request{Header: last.Header}).BasicAuth()
		if box := last.Query().Get("box"); user != " user " || password != " pass " || box != " box " {
			t.Errorf("page %t: arrived as %q, %q, %q", page, user, password, box)
		}
	}
}

func TestG02_HeaderNames(t *testing.T) {
	l := servertest.Start(t)
	for _, name := range []string{
		"", " ", "X Key", "X-Key ", "X:Key", "X-Key\r\nX-Evil", "X-Key\x00", "é", "(x)", "Host", "host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Keep-Alive",
		"TE", "Trailer", "Upgrade", "Expect", "Proxy-Authorization", "proxy-anything", "Cookie", "Set-Cookie", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "Lanyard-User",
	} {
		for field, auth := range map[string]map[string]any{
			"parameters/0/name": object("type", "api_key", "parameters", []any{object("name", name, "display_name", "Key", "param_type", "header")}),
			"token_name":        object("type", "oauth2", "grant_type", "client_credentials", "client_id", "c", "access_token_url", "https://example.com/t", "token_name", name),
		} {
			if name == "" && field == "token_name" {
				continue // Authorization
			}
			got := l.API(t, "POST /v1/services", object("link_name", "bad", "name", "Bad", "hosts", []string{"api.example.com"}, "auth", auth))
			if got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"/auth/`+field+`"`) {
				t.Errorf("%s %q: got %d %s", field, name, got.Status, got.Body)
			}
		}
	}
	for field, auth := range map[string]map[string]any{
		"parameters/0/prefix": object("type", "api_key", "parameters", []any{object("name", "X-Key", "param_type", "header", "prefix", "Key\r\nX-Evil: ")}),
		"token_prefix":        object("type", "oauth2", "grant_type", "client_credentials", "client_id", "c", "access_token_url", "https://example.com/t", "token_prefix", "Key\nX-Evil: "),
	} {
		got := l.API(t, "POST /v1/services", object("link_name", "bad", "name", "Bad", "hosts", []string{"api.example.com"}, "auth", auth))
		if got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"/auth/`+field+`"`) {
			t.Errorf("%s: got %d %s", field, got.Status, got.Body)
		}
	}
}

// TestG02_HeadersOfACall are those that a caller sets: they cannot end a line either.
func TestG02_HeadersOfACall(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, keyAt("acme", evil.Open.URL, hostOf(t, evil.URL), "X-Api-Key", "header"), someKey)
	for name, value := range map[string]string{"X": "a\r\nX-Evil: 1", "X\r\nX-Evil": "1", "X Y": "1", "X:": "1", "": "1", "X-Nul": "a\x00", "é": "1"} {
		got := l.API(t, "POST /v1/invoke", object("connection", "acme", "url", "/x", "headers", object(name, value)))
		if got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"/headers/`) {
			t.Errorf("%q: got %d %s", name, got.Status, got.Body)
		}
	}
	for field, value := range map[string]any{
		"content_type": "text/plain\r\nX-Evil: 1", "type": "GET /evil HTTP/1.1\r\nX: ", "url": "/x HTTP/1.1\r\nX-Evil: 1",
		"files": []any{object("name", "a\"\r\nX-Evil: 1", "filename", "f", "content_base64", "")},
	} {
		request := object("connection", "acme", "url", "/x", "type", "POST", "body", "x")
		request[field] = value
		if got := l.API(t, "POST /v1/invoke", request); got.Status != 400 {
			t.Errorf("%s: got %d %s", field, got.Status, got.Body)
		}
	}
	if n := len(evil.Open.Requests()); n != 0 {
		t.Errorf("the upstream was called %d times", n)
	}
}

func TestG06_PlaceholdersThatMoveTheURL(t *testing.T) {
	l := servertest.Start(t)
	parameters := []any{
		object("key", "url", "name", "URL"), object("key", "scheme", "name", "Scheme"), object("key", "port", "name", "Port"), object("key", "host", "name", "Host", "format", "host"),
	}
	const example = "https://example.com/"
	machine := func(pairs ...any) map[string]any {
		auth := object(append(pairs, "type", "oauth2", "grant_type", "client_credentials", "client_id", "c")...)
		if auth["access_token_url"] == nil {
			auth["access_token_url"] = example
		}
		return object("auth", auth)
	}
	for _, at := range []string{
		"{url}", "{url}/path", "{scheme}://api.example.com/", "http{scheme}://api.example.com/", "https://api.example.com:{port}/", "https:{url}", "//{host}/",
		"https://{secret}.example.com/", "https://{client_secret}/",
	} {
		for field, d := range map[string]map[string]any{
			"/base_url":               object("base_url", at, "auth", object("type", "basic")),
			"/verify_url":             object("verify_url", at, "auth", object("type", "basic")),
			"/auth/access_token_url":  machine("access_token_url", at),
			"/auth/refresh_token_url": machine("refresh_token_url", at),
			"/auth/revoke_token_url":  machine("revoke_token_url", at),
			"/auth/authorize_url": object("auth", object("type", "oauth2", "grant_type", "authorization_code", "client_id", "c",
				"access_token_url", example, "authorize_url", at)),
			"/auth/request_token_url": object("auth", object("type", "oauth1", "consumer_key", "c", "consumer_secret", "s",
				"request_token_url", at, "authorize_url", example, "access_token_url", example)),
		} {
			d["link_name"], d["name"], d["hosts"], d["dynamic_parameters"] = "bad", "Bad", []string{"api.example.com"}, parameters
			if got := l.API(t, "POST /v1/services", d); got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"`+field+`"`) {
				t.Errorf("%s %q: got %d %s", field, at, got.Status, got.Body)
			}
		}
	}
}

// TestG10_TheTokenStaysWhereItCameFrom: neither an edit of the service nor another parameter value leads a stored refresh
// token to another host.
func TestG10_TheTokenStaysWhereItCameFrom(t *testing.T) {
	evil, other := providertest.Evil(t), providertest.Evil(t)
	l := servertest.Start(t)
	browser := l.Browser(t)
	connected := func(name string) {
		d := codeAt(evil, name, evil.Bearer.URL, hostOf(t, evil.URL), "header")
		d["auth"].(map[string]any)["access_token_url"] = evil.Token.URL + "?tenant={tenant}"
		d["dynamic_parameters"] = []any{object("key", "tenant", "name", "Tenant")}
		l.Connect(t, d, nil)
		consent(t, l, browser, name, object("tenant", "first"), agreed(t))
		if got := l.Must(t, 200, "POST /v1/invoke", object("connection", name, "url", "/x")); got.Field(t, "status") != 200.0 {
			t.Fatalf("%s: %s", name, got.Body)
		}
	}
	status := func(name string) any { return l.Must(t, 200, "GET /v1/connections/"+name, nil).Field(t, "status") }
	for field, at := range map[string]string{
		"access_token_url": other.Token.URL, "refresh_token_url": other.Token.URL, "revoke_token_url": other.Revoke.URL, "authorize_url": other.Authorize.URL,
	} {
		t.Run("G10 "+field, func(t *testing.T) {
			connected(field)
			edit := object("auth", object(field, at))
			got := l.API(t, "PATCH /v1/services/"+field+"?keep_connections=true", edit)
			if got.Status != 400 || !strings.Contains(string(got.Body), `"pointer":"/auth/`+field+`"`) || status(field) != "connected" {
				t.Errorf("with the connections kept: got %d %s", got.Status, got.Body)
			}
			if got := l.Must(t, 200, "PATCH /v1/services/"+field, edit); got.Field(t, "revoked_authorizations") != 1.0 || status(field) != "reconnect_required" {
				t.Errorf("edit: %s, then the connection is %v", got.Body, status(field))
			}
			if got := l.API(t, "POST /v1/invoke", object("connection", field, "url", "/x")); got.Status != 409 || got.Code() != "reconnect_required" {
				t.Errorf("invoke: got %d %s", got.Status, got.Body)
			}
			l.API(t, "POST /v1/connections/"+field+"/revoke", nil)
		})
	}
	t.Run("G10 another parameter value", func(t *testing.T) {
		connected("acme")
		if got := l.API(t, "PATCH /v1/connections/acme", object("parameters", object("tenant", "second"))); got.Status != 400 {
			t.Errorf("edit of the connection: got %d %s", got.Status, got.Body)
		}
		// Asking for another value begins another consent, and changes nothing before that ends.
		l.Must(t, 200, "POST /v1/connections/acme/connect", object("parameters", object("tenant", "second")))
		evil.ExpireAccessTokens()
		if got := l.Must(t, 200, "POST /v1/invoke", object("connection", "acme", "url", "/x")); got.Field(t, "status") != 200.0 {
			t.Errorf("invoke: %s", got.Body)
		}
		refreshes := evil.Token.Grants("refresh_token")
		if last := refreshes[len(refreshes)-1]; last.Query().Get("tenant") != "first" {
			t.Errorf("the refresh went to %s", last.URI)
		}
		d := keyAt("typed", evil.Open.URL+"/{tenant}", hostOf(t, evil.URL), "X-Api-Key", "header")
		d["dynamic_parameters"] = []any{object("key", "tenant", "name", "Tenant")}
		l.Connect(t, d, object("credentials", object("X-Api-Key", "k-123456"), "parameters", object("tenant", "first")))
		if got := l.Must(t, 200, "POST /v1/connections/typed/connect", object("parameters", object("tenant", "second"))); got.Field(t, "status") != "consent_required" {
			t.Errorf("a value without a key: %s", got.Body)
		}
		l.Must(t, 200, "POST /v1/invoke", object("connection", "typed", "url", "/x"))
		requests := evil.Open.Requests()
		if last := requests[len(requests)-1]; !strings.HasSuffix(last.URI, "/first/x") {
			t.Errorf("the call went to %s", last.URI)
		}
	})
	for _, e := range []*providertest.Endpoint{other.Token, other.Revoke, other.Authorize} {
		if r := e.Requests(); len(r) > 0 {
			t.Errorf("the other host got %+v", r)
		}
	}
}

func TestG13_FormKeys(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, keyAt("form", evil.Open.URL, hostOf(t, evil.URL), "api_key", "form"), object("credentials", object("api_key", "k +&=%é")))
	last := func() providertest.Request {
		requests := evil.Open.Requests()
		return requests[len(requests)-1]
	}
	const encoded = "api_key=k%20%2B%26%3D%25%C3%A9"
	for _, c := range []struct {
		name string
		body map[string]any
		want string // of the body; empty: refused
	}{
		{"form", object("type", "POST", "parameters", object("a", "1 2", "b", "&")), "a=1+2&b=%26&" + encoded},
		{"form as text", object("type", "POST", "body", "x=%20&&y=;", "content_type", "application/x-www-form-urlencoded"), "x=%20&&y=;&" + encoded},
		{"no body", object("type", "POST"), encoded},
		{"PUT without a body", object("type", "PUT"), encoded},
		{"JSON", object("type", "POST", "body", object("a", 1)), ""},
		{"JSON as a list", object("type", "POST", "body", []any{1}), ""},
		{"text", object("type", "POST", "body", "x"), ""},
		{"GET", object(), ""},
		{"HEAD", object("type", "HEAD"), ""},
		{"DELETE", object("type", "DELETE"), ""},
	} {
		t.Run("G13 "+c.name, func(t *testing.T) {
			before := len(evil.Open.Requests())
			c.body["connection"], c.body["url"] = "form", "/x"
			got := l.API(t, "POST /v1/invoke", c.body)
			if c.want == "" {
				if got.Status != 400 || len(evil.Open.Requests()) != before {
					t.Errorf("got %d %s", got.Status, got.Body)
				}
				return
			}
			r := last()
			if got.Status != 200 || string(r.Body) != c.want || r.Header.Get("Content-Length") != fmt.Sprint(len(c.want)) || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
				t.Errorf("got %d, the upstream %q with %v, want %q", got.Status, r.Body, r.Header, c.want)
			}
		})
	}
	for _, name := range []string{"through the proxy, with its length", "through the proxy, in chunks"} {
		t.Run("G13 multipart "+name, func(t *testing.T) {
			body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n\x00\x01--b not a boundary\r\n--b--\r\n"
			framing := fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
			if strings.Contains(name, "chunks") {
				framing = fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n7\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", body[:7], len(body)-7, body[7:])
			}
			got := rawRequest(t, l, "POST /v1/proxy/form/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "+l.Key+"\r\n"+
				"Content-Type: multipart/form-data; boundary=b\r\n"+framing)
			want := strings.Replace(body, "--b--", "--b\r\nContent-Disposition: form-data; name=\"api_key\"\r\n\r\nk +&=%é\r\n--b--", 1)
			if r := last(); got.Status != 200 || string(r.Body) != want || r.Header.Get("Content-Length") != fmt.Sprint(len(want)) {
				t.Errorf("got %d %s, the upstream %q with %v, want %q", got.Status, got.Body, r.Body, r.Header, want)
			}
		})
	}
}

func TestG14_QueryKeys(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, keyAt("query", evil.Open.URL, hostOf(t, evil.URL), "api_key", "query"), object("credentials", object("api_key", "k +&=%é")))
	const encoded = "api_key=k%20%2B%26%3D%25%C3%A9"
	long := strings.Repeat("0123456789", 800)
	for _, c := range []struct{ name, path, want string }{
		{"none", "/x", "/x?" + encoded},
		{"question mark at the end", "/x?", "/x?" + encoded},
		{"others", "/x?b=2&a=1&b=%20+", "/x?b=2&a=1&b=%20+&" + encoded},
		{"ours in front", "/x?api_key=mine&a=1", "/x?" + encoded + "&a=1"},
		{"ours in between, twice", "/x?a=1&api_key=mine&b=2&api_key=mine", "/x?a=1&" + encoded + "&b=2"},
		{"ours in another spelling", "/x?a=1&api%5Fkey=mine", "/x?a=1&" + encoded},
		{"ours without a value", "/x?api_key&a", "/x?" + encoded + "&a"},
		{"another in capitals", "/x?API_KEY=theirs", "/x?API_KEY=theirs&" + encoded},
		{"fragment", "/x?a=1#api_key=mine", "/x?a=1&" + encoded},
		{"fragment without a query", "/x#?a=1", "/x?" + encoded},
		{"8 kB", "/x?long=" + long, "/x?long=" + long + "&" + encoded},
		{"question marks", "/x?a=?&b", "/x?a=?&b&" + encoded},
	} {
		t.Run("G14 "+c.name, func(t *testing.T) {
			prefix := strings.TrimPrefix(evil.Open.URL, evil.URL)
			for _, how := range []string{"relative", "whole", "proxy"} {
				var status int
				switch how {
				case "relative":
					status = l.API(t, "POST /v1/invoke", object("connection", "query", "url", c.path)).Status
				case "whole":
					status = l.API(t, "POST /v1/invoke", object("connection", "query", "url", evil.Open.URL+c.path)).Status
				default:
					status = rawRequest(t, l, "GET /v1/proxy/query"+c.path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "+l.Key+"\r\n\r\n").Status
				}
				requests := evil.Open.Requests()
				if got := requests[len(requests)-1].URI; status != 200 || got != prefix+c.want {
					t.Errorf("%s: status %d, arrived as %.200s, want %.200s", how, status, got, prefix+c.want)
				}
			}
		})
	}
}

// TestG15_Smuggling sends requests whose end is in doubt, each with another request behind it. What can be read in two
// ways is refused, or read in one and followed by the end of the connection (RFC 9112 §6.1); what arrives at the upstream
// is in either case well formed.
func TestG15_Smuggling(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t)
	l.Connect(t, keyAt("acme", evil.Open.URL, hostOf(t, evil.URL), "X-Api-Key", "header"), someKey)
	auth := "Host: x\r\nAuthorization: Bearer " + l.Key + "\r\n"
	behind := "GET /v1/proxy/acme/behind HTTP/1.1\r\n" + auth + "Connection: close\r\n\r\n"
	const (
		refused = "refused" // nothing reaches the upstream
		ended   = "ended"   // the first does, and the connection ends
		plain   = "plain"   // RFC 9112 leaves no doubt about it, so both do
	)
	for _, c := range []struct{ name, want, head, body string }{
		{"both lengths", ended, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
		{"both lengths, the other way round", ended, "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "3\r\nabc\r\n0\r\n\r\n"},
		{"chunked, identity", refused, "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"},
		{"identity, chunked", refused, "Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"},
		{"identity", refused, "Transfer-Encoding: identity\r\nContent-Length: 3\r\n", "abc"},
		{"two encodings", refused, "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"},
		{"chunked twice", refused, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
		{"unknown encoding", refused, "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"},
		{"vertical tab", refused, "Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"},
		{"two lengths", refused, "Content-Length: 3\r\nContent-Length: 5\r\n", "abcde"},
		{"length as a list", refused, "Content-Length: 3, 3\r\n", "abc"},
		{"signed length", refused, "Content-Length: +3\r\n", "abc"},
		{"negative length", refused, "Content-Length: -1\r\n", ""},
		{"hexadecimal length", refused, "Content-Length: 0x3\r\n", "abc"},
		{"blank before the colon", refused, "Content-Length : 3\r\n", "abc"},
		{"bare CR", refused, "X-Bare: a\rContent-Length: 3\r\n", "abc"},
		{"NUL", refused, "X-Nul: a\x00b\r\n", ""},
		{"bare LF in a chunk", refused, "Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"},
		{"chunk size with a sign", refused, "Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n0\r\n\r\n"},
		{"chunk without its end", refused, "Transfer-Encoding: chunked\r\n", "3\r\nabcX0\r\n\r\n"},
		// RFC 9112 §5.2 has a folded line read as one, and §2.2 a bare LF as the end of a line.
		{"folded line", plain, "X-Folded: a\r\n b\r\nContent-Length: 3\r\n", "abc"},
		{"folded length", plain, "Content-Length:\r\n 3\r\n", "abc"},
		{"bare LF", plain, "X-Bare: a\nContent-Length: 3\r\n", "abc"},
		{"bare LF before a length", plain, "X-Bare: a\nContent-Length: 3\n", "abc"},
	} {
		t.Run("G15 "+c.name, func(t *testing.T) {
			before := len(evil.Open.Requests())
			answers := rawRequests(t, l, "POST /v1/proxy/acme/first HTTP/1.1\r\n"+auth+c.head+"\r\n"+c.body+behind)
			requests := evil.Open.Requests()[before:]
			want := map[string]int{refused: 0, ended: 1, plain: 2}[c.want]
			if len(requests) != want || len(answers) != max(want, 1) || (answers[0].Status >= 400) != (c.want == refused) || answers[0].Status == 502 {
				t.Errorf("the upstream got %d requests, want %d; the first answer of %d is %d %s", len(requests), want, len(answers), answers[0].Status, answers[0].Body)
			}
			for i, r := range requests {
				method := []string{"POST", "GET"}[min(i, 1)]
				if r.Method != method || strings.ContainsAny(fmt.Sprint(r.Header), "\r\n\x00") || len(r.Header["Content-Length"]) > 1 || r.Header.Get("Transfer-Encoding") != "" {
					t.Errorf("the upstream got %s %s with %v, body %q", r.Method, r.URI, r.Header, r.Body)
				}
			}
		})
	}
}

// recorded is an upstream that routes nothing, and so sees every path as it was sent.
type recorded struct {
	*httptest.Server
	mu       sync.Mutex
	requests []providertest.Request
}

func newRecorded(t *testing.T) *recorded {
	t.Helper()
	u := &recorded{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.requests = append(u.requests, providertest.Request{Method: r.Method, URI: r.RequestURI, Host: r.Host, Header: r.Header})
	}))
	t.Cleanup(u.Close)
	return u
}

// since gives what came after the first n.
func (u *recorded) since(n int) []providertest.Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.requests[n:])
}

// TestG20_ProxyTargets: what follows the connection's name is a path below the base URL, whatever it looks like.
func TestG20_ProxyTargets(t *testing.T) {
	bell := newDoorbell(t, "127.0.0.2")
	upstream := newRecorded(t)
	l := servertest.Start(t)
	const base = "/the/base"
	l.Connect(t, keyAt("acme", upstream.URL+base, hostOf(t, upstream.URL), "X-Api-Key", "header"), someKey)
	elsewhere := "127.0.0.2:" + bell.port
	send := func(t *testing.T, target string, headers ...string) *servertest.Answer {
		t.Helper()
		return rawRequest(t, l, "GET "+target+" HTTP/1.1\r\nAuthorization: Bearer "+l.Key+"\r\nConnection: close\r\n"+strings.Join(append(headers, "Host: "+elsewhere), "\r\n")+"\r\n\r\n")
	}
	for _, c := range []struct{ target, want string }{ // empty: refused
		{"/v1/proxy/acme//" + elsewhere + "/x", "//" + elsewhere + "/x"},
		{"/v1/proxy/acme///" + elsewhere, "///" + elsewhere},
		{"/v1/proxy/acme/@" + elsewhere + "/", "/@" + elsewhere + "/"},
		{"/v1/proxy/acme/:80@" + elsewhere, "/:80@" + elsewhere},
		{"/v1/proxy/acme/http://" + elsewhere + "/", "/http://" + elsewhere + "/"},
		{"/v1/proxy/acme/x?url=http://" + elsewhere + "/", "/x?url=http://" + elsewhere + "/"},
		{"/v1/proxy/acme?x=/../y", "?x=/../y"},
		{"/v1/proxy/acme/a%2Fb/%5c" + elsewhere, "/a%2Fb/%5c" + elsewhere},
		{"/v1/proxy/acme/%2F" + elsewhere, "/%2F" + elsewhere},
		{"/v1/proxy/acme/%252e%252e/x", "/%252e%252e/x"},
		{"/v1/proxy/acme/a..b/..c/d../...", "/a..b/..c/d../..."},
		{"/v1/proxy/acme/%C3%A9;p=1/~'()*", "/%C3%A9;p=1/~'()*"},
		{"http://" + elsewhere + "/v1/proxy/acme/x", "/x"},
		{"http://" + elsewhere + "@x/v1/proxy/acme/x", "/x"},
		{"/v1/proxy/acme/../x", ""},
		{"/v1/proxy/acme/../../x", ""},
		{"/v1/proxy/acme/..", ""},
		{"/v1/proxy/acme/.", ""},
		{"/v1/proxy/acme/a/./b", ""},
		{"/v1/proxy/acme/%2e%2e%2fx", ""},
		{"/v1/proxy/acme/%2e%2e/x", ""},
		{"/v1/proxy/acme/.%2E/x", ""},
		{"/v1/proxy/acme/%2e/x", ""},
		{"/v1/proxy/acme/a%2f..%2f..%2fx", ""},
		{"/v1/proxy/acme/a%5c..%5cx", ""},
		{"/v1/proxy/acme/..;/x", ""},
		{"/v1/proxy/acme/..;a=b/x", ""},
		{"/v1/proxy/acme/%2e%2e;/x", ""},
		{"/v1/proxy/acme/\\" + elsewhere, ""},
		{"/v1/proxy/acme/..\\x", ""},
		{"/v1/proxy/acme/%00", ""},
		{"/v1/proxy/acme/%zz", ""},
		{"/v1/proxy/acme/x\x7f", ""},
		{"/v1/proxy//acme/x", ""},
		{"/v1/proxy/../proxy/acme/x", ""},
		{"/v1/./proxy/acme/x", ""},
		{"//v1/proxy/acme/x", ""},
		{"/v1/proxy/%61cme/x", ""},
		{"/v1/proxy/acme%2f..%2facme/x", ""},
		{elsewhere + "/v1/proxy/acme/x", ""},
		{"*", ""},
	} {
		t.Run("G20 "+c.target, func(t *testing.T) {
			before := len(upstream.since(0))
			got := send(t, c.target)
			requests := upstream.since(before)
			if c.want == "" {
				if got.Status < 300 || got.Status > 405 || len(requests) != 0 {
					t.Errorf("got %d, the upstream %d requests", got.Status, len(requests))
				}
				return
			}
			if got.Status != 200 || len(requests) != 1 {
				t.Fatalf("got %d, the upstream %+v", got.Status, requests)
			}
			if r := requests[0]; r.URI != base+c.want || r.Host != hostOf(t, upstream.URL) || r.Header.Get("X-Api-Key") != "some-key-1234" {
				t.Errorf("the upstream got %+v", r)
			}
		})
	}
	t.Run("G20 headers that name another host", func(t *testing.T) {
		for _, h := range []string{"X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "X-Host", "Forwarded"} {
			send(t, "/v1/proxy/acme/x", h+": http://"+elsewhere+"/evil")
		}
		for _, r := range upstream.since(0) {
			if r.Host != hostOf(t, upstream.URL) || strings.Contains(r.URI, "evil") {
				t.Errorf("the upstream got %s of %s", r.URI, r.Host)
			}
		}
	})
	bell.silent(t)
}

// TestG21_InvokeURLs: a path has one slash in front; everything else is a URL, read once and held to the host rule.
func TestG21_InvokeURLs(t *testing.T) {
	bell := newDoorbell(t, "127.0.0.2")
	upstream := newRecorded(t)
	l := servertest.Start(t)
	const base = "/the/base"
	l.Connect(t, keyAt("acme", upstream.URL+base, hostOf(t, upstream.URL), "X-Api-Key", "header"), someKey)
	good, elsewhere := hostOf(t, upstream.URL), "127.0.0.2:"+bell.port
	for _, c := range []struct{ name, url, want string }{ // what arrives, or the code of the refusal
		{"path", "/x", base + "/x"},
		{"two slashes", "//" + elsewhere + "/x", "invalid_request"},
		{"two slashes before the listed host", "//" + good + "/x", "invalid_request"},
		{"three slashes", "///" + elsewhere + "/x", "invalid_request"},
		{"slash and backslash", "/\\" + elsewhere + "/x", "invalid_request"},
		{"backslash and slash", "\\/" + elsewhere + "/x", "invalid_request"},
		{"two backslashes", "\\\\" + elsewhere + "/x", "invalid_request"},
		{"blank in front", " /x", "invalid_request"},
		{"tab in front", "\t//" + elsewhere + "/x", "invalid_request"},
		{"blank before a URL", " http://" + elsewhere + "/x", "invalid_request"},
		{"tab in the scheme", "ht\ttp://" + elsewhere + "/x", "invalid_request"},
		{"line break behind", "/x\n", "invalid_request"},
		{"upper-case scheme", "HTTP://" + good + base + "/x", base + "/x"},
		{"upper-case scheme of another host", "HTTP://" + elsewhere + "/x", "host_not_allowed"},
		{"one slash after the scheme", "http:/" + elsewhere + "/x", "invalid_request"},
		{"three slashes after the scheme", "http:///" + elsewhere + "/x", "invalid_request"},
		{"backslashes after the scheme", `http:\\` + elsewhere + "/x", "invalid_request"},
		{"no path", "x", "invalid_request"},
		{"query", "?x", "invalid_request"},
		{"fragment", "#x", "invalid_request"},
		{"empty", "", "invalid_request"},
		{"dot", "./x", "invalid_request"},
		{"climbing", "/../x", "invalid_request"},
		{"climbing, encoded", "/%2e%2e/x", "invalid_request"},
		{"slashes inside", "/a//b", base + "/a//b"},
		{"at sign", "/@" + elsewhere, base + "/@" + elsewhere},
		{"encoded slash", "/a%2Fb", base + "/a%2Fb"},
	} {
		t.Run("G21 "+c.name, func(t *testing.T) {
			before := len(upstream.since(0))
			got := l.API(t, "POST /v1/invoke", object("connection", "acme", "url", c.url))
			requests := upstream.since(before)
			if !strings.HasPrefix(c.want, "/") {
				if got.Code() != c.want || len(requests) != 0 {
					t.Errorf("got %d %s, the upstream %d requests", got.Status, got.Body, len(requests))
				}
				return
			}
			if got.Status != 200 || len(requests) != 1 || requests[0].URI != c.want {
				t.Errorf("got %d %s, the upstream %+v", got.Status, got.Body, requests)
			}
		})
	}
	bell.silent(t)
}
