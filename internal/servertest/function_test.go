package servertest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"lanyard/internal/servertest"
)

// posted posts to an address that needs no key.
func posted(t *testing.T, url, mediaType, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func TestTheAddressOfAFunction(t *testing.T) {
	l := servertest.Start(t)
	save := func(name, script string) string {
		t.Helper()
		l.Must(t, 201, "POST /v1/functions", object("link_name", name, "name", name, "script", script))
		return l.Must(t, 200, "POST /v1/functions/"+name+"/hook", nil).Field(t, "url").(string)
	}
	const js = "application/json"
	for _, c := range []struct {
		name, script, mediaType, body string
		status                        int
		answerType, answer            string
	}{
		{"a_map", `map f(string name) { return {"hello": name}; }`, js, `{"name":"Ada"}`, 200, js, `{"hello":"Ada"}`},
		{"a_list", `list f(map request) { l = List(); l.add(request.get("method")); l.add(request.get("json").get("n")); return l; }`, js, `{"n":1}`, 200, js, `["POST",1]`},
		{"a_text", `string f(string name) { return "<b>" + name; }`, "application/x-www-form-urlencoded", "name=Ada", 200, "text/plain; charset=utf-8", "<b>Ada"},
		{"nothing", `info "only printed";`, js, ``, 204, "", ""},
		{"a_failure", `info "inside"; x = 1 / 0;`, js, ``, 500, "application/problem+json", ""},
	} {
		url := save(c.name, c.script)
		res, body := posted(t, url, c.mediaType, c.body)
		if res.StatusCode != c.status || res.Header.Get("Content-Type") != c.answerType || c.answer != "" && body != c.answer {
			t.Errorf("%s: %d %s %s", c.name, res.StatusCode, res.Header.Get("Content-Type"), body)
		}
		if res.Header.Get("Cache-Control") != "no-store" || res.StatusCode == 200 && res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: the headers are %v", c.name, res.Header)
		}
		if c.status == 500 && (!strings.Contains(body, "function_failed") || !strings.Contains(body, "run_") || strings.Contains(body, "inside") || strings.Contains(body, "ivide")) {
			t.Errorf("%s tells %s", c.name, body)
		}
	}
	url := save("sync", "info 1;")
	if res, _ := posted(t, url, js, strings.Repeat("x", 1<<20+1)); res.StatusCode != 413 {
		t.Errorf("a body that is too large gets %d", res.StatusCode)
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "HEAD"} {
		req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 405 {
			t.Errorf("%s gets %d", method, res.StatusCode)
		}
	}
	l.Must(t, 204, "DELETE /v1/functions/sync/hook", nil)
	if res, _ := posted(t, url, js, ""); res.StatusCode != 404 {
		t.Errorf("an address that ended gets %d", res.StatusCode)
	}
	if _, token, _ := strings.Cut(url, "/hooks/"); len(token) < 26 || strings.Contains(l.Log.String(), token) {
		t.Errorf("the token %q is short or stands in the log", token)
	}
}

// Where nobody asks, nobody is signed in: a connection of each user's own account refuses, another one works.
func TestAnUnattendedRunHasNoLoginUser(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "shared"), tenancyKey("key of all"))
	l.Connect(t, tenancyService(t, up, "own"), tenancyKey("key of the owner"))
	l.Must(t, 201, "POST /v1/connections", object("link_name", "each", "name", "Each", "service", "own", "use_login_user_credentials", true))
	l.Must(t, 200, "POST /v1/connections/each/connect", tenancyKey("key of the owner"))
	l.Must(t, 201, "POST /v1/functions", object("link_name", "sync", "name", "Sync", "script",
		`string f(string name) { r = invokeurl [url: "/x" type: GET connection: name detailed: true]; return r.get("responseCode").toString(); }`))
	url := l.Must(t, 200, "POST /v1/functions/sync/hook", nil).Field(t, "url").(string)
	for _, name := range []string{"shared", "each"} {
		if got := l.Must(t, 200, "POST /v1/functions/sync/run", object("arguments", object("name", name)), "Lanyard-User", string(l.UserID)); got.Field(t, "result") != "200" {
			t.Errorf("with a user, through %s: %s", name, got.Body)
		}
	}
	if res, body := posted(t, url, "application/json", `{"name":"shared"}`); res.StatusCode != 200 || body != "200" {
		t.Errorf("unattended, through the one account of all: %d %s", res.StatusCode, body)
	}
	if res, body := posted(t, url, "application/json", `{"name":"each"}`); res.StatusCode != 500 {
		t.Errorf("unattended, through each user's own account: %d %s", res.StatusCode, body)
	}
	runs := tenancyItems(t, l, l.Key, "/v1/functions/sync/runs")
	last := l.Must(t, 200, "GET /v1/function_runs/"+runs[0]["id"].(string), nil)
	if e, ok := last.Field(t, "error").(map[string]any); !ok || e["code"] != "login_user_required" || runs[0]["cause"] != "hook" {
		t.Errorf("the record is %s", last.Body)
	}
}
