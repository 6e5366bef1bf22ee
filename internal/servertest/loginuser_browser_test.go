package servertest_test

import (
	"fmt"
	"testing"

	"lanyard"
	"lanyard/internal/browsertest"
	"lanyard/internal/providertest"
	"lanyard/internal/servertest"
)

// The two scenarios by which the reference document explains "Use credentials of login user", with two people in two
// browsers and a real provider.

// storage is a service at the real OpenID provider, which tells each caller whose account it is.
func storage(t *testing.T, l *servertest.Lanyard) *providertest.OIDCPeer {
	t.Helper()
	provider := providertest.OIDC(t, providertest.OIDCConfig{Callbacks: []string{callbackOf(l, "storage")}, Rotate: true})
	definition := oauth2Service(l, "storage", provider, providertest.WebBasicID, providertest.WebBasicSecret)
	definition["name"] = "Storage"
	l.Must(t, 201, "POST /v1/services", definition)
	return provider
}

// listed waits until a list shows a connection with a status, or does not show it when the status is empty.
func listed(tab *browsertest.Tab, address, name, status string) {
	tab.Open(address)
	there := fmt.Sprintf(`[...document.querySelectorAll(".connection-rows > li")].some(e => e.innerText.includes(%q) && e.innerText.includes(%q))`, name, status)
	if status == "" {
		there = "!" + there
	}
	tab.Await(there)
}

// TestBrowserBotUploadsIntoEachUsersOwnAccount: the switch is on, so a bot's calls run with the account of whoever it
// works for.
func TestBrowserBotUploadsIntoEachUsersOwnAccount(t *testing.T) {
	l := tenancyPrepare(t)
	memberID, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	provider := storage(t, l)
	owner := signedInTab(t, l)
	owner.Open(l.URL + "/connections/new?service=storage")
	owner.Fill("Connection name", "Uploads")
	browsertest.Value[bool](owner, `(document.querySelectorAll("input[name=scope]").forEach(e => e.checked = true), true)`)
	owner.Press("Use credentials of login user")
	owner.Press("Create and connect")
	owner.Shows("Connect Uploads")
	owner.Press("Connect")
	consentsAs(owner, "olive")
	owner.Shows("Uploads is connected")
	bot := l.Must(t, 201, "POST /v1/api_keys", object("name", "bot", "act_for_users", true, "manage", false, "connections", []string{"uploads"})).Field(t, "key").(string)
	upload := func(user lanyard.UserID) *servertest.Answer {
		var forUser []string
		if user != "" {
			forUser = []string{"Lanyard-User", string(user)}
		}
		return l.As(t, bot, "POST /v1/invoke", object("connection", "uploads", "url", "/api/whoami"), forUser...)
	}

	member := tabOf(t, l, memberKey)
	listed(member, l.URL+"/connections/shared", "Uploads", "")
	asked := upload(memberID)
	if asked.Status != 409 || asked.Code() != string(lanyard.CodeAuthorizationRequired) {
		t.Fatalf("for a member without an account: %d %s", asked.Status, asked.Body)
	}
	link := asked.Field(t, "connect_url").(string)
	// A07, A09: made for the member, it is nobody else's; not even its maker's.
	owner.Open(link)
	owner.Shows("made for somebody else")
	listed(member, l.URL+"/connections/shared", "Uploads", "Not connected")
	member.Open(link)
	member.Shows("Connect Uploads")
	member.Press("Connect")
	consentsAs(member, "max")
	member.Shows("Uploads is connected")
	listed(member, l.URL+"/connections/shared", "Uploads", "Connected")
	listed(member, l.URL+"/connections", "Uploads", "")
	listed(owner, l.URL+"/connections", "Uploads", "Connected")
	listed(owner, l.URL+"/connections/shared", "Uploads", "")

	for user, account := range map[lanyard.UserID]string{memberID: "max", l.UserID: "olive"} {
		if a := upload(user); a.Status != 200 || a.Field(t, "body.sub") != account {
			t.Errorf("for %s: %d %s, want the account %s", user, a.Status, a.Body, account)
		}
	}
	if a := upload(""); a.Status != 400 || a.Code() != string(lanyard.CodeLoginUserRequired) {
		t.Errorf("for nobody: %d %s", a.Status, a.Body)
	}

	owner.Open(l.URL + "/connections/uploads")
	owner.Shows("Who connected it")
	owner.Press("Remove member@example.com")
	owner.Shows("Lanyard erases the credential that member@example.com connected Uploads with")
	owner.Press("Remove")
	owner.Shows("member@example.com was removed")
	if revoked := provider.Events("revocation_request"); len(revoked) == 0 {
		t.Error("the provider was not told of the account that was taken away")
	}
	listed(member, l.URL+"/connections/shared", "Uploads", "")
	if a := upload(memberID); a.Status != 409 {
		t.Errorf("for the member whose account was taken away: %d %s", a.Status, a.Body)
	}
	if a := upload(l.UserID); a.Status != 200 {
		t.Errorf("for the owner: %d %s", a.Status, a.Body)
	}
}

// TestBrowserTeamReadsTheListOfOneAccount: the switch is off, so everybody's calls run with the owner's account, and
// nobody else finds the connection in a list.
func TestBrowserTeamReadsTheListOfOneAccount(t *testing.T) {
	l := tenancyPrepare(t)
	_, memberKey := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	storage(t, l)
	owner := signedInTab(t, l)
	createsAndConnects(owner, l, "Storage", "Task list")
	owner.Press("Connect")
	consentsAs(owner, "olive")
	owner.Shows("Task list is connected")

	// H06: with the owner's account, and the records name who called.
	if a := l.As(t, memberKey, "POST /v1/invoke", object("connection", "task_list", "url", "/api/whoami")); a.Status != 200 || a.Field(t, "body.sub") != "olive" {
		t.Fatalf("as the member: %d %s", a.Status, a.Body)
	}
	member := tabOf(t, l, memberKey)
	for _, list := range []string{"", "?list=extensions", "/shared", "/internal"} {
		listed(member, l.URL+"/connections"+list, "Task list", "")
	}
	member.Open(l.URL + "/connections/task_list")
	member.Shows("There is no connection")
	owner.Open(l.URL + "/connections/task_list")
	owner.Await(`[...document.querySelectorAll(".who")].some(e => e.innerText.includes("member@example.com"))`)
}
