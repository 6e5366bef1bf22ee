package servertest_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"lanyard"
	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// mirror is a service that answers with all that it was sent, and remembers it.
type mirror struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
}

func newMirror(t *testing.T) *mirror {
	t.Helper()
	m := &mirror{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dump, err := httputil.DumpRequest(r, true)
		if err != nil {
			return // the caller went away
		}
		m.mu.Lock()
		m.seen = append(m.seen, r)
		m.mu.Unlock()
		user, password, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Authorization", r.Header.Get("Authorization"))
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "upstream-cookie-1234"})
		_ = json.NewEncoder(w).Encode(object("dump", string(dump), "user", user, "password", password, "query", r.URL.Query()))
	}))
	t.Cleanup(m.Close)
	return m
}

// requests are those that came since the last look.
func (m *mirror) requests() []*http.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := m.seen
	m.seen = nil
	return seen
}

// try sends the form of a connection's page.
func try(t *testing.T, l *servertest.Lanyard, browser *http.Client, connection string, form url.Values) *servertest.Answer {
	t.Helper()
	return servertest.Post(t, browser, l.URL+"/connections/"+connection+"/try", form)
}

// browserOf is a browser of whoever has the key.
func browserOf(t *testing.T, l *servertest.Lanyard, key string) *http.Client {
	t.Helper()
	return servertest.SignIn(t, l.As(t, key, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
}

// TestTryShowsNoCredential tries a connection of each kind of credential against a service that echoes all of it.
func TestTryShowsNoCredential(t *testing.T) {
	m, evil := newMirror(t), providertest.Evil(t)
	l := servertest.Start(t)
	browser := l.Browser(t)
	for name, method := range everyType(t, l, browser, evil, m.URL, hostOf(t, m.URL)) {
		m.requests()
		page := try(t, l, browser, name, url.Values{"method": {method}, "url": {"/things?a=1"}})
		if page.Status != 200 || !strings.Contains(string(page.Body), "200 OK") || !strings.Contains(string(page.Body), "[redacted]") || !strings.Contains(string(page.Body), "The request as it was sent") {
			t.Fatalf("%s: got %d %s", name, page.Status, page.Body)
		}
		sent := m.requests()
		if len(sent) != 1 {
			t.Fatalf("%s: %d requests arrived", name, len(sent))
		}
		secrets := []string{"header-secret-1234", "query-secret-1234", "form-secret-1234", basicSecret, "aws-secret-1234567890", "aws-session-1234567890",
			providertest.EvilClientSecret, providertest.EvilConsumerSecret, "upstream-cookie-1234", "AKIDEXAMPLE"}
		// The tokens that the provider made up, and every signature.
		for _, header := range []string{sent[0].Header.Get("Authorization"), "?" + sent[0].URL.RawQuery} {
			for _, found := range regexp.MustCompile(`(?:Bearer |Basic |oauth_token="?=?|ignature="?|access_token=)([^",&]+)`).FindAllStringSubmatch(header, -1) {
				decoded, _ := url.QueryUnescape(found[1])
				secrets = append(secrets, strings.Trim(found[1], `="`), strings.Trim(decoded, `="`))
			}
		}
		shown := html.UnescapeString(string(page.Body))
		for _, secret := range secrets {
			if len(secret) > 5 && (strings.Contains(string(page.Body), secret) || strings.Contains(shown, secret)) {
				t.Errorf("%s: %q is on the page", name, secret)
			}
		}
		if overview := servertest.Get(t, browser, l.URL+"/connections/"+name); overview.Status != 200 || strings.Contains(string(overview.Body), "secret-1234") {
			t.Errorf("%s: the page: %d", name, overview.Status)
		}
	}
	if log := l.Log.String(); strings.Contains(log, "secret-1234") || strings.Contains(log, "things?a=1") {
		t.Error("what was tried is in the log")
	}
}

// TestTryIsACallLikeAnyOther: it is on record with the person and without a key, and the host rule holds.
func TestTryIsACallLikeAnyOther(t *testing.T) {
	m := newMirror(t)
	l := servertest.Start(t)
	browser := l.Browser(t)
	l.Connect(t, keyAt("acme", m.URL, hostOf(t, m.URL), "X-Api-Key", "header"), object("credentials", object("X-Api-Key", "header-secret-1234")))
	if got := try(t, l, browser, "acme", url.Values{"method": {"DELETE"}, "url": {"/things/7"}}); got.Status != 200 {
		t.Fatalf("got %d %s", got.Status, got.Body)
	}
	var records *servertest.Answer
	await(t, "the call is on record", func() bool {
		records = l.Must(t, 200, "GET /v1/invocations", nil)
		return len(records.Field(t, "items").([]any)) == 1
	})
	for field, want := range map[string]any{"method": "DELETE", "path": "/things/7", "status": 200.0, "connection": "acme", "user": string(l.UserID)} {
		if got := records.Field(t, "items").([]any)[0].(map[string]any)[field]; got != want {
			t.Errorf("on record, %s is %v, want %v", field, got, want)
		}
	}
	m.requests()
	for name, c := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"a host that is not listed":     {url.Values{"url": {"http://localhost:1/"}}, 403, "does not list the host"},
		"another scheme":                {url.Values{"url": {"file:///etc/passwd"}}, 400, "A URL begins with https:// or http://"},
		"a user name before the host":   {url.Values{"url": {"http://" + hostOf(t, m.URL) + "@evil.example/"}}, 400, "holds no user name"},
		"climbing out":                  {url.Values{"url": {"/../admin"}}, 400, "holds no . or .. segments"},
		"a line break in the URL":       {url.Values{"url": {"/a\r\nX-Evil: 1"}}, 400, "holds no blanks"},
		"a method of one's own":         {url.Values{"url": {"/"}, "method": {"TRACE"}}, 400, "The type is one of"},
		"a Host header":                 {url.Values{"url": {"/"}, "headers": {"Host: evil.example"}}, 400, "this header is set by Lanyard itself"},
		"a carriage return in a header": {url.Values{"url": {"/"}, "headers": {"X-A: b\rX-Evil: 1"}}, 400, "this holds no line breaks"},
		"a blank in a header's name":    {url.Values{"url": {"/"}, "headers": {"X A: b"}}, 400, "a header name holds letters"},
		"a line break in the type":      {url.Values{"url": {"/"}, "method": {"POST"}, "body": {"x"}, "content_type": {"text/plain\r\nX-Evil: 1"}}, 400, "holds a control character"},
	} {
		got := try(t, l, browser, "acme", c.form)
		if got.Status != c.status || !strings.Contains(html.UnescapeString(string(got.Body)), c.says) {
			t.Errorf("%s: got %d, want %d with %q:\n%s", name, got.Status, c.status, c.says, answerOf(got))
		}
	}
	if seen := m.requests(); len(seen) > 0 {
		t.Errorf("these arrived: %v", seen)
	}
}

// answerOf is the part of a page that says what came of a call.
func answerOf(page *servertest.Answer) string {
	_, rest, _ := strings.Cut(string(page.Body), `id="answer"`)
	answer, _, _ := strings.Cut(rest, `id="snippets"`)
	return answer
}

// TestTryIsForThoseWhoMay: not for another organization, not for who does not see the connection; and with "Use
// credentials of login user" everybody tries with an account of their own.
func TestTryIsForThoseWhoMay(t *testing.T) {
	m := newMirror(t)
	l := servertest.Start(t)
	_, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	other := l.Organization(t, "other")
	definition := keyAt("acme", m.URL, hostOf(t, m.URL), "X-Api-Key", "header")
	l.Connect(t, definition, object("credentials", object("X-Api-Key", "owner-secret-1234")))
	for name, more := range map[string]map[string]any{"each": object("use_login_user_credentials", true), "own": object("use_login_user_credentials", true, "usable_by", "owner")} {
		more["link_name"], more["name"], more["service"] = name, name, "acme"
		l.Must(t, 201, "POST /v1/connections", more)
		l.Must(t, 200, "POST /v1/connections/"+name+"/connect", object("credentials", object("X-Api-Key", "owner-secret-1234")))
	}
	member, stranger := browserOf(t, l, memberKey), browserOf(t, l, other.Key)
	m.requests()
	form := url.Values{"method": {"GET"}, "url": {"/"}}
	for _, c := range []struct {
		who        string
		browser    *http.Client
		connection string
	}{{"a member", member, "acme"}, {"a member", member, "own"}, {"another organization", stranger, "acme"}, {"another organization", stranger, "each"}, {"a member", member, "nothing"}} {
		page, tried := servertest.Get(t, c.browser, l.URL+"/connections/"+c.connection), try(t, l, c.browser, c.connection, form)
		if page.Status != 404 || tried.Status != 404 || strings.Contains(string(page.Body)+string(tried.Body), "127.0.0.1") {
			t.Errorf("%s at %s: got %d and %d, want 404", c.who, c.connection, page.Status, tried.Status)
		}
	}
	if got := servertest.Post(t, servertest.Stranger(t), l.URL+"/connections/acme/try", form); got.Status != 401 {
		t.Errorf("nobody: got %d, want 401", got.Status)
	}

	first := try(t, l, member, "each", form)
	if first.Status != 409 || !regexp.MustCompile(`<a class="btn" href="/connect/[A-Z0-9]+">`).Match(first.Body) || len(m.requests()) > 0 {
		t.Errorf("a member without an account: got %d %s", first.Status, answerOf(first))
	}
	if got := l.As(t, memberKey, "POST /v1/connections/each/connect", object("credentials", object("X-Api-Key", "member-secret-1234"))); got.Status != 200 {
		t.Fatalf("the member connects: %d %s", got.Status, got.Body)
	}
	if got := try(t, l, member, "each", form); got.Status != 200 {
		t.Errorf("a member with an account: got %d %s", got.Status, answerOf(got))
	}
	if seen := m.requests(); len(seen) != 1 || seen[0].Header.Get("X-Api-Key") != "member-secret-1234" {
		t.Errorf("the service saw %v", seen)
	}
	owner := l.Browser(t)
	if page := servertest.Get(t, owner, l.URL+"/connections/each"); !strings.Contains(string(page.Body), "member@example.com") || !strings.Contains(string(page.Body), "Who connected it") {
		t.Errorf("the owner does not read who connected it:\n%s", page.Body)
	}
	if page := servertest.Get(t, member, l.URL+"/connections/each"); strings.Contains(string(page.Body), "Who connected it") {
		t.Error("a member reads who connected it")
	}
}

// TestTryAnswersOfAHostileService: what a service says is text on the page, and no more of it than a person reads.
func TestTryAnswersOfAHostileService(t *testing.T) {
	const script = `<script>alert(1)</script>`
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/html":
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("X-Evil", script)
			w.Header().Set("Content-Security-Policy", "default-src *")
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "theirs"})
			_, _ = io.WriteString(w, `</pre>`+script)
		case "/json":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"</span>`+script+`": "`+script+`"}`)
		case "/type":
			w.Header().Set("Content-Type", `image/"`+script)
			_, _ = w.Write([]byte{0, 1, 2})
		case "/large":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "["+strings.Repeat(`"x",`, 3<<20)+"1]")
		case "/endless":
			for range 20 << 10 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		case "/redirect":
			http.Redirect(w, r, "javascript:alert(1)", http.StatusFound)
		}
	}))
	t.Cleanup(evil.Close)
	l := servertest.Start(t)
	browser := l.Browser(t)
	l.Connect(t, object("link_name", "evil", "base_url", evil.URL, "hosts", []string{hostOf(t, evil.URL)}, "auth", object("type", "basic")),
		object("credentials", object("username", "somebody", "password", basicSecret)))
	for path, c := range map[string]struct {
		status int
		says   string
	}{
		"/html": {200, "&lt;/pre&gt;&lt;script&gt;"}, "/json": {200, "&lt;script&gt;alert(1)&lt;/script&gt;"}, "/type": {200, "it is not shown"}, "/large": {200, "This is the beginning of 12 MiB"},
		"/endless": {502, "larger than 15 MiB"}, "/redirect": {200, "javascript:alert(1)"},
	} {
		got := try(t, l, browser, "evil", url.Values{"method": {"GET"}, "url": {path}})
		if got.Status != c.status || !strings.Contains(string(got.Body), c.says) {
			t.Errorf("%s: got %d without %q", path, got.Status, c.says)
		}
		if strings.Contains(string(got.Body), script) || strings.Contains(string(got.Body), `href="javascript:`) || len(got.Body) > 8<<20 {
			t.Errorf("%s: the page has a script, or %d bytes", path, len(got.Body))
		}
		if got.Header.Get("X-Evil") != "" || strings.Contains(got.Header.Get("Content-Security-Policy"), "*") || strings.Contains(fmt.Sprint(got.Header["Set-Cookie"]), "theirs") {
			t.Errorf("%s: the service's headers are on the page's answer: %v", path, got.Header)
		}
	}
}

