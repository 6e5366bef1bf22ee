package servertest_test

import (
	"testing"

	"lanyard"
	"lanyard/internal/servertest"
)

// TestBrowserSomebodyLeaves: the owner deactivates a member who is working, whose next click says so, hands over what
// they own, connects it with an own account, and removes them.
func TestBrowserSomebodyLeaves(t *testing.T) {
	l := servertest.Start(t)
	_, leaversKey := l.Member(t, "leaver@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	up := newTenancyUpstream(t)
	if a := l.As(t, leaversKey, "POST /v1/services", tenancyService(t, up, "acme")); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	newConnection(t, l, leaversKey, "tasks", "acme")
	if a := l.As(t, leaversKey, "POST /v1/connections/tasks/connect", tenancyKey("of-the-leaver")); a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	leaver, owner := tabOf(t, l, leaversKey), tabOf(t, l, l.Key)

	owner.Open(l.URL + "/organization")
	owner.PressIn("nav.tabs", "People")
	owner.Shows("leaver@example.com")
	owner.Fill("Name, e-mail address or external id", "leav")
	owner.Await(`document.querySelectorAll("tbody tr").length === 1`)
	owner.Press("leaver@example.com")
	owner.Shows("Details")
	owner.Press("Deactivate")
	owner.Shows("Deactivate leaver@example.com?")
	owner.Shows("1 connection that runs with their account")
	owner.Press("Deactivate")
	owner.Shows("leaver@example.com is deactivated")

	leaver.Press("Shared")
	leaver.Shows("Sign in")
	leaver.Lacks("My connections")

	owner.Press("Hand over")
	owner.Choose("New owner", "The owner (owner@example.com)")
	owner.Press("Hand over")
	owner.Shows("1 connection and 1 custom service were handed over")
	owner.Press("My connections")
	owner.Shows("Not connected")
	owner.Press("Connect tasks")
	owner.Fill("Key", "of-the-owner")
	owner.Press("Connect")
	owner.Shows("is connected")
	l.Must(t, 200, "POST /v1/invoke", object("connection", "tasks", "url", "/x"))
	if got := up.header().Get("X-Api-Key"); got != "of-the-owner" {
		t.Errorf("the call ran with %q", got)
	}

	owner.Open(l.URL + "/organization/people?q=leaver")
	owner.Press("leaver@example.com")
	owner.Press("Remove")
	owner.Shows("Removing cannot be undone.")
	owner.Press("Remove")
	owner.Shows("leaver@example.com was removed")
}
