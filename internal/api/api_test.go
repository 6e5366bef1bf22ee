package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/api"
)

var placeholder = regexp.MustCompile(`\{[a-z_.]+\}`)

// paths gives a path for a route, with something in the place of each placeholder.
func path(route api.Route) string { return placeholder.ReplaceAllString(route.Pattern, "x") }

func methodOf(route api.Route) string {
	if route.Method == "" {
		return http.MethodPost
	}
	return route.Method
}

func TestEveryRouteWantsAKey(t *testing.T) {
	w := newWorld(t)
	keyed := 0
	for _, route := range api.Routes() {
		for name, headers := range map[string][]string{
			"no key":         {"Authorization", ""},
			"unknown key":    {"Authorization", "Bearer lanyard_AAAA"},
			"no bearer":      {"Authorization", "Basic " + w.key},
			"only the key":   {"Authorization", w.key},
			"session cookie": {"Authorization", "", "Cookie", "lanyard_session=AAAA"},
		} {
			t.Run(route.Method+" "+route.Pattern+" "+name, func(t *testing.T) {
				if route.Open {
					if a := w.call(methodOf(route), path(route), "", headers...); a.status == 401 {
						t.Errorf("an open route answers %d", a.status)
					}
					return
				}
				keyed++
				// The body is not even read before it is known who sends it.
				a := w.call(methodOf(route), path(route), "{not json", headers...)
				if code, _ := a.problem(t); code != lanyard.CodeUnauthenticated || a.header.Get("WWW-Authenticate") == "" {
					t.Errorf("status %d, %v", a.status, a.header)
				}
			})
		}
	}
	if keyed < 90 {
		t.Errorf("only %d cases: are routes missing from Routes?", keyed)
	}
}

// TestRoutesAreAllThereAre compares the list with the contract (design section 7) and with the document.
func TestRoutesAreAllThereAre(t *testing.T) {
	w := newWorld(t)
	var got []string
	for _, r := range api.Routes() {
		got = append(got, strings.TrimSpace(r.Method+" "+r.Pattern))
	}
	golden(t, "routes.txt", strings.Join(got, "\n")+"\n")
	documented := 0
	for _, item := range w.api.OpenAPI().Paths {
		for _, op := range []any{item.Get, item.Post, item.Put, item.Patch, item.Delete, item.Head, item.Options} {
			if !isNil(op) {
				documented++
			}
		}
	}
	// The proxy stands for seven methods; the document and the page about it do not document themselves.
	if want := len(got) - 1 + 7 - 3; documented != want {
		t.Errorf("%d operations are documented, want %d", documented, want)
	}
}

func isNil(v any) bool { return fmt.Sprint(v) == "<nil>" }

func TestHeadersOfEveryAnswer(t *testing.T) {
	w := newWorld(t)
	ids := map[string]bool{}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/v1/me", ""}, {"GET", "/v1/connections/none", ""}, {"POST", "/v1/invoke", "{"}, {"POST", "/v1/proxy/none/x", ""},
		{"GET", "/v1/nothing", ""}, {"PUT", "/v1/me", ""}, {"DELETE", "/v1/connections/none", ""}, {"OPTIONS", "/v1/services", ""},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			a := w.call(c.method, c.path, c.body, "Lanyard-Request-Id", "req_MINE", "Origin", "https://evil.example")
			h := a.header
			if len(h.Values("Cache-Control")) != 1 || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Vary"), "Authorization") {
				t.Errorf("headers %v", h)
			}
			for name := range h {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("I15: %s: %s", name, h.Get(name))
				}
			}
			id := h.Get("Lanyard-Request-Id")
			if !strings.HasPrefix(id, "req_") || id == "req_MINE" || ids[id] {
				t.Errorf("request id %q", id)
			}
			ids[id] = true
		})
	}
}

func TestPathsThatAreNothing(t *testing.T) {
	w := newWorld(t)
	for _, p := range []string{
		"/v1/nothing", "/v1", "/v1/", "/v1/me/", "/v1//me", "/v1/./me", "/v1/x/../me", "//v1/me", "/%76%31/me", "/v1/me;jsessionid=1",
		"/v1%2fme", "/V1/me", "/v1/connections/a%2fb", "/v1/connections/..%2f..%2fme", "/v1/proxy", "/healthz/", "/docs/docs.css",
		"/v1/scripts", "/v1/people", "/hooks/", "/hooks/a/b",
	} {
		t.Run("N11 "+p, func(t *testing.T) {
			a := w.raw("GET " + p + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + w.key + "\r\nConnection: close\r\n\r\n")
			if code, _ := a.problem(t); code != lanyard.CodeNotFound {
				t.Errorf("status %d: %s", a.status, a.body)
			}
		})
	}
}

