package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/registry"
)

// everyRoute is one request for each line of routes.go, and for what is in none. A line that has none fails
// TestEveryRouteIsInTheTable.
var everyRoute = []struct{ method, path string }{
	{"GET", "/"},
	{"GET", "/setup/" + goodToken},
	{"POST", "/setup/" + goodToken},
	{"GET", "/sign-in/" + goodToken},
	{"POST", "/sign-in/" + goodToken},
	{"POST", "/sign-out"},
	{"GET", "/tour"},
	{"GET", "/search?q=acme"},
	{"GET", "/extensions"},
	{"POST", "/extensions"},
	{"GET", "/extensions/acme"},
	{"POST", "/extensions/acme/when-gone"},
	{"GET", "/extensions/acme/update"},
	{"POST", "/extensions/acme/update"},
	{"GET", "/extensions/acme/uninstall"},
	{"POST", "/extensions/acme/uninstall"},
	{"GET", "/extension-offers"},
	{"POST", "/extension-offers"},
	{"GET", "/extension-offers/org_acme/acme"},
	{"GET", "/publications"},
	{"POST", "/publications"},
	{"GET", "/publish"},
	{"GET", "/publications/acme"},
	{"POST", "/publications/acme"},
	{"GET", "/publications/acme/withdraw"},
	{"POST", "/publications/acme/withdraw"},
	{"GET", "/scripts"},
	{"POST", "/scripts"},
	{"GET", "/scripts/new"}, {"GET", "/scripts/new?example=task"},
	{"GET", "/scripts/words"},
	{"POST", "/scripts/run"},
	{"GET", "/scripts/daily_report"}, {"GET", "/scripts/daily_report/"},
	{"POST", "/scripts/daily_report/edit"},
	{"POST", "/scripts/daily_report/run"},
	{"GET", "/scripts/daily_report/versions"},
	{"GET", "/scripts/daily_report/versions/4"}, {"GET", "/scripts/daily_report/versions/4?against=3"},
	{"POST", "/scripts/daily_report/versions/3/restore"},
	{"GET", "/scripts/daily_report/runs"},
	{"GET", "/scripts/daily_report/runs/run_2"},
	{"GET", "/scripts/daily_report/settings"}, {"GET", "/scripts/daily_report/settings?cron=*+*+*+*+*"},
	{"POST", "/scripts/daily_report/settings"},
	{"GET", "/scripts/daily_report/hook"},
	{"POST", "/scripts/daily_report/hook"},
	{"GET", "/scripts/daily_report/hook/remove"},
	{"POST", "/scripts/daily_report/hook/remove"},
	{"GET", "/scripts/daily_report/delete"},
	{"POST", "/scripts/daily_report/delete"},
	{"POST", "/scripts/check"},
	{"GET", "/activity"},
	{"GET", "/activity/audit"},
	{"GET", "/connections"},
	{"GET", "/connections/shared"},
	{"GET", "/connections/internal"},
	{"GET", "/connections/new"},
	{"GET", "/connections/new?service=acme"},
	{"POST", "/connections"},
	{"GET", "/connections/acme_crm"}, {"GET", "/connections/acme_crm/"},
	{"POST", "/connections/acme_crm/try"},
	{"GET", "/connections/acme_crm/edit"},
	{"POST", "/connections/acme_crm/edit"},
	{"GET", "/connections/acme_crm/revoke"},
	{"POST", "/connections/acme_crm/revoke"},
	{"GET", "/connections/acme_crm/delete"},
	{"POST", "/connections/acme_crm/delete"},
	{"GET", "/sign-in"},
	{"POST", "/sign-in"},
	{"GET", "/account"},
	{"GET", "/account/password"},
	{"POST", "/account/password"},
	{"POST", "/account/sessions/end"},
	{"POST", "/account/sessions/other/end"},
	{"GET", "/account/keys/new"},
	{"POST", "/account/keys"},
	{"GET", "/account/keys/key_A/rotate"},
	{"POST", "/account/keys/key_A/rotate"},
	{"GET", "/account/keys/key_A/end-previous"},
	{"POST", "/account/keys/key_A/end-previous"},
	{"GET", "/account/keys/key_A/delete"},
	{"POST", "/account/keys/key_A/delete"},
	{"GET", "/sign-in/forgot"},
	{"POST", "/sign-in/forgot"},
	{"GET", "/reset/" + goodToken},
	{"POST", "/reset/" + goodToken},
	{"GET", "/sign-in/single-sign-on"},
	{"POST", "/sign-in/single-sign-on"},
	{"GET", "/sign-in/organization/org_zylker"},
	{"POST", "/sign-in/organization/org_zylker"},
	{"GET", "/sign-in/callback/org_zylker"},
	{"GET", "/organization/single-sign-on"},
	{"POST", "/organization/single-sign-on"},
	{"GET", "/organization/single-sign-on/delete"},
	{"POST", "/organization/single-sign-on/delete"},
	{"GET", "/organization/people/usr_ci/reset"},
	{"POST", "/organization/people/usr_ci/reset"},
	{"GET", "/organization"},
	{"POST", "/organization"},
	{"GET", "/organization/people"},
	{"GET", "/organization/people/usr_x"},
	{"POST", "/organization/people/usr_x"},
	{"GET", "/organization/people/usr_x/deactivate"},
	{"POST", "/organization/people/usr_x/deactivate"},
	{"POST", "/organization/people/usr_x/reactivate"},
	{"GET", "/organization/people/usr_x/hand-over"},
	{"POST", "/organization/people/usr_x/hand-over"},
	{"GET", "/organization/people/usr_x/remove"},
	{"POST", "/organization/people/usr_x/remove"},
	{"GET", "/organization/people/invite"},
	{"GET", "/organization/invitations"},
	{"POST", "/organization/invitations"},
	{"GET", "/organization/invitations/inv_1/revoke"},
	{"POST", "/organization/invitations/inv_1/revoke"},
	{"GET", "/organizations"},
	{"GET", "/organizations/new"},
	{"POST", "/organizations"},
	{"POST", "/organizations/org_zylker/switch"},
	{"GET", "/invitation/" + goodToken},
	{"POST", "/invitation/" + goodToken},
	{"GET", "/organization/webhooks"},
	{"POST", "/organization/webhooks"},
	{"GET", "/organization/webhooks/new"},
	{"GET", "/organization/webhooks/whk_1"},
	{"GET", "/organization/webhooks/whk_1/edit"},
	{"POST", "/organization/webhooks/whk_1/edit"},
	{"POST", "/organization/webhooks/whk_1/test"},
	{"GET", "/organization/webhooks/whk_1/rotate"},
	{"POST", "/organization/webhooks/whk_1/rotate"},
	{"GET", "/organization/webhooks/whk_1/delete"},
	{"POST", "/organization/webhooks/whk_1/delete"},
	{"POST", "/organization/webhooks/whk_1/deliveries/evt_1/retry"},
	{"GET", "/notices"},
	{"POST", "/account/notices"},
	{"POST", "/connections/acme_crm/connect"},
	{"GET", "/connections/acme_crm/users/usr_x/remove"},
	{"POST", "/connections/acme_crm/users/usr_x/remove"},
	{"GET", "/connect/T"},
	{"POST", "/connect/T"},
	{"GET", "/connect/T/go"},
	{"GET", "/connect/session/T"},
	{"POST", "/connect/session/T"},
	{"GET", "/connect/session/T/go"},
	{"GET", "/connect/ended/org_zylker/cse_1"},
	{"GET", "/connect/result/cns_1"},
	{"GET", "/oauth/callback/org_zylker/acme"},
	{"GET", "/services"},
	{"GET", "/services/custom"},
	{"GET", "/services/custom/"},
	{"GET", "/services/github/client"},
	{"POST", "/services/github/client"},
	{"GET", "/services/new"},
	{"POST", "/services"},
	{"POST", "/services/preview"},
	{"GET", "/services/import"},
	{"POST", "/services/import"},
	{"POST", "/services/import/create"},
	{"GET", "/services/acme"},
	{"GET", "/services/acme/catalog_file"},
	{"GET", "/services/acme/edit"},
	{"POST", "/services/acme/edit"},
	{"GET", "/services/acme/delete"},
	{"POST", "/services/acme/delete"},
	{"GET", "/nowhere"},
	{"DELETE", "/connect/T"},
	{"GET", "/assets/nothing.css"},
}

