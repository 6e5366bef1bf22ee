package web

import (
	"net/url"
	"strings"
	"testing"

	"lanyard"
)

func TestResetPages(t *testing.T) {
	t.Run("opening a link changes nothing", func(t *testing.T) {
		d := newDoor(t, "").invented()
		d.get("/reset/"+goodToken).want(t, 200, "4 connected accounts", `autocomplete="new-password"`, `name="revoke_access"`)
		d.get("/reset/OTHER").want(t, 404)
		if got := d.changes(); got != "" {
			t.Errorf("this was done: %s", got)
		}
	})
	t.Run("setting a password signs in", func(t *testing.T) {
		d := newDoor(t, "").invented()
		a := d.post("/reset/"+goodToken, url.Values{"new": {"other plain words there"}, "revoke_access": {"on"}})
		a.goesTo(t, "/")
		if a.cookies["lanyard_session"].Value != goodSession || !d.revoke {
			t.Errorf("cookies %v, revoked: %t", a.cookies, d.revoke)
		}
	})
	t.Run("what was chosen is not lost", func(t *testing.T) {
		d := newDoor(t, "").invented()
		d.resetErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/new_password", Detail: "choose another one"}}}
		a := d.post("/reset/"+goodToken, url.Values{"new": {"marked password"}, "revoke_access": {"on"}})
		a.want(t, 400, `id="new-error">Choose another one.`, `name="revoke_access" value="on" checked`)
		a.lacks(t, "marked password")
	})
	t.Run("a link for somebody is shown once", func(t *testing.T) {
		d := newDoor(t, "").invented().signIn()
		d.get("/organization/people/usr_ci/reset").lacks(t, "/reset/INVENTED")
		d.post("/organization/people/usr_ci/reset", url.Values{"revoke_access": {"on"}}).want(t, 200, inventedResetLink().URL.Reveal(), "shows it this once")
		if d.changes() != "CreateResetLink:usr_ci" || !d.revoke || strings.Contains(d.log.String(), inventedResetLink().URL.Reveal()) {
			t.Errorf("done: %s, revoking: %t; log %s", d.changes(), d.revoke, d.log)
		}
	})
	t.Run("the answer is the same for everybody", func(t *testing.T) {
		d := newDoor(t, "").invented()
		d.post("/sign-in/forgot", url.Values{"email": {" you@zylker.example "}}).want(t, 200, "If somebody here has this address")
		if got := d.changes(); got != "RequestReset:you@zylker.example" {
			t.Errorf("done: %s", got)
		}
		d.noMail = true
		d.get("/sign-in/forgot").want(t, 200, "sends no mail", "lanyard users reset-password")
	})
}

func TestSignOnPages(t *testing.T) {
	const provider = "https://login.zylker.example/authorize?state=S"
	t.Run("by the bookmark", func(t *testing.T) {
		d := newDoor(t, "").invented()
		a := d.get("/sign-in/organization/org_zylker", "Sec-Fetch-Site", "none")
		a.goesTo(t, provider)
		if c := a.cookies["lanyard_sign_on"]; c == nil || c.Value != "begun-here" || !c.HttpOnly || c.MaxAge != 600 {
			t.Errorf("the cookie is %v", c)
		}
	})
	t.Run("I04: another site leads there", func(t *testing.T) {
		d := newDoor(t, "").invented()
		a := d.get("/sign-in/organization/org_zylker", "Sec-Fetch-Site", "cross-site")
		a.want(t, 200, "Sign in to <bdi>Zylker Instruments</bdi>?", `action="/sign-in/organization/org_zylker"`)
		if d.changes() != "" || len(a.cookies) > 0 {
			t.Errorf("done: %s; cookies %v", d.changes(), a.cookies)
		}
		for _, looking := range [][]string{{"HEAD", ""}, {"GET", "prefetch"}} {
			d.send(looking[0], "/sign-in/organization/org_zylker", "", "Sec-Purpose", looking[1])
		}
		if d.changes() != "" {
			t.Errorf("looking did: %s", d.changes())
		}
		// A form that ends at another site is blocked by the policy, so a page goes on.
		d.post("/sign-in/organization/org_zylker", nil).want(t, 200, "Going on to", "login.zylker.example")
	})
	t.Run("back again", func(t *testing.T) {
		d := newDoor(t, "").invented()
		a := d.get("/sign-in/callback/org_zylker?code=C&state=S", "Sec-Fetch-Site", "cross-site", "Cookie", "lanyard_sign_on=begun-here; lanyard_return=%2Fscripts")
		a.goesTo(t, "/scripts")
		if d.kept.Reveal() != "begun-here" || d.came.Get("state") != "S" || a.cookies["lanyard_session"].Value != goodSession || a.cookies["lanyard_sign_on"].MaxAge > 0 {
			t.Errorf("kept %s, came with %v, cookies %v", d.kept.Reveal(), d.came, a.cookies)
		}
		if strings.Contains(d.log.String(), "code=C") {
			t.Errorf("the log has the code: %s", d.log)
		}
	})
	t.Run("a provider that fails", func(t *testing.T) {
		d := newDoor(t, "").invented()
		d.startErr = lanyard.Errorf(lanyard.CodeInvalidRequest, "Nobody was signed in.")
		a := d.get("/sign-in/callback/org_zylker?code=C&state=S", "Cookie", "lanyard_sign_on=begun-here")
		a.want(t, 400, "Nobody was signed in.")
		if a.cookies["lanyard_session"] != nil {
			t.Error("there is a session")
		}
	})
}

func TestSettingUpSingleSignOnOnThePage(t *testing.T) {
	form := url.Values{"issuer": {" https://login.zylker.example "}, "client_id": {"c"}, "client_secret": {"marked secret"}, "domains": {"a.example, b.example\nc.example"},
		"role_claim": {"groups"}, "admin_values": {"one group\ntwo"}, "may_join": {"on"}}
	d := newDoor(t, "").invented().signIn()
	d.post("/organization/single-sign-on", form).goesTo(t, "/organization/single-sign-on")
	if s := d.set; s.Issuer != "https://login.zylker.example" || s.ClientSecret.Reveal() != "marked secret" || len(s.Domains) != 3 || len(s.AdminValues) != 2 || s.AdminValues[0] != "one group" || !s.MayJoin || s.PasswordOff {
		t.Errorf("saved %+v", s)
	}
	d.setErr = &lanyard.Error{Code: lanyard.CodeConflict, Fields: []lanyard.FieldError{{Pointer: "/domains/1", Detail: "the domain b.example belongs to another organization"}}}
	a := d.post("/organization/single-sign-on", form)
	a.want(t, 409, `id="domains-error">The domain b.example`, "one group\ntwo", `name="may_join" value="on" checked`)
	a.lacks(t, "marked secret")
	d.get("/organization/single-sign-on").lacks(t, "never shown\"")
	d.get("/organization/single-sign-on/delete").want(t, 200, "End single sign-on?")
	d.post("/organization/single-sign-on/delete", nil).goesTo(t, "/organization/single-sign-on")
}
