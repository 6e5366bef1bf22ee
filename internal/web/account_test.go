package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/store"
)

func TestSignInWithPassword(t *testing.T) {
	const marked = "marked password"
	form := url.Values{"email": {"you@zylker.example"}, "password": {marked}}
	t.Run("there and back", func(t *testing.T) {
		d := newDoor(t, "").invented()
		d.get("/organization").want(t, 401, "Sign in to go on", `action="/sign-in"`, `autocomplete="current-password"`)
		a := d.send("POST", "/sign-in", form.Encode(), "Sec-Fetch-Site", "same-origin", "User-Agent", "agent", "Cookie", "lanyard_browser=before")
		a.goesTo(t, "/organization")
		if a.cookies["lanyard_session"].Value != goodSession || a.cookies["lanyard_browser"].Value != "known" {
			t.Errorf("the cookies are %v", a.cookies)
		}
		if b := d.browser; b.Agent != "agent" || b.Known.Reveal() != "before" || !b.Address.IsLoopback() {
			t.Errorf("the account was told of %+v", b)
		}
		d.get("/sign-in").goesTo(t, "/")
	})
	for name, c := range map[string]struct {
		err    error
		status int
		want   []string
	}{
		"wrong":  {lanyard.Errorf(lanyard.CodeInvalidRequest, "The e-mail address or the password is not right."), 400, []string{`role="alert"`, "The e-mail address or the password is not right."}},
		"slowed": {&lanyard.Error{Code: lanyard.CodeRateLimited, Message: "Try again in 32 seconds.", RetryAfter: 32 * time.Second}, 429, []string{`role="alert"`, "Try again in 32 seconds."}},
		"empty":  {&lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/password", Detail: "enter your password"}}}, 400, []string{`id="password-error">Enter your password.`}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t, "").invented()
			d.signInErr = c.err
			a := d.post("/sign-in", form)
			a.want(t, c.status, append(c.want, `value="you@zylker.example"`, "<title>Error: Sign in")...)
			a.lacks(t, marked)
			if len(a.cookies) > 0 || strings.Contains(d.log.String(), marked) {
				t.Errorf("cookies %v; log %s", a.cookies, d.log)
			}
			if got := a.header.Get("Retry-After"); (got == "32") != (c.status == 429) {
				t.Errorf("Retry-After: %q", got)
			}
		})
	}
}

func TestI11_SigningOutEmptiesTheBrowser(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	a := d.post("/sign-out", nil)
	if got, want := a.header.Get("Clear-Site-Data"), `"cache"`; got != want || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Clear-Site-Data: got %s, want %s", got, want)
	}
	for _, path := range []string{"/account", "/organization"} {
		d.get(path).want(t, 401)
	}
}

