package servertest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// inBoth is a browser that is signed in as the owner of each of two organizations, the second one open.
func inBoth(t *testing.T, l, other *servertest.Lanyard) *http.Client {
	t.Helper()
	browser := l.Browser(t)
	link := other.Must(t, 201, "POST /v1/sign_in_links", nil).Field(t, "url").(string)
	if a := servertest.Get(t, browser, link); a.Status != http.StatusSeeOther {
		t.Fatalf("sign in to the second: %d %s", a.Status, a.Body)
	}
	return browser
}

func switchTo(t *testing.T, browser *http.Client, l *servertest.Lanyard) {
	t.Helper()
	if a := servertest.Post(t, browser, l.URL+"/organizations/"+string(l.OrganizationID)+"/switch", nil); a.Status != http.StatusSeeOther {
		t.Fatalf("switch: %d %s", a.Status, mainOf(a))
	}
}

// TestH16_TwoOrganizationsInOneBrowser: a page shows the open organization alone, whatever else the browser is signed in
// to, and equal names are not mixed up.
func TestH16_TwoOrganizationsInOneBrowser(t *testing.T) {
	l, other, up, _ := tenancyTwo(t)
	l.Connect(t, tenancyService(t, up, "ours"), tenancyKey("our-key"))
	for _, each := range []*servertest.Lanyard{l, other} {
		each.Connect(t, tenancyService(t, up, "same"), tenancyKey("key of "+string(each.OrganizationID)))
	}
	browser := inBoth(t, l, other)
	get := func(path string) *servertest.Answer { t.Helper(); return servertest.Get(t, browser, l.URL+path) }
	for range 2 {
		for _, c := range []struct {
			open, shut  *servertest.Lanyard
			name, never string
		}{{other, l, "theirs", "ours"}, {l, other, "ours", "theirs"}} {
			switchTo(t, browser, c.open)
			list := string(get("/connections").Body)
			if !strings.Contains(list, "/connections/"+c.name) || strings.Contains(list, "/connections/"+c.never) {
				t.Errorf("the list of %s: %s", c.name, list)
			}
			for path, want := range map[string]int{
				"/connections/" + c.name: 200, "/connections/" + c.never: 404, "/services/" + c.never: 404, "/connections/same": 200, "/search?q=" + c.never: 200,
			} {
				a := get(path)
				if a.Status != want {
					t.Errorf("%s with %s open: %d, want %d", path, c.name, a.Status, want)
				}
				if strings.Contains(mainOf(a), "/connections/"+c.never+`"`) || strings.Contains(mainOf(a), string(c.shut.OrganizationID)) {
					t.Errorf("%s with %s open shows something of the other: %s", path, c.name, mainOf(a))
				}
			}
		}
	}
	// The first one is open. A form of the second one's page acts in the second one.
	before := other.Must(t, 200, "GET /v1/connections/same", nil).Field(t, "name")
	if a := servertest.Post(t, browser, l.URL+"/connections/same/edit", url.Values{"name": {"Renamed"}, "_organization": {string(other.OrganizationID)}}); a.Status != 303 {
		t.Fatalf("edit: %d %s", a.Status, mainOf(a))
	}
	if got := other.Must(t, 200, "GET /v1/connections/same", nil).Field(t, "name"); got == before {
		t.Error("the form did not act where it stands")
	}
	if got := l.Must(t, 200, "GET /v1/connections/same", nil).Field(t, "name"); got != before {
		t.Errorf("it acted in the organization that was open: %v", got)
	}
	// Forged ids, and somebody with one session alone.
	for _, id := range []string{"org_AAAAAAAAAAAAAAAAAAAAAAAAAA", "..", "%2e%2e", "org_%00"} {
		if a := servertest.Post(t, browser, l.URL+"/organizations/"+id+"/switch", nil); a.Status == http.StatusSeeOther && !strings.HasPrefix(a.Header.Get("Location"), "/") || a.Status == 200 {
			t.Errorf("switch to %s: %d", id, a.Status)
		}
	}
	alone := l.Browser(t)
	if a := servertest.Post(t, alone, l.URL+"/organizations/"+string(other.OrganizationID)+"/switch", nil); a.Status != 404 {
		t.Errorf("switching to where one is not signed in: %d", a.Status)
	}
	if a := servertest.Post(t, alone, l.URL+"/organization", url.Values{"name": {"Stolen"}, "_organization": {string(other.OrganizationID)}}); a.Status != 401 {
		t.Errorf("a form that names where one is not signed in: %d", a.Status)
	}
	if a := servertest.Post(t, browser, l.URL+"/sign-out", nil); a.Status != 303 || get("/account").Status != 401 {
		t.Errorf("signing out left a session")
	}
}

