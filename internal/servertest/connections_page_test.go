package servertest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/servertest"
	"lanyard/internal/store"
)

// pageOf signs somebody in by a key of theirs.
func pageOf(t *testing.T, l *servertest.Lanyard, key string) *http.Client {
	t.Helper()
	return servertest.SignIn(t, l.As(t, key, "POST /v1/sign_in_links", nil).Field(t, "url").(string))
}

// TestH08_PagesOfConnectionsKeepTheRights: who made a connection edits, revokes and deletes it; others revoke what they
// shared, and nobody else learns that there is one.
func TestH08_PagesOfConnectionsKeepTheRights(t *testing.T) {
	l := tenancyPrepare(t)
	_, member := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	other := l.Organization(t, "other")
	l.Serve(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "acme"), nil)
	l.Must(t, 200, "POST /v1/connections/acme/connect", tenancyKey("of-the-owner"))
	l.Must(t, 201, "POST /v1/connections", object("name", "Shared", "link_name", "shared_one", "service", "acme", "use_login_user_credentials", true))
	if a := l.As(t, member, "POST /v1/connections/shared_one/connect", tenancyKey("of-a-member")); a.Status != 200 {
		t.Fatalf("connect: %d %s", a.Status, a.Body)
	}
	owners, members, foreign := l.Browser(t), pageOf(t, l, member), pageOf(t, l, other.Key)
	for _, c := range []struct {
		who     *http.Client
		name    string
		at      string
		edits   int // status of the pages that edit and delete
		revokes int
	}{
		{owners, "the owner", "acme", 200, 200},
		{members, "a member", "acme", 404, 404},
		{foreign, "another organization", "acme", 404, 404},
		{foreign, "another organization", "shared_one", 404, 404},
		{members, "a member", "shared_one", 403, 200},
	} {
		for below, want := range map[string]int{"edit": c.edits, "delete": c.edits, "revoke": c.revokes} {
			page := servertest.Get(t, c.who, l.URL+"/connections/"+c.at+"/"+below)
			if page.Status != want {
				t.Errorf("%s looks at %s of %s: got %d, want %d", c.name, below, c.at, page.Status, want)
			}
			if want == 200 {
				continue
			}
			if page = servertest.Post(t, c.who, l.URL+"/connections/"+c.at+"/"+below, url.Values{"name": {"Theirs"}}); page.Status != want {
				t.Errorf("%s posts %s of %s: got %d, want %d", c.name, below, c.at, page.Status, want)
			}
		}
	}
	list := servertest.Get(t, foreign, l.URL+"/connections?q=acme")
	if strings.Contains(string(list.Body), "acme_") || strings.Contains(string(list.Body), `href="/connections/acme`) {
		t.Errorf("another organization finds it: %s", list.Body)
	}
	if got := l.Must(t, 200, "GET /v1/connections/acme", nil); got.Field(t, "name") != "acme" || got.Field(t, "status") != "connected" {
		t.Errorf("it was changed: %s", got.Body)
	}
	if page := servertest.Get(t, members, l.URL+"/connections/shared"); !strings.Contains(string(page.Body), "shared_one/revoke") || strings.Contains(string(page.Body), "shared_one/edit") {
		t.Errorf("the member's shared list: %s", page.Body)
	}
	if page := servertest.Post(t, members, l.URL+"/connections/shared_one/revoke", nil); page.Status != 303 {
		t.Errorf("the member revokes: %d %s", page.Status, page.Body)
	}
	if got := l.As(t, member, "GET /v1/connections/shared_one", nil); got.Field(t, "status") != "revoked" {
		t.Errorf("revoked: %s", got.Body)
	}
}