// TestJ02: the address is what the connection says, unless a proxy of the operator's says better.
func TestJ02_ForwardedAddresses(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, c := range map[string]struct {
		remote  string
		header  []string
		trusted []netip.Prefix
		want    string
	}{
		"no proxy":                     {"203.0.113.9:5", nil, proxies, "203.0.113.9"},
		"spoofed, nobody is trusted":   {"203.0.113.9:5", []string{"192.0.2.1"}, nil, "203.0.113.9"},
		"spoofed by a stranger":        {"203.0.113.9:5", []string{"192.0.2.1"}, proxies, "203.0.113.9"},
		"by a proxy":                   {"10.0.0.1:5", []string{"192.0.2.1"}, proxies, "192.0.2.1"},
		"spoofed before a proxy":       {"10.0.0.1:5", []string{"198.51.100.1, 192.0.2.1"}, proxies, "192.0.2.1"},
		"by two proxies":               {"10.0.0.1:5", []string{"198.51.100.1, 192.0.2.1, 10.0.0.2"}, proxies, "192.0.2.1"},
		"in two headers":               {"10.0.0.1:5", []string{"198.51.100.1", "192.0.2.1 ,10.0.0.2"}, proxies, "192.0.2.1"},
		"spoofed as a proxy":           {"10.0.0.1:5", []string{"10.0.0.7, 192.0.2.1"}, proxies, "192.0.2.1"},
		"a proxy that says nothing":    {"10.0.0.1:5", nil, proxies, "10.0.0.1"},
		"no address":                   {"10.0.0.1:5", []string{"192.0.2.1, unknown"}, proxies, "10.0.0.1"},
		"nothing but proxies":          {"10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, proxies, "10.0.0.3"},
		"IPv6":                         {"[fd00::1]:5", []string{"2001:db8::1"}, proxies, "2001:db8::1"},
		"IPv4 in IPv6":                 {"[::ffff:10.0.0.1]:5", []string{"::ffff:192.0.2.1"}, proxies, "192.0.2.1"},
		"a connection without address": {"@", []string{"192.0.2.1"}, proxies, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Header["X-Forwarded-For"] = c.remote, c.header
			if got := clientAddress(r, c.trusted).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestChangePassword(t *testing.T) {
	form := url.Values{"current": {"marked current"}, "new": {" marked new "}}
	t.Run("done", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.get("/account/password").want(t, 200, "2 other sessions and 3 API keys", "4 connected accounts", `autocomplete="new-password"`)
		a := d.post("/account/password", form)
		a.goesTo(t, "/account")
		if a.cookies["lanyard_session"] == nil || a.cookies["lanyard_browser"] == nil {
			t.Errorf("I05: the session has no new id: %v", a.cookies)
		}
		d.get("/account").want(t, 200, "Your password is changed", "2 other sessions and 1 API key ended. 3 connected accounts stayed connected.")
	})
	t.Run("faults", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.passwordErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/current_password", Detail: "wrong"}, {Pointer: "/new_password", Detail: "short"}}}
		a := d.post("/account/password", form)
		a.want(t, 400, `id="current-error">Wrong.`, `id="new-error">Short.`, "Your password is as it was", "2 other sessions and 3 API keys")
		a.lacks(t, "marked")
		if len(a.cookies) > 0 || strings.Contains(d.log.String(), "marked") {
			t.Errorf("cookies %v; log %s", a.cookies, d.log)
		}
	})
	t.Run("a first one", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.own = inventedOwn()
		d.own.HasPassword = false
		a := d.get("/account/password")
		a.want(t, 200, "Set a password")
		a.lacks(t, "Current password", "Ends at once")
	})
}

func TestAccountPage(t *testing.T) {
	d := newDoor(t, "").invented().signIn()
	d.own = inventedOwn()
	d.own.NextKeys = "k+1"
	d.get("/account?sessions=s").want(t, 200, "Firefox on Linux", "Another browser or program", `action="/account/sessions/phone/end"`, "…K5QT",
		`href="/account?keys=k%2B1&amp;sessions=s#keys"`, `href="/account?#sessions"`, `href="/account/keys/key_A/delete"`)
	d.post("/account/sessions/phone/end", nil).goesTo(t, "/account")
	d.post("/account/sessions/end", nil).goesTo(t, "/account")
	d.get("/account").want(t, 200, "2 sessions ended. You are signed in here only.")
	if got, want := d.changes(), "EndSession:phone EndOtherSessions"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestKeysOnThePage(t *testing.T) {
	t.Run("made", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		a := d.post("/account/keys", url.Values{"name": {" nightly "}, "act_for_users": {"on"}, "only": {"acme_crm,\r\ninvoices  a"}, "life": {"30"}})
		a.want(t, 200, "lanyard_INVENTED", "nightly")
		manage := false
		want := account.NewKey{Name: "nightly", ActForUsers: true, Manage: &manage, Connections: []string{"acme_crm", "invoices", "a"}}
		got := d.key
		if in := time.Until(got.ExpiresAt); in < 29*24*time.Hour || in > 30*24*time.Hour+time.Hour {
			t.Errorf("it ends in %v, want 30 days", in)
		}
		got.ExpiresAt = time.Time{}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("without an end, with every right", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.post("/account/keys", url.Values{"name": {"x"}, "manage": {"on"}, "life": {"0"}}).want(t, 200)
		if !d.key.ExpiresAt.IsZero() || !*d.key.Manage || d.key.ActForUsers || len(d.key.Connections) != 0 {
			t.Errorf("got %+v", d.key)
		}
	})
	t.Run("faults keep what was typed", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.keyErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/connections/1", Detail: "this is no link name"}}}
		d.post("/account/keys", url.Values{"name": {"night<ly"}, "manage": {"on"}, "only": {"acme 1x"}, "life": {"365"}}).want(t, 400,
			`value="night&lt;ly"`, "acme 1x</textarea>", `<option value="365" selected>`, `id="only-error">This is no link name.`, `name="manage" value="on" checked`)
		d.post("/account/keys", url.Values{"name": {"x"}, "life": {"9999"}}).want(t, 400, "Choose one of these.")
		if d.changes() != "" {
			t.Errorf("this was done: %s", d.changes())
		}
	})
	t.Run("deleted after asking", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.get("/account/keys/key_A/delete").want(t, 200, "Delete the API key <bdi>nightly report</bdi>?", "cannot be brought back")
		if d.changes() != "" {
			t.Errorf("looking did this: %s", d.changes())
		}
		d.post("/account/keys/key_A/delete", nil).goesTo(t, "/account")
		d.get("/account").want(t, 200, "The API key is deleted")
		d.get("/account/keys/nothing/delete").want(t, 404, "There is no such API key.")
	})
}

