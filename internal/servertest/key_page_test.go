package servertest_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lanyard/internal/servertest"
)

// TestKeyIsMadeOnThePage: who set Lanyard up in a browser gets a key there, and it is shown once.
func TestKeyIsMadeOnThePage(t *testing.T) {
	l := servertest.Start(t)
	if got := servertest.Post(t, servertest.Stranger(t), l.URL+"/account/keys", nil); got.Status != 401 {
		t.Errorf("a stranger: got %d, want 401", got.Status)
	}
	browser := l.Browser(t)
	if form := servertest.Get(t, browser, l.URL+"/account/keys/new"); !strings.Contains(string(form.Body), `action="/account/keys"`) {
		t.Errorf("there is no form that makes a key:\n%s", form.Body)
	}
	page := servertest.Post(t, browser, l.URL+"/account/keys", url.Values{"name": {"Made on the page"}, "manage": {"on"}, "life": {"90"}})
	key := regexp.MustCompile(`lanyard_[A-Z2-7]+`).FindString(string(page.Body))
	if page.Status != http.StatusOK || page.Header.Get("Cache-Control") != "no-store" || key == "" {
		t.Fatalf("got %d %q:\n%s", page.Status, page.Header.Get("Cache-Control"), page.Body)
	}
	me := l.As(t, key, "GET /v1/me", nil)
	if me.Status != 200 || me.Field(t, "user.id") != string(l.UserID) {
		t.Errorf("the key is good for %d %s", me.Status, me.Body)
	}
	if again := servertest.Get(t, browser, l.URL+"/account/keys"); again.Status != 405 || strings.Contains(string(again.Body), key) {
		t.Errorf("looking again: %d", again.Status)
	}
	if list := l.Must(t, 200, "GET /v1/api_keys", nil); strings.Contains(string(list.Body), key) || !strings.Contains(string(list.Body), "Made on the page") {
		t.Errorf("the list: %s", list.Body)
	}
}