func TestMethodsThatAreNot(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ method, path, allow string }{
		{"PUT", "/v1/services", "GET, HEAD, POST"},
		{"OPTIONS", "/v1/connections/x", "DELETE, GET, HEAD, PATCH"},
		{"GET", "/v1/invoke", "POST"},
		{"TRACE", "/v1/me", "GET, HEAD"},
		{"POST", "/healthz", "GET, HEAD"},
		{"DELETE", "/docs", "GET, HEAD"},
	} {
		t.Run("N11 "+c.method+" "+c.path, func(t *testing.T) {
			a := w.call(c.method, c.path, "", "X-HTTP-Method-Override", "GET")
			if code, _ := a.problem(t); code != lanyard.CodeMethodNotAllowed || a.header.Get("Allow") != c.allow {
				t.Errorf("status %d, Allow %q", a.status, a.header.Get("Allow"))
			}
		})
	}
	if a := w.call("HEAD", "/v1/me", ""); a.status != 200 || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
	if a := w.call("HEAD", "/v1/me", "", "Authorization", ""); a.status != 401 || a.body != "" {
		t.Errorf("HEAD without a key: %d %q", a.status, a.body)
	}
}

func TestContentTypes(t *testing.T) {
	w := newWorld(t)
	w.simple("acme", "http://127.0.0.1:9")
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
	}{
		{"none", "POST", "/v1/services", "{}", []string{"Content-Type", ""}, 415},
		{"text", "POST", "/v1/services", "{}", []string{"Content-Type", "text/plain"}, 415},
		{"form, as curl -d says", "POST", "/v1/invoke", "{}", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"merge patch for a POST", "POST", "/v1/services", "{}", []string{"Content-Type", "application/merge-patch+json"}, 415},
		{"another charset", "POST", "/v1/services", "{}", []string{"Content-Type", "application/json; charset=utf-16"}, 415},
		{"compressed", "POST", "/v1/services", "{}", []string{"Content-Encoding", "gzip"}, 415},
		{"none on a connect", "POST", "/v1/connections/acme_live/connect", "{}", []string{"Content-Type", ""}, 415},
		{"utf-8", "POST", "/v1/services", "{}", []string{"Content-Type", `application/json; charset="UTF-8"`}, 400},
		{"capitals", "POST", "/v1/services", "{}", []string{"Content-Type", "Application/JSON"}, 400},
		{"merge patch", "PATCH", "/v1/connections/acme_live", `{"name":"B"}`, []string{"Content-Type", "application/merge-patch+json"}, 200},
		{"JSON for a patch", "PATCH", "/v1/connections/acme_live", `{"name":"C"}`, nil, 200},
		{"no body where one may be left out", "POST", "/v1/connections/acme_live/connect", "", nil, 200},
		{"no body where there is none", "POST", "/v1/sign_in_links", "", nil, 201},
		{"an empty object where there is none", "POST", "/v1/sign_in_links", "{}", nil, 201},
		{"a field where there is none", "POST", "/v1/sign_in_links", `{"user":"x"}`, nil, 400},
		{"no body where one is needed", "POST", "/v1/connections", "", []string{"Content-Type", "application/json"}, 400},
	} {
		t.Run("N10 "+c.name, func(t *testing.T) {
			if a := w.call(c.method, c.path, c.body, c.headers...); a.status != c.status {
				t.Errorf("status %d, want %d: %s", a.status, c.status, a.body)
			}
		})
	}
}

func TestN01_LimitsOfSize(t *testing.T) {
	w := newWorld(t)
	big := func(n int) string { return `{"url":"` + strings.Repeat("a", n) + `"}` }
	for _, c := range []struct {
		name, path string
		size       int
		chunked    bool
		status     int
	}{
		{"a mebibyte and more", "/v1/services", 1 << 20, false, 413},
		{"a mebibyte and more, of unknown length", "/v1/services", 1 << 20, true, 413},
		{"less", "/v1/services", 1<<20 - 100, true, 400},
		{"invoke takes more", "/v1/invoke", 2 << 20, true, 400},
		{"64 MiB", "/v1/invoke", 64 << 20, false, 413},
		{"a package may be larger", "/v1/extensions", 5 << 20, true, 400},
		{"9 MiB are no package", "/v1/extensions/acme/update", 9 << 20, true, 413},
		{"64 MiB of unknown length", "/v1/invoke", 64 << 20, true, 413},
	} {
		t.Run("N01 "+c.name, func(t *testing.T) {
			r := w.request("POST", c.path, big(c.size))
			if c.chunked {
				r.ContentLength = -1
			}
			if a := w.do(r); a.status != c.status {
				t.Errorf("status %d: %.200s", a.status, a.body)
			}
		})
	}
	t.Run("as configured", func(t *testing.T) {
		w := newWorld(t, func(c *api.Config) { c.MaxBody, c.MaxInvokeBody, c.MaxPackageBody = 10, 20, 30 })
		for path, size := range map[string]int{"/v1/services": 11, "/v1/invoke": 21, "/v1/publications": 31, "/v1/extensions/review": 31} {
			if a := w.call("POST", path, strings.Repeat(" ", size)); a.status != 413 {
				t.Errorf("%s: status %d", path, a.status)
			}
		}
	})
}