// TestKeepingAConnectionForOneselfLetsOthersGo: nobody keeps a credential here that its person could not take back.
func TestKeepingAConnectionForOneselfLetsOthersGo(t *testing.T) {
	l := tenancyPrepare(t)
	_, member := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	up := newTenancyUpstream(t)
	l.Connect(t, tenancyService(t, up, "acme"), nil)
	l.Must(t, 200, "PATCH /v1/connections/acme", object("use_login_user_credentials", true))
	l.As(t, member, "POST /v1/connections/acme/connect", tenancyKey("of-a-member"))
	browser := l.Browser(t)
	form := url.Values{"name": {"acme"}, "login_user": {"on"}, "owner_only": {"on"}}
	asked := servertest.Post(t, browser, l.URL+"/connections/acme/edit", form)
	if asked.Status != 200 || !strings.Contains(string(asked.Body), "Nothing is saved yet") || !strings.Contains(string(asked.Body), "member@example.com") {
		t.Fatalf("got %d %s", asked.Status, asked.Body)
	}
	_, rest, _ := strings.Cut(string(asked.Body), `name="ends" value="`)
	ends, _, _ := strings.Cut(rest, `"`)
	form.Set("ends", strings.ReplaceAll(ends, "&#39;", "'"))
	if saved := servertest.Post(t, browser, l.URL+"/connections/acme/edit", form); saved.Status != 303 {
		t.Fatalf("got %d %s", saved.Status, saved.Body)
	}
	l.InStore(t, func(s *store.Store) {
		con, err := s.Connection(t.Context(), l.OrganizationID, "acme")
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Authorizations(t.Context(), l.OrganizationID, con.ID)
		if err != nil || len(all) != 1 || all[0].Status != lanyard.StatusReconnectRequired {
			t.Errorf("the member's authorization is %+v, %v", all, err)
		}
	})
	if shared := tenancyItems(t, l, member, "/v1/connections?view=shared"); len(shared) != 0 {
		t.Errorf("it is still shared: %v", shared)
	}
}

