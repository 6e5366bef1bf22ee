package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/credential"
)

// both are the cookies of a browser that is signed in to two organizations, visiting's and another.
const both = "lanyard_session=" + goodSession + "; lanyard_others=" + otherSession

// TestSwitch: switching exchanges the current session and another one of this browser, and nothing else.
func TestSwitch(t *testing.T) {
	for _, c := range []struct {
		what, cookies, to string
		status            int
		session, others   string // that are set; empty: the cookie stays as it is
	}{
		{"to the other", both, "org_other", 303, otherSession, goodSession},
		{"to the one that is open", both, "org_zylker", 303, goodSession, otherSession},
		{"with one organization", "lanyard_session=" + goodSession, "org_zylker", 303, "", ""},
		{"to one that the browser is not signed in to", both, "org_foreign", 404, "", ""},
		{"to nowhere", both, "%00", 404, "", ""},
		{"by an ended session", "lanyard_session=" + goodSession + "; lanyard_others=ended", "org_other", 404, "", ""},
		{"ended ones are dropped", both + ".ended.%3B.", "org_other", 303, otherSession, goodSession},
		{"the same twice", "lanyard_session=" + goodSession + "; lanyard_others=" + goodSession + "." + otherSession, "org_other", 303, otherSession, goodSession},
		{"when the current one ended", "lanyard_session=ended; lanyard_others=" + goodSession + "." + otherSession, "org_other", 303, otherSession, goodSession},
		{"as nobody", "", "org_other", 401, "", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := newDoor(t, "").invented()
			a := d.send("POST", "/organizations/"+c.to+"/switch", "", "Cookie", c.cookies)
			a.want(t, c.status)
			for name, want := range map[string]string{"lanyard_session": c.session, "lanyard_others": c.others} {
				got := ""
				if cookie := a.cookies[name]; cookie != nil {
					got = cookie.Value
				}
				if got != want {
					t.Errorf("%s is set to %q, want %q", name, got, want)
				}
			}
			if d.changes() != "" {
				t.Errorf("this was done: %s", d.changes())
			}
		})
	}
}

// TestJoin: what begins stands beside the sessions of other organizations, in place of the one in its own.
func TestJoin(t *testing.T) {
	for _, c := range []struct {
		what, cookies string
		others        string // that are set
		done          string
	}{
		{"the first", "", "", "SignInWithPassword:a@example.com"},
		{"beside another", "lanyard_session=" + otherSession, otherSession, "SignInWithPassword:a@example.com"},
		{"again", "lanyard_session=" + goodSession, "", "SignInWithPassword:a@example.com SignOut:" + goodSession},
		{"again, beside another", both, otherSession, "SignInWithPassword:a@example.com SignOut:" + goodSession},
		{"beside what ended", "lanyard_session=ended; lanyard_others=x.y", "", "SignInWithPassword:a@example.com"},
		{"beside more than fit", "lanyard_session=x; lanyard_others=" + strings.Repeat("x.", 3000), "", "SignInWithPassword:a@example.com"},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := newDoor(t, "").invented()
			a := d.send("POST", "/sign-in", "email=a@example.com&password=p", "Cookie", c.cookies)
			a.goesTo(t, "/")
			if got := a.cookies["lanyard_session"]; got == nil || got.Value != goodSession {
				t.Errorf("the session is %v", got)
			}
			got := ""
			if cookie := a.cookies["lanyard_others"]; cookie != nil {
				got = cookie.Value
			}
			if got != c.others {
				t.Errorf("the others are %q, want %q", got, c.others)
			}
			if d.changes() != c.done {
				t.Errorf("done: %q, want %q", d.changes(), c.done)
			}
		})
	}
}

// TestWhichIsCurrent: of sessions that begin together, the one where the browser was not signed in yet, else the one
// that was used last, else the first.
func TestWhichIsCurrent(t *testing.T) {
	for _, c := range []struct{ what, cookies, want string }{
		{"nothing is known", "", goodSession},
		{"used last", "lanyard_last=org_other", otherSession},
		{"used last, and gone since", "lanyard_last=org_gone", goodSession},
		{"new beside the one that is open", "lanyard_session=" + goodSession + "; lanyard_last=org_zylker", otherSession},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := newDoor(t, "").invented()
			d.alsoIn = []account.SignedIn{{User: abroad().user, Session: lanyard.NewSecret(otherSession)}}
			a := d.send("POST", "/sign-in", "email=a@example.com&password=p", "Cookie", c.cookies)
			if got := a.cookies["lanyard_session"].Value; got != c.want {
				t.Errorf("the current session is %q, want %q", got, c.want)
			}
			if a.cookies["lanyard_others"] == nil || a.cookies["lanyard_others"].Value == c.want {
				t.Errorf("the others are %v", a.cookies["lanyard_others"])
			}
		})
	}
}

// TestSignOutOfAll: signing out ends every session of the browser, and the button says so.
func TestSignOutOfAll(t *testing.T) {
	d := newDoor(t, "").invented()
	d.get("/tour", "Cookie", both).want(t, 200, "Sign out of 2 organizations")
	a := d.send("POST", "/sign-out", "", "Cookie", both)
	if got, want := d.changes(), "SignOut:"+goodSession+" SignOut:"+otherSession; got != want {
		t.Errorf("done: %q, want %q", got, want)
	}
	for _, name := range []string{"lanyard_session", "lanyard_others"} {
		if c := a.cookies[name]; c == nil || c.MaxAge >= 0 {
			t.Errorf("%s is kept: %v", name, c)
		}
	}
}