// TestEveryRouteIsInTheTable: what the tests below say of every route, they say of a new one too.
func TestEveryRouteIsInTheTable(t *testing.T) {
	source, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	mux, patterns := http.NewServeMux(), map[string]bool{}
	for _, found := range regexp.MustCompile(`mux\.Handle(?:Func)?\("([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		mux.Handle(found[1], http.NotFoundHandler())
		patterns[found[1]] = true
	}
	if registered := strings.Count(string(source), "mux.Handle"); len(patterns) != registered {
		t.Fatalf("%d routes were read from the %d lines of routes.go", len(patterns), registered)
	}
	for _, r := range everyRoute {
		_, pattern := mux.Handler(httptest.NewRequest(r.method, r.path, nil))
		delete(patterns, pattern)
	}
	for pattern := range patterns {
		t.Errorf("%s has no request in everyRoute", pattern)
	}
}

// invented fills the rooms so that every route has something to do.
func (d *door) invented() *door {
	c := inventedConnection("Acme CRM", "acme_crm")
	s := inventedService("Acme", "acme", lanyard.Auth{Type: lanyard.AuthAPIKey})
	d.page = &credential.ConnectPage{Connection: c, Service: s, Fields: []lanyard.CredentialField{{Name: "X-Api-Key", Label: "API key", Secret: true}}}
	d.found, d.detail, d.service, d.free = inventedList(), inventedDetail(), &registry.ServiceView{Service: inventedOAuth2(true), Editable: true}, "acme"
	d.facts, d.activity, d.called, d.names = inventedFacts(), inventedActivity(), inventedCalls(), inventedNames()
	d.outcome = &credential.Outcome{Result: "/connect/result/cns_1"}
	d.provider = "https://accounts.acme.example/authorize?state=S"
	d.sessions, d.ended = inventedOpened(false), inventedEnd(false)
	d.link = "/connect/NEW"
	d.hook = inventedWebhook()
	d.function, d.checked, d.runs, d.versions, d.usedBy = inventedFunction(), *inventedChecked(), inventedRuns(), inventedVersions(), []lanyard.Function{*inventedFunction()}
	d.installed, d.review, d.offers, d.publication = inventedInstalled(), inventedReview(true), inventedOffers(), inventedPublication(true, nil)
	d.installed.Newer = &d.offers[0]
	d.result = &credential.ConsentResult{Connection: c, Service: s, OK: true}
	d.back = func(*lanyard.Caller, lanyard.OrganizationID, string, url.Values) (*credential.Outcome, error) {
		return &credential.Outcome{Result: "/connect/result/cns_1"}, nil
	}
	return d
}

func TestI02_I07_HeadersOnEveryAnswer(t *testing.T) {
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
			"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"Referrer-Policy":            "no-referrer", // F23
		"X-Content-Type-Options":     "nosniff",
		"X-Frame-Options":            "DENY", // I07
		"Cross-Origin-Opener-Policy": "same-origin",
		"Cache-Control":              "no-store", // F17
	}
	check := func(t *testing.T, a answer) {
		t.Helper()
		for name, value := range want {
			if got := a.header.Get(name); got != value {
				t.Errorf("%s: got %q, want %q", name, got, value)
			}
		}
	}
	for _, r := range everyRoute {
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			d := newDoor(t, "").invented()
			check(t, d.send(r.method, r.path, "", "Sec-Fetch-Site", "same-origin"))
			check(t, d.signIn().send(r.method, r.path, "", "Sec-Fetch-Site", "same-origin"))
			check(t, d.send(r.method, r.path, "", "Sec-Fetch-Site", "cross-site"))
		})
	}
}

// Over plain http to a host that is not loopback, forms have to keep working: see referrerPolicy.
func TestReferrerPolicyLetsOwnFormsThrough(t *testing.T) {
	for public, want := range map[string]string{
		"https://lanyard.example": "no-referrer", "http://127.0.0.1:8080": "no-referrer", "http://localhost:8080": "no-referrer",
		"http://[::1]:8080": "no-referrer", "http://lanyard.intranet:8080": "same-origin", "http://192.168.1.5": "same-origin",
	} {
		w := httptest.NewRecorder()
		newPages(t, &rooms{}, public, io.Discard).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if got := w.Header().Get("Referrer-Policy"); got != want {
			t.Errorf("%s: got %s, want %s", public, got, want)
		}
	}
}

func TestNewRefusesPublicURL(t *testing.T) {
	for _, public := range []string{"", "lanyard.example", "ftp://lanyard.example", "https://", "https://lanyard.example:x"} {
		if _, err := New(Config{PublicURL: public}); err == nil {
			t.Errorf("%q was taken", public)
		}
	}
}

// TestI04 sends every request that changes something in every way that another site can make a browser send it.
func TestI04_OtherSitesChangeNothing(t *testing.T) {
	attacks := []struct {
		name    string
		headers []string
	}{
		{"form of another site", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Origin", "https://evil.example"}},
		{"fetch of another site", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Origin", "https://evil.example"}},
		{"text/plain with JSON", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example", "Content-Type", "text/plain"}},
		{"multipart", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example", "Content-Type", "multipart/form-data; boundary=b"}},
		{"missing Origin", []string{"Sec-Fetch-Site", "cross-site"}},
		{"Origin: null", []string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}},
		{"sub-domain", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://other.lanyard.example"}},
		{"old browser", []string{"Origin", "https://evil.example"}},
		{"old browser, Origin: null", []string{"Origin", "null"}},
		{"old browser, other scheme and port", []string{"Origin", "http://127.0.0.1:1"}},
	}
	for _, r := range everyRoute {
		if r.method != "POST" {
			continue
		}
		for _, attack := range attacks {
			t.Run(r.path+"/"+attack.name, func(t *testing.T) {
				d := newDoor(t, "").invented().signIn()
				a := d.send("POST", r.path, `{"a":"="}`, attack.headers...)
				a.want(t, 403, "Another site made your browser send this")
				if got := d.changes(); got != "" {
					t.Errorf("this was done: %s", got)
				}
				if len(a.cookies) > 0 {
					t.Errorf("cookies were set: %v", a.cookies)
				}
			})
		}
		for name, headers := range map[string][]string{
			"own form": {"Sec-Fetch-Site", "same-origin", "Origin", "null"}, // as no-referrer pages post
			"typed":    {"Sec-Fetch-Site", "none"},
			"old browser behind a proxy that changes Host": {"Origin", "https://lanyard.example"},
		} {
			t.Run(r.path+"/"+name, func(t *testing.T) {
				d := newDoor(t, "https://lanyard.example").invented()
				headers := append(slices.Clone(headers), "Cookie", "__Host-lanyard_session="+goodSession)
				if a := d.send("POST", r.path, "life=90&then=delete", headers...); a.status == 403 {
					t.Errorf("our own form was refused: %s", a.body)
				}
				// These exchange cookies alone, only look, or do nothing without a file or a text.
				nothing := strings.HasSuffix(r.path, "/switch") || strings.HasPrefix(r.path, "/services/import") || slices.Contains([]string{"/scripts/check", "/extension-offers", "/publications"}, r.path)
				if d.changes() == "" && !nothing {
					t.Error("nothing was done")
				}
			})
		}
	}
}

// A GET changes something in two places. Another site may lead there, but then a person decides; and nothing happens
// when a browser or a preview only looks.
func TestI04_OpeningALinkFromElsewhere(t *testing.T) {
	elsewhere := map[string][]string{
		"image":      {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "image"},
		"link":       {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"},
		"sub-domain": {"Sec-Fetch-Site", "same-site"},
	}
	for name, headers := range elsewhere {
		t.Run("sign-in/"+name, func(t *testing.T) {
			d := newDoor(t, "")
			a := d.get("/sign-in/"+goodToken, headers...)
			a.want(t, 200, "Sign in to Lanyard?", `action="/sign-in/GOODTOKEN"`)
			if got := d.changes(); got != "" || len(a.cookies) > 0 {
				t.Errorf("this was done: %s; cookies %v", got, a.cookies)
			}
			d.post("/sign-in/"+goodToken, nil).goesTo(t, "/")
		})
		t.Run("go/"+name, func(t *testing.T) {
			d := newDoor(t, "").invented().signIn()
			d.get("/connect/T/go", headers...).goesTo(t, "/connect/T")
			if got := d.changes(); got != "" {
				t.Errorf("this was done: %s", got)
			}
			d.page.Direct = true
			d.get("/connect/T/go", headers...).goesTo(t, d.provider)
		})
	}
	for _, path := range []string{"/sign-in/" + goodToken, "/connect/T/go", "/oauth/callback/org_zylker/acme?code=C&state=S"} {
		t.Run("looking "+path, func(t *testing.T) {
			d := newDoor(t, "").invented().signIn()
			if a := d.send("HEAD", path, ""); a.status != 405 || a.header.Get("Allow") != "GET" {
				t.Errorf("HEAD: got %d, Allow %q", a.status, a.header.Get("Allow"))
			}
			d.get(path, "Sec-Purpose", "prefetch;prerender").want(t, 503)
			if got := d.changes(); got != "" {
				t.Errorf("this was done: %s", got)
			}
		})
	}
}

func TestI05_Cookies(t *testing.T) {
	for _, c := range []struct {
		public, session, back string
		secure                bool
	}{
		{"https://lanyard.example", "__Host-lanyard_session", "__Host-lanyard_return", true},
		{"http://127.0.0.1:8080", "lanyard_session", "lanyard_return", false},
	} {
		t.Run(c.public, func(t *testing.T) {
			d := newDoor(t, c.public)
			check := func(a answer, name, value string, keep bool) {
				t.Helper()
				got := a.cookies[name]
				if got == nil {
					t.Fatalf("no cookie %s, but %v", name, a.cookies)
				}
				if got.Value != value || got.Path != "/" || got.Domain != "" || !got.HttpOnly || got.Secure != c.secure || got.SameSite != http.SameSiteLaxMode {
					t.Errorf("cookie %s: %s", name, got.Raw)
				}
				if keep != (got.MaxAge > 0) {
					t.Errorf("cookie %s: kept %t, want %t", name, got.MaxAge > 0, keep)
				}
			}
			check(d.get("/connect/T"), c.back, "%2Fconnect%2FT", true)
			a := d.get("/sign-in/"+goodToken, "Cookie", c.back+"=%2Fconnect%2FT")
			a.goesTo(t, "/connect/T")
			check(a, c.session, goodSession, true)
			check(a, strings.Replace(c.session, "session", "browser", 1), "known", true)
			check(a, c.back, "", false)
			a = d.send("POST", "/sign-out", "", "Cookie", c.session+"="+goodSession)
			a.goesTo(t, "/")
			check(a, c.session, "", false)
			check(d.send("POST", "/setup/"+goodToken, ""), c.session, goodSession, true)
		})
	}
	t.Run("a name of the other scheme is not believed", func(t *testing.T) {
		d := newDoor(t, "https://lanyard.example")
		d.get("/", "Cookie", "lanyard_session="+goodSession).lacks(t, "Your name")
	})
	t.Run("signing in ends the session before in the same organization", func(t *testing.T) {
		d := newDoor(t, "")
		d.get("/sign-in/"+goodToken, "Cookie", "lanyard_session=planted; lanyard_others="+goodSession+"."+otherSession).goesTo(t, "/")
		if got, want := d.changes(), "SignIn SignOut:"+goodSession; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// elsewhere are places that look like paths of ours and are not, or could be taken for one.
var elsewherePaths = []string{
	"//evil.com", "https:evil.com", `/\evil.com`, "/%09/evil.com", "javascript:alert(1)", "///evil.com", `\\evil.com`, "/%2fevil.com", "/%5cevil.com",
	"/\t/evil.com", "/\n/evil.com", " //evil.com", "evil.com", "", "http:/evil.com", "https:///evil.com", "data:text/html,x", "HTTPS:evil.com", "?next=//evil.com",
	"https://user@evil.com/", "https://evil.com\\@lanyard.example/", "ftp://evil.com/", "/\u2028/evil.com\x00",
}

func TestA18_OnlyPathsOfOurs(t *testing.T) {
	t.Run("after signing in", func(t *testing.T) {
		for _, path := range append(slices.Clone(elsewherePaths), "https://evil.com/", "https://lanyard.example.evil.com") {
			d := newDoor(t, "")
			d.get("/sign-in/"+goodToken, "Cookie", "lanyard_return="+url.QueryEscape(path)).goesTo(t, "/")
		}
		for _, path := range []string{"/connect/T", "/?cursor=a%2Fb;c", "/a/b?x=//evil.com"} {
			d := newDoor(t, "")
			d.get("/sign-in/"+goodToken, "Cookie", "lanyard_return="+url.QueryEscape(path)).goesTo(t, path)
		}
	})
	t.Run("after connecting", func(t *testing.T) {
		for _, path := range elsewherePaths {
			d := newDoor(t, "").invented().signIn()
			d.outcome.Result = path
			d.post("/connect/T", url.Values{"credential.X-Api-Key": {"k"}}).goesTo(t, "/")
			d.back = func(*lanyard.Caller, lanyard.OrganizationID, string, url.Values) (*credential.Outcome, error) {
				return d.outcome, nil
			}
			d.get("/oauth/callback/org_zylker/acme?code=C&state=S").goesTo(t, "/")
		}
	})
	t.Run("on the result page", func(t *testing.T) {
		for _, path := range elsewherePaths {
			d := newDoor(t, "").invented().signIn()
			d.result.ReturnTo = path
			a := d.get("/connect/result/cns_1")
			a.want(t, 200, "is connected")
			a.lacks(t, "evil.com", "Go back", "alert(1)", "text/html,x")
		}
	})
}

// What is opened on the way in is remembered as it was asked for, but only when it stays here.
func TestA18_WhatIsRemembered(t *testing.T) {
	for path, want := range map[string]string{
		"/connect/T?a=b;c": "/connect/T?a=b;c",
		"//evil.com":       "", // the mux cleans it, and there is nothing
		"/oauth/callback/org_zylker/acme?code=C&state=S": "", // a code does not go into a cookie
	} {
		d := newDoor(t, "").invented()
		d.back = func(*lanyard.Caller, lanyard.OrganizationID, string, url.Values) (*credential.Outcome, error) {
			return nil, lanyard.Errorf(lanyard.CodeUnauthenticated, "Sign in first.")
		}
		got := ""
		if c := d.get(path).cookies["lanyard_return"]; c != nil {
			got, _ = url.QueryUnescape(c.Value)
		}
		if got != want {
			t.Errorf("%s: remembered %q, want %q", path, got, want)
		}
	}
	d := newDoor(t, "").invented()
	a := d.post("/connect/T", nil)
	a.want(t, 401, "Nothing was done")
	if len(a.cookies) > 0 {
		t.Errorf("the address of a posted form was remembered: %v", a.cookies)
	}
}

func FuzzDestination(f *testing.F) {
	for _, path := range append(slices.Clone(elsewherePaths), "/connect/T", "https://app.example.com/x?y#z") {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, to string) {
		got := destination(to)
		if got != "/" && got != to {
			t.Fatalf("%q became %q", to, got)
		}
		// As a browser reads it (WHATWG URL): it drops tabs and line breaks, and a backslash is a slash.
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.Trim(got, "\x00 \x1f"))
		switch {
		case strings.HasPrefix(seen, "/"):
			if strings.HasPrefix(seen, "//") {
				t.Errorf("%q leads to another host", to)
			}
		case !strings.HasPrefix(seen, "https://") && !strings.HasPrefix(seen, "http://"), strings.Contains(seen[:min(len(seen), 9)], ":///"):
			t.Errorf("%q is neither a path nor a URL", to)
		}
	})
}

// TestI01 puts markup into everything that people and providers name, and looks that it stays text.
func TestI01_NamesAreText(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onfocus=alert(1) {{.}} javascript:alert(1)`
	d := newDoor(t, "").invented().signIn()
	d.page.Connection.Name, d.page.Service.Name, d.page.ServiceAuthor, d.page.Owner, d.page.ForUser = evil, evil, evil, evil, evil
	d.page.Connection.Owner = dana
	d.page.Hosts, d.page.Scopes = []string{evil}, []lanyard.Scope{{Name: evil, Value: evil + "."}}
	d.page.Fields = []lanyard.CredentialField{{Name: evil, Label: evil}}
	d.page.Parameters = []lanyard.DynamicParameter{{Key: "p", Name: evil, Help: evil, Default: evil}, {Key: "q", Name: evil, Pattern: evil, Choices: []lanyard.Choice{{Value: evil, Name: evil}}}}
	d.page.Status, d.page.StatusReason, d.page.Consent, d.page.ProviderHost = lanyard.StatusReconnectRequired, evil, true, evil
	d.submitErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: evil, ProviderError: evil, ProviderDescription: evil,
		Fields: []lanyard.FieldError{{Pointer: "/parameters/p", Detail: evil}, {Pointer: evil, Detail: evil}}}
	d.result.Warning, d.result.Missing, d.result.Connection, d.result.Service = evil, []string{evil}, d.page.Connection, d.page.Service
	d.list = nil
	pages := map[string]answer{
		"connect": d.get("/connect/T"),
		"errors":  d.post("/connect/T", url.Values{"parameter.p": {evil}, "credential." + evil: {evil}}),
		"result":  d.get("/connect/result/cns_1"),
	}
	d.result.OK, d.result.Outcome, d.result.Remedy = false, evil, evil
	pages["failed"] = d.get("/connect/result/cns_1")
	d.pageErr = &lanyard.Error{Code: lanyard.CodeConflict, Message: evil, ProviderError: evil, Fields: []lanyard.FieldError{{Pointer: evil, Detail: evil}}}
	pages["error page"] = d.get("/connect/T")
	for name, a := range pages {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(a.body, "alert(1)") {
				t.Fatalf("nothing was shown: %s", a.body)
			}
			for _, fault := range activeContent(t, a.body) {
				t.Errorf("this is alive: %s", fault)
			}
		})
	}
}