// TestFlowsSurviveSwitching: what was begun in one organization ends there, although another one was opened meanwhile.
func TestFlowsSurviveSwitching(t *testing.T) {
	l, other, _, _ := tenancyTwo(t)
	evil := providertest.Evil(t)
	l.Connect(t, rotatingService(evil), nil)
	browser := inBoth(t, l, other) // the other one is open when the link is opened
	back := consent(t, l, browser, "evil", nil, func(u string) string {
		switchTo(t, browser, l)
		switchTo(t, browser, other)
		return servertest.Get(t, servertest.Stranger(t), u).Header.Get("Location")
	})
	if back.Status != 303 {
		t.Fatalf("callback: %d %s", back.Status, mainOf(back))
	}
	if a := servertest.Get(t, browser, l.URL+back.Header.Get("Location")); a.Status != 200 || !strings.Contains(mainOf(a), "is connected") {
		t.Errorf("the result: %d %s", a.Status, mainOf(a))
	}
	if got := l.Must(t, 200, "GET /v1/connections/evil", nil).Field(t, "status"); got != "connected" {
		t.Errorf("the connection is %v", got)
	}
	link := l.Must(t, 200, "POST /v1/connections/evil/connect", object()).Field(t, "connect_url").(string)
	if a := servertest.Get(t, other.Browser(t), link); a.Status != 404 {
		t.Errorf("signed in to the other organization alone: %d", a.Status)
	}
}

func TestOperatorMakesOrganizations(t *testing.T) {
	l, browser := newAccount(t, func(c *server.Config) { c.NoNewOrganizations = true })
	if a := servertest.Get(t, browser, l.URL+"/organizations"); a.Status != 200 || strings.Contains(mainOf(a), "/organizations/new") {
		t.Errorf("the list offers it: %d %s", a.Status, mainOf(a))
	}
	if a := servertest.Post(t, browser, l.URL+"/organizations", url.Values{"name": {"Next"}}); a.Status != 403 {
		t.Errorf("got %d", a.Status)
	}
	l.Stop(t)
	made, err := server.CreateOrganization(t.Context(), l.Config, "Next", "owner@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	l.Serve(t)
	if a := servertest.Get(t, browser, made.SignInURL); a.Status != 303 {
		t.Fatalf("its link: %d %s", a.Status, mainOf(a))
	}
	if a := servertest.Get(t, browser, l.URL+"/organizations"); strings.Count(mainOf(a), "<li>") != 2 {
		t.Errorf("the browser is signed in to %s", mainOf(a))
	}
}

// TestInvitationsOverThePages: nobody but the two learns the link, and a mail program that looks at it does no harm.
func TestInvitationsOverThePages(t *testing.T) {
	peer := providertest.SMTP(t, providertest.SMTPConfig{})
	l, owner := newAccount(t, func(c *server.Config) {
		c.SMTPURL, c.MailFrom = lanyard.NewSecret("smtp://"+peer.Addr), "Lanyard <lanyard@example.com>"
	})
	a := servertest.Post(t, owner, l.URL+"/organization/invitations", url.Values{"email": {"new@example.com"}, "role": {"member"}})
	if a.Status != 200 || !strings.Contains(mainOf(a), "The mail is on its way") {
		t.Fatalf("invite: %d %s", a.Status, mainOf(a))
	}
	mailed := peer.Next(t)
	_, text := mailed.Parse(t)
	_, rest, _ := strings.Cut(text, l.URL+"/invitation/")
	token := strings.Fields(rest)[0]
	link := l.URL + "/invitation/" + token
	if !strings.Contains(mainOf(a), link) {
		t.Errorf("the page does not show the link that was sent: %s", mainOf(a))
	}
	for _, path := range []string{"/organization/invitations", "/activity/audit", "/organization"} {
		if strings.Contains(string(servertest.Get(t, owner, l.URL+path).Body), token) {
			t.Errorf("%s shows the link again", path)
		}
	}
	for range 2 {
		if a := servertest.Get(t, servertest.Stranger(t), link); a.Status != 200 {
			t.Fatalf("looking at it: %d", a.Status)
		}
	}
	form := url.Values{"name": {"The new one"}, "password": {nextPassword}, "email": {"forged@example.com"}}
	newcomer := servertest.Stranger(t)
	if a := servertest.Post(t, newcomer, link, form); a.Status != 303 {
		t.Fatalf("accept: %d %s", a.Status, mainOf(a))
	}
	account := string(servertest.Get(t, newcomer, l.URL+"/account").Body)
	if !strings.Contains(account, "new@example.com") || strings.Contains(account, "forged@example.com") {
		t.Error("the account is not of the address that was invited")
	}
	if a := servertest.Post(t, servertest.Stranger(t), link, form); a.Status != 404 || !strings.Contains(mainOf(a), "accepted already") {
		t.Errorf("a second time: %d %s", a.Status, mainOf(a))
	}
	log := l.Log.String()
	for _, secret := range []string{token, nextPassword} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %.8s…", secret)
		}
	}
}