// TestH13_FieldsOfNobodysBusiness sends fields that would be dangerous if they were taken, to every write.
func TestH13_FieldsOfNobodysBusiness(t *testing.T) {
	w := newWorld(t)
	w.simple("acme", "http://127.0.0.1:9")
	for path, body := range map[string]string{
		"POST /v1/services":                      `{"link_name":"other","name":"O","hosts":["a.example"],"auth":{"type":"basic"}`,
		"PATCH /v1/services/acme":                `{"name":"Emca"`,
		"POST /v1/connections":                   `{"link_name":"other","name":"O","service":"acme"`,
		"PATCH /v1/connections/acme_live":        `{"name":"Emca"`,
		"POST /v1/connections/acme_live/connect": `{"credentials":{"X-Api-Key":"a"}`,
		"POST /v1/connections/acme_live/revoke":  `{"a":1`,
		"POST /v1/invoke":                        `{"url":"/"`,
		"POST /v1/api_keys":                      `{"name":"k"`,
		"POST /v1/sign_in_links":                 `{"a":1`,
		"POST /v1/users/usr_A/reset_password":    `{"revoke_access":true`,
		"PUT /v1/organization/single_sign_on":    `{"issuer":"https://login.example.com","client_id":"c","domains":["example.com"]`,
	} {
		for _, field := range []string{"org_id", "organization_id", "owner_id", "owner", "author", "role", "id", "created_by", "is_default", "version", "status", "user"} {
			t.Run(path+" "+field, func(t *testing.T) {
				method, path, _ := strings.Cut(path, " ")
				a := w.call(method, path, body+`,"`+field+`":"x"}`)
				if code, pointers := a.problem(t); code != lanyard.CodeInvalidRequest || !slices.Contains(pointers, "/"+field) {
					t.Errorf("status %d: %s", a.status, a.body)
				}
			})
		}
	}
}

func TestQueries(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, path string
		headers    []string
		code       lanyard.Code
		pointer    string
	}{
		{"unknown", "/v1/connections?veiw=my", nil, lanyard.CodeInvalidRequest, "veiw"},
		{"of another operation", "/v1/me?limit=1", nil, lanyard.CodeInvalidRequest, "limit"},
		{"twice", "/v1/connections?limit=1&limit=2", nil, lanyard.CodeInvalidRequest, "limit"},
		{"not a number", "/v1/connections?limit=many", nil, lanyard.CodeInvalidRequest, "limit"},
		{"too small", "/v1/connections?limit=0", nil, lanyard.CodeInvalidRequest, "limit"},
		{"too large", "/v1/connections?limit=201", nil, lanyard.CodeInvalidRequest, "limit"},
		{"out of the list", "/v1/connections?view=all", nil, lanyard.CodeInvalidRequest, "view"},
		{"kind", "/v1/services?kind=secret", nil, lanyard.CodeInvalidRequest, "kind"},
		{"cursor of nobody", "/v1/connections?cursor=AAAA", nil, lanyard.CodeInvalidRequest, "cursor"},
		{"NUL", "/v1/services?q=%00", nil, lanyard.CodeInvalidRequest, "q"},
		{"not UTF-8", "/v1/services?q=%ff", nil, lanyard.CodeInvalidRequest, "q"},
		{"half an escape", "/v1/services?q=%f", nil, lanyard.CodeInvalidRequest, ""},
		{"semicolon", "/v1/services?q=a;limit=1", nil, lanyard.CodeInvalidRequest, ""},
		{"N09 10,000 of them", "/v1/services?" + strings.Repeat("q=1&", 10_000), nil, lanyard.CodeInvalidRequest, ""},
		{"I16 api_key", "/v1/me?api_key=lanyard_SECRET", nil, lanyard.CodeInvalidRequest, "api_key"},
		{"I16 access_token", "/v1/me?access_token=lanyard_SECRET", nil, lanyard.CodeInvalidRequest, "access_token"},
		{"I16 in capitals", "/v1/me?API_KEY=lanyard_SECRET", nil, lanyard.CodeInvalidRequest, "API_KEY"},
		{"I16 api_key and no other", "/v1/me?api_key=lanyard_SECRET", []string{"Authorization", ""}, lanyard.CodeUnauthenticated, ""},
		{"I16 api_key to the proxy and no other", "/v1/proxy/a/b?api_key=lanyard_SECRET", []string{"Authorization", ""}, lanyard.CodeUnauthenticated, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.call("GET", c.path, "", c.headers...)
			code, pointers := a.problem(t)
			if code != c.code || c.pointer != "" && !slices.Equal(pointers, []string{c.pointer}) {
				t.Errorf("got %s %v: %s", code, pointers, a.body)
			}
			if strings.Contains(a.body, "SECRET") {
				t.Errorf("the key comes back: %s", a.body)
			}
			if strings.HasPrefix(c.name, "I16") && !strings.Contains(a.body, "Authorization: Bearer") {
				t.Errorf("no hint: %s", a.body)
			}
		})
	}
	if strings.Contains(w.log.String(), "SECRET") {
		t.Error("F13: a query is in the log")
	}
}