// activeContent lists what could run a script in a page, other than files of ours.
func activeContent(t *testing.T, page string) []string {
	t.Helper()
	var found []string
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		switch token.Data {
		case "img":
			if !strings.HasPrefix(token.String(), `<img src="/assets/logos/`) {
				found = append(found, token.String())
			}
		case "iframe", "object", "embed", "base", "style":
			found = append(found, token.String())
		case "script":
			if n := len(token.Attr); n == 0 || token.Attr[0].Key != "src" || !strings.HasPrefix(token.Attr[0].Val, "/assets/") || n > 1 && token.Attr[1].Key != "defer" {
				found = append(found, token.String())
			}
		}
		for _, a := range token.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			address := a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction" || a.Key == "hx-get" || a.Key == "hx-post"
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" || address && !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "#") {
				found = append(found, token.String())
			}
		}
	}
	return found
}

// A provider's words are cut, and cannot turn the text around them.
func TestA19_ProviderWords(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"markup stays":      {"<script>x</script>", "<script>x</script>"},
		"line breaks":       {"a\r\nSet-Cookie: b\x00c\u2028d", "a  Set-Cookie: b c d"},
		"direction":         {"ab\u202ecd\u2066", "abcd"},
		"invalid UTF-8":     {"a\xffb", "ab"},
		"long":              {strings.Repeat("ä", 10_000), strings.Repeat("ä", 600) + " …"},
		"as long as can be": {strings.Repeat("b", 600), strings.Repeat("b", 600)},
		"blank":             {" \n ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := said(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// F16, F17: what was typed as a secret is in no page, no address and no log, whatever happens.
func TestF17_SecretsComeBackNowhere(t *testing.T) {
	const marked = "sk_marked_secret"
	for name, err := range map[string]error{
		"faults":      &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/credentials/password", Detail: "Password is wrong"}}},
		"unreachable": lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "It cannot be reached."),
		"internal":    io.ErrUnexpectedEOF,
		"forbidden":   lanyard.Errorf(lanyard.CodeForbidden, "No."),
		"worked":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t, "").invented().signIn()
			d.page.Fields = []lanyard.CredentialField{{Name: "username", Label: "User name"}, {Name: "password", Label: "Password", Secret: true}}
			d.submitErr = err
			a := d.post("/connect/T", url.Values{"credential.username": {"visiting"}, "credential.password": {marked}, "credential.extra": {marked}})
			a.lacks(t, marked)
			if strings.Contains(a.location+d.log.String(), marked) {
				t.Errorf("it is in %s or in the log: %s", a.location, d.log)
			}
			if got := d.submitted.Credentials["password"].Reveal(); got != marked {
				t.Errorf("the keeper got %q", got)
			}
			if len(d.submitted.Credentials) != 2 {
				t.Errorf("the keeper got %d credentials, want the 2 of the service", len(d.submitted.Credentials))
			}
		})
	}
	t.Run("autocomplete", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		a := d.get("/connect/T")
		a.want(t, 200, `type="password" id="credential-0" name="credential.X-Api-Key" value="" autocomplete="new-password"`)
	})
}

