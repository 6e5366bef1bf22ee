package servertest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// Who may finish a consent: the person who began it, in the browser where it was begun, and nobody else.

func TestA07_A08_A13_AnotherPersonsConsent(t *testing.T) {
	l, evil, victim := consentWorld(t, "acme")
	_, malloryKey := member(t, l, "mallory")
	mallory := signIn(t, l, malloryKey)
	newConnection(t, l, malloryKey, "hers", "acme", "scopes", []string{"read"})
	// Mallory begins, and hands the provider's URL to the victim, who consents there with the victim's own account.
	lured := func() string { return allow(t, l.Leave(t, mallory, connectURL(t, l, malloryKey, "hers"))) }
	untouched := func(t *testing.T) {
		t.Helper()
		exchanged(t, evil, 0)
		if a, b := standing(t, l, malloryKey, "hers"), standing(t, l, l.Key, "acme"); a != "not_connected" || b != "not_connected" {
			t.Errorf("the attacker's connection is %s, the victim's %s", a, b)
		}
	}
	t.Run("A07 victim signed in", func(t *testing.T) {
		refused(t, servertest.Get(t, victim, lured()), 403, someoneElse)
		untouched(t)
	})
	t.Run("A08 victim not signed in", func(t *testing.T) {
		callback, browser := lured(), servertest.Stranger(t)
		refused(t, servertest.Get(t, browser, callback), 401, "Sign in")
		// Signing in leads home and not back to the callback; opened by hand, that is refused as in A07.
		link := l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
		if a := servertest.Get(t, browser, link); a.Status != 303 || a.Header.Get("Location") != "/" {
			t.Errorf("signing in leads to %q: %d", a.Header.Get("Location"), a.Status)
		}
		refused(t, servertest.Get(t, browser, callback), 403, someoneElse)
		untouched(t)
	})
	t.Run("A13 an attacker's code on the victim's browser", func(t *testing.T) {
		// Mallory consents with her own account, and has the victim's browser open the callback.
		hers := lured()
		begun := queryOf(t, begin(t, l, victim, "acme"), "state")
		l.Connect(t, evilOAuth2(t, evil, "second"), nil)
		elsewhere := queryOf(t, begin(t, l, victim, "second"), "state")
		refused(t, servertest.Get(t, victim, edited(t, hers, func(q url.Values) { q.Del("state") })), 400, unknownAnswer)
		refused(t, servertest.Get(t, victim, edited(t, hers, func(q url.Values) { q.Set("state", strings.Repeat("Z", 52)) })), 400, unknownAnswer)
		refused(t, servertest.Get(t, victim, hers), 403, someoneElse)
		refused(t, servertest.Get(t, victim, edited(t, hers, func(q url.Values) { q.Set("state", elsewhere) })), 400, otherService)
		untouched(t)
		// Had she the victim's own state, PKCE would end it: the code was made for another challenge.
		page := resultOf(t, l, victim, servertest.Get(t, victim, edited(t, hers, func(q url.Values) { q.Set("state", begun) })))
		says(t, page, "invalid_grant", "acme is not connected")
		if got := standing(t, l, l.Key, "acme"); got != "not_connected" {
			t.Errorf("the victim's connection is %s", got)
		}
	})
}