func TestAuthorizationHeader(t *testing.T) {
	w := newWorld(t)
	with := func(values ...string) *http.Request {
		r := w.request("GET", "/v1/me", "")
		r.Header["Authorization"] = values
		return r
	}
	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
	}{
		{"scheme in capitals", with("BEARER " + w.key), 200},
		{"several blanks", with("Bearer   " + w.key), 200},
		{"twice the same", with("Bearer "+w.key, "Bearer "+w.key), 401},
		{"twice, the first right", with("Bearer "+w.key, "Basic eDp5"), 401},
		{"joined", with("Bearer " + w.key + ", Bearer " + w.key), 401},
		{"empty", with(""), 401},
		{"no key", with("Bearer"), 401},
		{"long", with("Bearer lanyard_" + strings.Repeat("A", 5000)), 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := w.do(c.r); a.status != c.status {
				t.Errorf("status %d, want %d: %s", a.status, c.status, a.body)
			}
		})
	}
}

func TestH21_LanyardUser(t *testing.T) {
	w := newWorld(t)
	plain := w.must("POST", "/v1/api_keys", `{"name":"plain"}`)["key"].(string)
	owner := w.must("GET", "/v1/me", "")["user"].(map[string]any)["id"].(string)
	bob := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: orgOf(t, w), Email: "bob@zylker.example", Name: "Bob", Role: lanyard.RoleMember, ExternalID: "customer-7", CreatedAt: w.store.Now()}
	if err := w.store.CreateUser(t.Context(), bob, lanyard.AuditEntry{OrganizationID: bob.OrganizationID, Actor: lanyard.UserID(owner), Action: "user.create", Object: string(bob.ID)}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, key string
		users     []string
		status    int
		user      string
	}{
		{"by id", w.key, []string{string(bob.ID)}, 200, string(bob.ID)},
		{"by external id", w.key, []string{"customer-7"}, 200, string(bob.ID)},
		{"nobody of that name", w.key, []string{"customer-8"}, 404, ""},
		{"empty", w.key, []string{""}, 404, ""},
		{"twice", w.key, []string{"customer-7", "customer-7"}, 400, ""},
		{"a key that may not", plain, []string{"customer-7"}, 403, ""},
		{"a key that may not, for its own user", plain, []string{owner}, 403, ""},
	} {
		t.Run("H21 "+c.name, func(t *testing.T) {
			r := w.request("GET", "/v1/me", "", "Authorization", "Bearer "+c.key)
			r.Header["Lanyard-User"] = c.users
			a := w.do(r)
			if a.status != c.status || c.user != "" && !strings.Contains(a.body, c.user) {
				t.Errorf("status %d, want %d: %s", a.status, c.status, a.body)
			}
		})
	}
}

func orgOf(t *testing.T, w *world) lanyard.OrganizationID {
	t.Helper()
	return lanyard.OrganizationID(w.must("GET", "/v1/me", "")["organization"].(map[string]any)["id"].(string))
}

