package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/store"
	"lanyard/internal/storetest"
)

func TestCreateConnection(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		made := w.connection("acme_connection", s, ofEachUser)
		if made.ID == "" || made.Version != 1 || !made.CreatedAt.Equal(start) || !made.UpdatedAt.Equal(start) {
			t.Errorf("the connection is %+v", made)
		}
		got, err := w.Connection(t.Context(), w.org, "acme_connection")
		check(t, err)
		if diff := cmp.Diff(made, got); diff != "" {
			t.Errorf("by link name (-want +got):\n%s", diff)
		}
		got, err = w.ConnectionByID(t.Context(), w.org, made.ID)
		check(t, err)
		if diff := cmp.Diff(made, got); diff != "" {
			t.Errorf("by id (-want +got):\n%s", diff)
		}
		again := &lanyard.Connection{OrganizationID: w.org, LinkName: "acme_connection", Owner: w.member.ID}
		wantField(t, w.CreateConnection(t.Context(), again, entry(lanyard.ActionConnectionCreate)), lanyard.CodeConflict, "/link_name")
		if again.ID != "" || again.Version != 0 {
			t.Errorf("a refused connection was changed: %+v", again)
		}
		again.LinkName, again.Owner = "orphan", "usr_nobody"
		wantCode(t, w.CreateConnection(t.Context(), again, entry(lanyard.ActionConnectionCreate)), lanyard.CodeNotFound)
		_, err = w.Connection(t.Context(), w.org, "orphan")
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.ConnectionByID(t.Context(), w.org, "con_absent")
		wantCode(t, err, lanyard.CodeNotFound)
		if n := w.audited(lanyard.ActionConnectionCreate); n != 1 {
			t.Errorf("%d connections are in the audit log, want 1", n)
		}
	})
}

func TestConnections(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		of := func(owner lanyard.UserID, origin lanyard.Origin) func(*lanyard.Connection) {
			return func(c *lanyard.Connection) { c.Owner, c.Origin = owner, origin }
		}
		mine := w.connection("mine_b", s)
		w.connection("mine_a", s, ofEachUser)
		w.connection("mine_c", s)
		w.connection("theirs_off", s, of(w.member.ID, lanyard.OriginUser))
		theirs := w.connection("theirs_on", s, of(w.member.ID, lanyard.OriginUser), ofEachUser)
		asked := w.connection("theirs_asked", s, of(w.member.ID, lanyard.OriginUser), ofEachUser)
		switched := w.connection("theirs_switched", s, of(w.member.ID, lanyard.OriginUser), ofEachUser)
		w.connection("theirs_unknown", s, of(w.member.ID, lanyard.OriginUser), ofEachUser)
		w.connection("internal_mine", s, of(w.owner.ID, lanyard.OriginInternal))
		w.connection("internal_theirs", s, of(w.member.ID, lanyard.OriginInternal))
		w.connection("extension", s, of(w.member.ID, lanyard.OriginExtension), ofEachUser)
		w.connection("extension_theirs", s, of(w.member.ID, lanyard.OriginExtension))
		a := w.connect(mine, s, w.owner.ID)
		w.connect(mine, s, w.member.ID) // of somebody else: not to be seen
		w.connect(theirs, s, w.owner.ID)
		w.connect(switched, s, w.owner.ID)
		switched.UseLoginUserCredentials = false
		_, err := w.UpdateConnection(t.Context(), switched.Version, switched, false, "", entry(lanyard.ActionConnectionEdit))
		check(t, err)
		check(t, w.AddAuthorization(t.Context(), w.org, asked.ID, w.owner.ID))

		list := func(view store.View, names ...lanyard.LinkName) (found []store.ConnectionView) {
			t.Helper()
			return collect(t, func(p store.Page) ([]store.ConnectionView, string, error) {
				return w.Connections(t.Context(), w.org, store.ConnectionFilter{View: view, User: w.owner.ID, LinkNames: names}, p)
			}, 2)
		}
		for _, test := range []struct {
			view  store.View
			names []lanyard.LinkName
			want  string
		}{
			{store.ViewMy, nil, "mine_a mine_b:connected mine_c"},
			{store.ViewShared, nil, "theirs_asked:not_connected theirs_on:connected"},
			{store.ViewInternal, nil, "internal_mine"},
			{store.ViewExtensions, nil, "extension"},
			{store.ViewMy, []lanyard.LinkName{"mine_b", "mine_c", "theirs_on", "absent"}, "mine_b:connected mine_c"},
			{store.ViewShared, []lanyard.LinkName{"theirs_on", "mine_b"}, "theirs_on:connected"},
			{store.ViewInternal, []lanyard.LinkName{"absent"}, ""},
		} {
			var got []string
			for _, v := range list(test.view, test.names...) {
				name := string(v.LinkName)
				if v.Authorization != nil {
					name += ":" + string(v.Authorization.Status)
				}
				got = append(got, name)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%s %v: got %v, want %s", test.view, test.names, got, test.want)
			}
		}
		for _, v := range list(store.ViewMy) {
			if v.LinkName != "mine_b" {
				continue
			}
			if diff := cmp.Diff(mine, &v.Connection); diff != "" {
				t.Errorf("the connection (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(a, v.Authorization); diff != "" {
				t.Errorf("its authorization (-want +got):\n%s", diff)
			}
		}
		_, _, err = w.Connections(t.Context(), w.org, store.ConnectionFilter{View: "other"}, store.Page{})
		wantField(t, err, lanyard.CodeInvalidRequest, "view")
	})
}

