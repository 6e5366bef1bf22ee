package servertest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"lanyard"
	"lanyard/internal/browsertest"
	"lanyard/internal/servertest"
)

// publishes fills in the form that is open: a packed file, offered to one organization.
func publishes(t *testing.T, tab *browsertest.Tab, packed []byte, to lanyard.OrganizationID) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "orders.lanyard")
	if err := os.WriteFile(file, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	tab.Shows("Publish an extension")
	tab.Do(chromedp.SetUploadFiles(chromedp.CSS("#package"), []string{file}))
	tab.Press("These organizations")
	tab.Fill("Ids of organizations", string(to))
	tab.Press("Publish as Acme GmbH")
}

// connectsWith gives a key for the connection of the extension on the page that asks for it.
func connectsWith(tab *browsertest.Tab, key string) {
	tab.Shows("Connect Acme orders")
	tab.Fill("Key", key)
	tab.Key("Enter")
	tab.Shows("Acme orders is connected")
}

// reads executes the script of the extension for an address, on its page.
func reads(tab *browsertest.Tab, l *servertest.Lanyard, at, outcome string) {
	tab.Open(l.URL + "/scripts")
	tab.Press("Read orders")
	tab.Fill("at", at)
	tab.Press("Execute")
	tab.Await(fmt.Sprintf(`document.querySelector("#outcome").innerText.includes(%q)`, outcome))
}

// TestBrowserExtension: one organization publishes, and in another the owner reads and installs, a member runs the script
// with an account of their own, and a version with another host waits until the owner has read where credentials would go.
func TestBrowserExtension(t *testing.T) {
	l := tenancyPrepare(t)
	_, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	publisher := l.Organization(t, "Acme GmbH")
	l.Serve(t)
	up, elsewhere := newTenancyUpstream(t), newTenancyUpstream(t)
	seller, owner, member := tabOf(t, publisher, publisher.Key), tabOf(t, l, l.Key), tabOf(t, l, memberKey)
	begins := fmt.Sprintf("%s/extensions", l.URL)

	seller.Press("Extensions")
	seller.PressIn("nav.tabs", "Published")
	seller.Shows("Nothing is published")
	seller.Press("Publish an extension")
	publishes(t, seller, packedOrders(t, "1.0.0", up.URL, hostOf(t, up.URL)), l.OrganizationID)
	seller.Shows("Version 1.0.0 of Orders is published")
	seller.Shows("Offered to 1 organization")

	owner.Press("Extensions")
	owner.Shows("No extensions installed")
	owner.Press("See what is available")
	owner.Press("Orders")
	owner.Shows("nobody has checked it")
	owner.Shows(hostOf(t, up.URL))
	owner.Accessible()
	pictured(owner, "extension-review")
	owner.Press("Install Orders")
	owner.Shows("Waits for you to connect 1 account")
	owner.Press("Connect Acme orders")
	connectsWith(owner, "key-of-the-owner")

	// A member connects an account of their own, and that one is called with.
	member.Open(begins)
	member.Shows("Waits for you to connect 1 account")
	member.Press("My connections")
	member.Press("List: My connections")
	member.PressIn("details.lists", "Extensions")
	member.Press("Connect Acme orders")
	connectsWith(member, "key-of-the-member")
	reads(member, l, up.URL+"/orders", "Succeeded")
	if got := up.header().Get("X-Api-Key"); got != "key-of-the-member" {
		t.Errorf("the member's run called with %q", got)
	}

	// A version with another host waits. Only an owner or admin is asked, and reads first where credentials would go.
	seller.Press("Publish another version")
	publishes(t, seller, packedOrders(t, "1.1.0", up.URL, hostOf(t, up.URL), hostOf(t, elsewhere.URL)), l.OrganizationID)
	seller.Shows("Version 1.1.0 of Orders is published")
	reads(member, l, elsewhere.URL+"/orders", "Failed")
	reads(member, l, up.URL+"/orders", "Succeeded")
	member.Open(begins + "/orders/update")
	member.Shows("Who can accept it")
	member.Lacks("Accept version 1.1.0")
	owner.Open(begins)
	owner.Shows("Version 1.1.0 is available")
	owner.Press("Orders")
	owner.Press("Review the difference")
	owner.Await(fmt.Sprintf(`document.querySelector(".reach").innerText.includes(%q)`, hostOf(t, elsewhere.URL)))
	owner.Shows("2 authorizations of 2 people")
	owner.Accessible()
	pictured(owner, "extension-update")
	owner.Press("Accept version 1.1.0")
	owner.Shows("Waits for you to connect 1 account")
	reads(member, l, elsewhere.URL+"/orders", "Failed")
	if elsewhere.header() != nil {
		t.Error("a credential went to the new host before anybody connected again")
	}
	owner.Press("Connect Acme orders")
	connectsWith(owner, "key-of-the-owner-again")
	reads(owner, l, elsewhere.URL+"/orders", "Succeeded")

	owner.Open(begins + "/orders")
	owner.Press("Uninstall")
	owner.Shows("1 authorization of 1 person")
	owner.Shows("read_orders")
	owner.Press("Uninstall")
	owner.Shows("Orders was uninstalled")
	member.Open(l.URL + "/connections?list=extensions")
	member.Lacks("Acme orders")
	seller.Open(l.URL + "/publications")
	seller.Shows("Offered to 1 organization")
}
