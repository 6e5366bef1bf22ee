package servertest_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard/internal/browsertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
)

// TestBrowserSetsUpSignsInAndChangesThePassword is the first day of an owner: set up by the one-time link, sign out,
// sign in again and come back to the page that was wanted, change the password; and the session that was open elsewhere
// is over. I11: the back button shows nothing of the account.
func TestBrowserSetsUpSignsInAndChangesThePassword(t *testing.T) {
	for _, width := range []int64{1440, 390} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			printed := &servertest.Buffer{}
			l := servertest.New(t, func(c *server.Config) { c.Stdout = printed })
			l.Serve(t)
			tab := browsertest.Start(t)
			tab.Look("light", width)
			tab.Open(operationsSetupLink(printed))
			tab.Fill("Organization", "Zylker")
			tab.Fill("Your name", "The owner")
			tab.Fill("Your e-mail address", "owner@example.com")
			tab.Fill("Password", "short")
			tab.Press("Set up")
			tab.Shows("A password has at least 12 characters")
			tab.Accessible()
			tab.Fits()
			tab.Fill("Password", ownersPassword)
			tab.Press("Set up")
			tab.Shows("No connections yet")

			tab.Open(l.URL + "/account")
			tab.Shows("This browser")
			tab.Fits()
			signOut(tab, width)
			tab.Shows("Use an account without holding its keys")
			tab.Do(chromedp.NavigateBack())
			tab.Shows("Sign in to go on")
			tab.Lacks("owner@example.com")

			elsewhere := servertest.Stranger(t)
			if a := withPassword(t, l, elsewhere, ownersPassword); a.Status != 303 {
				t.Fatalf("signing in elsewhere: %d", a.Status)
			}
			tab.Open(l.URL + "/account/password")
			tab.Shows("Sign in to go on")
			tab.Fill("E-mail address", "owner@example.com")
			tab.Fill("Password", "not the password")
			tab.Press("Sign in")
			tab.Shows("The e-mail address or the password is not right.")
			tab.Fill("Password", ownersPassword)
			tab.Press("Sign in")
			tab.Shows("Change your password") // where they wanted to be
			tab.Shows("1 other session")
			tab.Fill("Current password", ownersPassword)
			tab.Fill("New password", nextPassword)
			tab.Press("Change password")
			tab.Shows("Your password is changed")
			tab.Shows("1 other session ended.")
			tab.Fits()
			if isSignedIn(t, l, elsewhere) {
				t.Error("the session elsewhere goes on")
			}

			tab.Press("Make an API key")
			tab.Fill("Name", "nightly report")
			tab.Choose("Ends after", "30 days")
			tab.Fits()
			tab.Press("Make the key")
			tab.Shows("Your API key")
			tab.Press("Your account")
			tab.Shows("nightly report")
			tab.Press("Delete nightly report")
			tab.Shows("A key cannot be brought back")
			tab.Press("Delete the key")
			tab.Shows("The API key is deleted")
		})
	}
}

// signOut presses the button on the left side, which on a telephone is behind the menu.
func signOut(tab *browsertest.Tab, width int64) {
	if width < 960 {
		tab.Press("Menu")
	}
	tab.Press("Sign out")
}

// TestBrowserSignsInWithoutScripts: nothing of this needs JavaScript (I17).
func TestBrowserSignsInWithoutScripts(t *testing.T) {
	l, _ := newAccount(t)
	tab := browsertest.WithoutScripts(t)
	tab.Open(l.URL + "/organization")
	tab.Shows("Sign in to go on")
	tab.Press("No password")
	tab.Shows("lanyard sign-in")
	tab.Fill("E-mail address", "owner@example.com")
	tab.Fill("Password", ownersPassword)
	tab.Press("Sign in")
	tab.Shows("Callback URLs begin with")
}