func TestOrganizationPage(t *testing.T) {
	t.Run("owner", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.get("/organization").want(t, 200, "Zylker Instruments", "org_INVENTEDINVENTEDINVENTED", d.server.URL+"/oauth/callback/org_INVENTEDINVENTEDINVENTED/", `action="/organization"`)
		d.post("/organization", url.Values{"name": {" Zylker "}}).goesTo(t, "/organization")
		if got, want := d.changes(), "RenameOrganization:Zylker"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		d.renameErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/name", Detail: "a name is required"}}}
		d.post("/organization", url.Values{"name": {`"<b>`}}).want(t, 400, "A name is required.", `value="&#34;&lt;b&gt;"`)
		d.renameErr = lanyard.Errorf(lanyard.CodeForbidden, "Only owners and admins may change the organization.")
		d.post("/organization", url.Values{"name": {"x"}}).want(t, 403, "Only owners and admins")
	})
	t.Run("member", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.rooms.accountRooms.organization = inventedOrganization()
		d.rooms.accountRooms.organization.Editable = false
		d.get("/organization").lacks(t, `action="/organization"`)
	})
	t.Run("many", func(t *testing.T) {
		if got := number(store.CountedUpTo + 1); got != "more than 10,000" {
			t.Errorf("got %s", got)
		}
	})
}

// TestI01 for what people name on these pages.
func TestI01_NamesOfPeopleAndKeysAreText(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onfocus=alert(1) {{.}} javascript:alert(1)`
	d := newDoor(t, "").invented().signIn()
	d.own = inventedOwn()
	d.own.User.Name, d.own.User.Email, d.own.Organization.Name = evil, evil, evil
	for i := range d.own.Keys {
		d.own.Keys[i].Name, d.own.Keys[i].Hint, d.own.Keys[i].Rights.Connections = evil, evil, []lanyard.LinkName{evil}
	}
	d.own.Sessions[0].Browser, d.own.Sessions[1].Hash = evil, evil
	o := inventedOrganization()
	o.Name, o.ID = evil, evil
	d.rooms.accountRooms.organization = o
	d.signInErr = lanyard.Errorf(lanyard.CodeInvalidRequest, "%s", evil)
	d.keyErr, d.renameErr, d.passwordErr = d.signInErr, d.signInErr, d.signInErr
	typed := url.Values{"name": {evil}, "email": {evil}, "only": {evil}, "life": {"30"}}
	for name, a := range map[string]answer{
		"account": d.get("/account"), "organization": d.get("/organization"), "sign in": d.post("/sign-in", typed), "key": d.post("/account/keys", typed),
		"password": d.post("/account/password", typed), "rename": d.post("/organization", typed), "life": d.post("/account/keys", url.Values{"life": {evil}, "name": {evil}}),
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(a.body, "alert(1)") {
				t.Fatalf("nothing was shown: %s", a.main())
			}
			// A shell page has scripts of its own; what was typed made none.
			for _, fault := range slices.DeleteFunc(activeContent(t, a.body), func(s string) bool { return strings.HasPrefix(s, `<script src="/assets/`) }) {
				t.Errorf("this is alive: %s", fault)
			}
		})
	}
}