// TestJ06_ViewsWalkTheirIndex reads how each list would be found: along an index, and without sorting.
func TestJ06_ViewsWalkTheirIndex(t *testing.T) {
	storetest.SQLite(t, func(t *testing.T, open storetest.Opener) {
		w := newWorld(t, open)
		db := raw(t, w.config)
		for query, index := range map[string]string{
			`SELECT c.id FROM connections c LEFT JOIN authorizations a ON a.organization_id = c.organization_id AND a.connection_id = c.id AND a.user_id = $2
				WHERE c.organization_id = $1 AND c.owner_id = $2 AND c.origin = 'user' AND c.link_name > $3 ORDER BY c.link_name LIMIT $4`: "connections_by_owner",
			`SELECT c.id FROM connections c WHERE c.organization_id = $1 AND c.origin = 'extension' AND c.link_name > $2 ORDER BY c.link_name LIMIT $3`: "connections_by_origin",
			`SELECT c.id FROM authorizations a CROSS JOIN connections c WHERE a.organization_id = $1 AND a.user_id = $2 AND c.organization_id = a.organization_id
				AND c.id = a.connection_id AND c.owner_id = $2 AND c.origin = 'user' AND a.status = $3 AND a.link_name > $4 ORDER BY a.link_name`: "authorizations_by_status",
			`SELECT count(*) FROM (SELECT 1 FROM connections c LEFT JOIN authorizations a ON a.organization_id = c.organization_id AND a.connection_id = c.id AND a.user_id = $2
				WHERE c.organization_id = $1 AND c.owner_id = $2 AND c.origin = 'user' LIMIT $3) AS counted`: "connections_by_owner",
			`SELECT c.id FROM authorizations a CROSS JOIN connections c WHERE a.organization_id = $1 AND a.user_id = $2 AND a.shared_link_name IS NOT NULL
				AND c.organization_id = a.organization_id AND c.id = a.connection_id AND c.use_login_user ORDER BY a.shared_link_name LIMIT $3`: "authorizations_shared",
			`SELECT id FROM invocations WHERE organization_id = $1 AND connection = $2 AND id < $3 ORDER BY id DESC LIMIT $4`: "invocations_by_connection",
			`SELECT id FROM invocations WHERE organization_id = $1 AND user_id = $2 ORDER BY id DESC LIMIT $3`:                "invocations_by_user",
			`SELECT b.id FROM authorizations a JOIN authorizations b ON b.organization_id = a.organization_id AND b.refresh_fingerprint = a.refresh_fingerprint
				AND b.id <> a.id WHERE a.organization_id = $1 AND a.id = $2 AND a.refresh_fingerprint <> '' AND b.refresh_fingerprint <> ''`: "authorizations_same_token",
			`SELECT id FROM audit WHERE organization_id = $1 AND object = $2 ORDER BY id DESC LIMIT $3`: "audit_by_object",
			`SELECT id FROM audit WHERE organization_id = $1 AND action = $2 ORDER BY id DESC LIMIT $3`: "audit_by_action",
			`SELECT id FROM authorizations WHERE status = 'connected' AND refresh_due_at > 0 AND refresh_due_at <= $1
				AND retry_at <= $1 AND lease_until <= $1 ORDER BY refresh_due_at LIMIT $2`: "authorizations_due",
		} {
			args := make([]any, 4)
			for i := range args {
				args[i] = 1
			}
			plan := fmt.Sprint(dump(t, db, "EXPLAIN QUERY PLAN "+query, args...))
			if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN") && !strings.Contains(plan, "USING INDEX") {
				t.Errorf("%s\nis found by %s, want the index %s", query, plan, index)
			}
		}
	})
}