// TestSnippetsRun runs what the page shows, as it stands there, in each language.
func TestSnippetsRun(t *testing.T) {
	m := newMirror(t)
	l := servertest.Start(t)
	browser := l.Browser(t)
	base := keyAt("acme", m.URL+"/v2", hostOf(t, m.URL), "X-Api-Key", "header")
	base["verify_url"] = m.URL + `/v2/it's/$HOME?q=é&x=~"&y=%20` // the page proposes it
	l.Connect(t, base, object("credentials", object("X-Api-Key", "header-secret-1234")))
	whole := keyAt("whole", m.URL, hostOf(t, m.URL), "X-Api-Key", "header")
	delete(whole, "base_url")
	l.Connect(t, whole, object("credentials", object("X-Api-Key", "header-secret-1234")))

	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "lanyard"), "lanyard/cmd/lanyard").CombinedOutput(); err != nil {
		t.Fatalf("build the command: %v\n%s", err, out)
	}
	environment := append(os.Environ(), "LANYARD_URL="+l.URL, "LANYARD_API_KEY="+l.Key, "PATH="+dir+":"+os.Getenv("PATH"))
	for _, c := range []struct{ connection, arrives string }{{"acme", "/v2/it's/$HOME?q=%C3%A9&x=~%22&y=%20"}, {"whole", "/"}} {
		page := servertest.Get(t, browser, l.URL+"/connections/"+c.connection)
		for _, run := range []struct {
			language, file string
			command        []string
		}{
			{"curl", "call.sh", []string{"sh"}}, {"invoke", "call.sh", []string{"sh"}}, {"go", "call.go", []string{"go", "run"}},
			{"javascript", "call.mjs", []string{"node"}}, {"python", "call.py", []string{"python3"}},
		} {
			t.Run(c.connection+"/"+run.language, func(t *testing.T) {
				found := regexp.MustCompile(`(?s)<code id="snippet-` + run.language + `">(.*?)</code>`).FindSubmatch(page.Body)
				if found == nil {
					t.Fatalf("no snippet:\n%s", page.Body)
				}
				// The example of a service without a base URL is https, which the mirror does not speak.
				text := strings.ReplaceAll(html.UnescapeString(string(found[1])), "https://127.0.0.1", "http://127.0.0.1")
				file := filepath.Join(t.TempDir(), run.file)
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(run.command[0], append(run.command[1:], file)...)
				cmd.Env = environment
				m.requests()
				out, err := cmd.CombinedOutput()
				answered, _, _ := strings.Cut(c.arrives, "?") // the rest stands in JSON, escaped
				seen := m.requests()
				if err != nil || len(seen) != 1 || seen[0].RequestURI != c.arrives || seen[0].Header.Get("X-Api-Key") != "header-secret-1234" || !strings.Contains(string(out), "GET "+answered) {
					t.Errorf("%v: %s\n%s\nthe service saw %v", err, out, text, seen)
				}
			})
		}
	}
}