func TestA09_StartLinkOfSomebodyElse(t *testing.T) {
	l, evil, victim := consentWorld(t, "acme")
	malloryID, malloryKey := member(t, l, "mallory")
	mallory := signIn(t, l, malloryKey)
	newConnection(t, l, malloryKey, "hers", "acme", "scopes", []string{"read"})
	const notYours = "made for somebody else"

	t.Run("a link that goes straight on", func(t *testing.T) {
		link := connectURL(t, l, malloryKey, "hers")
		refused(t, servertest.Get(t, victim, link), 403, notYours)
		refused(t, servertest.Get(t, victim, link+"/go"), 403, notYours)
		refused(t, servertest.Post(t, victim, link, url.Values{}), 403, notYours)
	})
	t.Run("a link to the page", func(t *testing.T) {
		a := servertest.Post(t, mallory, l.URL+"/connections/hers/connect", nil)
		link := l.URL + a.Header.Get("Location")
		if a.Status != 303 || !strings.HasPrefix(link, l.URL+"/connect/") {
			t.Fatalf("make a link: %d %s", a.Status, a.Body)
		}
		refused(t, servertest.Get(t, victim, link), 403, notYours)
		refused(t, servertest.Get(t, victim, link+"/go"), 403, notYours)
		stranger := servertest.Stranger(t)
		refused(t, servertest.Get(t, stranger, link), 401, "Sign in")
		refused(t, servertest.Get(t, stranger, link+"/go"), 401, "Sign in")
	})
	if n := len(evil.Authorize.Requests()); n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}

	// With "credentials of login user" the victim gets a link of his own. The page names what it is about, another
	// site cannot skip it, and what comes of it is the victim's alone.
	t.Run("credentials of login user", func(t *testing.T) {
		newConnection(t, l, malloryKey, "everybodys", "acme", "scopes", []string{"read"}, "use_login_user_credentials", true)
		needed := l.Must(t, 409, "POST /v1/invoke", object("connection", "everybodys", "url", evil.Bearer.URL), "Lanyard-User", string(l.UserID))
		link, _ := needed.Field(t, "connect_url").(string)
		if needed.Code() != "authorization_required" || link == "" {
			t.Fatalf("invoke: %s", needed.Body)
		}
		page := servertest.Get(t, victim, link)
		if page.Status != 200 {
			t.Fatalf("the page: %d %s", page.Status, page.Body)
		}
		says(t, string(page.Body), "everybodys", "acme", "It belongs to <bdi>mallory@example.com", "You are signed in here as <bdi>The owner", "Your own calls", hostOf(t, evil.URL))
		if a := fetchFrom(t, victim, link+"/go", "cross-site"); a.Status != 303 || l.URL+a.Header.Get("Location") != link {
			t.Errorf("led by another site: %d to %q, want the page", a.Status, a.Header.Get("Location"))
		}
		a := servertest.Get(t, victim, link+"/go")
		back := servertest.Get(t, victim, allow(t, a.Header.Get("Location")))
		says(t, resultOf(t, l, victim, back), "is connected")
		if got := standing(t, l, l.Key, "everybodys"); got != "connected" {
			t.Errorf("for the victim it is %s", got)
		}
		if got := standing(t, l, malloryKey, "everybodys"); got != "not_connected" {
			t.Errorf("for its owner it is %s", got)
		}
		calls := object("connection", "everybodys", "url", evil.Bearer.URL)
		if a := l.Must(t, 200, "POST /v1/invoke", calls, "Lanyard-User", string(l.UserID)); a.Field(t, "status") != 200.0 {
			t.Errorf("the victim calls through it: %s", a.Body)
		}
		if a := l.API(t, "POST /v1/invoke", calls, "Lanyard-User", string(malloryID)); a.Code() != "authorization_required" {
			t.Errorf("its owner calls through it: %d %s", a.Status, a.Body)
		}
	})
	exchanged(t, evil, 1)
}

// fetchFrom opens an address as a browser does that another site led there.
func fetchFrom(t testing.TB, browser *http.Client, address, site string) *servertest.Answer {
	t.Helper()
	return send(t, browser, http.MethodGet, address, "", "Sec-Fetch-Site", site)
}

// send makes a request with headers. The header Host is the request's host.
func send(t testing.TB, browser *http.Client, method, address, body string, headers ...string) *servertest.Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			// A browser finds its cookies by the address that it opened; this client would by Host.
			req.Host = headers[i+1]
			if browser.Jar != nil {
				for _, c := range browser.Jar.Cookies(req.URL) {
					req.AddCookie(c)
				}
			}
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &servertest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: data}
}

func TestA10_SecondBrowser(t *testing.T) {
	l, evil, first := consentWorld(t, "acme")
	second := signIn(t, l, l.Key) // of the same person
	link := connectURL(t, l, l.Key, "acme")

	stranger := servertest.Stranger(t)
	refused(t, servertest.Get(t, stranger, link), 401, "Sign in")
	refused(t, servertest.Get(t, stranger, link+"/go"), 401, "Sign in")

	callback := allow(t, l.Leave(t, first, link))
	refused(t, servertest.Get(t, second, callback), 403, someoneElse)
	exchanged(t, evil, 0)
	if got := standing(t, l, l.Key, "acme"); got != "not_connected" {
		t.Errorf("the connection is %s", got)
	}
	// A session that began after the consent is another one too: signing out ends what was begun.
	if a := servertest.Post(t, first, l.URL+"/sign-out", nil); a.Status != 303 {
		t.Fatalf("sign out: %d", a.Status)
	}
	refused(t, servertest.Get(t, first, callback), 401, "Sign in")
	again := l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
	servertest.Get(t, first, again)
	refused(t, servertest.Get(t, first, callback), 403, someoneElse)
	exchanged(t, evil, 0)
	says(t, resultOf(t, l, second, servertest.Get(t, second, allow(t, l.Leave(t, second, link)))), "is connected")
}

