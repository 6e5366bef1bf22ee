package servertest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"lanyard/internal/servertest"
)

// TestH05_HelperRoutes: besides invoke and the proxy (H04), what can make Lanyard call a service are the ways to connect,
// with their verification request. For somebody of another organization they are not there, and nothing is called; nor
// does any of them take a URL of the caller's own.
func TestH05_HelperRoutes(t *testing.T) {
	var called atomic.Int64
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) }))
	t.Cleanup(upstream.Close)
	a := servertest.Start(t)
	b := a.Organization(t, "other")
	definition := object("link_name", "acme", "base_url", upstream.URL, "verify_url", upstream.URL+"/me", "hosts", []string{hostOf(t, upstream.URL)}, "auth", object("type", "basic"))
	a.Connect(t, definition, nil)
	link := a.Must(t, 200, "POST /v1/connections/acme/connect", object()).Field(t, "connect_url").(string)
	stranger := b.Browser(t)
	form := url.Values{"credential.username": {"u"}, "credential.password": {"p"}}
	for what, got := range map[string]*servertest.Answer{
		"connect by the API":     b.API(t, "POST /v1/connections/acme/connect", object("credentials", object("username", "u", "password", "p"))),
		"revoke by the API":      b.API(t, "POST /v1/connections/acme/revoke", nil),
		"open the page":          servertest.Get(t, stranger, link),
		"send the page":          servertest.Post(t, stranger, link, form),
		"go on to the provider":  servertest.Get(t, stranger, link+"/go"),
		"make a page by name":    servertest.Post(t, stranger, a.URL+"/connections/acme/connect", nil),
		"read a result":          servertest.Get(t, stranger, a.URL+"/connect/result/cns_UNKNOWN"),
		"make a connection with": b.API(t, "POST /v1/connections", object("link_name", "mine", "name", "Mine", "service", "acme")),
	} {
		if got.Status != 404 && (what != "make a connection with" || got.Status != 400) {
			t.Errorf("%s: got %d %s, want 404", what, got.Status, got.Body)
		}
		if strings.Contains(string(got.Body), upstream.URL) {
			t.Errorf("%s tells of the other organization's service: %s", what, got.Body)
		}
	}
	for _, own := range []string{"url", "verify_url", "base_url", "access_token_url"} {
		got := a.API(t, "POST /v1/connections/acme/connect", object("credentials", object("username", "u", "password", "p"), own, upstream.URL+"/elsewhere"))
		if got.Status != 400 || !strings.Contains(string(got.Body), "/"+own) {
			t.Errorf("a %s of the caller's own: got %d %s", own, got.Status, got.Body)
		}
	}
	if n := called.Load(); n != 0 {
		t.Errorf("the upstream was called %d times", n)
	}
	// The positive control: the owner connects, and the verification request arrives.
	a.Must(t, 200, "POST /v1/connections/acme/connect", object("credentials", object("username", "u", "password", "p")))
	if n := called.Load(); n != 1 {
		t.Errorf("connecting made %d calls, want the verification request", n)
	}
}