func TestHealth(t *testing.T) {
	w := newWorld(t)
	if a := w.call("GET", "/healthz", ""); a.status != 200 || a.body != `{"status":"ok"}`+"\n" {
		t.Errorf("healthz: %d %q", a.status, a.body)
	}
	if a := w.call("GET", "/readyz", ""); a.status != 200 || a.body != `{"status":"ready"}`+"\n" {
		t.Errorf("readyz: %d %q", a.status, a.body)
	}
	w.unready = errors.New("dial tcp 10.0.0.7: password s3cr3t refused")
	a := w.call("GET", "/readyz", "")
	if code, _ := a.problem(t); a.status != 503 || code != lanyard.CodeUnavailable || strings.Contains(a.body, "s3cr3t") {
		t.Errorf("not ready: %d %s", a.status, a.body)
	}
	w.unready = lanyard.Errorf(lanyard.CodeConflict, "Lanyard is stopping.")
	if a := w.call("GET", "/readyz", ""); a.status != 503 || !strings.Contains(a.body, "Lanyard is stopping.") {
		t.Errorf("not ready: %d %s", a.status, a.body)
	}
	w.unready = nil
	if a := w.call("GET", "/healthz", ""); a.status != 200 {
		t.Errorf("healthz: %d", a.status)
	}
}

func TestMetricsNameNobody(t *testing.T) {
	w := newWorld(t)
	w.simple("canaryname", "http://127.0.0.1:9")
	w.call("GET", "/v1/connections/canaryname_live", "")
	w.call("GET", "/v1/proxy/canaryname_live/canarypath?q=canaryquery", "")
	w.call("GET", "/v1/canaryroute", "")
	w.call("CANARYMETHOD", "/v1/me", "")
	a := w.call("GET", "/metrics", "", "Authorization", "")
	for _, want := range []string{
		`lanyard_http_requests_total{route="GET /v1/connections/{link_name}",status="2xx"} 1`,
		`lanyard_http_requests_total{route="/v1/proxy/{link_name}/{path...}",status="5xx"} 1`,
		`lanyard_http_requests_total{route="none",status="4xx"} 2`,
		`lanyard_http_request_duration_seconds_count{route="POST /v1/services"} 1`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("there is no line %s in\n%s", want, a.body)
		}
	}
	if strings.Contains(strings.ToLower(a.body), "canary") {
		t.Errorf("F19: a name is in the metrics:\n%s", a.body)
	}
}

func TestAccessLog(t *testing.T) {
	w := newWorld(t)
	w.simple("acme", "http://127.0.0.1:9")
	a := w.call("GET", "/v1/connections/canaryname?", "")
	line := ""
	for l := range strings.Lines(w.log.String()) {
		if strings.Contains(l, a.header.Get("Lanyard-Request-Id")) {
			line += l
		}
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("not one line: %q", line)
	}
	for name, want := range map[string]any{"msg": "request", "method": "GET", "route": "GET /v1/connections/{link_name}", "status": 404.0, "code": "not_found"} {
		if got[name] != want {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
	if got["organization"] == "" || got["key"] == "" || got["duration"] == nil {
		t.Errorf("line %s", line)
	}
	for _, secret := range []string{"canaryname", w.key, "s3cr3t-canary"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("F13: %q is in the log", secret)
		}
	}
}

// TestBugIsAnsweredAndLogged takes a workroom away, so that its handler panics.
func TestBugIsAnsweredAndLogged(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Registry = nil })
	a := w.call("GET", "/v1/services", "")
	if code, _ := a.problem(t); code != lanyard.CodeInternal {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	id := a.header.Get("Lanyard-Request-Id")
	if !strings.Contains(a.body, `"request_id":"`+id+`"`) {
		t.Errorf("the body does not name the request %s: %s", id, a.body)
	}
	log := w.log.String()
	if !strings.Contains(log, `"msg":"panic"`) || !strings.Contains(log, "nil pointer") || strings.Count(log, `"request_id":"`+id+`"`) != 2 {
		t.Errorf("log:\n%s", log)
	}
	if a := w.call("GET", "/v1/me", ""); a.status != 200 {
		t.Errorf("after the panic: %d", a.status)
	}
}

// TestF12_PanicDoesNotTellItsValue: what a panic holds can be a secret.
func TestF12_PanicDoesNotTellItsValue(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Ready = func(context.Context) error { panic("s3cr3t-canary") } })
	a := w.call("GET", "/readyz", "")
	if code, _ := a.problem(t); code != lanyard.CodeInternal {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	if log := w.log.String(); strings.Contains(log, "s3cr3t-canary") || !strings.Contains(log, "api_test.go") {
		t.Errorf("log:\n%s", log)
	}
}

func TestM08_AnswerThatBreaksOff(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write(make([]byte, 500_000))
	}))
	defer upstream.Close()
	w := newWorld(t)
	w.simple("acme", upstream.URL)
	res, err := http.DefaultTransport.RoundTrip(w.request("GET", "/v1/proxy/acme_live/x", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the caller took %d bytes for the whole answer", len(body))
	}
	if strings.Contains(w.log.String(), `"msg":"panic"`) {
		t.Error("a broken answer is logged as a bug")
	}
}

func TestStoreThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.call("GET", "/v1/me", "") // warm the key
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	a := w.call("GET", "/v1/connections", "")
	if a.status < 500 || strings.Contains(a.body, "sql") || strings.Contains(a.body, "database is closed") {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}

// raw sends bytes as they are, for requests that net/http would not send.
func (w *world) raw(request string) *answered {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		w.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return &answered{res.StatusCode, res.Header, string(body)}
}

func TestProxyKeepsTheBytesOfThePath(t *testing.T) {
	var seen string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Method + " " + r.RequestURI
		if r.Header.Get("Authorization") != "" || r.Header.Get("Lanyard-User") != "" || r.Header.Get("X-Api-Key") != "s3cr3t-canary" {
			t.Errorf("F08: the service got %v", r.Header)
		}
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("Lanyard-Error", "not_found")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("tea"))
	}))
	defer upstream.Close()
	w := newWorld(t)
	w.simple("acme", upstream.URL+"/api")
	for _, c := range []struct{ target, want string }{
		{"/v1/proxy/acme_live/v2/tickets?status=open", "/api/v2/tickets?status=open"},
		{"/v1/proxy/acme_live/a%2Fb/%C3%A9?x=%20+&y=a;b", "/api/a%2Fb/%C3%A9?x=%20+&y=a;b"},
		{"/v1/proxy/acme_live//a//b/", "/api//a//b/"},
		{"/v1/proxy/acme_live/@evil.example/x", "/api/@evil.example/x"},
		{"/v1/proxy/acme_live/https://evil.example/", "/api/https://evil.example/"},
		{"/v1/proxy/acme_live/x?api_key=theirs", "/api/x?api_key=theirs"},
		{"http://evil.example/v1/proxy/acme_live/x", "/api/x"},
	} {
		t.Run("G20 "+c.target, func(t *testing.T) {
			seen = ""
			a := w.raw("PROPFIND " + c.target + " HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer " + w.key + "\r\nConnection: close\r\n\r\n")
			if seen != "PROPFIND "+c.want || a.status != http.StatusTeapot || a.body != "tea" {
				t.Errorf("the service saw %q, the caller %d %q", seen, a.status, a.body)
			}
			if h := a.header; h.Get("Cache-Control") != "no-store" || h.Get("Lanyard-Error") != "" {
				t.Errorf("F25: headers %v", h)
			}
		})
	}
	for _, target := range []string{
		"/v1/proxy/acme_live/../x", "/v1/proxy/acme_live/%2e%2e%2fx", "/v1/proxy/acme_live/..;/x", "/v1/proxy/acme_live/\\evil.example",
		"/v1/proxy//acme_live/x", "/v1/proxy/", "/v1/proxy/ACME/x", "/v1/proxy/%61cme_live/x",
	} {
		t.Run("G20 refused "+target, func(t *testing.T) {
			seen = ""
			a := w.raw("GET " + target + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + w.key + "\r\nConnection: close\r\n\r\n")
			if a.status != 400 && a.status != 404 || seen != "" {
				t.Errorf("status %d, the service saw %q", a.status, seen)
			}
			a.problem(t)
		})
	}
}

func TestProxyStreams(t *testing.T) {
	second := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("one\n"))
		_ = http.NewResponseController(w).Flush()
		<-second
		_, _ = w.Write([]byte("two\n"))
	}))
	defer upstream.Close()
	w := newWorld(t)
	w.simple("acme", upstream.URL)
	res, err := http.DefaultTransport.RoundTrip(w.request("GET", "/v1/proxy/acme_live/events", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	if line, err := lines.ReadString('\n'); line != "one\n" || err != nil {
		t.Fatalf("first %q, %v", line, err)
	}
	close(second)
	if rest, err := io.ReadAll(lines); string(rest) != "two\n" || err != nil {
		t.Errorf("rest %q, %v", rest, err)
	}
}

func TestInvokeBodyKeepsItsNumbers(t *testing.T) {
	var got []byte
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(got)
	}))
	defer upstream.Close()
	w := newWorld(t)
	w.simple("acme", upstream.URL)
	const sent = `{"id":12345678901234567890,"amount":0.10,"url":"a?b&c"}`
	a := w.call("POST", "/v1/invoke", `{"connection":"acme_live","type":"POST","url":"/echo","body":`+sent+`}`)
	if string(got) != sent || !strings.Contains(a.body, `"body":`+sent) {
		t.Errorf("sent %s, the service got %s, the answer is %s", sent, got, a.body)
	}
}