// TestH16_FormsActWhereTheyStand: a form of one organization's page is for that organization, although the person
// switched in another tab since. Nothing names an organization that the browser is not signed in to.
func TestH16_FormsActWhereTheyStand(t *testing.T) {
	page := newDoor(t, "").invented().get("/organization", "Cookie", both)
	page.want(t, 200, `name="_organization" value="org_zylker"`)
	if forms, named := strings.Count(page.body, `method="post"`), strings.Count(page.body, `name="_organization"`); forms != named {
		t.Errorf("%d of %d forms name their organization", named, forms)
	}
	newDoor(t, "").invented().get("/organization", "Cookie", "lanyard_session="+goodSession).want(t, 200, `name="_organization" value="org_zylker"`)
	newDoor(t, "").invented().get("/sign-in").lacks(t, "_organization")

	for _, c := range []struct {
		what, cookies, names string
		status               int
		as                   lanyard.OrganizationID // who renames
	}{
		{"the one that is open", both, "org_zylker", 303, "org_zylker"},
		{"the other", both, "org_other", 303, "org_other"},
		{"none", both, "", 303, "org_zylker"},
		{"one that it is not signed in to", both, "org_foreign", 401, ""},
		{"the one of a session that ended", "lanyard_session=" + goodSession + "; lanyard_others=ended", "org_other", 401, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := newDoor(t, "").invented()
			form := url.Values{"name": {"New"}, "_organization": {c.names}}
			a := d.send("POST", "/organization", form.Encode(), "Cookie", c.cookies)
			a.want(t, c.status)
			if d.renamedBy != c.as {
				t.Errorf("renamed in %q, want %q", d.renamedBy, c.as)
			}
			if switched := a.cookies["lanyard_session"] != nil; switched != (c.as == "org_other") {
				t.Errorf("switched: %t", switched)
			}
		})
	}
}

// TestFlowsKeepTheirOrganization: the way back from a provider, and the page of a link to connect, are those of the
// organization that they belong to, whichever is open in this browser.
func TestFlowsKeepTheirOrganization(t *testing.T) {
	d := newDoor(t, "").invented()
	var by lanyard.OrganizationID
	d.back = func(c *lanyard.Caller, org lanyard.OrganizationID, _ string, _ url.Values) (*credential.Outcome, error) {
		by = ""
		if c != nil {
			by = c.Organization
		}
		return &credential.Outcome{Result: "/connect/result/cns_1"}, nil
	}
	for org, want := range map[string]lanyard.OrganizationID{"org_zylker": "org_zylker", "org_other": "org_other", "org_foreign": "org_zylker"} {
		d.get("/oauth/callback/"+org+"/acme?code=C&state=S", "Cookie", both).goesTo(t, "/connect/result/cns_1")
		if by != want {
			t.Errorf("the callback of %s is answered as %q, want %q", org, by, want)
		}
	}
	d.linksOf = "org_other"
	for path, texts := range map[string]string{"/connect/T": "Acme CRM", "/connect/result/cns_1": "Acme CRM is connected"} {
		d.get(path, "Cookie", both).want(t, 200, texts)
		d.get(path, "Cookie", "lanyard_session="+goodSession).want(t, 404)
	}
}

// TestTheListIsTheBrowsersOwn: what a browser may switch to is what its cookies hold, and nothing that it names.
func TestTheListIsTheBrowsersOwn(t *testing.T) {
	d := newDoor(t, "").invented()
	d.get("/organizations", "Cookie", both).want(t, 200, "Another organization", "Zylker Instruments", "Open now")
	d.get("/organizations", "Cookie", "lanyard_session="+goodSession+"; lanyard_others=made-up").lacks(t, "Another organization", "switch-organization")
	var ended []string
	for i := range 40 {
		ended = append(ended, fmt.Sprint("ended", i))
	}
	d.get("/organizations", "Cookie", "lanyard_session="+goodSession+"; lanyard_others="+strings.Join(ended, ".")).want(t, 200, "Zylker Instruments")
}

func TestAcceptInvitation(t *testing.T) {
	t.Run("GET and HEAD change nothing", func(t *testing.T) {
		d := newDoor(t, "").invented()
		d.get("/invitation/"+goodToken).want(t, 200, "Join", "The owner", "new@zylker.example")
		d.send("HEAD", "/invitation/"+goodToken, "").want(t, 200)
		d.get("/invitation/"+goodToken, "Sec-Purpose", "prefetch", "Sec-Fetch-Site", "cross-site").want(t, 200)
		d.get("/invitation/made-up").want(t, 404)
		if d.changes() != "" {
			t.Errorf("this was done: %s", d.changes())
		}
	})
	t.Run("the person joins and is signed in", func(t *testing.T) {
		d := newDoor(t, "").invented()
		a := d.post("/invitation/"+goodToken, url.Values{"name": {" The member "}, "password": {"some plain words"}})
		a.goesTo(t, "/")
		if a.cookies["lanyard_session"] == nil || d.accepted.Name != "The member" || d.accepted.Password.Reveal() != "some plain words" {
			t.Errorf("accepted with %+v, cookies %v", d.accepted, a.cookies)
		}
	})
	t.Run("nothing typed is lost but the password", func(t *testing.T) {
		d := newDoor(t, "").invented()
		d.open = inventedOpenInvitation()
		d.open.Email = ""
		d.acceptErr = &lanyard.Error{Code: lanyard.CodeInvalidRequest, Fields: []lanyard.FieldError{{Pointer: "/password", Detail: "a password has at least 12 characters"}}}
		a := d.post("/invitation/"+goodToken, url.Values{"name": {"The member"}, "email": {"new@example.com"}, "password": {"hunter2hunter2"}})
		a.want(t, 400, `value="The member"`, `value="new@example.com"`, `href="#password"`)
		a.lacks(t, "hunter2")
	})
}