func TestUpdateConnection(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s)
		w.connect(c, s, w.owner.ID)
		w.now.add(time.Minute)
		edited := *c
		edited.Name, edited.Scopes, edited.UseLoginUserCredentials, edited.UsableBy = "New", nil, true, lanyard.UsableByOwner
		edited.Owner, edited.Origin, edited.ServiceID = w.member.ID, lanyard.OriginInternal, "svc_other" // these do not change
		revoked, err := w.UpdateConnection(t.Context(), 1, &edited, false, "", entry(lanyard.ActionConnectionEdit))
		check(t, err)
		if len(revoked) != 0 || w.token(c, w.owner.ID) == "" {
			t.Errorf("%d authorizations ended", len(revoked))
		}
		want := *c
		want.Name, want.Scopes, want.UseLoginUserCredentials, want.UsableBy = "New", []string{}, true, lanyard.UsableByOwner
		want.Version, want.UpdatedAt = 2, w.Now()
		got, err := w.Connection(t.Context(), w.org, "acme_connection")
		check(t, err)
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("the connection (-want +got):\n%s", diff)
		}
		_, err = w.UpdateConnection(t.Context(), 1, c, true, "", entry(lanyard.ActionConnectionEdit))
		wantCode(t, err, lanyard.CodeConflict)

		w.consent(s, c, "open")
		revoked, err = w.UpdateConnection(t.Context(), 2, got, true, "New scopes.", entry(lanyard.ActionConnectionEdit))
		check(t, err)
		if len(revoked) != 1 || revoked[0].Credential.AccessToken.Reveal() != "access acme_connection of "+string(w.owner.ID) {
			t.Errorf("the authorizations that ended are %+v", revoked)
		}
		if a := w.authorization(c, w.owner.ID); a.Status != lanyard.StatusReconnectRequired || a.StatusReason != "New scopes." {
			t.Errorf("the authorization is %+v", a)
		}
		_, err = w.ConsentRequest(t.Context(), w.org, hash("open"))
		wantCode(t, err, lanyard.CodeNotFound)
		got.ID = "con_absent"
		_, err = w.UpdateConnection(t.Context(), 3, got, true, "", entry(lanyard.ActionConnectionEdit))
		wantCode(t, err, lanyard.CodeNotFound)
		if n := w.audited(lanyard.ActionConnectionEdit); n != 2 {
			t.Errorf("%d edits are in the audit log, want 2", n)
		}
	})
}

func TestDeleteConnection(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		c := w.connection("acme_connection", s, ofEachUser)
		w.connect(c, s, w.owner.ID)
		w.connect(c, s, w.member.ID)
		w.consent(s, c, "state")
		check(t, w.CreateConnectLink(t.Context(), store.ConnectLink{Organization: w.org, Connection: c.ID, User: w.owner.ID, ExpiresAt: start.Add(time.Hour)}, hash("link")))
		revoked, err := w.DeleteConnection(t.Context(), w.org, c.ID, entry(lanyard.ActionConnectionDelete))
		check(t, err)
		if len(tokens(revoked)) != 2 || revoked[0].Authorization.Status != lanyard.StatusRevoked {
			t.Errorf("the authorizations that ended are %+v", revoked)
		}
		_, err = w.ConnectionByID(t.Context(), w.org, c.ID)
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.Authorization(t.Context(), w.org, c.ID, w.owner.ID)
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.ConsentRequest(t.Context(), w.org, hash("state"))
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.ConnectLink(t.Context(), hash("link"))
		wantCode(t, err, lanyard.CodeNotFound)
		_, err = w.DeleteConnection(t.Context(), w.org, c.ID, entry(lanyard.ActionConnectionDelete))
		wantCode(t, err, lanyard.CodeNotFound)
		if n := w.audited(lanyard.ActionConnectionDelete); n != 1 {
			t.Errorf("%d deletions are in the audit log, want 1", n)
		}
	})
}