// TestA27_OneKindOfTokenForAnother tries every token of Lanyard in every place of another.
func TestA27_OneKindOfTokenForAnother(t *testing.T) {
	l, evil, browser := consentWorld(t, "acme")
	peer1 := object("link_name", "one", "name", "one", "hosts", []string{hostOf(t, evil.URL)}, "auth", object("type", "oauth1",
		"consumer_key", providertest.EvilConsumerKey, "consumer_secret", providertest.EvilConsumerSecret, "request_token_url", evil.RequestToken.URL,
		"authorize_url", evil.AuthorizeRequestToken.URL, "access_token_url", evil.AccessToken.URL))
	l.Connect(t, peer1, nil)
	link := connectURL(t, l, l.Key, "acme")
	callback := allow(t, l.Leave(t, browser, link))
	here, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	signInLink := l.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
	tokens := map[string]string{
		"session":       cookieOf(t, l, browser, "session"),
		"known browser": cookieOf(t, l, browser, "browser"),
		"API key":       strings.TrimPrefix(l.Key, "lanyard_"),
		"whole API key": l.Key,
		"state":         queryOf(t, callback, "state"),
		"code":          queryOf(t, callback, "code"),
		"request token": queryOf(t, begin(t, l, browser, "one"), "oauth_token"),
		"connect link":  link[strings.LastIndex(link, "/")+1:],
		"sign-in link":  signInLink[strings.LastIndex(signInLink, "/")+1:],
	}
	for name, value := range tokens {
		if value == "" {
			t.Fatalf("the %s is empty", name)
		}
		is := func(own ...string) bool {
			for _, o := range own {
				if o == name {
					return true
				}
			}
			return false
		}
		t.Run(name, func(t *testing.T) {
			if !is("session") {
				stranger := servertest.Stranger(t)
				stranger.Jar.SetCookies(here, []*http.Cookie{{Name: "lanyard_session", Value: value}})
				refused(t, servertest.Get(t, stranger, link), 401, "Sign in")
			}
			if !is("API key", "whole API key") {
				for _, key := range []string{value, "lanyard_" + value} {
					if a := l.As(t, key, "GET /v1/me", nil); a.Status != 401 {
						t.Errorf("as an API key: %d %s", a.Status, a.Body)
					}
				}
			}
			if !is("state") {
				refused(t, servertest.Get(t, browser, callbackOf(l, "acme")+"?code=x&state="+url.QueryEscape(value)), 400, unknownAnswer)
			}
			if !is("request token") {
				refused(t, servertest.Get(t, browser, callbackOf(l, "one")+"?oauth_verifier=x&oauth_token="+url.QueryEscape(value)), 400, unknownAnswer)
			}
			if !is("connect link") {
				for _, path := range []string{"", "/go"} {
					refused(t, servertest.Get(t, browser, l.URL+"/connect/"+url.PathEscape(value)+path), 404, "not known")
				}
			}
			if !is("sign-in link") {
				refused(t, servertest.Get(t, servertest.Stranger(t), l.URL+"/sign-in/"+url.PathEscape(value)), 404, "used already")
			}
			refused(t, servertest.Get(t, servertest.Stranger(t), l.URL+"/setup/"+url.PathEscape(value)), 404, "used already")
			refused(t, servertest.Get(t, browser, l.URL+"/connect/result/"+url.PathEscape(value)), 404, "no such result")
		})
	}
	exchanged(t, evil, 0)
	if n := len(evil.AccessToken.Requests()); n != 0 {
		t.Errorf("%d request tokens were exchanged", n)
	}
	// Each is still good where it belongs.
	servertest.SignIn(t, signInLink)
	says(t, resultOf(t, l, browser, servertest.Get(t, browser, callback)), "is connected")
}
