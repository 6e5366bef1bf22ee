package web

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// TestI10_Cookies that are too long, made up or planted are as good as none: nobody is signed in by them, nothing of
// them is shown as if it were ours, and no page fails.
func TestI10_Cookies(t *testing.T) {
	long := strings.Repeat("x", 5000) // a browser keeps up to 4,096 bytes, but who sends it need not be one
	for what, value := range map[string]string{"long": long, "empty": "", "not base64": "%%%", "no list": base64.RawURLEncoding.EncodeToString([]byte(`{"a":1}`)),
		"another variant": base64.RawURLEncoding.EncodeToString([]byte(`["evil","Title","Text"]`))} {
		for _, name := range []string{sessionCookie, returnCookie, browserCookie, noticeCookie, othersCookie, lastCookie} {
			t.Run(name+"/"+what, func(t *testing.T) {
				cookies := "lanyard_" + name + "=" + value
				d := newDoor(t, "").invented()
				d.send("POST", "/sign-in", "email=a@example.com&password=p", "Cookie", cookies).goesTo(t, "/")
				d = newDoor(t, "").invented()
				d.get("/account", "Cookie", cookies).want(t, 401)
				if name != sessionCookie {
					d.get("/tour", "Cookie", cookies+"; lanyard_session="+goodSession).want(t, 200)
				}
			})
		}
	}
	t.Run("a neighbour's are not believed", func(t *testing.T) {
		// Over https only the __Host- names count, which a sub-domain cannot set.
		d := newDoor(t, "https://lanyard.example").invented()
		notice := base64.RawURLEncoding.EncodeToString([]byte(`["ok","planted",""]`))
		d.send("POST", "/sign-in", "email=a@example.com&password=p", "Cookie", "lanyard_return=%2Fplanted").goesTo(t, "/")
		d = newDoor(t, "https://lanyard.example").invented()
		d.get("/tour", "Cookie", "lanyard_session="+goodSession).want(t, 401)
		d.get("/tour", "Cookie", "lanyard_notice="+notice+"; __Host-lanyard_session="+goodSession).lacks(t, "planted")
	})
}

// What a step came to is shown once, as text, and not to whoever signs in next.
func TestNoticeIsForThisSession(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	made := d.post("/organization", url.Values{"name": {"New"}})
	if made.cookies["lanyard_notice"] == nil {
		t.Fatalf("there is no notice, but %v", made.cookies)
	}
	shown := d.get("/tour")
	shown.want(t, 200, "The name is saved")
	if c := shown.cookies["lanyard_notice"]; c == nil || c.MaxAge >= 0 {
		t.Errorf("it is kept: %v", c)
	}
	out := d.post("/sign-out", nil)
	if c := out.cookies["lanyard_notice"]; c == nil || c.MaxAge >= 0 {
		t.Errorf("signing out keeps it: %v", c)
	}
}