func TestPagesStayRightWhileRowsComeAndGo(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		name := func(i int) lanyard.LinkName { return lanyard.LinkName(fmt.Sprintf("c%03d", i)) }
		for i := 0; i < 40; i += 2 {
			w.connection(name(i), s)
		}
		var seen []lanyard.LinkName
		page := store.Page{Limit: 7}
		filter := store.ConnectionFilter{View: store.ViewMy, User: w.owner.ID}
		for round := 0; ; round++ {
			views, next, err := w.Connections(t.Context(), w.org, filter, page)
			check(t, err)
			for _, v := range views {
				seen = append(seen, v.LinkName)
			}
			// Before, at and behind the place where the next page begins.
			last := views[len(views)-1].LinkName
			w.connection(name(1+round*20), s)
			w.connection(last+"_next", s)
			gone, err := w.Connection(t.Context(), w.org, last)
			check(t, err)
			_, err = w.DeleteConnection(t.Context(), w.org, gone.ID, entry("x"))
			check(t, err)
			if page.Cursor = next; next == "" {
				break
			}
		}
		if !slices.IsSorted(seen) || len(slices.Compact(slices.Clone(seen))) != len(seen) {
			t.Errorf("something was seen twice or out of order: %v", seen)
		}
		for i := 0; i < 40; i += 2 {
			if !slices.Contains(seen, name(i)) {
				t.Errorf("%s was there all the time and not seen", name(i))
			}
		}
	})
}

func TestPagesAndCursorsAreChecked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := w.service("acme")
		for i := range 60 {
			w.connection(lanyard.LinkName(fmt.Sprintf("c%03d", i)), s)
		}
		list := func(p store.Page) ([]store.ConnectionView, string, error) {
			return w.Connections(t.Context(), w.org, store.ConnectionFilter{View: store.ViewMy, User: w.owner.ID}, p)
		}
		first, cursor, err := list(store.Page{})
		if err != nil || len(first) != 50 || cursor == "" {
			t.Fatalf("the first page has %d connections and the cursor %q, %v; want 50", len(first), cursor, err)
		}
		rest, next, err := list(store.Page{Cursor: cursor, Limit: 10})
		if err != nil || len(rest) != 10 || next != "" {
			t.Errorf("the last page has %d connections and the cursor %q, %v; want 10 and none", len(rest), next, err)
		}
		for _, limit := range []int{-1, 201, 1 << 40} {
			_, _, err := list(store.Page{Limit: limit})
			wantField(t, err, lanyard.CodeInvalidRequest, "limit")
		}
		for _, bad := range []string{"x", cursor + "A", cursor[1:], "!!!", cursor[:len(cursor)-1], strings.ToUpper(cursor), "\x00", strings.Repeat("A", 1<<20)} {
			_, _, err := list(store.Page{Cursor: bad})
			wantField(t, err, lanyard.CodeInvalidRequest, "cursor")
		}
		// H02: it is a place in no other list.
		_, _, err = w.Connections(t.Context(), w.org, store.ConnectionFilter{View: store.ViewShared, User: w.owner.ID}, store.Page{Cursor: cursor})
		wantField(t, err, lanyard.CodeInvalidRequest, "cursor")
		_, _, err = w.Services(t.Context(), w.org, "", store.Page{Cursor: cursor})
		wantField(t, err, lanyard.CodeInvalidRequest, "cursor")
		_, _, err = w.Audit(t.Context(), w.org, store.AuditFilter{}, store.Page{Cursor: cursor})
		wantField(t, err, lanyard.CodeInvalidRequest, "cursor")
		_, _, err = w.Invocations(t.Context(), w.org, store.InvocationFilter{}, store.Page{Cursor: cursor})
		wantField(t, err, lanyard.CodeInvalidRequest, "cursor")
		_, _, err = w.APIKeys(t.Context(), w.org, "", store.Page{Cursor: cursor})
		wantField(t, err, lanyard.CodeInvalidRequest, "cursor")
		org, _, _ := w.account("other")
		_, _, err = w.Connections(t.Context(), org, store.ConnectionFilter{View: store.ViewMy, User: w.owner.ID}, store.Page{Cursor: cursor})
		wantField(t, err, lanyard.CodeInvalidRequest, "cursor")
	})
}