func TestOwns(t *testing.T) {
	for target, want := range map[string]bool{
		"/v1": true, "/v1/me": true, "/v1/proxy/a//b/../c": true, "/healthz": true, "/readyz": true, "/metrics": true, "/openapi.json": true,
		"/docs": true, "/docs/x.css": true, "/hooks/": true, "/hooks/x": true, "/hooks": false, "http://evil.example/v1/me": true, "/v1?x": true,
		"/": false, "/v10": false, "/v": false, "/healthz/x": false, "//v1/me": false, "/connect/v1": false, "/%76%31/me": false, "*": false, "/docsx": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RequestURI = target
		if got := api.Owns(r); got != want {
			t.Errorf("Owns(%q) = %t", target, got)
		}
	}
}

var (
	idLike   = regexp.MustCompile(`(org|usr|svc|con|azn|key|req|inv)_[A-Z0-9]{26}`)
	timeLike = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	rest     = []struct{ like, stand string }{
		{`"id": "[0-9a-zA-Z]{20,}"`, `"id": "…"`}, {`lanyard_[A-Z0-9]{52}`, "lanyard_…"}, {`"hint": "[A-Z0-9]{4}"`, `"hint": "…"`},
		{`(connect|sign-in|invitation)/[A-Za-z0-9_-]{20,}`, "$1/…"}, {`"duration_ms": \d+`, `"duration_ms": 0`}, {`127\.0\.0\.1:\d+`, "127.0.0.1:…"},
		{`"date": "[^"]*"`, `"date": "…"`}, {`_fingerprint": "[0-9a-f]{8}"`, `_fingerprint": "…"`}, {`"next_cursor": "[^"]+"`, `"next_cursor": "…"`},
	}
)

