package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/credential"
)

func TestEmbedScript(t *testing.T) {
	d := newDoor(t, "")
	a := d.get("/embed.js")
	a.want(t, 200, "data-lanyard-connect")
	for name, want := range map[string]string{
		"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "public, max-age=600", "Cross-Origin-Resource-Policy": "cross-origin", "X-Content-Type-Options": "nosniff",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(a.cookies) > 0 {
		t.Errorf("the script sets %v", a.cookies)
	}
	if again := d.get("/embed.js", "If-None-Match", a.header.Get("ETag")); again.status != http.StatusNotModified {
		t.Errorf("the same again is a %d", again.status)
	}
	// I08: a message goes to one origin, and one is believed from one window of one origin.
	for _, script := range []string{a.body, string(read("connect_ended.js"))} {
		if strings.Contains(script, `"*"`) || strings.Count(script, "postMessage(") == 0 || !strings.Contains(script, "event.origin !==") || !strings.Contains(script, "event.source !==") {
			t.Errorf("a script does not compare origins:\n%s", script)
		}
	}
}

func TestConnectSessionPages(t *testing.T) {
	const flow = "lanyard_flow"
	newSession := func(t *testing.T, popup bool) *door {
		d := newDoor(t, "").invented()
		d.sessions, d.ended = inventedOpened(popup), inventedEnd(popup)
		d.page.Asker, d.page.Application, d.page.ForUser = "Zylker Instruments", "app.zylker.example", "A customer"
		return d
	}
	t.Run("the page says who asks and for whom, and gives the browser its cookie", func(t *testing.T) {
		d := newSession(t, false)
		a := d.get("/connect/session/T")
		a.want(t, 200, "Zylker Instruments", "app.zylker.example", "A customer", `action="/connect/session/T"`, "error=access_denied")
		c := a.cookies[flow]
		if c == nil || c.Value != "INVENTEDFLOW" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
			t.Errorf("the cookie is %v", c)
		}
		if d.get("/connect/session/T"); d.flow.Reveal() != "INVENTEDFLOW" {
			t.Errorf("the keeper was given the flow %q", d.flow.Reveal())
		}
	})
	t.Run("A27: neither cookie is taken for the other", func(t *testing.T) {
		d := newSession(t, false).signIn()
		if d.get("/connect/session/T"); !d.flow.IsZero() {
			t.Error("the session cookie was taken for a flow")
		}
		d = newSession(t, false)
		d.get("/connect/session/T")
		d.get("/connections").want(t, 401, "Sign in")
	})
	t.Run("what is typed ends at the application, by a page that goes on", func(t *testing.T) {
		d := newSession(t, false)
		d.outcome = &credential.Outcome{Result: "/connect/ended/org_zylker/cse_INVENTED", EndUser: true}
		d.get("/connect/session/T")
		d.post("/connect/session/T", url.Values{"credential.X-Api-Key": {"k"}}).want(t, 200, "/connect/ended/org_zylker/cse_INVENTED", "app.zylker.example")
		d.get("/connect/ended/org_zylker/cse_INVENTED").goesTo(t, "https://app.zylker.example/settings?tab=apps&session=cse_INVENTED&code=INVENTEDCODE")
	})
	t.Run("only a pop-up keeps its opener", func(t *testing.T) {
		for popup, want := range map[bool]string{false: "same-origin", true: "unsafe-none"} {
			d := newSession(t, popup)
			if !popup {
				d.ended.Error = "access_denied"
			}
			for _, path := range []string{"/connect/session/T", "/connect/session/T/go", "/connect/ended/org_zylker/cse_INVENTED"} {
				if got := d.get(path).header.Get("Cross-Origin-Opener-Policy"); got != want {
					t.Errorf("pop-up %v, %s: %s, want %s", popup, path, got, want)
				}
			}
		}
	})
	t.Run("the callback is given the flow, and keeps the opener for it alone", func(t *testing.T) {
		d := newSession(t, true)
		d.get("/connect/session/T")
		if got := d.get("/oauth/callback/org_zylker/acme?code=c&state=s").header.Get("Cross-Origin-Opener-Policy"); got != "same-origin" {
			t.Errorf("a signed-in user's callback: %s", got)
		}
		d.back = func(*lanyard.Caller, lanyard.OrganizationID, string, url.Values) (*credential.Outcome, error) {
			return &credential.Outcome{Result: "/connect/ended/org_zylker/cse_INVENTED", EndUser: true}, nil
		}
		a := d.get("/oauth/callback/org_zylker/acme?code=c&state=s")
		a.goesTo(t, "/connect/ended/org_zylker/cse_INVENTED")
		if got := a.header.Get("Cross-Origin-Opener-Policy"); got != "unsafe-none" {
			t.Errorf("an end user's callback: %s", got)
		}
	})
	t.Run("a link of somebody else", func(t *testing.T) {
		d := newDoor(t, "")
		d.get("/connect/session/T").want(t, 404, "not known or too old")
		d.get("/connect/ended/org_zylker/cse_INVENTED").want(t, 404, "nothing to finish")
	})
}

func TestRotateKeyPages(t *testing.T) {
	d := newDoor(t, "").signIn().invented()
	d.get("/account/keys/key_A/rotate").want(t, 200, "Rotate the API key", "One day")
	d.post("/account/keys/key_A/rotate", url.Values{"overlap": {"1"}}).want(t, 200, "lanyard_INVENTED", "The key before still works")
	d.post("/account/keys/key_A/rotate", url.Values{"overlap": {"soon"}}).want(t, 400, "Choose one of these.")
	d.post("/account/keys/key_A/end-previous", nil).goesTo(t, "/account#keys")
	d.get("/account/keys/key_A/end-previous").want(t, 404, "no other one before it")
	got := strings.Join(d.calls, " ")
	if !strings.Contains(got, "RotateKey:key_A:true EndPreviousKey:key_A") {
		t.Errorf("the calls were %s", got)
	}
}
