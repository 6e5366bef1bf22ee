package servertest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/providertest"
	"lanyard/internal/server"
	"lanyard/internal/servertest"
	"lanyard/internal/storetest"
)

// addPerson adds somebody, and gives their id and a key of theirs, which a sign-in link of the machine stands for here.
func addPerson(t testing.TB, l *servertest.Lanyard, email string, role lanyard.Role) (id, key string) {
	t.Helper()
	user, key := l.Member(t, email, role, lanyard.KeyRights{Manage: true})
	return string(user), key
}

// TestH11_WhatStopsWhenSomebodyIsDeactivated: on both of two replicas, at once, warm as they are; and what comes back.
func TestH11_WhatStopsWhenSomebodyIsDeactivated(t *testing.T) {
	l := servertest.Start(t, func(c *server.Config) { c.Database = storetest.Postgres(t) })
	leaver, leaversKey := addPerson(t, l, "leaver@example.com", lanyard.RoleMember)
	replica := l.Replica(t)
	up := newTenancyUpstream(t)
	if a := l.As(t, leaversKey, "POST /v1/services", tenancyService(t, up, "acme")); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	newConnection(t, l, leaversKey, "for_all", "acme")
	newConnection(t, l, leaversKey, "of_each", "acme", "use_login_user_credentials", true)
	for key, names := range map[string][]string{leaversKey: {"for_all", "of_each"}, l.Key: {"of_each"}} {
		for _, name := range names {
			if a := l.As(t, key, "POST /v1/connections/"+name+"/connect", tenancyKey("k")); a.Status != 200 {
				t.Fatalf("connect %s: %d %s", name, a.Status, a.Body)
			}
		}
	}
	browser := signIn(t, l, leaversKey)
	link := l.As(t, leaversKey, "POST /v1/connections/for_all/connect", object()).Field(t, "connect_url").(string)

	invoke := func(at *servertest.Lanyard, key, name string, headers ...string) *servertest.Answer {
		return at.As(t, key, "POST /v1/invoke", object("connection", name, "url", "/x"), headers...)
	}
	for _, at := range []*servertest.Lanyard{l, replica} {
		for _, a := range []*servertest.Answer{invoke(at, l.Key, "for_all"), invoke(at, leaversKey, "for_all"), invoke(at, l.Key, "of_each", "Lanyard-User", string(l.UserID)), invoke(at, l.Key, "of_each", "Lanyard-User", leaver)} {
			if a.Status != 200 {
				t.Fatalf("before: %d %s", a.Status, a.Body)
			}
		}
	}

	calls := up.calls.Load()
	l.Must(t, 200, "PATCH /v1/users/"+leaver, object("disabled", true))
	if a := invoke(l, leaversKey, "for_all"); a.Status != 401 || up.calls.Load() != calls {
		t.Errorf("their key, the moment after: %d %s", a.Status, a.Body)
	}
	for name, at := range map[string]*servertest.Lanyard{"here": l, "on the other replica": replica} {
		await(t, "the change is heard "+name, func() bool { return invoke(at, leaversKey, "for_all").Status == 401 })
		calls := up.calls.Load()
		stopped := invoke(at, l.Key, "for_all")
		if stopped.Status != 409 || stopped.Code() != "not_connected" || !strings.Contains(string(stopped.Body), "leaver@example.com, who was deactivated") {
			t.Errorf("%s, through a connection of theirs: %d %s", name, stopped.Status, stopped.Body)
		}
		if a := at.As(t, l.Key, "GET /v1/proxy/for_all/x", nil); a.Status != 409 {
			t.Errorf("%s, through the proxy: %d %s", name, a.Status, a.Body)
		}
		if a := invoke(at, l.Key, "of_each", "Lanyard-User", leaver); a.Status != 404 {
			t.Errorf("%s, for them: %d %s", name, a.Status, a.Body)
		}
		if n := up.calls.Load() - calls; n != 0 {
			t.Errorf("%s: %d calls left the building", name, n)
		}
		if a := invoke(at, l.Key, "of_each", "Lanyard-User", string(l.UserID)); a.Status != 200 {
			t.Errorf("%s, others with their own accounts: %d %s", name, a.Status, a.Body)
		}
	}
	if a := servertest.Get(t, browser, l.URL+"/connections"); a.Status != 401 {
		t.Errorf("their browser: %d", a.Status)
	}

	l.Must(t, 200, "PATCH /v1/users/"+leaver, object("disabled", false))
	for name, at := range map[string]*servertest.Lanyard{"here": l, "on the other replica": replica} {
		await(t, "their key works again "+name, func() bool { return invoke(at, leaversKey, "for_all").Status == 200 })
		await(t, "their connection works again "+name, func() bool { return invoke(at, l.Key, "for_all").Status == 200 })
	}
	if a := servertest.Get(t, browser, l.URL+"/connections"); a.Status != 401 {
		t.Errorf("their browser came back by itself: %d", a.Status)
	}
	if a := servertest.Get(t, signIn(t, l, leaversKey), link); a.Status != 404 {
		t.Errorf("a link from before: %d", a.Status)
	}
}