// TestContract walks through the API as a program does, and compares every answer with a transcript.
func TestContract(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"path":%q,"key":%t}`, r.URL.Path, r.Header.Get("X-Api-Key") == "k1")
	}))
	defer upstream.Close()
	host := strings.TrimPrefix(upstream.URL, "http://")
	w := newWorld(t)
	// What is really called is recorded a moment later; the transcript wants to know now.
	if err := w.store.InsertInvocations(t.Context(), []lanyard.Invocation{{
		OrganizationID: orgOf(t, w), At: w.store.Now(), ConnectionID: "con_X", Connection: "recorded", User: "usr_X", Key: "key_X", Method: "POST",
		Host: "api.example.com", Path: "/v2/tickets", Status: 201, BytesSent: 29, BytesReceived: 512, Duration: 182 * time.Millisecond,
	}}); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/v1/me", ""},
		{"GET", "/v1/invocations?connection=recorded", ""},
		{"POST", "/v1/services", `{"link_name":"acme","name":"Acme","base_url":"` + upstream.URL + `/api","hosts":["` + host + `"],"auth":{"type":"api_key","parameters":[{"name":"X-Api-Key","display_name":"API key","param_type":"header"}]}}`},
		{"POST", "/v1/services", `{"link_name":"acme","name":"Again","hosts":["a.example"],"auth":{"type":"basic"}}`},
		{"POST", "/v1/services", `{"link_name":"Bad","name":"","hosts":["http://a"],"auth":{"type":"basic"}}`},
		{"POST", "/v1/services", `{"link_name":"oauth","name":"OAuth","hosts":["api.example.com"],"auth":{"type":"oauth2","grant_type":"authorization_code","client_id":"cid","client_secret":"canary-client-secret","authorize_url":"https://example.com/a?x=1&y=2","access_token_url":"https://example.com/t","scopes":[{"name":"Read","value":"read"}]}}`},
		{"GET", "/v1/services?kind=custom&q=AC", ""},
		{"GET", "/v1/services?kind=default&q=discogs&limit=1", ""},
		{"GET", "/v1/services/github", ""},
		{"PUT", "/v1/services/github/client", `{"client_id":"cid","client_secret":"canary-client-secret"}`},
		{"PUT", "/v1/services/github/client", `{"client_id":"other"}`},
		{"PUT", "/v1/services/acme/client", `{"client_id":"cid","client_secret":"canary-client-secret"}`},
		{"POST", "/v1/services", `{"link_name":"github","name":"Mine","hosts":["a.example"],"auth":{"type":"basic"}}`},
		{"GET", "/v1/services/oauth", ""},
		{"GET", "/v1/services/nothing", ""},
		{"POST", "/v1/connections", `{"name":"Acme, live","link_name":"acme_live","service":"acme"}`},
		{"POST", "/v1/connections", `{"name":"OAuth","link_name":"oauth_live","service":"oauth","scopes":["read"],"use_login_user_credentials":true}`},
		{"POST", "/v1/connections", `{"name":"x","link_name":"x","service":"nothing"}`},
		{"GET", "/v1/connections?limit=1", ""},
		{"GET", "/v1/connections/acme_live", ""},
		{"POST", "/v1/invoke", `{"connection":"acme_live","url":"/tickets"}`},
		{"POST", "/v1/connections/acme_live/connect", `{"credentials":{"X-Api-Key":"k1"}}`},
		{"POST", "/v1/connections/acme_live/connect", `{"credentials":{"other":"k1"}}`},
		{"POST", "/v1/connections/oauth_live/connect", ``},
		{"POST", "/v1/invoke", `{"connection":"acme_live","url":"/tickets","headers":{"Accept":"application/json"}}`},
		{"POST", "/v1/invoke", `{"connection":"acme_live","url":"https://evil.example/"}`},
		{"GET", "/v1/proxy/acme_live/tickets", ""},
		{"GET", "/v1/proxy/nothing/tickets", ""},
		{"PATCH", "/v1/connections/acme_live", `{"name":"Acme, production","usable_by":"owner"}`},
		{"PATCH", "/v1/connections/acme_live", `{"link_name":"other"}`},
		{"PATCH", "/v1/services/acme?keep_connections=true", `{"name":"Acme Europe"}`},
		{"PATCH", "/v1/services/acme?keep_connections=true", `{"hosts":["other.example"]}`},
		{"PATCH", "/v1/services/acme", `{"auth":{"parameters":[]}}`},
		{"PATCH", "/v1/services/acme", `{"description":"Tickets"}`},
		{"GET", "/v1/connections/acme_live", ""},
		{"POST", "/v1/connections/acme_live/revoke", ""},
		{"DELETE", "/v1/connections/acme_live", ""},
		{"DELETE", "/v1/services/acme", ""},
		{"POST", "/v1/sign_in_links", ""},
		{"POST", "/v1/api_keys", `{"name":"reports","manage":false,"connections":["oauth_live"],"expires_at":"2999-01-01T00:00:00Z"}`},
		{"POST", "/v1/api_keys", `{"name":"","expires_at":"2001-01-01T00:00:00Z"}`},
		{"GET", "/v1/api_keys?limit=1", ""},
		{"DELETE", "/v1/api_keys/key_NONE", ""},
		{"POST", "/v1/invitations", `{"email":"New@Example.com","role":"member"}`},
		{"POST", "/v1/invitations", `{"email":"nobody","role":"root"}`},
		{"GET", "/v1/invitations", ""},
		{"DELETE", "/v1/invitations/inv_NONE", ""},
		{"GET", "/v1/audit?limit=2", ""},
	} {
		a := w.call(c.method, c.path, c.body)
		fmt.Fprintf(&b, "> %s %s\n", c.method, c.path)
		if c.body != "" {
			fmt.Fprintf(&b, "> %s\n", c.body)
		}
		fmt.Fprintf(&b, "%d %s %s\n", a.status, a.header.Get("Content-Type"), a.header.Get("Location"))
		var pretty bytes.Buffer
		if a.status == http.StatusNoContent {
			pretty.WriteString("\n")
		} else if err := json.Indent(&pretty, []byte(a.body), "", "  "); err != nil {
			t.Errorf("%s %s: %v in %q", c.method, c.path, err, a.body)
		}
		fmt.Fprintf(&b, "%s\n", pretty.String())
	}
	text := timeLike.ReplaceAllString(idLike.ReplaceAllString(b.String(), "${1}_…"), "…")
	for _, r := range rest {
		text = regexp.MustCompile(r.like).ReplaceAllString(text, r.stand)
	}
	for _, secret := range []string{`"canary-client-secret"`, `"k1"`} {
		for line := range strings.Lines(text) {
			if strings.Contains(line, secret) && !strings.HasPrefix(line, "> ") {
				t.Errorf("F16: a secret comes back: %s", line)
			}
		}
	}
	golden(t, "contract.txt", text)
}

func FuzzOwns(f *testing.F) {
	for _, target := range []string{"/v1/me?a=b", "http://h/v1/x?y", "//v1", "*", "?", "://", "/v1/proxy/a//b%2f"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RequestURI = target
		path, _, _ := strings.Cut(target, "?")
		if strings.HasPrefix(path, "/") && api.Owns(r) != (path == "/v1" || path == "/docs" || strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/docs/") || strings.HasPrefix(path, "/hooks/") ||
			slices.Contains([]string{"/healthz", "/readyz", "/metrics", "/openapi.json"}, path)) {
			t.Errorf("Owns(%q) = %t", target, api.Owns(r))
		}
	})
}
