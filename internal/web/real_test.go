package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lanyard/internal/servertest"
)

// browser is the cookies and redirects of one, against a whole Lanyard.
type browser struct {
	t      *testing.T
	server string
	client *http.Client
}

func newBrowser(t *testing.T, l *servertest.Lanyard) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, l.URL, &http.Client{Jar: jar}}
}

// open follows redirects and gives the page at their end, with its path.
func (b *browser) open(method, path string, form url.Values) (status int, at, body string) {
	b.t.Helper()
	req, err := http.NewRequest(method, b.server+strings.TrimPrefix(path, b.server), strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, res.Request.URL.Path, string(data)
}

// says opens a page and fails unless it has the status and the texts. It gives the path where it ended.
func (b *browser) says(method, path string, form url.Values, status int, texts ...string) string {
	b.t.Helper()
	got, at, body := b.open(method, path, form)
	if got != status {
		b.t.Errorf("%s %s: status %d, want %d: %s", method, path, got, status, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			b.t.Errorf("%s %s: the page does not say %q: %s", method, path, text, body)
		}
	}
	return at
}

// signInLink asks the API for a link, as `lanyard sign-in` does.
func signInLink(t *testing.T, l *servertest.Lanyard) string {
	t.Helper()
	link, _ := l.Must(t, http.StatusCreated, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
	return link
}

// TestWholeLanyard walks through the pages over the real workrooms: what the fakes of the other tests answer is what
// these say.
func TestWholeLanyard(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "sk_right" {
			http.Error(w, "<b>that key</b> is wrong", http.StatusUnauthorized)
		}
	}))
	t.Cleanup(upstream.Close)
	host := strings.TrimPrefix(upstream.URL, "http://")
	l := servertest.Start(t)
	l.Must(t, http.StatusCreated, "POST /v1/services", map[string]any{
		"name": "Acme", "link_name": "acme", "base_url": upstream.URL, "verify_url": upstream.URL + "/me", "hosts": []string{host},
		"dynamic_parameters": []any{map[string]any{"key": "region", "name": "Data centre", "choices": []string{"eu", "us"}}},
		"auth":               map[string]any{"type": "api_key", "parameters": []any{map[string]any{"name": "X-Api-Key", "display_name": "API key", "param_type": "header"}}},
	})
	l.Must(t, http.StatusCreated, "POST /v1/connections", map[string]any{"name": "Acme, live", "link_name": "acme_live", "service": "acme"})

	b := newBrowser(t, l)
	b.says("GET", "/", nil, 200, "Use an account without holding its keys")
	answer := l.Must(t, http.StatusOK, "POST /v1/connections/acme_live/connect", map[string]any{})
	link, _ := answer.Field(t, "connect_url").(string)
	b.says("GET", link, nil, 401, "Sign in to go on")
	signIn := signInLink(t, l)
	if at := b.says("GET", signIn, nil, 200, "Connect <bdi>Acme, live</bdi>", "Made by <bdi>The owner</bdi>", host, "Data centre"); !strings.HasSuffix(link, at) {
		t.Errorf("signing in leads to %s, want %s", at, link)
	}
	newBrowser(t, l).says("GET", signIn, nil, 404, "used")

	b.says("POST", link, url.Values{"parameter.region": {"eu"}}, 400, `role="alert"`, "API key is required.", `<option value="eu" selected>`)
	b.says("POST", link, url.Values{"parameter.region": {"eu"}, "credential.X-Api-Key": {"sk_wrong"}}, 400, "did not accept the credential", "&lt;b&gt;that key&lt;/b&gt; is wrong")
	at := b.says("POST", link, url.Values{"parameter.region": {"eu"}, "credential.X-Api-Key": {"sk_right"}}, 200, "<bdi>Acme, live</bdi> is connected", "lanyard invoke acme_live /me")
	if !strings.HasPrefix(at, "/connect/result/") {
		t.Errorf("connecting ends at %s", at)
	}
	newBrowser(t, l).says("GET", at, nil, 401)
	if got := l.Must(t, http.StatusOK, "GET /v1/connections/acme_live", nil).Field(t, "status"); got != "connected" {
		t.Errorf("the connection is %v", got)
	}

	b.says("GET", "/", nil, 200, "Acme, live", "Connected", `action="/connections/acme_live/connect"`)
	if at := b.says("POST", "/connections/acme_live/connect", nil, 200, "Connected now"); !strings.HasPrefix(at, "/connect/") {
		t.Errorf("the button leads to %s", at)
	}
	b.says("POST", "/connections/nothing/connect", nil, 404, "There is no connection")
	b.says("GET", "/connect/INVENTED", nil, 404, "not known or too old")
	b.says("GET", "/connect/result/cns_INVENTED", nil, 404, "There is no such result here")
	b.says("GET", "/oauth/callback/"+string(l.OrganizationID)+"/acme?code=C&state=S", nil, 400, "Nothing is known of this answer")
	b.says("POST", "/sign-out", nil, 200, "Use an account without holding its keys")
	b.says("GET", at, nil, 401)
	if log := l.Log.String(); strings.Contains(log, "sk_right") || strings.Contains(log, "sk_wrong") {
		t.Error("a secret is in the log")
	}
}

// TestWholeSetup makes the first organization by the link that a new Lanyard prints; J07: once.
func TestWholeSetup(t *testing.T) {
	var out servertest.Buffer
	l := servertest.New(t)
	l.Config.Stdout = &out
	l.Serve(t)
	link := regexp.MustCompile(`http://\S+/setup/\S+`).FindString(out.String())
	if link == "" {
		t.Fatalf("no link was printed: %s", out.String())
	}
	b := newBrowser(t, l)
	b.says("GET", link, nil, 200, "Set up Lanyard")
	b.says("POST", link, url.Values{"organization": {"Zylker"}, "email": {"visiting"}}, 400, "A name is required.", "This is not an e-mail address.", "Choose a password", `value="Zylker"`)
	b.says("POST", link, url.Values{"organization": {"Zylker"}, "name": {"Your name"}, "email": {"you@zylker.example"}, "password": {"four plain words here"}}, 200, "No connections yet", "Zylker", "Your name")
	for _, method := range []string{"GET", "POST"} {
		newBrowser(t, l).says(method, link, url.Values{"organization": {"Evil"}, "name": {"Eve"}, "email": {"eve@evil.example"}, "password": {"four plain words here"}}, 404, "used")
	}
}