// TestLastUseOfAConnection is written when the service answered, and not by the call itself.
func TestLastUseOfAConnection(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	began := time.Now().Add(-time.Second)
	for _, name := range []string{"used", "unused"} {
		l.Connect(t, tenancyService(t, up, name), tenancyKey("key"))
	}
	l.Must(t, 200, "GET /v1/proxy/used/x", nil)
	if a := l.API(t, "POST /v1/invoke", object("connection", "unused", "url", "https://elsewhere.example/")); a.Code() != "host_not_allowed" {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
	l.Stop(t) // writes what is not written yet
	l.Serve(t)
	text, _ := l.Must(t, 200, "GET /v1/connections/used", nil).Field(t, "last_used_at").(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Before(began) || at.After(time.Now().Add(time.Second)) {
		t.Errorf("it was last used at %q (%v), want about now", text, err)
	}
	if got := l.Must(t, 200, "GET /v1/connections/unused", nil).Field(t, "last_used_at"); got != nil {
		t.Errorf("what no service answered was last used at %v", got)
	}
}

// TestConnectionsAreNarrowedDownThroughTheAPI by status and text, on every page.
func TestConnectionsAreNarrowedDownThroughTheAPI(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	for i, name := range []string{"alpha", "beta", "gamma"} {
		var given any
		if i == 1 {
			given = tenancyKey("key")
		}
		l.Connect(t, tenancyService(t, up, name), given)
	}
	l.Must(t, 200, "PATCH /v1/connections/gamma", object("name", "Ärger"))
	for query, want := range map[string]string{
		"": "alpha beta gamma", "status=connected": "beta", "status=not_connected": "alpha gamma", "q=%C3%A4RG": "gamma", "q=a&status=revoked": "", "q=BET": "beta",
	} {
		var got []string
		for _, c := range tenancyItems(t, l, l.Key, "/v1/connections?limit=1&"+query) {
			got = append(got, c["link_name"].(string))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %v, want %s", query, got, want)
		}
	}
	rulesRefused(t, l.API(t, "GET /v1/connections?status=broken", nil), 400, lanyard.CodeInvalidRequest, "status")
}

// TestFreeLinkNames: each new connection of the same name gets a link name of its own.
func TestFreeLinkNames(t *testing.T) {
	l := servertest.Start(t)
	up := newTenancyUpstream(t)
	l.Must(t, 201, "POST /v1/services", tenancyService(t, up, "acme"))
	browser := l.Browser(t)
	for i := range 11 {
		a := servertest.Post(t, browser, l.URL+"/connections", url.Values{"service": {"acme"}, "name": {"Größe 1"}, "then": {"create"}})
		want := "/connections/grosse_1"
		if i > 0 {
			want = fmt.Sprintf("%s_%d", want, i+1)
		}
		if at := a.Header.Get("Location"); a.Status != 303 || at != want && (i < 9 || !strings.HasPrefix(at, "/connections/grosse_1_")) {
			t.Errorf("%d: got %d to %s, want %s: %s", i, a.Status, at, want, a.Body)
		}
	}
	if a := servertest.Post(t, browser, l.URL+"/connections", url.Values{"service": {"acme"}, "name": {"报告"}, "then": {"create"}}); a.Header.Get("Location") != "/connections/acme" {
		t.Errorf("a name without a letter for it: got %d to %s", a.Status, a.Header.Get("Location"))
	}
	// A connection may be called as a page of ours is, and has a page of its own all the same.
	if a := servertest.Post(t, browser, l.URL+"/connections", url.Values{"service": {"acme"}, "name": {"New"}, "then": {"create"}}); a.Header.Get("Location") != "/connections/new/" {
		t.Errorf("a name that a page has: got %d to %s", a.Status, a.Header.Get("Location"))
	}
	if a := servertest.Get(t, browser, l.URL+"/connections/new/"); a.Status != 200 || !strings.Contains(string(a.Body), `<code id="link-name">new</code>`) {
		t.Errorf("the page of the connection called new: got %d %s", a.Status, a.Body)
	}
}

// TestTheFourLists: what is edited, revoked and deleted in each list, through the API and on the page, by the person in
// whose list it stands.
func TestTheFourLists(t *testing.T) {
	l := tenancyPrepare(t)
	memberID, member := l.Member(t, "member@example.com", lanyard.RoleMember, lanyard.KeyRights{Manage: true})
	l.Serve(t)
	up := newTenancyUpstream(t)
	l.Must(t, 201, "POST /v1/services", tenancyService(t, up, "acme"))
	service := l.Must(t, 200, "GET /v1/services/acme", nil)
	l.Stop(t)
	l.InStore(t, func(s *store.Store) {
		made, err := s.Service(t.Context(), l.OrganizationID, "acme")
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[lanyard.LinkName]lanyard.Connection{
			"mine":         {Owner: memberID, Origin: lanyard.OriginUser},
			"theirs":       {Owner: l.UserID, Origin: lanyard.OriginUser, UseLoginUserCredentials: true},
			"by_lanyard":   {Owner: memberID, Origin: lanyard.OriginInternal},
			"by_extension": {Owner: l.UserID, Origin: lanyard.OriginExtension, UseLoginUserCredentials: true},
			"of_the_owner": {Owner: l.UserID, Origin: lanyard.OriginUser},
			"for_another":  {Owner: l.UserID, Origin: lanyard.OriginInternal},
		} {
			c.OrganizationID, c.LinkName, c.Name, c.ServiceID, c.Service, c.UsableBy = l.OrganizationID, name, string(name), made.ID, made.LinkName, lanyard.UsableByOrganization
			if err := s.CreateConnection(t.Context(), &c, lanyard.AuditEntry{OrganizationID: l.OrganizationID, Action: lanyard.ActionConnectionCreate}); err != nil {
				t.Fatal(err)
			}
		}
	})
	l.Serve(t)
	for _, name := range []string{"mine", "theirs", "by_lanyard", "by_extension"} {
		if a := l.As(t, member, "POST /v1/connections/"+name+"/connect", tenancyKey("k")); a.Status != 200 {
			t.Fatalf("connect %s: %d %s (%s)", name, a.Status, a.Body, service.Body)
		}
	}
	browser := pageOf(t, l, member)
	for _, list := range []struct {
		view, page, name string
		may              bool // edit and delete; revoking is everybody's in whose list it is
	}{
		{"my", "/connections", "mine", true},
		{"shared", "/connections/shared", "theirs", false},
		{"internal", "/connections/internal", "by_lanyard", false},
		{"extensions", "/connections?list=extensions", "by_extension", false},
	} {
		items := tenancyItems(t, l, member, "/v1/connections?view="+list.view)
		if len(items) != 1 || items[0]["link_name"] != list.name {
			t.Errorf("the list %s has %v", list.view, items)
		}
		body := string(servertest.Get(t, browser, l.URL+list.page).Body)
		for action, want := range map[string]bool{"edit": list.may, "revoke": true, "delete": list.may} {
			if got := strings.Contains(body, "/connections/"+list.name+"/"+action+`"`); got != want {
				t.Errorf("the page of the list %s offers to %s: %v, want %v", list.view, action, got, want)
			}
		}
		for _, other := range []string{"mine", "theirs", "by_lanyard", "by_extension", "of_the_owner", "for_another"} {
			if other != list.name && strings.Contains(body, `"/connections/`+other+`"`) {
				t.Errorf("the page of the list %s shows %s", list.view, other)
			}
		}
		edited, deleted := 403, 403
		if list.may {
			edited, deleted = 200, 204
		}
		if a := l.As(t, member, "PATCH /v1/connections/"+list.name, object("name", "Renamed")); a.Status != edited {
			t.Errorf("edit of %s: %d %s", list.name, a.Status, a.Body)
		}
		if a := l.As(t, member, "POST /v1/connections/"+list.name+"/revoke", nil); a.Status != 200 {
			t.Errorf("revoke of %s: %d %s", list.name, a.Status, a.Body)
		}
		if a := l.As(t, member, "DELETE /v1/connections/"+list.name, nil); a.Status != deleted {
			t.Errorf("delete of %s: %d %s", list.name, a.Status, a.Body)
		}
	}
}