// TestBrowserInvitesAndSwitches: the owner invites by link; the other person joins in a browser of their own and is seen
// in the list; the owner makes a second organization and goes back and forth.
func TestBrowserInvitesAndSwitches(t *testing.T) {
	for _, width := range []int64{1440, 390} {
		l, _ := newAccount(t)
		owner := browsertest.Start(t)
		owner.Look("light", width)
		owner.Open(l.URL + "/sign-in")
		owner.Fill("E-mail address", "owner@example.com")
		owner.Fill("Password", ownersPassword)
		owner.Press("Sign in")
		owner.Shows("No connections yet")
		owner.Open(l.URL + "/organization/invitations")
		owner.Shows("No open invitations")
		owner.Press("Invite somebody")
		owner.Fill("E-mail address", "owner@example.com")
		owner.Press("Make the invitation")
		owner.Shows("Somebody of this organization has this address already")
		owner.Fill("E-mail address", "new@example.com")
		owner.Press("Make the invitation")
		owner.Shows("shows it this once")
		owner.Accessible()
		owner.Fits()
		link := browsertest.Value[string](owner, `document.querySelector("#invitation-link").textContent`)

		newcomer := browsertest.Start(t)
		newcomer.Look("dark", width)
		newcomer.Open(link)
		newcomer.Shows("The owner invites you to this organization as a member")
		newcomer.Press("Join")
		newcomer.Shows("You have not joined yet")
		newcomer.Fill("Your name", "The newcomer")
		newcomer.Fill("Password", nextPassword)
		newcomer.Press("Join")
		newcomer.Shows("Welcome")
		newcomer.Fits()
		owner.Open(l.URL + "/organization/people")
		owner.Shows("The newcomer")
		newcomer.Open(link)
		newcomer.Shows("accepted already")

		owner.Open(l.URL + "/organizations")
		owner.Press("New organization")
		owner.Fill("Name", "Second")
		owner.Press("Make the organization")
		owner.Shows("You are in your new organization")
		owner.Open(l.URL + "/organization/people")
		owner.Lacks("The newcomer")
		if width == 1440 {
			owner.Press("Organization: Second")
			owner.PressIn(".switch-organization", "Zylker")
		} else {
			owner.Open(l.URL + "/organizations")
			owner.Press("Switch to Zylker")
		}
		owner.Shows("No connections yet")
		owner.Open(l.URL + "/organization/people")
		owner.Shows("The newcomer")
		owner.Open(l.URL + "/organizations")
		owner.Shows("Second")
		owner.Accessible()
		owner.Fits()
		signOutOf(owner, width, "Sign out of 2 organizations")
		owner.Shows("Use an account without holding its keys")
		owner.Open(l.URL + "/organization")
		owner.Shows("Sign in to go on")
	}
}

// signOutOf presses the button on the left side, which on a telephone is behind the menu.
func signOutOf(tab *browsertest.Tab, width int64, name string) {
	if width < 960 {
		tab.Press("Menu")
	}
	tab.Press(name)
}