// The log says what the page does not, and the page says where to look.
func TestInternalErrorsAreLoggedAndNotShown(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.pageErr = io.ErrUnexpectedEOF
	a := d.get("/connect/T")
	a.want(t, 500, "Something went wrong on our side.", a.header.Get("Lanyard-Request-Id"))
	a.lacks(t, io.ErrUnexpectedEOF.Error())
	if log := d.log.String(); !strings.Contains(log, io.ErrUnexpectedEOF.Error()) {
		t.Errorf("the log says only %s", log)
	}
}

func TestPanicIsAnErrorPage(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.back = func(*lanyard.Caller, lanyard.OrganizationID, string, url.Values) (*credential.Outcome, error) {
		panic("sk_marked_secret")
	}
	d.get("/oauth/callback/o/s?code=C").want(t, 500, "Something went wrong on our side.")
	if log := d.log.String(); strings.Contains(log, "sk_marked_secret") || !strings.Contains(log, "msg=panic") || !strings.Contains(log, "status=500") {
		t.Errorf("the log says %s", log)
	}
}

// The access log names routes and people, and no path, for paths hold tokens.
func TestAccessLogHasNoTokens(t *testing.T) {
	for _, r := range everyRoute {
		d := newDoor(t, "").invented().signIn()
		d.send(r.method, r.path+"?code=SECRETCODE", "", "Sec-Fetch-Site", "same-origin")
		log := d.log.String()
		if strings.Contains(log, goodToken) || strings.Contains(log, "/T") || strings.Contains(log, "SECRETCODE") || strings.Contains(log, goodSession) {
			t.Errorf("%s %s: the log says %s", r.method, r.path, log)
		}
		if want := "route=\""; strings.HasPrefix(r.path, "/connect/T") && r.method != "DELETE" && (!strings.Contains(log, want+r.method+" /connect/{token}") || !strings.Contains(log, "user=usr_priya")) {
			t.Errorf("%s %s: the log says %s", r.method, r.path, log)
		}
	}
}