// I05: another role, and being deactivated, end the sessions; the one who changed it stays signed in.
func TestI05_AnotherRoleEndsSessions(t *testing.T) {
	l := servertest.Start(t)
	person, key := addPerson(t, l, "person@example.com", lanyard.RoleMember)
	owner, browser := l.Browser(t), signIn(t, l, key)
	l.Must(t, 200, "PATCH /v1/users/"+person, object("name", "Renamed"))
	if !isSignedIn(t, l, browser) {
		t.Fatal("another name ended the session")
	}
	l.Must(t, 200, "PATCH /v1/users/"+person, object("role", "admin"))
	if isSignedIn(t, l, browser) || !isSignedIn(t, l, owner) {
		t.Error("another role ends the sessions of that person alone")
	}
	// The key's rights are those of the new role at once.
	if a := l.As(t, key, "GET /v1/audit", nil); a.Status != 200 {
		t.Errorf("with the new role: %d %s", a.Status, a.Body)
	}
	l.Must(t, 200, "PATCH /v1/users/"+person, object("role", "member"))
	if a := l.As(t, key, "GET /v1/audit", nil); a.Status != 403 {
		t.Errorf("with the old role: %d %s", a.Status, a.Body)
	}
}

// TestHandingOverAndRemoving: what passes to somebody else, what is revoked at the provider, and what is left.
func TestHandingOverAndRemoving(t *testing.T) {
	evil := providertest.Evil(t)
	l := servertest.Start(t, func(c *server.Config) { c.SweepEvery = 100 * time.Millisecond })
	leaver, leaversKey := addPerson(t, l, "leaver@example.com", lanyard.RoleMember)
	heir, heirsKey := addPerson(t, l, "heir@example.com", lanyard.RoleMember)
	if a := l.As(t, leaversKey, "POST /v1/services", evilOAuth2(t, evil, "acme")); a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	connect := func(key, name string) {
		t.Helper()
		browser := signIn(t, l, key)
		servertest.Get(t, browser, allow(t, l.Leave(t, browser, connectURL(t, l, key, name))))
		if got := standing(t, l, key, name); got != "connected" {
			t.Fatalf("%s is %s", name, got)
		}
	}
	newConnection(t, l, leaversKey, "tasks", "acme")
	newConnection(t, l, leaversKey, "drive", "acme", "use_login_user_credentials", true)
	connect(leaversKey, "tasks")
	connect(leaversKey, "drive")
	connect(l.Key, "drive")
	told := func() int {
		tokens := map[string]bool{}
		for _, r := range evil.Revoke.Requests() {
			if r.Status == 200 {
				tokens[r.Form.Get("token")] = true
			}
		}
		return len(tokens)
	}

	a := l.API(t, "DELETE /v1/users/"+leaver, nil)
	if a.Status != 409 || !strings.Contains(string(a.Body), "2 connections and 1 custom service") {
		t.Fatalf("without saying what becomes of it: %d %s", a.Status, a.Body)
	}
	for to, pointer := range map[string]string{"nobody": "/to", leaver: "/to", "": "/to"} {
		if a := l.API(t, "POST /v1/users/"+leaver+"/hand_over", object("to", to)); a.Status != 400 || !strings.Contains(string(a.Body), `"pointer":"`+pointer+`"`) {
			t.Errorf("to %q: %d %s", to, a.Status, a.Body)
		}
	}
	handed := l.Must(t, 200, "POST /v1/users/"+leaver+"/hand_over", object("to", heir))
	if handed.Field(t, "connections") != 2.0 || handed.Field(t, "services") != 1.0 || handed.Field(t, "revoked_authorizations") != 1.0 {
		t.Errorf("handed over: %s", handed.Body)
	}
	if got := standing(t, l, heirsKey, "tasks"); got != "not_connected" {
		t.Errorf("the new owner finds it %s", got)
	}
	if got := standing(t, l, leaversKey, "drive"); got != "connected" {
		t.Errorf("the former owner's own account is %s", got)
	}
	if a := l.As(t, leaversKey, "GET /v1/connections/tasks", nil); a.Status != 404 {
		t.Errorf("the former owner sees it: %d", a.Status)
	}
	if a := l.API(t, "POST /v1/invoke", object("connection", "tasks", "url", evil.Bearer.URL)); a.Status != 409 || a.Code() != "not_connected" {
		t.Errorf("until it is connected: %d %s", a.Status, a.Body)
	}
	connect(heirsKey, "tasks")
	if a := l.API(t, "POST /v1/invoke", object("connection", "tasks", "url", evil.Bearer.URL)); a.Status != 200 {
		t.Errorf("connected by the new owner: %d %s", a.Status, a.Body)
	}
	if a := l.As(t, heirsKey, "PATCH /v1/services/acme?keep_connections=true", object("description", "ours now")); a.Status != 200 {
		t.Errorf("the new author edits the service: %d %s", a.Status, a.Body)
	}

	l.Must(t, 204, "DELETE /v1/users/"+leaver, nil)
	if a := l.As(t, leaversKey, "GET /v1/me", nil); a.Status != 401 {
		t.Errorf("a key of somebody who was removed: %d", a.Status)
	}
	await(t, "the provider was told of both accounts of the leaver", func() bool { return told() == 2 })

	l.Must(t, 204, "DELETE /v1/users/"+heir+"?delete_connections=true", nil)
	await(t, "the provider was told of the account for all, and of the owner's", func() bool { return told() == 4 })
	if names := tenancyItems(t, l, l.Key, "/v1/connections?view=shared"); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
	if a := l.API(t, "GET /v1/services/acme", nil); a.Status != 404 {
		t.Errorf("the service: %d", a.Status)
	}
	// What they did stays on record.
	entries := tenancyItems(t, l, l.Key, "/v1/audit?action=user.remove")
	if len(entries) != 2 || !slices.ContainsFunc(entries, func(e map[string]any) bool { return e["object_name"] == "heir@example.com" }) {
		t.Errorf("the audit log: %v", entries)
	}
}

// The same address in two organizations is two people: an admin of one gets nothing of the other by adding, changing or
// removing somebody with it.
func TestOneAddressInTwoOrganizations(t *testing.T) {
	l := tenancyPrepare(t)
	other := l.Organization(t, "zweite")
	theirs, theirKey := other.Member(t, "both@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	ours := l.Must(t, 201, "POST /v1/users", object("name", "Both", "email", "Both@Example.com", "role", "owner")).Field(t, "id").(string)
	if ours == string(theirs) {
		t.Fatal("one user in two organizations")
	}
	l.Must(t, 200, "PATCH /v1/users/"+ours, object("disabled", true))
	l.Must(t, 204, "DELETE /v1/users/"+ours, nil)
	a := l.As(t, theirKey, "GET /v1/me", nil)
	if a.Status != 200 || a.Field(t, "user.role") != "member" || a.Field(t, "organization.id") != string(other.OrganizationID) {
		t.Errorf("the other one: %d %s", a.Status, a.Body)
	}
}
